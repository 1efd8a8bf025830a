//! Commands about behaviour: what is unusual, by what was before.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

#[derive(Debug, Args)]
pub(crate) struct BehaviourArgs {
    #[command(subcommand)]
    pub(crate) command: BehaviourCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BehaviourCommand {
    /// Score a table row by row: how unusual each is by what stands before it. No row sees a later one.
    Score(ScoreArgs),
}

/// What is scored, and where to.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// A series (CSV with timestamp and value, with a header or without), or - for standard input. Prints
    /// `timestamp,value,anomaly_score`, scores from 0 to 1.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "edges")]
    pub(crate) series: Option<PathBuf>,
    /// Edges of a graph: who talked to whom, when (CSV with source, destination and time, with a header or without), or - for
    /// standard input. Prints `source,destination,time,anomaly_score`, scores from 0 to 1.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "series")]
    pub(crate) edges: Option<PathBuf>,
    /// One JSON object a row; for edges that are unusual with the reason.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write into this file, which appears when it is whole, and not to standard output.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// No progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
