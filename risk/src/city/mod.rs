//! Where the whole city stands: how likely each asset is compromised within a year, and what that costs altogether.
//!
//! What is found on an asset (vulnerabilities, failed controls) makes its own causes; dependencies pass compromise on
//! ([`crate::network`]). The harm of a year is summed up over drawn cities, so that harms which come together are counted
//! together: a database under nine services is one cause of nine losses. Beside it stands [`crate::compound`], which knows
//! how often and how much, but takes its parts as independent.
//!
//! [`falls`] says of each asset what its compromise leads to: that is what a vulnerability on it is weighed by.
//!
//! After a change everything is reckoned anew: it takes less than two seconds for ten thousand assets, sixty thousand
//! dependencies and fifty thousand findings (`examples/city_speed.rs`). The draws stay the same, so that two states differ
//! by the change and not by chance.

use std::collections::BTreeMap;

use model::limits::RISK_FINDINGS_MAX;

use crate::chance::Chance;
use crate::compound::Exceedance;
use crate::interval::Probability;
use crate::network::{DRAWS_MAX, Edge, Marginal, Network, NetworkError, Sample};
use crate::severity::Unit;

/// Bits of a word: cities that are drawn at once.
const LANES: usize = 64;
/// Most points of a curve.
const CURVE_POINTS: usize = 200;

/// One asset of the register.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asset {
    /// The probability that it is compromised within a year by causes that no finding names.
    pub own: Probability,
    /// What its compromise costs.
    pub harms: Vec<Harm>,
}

/// Expected harm of one compromise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harm {
    /// What it is counted in.
    pub unit: Unit,
    /// How much, on average.
    pub mean: f64,
}

/// Something found on an asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The asset's place.
    pub asset: usize,
    /// The probability that somebody tries it within a year.
    pub tried: Probability,
    /// The probability that a try gets past the controls.
    pub passes: Probability,
}

/// Where the city stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Posture {
    /// Each asset's probability of being compromised within a year.
    pub assets: Vec<Marginal>,
    /// The harm of a year in each unit that occurs.
    pub harms: BTreeMap<Unit, YearlyHarm>,
    /// The probability that a year's harm is greater, at some harms in each unit, from the smallest. Empty where no drawn city had any.
    pub curves: BTreeMap<Unit, Vec<Exceedance>>,
    /// Cities that were drawn.
    pub draws: u64,
}

/// The harm of a year, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct YearlyHarm {
    /// Expected.
    pub mean: f64,
    /// Not exceeded in half of the years.
    pub p50: f64,
    /// Not exceeded in 90 % of the years.
    pub p90: f64,
    /// Exceeded in one year of twenty.
    pub var95: f64,
    /// Exceeded in one year of a hundred.
    pub var99: f64,
}

/// Why the city cannot be reckoned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CityError {
    /// The dependencies make no network.
    #[error("the dependencies cannot be reckoned with")]
    Network(#[source] NetworkError),
    /// Too many findings.
    #[error("{0} findings, at most {RISK_FINDINGS_MAX} are reckoned with")]
    Findings(usize),
    /// A finding on nothing.
    #[error("finding {finding} is about asset {asset}, which is not there")]
    NoAsset {
        /// The finding's place.
        finding: usize,
        /// The asset that is not there.
        asset: usize,
    },
    /// A question about nothing.
    #[error("there is no asset {0}")]
    Unknown(usize),
    /// A harm that is none.
    #[error("asset {asset} has a harm of {mean}: it has to be a number from 0 up")]
    Harm {
        /// The asset's place.
        asset: usize,
        /// The harm.
        mean: f64,
    },
}

/// Reckons where the city stands, with so many drawn cities.
///
/// # Errors
/// When something does not fit together.
pub fn posture(
    assets: &[Asset],
    findings: &[Finding],
    edges: &[Edge],
    draws: u64,
    chance: &Chance,
) -> Result<Posture, CityError> {
    let network = Network::new(&own_causes(assets, findings)?, edges).map_err(CityError::Network)?;
    let harms = Harms::of(assets)?;
    let rounds = draws.clamp(1, DRAWS_MAX).div_ceil(LANES as u64);
    let mut sample = Sample { draws: rounds * LANES as u64, hits: vec![0; assets.len()] };
    let mut years: BTreeMap<Unit, Vec<f64>> = harms.0.keys().map(|unit| (*unit, Vec::new())).collect();
    network.each_round(rounds, chance, |city| {
        for (hits, lanes) in sample.hits.iter_mut().zip(&city.compromised) {
            *hits += u64::from(lanes.count_ones());
        }
        for (unit, years) in &mut years {
            years.extend(harms.in_each(*unit, &city.compromised));
        }
    });
    let draws = sample.draws;
    let assets = network.marginals_of(|| sample);
    years.values_mut().for_each(|years| years.sort_by(f64::total_cmp));
    let curves = years.iter().map(|(unit, years)| (*unit, curve(years))).collect();
    let harms = years
        .into_iter()
        // The mean is that of the marginals, of which some are reckoned exactly; the rest is drawn.
        .map(|(unit, years)| (unit, YearlyHarm::of(harms.expected(unit, &assets), &years)))
        .collect();
    Ok(Posture { assets, harms, curves, draws })
}

/// What the compromise of each of these assets leads to, in so many drawn cities: the expected harm of all that falls with it and
/// would have stood otherwise, itself among them, in each unit.
///
/// # Errors
/// When something does not fit together.
pub fn falls(
    (assets, findings, edges): (&[Asset], &[Finding], &[Edge]),
    of: &[usize],
    draws: u64,
    chance: &Chance,
) -> Result<Vec<BTreeMap<Unit, f64>>, CityError> {
    if let Some(asset) = of.iter().copied().find(|asset| *asset >= assets.len()) {
        return Err(CityError::Unknown(asset));
    }
    let network = Network::new(&own_causes(assets, findings)?, edges).map_err(CityError::Network)?;
    // Only to check the harms.
    Harms::of(assets)?;
    let rounds = draws.clamp(1, DRAWS_MAX).div_ceil(LANES as u64);
    let cities = (rounds * LANES as u64) as f64;
    let mut found: Vec<BTreeMap<Unit, f64>> = vec![BTreeMap::new(); of.len()];
    network.each_round(rounds, chance, |city| {
        for (found, asset) in found.iter_mut().zip(of) {
            city.what_if(*asset, |fallen, lanes| {
                let share = f64::from(lanes.count_ones()) / cities;
                for harm in assets.get(fallen).into_iter().flat_map(|asset| &asset.harms) {
                    *found.entry(harm.unit).or_insert(0.0) += share * harm.mean;
                }
            });
        }
    });
    Ok(found)
}

/// Each asset's own causes with what was found on it: one of them suffices.
fn own_causes(assets: &[Asset], findings: &[Finding]) -> Result<Vec<Probability>, CityError> {
    if findings.len() > RISK_FINDINGS_MAX {
        return Err(CityError::Findings(findings.len()));
    }
    let mut escapes: Vec<f64> = assets.iter().map(|asset| asset.own.opposite().get()).collect();
    for (at, finding) in findings.iter().enumerate() {
        let missing = CityError::NoAsset { finding: at, asset: finding.asset };
        *escapes.get_mut(finding.asset).ok_or(missing)? *= 1.0 - finding.tried.get() * finding.passes.get();
    }
    Ok(escapes.into_iter().map(|escape| Probability::nearest(1.0 - escape)).collect())
}

/// What each asset's compromise costs, by unit.
struct Harms(BTreeMap<Unit, Vec<(usize, f64)>>);

impl Harms {
    fn of(assets: &[Asset]) -> Result<Self, CityError> {
        let mut by_unit: BTreeMap<Unit, Vec<(usize, f64)>> = BTreeMap::new();
        for (at, asset) in assets.iter().enumerate() {
            for Harm { unit, mean } in &asset.harms {
                if !(mean.is_finite() && *mean >= 0.0) {
                    return Err(CityError::Harm { asset: at, mean: *mean });
                }
                by_unit.entry(*unit).or_default().push((at, *mean));
            }
        }
        Ok(Harms(by_unit))
    }

    fn of_unit(&self, unit: Unit) -> impl Iterator<Item = &(usize, f64)> {
        self.0.get(&unit).into_iter().flatten()
    }

    /// The harm of each of the cities in a word.
    fn in_each(&self, unit: Unit, compromised: &[u64]) -> [f64; LANES] {
        let mut sums = [0.0; LANES];
        for (asset, mean) in self.of_unit(unit) {
            let mut lanes = compromised.get(*asset).copied().unwrap_or(0);
            while lanes != 0 {
                if let Some(sum) = sums.get_mut(lanes.trailing_zeros() as usize) {
                    *sum += mean;
                }
                lanes &= lanes - 1;
            }
        }
        sums
    }

    fn expected(&self, unit: Unit, assets: &[Marginal]) -> f64 {
        let probability = |asset: &usize| assets.get(*asset).map_or(1.0, |asset| asset.probability.get());
        self.of_unit(unit).map(|(asset, mean)| probability(asset) * mean).sum()
    }
}

/// How often a year is worse, at harms evenly apart among those years that had any; the years are in order.
fn curve(years: &[f64]) -> Vec<Exceedance> {
    let first = years.partition_point(|harm| *harm <= 0.0);
    let harmed = years.len() - first;
    let mut points: Vec<Exceedance> = Vec::new();
    for step in 0..CURVE_POINTS.min(harmed) {
        let at = first + step * harmed / CURVE_POINTS.min(harmed);
        let Some(loss) = years.get(at).copied() else { break };
        let above = years.len() - years.partition_point(|harm| *harm <= loss);
        let probability = Probability::nearest(above as f64 / years.len() as f64);
        if points.last().is_none_or(|last| last.loss < loss) {
            points.push(Exceedance { loss, probability });
        }
    }
    points
}

impl YearlyHarm {
    /// From years in order.
    fn of(mean: f64, years: &[f64]) -> Self {
        let at = |share: f64| {
            let place = libm::ceil(share * years.len() as f64) as usize;
            years.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        YearlyHarm { mean, p50: at(0.5), p90: at(0.9), var95: at(0.95), var99: at(0.99) }
    }
}

#[cfg(test)]
mod tests;
