//! A pattern held against observed data.

use model::limits;

use super::Pattern;
use super::ast::{Expression, Qualifier};
use super::check::{Check, Truth};
use super::fault::{Doubt, Undecided, Why};
use super::fit::{Candidate, Supply, fit};
use super::observed::{Observation, Observed};

/// A pattern that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The observations that were bound, in the order of the file, each once.
    pub observations: Vec<Bound>,
    /// What could not be compared on the way, and did not change the answer; at most `PATTERN_DOUBTS_KEPT_MAX`.
    pub doubts: Vec<Doubt>,
    /// How many more there were.
    pub doubts_dropped: usize,
}

/// An observation that a pattern was bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Its number among the observations of the file, from 0.
    pub place: usize,
    /// Its id.
    pub id: String,
}

/// What one test of a pattern takes.
#[derive(Debug, Default)]
pub(crate) struct Taken<'p> {
    /// Observations with an object for which it holds.
    pub(crate) certain: Vec<u32>,
    /// Observations of which nobody knows, and why not.
    pub(crate) unknown: Vec<(u32, Option<&'p super::ObjectPath>, Why)>,
}

impl<'p> Taken<'p> {
    /// Notes the best answer of one observation's objects.
    pub(crate) fn add(&mut self, observation: u32, answer: Truth<'p>) {
        match answer {
            Truth::No => {}
            Truth::Yes => self.certain.push(observation),
            Truth::Unknown(path, why) => self.unknown.push((observation, Some(path), why)),
        }
    }
}

/// The answer of one observation: the best of all its objects.
pub(crate) fn ask<'p>(check: &'p Check, observation: &Observation, observed: &Observed) -> Truth<'p> {
    let mut best = Truth::No;
    for object in observation.objects.values().filter_map(|place| observed.object(*place)) {
        best = better(best, check.ask(object, observation, observed));
        if best == Truth::Yes {
            break;
        }
    }
    best
}

pub(crate) fn better<'p>(left: Truth<'p>, right: Truth<'p>) -> Truth<'p> {
    match (left, right) {
        (Truth::Yes, _) | (_, Truth::Yes) => Truth::Yes,
        (Truth::Unknown(..), _) => left,
        _ => right,
    }
}

impl Pattern {
    /// Holds the pattern against observed data; `None` when it does not match.
    ///
    /// What cannot be compared matters only where the answer hangs on it. The same pattern and data give the same answer, and
    /// the same observations.
    ///
    /// # Errors
    /// When the pattern would match if what could not be compared were true, or when fitting takes too much work.
    pub fn judge(&self, observed: &Observed) -> Result<Option<Match>, Undecided> {
        let taken: Vec<Taken<'_>> = self
            .checks
            .iter()
            .map(|check| {
                let mut taken = Taken::default();
                for (number, observation) in (0u32..).zip(observed.observations()) {
                    if observation.frame.is_some() {
                        taken.add(number, ask(check, observation, observed));
                    }
                }
                taken
            })
            .collect();
        self.judge_taken(taken, observed)
    }

    /// The same, when what each test takes of the observations that have a frame is known; in order of observations.
    pub(crate) fn judge_taken(
        &self,
        mut taken: Vec<Taken<'_>>,
        observed: &Observed,
    ) -> Result<Option<Match>, Undecided> {
        let broken = (0u32..).zip(observed.observations()).filter(|(_, observation)| observation.frame.is_none());
        let broken: Vec<u32> = broken.map(|(number, _)| number).collect();
        for (taken, is_timed) in taken.iter_mut().zip(&self.timed) {
            taken.unknown.extend(broken.iter().map(|number| (*number, None, Why::BrokenObservation)));
            if *is_timed {
                distrust_reversed(taken, observed);
            }
        }
        let mut doubts = Doubts::default();
        taken.iter().for_each(|taken| doubts.collect(taken, observed));

        let certain: Vec<Vec<Candidate>> = taken.iter().map(|taken| certain(taken, observed)).collect();
        let counts = |number: u32| frame(observed, number).map_or(u64::MAX, |frame| frame.count);
        let supply = Supply { candidates: &certain, counts: &counts, steps_max: limits::PATTERN_STEPS_MAX };
        if let Some(found) = fit(&self.expression, &supply)? {
            let bound = |number: u32| {
                let place = usize::try_from(number).ok()?;
                Some(Bound { place, id: observed.id(place)?.to_owned() })
            };
            let observations = found.into_iter().filter_map(bound).collect();
            return Ok(Some(Match { observations, doubts: doubts.kept, doubts_dropped: doubts.dropped }));
        }
        let Some(first) = doubts.kept.into_iter().next() else { return Ok(None) };
        let possible = taken.iter().zip(certain).map(|(taken, certain)| possible(taken, certain)).collect::<Vec<_>>();
        let supply = Supply { candidates: &possible, counts: &counts, steps_max: limits::PATTERN_STEPS_MAX };
        match fit(&self.expression, &supply)? {
            Some(_) => Err(Undecided::Doubtful(first)),
            None => Ok(None),
        }
    }
}

fn frame(observed: &Observed, number: u32) -> Option<super::observed::Frame> {
    let number = usize::try_from(number).ok()?;
    observed.observations().get(number).and_then(|observation| observation.frame)
}

/// Where a pattern asks for times, an observation that ended before it began answers nothing.
fn distrust_reversed(taken: &mut Taken<'_>, observed: &Observed) {
    let is_reversed = |number: u32| frame(observed, number).is_some_and(|frame| frame.last < frame.first);
    let reversed: Vec<u32> = taken.certain.iter().copied().filter(|number| is_reversed(*number)).collect();
    if reversed.is_empty() {
        return;
    }
    taken.certain.retain(|number| !is_reversed(*number));
    taken.unknown.extend(reversed.into_iter().map(|number| (number, None, Why::EndsBeforeItBegins)));
}

fn certain(taken: &Taken<'_>, observed: &Observed) -> Vec<Candidate> {
    let candidate = |number: &u32| {
        let frame = frame(observed, *number)?;
        Some(Candidate { observation: *number, first: frame.first.as_micros(), last: frame.last.as_micros() })
    };
    taken.certain.iter().filter_map(candidate).collect()
}

/// With those of which nobody knows, at whatever time.
fn possible(taken: &Taken<'_>, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let any_time = |number: u32| Candidate { observation: number, first: i64::MIN, last: i64::MAX };
    candidates.extend(taken.unknown.iter().map(|(number, ..)| any_time(*number)));
    candidates
}

#[derive(Default)]
struct Doubts {
    kept: Vec<Doubt>,
    dropped: usize,
}

impl Doubts {
    fn collect(&mut self, taken: &Taken<'_>, observed: &Observed) {
        for (number, path, why) in &taken.unknown {
            if self.kept.len() == limits::PATTERN_DOUBTS_KEPT_MAX {
                self.dropped += 1;
                continue;
            }
            let id = usize::try_from(*number).ok().and_then(|number| observed.id(number)).unwrap_or_default();
            self.kept.push(Doubt { observation: id.to_owned(), path: path.cloned(), why: *why });
        }
    }
}

/// The tests of an expression in the order of its text, ready to be asked, and whether qualifiers judge their times.
pub(super) fn checks(expression: &Expression) -> (Vec<Check>, Vec<bool>) {
    let (mut checks, mut timed) = (Vec::new(), Vec::new());
    collect(expression, false, &mut |comparison, is_timed| {
        checks.push(Check::new(comparison));
        timed.push(is_timed);
    });
    (checks, timed)
}

fn collect(expression: &Expression, is_timed: bool, found: &mut impl FnMut(&super::ast::Comparison, bool)) {
    match expression {
        Expression::Test(comparison) => found(comparison, is_timed),
        Expression::All(children) | Expression::Any(children) | Expression::Sequence(children) => {
            children.iter().for_each(|child| collect(child, is_timed, found));
        }
        Expression::Qualified(inner, qualifiers) => {
            let judges_times = |qualifier: &Qualifier| !matches!(qualifier, Qualifier::Repeats(_));
            collect(inner, is_timed || qualifiers.iter().any(judges_times), found);
        }
    }
}
