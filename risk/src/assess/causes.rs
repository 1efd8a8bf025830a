//! How likely things are compromised by themselves, and what those who can reach them add.

use std::collections::BTreeMap;

use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle};

use super::{AssessError, Flaw, Given, Unsaid};
use crate::belief::Belief;
use crate::controls::{Passing, passes};
use crate::interval::Probability;

/// Days of the forecast that a flaw is tried within.
const FORECAST_DAYS: f64 = 30.0;
const YEAR_DAYS: f64 = 365.25;

/// How likely one thing of each kind is compromised within a year by causes that nobody has found: the policy's rate, and what was seen.
pub(super) fn by_kind(given: &Given<'_>) -> Result<BTreeMap<ItemKind, Belief>, AssessError> {
    let mut found = BTreeMap::new();
    for (kind, rate) in &given.policy.rates {
        let rate = match given.watches.get(kind) {
            Some(watch) => rate.after(*watch)?,
            None => *rate,
        };
        let within_a_year = |share: f64| 1.0 - libm::exp(-rate.quantile(Probability::nearest(share)));
        let [low, likely, high] = [0.05, 0.5, 0.95].map(within_a_year);
        found.insert(*kind, Belief::new(low, likely, high).unwrap_or(Belief::UNKNOWN));
    }
    Ok(found)
}

/// Whether anybody reaches such a thing over a network at all.
const fn is_reached(kind: ItemKind) -> bool {
    !matches!(kind, ItemKind::Identity | ItemKind::Vendor)
}

/// Who can reach it, as it counts.
pub(super) fn exposure(item: &Item) -> Exposure {
    item.exposure.unwrap_or(Exposure::Public)
}

/// What an item's own causes are as it is: those of its kind, and those of whoever can reach it, past the controls that were assessed.
pub(super) fn own(given: &Given<'_>, item: &Item, kinds: &BTreeMap<ItemKind, Belief>) -> Belief {
    if item.state == Lifecycle::Planned {
        return Belief::certain(Probability::ZERO);
    }
    let kind = of_kind(item, kinds);
    if !is_reached(item.kind) {
        return kind;
    }
    let reached = given.policy.exposures.get(&exposure(item)).copied().unwrap_or(Belief::UNKNOWN);
    let reached = passing(given, &item.id).map_or(reached, |passing| reached.past(&passing));
    kind.either(reached)
}

/// Names what nobody has said of who can reach an item.
pub(super) fn note_unsaid(item: &Item, unsaid: &mut Vec<Unsaid>) {
    if item.exposure.is_none() && is_reached(item.kind) {
        unsaid.push(Unsaid { item: item.id.clone(), what: "who can reach it" });
    }
}

pub(super) fn of_kind(item: &Item, kinds: &BTreeMap<ItemKind, Belief>) -> Belief {
    kinds.get(&item.kind).copied().unwrap_or(Belief::UNKNOWN)
}

/// Which part of what is tried from outside gets past a service's controls; `None` where none of those that count was assessed through: one
/// that is credited nothing would only widen what is believed downwards.
pub(super) fn passing(given: &Given<'_>, service: &ItemId) -> Option<Passing> {
    let assessed = given.controls.get(service)?;
    let counting = given.policy.controls.iter().filter_map(|id| assessed.get(id));
    let effects = counting.map(|shares| shares.effect().value).filter(|effect| effect.credited > Probability::ZERO);
    let effects: Vec<_> = effects.collect();
    (!effects.is_empty()).then(|| passes(&effects))
}

/// The probability that a flaw is tried within a year.
pub(super) fn tried_in_a_year(flaw: &Flaw) -> Probability {
    let Some(tried) = flaw.tried else { return Probability::ONE };
    Probability::nearest(1.0 - libm::pow(1.0 - tried.get(), YEAR_DAYS / FORECAST_DAYS))
}

/// Which part of those who try something can reach an item that such people can reach.
pub(super) fn reach(given: &Given<'_>, item: &Item, met: Exposure) -> Probability {
    if !is_reached(item.kind) {
        return Probability::ONE;
    }
    given.policy.reach.get(&met).copied().unwrap_or(Probability::ONE)
}
