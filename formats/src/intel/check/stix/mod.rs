//! STIX documents: a bundle, an envelope, an array of objects, or one object.
//!
//! STIX 2.1, sections 2 to 7 and 10 to 12; of 2.0 (an object without `spec_version` in a bundle that says so) what it has in common with it. An
//! object is judged by its table ([`tables`]): which properties it has to have, and what each may be; then by the rules that
//! tie properties to each other ([`rules`]). Names of types and properties that the standard does not know are custom: allowed, not recommended.

mod common;
mod formats;
mod rules;
mod shape;
mod tables;
mod vocabularies;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Judgement;
use crate::intel::object::cut;
use crate::intel::walk::{self, Shape};

pub(super) use formats::is_language;

/// Judges a pattern of STIX: `Err` says what is wrong with it.
pub type PatternCheck<'p> = dyn Fn(&str) -> Result<(), String> + 'p;

/// Judges a document. `pattern` judges the patterns of indicators, which is `intel`'s to know.
///
/// ```
/// let judgement = formats::intel::check_stix(br#"{"type":"tool","id":"tool--1"}"#, &|_| Ok(()));
/// assert!(!judgement.is_valid());
/// ```
pub fn check_stix(bytes: &[u8], pattern: &PatternCheck<'_>) -> Judgement {
    let mut judge = Judge { out: Judgement::default(), pattern, is_20: false, versions: BTreeSet::new() };
    match walk::shape(bytes) {
        Err(trouble) => judge.out.must("json", "document", trouble.detail),
        Ok(Shape::Array) => judge.list(bytes),
        Ok(Shape::Object) => judge.document(bytes),
    }
    judge.out
}

struct Judge<'p> {
    out: Judgement,
    pattern: &'p PatternCheck<'p>,
    is_20: bool,
    /// Id and `modified` of what came by.
    versions: BTreeSet<(String, String)>,
}

impl Judge<'_> {
    fn document(&mut self, bytes: &[u8]) {
        let objects = walk::open(bytes, "objects").filter(|objects| objects.starts_with(b"["));
        let is_bundle = walk::member(bytes, "type").is_some_and(|sort| sort == b"\"bundle\"");
        let is_envelope =
            walk::open(bytes, "type").is_none() && (objects.is_some() || walk::open(bytes, "more").is_some());
        if !is_bundle && !is_envelope {
            return self.one("object", bytes);
        }
        for member in walk::members(bytes) {
            match member {
                Ok((b"objects", value)) if is_bundle && !value.starts_with(b"[") => {
                    self.out.must("type", "bundle", "`objects` should be a list");
                }
                Ok((b"objects", value)) if is_bundle && walk::inner(value).next().is_none() => {
                    self.out.must("empty", "bundle", "`objects` should not be empty");
                }
                Ok(_) => {}
                Err(trouble) => self.out.must("json", "document", trouble.detail),
            }
        }
        if is_bundle {
            self.bundle(bytes);
        }
        if let Some(objects) = objects {
            self.list(objects);
        }
    }

    fn bundle(&mut self, bytes: &[u8]) {
        let text =
            |name: &str| walk::member(bytes, name).and_then(|value| serde_json::from_slice::<String>(value).ok());
        self.is_20 = text("spec_version").is_some_and(|version| version == "2.0");
        match text("id") {
            Some(id) => formats::id(&id, Some("bundle"), "bundle `id`", &mut self.out),
            None => self.out.must("required", "bundle", "`id` is missing or no text"),
        }
        if let Some(value) = walk::member(bytes, "spec_version")
            && value != b"\"2.0\""
            && value != b"\"2.1\""
        {
            self.out.must("version", "bundle", "`spec_version` should be 2.0; bundles of 2.1 have none");
        }
    }

    fn list(&mut self, objects: &[u8]) {
        for (number, member) in (1u64..).zip(walk::inner(objects)) {
            let place = format!("object {number}");
            match member {
                Ok((_, bytes)) => self.one(&place, bytes),
                Err(trouble) => self.out.must("json", &place, trouble.detail),
            }
        }
    }

    fn one(&mut self, place: &str, bytes: &[u8]) {
        match walk::whole(bytes) {
            Ok(Value::Object(map)) => self.object(place, &map),
            Ok(_) => self.out.must("json", place, "no JSON object"),
            Err(trouble) => self.out.must("json", place, trouble.detail),
        }
    }

    fn object(&mut self, place: &str, map: &Map<String, Value>) {
        let text = |name: &str| map.get(name).and_then(Value::as_str);
        let id = text("id").unwrap_or_default();
        let place = if id.is_empty() { place.to_owned() } else { format!("{place} ({})", cut(id, 128)) };
        let Some(sort) = text("type") else {
            return self.out.must("required", &place, "`type` is missing or no text");
        };
        if sort == "bundle" {
            return self.out.must("type", &place, "a bundle inside a bundle");
        }
        let version = (id.to_owned(), text("modified").unwrap_or_default().to_owned());
        if !id.is_empty() && !self.versions.insert(version) {
            self.out.should("duplicate-ids", &place, "the same version of the same object stands here twice");
        }
        let table = tables::of(sort);
        let scope =
            Scope { place: &place, sort, is_20: self.is_20 || text("spec_version") == Some("2.0"), is_embedded: false };
        common::check(map, table, &scope, &mut self.out);
        if let Some(table) = table {
            shape::check(map, table, &scope, &mut self.out);
            rules::check(map, &scope, &mut self.out);
        }
        if sort == "indicator"
            && text("pattern_type").unwrap_or("stix") == "stix"
            && let Some(pattern) = text("pattern")
        {
            // What is wrong is said by `intel` in words about the pattern.
            if let Err(why) = (self.pattern)(pattern) {
                self.out.must("pattern", &place, format!("`pattern`: {why}"));
            }
        }
    }
}

/// Where a judge stands.
struct Scope<'a> {
    place: &'a str,
    sort: &'a str,
    is_20: bool,
    /// Inside observed data, where observables refer to each other by keys.
    is_embedded: bool,
}

#[cfg(test)]
mod tests;
