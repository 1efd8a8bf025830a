//! The command line.

mod behaviour;
mod collections;
mod csf;
mod house;
mod intel;
mod mobile;
mod outlets;
mod peers;
mod probes;
mod register;
mod reports;
mod risk;
mod rmf;
mod simulate;
mod vuln;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use model::{AgencyId, Format, Level, OpContext};

use crate::config::{Config, Overrides};
use crate::exit::Exit;

pub(crate) use behaviour::{BehaviourArgs, BehaviourCommand, ScoreArgs};
pub(crate) use collections::{CollectionArgs, CollectionCommand, Right};
pub(crate) use csf::{AnswerArgs, AnswersAs, BenchmarkArgs, CsfArgs, CsfCommand, YearArgs};
pub(crate) use house::{
    AuditArgs, AuditCommand, BackupArgs, DoctorArgs, EraseArgs, HoldArgs, HoldCommand, JobsArgs, JobsCommand, KeysArgs,
    KeysCommand, PeopleArgs, PeopleCommand, RestoreArgs, TokenArgs, TokenCommand,
};

pub(crate) use intel::{FeedAddArgs, FeedArgs, FeedCommand, IntelArgs, IntelCommand, LookupTier, TermsArgs};
pub(crate) use mobile::{MobileArgs, MobileCommand, MobileFlowArgs, MobilePermissionArgs, MobileSayArgs};
pub(crate) use outlets::{OutletAddArgs, OutletArgs, OutletCommand};
pub(crate) use peers::{
    AddressArgs, AgreedArgs, GroupCommand, PeerAddArgs, PeerArgs, PeerCommand, ReachArgs, ShareArgs, ShareCommand,
    SharedRight,
};
pub(crate) use probes::{ProbeAddArgs, ProbeArgs, ProbeCommand};
pub(crate) use register::{
    AssetArgs, DataSaid, DiscoverArgs, ImportArgs, ItemCommand, ItemListArgs, LinkArgs, RegisterArgs, RegisterCommand,
    SayArgs, ServiceArgs, Told, YesNo,
};
pub(crate) use reports::{ReportArgs, ReportCommand};
pub(crate) use risk::{RiskArgs, RiskCommand};
pub(crate) use rmf::{RmfArgs, RmfAt, RmfCommand};
pub(crate) use simulate::SimulateArgs;
pub(crate) use vuln::{VulnArgs, VulnCheckArgs, VulnCommand, VulnListArgs, VulnPolicyArgs, VulnScanArgs};

/// Watchbell keeps a city's digital services safe and its citizens' trust whole.
#[derive(Debug, Parser)]
#[command(name = "watchbell", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look through log files with rules and indicators, without a server.
    Scan(ScanArgs),
    /// Play days of an invented city with planted attacks, and say which of them would have been found.
    Simulate(SimulateArgs),
    /// Keep watch: take records in live, detect, keep everything.
    Serve(ServeArgs),
    /// Show what was found, worst first.
    Findings(FindingsArgs),
    /// Ask about everything that was kept, in SQL.
    Hunt(HuntArgs),
    /// Work on saved hunts.
    Hunts(HuntsArgs),
    /// Try rules and indicators on what was kept, before they go live.
    Retro(RetroArgs),
    /// Score series and edges: what is unusual by what was before.
    Behaviour(BehaviourArgs),
    /// Work on detection rules.
    Rules(RulesArgs),
    /// Work on feeds: sources of intelligence that are asked again and again.
    Feed(FeedArgs),
    /// Work on intelligence: load it, look things up, match patterns.
    Intel(IntelArgs),
    /// Work on the register: services, what they are and what they need.
    Service(ServiceArgs),
    /// Work on the register: applications, machines, devices, accounts, suppliers, data stores.
    Asset(AssetArgs),
    /// Work on the whole register: import, export, look up addresses, find what nobody registered.
    Register(RegisterArgs),
    /// Work on apps for telephones: what they ask for, what was found, whether they may open.
    Mobile(MobileArgs),
    /// Work on the self-assessment by the Cybersecurity Framework, and on the anonymous comparison.
    Csf(CsfArgs),
    /// Work through the seven steps of the Risk Management Framework, service by service.
    Rmf(RmfArgs),
    /// Work on outlets: what leaves for blocklists and detectors of others.
    Outlet(OutletArgs),
    /// Look at services from outside: down, slow, defaced, or with data that somebody touched.
    Probe(ProbeArgs),
    /// Work on peers: agencies with whom this one shares.
    Peer(PeerArgs),
    /// See what left, say which sources are shared, work on sharing groups.
    Share(ShareArgs),
    /// Work on tokens of programs that bring records.
    Token(TokenArgs),
    /// Work on collections of shared objects (TAXII), and on who may read and write them.
    Collection(CollectionArgs),
    /// Admit the people who work here, and give them roles.
    People(PeopleArgs),
    /// Place and lift legal holds: times whose data must not be deleted.
    Hold(HoldArgs),
    /// Delete one person's data for good, and prove it.
    Erase(EraseArgs),
    /// Read the ledger of who did what, and verify that nobody changed it.
    Audit(AuditArgs),
    /// Look whether an installation is well: ports, permissions, clock, disk, backups, sources.
    Doctor(DoctorArgs),
    /// Watch the watch in the terminal: rates, lags, what was found last.
    Top(TopArgs),
    /// Look at work that waits or that failed for good.
    Jobs(JobsArgs),
    /// Copy an installation into a folder, without its keys.
    Backup(BackupArgs),
    /// Make an installation of a backup, and verify it.
    Restore(RestoreArgs),
    /// Work on the keys that seal names and sign the ledger.
    Keys(KeysArgs),
    /// Look through everything that was kept for damage.
    Fsck(FsckArgs),
    /// Show the configuration.
    Config(ConfigArgs),
    /// See what is at stake: where the city stands, and which service may open first.
    Risk(RiskArgs),
    /// Work on vulnerabilities: which first, which is on which item, by when, and who carries which risk.
    Vuln(Box<VulnArgs>),
    /// Check content before it is used: a verdict and a reason for each file.
    Validate(crate::validate::ValidateArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}

/// What detectors are to know.
#[derive(Debug, Args)]
pub(crate) struct ContentArgs {
    /// Sigma rules: a file, or a folder with everything below it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Indicators: `value<TAB>label[<TAB>confidence]`, one a line; plain, gz or zst.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) indicators: Vec<PathBuf>,
    /// How bad it is when one of the indicators is seen.
    #[arg(long, value_name = "LEVEL", help = "How bad it is when one of the indicators is seen [default: medium]")]
    pub(crate) indicator_level: Option<Level>,
    /// Things known to be harmless: MISP warning lists (list.json, or folders of them) and plain lists.
    #[arg(long, value_name = "LIST", value_hint = ValueHint::AnyPath)]
    pub(crate) suppress: Vec<PathBuf>,
    /// How to read JSON that no reader knows (TOML; see the guide on mappings).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) mapping: Vec<PathBuf>,
    /// Which rules see which records, beyond the built-in table (TOML; see the guide on rules).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) routing: Option<PathBuf>,
    /// Values for placeholders in rules: TOML, `Administrators = ["root", "adm*"]`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) placeholders: Option<PathBuf>,
}

/// Which installation.
#[derive(Clone, Debug, Args)]
pub(crate) struct DataArgs {
    /// Folder of everything that is kept.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML); `watchbell.toml` in the data folder when there is one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

impl DataArgs {
    /// What they say about the configuration.
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides { file: self.config.clone(), ..Overrides::default() };
        if let Some(folder) = &self.data {
            overrides.set("data_dir", folder.display().to_string());
        }
        overrides
    }

    /// The configuration.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        Config::load(&self.overrides())
    }
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// Address and port of the HTTP door [default: 127.0.0.1:8787].
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Something in front of us speaks TLS: a plain listener may be reached from elsewhere.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Serve policy zones to resolvers at this address, over TCP and UDP.
    #[arg(long, value_name = "ADDR")]
    pub(crate) rpz_listen: Option<String>,
    /// Take syslog over UDP at this address, beside the configured sources.
    #[arg(long, value_name = "ADDR")]
    pub(crate) syslog_udp: Option<String>,
    /// Take syslog over TCP at this address, beside the configured sources.
    #[arg(long, value_name = "ADDR")]
    pub(crate) syslog_tcp: Option<String>,
    /// Follow these files, folders or patterns, beside the configured sources.
    #[arg(long, value_name = "PATH")]
    pub(crate) tail: Vec<String>,
    /// One JSON object on stdout, `{"listening", "setup_url"}`, and logs as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no hints.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Whose findings; the installation's own agency unless given.
    #[arg(long)]
    pub(crate) agency: Option<AgencyId>,
    /// Only findings of this level and above.
    #[arg(long, value_name = "LEVEL", default_value_t = Level::Informational)]
    pub(crate) min_level: Level,
    /// Only what happened at or after this time (RFC 3339), or so long ago: 90d, 12h, 30m.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Findings that a list of harmless things has silenced, too.
    #[arg(long)]
    pub(crate) suppressed: bool,
    /// Rows in the table.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) rows: usize,
    /// One OCSF Detection Finding (class 2004) a line instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HuntArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The question: one SELECT over `events` and `findings`; `-` reads it from stdin. `DESCRIBE events` lists columns.
    #[arg(value_name = "SQL", required_unless_present = "saved", conflicts_with = "saved")]
    pub(crate) sql: Option<String>,
    /// Ask a saved hunt.
    #[arg(long, value_name = "NAME")]
    pub(crate) saved: Option<String>,
    /// Save the hunt under this name before it is asked.
    #[arg(long, value_name = "NAME", conflicts_with = "saved")]
    pub(crate) save: Option<String>,
    /// Whose events; the installation's own agency unless given.
    #[arg(long)]
    pub(crate) agency: Option<AgencyId>,
    /// Why personal data is needed: without it, accounts are pseudonyms and free text is not shown.
    #[arg(long, value_name = "TEXT")]
    pub(crate) purpose: Option<String>,
    /// One JSON object a row.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// CSV with a header.
    #[arg(long)]
    pub(crate) csv: bool,
    /// Most rows.
    #[arg(long, value_name = "N")]
    pub(crate) rows: Option<usize>,
    /// Longest time in seconds.
    #[arg(long, value_name = "S")]
    pub(crate) seconds: Option<u64>,
    /// Most memory of the engine in MiB.
    #[arg(long, value_name = "MIB")]
    pub(crate) memory_mib: Option<usize>,
    /// No closing words.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HuntsArgs {
    #[command(subcommand)]
    pub(crate) command: HuntsCommand,
}

/// Which installation, and which agency's part of it.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhoseArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Which agency's; the installation's own unless given.
    #[arg(long)]
    pub(crate) agency: Option<AgencyId>,
}

impl WhoseArgs {
    /// The configuration, and a context of the agency.
    pub(crate) fn open(&self) -> anyhow::Result<(Config, OpContext)> {
        let config = self.data.config()?;
        let ctx = crate::node::context(self.agency.as_ref().unwrap_or(&config.agency), None)?;
        Ok((config, ctx))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum HuntsCommand {
    /// List saved hunts.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a hunt.
        #[arg(long)]
        json: bool,
    },
    /// Save a hunt under a name.
    Save {
        /// The name.
        name: String,
        /// The SQL.
        sql: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Remove a saved hunt.
    Remove {
        /// The name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RetroArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// Whose events; the installation's own agency unless given.
    #[arg(long)]
    pub(crate) agency: Option<AgencyId>,
    /// How many days back.
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) days: u32,
    /// Rows in the table.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) rows: usize,
    /// One JSON object a rule or indicator.
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no closing words.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// Seconds between two looks.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) every: u64,
    /// One look, as text or with --json as one JSON object, instead of a view that stays.
    #[arg(long)]
    pub(crate) once: bool,
    /// One JSON object a look.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FsckArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Mend what can be mended; what is cut out is kept in the quarantine.
    #[arg(long)]
    pub(crate) repair: bool,
    /// One JSON object a file.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every key that is set.
    Show {
        #[command(flatten)]
        data: DataArgs,
        /// Say where each value comes from.
        #[arg(long)]
        origin: bool,
        /// One JSON object a key.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// Log files and folders of them; plain, gz, zst or evtx.
    #[arg(required = true, value_name = "FILES", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// Read every record as this format instead of recognising it.
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// One OCSF Detection Finding (class 2004) a line instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show only findings of this level and above.
    #[arg(long, value_name = "LEVEL", default_value_t = Level::Informational)]
    pub(crate) min_level: Level,
    /// Rows in the table.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) rows: usize,
    /// Threads; the number of cores unless given.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// No progress bar and no closing words.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Check rules and run their own examples: for the CI of a rule repository.
    Test(RulesTestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RulesTestArgs {
    /// Folder with rules. Examples stand below it, or where a rule's `regression_tests_path` says.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// More examples: files of one JSON object a line, `{"rule_id", "events_raw" | "events_flat", "expected_min"}`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cases: Vec<PathBuf>,
    /// Which rules see which records, beyond the built-in table.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) routing: Option<PathBuf>,
    /// Values for placeholders in rules.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) placeholders: Option<PathBuf>,
    /// One JSON object a line: `{"kind": "broken" | "rule" | "remark", …}`.
    #[arg(long)]
    pub(crate) json: bool,
    /// Remarks of the lint of level warning and above fail the test, too.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Show every tested rule and every remark, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
}

/// Shows the configuration.
pub(crate) fn config(arguments: &ConfigArgs) -> anyhow::Result<Exit> {
    let ConfigCommand::Show { data, origin, json } = &arguments.command;
    crate::config::show(&data.overrides(), *origin, *json)?;
    Ok(Exit::Ok)
}

/// Prints a completion script.
#[expect(clippy::unnecessary_wraps, reason = "every command ends the same way")]
pub(crate) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    clap_complete::generate(shell, &mut Cli::command(), "watchbell", &mut std::io::stdout());
    Ok(Exit::Ok)
}

/// Prints the manual page.
pub(crate) fn man() -> anyhow::Result<Exit> {
    clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
