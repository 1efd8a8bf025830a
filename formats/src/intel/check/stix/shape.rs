//! What a property may be, and whether it is that.

use serde_json::{Map, Value};

use super::formats;
use super::{Scope, vocabularies};
use crate::intel::check::Judgement;

/// What a property may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    /// A whole number in a range.
    Whole(i64, i64),
    /// A number in a range.
    Number(f64, f64),
    Flag,
    Time,
    Hex,
    Binary,
    Url,
    /// A text with a form of its own.
    Form(fn(&str) -> bool, &'static str),
    Hashes,
    /// Names with any values.
    Dictionary,
    /// Names with values of one kind.
    DictionaryOf(&'static Kind),
    /// A closed list of words.
    OneOf(&'static [&'static str]),
    /// A word of an open vocabulary.
    Open(&'static [&'static str]),
    /// The id of an object of these types; of any, where there is none.
    Ref(&'static [&'static str]),
    /// The id of an object that is not of these types.
    RefBut(&'static [&'static str]),
    ListOf(&'static Kind),
    /// An object inside.
    Inside(&'static [Property]),
}

/// A property of a type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
}

/// One that has to be there.
pub(super) const fn req(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, is_required: true }
}

/// One that may be there.
pub(super) const fn opt(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, is_required: false }
}

/// A table of properties, for a type or for an object inside.
pub(super) fn check(map: &Map<String, Value>, table: &[Property], scope: &Scope<'_>, out: &mut Judgement) {
    for property in table {
        let place = format!("{} `{}`", scope.place, property.name);
        match map.get(property.name) {
            Some(value) => value_of(value, &property.kind, &place, scope, out),
            None if property.is_required && !(scope.is_20 && is_new(scope.sort, property.name)) => {
                out.must("required", scope.place, format!("`{}` is missing", property.name));
            }
            None => {}
        }
    }
}

/// Required properties that STIX 2.0 did not have.
fn is_new(sort: &str, name: &str) -> bool {
    matches!((sort, name), ("indicator", "pattern_type") | ("malware", "is_family"))
}

fn value_of(value: &Value, kind: &Kind, place: &str, scope: &Scope<'_>, out: &mut Judgement) {
    match kind {
        Kind::Text => want(value.is_string(), "a text", place, out),
        Kind::Flag => want(value.is_boolean(), "true or false", place, out),
        Kind::Whole(least, most) => {
            let is_within = |whole: i64| (*least..=*most).contains(&whole);
            let is_whole = value.as_i64().is_some_and(is_within) || value.as_u64().is_some_and(|_| *most == i64::MAX);
            want(is_whole, &whole_words(*least, *most), place, out);
        }
        Kind::Number(least, most) => {
            let is_within = value.as_f64().is_some_and(|number| (*least..=*most).contains(&number));
            want(is_within, &format!("a number from {least} to {most}"), place, out);
        }
        Kind::Time => formats::time(value, place, out),
        Kind::Hex => want(value.as_str().is_some_and(formats::is_hex), "pairs of hexadecimal digits", place, out),
        Kind::Binary => want(value.as_str().is_some_and(formats::is_base64), "base64", place, out),
        Kind::Url => want(value.as_str().is_some_and(formats::is_url), "an absolute URL", place, out),
        Kind::Form(is_right, what) => want(value.as_str().is_some_and(is_right), what, place, out),
        Kind::Hashes => hashes(value, place, out),
        Kind::Dictionary | Kind::DictionaryOf(_) => dictionary(value, kind, place, scope, out),
        Kind::OneOf(words) => {
            let is_one = value.as_str().is_some_and(|text| words.contains(&text));
            want(is_one, &format!("one of {}", words.join(", ")), place, out);
        }
        Kind::Open(words) => match value.as_str() {
            None => want(false, "a text", place, out),
            Some(text) if !words.contains(&text) => {
                out.should("vocabulary", place, "a word of its open vocabulary is recommended");
                if !formats::is_vocabulary_word(text) {
                    out.should("vocabulary-format", place, "small letters, digits and hyphens are recommended");
                }
            }
            Some(_) => {}
        },
        Kind::Ref(_) | Kind::RefBut(_) => reference(value, kind, place, scope, out),
        Kind::ListOf(inner) => match value.as_array() {
            None => want(false, "a list", place, out),
            Some(list) if list.is_empty() => out.must("empty", place, "a list should not be empty"),
            Some(list) => list.iter().for_each(|member| value_of(member, inner, place, scope, out)),
        },
        Kind::Inside(table) => match value.as_object() {
            None => want(false, "an object", place, out),
            Some(map) => check(map, table, &Scope { place, ..*scope }, out),
        },
    }
}

fn want(is_right: bool, what: &str, place: &str, out: &mut Judgement) {
    if !is_right {
        out.must("type", place, format!("should be {what}"));
    }
}

fn whole_words(least: i64, most: i64) -> String {
    match (least, most) {
        (i64::MIN, i64::MAX) => "a whole number".to_owned(),
        (least, i64::MAX) => format!("a whole number from {least}"),
        _ => format!("a whole number from {least} to {most}"),
    }
}

fn reference(value: &Value, kind: &Kind, place: &str, scope: &Scope<'_>, out: &mut Judgement) {
    let Some(id) = value.as_str() else { return want(false, "an id", place, out) };
    if scope.is_embedded {
        // Inside observed data these are keys, which `common` resolves.
        return;
    }
    formats::id(id, None, place, out);
    let sort = id.split_once("--").map_or("", |(sort, _)| sort);
    match kind {
        Kind::Ref(sorts) if !sorts.is_empty() && !sorts.contains(&sort) => {
            out.must("reference", place, format!("should refer to {}", sorts.join(", ")));
        }
        Kind::RefBut(sorts) if sorts.contains(&sort) => {
            out.must("reference", place, format!("should not refer to a {sort}"))
        }
        _ => {}
    }
}

fn dictionary(value: &Value, kind: &Kind, place: &str, scope: &Scope<'_>, out: &mut Judgement) {
    let Some(map) = value.as_object() else { return want(false, "an object", place, out) };
    if map.is_empty() {
        out.must("empty", place, "a dictionary should not be empty");
    }
    for (name, member) in map {
        if !formats::is_dictionary_key(name) {
            out.must("name", place, "keys should be letters, digits, hyphens and underscores, 250 at most");
        }
        if let Kind::DictionaryOf(inner) = kind {
            value_of(member, inner, place, scope, out);
        }
    }
}

/// Hashes (STIX 2.1, section 2.7, and the vocabulary in 10.7).
fn hashes(value: &Value, place: &str, out: &mut Judgement) {
    let Some(map) = value.as_object() else { return want(false, "an object", place, out) };
    if map.is_empty() {
        out.must("empty", place, "a dictionary should not be empty");
    }
    for (name, hash) in map {
        let Some(hash) = hash.as_str() else {
            want(false, "texts of digits", place, out);
            continue;
        };
        let known = vocabularies::HASHES.iter().find(|(known, _)| known == name);
        match known {
            Some((_, is_right)) => {
                if !is_right(hash) {
                    out.must("hash", place, "a hash should have the digits of its algorithm");
                }
            }
            None => {
                if name.len() < 3 || !formats::is_dictionary_key(name) {
                    out.must(
                        "name",
                        place,
                        "an algorithm's name should be 3 to 250 letters, digits, hyphens and underscores",
                    );
                }
                out.should("hash-algo", place, "an algorithm of the vocabulary is recommended");
            }
        }
        if name.len() > 30 {
            out.should("hash-length", place, "an algorithm's name of 30 letters at most is recommended");
        }
    }
}
