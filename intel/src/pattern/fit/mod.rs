//! Fitting observations to the shape of a pattern (STIX 2.1, sections 9.4 and 9.5).
//!
//! Each test of a pattern needs an observation of its own; an `observed-data` stands for as many as its `number_observed`
//! says. Whether there is a fit is asked in three steps, so that the work follows from sizes and not from combinations:
//!
//! 1. [`grow`](tree::grow): repetitions of what has no times become one place that needs several, alternatives between single
//!    tests one place for either, `START … STOP` a filter of its tests.
//! 2. [`Search`](search::Search): alternatives that are left are tried in turn. `WITHIN` holds if there is a window that all
//!    its observations touch; `FOLLOWEDBY` if there is a moment that what comes before has begun by and what comes after has
//!    not ended by. So a window or a moment is chosen, and each place knows by itself which observations it takes.
//! 3. [`assign`](assign::assign): places and observations are then a flow in a network, which is solved exactly.
//!
//! Choices of step 2 can multiply for patterns that nest them; beyond its steps, [`limits::PATTERN_STEPS_MAX`](model::limits) for a question that somebody waits for, the answer
//! is "cannot be evaluated".

mod assign;
mod search;
mod tree;

use model::limits;

use super::ast::Expression;
use super::fault::Undecided;
use search::{Search, Stop};

/// An observation that a test takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) observation: u32,
    /// In microseconds.
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// What may be bound: for each test of a pattern, in the order of its text, the observations that it takes.
pub(crate) struct Supply<'a> {
    pub(crate) candidates: &'a [Vec<Candidate>],
    /// How often each observation may be used.
    pub(crate) counts: &'a dyn Fn(u32) -> u64,
    /// Looks at observations until it is given up.
    pub(crate) steps_max: u64,
}

/// The observations of a fit, in order, each once; `None` when there is none.
pub(crate) fn fit(expression: &Expression, supply: &Supply<'_>) -> Result<Option<Vec<u32>>, Undecided> {
    let over = |stop: Stop| match stop {
        Stop::Places => Undecided::TooMuch {
            what: "places for observations",
            limit: u64::try_from(limits::PATTERN_PLACES_MAX).unwrap_or(u64::MAX),
        },
        Stop::Steps => Undecided::TooMuch { what: "looks at observations", limit: supply.steps_max },
    };
    let tree = tree::grow(expression, supply.candidates);
    Search::new(supply.counts, supply.steps_max).find(&tree).map_err(over)
}

#[cfg(test)]
mod tests;
