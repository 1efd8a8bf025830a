//! `watchbell intel blast`: what a block list would hit here.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use engine::intel::{Gatherer, IntelFormat, SourceDefaults, list_mapping};
use engine::seen::SeenFiles;
use model::limits;

use super::{Opened, load, say};
use crate::exit::Exit;
use crate::words::{count, counted};

pub(super) async fn run(opened: &Opened, (file, mapping): (&Path, &str), rows: usize, as_json: bool) -> Result<Exit> {
    let mapping = list_mapping(mapping).map_err(anyhow::Error::msg)?;
    let mut gatherer = Gatherer::new(SourceDefaults::default(), limits::BLAST_VALUES_MAX);
    let bytes = load::bytes(file).with_context(|| format!("cannot read {}", file.display()))?;
    IntelFormat::List.read(&bytes, &mapping, &mut gatherer);
    let gathered = gatherer.finish();
    if gathered.claims.is_empty() {
        let first = gathered.tally.notes.first().map_or(String::new(), |note| format!(": {note}"));
        anyhow::bail!("there is no indicator in {}{first}", file.display());
    }
    let values: Vec<_> = gathered.claims.into_iter().map(|claim| (claim.kind, claim.value)).collect();
    let files = SeenFiles::at(opened.config.seen_dir());
    let report = opened.office.try_list(&opened.ctx, &files, values).await?;
    if as_json {
        say(&serde_json::to_value(&report)?)?;
    } else {
        let mut out = std::io::stdout().lock();
        for (value, because) in report.held.iter().take(rows) {
            let because: Vec<String> = because.iter().map(ToString::to_string).collect();
            writeln!(out, "{value}: {}", because.join("; "))?;
        }
        drop(out);
        if let Some(more) = report.held.len().checked_sub(rows).filter(|more| *more > 0) {
            eprintln!("and {} more (--rows N shows more)", count(more as u64));
        }
        eprintln!(
            "{} on the list, {} used here in the last days, {} must not block",
            counted(report.values as u64, "value"),
            count(report.in_use as u64),
            count(report.held.len() as u64)
        );
        for because in &report.list {
            eprintln!("nothing of it may block: {because}");
        }
    }
    if gathered.tally.bad > 0 {
        eprintln!("{} could not be read", counted(gathered.tally.bad, "line"));
    }
    let is_good = report.list.is_empty() && report.held.is_empty();
    Ok(if is_good { Exit::Ok } else { Exit::Failed })
}
