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

    /// As [`Network::sampled`], but gives each node's 64 draws to `each`, round by round.
    pub fn each_round(&self, draws: u64, chance: &Chance, mut each: impl FnMut(&[u64])) {
        let mut city = City::new(self);
        for round in 0..draws.min(DRAWS_MAX).div_ceil(LANES) {
            city.draw(&chance.of(round));
            each(&city.compromised);
        }
    }
}

/// 64 cities.
struct City<'a> {
    network: &'a Network,
    /// A bit for each city in which the node is compromised.
    compromised: Vec<u64>,
    /// The bits that were not passed on yet.
    fresh: Vec<u64>,
    /// Nodes with such bits, in the order in which they got them.
    waiting: std::collections::VecDeque<usize>,
}

impl<'a> City<'a> {
    fn new(network: &'a Network) -> Self {
        let nodes = network.nodes();
        City { network, compromised: vec![0; nodes], fresh: vec![0; nodes], waiting: Default::default() }
    }

    fn draw(&mut self, chance: &Chance) {
        let (nodes, edges) = (chance.of(0), chance.of(1));
        for (node, own) in self.network.own.iter().enumerate() {
            let lanes = if *own > 0.0 { nodes.of(node as u64).draws(*own) } else { 0 };
            if let (Some(compromised), Some(fresh)) = (self.compromised.get_mut(node), self.fresh.get_mut(node)) {
                (*compromised, *fresh) = (lanes, lanes);
            }
            if lanes != 0 {
                self.waiting.push_back(node);
            }
        }
        while let Some(node) = self.waiting.pop_front() {
            let lanes = self.fresh.get_mut(node).map_or(0, std::mem::take);
            for (to, passes, edge) in self.network.out.of(node) {
                let (Some(compromised), Some(fresh)) = (self.compromised.get_mut(*to), self.fresh.get_mut(*to)) else {
                    continue;
                };
                let new = lanes & !*compromised;
                // The edge's draws are the same each time they are made.
                let passed = if new == 0 { 0 } else { new & edges.of(*edge as u64).draws(*passes) };
                if passed != 0 {
                    if *fresh == 0 {
                        self.waiting.push_back(*to);
                    }
                    *compromised |= passed;
                    *fresh |= passed;
                }
            }
        }
    }
}
