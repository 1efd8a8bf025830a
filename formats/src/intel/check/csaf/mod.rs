//! CSAF 2.0 (OASIS Standard, 18 November 2022): what the JSON schema asks for (section 3), and the mandatory tests (section 6.1).
//!
//! Deliberately absent: tests that need a register (6.1.11 compares names of weaknesses with the list of CWE; here the id's form
//! is judged), and the optional and informative tests of sections 6.2 and 6.3.

mod cvss;
mod document;
mod products;
mod profiles;
mod revisions;
mod vulnerabilities;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Judgement;
use crate::intel::csaf;

/// Judges an advisory.
///
/// ```
/// let judgement = formats::intel::check_csaf(br#"{"document":{}}"#);
/// assert!(!judgement.is_valid());
/// ```
pub fn check_csaf(bytes: &[u8]) -> Judgement {
    let mut out = Judgement::default();
    match csaf::document(bytes) {
        Err(trouble) => out.must("json", "document", trouble.detail),
        Ok(root) => {
            let document = object(&root, "document", "", &mut out);
            if let Some(document) = document {
                document::check(document, &mut out);
                revisions::check(document, &mut out);
                profiles::check(document, &root, &mut out);
            }
            let ids = products::check(&root, &mut out);
            vulnerabilities::check(&root, &ids, &mut out);
            nothing_empty(&root, &mut out);
        }
    }
    out
}

/// The ids that a product tree defines.
#[derive(Default)]
struct Ids {
    products: BTreeSet<String>,
    groups: BTreeSet<String>,
    /// Products of each group.
    members: std::collections::BTreeMap<String, Vec<String>>,
}

/// An object that has to be there.
fn object<'m>(
    map: &'m Map<String, Value>,
    name: &str,
    place: &str,
    out: &mut Judgement,
) -> Option<&'m Map<String, Value>> {
    let at = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match map.get(name) {
        None => out.must("required", &at, "is missing"),
        Some(value) if !value.is_object() => out.must("type", &at, "should be an object"),
        Some(value) => return value.as_object(),
    }
    None
}

/// A text that has to be there and is not empty.
fn text<'m>(map: &'m Map<String, Value>, name: &str, place: &str, out: &mut Judgement) -> Option<&'m str> {
    let at = format!("{place}.{name}");
    match map.get(name) {
        None => out.must("required", &at, "is missing"),
        Some(Value::String(text)) if text.is_empty() => out.must("empty", &at, "should not be empty"),
        Some(Value::String(text)) => return Some(text),
        Some(_) => out.must("type", &at, "should be a text"),
    }
    None
}

/// A text that is one of some.
fn one_of(map: &Map<String, Value>, name: &str, place: &str, words: &[&str], out: &mut Judgement) {
    if let Some(found) = text(map, name, place, out)
        && !words.contains(&found)
    {
        out.must("enum", &format!("{place}.{name}"), format!("should be one of {}", words.join(", ")));
    }
}

/// A moment that has to be there.
fn time(map: &Map<String, Value>, name: &str, place: &str, out: &mut Judgement) {
    if let Some(found) = text(map, name, place, out) {
        time_form(found, &format!("{place}.{name}"), out);
    }
}

/// RFC 3339 (JSON Schema's `date-time`): with a `T` and a zone.
fn time_form(text: &str, place: &str, out: &mut Judgement) {
    let has_zone = text.ends_with(['Z', 'z']) || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
    let has_t = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    if !has_zone || !has_t || model::Timestamp::parse(text).is_none() {
        out.must("date-time", place, "should be a moment of RFC 3339");
    }
}

/// The members of a list, each with its place. A list that is there is not empty and holds objects only.
fn members<'m>(
    map: &'m Map<String, Value>,
    name: &str,
    place: &str,
    out: &mut Judgement,
) -> Vec<(String, &'m Map<String, Value>)> {
    let at = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let list = match map.get(name) {
        None => return Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            out.must("type", &at, "should be a list");
            return Vec::new();
        }
    };
    if list.is_empty() {
        out.must("empty", &at, "a list should not be empty");
    }
    let mut found = Vec::new();
    for (number, member) in list.iter().enumerate() {
        let at = format!("{at}[{number}]");
        match member.as_object() {
            Some(member) => found.push((at, member)),
            None => out.must("type", &at, "should be an object"),
        }
    }
    found
}

/// The texts of a list. A list that is there is not empty, holds texts only, and each once.
fn texts<'m>(map: &'m Map<String, Value>, name: &str, place: &str, out: &mut Judgement) -> Vec<&'m str> {
    let at = format!("{place}.{name}");
    let list = match map.get(name) {
        None => return Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            out.must("type", &at, "should be a list");
            return Vec::new();
        }
    };
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if texts.len() < list.len() || texts.contains(&"") {
        out.must("type", &at, "should be a list of texts");
    }
    if list.is_empty() {
        out.must("empty", &at, "a list should not be empty");
    }
    if texts.iter().collect::<BTreeSet<_>>().len() < texts.len() {
        out.must("unique", &at, "no member should stand there twice");
    }
    texts
}

/// The schema has no property that may be null.
fn nothing_empty(map: &Map<String, Value>, out: &mut Judgement) {
    fn walk(value: &Value, place: &str, out: &mut Judgement) {
        match value {
            Value::Null => out.must("empty", place, "a property is left out, never null"),
            Value::Array(list) => list.iter().for_each(|member| walk(member, place, out)),
            Value::Object(map) => map.values().for_each(|member| walk(member, place, out)),
            _ => {}
        }
    }
    map.iter().for_each(|(name, value)| walk(value, crate::intel::object::cut(name, 64), out));
}

#[cfg(test)]
mod tests;
