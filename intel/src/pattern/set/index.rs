//! From what stands in an object to the tests that need it.

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use super::super::Pattern;
use super::super::ast::{Expression, Step};
use super::super::check::Check;
use super::super::compare::{Known, key};
use super::super::observed::{Observation, Observed};
use super::super::walk::walk;
use super::Hit;

/// A test of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TestRef {
    pub(super) pattern: u32,
    pub(super) test: u32,
}

/// Tests, by what they need.
#[derive(Debug, Default)]
pub(super) struct Index {
    types: FxHashMap<String, OfType>,
    /// Patterns of which all tests are in the index.
    complete: Vec<bool>,
    /// Patterns that need no look at all objects of a type.
    pub(super) looked_up: usize,
}

#[derive(Debug, Default)]
struct OfType {
    paths: Vec<OfPath>,
    /// Place in `paths` of each path.
    by_steps: FxHashMap<Vec<Step>, usize>,
    /// Tests that any object of the type may pass.
    always: Vec<TestRef>,
}

#[derive(Debug)]
struct OfPath {
    steps: Vec<Step>,
    by_key: FxHashMap<u64, Vec<TestRef>>,
}

/// What an object has to have for a test not to be certainly false: one of these.
#[derive(Clone, Debug, Default)]
struct Need {
    values: Vec<Needed>,
    types: Vec<String>,
}

#[derive(Clone, Debug)]
struct Needed {
    object_type: String,
    steps: Vec<Step>,
    key: u64,
}

impl Need {
    /// What is looked up is better than what is asked of all; few better than many.
    fn cost(&self) -> (usize, usize) {
        (self.types.len(), self.values.len())
    }

    fn of(check: &Check) -> Need {
        match check {
            Check::Any(children) => {
                let mut need = Need::default();
                for child in children.iter().map(Need::of) {
                    need.values.extend(child.values);
                    need.types.extend(child.types);
                }
                need
            }
            // If one is certainly false, all together are.
            Check::All(children) => children.iter().map(Need::of).min_by_key(Need::cost).unwrap_or_default(),
            Check::Test(test) if !test.is_observable => Need::default(),
            Check::Test(test) => match test.wanted() {
                Some(wanted) => {
                    let needed = |known: &Known| {
                        let key = key(known.borrow()?);
                        let (object_type, steps) = (test.path.object_type.clone(), test.path.steps.clone());
                        Some(Needed { object_type, steps, key })
                    };
                    Need { values: wanted.iter().filter_map(needed).collect(), types: Vec::new() }
                }
                None => Need { values: Vec::new(), types: vec![test.path.object_type.clone()] },
            },
        }
    }
}

impl Index {
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let mut index = Index::default();
        for (number, pattern) in (0u32..).zip(patterns) {
            let needs: Vec<Need> = pattern.checks.iter().map(Need::of).collect();
            let mut at = 0;
            let triggers = triggers(&pattern.expression, &needs, &mut at);
            index.complete.push(triggers.len() == needs.len());
            let is_looked_up = triggers.iter().all(|test| needs.get(*test).is_some_and(|need| need.types.is_empty()));
            index.looked_up += usize::from(is_looked_up);
            for test in triggers {
                if let (Some(need), Ok(place)) = (needs.get(test), u32::try_from(test)) {
                    index.add(need, TestRef { pattern: number, test: place });
                }
            }
        }
        index
    }

    fn add(&mut self, need: &Need, test: TestRef) {
        for object_type in &need.types {
            let always = &mut self.types.entry(object_type.clone()).or_default().always;
            if always.last() != Some(&test) {
                always.push(test);
            }
        }
        for needed in &need.values {
            let of_type = self.types.entry(needed.object_type.clone()).or_default();
            let place = match of_type.by_steps.get(&needed.steps) {
                Some(place) => *place,
                None => {
                    of_type.paths.push(OfPath { steps: needed.steps.clone(), by_key: FxHashMap::default() });
                    of_type.by_steps.insert(needed.steps.clone(), of_type.paths.len() - 1);
                    of_type.paths.len() - 1
                }
            };
            if let Some(path) = of_type.paths.get_mut(place) {
                path.by_key.entry(needed.key).or_default().push(test);
            }
        }
    }

    /// All tests of that pattern are in the index, so that what it does not hit is certainly false.
    pub(super) fn is_complete(&self, pattern: usize) -> bool {
        self.complete.get(pattern).copied().unwrap_or(false)
    }

    /// Every object that has what a test needs, in no order, perhaps twice.
    pub(super) fn hits(&self, observed: &Observed) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (number, observation) in (0u32..).zip(observed.observations()) {
            if observation.frame.is_none() {
                continue;
            }
            for place in observation.objects.values() {
                let (Some(object), Ok(place)) = (observed.object(*place), u32::try_from(*place)) else { continue };
                let found = &mut |test| hits.push(Hit { test, observation: number, object: place });
                self.look(object, observation, observed, found);
            }
        }
        hits
    }

    fn look(&self, object: &Json, observation: &Observation, observed: &Observed, found: &mut impl FnMut(TestRef)) {
        let Some(of_type) = object.get("type").and_then(Json::as_str).and_then(|name| self.types.get(name)) else {
            return;
        };
        of_type.always.iter().copied().for_each(&mut *found);
        for path in &of_type.paths {
            let values = walk(object, &path.steps, observation, observed);
            if values.doubt.is_some() {
                path.by_key.values().flatten().copied().for_each(&mut *found);
                continue;
            }
            for value in values.values.iter().filter_map(Known::of_value) {
                path.by_key.get(&key(value)).into_iter().flatten().copied().for_each(&mut *found);
            }
        }
    }
}

/// Tests of which one has to be possible for the pattern to be: the fewest that will do.
fn triggers(expression: &Expression, needs: &[Need], at: &mut usize) -> Vec<usize> {
    let cost = |tests: &Vec<usize>| {
        let of = |test: &usize| needs.get(*test).map_or((0, 0), Need::cost);
        tests.iter().map(of).fold((0, 0), |sum, cost| (sum.0 + cost.0, sum.1 + cost.1))
    };
    match expression {
        Expression::Test(_) => {
            *at += 1;
            vec![*at - 1]
        }
        Expression::Qualified(inner, _) => triggers(inner, needs, at),
        Expression::Any(children) => children.iter().flat_map(|child| triggers(child, needs, at)).collect(),
        Expression::All(children) | Expression::Sequence(children) => {
            let of_children: Vec<Vec<usize>> = children.iter().map(|child| triggers(child, needs, at)).collect();
            of_children.into_iter().min_by_key(cost).unwrap_or_default()
        }
    }
}
