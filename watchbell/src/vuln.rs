//! `watchbell vuln`: which vulnerability first.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueHint};
use engine::unpack;
use model::vulnerability::Known;
use model::{Day, limits};
use risk::vulnerability::rank::{Ranked, rank};
use serde_json::json;

use crate::exit::Exit;
use crate::{progress, words};

/// Work on vulnerabilities.
#[derive(Debug, Args)]
pub(crate) struct VulnArgs {
    #[command(subcommand)]
    command: VulnCommand,
}

#[derive(Debug, Subcommand)]
enum VulnCommand {
    /// Put every vulnerability that was known on a day into the order in which to mend, with reasons. Nothing later than the day
    /// counts.
    Rank {
        /// The day, as 2024-07-28.
        #[arg(long, value_name = "DATE")]
        as_of: Day,
        /// Folder with forecasts (`epss_scores-DATE.csv`), the catalogue of exploited vulnerabilities and records with decision
        /// points (Vulnrichment), named as their publishers name them; plain, gz or zst, also in folders below.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        from: PathBuf,
        /// How many to show.
        #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "json")]
        top: usize,
        /// All of them, one JSON object a line: `{"id", "score", "reasons"}`.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(arguments: &VulnArgs) -> Result<Exit> {
    let VulnCommand::Rank { as_of, from, top, json } = &arguments.command;
    let spinner = progress::spinner(*json);
    let known = gather(from, |name| spinner.set_message(format!("reading {name}")))?;
    spinner.set_message("putting them into order");
    let ranked = rank(&known, *as_of).with_context(|| format!("no order for {as_of} from {}", from.display()))?;
    spinner.finish_and_clear();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if *json { as_json(&ranked, &mut out) } else { as_words(&ranked, *top, &mut out) };
    match written.and_then(|()| out.flush()) {
        // A reader that has seen enough (`head`) is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Ok),
    }
}

fn as_json(ranked: &[Ranked], out: &mut impl Write) -> io::Result<()> {
    for one in ranked {
        let reasons: Vec<String> = one.score.because.iter().map(ToString::to_string).collect();
        serde_json::to_writer(&mut *out, &json!({ "id": one.cve, "score": one.score.value, "reasons": reasons }))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn as_words(ranked: &[Ranked], top: usize, out: &mut impl Write) -> io::Result<()> {
    for (place, one) in ranked.iter().take(top).enumerate() {
        writeln!(out, "{:>4}  {:<18} {:.3}", place + 1, one.cve.to_string(), one.score.value)?;
        for reason in one.score.because.iter().take(4) {
            writeln!(out, "        {reason}")?;
        }
    }
    let rest = ranked.len().saturating_sub(top);
    if rest > 0 {
        writeln!(out, "and {} more; hint: --top N, or --json for all", words::count(rest as u64))?;
    }
    Ok(())
}

/// What the files of a folder say. Files of other names are left out; what cannot be read in one is said and the rest counts.
fn gather(folder: &Path, mut tell: impl FnMut(&str)) -> Result<Known> {
    let mut files = BTreeMap::new();
    below(folder, 0, &mut files)?;
    if files.is_empty() {
        bail!(
            "{}: no file with a name that is known; hint: epss_scores-DATE.csv, known_exploited_vulnerabilities.json, …",
            folder.display()
        );
    }
    let mut known = Known::default();
    for (name, path) in files {
        tell(&name);
        let mut bytes = Vec::new();
        let read = unpack::open(&path)?.take(limits::LIST_FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {}", path.display()))?;
        if bytes.len() as u64 > limits::LIST_FILE_BYTES_MAX {
            bail!("{} is larger than {} bytes", path.display(), limits::LIST_FILE_BYTES_MAX);
        }
        let Some(read) = formats::risk::add(&mut known, &name, &bytes) else { continue };
        for refused in read.refused.iter().take(5) {
            eprintln!("{}: {}: {}", path.display(), refused.place, refused.trouble.detail);
        }
        if read.refused_count > 5 {
            eprintln!("{}: {} refused in all", path.display(), words::count(read.refused_count));
        }
    }
    Ok(known)
}

/// Folders inside each other that are looked into.
const FOLDERS_MAX: usize = 8;

/// Files of known names, by their names.
fn below(folder: &Path, depth: usize, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    if depth > FOLDERS_MAX {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, depth + 1, files)?;
            continue;
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if formats::risk::Source::of(name).is_some() {
            files.insert(name.to_owned(), path.clone());
        }
    }
    Ok(())
}
