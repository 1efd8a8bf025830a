//! `watchbell intel report`: what people report, and what is taken over of it.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::office::{Choice, Proposal, Report, ReportId, ReportView, Reported};
use model::{Marking, limits};
use serde_json::{Value, json};

use super::{Opened, index, open, say, show};
use crate::cli::{ReportArgs, ReportCommand};
use crate::exit::Exit;
use crate::node;
use crate::words::counted;

pub(super) async fn run(arguments: &ReportArgs) -> Result<Exit> {
    match &arguments.command {
        ReportCommand::Add { whose, .. } => add(&open(whose).await?, &arguments.command).await,
        ReportCommand::List { whose, rows, json } => list(&open(whose).await?, *rows, *json).await,
        ReportCommand::Show { id, whose, json } => {
            let opened = open(whose).await?;
            let view = opened.office.report(&opened.ctx, report_id(id)?).await.context("cannot show the report")?;
            node::sign(&opened.config, &opened.state).await?;
            tell(&view, *json)
        }
        ReportCommand::Confirm { id, only, all, none, dry_run, whose, json } => {
            let choice = match (only.is_empty(), all, none) {
                (false, ..) => Choice::Only(only.iter().cloned().collect()),
                (_, true, _) => Choice::All,
                (_, _, true) => Choice::Nothing,
                _ => Choice::Plain,
            };
            confirm(&open(whose).await?, report_id(id)?, &choice, (*dry_run, *json)).await
        }
        ReportCommand::Attachment { id, number, to, whose } => {
            attachment(&open(whose).await?, report_id(id)?, *number, to).await
        }
    }
}

fn report_id(text: &str) -> Result<ReportId> {
    ReportId::parse(text).with_context(|| format!("{text:?} is no id of a report; hint: watchbell intel report list"))
}

/// A file's bytes, or those of stdin; one too many is read, so that the limit shows.
fn bytes_of(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?),
    };
    reader.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= bytes_max, "{} has more than {bytes_max} bytes", path.display());
    Ok(bytes)
}

async fn add(opened: &Opened, command: &ReportCommand) -> Result<Exit> {
    let ReportCommand::Add { file, grade, tlp, pap, title, source, attach, json, .. } = command else {
        anyhow::bail!("no report to add");
    };
    let body =
        String::from_utf8(bytes_of(file, limits::REPORT_BYTES_MAX)?).context("the report is no text in UTF-8")?;
    let mut attachments = Vec::new();
    for path in attach {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        attachments.push((name, bytes_of(path, limits::REPORT_ATTACHMENT_BYTES_MAX)?));
    }
    let reported = Reported {
        source: source.clone(),
        grade: *grade,
        marking: Marking { tlp: *tlp, pap: *pap },
        title: title.clone(),
        body,
        attachments,
    };
    let id = opened.office.add_report(&opened.ctx, reported).await.context("cannot keep the report")?;
    let view = opened.office.report(&opened.ctx, id).await?;
    node::sign(&opened.config, &opened.state).await?;
    let exit = tell(&view, *json)?;
    if !json {
        eprintln!(
            "nothing of it counts yet; take it over: watchbell intel report confirm {id} [--only VALUE] [--none]"
        );
    }
    Ok(exit)
}

fn listed(report: &Report) -> Value {
    json!({
        "id": report.id.to_string(), "title": report.title, "source": report.source, "grade": report.grade,
        "tlp": report.marking.tlp, "pap": report.marking.pap, "status": report.status.name(), "taken": report.taken,
        "created": report.created.to_string(), "created_by": report.created_by,
        "decided": report.decided.as_ref().map(|(_, at)| at.to_string()),
        "decided_by": report.decided.as_ref().map(|(by, _)| by),
    })
}

async fn list(opened: &Opened, rows_max: usize, is_json: bool) -> Result<Exit> {
    let reports = opened.office.reports(&opened.ctx, rows_max).await.context("cannot read reports")?;
    if is_json {
        reports.iter().try_for_each(|report| say(&listed(report)))?;
        return Ok(Exit::Ok);
    }
    let mut rows = show::table(&["report", "brought (UTC)", "source", "grade", "marking", "is", "title"]);
    for report in &reports {
        rows.add_row([
            report.id.to_string(),
            report.created.to_string().get(..16).unwrap_or_default().replace('T', " "),
            report.source.clone(),
            report.grade.to_string(),
            format!("TLP:{}", report.marking.tlp.name().to_uppercase()),
            report.status.name().to_owned(),
            report.title.clone(),
        ]);
    }
    match reports.is_empty() {
        true => eprintln!("no report yet; hint: watchbell intel report add FILE"),
        false => writeln!(std::io::stdout().lock(), "{rows}")?,
    }
    Ok(Exit::Ok)
}

fn proposed(one: &Proposal) -> Value {
    json!({
        "name": one.name, "kind": one.kind, "value": one.value, "doubts": one.doubts, "ours": one.ours,
        "times": one.times, "around": one.around,
    })
}

fn tell(view: &ReportView, is_json: bool) -> Result<Exit> {
    let ReportView { report, proposals, refused, left_out, attachments } = view;
    if is_json {
        let mut line = listed(report);
        line["body"] = json!(report.body);
        line["proposed"] = proposals.iter().map(proposed).collect();
        line["refused"] = refused.iter().map(|(text, why)| json!({ "text": text, "why": why })).collect();
        line["left_out"] = json!(left_out);
        let attached = attachments.iter();
        line["attachments"] = attached
            .map(|one| json!({ "number": one.number, "name": one.name, "size": one.size, "blake3": one.digest }))
            .collect();
        say(&line)?;
        return Ok(Exit::Ok);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "report {}: {}", report.id, report.title)?;
    writeln!(
        out,
        "{}, graded {}, TLP:{}, PAP:{}, {}",
        report.source,
        report.grade,
        report.marking.tlp.name().to_uppercase(),
        report.marking.pap.name().to_uppercase(),
        report.status.name()
    )?;
    for one in attachments {
        writeln!(out, "attachment {}: {} ({})", one.number, one.name, crate::words::bytes(one.size))?;
    }
    writeln!(out, "{} found:", counted(proposals.len() as u64, "thing"))?;
    for one in proposals {
        let doubts = one.ours.iter().map(|ours| format!("ours: {ours}")).chain(one.doubts.iter().cloned());
        let doubts: Vec<String> = doubts.collect();
        let mark = if one.is_plain() { "+" } else { "?" };
        writeln!(out, "  {mark} {:14} {}  {}", one.kind, one.defanged, doubts.join("; "))?;
    }
    for (text, why) in refused.iter().take(20) {
        writeln!(out, "  - {text}: {why}")?;
    }
    if *left_out > 0 {
        writeln!(out, "  and {left_out} beyond the limits, not looked at")?;
    }
    Ok(Exit::Ok)
}

async fn confirm(opened: &Opened, id: ReportId, choice: &Choice, (is_dry, is_json): (bool, bool)) -> Result<Exit> {
    if is_dry {
        let view = opened.office.report(&opened.ctx, id).await.context("cannot show the report")?;
        node::sign(&opened.config, &opened.state).await?;
        let taken = choice.of(&view.proposals).context("cannot take that over")?;
        taken.iter().try_for_each(|one| say(&proposed(one)))?;
        return Ok(Exit::Ok);
    }
    let brought =
        opened.office.decide_report(&opened.ctx, id, choice).await.context("cannot decide about the report")?;
    if !brought.is_nothing() {
        index::write(&opened.config, &opened.office, &opened.ctx).await?;
    }
    node::sign(&opened.config, &opened.state).await?;
    if is_json {
        say(&brought)?;
    } else {
        eprintln!(
            "taken over: {}, {}",
            counted(brought.claims.added + brought.claims.changed + brought.claims.unchanged, "indicator"),
            counted(brought.objects, "other object")
        );
    }
    Ok(Exit::Ok)
}

async fn attachment(opened: &Opened, id: ReportId, number: u64, to: &Path) -> Result<Exit> {
    use std::os::unix::fs::OpenOptionsExt;
    let (about, bytes) = opened.office.attachment(&opened.ctx, id, number).await.context("cannot read it")?;
    node::sign(&opened.config, &opened.state).await?;
    let write = || -> std::io::Result<()> {
        std::fs::File::options().write(true).create_new(true).mode(0o600).open(to)?.write_all(&bytes)
    };
    write().with_context(|| format!("cannot write {}", to.display()))?;
    eprintln!("{}: {}, BLAKE3 {}", to.display(), crate::words::bytes(about.size), about.digest);
    Ok(Exit::Ok)
}
