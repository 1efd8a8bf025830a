//! One item of the register.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::privacy::DataCategory;
use super::words::{ItemId, words};
use crate::limits;

words! {
    /// What an item is.
    ItemKind, "kind of item" {
        /// What people come for: a portal, an office's counter, the sirens.
        Service = "service",
        /// A program, also as somebody else runs it.
        Application = "application",
        /// A server, a workplace, a network device.
        Machine = "machine",
        /// A thing: a sensor, a controller, a camera, a siren.
        Device = "device",
        /// An account or a group of accounts.
        Identity = "identity",
        /// A supplier.
        Vendor = "vendor",
        /// A database, a share, an archive.
        DataStore = "data-store",
    }
}

words! {
    /// Where an item is in its life.
    Lifecycle, "state of an item" {
        /// It is planned.
        Planned = "planned",
        /// It runs.
        Running = "running",
        /// It runs no more.
        Retired = "retired",
    }
}

words! {
    /// Who can reach an item over a network.
    Exposure, "exposure" {
        /// Nobody but machines of its own network.
        Isolated = "isolated",
        /// The city's own staff.
        Internal = "internal",
        /// Partners and suppliers, too.
        Partners = "partners",
        /// Everybody.
        Public = "public",
    }
}

words! {
    /// How bad something is, of three (FIPS 199).
    Impact, "impact" {
        /// Limited.
        Low = "low",
        /// Serious.
        Moderate = "moderate",
        /// Severe or catastrophic.
        High = "high",
    }
}

/// What is at stake in one of the three objectives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// What follows from the information types.
    pub proposed: Option<Impact>,
    /// What people decided.
    pub decided: Option<Impact>,
    /// Why; needed where it is less than proposed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Objective {
    /// What counts: what was decided, else what was proposed.
    pub fn counts(&self) -> Option<Impact> {
        self.decided.or(self.proposed)
    }
}

/// Confidentiality, integrity, availability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categorization {
    /// If it became known.
    pub confidentiality: Objective,
    /// If it were wrong.
    pub integrity: Objective,
    /// If it were not there.
    pub availability: Objective,
}

impl Categorization {
    /// The highest of the three (FIPS 200); `None` while one of them is open.
    pub fn high_water(&self) -> Option<Impact> {
        let all = [&self.confidentiality, &self.integrity, &self.availability].map(Objective::counts);
        all.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// Personal data that an item holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataHeld {
    /// What it is about.
    pub category: DataCategory,
    /// Of how many residents; `None` while nobody has said.
    pub residents: Option<u64>,
}

/// A program that runs on an item, or is it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Software {
    /// Who makes it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// What it is called.
    pub product: String,
    /// Which version; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Its name in the dictionary of NIST, version 2.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// Its package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
}

/// Where an item is in a network: an address or a range, or a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// An address.
    Ip(IpAddr),
    /// A range.
    Range(IpAddr, u8),
    /// A host name, in small letters.
    Name(String),
}

/// An item of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its name for ever.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// What people call it.
    pub title: String,
    /// Words about it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Where it is in its life.
    pub state: Lifecycle,
    /// Who answers for it: an office, a role; no single person. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Who can reach it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// Personal data that it holds; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<DataHeld>>,
    /// Types of information (SP 800-60 or others), by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub information_types: Vec<String>,
    /// How bad it would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categorization: Option<Categorization>,
    /// Lives hang on it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_life_safety: Option<bool>,
    /// How many residents use it or live with it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residents: Option<u64>,
    /// What a day without it costs, in whole units of the city's currency; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_costs: Option<u64>,
    /// It is, or has, an app for telephones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_mobile: bool,
    /// Where it is in networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Programs on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub software: Vec<Software>,
    /// Words of the city's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// Why an item cannot stand in the register as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{item}: {field}: {reason}")]
pub struct Untidy {
    /// Which item.
    pub item: ItemId,
    /// What of it.
    pub field: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl Item {
    /// An item of which nothing is said but what it is.
    pub fn new(id: ItemId, kind: ItemKind, title: &str) -> Self {
        Item {
            id,
            kind,
            title: title.to_owned(),
            about: String::new(),
            state: Lifecycle::Running,
            owner: String::new(),
            exposure: None,
            data: None,
            information_types: Vec::new(),
            categorization: None,
            is_life_safety: None,
            residents: None,
            day_costs: None,
            is_mobile: false,
            addresses: Vec::new(),
            software: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Says what is wrong with it: too long, said twice, a downgrade without a reason.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Untidy> {
        let wrong = |field, reason: String| Err(Untidy { item: self.id.clone(), field, reason });
        let texts = [("title", &self.title), ("about", &self.about), ("owner", &self.owner)];
        for (field, text) in texts {
            if text.len() > limits::ITEM_TEXT_BYTES_MAX {
                return wrong(field, format!("longer than {} bytes", limits::ITEM_TEXT_BYTES_MAX));
            }
            if text.chars().any(|letter| letter.is_control() && letter != '\n') {
                return wrong(field, "a control character".to_owned());
            }
        }
        if self.title.trim().is_empty() {
            return wrong("title", "it says nothing".to_owned());
        }
        let lists = [
            ("data", self.data.as_ref().map_or(0, Vec::len)),
            ("information_types", self.information_types.len()),
            ("addresses", self.addresses.len()),
            ("software", self.software.len()),
            ("labels", self.labels.len()),
        ];
        for (field, length) in lists {
            if length > limits::ITEM_LIST_MAX {
                return wrong(field, format!("more than {} of them", limits::ITEM_LIST_MAX));
            }
        }
        for (field, text) in self.entries() {
            if text.len() > limits::ITEM_TEXT_BYTES_MAX {
                return wrong(field, format!("an entry of more than {} bytes", limits::ITEM_TEXT_BYTES_MAX));
            }
            if text.chars().any(char::is_control) {
                return wrong(field, "a control character".to_owned());
            }
        }
        let data = self.data.iter().flatten();
        let mut categories: Vec<DataCategory> = data.map(|held| held.category).collect();
        categories.sort_unstable();
        if let Some(twice) =
            categories.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first())).flatten()
        {
            return wrong("data", format!("{twice} is said twice"));
        }
        if let Some(categorization) = &self.categorization {
            let objectives = [
                ("confidentiality", &categorization.confidentiality),
                ("integrity", &categorization.integrity),
                ("availability", &categorization.availability),
            ];
            for (field, objective) in objectives {
                let is_lower = objective.decided.is_some() && objective.decided < objective.proposed;
                if is_lower && objective.why.trim().is_empty() {
                    return wrong(field, "decided lower than proposed, and nobody says why".to_owned());
                }
            }
        }
        Ok(())
    }
}

impl Item {
    /// The texts in its lists.
    fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let software = self.software.iter().flat_map(|software| {
            let names = [software.cpe.as_deref(), software.purl.as_deref()].map(Option::unwrap_or_default);
            [software.vendor.as_str(), &software.product, &software.version].into_iter().chain(names)
        });
        let types = self.information_types.iter().map(|entry| ("information_types", entry.as_str()));
        let labels = self.labels.iter().map(|entry| ("labels", entry.as_str()));
        software.map(|entry| ("software", entry)).chain(types).chain(labels)
    }
}

impl Address {
    /// Reads an address, a range in CIDR notation, or a host name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Address::Ip(address));
        }
        if let Some((address, length)) = text.split_once('/') {
            let (address, length) = (address.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?);
            let most = if address.is_ipv4() { 32 } else { 128 };
            return (length <= most).then(|| Address::Range(masked(address, length), length));
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        (name.len() <= 253 && name.split('.').all(is_label)).then_some(Address::Name(name))
    }

    /// Whether it names that address.
    pub fn covers(&self, address: IpAddr) -> bool {
        match self {
            Address::Ip(own) => *own == address,
            Address::Range(own, length) => own.is_ipv4() == address.is_ipv4() && masked(address, *length) == *own,
            Address::Name(_) => false,
        }
    }
}

/// The first address of its range.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(address) => write!(f, "{address}"),
            Address::Range(address, length) => write!(f, "{address}/{length}"),
            Address::Name(name) => f.write_str(name),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shown: String = text.chars().take(80).collect();
        Address::parse(&text).ok_or_else(|| format!("{shown:?} is no address, range or host name"))
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}
