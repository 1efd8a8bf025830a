//! What all objects share (STIX 2.1, sections 3.1 to 3.5 and 7.2 to 7.3).

use serde_json::{Map, Value};

use super::shape::Kind::{DictionaryOf, Flag, Form, Hashes, Inside, ListOf, OneOf, Ref, Text, Url, Whole};
use super::shape::{self, Property, opt, req};
use super::{Scope, formats, tables, vocabularies};
use crate::intel::check::Judgement;
use crate::intel::object::cut;

const MARKING: shape::Kind = Ref(&["marking-definition"]);
const REFERENCES: shape::Kind = ListOf(&Inside(&[
    req("source_name", Text),
    opt("description", Text),
    opt("url", Url),
    opt("hashes", Hashes),
    opt("external_id", Text),
]));
const GRANULAR: shape::Kind = ListOf(&Inside(&[
    req("selectors", ListOf(&Form(is_selector, "a path of properties and list indices"))),
    opt("marking_ref", MARKING),
    opt("lang", Form(formats::is_language, "a language code of RFC 5646")),
]));

/// Of domain and relationship objects (section 3.2).
const CORE: &[Property] = &[
    opt("created_by_ref", Ref(&["identity"])),
    opt("revoked", Flag),
    opt("labels", ListOf(&Text)),
    opt("confidence", Whole(0, 100)),
    opt("lang", Form(formats::is_language, "a language code of RFC 5646")),
    opt("external_references", REFERENCES),
    opt("object_marking_refs", ListOf(&MARKING)),
    opt("granular_markings", GRANULAR),
    opt("extensions", DictionaryOf(&Inside(&[]))),
];

/// Of observables.
const OBSERVABLE: &[Property] = &[
    opt("spec_version", OneOf(&["2.0", "2.1"])),
    opt("object_marking_refs", ListOf(&MARKING)),
    opt("granular_markings", GRANULAR),
    opt("defanged", Flag),
    opt("extensions", DictionaryOf(&Inside(&[]))),
];

/// Names that section 11.2 and the appendix keep for later.
const RESERVED: [&str; 4] = ["severity", "action", "username", "phone_numbers"];

pub(super) fn check(map: &Map<String, Value>, table: Option<&[Property]>, scope: &Scope<'_>, out: &mut Judgement) {
    let is_observable = tables::is_observable(scope.sort) || table.is_none() && !map.contains_key("created");
    if !formats::is_type_name(scope.sort) || scope.sort == "action" {
        out.must(
            "name",
            scope.place,
            "`type` should be 3 to 250 small letters, digits and hyphens, and none that is reserved",
        );
    }
    identity(map, is_observable, scope, out);
    versions(map, is_observable, scope, out);
    shape::check(map, if is_observable { OBSERVABLE } else { CORE }, scope, out);
    names(map, table, is_observable, scope, out);
    let place = scope.place;
    map.values().for_each(|value| no_nothing(value, place, out));
    if !is_observable {
        // Observables have none; a property of that name is a custom one.
        references(map, place, out);
    }
    markings(map, scope, out);
    extensions(map, scope, out);
}

fn identity(map: &Map<String, Value>, is_observable: bool, scope: &Scope<'_>, out: &mut Judgement) {
    let place = format!("{} `id`", scope.place);
    if scope.is_embedded && !map.contains_key("id") {
        return;
    }
    let Some(id) = map.get("id").and_then(Value::as_str) else {
        if !(is_observable && scope.is_20) {
            out.must("required", scope.place, "`id` is missing or no text");
        }
        return;
    };
    formats::id(id, Some(scope.sort), &place, out);
    // Section 2.9: UUIDv5 for observables but processes, UUIDv4 for all else.
    let wanted = if tables::is_observable(scope.sort) && scope.sort != "process" { 5 } else { 4 };
    let version = formats::uuid_version(id);
    // The markings of TLP have ids of their own.
    let is_judged = !(is_observable && scope.is_20) && version.is_some_and(|version| version != wanted);
    if is_judged && !(wanted == 5 && super::rules::has_no_contribution(map, scope.sort)) {
        out.should("uuid-version", &place, format!("a UUID of version {wanted} is recommended"));
    }
}

/// `created`, `modified` and `spec_version`.
fn versions(map: &Map<String, Value>, is_observable: bool, scope: &Scope<'_>, out: &mut Judgement) {
    if is_observable {
        return;
    }
    let is_marking = scope.sort == "marking-definition";
    for name in ["created", "modified"] {
        let place = format!("{} `{name}`", scope.place);
        match map.get(name) {
            None if name == "modified" && is_marking => {}
            None => out.must("required", scope.place, format!("`{name}` is missing")),
            Some(_) if name == "modified" && is_marking => {
                out.must("versioning", &place, "a marking definition is never changed, so it has no `modified`");
            }
            Some(value) => {
                formats::time(value, &place, out);
                let text = value.as_str().unwrap_or_default();
                let is_coarse =
                    !is_marking && !scope.is_20 && formats::is_time(text) && formats::fraction_digits(text) < 3;
                if is_coarse {
                    out.must("timestamp", &place, "should be exact to the millisecond");
                }
            }
        }
    }
    match map.get("spec_version").map(Value::as_str) {
        None if scope.is_20 => {}
        None => out.must("required", scope.place, "`spec_version` is missing"),
        Some(Some("2.0" | "2.1")) => {}
        Some(_) => out.must("version", scope.place, "`spec_version` should be 2.1"),
    }
}

/// Names of properties: their form, and whether the standard knows them.
fn names(
    map: &Map<String, Value>,
    table: Option<&[Property]>,
    is_observable: bool,
    scope: &Scope<'_>,
    out: &mut Judgement,
) {
    if table.is_none() && !scope.sort.starts_with("x-") && !uses_extension(map, "new-s") {
        out.should("custom", scope.place, "a type that the standard does not know should be defined by an extension");
    }
    let shared = if is_observable { OBSERVABLE } else { CORE };
    let is_known = |name: &str| {
        let own = table.into_iter().flatten().chain(shared);
        own.map(|property| property.name)
            .chain(["type", "id", "spec_version", "created", "modified"])
            .any(|known| known == name)
            || matches!((scope.sort, name), ("observed-data", "objects") | ("marking-definition", "definition"))
    };
    for (name, value) in map {
        let place = format!("{} `{}`", scope.place, cut(name, 64));
        if !formats::is_property_name(name) {
            out.must("name", &place, "a property's name should be 3 to 250 small letters, digits and underscores");
        } else if RESERVED.contains(&name.as_str()) {
            out.must("reserved", &place, "a name that the standard keeps for itself");
        } else if table.is_some() && !is_known(name) {
            if !uses_extension(map, "toplevel-property-extension") {
                out.should(
                    "custom",
                    &place,
                    "a property that the standard does not know should be defined by an extension",
                );
            }
            let text = value.as_str();
            if name.ends_with("_bin") && !text.is_some_and(formats::is_base64) {
                out.must("type", &place, "should be base64, as its name says");
            }
            if name.ends_with("_hex") && !text.is_some_and(formats::is_hex) {
                out.must("type", &place, "should be pairs of hexadecimal digits, as its name says");
            }
        }
    }
}

fn uses_extension(map: &Map<String, Value>, sort: &str) -> bool {
    let extensions = map.get("extensions").and_then(Value::as_object).into_iter().flat_map(Map::values);
    extensions.filter_map(|extension| extension.get("extension_type")?.as_str()).any(|found| found.starts_with(sort))
}

/// Section 3.1: no property is null, no list is empty, whatever it is.
fn no_nothing(value: &Value, place: &str, out: &mut Judgement) {
    match value {
        Value::Null => out.must("empty", place, "a property is left out, never null"),
        Value::Array(list) if list.is_empty() => out.must("empty", place, "a list should not be empty"),
        Value::Array(list) => list.iter().for_each(|member| no_nothing(member, place, out)),
        // Windows itself writes two members of a dictionary as null (section 6.13.2), so that inside an object null is let be.
        Value::Object(map) => {
            map.values().filter(|member| !member.is_null()).for_each(|member| no_nothing(member, place, out))
        }
        _ => {}
    }
}

/// External references (section 2.5): something beside the source, and the public names in their own form.
fn references(map: &Map<String, Value>, place: &str, out: &mut Judgement) {
    let list = map.get("external_references").and_then(Value::as_array).into_iter().flatten();
    for reference in list.filter_map(Value::as_object) {
        let text = |name: &str| reference.get(name).and_then(Value::as_str);
        let id = text("external_id");
        let is_cve = |id: &str| is_numbered(id, "CVE-", true);
        let is_capec = |id: &str| is_numbered(id, "CAPEC-", false);
        let is_right = match text("source_name") {
            Some("cve") => id.is_some_and(is_cve),
            Some("capec") => id.is_some_and(is_capec),
            _ => {
                if !["description", "url", "external_id"].iter().any(|name| reference.contains_key(*name)) {
                    out.must("external-reference", place, "a reference should have a description, an address or an id");
                }
                !id.is_some_and(|id| is_cve(id) || is_capec(id))
            }
        };
        if !is_right {
            out.must(
                "external-reference",
                place,
                "`cve` should name CVE-YEAR-NUMBER, `capec` CAPEC-NUMBER, and others neither",
            );
        }
        if reference.contains_key("url") && !reference.contains_key("hashes") {
            out.should("extref-hashes", place, "a hash beside the address of a reference is recommended");
        }
        let hashes = reference.get("hashes").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        if hashes.into_iter().any(|name| !vocabularies::HASHES.iter().any(|(known, _)| known == name)) {
            out.must("hash-algo", place, "a reference's hashes should be of the vocabulary");
        }
    }
}

/// `CVE-2024-12345` or `CAPEC-1`.
fn is_numbered(id: &str, prefix: &str, has_year: bool) -> bool {
    let Some(rest) = id.strip_prefix(prefix) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match rest.split_once('-') {
        Some((year, number)) if has_year => {
            let is_short = number.len() == 4 || !number.starts_with('0');
            year.len() == 4 && digits(year) && number.len() >= 4 && is_short && digits(number)
        }
        None if !has_year => digits(rest),
        _ => false,
    }
}

/// The form of a selector (section 7.2.3.1).
fn is_selector(text: &str) -> bool {
    let mut segments = text.split('.');
    segments.next().is_some_and(formats::is_property_name)
        && segments.all(|segment| {
            let index = segment.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let is_index =
                index.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
            is_index || formats::is_dictionary_key(segment)
        })
}

fn markings(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    let id = map.get("id").and_then(Value::as_str).unwrap_or_default();
    let own = |value: &Value| scope.sort == "marking-definition" && value.as_str() == Some(id);
    if map.get("object_marking_refs").and_then(Value::as_array).is_some_and(|refs| refs.iter().any(own)) {
        out.must("marking", scope.place, "a marking definition should not refer to itself");
    }
    for granular in
        map.get("granular_markings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
    {
        if granular.contains_key("marking_ref") == granular.contains_key("lang") {
            out.must("marking", scope.place, "a granular marking should have a marking or a language, and not both");
        }
        if granular.get("marking_ref").is_some_and(own) {
            out.must("marking", scope.place, "a marking definition should not refer to itself");
        }
        for selector in
            granular.get("selectors").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if is_selector(selector) && !leads_somewhere(map, selector) {
                out.must("selector", scope.place, "a selector should lead to a property that is there");
            }
        }
    }
}

fn leads_somewhere(map: &Map<String, Value>, selector: &str) -> bool {
    let mut segments = selector.split('.');
    let mut at = segments.next().and_then(|name| map.get(name));
    for segment in segments {
        let index = segment
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|digits| digits.parse::<usize>().ok());
        at = match index {
            Some(index) => at.and_then(|value| value.get(index)),
            None => at.and_then(|value| value.get(segment)),
        };
    }
    at.is_some()
}

/// Extensions (section 7.3): their names, and the properties of those that the standard defines.
fn extensions(map: &Map<String, Value>, scope: &Scope<'_>, out: &mut Judgement) {
    for (name, extension) in map.get("extensions").and_then(Value::as_object).into_iter().flatten() {
        let place = format!("{} `extensions.{}`", scope.place, cut(name, 64));
        let Some(content) = extension.as_object() else { continue };
        if name.starts_with("extension-definition--") {
            formats::id(name, None, &place, out);
            let table = [req("extension_type", OneOf(vocabularies::EXTENSION_TYPE))];
            shape::check(content, &table, &Scope { place: &place, ..*scope }, out);
        } else if !(name.ends_with("-ext") && formats::is_type_name(name)) {
            out.must("name", &place, "an extension's name should be the id of its definition, or end with -ext");
        }
        if content.is_empty() {
            out.must("empty", &place, "an extension should not be empty");
        }
        if !content.keys().all(|name| formats::is_property_name(name)) {
            out.must("name", &place, "an extension's properties should have names like all others");
        }
        let known = tables::EXTENSIONS.iter().find(|(sort, known, ..)| *sort == scope.sort && known == name);
        if let Some((_, _, table, has_one)) = known {
            shape::check(content, table, &Scope { place: &place, ..*scope }, out);
            if *has_one && !table.iter().any(|property| content.contains_key(property.name)) {
                out.must("required", &place, "one of its properties should be there");
            }
        } else if !name.starts_with("extension-definition--") {
            out.should("custom", &place, "an extension that the standard does not know should be defined by an object");
        }
    }
}
