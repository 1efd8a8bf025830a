//! Bayesian networks with tables: the probability of a variable's states, exactly.
//!
//! Variable elimination (Zhang and Poole, 1994; Koller and Friedman, "Probabilistic Graphical Models", chapter 9): tables are
//! multiplied and variables summed out of them one after the other, next always the one that makes the smallest table. Only
//! ancestors of what is asked and of what is observed take part. How large a table may become is bounded; a network whose
//! structure asks for more is refused, never half reckoned.

mod factor;

use std::collections::{BTreeMap, BTreeSet};

use factor::Factor;

/// Most entries of one table while reckoning: 8 MiB.
const TABLE_ENTRIES_MAX: usize = 1 << 20;
/// Most entries over all tables of one question, as a bound on time.
const WORK_ENTRIES_MAX: usize = 1 << 24;
/// Most states of one variable.
const STATES_MAX: usize = 64;
/// Most variables of one network.
const VARIABLES_MAX: usize = 1_000_000;
/// How far the sum of a row may be from 1.
const ROUNDING: f64 = 1e-9;

/// A variable's place in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(usize);

/// A network under construction: parents come before their children, so that there is no cycle.
#[derive(Clone, Debug, Default)]
pub struct Bayes {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    states: usize,
    parents: Vec<Variable>,
    /// Rows by the parents' states, the last parent's changing fastest; a row has the variable's states.
    table: Vec<f64>,
}

/// Why a network or a question makes no sense, or is too much.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BayesError {
    /// A variable with no states, or too many.
    #[error("a variable of {0} states, from 1 to {STATES_MAX} are possible")]
    States(usize),
    /// Too many variables.
    #[error("more than {VARIABLES_MAX} variables")]
    Variables,
    /// A parent that comes later or is named twice.
    #[error("variable {0:?} is no parent: parents come before their children, and once each")]
    Parent(Variable),
    /// A table of the wrong size.
    #[error("a table of {found} entries where the states ask for {expected}")]
    Table {
        /// Entries that are there.
        found: usize,
        /// Entries that there have to be.
        expected: usize,
    },
    /// A row that is no distribution.
    #[error("row {0} of a table is no distribution: its entries have to be from 0 to 1 and sum up to 1")]
    Row(usize),
    /// A question about what is not there.
    #[error("there is no state {state} of variable {variable:?}")]
    Unknown {
        /// The variable.
        variable: Variable,
        /// The state.
        state: usize,
    },
    /// What was observed cannot happen.
    #[error("what was observed is impossible in this network")]
    Impossible,
    /// Exact reckoning would need too large a table.
    #[error("too wide to reckon exactly: a table of {entries} entries, at most {TABLE_ENTRIES_MAX}")]
    TooWide {
        /// Entries of the table that would be needed, at least.
        entries: usize,
    },
}

impl Bayes {
    /// An empty network.
    pub fn new() -> Self {
        Bayes::default()
    }

    /// Adds a variable with its table: for each combination of the parents' states, the last parent's changing fastest, the
    /// probabilities of the variable's own states.
    ///
    /// # Errors
    /// When the table does not fit or a row is no distribution.
    pub fn variable(&mut self, states: usize, parents: &[Variable], table: &[f64]) -> Result<Variable, BayesError> {
        if states == 0 || states > STATES_MAX {
            return Err(BayesError::States(states));
        }
        if self.nodes.len() >= VARIABLES_MAX {
            return Err(BayesError::Variables);
        }
        let mut expected = states;
        for (at, parent) in parents.iter().enumerate() {
            let is_new = parents.get(..at).is_none_or(|before| !before.contains(parent));
            let node = self.nodes.get(parent.0).filter(|_| is_new).ok_or(BayesError::Parent(*parent))?;
            expected = expected.saturating_mul(node.states);
        }
        if table.len() != expected {
            return Err(BayesError::Table { found: table.len(), expected });
        }
        for (row, entries) in table.chunks_exact(states).enumerate() {
            let sum: f64 = entries.iter().sum();
            let is_distribution =
                entries.iter().all(|entry| (0.0..=1.0).contains(entry)) && (sum - 1.0).abs() < ROUNDING;
            if !is_distribution {
                return Err(BayesError::Row(row));
            }
        }
        self.nodes.push(Node { states, parents: parents.to_vec(), table: table.to_vec() });
        Ok(Variable(self.nodes.len() - 1))
    }

    /// Adds a variable of two states, no and yes, by the probability of yes for each combination of the parents' states.
    ///
    /// # Errors
    /// As [`Bayes::variable`].
    pub fn yes_no(&mut self, parents: &[Variable], yes: &[f64]) -> Result<Variable, BayesError> {
        let table: Vec<f64> = yes.iter().flat_map(|yes| [1.0 - yes, *yes]).collect();
        self.variable(2, parents, &table)
    }

    /// The probabilities of a variable's states, given what was observed (a variable and its state each).
    ///
    /// # Errors
    /// When something is not there, what was observed is impossible, or the network is too wide.
    pub fn ask(&self, about: Variable, observed: &[(Variable, usize)]) -> Result<Vec<f64>, BayesError> {
        let states = self.nodes.get(about.0).map(|node| node.states);
        let states = states.ok_or(BayesError::Unknown { variable: about, state: 0 })?;
        for (variable, state) in observed {
            let is_there = self.nodes.get(variable.0).is_some_and(|node| *state < node.states);
            if !is_there {
                return Err(BayesError::Unknown { variable: *variable, state: *state });
            }
        }
        let mut factors = Vec::new();
        let mut left = BTreeSet::new();
        for variable in self.ancestors(about, observed) {
            if let Some(node) = self.nodes.get(variable.0) {
                left.insert(variable);
                let mut factor = Factor::of_node(variable, node, &self.nodes);
                for (observed, state) in observed {
                    factor = factor.observed(*observed, *state);
                }
                factors.push(factor);
            }
        }
        left.remove(&about);
        for (variable, _) in observed {
            left.remove(variable);
        }
        let mut factors = eliminate(factors, left)?;
        let mut result = vec![1.0; states];
        for factor in factors.drain(..) {
            factor.multiply_into(about, &mut result);
        }
        if let Some((_, state)) = observed.iter().find(|(variable, _)| *variable == about) {
            // The variable itself was observed: its own table entries were taken by the observation.
            let weight = result.get(*state).copied().unwrap_or(0.0);
            result = (0..states).map(|at| if at == *state { weight } else { 0.0 }).collect();
        }
        let sum: f64 = result.iter().sum();
        let is_possible = sum > 0.0;
        if !is_possible {
            return Err(BayesError::Impossible);
        }
        Ok(result.into_iter().map(|entry| entry / sum).collect())
    }

    /// What is asked and observed, and everything above it, in order.
    fn ancestors(&self, about: Variable, observed: &[(Variable, usize)]) -> BTreeSet<Variable> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<Variable> = observed.iter().map(|(variable, _)| *variable).chain([about]).collect();
        while let Some(variable) = waiting.pop() {
            if found.insert(variable)
                && let Some(node) = self.nodes.get(variable.0)
            {
                waiting.extend(&node.parents);
            }
        }
        found
    }
}

/// Sums the variables out, next always the one that makes the smallest table; of equals the first.
fn eliminate(mut factors: Vec<Factor>, left: BTreeSet<Variable>) -> Result<Vec<Factor>, BayesError> {
    let mut work = 0usize;
    let mut costs: BTreeMap<Variable, usize> =
        left.into_iter().map(|variable| (variable, joint_entries(&factors, variable))).collect();
    while let Some((variable, entries)) = costs
        .iter()
        .map(|(variable, entries)| (*variable, *entries))
        .min_by_key(|(variable, entries)| (*entries, *variable))
    {
        work = work.saturating_add(entries);
        if entries > TABLE_ENTRIES_MAX || work > WORK_ENTRIES_MAX {
            return Err(BayesError::TooWide { entries });
        }
        costs.remove(&variable);
        let (with, without): (Vec<_>, Vec<_>) = factors.into_iter().partition(|factor| factor.has(variable));
        factors = without;
        let Some(product) = with.into_iter().reduce(|one, other| one.times(&other)) else { continue };
        let product = product.without(variable);
        let touched: Vec<Variable> = product.scope().map(|(variable, _)| variable).collect();
        factors.push(product);
        // Only what shared a table with it costs something else now.
        for variable in touched {
            if let Some(cost) = costs.get_mut(&variable) {
                *cost = joint_entries(&factors, variable);
            }
        }
    }
    Ok(factors)
}

/// Entries of the table of all variables that share a factor with this one.
fn joint_entries(factors: &[Factor], variable: Variable) -> usize {
    let mut scope = BTreeMap::new();
    for factor in factors.iter().filter(|factor| factor.has(variable)) {
        scope.extend(factor.scope());
    }
    scope.values().fold(1usize, |entries, states| entries.saturating_mul(*states))
}

#[cfg(test)]
mod tests;
