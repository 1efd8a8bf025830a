//! A bundle of STIX 2.1 (OASIS Standard, 10 June 2021): one indicator object for each value, the identity that made them, and
//! the markings that they carry.
//!
//! Ids are UUIDv5: the same indicator of the same producer has the same id in every release, and `modified` says which version
//! is the later one. TLP 2.0 is carried by the marking definitions that OASIS gave out for it (cti-stix-common-objects,
//! `extension-definition--60a3c5c5-…`); PAP, which has none, by a statement. A marking stands in front of the first object that
//! refers to it.
//!
//! Deliberately absent: `last_seen`, for which an indicator has no property; subdomains in a pattern, because others
//! compare and merge by the plain equality.

mod observable;
mod pattern;
mod shared;

use std::collections::BTreeSet;
use std::io::{self, Write};

use model::{Marking, Pap, Timestamp, Tlp};
use serde_json::{Map, Value as Json, json};

pub(crate) use shared::pap_id;
pub use shared::{
    SharedTechnique, SharedThing, Sighted, shared_indicator, shared_sighting, shared_technique, technique_object_id,
};

use super::sieve::{Use, Why, Written, admit};
use super::{Producer, Release, Released, one_line};

/// Whether observables stand beside the indicators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Observables {
    /// Indicators only.
    #[default]
    Without,
    /// For each indicator its observable and a relationship `related-to` (`based-on` leads to observed data, which says that somebody saw it), for readers that do not read patterns.
    With,
}

/// The extension by which OASIS carries TLP 2.0.
const TLP_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
/// When OASIS made the markings.
const TLP_CREATED: &str = "2022-10-01T00:00:00.000Z";
/// Letters of a name or a label.
const NAME_CHARS_MAX: usize = 1_000;

pub(super) fn write(
    observables: Observables,
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    let producer = &release.producer;
    let id = producer.id_of("bundle", &format!("{}|{}", release.title, release.made.as_micros()));
    write!(out, "{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n{}", identity(producer))?;
    // Markings that stand in the bundle already.
    let mut told: BTreeSet<String> = BTreeSet::new();
    for released in indicators {
        let Some(value) = admit(&mut written, Use::Tell, release, &released) else { continue };
        let mut marks = Vec::with_capacity(2);
        for object in markings(producer, released.marking) {
            let id = object["id"].as_str().unwrap_or_default().to_owned();
            if told.insert(id.clone()) {
                write!(out, ",\n{object}")?;
            }
            marks.push(Json::from(id));
        }
        let indicator = indicator(release, &released, pattern::of(value), &marks);
        write!(out, ",\n{indicator}")?;
        written.written += 1;
        if observables == Observables::Without {
            continue;
        }
        match observable::of(value) {
            Some(observable) => {
                let relation = relation(release, &released, &observable, &marks);
                write!(out, ",\n{observable},\n{relation}")?;
            }
            None => written.narrow(Why::Observable, &released),
        }
    }
    out.write_all(b"\n]}\n")?;
    Ok(written)
}

/// The id of the identity object of a producer.
pub fn identity_id(producer: &Producer) -> String {
    format!("identity--{}", producer.id)
}

/// The id of the indicator object about a value, as this producer makes it.
pub fn indicator_id(producer: &Producer, released: &Released) -> String {
    format!("indicator--{}", producer.id_of("indicator", &released.id().to_string()))
}

fn identity(producer: &Producer) -> Json {
    json!({
        "type": "identity",
        "spec_version": "2.1",
        "id": identity_id(producer),
        // An identity is the same in every release.
        "created": TLP_CREATED,
        "modified": TLP_CREATED,
        "name": one_line(&producer.name, NAME_CHARS_MAX),
        "identity_class": "organization",
    })
}

/// Tells which marking definition of OASIS stands for a TLP 2.0 label.
pub fn tlp_id(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
}

fn markings(producer: &Producer, marking: Marking) -> Vec<Json> {
    let tlp = marking.tlp;
    let mut markings = vec![json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": tlp_id(tlp),
        "created": TLP_CREATED,
        "name": tlp.to_string(),
        "extensions": { TLP_EXTENSION: { "extension_type": "property-extension", "tlp_2_0": tlp.name() } },
    })];
    let pap = marking.pap;
    if pap != Pap::Clear {
        markings.push(json!({
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": format!("marking-definition--{}", producer.id_of("pap", pap.name())),
            "created_by_ref": identity_id(producer),
            "created": TLP_CREATED,
            "name": pap.to_string(),
            "definition_type": "statement",
            "definition": { "statement": pap.to_string() },
        }));
    }
    markings
}

fn indicator(release: &Release, released: &Released, pattern: String, marks: &[Json]) -> Json {
    let since = released.since(release.made);
    let label = one_line(&released.label, NAME_CHARS_MAX);
    let mut object = Map::new();
    let mut set = |name: &str, value: Json| object.insert(name.to_owned(), value);
    set("type", "indicator".into());
    set("spec_version", "2.1".into());
    set("id", indicator_id(&release.producer, released).into());
    set("created_by_ref", identity_id(&release.producer).into());
    set("created", stamp(since).into());
    set("modified", stamp(released.changed(release.made)).into());
    set("name", one_line(&released.value, NAME_CHARS_MAX).into());
    set("indicator_types", json!(["malicious-activity"]));
    set("pattern", pattern.into());
    set("pattern_type", "stix".into());
    set("valid_from", stamp(since).into());
    set("confidence", released.confidence.percent().into());
    set("object_marking_refs", marks.into());
    let mut labels = vec![format!("severity:{}", released.level)];
    // Section 4.7 wants a description; a feed without words gets its kind.
    let description = if label.is_empty() { format!("listed {}", released.kind) } else { label.clone() };
    set("description", description.into());
    labels.extend(Some(label).filter(|label| !label.is_empty()));
    set("labels", labels.into());
    // What ends within the millisecond in which it began could not be written as later.
    if let Some(until) = released.valid_until.map(stamp).filter(|until| *until > stamp(since)) {
        set("valid_until", until.into());
    }
    let references = references(released);
    if !references.is_empty() {
        set("external_references", references.into());
    }
    Json::Object(object)
}

fn references(released: &Released) -> Vec<Json> {
    let claims = released.sources.iter().map(|source| {
        let name = one_line(source, NAME_CHARS_MAX);
        json!({ "source_name": name, "description": "names this value" })
    });
    // No address of a page: section 2.5.2 wants its hash beside it.
    let techniques = released.techniques.iter().filter(|technique| is_technique(technique));
    let techniques = techniques.map(|technique| json!({ "source_name": "mitre-attack", "external_id": technique }));
    claims.chain(techniques).collect()
}

/// `T1071`, `T1071.001`, `T0855`: nothing else is sent as a technique's id.
pub fn is_technique(text: &str) -> bool {
    let is_number = |digits: &str, length: usize| digits.len() == length && digits.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = text.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((main, sub)) => is_number(main, 4) && is_number(sub, 3),
        None => is_number(rest, 4),
    }
}

fn relation(release: &Release, released: &Released, observable: &Json, marks: &[Json]) -> Json {
    let producer = &release.producer;
    let target = observable["id"].as_str().unwrap_or_default();
    let since = released.since(release.made);
    json!({
        "type": "relationship",
        "spec_version": "2.1",
        "id": format!("relationship--{}", producer.id_of("related-to", &released.id().to_string())),
        "created_by_ref": identity_id(producer),
        "created": stamp(since),
        "modified": stamp(since),
        "relationship_type": "related-to",
        "source_ref": indicator_id(producer, released),
        "target_ref": target,
        "object_marking_refs": marks,
    })
}

/// A time as STIX 2.1, section 2.16 and 3.2, wants it: RFC 3339, `Z`, milliseconds, a year of four digits.
pub(crate) fn stamp(at: Timestamp) -> String {
    let first = jiff::civil::date(1, 1, 1).at(0, 0, 0, 0);
    let last = jiff::civil::date(9999, 12, 31).at(23, 59, 59, 999_000_000);
    let at = match at.to_civil() {
        Some(civil) => civil.clamp(first, last),
        None if at < Timestamp::EPOCH => first,
        None => last,
    };
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second, millis) = (at.hour(), at.minute(), at.second(), at.millisecond());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_four_digits_of_year_and_three_of_fraction() {
        let check = |micros: i64, expected: &str| assert_eq!(stamp(Timestamp::from_micros(micros)), expected);
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_700_000_000_123_456, "2023-11-14T22:13:20.123Z");
        check(i64::MIN, "0001-01-01T00:00:00.000Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
        check(-1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn techniques() {
        for good in ["T1071", "T1071.001", "T0855"] {
            assert!(is_technique(good), "{good}");
        }
        for bad in ["", "T", "T107", "T1071.1", "t1071", "T1071/../x", "TA0001"] {
            assert!(!is_technique(bad), "{bad}");
        }
    }
}
