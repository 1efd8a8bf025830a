//! Which known vulnerabilities concern which software.
//!
//! Software has names (package URL, name of the dictionary of NIST, words), and advisories name products. [`Knowledge::check`] brings the two
//! together and says for each vulnerability what holds, why, and how much it was looked at. Whoever makes a product and has looked goes
//! before a distributor's or registry's list of packages, and that goes before the dictionary; within one of these the worse word counts.
//! What cannot be told is [`Status::UnderInvestigation`], and whoever reckons counts that as affected.
//!
//! Standards: package URL (ECMA-427), CPE 2.3 (NIST IR 7695, 7696), OSV schema 1.7, CSAF 2.0 product status, CycloneDX VEX.
//!
//! Deliberately absent: reading any of them (`formats`), and what a vulnerability means for the city ([`crate::vulnerability`]).

mod ecosystem;
mod judge;
mod range;
mod subject;
mod version;

use std::collections::BTreeMap;
use std::fmt;

use model::limits::ADVISORY_FRESH_DAYS;
use model::register::Software;
use model::software::{Advisory, Named, Status, Voice};
use model::{CveId, Day};

pub use range::{Place, Standing, standing};
pub use version::{Compared, Scheme};

use subject::{Subject, cpe_key};

/// What is known about vulnerabilities, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    advisories: Vec<Advisory>,
    sources: Vec<Source>,
    /// Advisories and statements by what they are kept under.
    places: BTreeMap<String, Vec<(usize, usize)>>,
    /// For each advisory, the first one about the same vulnerability.
    groups: Vec<usize>,
}

/// A source of advisories, and how new it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// The day for which it was fetched; `None` where nobody knows.
    pub as_of: Option<Day>,
    /// What it knows about.
    pub covers: Vec<Coverage>,
}

/// A sort of names that a source knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Packages of that type of package URLs.
    Packages(String),
    /// The dictionary of NIST.
    Dictionary,
}

/// Software where it runs.
#[derive(Clone, Copy, Debug)]
pub struct Installed<'a> {
    /// What it is.
    pub software: &'a Software,
    /// The product whose bill of materials it stands in.
    pub within: Option<&'a str>,
}

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How much it was looked at.
    pub provenance: Provenance,
    /// What holds, for each vulnerability whose advisories name the product.
    pub answers: Vec<Answer>,
}

/// How much software was looked at. Without answers, only [`Provenance::Checked`] is good news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// In sources that know its sort and are new.
    Checked {
        /// Which.
        sources: Vec<String>,
    },
    /// In sources that are old.
    Stale {
        /// The newest of them.
        source: String,
        /// How many days old it is; `None` where nobody knows.
        days: Option<i32>,
    },
    /// Not at all.
    NotChecked {
        /// Why.
        why: String,
    },
}

/// What holds about one vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name: a CVE where it has one.
    pub vulnerability: String,
    /// What holds.
    pub status: Status,
    /// Versions without it, as sources name them.
    pub fixed_in: Vec<String>,
    /// The advisories that were asked, by their places in what was given.
    pub advisories: Vec<usize>,
    /// Why.
    pub because: Vec<MatchReason>,
}

/// Why an answer is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchReason {
    /// A statement about the product.
    Said {
        /// Who says so, and in which advisory.
        by: String,
        /// The product as it is named there.
        product: String,
        /// The version that was looked at.
        version: String,
        /// What holds by that statement.
        status: Status,
        /// Where the version stands.
        how: How,
        /// The source's own words; may be empty.
        why: String,
    },
    /// Something is not certain.
    Doubt {
        /// What.
        what: String,
    },
    /// Who knows less says something else, and does not count.
    Overruled {
        /// What it says.
        status: Status,
        /// Who.
        by: String,
    },
}

/// How a version came to belong to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The statement is about all versions.
    AllVersions,
    /// It is one of those listed.
    Listed,
    /// It lies in a range.
    InRange,
    /// It lies outside the ranges, and before what was mended.
    Outside,
    /// It is one that was mended.
    Mended,
    /// Nobody says which version it is.
    NoVersion,
    /// A later version is mended, and nothing is said about this one.
    NothingSaid,
}

/// What a source knows about, going by what its advisories name: the sorts of packages, and the dictionary. Makers know their own
/// products only, so that their advisories cover nothing.
pub fn coverage<'a>(advisories: impl IntoIterator<Item = &'a Advisory>) -> Vec<Coverage> {
    let mut kinds = std::collections::BTreeSet::new();
    let mut is_dictionary = false;
    for advisory in advisories.into_iter().filter(|advisory| advisory.voice == Voice::Database) {
        for statement in &advisory.statements {
            match &statement.product {
                Named::Package { .. } | Named::Purl(_) => {
                    let key = key(&statement.product);
                    kinds.insert(key.split('/').next().unwrap_or_default().to_owned());
                }
                Named::Cpe(_) => is_dictionary = true,
                Named::Words { .. } => {}
            }
        }
    }
    let packages = kinds.into_iter().map(Coverage::Packages);
    packages.chain(is_dictionary.then_some(Coverage::Dictionary)).collect()
}

impl Knowledge {
    /// Makes advisories ready to be asked.
    pub fn new(advisories: Vec<Advisory>, sources: Vec<Source>) -> Self {
        let mut places: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (number, advisory) in advisories.iter().enumerate().filter(|(_, advisory)| !advisory.is_withdrawn) {
            for (place, statement) in advisory.statements.iter().enumerate() {
                places.entry(key(&statement.product)).or_default().push((number, place));
            }
        }
        let groups = groups(&advisories);
        Knowledge { advisories, sources, places, groups }
    }

    /// The advisories, as they were given.
    pub fn advisories(&self) -> &[Advisory] {
        &self.advisories
    }

    /// What holds for a piece of software. `today` decides what is stale.
    pub fn check(&self, installed: Installed<'_>, today: Day) -> Checked {
        let subject = Subject::of(installed.software);
        let mut keys: Vec<String> = subject.keys().collect();
        keys.push("cpe:*".to_owned());
        keys.sort_unstable();
        keys.dedup();
        let found = keys.iter().filter_map(|key| self.places.get(key)).flatten().copied();
        let mut by_group: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (advisory, statement) in found {
            let scope = self.advisories.get(advisory).and_then(|advisory| advisory.only_in.as_deref());
            if scope.is_none() || scope == installed.within {
                let group = self.groups.get(advisory).copied().unwrap_or(advisory);
                by_group.entry(group).or_default().push((advisory, statement));
            }
        }
        let answers = by_group.values().filter_map(|places| judge::answer(&self.advisories, places, &subject));
        let mut answers: Vec<Answer> = answers.collect();
        answers.sort_by(|one, other| {
            other.status.cmp(&one.status).then_with(|| one.vulnerability.cmp(&other.vulnerability))
        });
        Checked { provenance: self.provenance(&subject, today), answers }
    }

    fn provenance(&self, subject: &Subject<'_>, today: Day) -> Provenance {
        let knows = |coverage: &Coverage| match coverage {
            Coverage::Packages(kind) => subject.package_kind() == Some(kind.as_str()),
            Coverage::Dictionary => subject.is_in_dictionary(),
        };
        let asked: Vec<&Source> = self.sources.iter().filter(|source| source.covers.iter().any(knows)).collect();
        let age = |source: &Source| source.as_of.map(|day| today.days_since(day));
        let fresh = asked.iter().filter(|source| age(source).is_some_and(|days| days <= ADVISORY_FRESH_DAYS));
        let sources: Vec<String> = fresh.map(|source| source.name.clone()).collect();
        if !sources.is_empty() {
            return Provenance::Checked { sources };
        }
        let newest = asked.iter().min_by_key(|source| age(source).unwrap_or(i32::MAX));
        if let Some(newest) = newest {
            return Provenance::Stale { source: newest.name.clone(), days: age(newest) };
        }
        let why = match (&subject.unreadable, subject.package_kind(), subject.is_in_dictionary()) {
            (Some(unreadable), None, _) => unreadable.clone(),
            (_, Some(kind), _) => format!("no source knows packages of type {kind}"),
            (_, None, true) => "no source knows names of the dictionary".to_owned(),
            (_, None, false) => "it has no name that could be looked for".to_owned(),
        };
        Provenance::NotChecked { why }
    }
}

fn key(product: &Named) -> String {
    match product {
        Named::Package { ecosystem, name } => ecosystem::key(ecosystem, name),
        Named::Purl(purl) => purl.key(),
        Named::Cpe(cpe) => cpe_key(cpe),
        Named::Words { vendor, product } => cpe_key(&model::software::Cpe::of_words(vendor, product)),
    }
}

/// For each advisory the first one that shares a name with it, directly or through others. Two different CVEs are never brought together,
/// whatever a record calls its aliases: else a word about one would acquit the other.
fn groups(advisories: &[Advisory]) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..advisories.len()).collect();
    let mut cves: Vec<Option<CveId>> = advisories.iter().map(|advisory| names(advisory).find_map(cve)).collect();
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (number, advisory) in advisories.iter().enumerate().filter(|(_, advisory)| !advisory.is_withdrawn) {
        for name in names(advisory) {
            let own = cves.get(root(&mut parents, number)).copied().flatten();
            let is_of_another = cve(name).is_some_and(|cve| own.is_some_and(|own| own != cve));
            if is_of_another {
                continue;
            }
            let other = *first.entry(name.to_ascii_uppercase()).or_insert(number);
            join(&mut parents, &mut cves, number, other);
        }
    }
    (0..parents.len()).map(|number| root(&mut parents, number)).collect()
}

fn names(advisory: &Advisory) -> impl Iterator<Item = &str> {
    std::iter::once(&advisory.id).chain(&advisory.aliases).map(String::as_str).filter(|name| !name.is_empty())
}

fn cve(name: &str) -> Option<CveId> {
    name.parse().ok()
}

fn join(parents: &mut [usize], cves: &mut [Option<CveId>], one: usize, other: usize) {
    let (one, other) = (root(parents, one), root(parents, other));
    let (kept, joined) = (one.min(other), one.max(other));
    let (Some(left), Some(right)) = (cves.get(kept).copied(), cves.get(joined).copied()) else { return };
    if left.is_some() && right.is_some() && left != right {
        return;
    }
    if let (Some(parent), Some(cve)) = (parents.get_mut(joined), cves.get_mut(kept)) {
        *parent = kept;
        *cve = left.or(right);
    }
}

/// The root of a tree, whose branches get shorter on the way.
fn root(parents: &mut [usize], mut number: usize) -> usize {
    while let Some(parent) = parents.get(number).copied().filter(|parent| *parent != number) {
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(own) = parents.get_mut(number) {
            *own = above;
        }
        number = above;
    }
    number
}

impl fmt::Display for MatchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MatchReason::Said { by, product, version, status, how, why } => {
                let version = if version.is_empty() { "of unknown version" } else { version };
                write!(f, "{by}: {product} {version}: {}, {}", status.text(), how.text())?;
                if why.is_empty() { Ok(()) } else { write!(f, " ({why})") }
            }
            MatchReason::Doubt { what } => f.write_str(what),
            MatchReason::Overruled { status, by } => {
                write!(f, "{by} says {}, which does not count here", status.text())
            }
        }
    }
}

impl How {
    const fn text(self) -> &'static str {
        match self {
            How::AllVersions => "all versions are meant",
            How::Listed => "the version is listed",
            How::InRange => "the version is in a range",
            How::Outside => "the version is outside the ranges",
            How::Mended => "the version is mended",
            How::NoVersion => "nobody says which version it is",
            How::NothingSaid => "a later version is mended, and nothing is said about this one",
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provenance::Checked { sources } => write!(f, "checked: {}", sources.join(", ")),
            Provenance::Stale { source, days: Some(days) } => write!(f, "stale: {source} is {days} days old"),
            Provenance::Stale { source, days: None } => write!(f, "stale: nobody knows how old {source} is"),
            Provenance::NotChecked { why } => write!(f, "not checked: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
