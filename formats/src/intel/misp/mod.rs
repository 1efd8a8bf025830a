//! MISP: events, attributes, and the files of a feed.
//!
//! MISP core format (Internet-Draft draft-dulaunoy-misp-core-format), as feeds and `restSearch` hand it out: `{"Event": …}`,
//! `{"response": [{"Event": …}, …]}`, `{"response": {"Attribute": […]}}`, arrays of events, and one event or attribute alone. An event
//! becomes a report; each attribute of it, alone or in an object, a claim for each thing that its value names (`domain|ip` names
//! two). What the event is tagged with counts for its attributes, too, the stricter marking of both. `to_ids` false is context,
//! `deleted` is withdrawn. Who may have it only as a member of a sharing group, or not at all outside its own organisation, is handed on as
//! an unknown marking.
//!
//! Attributes are read one by one, so that an event that was cut off gives what it still has. Deliberately absent: proposals
//! (`ShadowAttribute`), which nobody stands by yet, correlations, and attachments' content.

mod feed;
mod heads;
mod tags;
mod types;

use model::limits::{INTEL_NAME_BYTES_MAX, INTEL_OBJECT_BYTES_MAX};
use model::{Level, Marking, Timestamp};
use serde_json::{Map, Value};

use super::object::{Object, cut};
use super::walk::{self, Shape};
use super::{
    Claimed, Counted, Entity, EntityKind, Known, Relation, Sighting, SightingNature, Sink, Standing, Tally,
    Vulnerability, What,
};
use crate::Trouble;
pub use feed::{HashedValue, ManifestEntry, hashes, manifest};
pub use heads::{EventHead, heads};
use tags::Tags;

/// Reads events or attributes.
///
/// ```
/// let event = br#"{"Event":{"uuid":"e","info":"Emotet","Attribute":[{"type":"domain|ip","value":"a.example|192.0.2.7","to_ids":true}]}}"#;
/// let mut found = Vec::new();
/// let tally = formats::intel::misp::read(event, &mut |item| found.push(item));
/// assert_eq!((tally.items, tally.refused), (3, 0)); // the event, the domain, the address
/// ```
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    match walk::shape(bytes) {
        Ok(_) => answer(bytes, 0, &mut out),
        Err(trouble) => out.refused("document", trouble),
    }
    out.tally
}

/// Envelopes inside one another that are opened.
const ENVELOPES_MAX: usize = 3;

/// Whatever MISP's interfaces answer with.
fn answer(bytes: &[u8], depth: usize, out: &mut Counted<'_, '_>) {
    if walk::shape(bytes) == Ok(Shape::Array) {
        for (number, member) in (1..).zip(walk::inner(bytes)) {
            match member {
                Ok((_, inside)) if depth < ENVELOPES_MAX => answer(inside, depth + 1, out),
                Ok(_) => out.refused(format!("event {number}"), Trouble::malformed("arrays of arrays of events")),
                Err(trouble) => out.refused(format!("event {number}"), trouble),
            }
        }
        return;
    }
    let envelope = ["response", "Event"].iter().find_map(|name| {
        // An attribute names the event that it stands in; that is no envelope.
        let is_attribute = *name == "Event" && walk::open(bytes, "value").is_some();
        walk::open(bytes, name).filter(|inside| !is_attribute && (inside.starts_with(b"{") || inside.starts_with(b"[")))
    });
    match envelope {
        Some(inside) if depth < ENVELOPES_MAX => answer(inside, depth + 1, out),
        _ if walk::open(bytes, "value").is_some() && walk::open(bytes, "type").is_some() => {
            attribute(bytes, "attribute", &Around::default(), out);
        }
        _ if ["Attribute", "Object", "info", "uuid"].iter().any(|name| walk::open(bytes, name).is_some()) => {
            event(bytes, out)
        }
        _ if walk::inner(bytes).next().is_none() => {}
        _ => out.refused("document", Trouble::malformed("neither an event nor attributes")),
    }
}

/// What an event says about all that stands in it.
#[derive(Default)]
struct Around {
    info: String,
    level: Option<Level>,
    tags: Tags,
    /// Who may have it, where that is no TLP.
    restriction: Option<String>,
    is_withdrawn: bool,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

/// Members of an event that are read one by one, or not at all.
const LARGE: [&[u8]; 6] =
    [b"Attribute", b"Object", b"ShadowAttribute", b"RelatedEvent", b"EventReport", b"CryptographicKey"];

fn event(bytes: &[u8], out: &mut Counted<'_, '_>) {
    let mut map = Map::new();
    let mut troubles = Vec::new();
    for member in walk::inner(bytes) {
        match member {
            Ok((name, _)) if LARGE.contains(&name) => {}
            Ok((name, value)) => match walk::parsed(value) {
                Ok(value) => drop(map.insert(String::from_utf8_lossy(name).into_owned(), value)),
                Err(trouble) => troubles.push(trouble),
            },
            Err(trouble) => troubles.push(trouble),
        }
    }
    let mut head = Object::new(&map);
    let id = head.name("uuid");
    let place = format!("event {id}");
    troubles.into_iter().for_each(|trouble| out.refused(place.clone(), trouble));
    let around = around(&mut head, Tags::default());
    // Answers that hold attributes only have no event of their own.
    if !id.is_empty() || map.contains_key("info") {
        out.tally.records += 1;
        out.known(report(&mut head, &id, &around));
    }
    if let Some(trouble) = head.trouble() {
        out.refused(place, trouble);
    }
    attributes(bytes, &id, &around, out);
    for (number, member) in (1..).zip(walk::open(bytes, "Object").into_iter().flat_map(walk::inner)) {
        let place = format!("event {id}, object {number}");
        if let Err(trouble) = member.and_then(|(_, bytes)| of_object(bytes, &place, &around, out)) {
            out.refused(place, trouble);
        }
    }
}

fn attributes(bytes: &[u8], id: &str, around: &Around, out: &mut Counted<'_, '_>) {
    let list = walk::open(bytes, "Attribute").filter(|list| list.starts_with(b"["));
    for (number, member) in (1..).zip(list.into_iter().flat_map(walk::inner)) {
        let place =
            if id.is_empty() { format!("attribute {number}") } else { format!("event {id}, attribute {number}") };
        match member {
            Ok((_, bytes)) => attribute(bytes, &place, around, out),
            Err(trouble) => {
                out.tally.records += 1;
                out.refused(place, trouble);
            }
        }
    }
}

/// What an event or object says about what stands in it, beside what stands round it.
fn around(head: &mut Object<'_>, outer: Tags) -> Around {
    let level = match head.whole("threat_level_id") {
        Some(1) => Some(Level::High),
        Some(2) => Some(Level::Medium),
        Some(3) => Some(Level::Low),
        _ => None,
    };
    Around {
        info: head.name("info"),
        level,
        tags: outer.and(tags::of(head)),
        restriction: restriction(head),
        is_withdrawn: head.flag("deleted") == Some(true),
        first_seen: head.time("first_seen"),
        last_seen: head.time("last_seen"),
    }
}

/// MISP's levels of distribution: 0 the organisation, 1 the community, 2 connected communities, 3 all, 4 a sharing group, 5 as what it
/// stands in. 1 to 3 say how far MISP itself passes it on, not who may know.
fn restriction(object: &mut Object<'_>) -> Option<String> {
    match object.whole("distribution")? {
        0 => Some("misp: your organisation only".to_owned()),
        4 => {
            let group = object.object("SharingGroup").and_then(|group| group.get("uuid")).and_then(Value::as_str);
            let id = object.name("sharing_group_id");
            Some(format!("misp: sharing group {}", group.map_or(id.as_str(), |uuid| cut(uuid, INTEL_NAME_BYTES_MAX))))
        }
        _ => None,
    }
}

fn report(head: &mut Object<'_>, id: &str, around: &Around) -> Known {
    Known::Entity(Entity {
        kind: EntityKind::Report,
        sort: "misp-event".to_owned(),
        id: id.to_owned(),
        name: around.info.clone(),
        tags: around.tags.words.clone(),
        refs: around.tags.techniques.clone(),
        first_seen: head.time("date"),
        modified: head.time("timestamp"),
        standing: if around.is_withdrawn { Standing::Withdrawn } else { Standing::Current },
        marking: around.tags.marking,
        unknown_markings: unknown(&around.tags, around.restriction.as_ref()),
        ..Entity::default()
    })
}

fn unknown(tags: &Tags, restriction: Option<&String>) -> Vec<String> {
    tags.unknown_markings.iter().chain(restriction).cloned().collect()
}

/// An object: its attributes, and what it refers to.
fn of_object(bytes: &[u8], place: &str, event: &Around, out: &mut Counted<'_, '_>) -> Result<(), Trouble> {
    let mut map = Map::new();
    for member in walk::inner(bytes) {
        let (name, value) = member?;
        if name != b"Attribute" {
            map.insert(String::from_utf8_lossy(name).into_owned(), walk::parsed(value)?);
        }
    }
    let mut head = Object::new(&map);
    let id = head.name("uuid");
    let mut inside = around(&mut head, event.tags.clone());
    inside.info.clone_from(&event.info);
    inside.level = event.level;
    inside.is_withdrawn |= event.is_withdrawn;
    inside.restriction = inside.restriction.or_else(|| event.restriction.clone());
    for reference in head.objects("ObjectReference") {
        let mut reference = Object::new(reference);
        let target = reference.name("referenced_uuid");
        let is_deleted = reference.flag("deleted") == Some(true);
        if !target.is_empty() {
            out.known(Known::Relation(Relation {
                id: reference.name("uuid"),
                kind: reference.name("relationship_type"),
                source: id.clone(),
                target,
                description: reference.prose("comment"),
                standing: if is_deleted { Standing::Withdrawn } else { Standing::Current },
                marking: inside.tags.marking,
                unknown_markings: unknown(&inside.tags, inside.restriction.as_ref()),
                ..Relation::default()
            }));
        }
    }
    if let Some(trouble) = head.trouble() {
        out.refused(place, trouble);
    }
    attributes(bytes, &id, &inside, out);
    Ok(())
}

fn attribute(bytes: &[u8], place: &str, around: &Around, out: &mut Counted<'_, '_>) {
    out.tally.records += 1;
    if bytes.len() > INTEL_OBJECT_BYTES_MAX {
        // An attachment's content: all else about it is small, but which is which shows only when it is unfolded.
        let length = bytes.len();
        return out
            .refused(place, Trouble::too_large(format!("{length} bytes, at most {INTEL_OBJECT_BYTES_MAX} are read")));
    }
    let map = match walk::parsed(bytes) {
        Ok(Value::Object(map)) => map,
        Ok(_) => return out.refused(place, Trouble::malformed("no JSON object")),
        Err(trouble) => return out.refused(place, trouble),
    };
    let mut object = Object::new(&map);
    if let Err(trouble) = claims(&mut object, around, out) {
        out.refused(place, trouble);
    }
    if let Some(trouble) = object.trouble() {
        out.refused(place, trouble);
    }
}

fn claims(object: &mut Object<'_>, around: &Around, out: &mut Counted<'_, '_>) -> Result<(), Trouble> {
    let sort = object.name("type");
    if sort.is_empty() {
        return Err(Trouble::malformed("an attribute without `type`"));
    }
    let value = match object.get("value") {
        Some(Value::Number(number)) => number.to_string(),
        _ => object.text("value").unwrap_or_default().to_owned(),
    };
    let things = types::things(&sort, &value)?;
    let base = base(object, around);
    for sighting in object.objects("Sighting") {
        out.known(sighting_of(sighting, base.id.as_deref().unwrap_or_default(), base.marking));
    }
    for thing in things {
        match thing {
            types::Thing::Vulnerability(id) => out.known(Known::Vulnerability(Vulnerability {
                id,
                within: base.id.clone(),
                description: base.description.clone(),
                standing: base.standing,
                marking: base.marking,
                unknown_markings: base.unknown_markings.clone(),
                ..Vulnerability::default()
            })),
            types::Thing::What(what) => out.claimed(Claimed { what, ..base.clone() }),
        }
    }
    Ok(())
}

/// All of a claim but what it is about.
fn base(object: &mut Object<'_>, around: &Around) -> Claimed {
    // Answers of `restSearch` tell each attribute's event again.
    let info = object.object("Event").map(|event| Object::new(event).name("info")).filter(|info| !info.is_empty());
    let info = info.unwrap_or_else(|| around.info.clone());
    let tags = around.tags.clone().and(tags::of(object));
    let is_withdrawn = object.flag("deleted") == Some(true) || around.is_withdrawn;
    let standing = match (is_withdrawn, object.flag("to_ids")) {
        (true, _) => Standing::Withdrawn,
        (false, Some(true)) => Standing::Current,
        (false, _) => Standing::Context,
    };
    let restriction = restriction(object).or_else(|| around.restriction.clone());
    let id = object.name("uuid");
    Claimed {
        what: What::default(),
        standing,
        label: cut(&info, model::limits::INDICATOR_LABEL_BYTES_MAX).to_owned(),
        confidence: tags.confidence,
        grade: tags.grade(),
        level: around.level,
        first_seen: object.time("first_seen").or(around.first_seen),
        last_seen: object.time("last_seen").or(around.last_seen),
        modified: object.time("timestamp"),
        marking: tags.marking,
        unknown_markings: unknown(&tags, restriction.as_ref()),
        id: Some(id).filter(|id| !id.is_empty()),
        techniques: tags.techniques,
        phases: tags.phases,
        names: tags.names,
        tags: tags.words,
        description: object.prose("comment"),
        ..Claimed::default()
    }
}

fn sighting_of(map: &Map<String, Value>, of: &str, marking: Option<Marking>) -> Known {
    let mut sighting = Object::new(map);
    let nature = match sighting.whole("type") {
        Some(1) => SightingNature::FalsePositive,
        Some(2) => SightingNature::Expired,
        _ => SightingNature::Seen,
    };
    let at = sighting.time("date_sighting");
    let organisation = sighting.object("Organisation").map(|organisation| Object::new(organisation).name("name"));
    let by = [organisation.unwrap_or_default(), sighting.name("source")];
    Known::Sighting(Sighting {
        id: sighting.name("uuid"),
        of: of.to_owned(),
        nature,
        count: 1,
        first_seen: at,
        last_seen: at,
        by: by.into_iter().filter(|name| !name.is_empty()).collect(),
        marking,
        ..Sighting::default()
    })
}

#[cfg(test)]
mod tests;
