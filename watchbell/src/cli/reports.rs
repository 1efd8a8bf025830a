//! Commands about what people report.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use model::{Grade, Pap, Tlp};

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    pub(crate) command: ReportCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Bring a report: its text is searched for indicators and techniques, and what is found is shown. Nothing of it counts yet.
    Add {
        /// The text; `-` reads stdin.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// How reliable the source is and how credible what it says, by the Admiralty code: A1 to F6.
        #[arg(long, value_name = "GRADE", default_value_t = Grade::default())]
        grade: Grade,
        /// How far it may travel: clear, green, amber, amber+strict, red.
        #[arg(long, value_name = "TLP", default_value = Tlp::UNSTATED.name())]
        tlp: Tlp,
        /// What may be done with it: clear, green, amber, red.
        #[arg(long, value_name = "PAP", default_value = "clear")]
        pap: Pap,
        /// What it is called; its first line when this is not said.
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        /// Whose word it is, as a label; your own when this is not said.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// A file that belongs to it; it is kept sealed.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        attach: Vec<PathBuf>,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// List reports, newest first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        rows: usize,
        /// One JSON object a report.
        #[arg(long)]
        json: bool,
    },
    /// Show a report, and what was found in it.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Take over what was found in a report: all of it against which nothing speaks, unless said otherwise.
    Confirm {
        /// Its id.
        id: String,
        /// Only this value; may be named several times.
        #[arg(long, value_name = "VALUE", conflicts_with_all = ["all", "none"])]
        only: Vec<String>,
        /// What may be something else, too.
        #[arg(long, conflicts_with = "none")]
        all: bool,
        /// Nothing of it.
        #[arg(long)]
        none: bool,
        /// Say what would be taken over, and take nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write an attachment into a file.
    Attachment {
        /// The report's id.
        id: String,
        /// The attachment's number, from 1.
        number: u64,
        /// Where it goes; it must not be there yet.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        to: PathBuf,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}
