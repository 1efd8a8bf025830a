//! What the forms in JSON have in common: a long list is walked over member by member, and a member that is wrong costs itself.

use model::register::Software;
use model::software::{Cpe, Purl};
use serde_json::{Map, Value};

use super::Read;
use crate::Trouble;
use crate::intel::object::Object;
use crate::intel::walk;

/// Calls `take` with each object of a list; what is no object, or is wrong, is refused under `place`.
pub(super) fn each(
    list: &[u8],
    place: &str,
    out: &mut Read,
    mut take: impl FnMut(&Map<String, Value>, &str, &mut Read),
) {
    for (number, member) in (1u64..).zip(walk::inner(list)) {
        let place = format!("{place} {number}");
        match member.and_then(|(_, value)| walk::parsed(value)) {
            Ok(Value::Object(map)) => take(&map, &place, out),
            Ok(_) => out.refuse(place, Trouble::malformed("an object should stand here")),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

/// Calls `take` with the bytes of each member of a list, for members that hold long lists themselves.
pub(super) fn each_raw(list: &[u8], place: &str, out: &mut Read, mut take: impl FnMut(&[u8], &str, &mut Read)) {
    for (number, member) in (1u64..).zip(walk::inner(list)) {
        let place = format!("{place} {number}");
        match member {
            Ok((_, value)) if value.starts_with(b"{") => take(value, &place, out),
            Ok(_) => out.refuse(place, Trouble::malformed("an object should stand here")),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

/// A list that is a member of an object; one that is there and no list is refused. `null` counts as absent.
pub(super) fn list<'b>(object: &'b [u8], name: &str, place: &str, out: &mut Read) -> Option<&'b [u8]> {
    let value = walk::open(object, name)?;
    if value.starts_with(b"[") {
        return Some(value);
    }
    if !value.starts_with(b"null") {
        out.refuse(place, Trouble::malformed(format!("`{name}` should be a list")));
    }
    None
}

/// A small member of an object, as an object; empty where it is missing.
pub(super) fn small(object: &[u8], name: &str) -> Map<String, Value> {
    match walk::member(object, name).and_then(|value| walk::parsed(value).ok()) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A small member of an object, as a text; empty where it is missing.
pub(super) fn word(object: &[u8], name: &str) -> String {
    match walk::member(object, name).and_then(|value| walk::parsed(value).ok()) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

/// The object inside, or an empty one.
pub(super) fn inside<'m>(object: &mut Object<'m>, name: &str, empty: &'m Map<String, Value>) -> &'m Map<String, Value> {
    object.object(name).unwrap_or(empty)
}

/// A number or the text of one, as text.
pub(super) fn number(map: &Map<String, Value>, name: &str) -> String {
    match map.get(name) {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A program by its name, with the names of it that are right.
pub(super) fn program((name, version): (String, String), purl: &str, cpe: Option<&str>) -> Option<Software> {
    let purl = Purl::parse(purl).ok().map(|purl| purl.to_string());
    let cpe = cpe.and_then(|text| Cpe::parse(text).ok()).map(|cpe| cpe.to_string());
    (!name.is_empty()).then_some(Software { vendor: String::new(), product: name, version, cpe, purl })
}
