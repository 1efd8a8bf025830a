//! Commands about apps for telephones.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use engine::office::mobile::Verdict;
use model::Day;
use model::mobile::MobilePlatform;
use model::register::ItemId;

use super::{DataSaid, WhoseArgs, YesNo};

#[derive(Debug, Args)]
pub(crate) struct MobileArgs {
    #[command(subcommand)]
    pub(crate) command: MobileCommand,
}

/// What was found about a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerdictSaid {
    Satisfied,
    NotSatisfied,
    NotApplicable,
}

impl VerdictSaid {
    pub(crate) const fn get(self) -> Verdict {
        match self {
            VerdictSaid::Satisfied => Verdict::Satisfied,
            VerdictSaid::NotSatisfied => Verdict::NotSatisfied,
            VerdictSaid::NotApplicable => Verdict::NotApplicable,
        }
    }
}

/// What is said of an app.
#[derive(Debug, Args)]
pub(crate) struct MobileSayArgs {
    /// The app: its item in the register.
    pub(crate) item: ItemId,
    /// A control of MASVS, as MASVS-STORAGE-1; with a verdict.
    #[arg(long, value_name = "ID", requires = "verdict")]
    pub(crate) control: Option<String>,
    /// What was found.
    #[arg(long, value_name = "VERDICT", requires = "control")]
    pub(crate) verdict: Option<VerdictSaid>,
    /// Where the proof is; needed for satisfied.
    #[arg(long, value_name = "TEXT", default_value = "", requires = "control")]
    pub(crate) evidence: String,
    /// Why; needed for not-applicable, and where a manifest speaks against it.
    #[arg(long, value_name = "TEXT", default_value = "", requires = "control")]
    pub(crate) why: String,
    /// When it was looked at; today when nothing is said.
    #[arg(long, value_name = "DAY", requires = "control")]
    pub(crate) on: Option<Day>,
    /// The version that runs.
    #[arg(long, value_name = "VERSION")]
    pub(crate) runs: Option<String>,
    /// Where it runs: android, ios.
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub(crate) platform: Vec<MobilePlatform>,
    /// A tracker or a reporting part of others: NAME=PURPOSE; or none. Together they are all there are.
    #[arg(long, value_name = "NAME=PURPOSE")]
    pub(crate) tracker: Vec<String>,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

/// A permission.
#[derive(Debug, Args)]
pub(crate) struct MobilePermissionArgs {
    /// The app: its item in the register.
    pub(crate) item: ItemId,
    /// On which platform: android, ios.
    pub(crate) platform: MobilePlatform,
    /// Its name there, as android.permission.CAMERA.
    pub(crate) name: String,
    /// Why the app needs it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// Which personal data it gets by it: categories, or none.
    #[arg(id = "categories", long = "carries", value_name = "CATEGORY", value_delimiter = ',')]
    pub(crate) data: Vec<DataSaid>,
    /// Whether the app works without it: yes, no.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) optional: Option<YesNo>,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

/// A flow of data.
#[derive(Debug, Args)]
pub(crate) struct MobileFlowArgs {
    /// The app: its item in the register.
    pub(crate) item: ItemId,
    /// To which item of the register; with --outside, the name of somebody who stands in none.
    pub(crate) to: String,
    /// Whoever gets it stands in no register.
    #[arg(long)]
    pub(crate) outside: bool,
    /// Which personal data: categories, or none.
    #[arg(id = "categories", long = "carries", value_name = "CATEGORY", value_delimiter = ',')]
    pub(crate) data: Vec<DataSaid>,
    /// Whether it is encrypted: yes, no.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) encrypted: Option<YesNo>,
    /// What for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) purpose: String,
    /// Whether somebody else than the city gets it: yes, no.
    #[arg(long, value_name = "YES|NO")]
    pub(crate) third_party: Option<YesNo>,
    /// Take the flow back.
    #[arg(long, conflicts_with_all = ["categories", "encrypted", "purpose", "third_party"])]
    pub(crate) drop: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MobileCommand {
    /// List the apps of the register, and whether each may open.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object an app.
        #[arg(long)]
        json: bool,
    },
    /// Say whether an app may open, and what is missing. The exit code is 1 when something is.
    Gate {
        /// The app: its item in the register.
        item: ItemId,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object, with everything that is known and said.
        #[arg(long)]
        json: bool,
    },
    /// Take in manifests: AndroidManifest.xml (plain or binary), Info.plist, PrivacyInfo.xcprivacy.
    Bring {
        /// The app: its item in the register.
        item: ItemId,
        /// Manifests.
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Say what they ask for and show, and change nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a manifest.
        #[arg(long)]
        json: bool,
    },
    /// Say what was found about a control, which version runs, where, and which trackers are in it.
    Say(Box<MobileSayArgs>),
    /// Name a permission: why the app needs it, and what it gets by it.
    Permission(Box<MobilePermissionArgs>),
    /// Name a flow of data.
    Flow(Box<MobileFlowArgs>),
}
