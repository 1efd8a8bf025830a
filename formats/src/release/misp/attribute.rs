//! One indicator as an attribute: type and category as MISP pairs them (`describeTypes`), tags of MISP's taxonomies `tlp`, `PAP`
//! and `misp`.

use model::{Confidence, Marking, Pap, Timestamp, Tlp};
use serde_json::{Map, Value as Json, json};

use super::super::sieve::Why;
use super::super::value::{Hash, Value};
use super::super::{Release, Released, one_line};

/// An attribute, and the texts whose MD5 MISP looks for.
pub(super) struct Attribute {
    pub(super) json: Json,
    pub(super) parts: Vec<String>,
}

/// Letters of a comment.
const COMMENT_CHARS_MAX: usize = 1_000;

pub(super) fn of(release: &Release, released: &Released, value: Value<'_>) -> Result<Attribute, Why> {
    let text = released.value.clone();
    let (type_, category, parts) = match value {
        Value::Address(_) | Value::Range(_) => ("ip-dst", "Network activity", vec![text]),
        Value::Socket(socket) => {
            let parts = vec![socket.ip().to_string(), socket.port().to_string()];
            ("ip-dst|port", "Network activity", parts)
        }
        // MISP asks for a dot in a domain.
        Value::Domain(name) if !name.contains('.') => return Err(Why::OneLabel),
        Value::Domain(_) => ("domain", "Network activity", vec![text]),
        Value::Url(_) => ("url", "Network activity", vec![text]),
        Value::Path(_) => ("uri", "Network activity", vec![text]),
        Value::Hash(hash, _) => (hash_type(hash), "Payload delivery", vec![text]),
        Value::Email(_) => ("email", "Payload delivery", vec![text]),
    };
    let mut map = Map::new();
    let mut set = |name: &str, value: Json| map.insert(name.to_owned(), value);
    set("uuid", release.producer.id_of("misp-attribute", &released.id().to_string()).to_string().into());
    set("type", type_.into());
    set("category", category.into());
    set("value", parts.join("|").into());
    set("to_ids", true.into());
    set("comment", comment(released).into());
    set("timestamp", super::seconds(released.changed(release.made)).into());
    set("Tag", all_tags(released).into());
    set("disable_correlation", false.into());
    set("deleted", false.into());
    if let Some(first) = released.first_seen {
        set("first_seen", moment(first).into());
    }
    // MISP refuses an end before the beginning.
    if let Some(last) = released.last_seen.filter(|last| released.first_seen.is_none_or(|first| first <= *last)) {
        set("last_seen", moment(last).into());
    }
    Ok(Attribute { json: Json::Object(map), parts })
}

fn hash_type(hash: Hash) -> &'static str {
    match hash {
        Hash::Md5 => "md5",
        Hash::Sha1 => "sha1",
        Hash::Sha256 => "sha256",
        Hash::Sha512 => "sha512",
    }
}

/// What MISP has no field for: label, level, the exact confidence, sources, and until when.
fn comment(released: &Released) -> String {
    let mut comment = format!("{} ({}, confidence {}", released.label, released.level, released.confidence.percent());
    if let Some(until) = released.valid_until {
        comment.push_str(&format!(", valid until {}", super::super::stix::stamp(until)));
    }
    comment.push(')');
    if !released.sources.is_empty() {
        comment.push_str(&format!(" from {}", released.sources.join(", ")));
    }
    one_line(&comment, COMMENT_CHARS_MAX)
}

fn moment(at: Timestamp) -> String {
    super::super::stix::stamp(at).replace('Z', "000+00:00")
}

fn all_tags(released: &Released) -> Vec<Json> {
    let mut tags = tags(released.marking);
    let plain = |technique: &&String| technique.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    let techniques = released.techniques.iter().filter(plain);
    tags.extend(techniques.map(|technique| json!({ "name": format!("watchbell:technique=\"{technique}\"") })));
    tags.push(json!({ "name": confidence_tag(released.confidence) }));
    tags
}

/// The tags of a marking, in the colours that FIRST gives TLP 2.0.
pub(super) fn tags(marking: Marking) -> Vec<Json> {
    let colour = match marking.tlp {
        Tlp::Clear => "#FFFFFF",
        Tlp::Green => "#33FF00",
        Tlp::Amber | Tlp::AmberStrict => "#FFC000",
        Tlp::Red => "#FF2B2B",
    };
    let mut tags = vec![json!({ "name": format!("tlp:{}", marking.tlp.name()), "colour": colour })];
    if marking.pap != Pap::Clear {
        tags.push(json!({ "name": marking.pap.to_string() }));
    }
    tags
}

/// MISP's taxonomy `misp`, predicate `confidence-level`, whose values stand for 100, 75, 50, 25 and 0: the nearest.
fn confidence_tag(confidence: Confidence) -> &'static str {
    match confidence.percent() {
        88.. => "misp:confidence-level=\"completely-confident\"",
        63..88 => "misp:confidence-level=\"usually-confident\"",
        38..63 => "misp:confidence-level=\"fairly-confident\"",
        13..38 => "misp:confidence-level=\"rarely-confident\"",
        ..13 => "misp:confidence-level=\"unconfident\"",
    }
}
