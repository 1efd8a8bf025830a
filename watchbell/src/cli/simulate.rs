//! Playing scenarios.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::ContentArgs;

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The scenario (TOML; see the guide on simulating).
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    pub(crate) scenario: PathBuf,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// Write the logs, and beside them which line belongs to what, into this folder, and play nothing.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "expect")]
    pub(crate) write: Option<PathBuf>,
    /// Fail when fewer attacks are found within the budget, or a night has more pages than it.
    #[arg(long, value_name = "N")]
    pub(crate) expect: Option<usize>,
    /// Incidents that somebody looks at on one day.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) incidents_a_day: usize,
    /// Pages that a night may have.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) pages_a_night: usize,
    /// One JSON object a line instead of tables: `{"kind": "attack" | "disturbance" | "incident" | "verdict", …}`; with
    /// --write `{"kind": "file" | "written", …}`.
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no closing words.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
