//! Items and links as places and ways.

use std::collections::{BTreeMap, BTreeSet};

use model::register::{Exposure, Item, ItemId, ItemKind, Lifecycle, Link, LinkKind};

use super::{Given, causes};
use crate::belief::Belief;

/// The items that count, each with its place, and the ways on which compromise passes.
pub(super) struct Graph<'g> {
    pub(super) items: Vec<&'g Item>,
    at: BTreeMap<&'g ItemId, usize>,
    pub(super) ways: Vec<Way<'g>>,
}

/// A way on which compromise passes.
pub(super) struct Way<'g> {
    /// From which place.
    pub(super) from: usize,
    /// To which.
    pub(super) to: usize,
    /// How likely.
    pub(super) passes: Belief,
    /// By which link.
    pub(super) link: &'g Link,
}

impl<'g> Graph<'g> {
    pub(super) fn of(given: &Given<'g>) -> Self {
        let items: Vec<&Item> = given.items.values().filter(|item| item.state != Lifecycle::Retired).collect();
        let at: BTreeMap<&ItemId, usize> = items.iter().enumerate().map(|(place, item)| (&item.id, place)).collect();
        let mut ways = Vec::new();
        for link in given.links {
            let (Some(from), Some(to)) = (at.get(&link.from).copied(), at.get(&link.to).copied()) else { continue };
            if link.kind.passes_compromise()
                && let Some(passes) = given.policy.passes.get(&link.kind)
            {
                ways.push(Way { from: to, to: from, passes: *passes, link });
            }
            if let Some(passes) = given.policy.back.get(&link.kind) {
                ways.push(Way { from, to, passes: *passes, link });
            }
        }
        Graph { items, at, ways }
    }

    pub(super) fn place(&self, id: &ItemId) -> Option<usize> {
        self.at.get(id).copied()
    }

    pub(super) fn item(&self, place: usize) -> Option<&'g Item> {
        self.items.get(place).copied()
    }

    /// What whoever comes in by the service meets: the service, the programs that it is made of, and what all of these run on.
    pub(super) fn fronts(&self, given: &Given<'g>) -> Fronts {
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); self.items.len()];
        for link in given.links {
            let (Some(from), Some(to)) = (self.place(&link.from), self.place(&link.to)) else { continue };
            let is_program = self.item(to).is_some_and(|item| item.kind == ItemKind::Application);
            let is_front = link.kind == LinkKind::RunsOn || (link.kind == LinkKind::DependsOn && is_program);
            if is_front && let Some(next) = next.get_mut(from) {
                next.push(to);
            }
        }
        Fronts { next }
    }

    /// Who can reach each place: whoever the item says, and whoever meets it by way of a service that runs.
    pub(super) fn met(&self, given: &Given<'g>) -> Vec<Exposure> {
        let mut met: Vec<Exposure> = self.items.iter().map(|item| causes::exposure(item)).collect();
        let fronts = self.fronts(given);
        let runs = |item: &Item| item.kind == ItemKind::Service && item.state == Lifecycle::Running;
        for (place, service) in self.items.iter().enumerate().filter(|(_, item)| runs(item)) {
            let by_service = causes::exposure(service);
            for front in fronts.of(place) {
                if let Some(met) = met.get_mut(front) {
                    *met = (*met).max(by_service);
                }
            }
        }
        met
    }
}

/// What stands in front, place by place.
pub(super) struct Fronts {
    next: Vec<Vec<usize>>,
}

impl Fronts {
    /// The places that whoever comes in there meets, that one among them, in order.
    pub(super) fn of(&self, place: usize) -> BTreeSet<usize> {
        let mut met = BTreeSet::from([place]);
        let mut waiting = vec![place];
        while let Some(at) = waiting.pop() {
            for next in self.next.get(at).into_iter().flatten() {
                if met.insert(*next) {
                    waiting.push(*next);
                }
            }
        }
        met
    }
}
