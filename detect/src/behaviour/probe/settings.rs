//! What is expected of a probe, as people and the register say it, and what can be wrong with a service.

use std::fmt;

use model::{Level, Timestamp};
use serde::{Deserialize, Serialize};

/// What is expected of one probe. Everything may be empty: then only what was seen before counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The host that is asked.
    pub host: String,
    /// Statuses that are right; empty: 200 to 399.
    pub statuses: Vec<u16>,
    /// Addresses and names that the name may lead to, as the register says; ranges as `192.0.2.0/24`.
    pub answers: Vec<String>,
    /// Hosts, each with everything below it, that redirects and parts of pages may lead to, beside the service's own domain.
    pub hosts: Vec<String>,
    /// SHA-256 of public keys that the certificate may have.
    pub keys: Vec<String>,
    /// Words that the page always has.
    pub text: Option<String>,
    /// SHA-256 of the data, as its publisher says.
    pub hash: Option<String>,
    /// Between which numbers fields of the data stay.
    pub fields: Vec<FieldRange>,
    /// Seconds after which data is stale.
    pub stale_after_seconds: Option<u64>,
    /// Microseconds after which an answer is slow, whatever is usual.
    pub slow_us: Option<u64>,
    /// The probe of something that is not ours and never down: when it fails, it is our own line.
    pub control: Option<String>,
    /// This is such a control target itself.
    pub is_control: bool,
    /// When somebody works on the service.
    pub planned: Vec<Window>,
}

impl Expected {
    /// The window of planned work in which that moment lies.
    pub fn planned_at(&self, time: Timestamp) -> Option<Window> {
        self.planned.iter().copied().find(|window| window.from <= time && time < window.until)
    }
}

/// Between which numbers a field stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRange {
    /// The field, names of members joined by dots.
    pub name: String,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

/// From one moment up to, but not, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $title:literal, $level:ident, [$($technique:literal),*];)+) => {
        /// What can be wrong with a service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Problem { $($(#[$doc])* #[serde(rename = $word)] $name,)+ }

        impl Problem {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Problem] = &[$(Problem::$name),+];

            /// Its word.
            pub const fn word(self) -> &'static str {
                match self { $(Problem::$name => $word),+ }
            }

            /// A title for people.
            pub const fn title(self) -> &'static str {
                match self { $(Problem::$name => $title),+ }
            }

            /// How bad it usually is.
            pub const fn level(self) -> Level {
                match self { $(Problem::$name => Level::$level),+ }
            }

            /// ATT&CK techniques that look like this.
            pub const fn techniques(self) -> &'static [&'static str] {
                match self { $(Problem::$name => &[$($technique),*]),+ }
            }
        }
    };
}

problems! {
    /// The control target fails too: nothing is known about services.
    OurLine = "our-line", "Our own line is down", Medium, [];
    /// Nobody can reach it.
    Down = "down", "Service is down", High, ["T1499"];
    /// Some places can reach it, others cannot.
    PartlyDown = "partly-down", "Service cannot be reached from some places", Medium, [];
    /// It takes longer than usual at this hour.
    Slow = "slow", "Service is slow", Medium, ["T1499"];
    /// Its name leads nowhere.
    NameFails = "name-fails", "Name of a service does not resolve", High, [];
    /// Its name leads somewhere else.
    NameChanged = "name-changed", "Name of a service leads somewhere new", High, ["T1584.002"];
    /// No authority vouches for its certificate, or it is for another name.
    Certificate = "certificate", "Certificate of a service is not good", High, ["T1557"];
    /// Its certificate ends soon.
    CertificateEnds = "certificate-ends", "Certificate of a service ends soon", Medium, [];
    /// It shows another certificate than was to be expected.
    CertificateChanged = "certificate-changed", "Certificate of a service changed unexpectedly", Medium, ["T1557"];
    /// It sends people to somebody else.
    Redirected = "redirected", "Service sends people to a foreign host", High, ["T1584.001"];
    /// A part of its pages comes from, or leads to, somebody new.
    ForeignPart = "foreign-part", "Page has a part of a foreign host", High, ["T1189"];
    /// People see something else than they should.
    Defaced = "defaced", "Page changed far beyond its usual change", High, ["T1491.002"];
    /// Data is not what it was or says it is.
    Tampered = "tampered", "Open data changed far beyond its usual change", High, ["T1565.001"];
    /// Data is older than it may be.
    Stale = "stale", "Open data is stale", Low, [];
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
