//! A table over several variables.

use super::{Node, Variable};

/// Entries for each combination of states, the last variable's changing fastest. Variables stand in rising order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Factor {
    scope: Vec<(Variable, usize)>,
    entries: Vec<f64>,
}

impl Factor {
    /// The table of a node over itself and its parents.
    pub(super) fn of_node(variable: Variable, node: &Node, nodes: &[Node]) -> Self {
        let states_of = |parent: &Variable| nodes.get(parent.0).map_or(1, |node| node.states);
        let written: Vec<(Variable, usize)> =
            node.parents.iter().map(|parent| (*parent, states_of(parent))).chain([(variable, node.states)]).collect();
        let mut scope = written.clone();
        scope.sort_unstable();
        let strides = strides(&written);
        let by_scope: Vec<usize> = scope.iter().map(|(variable, _)| stride_of(&written, &strides, *variable)).collect();
        let mut entries = Vec::with_capacity(node.table.len());
        walk(&scope, &[&by_scope], |[at]| entries.push(node.table.get(at).copied().unwrap_or(0.0)));
        Factor { scope, entries }
    }

    pub(super) fn has(&self, variable: Variable) -> bool {
        self.scope.iter().any(|(own, _)| *own == variable)
    }

    /// Its variables and their numbers of states.
    pub(super) fn scope(&self) -> impl Iterator<Item = (Variable, usize)> + '_ {
        self.scope.iter().copied()
    }

    /// What is left of the table when a variable has that state.
    pub(super) fn observed(self, variable: Variable, state: usize) -> Self {
        self.kept(variable, |at| at == state)
    }

    /// The table with a variable summed out.
    pub(super) fn without(self, variable: Variable) -> Self {
        self.kept(variable, |_| true)
    }

    /// Sums up the entries with the states that are kept of a variable, which leaves the scope.
    fn kept(self, variable: Variable, keeps: impl Fn(usize) -> bool) -> Self {
        let Some(place) = self.scope.iter().position(|(own, _)| *own == variable) else { return self };
        let states = self.scope.get(place).map_or(1, |(_, states)| *states);
        let inner: usize = self.scope.iter().skip(place + 1).map(|(_, states)| states).product();
        let mut entries = vec![0.0; self.entries.len() / states.max(1)];
        for (block, sums) in self.entries.chunks_exact(inner * states).zip(entries.chunks_exact_mut(inner)) {
            for (_, part) in block.chunks_exact(inner).enumerate().filter(|(state, _)| keeps(*state)) {
                for (sum, entry) in sums.iter_mut().zip(part) {
                    *sum += entry;
                }
            }
        }
        let scope = self.scope.into_iter().filter(|(own, _)| *own != variable).collect();
        Factor { scope, entries }
    }

    /// The product over the variables of both.
    pub(super) fn times(&self, other: &Factor) -> Self {
        let mut scope = self.scope.clone();
        scope.extend(other.scope.iter().filter(|(variable, _)| !self.has(*variable)));
        scope.sort_unstable();
        let strides_in = |factor: &Factor| -> Vec<usize> {
            let strides = strides(&factor.scope);
            scope.iter().map(|(variable, _)| stride_of(&factor.scope, &strides, *variable)).collect()
        };
        let size = scope.iter().map(|(_, states)| states).product();
        let mut entries = Vec::with_capacity(size);
        walk(&scope, &[&strides_in(self), &strides_in(other)], |[one, two]| {
            let entry = |factor: &Factor, at: usize| factor.entries.get(at).copied().unwrap_or(0.0);
            entries.push(entry(self, one) * entry(other, two));
        });
        Factor { scope, entries }
    }

    /// Multiplies a table over one variable at most into that variable's entries.
    pub(super) fn multiply_into(&self, about: Variable, result: &mut [f64]) {
        for (state, entry) in result.iter_mut().enumerate() {
            let at = if self.has(about) { state } else { 0 };
            *entry *= self.entries.get(at).copied().unwrap_or(0.0);
        }
    }
}

/// How far entries are apart whose states of a variable differ by one.
fn strides(scope: &[(Variable, usize)]) -> Vec<usize> {
    let mut strides = vec![1; scope.len()];
    let mut stride = 1usize;
    for (place, (_, states)) in strides.iter_mut().zip(scope).rev() {
        *place = stride;
        stride *= states;
    }
    strides
}

/// The stride of a variable, 0 when it is not there.
fn stride_of(scope: &[(Variable, usize)], strides: &[usize], variable: Variable) -> usize {
    scope.iter().zip(strides).find(|((own, _), _)| *own == variable).map_or(0, |(_, stride)| *stride)
}

/// Goes through all combinations of states in order, and gives the places in tables with these strides.
fn walk<const TABLES: usize>(
    scope: &[(Variable, usize)],
    strides: &[&[usize]; TABLES],
    mut each: impl FnMut([usize; TABLES]),
) {
    let size: usize = scope.iter().map(|(_, states)| states).product();
    let mut states = vec![0usize; scope.len()];
    let mut places = [0usize; TABLES];
    for _ in 0..size {
        each(places);
        for (digit, (state, (_, count))) in states.iter_mut().zip(scope).enumerate().rev() {
            *state += 1;
            let wraps = *state == *count;
            for (place, strides) in places.iter_mut().zip(strides) {
                let stride = strides.get(digit).copied().unwrap_or(0);
                *place = if wraps { *place - stride * (*count - 1) } else { *place + stride };
            }
            if !wraps {
                break;
            }
            *state = 0;
        }
    }
}
