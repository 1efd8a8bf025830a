//! Against trying out everything.

use proptest::prelude::*;

use super::super::Pattern;
use super::super::ast::{Expression, Qualifier};
use super::*;

/// A binding as the reference keeps them: for each place an observation and which of its times it is.
type Binding = Vec<(u32, u64)>;

/// Every binding of an expression, by the words of the specification and without thought for cost.
struct Naive<'a> {
    candidates: &'a [Vec<Candidate>],
    counts: &'a dyn Fn(u32) -> u64,
    test: usize,
}

impl Naive<'_> {
    fn time(&self, observation: u32) -> (i64, i64) {
        let found = self.candidates.iter().flatten().find(|candidate| candidate.observation == observation).unwrap();
        (found.first, found.last)
    }

    fn bindings(&mut self, expression: &Expression) -> Vec<Binding> {
        match expression {
            Expression::Test(_) => {
                self.test += 1;
                let all = self.candidates[self.test - 1].iter();
                all.flat_map(|one| (0..(self.counts)(one.observation)).map(|at| vec![(one.observation, at)])).collect()
            }
            Expression::Any(children) => children.iter().flat_map(|child| self.bindings(child)).collect(),
            Expression::All(children) => self.join(children, |_, _, _| true),
            Expression::Sequence(children) => self.join(children, |naive, left, right| {
                let latest = left.iter().map(|(id, _)| naive.time(*id).0).max();
                let earliest = right.iter().map(|(id, _)| naive.time(*id).1).min();
                latest <= earliest
            }),
            Expression::Qualified(inner, qualifiers) => {
                let mut found = self.bindings(inner);
                for qualifier in qualifiers {
                    found = self.qualify(found, *qualifier);
                }
                found
            }
        }
    }

    fn join(&mut self, children: &[Expression], fits: impl Fn(&Self, &Binding, &Binding) -> bool) -> Vec<Binding> {
        let mut found: Option<Vec<Binding>> = None;
        for child in children {
            let right = self.bindings(child);
            found = Some(match found {
                None => right,
                Some(left) => {
                    let pairs = left.iter().flat_map(|left| right.iter().map(move |right| (left, right)));
                    let fitting = pairs.filter(|(left, right)| are_disjoint(left, right) && fits(self, left, right));
                    fitting.map(|(left, right)| [left.as_slice(), right].concat()).collect()
                }
            });
        }
        found.unwrap_or_default()
    }

    fn qualify(&self, found: Vec<Binding>, qualifier: Qualifier) -> Vec<Binding> {
        match qualifier {
            Qualifier::Repeats(count) => combinations(&found, count),
            Qualifier::Within(span) => {
                let span = i64::try_from(span).unwrap();
                let is_within = |binding: &Binding| {
                    let latest = binding.iter().map(|(id, _)| self.time(*id).0).max().unwrap();
                    latest <= binding.iter().map(|(id, _)| self.time(*id).1).min().unwrap() + span
                };
                found.into_iter().filter(is_within).collect()
            }
            Qualifier::Between(start, stop) => {
                let (start, stop) = (start.as_micros(), stop.as_micros());
                let is_between = |id: u32| self.time(id).0 < stop && self.time(id).1 >= start && start < stop;
                found.into_iter().filter(|binding| binding.iter().all(|(id, _)| is_between(*id))).collect()
            }
        }
    }
}

fn are_disjoint(left: &Binding, right: &Binding) -> bool {
    left.iter().all(|id| !right.contains(id))
}

fn combinations(from: &[Binding], count: u64) -> Vec<Binding> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for (at, first) in from.iter().enumerate() {
        let rest: Vec<Binding> = from[at + 1..].iter().filter(|other| are_disjoint(first, other)).cloned().collect();
        found.extend(combinations(&rest, count - 1).into_iter().map(|rest| [first.as_slice(), &rest].concat()));
    }
    found
}

fn any_expression() -> impl Strategy<Value = Expression> {
    let test = Pattern::parse("[a:b = 1]").unwrap().expression().clone();
    Just(test).prop_recursive(3, 5, 3, |inner| {
        let at = |second: i64| model::Timestamp::from_micros(second * 1_000_000);
        let qualifier = prop_oneof![
            (1..4u64).prop_map(|seconds| Qualifier::Within(seconds * 1_000_000)),
            (1..4u64).prop_map(Qualifier::Repeats),
            (0..6i64, 0..9i64).prop_map(move |(start, stop)| Qualifier::Between(at(start), at(stop))),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..3).prop_map(Expression::All),
            prop::collection::vec(inner.clone(), 2..3).prop_map(Expression::Any),
            prop::collection::vec(inner.clone(), 2..3).prop_map(Expression::Sequence),
            (inner, prop::collection::vec(qualifier, 1..3))
                .prop_map(|(inner, qualifiers)| Expression::Qualified(Box::new(inner), qualifiers)),
        ]
    })
}

fn tests_of(expression: &Expression) -> usize {
    match expression {
        Expression::Test(_) => 1,
        Expression::All(children) | Expression::Any(children) | Expression::Sequence(children) => {
            children.iter().map(tests_of).sum()
        }
        Expression::Qualified(inner, _) => tests_of(inner),
    }
}

/// How many observations a binding has at most, so that trying out everything stays possible.
fn places_of(expression: &Expression) -> u64 {
    match expression {
        Expression::Test(_) => 1,
        Expression::All(children) | Expression::Any(children) | Expression::Sequence(children) => {
            children.iter().map(places_of).sum()
        }
        Expression::Qualified(inner, qualifiers) => qualifiers.iter().fold(places_of(inner), |places, qualifier| {
            if let Qualifier::Repeats(count) = qualifier { places * count } else { places }
        }),
    }
}

/// Observations: beginning and length in seconds, how often, and which tests they pass.
type Observations = Vec<(i64, i64, u64, u32)>;

fn supply_of(observations: &Observations, tests: usize) -> Vec<Vec<Candidate>> {
    let of_test = |test: usize| {
        let passing = (0u32..).zip(observations).filter(|(_, (.., tests))| tests >> (test % 8) & 1 == 1);
        let candidate = |(observation, (first, length, ..)): (u32, &(i64, i64, u64, u32))| Candidate {
            observation,
            first: first * 1_000_000,
            last: (first + length) * 1_000_000,
        };
        passing.map(candidate).collect()
    };
    (0..tests).map(of_test).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn finds_what_trying_out_everything_finds(
        expression in any_expression().prop_filter("few places", |expression| places_of(expression) <= 5),
        observations in prop::collection::vec((0..6i64, 0..3i64, 1..3u64, 0u32..256), 0..5),
    ) {
        let candidates = supply_of(&observations, tests_of(&expression));
        let counts = |id: u32| observations[id as usize].2;
        let naive = Naive { candidates: &candidates, counts: &counts, test: 0 }.bindings(&expression);
        let found = fit(&expression, &Supply { candidates: &candidates, counts: &counts, steps_max: limits::PATTERN_STEPS_MAX }).unwrap();
        prop_assert_eq!(found.is_some(), !naive.is_empty(), "{} {:?}", expression, observations);
        if let Some(found) = found {
            let bound = |binding: &Binding| {
                let mut ids: Vec<u32> = binding.iter().map(|(id, _)| *id).collect();
                ids.sort_unstable();
                ids.dedup();
                ids
            };
            prop_assert!(naive.iter().any(|binding| bound(binding) == found), "{expression}: {found:?} is no binding");
        }
    }
}

fn check(pattern: &str, observations: &Observations, expected: Result<bool, &str>) {
    let pattern = Pattern::parse(pattern).unwrap();
    let candidates = supply_of(observations, pattern.checks.len());
    let counts = |id: u32| observations[id as usize].2;
    let found = fit(
        pattern.expression(),
        &Supply { candidates: &candidates, counts: &counts, steps_max: limits::PATTERN_STEPS_MAX },
    );
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found.is_some(), expected, "{pattern}"),
        (Err(Undecided::TooMuch { what, .. }), Err(expected)) => assert_eq!(what, expected, "{pattern}"),
        (found, expected) => panic!("{pattern}: {found:?}, expected {expected:?}"),
    }
}

#[test]
fn what_would_be_combinations_is_work_by_size() {
    // 2,000 observations, ten seconds apart.
    let apart: Observations = (0..2_000).map(|at| (at * 10, 0, 1, 0xff)).collect();
    check("[a:b = 1] REPEATS 1000 TIMES", &apart, Ok(true));
    check("[a:b = 1] REPEATS 2000 TIMES", &apart, Ok(true));
    check("[a:b = 1] REPEATS 2001 TIMES", &apart, Ok(false));
    check("[a:b = 1] REPEATS 5 TIMES WITHIN 39 SECONDS", &apart, Ok(false));
    check("[a:b = 1] REPEATS 5 TIMES WITHIN 40 SECONDS", &apart, Ok(true));
    check("([a:b = 1] AND [a:b = 1] AND [a:b = 1]) WITHIN 19 SECONDS", &apart, Ok(false));
    check("([a:b = 1] AND [a:b = 1]) REPEATS 1000 TIMES", &apart, Ok(true));
    check("([a:b = 1] AND [a:b = 1]) REPEATS 1001 TIMES", &apart, Ok(false));
    check("([a:b = 1] OR [a:b = 1]) REPEATS 2001 TIMES", &apart, Ok(false));
    check("[a:b = 1] FOLLOWEDBY [a:b = 1] FOLLOWEDBY [a:b = 1] FOLLOWEDBY [a:b = 1]", &apart, Ok(true));
    check("([a:b = 1] FOLLOWEDBY [a:b = 1]) WITHIN 9 SECONDS", &apart, Ok(false));
    check("([a:b = 1] FOLLOWEDBY [a:b = 1]) REPEATS 5 TIMES WITHIN 90 SECONDS", &apart, Ok(true));
    check("([a:b = 1] FOLLOWEDBY [a:b = 1]) REPEATS 600 TIMES", &apart, Err("places for observations"));
    // As often as a number goes.
    let often: Observations = vec![(0, 0, u64::MAX, 1), (1, 0, u64::MAX, 2)];
    check("[a:b = 1] REPEATS 18446744073709551615 TIMES AND [a:b = 1] REPEATS 5 TIMES", &often, Ok(true));
    check("[a:b = 1] REPEATS 18446744073709551615 TIMES REPEATS 2 TIMES", &often, Ok(true));
}

#[test]
fn one_observation_is_moved_to_make_room_for_another() {
    // The first could be either, the second only the first test: the second test needs the first observation.
    let observations = vec![(0, 0, 1, 0b11), (1, 0, 1, 0b01)];
    check("[a:b = 1] AND [a:b = 1]", &observations, Ok(true));
    // A chain of such moves.
    let chain: Observations = (0..7u32).map(|at| (0, 0, 1, if at == 0 { 1 } else { 0b11 << (at - 1) })).collect();
    check(&["[a:b = 1]"; 7].join(" AND "), &chain, Ok(true));
    check(&["[a:b = 1]"; 8].join(" AND "), &chain, Ok(false));
}

#[test]
fn too_much_work_is_said() {
    // Each window has enough of both, and never in the right order for the last of the pairs.
    let mut observations: Observations = Vec::new();
    for at in 0..40 {
        observations.push((at * 100, 0, 1, 0b10));
        for more in 1..20 {
            observations.push((at * 100 + more, 0, 1, if more % 2 == 0 { 0b10 } else { 0b01 }));
        }
    }
    let pattern = "([a:b = 1] FOLLOWEDBY [a:b = 1]) REPEATS 10 TIMES WITHIN 30 SECONDS";
    check(pattern, &observations, Err("looks at observations"));
}
