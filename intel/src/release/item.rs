//! What may be shared. None of these types can be written as bytes: only what is [`super::Cleared`] can.

use std::collections::BTreeSet;
use std::fmt;

use model::{Confidence, IndicatorKind, Level, Marking, Month, Timestamp};

use super::policy::{GroupId, PeerId};

/// Whose information it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Ours: our marking says how far it goes.
    Own,
    /// Somebody gave it to us: the marking says how far *we* may pass it on.
    From(PeerId),
}

/// Whether the submitter wants to be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// No. Silence is no consent.
    #[default]
    No,
    /// Yes.
    Yes,
}

/// How it has to be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    /// TLP and PAP.
    pub marking: Marking,
    /// Sharing groups that it is for; none: for all whom the marking allows.
    pub groups: BTreeSet<GroupId>,
    /// Whose it is.
    pub provenance: Provenance,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// Who submitted it.
    pub submitter: Option<String>,
    /// Whether they want to be named.
    pub consent: Consent,
}

/// The name of an account. Prints as a placeholder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account(pub(super) String);

impl Account {
    /// From the name, as records write it (`h.brandt`, `CITY\h.brandt`, `h.brandt@stadt.example`).
    pub fn new(name: &str) -> Self {
        Account(name.trim().to_owned())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// What an item is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An indicator: kind and value in normal form.
    Indicator(IndicatorKind, String),
    /// Somebody saw an indicator.
    Sighting(IndicatorKind, String),
    /// Somebody saw a technique of ATT&CK in a month: its id.
    Technique(Month, String),
    /// A report in words.
    Report,
}

impl About {
    /// What it names, as it stands in what is told.
    pub(super) fn value(&self) -> &str {
        match self {
            About::Indicator(_, value) | About::Sighting(_, value) | About::Technique(_, value) => value,
            About::Report => "",
        }
    }
}

/// An indicator, a sighting or a report, with everything that we know.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its id. It follows from the content or is random; it names nobody.
    pub id: String,
    /// What it is about.
    pub about: About,
    /// How it has to be handled.
    pub handling: Handling,
    /// What it is called.
    pub label: Option<String>,
    /// How sure we are.
    pub confidence: Option<Confidence>,
    /// How bad it is.
    pub level: Option<Level>,
    /// First time.
    pub first_seen: Option<Timestamp>,
    /// Last time.
    pub last_seen: Option<Timestamp>,
    /// How often.
    pub count: Option<u64>,
    /// ATT&CK techniques.
    pub techniques: Vec<String>,
    /// The machine on which it was seen.
    pub machine: Option<String>,
    /// The accounts that it concerns; they are looked for in all words, too.
    pub accounts: Vec<Account>,
    /// Title of a report.
    pub title: Option<String>,
    /// Words.
    pub text: Option<String>,
}

impl Item {
    /// An item that says nothing beyond what it is about.
    pub fn new(id: &str, about: About, handling: Handling) -> Self {
        Item {
            id: id.to_owned(),
            about,
            handling,
            label: None,
            confidence: None,
            level: None,
            first_seen: None,
            last_seen: None,
            count: None,
            techniques: Vec::new(),
            machine: None,
            accounts: Vec::new(),
            title: None,
            text: None,
        }
    }
}

/// In how many organisations something was seen, without saying in which.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// Its id.
    pub id: String,
    /// What was seen.
    pub seen: About,
    /// How it has to be handled: the strictest of all who reported.
    pub handling: Handling,
    /// Organisations.
    pub organisations: u32,
    /// Sightings of all together. Not released where there is noise: one organisation may have had all of them.
    pub sightings: u64,
    /// A uniform draw between 0 and 1, where the policy may ask for noise.
    pub draw: Option<f64>,
}
