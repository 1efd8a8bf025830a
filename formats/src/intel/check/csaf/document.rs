//! `document` (section 3.2.1), and the tests about it: 6.1.12, 6.1.15, 6.1.26, 6.1.28.

use serde_json::{Map, Value};

use super::{members, object, one_of, text, time};
use crate::intel::check::Judgement;

/// Kinds of notes (section 3.1.5).
pub(super) const NOTES: &[&str] = &["description", "details", "faq", "general", "legal_disclaimer", "other", "summary"];
const PUBLISHERS: &[&str] = &["coordinator", "discoverer", "other", "translator", "user", "vendor"];
const LABELS: &[&str] = &["AMBER", "GREEN", "RED", "WHITE"];

pub(super) fn check(document: &Map<String, Value>, out: &mut Judgement) {
    category(document, out);
    one_of(document, "csaf_version", "document", &["2.0"], out);
    text(document, "title", "document", out);
    let publisher = object(document, "publisher", "document", out);
    if let Some(publisher) = publisher {
        let place = "document.publisher";
        one_of(publisher, "category", place, PUBLISHERS, out);
        text(publisher, "name", place, out);
        if text(publisher, "namespace", place, out).is_some_and(|address| !address.contains(':')) {
            out.must("uri", "document.publisher.namespace", "should be an absolute address");
        }
    }
    if let Some(tlp) = document.get("distribution").and_then(|distribution| distribution.get("tlp")) {
        match tlp.as_object() {
            Some(tlp) => one_of(tlp, "label", "document.distribution.tlp", LABELS, out),
            None => out.must("type", "document.distribution.tlp", "should be an object"),
        }
    }
    if document.get("distribution").and_then(Value::as_object).is_some_and(Map::is_empty) {
        out.must("empty", "document.distribution", "should not be empty");
    }
    languages(document, publisher, out);
    notes(document, "document", out);
    references(document, "document", out);
    tracking(document, out);
}

/// The name of a profile, and 6.1.26: no other name that a person would take for it.
fn category(document: &Map<String, Value>, out: &mut Judgement) {
    let Some(found) = text(document, "category", "document", out) else { return };
    let is_blank = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '_');
    if found.starts_with(is_blank) || found.ends_with(is_blank) {
        out.must("pattern", "document.category", "should begin and end with a letter");
    }
    let is_profile = super::profiles::NAMES.contains(&found);
    let plain = |text: &str| text.chars().filter(|letter| !is_blank(*letter)).collect::<String>().to_lowercase();
    let close = ["informationaladvisory", "securityincidentresponse", "securityadvisory", "vex"];
    let is_close =
        super::profiles::NAMES.iter().any(|name| plain(name) == plain(found)) || close.contains(&plain(found).as_str());
    // What begins with `csaf_` is kept for profiles of the standard.
    let is_reserved = plain(found).starts_with("csaf") && found.to_lowercase().starts_with("csaf_");
    if !is_profile && (is_close && found != "csaf_base" || is_reserved) {
        out.must("6.1.26", "document.category", "should not look like the name of a profile without being one");
    }
}

/// 6.1.12 (their form), 6.1.15 (a translator says from what), 6.1.28 (a translation is into another language).
fn languages(document: &Map<String, Value>, publisher: Option<&Map<String, Value>>, out: &mut Judgement) {
    let lang = document.get("lang").and_then(Value::as_str);
    let source = document.get("source_lang").and_then(Value::as_str);
    for (name, found) in [("document.lang", lang), ("document.source_lang", source)] {
        if found.is_some_and(|found| !is_language(found)) {
            out.must("6.1.12", name, "should be a language of RFC 5646");
        }
    }
    let is_translator =
        publisher.is_some_and(|publisher| publisher.get("category").is_some_and(|category| category == "translator"));
    if is_translator && source.is_none() {
        out.must("6.1.15", "document.source_lang", "a translator should say which language the original is in");
    }
    if let (Some(lang), Some(source)) = (lang, source)
        && lang.eq_ignore_ascii_case(source)
    {
        out.must("6.1.28", "document.lang", "a translation should be in another language than its original");
    }
}

fn is_language(text: &str) -> bool {
    let mut tags = text.split('-');
    let first = tags.next().unwrap_or_default();
    let is_known = match first.len() {
        2 => crate::intel::check::stix::is_language(first),
        3 => first.bytes().all(|byte| byte.is_ascii_alphabetic()),
        _ => matches!(first, "i" | "x"),
    };
    // A region of two letters cannot be one that RFC 5646 keeps for private use and ISO never gave.
    let is_tag = |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_known && tags.all(is_tag)
}

/// Notes of the document or of a vulnerability.
pub(super) fn notes(map: &Map<String, Value>, place: &str, out: &mut Judgement) {
    for (place, note) in members(map, "notes", place, out) {
        one_of(note, "category", &place, NOTES, out);
        text(note, "text", &place, out);
    }
}

/// References of the document or of a vulnerability.
pub(super) fn references(map: &Map<String, Value>, place: &str, out: &mut Judgement) {
    for (place, reference) in members(map, "references", place, out) {
        text(reference, "summary", &place, out);
        text(reference, "url", &place, out);
        if reference.contains_key("category") {
            one_of(reference, "category", &place, &["external", "self"], out);
        }
    }
}

fn tracking(document: &Map<String, Value>, out: &mut Judgement) {
    let Some(tracking) = object(document, "tracking", "document", out) else { return };
    let place = "document.tracking";
    if let Some(id) = text(tracking, "id", place, out)
        && id.trim() != id
    {
        out.must("pattern", "document.tracking.id", "should have no blanks round it");
    }
    time(tracking, "current_release_date", place, out);
    time(tracking, "initial_release_date", place, out);
    one_of(tracking, "status", place, &["draft", "final", "interim"], out);
    text(tracking, "version", place, out);
    if let Some(generator) = tracking.get("generator").and_then(Value::as_object)
        && let Some(engine) = object(generator, "engine", "document.tracking.generator", out)
    {
        text(engine, "name", "document.tracking.generator.engine", out);
    }
    let revisions = members(tracking, "revision_history", place, out);
    if !tracking.contains_key("revision_history") {
        out.must("required", "document.tracking.revision_history", "is missing");
    }
    for (place, revision) in revisions {
        time(revision, "date", &place, out);
        text(revision, "number", &place, out);
        text(revision, "summary", &place, out);
    }
}
