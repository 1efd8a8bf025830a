//! Commands about outlets.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use engine::intel::{OutletForm, OutletUse, RpzAction};
use intel::release::Relation;
use model::{Confidence, IndicatorKind, Level, Pap, Tlp};

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct OutletArgs {
    #[command(subcommand)]
    pub(crate) command: OutletCommand,
}

/// Whose program fetches, in the words of TLP 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum To {
    /// Our own: part of our organisation.
    Own,
    /// A client, or who protects us.
    Client,
    /// The community that shares.
    Community,
    /// Anybody.
    Public,
}

impl From<To> for Relation {
    fn from(to: To) -> Self {
        match to {
            To::Own => Relation::SameOrganisation,
            To::Client => Relation::Client,
            To::Community => Relation::Community,
            To::Public => Relation::Public,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct OutletAddArgs {
    /// What it is called, and a part of its address: small letters, digits, - and _.
    pub(crate) name: String,
    /// How it is written: stix, misp, csv, text, suricata, zeek, nftables, rpz, hosts.
    #[arg(long, value_name = "FORM")]
    pub(crate) form: OutletForm,
    /// What it is for: block (only what may be blocked) or detect. Usual are block for nftables, rpz and hosts, detect for all others.
    #[arg(long = "for", value_name = "USE")]
    pub(crate) use_: Option<OutletUse>,
    /// Only these kinds: ipv4, ipv6, cidr, ip-port, domain, url, url-path, file-hash, email.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) kinds: Vec<IndicatorKind>,
    /// Only what is as sure as this, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = super::intel::confidence)]
    pub(crate) confidence: Option<Confidence>,
    /// Only what is as bad as this.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// The strictest marking that may go there: clear, green, amber, amber+strict.
    #[arg(long, value_name = "TLP", default_value = "amber")]
    pub(crate) tlp: Tlp,
    /// The strictest PAP that is heeded there; usual are green for what blocks, amber for what looks.
    #[arg(long, value_name = "PAP")]
    pub(crate) pap: Option<Pap>,
    /// Whose program fetches it.
    #[arg(long, value_name = "WHOSE", default_value = "own")]
    pub(crate) to: To,
    /// At most so many entries, the surest.
    #[arg(long, value_name = "N")]
    pub(crate) most: Option<u64>,
    /// An entry holds for so many days behind its last sighting, where nobody lists it any more or says when it was seen.
    #[arg(long, value_name = "N")]
    pub(crate) entry_days: Option<u32>,
    /// The token is good for so many days.
    #[arg(long, value_name = "N", default_value_t = 365)]
    pub(crate) days: u32,
    /// Of a policy zone: its name, for example rpz.city.example.
    #[arg(long, value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Of a policy zone: what resolvers do with what is listed: nxdomain, nodata, drop, passthru (they only log it).
    #[arg(long, value_name = "ACTION", requires = "zone", default_value = "nxdomain")]
    pub(crate) action: RpzAction,
    /// Of a policy zone: a resolver that is told of changes (NOTIFY), ADDRESS:PORT.
    #[arg(long, value_name = "ADDR", requires = "zone")]
    pub(crate) tell: Vec<SocketAddr>,
    /// Say what would be made, and make nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutletCommand {
    /// Make an outlet, and print its token: once.
    Add(Box<OutletAddArgs>),
    /// List outlets: what each gives, who asked last.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object an outlet.
        #[arg(long)]
        json: bool,
    },
    /// Show an outlet: what it gives, what it does not and why.
    Show {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write what it would give now into a file, without the watch.
    Write {
        /// Its name.
        name: String,
        /// Where to; `-` for stdout, a new folder for misp and suricata.
        #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required_unless_present = "dry_run")]
        file: Option<PathBuf>,
        /// Say what would be in it, and write nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object about it.
        #[arg(long)]
        json: bool,
    },
    /// Print another token for an outlet; the old one opens nothing any more.
    Renew {
        /// Its name.
        name: String,
        /// The token is good for so many days.
        #[arg(long, value_name = "N", default_value_t = 365)]
        days: u32,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Have an outlet give nothing for now.
    Pause {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Have an outlet give again.
    Resume {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Remove an outlet: its token and its key open nothing any more.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}
