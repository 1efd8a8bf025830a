//! The same answers as one pattern after the other.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn observed(objects: &[Value], broken: Option<usize>) -> Observed {
    let mut all = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let ids: Vec<String> = (0..2).map(|one| format!("x--{}", (at + one) % objects.len())).collect();
        let number = u64::from(broken != Some(at));
        all.push(json!({
            "type": "observed-data", "id": format!("o--{at}"), "object_refs": ids, "number_observed": number,
            "first_observed": format!("2020-01-01T00:00:0{at}Z"), "last_observed": format!("2020-01-01T00:00:0{at}Z"),
        }));
        let mut object = object.clone();
        object["id"] = format!("x--{at}").into();
        all.push(object);
    }
    Observed::read(json!({"type": "bundle", "objects": all}).to_string().as_bytes()).unwrap()
}

fn any_object() -> impl Strategy<Value = Value> {
    let value = prop::sample::select(vec![
        json!("x"),
        json!("y"),
        json!(1),
        json!(1.0),
        json!(2.5),
        json!(true),
        json!(null),
        json!("é"),
        json!(["x", 1]),
        json!("2020-01-01T00:00:00Z"),
        json!("78"),
    ]);
    (prop::sample::select(vec!["a", "b", "identity"]), value.clone(), value.clone(), value).prop_map(
        |(object_type, v, other, hex)| {
            json!({"type": object_type, "v": v, "w": other, "k_hex": hex, "to_ref": "x--0", "all_refs": ["x--0", "x--1"]})
        },
    )
}

fn any_test() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a:v = 'x'",
        "a:v = 1",
        "a:v = 2.5",
        "a:v = true",
        "a:v = h'78'",
        "a:v IN ('x', 'y')",
        "a:v IN (1, 2.5)",
        "a:v IN ()",
        "a:v != 'x'",
        "a:v NOT != 'y'",
        "a:v NOT IN ('x')",
        "b:v = 'x'",
        "b:w = 1.0",
        "b:w LIKE '%'",
        "a:v[*] = 'x'",
        "a:k_hex = 'x'",
        "a:k_hex = h'78'",
        "a:k_hex > 'a'",
        "a:to_ref.v = 'x'",
        "a:all_refs[*].v = 'y'",
        "a:v = t'2020-01-01T00:00:00Z'",
        "a:v > t'2020-01-01T00:00:00Z'",
        "identity:v = 'x'",
        "EXISTS b:v",
        "NOT EXISTS a:q",
        "a:v ISSUBSET '10.0.0.0/8'",
        "a:v = 'é'",
        "a:v MATCHES '^x'",
    ])
    .prop_map(str::to_owned)
}

fn any_pattern() -> impl Strategy<Value = String> {
    let comparison = any_test().prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), prop::sample::select(vec!["AND", "OR"]), inner)
            .prop_map(|(left, operator, right)| format!("({left} {operator} {right})"))
    });
    comparison.prop_map(|comparison| format!("[{comparison}]")).prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["AND", "OR", "FOLLOWEDBY"]), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            inner.clone().prop_map(|inner| format!("({inner} REPEATS 2 TIMES)")),
            inner.prop_map(|inner| format!("({inner} WITHIN 1 SECONDS)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn answers_are_those_of_one_after_the_other(
        texts in prop::collection::vec(any_pattern(), 0..12),
        objects in prop::collection::vec(any_object(), 1..4),
        broken in prop::option::weighted(0.1, 0..4usize),
    ) {
        let observed = observed(&objects, broken);
        let read = || texts.iter().map(|text| Pattern::parse(text).unwrap()).collect::<Vec<_>>();
        let set = PatternSet::new(read()).unwrap();
        let mut expected = Vec::new();
        for (pattern, one) in read().iter().enumerate() {
            match one.judge(&observed) {
                Ok(None) => {}
                Ok(Some(found)) => expected.push(Verdict { pattern, outcome: Ok(found) }),
                Err(undecided) => expected.push(Verdict { pattern, outcome: Err(undecided) }),
            }
        }
        prop_assert_eq!(set.judge(&observed), expected, "{:?} {:?}", texts, objects);
    }
}

#[test]
fn what_is_looked_up_and_what_is_asked() {
    let of = |text: &str| PatternSet::new(vec![Pattern::parse(text).unwrap()]).unwrap().looked_up();
    for (text, expected) in [
        ("[a:v = 'x']", 1),
        ("[a:v = 'x' AND a:w LIKE '%']", 1),
        ("[a:v = 'x' OR a:w LIKE '%']", 0),
        ("[a:v = 'x'] OR [a:w IN (1, 2)]", 1),
        ("[a:v != 'x']", 0),
        ("[a:v = t'2020-01-01T00:00:00Z']", 0),
        ("[a:v LIKE '%'] AND [a:v = 'x']", 1),
        ("[a:v LIKE '%'] FOLLOWEDBY ([a:v = 'x'] OR [a:v = 'y']) REPEATS 2 TIMES", 1),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn a_set_takes_so_many_expressions() {
    let of = |count: usize| {
        let likes = vec!["a:b LIKE 'x'"; 250].join(" OR ");
        PatternSet::new((0..count).map(|_| Pattern::parse(&format!("[{likes}]")).unwrap()).collect())
    };
    assert!(of(limits::PATTERN_SET_EXPRESSIONS_MAX / 250).is_ok());
    let error = of(limits::PATTERN_SET_EXPRESSIONS_MAX / 250 + 1).unwrap_err();
    assert_eq!((error.count, error.most), (100_250, 100_000));
}
