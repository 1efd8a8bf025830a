//! Which service may open to the public first.
//!
//! Opening a service gives it causes that it did not have. What that adds for the whole city, its neighbours included, is its
//! marginal risk: the harm of everything that falls when the service falls and would have stood otherwise, times the
//! probability of the new causes. It is found over drawn cities: in each the service is compromised by hand, and what changes
//! is counted. So a small probability does not need many draws.
//!
//! Probabilities are believed in, not known. The cities are drawn under several hundred draws of the beliefs, and a service
//! may open when nine of ten of these keep within what is tolerated in each unit. A service that is not fully described is
//! reckoned as if what is missing were certain and nothing fell anyway, so that it is never let through for lack of knowledge;
//! its interval reaches down to nothing.
//!
//! Measures that are on offer are added one after the other, always the one that takes away the most risk for its cost, until
//! the service may open (open with conditions) or none helps any more (not yet).

mod reckon;

use std::collections::BTreeMap;
use std::fmt;

use model::limits::{RISK_MEASURES_MAX, RISK_SERVICES_MAX};
use serde::Serialize;

use crate::belief::Belief;
use crate::chance::Chance;
use crate::city::Harm;
use crate::controls::Effect;
use crate::interval::{Interval, Probability};
use crate::network::{Edge, Network, NetworkError};
use crate::severity::Unit;
use reckon::{Case, Drawn};

/// Draws of the beliefs that a verdict rests on, where the caller has no wish.
pub const BELIEF_DRAWS: usize = 200;
/// Most draws of the beliefs.
const BELIEF_DRAWS_MAX: usize = 2_000;
/// Measures that one service may need; with more it is no service to open.
const CONDITIONS_MAX: usize = 8;
/// Assets that are named as affected.
const AFFECTED_MAX: usize = 5;

/// An asset of the register.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Its own causes within a year, as it is today.
    pub own: Belief,
    /// What its compromise costs.
    pub harms: Vec<Harm>,
}

/// A dependency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dependency {
    /// What is depended on.
    pub from: usize,
    /// What depends on it.
    pub to: usize,
    /// The probability that compromise passes.
    pub passes: Belief,
}

/// A service that might open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    /// Its place among the assets.
    pub asset: usize,
    /// The probability that it is compromised within a year by what only the public can do.
    pub exposure: Belief,
}

/// Where a measure works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// It stops what the public tries against that service.
    Exposure(usize),
    /// It stops what passes over that dependency.
    Dependency(usize),
    /// It lessens the harm of that asset's compromise.
    Harm(usize),
}

/// Something that could be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Where it works.
    pub place: Place,
    /// Which part it takes away.
    pub effect: Effect,
    /// What it costs, in the city's currency; above 0.
    pub cost: f64,
}

/// Everything that the order follows from.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// Assets.
    pub assets: Vec<Asset>,
    /// Dependencies between them.
    pub dependencies: Vec<Dependency>,
    /// Services that might open.
    pub services: Vec<Service>,
    /// What could be done.
    pub measures: Vec<Measure>,
    /// How much more harm in a year is tolerated for one opening, in each unit that counts.
    pub tolerances: BTreeMap<Unit, f64>,
}

/// Whether a service may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    Open,
    /// It may once its conditions are met.
    OpenWithConditions,
    /// Nothing on offer suffices.
    NotYet,
}

/// What opening a service adds to the harm of a year, in the unit that it is kept under.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Added {
    /// On average.
    pub mean: f64,
    /// Where it lies with 90 %; from nothing where something is not known.
    pub interval: Interval,
    /// What it does not exceed with 90 %: what the verdict goes by.
    pub p90: f64,
}

/// What is decided about a service, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opening {
    /// The service's place.
    pub service: usize,
    /// Whether it may open.
    pub verdict: Verdict,
    /// What opening adds as it is today.
    pub added: BTreeMap<Unit, Added>,
    /// The greatest share of what is tolerated that it uses up as it is today; above 1 it is too much.
    pub share_of_tolerance: f64,
    /// Measures to be taken before it opens, in the order in which they help; also where they do not suffice.
    pub conditions: Vec<usize>,
    /// The measure that takes away the most risk for its cost, with the share of what is tolerated that it takes away.
    pub next_best: Option<(usize, f64)>,
    /// Why.
    pub because: Vec<OpeningReason>,
}

/// Why a service may open or not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OpeningReason {
    /// Nothing is known about what the public can do to it.
    ExposureUnknown,
    /// So many probabilities of assets and dependencies around it are not known.
    AroundUnknown {
        /// How many.
        count: usize,
    },
    /// How it compares with what is tolerated.
    Tolerance {
        /// In which unit.
        unit: Unit,
        /// What opening does not exceed with 90 %.
        p90: f64,
        /// What is tolerated.
        tolerated: f64,
    },
    /// What falls with it.
    Affected {
        /// The asset's place.
        asset: usize,
        /// How often it falls with the service, of all times that the service falls.
        share: Probability,
    },
}

/// Why there is no order.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// The dependencies make no network.
    #[error("the dependencies cannot be reckoned with")]
    Network(#[source] NetworkError),
    /// Too much to compare.
    #[error(
        "{services} services and {measures} measures, at most {RISK_SERVICES_MAX} and {RISK_MEASURES_MAX} are compared"
    )]
    TooMany {
        /// Services.
        services: usize,
        /// Measures.
        measures: usize,
    },
    /// Something names what is not there.
    #[error("{what} {at} names something that is not there")]
    Nowhere {
        /// What names it.
        what: &'static str,
        /// Its place.
        at: usize,
    },
    /// A number that is none.
    #[error("{what} {at} has a number that cannot be: {number}")]
    Number {
        /// What has it.
        what: &'static str,
        /// Its place.
        at: usize,
        /// The number.
        number: f64,
    },
    /// Nothing is said about what is tolerated: then nothing may open, and nothing can be compared.
    #[error("no tolerances: say how much more harm in a year is tolerated, in one unit at least")]
    NoTolerance,
}

/// The services in the order in which they may open: by verdict, then by the share of what is tolerated that they use up.
///
/// # Errors
/// When the situation does not fit together.
pub fn order(situation: &Situation, belief_draws: usize, chance: &Chance) -> Result<Vec<Opening>, OrderError> {
    check(situation)?;
    let own = vec![Probability::ZERO; situation.assets.len()];
    let edges: Vec<Edge> = situation
        .dependencies
        .iter()
        // A dependency that passes nothing would be left out of the network; here its probability is drawn later.
        .map(|dependency| Edge { from: dependency.from, to: dependency.to, passes: Probability::ONE })
        .collect();
    let network = Network::new(&own, &edges).map_err(OrderError::Network)?;
    let draws = belief_draws.clamp(1, BELIEF_DRAWS_MAX);
    let drawn = Drawn::new(situation, &network, draws, chance);
    let cases = (0..situation.services.len()).filter_map(|place| Case::new(&drawn, place));
    let mut openings: Vec<Opening> =
        cases.enumerate().map(|(service, case)| opening(situation, service, &case)).collect();
    openings.sort_by(|one, other| {
        let by_share = one.share_of_tolerance.total_cmp(&other.share_of_tolerance);
        one.verdict.cmp(&other.verdict).then(by_share).then(one.service.cmp(&other.service))
    });
    Ok(openings)
}

fn opening(situation: &Situation, service: usize, case: &Case<'_>) -> Opening {
    let mut falls = case.falls(&[]);
    let added = case.added(&falls, &[]);
    let share_of_tolerance = case.share(&added);
    let mut because = case.gaps().to_vec();
    for (unit, added) in &added {
        if let Some(tolerated) = situation.tolerances.get(unit) {
            because.push(OpeningReason::Tolerance { unit: *unit, p90: added.p90, tolerated: *tolerated });
        }
    }
    let affected = case.affected(&falls);
    let named = affected.into_iter().take(AFFECTED_MAX);
    because.extend(named.map(|(asset, share)| OpeningReason::Affected { asset, share }));
    let is_open = share_of_tolerance <= 1.0;
    let (mut conditions, mut next_best, mut left) = (Vec::new(), None, share_of_tolerance);
    // Measures are looked for where they are needed, and the first that is found is the best also where it is not.
    while conditions.len() < CONDITIONS_MAX && (left > 1.0 || next_best.is_none()) {
        let Some((measure, after)) = case.best_measure(&falls, &conditions, left) else { break };
        next_best = next_best.or(Some((measure, left - after)));
        if left <= 1.0 {
            break;
        }
        conditions.push(measure);
        left = after;
        // Other measures change what harm is done, not what falls.
        let changes_falls =
            situation.measures.get(measure).is_some_and(|measure| matches!(measure.place, Place::Dependency(_)));
        if left > 1.0 && changes_falls {
            falls = case.falls(&conditions);
        }
    }
    let verdict = match (is_open, left <= 1.0) {
        (true, _) => Verdict::Open,
        (false, true) => Verdict::OpenWithConditions,
        (false, false) => Verdict::NotYet,
    };
    Opening { service, verdict, added, share_of_tolerance, conditions, next_best, because }
}

fn check(situation: &Situation) -> Result<(), OrderError> {
    let Situation { assets, dependencies, services, measures, tolerances } = situation;
    if services.len() > RISK_SERVICES_MAX || measures.len() > RISK_MEASURES_MAX {
        return Err(OrderError::TooMany { services: services.len(), measures: measures.len() });
    }
    if tolerances.is_empty() {
        return Err(OrderError::NoTolerance);
    }
    let is_amount = |number: f64| number.is_finite() && number >= 0.0;
    for (at, asset) in assets.iter().enumerate() {
        if let Some(harm) = asset.harms.iter().find(|harm| !is_amount(harm.mean)) {
            return Err(OrderError::Number { what: "asset", at, number: harm.mean });
        }
    }
    if let Some(at) = services.iter().position(|service| service.asset >= assets.len()) {
        return Err(OrderError::Nowhere { what: "service", at });
    }
    for (at, measure) in measures.iter().enumerate() {
        let is_there = match measure.place {
            Place::Exposure(service) => service < services.len(),
            Place::Dependency(dependency) => dependency < dependencies.len(),
            Place::Harm(asset) => asset < assets.len(),
        };
        if !is_there {
            return Err(OrderError::Nowhere { what: "measure", at });
        }
        if !(measure.cost.is_finite() && measure.cost > 0.0) {
            return Err(OrderError::Number { what: "measure", at, number: measure.cost });
        }
    }
    for (at, tolerated) in tolerances.values().enumerate() {
        if !is_amount(*tolerated) {
            return Err(OrderError::Number { what: "tolerance", at, number: *tolerated });
        }
    }
    Ok(())
}

impl fmt::Display for OpeningReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpeningReason::ExposureUnknown => {
                write!(f, "what the public can do to it is not known, so it is reckoned as certain")
            }
            OpeningReason::AroundUnknown { count } => {
                write!(f, "{count} probabilities around it are not known, so the worst is reckoned with")
            }
            OpeningReason::Tolerance { unit, p90, tolerated } => {
                let is = if p90 <= tolerated { "within" } else { "above" };
                write!(f, "adds up to {p90:.1} a year ({unit}) with 90 % confidence, {is} the tolerated {tolerated:.1}")
            }
            OpeningReason::Affected { asset, share } => write!(f, "asset {asset} falls with it in {share} of cases"),
        }
    }
}

#[cfg(test)]
mod tests;
