//! `cargo xtask torture ID`: the long forms of the rows in `docs/track-record.md`. The short forms are tests.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::Steps;
use crate::workspace::Workspace;

/// The rows that exist, and what each does.
const ROWS: &[(&str, &str)] = &[
    ("T1", "kill the journal's process at random moments under load"),
    ("T2", "kill it at every Nth system call that writes, syncs, renames or removes"),
    ("T3", "let a sync to disk fail once"),
    ("T4", "fill the disk, then make room"),
    ("T5", "tear, cut and flip bits in every kind of file"),
    ("T6", "lose what was written but not synced"),
    ("T11", "hostile input for every reader, under libFuzzer"),
    ("T20", "addresses of feeds that lead into our own network"),
];

/// Runs one row, or all of them.
pub(crate) fn run(workspace: &Workspace, id: Option<&str>) -> Result<()> {
    let chosen: Vec<_> = ROWS.iter().filter(|(row, _)| id.is_none_or(|id| id.eq_ignore_ascii_case(row))).collect();
    if chosen.is_empty() {
        let known: Vec<_> = ROWS.iter().map(|(row, what)| format!("  {row}  {what}")).collect();
        bail!("unknown row {:?}; known are\n{}", id.unwrap_or_default(), known.join("\n"));
    }
    let mut steps = Steps::begin();
    for (row, what) in chosen {
        if *row == "T11" {
            eprintln!("{row}: {what}");
            crate::fuzz::run(workspace, &[])?;
            continue;
        }
        // What fills a disk or damages files needs no long run: its tests go through every case.
        let mut command = match *row {
            "T4" => tests(workspace, "space"),
            "T5" => tests(workspace, "damage"),
            "T20" => tests(workspace, "fetch::"),
            _ => {
                // The whole workspace and not the one package: cargo would build the dependencies once more for that.
                steps.run("building", &mut workspace.cargo(&["build", "--workspace", "--example", "torture"]))?;
                let mut command = Command::new(workspace.target.join("debug/examples/torture"));
                command.arg(row);
                command
            }
        };
        steps.run(&format!("{row}: {what}"), &mut command)?;
    }
    eprintln!("{}", steps.summary());
    Ok(())
}

/// The tests of that name, as the test command runs them: another selection would build the dependencies once more.
fn tests(workspace: &Workspace, name: &str) -> Command {
    let mut command = crate::test::tests(workspace);
    command.arg(name);
    command
}
