//! `watchbell retro`: what new rules and indicators would have raised in the last days.

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use engine::content::{Content, ContentPaths};
use engine::retro::{Retro, RetroReport};
use model::{Level, Timestamp};

use crate::cli::RetroArgs;
use crate::exit::Exit;
use crate::{node, progress, ranking, scan, words};

pub(crate) fn run(arguments: &RetroArgs) -> Result<Exit> {
    let content = Content::read(&ContentPaths::from(&arguments.content), |_| {});
    if !arguments.quiet {
        scan::say_content(&content);
    }
    if content.rules.is_empty() && content.indicator_count == 0 {
        bail!("nothing to try: give --rules DIR or --indicators FILE");
    }
    let report = node::runtime()?.block_on(look(arguments, &content))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        for raised in &report.raised {
            let analytic = &raised.analytic;
            let line = serde_json::json!({
                "uid": analytic.uid, "title": analytic.title, "level": analytic.level, "count": raised.count,
                "suppressed": raised.suppressed, "subjects": raised.subjects, "first": raised.first.to_string(),
                "last": raised.last.to_string(), "because": ranking::because(&raised.example),
            });
            writeln!(out, "{line}")?;
        }
    } else {
        print(&report, arguments.rows, &mut out)?;
    }
    drop(out);
    if !arguments.quiet {
        say(&report, arguments.days);
    }
    let found_high = report.raised.iter().any(|raised| raised.analytic.level >= Level::High);
    Ok(if found_high { Exit::Failed } else { Exit::Ok })
}

async fn look(arguments: &RetroArgs, content: &Content) -> Result<RetroReport> {
    let config = arguments.data.config()?;
    let lake = node::lake_to_read(&config).await?;
    let ctx = node::context(arguments.agency.as_ref().unwrap_or(&config.agency), None)?;
    let since = ctx.now.minus(Duration::from_secs(u64::from(arguments.days) * 86_400));
    let mut records = lake.replay(&ctx, since..Timestamp::from_micros(i64::MAX)).await?;
    let bar = progress::records(lake.rows_of(&ctx.agency), arguments.quiet);
    bar.set_message("looking through what was kept");
    let mut retro = Retro::new(content);
    while let Some(batch) = records.next().await? {
        bar.inc(batch.len() as u64);
        // Copies of findings are what was said, not what happened.
        for record in batch.iter().filter(|record| record.source.as_str() != engine::ingest::FINDINGS) {
            retro.observe(&ctx.agency, record.id, record.received, &record.raw);
        }
    }
    bar.finish_and_clear();
    Ok(retro.report())
}

fn print(report: &RetroReport, rows_max: usize, out: &mut impl Write) -> std::io::Result<()> {
    if report.raised.is_empty() {
        return writeln!(out, "Nothing would have been raised.");
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        table.force_no_tty();
        table.set_width(160);
    }
    table.set_header(["level", "would raise", "what", "machines", "when (UTC)", "why (one of them)"]);
    for raised in report.raised.iter().take(rows_max) {
        let harmless = match raised.suppressed {
            0 => String::new(),
            suppressed => format!("\n{} known harmless", words::count(suppressed)),
        };
        table.add_row([
            raised.analytic.level.name().to_owned(),
            format!("{}{harmless}", words::count(raised.count)),
            raised.analytic.title.clone(),
            words::count(raised.subjects as u64),
            ranking::when(raised.first, raised.last),
            ranking::because(&raised.example),
        ]);
    }
    writeln!(out, "{table}")?;
    match report.raised.len().saturating_sub(rows_max) {
        0 => Ok(()),
        more => writeln!(out, "and {} more rows (--rows N shows more)", words::count(more as u64)),
    }
}

fn say(report: &RetroReport, days: u32) {
    let total: u64 = report.raised.iter().map(|raised| raised.count).sum::<u64>() + report.uncounted;
    eprintln!(
        "{} would have been raised by {}, in {} of the last {}",
        words::counted(total, "detection"),
        words::counted(report.raised.len() as u64, "analytic"),
        words::counted(report.records, "event"),
        words::counted(u64::from(days), "day"),
    );
    if report.unreadable > 0 {
        eprintln!("{} could not be read", words::counted(report.unreadable, "event"));
    }
}
