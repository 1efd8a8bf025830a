//! Whole cities drawn, 64 at a time: a bit of a word is one city.

use super::Network;
use crate::chance::Chance;
use crate::frequency::share_interval;
use crate::interval::{Interval, Probability};

/// Cities in one word.
const LANES: u64 = 64;
/// Most draws; more says nothing that the model knows.
pub const DRAWS_MAX: u64 = 10_000_000;

/// How often each node was compromised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Draws, a multiple of 64.
    pub draws: u64,
    /// Draws in which a node was compromised, for each node.
    pub hits: Vec<u64>,
}

impl Sample {
    /// The share of draws in which a node was compromised; nothing for a node that is not there.
    pub fn share(&self, node: usize) -> Probability {
        let hits = self.hits.get(node).copied().unwrap_or(0);
        Probability::nearest(hits as f64 / self.draws.max(1) as f64)
    }

    /// Where a node's probability lies, with the given probability (Wilson's interval).
    pub fn interval(&self, node: usize, sure: Probability) -> Interval {
        share_interval(self.hits.get(node).copied().unwrap_or(0) as f64, self.draws as f64, sure)
    }
}

impl Network {
    /// Draws the city so many times, rounded up to a multiple of 64, at most [`DRAWS_MAX`].
    ///
    /// Each node and each edge has draws of its own, by its place. So of two networks with the same edges in the same places
    /// the one with smaller probabilities has its hits among those of the other.
    pub fn sampled(&self, draws: u64, chance: &Chance) -> Sample {
        let rounds = draws.min(DRAWS_MAX).div_ceil(LANES);
        let mut hits = vec![0u64; self.nodes()];
        let mut city = City::new(self);
        for round in 0..rounds {
            city.draw(&chance.of(round));
            for (hits, lanes) in hits.iter_mut().zip(&city.compromised) {
                *hits += u64::from(lanes.count_ones());
            }
        }
        Sample { draws: rounds * LANES, hits }
    }

    /// As [`Network::sampled`], but lets `each` look at every 64 cities.
    pub(crate) fn each_round(&self, rounds: u64, chance: &Chance, mut each: impl FnMut(&mut City<'_>)) {
        let mut city = City::new(self);
        for round in 0..rounds {
            city.draw(&chance.of(round));
            each(&mut city);
        }
    }
}

/// 64 cities.
pub(crate) struct City<'a> {
    network: &'a Network,
    /// A bit for each city in which the node is compromised.
    pub(crate) compromised: Vec<u64>,
    /// Where the draws of the edges come from.
    edges: Chance,
    /// The bits that were not passed on yet.
    fresh: Vec<u64>,
    /// Nodes with such bits, in the order in which they got them.
    waiting: std::collections::VecDeque<usize>,
}

impl<'a> City<'a> {
    fn new(network: &'a Network) -> Self {
        let nodes = network.nodes();
        let edges = Chance::new(0);
        City { network, compromised: vec![0; nodes], edges, fresh: vec![0; nodes], waiting: Default::default() }
    }

    fn draw(&mut self, chance: &Chance) {
        let nodes = chance.of(0);
        self.edges = chance.of(1);
        for (node, own) in self.network.own.iter().enumerate() {
            let lanes = if *own > 0.0 { nodes.of(node as u64).draws(*own) } else { 0 };
            if let (Some(compromised), Some(fresh)) = (self.compromised.get_mut(node), self.fresh.get_mut(node)) {
                (*compromised, *fresh) = (lanes, lanes);
            }
            if lanes != 0 {
                self.waiting.push_back(node);
            }
        }
        self.spread(|_, _| {});
    }

    /// Compromises a node in all cities, and gives each node with the cities in which that changes it. Then all is as before.
    pub(crate) fn what_if(&mut self, node: usize, mut each: impl FnMut(usize, u64)) {
        let Some(compromised) = self.compromised.get_mut(node) else { return };
        let lanes = !std::mem::replace(compromised, u64::MAX);
        if lanes == 0 {
            return;
        }
        if let Some(fresh) = self.fresh.get_mut(node) {
            *fresh = lanes;
        }
        self.waiting.push_back(node);
        let mut changed = vec![(node, lanes)];
        self.spread(|node, lanes| changed.push((node, lanes)));
        for (node, lanes) in changed {
            if let Some(compromised) = self.compromised.get_mut(node) {
                *compromised &= !lanes;
            }
            each(node, lanes);
        }
    }

    /// Passes on what is fresh, and gives each node with the cities in which it is newly compromised.
    fn spread(&mut self, mut each: impl FnMut(usize, u64)) {
        while let Some(node) = self.waiting.pop_front() {
            let lanes = self.fresh.get_mut(node).map_or(0, std::mem::take);
            for (to, passes, edge) in self.network.out.of(node) {
                let (Some(compromised), Some(fresh)) = (self.compromised.get_mut(*to), self.fresh.get_mut(*to)) else {
                    continue;
                };
                let new = lanes & !*compromised;
                // The edge's draws are the same each time they are made.
                let passed = if new == 0 { 0 } else { new & self.edges.of(*edge as u64).draws(*passes) };
                if passed != 0 {
                    if *fresh == 0 {
                        self.waiting.push_back(*to);
                    }
                    *compromised |= passed;
                    *fresh |= passed;
                    each(*to, passed);
                }
            }
        }
    }
}
