//! `watchbell behaviour`: what is unusual, by what was before.
//!
//! A row is scored when it is read and written before the next is read, so that a table may be of any length and come through a pipe.

mod edges;
mod lines;
mod output;
mod series;

use std::path::Path;

use anyhow::{Context, Result};
use formats::Trouble;
use indicatif::ProgressBar;
use model::limits::TABLE_LINE_BYTES_MAX;

use crate::cli::{BehaviourArgs, BehaviourCommand, ScoreArgs};
use crate::exit::Exit;
use crate::{progress, words};
use lines::Lines;
use output::Output;

/// Notes that are shown one by one; of more, only the number.
const SHOWN_MAX: u64 = 10;
/// Lines between two looks at the progress bar.
const LINES_A_STEP: u64 = 4_096;

pub(crate) fn run(arguments: &BehaviourArgs) -> Result<Exit> {
    match &arguments.command {
        BehaviourCommand::Score(arguments) => score(arguments),
    }
}

/// What reads a table line by line, and writes each row with its score.
trait Table {
    /// The line above the rows.
    fn header(&self) -> &'static str;

    /// Reads a line, and writes its row where it holds one. The outer result is that of writing.
    ///
    /// # Errors
    /// When nothing more can be written.
    fn line(&mut self, line: &[u8], output: &mut Output) -> std::io::Result<Line>;
}

/// What a line was.
enum Line {
    /// A row, which was scored and written.
    Row,
    /// Nothing, a comment, or the header.
    PassedOver,
    /// No row, because of this.
    Bad(Trouble),
}

fn score(arguments: &ScoreArgs) -> Result<Exit> {
    match (&arguments.series, &arguments.edges) {
        (Some(path), _) => table(&mut series::SeriesTable::default(), path, arguments),
        (None, Some(path)) => table(&mut edges::EdgesTable::default(), path, arguments),
        (None, None) => {
            eprintln!("error: nothing to score\n  hint: --series FILE or --edges FILE");
            Ok(Exit::Usage)
        }
    }
}

fn table(table: &mut dyn Table, path: &Path, arguments: &ScoreArgs) -> Result<Exit> {
    let mut lines = Lines::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bar = match lines.bytes_total() {
        Some(total) => progress::bytes(total, arguments.quiet),
        None => progress::spinner(arguments.quiet),
    };
    bar.set_message("scoring");
    let mut output = Output::open(arguments.out.as_deref(), arguments.json)?;
    let done = rows(table, (&mut lines, path), &mut output, &bar);
    bar.finish_and_clear();
    let (rows, bad) = match done {
        Ok(counts) => counts,
        Err(error) => {
            output.give_up();
            return match error.downcast_ref::<std::io::Error>() {
                // A reader that has seen enough (`head`) is no failure.
                Some(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
                _ => Err(error),
            };
        }
    };
    if bad > SHOWN_MAX {
        eprintln!("not read: {} in all", words::counted(bad, "line"));
    }
    if rows == 0 {
        output.give_up();
        eprintln!("error: {} holds no row that could be read", path.display());
        return Ok(Exit::Failed);
    }
    match output.finish() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        Err(error) => Err(error).context("cannot write the scores"),
        Ok(()) => Ok(Exit::Ok),
    }
}

/// Rows that were scored, and lines that could not be read.
fn rows(
    table: &mut dyn Table,
    (lines, path): (&mut Lines, &Path),
    output: &mut Output,
    bar: &ProgressBar,
) -> Result<(u64, u64)> {
    output.header(table.header())?;
    let (mut rows, mut bad, mut number) = (0u64, 0u64, 0u64);
    while let Some(line) = lines.next_line(TABLE_LINE_BYTES_MAX + 2)? {
        number += 1;
        match table.line(line, output)? {
            Line::Row => rows += 1,
            Line::PassedOver => {}
            Line::Bad(trouble) => {
                bad += 1;
                if bad <= SHOWN_MAX {
                    let reason = trouble.reason.text();
                    bar.suspend(|| eprintln!("not read: {}:{number}: {reason}: {}", path.display(), trouble.detail));
                }
            }
        }
        if number.is_multiple_of(LINES_A_STEP) {
            bar.set_position(lines.bytes_read());
        }
    }
    Ok((rows, bad))
}
