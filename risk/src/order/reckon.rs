//! What opening adds, over draws of the beliefs and of cities.

use std::collections::{BTreeMap, BTreeSet};

use super::{Added, Measure, OpeningReason, Place, Situation};
use crate::belief::Belief;
use crate::chance::Chance;
use crate::interval::{Interval, Probability};
use crate::network::Network;
use crate::severity::Unit;

/// Rounds of 64 cities under each draw of the beliefs.
const CITY_ROUNDS: u64 = 2;
/// Cities in a round.
const LANES: f64 = 64.0;
/// Streams of chance, one for each sort of number that is drawn.
const OWN: u64 = 0;
const PASSES: u64 = 1;
const EXPOSURE: u64 = 2;
const EFFECT: u64 = 3;
const CITIES: u64 = 4;
/// Draws at which what is below counts as rounding.
const NOTHING: f64 = 1e-12;

/// What opening a service adds as it is today.
pub(super) struct Plain {
    pub(super) service: usize,
    pub(super) added: BTreeMap<Unit, Added>,
    /// Other assets that fall with it, and how often, the most often first.
    pub(super) affected: Vec<(usize, Probability)>,
}

/// Whether something that matters for a service is not known.
///
/// What is compromised anyway is not the opening's doing, so that a probability that is not known could make it look better.
/// Where there are gaps nothing counts as compromised anyway: everything that the service can reach is its doing, which
/// only grows with every probability.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gaps {
    None,
    Some,
}

/// Added harm under each draw of the beliefs, by unit.
type Draws = BTreeMap<Unit, Vec<f64>>;

pub(super) struct Reckoner<'s> {
    situation: &'s Situation,
    network: &'s Network,
    draws: usize,
    chance: Chance,
    /// Things that a service's fall can reach, itself among them, for each service.
    behind: Vec<BTreeSet<usize>>,
    /// Things from which one of those can be reached: what is not known of these matters.
    around: Vec<BTreeSet<usize>>,
}

impl<'s> Reckoner<'s> {
    pub(super) fn new(situation: &'s Situation, network: &'s Network, draws: usize, chance: &Chance) -> Self {
        let behind: Vec<BTreeSet<usize>> =
            situation.services.iter().map(|service| network.reached_from(service.asset)).collect();
        let around = behind.iter().map(|behind| network.reaching(behind)).collect();
        Reckoner { situation, network, draws, chance: chance.clone(), behind, around }
    }

    /// What opening adds for every service, as it is today.
    pub(super) fn plain(&self) -> Vec<Plain> {
        let all = 0..self.situation.services.len();
        let (gapless, gappy): (Vec<usize>, Vec<usize>) = all.partition(|service| self.gaps(*service).is_empty());
        let mut affected: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
        let mut found = Vec::new();
        for (services, gaps) in [(gapless, Gaps::None), (gappy, Gaps::Some)] {
            let draws = self.added(&services, &[], gaps, |service, asset, times| {
                *affected.entry(service).or_default().entry(asset).or_insert(0.0) += times;
            });
            found.extend(services.into_iter().zip(draws.into_iter().map(|draws| joined(draws, gaps))));
        }
        let cities = LANES * CITY_ROUNDS as f64 * self.draws as f64;
        let plain = found.into_iter().map(|(service, added)| {
            let asset = self.situation.services.get(service).map(|service| service.asset);
            let mut affected: Vec<(usize, Probability)> = affected
                .remove(&service)
                .unwrap_or_default()
                .into_iter()
                .filter(|(own, _)| Some(*own) != asset)
                .map(|(asset, times)| (asset, Probability::nearest(times / cities)))
                .collect();
            affected.sort_by(|(one, a), (other, b)| b.get().total_cmp(&a.get()).then(one.cmp(other)));
            Plain { service, added, affected }
        });
        plain.collect()
    }

    /// The measure that takes away the most for its cost, beside those that are taken, and what share of the tolerances is
    /// used up with it. `None` when nothing helps.
    pub(super) fn best_measure(&self, service: usize, taken: &[usize], share: f64) -> Option<(usize, f64)> {
        let gaps = if self.gaps(service).is_empty() { Gaps::None } else { Gaps::Some };
        let mut best: Option<(f64, usize, f64)> = None;
        for (at, measure) in self.situation.measures.iter().enumerate() {
            if taken.contains(&at) || !self.concerns(measure, service) {
                continue;
            }
            let with: Vec<usize> = taken.iter().copied().chain([at]).collect();
            let found = self.added(&[service], &with, gaps, |_, _, _| {});
            let after = found.into_iter().next().map_or(share, |draws| self.share(&joined(draws, gaps)));
            let gain = (share - after) / measure.cost;
            let is_better = best.is_none_or(|(best, ..)| gain > best);
            if share - after > NOTHING && is_better {
                best = Some((gain, at, after));
            }
        }
        best.map(|(_, at, after)| (at, after))
    }

    /// The greatest share of a tolerance that is used up. A unit without a tolerance counts for nothing; of a tolerance of
    /// nothing anything is too much.
    pub(super) fn share(&self, added: &BTreeMap<Unit, Added>) -> f64 {
        let share = |(unit, added): (&Unit, &Added)| match self.tolerated(*unit) {
            None => 0.0,
            Some(_) if added.p90 <= 0.0 => 0.0,
            Some(tolerated) if tolerated <= 0.0 => f64::MAX,
            Some(tolerated) => added.p90 / tolerated,
        };
        added.iter().map(share).fold(0.0, f64::max)
    }

    pub(super) fn tolerated(&self, unit: Unit) -> Option<f64> {
        self.situation.tolerances.get(&unit).copied()
    }

    /// What is not known about a service and what is behind it.
    pub(super) fn gaps(&self, service: usize) -> Vec<OpeningReason> {
        let mut gaps = Vec::new();
        let is_unknown = |service: &super::Service| !service.exposure.is_known();
        if self.situation.services.get(service).is_some_and(is_unknown) {
            gaps.push(OpeningReason::ExposureUnknown);
        }
        let Some(around) = self.around.get(service) else { return gaps };
        let dependencies = self
            .situation
            .dependencies
            .iter()
            .filter(|dependency| around.contains(&dependency.from) && !dependency.passes.is_known());
        let assets = around.iter().filter_map(|asset| self.situation.assets.get(*asset));
        let count = dependencies.count() + assets.filter(|asset| !asset.own.is_known()).count();
        if count > 0 {
            gaps.push(OpeningReason::AroundUnknown { count });
        }
        gaps
    }

    fn concerns(&self, measure: &Measure, service: usize) -> bool {
        let Some(behind) = self.behind.get(service) else { return false };
        match measure.place {
            Place::Exposure(own) => own == service,
            Place::Dependency(dependency) => {
                self.situation.dependencies.get(dependency).is_some_and(|dependency| behind.contains(&dependency.from))
            }
            Place::Harm(asset) => behind.contains(&asset),
        }
    }

    /// What opening each of these services adds when these measures are taken, under each draw of the beliefs. `fell` hears
    /// of each asset that falls with a service, and in how many cities.
    fn added(
        &self,
        services: &[usize],
        measures: &[usize],
        gaps: Gaps,
        mut fell: impl FnMut(usize, usize, f64),
    ) -> Vec<Draws> {
        let mut found = vec![Draws::new(); services.len()];
        for draw in 0..self.draws {
            let chance = self.chance.of(draw as u64);
            let drawn = self.drawn(&chance, measures, gaps);
            let network = self.network.with(&drawn.own, &drawn.passes);
            let mut sums: Vec<BTreeMap<Unit, f64>> = vec![BTreeMap::new(); services.len()];
            network.each_round(CITY_ROUNDS, &chance.of(CITIES), |city| {
                for (sums, service) in sums.iter_mut().zip(services) {
                    let Some(asset) = self.situation.services.get(*service).map(|service| service.asset) else {
                        continue;
                    };
                    city.what_if(asset, |asset, lanes| {
                        let times = f64::from(lanes.count_ones());
                        fell(*service, asset, times);
                        let left = drawn.harm_left.get(&asset).copied().unwrap_or(1.0);
                        for harm in self.situation.assets.get(asset).into_iter().flat_map(|asset| &asset.harms) {
                            *sums.entry(harm.unit).or_insert(0.0) += times * harm.mean * left;
                        }
                    });
                }
            });
            for ((sums, service), found) in sums.into_iter().zip(services).zip(&mut found) {
                let exposure = drawn.exposure.get(*service).copied().unwrap_or(1.0);
                for unit in self.situation.tolerances.keys() {
                    let harm = sums.get(unit).copied().unwrap_or(0.0) / (LANES * CITY_ROUNDS as f64);
                    found.entry(*unit).or_default().push(exposure * harm);
                }
            }
        }
        found
    }

    /// One draw of the beliefs, with measures taken.
    fn drawn(&self, chance: &Chance, measures: &[usize], gaps: Gaps) -> Drawn {
        let all = |stream: u64, beliefs: &mut dyn Iterator<Item = Belief>| -> Vec<f64> {
            let stream = chance.of(stream);
            beliefs.zip(0u64..).map(|(belief, at)| belief.at(stream.of(at).unit())).collect()
        };
        let own = match gaps {
            Gaps::None => all(OWN, &mut self.situation.assets.iter().map(|asset| asset.own)),
            Gaps::Some => vec![0.0; self.situation.assets.len()],
        };
        let mut drawn = Drawn {
            own,
            passes: all(PASSES, &mut self.situation.dependencies.iter().map(|dependency| dependency.passes)),
            exposure: all(EXPOSURE, &mut self.situation.services.iter().map(|service| service.exposure)),
            harm_left: BTreeMap::new(),
        };
        for at in measures {
            let Some(measure) = self.situation.measures.get(*at) else { continue };
            let stops = Belief::of_effect(&measure.effect).at(chance.of(EFFECT).of(*at as u64).unit());
            let place = match measure.place {
                Place::Exposure(service) => drawn.exposure.get_mut(service),
                Place::Dependency(dependency) => drawn.passes.get_mut(dependency),
                Place::Harm(asset) => Some(drawn.harm_left.entry(asset).or_insert(1.0)),
            };
            if let Some(place) = place {
                *place *= 1.0 - stops;
            }
        }
        drawn
    }
}

/// One draw of everything that is believed in.
struct Drawn {
    own: Vec<f64>,
    passes: Vec<f64>,
    exposure: Vec<f64>,
    /// Part of an asset's harm that measures leave.
    harm_left: BTreeMap<usize, f64>,
}

/// Numbers for each unit.
fn joined(draws: Draws, gaps: Gaps) -> BTreeMap<Unit, Added> {
    let added = draws.into_iter().map(|(unit, mut draws)| {
        let mean = draws.iter().sum::<f64>() / draws.len().max(1) as f64;
        draws.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = libm::ceil(share * draws.len() as f64) as usize;
            draws.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        let low = match gaps {
            Gaps::None => at(0.05),
            Gaps::Some => 0.0,
        };
        (unit, Added { mean, interval: Interval { low, high: at(0.95) }, p90: at(0.9) })
    });
    added.collect()
}
