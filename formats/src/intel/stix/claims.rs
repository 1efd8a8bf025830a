//! What can be looked for: indicators (STIX 2.1, section 4.7) and observables (section 6).

use model::IndicatorKind;
use model::limits::{INDICATOR_LABEL_BYTES_MAX, INDICATOR_VALUE_BYTES_MAX, INTEL_LIST_MAX, INTEL_PATTERN_BYTES_MAX};
use serde_json::Value;

use super::index::Index;
use super::marking::Marks;
use crate::Trouble;
use crate::intel::object::{Object, cut};
use crate::intel::{Claimed, Standing, What};

/// An indicator with its pattern as it stands there.
pub(super) fn indicator(object: &mut Object<'_>, marks: Marks, index: &Index) -> Result<Claimed, Trouble> {
    let Some(pattern) = object.text("pattern") else {
        return Err(Trouble::malformed("an indicator without `pattern`"));
    };
    if pattern.len() > INTEL_PATTERN_BYTES_MAX {
        let length = pattern.len();
        return Err(Trouble::too_large(format!(
            "a pattern of {length} bytes, at most {INTEL_PATTERN_BYTES_MAX} are read"
        )));
    }
    // STIX 2.0 has one language only, and does not say so.
    let language = object.text("pattern_type").unwrap_or("stix").to_ascii_lowercase();
    let id = object.name("id");
    let mut tags = object.texts("indicator_types");
    tags.extend(object.texts("labels"));
    tags.dedup();
    let name = object.name("name");
    let (names, mut techniques) = index.indicated(&id);
    if let Some(id) = super::attack_id(object) {
        techniques.push(id);
    }
    Ok(Claimed {
        what: What::Pattern { language, text: pattern.to_owned() },
        standing: super::standing(object),
        label: cut(
            if name.is_empty() { tags.first().map_or("", String::as_str) } else { &name },
            INDICATOR_LABEL_BYTES_MAX,
        )
        .to_owned(),
        confidence: object.confidence("confidence"),
        valid_from: object.time("valid_from"),
        valid_until: object.time("valid_until"),
        modified: object.time("modified").or_else(|| object.time("created")),
        marking: marks.marking(),
        unknown_markings: marks.unknown(),
        id: Some(id),
        techniques,
        phases: super::phases(object),
        names,
        tags,
        description: object.prose("description"),
        ..Claimed::default()
    })
}

/// What a property of an observable is: a value, of a kind where that is certain, or another sort of thing.
type Sort = Result<Option<IndicatorKind>, &'static str>;

/// Observables that say what they are in one property: type, property, and what it is.
const VALUES: [(&str, &str, Sort); 17] = [
    // An address may be a range, so the kind is left to the value.
    ("ipv4-addr", "value", Ok(None)),
    ("ipv6-addr", "value", Ok(None)),
    ("domain-name", "value", Ok(Some(IndicatorKind::Domain))),
    ("url", "value", Ok(Some(IndicatorKind::Url))),
    ("email-addr", "value", Ok(Some(IndicatorKind::Email))),
    ("artifact", "url", Ok(Some(IndicatorKind::Url))),
    ("autonomous-system", "number", Err("autonomous-system")),
    ("directory", "path", Err("directory")),
    ("email-message", "subject", Err("email-subject")),
    ("mac-addr", "value", Err("mac-addr")),
    ("mutex", "name", Err("mutex")),
    ("process", "command_line", Err("command-line")),
    ("software", "name", Err("software")),
    ("user-account", "account_login", Err("user-account")),
    ("user-account", "user_id", Err("user-account")),
    ("windows-registry-key", "key", Err("registry-key")),
    ("x509-certificate", "serial_number", Err("certificate-serial")),
];

/// An observable: nothing for what is none, or has no value.
pub(super) fn observable(object: &mut Object<'_>, sort: &str, marks: &Marks) -> Vec<Claimed> {
    let mut found = Vec::new();
    for (_, property, kind) in VALUES.iter().filter(|(known, ..)| *known == sort) {
        if let Some(value) = scalar(object, property) {
            found.push(match kind {
                Ok(kind) => What::Value { kind: *kind, value },
                Err(sort) => What::Other { sort: (*sort).to_owned(), value },
            });
        }
    }
    if matches!(sort, "file" | "artifact" | "x509-certificate")
        && let Some(hashes) = object.object("hashes")
    {
        found.extend(hashes.iter().take(INTEL_LIST_MAX).filter_map(|(name, value)| hash(sort, name, value.as_str()?)));
    }
    if sort == "file"
        && let Some(value) = scalar(object, "name")
    {
        found.push(What::Other { sort: "file-name".to_owned(), value });
    }
    let id = object.name("id");
    let claim = |what: What| Claimed {
        what,
        standing: Standing::Context,
        label: sort.to_owned(),
        marking: marks.marking(),
        unknown_markings: marks.unknown(),
        id: Some(id.clone()).filter(|id| !id.is_empty()),
        ..Claimed::default()
    };
    found.into_iter().map(claim).collect()
}

/// The observables inside observed data of STIX 2.0 (part 4, section 2).
pub(super) fn embedded(object: &mut Object<'_>, marks: &Marks) -> Vec<Claimed> {
    let Some(objects) = object.object("objects") else { return Vec::new() };
    let (id, seen) = (object.name("id"), object.time("last_observed"));
    let mut found = Vec::new();
    for inside in objects.values().filter_map(Value::as_object).take(INTEL_LIST_MAX) {
        let sort = inside.get("type").and_then(Value::as_str).unwrap_or_default();
        let claims = observable(&mut Object::new(inside), sort, marks);
        found.extend(claims.into_iter().map(|claim| Claimed { id: Some(id.clone()), last_seen: seen, ..claim }));
    }
    found
}

fn hash(sort: &str, name: &str, value: &str) -> Option<What> {
    let is_file = sort != "x509-certificate";
    let known =
        ["MD5", "SHA-1", "SHA1", "SHA-256", "SHA256", "SHA-512", "SHA512"].contains(&name.to_uppercase().as_str());
    if value.len() > INDICATOR_VALUE_BYTES_MAX {
        return None;
    }
    let value = value.trim().to_owned();
    Some(match is_file && known {
        true => What::Value { kind: Some(IndicatorKind::FileHash), value },
        false => What::Other { sort: format!("{sort} {}", cut(name, 32)), value },
    })
}

fn scalar(object: &mut Object<'_>, property: &str) -> Option<String> {
    if let Some(Value::Number(number)) = object.get(property) {
        return Some(number.to_string());
    }
    let value = object.text(property)?;
    if value.len() > INDICATOR_VALUE_BYTES_MAX {
        object.lose(property, "shorter");
        return None;
    }
    Some(value.to_owned())
}
