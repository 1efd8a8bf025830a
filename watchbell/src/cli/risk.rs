//! Commands about what is at stake.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct RiskArgs {
    #[command(subcommand)]
    pub(crate) command: RiskCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RiskCommand {
    /// Put the services into the order in which they may open to the public, with reasons and what to do first.
    OpenOrder {
        /// How many to explain.
        #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "json")]
        top: usize,
        #[command(flatten)]
        whose: WhoseArgs,
        /// All of them, one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show where the city stands: the harm of a year, and the items that are likeliest to fall.
    Posture {
        /// How many items to show.
        #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "json")]
        top: usize,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the report: opening order, curves, service map, and what nobody has said, as one page that needs nothing beside it.
    Report {
        /// Where to write it.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Show the policy by which risk is reckoned, or say another one.
    Policy {
        /// The policy from now on (TOML); what holds now is printed without it.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        set: Option<PathBuf>,
        /// Only check the file.
        #[arg(long, requires = "set")]
        dry_run: bool,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}
