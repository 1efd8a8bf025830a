//! What an outlet gives, in which form, and to whom.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use ::intel::release::{Field, PeerId, PeerPolicy, Relation};
use formats::release::rpz::Action;
use model::{Confidence, IndicatorKind, Level, Pap, Timestamp, Tlp, limits};
use serde::{Deserialize, Serialize};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutletForm {
    /// A STIX 2.1 bundle.
    Stix,
    /// A MISP feed: a folder.
    Misp,
    /// A table with a head.
    Csv,
    /// One value on a line.
    Text,
    /// Datasets and the rules that look into them: a folder.
    Suricata,
    /// A file of Zeek's intelligence framework.
    Zeek,
    /// Named sets for `nft -f`.
    Nftables,
    /// A response policy zone.
    Rpz,
    /// Names that lead nowhere.
    Hosts,
}

impl OutletForm {
    /// All of them.
    pub const ALL: [OutletForm; 9] = [
        OutletForm::Stix,
        OutletForm::Misp,
        OutletForm::Csv,
        OutletForm::Text,
        OutletForm::Suricata,
        OutletForm::Zeek,
        OutletForm::Nftables,
        OutletForm::Rpz,
        OutletForm::Hosts,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            OutletForm::Stix => "stix",
            OutletForm::Misp => "misp",
            OutletForm::Csv => "csv",
            OutletForm::Text => "text",
            OutletForm::Suricata => "suricata",
            OutletForm::Zeek => "zeek",
            OutletForm::Nftables => "nftables",
            OutletForm::Rpz => "rpz",
            OutletForm::Hosts => "hosts",
        }
    }

    /// What it is for when nobody says.
    pub const fn usual_use(self) -> OutletUse {
        match self {
            OutletForm::Nftables | OutletForm::Rpz | OutletForm::Hosts => OutletUse::Block,
            _ => OutletUse::Detect,
        }
    }

    /// The file that is given when none is named; of a folder, the one that names the others.
    pub const fn main_file(self) -> &'static str {
        match self {
            OutletForm::Stix => "bundle.json",
            OutletForm::Misp => "manifest.json",
            OutletForm::Csv => "indicators.csv",
            OutletForm::Text => "indicators.txt",
            OutletForm::Suricata => "watchbell.rules",
            OutletForm::Zeek => "intel.dat",
            OutletForm::Nftables => "sets.nft",
            OutletForm::Rpz => "zone.db",
            OutletForm::Hosts => "hosts",
        }
    }

    /// Whether it is several files.
    pub const fn is_folder(self) -> bool {
        matches!(self, OutletForm::Misp | OutletForm::Suricata)
    }
}

impl fmt::Display for OutletForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OutletForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = OutletForm::ALL.into_iter().find(|form| form.name() == text);
        let names = OutletForm::ALL.map(OutletForm::name).join(", ");
        found.ok_or_else(|| format!("{text:?} is no form; known are {names}"))
    }
}

/// What may be done with its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutletUse {
    /// Blocked: only what weighing lets us block.
    Block,
    /// Looked for: whatever detectors here look for.
    Detect,
}

impl OutletUse {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            OutletUse::Block => "block",
            OutletUse::Detect => "detect",
        }
    }
}

impl fmt::Display for OutletUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OutletUse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "block" => Ok(OutletUse::Block),
            "detect" => Ok(OutletUse::Detect),
            _ => Err(format!("{text:?} is no use; known are block, detect")),
        }
    }
}

/// What a resolver does with a name that is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RpzAction {
    /// Says that there is no such name.
    #[default]
    Nxdomain,
    /// Says that the name has no such record.
    Nodata,
    /// Says nothing.
    Drop,
    /// Answers as always; resolvers log it.
    Passthru,
}

impl RpzAction {
    /// As the zone's writer has it.
    pub fn action(self) -> Action {
        match self {
            RpzAction::Nxdomain => Action::NxDomain,
            RpzAction::Nodata => Action::NoData,
            RpzAction::Drop => Action::Drop,
            RpzAction::Passthru => Action::PassThru,
        }
    }
}

impl FromStr for RpzAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nxdomain" => Ok(RpzAction::Nxdomain),
            "nodata" => Ok(RpzAction::Nodata),
            "drop" => Ok(RpzAction::Drop),
            "passthru" => Ok(RpzAction::Passthru),
            _ => Err(format!("{text:?} is no action; known are nxdomain, nodata, drop, passthru")),
        }
    }
}

/// A policy zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpzSettings {
    /// Its name: lower case, no dot at the end.
    pub zone: String,
    /// What resolvers do.
    #[serde(default)]
    pub action: RpzAction,
    /// How long they may keep a record.
    pub ttl_seconds: u32,
    /// Resolvers that are told of changes.
    #[serde(default)]
    pub tell: Vec<SocketAddr>,
}

/// What an outlet gives, in which form, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutletSettings {
    /// How it is written.
    pub form: OutletForm,
    /// What may be done with it.
    #[serde(rename = "for")]
    pub use_: OutletUse,
    /// Only these kinds; all that the form has words for when empty.
    #[serde(default)]
    pub kinds: BTreeSet<IndicatorKind>,
    /// Only what is as sure as this.
    pub confidence_min: Confidence,
    /// Only what is as bad as this.
    pub level_min: Level,
    /// The strictest marking that may go there.
    pub tlp: Tlp,
    /// The strictest PAP that is heeded there.
    pub pap: Pap,
    /// Whose program it is.
    pub to: Relation,
    /// At most so many entries, the surest.
    pub entries_max: u64,
    /// Days behind its last sighting for which an entry holds, where its source does not vouch for it any more or says when it saw it.
    #[serde(default)]
    pub days: Option<u32>,
    /// The zone, where it is one.
    #[serde(default)]
    pub rpz: Option<RpzSettings>,
}

/// How long resolvers keep a record of a zone when nobody says.
const TTL_SECONDS: u32 = 300;

impl OutletSettings {
    /// What holds for a form when nobody says anything else: for programs of our own.
    pub fn usual(form: OutletForm) -> Self {
        let use_ = form.usual_use();
        OutletSettings {
            form,
            use_,
            kinds: BTreeSet::new(),
            confidence_min: Confidence::new(0).unwrap_or(Confidence::UNSTATED),
            level_min: Level::Informational,
            tlp: Tlp::Amber,
            // Who blocks is noticed; who looks is not.
            pap: if use_ == OutletUse::Block { Pap::Green } else { Pap::Amber },
            to: Relation::SameOrganisation,
            entries_max: limits::OUTLET_ENTRIES_MAX,
            days: None,
            rpz: None,
        }
    }

    /// A zone of that name, as it is when nobody says anything else.
    pub fn usual_zone(zone: &str) -> RpzSettings {
        let zone = zone.trim_end_matches('.').to_ascii_lowercase();
        RpzSettings { zone, action: RpzAction::default(), ttl_seconds: TTL_SECONDS, tell: Vec::new() }
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(config: &str) -> Result<Self, String> {
        serde_json::from_str(config).map_err(|error| error.to_string())
    }

    /// Whether it can work like this.
    ///
    /// # Errors
    /// What is wrong, with a hint.
    pub fn check(&self) -> Result<(), String> {
        if self.tlp == Tlp::Red {
            return Err(
                "TLP:RED is for the persons who were told, no program passes it on; hint: --tlp amber".to_owned()
            );
        }
        if !(1..=limits::OUTLET_ENTRIES_MAX).contains(&self.entries_max) {
            return Err(format!("an outlet has 1 to {} entries", limits::OUTLET_ENTRIES_MAX));
        }
        if self.days.is_some_and(|days| !(1..=limits::OUTLET_DAYS_MAX).contains(&days)) {
            return Err(format!("an entry holds for 1 to {} days", limits::OUTLET_DAYS_MAX));
        }
        match (self.form, &self.rpz) {
            (OutletForm::Rpz, None) => Err("a policy zone has a name; hint: --zone rpz.city.example".to_owned()),
            (OutletForm::Rpz, Some(rpz)) => check_zone(rpz),
            (_, Some(_)) => Err(format!("{} is no policy zone, and has no name of one", self.form)),
            (_, None) => Ok(()),
        }
    }

    /// What the gate lets through to the outlet of that name.
    pub(super) fn policy(&self, name: &str, ends: Timestamp) -> Option<PeerPolicy> {
        let peer = PeerId::parse(&format!("outlet:{name}"))?;
        Some(PeerPolicy {
            relation: self.to,
            clearance: Some(self.tlp),
            pap: self.pap,
            fields: [Field::Label, Field::Confidence, Field::Level, Field::Times].into(),
            until: Some(ends),
            ..PeerPolicy::deny(peer)
        })
    }
}

fn check_zone(rpz: &RpzSettings) -> Result<(), String> {
    let is_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_byte);
    // Half of the room of a name, so that there is some left for what the zone lists.
    if rpz.zone.len() > 127 || !rpz.zone.split('.').all(is_label) {
        let zone: String = rpz.zone.chars().take(80).collect();
        return Err(format!("{zone:?} is no name of a zone; hint: --zone rpz.city.example"));
    }
    if rpz.tell.len() > limits::RPZ_SECONDARIES_MAX {
        return Err(format!("at most {} resolvers are told", limits::RPZ_SECONDARIES_MAX));
    }
    if rpz.ttl_seconds == 0 || rpz.ttl_seconds > 86_400 {
        return Err("resolvers keep a record for 1 to 86400 seconds".to_owned());
    }
    Ok(())
}
