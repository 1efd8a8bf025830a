//! Advisories about software: OSV (Open Source Vulnerability format, schema 1.7), and what NVD's API 2.0 says about configurations.
//!
//! [`read`] takes a record, a list, `{"vulns": […]}`, or one a line; [`nvd`] an answer of NVD; [`any`] whichever of them it is, CSAF among them. CSAF of feeds comes through
//! [`crate::intel::csaf`] and [`crate::intel::Vulnerability::statements`].
//!
//! Deliberately absent: ranges of commits, which nothing in a register could be compared with; a package of which only those are named
//! cannot be told, and that is said.

mod any;
mod nvd;

use model::limits::{
    ADVISORY_FILE_BYTES_MAX, ADVISORY_STATEMENTS_MAX, ADVISORY_VERSIONS_MAX, NOTES_KEPT_MAX, RECORD_BYTES_MAX,
    SBOM_LIST_MAX, VERSION_BYTES_MAX,
};
use model::software::{Advisory, Event, Named, Purl, Range, Statement, Status, Voice};
use serde_json::{Map, Value};

use crate::Trouble;
pub use crate::intel::Refused;
use crate::intel::object::{Object, cut};
use crate::intel::walk;
pub use any::any;
pub use nvd::read as nvd;

/// Advisories, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The advisories, in the file's order.
    pub advisories: Vec<Advisory>,
    /// What was refused, [`NOTES_KEPT_MAX`] of it at most.
    pub refused: Vec<Refused>,
    /// How much was refused.
    pub refused_count: u64,
}

impl Read {
    fn refuse(&mut self, place: impl Into<String>, trouble: Trouble) {
        self.refused_count += 1;
        if self.refused.len() < NOTES_KEPT_MAX {
            self.refused.push(Refused { place: place.into(), trouble });
        }
    }

    fn is_small(&mut self, bytes: &[u8]) -> bool {
        let is_small = bytes.len() <= ADVISORY_FILE_BYTES_MAX;
        if !is_small {
            let length = bytes.len();
            let detail = format!("{length} bytes, at most {ADVISORY_FILE_BYTES_MAX} are read");
            self.refuse("document", Trouble::too_large(detail));
        }
        is_small
    }
}

/// Reads OSV.
///
/// ```
/// let found = formats::osv::read(br#"{"id": "GHSA-1", "affected": [{"package": {"ecosystem": "npm", "name": "bell"},
///     "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}]}]}"#);
/// assert_eq!(found.advisories[0].statements.len(), 1);
/// ```
pub fn read(bytes: &[u8]) -> Read {
    let mut out = Read::default();
    if !out.is_small(bytes) {
        return out;
    }
    match walk::shape(bytes) {
        Err(trouble) => out.refuse("document", trouble),
        Ok(walk::Shape::Array) => list(bytes, &mut out),
        Ok(walk::Shape::Object) => match walk::open(bytes, "vulns") {
            Some(members) if members.starts_with(b"[") => list(members, &mut out),
            Some(_) => out.refuse("vulns", Trouble::malformed("a list should stand here")),
            None => match walk::whole(bytes) {
                Ok(value) => record(&value, "record", &mut out),
                Err(_) => lines(bytes, &mut out),
            },
        },
    }
    out
}

fn list(bytes: &[u8], out: &mut Read) {
    for (number, member) in (1u64..).zip(walk::inner(bytes)) {
        let place = format!("record {number}");
        match member.and_then(|(_, bytes)| walk::parsed(bytes)) {
            Ok(value) => record(&value, &place, out),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

fn lines(bytes: &[u8], out: &mut Read) {
    for (number, line) in (1u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        let (line, place) = (line.trim_ascii(), format!("line {number}"));
        let read = match line.len() {
            0 => continue,
            length if length > RECORD_BYTES_MAX => {
                Err(Trouble::too_large(format!("{length} bytes, at most {RECORD_BYTES_MAX} are read")))
            }
            _ => walk::large(line),
        };
        match read {
            Ok(value) => record(&value, &place, out),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

fn record(value: &Value, place: &str, out: &mut Read) {
    let Value::Object(map) = value else {
        return out.refuse(place, Trouble::malformed("an object should stand here"));
    };
    let mut object = Object::new(map);
    let id = object.name("id");
    if id.is_empty() {
        return out.refuse(place, Trouble::malformed("a record without `id`"));
    }
    let mut aliases = object.texts("aliases");
    aliases.truncate(SBOM_LIST_MAX);
    // What a distribution's record is made from is the same vulnerability, as long as it is but one.
    let upstream = object.texts("upstream");
    if let [only] = upstream.as_slice() {
        aliases.push(only.clone());
    }
    let mut vectors: Vec<String> = object.objects("severity").map(|score| Object::new(score).name("score")).collect();
    vectors.retain(|vector| !vector.is_empty());
    vectors.truncate(SBOM_LIST_MAX);
    let summary = object.prose("summary");
    let summary = if summary.is_empty() { object.prose("details") } else { summary };
    let mut statements = Vec::new();
    for (number, affected) in (1u64..).zip(object.objects("affected")) {
        if statements.len() >= ADVISORY_STATEMENTS_MAX {
            object.lose("affected", "a shorter list");
            break;
        }
        match statement(affected) {
            Ok(statement) => statements.push(statement),
            Err(trouble) => out.refuse(format!("{place}, {id}, affected {number}"), trouble),
        }
    }
    let advisory = Advisory {
        aliases,
        source: "OSV".to_owned(),
        voice: Voice::Database,
        published: object.time("published"),
        modified: object.time("modified"),
        is_withdrawn: object.get("withdrawn").is_some(),
        summary,
        vectors,
        only_in: None,
        statements,
        id,
    };
    if let Some(trouble) = object.trouble() {
        out.refuse(format!("{place}, {}", advisory.id), trouble);
    }
    out.advisories.push(advisory);
}

fn statement(map: &Map<String, Value>) -> Result<Statement, Trouble> {
    let mut object = Object::new(map);
    let package = object.object("package").ok_or_else(|| Trouble::part_lost("no package: only commits are named"))?;
    let mut package = Object::new(package);
    let (ecosystem, name, purl) = (package.name("ecosystem"), package.name("name"), package.name("purl"));
    let product = match (ecosystem.is_empty() || name.is_empty(), Purl::parse(&purl)) {
        (false, _) => Named::Package { ecosystem, name },
        (true, Ok(purl)) => Named::Purl(purl),
        (true, Err(_)) => return Err(Trouble::part_lost("a package without ecosystem and name, or package URL")),
    };
    let mut versions = object.texts("versions");
    if versions.len() > ADVISORY_VERSIONS_MAX || versions.iter().any(|version| version.len() > VERSION_BYTES_MAX) {
        return Err(Trouble::too_large("versions are too many, or too long"));
    }
    versions.retain(|version| !version.is_empty());
    let (mut ranges, mut has_commits, mut is_lost) = (Vec::new(), false, false);
    for range in object.objects("ranges") {
        match self::range(range) {
            Ok(Some(range)) if ranges.len() < ADVISORY_VERSIONS_MAX => ranges.push(range),
            Ok(None) => has_commits = true,
            _ => is_lost = true,
        }
    }
    let trouble = object.trouble();
    let is_empty = versions.is_empty() && ranges.is_empty();
    let why = match (is_empty, has_commits) {
        (true, true) => "only commits are named",
        (true, false) => "no versions are named",
        (false, _) if is_lost || trouble.is_some() => "a part of the ranges cannot be read",
        (false, _) => "",
    };
    // What cannot be told acquits nobody: then the statement is about all versions.
    let is_open = !why.is_empty();
    Ok(Statement {
        product,
        status: if is_open { Status::UnderInvestigation } else { Status::Affected },
        versions: if is_open { Vec::new() } else { versions },
        ranges: if is_open { Vec::new() } else { ranges },
        why: why.to_owned(),
    })
}

/// A range; `None` where it is one of commits.
fn range(map: &Map<String, Value>) -> Result<Option<Range>, Trouble> {
    let mut object = Object::new(map);
    let kind = object.name("type");
    let mut events = Vec::new();
    for event in object.objects("events") {
        for (name, value) in event {
            let version =
                value.as_str().map(str::trim).filter(|text| !text.is_empty() && text.len() <= VERSION_BYTES_MAX);
            let version = version.ok_or_else(|| Trouble::malformed("an event without a version"))?.to_owned();
            events.push(match name.as_str() {
                "introduced" => Event::Introduced(version),
                "fixed" => Event::Fixed(version),
                "last_affected" => Event::LastAffected(version),
                "limit" => Event::Limit(version),
                other => return Err(Trouble::malformed(format!("no event is called {:?}", cut(other, 40)))),
            });
            if events.len() > ADVISORY_VERSIONS_MAX {
                return Err(Trouble::too_large(format!("more than {ADVISORY_VERSIONS_MAX} events")));
            }
        }
    }
    match kind.as_str() {
        "GIT" => Ok(None),
        _ if events.is_empty() || object.trouble().is_some() => Err(Trouble::malformed("a range without events")),
        "SEMVER" => Ok(Some(Range::Semver(events))),
        "ECOSYSTEM" => Ok(Some(Range::Ecosystem(events))),
        _ => Err(Trouble::malformed("a range of an unknown type")),
    }
}

#[cfg(test)]
mod tests;
