//! How long the order of openings takes in an example city: 600 assets, 2,400 dependencies, 40 services, 120 measures.
//!
//! `cargo run --release -p risk --example order_speed`.

use std::collections::BTreeMap;
use std::time::Instant;

use risk::Probability;
use risk::belief::Belief;
use risk::chance::Chance;
use risk::city::Harm;
use risk::controls::Effect;
use risk::interval::Interval;
use risk::order::{Asset, BELIEF_DRAWS, Dependency, Measure, Place, Service, Situation, Verdict, order};
use risk::severity::Unit;

const ASSETS: usize = 600;
const DEPENDENCIES: usize = 2_400;
const SERVICES: usize = 40;
const MEASURES: usize = 120;

fn main() {
    let mut chance = Chance::new(1);
    let mut belief = |most: f64| {
        let likely = most * chance.unit();
        Belief::new(0.5 * likely, likely, (1.5 * likely).min(1.0)).unwrap_or(Belief::UNKNOWN)
    };
    let own: Vec<Belief> = (0..ASSETS).map(|_| belief(0.02)).collect();
    let passes: Vec<Belief> = (0..DEPENDENCIES).map(|_| belief(0.3)).collect();
    let exposures: Vec<Belief> = (0..SERVICES).map(|_| belief(0.2)).collect();
    let assets =
        own.into_iter().map(|own| Asset { own, harms: vec![Harm { unit: Unit::Money, mean: 1e6 * chance.unit() }] });
    let assets = assets.collect();
    let dependencies = passes.into_iter().map(|passes| {
        let (one, other) = (chance.below(ASSETS), chance.below(ASSETS));
        Dependency { from: one.min(other), to: one.max(other), passes }
    });
    let dependencies = dependencies.collect();
    let services =
        exposures.into_iter().map(|exposure| Service { asset: chance.below(ASSETS / 2), exposure }).collect();
    let measures = (0..MEASURES)
        .map(|at| {
            let place = match at % 3 {
                0 => Place::Exposure(chance.below(SERVICES)),
                1 => Place::Dependency(chance.below(DEPENDENCIES)),
                _ => Place::Harm(chance.below(ASSETS)),
            };
            let effect = Effect {
                credited: Probability::new(0.7).unwrap_or_default(),
                interval: Interval { low: 0.5, high: 0.9 },
            };
            Measure { place, effect, cost: 1e4 * (0.1 + chance.unit()) }
        })
        .collect();
    let tolerances = BTreeMap::from([(Unit::Money, 2e5)]);
    let situation = Situation { assets, dependencies, services, measures, tolerances };
    let begin = Instant::now();
    match order(&situation, BELIEF_DRAWS, &Chance::new(7)) {
        Ok(found) => {
            let count = |verdict| found.iter().filter(|opening| opening.verdict == verdict).count();
            let counts = [Verdict::Open, Verdict::OpenWithConditions, Verdict::NotYet].map(count);
            eprintln!("open, with conditions, not yet: {counts:?}");
        }
        Err(error) => eprintln!("{error}"),
    }
    eprintln!("{ASSETS} assets, {SERVICES} services, {MEASURES} measures: {:?}", begin.elapsed());
}
