//! Commands about intelligence.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use connect::feeds::{FeedKind, Interval};
use engine::intel::{IntelFormat, SourceTerms};
use model::{Confidence, Grade, Level, Marking, Month, Pap, Tlp};

use super::{ReportArgs, WhoseArgs};

#[derive(Debug, Args)]
pub(crate) struct IntelArgs {
    #[command(subcommand)]
    pub(crate) command: IntelCommand,
}

/// What is decided about a source.
#[derive(Clone, Debug, Args)]
pub(crate) struct TermsArgs {
    /// How reliable the source is and how credible what it says, by the Admiralty code: A1 to F6.
    #[arg(long, value_name = "GRADE", default_value_t = Grade::default())]
    pub(crate) grade: Grade,
    /// How far what it says may travel, where it does not say so: clear, green, amber, amber+strict, red.
    #[arg(long, value_name = "TLP", default_value = Tlp::UNSTATED.name())]
    pub(crate) tlp: Tlp,
    /// What may be done with it, where it does not say so: clear, green, amber, red.
    #[arg(long, value_name = "PAP", default_value = "clear")]
    pub(crate) pap: Pap,
    /// How bad a sighting is, where it does not say so.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// How sure it is in percent, where it does not say so.
    #[arg(long, value_name = "PERCENT", value_parser = confidence)]
    pub(crate) confidence: Option<Confidence>,
    /// It may make us block alone.
    #[arg(long)]
    pub(crate) trusted: bool,
    /// Nobody knows who speaks: it blocks nothing.
    #[arg(long, conflicts_with = "trusted")]
    pub(crate) anonymous: bool,
}

impl From<&TermsArgs> for SourceTerms {
    fn from(arguments: &TermsArgs) -> Self {
        SourceTerms {
            grade: arguments.grade,
            is_trusted: arguments.trusted,
            is_anonymous: arguments.anonymous,
            marking: Marking { tlp: arguments.tlp, pap: arguments.pap },
            level: arguments.level,
            confidence: arguments.confidence,
            shared: None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum IntelCommand {
    /// Load files of a source. All that it claims, unless `--part` says otherwise: what is not in them counts as gone.
    Load {
        /// What the source is called; it is made when there is none.
        name: String,
        /// Files or folders; plain, gz or zst.
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
        files: Vec<PathBuf>,
        /// How they are written: list, stix, misp, kev, csaf, leaks, nmap, nuclei, new-domains.
        #[arg(long, value_name = "FORMAT", default_value_t = IntelFormat::List)]
        format: IntelFormat,
        /// What the columns of a list are: plain, maltrail, ipsum, hosts, csv:COLUMN, or a JSON object.
        #[arg(long, value_name = "MAPPING", default_value = "plain")]
        mapping: String,
        /// The files are a part: what is not in them stays as it is.
        #[arg(long)]
        part: bool,
        #[command(flatten)]
        terms: TermsArgs,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
        /// No progress.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Try a block list on 30 days of past traffic, before anything blocks: which of its values are used here, and why they must not block.
    /// Exit 0: all may; 1: some must not.
    Blast {
        /// The list; plain, gz or zst.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// What its columns are, as for `load`.
        #[arg(long, value_name = "MAPPING", default_value = "plain")]
        mapping: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// Values that are shown.
        #[arg(long, value_name = "N", default_value_t = 50)]
        rows: usize,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Hold a STIX pattern against observed data. Exit 0: it matches; 1: it does not; 2: it cannot be evaluated.
    Match {
        /// The pattern, for example "[ipv4-addr:value = '198.51.100.1']".
        #[arg(long, value_name = "PATTERN")]
        pattern: String,
        /// A bundle with observed data, or a list of bundles; `-` reads stdin.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// List the sources: how each does, what its word is worth.
    Sources {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a source.
        #[arg(long)]
        json: bool,
    },
    /// Ask a source no more for now.
    Pause {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Ask a source again.
    Resume {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Remove a source with all that it claims.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Show what is known about a thing: who claims what, what that comes to, and why.
    Show {
        /// An address, range, domain, URL, path, hash or e-mail address, defanged or not.
        value: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Say that a thing was really seen here: those who claim it gain weight.
    Seen {
        /// The thing.
        value: String,
        /// How far others may be told of it: clear, green, amber, amber+strict, red. Peers are told at once, as far as was agreed.
        #[arg(long, value_name = "TLP", default_value = Tlp::UNSTATED.name())]
        tlp: Tlp,
        /// What they may do with it: clear, green, amber, red.
        #[arg(long, value_name = "PAP", default_value = "clear")]
        pap: Pap,
        /// For this sharing group alone; may be said several times.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say that a thing is harmless: those who claim it lose weight.
    Harmless {
        /// The thing.
        value: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say which actors fit what was found here in the last 90 days, and why.
    Actors {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Work on what people report: bring it, look at what was found in it, take it over.
    Report(ReportArgs),
    /// Hold all that is known against what the city is now (`[city]` of the configuration): what concerns it becomes findings.
    Review {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the month for those who decide: what changed, what was used against us, what it calls for.
    Brief {
        /// The month, for example 2026-11; the running one when it is not said.
        #[arg(long, value_name = "MONTH")]
        month: Option<Month>,
        #[command(flatten)]
        whose: WhoseArgs,
        /// How: markdown, html, json.
        #[arg(long, value_name = "FORM", default_value = "markdown", value_parser = ["markdown", "html", "json"])]
        form: String,
    },
    /// Ask peers whether they know a thing, without saying which. Exit 0: somebody does; 1: nobody does.
    Ask {
        /// The thing.
        value: String,
        /// This peer only.
        #[arg(long, value_name = "PEER")]
        peer: Option<String>,
        /// How: `oprf` says nothing about the thing; `prefix` is cheaper, and says the first 20 bits of its hash.
        #[arg(long, value_name = "TIER", default_value = "oprf")]
        tier: LookupTier,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a peer.
        #[arg(long)]
        json: bool,
    },
    /// List what is known beside indicators: groups, campaigns, malware, techniques, vulnerabilities.
    Objects {
        /// Of which type, in STIX's words, for example `intrusion-set`; without one, how many there are of each.
        #[arg(value_name = "TYPE")]
        kind: Option<String>,
        #[command(flatten)]
        whose: WhoseArgs,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        rows: usize,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// How a private look-up is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LookupTier {
    /// Oblivious: whoever is asked learns nothing about the thing.
    Oprf,
    /// By a prefix of a hash: whoever is asked learns 20 bits of it.
    Prefix,
}

#[derive(Debug, Args)]
pub(crate) struct FeedArgs {
    #[command(subcommand)]
    pub(crate) command: FeedCommand,
}

#[derive(Debug, Args)]
pub(crate) struct FeedAddArgs {
    /// What it is called: a label, since reasons and exports name it.
    pub(crate) name: String,
    /// What it is: list, stix, taxii, misp, misp-rest, kev, csaf, leaks, hibp, new-domains, nmap, nuclei.
    #[arg(long, value_name = "KIND", value_parser = feed_kind, default_value = "list")]
    pub(crate) kind: FeedKind,
    /// Where it is. Private addresses are not asked, unless `--allow-private` names them.
    #[arg(long, value_name = "URL", required_unless_present = "path", conflicts_with = "path")]
    pub(crate) url: Option<String>,
    /// Where it is on this machine.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) path: Option<PathBuf>,
    /// Time between two runs: 15m, 6h, 1d.
    #[arg(long, value_name = "TIME", default_value_t = Interval::default())]
    pub(crate) every: Interval,
    /// What the columns of a list are: plain, maltrail, ipsum, hosts, csv:COLUMN, or a JSON object.
    #[arg(long, value_name = "MAPPING")]
    pub(crate) mapping: Option<String>,
    /// File with a token that is shown to the server (Authorization: Bearer).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// File with a key that is shown to the server in a header of its own, as MISP and Have I Been Pwned want it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["token_file", "user"])]
    pub(crate) key_file: Option<PathBuf>,
    /// The header of the key.
    #[arg(long, value_name = "NAME", default_value = "Authorization")]
    pub(crate) key_header: String,
    /// User of a server that asks for user and password.
    #[arg(long, value_name = "NAME", requires = "password_file", conflicts_with = "token_file")]
    pub(crate) user: Option<String>,
    /// File with the password.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "user")]
    pub(crate) password_file: Option<PathBuf>,
    /// A collection of a TAXII server, by id or alias; all that can be read when none is named.
    #[arg(long, value_name = "ID")]
    pub(crate) collection: Vec<String>,
    /// What is sent along with each search of a MISP: a JSON object in the words of its `restSearch`.
    #[arg(long, value_name = "JSON")]
    pub(crate) filter: Option<String>,
    /// Bytes that one run brings at most; the next run goes on behind them.
    #[arg(long, value_name = "N")]
    pub(crate) bytes_max: Option<u64>,
    /// Items that one run brings at most.
    #[arg(long, value_name = "N")]
    pub(crate) items_max: Option<u64>,
    /// A private place that may be asked, HOST:PORT as in the URL.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) allow_private: Vec<String>,
    /// Ask without encryption where the URL says http. What comes can be read and changed on the way.
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// PEM file with a further authority, beside those that the machine trusts.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeedCommand {
    /// Add a feed.
    Add(Box<FeedAddArgs>),
    /// List sources: last success, counts, errors, what the word of each is worth.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a source.
        #[arg(long)]
        json: bool,
    },
    /// Run a feed now.
    Run {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object.
        #[arg(long)]
        json: bool,
        /// No progress.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Fetch and read a feed, say what it would bring, and keep nothing.
    Test {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// Indicators that are shown.
        #[arg(long, value_name = "N", default_value_t = 10)]
        rows: usize,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Ask a feed no more for now.
    Pause {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Ask a feed again.
    Resume {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Remove a feed with all that it claims.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

fn feed_kind(text: &str) -> Result<FeedKind, String> {
    let read = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    let known = "list, stix, taxii, misp, misp-rest, kev, csaf, leaks, hibp, new-domains, nmap, nuclei";
    read.map_err(|_| format!("{text:?} is no kind of feed; known are {known}"))
}

pub(super) fn confidence(text: &str) -> Result<Confidence, String> {
    let percent = text.trim_end_matches('%').parse::<u8>().ok().and_then(Confidence::new);
    percent.ok_or_else(|| format!("{text:?} is no percentage: 0 to 100"))
}
