//! `watchbell simulate`: plays a scenario of the invented city, as files or through the detectors, and says what the
//! watch was worth.
//!
//! The scenario, the lines and the judgement are `testkit::scenario`'s. What looks at the lines stands behind [`Play`]:
//! it is given every line of every file in order of time, as a watch would get them, and hands its incidents over at
//! the end. It is never told which line belongs to what.

mod report;
mod watch;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use model::Timestamp;
use serde_json::json;
use testkit::city::Log;
use testkit::scenario::{Budget, JudgedIncident, Part, Scenario, Truth, judge};

use crate::cli::SimulateArgs;
use crate::exit::Exit;
use crate::{progress, words};
use watch::Watch;

/// What looks at the lines of a scenario.
trait Play {
    /// Takes the next line: its file, its number in it from 1, its bytes without line end, and when it came in. Times
    /// never go back.
    ///
    /// # Errors
    /// When it cannot go on: what it keeps is full, or a part of it failed. A line that it cannot read is none.
    fn take(&mut self, file: Log, line: u64, text: &[u8], received: Timestamp) -> Result<()>;

    /// Ends the play: every incident that was opened, with all lines whose events it holds and the times at which
    /// somebody was called.
    ///
    /// # Errors
    /// When it cannot give them.
    fn finish(self) -> Result<Vec<JudgedIncident>>;
}

/// Runs the command.
pub(crate) fn run(arguments: &SimulateArgs) -> Result<Exit> {
    let scenario = Scenario::read(&arguments.scenario)
        .with_context(|| format!("{} is not played", arguments.scenario.display()))?;
    if let Some(folder) = &arguments.write {
        return write(arguments, &scenario, folder);
    }
    let started = Instant::now();
    let (truth, incidents, lines) = play(arguments, &scenario, Watch::begin(arguments)?)?;
    let budget = Budget {
        incidents_a_day: arguments.incidents_a_day,
        pages_a_night: arguments.pages_a_night,
        ..Budget::default()
    };
    let verdict = judge(&truth, &incidents, &budget);
    let mut out = BufWriter::new(io::stdout());
    let shown = if arguments.json {
        report::json(&verdict, &truth, &scenario, &mut out)
    } else {
        report::tables(&verdict, &truth, &scenario, &mut out)
    };
    said(shown.and_then(|()| out.flush()))?;
    if !arguments.quiet {
        eprintln!(
            "{} of {}, {} in {:.1} s",
            words::counted(u64::from(scenario.days), "day"),
            scenario.name,
            words::counted(lines, "line"),
            started.elapsed().as_secs_f64(),
        );
    }
    let is_short =
        arguments.expect.is_some_and(|expected| verdict.found() < expected || !verdict.nights_over.is_empty());
    Ok(if is_short { Exit::Failed } else { Exit::Ok })
}

/// Plays every line through `player`, in order of time over all files.
fn play<P: Play>(
    arguments: &SimulateArgs,
    scenario: &Scenario,
    mut player: P,
) -> Result<(Truth, Vec<JudgedIncident>, u64)> {
    let bar = progress::records(u64::from(scenario.days), arguments.quiet);
    bar.set_message("playing days");
    let mut truth = Truth::new(scenario);
    let mut count = 0;
    for day in scenario.play() {
        for line in day {
            truth.add(&line);
            player
                .take(line.log, line.line, line.text.as_bytes(), line.at)
                .with_context(|| format!("{} line {}", line.log.file_name(), line.line))?;
            count += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((truth, player.finish()?, count))
}

/// Writes logs and tables as files.
fn write(arguments: &SimulateArgs, scenario: &Scenario, folder: &Path) -> Result<Exit> {
    let bar = progress::records(u64::from(scenario.days), arguments.quiet);
    bar.set_message("writing days");
    let written =
        scenario.write(folder, |_| bar.inc(1)).with_context(|| format!("cannot write into {}", folder.display()))?;
    bar.finish_and_clear();
    let attacks = scenario.scenes.iter().filter(|scene| scene.part == Part::Attack).count() as u64;
    let disturbances = scenario.scenes.len() as u64 - attacks;
    let mut out = BufWriter::new(io::stdout());
    let shown = written.logs.iter().chain(&written.tables).try_for_each(|path| {
        let path = path.display().to_string();
        if arguments.json {
            writeln!(out, "{}", json!({ "kind": "file", "path": path }))
        } else {
            writeln!(out, "{path}")
        }
    });
    let counts = json!({ "kind": "written", "lines": written.lines, "attacks": attacks, "disturbances": disturbances });
    let shown = shown.and_then(|()| if arguments.json { writeln!(out, "{counts}") } else { Ok(()) });
    said(shown.and_then(|()| out.flush()))?;
    if !arguments.quiet {
        eprintln!(
            "{}, {}, {}",
            words::counted(written.lines, "line"),
            words::counted(attacks, "attack"),
            words::counted(disturbances, "disturbance"),
        );
    }
    Ok(Exit::Ok)
}

/// A reader that has seen enough (`head`) is no failure.
fn said(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
