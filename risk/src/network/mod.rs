//! What falls when something falls: a noisy-or network over the city's dependencies.
//!
//! Each thing is compromised by causes of its own with some probability, and each dependency passes compromise on with some
//! probability, all independent of each other (noisy-or: Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988, 4.3.2).
//! Put otherwise: every dependency is live or not, and compromised is what can be reached over live ones from something that
//! is compromised by itself. In this reading circles are no trouble: nothing is compromised only because of itself.
//!
//! - [`Network::exact`] reckons exactly. A node with many parents is taken apart into a chain of small tables, a circle of a
//!   few nodes is put together into one variable, and variable elimination does the rest ([`crate::bayes`]). It looks at the
//!   ancestors of one node, and refuses what is too large, too wide, or has too long a circle.
//! - [`Network::sampled`] draws whole cities, 64 at a time, with an interval for the number of draws. Every dependency has
//!   draws of its own, so that two states of a city can be compared.
//! - [`Network::bounds`] gives a range that is certain, at once. Above: the least solution of p = 1 − (1 − own) ∏ (1 − w p),
//!   which is never below the truth, since being reached along one way never makes another way less likely (Harris, 1960).
//!   Below: the best single way.
//! - [`Network::marginals`] takes for each node what can be had.

mod bounds;
mod exact;
mod sample;

use std::collections::BTreeSet;

use crate::chance::Chance;
use crate::interval::{Interval, Probability};
use model::limits::{RISK_EDGES_MAX, RISK_NODES_MAX};

pub use exact::ExactError;

/// Nodes above one that is reckoned exactly among many others: a few hundredths of a millisecond.
const QUICK_NODES_MAX: usize = 12;

/// Nodes of a network of which all are reckoned exactly, as far as that goes.
const SMALL_NODES_MAX: usize = 32;

/// Things and what passes from one to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Probability of causes of its own, for each node.
    own: Vec<f64>,
    /// Edges by source, those with probability 0 left out.
    out: Links,
    /// The same edges by target.
    into: Links,
}

/// Edges in runs, one for each node.
#[derive(Clone, Debug, PartialEq)]
struct Links {
    /// Where the run of a node begins; one more at the end.
    begins: Vec<usize>,
    /// The other end, the probability that it passes, and the edge's number.
    ends: Vec<(usize, f64, usize)>,
}

/// Compromise passes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The node that is depended on.
    pub from: usize,
    /// The node that depends on it.
    pub to: usize,
    /// The probability that compromise passes.
    pub passes: Probability,
}

/// Why there is no such network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Too large.
    #[error("{nodes} nodes and {edges} edges, at most {RISK_NODES_MAX} and {RISK_EDGES_MAX} are reckoned with")]
    TooLarge {
        /// Nodes.
        nodes: usize,
        /// Edges.
        edges: usize,
    },
    /// An edge to nowhere.
    #[error("edge {edge} has an end {node}, but there are {nodes} nodes")]
    NoNode {
        /// The edge's place in the list.
        edge: usize,
        /// The end that is not there.
        node: usize,
        /// Nodes that there are.
        nodes: usize,
    },
}

/// How a probability was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Reckoned.
    Exact,
    /// Drawn so many times.
    Sampled {
        /// Draws.
        draws: u64,
    },
}

/// The probability that a node is compromised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marginal {
    /// What is reckoned with.
    pub probability: Probability,
    /// Where it lies: just there when it was reckoned, with 99 % when it was drawn, and never outside the certain bounds.
    pub interval: Interval,
    /// How it was found.
    pub how: How,
}

impl Network {
    /// From the probability of each node's own causes, and the edges. Several edges between the same nodes count each.
    ///
    /// # Errors
    /// When it is too large, or an edge has an end that is not there.
    pub fn new(own: &[Probability], edges: &[Edge]) -> Result<Self, NetworkError> {
        let nodes = own.len();
        if nodes > RISK_NODES_MAX || edges.len() > RISK_EDGES_MAX {
            return Err(NetworkError::TooLarge { nodes, edges: edges.len() });
        }
        for (at, edge) in edges.iter().enumerate() {
            if let Some(node) = [edge.from, edge.to].into_iter().find(|node| *node >= nodes) {
                return Err(NetworkError::NoNode { edge: at, node, nodes });
            }
        }
        // What never passes and what leads to itself changes nothing.
        let live = || edges.iter().enumerate().filter(|(_, edge)| edge.passes.get() > 0.0 && edge.from != edge.to);
        Ok(Network {
            own: own.iter().map(|own| own.get()).collect(),
            out: Links::new(nodes, live().map(|(at, edge)| (edge.from, (edge.to, edge.passes.get(), at)))),
            into: Links::new(nodes, live().map(|(at, edge)| (edge.to, (edge.from, edge.passes.get(), at)))),
        })
    }

    /// How many nodes it has.
    pub fn nodes(&self) -> usize {
        self.own.len()
    }

    /// The same things and edges with other probabilities: of each node's own causes, and that an edge passes, by the place that
    /// it had when the network was made. What never passed stays so.
    pub(crate) fn with(&self, own: &[f64], passes: &[f64]) -> Self {
        let changed = |links: &Links| Links {
            begins: links.begins.clone(),
            ends: links
                .ends
                .iter()
                .map(|(end, old, edge)| (*end, passes.get(*edge).copied().unwrap_or(*old), *edge))
                .collect(),
        };
        Network { own: own.to_vec(), out: changed(&self.out), into: changed(&self.into) }
    }

    /// Every node that can be reached from one, itself among them.
    pub(crate) fn reached_from(&self, node: usize) -> BTreeSet<usize> {
        closure(&self.out, vec![node])
    }

    /// Every node from which one of these can be reached, themselves among them.
    pub(crate) fn reaching(&self, nodes: &BTreeSet<usize>) -> BTreeSet<usize> {
        closure(&self.into, nodes.iter().copied().collect())
    }

    /// The probability of each node, reckoned where that is possible at little cost, else drawn `draws` times.
    pub fn marginals(&self, draws: u64, chance: &Chance) -> Vec<Marginal> {
        self.marginals_of(|| self.sampled(draws, chance))
    }

    /// As [`Network::marginals`], with a sample that is only drawn when one is needed.
    pub(crate) fn marginals_of(&self, sample: impl FnOnce() -> Sample) -> Vec<Marginal> {
        let above_max = if self.nodes() <= SMALL_NODES_MAX { SMALL_NODES_MAX } else { QUICK_NODES_MAX };
        let quick = |node| self.exact_within(node, above_max).ok();
        let exact: Vec<Option<Probability>> = (0..self.nodes()).map(quick).collect();
        if exact.iter().all(Option::is_some) {
            return exact.into_iter().flatten().map(Marginal::exact).collect();
        }
        let bounds = self.bounds();
        let sample = sample();
        let both = exact.into_iter().zip(sample.hits.iter().zip(bounds));
        let marginal = |(exact, (hits, bounds)): (Option<Probability>, (&u64, Interval))| match exact {
            Some(probability) => Marginal::exact(probability),
            None => Marginal::sampled(*hits, sample.draws, bounds),
        };
        both.map(marginal).collect()
    }
}

fn closure(links: &Links, mut waiting: Vec<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    while let Some(node) = waiting.pop() {
        if found.insert(node) {
            waiting.extend(links.of(node).iter().map(|(other, _, _)| *other));
        }
    }
    found
}

impl Marginal {
    fn exact(probability: Probability) -> Self {
        let value = probability.get();
        Marginal { probability, interval: Interval { low: value, high: value }, how: How::Exact }
    }

    fn sampled(hits: u64, draws: u64, bounds: Interval) -> Self {
        let sure = Probability::nearest(0.99);
        let drawn = crate::frequency::share_interval(hits as f64, draws as f64, sure);
        // Bounds are certain, the draw is not: where they do not meet, the bounds are right.
        let interval =
            Interval { low: drawn.low.clamp(bounds.low, bounds.high), high: drawn.high.clamp(bounds.low, bounds.high) };
        // Without a draw nothing is known but the bounds; the cautious end is reckoned with.
        let share = if draws == 0 { bounds.high } else { hits as f64 / draws as f64 };
        let probability = Probability::nearest(share.clamp(interval.low, interval.high));
        Marginal { probability, interval, how: How::Sampled { draws } }
    }
}

impl Links {
    fn new(nodes: usize, edges: impl Iterator<Item = (usize, (usize, f64, usize))> + Clone) -> Self {
        let mut begins = vec![0usize; nodes + 1];
        for (node, _) in edges.clone() {
            if let Some(count) = begins.get_mut(node + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut next = begins.clone();
        let mut ends = vec![(0, 0.0, 0); sum];
        for (node, end) in edges {
            if let Some(next) = next.get_mut(node) {
                if let Some(place) = ends.get_mut(*next) {
                    *place = end;
                }
                *next += 1;
            }
        }
        Links { begins, ends }
    }

    /// The edges of a node.
    fn of(&self, node: usize) -> &[(usize, f64, usize)] {
        let begin = self.begins.get(node).copied().unwrap_or(0);
        let end = self.begins.get(node + 1).copied().unwrap_or(begin);
        self.ends.get(begin..end).unwrap_or_default()
    }
}

pub use sample::{DRAWS_MAX, Sample};

#[cfg(test)]
mod tests;
