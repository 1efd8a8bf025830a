//! STIX objects, one by one.
//!
//! STIX 2.1 (OASIS Standard, 10 June 2021) and 2.0 (19 July 2017): a bundle, a TAXII 2.1 envelope, an array of objects, or one
//! object alone; and the compact extract of ATT&CK ([`extract`]). The bytes are gone over twice: once for what objects say about
//! each other (versions, markings, names, what indicates what), once for the objects. Of an object that the bytes hold in
//! several versions, the one with the latest `modified` counts; the others are [`Tally::superseded`].
//!
//! An indicator is a claim; an observable beside it is context, because somebody saw it and nobody said that it is bad. What a
//! `relationship` says an indicator `indicates` becomes its names and techniques. Granular markings count for the whole object,
//! the stricter of all. A marking that is not known here is handed on by name and noted once; what it allows is not guessed.
//!
//! Deliberately absent: translations (`language-content` comes as an entity without a meaning) and evaluation of patterns.

mod claims;
mod entity;
mod extract;
mod index;
mod marking;

use std::collections::BTreeSet;

use model::limits::INTEL_NAME_BYTES_MAX;
use serde_json::{Map, Value};

use super::object::{Object, cut};
use super::walk::{self, Shape};
use super::{Counted, Sink, Standing, Tally};
use crate::Trouble;
use index::Index;
use marking::Marks;

/// Reads a bundle, an envelope, an array of objects or one object.
///
/// ```
/// let bundle = br#"{"type":"bundle","id":"bundle--7c0a6b4c-6a7c-4b8e-9a30-0c2d3a1b2c3d","objects":[{"type":"indicator",
///     "id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.7']"}]}"#;
/// let mut found = Vec::new();
/// let tally = formats::intel::stix::read(bundle, &mut |item| found.push(item));
/// assert_eq!((tally.items, tally.refused), (1, 0));
/// ```
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    match walk::shape(bytes) {
        Err(trouble) => out.refused("document", trouble),
        Ok(Shape::Array) => Reader::new(bytes, &mut out).all(bytes),
        Ok(Shape::Object) => document(bytes, &mut out),
    }
    out.tally
}

fn document(bytes: &[u8], out: &mut Counted<'_, '_>) {
    if let Some(objects) = walk::open(bytes, "objects") {
        // An empty envelope may hold `null`; STIX 2.0's observed data hold an object of that name.
        if objects.starts_with(b"[") {
            Reader::new(objects, out).all(objects);
            return;
        }
    }
    if walk::open(bytes, "_metadata").is_some() {
        extract::read(bytes, out);
        return;
    }
    let sort = walk::member(bytes, "type");
    if sort.is_some_and(|sort| sort == b"\"bundle\"") || sort.is_none() && walk::members(bytes).all(|one| one.is_ok()) {
        let is_empty_envelope = sort.is_some() || walk::member(bytes, "more").is_some() || bytes.trim_ascii() == b"{}";
        if !is_empty_envelope {
            out.refused("document", Trouble::malformed("neither a bundle nor an envelope nor an object"));
        }
        return;
    }
    Reader::new(&[], out).one(1, bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
}

/// The second pass.
struct Reader<'o, 'a, 's> {
    index: Index,
    out: &'o mut Counted<'a, 's>,
    /// Markings about which it was said that they are not known.
    said: BTreeSet<String>,
}

/// Most unknown markings that are noted.
const UNKNOWN_NOTED_MAX: usize = 1_000;

impl<'o, 'a, 's> Reader<'o, 'a, 's> {
    fn new(objects: &[u8], out: &'o mut Counted<'a, 's>) -> Self {
        Reader { index: Index::of(objects), out, said: BTreeSet::new() }
    }

    fn all(&mut self, objects: &[u8]) {
        let mut number = 0;
        for member in walk::inner(objects) {
            number += 1;
            match member {
                Ok((_, bytes)) => self.one(number, bytes),
                Err(trouble) => {
                    self.out.tally.records += 1;
                    self.out.refused(format!("object {number}"), trouble);
                }
            }
        }
    }

    fn one(&mut self, number: u64, bytes: &[u8]) {
        self.out.tally.records += 1;
        let value = match walk::parsed(bytes) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return self.out.refused(format!("object {number}"), Trouble::malformed("no JSON object")),
            Err(trouble) => return self.out.refused(format!("object {number}"), trouble),
        };
        let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(sort), Some(id)) = (text("type"), text("id")) else {
            // Observables of STIX 2.0 have no id, but they stand inside others and do not come here.
            let missing = if text("type").is_none() { "`type`" } else { "`id`" };
            let trouble = Trouble::malformed(format!("{missing} is missing"));
            return self.out.refused(format!("object {number}"), trouble);
        };
        if !self.index.is_latest(id, number) {
            self.out.tally.superseded += 1;
            return;
        }
        let place = format!("object {number} ({})", cut(id, INTEL_NAME_BYTES_MAX));
        self.object(&value, sort, &place);
    }

    fn object(&mut self, map: &Map<String, Value>, sort: &str, place: &str) {
        let mut object = Object::new(map);
        let marks = self.index.marks(&mut object);
        self.unknown(&marks, place);
        match sort {
            "indicator" => match claims::indicator(&mut object, marks, &self.index) {
                Ok(claimed) => self.out.claimed(claimed),
                Err(trouble) => return self.out.refused(place, trouble),
            },
            "relationship" => match entity::relation(&mut object, marks) {
                Ok(known) => self.out.known(known),
                Err(trouble) => return self.out.refused(place, trouble),
            },
            "sighting" => match entity::sighting(&mut object, marks) {
                Ok(known) => self.out.known(known),
                Err(trouble) => return self.out.refused(place, trouble),
            },
            "vulnerability" => self.out.known(entity::vulnerability(&mut object, marks)),
            "observed-data" => {
                let inside = claims::embedded(&mut object, &marks);
                self.out.known(entity::entity(&mut object, marks));
                inside.into_iter().for_each(|claimed| self.out.claimed(claimed));
            }
            _ => {
                let observed = claims::observable(&mut object, sort, &marks);
                if observed.is_empty() {
                    self.out.known(entity::entity(&mut object, marks));
                }
                observed.into_iter().for_each(|claimed| self.out.claimed(claimed));
            }
        }
        if let Some(trouble) = object.trouble() {
            self.out.refused(place, trouble);
        }
    }

    fn unknown(&mut self, marks: &Marks, place: &str) {
        for id in &marks.unresolved {
            if self.said.len() < UNKNOWN_NOTED_MAX && self.said.insert(id.clone()) {
                let detail = format!("marking {id} is not known here; what it allows is not guessed");
                self.out.refused(place, Trouble::part_lost(detail));
            }
        }
    }
}

/// Revoked and deprecated things are withdrawn.
fn standing(object: &mut Object<'_>) -> Standing {
    let is_withdrawn =
        ["revoked", "x_mitre_deprecated", "deprecated"].iter().any(|name| object.flag(name) == Some(true));
    if is_withdrawn { Standing::Withdrawn } else { Standing::Current }
}

/// Phases of kill chains as `chain/phase`.
fn phases(object: &mut Object<'_>) -> Vec<String> {
    let mut phases = Vec::new();
    for phase in object.objects("kill_chain_phases").take(model::limits::INTEL_LIST_MAX) {
        let mut phase = Object::new(phase);
        phases.push(format!("{}/{}", phase.name("kill_chain_name"), phase.name("phase_name")));
    }
    phases
}

/// The id of an external reference whose source is accepted.
fn external_id(object: &mut Object<'_>, is_source: impl Fn(&str) -> bool) -> Option<String> {
    object.objects("external_references").find_map(|reference| {
        let text = |name: &str| reference.get(name).and_then(Value::as_str);
        let id = text("external_id").filter(|_| text("source_name").is_some_and(&is_source))?;
        Some(cut(id, INTEL_NAME_BYTES_MAX).to_owned())
    })
}

/// Its id in ATT&CK, by the references that ATT&CK's own bundles carry (`mitre-attack`, `mitre-ics-attack`, …), or by the property
/// that others copy it to.
fn attack_id(object: &mut Object<'_>) -> Option<String> {
    let by_reference = external_id(object, |source| source.starts_with("mitre-") && source.ends_with("attack"));
    by_reference.or_else(|| Some(object.name("x_mitre_id")).filter(|id| !id.is_empty()))
}

#[cfg(test)]
mod tests;
