//! Which actor fits what we saw: techniques, software and indicators seen here against what is known of actors and campaigns.
//!
//! A technique that everybody uses says little, one that few use says much: each counts log((N + 1) / (n + ½)), N the actors
//! that are known and n those that use it (inverse document frequency, Spärck Jones 1972). The overlap is divided by the
//! square roots of what was seen and of what the actor is known for (Ochiai's coefficient, weighted), so that an actor with
//! hundreds of techniques does not fit everything.
//!
//! How far one observation carries is shown: the score is given with its range when any single one is left out. Where the
//! evidence is thin, or the next actor is within that range, no single name is given. A score is a likeness to what was
//! published, not a probability: attackers copy each other, and one whom nobody described yet looks like whoever is nearest.
//! The tests measure both on ATT&CK.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::words::counted;
use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::weight::Weight;

/// Days after which an observation counts half: it is less likely to belong to the same story.
const HALF_LIFE_DAYS: f64 = 90.0;
/// What a technique counts if the actor is known for its sub-technique or for what it is one of.
const KIN: f64 = 0.5;
/// Telling observations below which no single actor is named: less fits too many. Our own choice, held against ATT&CK by the
/// tests, as are the three below.
const TELLING_MIN: usize = 6;
/// An observation is telling if at most this share of actors is known for it.
const TELLING_SHARE_MAX: f64 = 0.2;
/// Score below which no actor is named.
const SCORE_MIN: f64 = 0.35;
/// Lead over the next below which no actor is named.
const LEAD_MIN: f64 = 0.1;
/// Most that indicators alone bring to a score: they change hands.
const INDICATORS_MAX: f64 = 0.6;
/// Actors that are told.
const RANKED_MAX: usize = 10;
/// Reasons that are told for each.
const REASONS_MAX: usize = 12;

/// What is known of an actor or a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// For example `G0016`.
    pub id: String,
    /// For example `APT29`.
    pub name: String,
    /// ATT&CK techniques, with those of its campaigns if the caller wants it so.
    pub techniques: BTreeSet<String>,
    /// Malware and tools, by id or name as the caller does it everywhere.
    pub software: BTreeSet<String>,
}

/// Something seen here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What.
    pub what: Observed,
    /// How often. It is told, and not counted: a technique that one rule finds a thousand times is one observation.
    pub times: u64,
    /// When last.
    pub last: Timestamp,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Observed {
    /// An ATT&CK technique.
    Technique {
        /// For example `T1059.001`.
        id: String,
    },
    /// Malware or a tool.
    Software {
        /// Id or name, as in [`Actor::software`].
        name: String,
    },
    /// An indicator that somebody ascribes to actors.
    Indicator {
        /// Its value.
        value: String,
        /// Ids of the actors.
        actors: BTreeSet<String>,
        /// How sure that is, after weighing.
        weight: u8,
    },
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observed::Technique { id } => f.write_str(id),
            Observed::Software { name } => f.write_str(name),
            Observed::Indicator { value, .. } => f.write_str(value),
        }
    }
}

/// Why an actor fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FitReason {
    /// It is known for something that was seen.
    KnownFor {
        /// What was seen.
        seen: String,
        /// How often.
        times: u64,
        /// How many actors are known for it.
        actors: usize,
        /// Of how many.
        of: usize,
        /// What it brings to the score.
        adds: Weight,
    },
    /// It is known for something close.
    KnownForKin {
        /// What was seen.
        seen: String,
        /// What it is known for.
        known: String,
        /// What it brings to the score.
        adds: Weight,
    },
    /// An indicator is ascribed to it.
    Ascribed {
        /// The value.
        value: String,
        /// To how many actors.
        actors: usize,
        /// How sure that is.
        weight: u8,
    },
    /// What was seen and it is not known for.
    NotKnownFor {
        /// How many observations.
        observations: usize,
    },
}

impl fmt::Display for FitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FitReason::KnownFor { seen, times, actors, of, adds } => {
                let times = counted(*times, "time");
                write!(f, "known for {seen}, seen {times}; so are {actors} of {of}: adds {adds}")
            }
            FitReason::KnownForKin { seen, known, adds } => {
                write!(f, "known for {known}, which is close to {seen}: adds {adds}")
            }
            FitReason::Ascribed { value, actors, weight } => {
                write!(f, "{value} is ascribed to it and {} others, {weight} % sure", actors.saturating_sub(1))
            }
            FitReason::NotKnownFor { observations } => write!(f, "not known for {observations} of the things seen"),
        }
    }
}

/// How well one actor fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitting {
    /// Its id.
    pub actor: String,
    /// Its name.
    pub name: String,
    /// How well, 0 to 1.
    pub score: Weight,
    /// The least, when one observation is left out.
    pub low: Weight,
    /// The most, when one observation is left out.
    pub high: Weight,
    /// Why, what adds most first.
    pub because: Vec<FitReason>,
}

/// What can honestly be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing that is known fits.
    Nothing,
    /// Too little was seen to name anybody.
    Thin {
        /// Observations that few actors are known for.
        telling: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Nobody fits well.
    Weak {
        /// The best score.
        best: Weight,
    },
    /// Several fit about as well.
    Several {
        /// Their ids.
        actors: Vec<String>,
    },
    /// One fits better than all others, whatever single observation is left out.
    One {
        /// Its id.
        actor: String,
        /// Its lead over the next.
        lead: Weight,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Nothing => f.write_str("nothing that is known fits what was seen"),
            Verdict::Thin { telling, needed } => {
                write!(f, "weak evidence: {telling} telling observations, {needed} are needed to name anybody")
            }
            Verdict::Weak { best } => write!(f, "weak evidence: the best likeness is {best}"),
            Verdict::Several { actors } => write!(f, "several fit about as well: {}", actors.join(", ")),
            Verdict::One { actor, lead } => {
                write!(f, "{actor} fits best, by {lead}, whatever single observation is left out")
            }
        }
    }
}

/// The ranked actors, and what can be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// What can be said.
    pub verdict: Verdict,
    /// The best, the first at most ten.
    pub ranked: Vec<Fitting>,
}

/// Actors, ready to be compared.
pub struct Knowledge {
    actors: Vec<Actor>,
    /// How many actors are known for each trait.
    known_for: BTreeMap<String, usize>,
    /// What the techniques and what the software of each actor count together.
    sums: Vec<(f64, f64)>,
}

/// What stands before the names of software, so that they are no techniques.
const SOFTWARE: &str = "software:";

fn trait_of_software(name: &str) -> String {
    format!("{SOFTWARE}{}", name.to_lowercase())
}

impl Knowledge {
    /// From what is known; actors beyond [`limits::FIT_ACTORS_MAX`] are left out, and traits of one beyond
    /// [`limits::FIT_TRAITS_MAX`].
    pub fn new(actors: impl IntoIterator<Item = Actor>) -> Self {
        let mut actors: Vec<Actor> = actors.into_iter().take(limits::FIT_ACTORS_MAX).collect();
        actors.sort_by(|a, b| a.id.cmp(&b.id));
        let mut known_for: BTreeMap<String, usize> = BTreeMap::new();
        for actor in &actors {
            traits(actor).for_each(|one| *known_for.entry(one).or_default() += 1);
        }
        let mut knowledge = Knowledge { actors, known_for, sums: Vec::new() };
        let sum = |actor| {
            let (software, techniques): (Vec<_>, Vec<_>) = traits(actor).partition(|one| one.starts_with(SOFTWARE));
            let count = |all: &[String]| all.iter().map(|one| knowledge.counts(one)).sum::<f64>();
            (count(&techniques), count(&software))
        };
        let sums = knowledge.actors.iter().map(sum).collect();
        knowledge.sums = sums;
        knowledge
    }

    fn users(&self, one: &str) -> usize {
        self.known_for.get(one).copied().unwrap_or_default()
    }

    /// What a trait counts: much if few are known for it.
    fn counts(&self, one: &str) -> f64 {
        ((self.actors.len() as f64 + 1.0) / (self.users(one) as f64 + 0.5)).ln().max(0.0)
    }

    /// Which actors fit what was seen.
    pub fn fit(&self, seen: &[Observation], now: Timestamp) -> Fit {
        let seen = Seen::new(self, seen, now);
        // Who saw techniques only does not hold the software that was not seen against anybody, and the other way round.
        let sees = |is_software: bool| seen.traits.iter().any(|one| one.name.starts_with(SOFTWARE) == is_software);
        let (techniques, software) = (sees(false), sees(true));
        let norm = |(known_techniques, known_software): (f64, f64)| {
            let sum = if techniques { known_techniques } else { 0.0 } + if software { known_software } else { 0.0 };
            sum.sqrt()
        };
        let scored = self.actors.iter().zip(&self.sums).map(|(actor, sums)| self.compare(actor, norm(*sums), &seen));
        let mut ranked: Vec<Fitting> = scored.filter(|one| one.score.get() > 0.0).collect();
        ranked.sort_by(|a, b| b.score.get().total_cmp(&a.score.get()).then_with(|| a.actor.cmp(&b.actor)));
        let verdict = verdict(&ranked, seen.telling);
        ranked.truncate(RANKED_MAX);
        Fit { verdict, ranked }
    }

    fn compare(&self, actor: &Actor, norm: f64, seen: &Seen<'_>) -> Fitting {
        let mut because = Vec::new();
        // What each observation brings, in the order of what was seen.
        let mut brings = Vec::with_capacity(seen.traits.len());
        let mut kin_used = BTreeSet::new();
        for one in &seen.traits {
            let kin = self.kin(actor, &one.name, seen, &mut kin_used);
            let brought = match &kin {
                None if is_known(actor, &one.name) => one.counts,
                // No more than either of them counts, so that no score passes 1.
                Some(known) => KIN * one.counts.min(self.counts(known)),
                None => 0.0,
            };
            brings.push(brought);
            if brought > 0.0 {
                let adds = Weight::nearest(brought / (seen.norm() * norm).max(f64::MIN_POSITIVE));
                because.push(match kin {
                    Some(known) => FitReason::KnownForKin { seen: one.told.clone(), known, adds },
                    None => FitReason::KnownFor {
                        seen: one.told.clone(),
                        times: one.times,
                        actors: self.users(&one.name),
                        of: self.actors.len(),
                        adds,
                    },
                });
            }
        }
        let ascribed: Vec<&Ascribed<'_>> = seen.ascribed.iter().filter(|one| one.actors.contains(&actor.id)).collect();
        let likeness = Likeness { brings: &brings, seen, norm, ascribed: &ascribed };
        let all = likeness.without(None, None);
        let traits = (0..brings.len()).map(|n| likeness.without(Some(n), None));
        let indicators = (0..ascribed.len()).map(|n| likeness.without(None, Some(n)));
        let (low, high) = traits.chain(indicators).fold((all, all), |(low, high), s| (low.min(s), high.max(s)));
        because.sort_by(|a, b| adds(b).total_cmp(&adds(a)));
        let told = ascribed.iter().map(|one| FitReason::Ascribed {
            value: one.value.to_owned(),
            actors: one.actors.len(),
            weight: one.weight,
        });
        let mut because: Vec<FitReason> = told.chain(because).take(REASONS_MAX).collect();
        let unknown = brings.iter().filter(|brought| **brought == 0.0).count();
        if unknown > 0 {
            because.push(FitReason::NotKnownFor { observations: unknown });
        }
        let (score, low, high) = (Weight::nearest(all), Weight::nearest(low), Weight::nearest(high));
        Fitting { actor: actor.id.clone(), name: actor.name.clone(), score, low, high, because }
    }
}

impl Knowledge {
    /// What an actor is known for that is close to a technique which it is not known for: the technique of which it is one, or
    /// one of its own. Each counts once, and not if it was seen itself.
    fn kin(&self, actor: &Actor, name: &str, seen: &Seen<'_>, used: &mut BTreeSet<String>) -> Option<String> {
        if name.starts_with(SOFTWARE) || is_known(actor, name) {
            return None;
        }
        let parent = name.split('.').next().unwrap_or(name);
        let is_kin = |known: &&String| {
            let is_parent = parent != name && known.as_str() == parent;
            let is_child = parent == name && known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            (is_parent || is_child) && !used.contains(*known) && !seen.has(known)
        };
        let found = actor.techniques.iter().find(is_kin)?.clone();
        used.insert(found.clone());
        Some(found)
    }
}

fn traits(actor: &Actor) -> impl Iterator<Item = String> + '_ {
    let software = actor.software.iter().map(|name| trait_of_software(name));
    actor.techniques.iter().cloned().chain(software).take(limits::FIT_TRAITS_MAX)
}

fn adds(reason: &FitReason) -> f64 {
    match reason {
        FitReason::KnownFor { adds, .. } | FitReason::KnownForKin { adds, .. } => adds.get(),
        FitReason::Ascribed { .. } | FitReason::NotKnownFor { .. } => 0.0,
    }
}

/// Whether an actor is known for exactly that.
fn is_known(actor: &Actor, name: &str) -> bool {
    match name.strip_prefix(SOFTWARE) {
        Some(software) => actor.software.iter().any(|known| known.to_lowercase() == software),
        None => actor.techniques.contains(name),
    }
}

struct SeenTrait {
    name: String,
    told: String,
    times: u64,
    counts: f64,
}

struct Ascribed<'a> {
    value: &'a str,
    actors: &'a BTreeSet<String>,
    weight: u8,
    /// After sharing among the actors and with time.
    brings: f64,
}

/// What was seen, counted.
struct Seen<'a> {
    traits: Vec<SeenTrait>,
    ascribed: Vec<Ascribed<'a>>,
    sum: f64,
    /// Observations that few actors are known for, but somebody is.
    telling: usize,
}

impl<'a> Seen<'a> {
    fn new(knowledge: &Knowledge, seen: &'a [Observation], now: Timestamp) -> Self {
        let mut merged: BTreeMap<String, SeenTrait> = BTreeMap::new();
        let mut ascribed: Vec<Ascribed<'a>> = Vec::new();
        for one in seen.iter().take(limits::FIT_TRAITS_MAX) {
            let days = (now.as_micros().saturating_sub(one.last.as_micros()) as f64 / 86_400_000_000.0).max(0.0);
            let fresh = 0.5f64.powf(days / HALF_LIFE_DAYS);
            let name = match &one.what {
                Observed::Technique { id } => id.to_uppercase(),
                Observed::Software { name } => trait_of_software(name),
                Observed::Indicator { value, actors, weight } => {
                    let share = f64::from((*weight).min(100)) / 100.0 / actors.len().max(1) as f64;
                    ascribed.push(Ascribed { value, actors, weight: *weight, brings: share * fresh });
                    continue;
                }
            };
            let counts = knowledge.counts(&name) * fresh;
            let entry = merged.entry(name.clone()).or_insert_with(|| SeenTrait {
                name,
                told: one.what.to_string(),
                times: 0,
                counts: 0.0,
            });
            entry.times = entry.times.saturating_add(one.times);
            entry.counts = entry.counts.max(counts);
        }
        ascribed.sort_by(|a, b| b.brings.total_cmp(&a.brings).then_with(|| a.value.cmp(b.value)));
        // The same value seen twice is one observation.
        let mut values = BTreeSet::new();
        ascribed.retain(|one| values.insert(one.value));
        let few = (knowledge.actors.len() as f64 * TELLING_SHARE_MAX).max(1.0) as usize;
        let is_telling = |one: &&SeenTrait| (1..=few).contains(&knowledge.users(&one.name));
        let traits: Vec<SeenTrait> = merged.into_values().collect();
        let telling = traits.iter().filter(is_telling).count() + ascribed.len();
        let sum = traits.iter().map(|one| one.counts).sum();
        Seen { traits, ascribed, sum, telling }
    }

    fn norm(&self) -> f64 {
        self.sum.sqrt()
    }

    /// Whether that was seen itself.
    fn has(&self, name: &str) -> bool {
        self.traits.binary_search_by(|one| one.name.as_str().cmp(name)).is_ok()
    }
}

/// The score of one actor, with observations left out.
struct Likeness<'a> {
    brings: &'a [f64],
    seen: &'a Seen<'a>,
    norm: f64,
    ascribed: &'a [&'a Ascribed<'a>],
}

impl Likeness<'_> {
    fn without(&self, left_out: Option<usize>, indicator: Option<usize>) -> f64 {
        let brought = left_out.and_then(|n| self.brings.get(n)).copied().unwrap_or_default();
        let counted = left_out.and_then(|n| self.seen.traits.get(n)).map_or(0.0, |one| one.counts);
        let overlap = (self.brings.iter().sum::<f64>() - brought).max(0.0);
        let width = (self.seen.sum - counted).max(0.0).sqrt() * self.norm;
        let by_traits = if width > 0.0 { (overlap / width).min(1.0) } else { 0.0 };
        let others = self.ascribed.iter().enumerate().filter(|(n, _)| Some(*n) != indicator);
        let doubt: f64 = others.map(|(_, one)| 1.0 - one.brings).product();
        let by_indicators = (1.0 - doubt).min(INDICATORS_MAX);
        let score = 1.0 - (1.0 - by_traits) * (1.0 - by_indicators);
        // Square roots leave the last digits open; two that fit alike are to be equal.
        (score * 1e9).round() / 1e9
    }
}

fn verdict(ranked: &[Fitting], telling: usize) -> Verdict {
    let Some(first) = ranked.first() else { return Verdict::Nothing };
    if telling < TELLING_MIN {
        return Verdict::Thin { telling, needed: TELLING_MIN };
    }
    if first.score.get() < SCORE_MIN {
        return Verdict::Weak { best: first.score };
    }
    let is_close = |other: &&Fitting| other.high >= first.low || first.score.get() - other.score.get() < LEAD_MIN;
    let close: Vec<&Fitting> = ranked.iter().filter(is_close).take(RANKED_MAX).collect();
    match close.as_slice() {
        [_] => {
            let next = ranked.get(1).map_or(0.0, |next| next.score.get());
            Verdict::One { actor: first.actor.clone(), lead: Weight::nearest(first.score.get() - next) }
        }
        several => Verdict::Several { actors: several.iter().map(|one| one.actor.clone()).collect() },
    }
}
