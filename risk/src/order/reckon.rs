//! What opening one service adds, over draws of the beliefs and of cities.

use std::collections::{BTreeMap, BTreeSet};

use super::{Added, Measure, OpeningReason, Place, Service, Situation};
use crate::belief::Belief;
use crate::chance::Chance;
use crate::interval::{Interval, Probability};
use crate::network::Network;
use crate::severity::Unit;

/// Rounds of 64 cities under each draw of the beliefs.
const CITY_ROUNDS: u64 = 2;
/// Cities under each draw of the beliefs.
const CITIES: f64 = 64.0 * CITY_ROUNDS as f64;
/// Streams of chance, one for each sort of number that is drawn, and one for the cities.
const OWN: u64 = 0;
const PASSES: u64 = 1;
const EXPOSURE: u64 = 2;
const EFFECT: u64 = 3;
const CITY: u64 = 4;
/// Draws of the beliefs over which measures are compared: there may be hundreds for one service.
const COMPARED_DRAWS: usize = 25;
/// Measures on dependencies that are compared for one service at a time.
const WAYS_COMPARED_MAX: usize = 24;
/// Shares of a tolerance below which a gain is rounding.
const NOTHING: f64 = 1e-12;

/// Numbers of drawn beliefs that are kept: 64 MiB. With more they are drawn again each time.
const KEPT_MAX: usize = 8 * 1024 * 1024;

/// The situation with its draws.
pub(super) struct Drawn<'s> {
    situation: &'s Situation,
    network: &'s Network,
    draws: usize,
    chance: Chance,
    /// For each draw, each asset's own causes and what each dependency passes; empty when that is too much to keep.
    kept: Vec<(Vec<f64>, Vec<f64>)>,
}

impl<'s> Drawn<'s> {
    pub(super) fn new(situation: &'s Situation, network: &'s Network, draws: usize, chance: &Chance) -> Self {
        let mut drawn = Drawn { situation, network, draws, chance: chance.clone(), kept: Vec::new() };
        let numbers = draws.saturating_mul(situation.assets.len() + situation.dependencies.len());
        if numbers <= KEPT_MAX {
            drawn.kept = (0..draws).map(|draw| drawn.drawn(draw)).collect();
        }
        drawn
    }

    /// One draw of the beliefs about own causes and dependencies.
    fn drawn(&self, draw: usize) -> (Vec<f64>, Vec<f64>) {
        if let Some(kept) = self.kept.get(draw) {
            return kept.clone();
        }
        let chance = self.chance.of(draw as u64);
        let all = |stream: u64, beliefs: &mut dyn Iterator<Item = Belief>| -> Vec<f64> {
            let stream = chance.of(stream);
            beliefs.zip(0u64..).map(|(belief, at)| belief.at(stream.of(at).unit())).collect()
        };
        let own = all(OWN, &mut self.situation.assets.iter().map(|asset| asset.own));
        let passes = all(PASSES, &mut self.situation.dependencies.iter().map(|dependency| dependency.passes));
        (own, passes)
    }
}

/// One service, and what falls with it as it is today.
pub(super) struct Case<'s> {
    drawn: &'s Drawn<'s>,
    place: usize,
    service: Service,
    /// What matters and is not known.
    ///
    /// What is compromised anyway is not the opening's doing, so that a probability that is not known could make it look better.
    /// Where there are gaps nothing counts as compromised anyway: everything that the service can reach is its doing, which
    /// only grows with every probability.
    gaps: Vec<OpeningReason>,
}

/// What falls with the service under each draw of the beliefs: assets, and in which share of the cities.
pub(super) type Falls = Vec<BTreeMap<usize, f64>>;

impl<'s> Case<'s> {
    /// `None` when the service is not there.
    pub(super) fn new(drawn: &'s Drawn<'s>, place: usize) -> Option<Self> {
        let Drawn { situation, network, .. } = drawn;
        let service = *situation.services.get(place)?;
        // Whatever can reach something that the service's fall can reach.
        let around = network.reaching(&network.reached_from(service.asset));
        let gaps = gaps(situation, &service, &around);
        Some(Case { drawn, place, service, gaps })
    }

    pub(super) fn gaps(&self) -> &[OpeningReason] {
        &self.gaps
    }

    /// Other assets that fall with the service, and how often, the most often first.
    pub(super) fn affected(&self, falls: &Falls) -> Vec<(usize, Probability)> {
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for (asset, share) in falls.iter().flatten().filter(|(asset, _)| **asset != self.service.asset) {
            *sums.entry(*asset).or_insert(0.0) += share;
        }
        let share = |sum: f64| Probability::nearest(sum / self.drawn.draws.max(1) as f64);
        let mut affected: Vec<(usize, Probability)> =
            sums.into_iter().map(|(asset, sum)| (asset, share(sum))).collect();
        affected.sort_by(|(one, a), (other, b)| b.get().total_cmp(&a.get()).then(one.cmp(other)));
        affected
    }

    /// The measure that takes away the most for its cost, beside those that are taken, given what falls with these, and what share of the tolerances is
    /// used up with it. `None` when nothing helps. Measures are compared over the first [`COMPARED_DRAWS`]; what is used up is over all.
    pub(super) fn best_measure(&self, falls: &Falls, taken: &[usize], share: f64) -> Option<(usize, f64)> {
        let compared = falls.get(..COMPARED_DRAWS.min(falls.len())).unwrap_or(falls);
        let before = self.share(&self.added(compared, taken));
        let mut best: Option<(f64, usize)> = None;
        for at in self.candidates(compared, taken) {
            let Some(measure) = self.drawn.situation.measures.get(at) else { continue };
            let with: Vec<usize> = taken.iter().copied().chain([at]).collect();
            // Only a measure on a dependency changes what falls.
            let added = match measure.place {
                Place::Dependency(_) => self.added(&self.falls_of(&with, compared.len()), &with),
                Place::Exposure(_) | Place::Harm(_) => self.added(compared, &with),
            };
            let gain = (before - self.share(&added)) / measure.cost;
            if gain > 0.0 && best.is_none_or(|(best, _)| gain > best) {
                best = Some((gain, at));
            }
        }
        let (_, at) = best?;
        let with: Vec<usize> = taken.iter().copied().chain([at]).collect();
        let is_on_dependency =
            self.drawn.situation.measures.get(at).is_some_and(|measure| matches!(measure.place, Place::Dependency(_)));
        let added = if is_on_dependency { self.added(&self.falls(&with), &with) } else { self.added(falls, &with) };
        let after = self.share(&added);
        (share - after > NOTHING).then_some((at, after))
    }

    /// Measures that can help, beside those that are taken: what they work on is reached in some drawn city. Of those on dependencies, the ones over
    /// which most passes: each of them means drawing cities again.
    fn candidates(&self, falls: &[BTreeMap<usize, f64>], taken: &[usize]) -> Vec<usize> {
        let mut shares: BTreeMap<usize, f64> = BTreeMap::new();
        for (asset, share) in falls.iter().flatten() {
            *shares.entry(*asset).or_insert(0.0) += share;
        }
        let situation = self.drawn.situation;
        let (mut found, mut ways) = (Vec::new(), Vec::new());
        for (at, measure) in situation.measures.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
            match measure.place {
                Place::Exposure(service) if service == self.place => found.push(at),
                Place::Harm(asset) if shares.contains_key(&asset) => found.push(at),
                Place::Dependency(way) => {
                    let Some(way) = situation.dependencies.get(way) else { continue };
                    if let Some(share) = shares.get(&way.from) {
                        let effect = measure.effect.credited.get();
                        ways.push((share * way.passes.mean().get() * effect / measure.cost, at));
                    }
                }
                Place::Exposure(_) | Place::Harm(_) => {}
            }
        }
        ways.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
        found.extend(ways.into_iter().take(WAYS_COMPARED_MAX).map(|(_, at)| at));
        found.sort_unstable();
        found
    }

    /// The greatest share of a tolerance that is used up. A unit without a tolerance counts for nothing; of a tolerance of
    /// nothing anything is too much.
    pub(super) fn share(&self, added: &BTreeMap<Unit, Added>) -> f64 {
        let share = |(unit, added): (&Unit, &Added)| match self.drawn.situation.tolerances.get(unit) {
            None => 0.0,
            Some(_) if added.p90 <= 0.0 => 0.0,
            Some(tolerated) if *tolerated <= 0.0 => f64::MAX,
            Some(tolerated) => added.p90 / tolerated,
        };
        added.iter().map(share).fold(0.0, f64::max)
    }

    /// What falls with the service when these measures are taken.
    pub(super) fn falls(&self, measures: &[usize]) -> Falls {
        self.falls_of(measures, self.drawn.draws)
    }

    /// The same under the first draws only.
    fn falls_of(&self, measures: &[usize], draws: usize) -> Falls {
        let mut falls = Vec::with_capacity(draws);
        for draw in 0..draws {
            let chance = self.drawn.chance.of(draw as u64);
            let (mut own, mut passes) = self.drawn.drawn(draw);
            if !self.gaps.is_empty() {
                own.fill(0.0);
            }
            for (at, measure) in self.taken(measures) {
                if let Place::Dependency(dependency) = measure.place
                    && let Some(passes) = passes.get_mut(dependency)
                {
                    *passes *= left(&chance, at, measure);
                }
            }
            let mut fallen = BTreeMap::new();
            self.drawn.network.with(&own, &passes).each_round(CITY_ROUNDS, &chance.of(CITY), |city| {
                city.what_if(self.service.asset, |asset, lanes| {
                    *fallen.entry(asset).or_insert(0.0) += f64::from(lanes.count_ones()) / CITIES;
                });
            });
            falls.push(fallen);
        }
        falls
    }

    /// What opening adds when that falls and these measures are taken.
    pub(super) fn added(&self, falls: &[BTreeMap<usize, f64>], measures: &[usize]) -> BTreeMap<Unit, Added> {
        let mut draws: BTreeMap<Unit, Vec<f64>> =
            self.drawn.situation.tolerances.keys().map(|unit| (*unit, Vec::with_capacity(falls.len()))).collect();
        for (fallen, draw) in falls.iter().zip(0u64..) {
            let chance = self.drawn.chance.of(draw);
            let mut exposure = self.service.exposure.at(chance.of(EXPOSURE).of(self.place as u64).unit());
            let mut harm_left: BTreeMap<usize, f64> = BTreeMap::new();
            for (at, measure) in self.taken(measures) {
                match measure.place {
                    Place::Exposure(service) if service == self.place => exposure *= left(&chance, at, measure),
                    Place::Harm(asset) => *harm_left.entry(asset).or_insert(1.0) *= left(&chance, at, measure),
                    Place::Exposure(_) | Place::Dependency(_) => {}
                }
            }
            let mut sums: BTreeMap<Unit, f64> = BTreeMap::new();
            for (asset, share) in fallen {
                let left = harm_left.get(asset).copied().unwrap_or(1.0);
                for harm in self.drawn.situation.assets.get(*asset).into_iter().flat_map(|asset| &asset.harms) {
                    *sums.entry(harm.unit).or_insert(0.0) += share * harm.mean * left;
                }
            }
            for (unit, draws) in &mut draws {
                draws.push(exposure * sums.get(unit).copied().unwrap_or(0.0));
            }
        }
        draws.into_iter().map(|(unit, draws)| (unit, self.summed_up(draws))).collect()
    }

    fn taken<'m>(&'m self, measures: &'m [usize]) -> impl Iterator<Item = (usize, &'m Measure)> {
        measures.iter().filter_map(|at| Some((*at, self.drawn.situation.measures.get(*at)?)))
    }

    fn summed_up(&self, mut draws: Vec<f64>) -> Added {
        let mean = draws.iter().sum::<f64>() / draws.len().max(1) as f64;
        draws.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = libm::ceil(share * draws.len() as f64) as usize;
            draws.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        let low = if self.gaps.is_empty() { at(0.05) } else { 0.0 };
        Added { mean, interval: Interval { low, high: at(0.95) }, p90: at(0.9) }
    }
}

/// The part that a measure leaves, under a draw of the beliefs.
fn left(chance: &Chance, at: usize, measure: &Measure) -> f64 {
    1.0 - Belief::of_effect(&measure.effect).at(chance.of(EFFECT).of(at as u64).unit())
}

/// What matters for a service and is not known: its exposure, and what is around.
fn gaps(situation: &Situation, service: &Service, around: &BTreeSet<usize>) -> Vec<OpeningReason> {
    let mut gaps = Vec::new();
    if !service.exposure.is_known() {
        gaps.push(OpeningReason::ExposureUnknown);
    }
    let dependencies = situation.dependencies.iter().filter(|dependency| around.contains(&dependency.from));
    let assets = around.iter().filter_map(|asset| situation.assets.get(*asset));
    let count = dependencies.filter(|dependency| !dependency.passes.is_known()).count()
        + assets.filter(|asset| !asset.own.is_known()).count();
    if count > 0 {
        gaps.push(OpeningReason::AroundUnknown { count });
    }
    gaps
}
