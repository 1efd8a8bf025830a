//! From what readers find in a feed to what is kept: values in their normal forms, one claim for each thing, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use formats::intel::{BreachHash, Claimed, Item, Known, NewName, Refused, Standing, What};
use intel::pattern::{Pattern, lower};
use model::{Confidence, Credibility, IndicatorKind, Level, Marking, limits};
use store::state::{NewClaim, NewIntelObject};

use super::city::{City, StaffAccount};
use super::concern::{self, Concern};
use super::objects;

/// What a source is given where it says nothing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceDefaults {
    /// How bad a sighting is.
    pub level: Level,
    /// How sure the source is.
    pub confidence: Confidence,
    /// How far what it says may travel.
    pub marking: Marking,
}

impl Default for SourceDefaults {
    fn default() -> Self {
        SourceDefaults { level: Level::Medium, confidence: Confidence::UNSTATED, marking: Marking::default() }
    }
}

/// What was gathered from one run of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// What it stands by, in the order of kind and value, each thing once.
    pub claims: Vec<NewClaim>,
    /// What it takes back, in the same order.
    pub withdrawn: Vec<(IndicatorKind, String)>,
    /// What it knows beside that, each id once.
    pub objects: Vec<NewIntelObject>,
    /// What of it concerns the city, beside what its objects say.
    pub concerns: Vec<Concern>,
    /// What became of the rest.
    pub tally: GatherTally,
}

/// What became of a source's records.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GatherTally {
    /// Items that readers found.
    pub items: u64,
    /// Of them, what is told for understanding and not looked for.
    pub context: u64,
    /// Rules and patterns that need more than a look-up. Those of STIX are held against each event; the others are kept.
    pub patterns: u64,
    /// Values of sorts that nothing here looks for.
    pub unlooked: u64,
    /// Things that the source names more than once.
    pub repeated: u64,
    /// Records that could not be read.
    pub bad: u64,
    /// The first of those, with their place and the reason.
    pub notes: Vec<String>,
    /// What came beyond the source's limit and was left out.
    pub left_out: u64,
}

/// Gathers what a source says.
pub struct Gatherer {
    defaults: SourceDefaults,
    source: String,
    city: Arc<City>,
    staff: Vec<StaffAccount>,
    concerns: Vec<Concern>,
    /// Look-alikes that came already.
    looks: BTreeSet<String>,
    items_max: usize,
    claims: Vec<NewClaim>,
    withdrawn: Vec<(IndicatorKind, String)>,
    objects: BTreeMap<String, NewIntelObject>,
    tally: GatherTally,
}

impl Gatherer {
    /// Gathers at most so many claims and objects.
    pub fn new(defaults: SourceDefaults, items_max: usize) -> Self {
        let items_max = items_max.min(limits::CLAIMS_OF_SOURCE_MAX);
        Gatherer {
            defaults,
            source: String::new(),
            city: Arc::default(),
            staff: Vec::new(),
            concerns: Vec::new(),
            looks: BTreeSet::new(),
            items_max,
            claims: Vec::new(),
            withdrawn: Vec::new(),
            objects: BTreeMap::new(),
            tally: GatherTally::default(),
        }
    }

    /// The same, which holds what it finds against a city. `source` is who says it.
    #[must_use]
    pub fn watching(self, city: Arc<City>, source: &str) -> Self {
        Gatherer { city, source: source.to_owned(), ..self }
    }

    /// The same, which looks for these accounts among hashes of breaches.
    #[must_use]
    pub fn looking_for(self, mut staff: Vec<StaffAccount>) -> Self {
        staff.sort();
        Gatherer { staff, ..self }
    }

    /// What was taken so far: claims, objects and concerns.
    pub fn held(&self) -> usize {
        self.claims.len() + self.withdrawn.len() + self.objects.len() + self.concerns.len()
    }

    /// Takes what a reader found.
    pub fn take(&mut self, found: Result<Item, Refused>) {
        match found {
            Ok(item) => {
                self.tally.items += 1;
                match item {
                    Item::Claimed(claimed) => self.claimed(claimed),
                    Item::Known(known) => match *known {
                        Known::NewName(name) => self.new_name(&name),
                        Known::BreachHash(hash) => self.breach(&hash),
                        known => self.known(&known),
                    },
                }
            }
            Err(refused) => self.refuse(refused.to_string()),
        }
    }

    /// Counts a record that is of no use, and says why.
    pub fn refuse(&mut self, note: String) {
        self.tally.bad += 1;
        if self.tally.notes.len() < limits::NOTES_KEPT_MAX {
            self.tally.notes.push(note);
        }
    }

    fn claimed(&mut self, claimed: Claimed) {
        if claimed.standing == Standing::Context {
            self.tally.context += 1;
            return;
        }
        let places = match &claimed.what {
            What::Value { kind, value } => match place(*kind, value) {
                Some(place) => vec![place],
                None => {
                    let value: String = value.chars().take(80).collect();
                    let place = claimed.id.clone().unwrap_or_else(|| format!("record {}", self.tally.items));
                    return self.refuse(format!("{place}: {value:?} is nothing that can be looked for"));
                }
            },
            What::Pattern { language, text } => {
                let lowered =
                    if language == "stix" { Pattern::parse(text).ok().as_ref().and_then(lower) } else { None };
                match lowered {
                    Some(places) => places,
                    None => {
                        self.tally.patterns += 1;
                        if let Some(object) = objects::of_pattern(&claimed, &self.defaults) {
                            self.keep(object);
                        }
                        return;
                    }
                }
            }
            What::Other { .. } => {
                self.tally.unlooked += 1;
                return;
            }
        };
        if claimed.standing == Standing::Withdrawn {
            self.withdrawn.extend(places);
            return;
        }
        for (kind, value) in places {
            if self.claims.len() + self.objects.len() >= self.items_max {
                self.tally.left_out += 1;
                continue;
            }
            let claim = self.claim(&claimed, kind, value);
            self.claims.push(claim);
        }
    }

    fn claim(&self, claimed: &Claimed, kind: IndicatorKind, value: String) -> NewClaim {
        let grade = claimed.grade.unwrap_or_default();
        NewClaim {
            kind,
            value,
            label: self.label(claimed),
            confidence: claimed.confidence.unwrap_or(self.defaults.confidence),
            credibility: grade.credibility,
            level: claimed.level.unwrap_or(self.defaults.level),
            marking: marking(claimed.marking, &claimed.unknown_markings, self.defaults.marking),
            reference: claimed.id.as_deref().map(|id| shortened(id, limits::INTEL_REFERENCE_BYTES_MAX)),
            seen: claimed.last_seen.or(claimed.modified).or(claimed.valid_from).or(claimed.first_seen),
            until: claimed.valid_until,
        }
    }

    /// What the source calls it, and which words of the city stand among its labels.
    fn label(&self, claimed: &Claimed) -> String {
        let own = label(claimed);
        let words = if claimed.tags.is_empty() { Vec::new() } else { self.city.words_in(&claimed.tags) };
        if words.is_empty() {
            return own;
        }
        shortened(&format!("{own}; concerns {}", words.join(", ")), limits::INDICATOR_LABEL_BYTES_MAX)
    }

    /// A new name is of interest when it looks like one of ours; it may be looked for then, too.
    fn new_name(&mut self, new: &NewName) {
        let Some(found) = self.city.resembles(&new.name) else {
            self.tally.context += 1;
            return;
        };
        let look = &found.value;
        if !self.looks.insert(look.domain.clone()) {
            self.tally.repeated += 1;
            return;
        }
        if self.claims.len() + self.objects.len() >= self.items_max {
            self.tally.left_out += 1;
            return;
        }
        self.claims.push(NewClaim {
            kind: IndicatorKind::Domain,
            value: look.domain.clone(),
            label: shortened(&format!("look-alike of {}", look.brand), limits::INDICATOR_LABEL_BYTES_MAX),
            confidence: concern::confidence_of(look),
            credibility: Credibility::default(),
            level: self.defaults.level,
            marking: self.defaults.marking,
            reference: None,
            seen: new.seen,
            until: None,
        });
        let concern = concern::of_lookalike(&found, new, &self.source);
        self.concern(concern);
    }

    /// A hash is compared, and forgotten.
    fn breach(&mut self, hash: &BreachHash) {
        let at = self.staff.partition_point(|account| account.sha1 < hash.sha1);
        match self.staff.get(at).filter(|account| account.sha1 == hash.sha1) {
            Some(account) => {
                let concern = concern::of_breach(account, hash, &self.source);
                self.concern(concern);
            }
            None => self.tally.context += 1,
        }
    }

    fn concern(&mut self, concern: Concern) {
        if self.concerns.len() < limits::CONCERNS_OF_RUN_MAX {
            self.concerns.push(concern);
        } else {
            self.tally.left_out += 1;
        }
    }

    fn known(&mut self, known: &Known) {
        match objects::of(known) {
            Some(object) => self.keep(object),
            None => self.tally.context += 1,
        }
    }

    fn keep(&mut self, object: NewIntelObject) {
        let is_known = self.objects.get(&object.id).map(|old| old.modified >= object.modified);
        match is_known {
            None if self.claims.len() + self.objects.len() >= self.items_max => self.tally.left_out += 1,
            Some(true) => self.tally.repeated += 1,
            _ => {
                self.objects.insert(object.id.clone(), object);
            }
        }
    }

    /// All that was gathered, in its order.
    pub fn finish(mut self) -> Gathered {
        let before = self.claims.len();
        self.claims.sort_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
        self.claims.dedup_by(|later, earlier| {
            let is_same = later.kind == earlier.kind && later.value == earlier.value;
            if is_same {
                join(earlier, later);
            }
            is_same
        });
        self.tally.repeated += (before - self.claims.len()) as u64;
        self.withdrawn.sort();
        self.withdrawn.dedup();
        // What the same run takes back and says is said: a feed that lists a thing anew revokes its old record of it.
        let claims = &self.claims;
        self.withdrawn.retain(|(kind, value)| {
            claims.binary_search_by(|claim| (claim.kind, &claim.value).cmp(&(*kind, value))).is_err()
        });
        Gathered {
            claims: self.claims,
            withdrawn: self.withdrawn,
            objects: self.objects.into_values().collect(),
            concerns: self.concerns,
            tally: self.tally,
        }
    }
}

/// What a feed means, where its value is of the kind that it says.
fn place(kind: Option<IndicatorKind>, value: &str) -> Option<(IndicatorKind, String)> {
    let inferred = detect::indicators::infer(value);
    let Some(kind) = kind else { return inferred };
    // Defanged values have their normal form by inference; names of one part only by their kind.
    match inferred {
        Some((found, value)) if found == kind => Some((kind, value)),
        _ => detect::indicators::normal(kind, value).map(|value| (kind, value)),
    }
}

/// Two claims of one source about one thing, as one: the surer and worse counts, what is stricter about it, and both names.
fn join(kept: &mut NewClaim, other: &NewClaim) {
    kept.confidence = kept.confidence.max(other.confidence);
    kept.credibility = kept.credibility.min(other.credibility);
    kept.level = kept.level.max(other.level);
    kept.marking = kept.marking.and(other.marking);
    kept.seen = kept.seen.max(other.seen);
    // Without an end is longest.
    kept.until = match (kept.until, other.until) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    };
    let is_new = !other.label.is_empty() && !kept.label.split(", ").any(|label| label == other.label);
    if is_new && kept.label.len() + 2 + other.label.len() <= limits::INDICATOR_LABEL_BYTES_MAX {
        kept.label = format!("{}, {}", kept.label, other.label);
    }
}

fn label(claimed: &Claimed) -> String {
    let names: Vec<&str> = claimed.names.iter().map(|named| named.name.as_str()).collect();
    let text = match (claimed.label.trim(), names.is_empty()) {
        ("", true) => "unlabelled".to_owned(),
        ("", false) => names.join(", "),
        (label, true) => label.to_owned(),
        (label, false) if names.contains(&label) => label.to_owned(),
        (label, false) => format!("{label} ({})", names.join(", ")),
    };
    shortened(&text.replace(|letter: char| letter.is_control(), " "), limits::INDICATOR_LABEL_BYTES_MAX)
}

/// A marking that means nothing here may be a strict one: what has such goes nowhere.
pub(crate) fn marking(stated: Option<Marking>, unknown: &[String], default: Marking) -> Marking {
    let stated = stated.unwrap_or(default);
    if unknown.is_empty() { stated } else { Marking { tlp: model::Tlp::Red, ..stated } }
}

pub(super) fn shortened(text: &str, bytes_max: usize) -> String {
    let end = text.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= bytes_max).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}
