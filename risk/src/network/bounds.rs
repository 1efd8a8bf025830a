//! A certain range for every node, at once.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Network;
use crate::interval::Interval;

/// Rounds of the upper bound; each goes over all edges.
const ROUNDS_MAX: usize = 200;
/// Change below which the upper bound counts as found; what is still missing is added.
const SETTLED: f64 = 1e-9;

impl Network {
    /// A range for each node in which its probability certainly lies, circles or not.
    ///
    /// The upper end is found by rounds over all nodes until nothing moves. Where they would need too long, it is 1: rounds
    /// come from below, and a bound that is not finished is none.
    pub fn bounds(&self) -> Vec<Interval> {
        let low = self.best_ways();
        let high = self.upper();
        low.into_iter().zip(high).map(|(low, high)| Interval { low: low.min(high), high }).collect()
    }

    fn upper(&self) -> Vec<f64> {
        let mut high = self.own.clone();
        for _ in 0..ROUNDS_MAX {
            let mut greatest = 0.0f64;
            for node in 0..self.nodes() {
                let escapes = self
                    .into
                    .of(node)
                    .iter()
                    .map(|(from, passes, _)| 1.0 - passes * high.get(*from).copied().unwrap_or(1.0));
                let own = self.own.get(node).copied().unwrap_or(1.0);
                let value = 1.0 - (1.0 - own) * escapes.product::<f64>();
                if let Some(high) = high.get_mut(node) {
                    greatest = greatest.max(value - *high);
                    *high = high.max(value);
                }
            }
            if greatest <= 0.0 {
                return high;
            }
            if greatest < SETTLED {
                break;
            }
        }
        self.closed(high)
    }

    /// Makes a bound of what nearly is one: a point that no round raises is above the least solution.
    fn closed(&self, nearly: Vec<f64>) -> Vec<f64> {
        // Circles that pass nearly everything on creep. Room is given until a round finds nothing to raise.
        let mut room = 1e-8;
        while room < 1.0 {
            let raised: Vec<f64> = nearly.iter().map(|high| (high + room * (1.0 - high)).min(1.0)).collect();
            let holds = (0..self.nodes()).all(|node| {
                let own = self.own.get(node).copied().unwrap_or(1.0);
                let at = |from: usize| raised.get(from).copied().unwrap_or(1.0);
                let escapes: f64 =
                    self.into.of(node).iter().map(|(from, passes, _)| 1.0 - passes * at(*from)).product();
                1.0 - (1.0 - own) * escapes <= at(node)
            });
            if holds {
                return raised;
            }
            room *= 10.0;
        }
        vec![1.0; self.nodes()]
    }

    /// For each node the probability of its most probable single cause.
    fn best_ways(&self) -> Vec<f64> {
        let mut best = self.own.clone();
        let mut waiting: BinaryHeap<Way> = best
            .iter()
            .enumerate()
            .filter(|(_, own)| **own > 0.0)
            .map(|(node, own)| Way { probability: *own, node })
            .collect();
        while let Some(Way { probability, node }) = waiting.pop() {
            if best.get(node).is_some_and(|best| probability < *best) {
                continue;
            }
            for (to, passes, _) in self.out.of(node) {
                let through = probability * passes;
                if let Some(best) = best.get_mut(*to)
                    && through > *best
                {
                    *best = through;
                    waiting.push(Way { probability: through, node: *to });
                }
            }
        }
        best
    }
}

/// A way to a node; the most probable first, of equals the lowest node.
#[derive(PartialEq)]
struct Way {
    probability: f64,
    node: usize,
}

impl Eq for Way {}

impl PartialOrd for Way {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Way {
    fn cmp(&self, other: &Self) -> Ordering {
        self.probability.total_cmp(&other.probability).then(other.node.cmp(&self.node))
    }
}
