//! Very many patterns over observed data.
//!
//! Most patterns can only match where a certain constant stands in a certain place. These constants are looked up, by
//! type, path and value, as the objects come; what is found is then asked in full, so that the answers are those of
//! [`Pattern::judge`], one pattern after the other. Patterns without such a constant are asked where an object of their type
//! is; what needs several observations, when those of its tests that have constants found one.

mod index;

use model::limits;
use rustc_hash::FxHashMap;

use super::Pattern;
use super::check::{Check, Truth};
use super::fault::Undecided;
use super::judge::{Match, Taken, better};
use super::observed::Observed;
use index::{Index, TestRef};

/// Patterns, and the index over them.
#[derive(Debug, Default)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    index: Index,
}

/// More than a set takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{count} {what}; hint: a set of patterns takes {most}")]
pub struct TooManyPatterns {
    /// What there is too much of.
    pub what: &'static str,
    /// How many there are.
    pub count: usize,
    /// How many it takes.
    pub most: usize,
}

/// A pattern that matches, or of which it cannot be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its number in the set.
    pub pattern: usize,
    /// What was found.
    pub outcome: Result<Match, Undecided>,
}

impl PatternSet {
    /// Patterns are numbered in their order.
    ///
    /// # Errors
    /// There are more than `PATTERN_SET_MAX`, or more of `LIKE` and `MATCHES` in them than `PATTERN_SET_EXPRESSIONS_MAX`.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, TooManyPatterns> {
        let expressions = patterns.iter().flat_map(|pattern| &pattern.checks).map(Check::expressions).sum();
        for (what, count, most) in [
            ("patterns", patterns.len(), limits::PATTERN_SET_MAX),
            ("regular expressions and wildcards", expressions, limits::PATTERN_SET_EXPRESSIONS_MAX),
        ] {
            if count > most {
                return Err(TooManyPatterns { what, count, most });
            }
        }
        let index = Index::new(&patterns);
        Ok(PatternSet { patterns, index })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The pattern of that number.
    pub fn get(&self, pattern: usize) -> Option<&Pattern> {
        self.patterns.get(pattern)
    }

    /// How many patterns are asked only where one of their constants was found.
    pub fn looked_up(&self) -> usize {
        self.index.looked_up
    }

    /// Holds all patterns against the same observed data. Those that do not match are left out; the others come in order of
    /// their numbers, with the answers of [`Pattern::judge`].
    pub fn judge(&self, observed: &Observed) -> Vec<Verdict> {
        // What an observation without a frame would match nobody knows, so it concerns every pattern.
        let is_broken = observed.observations().iter().any(|observation| observation.frame.is_none());
        let mut hits = self.index.hits(observed);
        hits.sort_unstable();
        hits.dedup();
        let mut verdicts = Vec::new();
        if is_broken {
            let mut by_pattern: FxHashMap<u32, &[Hit]> = FxHashMap::default();
            for hits in hits.chunk_by(|left, right| left.test.pattern == right.test.pattern) {
                if let Some(first) = hits.first() {
                    by_pattern.insert(first.test.pattern, hits);
                }
            }
            for number in 0..u32::try_from(self.patterns.len()).unwrap_or(u32::MAX) {
                let hits = by_pattern.get(&number).copied().unwrap_or_default();
                verdicts.extend(self.verdict(number, hits, observed));
            }
        } else {
            for hits in hits.chunk_by(|left, right| left.test.pattern == right.test.pattern) {
                if let Some(first) = hits.first() {
                    verdicts.extend(self.verdict(first.test.pattern, hits, observed));
                }
            }
        }
        verdicts
    }

    /// The answer of one pattern, whose hits in the index are known.
    fn verdict(&self, number: u32, hits: &[Hit], observed: &Observed) -> Option<Verdict> {
        let place = usize::try_from(number).ok()?;
        let pattern = self.patterns.get(place)?;
        let outcome = if self.index.is_complete(place) {
            pattern.judge_taken(taken(pattern, hits, observed), observed)
        } else {
            pattern.judge(observed)
        };
        match outcome {
            Ok(None) => None,
            Ok(Some(found)) => Some(Verdict { pattern: place, outcome: Ok(found) }),
            Err(undecided) => Some(Verdict { pattern: place, outcome: Err(undecided) }),
        }
    }
}

/// An object that has what a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    test: TestRef,
    observation: u32,
    /// Its place among the objects of the observed data.
    object: u32,
}

/// What each test takes, asked only where the index hit.
fn taken<'p>(pattern: &'p Pattern, hits: &[Hit], observed: &Observed) -> Vec<Taken<'p>> {
    let mut all: Vec<Taken<'p>> = pattern.checks.iter().map(|_| Taken::default()).collect();
    let same = |left: &Hit, right: &Hit| left.test == right.test && left.observation == right.observation;
    for hits in hits.chunk_by(same) {
        let Some(first) = hits.first() else { continue };
        let (Ok(test), Ok(number)) = (usize::try_from(first.test.test), usize::try_from(first.observation)) else {
            continue;
        };
        let (Some(check), Some(observation)) = (pattern.checks.get(test), observed.observations().get(number)) else {
            continue;
        };
        let mut best = Truth::No;
        // In the order of their ids, as when all are asked: the first doubt is then the same.
        let objects = hits.iter().filter_map(|hit| usize::try_from(hit.object).ok());
        let mut objects: Vec<usize> = objects.collect();
        if objects.len() > 1 {
            let order: FxHashMap<usize, usize> =
                observation.objects.values().enumerate().map(|(at, place)| (*place, at)).collect();
            objects.sort_by_key(|place| order.get(place).copied());
        }
        for object in objects.into_iter().filter_map(|place| observed.object(place)) {
            best = better(best, check.ask(object, observation, observed));
        }
        if let Some(taken) = all.get_mut(test) {
            taken.add(first.observation, best);
        }
    }
    all
}

#[cfg(test)]
mod tests;
