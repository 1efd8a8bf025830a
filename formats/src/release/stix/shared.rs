//! What one agency tells another, object by object: an indicator, or that one was seen.
//!
//! Each comes with all that a reader needs to understand it alone: who says it, the markings, and for a sighting the indicator (STIX 2.1,
//! sections 4.7 and 5.2). What is not said is not written: nothing here fills in a field.

use model::{Confidence, IndicatorKind, Level, Marking, Month, Pap, Timestamp};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::super::value::Value;
use super::super::{Producer, one_line};
use super::{NAME_CHARS_MAX, TLP_CREATED, identity, identity_id, is_technique, markings, pattern, stamp};

/// Letters of a description.
const WORDS_CHARS_MAX: usize = 8_000;

/// A thing and what may be told about it.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedThing<'a> {
    /// What it names.
    pub kind: IndicatorKind,
    /// Its value in normal form.
    pub value: &'a str,
    /// How far it may travel.
    pub marking: Marking,
    /// What it is called.
    pub label: Option<&'a str>,
    /// How sure whoever says it is.
    pub confidence: Option<Confidence>,
    /// How bad it is.
    pub level: Option<Level>,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// Until when it holds.
    pub until: Option<Timestamp>,
    /// Techniques of ATT&CK.
    pub techniques: &'a [String],
    /// When what is said here last changed.
    pub changed: Timestamp,
    /// It is taken back.
    pub is_revoked: bool,
}

/// That it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighted<'a> {
    /// The sighting's own id.
    pub id: Uuid,
    /// First time.
    pub first_seen: Option<Timestamp>,
    /// Last time.
    pub last_seen: Option<Timestamp>,
    /// How often.
    pub count: Option<u64>,
    /// In words.
    pub text: Option<&'a str>,
    /// When somebody said so: the version of what says it.
    pub said: Timestamp,
}

/// That a technique of ATT&CK was seen in a month.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedTechnique<'a> {
    /// ATT&CK's id, for example `T1059.001`.
    pub technique: &'a str,
    /// In which month.
    pub month: Month,
    /// How far that may travel.
    pub marking: Marking,
    /// In how many organisations; `None`: whoever says it has seen it itself.
    pub organisations: Option<u32>,
    /// When that was found out: the version of what says it.
    pub said: Timestamp,
}

/// The objects that say that a thing is malicious: identity, markings, the indicator last; `None` when the value is none of its kind.
pub fn shared_indicator(producer: &Producer, thing: &SharedThing<'_>) -> Option<Vec<Json>> {
    let value = Value::read(thing.kind, thing.value)?;
    let mut objects = vec![identity(producer)];
    let marks = marks(producer, thing.marking);
    let refs: Vec<Json> = marks.iter().map(|mark| mark["id"].clone()).collect();
    objects.extend(marks);
    objects.push(indicator(producer, thing, pattern::of(value), &refs));
    Some(objects)
}

/// The objects that say that a thing was seen: the same, and the sighting last.
pub fn shared_sighting(producer: &Producer, thing: &SharedThing<'_>, seen: &Sighted<'_>) -> Option<Vec<Json>> {
    let mut objects = shared_indicator(producer, thing)?;
    let indicator = objects.last()?;
    let mut object = Map::new();
    let mut set = |name: &str, value: Json| object.insert(name.to_owned(), value);
    set("type", "sighting".into());
    set("spec_version", "2.1".into());
    set("id", format!("sighting--{}", seen.id).into());
    set("created_by_ref", identity_id(producer).into());
    set("created", stamp(seen.said).into());
    set("modified", stamp(seen.said).into());
    set("sighting_of_ref", indicator["id"].clone());
    set("where_sighted_refs", json!([identity_id(producer)]));
    set("object_marking_refs", indicator["object_marking_refs"].clone());
    if let Some(count) = seen.count {
        // Section 5.2: at most 999,999,999.
        set("count", count.min(999_999_999).into());
    }
    if let Some(first) = seen.first_seen {
        set("first_seen", stamp(first).into());
    }
    if let Some(last) = seen.last_seen {
        set("last_seen", stamp(last.max(seen.first_seen.unwrap_or(last))).into());
    }
    if let Some(text) = seen.text.filter(|text| !text.trim().is_empty()) {
        set("description", text.chars().take(WORDS_CHARS_MAX).collect::<String>().into());
    }
    objects.push(Json::Object(object));
    Some(objects)
}

/// The objects that say that a technique was seen in a month, the sighting last; `None` when it is no technique's id. How often is not told. A
/// count over organisations is a summary, in STIX's words, that names nobody.
pub fn shared_technique(producer: &Producer, told: &SharedTechnique<'_>) -> Option<Vec<Json>> {
    if !is_technique(told.technique) {
        return None;
    }
    let mut objects = vec![identity(producer)];
    let marks = marks(producer, told.marking);
    let refs: Vec<Json> = marks.iter().map(|mark| mark["id"].clone()).collect();
    objects.extend(marks);
    let reference = json!([{ "source_name": "mitre-attack", "external_id": told.technique }]);
    let pattern = technique_object_id(told.technique);
    objects.push(json!({
        "type": "attack-pattern", "spec_version": "2.1", "id": pattern, "created": TLP_CREATED, "modified": TLP_CREATED,
        "name": told.technique, "external_references": reference,
    }));
    let kind = if told.organisations.is_some() { "techniques" } else { "technique" };
    let id = producer.id_of(kind, &format!("{}|{}", told.month, told.technique));
    let mut object = json!({
        "type": "sighting", "spec_version": "2.1", "id": format!("sighting--{id}"), "created_by_ref": identity_id(producer),
        "created": stamp(told.said), "modified": stamp(told.said), "first_seen": stamp(told.month.span().start),
        "sighting_of_ref": pattern, "object_marking_refs": refs, "external_references": reference,
        "summary": told.organisations.is_some(),
    });
    match told.organisations {
        Some(organisations) => object["count"] = organisations.min(999_999_999).into(),
        None => object["where_sighted_refs"] = json!([identity_id(producer)]),
    }
    objects.push(object);
    Some(objects)
}

/// The object by which nodes name a technique to each other: UUIDv5 of `watchbell:technique:ID` among URLs. It says no more than the id.
pub fn technique_object_id(technique: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("watchbell:technique:{technique}").as_bytes());
    format!("attack-pattern--{id}")
}

/// The markings. A collection has an object once, so that a page may come without the definition of a PAP: these have ids that everybody who
/// reads this knows, like those of TLP.
fn marks(producer: &Producer, marking: Marking) -> Vec<Json> {
    let mut marks = markings(producer, Marking { pap: Pap::Clear, ..marking });
    marks.extend(pap_id(marking.pap).map(|id| {
        json!({
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": id,
            "created": TLP_CREATED,
            "name": marking.pap.to_string(),
            "definition_type": "statement",
            "definition": { "statement": marking.pap.to_string() },
        })
    }));
    marks
}

/// The definition by which nodes tell each other a PAP: UUIDv5 of `watchbell:pap:NAME` among URLs.
pub(crate) const fn pap_id(pap: Pap) -> Option<&'static str> {
    match pap {
        Pap::Clear => None,
        Pap::Green => Some("marking-definition--d8b71a8d-9154-5388-835e-859fd8d8a8d3"),
        Pap::Amber => Some("marking-definition--f93979c7-1014-5368-be6c-62a0db01249c"),
        Pap::Red => Some("marking-definition--0abacf65-e152-5359-bd12-8b61f0081fef"),
    }
}

fn indicator(producer: &Producer, thing: &SharedThing<'_>, pattern: String, marks: &[Json]) -> Json {
    let id = model::IndicatorId::of(thing.kind, thing.value).to_string();
    let since = thing.first_seen.unwrap_or(thing.changed).min(thing.changed);
    let label = thing.label.map(|label| one_line(label, NAME_CHARS_MAX)).filter(|label| !label.is_empty());
    let mut object = Map::new();
    let mut set = |name: &str, value: Json| object.insert(name.to_owned(), value);
    set("type", "indicator".into());
    set("spec_version", "2.1".into());
    set("id", format!("indicator--{}", producer.id_of("indicator", &id)).into());
    set("created_by_ref", identity_id(producer).into());
    set("created", stamp(since).into());
    set("modified", stamp(thing.changed).into());
    set("name", label.clone().unwrap_or_else(|| one_line(thing.value, NAME_CHARS_MAX)).into());
    set("description", label.unwrap_or_else(|| format!("shared {}", thing.kind)).into());
    set("indicator_types", json!(["malicious-activity"]));
    set("pattern", pattern.into());
    set("pattern_type", "stix".into());
    set("valid_from", stamp(since).into());
    set("object_marking_refs", marks.into());
    if let Some(confidence) = thing.confidence {
        set("confidence", confidence.percent().into());
    }
    if let Some(level) = thing.level {
        set("labels", json!([format!("severity:{level}")]));
    }
    if let Some(until) = thing.until.map(stamp).filter(|until| *until > stamp(since)) {
        set("valid_until", until.into());
    }
    if thing.is_revoked {
        set("revoked", true.into());
    }
    let techniques: Vec<Json> = thing
        .techniques
        .iter()
        .filter(|technique| is_technique(technique))
        .map(|technique| json!({ "source_name": "mitre-attack", "external_id": technique }))
        .collect();
    if !techniques.is_empty() {
        set("external_references", techniques.into());
    }
    Json::Object(object)
}

#[cfg(test)]
mod tests {
    use model::Tlp;

    use super::*;
    use crate::intel::{Item, Known, What, stix};

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn thing<'a>(value: &'a str, marking: Marking) -> SharedThing<'a> {
        SharedThing {
            kind: IndicatorKind::Ipv4,
            value,
            marking,
            label: None,
            confidence: None,
            level: None,
            first_seen: None,
            until: None,
            techniques: &[],
            changed: NOW,
            is_revoked: false,
        }
    }

    #[test]
    fn what_is_told_is_read_again_without_its_definitions() {
        let producer = Producer::new("an agency", "a");
        let seen =
            Sighted { id: Uuid::nil(), first_seen: None, last_seen: Some(NOW), count: Some(3), text: None, said: NOW };
        for (tlp, pap) in [(Tlp::Green, Pap::Amber), (Tlp::Clear, Pap::Clear), (Tlp::AmberStrict, Pap::Red)] {
            let marking = Marking { tlp, pap };
            let objects = shared_sighting(&producer, &thing("192.0.2.7", marking), &seen).unwrap();
            let objects: Vec<_> = objects.iter().filter(|object| object["type"] != "marking-definition").collect();
            let bytes = serde_json::json!({ "objects": objects }).to_string();
            let mut found = Vec::new();
            stix::read(bytes.as_bytes(), &mut |item| found.push(item));
            assert!(found.iter().all(Result::is_ok), "{found:?}");
            let mut sightings = 0;
            for item in found.into_iter().flatten() {
                match item {
                    Item::Claimed(claimed) => {
                        assert_eq!((claimed.marking, claimed.unknown_markings.len()), (Some(marking), 0));
                        assert!(matches!(claimed.what, What::Pattern { .. }));
                    }
                    Item::Known(known) => {
                        if let Known::Sighting(sighting) = *known {
                            sightings += 1;
                            assert_eq!((sighting.count, sighting.marking), (3, Some(marking)));
                        }
                    }
                }
            }
            assert_eq!(sightings, 1);
        }
    }

    #[test]
    fn a_technique_is_read_again_with_its_month() {
        let producer = Producer::new("an agency", "a");
        let month: Month = "2026-11".parse().unwrap();
        let marking = Marking { tlp: Tlp::Green, pap: Pap::Clear };
        for organisations in [None, Some(7)] {
            let told = SharedTechnique { technique: "T1059.001", month, marking, organisations, said: NOW };
            let objects = shared_technique(&producer, &told).unwrap();
            let mut found = Vec::new();
            let bytes = json!({ "objects": objects }).to_string();
            stix::read(bytes.as_bytes(), &mut |item| found.push(item));
            assert!(found.iter().all(Result::is_ok), "{found:?}");
            let sightings = found.into_iter().flatten().filter_map(|item| match item {
                Item::Known(known) => match *known {
                    Known::Sighting(sighting) => Some(sighting),
                    _ => None,
                },
                Item::Claimed(_) => None,
            });
            let sightings: Vec<_> = sightings.collect();
            assert_eq!(sightings.len(), 1);
            let one = &sightings[0];
            assert_eq!(
                (one.technique.as_deref(), one.of.as_str()),
                (Some("T1059.001"), &*technique_object_id("T1059.001"))
            );
            assert_eq!((one.is_summary, one.first_seen.and_then(Month::of)), (organisations.is_some(), Some(month)));
            assert_eq!((one.marking, organisations.map(|_| one.count)), (Some(marking), organisations.map(u64::from)));
        }
        let nothing = SharedTechnique { technique: "TA0001", month, marking, organisations: None, said: NOW };
        assert!(shared_technique(&producer, &nothing).is_none());
    }

    #[test]
    fn nothing_is_filled_in() {
        let producer = Producer::new("an agency", "a");
        let text = serde_json::json!(shared_indicator(&producer, &thing("192.0.2.7", Marking::default()))).to_string();
        for field in ["confidence", "severity", "valid_until", "external_references", "revoked"] {
            assert!(!text.contains(field), "{field}: {text}");
        }
        assert!(shared_indicator(&producer, &thing("no address", Marking::default())).is_none());
    }
}
