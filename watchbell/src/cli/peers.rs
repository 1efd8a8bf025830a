//! Commands about peers, and about what is shared with them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use connect::feeds::Interval;
use engine::share::ShareKind;
use intel::release::{Field, Relation};
use model::{Grade, Pap, Tlp};
use serde::de::DeserializeOwned;

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct PeerArgs {
    #[command(subcommand)]
    pub(crate) command: PeerCommand,
}

/// What was agreed with a peer. What is not said is not shared.
#[derive(Clone, Debug, Args)]
pub(crate) struct AgreedArgs {
    /// What it is told of: sightings, findings, indicators, tallies, techniques.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) share: Vec<ShareKind>,
    /// The strictest marking that may go there; without it, nothing does.
    #[arg(long, value_name = "TLP")]
    pub(crate) clearance: Option<Tlp>,
    /// The strictest PAP that it is known to heed.
    #[arg(long, value_name = "PAP", default_value = "clear")]
    pub(crate) heeds: Pap,
    /// What it is to us: public, community, client, same-organisation.
    #[arg(long, value_name = "RELATION", value_parser = named::<Relation>, default_value = "public")]
    pub(crate) relation: Relation,
    /// What of a thing may go: label, confidence, level, times, count, techniques, machine, accounts, text.
    #[arg(long, value_name = "FIELD", value_delimiter = ',', value_parser = named::<Field>,
        default_value = "label,confidence,level,times,count,techniques")]
    pub(crate) fields: Vec<Field>,
    /// Names of accounts become pseudonyms of its own; without it they are taken out.
    #[arg(long)]
    pub(crate) pseudonyms: bool,
    /// It learns our name in what it gets.
    #[arg(long)]
    pub(crate) named: bool,
    /// Fewest organisations behind a count.
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub(crate) organisations_min: u32,
    /// Noise on counts, as ε: the less, the more noise.
    #[arg(long, value_name = "EPSILON")]
    pub(crate) noise: Option<f64>,
    /// It may ask whether something was seen here, without saying what.
    #[arg(long)]
    pub(crate) look_up: bool,
    /// When the agreement ends.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// How a peer is reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReachArgs {
    /// Time between two pulls where no hint comes: 60s, 5m, 1h.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub(crate) every: Interval,
    /// A private place that may be asked, HOST:PORT as in the URL.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) allow_private: Vec<String>,
    /// Ask without encryption where the URL says http. What comes can be read and changed on the way.
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// PEM file with a further authority, beside those that the machine trusts.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
}

/// Where we are reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct AddressArgs {
    /// Where the peer reaches us; `public_url` of the configuration unless given.
    #[arg(long, value_name = "URL")]
    pub(crate) address: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PeerAddArgs {
    /// What it is called: a label, since its source of intelligence is named after it.
    pub(crate) name: String,
    /// The invitation that the peer has made for us; `-` reads stdin. Without one it reads ours, and nothing is asked of it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) invitation: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) agreed: AgreedArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) address: AddressArgs,
    /// How reliable what it says is, by the Admiralty code.
    #[arg(long, value_name = "GRADE", default_value_t = Grade::default())]
    pub(crate) grade: Grade,
    /// How far what it says may travel, where it does not say so.
    #[arg(long, value_name = "TLP", default_value = Tlp::UNSTATED.name())]
    pub(crate) tlp: Tlp,
    /// Say what would be agreed, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// Add a peer, and print the invitation for it: where it finds what we share, and its token. Hand it over safely.
    Add(Box<PeerAddArgs>),
    /// Take the invitation that a peer has made for us: from then on it is asked, and listened to.
    Join {
        /// The peer's name here.
        name: String,
        /// The invitation; `-` reads stdin.
        #[arg(value_hint = ValueHint::FilePath)]
        invitation: PathBuf,
        #[command(flatten)]
        reach: ReachArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Print a new invitation; the token of the last one ends at once.
    Invite {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        address: AddressArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Change what was agreed: all of it is said anew.
    Agree {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        agreed: AgreedArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// List peers: how they do, how much left and came.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a peer.
        #[arg(long)]
        json: bool,
    },
    /// Show a peer: what was agreed, what did not leave and why.
    Show {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Pull from a peer now.
    Pull {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Have nothing go there and ask it no more for now.
    Pause {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Share with it again.
    Resume {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Remove a peer with all that it claims; its token ends at once.
    Remove {
        /// The peer's name here.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ShareArgs {
    #[command(subcommand)]
    pub(crate) command: ShareCommand,
}

/// Whether what a source claims is shared, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SharedRight {
    /// It is ours: its marking says how far it goes.
    Own,
    /// It was given to us: its marking says how far we may pass it on.
    Given,
    /// It is not shared.
    Not,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShareCommand {
    /// List what left, the latest first: for whom, and why.
    Left {
        /// For this peer only.
        #[arg(long, value_name = "PEER")]
        to: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        rows: usize,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object each.
        #[arg(long)]
        json: bool,
    },
    /// Say whether what a source claims is shared with peers that are told of indicators.
    Source {
        /// The source's name.
        name: String,
        /// Whose it is.
        #[arg(value_name = "WHOSE")]
        shared: SharedRight,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Print the key by which others know this agency.
    Key {
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Work on sharing groups.
    Group {
        #[command(subcommand)]
        command: GroupCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Make a group of ours, or its next version: these members, and no others.
    Set {
        /// Its name.
        name: String,
        /// Peers by their names here, or nodes by theirs. We are in it always.
        #[arg(long = "member", value_name = "PEER")]
        members: Vec<String>,
        /// The strictest marking that is shared in it.
        #[arg(long, value_name = "TLP", default_value = "amber")]
        tlp: Tlp,
        /// For how many days it is good, unless it is set anew.
        #[arg(long, value_name = "N", default_value_t = 365)]
        days: u32,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// List the groups that are known here.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a group.
        #[arg(long)]
        json: bool,
    },
}

/// Whose peers, or groups: every command has it.
impl PeerCommand {
    pub(crate) fn whose(&self) -> &WhoseArgs {
        match self {
            PeerCommand::Add(arguments) => &arguments.whose,
            PeerCommand::Join { whose, .. }
            | PeerCommand::Invite { whose, .. }
            | PeerCommand::Agree { whose, .. }
            | PeerCommand::List { whose, .. }
            | PeerCommand::Show { whose, .. }
            | PeerCommand::Pull { whose, .. }
            | PeerCommand::Pause { whose, .. }
            | PeerCommand::Resume { whose, .. }
            | PeerCommand::Remove { whose, .. } => whose,
        }
    }
}

impl ShareCommand {
    pub(crate) fn whose(&self) -> &WhoseArgs {
        match self {
            ShareCommand::Left { whose, .. }
            | ShareCommand::Source { whose, .. }
            | ShareCommand::Key { whose }
            | ShareCommand::Group { command: GroupCommand::Set { whose, .. } | GroupCommand::List { whose, .. } } => {
                whose
            }
        }
    }
}

/// A word that is written as in configurations.
fn named<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let read = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    read.map_err(|error: serde_json::Error| error.to_string())
}
