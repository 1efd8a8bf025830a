//! The first pass: what objects say about each other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::Timestamp;
use model::limits::STIX_OBJECTS_MAX;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::marking::{Marks, Meaning, meaning};
use crate::intel::object::Object;
use crate::intel::{EntityKind, Named, walk};

/// What the objects of one document say about each other. A key is a hash of the id, so that an entry is small whatever the id is.
#[derive(Default)]
pub(super) struct Index {
    latest: BTreeMap<Key, Version>,
    markings: BTreeMap<Key, Meaning>,
    names: BTreeMap<Key, Naming>,
    indicates: BTreeMap<Key, Vec<Key>>,
}

/// The latest version so far.
#[derive(Clone, Copy)]
struct Version {
    modified: Timestamp,
    number: u64,
}

/// What an indicator is told about what it indicates.
enum Naming {
    Name(Named),
    Technique(String),
}

/// What the first pass reads of an object.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    sort: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    modified: Option<Cow<'a, str>>,
    created: Option<Cow<'a, str>>,
    relationship_type: Option<Cow<'a, str>>,
    source_ref: Option<Cow<'a, str>>,
    target_ref: Option<Cow<'a, str>>,
    #[serde(default)]
    revoked: bool,
}

impl Index {
    pub(super) fn of(objects: &[u8]) -> Self {
        let mut index = Index::default();
        for (number, member) in (1..).zip(walk::inner(objects)) {
            if number > STIX_OBJECTS_MAX {
                break;
            }
            // What cannot be read here is noted in the second pass, which reads all of it.
            if let Ok((_, bytes)) = member
                && bytes.len() <= model::limits::INTEL_OBJECT_BYTES_MAX
                && let Ok(head) = serde_json::from_slice::<Head<'_>>(bytes)
            {
                index.version(&head, number);
                index.content(&head, bytes);
            }
        }
        index
    }

    fn version(&mut self, head: &Head<'_>, number: u64) {
        let text = head.modified.as_ref().or(head.created.as_ref());
        let modified = text.and_then(|text| Timestamp::parse(text)).unwrap_or_default();
        let version = self.latest.entry(key(&head.id)).or_insert(Version { modified, number });
        if modified > version.modified {
            *version = Version { modified, number };
        }
    }

    fn content(&mut self, head: &Head<'_>, bytes: &[u8]) {
        match &*head.sort {
            "marking-definition" => {
                if let Some(meaning) = whole(bytes).as_ref().and_then(meaning) {
                    self.markings.insert(key(&head.id), meaning);
                }
            }
            "relationship" if head.relationship_type.as_deref() == Some("indicates") && !head.revoked => {
                if let (Some(source), Some(target)) = (&head.source_ref, &head.target_ref) {
                    self.indicates.entry(key(source)).or_default().push(key(target));
                }
            }
            "attack-pattern" => {
                let id = whole(bytes).and_then(|map| super::attack_id(&mut Object::new(&map)));
                if let Some(id) = id {
                    self.names.insert(key(&head.id), Naming::Technique(id));
                }
            }
            "threat-actor" | "intrusion-set" | "malware" | "tool" | "campaign" => {
                let kind = super::entity::kind_of(&head.sort);
                let name = whole(bytes).map(|map| Object::new(&map).name("name")).unwrap_or_default();
                if !name.is_empty() {
                    self.names.insert(key(&head.id), Naming::Name(Named { kind, name }));
                }
            }
            _ => {}
        }
    }

    /// Whether the object with that number is the one that counts of all with that id. An object that the first pass did not see
    /// counts.
    pub(super) fn is_latest(&self, id: &str, number: u64) -> bool {
        self.latest.get(&key(id)).is_none_or(|version| version.number == number || number > STIX_OBJECTS_MAX)
    }

    /// The markings of an object and of its parts.
    pub(super) fn marks(&self, object: &mut Object<'_>) -> Marks {
        let mut marks = Marks::default();
        let mut add = |id: &str| marks.add(id, self.markings.get(&key(id)));
        object.texts("object_marking_refs").iter().for_each(|id| add(id));
        for granular in object.objects("granular_markings") {
            if let Some(id) = granular.get("marking_ref").and_then(Value::as_str) {
                add(id);
            }
        }
        marks
    }

    /// What an indicator indicates: names, and ids of techniques.
    pub(super) fn indicated(&self, id: &str) -> (Vec<Named>, Vec<String>) {
        let (mut names, mut techniques) = (Vec::new(), Vec::new());
        for target in self.indicates.get(&key(id)).into_iter().flatten().take(model::limits::INTEL_LIST_MAX) {
            match self.names.get(target) {
                Some(Naming::Name(named)) if named.kind != EntityKind::Other => names.push(named.clone()),
                Some(Naming::Technique(id)) => techniques.push(id.clone()),
                _ => {}
            }
        }
        names.sort();
        names.dedup();
        techniques.sort();
        techniques.dedup();
        (names, techniques)
    }
}

fn whole(bytes: &[u8]) -> Option<Map<String, Value>> {
    match walk::parsed(bytes) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

/// The first half of the id's BLAKE3: nobody can make two ids with one key.
type Key = [u8; 16];

fn key(id: &str) -> Key {
    let hash = blake3::hash(id.as_bytes());
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}
