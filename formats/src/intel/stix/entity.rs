//! What is known: the other domain objects, relationships and sightings (STIX 2.1, sections 4 and 5).

use model::limits::INTEL_LIST_MAX;

use super::marking::Marks;
use crate::Trouble;
use crate::intel::object::Object;
use crate::intel::{Entity, EntityKind, Known, Relation, Sighting, SightingNature, Vulnerability};

/// What a type of object is.
pub(super) fn kind_of(sort: &str) -> EntityKind {
    match sort {
        "threat-actor" | "intrusion-set" => EntityKind::Actor,
        "malware" => EntityKind::Malware,
        "tool" => EntityKind::Tool,
        "campaign" => EntityKind::Campaign,
        "attack-pattern" => EntityKind::Technique,
        "x-mitre-tactic" => EntityKind::Tactic,
        "course-of-action" => EntityKind::Mitigation,
        "identity" => EntityKind::Identity,
        "infrastructure" => EntityKind::Infrastructure,
        "report" | "note" | "grouping" | "opinion" | "observed-data" | "incident" => EntityKind::Report,
        _ => EntityKind::Other,
    }
}

/// Lists of words, the first that tell something about who or what it is.
const TAGS: [&str; 8] = [
    "labels",
    "threat_actor_types",
    "malware_types",
    "tool_types",
    "infrastructure_types",
    "report_types",
    "sectors",
    "roles",
];

/// Lists of ids of other objects.
const REFS: [&str; 5] = ["object_refs", "tactic_refs", "analytic_refs", "x_mitre_analytic_refs", "sample_refs"];

/// Anything with an id and, mostly, a name.
pub(super) fn entity(object: &mut Object<'_>, marks: Marks) -> Known {
    let sort = object.name("type");
    let mut aliases = object.texts("aliases");
    aliases.extend(object.texts("x_mitre_aliases"));
    let all = |object: &mut Object<'_>, names: &[&str]| {
        let mut list: Vec<String> = names.iter().flat_map(|name| object.texts(name)).collect();
        list.truncate(INTEL_LIST_MAX);
        list
    };
    let name = match object.name("name") {
        name if name.is_empty() && sort == "note" => object.name("abstract"),
        name => name,
    };
    Known::Entity(Entity {
        kind: kind_of(&sort),
        id: object.name("id"),
        attack_id: super::attack_id(object),
        name,
        aliases,
        description: if sort == "note" { object.prose("content") } else { object.prose("description") },
        phases: super::phases(object),
        platforms: object.texts("x_mitre_platforms"),
        tags: all(object, &TAGS),
        refs: all(object, &REFS),
        first_seen: object.time("first_seen").or_else(|| object.time("first_observed")),
        last_seen: object.time("last_seen").or_else(|| object.time("last_observed")),
        modified: object.time("modified").or_else(|| object.time("created")),
        standing: super::standing(object),
        marking: marks.marking(),
        unknown_markings: marks.unknown(),
        sort,
    })
}

/// A relationship.
pub(super) fn relation(object: &mut Object<'_>, marks: Marks) -> Result<Known, Trouble> {
    let (source, target) = (object.name("source_ref"), object.name("target_ref"));
    if source.is_empty() || target.is_empty() {
        return Err(Trouble::malformed("a relationship without `source_ref` or `target_ref`"));
    }
    Ok(Known::Relation(Relation {
        id: object.name("id"),
        kind: object.name("relationship_type"),
        source,
        target,
        description: object.prose("description"),
        from: object.time("start_time"),
        until: object.time("stop_time"),
        standing: super::standing(object),
        marking: marks.marking(),
        unknown_markings: marks.unknown(),
    }))
}

/// A sighting; a count of nothing says that it was not there, and is kept as it is.
pub(super) fn sighting(object: &mut Object<'_>, marks: Marks) -> Result<Known, Trouble> {
    let of = object.name("sighting_of_ref");
    if of.is_empty() {
        return Err(Trouble::malformed("a sighting without `sighting_of_ref`"));
    }
    Ok(Known::Sighting(Sighting {
        id: object.name("id"),
        of,
        nature: SightingNature::Seen,
        count: object.whole("count").unwrap_or(1),
        first_seen: object.time("first_seen"),
        last_seen: object.time("last_seen").or_else(|| object.time("modified")),
        by: object.texts("where_sighted_refs"),
        technique: super::attack_id(object),
        is_summary: object.flag("summary").unwrap_or(false),
        standing: super::standing(object),
        marking: marks.marking(),
        unknown_markings: marks.unknown(),
    }))
}

/// A vulnerability: its public name is that of the reference to CVE, else its own.
pub(super) fn vulnerability(object: &mut Object<'_>, marks: Marks) -> Known {
    let name = object.name("name");
    let public = super::external_id(object, |source| source.eq_ignore_ascii_case("cve"));
    Known::Vulnerability(Vulnerability {
        id: public.or_else(|| Some(name.clone()).filter(|name| name.starts_with("CVE-"))).unwrap_or_default(),
        within: Some(object.name("id")),
        name,
        description: object.prose("description"),
        added: object.time("created"),
        standing: super::standing(object),
        marking: marks.marking(),
        unknown_markings: marks.unknown(),
        ..Vulnerability::default()
    })
}
