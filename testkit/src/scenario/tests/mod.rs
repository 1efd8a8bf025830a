//! Scenarios keep their promises: files are read or named wrong, each move writes what it says, play can be repeated,
//! and the judge keeps its rule.

mod file;
mod judge;
mod moves;
mod play;

use super::{PlayedLine, Scenario};

/// A scenario of two days whose one attack has the given steps, from 10:00 on the first day, and lasts a day.
fn text_of(steps: &str) -> String {
    format!(
        "name = \"one\"\nseed = 5\ndays = 2\n[[attack]]\nlabel = \"one\"\ntitle = \"one thing\"\ntechniques = [\"T1078\"]\n\
         subtlety = 3\nday = 1\ntime = \"10:00\"\nlasts = \"1d\"\n{steps}"
    )
}

/// One step as TOML.
fn step(lines: &str) -> String {
    format!("[[attack.step]]\n{}\n", lines.replace("; ", "\n"))
}

fn played(scenario: &Scenario) -> Vec<PlayedLine> {
    scenario.play().flatten().collect()
}
