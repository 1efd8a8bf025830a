//! `watchbell fsck`: looks through everything that was kept for damage, and mends what can be mended.

use std::io::Write;

use anyhow::{Context, Result};
use engine::seen::SeenFiles;
use store::journal::{self, FileReport};
use store::state::State;

use crate::cli::FsckArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::{node, words};

/// What was found in one place.
struct Checked {
    place: String,
    problems: Vec<String>,
    remarks: Vec<String>,
}

pub(crate) fn run(arguments: &FsckArgs) -> Result<Exit> {
    let config = arguments.data.config()?;
    config.must_have_data()?;
    if arguments.repair {
        repair(&config)?;
    }
    let mut checked = journal_files(&config)?;
    node::runtime()?.block_on(async {
        checked.push(state(&config).await);
        checked.extend(lake(&config).await);
    });
    checked.push(seen(&config));
    let is_clean = checked.iter().all(|checked| checked.problems.is_empty());
    print(&checked, arguments)?;
    if !is_clean && !arguments.repair {
        eprintln!(
            "hint: stop `watchbell serve` and run `watchbell fsck --repair`; what is cut out goes to the quarantine"
        );
    }
    Ok(if is_clean { Exit::Ok } else { Exit::Failed })
}

fn repair(config: &Config) -> Result<()> {
    let damages = journal::repair(&config.journal_dir()).context("cannot mend the journal")?;
    for damage in &damages {
        let kept = if damage.is_kept { "kept in the quarantine" } else { "not kept" };
        eprintln!("mended: {} bytes {} to {}: {} ({kept})", damage.file, damage.from, damage.upto, damage.why);
    }
    Ok(())
}

fn journal_files(config: &Config) -> Result<Vec<Checked>> {
    let folder = config.journal_dir();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let report = journal::fsck(&folder).with_context(|| format!("cannot look through {}", folder.display()))?;
    let file = |(name, file): (&String, &FileReport)| {
        let mut remarks = file.remarks.clone();
        if let Some((from, upto)) = file.offsets {
            let open = if file.is_closed { "" } else { ", still open" };
            remarks.insert(0, format!("{}, offsets {from} to {upto}{open}", words::counted(file.records, "record")));
        }
        Checked { place: format!("journal/{name}"), problems: file.problems.clone(), remarks }
    };
    Ok(report.files.iter().map(file).collect())
}

async fn state(config: &Config) -> Checked {
    let mut checked = Checked { place: "state".to_owned(), problems: Vec::new(), remarks: Vec::new() };
    let found = async {
        let state = State::open(&config.database()).await?;
        state.integrity().await
    };
    match found.await {
        Ok(problems) => checked.problems = problems,
        Err(error) => checked.problems.push(format!("{:#}", anyhow::Error::from(error))),
    }
    checked
}

/// The values that were seen: which of their files cannot be read as a whole.
fn seen(config: &Config) -> Checked {
    let problems = match SeenFiles::at(config.seen_dir()).check() {
        Ok(damaged) => damaged.into_iter().map(|(path, why)| format!("{}: {why}", path.display())).collect(),
        Err(error) => vec![format!("{:#}", anyhow::Error::from(error))],
    };
    Checked { place: "seen".to_owned(), problems, remarks: Vec::new() }
}

/// Every file that the lake's log names, decoded from its first to its last page.
async fn lake(config: &Config) -> Vec<Checked> {
    let folder = config.lake_dir();
    if !folder.is_dir() {
        return Vec::new();
    }
    let whole =
        |problem: String| vec![Checked { place: "lake".to_owned(), problems: vec![problem], remarks: Vec::new() }];
    let lake = match lake::Lake::open_to_read(&folder, node::lake_options()).await {
        Ok(lake) => lake,
        Err(error) => return whole(format!("{:#}", anyhow::Error::from(error))),
    };
    match lake.check().await {
        Err(error) => whole(format!("{:#}", anyhow::Error::from(error))),
        Ok(files) => files
            .into_iter()
            .map(|file| Checked {
                place: format!("lake/{}", file.path),
                problems: file.problem.into_iter().collect(),
                remarks: vec![words::counted(file.rows, "row")],
            })
            .collect(),
    }
}

fn print(checked: &[Checked], arguments: &FsckArgs) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        for Checked { place, problems, remarks } in checked {
            let line = serde_json::json!({
                "file": place, "ok": problems.is_empty(), "problems": problems, "remarks": remarks,
            });
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    for Checked { place, problems, .. } in checked.iter().filter(|checked| !checked.problems.is_empty()) {
        for problem in problems {
            writeln!(out, "{place}: {problem}")?;
        }
    }
    let bad = checked.iter().filter(|checked| !checked.problems.is_empty()).count();
    writeln!(
        out,
        "{} looked through, {bad} damaged{}",
        words::counted(checked.len() as u64, "file"),
        if bad == 0 { "" } else { " (records around the damage are readable)" },
    )?;
    Ok(())
}
