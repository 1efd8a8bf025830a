//! Where the city stands, what each service loses, and what each vulnerability is expected to do.

use std::collections::{BTreeMap, BTreeSet};

use model::Explained;
use model::register::{Exposure, Item, ItemId, ItemKind};

use super::graph::Graph;
use super::{AssessError, Given, Unsaid, causes, harms};
use crate::chance::Chance;
use crate::city::{self, Asset, Finding, YearlyHarm};
use crate::compound::{Exceedance, Losses, Part, Summary};
use crate::frequency::Count;
use crate::interval::{Interval, Probability};
use crate::network::Edge;
use crate::severity::{Severity, Unit};
use crate::vulnerability::harm::{Factors, HarmReason, weigh};

/// Cities that are drawn to see what falls with an item: of each item they are the same, so that items compare.
const FALLS_DRAWS: u64 = 128;
/// Points of a year's loss, as a power of two: losses of one service are simple.
const LOSS_POINTS_LOG2: u32 = 12;
/// Points of a service's curve.
const CURVE_POINTS: usize = 64;
/// Standard normal below which 95 % lie.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// An item's risk.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRisk {
    /// The probability that it is compromised within a year, by whatever cause.
    pub probability: Probability,
    /// Where that lies, as far as drawing goes: not how sure the inputs are.
    pub interval: Interval,
    /// The same by its own causes only.
    pub own: Probability,
    /// What its compromise leads to, everything that falls with it included; of items with a vulnerability, and of services.
    pub falls: Option<BTreeMap<Unit, f64>>,
    /// Vulnerabilities on it.
    pub flaws: usize,
}

/// The loss of a year by one service's compromises, with all that falls with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLoss {
    /// Which.
    pub service: ItemId,
    /// The usual figures, in each unit.
    pub summaries: BTreeMap<Unit, Summary>,
    /// The curves of losses that are exceeded.
    pub curves: BTreeMap<Unit, Vec<Exceedance>>,
    /// Something that it rests on was not said, so that the intervals are wider.
    pub is_unsure: bool,
}

/// The harm that a vulnerability on an item is expected to do within a year.
#[derive(Clone, Debug, PartialEq)]
pub struct FlawHarm {
    /// Its place among those that were given.
    pub flaw: usize,
    /// In each unit.
    pub harm: BTreeMap<Unit, f64>,
    /// What that is worth, and why.
    pub score: Explained<f64, HarmReason>,
}

/// Where the city stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CityPosture {
    /// Each item.
    pub items: BTreeMap<ItemId, ItemRisk>,
    /// The harm of a year in each unit.
    pub harms: BTreeMap<Unit, YearlyHarm>,
    /// How often a year is worse than that.
    pub curves: BTreeMap<Unit, Vec<Exceedance>>,
    /// Cities that were drawn.
    pub draws: u64,
    /// What each service's compromises cost, by name.
    pub services: Vec<ServiceLoss>,
    /// Vulnerabilities, that which does most harm first.
    pub flaws: Vec<FlawHarm>,
    /// What nobody has said, in order.
    pub unsaid: BTreeSet<Unsaid>,
}

pub(super) fn of(given: &Given<'_>, draws: u64, chance: &Chance) -> Result<CityPosture, AssessError> {
    let graph = Graph::of(given);
    let kinds = causes::by_kind(given)?;
    let elsewhere = harms::stored_elsewhere(given, &graph);
    let mut unsaid = Vec::new();
    let mut unsure = BTreeSet::new();
    let mut assets = Vec::new();
    for (place, item) in graph.items.iter().enumerate() {
        let own = causes::own(given, item, &kinds).mean();
        causes::note_unsaid(item, &mut unsaid);
        let harm = harms::of(given, item, elsewhere.get(&place), &mut unsaid);
        if harm.is_unsure {
            unsure.insert(place);
        }
        assets.push(Asset { own, harms: harm.harms });
    }
    let met = graph.met(given);
    let findings = findings(given, &graph, &met);
    let edges: Vec<Edge> =
        graph.ways.iter().map(|way| Edge { from: way.from, to: way.to, passes: way.passes.mean() }).collect();
    let found = city::posture(&assets, &findings, &edges, draws, chance)?;
    let is_service = |place: usize| graph.item(place).is_some_and(|item| item.kind == ItemKind::Service);
    let mut asked: BTreeSet<usize> = findings.iter().map(|finding| finding.asset).collect();
    asked.extend((0..assets.len()).filter(|place| is_service(*place)));
    let asked: Vec<usize> = asked.into_iter().collect();
    // Without what was found: of an item that is tried for certain, nothing would fall that does not fall anyway.
    let falls = city::falls((&assets, &[], &edges), &asked, FALLS_DRAWS, chance)?;
    let falls: BTreeMap<usize, BTreeMap<Unit, f64>> = asked.into_iter().zip(falls).collect();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    findings.iter().for_each(|finding| *counts.entry(finding.asset).or_default() += 1);
    let mut items = BTreeMap::new();
    let mut services = Vec::new();
    for (place, ((item, marginal), asset)) in graph.items.iter().zip(&found.assets).zip(&assets).enumerate() {
        let of_item = falls.get(&place);
        if item.kind == ItemKind::Service {
            services.push(loss(given, item, (marginal.probability, of_item), unsure.contains(&place)));
        }
        let risk = ItemRisk {
            probability: marginal.probability,
            interval: marginal.interval,
            own: asset.own,
            falls: of_item.cloned(),
            flaws: counts.get(&place).copied().unwrap_or(0),
        };
        items.insert(item.id.clone(), risk);
    }
    let flaws = by_harm(given, &graph, &met, &falls);
    let (harms, curves, draws) = (found.harms, found.curves, found.draws);
    Ok(CityPosture { items, harms, curves, draws, services, flaws, unsaid: unsaid.into_iter().collect() })
}

/// Vulnerabilities on items that run.
fn findings(given: &Given<'_>, graph: &Graph<'_>, met: &[Exposure]) -> Vec<Finding> {
    let finding = |flaw: &super::Flaw| {
        let asset = graph.place(&flaw.item)?;
        let passes = causes::reach(given, graph.item(asset)?, *met.get(asset)?);
        Some(Finding { asset, tried: causes::tried_in_a_year(flaw), passes })
    };
    given.flaws.iter().filter_map(finding).collect()
}

fn by_harm(
    given: &Given<'_>,
    graph: &Graph<'_>,
    met: &[Exposure],
    falls: &BTreeMap<usize, BTreeMap<Unit, f64>>,
) -> Vec<FlawHarm> {
    let mut all = Vec::new();
    for (flaw, on) in given.flaws.iter().enumerate() {
        let Some((place, item)) = graph.place(&on.item).and_then(|place| Some((place, graph.item(place)?))) else {
            continue;
        };
        let factors = Factors {
            likelihood: on.tried.map(|_| causes::tried_in_a_year(on)),
            exposure: item.exposure.and(met.get(place)).map(|met| causes::reach(given, item, *met)),
            passes: causes::passing(given, &item.id),
        };
        let (harm, score) = weigh(&factors, falls.get(&place), &given.policy.worth);
        all.push(FlawHarm { flaw, harm, score });
    }
    all.sort_by(|one, other| other.score.value.total_cmp(&one.score.value).then(one.flaw.cmp(&other.flaw)));
    all
}

fn loss(
    given: &Given<'_>,
    service: &Item,
    (probability, falls): (Probability, Option<&BTreeMap<Unit, f64>>),
    is_unsure: bool,
) -> ServiceLoss {
    // A year in which it falls at least once has that probability, if falls come by chance.
    let mean = -libm::log((1.0 - probability.get()).max(1e-9));
    let mut found =
        ServiceLoss { service: service.id.clone(), summaries: BTreeMap::new(), curves: BTreeMap::new(), is_unsure };
    // Losses in all units are of one shape, so that one transform tells all of them.
    let Ok(severity) = severity(1.0, given.policy.harms.spread, is_unsure) else { return found };
    let part = Part { count: Count::Poisson { mean }, severity };
    let Ok(losses) = Losses::with_points(&[part], LOSS_POINTS_LOG2) else { return found };
    let (one, curve) = (losses.summary(), losses.curve(CURVE_POINTS));
    for (unit, harm) in falls.into_iter().flatten().filter(|(_, harm)| **harm > 0.0) {
        found.summaries.insert(*unit, scaled(one, *unit, *harm));
        let point = |point: &Exceedance| Exceedance { loss: point.loss * harm, ..*point };
        found.curves.insert(*unit, curve.iter().map(point).collect());
    }
    found
}

/// The figures of losses that are so many times as great.
fn scaled(one: Summary, unit: Unit, by: f64) -> Summary {
    Summary {
        unit,
        mean: one.mean * by,
        sd: one.sd * by,
        p10: one.p10 * by,
        p50: one.p50 * by,
        p90: one.p90 * by,
        var95: one.var95 * by,
        var99: one.var99 * by,
    }
}

/// A lognormal with that mean whose ends are apart by the spread twice, and by more where something was not said. The unit is for whoever scales it.
fn severity(mean: f64, spread: f64, is_unsure: bool) -> Result<Severity, crate::severity::SeverityError> {
    let spread = if is_unsure { spread * spread } else { spread };
    let sigma = libm::log(spread) / Z_95;
    // The mean of a lognormal lies above its middle.
    let middle = mean / libm::exp(0.5 * sigma * sigma);
    Severity::lognormal_90(Unit::Money, middle / spread, middle * spread)
}
