//! Files of a source: read, brought together with what it said before, and made into the index.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use engine::intel::{Gathered, Gatherer, IntelFormat, SourceHealth, SourceTerms, list_mapping};
use engine::office::IntelSource;
use engine::unpack;
use model::limits;
use serde_json::json;
use store::state::{MergeKind, NewIntelSource};

use super::{Opened, index, open, say};
use crate::cli::{IntelCommand, TermsArgs};
use crate::exit::Exit;
use crate::feed::run::NO_NAMES;
use crate::words::{bytes as in_bytes, counted};
use crate::{node, paths, progress};

/// Reasons that are shown for records that could not be read.
const NOTES_SHOWN: usize = 10;

pub(super) async fn run(command: &IntelCommand) -> Result<Exit> {
    let IntelCommand::Load { name, files, format, mapping, part, terms, whose, json, quiet } = command else {
        bail!("not a load");
    };
    let started = Instant::now();
    let opened = open(whose).await?;
    let source = source(&opened, name, *format, mapping, terms).await?;
    let city = opened.office.city(&opened.ctx);
    ensure!(*format != IntelFormat::NewDomains || city.has_names(), NO_NAMES);
    let gatherer = Gatherer::new(SourceTerms::of(&source).defaults(), limits::CLAIMS_OF_SOURCE_MAX);
    let (gathered, read) = gather(files, (*format, mapping), gatherer.watching(city, name), *quiet)?;
    let bar = progress::records(gathered.claims.len() as u64, *quiet);
    bar.set_message("comparing and keeping");
    let merge = if *part { MergeKind::Part } else { format.merge() };
    let brought = opened
        .office
        .bring(&opened.ctx, &source, (merge, &gathered), |done| bar.set_position(done as u64))
        .await
        .context("cannot keep what was read")?;
    bar.finish_and_clear();
    let health = SourceHealth {
        last_try: Some(opened.ctx.now),
        last_success: Some(opened.ctx.now),
        millis: started.elapsed().as_millis() as u64,
        bytes: read,
        brought,
        tally: gathered.tally.clone(),
        ..SourceHealth::default()
    };
    let health_text = serde_json::to_string(&health)?;
    opened.office.keep_intel_run(&opened.ctx, source.number, (&source.memory, &health_text)).await?;
    let spinner = progress::spinner(*quiet);
    spinner.set_message("weighing, and making the index");
    let built = index::write(&opened.config, &opened.office, &opened.ctx).await?;
    spinner.finish_and_clear();
    node::sign(&opened.config, &opened.state).await?;
    let (claims, tally) = (&brought.claims, &gathered.tally);
    if *json {
        say(&json!({
            "source": name, "added": claims.added, "changed": claims.changed, "unchanged": claims.unchanged,
            "gone": claims.gone, "taken_back": brought.taken_back, "objects": brought.objects, "findings": brought.findings, "bad": tally.bad,
            "notes": tally.notes, "context": tally.context, "patterns": tally.patterns, "unlooked": tally.unlooked,
            "repeated": tally.repeated, "left_out": tally.left_out, "indicators": built.indicators,
            "index_bytes": built.image_bytes, "millis": started.elapsed().as_millis() as u64,
        }))?;
    } else {
        tell(&gathered, &health);
        eprintln!(
            "{} in the index ({}), {:.1} s in all",
            counted(built.indicators, "indicator"),
            in_bytes(built.image_bytes),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(if tally.bad > 0 && gathered.claims.is_empty() && gathered.objects.is_empty() { Exit::Failed } else { Exit::Ok })
}

fn tell(gathered: &Gathered, health: &SourceHealth) {
    let (claims, tally) = (&health.brought.claims, &gathered.tally);
    eprintln!(
        "{} new, {} changed, {} as before, {} gone, {} new or changed",
        counted(claims.added, "indicator"),
        claims.changed,
        claims.unchanged,
        claims.gone + health.brought.taken_back,
        counted(health.brought.objects, "other object"),
    );
    if health.brought.findings > 0 {
        eprintln!("{} about the city itself", counted(health.brought.findings, "new finding"));
    }
    let rest = [
        (tally.repeated, "named more than once"),
        (tally.context, "told for understanding, not looked for"),
        (tally.patterns, "rules and patterns that need more than a look-up; those of STIX are held against each event"),
        (tally.unlooked, "of sorts that nothing here looks for"),
        (tally.left_out, "beyond the limit and left out"),
        (tally.bad, "could not be read:"),
    ];
    for (count, what) in rest.into_iter().filter(|(count, _)| *count > 0) {
        eprintln!("  {} {what}", crate::words::count(count));
    }
    for note in tally.notes.iter().take(NOTES_SHOWN) {
        eprintln!("    {note}");
    }
    if tally.bad > NOTES_SHOWN as u64 {
        eprintln!("    and {} more", tally.bad - NOTES_SHOWN as u64);
    }
}

/// The source of that name; made when there is none.
async fn source(
    opened: &Opened,
    name: &str,
    format: IntelFormat,
    mapping: &str,
    terms: &TermsArgs,
) -> Result<IntelSource> {
    list_mapping(mapping).map_err(anyhow::Error::msg)?;
    let found = opened.office.intel_source(&opened.ctx, name).await;
    if let Ok(source) = found {
        return Ok(source);
    }
    let config = serde_json::to_string(&SourceTerms::from(terms))?;
    let new = NewIntelSource { name, kind: format.name(), config: &config };
    opened.office.add_intel_source(&opened.ctx, &new).await.context("cannot add the source")?;
    Ok(opened.office.intel_source(&opened.ctx, name).await?)
}

/// What all files say together, and how many bytes that was.
fn gather(
    places: &[PathBuf],
    (format, mapping): (IntelFormat, &str),
    mut gatherer: Gatherer,
    quiet: bool,
) -> Result<(Gathered, u64)> {
    let mapping = list_mapping(mapping).map_err(anyhow::Error::msg)?;
    let files = paths::files(places)?;
    let bar = progress::records(files.len() as u64, quiet);
    bar.set_message("reading");
    let mut read = 0;
    for path in files {
        match bytes(&path) {
            Ok(bytes) => {
                read += bytes.len() as u64;
                format.read(&bytes, &mapping, &mut gatherer);
            }
            Err(error) => gatherer.refuse(format!("{}: {error:#}", path.display())),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((gatherer.finish(), read))
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    unpack::open(path)?.take(limits::LIST_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::LIST_FILE_BYTES_MAX {
        bail!("larger than {} bytes", limits::LIST_FILE_BYTES_MAX);
    }
    Ok(bytes)
}
