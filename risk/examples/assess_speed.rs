//! How long the assessment of a whole city takes after one change, from the register on: 10,000 items, 60,000 links, 50,000 vulnerabilities.
//!
//! `cargo run --release -p risk --example assess_speed`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use model::register::{Exposure, Item, ItemId, ItemKind, Link, LinkKind};
use risk::Probability;
use risk::assess::{Flaw, Given, posture};
use risk::chance::Chance;
use risk::policy::Policy;

const ITEMS: usize = 10_000;
const LINKS: usize = 60_000;
const FLAWS: usize = 50_000;
const DRAWS: u64 = 4_096;
const ROUNDS: usize = 5;

fn main() {
    let mut chance = Chance::new(1);
    let Some(ids) = (0..ITEMS).map(|at| ItemId::parse(&format!("item-{at}")).ok()).collect::<Option<Vec<_>>>() else {
        return;
    };
    let exposures = [Exposure::Isolated, Exposure::Internal, Exposure::Internal, Exposure::Public];
    let item = |(at, id): (usize, &ItemId), chance: &mut Chance| {
        let kind = match at % 100 {
            0 => ItemKind::Service,
            1..20 => ItemKind::Application,
            20..30 => ItemKind::DataStore,
            _ => ItemKind::Machine,
        };
        let mut item = Item::new(id.clone(), kind, "a thing");
        item.exposure = exposures.get(chance.below(exposures.len())).copied();
        item.data = Some(Vec::new());
        (item.residents, item.day_costs, item.is_life_safety) = (Some(1_000), Some(500), Some(at % 1_000 == 0));
        (id.clone(), item)
    };
    let items: BTreeMap<ItemId, Item> = ids.iter().enumerate().map(|entry| item(entry, &mut chance)).collect();
    let mut links = Vec::new();
    while links.len() < LINKS {
        let (one, other) = (chance.below(ITEMS), chance.below(ITEMS));
        let kind = if links.len() % 3 == 0 { LinkKind::RunsOn } else { LinkKind::DependsOn };
        if let (true, Some(from), Some(to)) = (one != other, ids.get(one.min(other)), ids.get(one.max(other))) {
            links.push(Link::new(from.clone(), kind, to.clone()));
        }
    }
    let mut flaws: Vec<Flaw> = (0..FLAWS)
        .filter_map(|_| {
            let item = ids.get(chance.below(ITEMS))?.clone();
            Some(Flaw { item, tried: Probability::new(0.01 * chance.unit()).ok() })
        })
        .collect();
    let Ok(policy) = Policy::built_in() else { return };
    let (checked, controls, gates, watches) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut taken = Vec::new();
    for round in 0..ROUNDS {
        // The change: one vulnerability becomes urgent.
        if let Some(flaw) = flaws.get_mut(round) {
            flaw.tried = Some(Probability::ONE);
        }
        let given = Given {
            items: &items,
            links: &links,
            flaws: &flaws,
            checked: &checked,
            controls: &controls,
            gates: &gates,
            watches: &watches,
            policy: &policy,
        };
        let begin = Instant::now();
        let found = posture(&given, DRAWS);
        taken.push(begin.elapsed());
        match found {
            Ok(found) => eprintln!("round {round}: {:?}, {} vulnerabilities weighed", taken.last(), found.flaws.len()),
            Err(error) => eprintln!("round {round}: {error}"),
        }
    }
    taken.sort();
    eprintln!(
        "{ITEMS} items, {LINKS} links, {FLAWS} vulnerabilities, {DRAWS} draws: median {:?}",
        taken.get(ROUNDS / 2)
    );
}
