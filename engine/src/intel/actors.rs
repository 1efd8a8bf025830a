//! What is known of actors, from the objects that sources brought: whom to hold against what was seen here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use intel::fit::{Actor, Knowledge};
use model::{OpContext, limits};
use serde_json::Value;
use store::state::{IntelObject, State, StateError};

/// Who is known, ready to be compared, and the names by which things are known.
pub struct Actors {
    /// The actors.
    pub knowledge: Knowledge,
    /// How many there are.
    pub count: usize,
    /// Names of techniques by ATT&CK's ids.
    pub techniques: BTreeMap<String, String>,
    /// What software is called, by each of its names in small letters.
    software: HashMap<String, String>,
    /// Ids of the actors that an object indicates.
    indicated: HashMap<String, BTreeSet<String>>,
}

/// Types whose objects are actors.
const WHO: [&str; 2] = ["intrusion-set", "threat-actor"];
const SOFTWARE: [&str; 2] = ["malware", "tool"];

impl Actors {
    /// Reads them.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn read(state: &State, ctx: &OpContext) -> Result<Self, StateError> {
        let mut techniques = BTreeMap::new();
        let mut technique_ids: HashMap<String, String> = HashMap::new();
        each(state, ctx, "attack-pattern", |object, body| {
            if let Some(attack_id) = text(body, "attack_id") {
                techniques.insert(attack_id.to_owned(), object.object.name.clone());
                technique_ids.insert(object.object.id.clone(), attack_id.to_owned());
            }
        })
        .await?;
        let (mut software, mut software_ids) = (HashMap::new(), HashMap::new());
        for kind in SOFTWARE {
            each(state, ctx, kind, |object, body| {
                let name = &object.object.name;
                software_ids.insert(object.object.id.clone(), name.clone());
                for known in std::iter::once(name.as_str()).chain(texts(body, "aliases")) {
                    software.entry(known.to_lowercase()).or_insert_with(|| name.clone());
                }
            })
            .await?;
        }
        let mut actors: BTreeMap<String, Actor> = BTreeMap::new();
        for kind in WHO {
            each(state, ctx, kind, |object, body| {
                let id = text(body, "attack_id").unwrap_or(&object.object.id).to_owned();
                let name = object.object.name.clone();
                let actor = Actor { id, name, techniques: BTreeSet::new(), software: BTreeSet::new() };
                actors.insert(object.object.id.clone(), actor);
            })
            .await?;
        }
        let mut relations: Vec<(String, String, String)> = Vec::new();
        each(state, ctx, "relationship", |_, body| {
            let wanted = ["uses", "attributed-to", "indicates"];
            let (Some(kind), Some(from), Some(to)) =
                (text(body, "relationship_type"), text(body, "source_ref"), text(body, "target_ref"))
            else {
                return;
            };
            if wanted.contains(&kind) {
                relations.push((kind.to_owned(), from.to_owned(), to.to_owned()));
            }
        })
        .await?;
        // What a campaign used counts for whom it is attributed to.
        let mut by_campaign: HashMap<&str, Vec<&str>> = HashMap::new();
        for (kind, from, to) in &relations {
            if kind == "attributed-to" && actors.contains_key(to) {
                by_campaign.entry(from).or_default().push(to);
            }
        }
        let of = |id: &str| {
            let direct = actors.contains_key(id).then(|| id.to_owned());
            let attributed = by_campaign.get(id).into_iter().flatten().map(|id| (*id).to_owned());
            direct.into_iter().chain(attributed).collect::<Vec<String>>()
        };
        let uses = relations.iter().filter(|(kind, ..)| kind == "uses");
        let uses: Vec<_> = uses.flat_map(|(_, from, to)| of(from).into_iter().map(move |who| (who, to))).collect();
        let mut indicated: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (_, from, to) in relations.iter().filter(|(kind, ..)| kind == "indicates") {
            let ids = of(to).into_iter().filter_map(|who| actors.get(&who).map(|actor| actor.id.clone()));
            indicated.entry(from.clone()).or_default().extend(ids);
        }
        indicated.retain(|_, actors| !actors.is_empty());
        for (who, what) in uses {
            let Some(actor) = actors.get_mut(&who) else { continue };
            if let Some(technique) = technique_ids.get(what) {
                actor.techniques.insert(technique.clone());
            } else if let Some(name) = software_ids.get(what) {
                actor.software.insert(name.clone());
            }
        }
        let count = actors.len();
        Ok(Actors { knowledge: Knowledge::new(actors.into_values()), count, techniques, software, indicated })
    }

    /// What software is called of which a label is one of the names.
    pub fn software_of(&self, label: &str) -> Option<&str> {
        self.software.get(&label.trim().to_lowercase()).map(String::as_str)
    }

    /// The actors that an object of a source indicates.
    pub fn indicated_by(&self, reference: &str) -> Option<&BTreeSet<String>> {
        self.indicated.get(reference)
    }
}

/// Gives all objects of a type that were not taken back, with their bodies.
async fn each(
    state: &State,
    ctx: &OpContext,
    kind: &str,
    mut give: impl FnMut(&IntelObject, &Value),
) -> Result<(), StateError> {
    let mut after = (String::new(), String::new());
    let mut read = 0;
    loop {
        let page = state.intel_objects(ctx, kind, (&after.0, &after.1), limits::INTEL_PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.object.name.clone(), last.object.id.clone());
        read += page.len();
        for object in &page {
            let Ok(body) = serde_json::from_str::<Value>(&object.object.body) else { continue };
            if body.get("revoked").and_then(Value::as_bool) != Some(true) {
                give(object, &body);
            }
        }
        if read >= limits::FIT_OBJECTS_MAX {
            tracing::warn!(kind, read, "more objects than are compared; the rest is left out");
            return Ok(());
        }
    }
}

fn text<'v>(body: &'v Value, key: &str) -> Option<&'v str> {
    body.get(key).and_then(Value::as_str)
}

fn texts<'v>(body: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
