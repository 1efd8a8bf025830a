//! Indicators on their way out, in the forms that detectors, resolvers, firewalls and other platforms take.
//!
//! | form | for | standard or documentation |
//! |---|---|---|
//! | [`Form::Stix`] | other platforms | STIX 2.1, TLP 2.0 by the OASIS extension |
//! | [`misp`] | MISP and what reads its feeds | MISP core format, feed layout |
//! | [`Form::Csv`] | spreadsheets and scripts | RFC 4180, without cells that a spreadsheet would execute |
//! | [`Form::Text`] | firewalls' external lists | one value on a line |
//! | [`Form::Suricata`] | Suricata 7 and later | datasets, `type ip`, `ipv4`, `string`, `md5`, `sha256` |
//! | [`Form::Zeek`] | Zeek | intelligence framework, ASCII input |
//! | [`Form::Nftables`] | packet filters on Linux | nft(8), named sets with intervals |
//! | [`Form::Rpz`] | resolvers | DNS response policy zones, draft-vixie-dnsop-dns-rpz-00 |
//! | [`Form::Hosts`] | machines without a resolver of their own | hosts(5) |
//!
//! Writers stream: an indicator is written as it comes, into whatever takes bytes; only sets of ranges are held and
//! sorted. Nothing is dropped in silence: what a form cannot carry is counted by reason in [`Written`]. What is let out at all
//! is decided before (`intel::release`); here no marking is judged, except that what may not be blocked by (PAP) never enters
//! a form that blocks. The same input gives the same bytes.
//!
//! Deliberately absent: reading any of these forms, compression, and who may fetch what.

pub mod misp;
pub mod nftables;
pub mod rpz;
pub mod stix;
pub mod suricata;

mod csv;
mod lists;
mod sieve;
#[cfg(test)]
mod tests;
mod value;
mod zeek;

use std::io::{self, Write};

use model::{Confidence, IndicatorId, IndicatorKind, Level, Marking, Timestamp};
use uuid::Uuid;

pub use sieve::{Left, Why, Written};

/// An indicator that may leave, with all that may be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// What it names.
    pub kind: IndicatorKind,
    /// The value in its normal form (see `detect::indicators`); another spelling is left out as malformed.
    pub value: String,
    /// What it is called, for example `malware/emotet`.
    pub label: String,
    /// How sure we are.
    pub confidence: Confidence,
    /// How bad a sighting would be.
    pub level: Level,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// When it stops to be of use; for ever when absent.
    pub valid_until: Option<Timestamp>,
    /// When what is said here last changed; the release's own time when absent, and then readers take it as new every time.
    pub changed: Option<Timestamp>,
    /// How far it may travel, and what may be done with it.
    pub marking: Marking,
    /// Names of the sources, as far as they may be told.
    pub sources: Vec<String>,
    /// Techniques of ATT&CK, for example `T1071.001`.
    pub techniques: Vec<String>,
}

impl Released {
    /// Its id, which follows from kind and value and never changes.
    pub fn id(&self) -> IndicatorId {
        IndicatorId::of(self.kind, &self.value)
    }

    /// Since when it counts: first seen, else last seen, else `made`; never later than `made`.
    pub(crate) fn since(&self, made: Timestamp) -> Timestamp {
        self.first_seen.or(self.last_seen).unwrap_or(made).min(made)
    }

    /// When it last changed, not before it began.
    pub(crate) fn changed(&self, made: Timestamp) -> Timestamp {
        self.changed.unwrap_or(made).max(self.since(made))
    }
}

/// Who releases. Two agencies' objects about the same value are two objects: their ids follow from this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// The name that readers see.
    pub name: String,
    /// What stays the same when the name changes.
    pub id: Uuid,
}

impl Producer {
    /// A producer whose id follows from a name that no other has, for example a domain of its own.
    pub fn new(name: impl Into<String>, unique: &str) -> Self {
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"watchbell:producer");
        Producer { name: name.into(), id: Uuid::new_v5(&namespace, unique.as_bytes()) }
    }

    /// An id inside this producer's name space.
    pub(crate) fn id_of(&self, kind: &str, name: &str) -> Uuid {
        Uuid::new_v5(&self.id, format!("{kind}:{name}").as_bytes())
    }
}

/// What is said about a release as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// What the list is called.
    pub title: String,
    /// Who releases it.
    pub producer: Producer,
    /// The present moment: what is no longer valid at it is left out.
    pub made: Timestamp,
}

impl Release {
    /// The title on one line, for the comment at the top of a file.
    pub(crate) fn title_line(&self) -> String {
        one_line(&self.title, TITLE_CHARS_MAX)
    }
}

/// Letters of a title that stand in a comment.
const TITLE_CHARS_MAX: usize = 200;

/// A text without control characters, cut.
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A form that is one file. [`misp`] is several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A STIX 2.1 bundle.
    Stix(stix::Observables),
    /// A table with a head.
    Csv,
    /// One value on a line and nothing else.
    Text,
    /// One dataset; each kind of value is one of its own.
    Suricata(suricata::Dataset),
    /// An intelligence file.
    Zeek,
    /// A table with two named sets.
    Nftables(nftables::Sets),
    /// A response policy zone.
    Rpz(rpz::Zone),
    /// Names that lead nowhere.
    Hosts,
}

impl Form {
    /// What a server says that it is (`Content-Type`).
    pub fn media_type(&self) -> &'static str {
        match self {
            // STIX 2.1, section 1.6.4.
            Form::Stix(_) => "application/stix+json;version=2.1",
            Form::Csv => "text/csv; charset=utf-8; header=present",
            // RFC 4027.
            Form::Rpz(_) => "text/dns",
            Form::Text | Form::Suricata(_) | Form::Zeek | Form::Nftables(_) | Form::Hosts => {
                "text/plain; charset=utf-8"
            }
        }
    }
}

/// Writes indicators in one form. `out` sees many small writes: a buffer in front of a file or a socket pays.
///
/// # Errors
/// Only when `out` fails; an indicator that cannot be carried is counted in the answer.
pub fn write(
    form: &Form,
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    match form {
        Form::Stix(observables) => stix::write(*observables, release, indicators, out),
        Form::Csv => csv::write(release, indicators, out),
        Form::Text => lists::text(release, indicators, out),
        Form::Suricata(dataset) => suricata::write(*dataset, release, indicators, out),
        Form::Zeek => zeek::write(release, indicators, out),
        Form::Nftables(sets) => nftables::write(sets, release, indicators, out),
        Form::Rpz(zone) => rpz::write(zone, release, indicators, out),
        Form::Hosts => lists::hosts(release, indicators, out),
    }
}
