//! One node, exactly.

use std::collections::BTreeMap;

use super::Network;
use crate::bayes::{Bayes, BayesError, Variable};
use crate::interval::Probability;

/// Most nodes above the one that is asked about, itself among them: a word's bits.
const NODES_MAX: usize = 64;
/// Most edges between them.
const EDGES_MAX: usize = 1_024;
/// Longest circle that is put together into one variable, which then has 2 to that power states.
const CIRCLE_MAX: usize = 6;

/// Why a node's probability is not reckoned exactly. It can be drawn.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExactError {
    /// No such node.
    #[error("there is no node {0}")]
    NoNode(usize),
    /// Too much stands above it.
    #[error("too many nodes or edges stand above it; at most {NODES_MAX} and {EDGES_MAX} are reckoned exactly")]
    TooLarge,
    /// A circle that is too long.
    #[error("a circle of {0} nodes stands above it, at most {CIRCLE_MAX} are reckoned exactly")]
    Circle(usize),
    /// The tables would be too large.
    #[error("its ancestors are too much entangled")]
    TooWide(#[source] BayesError),
}

impl Network {
    /// The probability that a node is compromised, to the last digits.
    ///
    /// # Errors
    /// When too much stands above it, in circles or entangled.
    pub fn exact(&self, node: usize) -> Result<Probability, ExactError> {
        self.exact_within(node, NODES_MAX)
    }

    /// As [`Network::exact`], when at most so many nodes stand above it, itself among them.
    pub(super) fn exact_within(&self, node: usize, nodes_max: usize) -> Result<Probability, ExactError> {
        let own = self.own.get(node).copied().ok_or(ExactError::NoNode(node))?;
        if self.into.of(node).is_empty() {
            return Ok(Probability::nearest(own));
        }
        let above = Above::of(self, node, nodes_max)?;
        let mut net = Bayes::new();
        let mut made: Vec<Option<Variable>> = vec![None; above.nodes.len()];
        for circle in above.circles() {
            if circle.len() > CIRCLE_MAX {
                return Err(ExactError::Circle(circle.len()));
            }
            above.put(&circle, &mut net, &mut made).map_err(ExactError::TooWide)?;
        }
        // The node that is asked about is the first of those above it.
        let about = made.first().copied().flatten().ok_or(ExactError::NoNode(node))?;
        let states = net.ask(about, &[]).map_err(ExactError::TooWide)?;
        Ok(Probability::nearest(states.get(1).copied().unwrap_or(1.0)))
    }
}

/// A node and all that can compromise it.
struct Above {
    /// Each node's own probability.
    nodes: Vec<f64>,
    /// Edges into each node, from a place in `nodes`.
    into: Vec<Vec<(usize, f64)>>,
    /// For each node a bit for every node from which it can be reached, itself among them.
    reached_from: Vec<u64>,
}

impl Above {
    fn of(network: &Network, node: usize, nodes_max: usize) -> Result<Self, ExactError> {
        let mut found = vec![node];
        let mut places = BTreeMap::from([(node, 0usize)]);
        let mut into = Vec::new();
        let mut edges = 0;
        while let Some(node) = found.get(into.len()).copied() {
            let mut parents = Vec::new();
            for (from, passes, _) in network.into.of(node) {
                edges += 1;
                let place = *places.entry(*from).or_insert_with(|| {
                    found.push(*from);
                    found.len() - 1
                });
                parents.push((place, *passes));
                if found.len() > nodes_max || edges > EDGES_MAX {
                    return Err(ExactError::TooLarge);
                }
            }
            into.push(parents);
        }
        let nodes = found.iter().map(|node| network.own.get(*node).copied().unwrap_or(1.0)).collect();
        let mut above = Above { nodes, reached_from: (0..into.len()).map(|at| 1u64 << at).collect(), into };
        above.close();
        Ok(above)
    }

    fn close(&mut self) {
        loop {
            let mut is_settled = true;
            for (at, parents) in self.into.iter().enumerate() {
                let from =
                    parents.iter().filter_map(|(parent, _)| self.reached_from.get(*parent)).fold(0, |a, b| a | b);
                if let Some(own) = self.reached_from.get_mut(at) {
                    is_settled &= from & !*own == 0;
                    *own |= from;
                }
            }
            if is_settled {
                return;
            }
        }
    }

    /// Sets of nodes that reach each other, each behind those from which it is reached.
    fn circles(&self) -> Vec<Vec<usize>> {
        let mut by_reach: BTreeMap<(u32, u64), Vec<usize>> = BTreeMap::new();
        for (at, from) in self.reached_from.iter().enumerate() {
            // What reaches each other is reached from the same; what stands before is reached from fewer.
            by_reach.entry((from.count_ones(), *from)).or_default().push(at);
        }
        by_reach.into_values().collect()
    }

    /// Adds the variables of a circle, or of a single node.
    fn put(&self, circle: &[usize], net: &mut Bayes, made: &mut [Option<Variable>]) -> Result<(), BayesError> {
        let mut outside = Vec::with_capacity(circle.len());
        for node in circle {
            let own = self.nodes.get(*node).copied().unwrap_or(1.0);
            let mut any = net.yes_no(&[], &[own])?;
            for (parent, passes) in self.parents(*node).filter(|(parent, _)| !circle.contains(parent)) {
                if let Some(parent) = made.get(parent).copied().flatten() {
                    // Reached so far, or now through this parent.
                    any = net.yes_no(&[any, parent], &[0.0, passes, 1.0, 1.0])?;
                }
            }
            outside.push(any);
        }
        let is_single = circle.len() == 1;
        if is_single {
            for (node, any) in circle.iter().zip(outside) {
                set(made, *node, any);
            }
            return Ok(());
        }
        let count = circle.len();
        let states = 1usize << count;
        // The first parent's state changes slowest: it is the highest bit of the row.
        let mut table = Vec::with_capacity(states * states);
        for row in 0..states {
            let begin = (0..count).filter(|at| row >> (count - 1 - at) & 1 == 1).fold(0, |set, at| set | 1 << at);
            table.extend(self.ends_of(circle, begin));
        }
        let whole = net.variable(states, &outside, &table)?;
        for (at, node) in circle.iter().enumerate() {
            let is_in: Vec<f64> = (0..states).map(|state| f64::from(u8::from(state >> at & 1 == 1))).collect();
            set(made, *node, net.yes_no(&[whole], &is_in)?);
        }
        Ok(())
    }

    /// The probability of each set of compromised nodes of a circle, when a set of them is compromised from outside.
    ///
    /// Nodes are looked at once each, the lowest first; looking at one decides over its edges to those that are not reached
    /// yet. Edges to those that are do not matter any more.
    fn ends_of(&self, circle: &[usize], begin: usize) -> Vec<f64> {
        let count = circle.len();
        let mut ends = vec![0.0; 1 << count];
        let mut open = BTreeMap::from([((0usize, begin), 1.0)]);
        while let Some(((looked_at, reached), probability)) = open.pop_first() {
            let next = (0..count).find(|at| reached & !looked_at & 1 << at != 0);
            let Some(next) = next else {
                if let Some(end) = ends.get_mut(reached) {
                    *end += probability;
                }
                continue;
            };
            let escape = |at: usize| -> f64 {
                let edges = circle.get(at).into_iter().flat_map(|node| self.parents(*node));
                edges.filter(|(parent, _)| circle.get(next) == Some(parent)).map(|(_, passes)| 1.0 - passes).product()
            };
            let mut spread = vec![(reached, probability)];
            for at in (0..count).filter(|at| reached & 1 << at == 0) {
                let escape = escape(at);
                let with: Vec<_> = spread.iter().map(|(set, p)| (set | 1 << at, p * (1.0 - escape))).collect();
                spread.iter_mut().for_each(|(_, p)| *p *= escape);
                spread.extend(with);
            }
            for (set, p) in spread.into_iter().filter(|(_, p)| *p > 0.0) {
                *open.entry((looked_at | 1 << next, set)).or_insert(0.0) += p;
            }
        }
        ends
    }

    fn parents(&self, node: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.into.get(node).into_iter().flatten().copied()
    }
}

fn set(made: &mut [Option<Variable>], node: usize, variable: Variable) {
    if let Some(place) = made.get_mut(node) {
        *place = Some(variable);
    }
}
