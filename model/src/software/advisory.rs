//! What others say about vulnerabilities in software, in one form for OSV, CSAF, NVD and VEX.

use serde::{Deserialize, Serialize};

use super::{Cpe, Purl};
use crate::{Timestamp, limits};

/// What one source says about one vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// The source's name of it: `GHSA-…`, `CVE-2026-1000`, `DSA-…`.
    pub id: String,
    /// Other names of the same vulnerability.
    pub aliases: Vec<String>,
    /// Who says so: a database, or a document.
    pub source: String,
    /// How the source knows.
    pub voice: Voice,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// It does not stand any more.
    pub is_withdrawn: bool,
    /// The beginning of the source's words.
    pub summary: String,
    /// CVSS vectors.
    pub vectors: Vec<String>,
    /// It speaks about parts of that product only: the name of a bill of materials' subject. A part that does no harm there may do harm
    /// elsewhere.
    pub only_in: Option<String>,
    /// About which software, and what.
    pub statements: Vec<Statement>,
}

/// How a source knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    /// It collects versions of many products.
    #[default]
    Database,
    /// It makes or delivers the product and has looked at it: CSAF, VEX. Its word about a product goes before a database's.
    Maker,
}

/// What is said about one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Which product.
    pub product: Named,
    /// What holds for the versions below.
    pub status: Status,
    /// Versions, one by one.
    pub versions: Vec<String>,
    /// Ranges of versions.
    pub ranges: Vec<Range>,
    /// Why the source says so, in its own words; may be empty.
    pub why: String,
}

/// How a source names a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// A package of an ecosystem, as OSV names both: `Debian:12`, `openssl`.
    Package {
        /// The ecosystem, with its release where it has some.
        ecosystem: String,
        /// The package.
        name: String,
    },
    /// A package URL; without a version it means all.
    Purl(Purl),
    /// A name of the dictionary of NIST.
    Cpe(Cpe),
    /// Words only.
    Words {
        /// Who makes it; may be empty.
        vendor: String,
        /// What it is called.
        product: String,
    },
}

/// What holds for a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is not affected.
    NotAffected,
    /// It was, and is mended.
    Fixed,
    /// It is being looked into, or it cannot be told.
    UnderInvestigation,
    /// It is affected.
    Affected,
}

/// Some versions. Without [`Statement::versions`] and ranges a statement is about the version in the product's name, or about all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Range {
    /// Events on the line of semantic versions (OSV `SEMVER`).
    Semver(Vec<Event>),
    /// Events in the order of the product's ecosystem (OSV `ECOSYSTEM`).
    Ecosystem(Vec<Event>),
    /// From a version to another (NVD's `versionStart…`, `versionEnd…`; CSAF's ranges).
    Between {
        /// From here; `None` for all before.
        from: Option<Bound>,
        /// To here; `None` for all behind.
        to: Option<Bound>,
    },
    /// Constraints of a `vers:` range, in any order (ECMA-427's companion, version ranges).
    Vers {
        /// How versions are ordered: `npm`, `deb`, `semver`, ….
        scheme: String,
        /// What holds.
        constraints: Vec<Constraint>,
    },
}

/// One constraint of a `vers:` range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// How the version stands to the one below.
    pub is: Comparator,
    /// That version; empty with [`Comparator::Any`].
    pub version: String,
}

/// How a version stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparator {
    /// `*`
    Any,
    /// `=`
    Equal,
    /// `!=`
    Other,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Range {
    /// Reads `vers:npm/>=1.2|<2.0`. `None` when it is none, or has more than [`limits::ADVISORY_VERSIONS_MAX`] constraints.
    pub fn vers(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().strip_prefix("vers:")?.split_once('/')?;
        let mut constraints = Vec::new();
        for part in rest.split('|').map(str::trim).filter(|part| !part.is_empty()) {
            let (is, version) = Comparator::cut(part);
            let version = percent_decoded(version.trim())?;
            let is_right = (is == Comparator::Any) == version.is_empty() && version.len() <= limits::VERSION_BYTES_MAX;
            if !is_right || constraints.len() >= limits::ADVISORY_VERSIONS_MAX {
                return None;
            }
            constraints.push(Constraint { is, version });
        }
        let scheme = scheme.to_ascii_lowercase();
        (!constraints.is_empty() && !scheme.is_empty()).then_some(Range::Vers { scheme, constraints })
    }
}

impl Comparator {
    fn cut(text: &str) -> (Self, &str) {
        let marks = [
            ("*", Comparator::Any),
            ("!=", Comparator::Other),
            ("<=", Comparator::AtMost),
            (">=", Comparator::AtLeast),
            ("<", Comparator::Less),
            (">", Comparator::More),
            ("=", Comparator::Equal),
        ];
        let found = marks.into_iter().find_map(|(mark, is)| Some((is, text.strip_prefix(mark)?)));
        found.unwrap_or((Comparator::Equal, text))
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    if text.contains('%') { super::purl::decoded(text).ok() } else { Some(text.to_owned()) }
}

/// Something that happens at a version (OSV 1.7, `events`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// From here on it is there; `0` is before all.
    Introduced(String),
    /// From here on it is not.
    Fixed(String),
    /// Up to here it is there.
    LastAffected(String),
    /// Nothing is said from here on.
    Limit(String),
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The version.
    pub version: String,
    /// The version itself belongs to the range.
    pub is_included: bool,
}

impl Status {
    /// The word of VEX.
    pub const fn vex(self) -> &'static str {
        match self {
            Status::NotAffected => "not_affected",
            Status::Fixed => "fixed",
            Status::UnderInvestigation => "under_investigation",
            Status::Affected => "affected",
        }
    }

    /// All, the best first.
    pub const ALL: &[Status] = &[Status::NotAffected, Status::Fixed, Status::UnderInvestigation, Status::Affected];

    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Status::NotAffected => "not affected",
            Status::Fixed => "fixed",
            Status::UnderInvestigation => "under investigation",
            Status::Affected => "affected",
        }
    }
}
