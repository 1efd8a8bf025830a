//! The services in the order in which they may open to the public, by what the register says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::register::{Exposure, Item, ItemId, ItemKind};
use serde::Serialize;

use super::graph::{Fronts, Graph};
use super::offers::Offers;
use super::say::{percent, whole};
use super::{AssessError, Given, Unsaid, causes, harms};
use crate::belief::Belief;
use crate::chance::Chance;
use crate::interval::Probability;
use crate::order::{Added, Asset, Dependency, Opening, OpeningReason, Service, Situation, Verdict, order};
use crate::severity::Unit;

/// Things that nobody has said which are named of one service.
const UNSAID_MAX: usize = 12;
/// What the gate of an app misses, as far as it is named.
const MISSING_MAX: usize = 5;

/// A measure that has to be taken, or could be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// The measure's name in the policy, or `mend`.
    pub measure: String,
    /// What it is.
    pub title: String,
    /// At which items.
    pub at: Vec<ItemId>,
    /// What it costs, in money.
    pub cost: f64,
    /// Which part of what happens there it takes away.
    pub takes_away: Probability,
}

/// What is decided about a service, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpeningOf {
    /// The service.
    pub service: ItemId,
    /// What people call it.
    pub title: String,
    /// It is open to the public already: then it is what keeping it open adds.
    pub is_public: bool,
    /// Whether it may open.
    pub verdict: Verdict,
    /// What opening adds to the harm of a year.
    pub added: BTreeMap<Unit, Added>,
    /// The greatest share of what is tolerated that it uses up; above 1 it is too much.
    pub share_of_tolerance: f64,
    /// What has to be done before it opens, in the order in which it helps; also where it does not suffice.
    pub conditions: Vec<Condition>,
    /// What takes away the most risk for its cost, with the share of what is tolerated that it takes away.
    pub next_best: Option<(Condition, f64)>,
    /// Why.
    pub because: Vec<OpeningWhy>,
}

/// Why a service may open or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OpeningWhy {
    /// How it compares with what is tolerated.
    Tolerance {
        /// In which unit.
        unit: Unit,
        /// What opening does not exceed with 90 %.
        p90: f64,
        /// What is tolerated.
        tolerated: f64,
    },
    /// What the public can do to it within a year.
    Exposed {
        /// At least.
        low: Probability,
        /// On average.
        mean: Probability,
        /// At most.
        high: Probability,
    },
    /// What falls with it.
    Affected {
        /// Which item.
        item: ItemId,
        /// How often it falls with the service.
        share: Probability,
    },
    /// Vulnerabilities on what the public meets.
    Flaws {
        /// How many.
        count: usize,
    },
    /// Nobody has looked for vulnerabilities there lately.
    NeverChecked {
        /// Which items.
        items: Vec<ItemId>,
    },
    /// None of the controls that count was assessed, so none is credited.
    ControlsNotAssessed,
    /// Which part of what is tried gets past its controls.
    Controls {
        /// The part.
        passes: Probability,
    },
    /// Nobody has said that.
    Unsaid(Unsaid),
    /// Its app for telephones has not passed its gate.
    Gate {
        /// Which app.
        app: ItemId,
        /// What is missing, the first of it.
        missing: Vec<String>,
        /// How much is missing altogether.
        count: usize,
    },
}

/// What is known of one service before all are compared.
struct Candidate {
    place: usize,
    because: Vec<OpeningWhy>,
    is_held_back: bool,
}

pub(super) fn of(given: &Given<'_>, draws: usize, chance: &Chance) -> Result<Vec<OpeningOf>, AssessError> {
    let graph = Graph::of(given);
    let kinds = causes::by_kind(given)?;
    let elsewhere = harms::stored_elsewhere(given, &graph);
    let fronts = graph.fronts(given);
    let flaws = flaws_by_place(given, &graph);
    let (mut assets, mut unsaid) = (Vec::new(), vec![Vec::new(); graph.items.len()]);
    for (place, (item, unsaid)) in graph.items.iter().zip(&mut unsaid).enumerate() {
        causes::note_unsaid(item, unsaid);
        // What falls anyway is nothing that opening adds. A hole elsewhere must not make an opening look better for that, so that only causes
        // which nobody can find count as there anyway.
        let own = causes::of_kind(item, &kinds);
        assets.push(Asset { own, harms: harms::of(given, item, elsewhere.get(&place), unsaid).harms });
    }
    let (mut services, mut candidates, mut offers) = (Vec::new(), Vec::new(), Offers::default());
    for (place, item) in graph.items.iter().enumerate().filter(|(_, item)| item.kind == ItemKind::Service) {
        let front = Front::of(given, &graph, &fronts, (place, &flaws));
        let at = services.len();
        let exposure = front.exposure(given, item);
        services.push(Service { asset: place, exposure });
        offers.for_service(given, &graph, (at, place));
        let without = Front { tried: Vec::new(), ..front.clone() }.exposure(given, item);
        offers.mending(given, (at, &item.id), front.tried.len(), (without, exposure));
        candidates.push(front.candidate(given, &graph, (place, exposure), &unsaid));
    }
    let dependencies =
        graph.ways.iter().map(|way| Dependency { from: way.from, to: way.to, passes: way.passes }).collect();
    let tolerances = given.policy.tolerances.clone();
    let situation = Situation { assets, dependencies, services, measures: offers.measures.clone(), tolerances };
    let found = order(&situation, draws, chance)?;
    let mut all: Vec<OpeningOf> =
        found.into_iter().filter_map(|opening| named(&graph, opening, &candidates, &offers)).collect();
    all.sort_by_key(|opening| opening.verdict);
    Ok(all)
}

fn flaws_by_place(given: &Given<'_>, graph: &Graph<'_>) -> BTreeMap<usize, Vec<Probability>> {
    let mut found: BTreeMap<usize, Vec<Probability>> = BTreeMap::new();
    for flaw in given.flaws {
        if let Some(place) = graph.place(&flaw.item) {
            found.entry(place).or_default().push(causes::tried_in_a_year(flaw));
        }
    }
    found
}

/// What the public meets when a service opens.
#[derive(Clone)]
struct Front {
    /// Vulnerabilities there, by how likely they are tried within a year.
    tried: Vec<Probability>,
    /// Items there on which nobody has looked for vulnerabilities lately.
    unchecked: Vec<ItemId>,
    /// Apps for telephones there.
    apps: Vec<ItemId>,
    places: BTreeSet<usize>,
}

impl Front {
    fn of(
        given: &Given<'_>,
        graph: &Graph<'_>,
        fronts: &Fronts,
        (place, flaws): (usize, &BTreeMap<usize, Vec<Probability>>),
    ) -> Self {
        let places = fronts.of(place);
        let items: Vec<&Item> = places.iter().filter_map(|place| graph.item(*place)).collect();
        let is_looked_at = |item: &&&Item| item.kind != ItemKind::Service || places.len() == 1;
        let unchecked = items.iter().filter(is_looked_at).filter(|item| !given.checked.contains(&item.id));
        Front {
            tried: places.iter().filter_map(|place| flaws.get(place)).flatten().copied().collect(),
            unchecked: unchecked.map(|item| item.id.clone()).collect(),
            apps: items.iter().filter(|item| item.is_mobile).map(|item| item.id.clone()).collect(),
            places,
        }
    }

    /// The probability that the service is compromised within a year by what only the public can do.
    fn exposure(&self, given: &Given<'_>, service: &Item) -> Belief {
        let base = given.policy.exposures.get(&Exposure::Public).copied().unwrap_or(Belief::UNKNOWN);
        let with_flaws = self.tried.iter().fold(base, |sum, tried| sum.either(Belief::certain(*tried)));
        let seen = if self.unchecked.is_empty() { with_flaws } else { with_flaws.or_worse() };
        causes::passing(given, &service.id).map_or(seen, |passing| seen.past(&passing))
    }

    fn candidate(
        &self,
        given: &Given<'_>,
        graph: &Graph<'_>,
        (place, exposure): (usize, Belief),
        unsaid: &[Vec<Unsaid>],
    ) -> Candidate {
        let (low, high) = (exposure.interval().low, exposure.interval().high);
        let (low, high) = (Probability::nearest(low), Probability::nearest(high));
        let mut because = vec![OpeningWhy::Exposed { low, mean: exposure.mean(), high }];
        if !self.tried.is_empty() {
            because.push(OpeningWhy::Flaws { count: self.tried.len() });
        }
        if !self.unchecked.is_empty() {
            because.push(OpeningWhy::NeverChecked { items: self.unchecked.clone() });
        }
        let passing = graph.item(place).and_then(|item| causes::passing(given, &item.id));
        because.push(match passing {
            Some(passing) => OpeningWhy::Controls { passes: passing.reckoned },
            None => OpeningWhy::ControlsNotAssessed,
        });
        let around = self.places.iter().filter_map(|place| unsaid.get(*place)).flatten();
        because.extend(around.take(UNSAID_MAX).cloned().map(OpeningWhy::Unsaid));
        let gates: Vec<OpeningWhy> = self.apps.iter().filter_map(|app| gate(given, app)).collect();
        let is_held_back = !gates.is_empty();
        because.extend(gates);
        Candidate { place, because, is_held_back }
    }
}

/// What the gate of an app says, where it did not pass.
fn gate(given: &Given<'_>, app: &ItemId) -> Option<OpeningWhy> {
    let never = vec!["it has not been at the gate".to_owned()];
    let missing = given.gates.get(app).unwrap_or(&never);
    (!missing.is_empty()).then(|| OpeningWhy::Gate {
        app: app.clone(),
        missing: missing.iter().take(MISSING_MAX).cloned().collect(),
        count: missing.len(),
    })
}

fn named(graph: &Graph<'_>, opening: Opening, candidates: &[Candidate], offers: &Offers) -> Option<OpeningOf> {
    let candidate = candidates.get(opening.service)?;
    let item = graph.item(candidate.place)?;
    let condition = |measure: usize| offers.conditions.get(measure).cloned();
    let mut because: Vec<OpeningWhy> = Vec::new();
    let mut affected = Vec::new();
    for reason in opening.because {
        match reason {
            OpeningReason::Tolerance { unit, p90, tolerated } => {
                because.push(OpeningWhy::Tolerance { unit, p90, tolerated });
            }
            OpeningReason::Affected { asset, share } => {
                let item = graph.item(asset)?.id.clone();
                affected.push(OpeningWhy::Affected { item, share });
            }
            // Everything here is believed in; what nobody has said is named by itself.
            OpeningReason::ExposureUnknown | OpeningReason::AroundUnknown { .. } => {}
        }
    }
    because.extend(candidate.because.iter().cloned());
    because.extend(affected);
    Some(OpeningOf {
        service: item.id.clone(),
        title: item.title.clone(),
        is_public: item.exposure == Some(Exposure::Public),
        verdict: if candidate.is_held_back { Verdict::NotYet } else { opening.verdict },
        added: opening.added,
        share_of_tolerance: opening.share_of_tolerance,
        conditions: opening.conditions.into_iter().filter_map(condition).collect(),
        next_best: opening.next_best.and_then(|(measure, share)| Some((condition(measure)?, share))),
        because,
    })
}

impl fmt::Display for OpeningWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpeningWhy::Tolerance { unit, p90, tolerated } => {
                let is = if p90 <= tolerated { "within" } else { "above" };
                let (p90, tolerated) = (whole(*p90), whole(*tolerated));
                write!(f, "adds up to {p90} a year ({unit}) with 90 % confidence, {is} the tolerated {tolerated}")
            }
            OpeningWhy::Exposed { low, mean, high } => {
                let [low, mean, high] = [*low, *mean, *high].map(percent);
                write!(f, "the public compromises it within a year with a probability of {mean} ({low} to {high})")
            }
            OpeningWhy::Affected { item, share } => write!(f, "{item} falls with it in {} of cases", percent(*share)),
            OpeningWhy::Flaws { count: 1 } => f.write_str("one vulnerability is open on what the public meets"),
            OpeningWhy::Flaws { count } => write!(f, "{count} vulnerabilities are open on what the public meets"),
            OpeningWhy::NeverChecked { items } => {
                let names: Vec<&str> = items.iter().take(3).map(ItemId::as_str).collect();
                let more = items.len().saturating_sub(names.len());
                write!(f, "nobody has looked for vulnerabilities lately on {}", names.join(", "))?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            OpeningWhy::ControlsNotAssessed => f.write_str("its controls were not assessed, so none is credited"),
            OpeningWhy::Controls { passes } => {
                write!(f, "{} of what is tried gets past its controls", percent(*passes))
            }
            OpeningWhy::Unsaid(unsaid) => unsaid.fmt(f),
            OpeningWhy::Gate { app, missing, count } => {
                write!(f, "the app {app} has not passed its gate, {count} missing: {}", missing.join("; "))
            }
        }
    }
}
