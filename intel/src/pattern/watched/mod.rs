//! Patterns that are looked for in every event, where a look-up of values does not do.
//!
//! Each test of each pattern is held against the event as it passes ([`Watched::look`]); that needs nothing but the event, so
//! it may happen on any thread. A pattern that one event can satisfy is decided there. One that needs several waits in a
//! [`PatternMemory`], which is given what each event took, in the order of the watch, and fits it together.
//!
//! As the specification has it, the observations of one pattern may come from different machines.

mod facts;
mod memory;

use std::sync::Arc;

use detect::indicators::{shortened, subject};
use detect::suppress::Suppression;
use model::detection::AnalyticKind;
use model::ocsf::{Attributes, Event};
use model::{Analytic, Confidence, Detection, Level, Reason, Timestamp, limits};
use rustc_hash::FxHashSet;

use super::Pattern;
use super::ast::{Comparison, Expression, Literal, Operation, Qualifier, Step};
use super::check::{Check, Truth};
use super::event::needed_for;
use super::fit::{Candidate, Supply, fit};
use super::judge::checks;
use super::observed::Observed;
use super::set::PatternSet;
pub use memory::{Admitted, PatternMemory};

/// A pattern that is looked for, and who says that it should be.
#[derive(Debug)]
pub struct Wanted {
    /// Its id as its source has it.
    pub id: String,
    /// What the source calls it.
    pub label: String,
    /// Who.
    pub source: String,
    /// How sure they are.
    pub confidence: Confidence,
    /// How bad a match is.
    pub level: Level,
    /// ATT&CK techniques that it speaks of.
    pub techniques: Vec<String>,
    /// Events after that moment do not match.
    pub until: Option<Timestamp>,
    /// The pattern.
    pub pattern: Pattern,
}

/// One of them, ready.
#[derive(Debug)]
struct Known {
    analytic: Arc<Analytic>,
    reason: Reason,
    until: Option<Timestamp>,
    pattern: Pattern,
    needs_several: bool,
    /// Names it in memory: another text under the same id is another pattern.
    key: String,
    /// How long observations are remembered, in microseconds.
    horizon: u64,
}

/// All that are looked for.
#[derive(Debug)]
pub struct Watched {
    known: Vec<Known>,
    /// Their tests, each as a pattern of its own.
    tests: PatternSet,
    /// Which pattern and which of its tests that is.
    places: Vec<(usize, usize)>,
    /// An event that none of these holds for has no object that any pattern asks about.
    needs: Vec<fn(&Attributes) -> bool>,
}

/// What an event does for a pattern that needs several.
#[derive(Clone, Debug, PartialEq)]
pub struct Takes {
    pattern: usize,
    tests: Vec<usize>,
    because: Vec<Reason>,
    judged: Judged,
}

/// What lists of harmless things say of what matched.
#[derive(Clone, Debug, Default, PartialEq)]
struct Judged {
    is_silent: bool,
    capped_by: Option<String>,
    reasons: Vec<Reason>,
}

impl Watched {
    /// Of the same pattern under the same id the first counts. Says which had no room: by their number, in order.
    pub fn new(wanted: Vec<Wanted>) -> (Watched, Vec<usize>) {
        let (mut known, mut tests, mut places, mut left_out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut keys, mut needs, mut expressions) = (FxHashSet::default(), Vec::new(), 0);
        for (number, mut wanted) in wanted.into_iter().enumerate() {
            let key = key(&wanted);
            if !keys.insert(key.clone()) {
                continue;
            }
            as_events_have_it(&mut wanted.pattern.expression);
            let comparisons = comparisons(&wanted.pattern.expression);
            // Its tests are compiled twice: for the set, and for the reasons.
            let (own_checks, _) = checks(&wanted.pattern.expression);
            let own: usize = own_checks.iter().map(Check::expressions).sum();
            let has_room = known.len() < limits::PATTERNS_WATCHED_MAX
                && places.len() + comparisons.len() <= limits::PATTERN_SET_MAX
                && expressions + own <= limits::PATTERN_SET_EXPRESSIONS_MAX;
            if !has_room {
                left_out.push(number);
                continue;
            }
            expressions += own;
            wanted.pattern.checks = own_checks;
            for (test, comparison) in comparisons.into_iter().enumerate() {
                each_type(&comparison, &mut |object_type| needs.extend(needed_for(object_type)));
                let expression = Expression::Test(comparison);
                let (checks, timed) = checks(&expression);
                tests.push(Pattern { expression, checks, timed });
                places.push((known.len(), test));
            }
            known.push(Known::of(wanted, key));
        }
        needs.sort_by_key(|need| *need as usize);
        needs.dedup_by_key(|need| *need as usize);
        // Its limits were kept above.
        let tests = PatternSet::new(tests).unwrap_or_default();
        (Watched { known, tests, places, needs }, left_out)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Holds an event against all of them: detections of what matches go behind `found`, and what it does for patterns that
    /// need more comes back.
    ///
    /// A pattern of which nobody can say whether it matches does not match. A list of harmless things silences or caps a
    /// detection only when it names every value that the pattern asked for.
    pub fn look(&self, event: &Event, suppression: &Suppression, found: &mut Vec<Detection>) -> Vec<Takes> {
        if !self.needs.iter().any(|has| has(&event.attributes)) {
            return Vec::new();
        }
        let observed = Observed::of_event(event);
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for verdict in self.tests.judge(&observed) {
            if verdict.outcome.is_ok() {
                taken.extend(self.places.get(verdict.pattern).copied());
            }
        }
        let mut parts = Vec::new();
        for tests in taken.chunk_by(|left, right| left.0 == right.0) {
            let Some((pattern, known)) = tests.first().and_then(|(at, _)| Some((*at, self.known.get(*at)?))) else {
                continue;
            };
            if known.until.is_some_and(|until| event.time > until) {
                continue;
            }
            let tests: Vec<usize> = tests.iter().map(|(_, test)| *test).collect();
            let alone = memory::Seen::of(event, tests.clone());
            let matches = matches!(known.fit(std::slice::from_ref(&alone)), Ok(Some(_)));
            if !matches && !known.needs_several {
                continue;
            }
            let facts = known.facts(&tests, &observed);
            let judged = facts::judged(&facts, suppression);
            let because = facts.into_iter().map(|fact| fact.reason).collect();
            let takes = Takes { pattern, tests, because, judged };
            if matches {
                found.extend(known.detection(&takes, event, vec![event.id]));
            } else {
                parts.push(takes);
            }
        }
        parts
    }
}

impl Known {
    fn of(wanted: Wanted, key: String) -> Self {
        let text = shortened(&wanted.pattern.to_string());
        let analytic = Analytic {
            uid: wanted.id.clone(),
            title: if wanted.label.is_empty() { text.clone() } else { wanted.label.clone() },
            kind: AnalyticKind::Pattern,
            level: wanted.level,
            techniques: wanted.techniques,
            tactics: Vec::new(),
            path: None,
        };
        let reason = Reason::Pattern {
            id: wanted.id,
            text,
            label: wanted.label,
            source: wanted.source,
            confidence: wanted.confidence,
        };
        Known {
            analytic: Arc::new(analytic),
            reason,
            until: wanted.until,
            needs_several: needs_several(&wanted.pattern.expression),
            horizon: horizon(&wanted.pattern.expression),
            pattern: wanted.pattern,
            key,
        }
    }

    /// Those of `seen` that satisfy it, if any.
    fn fit(&self, seen: &[memory::Seen]) -> Result<Option<Vec<usize>>, super::Undecided> {
        let mut candidates: Vec<Vec<Candidate>> = self.pattern.checks.iter().map(|_| Vec::new()).collect();
        for (number, one) in (0u32..).zip(seen) {
            for test in &one.tests {
                let at = one.at.as_micros();
                if let Some(candidates) = candidates.get_mut(*test) {
                    candidates.push(Candidate { observation: number, first: at, last: at });
                }
            }
        }
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let counts = |number: u32| seen.get(place(number)).map_or(0, |seen| seen.count);
        let supply = Supply { candidates: &candidates, counts: &counts, steps_max: limits::PATTERN_WATCH_STEPS_MAX };
        let found = fit(&self.pattern.expression, &supply)?;
        Ok(found.map(|found| found.into_iter().map(place).collect()))
    }

    /// What stands in the objects that satisfy these tests.
    fn facts(&self, tests: &[usize], observed: &Observed) -> Vec<facts::Fact> {
        let comparisons = comparisons(&self.pattern.expression);
        let mut found = Vec::new();
        let Some(observation) = observed.observations().first() else { return found };
        for test in tests {
            let (Some(comparison), Some(check)) = (comparisons.get(*test), self.pattern.checks.get(*test)) else {
                continue;
            };
            let objects = observation.objects.values().filter_map(|place| observed.object(*place));
            let object = objects.into_iter().find(|object| check.ask(object, observation, observed) == Truth::Yes);
            if let Some(object) = object {
                facts::collect(comparison, check, &facts::Seen { object, observation, observed }, &mut found);
            }
        }
        found
    }

    /// The finding; `None` where a list of harmless things silences it.
    fn detection(&self, takes: &Takes, event: &Event, events: Vec<model::EventId>) -> Option<Detection> {
        let Judged { is_silent, capped_by, reasons } = &takes.judged;
        if *is_silent {
            return None;
        }
        let room = limits::REASONS_MAX.saturating_sub(reasons.len() + 1);
        let because = std::iter::once(&self.reason).chain(takes.because.iter().take(room)).chain(reasons);
        Some(Detection {
            analytic: Arc::clone(&self.analytic),
            level: if capped_by.is_some() { Level::Informational } else { self.analytic.level },
            time: event.time,
            events,
            subject: subject(event, "").map(str::to_owned),
            because: because.cloned().collect(),
            suppressed_by: capped_by.clone(),
            involved: Vec::new(),
        })
    }
}

fn key(wanted: &Wanted) -> String {
    let text = wanted.pattern.to_string();
    let hash = blake3::hash(text.as_bytes()).to_hex();
    format!("{}/{}", wanted.id, &hash[..16])
}

/// The comparisons between brackets, in the order of the text.
fn comparisons(expression: &Expression) -> Vec<Comparison> {
    match expression {
        Expression::Test(comparison) => vec![comparison.clone()],
        Expression::All(children) | Expression::Any(children) | Expression::Sequence(children) => {
            children.iter().flat_map(comparisons).collect()
        }
        Expression::Qualified(inner, _) => comparisons(inner),
    }
}

fn each_type(comparison: &Comparison, give: &mut impl FnMut(&str)) {
    match comparison {
        Comparison::Test(test) => give(&test.path.object_type),
        Comparison::All(children) | Comparison::Any(children) => {
            children.iter().for_each(|child| each_type(child, give))
        }
    }
}

/// Whether one observation of one event may not be enough.
fn needs_several(expression: &Expression) -> bool {
    match expression {
        Expression::Test(_) => false,
        Expression::Any(children) => children.iter().any(needs_several),
        Expression::All(_) | Expression::Sequence(_) => true,
        Expression::Qualified(inner, qualifiers) => {
            qualifiers.iter().any(|qualifier| matches!(qualifier, Qualifier::Repeats(count) if *count > 1))
                || needs_several(inner)
        }
    }
}

/// How long an observation can be of use. What is joined without saying in which time is joined within
/// [`limits::PATTERN_MEMORY_SECONDS`], and nothing longer than [`limits::PATTERN_MEMORY_SECONDS_MAX`].
fn horizon(expression: &Expression) -> u64 {
    let second = 1_000_000;
    let within = match expression {
        Expression::Qualified(_, qualifiers) => qualifiers
            .iter()
            .filter_map(|qualifier| match qualifier {
                Qualifier::Within(span) => Some(*span),
                _ => None,
            })
            .min(),
        _ => None,
    };
    within.unwrap_or(limits::PATTERN_MEMORY_SECONDS * second).min(limits::PATTERN_MEMORY_SECONDS_MAX * second)
}

/// Constants in the form in which events have such values: hashes and names in small letters.
fn as_events_have_it(expression: &mut Expression) {
    match expression {
        Expression::Test(comparison) => constants(comparison),
        Expression::All(children) | Expression::Any(children) | Expression::Sequence(children) => {
            children.iter_mut().for_each(as_events_have_it);
        }
        Expression::Qualified(inner, _) => as_events_have_it(inner),
    }
}

fn constants(comparison: &mut Comparison) {
    let test = match comparison {
        Comparison::Test(test) => test,
        Comparison::All(children) | Comparison::Any(children) => return children.iter_mut().for_each(constants),
    };
    let is_hash = matches!(&*test.path.steps, [.., Step::Key(hashes), Step::Key(_)] if hashes == "hashes");
    let is_name = matches!(test.path.object_type.as_str(), "domain-name" | "email-addr" | "mac-addr")
        && matches!(&*test.path.steps, [Step::Key(value)] if value == "value");
    if !is_hash && !is_name {
        return;
    }
    let literals = match &mut test.operation {
        Operation::Compare(_, literal) => std::slice::from_mut(literal),
        Operation::In(literals) => literals,
        _ => return,
    };
    for literal in literals {
        if let Literal::Text(text) = literal
            && (is_name || text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            *text = text.trim_end_matches('.').to_ascii_lowercase();
        }
    }
}

#[cfg(test)]
mod tests;
