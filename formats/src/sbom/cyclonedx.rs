//! CycloneDX, 1.2 to 1.6, JSON (ECMA-424).

use model::limits::{INTEL_TEXT_BYTES_MAX, SBOM_LIST_MAX};
use model::software::Status;
use serde_json::{Map, Value};

use super::{Affects, Bill, Building, Component, Vulnerability, each, short};
use crate::Trouble;
use crate::intel::object::{Object, cut, moment};
use crate::intel::walk;

pub(super) fn read(bytes: &[u8], version: &str) -> Bill {
    let mut out = Building::default();
    out.bill.format = format!("CycloneDX {}", short(version)).trim().to_owned();
    let serial = walk::member(bytes, "serialNumber").and_then(|value| serde_json::from_slice::<String>(value).ok());
    out.bill.serial = serial.map(|serial| short(&serial)).unwrap_or_default();
    let revision = walk::member(bytes, "version").and_then(|value| serde_json::from_slice::<u64>(value).ok());
    out.bill.revision = revision.unwrap_or(1).to_string();
    match walk::member(bytes, "metadata").map(walk::parsed) {
        Some(Ok(metadata)) => {
            out.bill.made = metadata.get("timestamp").and_then(Value::as_str).and_then(moment);
            if let Some(subject) = metadata.get("component").and_then(Value::as_object) {
                out.bill.subject = component(subject, "metadata.component", None, &mut out);
            }
        }
        Some(Err(trouble)) => out.bill.refuse("metadata", trouble),
        None => {}
    }
    each(bytes, "components", &mut out, |map, place, out| {
        component(map, place, None, out);
    });
    each(bytes, "dependencies", &mut out, dependency);
    each(bytes, "vulnerabilities", &mut out, vulnerability);
    out.done()
}

/// Takes a component and those inside it. The document's depth is limited before it comes here.
fn component(map: &Map<String, Value>, place: &str, parent: Option<usize>, out: &mut Building) -> Option<usize> {
    let mut object = Object::new(map);
    let name = object.name("name");
    if name.is_empty() {
        out.bill.refuse(place, Trouble::malformed("a component without a name"));
        return None;
    }
    let named = |object: &mut Object<'_>, field: &str| {
        object.object(field).map(|who| Object::new(who).name("name")).unwrap_or_default()
    };
    let suppliers = [named(&mut object, "supplier"), named(&mut object, "manufacturer"), object.name("publisher")];
    let mut component = Component {
        reference: object.name("bom-ref"),
        kind: object.name("type"),
        supplier: suppliers.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        group: object.name("group"),
        name,
        version: object.name("version"),
        hashes: hashes(&mut object),
        licences: licences(map),
        ..Component::default()
    };
    let purl = object.text("purl").unwrap_or_default().to_owned();
    let cpe = object.text("cpe").unwrap_or_default().to_owned();
    for trouble in [component.purl(&purl).err(), component.cpe(&cpe).err(), object.trouble()].into_iter().flatten() {
        out.bill.refuse(place, trouble);
    }
    let own = out.component(place, component)?;
    if let Some(parent) = parent {
        out.pair((parent, own));
    }
    let inside = map.get("components").and_then(Value::as_array).into_iter().flatten();
    for (number, inner) in (1u64..).zip(inside) {
        let place = format!("{}, component {number}", cut(place, 200));
        match inner.as_object() {
            Some(inner) => {
                self::component(inner, &place, Some(own), out);
            }
            None => out.bill.refuse(place, Trouble::malformed("an object should stand here")),
        }
    }
    Some(own)
}

fn hashes(object: &mut Object<'_>) -> Vec<(String, String)> {
    let hashes = object.objects("hashes").map(|hash| {
        let mut hash = Object::new(hash);
        (hash.name("alg"), hash.name("content").to_ascii_lowercase())
    });
    hashes.filter(|(_, digits)| !digits.is_empty()).take(SBOM_LIST_MAX).collect()
}

/// `license` with an id or a name, or an `expression`.
fn licences(map: &Map<String, Value>) -> Vec<String> {
    let choices = map.get("licenses").and_then(Value::as_array).into_iter().flatten();
    let texts = choices.filter_map(|choice| {
        let licence = choice.get("license").unwrap_or(choice);
        ["id", "name", "expression"].iter().find_map(|name| licence.get(*name).and_then(Value::as_str))
    });
    texts.take(SBOM_LIST_MAX).map(short).collect()
}

fn dependency(map: &Map<String, Value>, place: &str, out: &mut Building) {
    let mut object = Object::new(map);
    let from = object.name("ref");
    for to in object.texts("dependsOn") {
        out.depends(&from, &to);
    }
    if let Some(trouble) = object.trouble() {
        out.bill.refuse(place, trouble);
    }
}

fn vulnerability(map: &Map<String, Value>, place: &str, out: &mut Building) {
    let mut object = Object::new(map);
    let id = object.name("id");
    if id.is_empty() {
        return out.bill.refuse(place, Trouble::malformed("a vulnerability without an id"));
    }
    // `references` are names of the same vulnerability elsewhere.
    let aliases = object.objects("references").map(|other| Object::new(other).name("id"));
    let vectors = object.objects("ratings").map(|rating| Object::new(rating).name("vector"));
    let keep = |name: &String| !name.is_empty();
    let (state, why) = analysis(&mut object);
    let vulnerability = Vulnerability {
        aliases: aliases.filter(keep).take(SBOM_LIST_MAX).collect(),
        vectors: vectors.filter(keep).take(SBOM_LIST_MAX).collect(),
        state,
        why,
        summary: object.prose("description"),
        published: object.time("published"),
        updated: object.time("updated"),
        affects: object.objects("affects").take(SBOM_LIST_MAX).map(|affects| self::affects(affects, out)).collect(),
        id,
    };
    if let Some(trouble) = object.trouble() {
        out.bill.refuse(place, trouble);
    }
    out.vulnerability(place, vulnerability);
}

/// The maker's analysis; a state that is none of the known ones is as good as being looked into.
fn analysis(object: &mut Object<'_>) -> (Option<Status>, String) {
    let Some(analysis) = object.object("analysis") else { return (None, String::new()) };
    let mut analysis = Object::new(analysis);
    let state = match analysis.name("state").as_str() {
        "" => None,
        "exploitable" => Some(Status::Affected),
        "resolved" | "resolved_with_pedigree" => Some(Status::Fixed),
        "not_affected" | "false_positive" => Some(Status::NotAffected),
        _ => Some(Status::UnderInvestigation),
    };
    let words = [analysis.name("justification"), analysis.prose("detail")];
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    (state, cut(&words.join(": "), INTEL_TEXT_BYTES_MAX).to_owned())
}

fn affects(map: &Map<String, Value>, out: &Building) -> Affects {
    let mut object = Object::new(map);
    let reference = object.name("ref");
    let versions = object.objects("versions").map(|version| {
        let mut version = Object::new(version);
        let range = version.text("range").or_else(|| version.text("version")).unwrap_or_default();
        let text = cut(range, INTEL_TEXT_BYTES_MAX).to_owned();
        let status = match version.name("status").as_str() {
            "affected" => Some(Status::Affected),
            "unaffected" => Some(Status::NotAffected),
            "" => None,
            _ => Some(Status::UnderInvestigation),
        };
        (text, status)
    });
    let versions = versions.filter(|(text, _)| !text.is_empty()).take(SBOM_LIST_MAX).collect();
    Affects { component: out.places.get(&reference).copied(), reference, versions }
}
