//! The whole module through its public functions, and somebody else's judgement about it.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// One observation of one object each, five seconds apart, as many times as said.
fn observed(objects: &[(Value, u64)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (at, (object, count)) in objects.iter().enumerate() {
        let id = format!("x--{at}");
        let time = format!("2020-01-01T00:00:{:02}Z", at * 5);
        all.push(json!({
            "type": "observed-data", "id": format!("observed-data--{at}"), "object_refs": [id],
            "number_observed": count, "first_observed": time, "last_observed": time,
        }));
        let mut object = object.clone();
        object["id"] = id.into();
        all.push(object);
    }
    json!({"type": "bundle", "objects": all}).to_string().into_bytes()
}

fn one(object: Value) -> Vec<u8> {
    observed(&[(object, 1)])
}

/// `true`, `false`, or the beginning of what is wrong.
fn answer(pattern: &str, bytes: &[u8]) -> String {
    match matches(pattern, bytes) {
        Ok(found) => found.is_some().to_string(),
        Err(MatchError::Pattern(fault)) => format!("pattern {fault}"),
        Err(MatchError::Observed(fault)) => format!("observed {fault}"),
        Err(MatchError::Undecided(undecided)) => format!("undecided {undecided}"),
    }
}

fn check(pattern: &str, bytes: &[u8], expected: &str) {
    let answer = answer(pattern, bytes);
    assert!(answer.starts_with(expected), "{pattern}: {answer}, expected {expected}");
}

/// All cases of the reference matcher's own tests that are among the reference data.
#[test]
fn judges_as_the_reference_matcher() {
    let Some(data) = testkit::reference_data() else { return };
    let text = std::fs::read_to_string(data.join("intel/stix-pattern-cases.jsonl")).unwrap();
    let mut wrong = String::new();
    let mut count = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let pattern = case["pattern"].as_str().unwrap();
        let found = matches(pattern, case["observations"].to_string().as_bytes());
        let is_right = match (&found, case["match"].as_bool(), case["error"].as_str()) {
            (Ok(found), Some(expected), _) => found.is_some() == expected,
            (Err(MatchError::Pattern(_)), None, Some("ParseException")) => true,
            (Err(MatchError::Pattern(_) | MatchError::Undecided(_)), None, Some("MatcherException")) => true,
            _ => false,
        };
        count += 1;
        if !is_right {
            let _ = writeln!(wrong, "{pattern}: {found:?}, expected {} {}", case["match"], case["error"]);
        }
    }
    assert_eq!(wrong, "");
    assert!(count >= 232, "{count} cases");
}

#[test]
fn faults_say_where_and_what() {
    let bytes = one(json!({"type": "x"}));
    for (pattern, expected) in [
        ("", "1:1: expected `[` or `(`, found the end"),
        ("[a:b = 5", "1:9: expected AND, OR or `]`, found the end"),
        ("[a:b = 5]]", "1:10: expected AND, OR, FOLLOWEDBY, a qualifier or the end, found `]`"),
        ("[a:b-c = 5]", "1:4: expected a property; hint: one with a hyphen stands in quotes, found `b-c`"),
        ("[NOT a:b = 5]", "1:6: expected EXISTS; hint: NOT stands between property and operator, found `a`"),
        ("[a:b > true]", "1:8: true and false have no order"),
        ("[a:b LIKE 5]", "1:11: expected a text in quotes, found `5`"),
        ("[a:b IN (1, true)]", "1:13: the constants of a set are of one kind"),
        ("[a:b = 5] WITHIN 0.0 SECONDS", "1:18: a span is longer than nothing"),
        ("[a:b = 5] WITHIN -1 SECONDS", "1:18: expected a number of seconds"),
        ("[a:b = 5] REPEATS 0 TIMES", "1:19: a count is a whole number"),
        ("[a:b = 5] REPEATS 1.5 TIMES", "1:19: a count is a whole number"),
        ("[a:b = 5]\n  START '2020' STOP t'2020-01-01T00:00:00Z'", "2:9: expected a time, t'…', found `'2020'`"),
        ("[a:b MATCHES '(?=x)']", "1:14: cannot evaluate the regular expression: it has looking ahead"),
        ("[a:b = 5] and [a:b = 6]", "1:11: expected AND"),
        ("[a:b = null]", "1:8: expected a constant, found `null`"),
        ("[a:b.5 = 5]", "1:5: expected an operator"),
        ("[AND:b = 5]", "1:2: expected a property, `type:name`"),
        ("[a:b = 5] LAST", "1:11: expected AND"),
        ("[a:b = \u{7}]", "1:8: '\\u{7}' begins no word"),
    ] {
        check(pattern, &bytes, &format!("pattern pattern, {expected}"));
    }
    check("[a:b = 5]", b"[]", "observed neither");
    check("[a:b = 5]", b"{", "observed observed data is not JSON");
}

#[test]
fn limits_of_patterns_are_met() {
    let bytes = one(json!({"type": "a", "b": 5}));
    let nested = |depth: usize| format!("{}[a:b = 5]{}", "(".repeat(depth), ")".repeat(depth));
    check(&nested(model::limits::PATTERN_DEPTH_MAX), &bytes, "true");
    check(&nested(model::limits::PATTERN_DEPTH_MAX + 1), &bytes, "pattern pattern, 1:66: nested");
    check(&nested(100_000), &bytes, "pattern");
    let inner = |depth: usize| format!("[{}a:b = 5{}]", "(".repeat(depth), ")".repeat(depth));
    check(&inner(model::limits::PATTERN_DEPTH_MAX), &bytes, "true");
    check(&inner(model::limits::PATTERN_DEPTH_MAX + 1), &bytes, "pattern");
    let qualified = |count: usize| format!("[a:b = 5]{}", " WITHIN 5 SECONDS".repeat(count));
    check(&qualified(model::limits::PATTERN_DEPTH_MAX), &bytes, "true");
    check(&qualified(model::limits::PATTERN_DEPTH_MAX + 1), &bytes, "pattern");
    let long = |length: usize| format!("[a:b = 5]{}", " ".repeat(length - 9));
    check(&long(model::limits::PATTERN_BYTES_MAX), &bytes, "true");
    check(&long(model::limits::PATTERN_BYTES_MAX + 1), &bytes, "pattern pattern, 1:1: 1048577 bytes");
    let like = |length: usize| format!("[a:b LIKE '{}']", "a".repeat(length));
    check(&like(model::limits::PATTERN_EXPRESSION_TEXT_BYTES_MAX), &bytes, "false");
    check(&like(model::limits::PATTERN_EXPRESSION_TEXT_BYTES_MAX + 1), &bytes, "pattern pattern, 1:11: longer");
    let likes = |count: usize| format!("[{}]", vec!["a:b LIKE 'x'"; count].join(" OR "));
    check(&likes(model::limits::PATTERN_EXPRESSIONS_MAX), &bytes, "false");
    check(&likes(model::limits::PATTERN_EXPRESSIONS_MAX + 1), &bytes, "pattern");
    let wide = vec!["a:b = 5"; 50_000].join(" OR ");
    check(&format!("[{wide}]"), &bytes, "true");
    let wide = vec!["[a:b = 6]"; 50_000].join(" OR ");
    check(&wide, &bytes, "false");
    let wide = vec!["[a:b = 5]"; 2_000].join(" AND ");
    check(&wide, &bytes, "undecided cannot be evaluated: more than 1024 places");
}

#[test]
fn exists() {
    let bytes = one(json!({"type": "a", "b": null, "c_ref": "gone", "d_hex": "0", "e": []}));
    for (pattern, expected) in [
        ("[EXISTS a:b]", "true"),
        ("[NOT EXISTS a:b]", "false"),
        ("[EXISTS a:x]", "false"),
        ("[NOT EXISTS a:x]", "true"),
        ("[NOT EXISTS z:x]", "false"),
        ("[EXISTS a:c_ref]", "false"),
        ("[EXISTS a:d_hex]", "true"),
        ("[EXISTS a:e[*]]", "false"),
        ("[EXISTS a:b AND a:type = 'a']", "true"),
        ("[a:type = 'a' AND NOT EXISTS a:x]", "true"),
    ] {
        check(pattern, &bytes, expected);
    }
}

#[test]
fn addresses_of_both_families() {
    let bytes =
        one(json!({"type": "a", "v4": "192.0.2.7", "v6": "2001:db8::7", "range": "2001:db8::/40", "text": "x"}));
    for (pattern, expected) in [
        ("[a:v6 ISSUBSET '2001:db8::/32']", "true"),
        ("[a:v6 NOT ISSUBSET '2001:db8::/32']", "false"),
        ("[a:v6 ISSUBSET '10.0.0.0/8']", "false"),
        ("[a:range ISSUBSET '2001:db8::/32']", "true"),
        ("[a:range ISSUPERSET '2001:db8:1::/48']", "true"),
        ("[a:range ISSUPERSET '192.0.2.7']", "false"),
        ("[a:v4 ISSUBSET '192.0.2.7']", "undecided"),
        (
            "[a:text ISSUBSET '10.0.0.0/8']",
            "undecided cannot be evaluated: observed-data--0: a:text: its value is neither",
        ),
        ("[a:nothing ISSUBSET 'x']", "false"),
    ] {
        check(pattern, &bytes, expected);
    }
}

#[test]
fn kinds_of_values() {
    let bytes = one(json!({
        "type": "a", "yes": true, "big": u64::MAX, "one": 1, "text": "alice", "list": [1, "x", [2]], "map": {"k": 1},
        "p_bin": "YWxpY2U=", "p_hex": "616C696365", "bad_hex": "6", "bad_bin": "!", "n_hex": 5, "lines": "a\nb",
        "at": "2016-12-31T23:59:60Z",
    }));
    for (pattern, expected) in [
        ("[a:yes IN (1)]", "false"),
        ("[a:yes IN (true)]", "true"),
        ("[a:one IN (true, false)]", "false"),
        ("[a:one IN (1.0, 7)]", "true"),
        ("[a:big = 18446744073709551615]", "true"),
        ("[a:big < 18446744073709551616]", "true"),
        ("[a:text NOT > 5]", "false"),
        ("[a:text NOT <= 5]", "false"),
        ("[a:list = 1]", "false"),
        ("[a:list != 1]", "true"),
        ("[a:list[*] = 'x']", "true"),
        ("[a:list[*] != 1]", "true"),
        ("[a:list[1] = 'x']", "true"),
        ("[a:list[-1] = 'x']", "false"),
        ("[a:list[2][0] = 2]", "true"),
        ("[a:list[*][*] = 2]", "true"),
        ("[a:map.k = 1]", "true"),
        ("[a:map[*] = 1]", "false"),
        ("[a:'map'.'k' = 1]", "true"),
        ("[a:p_bin IN ('alice', 'bob')]", "true"),
        ("[a:text IN (h'616c696365')]", "true"),
        ("[a:p_hex = 'alice' AND a:p_bin = h'616c696365']", "true"),
        ("[a:bad_hex = 'x']", "undecided cannot be evaluated: observed-data--0: a:bad_hex: its value is not encoded"),
        ("[a:bad_bin != 'x']", "undecided"),
        ("[a:n_hex = 5]", "true"),
        ("[a:lines LIKE 'a%b']", "true"),
        ("[a:lines LIKE 'a_b']", "true"),
        ("[a:at = t'2017-01-01T00:00:00Z']", "true"),
        ("[a:at = t'2016-12-31T23:59:60Z']", "true"),
        ("[a:text = t'2017-01-01T00:00:00Z']", "undecided"),
        ("[a:text IN (t'2017-01-01T00:00:00Z')]", "undecided"),
        ("[a:one != t'2017-01-01T00:00:00Z']", "true"),
        ("[a:one NOT < t'2017-01-01T00:00:00Z']", "false"),
    ] {
        check(pattern, &bytes, expected);
    }
}

#[test]
fn what_cannot_be_compared_matters_where_the_answer_hangs_on_it() {
    let bytes = observed(&[(json!({"type": "a", "b": "x", "at": "never"}), 1), (json!({"type": "a", "b": "y"}), 1)]);
    for (pattern, expected) in [
        ("[a:at > t'2020-01-01T00:00:00Z']", "undecided"),
        ("[a:at > t'2020-01-01T00:00:00Z' OR a:b = 'x']", "true"),
        ("[a:at > t'2020-01-01T00:00:00Z' AND a:b = 'y']", "false"),
        ("[a:at > t'2020-01-01T00:00:00Z' AND a:b = 'x']", "undecided"),
        ("[a:at > t'2020-01-01T00:00:00Z'] OR [a:b = 'x']", "true"),
        ("[a:at > t'2020-01-01T00:00:00Z'] AND [a:b = 'x']", "false"),
        ("[a:at > t'2020-01-01T00:00:00Z'] AND [a:b = 'y']", "undecided"),
        ("[a:at > t'2020-01-01T00:00:00Z'] AND [a:b = 'z']", "false"),
    ] {
        check(pattern, &bytes, expected);
    }
    let found = matches("[a:at > t'2020-01-01T00:00:00Z'] OR [a:b = 'y']", &bytes).unwrap().unwrap();
    assert_eq!(found.observations, [Bound { place: 1, id: "observed-data--1".into() }]);
    assert_eq!(found.doubts.len(), 1);
    assert_eq!(found.doubts[0].observation, "observed-data--0");
}

#[test]
fn a_broken_observation_may_match_anything() {
    let text =
        String::from_utf8(observed(&[(json!({"type": "a", "b": 1}), 1), (json!({"type": "a", "b": 2}), 1)])).unwrap();
    let bytes = text.replacen("\"number_observed\":1", "\"number_observed\":0", 1).into_bytes();
    check("[a:b = 2]", &bytes, "true");
    check("[a:b = 1]", &bytes, "undecided cannot be evaluated: observed-data--0: times, number or objects");
    check("[a:b = 2] REPEATS 2 TIMES WITHIN 1 SECONDS", &bytes, "undecided");
    let reversed =
        text.replacen("\"last_observed\":\"2020-01-01T00:00:00Z\"", "\"last_observed\":\"2019-01-01T00:00:00Z\"", 1);
    let reversed = reversed.as_bytes();
    check("[a:b = 1] FOLLOWEDBY [a:b = 2]", reversed, "true");
    check("[a:b = 1] WITHIN 5 SECONDS", reversed, "undecided");
    check("[a:b = 2] WITHIN 5 SECONDS", reversed, "true");
}

#[test]
fn references() {
    let bundle = json!({"type": "bundle", "objects": [
        {"type": "observed-data", "id": "o", "number_observed": 1, "first_observed": "2020-01-01T00:00:00Z",
         "last_observed": "2020-01-01T00:00:00Z", "object_refs": ["a", "b", "i"]},
        {"type": "p", "id": "a", "name": "a", "to_ref": "b", "all_refs": ["gone", "b", "a"], "bad_ref": 5, "bad_refs": "b",
         "out_ref": "c"},
        {"type": "p", "id": "b", "name": "b", "to_ref": "a", "all_refs": ["a", "b"]},
        {"type": "p", "id": "c", "name": "c"},
        {"type": "identity", "id": "i", "name": "i"},
    ]});
    let bytes = bundle.to_string().into_bytes();
    for (pattern, expected) in [
        ("[p:to_ref.to_ref.name = 'b']", "true"),
        ("[p:to_ref = 'b']", "false"),
        ("[p:all_refs[1].name = 'b']", "true"),
        ("[p:all_refs[0].to_ref.name = 'x']", "false"),
        ("[p:name = 'a' AND p:all_refs[0].name = 'b']", "false"),
        ("[p:out_ref.name = 'c']", "false"),
        ("[p:name = 'c']", "false"),
        ("[p:bad_ref.name = 'b']", "undecided"),
        ("[p:bad_refs[*].name = 'b']", "undecided"),
        ("[identity:name = 'i']", "false"),
        ("[observed-data:number_observed = 1]", "false"),
    ] {
        check(pattern, &bytes, expected);
    }
    // In circles: as many objects as there are, not as many ways.
    let circle = format!("[p:{}name = 'x']", "all_refs[*].".repeat(200));
    check(&circle, &bytes, "false");
}

fn any_text() -> impl Strategy<Value = String> {
    "[a-c'\\\\%_ é\u{323}.]{0,5}"
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<i64>().prop_map(|number| Literal::Integer(number.into())),
        (-1e12..1e12f64).prop_map(Literal::Float),
        any_text().prop_map(Literal::Text),
        any::<bool>().prop_map(Literal::Bool),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Literal::Hex),
        prop::collection::vec(any::<u8>(), 1..4).prop_map(Literal::Binary),
        (0..250_000_000_000_000_000i64).prop_map(|at| Literal::Timestamp(model::Timestamp::from_micros(at))),
    ]
}

fn any_path() -> impl Strategy<Value = ObjectPath> {
    let step = prop_oneof![
        "[a-z_]{1,4}".prop_map(Step::Key),
        any_text().prop_map(Step::Key),
        Just(Step::Key("AND".into())),
        Just(Step::Each),
        (-2..5i64).prop_map(Step::Index),
    ];
    let first = "[a-z_-]{1,4}".prop_map(Step::Key);
    ("[a-z][a-z-]{3,5}", first, prop::collection::vec(step, 0..3))
        .prop_filter("no keyword", |(name, ..)| !matches!(name.as_str(), "true" | "false"))
        .prop_map(|(object_type, first, rest)| {
            let steps = std::iter::once(first).chain(rest).collect();
            ObjectPath { object_type, steps }
        })
}

fn any_test() -> impl Strategy<Value = Test> {
    let relation = prop_oneof![
        Just(Relation::Equal),
        Just(Relation::NotEqual),
        Just(Relation::Less),
        Just(Relation::LessOrEqual),
        Just(Relation::Greater),
        Just(Relation::GreaterOrEqual),
    ];
    let operation = prop_oneof![
        (relation, any_literal()).prop_map(|(relation, literal)| match literal {
            Literal::Bool(_) => Operation::Compare(Relation::Equal, literal),
            _ => Operation::Compare(relation, literal),
        }),
        prop::collection::vec(any_text().prop_map(Literal::Text), 0..3).prop_map(Operation::In),
        any_text().prop_map(Operation::Like),
        Just(Operation::Matches("a\\.b'".into())),
        any_text().prop_map(Operation::IsSubset),
        any_text().prop_map(Operation::IsSuperset),
        Just(Operation::Exists),
    ];
    (any_path(), any::<bool>(), operation).prop_map(|(path, negated, operation)| Test { path, negated, operation })
}

fn any_comparison() -> impl Strategy<Value = Comparison> {
    any_test().prop_map(Comparison::Test).prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Comparison::All),
            prop::collection::vec(inner, 2..4).prop_map(Comparison::Any),
        ]
    })
}

fn any_expression() -> impl Strategy<Value = Expression> {
    any_comparison().prop_map(Expression::Test).prop_recursive(3, 12, 3, |inner| {
        let qualifier = prop_oneof![
            (1..10_000_000_000u64).prop_map(Qualifier::Within),
            (1..u64::MAX).prop_map(Qualifier::Repeats),
            (0..250_000_000_000_000_000i64, 0..250_000_000_000_000_000i64).prop_map(|(start, stop)| {
                Qualifier::Between(model::Timestamp::from_micros(start), model::Timestamp::from_micros(stop))
            }),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Any),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Sequence),
            (inner, prop::collection::vec(qualifier, 1..3))
                .prop_map(|(inner, qualifiers)| Expression::Qualified(Box::new(inner), qualifiers)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(expression in any_expression()) {
        let text = expression.to_string();
        let pattern = Pattern::parse(&text).map_err(|fault| TestCaseError::fail(format!("{text}: {fault}")))?;
        prop_assert_eq!(pattern.expression(), &expression, "{}", text);
        prop_assert_eq!(pattern.to_string(), text);
    }

    #[test]
    fn no_text_makes_it_panic(text in r"[\[\]()abht':.,*=!<>0-9+\-/ \\_%]{0,40}", tail in ".{0,10}") {
        let _ = Pattern::parse(&text);
        let _ = Pattern::parse(&(text + &tail));
    }

    #[test]
    fn no_words_make_it_panic(words in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "(", ")", "a:b", "=", "'x'", "5", "NOT", "IN", "LIKE", "MATCHES", "AND", "OR", "FOLLOWEDBY", "EXISTS",
        "WITHIN", "SECONDS", "REPEATS", "TIMES", "START", "STOP", "t'2020-01-01T00:00:00Z'", "ISSUBSET", "[*]", ".c", ",",
    ]), 0..20)) {
        let bytes = one(json!({"type": "a", "b": "x"}));
        let _ = matches(&words.join(" "), &bytes);
    }
}
