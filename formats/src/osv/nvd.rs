//! Answers of NVD's CVE API 2.0: which names of the dictionary a vulnerability is about.
//!
//! Where a configuration says "this product on that system" (`AND`), the product is taken and the system is not asked for: more is found, never less.

use model::limits::{ADVISORY_STATEMENTS_MAX, SBOM_LIST_MAX, VERSION_BYTES_MAX};
use model::software::{Advisory, Bound, Cpe, Named, Range, Statement, Status, Voice};
use serde_json::{Map, Value};

use super::Read;
use crate::Trouble;
use crate::intel::object::{Object, cut};
use crate::intel::walk;

/// Reads an answer: `{"vulnerabilities": [{"cve": {…}}]}`.
pub fn read(bytes: &[u8]) -> Read {
    let mut out = Read::default();
    if !out.is_small(bytes) {
        return out;
    }
    if let Err(trouble) = walk::shape(bytes) {
        out.refuse("document", trouble);
        return out;
    }
    let Some(members) = walk::open(bytes, "vulnerabilities").filter(|list| list.starts_with(b"[")) else {
        out.refuse("document", Trouble::malformed("`vulnerabilities` is missing"));
        return out;
    };
    for (number, member) in (1u64..).zip(walk::inner(members)) {
        let place = format!("vulnerabilities {number}");
        match member.and_then(|(_, bytes)| walk::parsed(bytes)) {
            Ok(value) => match value.get("cve").and_then(Value::as_object) {
                Some(cve) => record(cve, &place, &mut out),
                None => out.refuse(place, Trouble::malformed("`cve` should be an object")),
            },
            Err(trouble) => out.refuse(place, trouble),
        }
    }
    out
}

fn record(map: &Map<String, Value>, place: &str, out: &mut Read) {
    let mut object = Object::new(map);
    let id = object.name("id");
    if id.is_empty() {
        return out.refuse(place, Trouble::malformed("a record without `id`"));
    }
    let english = object.objects("descriptions").find(|text| text.get("lang").is_some_and(|lang| lang == "en"));
    let mut statements = Vec::new();
    for configuration in object.objects("configurations") {
        let nodes = configuration.get("nodes").and_then(Value::as_array).into_iter().flatten();
        let names = nodes.filter_map(|node| node.get("cpeMatch").and_then(Value::as_array)).flatten();
        for name in names.filter_map(Value::as_object) {
            if statements.len() >= ADVISORY_STATEMENTS_MAX {
                object.lose("configurations", "a shorter list");
                break;
            }
            match statement(name) {
                Ok(statement) => statements.extend(statement),
                Err(trouble) => out.refuse(format!("{place}, {id}"), trouble),
            }
        }
    }
    let advisory = Advisory {
        source: "NVD".to_owned(),
        voice: Voice::Database,
        published: object.time("published"),
        modified: object.time("lastModified"),
        is_withdrawn: object.name("vulnStatus").eq_ignore_ascii_case("rejected"),
        summary: english.map(|text| Object::new(text).prose("value")).unwrap_or_default(),
        vectors: vectors(map),
        statements,
        id,
        ..Advisory::default()
    };
    if let Some(trouble) = object.trouble() {
        out.refuse(format!("{place}, {}", advisory.id), trouble);
    }
    out.advisories.push(advisory);
}

fn vectors(map: &Map<String, Value>) -> Vec<String> {
    let metrics = map.get("metrics").and_then(Value::as_object);
    let scores = metrics.into_iter().flat_map(|metrics| metrics.values()).filter_map(Value::as_array).flatten();
    let vectors = scores.filter_map(|score| score.get("cvssData")?.get("vectorString")?.as_str());
    vectors.take(SBOM_LIST_MAX).map(|vector| cut(vector, 512).to_owned()).collect()
}

/// `None` where the name is only the system round a vulnerable product.
fn statement(map: &Map<String, Value>) -> Result<Option<Statement>, Trouble> {
    let mut object = Object::new(map);
    if object.flag("vulnerable") == Some(false) {
        return Ok(None);
    }
    let criteria = object.text("criteria").unwrap_or_default();
    let cpe = Cpe::parse(criteria).map_err(|error| Trouble::part_lost(error.to_string()))?;
    let mut bound = |name: &str, is_included: bool| {
        let version = object.text(name).filter(|version| version.len() <= VERSION_BYTES_MAX)?;
        Some(Bound { version: version.to_owned(), is_included })
    };
    let from = bound("versionStartIncluding", true).or_else(|| bound("versionStartExcluding", false));
    let to = bound("versionEndIncluding", true).or_else(|| bound("versionEndExcluding", false));
    let is_ranged = from.is_some() || to.is_some();
    let ranges = if is_ranged { vec![Range::Between { from, to }] } else { Vec::new() };
    let why = String::new();
    Ok(Some(Statement { product: Named::Cpe(cpe), status: Status::Affected, versions: Vec::new(), ranges, why }))
}
