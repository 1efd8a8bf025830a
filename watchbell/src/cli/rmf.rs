//! Commands about the Risk Management Framework.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use model::document::DocumentKind;
use model::register::{Impact, ItemId};
use risk::rmf::{ActionStatus, Decision, Implementation, Method};

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct RmfArgs {
    #[command(subcommand)]
    pub(crate) command: RmfCommand,
}

/// Which service, and how it is told.
#[derive(Debug, Args)]
pub(crate) struct RmfAt {
    /// The service.
    pub(crate) service: ItemId,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RmfCommand {
    /// Bring a catalog or a profile (OSCAL JSON), or types of information, and keep it under a name. Baselines are the profiles `low`,
    /// `moderate` and `high`, the privacy overlay is the profile `privacy`; a catalog has the name of its file, as profiles import it.
    Bring {
        /// `catalog`, `profile` or `information-types`.
        kind: DocumentKind,
        /// The name.
        name: String,
        /// The file.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        whose: WhoseArgs,
        /// What was kept, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say where services stand, or one of them step by step.
    Status {
        /// The service; all of them unless given.
        service: Option<ItemId>,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a service.
        #[arg(long)]
        json: bool,
    },
    /// Show what is proposed, or decide: confidentiality, integrity, availability.
    Categorize {
        #[command(flatten)]
        at: RmfAt,
        /// If it became known: `low`, `moderate` or `high`.
        #[arg(long)]
        confidentiality: Option<Impact>,
        /// If it were wrong.
        #[arg(long)]
        integrity: Option<Impact>,
        /// If it were not there.
        #[arg(long)]
        availability: Option<Impact>,
        /// Why; needed where it is less than proposed.
        #[arg(long, default_value = "")]
        why: String,
        /// Only show what is proposed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Say that an item belongs to the service, or does not, whatever its links say; without `--add` and `--remove` its links decide.
    Bound {
        #[command(flatten)]
        at: RmfAt,
        /// The item.
        item: ItemId,
        /// It belongs to it.
        #[arg(long, value_name = "WHY", conflicts_with = "remove")]
        add: Option<String>,
        /// It does not.
        #[arg(long, value_name = "WHY")]
        remove: Option<String>,
    },
    /// Choose the controls: those of the baseline that follows, unless another one is named.
    Select {
        #[command(flatten)]
        at: RmfAt,
        /// Another baseline.
        #[arg(long)]
        baseline: Option<Impact>,
        /// With the privacy overlay, also where nothing asks for it.
        #[arg(long)]
        privacy: bool,
    },
    /// Put a control in or take one out, with the reason; without `--add` and `--remove` it is as the profiles have it.
    Tailor {
        #[command(flatten)]
        at: RmfAt,
        /// The control, for example `ac-2`.
        control: String,
        /// Put it in.
        #[arg(long, value_name = "WHY", conflicts_with = "remove")]
        add: Option<String>,
        /// Take it out.
        #[arg(long, value_name = "WHY")]
        remove: Option<String>,
    },
    /// Say how a control is met.
    State {
        #[command(flatten)]
        at: RmfAt,
        /// The control.
        control: String,
        /// `implemented`, `partial`, `planned`, `alternative` or `not-applicable`.
        status: Implementation,
        /// How.
        words: String,
        /// By which item of the boundary; the service itself unless given.
        #[arg(long)]
        by: Option<ItemId>,
    },
    /// Say that a control is taken over from another service.
    Inherit {
        #[command(flatten)]
        at: RmfAt,
        /// The control.
        control: String,
        /// From which service.
        from: ItemId,
        /// How.
        words: String,
    },
    /// Look at what the program can see for itself, and keep what it says.
    Check {
        #[command(flatten)]
        at: RmfAt,
    },
    /// Keep what people found out about a control.
    Assess {
        #[command(flatten)]
        at: RmfAt,
        /// The control.
        control: String,
        /// `examine`, `interview` or `test`.
        method: Method,
        /// What was found.
        words: String,
        /// It is not met.
        #[arg(long)]
        not_satisfied: bool,
        /// A file that shows it; its hash is kept, not the file.
        #[arg(long, value_hint = ValueHint::FilePath)]
        evidence: Vec<PathBuf>,
    },
    /// Plan something that is to be done, or say where it stands.
    Plan {
        #[command(flatten)]
        at: RmfAt,
        /// A name for it.
        id: String,
        /// For which control.
        control: String,
        /// What.
        words: String,
        /// Until when (a date).
        #[arg(long)]
        due: String,
        /// `open`, `remediating` or `closed`.
        #[arg(long, default_value = "open")]
        status: ActionStatus,
    },
    /// Make the security plan, the assessment plan, the assessment results and the plan of action.
    Documents {
        #[command(flatten)]
        at: RmfAt,
    },
    /// Decide whether the service may run; the decision is signed and names the documents.
    Authorize {
        #[command(flatten)]
        at: RmfAt,
        /// `authorize`, `authorize-with-conditions` or `deny`.
        decision: Decision,
        /// Until when (a date), at most three years from now.
        #[arg(long)]
        expires: String,
        /// Which risk is accepted, or why it may not run.
        #[arg(long)]
        risk: String,
        /// A condition; as often as there are some.
        #[arg(long)]
        condition: Vec<String>,
    },
    /// Check the signature of the newest decision, and the documents that it names.
    Verify {
        #[command(flatten)]
        at: RmfAt,
    },
    /// Say what has changed since the decision, and open steps again that follow from it.
    Monitor {
        #[command(flatten)]
        at: RmfAt,
        /// Only say it.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the documents and the decision into a folder.
    Export {
        #[command(flatten)]
        at: RmfAt,
        /// The folder.
        #[arg(value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}
