//! How long the whole city takes after one change: 10,000 assets, 60,000 dependencies, 50,000 findings.
//!
//! `cargo run --release -p risk --example city_speed [DRAWS]`. Bar: 2 seconds.

use std::time::Instant;

use risk::Probability;
use risk::chance::Chance;
use risk::city::{Asset, Finding, Harm, posture};
use risk::network::Edge;
use risk::severity::Unit;

const ASSETS: usize = 10_000;
const EDGES: usize = 60_000;
const FINDINGS: usize = 50_000;
/// Services, which are where harm is counted.
const SERVICES: usize = 400;
const ROUNDS: usize = 5;

fn main() {
    let draws = std::env::args().nth(1).and_then(|draws| draws.parse().ok()).unwrap_or(10_000);
    let mut chance = Chance::new(1);
    let share = |value: f64| Probability::new(value.clamp(0.0, 1.0)).unwrap_or_default();
    let mut assets: Vec<Asset> =
        (0..ASSETS).map(|_| Asset { own: share(0.002 * chance.unit()), harms: Vec::new() }).collect();
    for asset in assets.iter_mut().rev().take(SERVICES) {
        let mut harm = |unit, most: f64| Harm { unit, mean: most * chance.unit() };
        asset.harms = vec![harm(Unit::Money, 1e6), harm(Unit::Residents, 1e5)];
    }
    // Most dependencies lead from what was built earlier to what was built later; one in twenty leads back and closes a circle.
    let edges: Vec<Edge> = (0..EDGES)
        .map(|_| {
            let (one, other) = (chance.below(ASSETS), chance.below(ASSETS));
            let leads_back = chance.unit() < 0.05;
            let (from, to) =
                if leads_back { (one.max(other), one.min(other)) } else { (one.min(other), one.max(other)) };
            Edge { from, to, passes: share(0.2 * chance.unit()) }
        })
        .collect();
    let mut findings: Vec<Finding> = (0..FINDINGS)
        .map(|_| Finding {
            asset: chance.below(ASSETS),
            tried: share(0.02 * chance.unit()),
            passes: share(chance.unit()),
        })
        .collect();
    let mut taken = Vec::new();
    for round in 0..ROUNDS {
        // The change: one finding becomes urgent.
        if let Some(finding) = findings.get_mut(round) {
            finding.tried = Probability::ONE;
        }
        let begin = Instant::now();
        let found = posture(&assets, &findings, &edges, draws, &Chance::new(7));
        taken.push(begin.elapsed());
        match found {
            Ok(found) => {
                let harm = found.harms.get(&Unit::Money).map_or(0.0, |harm| harm.mean);
                let mean = found.assets.iter().map(|asset| asset.probability.get()).sum::<f64>() / ASSETS as f64;
                eprintln!("round {round}: {:?}, mean probability {mean:.4}, {harm:.0} a year", taken.last());
            }
            Err(error) => eprintln!("round {round}: {error}"),
        }
    }
    taken.sort();
    eprintln!("{ASSETS} assets, {EDGES} edges, {FINDINGS} findings, {draws} draws: median {:?}", taken.get(ROUNDS / 2));
}
