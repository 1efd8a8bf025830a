//! `watchbell audit`: the ledger of who did what.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use store::ledger::Verdict;
use store::state::{LedgerAsked, LedgerLine};

use crate::cli::{AuditArgs, AuditCommand, DataArgs};
use crate::exit::Exit;
use crate::{node, progress, times, words};

/// No checkpoint is longer.
const CHECKPOINT_BYTES_MAX: u64 = 16 * 1024;

pub(crate) fn run(arguments: &AuditArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            AuditCommand::Verify { data, checkpoint, json, quiet } => verify(data, checkpoint, *json, *quiet).await,
            AuditCommand::Checkpoint { data, key } => checkpoint(data, *key).await,
            AuditCommand::List { whose, actor, operation, object, since, rows, json } => {
                let (config, ctx) = whose.open()?;
                let mut asked = LedgerAsked {
                    actor: actor.clone(),
                    operation: operation.clone(),
                    object: object.clone(),
                    rows_max: *rows,
                    ..LedgerAsked::default()
                };
                if let Some(since) = since {
                    asked.since = times::parse(since, ctx.now)?;
                }
                let state = node::state(&config).await?;
                let mut out = std::io::stdout().lock();
                for line in state.ledger(&ctx, &asked).await? {
                    write_line(&mut out, &line, *json)?;
                }
                Ok(Exit::Ok)
            }
        }
    })
}

async fn verify(data: &DataArgs, kept: &[PathBuf], json: bool, quiet: bool) -> Result<Exit> {
    let config = data.config()?;
    let state = node::state(&config).await?;
    let ledger = node::ledger(&config)?;
    let read = |path: &PathBuf| Ok(ledger.kept(path, &read_note(path)?)?);
    let kept = kept.iter().map(read).collect::<Result<Vec<_>>>()?;
    let spinner = progress::spinner(quiet || json);
    let verdict = ledger.verify(&state, &kept, |entries| spinner.set_message(words::counted(entries, "entry"))).await?;
    spinner.finish_and_clear();
    let mut out = std::io::stdout().lock();
    if json {
        let line = serde_json::json!({
            "valid": verdict.fault.is_none(), "reason": verdict.fault.as_ref().map(ToString::to_string),
            "entries": verdict.entries, "signed": verdict.covered, "checkpoints": verdict.checkpoints,
            "root": verdict.root.to_string(),
        });
        writeln!(out, "{line}")?;
    } else {
        write_verdict(&mut out, &verdict)?;
    }
    Ok(if verdict.fault.is_none() { Exit::Ok } else { Exit::Failed })
}

fn write_verdict(out: &mut impl Write, verdict: &Verdict) -> std::io::Result<()> {
    let entries = words::counted(verdict.entries, "entry");
    let checkpoints = words::counted(verdict.checkpoints as u64, "checkpoint");
    match &verdict.fault {
        None => {
            writeln!(out, "good: {entries}, {} of them signed, {checkpoints}; root {}", verdict.covered, verdict.root)
        }
        Some(fault) => writeln!(out, "CHANGED: {fault}; {entries} and {checkpoints} were looked at"),
    }
}

fn read_note(path: &Path) -> Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    file.take(CHECKPOINT_BYTES_MAX)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

async fn checkpoint(data: &DataArgs, key: bool) -> Result<Exit> {
    let config = data.config()?;
    let ledger = node::ledger(&config)?;
    let mut out = std::io::stdout().lock();
    if key {
        writeln!(out, "{}", ledger.verifier())?;
        return Ok(Exit::Ok);
    }
    ledger.publish(&node::state(&config).await?).await?;
    let note = ledger.note()?.context("nothing was signed yet")?;
    write!(out, "{note}")?;
    Ok(Exit::Ok)
}

fn write_line(out: &mut impl Write, line: &LedgerLine, json: bool) -> std::io::Result<()> {
    let LedgerLine { entry, detail } = line;
    let detail = detail.as_ref().map(|detail| detail.text.as_str());
    if json {
        let line = serde_json::json!({
            "number": entry.number, "time": entry.at.to_string(), "agency": entry.agency, "actor": entry.actor,
            "operation": entry.operation, "object": entry.object, "outcome": entry.outcome, "detail": detail,
            "hash": entry.hash().to_string(),
        });
        return writeln!(out, "{line}");
    }
    let words = match (detail, entry.commitment) {
        (Some(words), _) => words,
        (None, Some(_)) => "(words erased)",
        (None, None) => "",
    };
    let outcome = entry.outcome.name();
    writeln!(
        out,
        "{:>6}  {}  {:14} {:18} {outcome:6} {}  {words}",
        entry.number, entry.at, entry.actor, entry.operation, entry.object
    )
}
