//! Rules that tie the properties of a type to each other.

use model::Timestamp;
use serde_json::{Map, Value};

use super::{Scope, common, formats, shape, tables};
use crate::intel::check::Judgement;

/// Pairs of times, the earlier one first, and whether they may be the same: section 3.2 (`modified`), and the sections of the types.
const ORDERS: [(&str, &str, &str, bool); 15] = [
    ("", "created", "modified", true),
    ("campaign", "first_seen", "last_seen", true),
    ("indicator", "valid_from", "valid_until", false),
    ("infrastructure", "first_seen", "last_seen", true),
    ("intrusion-set", "first_seen", "last_seen", true),
    ("malware", "first_seen", "last_seen", true),
    ("malware-analysis", "analysis_started", "analysis_ended", true),
    ("malware-analysis", "submitted", "analysis_ended", true),
    ("observed-data", "first_observed", "last_observed", true),
    ("relationship", "start_time", "stop_time", false),
    ("sighting", "first_seen", "last_seen", true),
    ("threat-actor", "first_seen", "last_seen", true),
    ("network-traffic", "start", "end", true),
    ("x509-certificate", "validity_not_before", "validity_not_after", true),
    ("user-account", "account_first_login", "account_last_login", true),
];

/// Properties of which at least one has to be there; a `+` binds two together.
const ONE_OF: [(&str, &[&str]); 7] = [
    ("file", &["hashes", "name"]),
    ("network-traffic", &["src_ref", "dst_ref"]),
    ("location", &["region", "country", "latitude+longitude"]),
    ("malware-analysis", &["result", "analysis_sco_refs"]),
    ("artifact", &["payload_bin", "url"]),
    ("observed-data", &["objects", "object_refs"]),
    (
        "windows-registry-key",
        &["key", "values", "modified_time", "creator_user_ref", "number_of_subkeys", "extensions"],
    ),
];

/// Types without a required property, of which one of their own has to be there.
const ANY_OF_OWN: [&str; 3] = ["process", "user-account", "x509-certificate"];

/// A property that needs another one.
const NEEDS: [(&str, &str, &str); 5] = [
    ("location", "latitude", "longitude"),
    ("location", "longitude", "latitude"),
    ("location", "precision", "latitude"),
    ("artifact", "url", "hashes"),
    ("artifact", "decryption_key", "encryption_algorithm"),
];

/// Two properties that exclude each other.
const EXCLUDES: [(&str, &str, &str); 2] =
    [("artifact", "payload_bin", "url"), ("observed-data", "objects", "object_refs")];

pub(super) fn check(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    let is_of = |sort: &str| sort.is_empty() || sort == scope.sort;
    for (_, first, second, may_be_equal) in ORDERS.iter().filter(|(sort, ..)| is_of(sort)) {
        order(map, (first, second), *may_be_equal, scope, out);
    }
    let has = |names: &&str| names.split('+').all(|name| map.contains_key(name));
    for (_, names) in ONE_OF.iter().filter(|(sort, _)| is_of(sort)) {
        if !names.iter().any(has) {
            out.must("required", scope.place, format!("one of {} should be there", names.join(", ")));
        }
    }
    if ANY_OF_OWN.contains(&scope.sort) {
        let own = tables::of(scope.sort).unwrap_or_default();
        if !own.iter().any(|property| map.contains_key(property.name)) && !map.contains_key("extensions") {
            out.must("required", scope.place, "one of its own properties should be there");
        }
    }
    for (_, name, needed) in NEEDS.iter().filter(|(sort, ..)| is_of(sort)) {
        if map.contains_key(*name) && !map.contains_key(*needed) {
            out.must("dependency", scope.place, format!("`{name}` needs `{needed}`"));
        }
    }
    for (_, one, other) in EXCLUDES.iter().filter(|(sort, ..)| is_of(sort)) {
        if map.contains_key(*one) && map.contains_key(*other) {
            out.must("dependency", scope.place, format!("`{one}` and `{other}` exclude each other"));
        }
    }
    of_type(map, scope, out);
    uuids(map, scope, out);
}

fn order(
    map: &Map<String, Value>,
    (first, second): (&str, &str),
    may_be_equal: bool,
    scope: &Scope<'_>,
    out: &mut Judgement,
) {
    let at = |name: &str| {
        map.get(name).and_then(Value::as_str).filter(|text| formats::is_time(text)).and_then(Timestamp::parse)
    };
    if let (Some(earlier), Some(later)) = (at(first), at(second))
        && (earlier > later || earlier == later && !may_be_equal)
    {
        out.must("order", scope.place, format!("`{second}` should be later than `{first}`"));
    }
}

fn of_type(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    let has = |name: &str| map.contains_key(name);
    let is_true = |name: &str| map.get(name) == Some(&Value::Bool(true));
    let mut must = |rule: &'static str, is_broken: bool, why: &str| {
        if is_broken {
            out.must(rule, scope.place, why);
        }
    };
    match scope.sort {
        "malware" if !scope.is_20 => {
            must("dependency", is_true("is_family") && !has("name"), "a family of malware should have a name")
        }
        "network-traffic" => {
            must("dependency", is_true("is_active") && has("end"), "traffic that is active has no end")
        }
        "email-message" => {
            must("dependency", is_true("is_multipart") && has("body"), "a message of several parts has no `body`");
            let is_single = map.get("is_multipart") == Some(&Value::Bool(false));
            must("dependency", is_single && has("body_multipart"), "a message of one part has no `body_multipart`");
            email_parts(map, scope, out);
        }
        "extension-definition" => {
            let sorts = map.get("extension_types").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let is_toplevel = sorts.iter().any(|sort| sort == "toplevel-property-extension");
            must(
                "dependency",
                has("extension_properties") && !is_toplevel,
                "only an extension of the top level has `extension_properties`",
            );
            must("required", !has("created_by_ref"), "`created_by_ref` is missing");
        }
        "windows-registry-key" => {
            let values = map.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
            let is_bare = |value: &Map<String, Value>| {
                !["name", "data", "data_type"].iter().any(|name| value.contains_key(*name))
            };
            let has_bare = values.into_iter().any(is_bare);
            must("required", has_bare, "a registry value should have a name, data or a type");
        }
        "marking-definition" => marking(map, scope, out),
        "language-content" => translations(map, scope, out),
        "observed-data" => observed(map, scope, out),
        "indicator" if !has("name") || !has("description") => {
            out.should("indicator-properties", scope.place, "`name` and `description` are recommended");
        }
        _ => {}
    }
}

/// Section 6.6: each part has text, or an object with its bytes; header fields that have a property of their own stand there.
fn email_parts(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    for part in map.get("body_multipart").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        if part.contains_key("body") == part.contains_key("body_raw_ref") {
            out.must(
                "dependency",
                scope.place,
                "a part of a message should have `body` or `body_raw_ref`, and not both",
            );
        }
    }
    let fields = map.get("additional_header_fields").and_then(Value::as_object).into_iter().flatten();
    for (_, field) in fields {
        let is_texts = field.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        if !field.is_string() && !is_texts {
            out.must("type", scope.place, "a header field should be a text or a list of texts");
        }
    }
}

/// Section 7.2.1: a statement, one of the four fixed objects of TLP, or a definition of its own.
fn marking(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    let (sort, definition) = (map.get("definition_type").and_then(Value::as_str), map.get("definition"));
    if !map.contains_key("extensions") && (sort.is_none() || definition.is_none()) {
        out.must("required", scope.place, "`definition_type` and `definition` should be there, or an extension");
    }
    if definition.is_some_and(|definition| !definition.is_object()) {
        out.must("type", scope.place, "`definition` should be an object");
    }
    let inside = |name: &str| definition.and_then(|definition| definition.get(name)).and_then(Value::as_str);
    match sort {
        Some("statement") if inside("statement").is_none() => {
            out.must("required", scope.place, "a statement should have `statement`, a text");
        }
        Some("tlp") => {
            let name = map.get("name").and_then(Value::as_str);
            let id = map.get("id").and_then(Value::as_str).unwrap_or_default();
            let fixed = TLP.iter().find(|(color, _)| inside("tlp") == Some(color));
            let is_fixed = fixed.is_some_and(|(color, uuid)| {
                let is_named = name.is_none_or(|name| name == format!("TLP:{}", color.to_uppercase()));
                id == format!("marking-definition--{uuid}") && is_named
            });
            // They are given in full: nothing may stand beside what they have.
            let own = ["type", "spec_version", "id", "created", "definition_type", "name", "definition"];
            let is_bare = map.keys().all(|name| own.contains(&name.as_str()));
            let is_dated = map.get("created").and_then(Value::as_str) == Some("2017-01-20T00:00:00.000Z");
            if !is_fixed || !is_dated || !is_bare && !scope.is_20 {
                out.must("marking", scope.place, "markings of TLP should be the four objects that the standard gives");
            }
            if name.is_none() && !scope.is_20 {
                out.must("required", scope.place, "`name` is missing");
            }
        }
        Some("statement") | None => {}
        Some(_) => out.should("marking-definition-type", scope.place, "`statement` or `tlp` is recommended"),
    }
}

/// Section 7.2.1.4.
const TLP: [(&str, &str); 4] = [
    ("white", "613f2e26-407d-48c7-9eca-b8e91df99dc9"),
    ("green", "34098fce-860f-48ae-8e50-ebd3cc5e41da"),
    ("amber", "f88d31f6-486f-44da-b317-01333bde0b82"),
    ("red", "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"),
];

/// Section 7.1: languages, and in each the properties that are translated.
fn translations(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    for (language, properties) in map.get("contents").and_then(Value::as_object).into_iter().flatten() {
        if !formats::is_language(language) {
            out.must("language", scope.place, "`contents` should be by language codes of RFC 5646");
        }
        match properties.as_object() {
            None => out.must("type", scope.place, "a translation should be an object"),
            Some(properties) if properties.is_empty() => {
                out.must("empty", scope.place, "a translation should not be empty")
            }
            Some(properties) if !properties.keys().all(|name| formats::is_property_name(name)) => {
                out.must("name", scope.place, "a translation should be of properties");
            }
            Some(_) => {}
        }
    }
}

/// Observables inside observed data: each for itself, and their references among each other.
fn observed(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    let Some(objects) = map.get("objects") else { return };
    let Some(objects) = objects.as_object() else {
        return out.must("type", scope.place, "`objects` should be an object");
    };
    if objects.is_empty() {
        out.must("empty", scope.place, "`objects` should not be empty");
    }
    for (key, object) in objects {
        let place = format!("{} `objects.{}`", scope.place, crate::intel::object::cut(key, 32));
        let Some(object) = object.as_object() else {
            out.must("type", &place, "an observable should be an object");
            continue;
        };
        if !key.bytes().all(|byte| byte.is_ascii_digit()) {
            out.should("observable-object-keys", &place, "whole numbers are recommended as keys");
        }
        let Some(sort) = object.get("type").and_then(Value::as_str) else {
            out.must("required", &place, "`type` is missing or no text");
            continue;
        };
        let inner = Scope { place: &place, sort, is_20: scope.is_20, is_embedded: true };
        let table = tables::of(sort).filter(|_| tables::is_observable(sort));
        common::check(object, table, &inner, out);
        if let Some(table) = table {
            shape::check(object, table, &inner, out);
            check(object, &inner, out);
            resolve(object, table, objects, &place, out);
        }
    }
}

/// Keys that an observable refers to: they lead to one of its neighbours, of a fitting type.
fn resolve(
    object: &Map<String, Value>,
    table: &[shape::Property],
    all: &Map<String, Value>,
    place: &str,
    out: &mut Judgement,
) {
    use shape::Kind::{ListOf, Ref};
    for property in table {
        let sorts = match property.kind {
            Ref(sorts) => sorts,
            ListOf(Ref(sorts)) => *sorts,
            _ => continue,
        };
        let value = object.get(property.name);
        let keys =
            value.into_iter().flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
        for key in keys.filter_map(Value::as_str) {
            let found = all.get(key).and_then(|found| found.get("type")).and_then(Value::as_str);
            match found {
                None => out.must("reference", place, format!("`{}` should refer to a neighbour", property.name)),
                Some(sort) if !sorts.is_empty() && !sorts.contains(&sort) => {
                    out.must("reference", place, format!("`{}` should refer to {}", property.name, sorts.join(", ")));
                }
                Some(_) => {}
            }
        }
    }
}

/// Properties from which the id of an observable is made, all of them optional (section 6, ID contributing properties).
const CONTRIBUTING: [(&str, &[&str]); 5] = [
    ("artifact", &["hashes", "payload_bin"]),
    ("email-message", &["from_ref", "subject", "body"]),
    ("user-account", &["account_type", "user_id", "account_login"]),
    ("windows-registry-key", &["key", "values"]),
    ("x509-certificate", &["hashes", "serial_number"]),
];

/// Whether nothing is there of which an id could be made.
pub(super) fn has_no_contribution(map: &Map<String, Value>, sort: &str) -> bool {
    let names = CONTRIBUTING.iter().find(|(known, _)| *known == sort);
    names.is_some_and(|(_, names)| !names.iter().any(|name| map.contains_key(*name)))
}

/// Section 2.9: what nothing can be made of gets a random id; a process always does.
fn uuids(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    let version = map.get("id").and_then(Value::as_str).and_then(formats::uuid_version);
    let is_random = scope.sort == "process" || has_no_contribution(map, scope.sort);
    if is_random && !scope.is_20 && !scope.is_embedded && version.is_some_and(|version| version != 4) {
        out.must("uuid-version", scope.place, "`id` should have a UUID of version 4");
    }
}
