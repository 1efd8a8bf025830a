//! `watchbell findings`: what was found, worst first.

use std::io::Write;

use anyhow::{Context, Result};
use formats::finding;
use model::{Level, Timestamp};
use store::state::{FindingsAsked, Suppressed};

use crate::cli::FindingsArgs;
use crate::exit::Exit;
use crate::ranking::Ranking;
use crate::{node, ranking, times, words};

pub(crate) fn run(arguments: &FindingsArgs) -> Result<Exit> {
    node::runtime()?.block_on(show(arguments))
}

async fn show(arguments: &FindingsArgs) -> Result<Exit> {
    let config = arguments.data.config()?;
    let state = node::state(&config).await?;
    let ctx = node::context(arguments.agency.as_ref().unwrap_or(&config.agency), None)?;
    let since = match &arguments.since {
        Some(text) => times::parse(text, ctx.now)?,
        None => Timestamp::from_micros(i64::MIN),
    };
    let suppressed = if arguments.suppressed { Suppressed::Shown } else { Suppressed::Hidden };
    let asked = FindingsAsked { since, level_min: arguments.min_level, suppressed, ..FindingsAsked::default() };
    let findings = state.findings(&ctx, &asked).await.context("cannot read findings")?;
    let kept = state.findings_count(&ctx).await.context("cannot count findings")?;
    let found_high = findings.iter().any(|finding| finding.detection.level >= Level::High);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        for found in &findings {
            writeln!(out, "{}", finding::to_json(&found.detection, None, None))?;
        }
    } else {
        let mut ranking = Ranking::default();
        findings.iter().for_each(|finding| ranking.add_detection(&finding.detection, None));
        ranking::print(&ranking.rows(), arguments.rows, &mut out)?;
    }
    drop(out);
    let shown = findings.len() as u64;
    if shown < kept && !arguments.json {
        eprintln!("{} shown, {} kept in all", words::counted(shown, "finding"), words::count(kept));
    }
    Ok(if found_high { Exit::Failed } else { Exit::Ok })
}
