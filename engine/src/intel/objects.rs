//! What feeds know beside indicators, as it is kept: one JSON object each, with STIX's names where it has them.

use formats::intel::{
    Advisory, Claimed, Entity, Known, LeakPost, OwnFinding, Product, ProductState, Relation, Sighting, SightingNature,
    Standing, Vulnerability, What,
};
use model::{Level, Marking, Timestamp, limits};
use serde_json::{Map, Value, json};
use store::state::NewIntelObject;

use super::gather::{SourceDefaults, marking, shortened};

/// What patterns are kept as.
pub(super) const PATTERN: &str = "indicator";

/// A rule or pattern that no look-up can do, as it is kept.
pub(super) fn of_pattern(claimed: &Claimed, defaults: &SourceDefaults) -> Option<NewIntelObject> {
    let What::Pattern { language, text } = &claimed.what else { return None };
    let id = claimed.id.clone().unwrap_or_else(|| hashed("indicator", &[language, text]));
    let body = json!({
        "pattern_type": language, "pattern": text, "name": claimed.label, "description": claimed.description,
        "techniques": claimed.techniques, "labels": claimed.tags,
        "valid_from": claimed.valid_from.map(time), "valid_until": claimed.valid_until.map(time),
        "confidence": claimed.confidence.unwrap_or(defaults.confidence),
        "severity": claimed.level.unwrap_or(defaults.level).name(),
    });
    let body = marked(body, claimed.marking.or(Some(defaults.marking)), &claimed.unknown_markings);
    object(&id, PATTERN, &claimed.label, claimed.modified.or(claimed.valid_from), claimed.standing, body)
}

/// Anything else; `None` for what is of no use when it is kept: hashes of breaches are compared and forgotten.
pub(super) fn of(known: &Known) -> Option<NewIntelObject> {
    match known {
        Known::Entity(entity) => of_entity(entity),
        Known::Relation(relation) => of_relation(relation),
        Known::Sighting(sighting) => of_sighting(sighting),
        Known::Vulnerability(vulnerability) => of_vulnerability(vulnerability),
        Known::Advisory(advisory) => of_advisory(advisory),
        Known::LeakPost(post) => of_leak(post),
        Known::Finding(finding) => of_finding(finding),
        Known::BreachHash(_) | Known::NewName(_) => None,
    }
}

fn of_entity(entity: &Entity) -> Option<NewIntelObject> {
    let body = json!({
        "name": entity.name, "aliases": entity.aliases, "description": entity.description,
        "attack_id": entity.attack_id, "kill_chain_phases": entity.phases, "platforms": entity.platforms,
        "labels": entity.tags, "object_refs": entity.refs,
        "first_seen": entity.first_seen.map(time), "last_seen": entity.last_seen.map(time),
    });
    let body = marked(body, entity.marking, &entity.unknown_markings);
    object(&entity.id, &entity.sort, &entity.name, entity.modified, entity.standing, body)
}

fn of_relation(relation: &Relation) -> Option<NewIntelObject> {
    let body = json!({
        "relationship_type": relation.kind, "source_ref": relation.source, "target_ref": relation.target,
        "description": relation.description,
        "start_time": relation.from.map(time), "stop_time": relation.until.map(time),
    });
    let body = marked(body, relation.marking, &relation.unknown_markings);
    object(&relation.id, "relationship", "", relation.from, relation.standing, body)
}

fn of_sighting(sighting: &Sighting) -> Option<NewIntelObject> {
    let nature = match sighting.nature {
        SightingNature::Seen => "seen",
        SightingNature::FalsePositive => "false-positive",
        SightingNature::Expired => "expired",
    };
    let body = json!({
        "sighting_of_ref": sighting.of, "nature": nature, "count": sighting.count, "where_sighted_refs": sighting.by,
        "first_seen": sighting.first_seen.map(time), "last_seen": sighting.last_seen.map(time),
    });
    let body = marked(body, sighting.marking, &sighting.unknown_markings);
    object(&sighting.id, "sighting", "", sighting.last_seen, sighting.standing, body)
}

fn of_vulnerability(vulnerability: &Vulnerability) -> Option<NewIntelObject> {
    let within = vulnerability.within.as_deref().unwrap_or_default();
    let id = match (vulnerability.id.as_str(), within) {
        ("", within) => hashed("vulnerability", &[within, &vulnerability.name]),
        (id, "") => format!("vulnerability:{id}"),
        (id, within) => format!("vulnerability:{id}:{within}"),
    };
    let name = if vulnerability.id.is_empty() { &vulnerability.name } else { &vulnerability.id };
    let body = json!({
        "name": vulnerability.id, "title": vulnerability.name, "description": vulnerability.description,
        "within": vulnerability.within, "products": vulnerability.products.iter().map(product).collect::<Vec<_>>(),
        "weaknesses": vulnerability.weaknesses, "cvss_tenths": vulnerability.cvss_tenths,
        "cvss_vector": vulnerability.cvss_vector, "severity": vulnerability.level.map(Level::name),
        "is_exploited": vulnerability.is_exploited, "is_used_for_ransom": vulnerability.is_used_for_ransom,
        "added": vulnerability.added.map(time), "due": vulnerability.due.map(time), "remedies": vulnerability.remedies,
    });
    let body = marked(body, vulnerability.marking, &vulnerability.unknown_markings);
    object(&id, "vulnerability", name, vulnerability.added, vulnerability.standing, body)
}

fn product(product: &Product) -> Value {
    let state = match product.state {
        ProductState::Affected => "affected",
        ProductState::Fixed => "fixed",
        ProductState::NotAffected => "not_affected",
        ProductState::UnderInvestigation => "under_investigation",
        ProductState::Recommended => "recommended",
    };
    json!({
        "vendor": product.vendor, "name": product.name, "product": product.product, "version": product.version,
        "identifiers": product.identifiers, "state": state,
    })
}

fn of_advisory(advisory: &Advisory) -> Option<NewIntelObject> {
    let body = json!({
        "title": advisory.title, "publisher": advisory.publisher, "category": advisory.category,
        "published": advisory.published.map(time), "severity": advisory.level.map(Level::name),
        "status": advisory.status, "vulnerabilities": advisory.vulnerabilities, "products": advisory.products,
    });
    let body = marked(body, advisory.marking, &advisory.unknown_markings);
    let id = format!("advisory:{}", advisory.id);
    object(&id, "advisory", &advisory.title, advisory.modified.or(advisory.published), Standing::Current, body)
}

fn of_leak(post: &LeakPost) -> Option<NewIntelObject> {
    let when = post.published.or(post.discovered);
    let id = hashed("leak-post", &[&post.group, &post.victim, &when.map(time).unwrap_or_default()]);
    let body = json!({
        "victim": post.victim, "group": post.group, "domain": post.domain, "country": post.country,
        "sector": post.sector, "discovered": post.discovered.map(time), "published": post.published.map(time),
        "description": post.description,
    });
    object(&id, "leak-post", &post.victim, when, Standing::Current, body)
}

fn of_finding(finding: &OwnFinding) -> Option<NewIntelObject> {
    let port = finding.port.map_or(String::new(), |port| port.to_string());
    let at = finding.at.as_deref().unwrap_or_default();
    let id = hashed("own-finding", &[&finding.tool, &finding.asset, &port, &finding.transport, &finding.check, at]);
    let name = if finding.title.is_empty() { &finding.service } else { &finding.title };
    let body = json!({
        "tool": finding.tool, "asset": finding.asset, "names": finding.names, "port": finding.port,
        "transport": finding.transport, "service": finding.service, "check": finding.check, "title": finding.title,
        "description": finding.description, "severity": finding.level.map(Level::name),
        "vulnerabilities": finding.vulnerabilities, "cpes": finding.cpes, "at": finding.at,
        "found": finding.found.map(time),
    });
    object(&id, "own-finding", name, finding.found, Standing::Current, body)
}

fn time(at: Timestamp) -> String {
    at.to_string()
}

/// An id of what its feed gives none: what is the same again has the same.
fn hashed(kind: &str, parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{kind}:{}", &hasher.finalize().to_hex()[..32])
}

fn marked(mut body: Value, stated: Option<Marking>, unknown: &[String]) -> Value {
    if let Value::Object(fields) = &mut body {
        let marking = marking(stated, unknown, Marking::default());
        fields.insert("tlp".to_owned(), json!(marking.tlp));
        fields.insert("pap".to_owned(), json!(marking.pap));
    }
    body
}

/// The object, without what it does not say. `None` when it is too large to be kept.
fn object(
    id: &str,
    kind: &str,
    name: &str,
    modified: Option<Timestamp>,
    standing: Standing,
    body: Value,
) -> Option<NewIntelObject> {
    let Value::Object(fields) = body else { return None };
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        _ => true,
    };
    let mut fields: Map<String, Value> = fields.into_iter().filter(|(_, value)| says(value)).collect();
    if standing == Standing::Withdrawn {
        fields.insert("revoked".to_owned(), Value::Bool(true));
    }
    let body = Value::Object(fields).to_string();
    if body.len() > limits::KNOWN_OBJECT_BYTES_MAX || id.is_empty() {
        return None;
    }
    Some(NewIntelObject {
        id: shortened(id, limits::INTEL_REFERENCE_BYTES_MAX),
        kind: shortened(kind, 64),
        name: shortened(name, limits::INTEL_REFERENCE_BYTES_MAX),
        modified: modified.unwrap_or(Timestamp::EPOCH),
        body,
    })
}
