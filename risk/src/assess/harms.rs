//! What the compromise of an item costs, by what the register says of it.

use std::collections::{BTreeMap, BTreeSet};

use model::register::{DataCategory, Item, ItemId, ItemKind, LinkKind};

use super::graph::Graph;
use super::{Given, Unsaid};
use crate::city::Harm;
use crate::severity::Unit;

const DAY_HOURS: f64 = 24.0;

/// What an item's compromise costs by itself, and what of it rests on nobody having said something.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HarmOf {
    pub(super) harms: Vec<Harm>,
    pub(super) is_unsure: bool,
}

/// The categories of data that stand elsewhere, since an item stores them in another: the harm stands there.
pub(super) fn stored_elsewhere<'g>(given: &Given<'g>, graph: &Graph<'g>) -> BTreeMap<usize, BTreeSet<DataCategory>> {
    let mut elsewhere: BTreeMap<usize, BTreeSet<DataCategory>> = BTreeMap::new();
    for link in given.links.iter().filter(|link| link.kind == LinkKind::StoresIn) {
        let (Some(from), Some(to)) = (graph.place(&link.from), graph.place(&link.to)) else { continue };
        let held = graph.item(to).and_then(|store| store.data.as_ref()).into_iter().flatten();
        elsewhere.entry(from).or_default().extend(held.map(|held| held.category));
    }
    elsewhere
}

/// What an item's compromise costs.
pub(super) fn of(
    given: &Given<'_>,
    item: &Item,
    elsewhere: Option<&BTreeSet<DataCategory>>,
    unsaid: &mut Vec<Unsaid>,
) -> HarmOf {
    let before = unsaid.len();
    let mut costs = Costs { given, id: &item.id, unsaid, money: 0.0, residents: 0.0, hours: 0.0 };
    costs.data(item, elsewhere);
    if item.kind == ItemKind::Service {
        costs.outage(item);
    }
    costs.lives(item);
    let Costs { money, residents, hours, unsaid, .. } = costs;
    let harms = [(Unit::Money, money), (Unit::Residents, residents), (Unit::ResidentHours, hours)];
    let harms = harms.into_iter().filter(|(_, mean)| *mean > 0.0).map(|(unit, mean)| Harm { unit, mean }).collect();
    HarmOf { harms, is_unsure: unsaid.len() > before }
}

struct Costs<'c, 'g> {
    given: &'c Given<'g>,
    id: &'c ItemId,
    unsaid: &'c mut Vec<Unsaid>,
    money: f64,
    residents: f64,
    hours: f64,
}

impl Costs<'_, '_> {
    fn unsaid(&mut self, what: &'static str) {
        self.unsaid.push(Unsaid { item: self.id.clone(), what });
    }

    fn residents_or_all(&mut self, said: Option<u64>, what: &'static str) -> f64 {
        if said.is_none() {
            self.unsaid(what);
        }
        said.unwrap_or(self.given.policy.residents) as f64
    }

    fn data(&mut self, item: &Item, elsewhere: Option<&BTreeSet<DataCategory>>) {
        let policy = self.given.policy;
        let Some(data) = &item.data else {
            let holds = matches!(item.kind, ItemKind::Service | ItemKind::Application | ItemKind::DataStore);
            if holds {
                self.unsaid("which personal data it holds");
                self.money += policy.record_worst() * policy.residents as f64;
                self.residents = self.residents.max(policy.residents as f64);
            }
            return;
        };
        for held in data {
            if elsewhere.is_some_and(|elsewhere| elsewhere.contains(&held.category)) {
                continue;
            }
            let residents = self.residents_or_all(held.residents, "of how many residents its data is");
            self.money += policy.record(held.category) * residents;
            // The same people stand in several categories.
            self.residents = self.residents.max(residents);
        }
    }

    fn outage(&mut self, item: &Item) {
        let costs = &self.given.policy.harms;
        let (outage_hours, day_per_resident) = (costs.outage_hours, costs.day_per_resident);
        let residents = self.residents_or_all(item.residents, "how many residents use it");
        self.residents = self.residents.max(residents);
        self.hours += residents * outage_hours;
        let day = item.day_costs.map_or(day_per_resident * residents, |costs| costs as f64);
        if item.day_costs.is_none() {
            self.unsaid("what a day without it costs");
        }
        self.money += day * outage_hours / DAY_HOURS;
    }

    fn lives(&mut self, item: &Item) {
        // Lives hang on what people use and on things; on what is behind these they hang by way of them.
        if !matches!(item.kind, ItemKind::Service | ItemKind::Device) {
            return;
        }
        if item.is_life_safety.is_none() {
            self.unsaid("whether lives hang on it");
        }
        if item.is_life_safety != Some(false) {
            self.money += self.given.policy.harms.life_safety;
        }
    }
}
