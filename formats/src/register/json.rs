//! The register as JSON: an object `{"items": […], "links": […]}`, a list of both, or one a line. The names are those of the fields of
//! [`Item`] and [`Link`].

use model::limits::RECORD_BYTES_MAX;
use model::register::{Item, Link};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Bringing, Brought};
use crate::Trouble;
use crate::intel::walk;

/// Fields of an item.
const ITEM_FIELDS: &[&str] = &[
    "id",
    "kind",
    "title",
    "about",
    "state",
    "owner",
    "exposure",
    "data",
    "information_types",
    "categorization",
    "is_life_safety",
    "residents",
    "day_costs",
    "is_mobile",
    "addresses",
    "software",
    "labels",
];

/// Fields of a link.
const LINK_FIELDS: &[&str] = &["from", "to", "kind", "interface", "data", "about"];

/// Reads items and links.
///
/// ```
/// let found = formats::register::json::read(br#"{"items": [{"id": "portal", "kind": "service", "title": "Portal"}], "links": []}"#);
/// assert_eq!((found.items.len(), found.refused_count), (1, 0));
/// ```
pub fn read(bytes: &[u8]) -> Brought {
    let mut out = Bringing::default();
    if !out.is_small(bytes) {
        return out.brought;
    }
    match walk::shape(bytes) {
        Err(trouble) => out.refuse("document", trouble),
        Ok(walk::Shape::Array) => list(bytes, "record", Sort::Either, &mut out),
        Ok(walk::Shape::Object) => {
            let parts = [("items", "item", Sort::Item), ("links", "link", Sort::Link)];
            let found = parts.map(|(name, one, sort)| (walk::open(bytes, name), one, sort));
            if found.iter().all(|(list, _, _)| list.is_none()) {
                lines(bytes, &mut out);
            }
            for (members, one, sort) in found {
                match members {
                    Some(members) if members.starts_with(b"[") => list(members, one, sort, &mut out),
                    Some(_) => out.refuse(one, Trouble::malformed("a list should stand here")),
                    None => {}
                }
            }
        }
    }
    out.brought.fit_own();
    out.brought
}

/// What a record should be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Item,
    Link,
    Either,
}

fn list(bytes: &[u8], one: &str, sort: Sort, out: &mut Bringing) {
    // What stands behind a list that is a member is the rest of the document.
    for (number, member) in (1u64..).zip(walk::inner(bytes)) {
        let place = format!("{one} {number}");
        match member.and_then(|(_, bytes)| walk::parsed(bytes)) {
            Ok(value) => record(value, sort, &place, out),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

fn lines(bytes: &[u8], out: &mut Bringing) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, line) in (1u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        let (line, place) = (line.trim_ascii(), format!("line {number}"));
        if line.is_empty() {
            continue;
        }
        if line.len() > RECORD_BYTES_MAX {
            let length = line.len();
            out.refuse(place, Trouble::too_large(format!("{length} bytes, at most {RECORD_BYTES_MAX} are read")));
            continue;
        }
        match walk::large(line) {
            Ok(value) => record(value, Sort::Either, &place, out),
            Err(trouble) => out.refuse(place, trouble),
        }
    }
}

fn record(value: Value, sort: Sort, place: &str, out: &mut Bringing) {
    let Value::Object(map) = &value else {
        return out.refuse(place, Trouble::malformed("an object should stand here"));
    };
    let is_link = sort == Sort::Link || (sort == Sort::Either && map.contains_key("from") && map.contains_key("to"));
    let known = if is_link { LINK_FIELDS } else { ITEM_FIELDS };
    // A field that is written wrongly would look like one of which nobody has said anything.
    let unknown: Vec<String> = map
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .take(8)
        .map(|name| name.chars().take(80).collect())
        .collect();
    if !unknown.is_empty() {
        let what = if is_link { "a link" } else { "an item" };
        let detail = format!("no field of {what}: {}; known are {}", unknown.join(", "), known.join(", "));
        return out.refuse(place, Trouble::malformed(detail));
    }
    let read = if is_link {
        shaped::<Link>(value).map(|link| out.link(place, link))
    } else {
        shaped::<Item>(with_defaults(value)).map(|item| out.item(place, item))
    };
    if let Err(trouble) = read {
        out.refuse(place, trouble);
    }
}

/// What people leave out: it runs, and is called by its name.
fn with_defaults(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.entry("state").or_insert_with(|| "running".into());
        if let (Some(id), false) = (map.get("id").cloned(), map.contains_key("title")) {
            map.insert("title".to_owned(), id);
        }
    }
    value
}

fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, Trouble> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        Trouble::malformed(format!("{path}: {}", error.into_inner()))
    })
}

/// Writes items and links.
pub fn write(items: &[Item], links: &[Link]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        items: &'a [Item],
        links: &'a [Link],
    }
    // Texts, numbers and lists of them: there is no value that could not be written.
    serde_json::to_string_pretty(&Document { items, links }).unwrap_or_default()
}
