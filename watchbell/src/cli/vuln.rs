//! Commands about vulnerabilities.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueHint};
use model::Day;
use model::register::ItemId;
use model::software::Status;
use model::vulnerability::VulnerabilityId;

use super::WhoseArgs;

/// Work on vulnerabilities.
#[derive(Debug, Args)]
pub(crate) struct VulnArgs {
    #[command(subcommand)]
    pub(crate) command: VulnCommand,
}

/// A bill of materials of an item: `ITEM=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BillOf {
    pub(crate) item: ItemId,
    pub(crate) file: PathBuf,
}

impl FromStr for BillOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (item, file) = text.split_once('=').ok_or("say which item: ITEM=FILE")?;
        let item = ItemId::parse(item).map_err(|error| error.to_string())?;
        if file.is_empty() {
            return Err("say which file: ITEM=FILE".to_owned());
        }
        Ok(BillOf { item, file: PathBuf::from(file) })
    }
}

/// What a person says: a word of VEX, or that checks count again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusSaid(pub(crate) Option<Status>);

impl FromStr for StatusSaid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.trim().to_ascii_lowercase().replace('-', "_");
        if plain == "unsaid" {
            return Ok(StatusSaid(None));
        }
        let found = Status::ALL.iter().copied().find(|status| status.vex() == plain);
        found.map(|status| StatusSaid(Some(status))).ok_or_else(|| {
            let known: Vec<&str> = Status::ALL.iter().map(|status| status.vex()).collect();
            format!("known are {} and unsaid", known.join(", "))
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct VulnCheckArgs {
    /// Folder with what others publish: advisories (OSV, CSAF, NVD; `.json` and `.jsonl`), forecasts, the catalogue of exploited
    /// vulnerabilities, records with decision points; plain, gz or zst, also in folders below.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: PathBuf,
    /// The bill of materials of an item (CycloneDX, SPDX).
    #[arg(long, value_name = "ITEM=FILE")]
    pub(crate) sbom: Vec<BillOf>,
    /// Say what would be found, and keep nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// One JSON object a vulnerability on an item, then one about the check.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VulnScanArgs {
    /// The report: Nessus, OpenVAS, Trivy, Grype, osv-scanner, Nuclei, SARIF or CycloneDX.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Everything in it is about this item: an image, a folder, a program. Without it, items are found by the hosts' addresses and names.
    #[arg(long, value_name = "ITEM")]
    pub(crate) on: Option<ItemId>,
    /// Folder with forecasts, the catalogue of exploited vulnerabilities and records with decision points, to say how likely each is tried.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: Option<PathBuf>,
    /// Say what would be kept, and keep nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// One JSON object a vulnerability on an item, then one about the report.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VulnListArgs {
    /// Only on this item.
    #[arg(long, value_name = "ITEM")]
    pub(crate) item: Option<ItemId>,
    /// Only with this in the vulnerability's name, or the item's name or title.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) text: String,
    /// Only those whose day has passed.
    #[arg(long)]
    pub(crate) overdue: bool,
    /// Also those that are mended or were never there.
    #[arg(long)]
    pub(crate) settled: bool,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) top: usize,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VulnPolicyArgs {
    /// A policy to keep (TOML); the one in use is printed without this.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) set: Option<PathBuf>,
    /// A decision table that it goes by (SSVC; CSV or JSON), such as the deployer's or that of BOD 26-04.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) table: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VulnCommand {
    /// Put every vulnerability that was known on a day into the order in which to mend, with reasons. Nothing later than the day
    /// counts.
    Rank {
        /// The day, as 2024-07-28.
        #[arg(long, value_name = "DATE")]
        as_of: Day,
        /// Folder with forecasts (`epss_scores-DATE.csv`), the catalogue of exploited vulnerabilities and records with decision
        /// points (Vulnrichment), named as their publishers name them; plain, gz or zst, also in folders below.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        from: PathBuf,
        /// How many to show.
        #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "json")]
        top: usize,
        /// All of them, one JSON object a line: `{"id", "score", "reasons"}`.
        #[arg(long)]
        json: bool,
    },
    /// Hold the register's software and bills of materials against advisories, and keep what is found.
    Check(VulnCheckArgs),
    /// Bring a scanner's report, and keep what it says of the register's items.
    Scan(VulnScanArgs),
    /// List vulnerabilities on items, those to mend first before the others.
    List(VulnListArgs),
    /// Carry a risk until a day.
    Accept {
        /// Which vulnerability.
        id: VulnerabilityId,
        /// On which item; on all unless given.
        #[arg(long, value_name = "ITEM")]
        item: Option<ItemId>,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// The last day on which it is carried; a year ahead at most.
        #[arg(long, value_name = "DATE")]
        until: Day,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Carry a risk no longer: its deadline counts again.
    Lift {
        /// The number of the acceptance.
        number: u64,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say what holds where you know better than a check.
    Say {
        /// Which vulnerability.
        id: VulnerabilityId,
        /// On which item.
        #[arg(long, value_name = "ITEM")]
        item: ItemId,
        /// What holds: not_affected, fixed, under_investigation, affected; unsaid takes earlier words back.
        #[arg(long, value_name = "STATUS")]
        status: StatusSaid,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Show or keep the policy by which flaws are due.
    Policy(VulnPolicyArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say() {
        assert_eq!("not-affected".parse(), Ok(StatusSaid(Some(Status::NotAffected))));
        assert_eq!("fixed".parse(), Ok(StatusSaid(Some(Status::Fixed))));
        assert_eq!("unsaid".parse(), Ok(StatusSaid(None)));
        assert!("perhaps".parse::<StatusSaid>().is_err());
        let bill: BillOf = "portal=bill.json".parse().unwrap();
        assert_eq!((bill.item.as_str(), bill.file), ("portal", PathBuf::from("bill.json")));
        assert!("bill.json".parse::<BillOf>().is_err() && "portal=".parse::<BillOf>().is_err());
    }
}
