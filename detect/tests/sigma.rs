//! What a rule author expects of conditions, modifiers, filters and correlations, one small rule at a time.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly; the lint knows only the test functions themselves")]

use std::sync::Arc;

use detect::sigma::{Correlator, Matcher, Placeholders, Router, RuleFile, RuleSet, Seen};
use model::{Detection, EventId, Fields, Format, Reason, Timestamp};

const ROUTING: &str = "[[route]]\nformat = \"json\"\nproduct = \"test\"\n";

struct Bench {
    rules: Arc<RuleSet>,
    matcher: Matcher,
    correlator: Correlator,
}

impl Bench {
    fn new(yaml: &str) -> Self {
        Bench::with(yaml, &Placeholders::new())
    }

    fn with(yaml: &str, placeholders: &Placeholders) -> Self {
        let bench = Bench::partly(yaml, placeholders);
        assert_eq!(bench.correlator.errors, [], "{yaml}");
        bench
    }

    /// Correlations may fail to load.
    fn partly(yaml: &str, placeholders: &Placeholders) -> Self {
        let rules = Arc::new(RuleSet::load([RuleFile { path: "test.yml", text: yaml }], placeholders));
        assert_eq!(rules.errors, [], "{yaml}");
        let router = Arc::new(Router::with_table(ROUTING).unwrap());
        let correlator = Correlator::new(Arc::clone(&rules));
        Bench { matcher: Matcher::new(Arc::clone(&rules), router), correlator, rules }
    }

    /// Titles of what is found in an event at that second.
    fn at(&mut self, second: i64, event: &str) -> Vec<String> {
        self.found(second, event).into_iter().map(|detection| detection.analytic.title.clone()).collect()
    }

    fn found(&mut self, second: i64, event: &str) -> Vec<Detection> {
        let fields: Fields<'_> = formats::fields(Format::Json, event.as_bytes()).unwrap();
        let mut matched = Vec::new();
        self.matcher.matches(&fields, &mut matched);
        let time = Timestamp::from_millis(second * 1000);
        let seen = Seen { event: EventId::from_bytes([second as u8; 16]), time, subject: Some("host") };
        let mut found = Vec::new();
        self.matcher.explain(&matched, &fields, &seen, &mut found);
        self.correlator.observe(&matched, &fields, &seen, &mut found);
        found
    }
}

fn rule(detection: &str) -> String {
    let indented: String = detection.lines().map(|line| format!("    {line}\n")).collect();
    format!("title: hit\nlogsource:\n    product: test\ndetection:\n{indented}")
}

/// `expected` says for each event whether the rule matches it.
fn check(detection: &str, events: &[(&str, bool)]) {
    let mut bench = Bench::new(&rule(detection));
    for (event, expected) in events {
        let found = !bench.at(0, event).is_empty();
        assert_eq!(found, *expected, "{detection}\non {event}");
    }
}

#[test]
fn conditions() {
    check(
        "sel:\n  a: 1\ncondition: sel",
        &[(r#"{"a":1}"#, true), (r#"{"a":"1"}"#, true), (r#"{"a":2}"#, false), ("{}", false)],
    );
    check("x:\n  a: 1\ny:\n  b: 2\ncondition: x and not y", &[(r#"{"a":1}"#, true), (r#"{"a":1,"b":2}"#, false)]);
    check("x:\n  a: 1\ny:\n  b: 2\ncondition: x or y", &[(r#"{"b":2}"#, true), (r#"{"c":2}"#, false)]);
    check(
        "s_1:\n  a: 1\ns_2:\n  b: 2\nother:\n  c: 3\ncondition: 1 of s_* and other",
        &[(r#"{"a":1,"c":3}"#, true), (r#"{"c":3}"#, false), (r#"{"a":1,"b":2}"#, false)],
    );
    check("s_1:\n  a: 1\ns_2:\n  b: 2\ncondition: all of s_*", &[(r#"{"a":1,"b":2}"#, true), (r#"{"a":1}"#, false)]);
    check("x:\n  a: 1\ny:\n  b: 2\ncondition: 1 of them", &[(r#"{"b":2}"#, true), ("{}", false)]);
    check(
        "x:\n  a: 1\ny:\n  b: 2\nz:\n  c: 3\ncondition: 2 of them",
        &[(r#"{"a":1,"c":3}"#, true), (r#"{"c":3}"#, false)],
    );
    check("x:\n  a: 1\ny:\n  b: 2\ncondition: not (x or y)", &[("{}", true), (r#"{"a":1}"#, false)]);
    check("x:\n  - a: 1\n  - b: 2\ncondition: x", &[(r#"{"b":2}"#, true), (r#"{"a":2}"#, false)]);
    check("x:\n  a: [1, 2]\ncondition: x", &[(r#"{"a":2}"#, true), (r#"{"a":3}"#, false)]);
}

#[test]
fn values() {
    check("x:\n  a: null\ncondition: x", &[("{}", true), (r#"{"a":null}"#, true), (r#"{"a":""}"#, false)]);
    check("x:\n  a: ''\ncondition: x", &[(r#"{"a":""}"#, true), ("{}", false), (r#"{"a":null}"#, false)]);
    check("x:\n  a|exists: true\ncondition: x", &[(r#"{"a":0}"#, true), ("{}", false), (r#"{"a":null}"#, false)]);
    check("x:\n  a|exists: false\ncondition: x", &[("{}", true), (r#"{"a":0}"#, false)]);
    check(
        "x:\n  a: true\ncondition: x",
        &[(r#"{"a":true}"#, true), (r#"{"a":"True"}"#, true), (r#"{"a":false}"#, false)],
    );
    check("x:\n  a: 1.5\ncondition: x", &[(r#"{"a":1.50}"#, true), (r#"{"a":"1.5"}"#, true), (r#"{"a":1}"#, false)]);
    check("x:\n  a: 42\ncondition: x", &[(r#"{"a":42.0}"#, true), (r#"{"a":"42"}"#, true), (r#"{"a":"42x"}"#, false)]);
    check("x:\n  a: '42'\ncondition: x", &[(r#"{"a":42}"#, true), (r#"{"a":"42"}"#, true)]);
    check("x:\n  a: b\ncondition: x", &[(r#"{"a":["c","B"]}"#, true), (r#"{"a":["c"]}"#, false)]);
    check(
        "x:\n  a.b: c\ncondition: x",
        &[(r#"{"a":{"b":"c"}}"#, true), (r#"{"a.b":"c"}"#, true), (r#"{"a":"c"}"#, false)],
    );
    check("x:\n  a.b: c\ncondition: x", &[(r#"{"a":[{"b":"x"},{"b":"c"}]}"#, true)]);
    check("x:\n  a: 'Ärger*'\ncondition: x", &[(r#"{"a":"ÄRGER!"}"#, true), (r#"{"a":"\u00e4rger"}"#, true)]);
}

#[test]
fn modifiers() {
    check("x:\n  a|contains|all: [one, two]\ncondition: x", &[(r#"{"a":"two one"}"#, true), (r#"{"a":"one"}"#, false)]);
    check("x:\n  a|neq: b\ncondition: x", &[(r#"{"a":"c"}"#, true), (r#"{"a":"b"}"#, false), ("{}", false)]);
    check("x:\n  a|gte: 5\n  b|lt: 3\ncondition: x", &[(r#"{"a":5,"b":2.9}"#, true), (r#"{"a":"6","b":3}"#, false)]);
    check("x:\n  a|cidr: 10.0.0.0/8\ncondition: x", &[(r#"{"a":"10.9.9.9"}"#, true), (r#"{"a":"11.0.0.1"}"#, false)]);
    check("x:\n  a|fieldref: b\ncondition: x", &[(r#"{"a":"X","b":"x"}"#, true), (r#"{"a":"x","b":"y"}"#, false)]);
    check(
        "x:\n  a|fieldref|endswith: b\ncondition: x",
        &[(r#"{"a":"c:\\x","b":"\\X"}"#, true), (r#"{"a":"x","b":"y"}"#, false)],
    );
    check("x:\n  a|re: '^ab+c$'\ncondition: x", &[(r#"{"a":"abbc"}"#, true), (r#"{"a":"ABC"}"#, false)]);
    check(
        "x:\n  t|hour: 3\ncondition: x",
        &[(r#"{"t":"2026-01-01T03:59:00Z"}"#, true), (r#"{"t":"2026-01-01T04:00:00Z"}"#, false)],
    );
    check("x:\n  a|contains|cased: Ab\ncondition: x", &[(r#"{"a":"xAbx"}"#, true), (r#"{"a":"xabx"}"#, false)]);
    check(
        "x:\n  a|expand: '%b%.exe'\ncondition: x",
        &[(r#"{"a":"Run.EXE","b":"run"}"#, true), (r#"{"a":"run.exe"}"#, false)],
    );
    check("x:\n  a|contains: e\ncondition: x", &[(r#"{"a":"be"}"#, true), (r#"{"a":"bo"}"#, false)]);
    check("x:\n  a|contains: exe\ncondition: x", &[(r#"{"a":"b.exe"}"#, true), (r#"{"a":"bo"}"#, false)]);
    check(
        "x:\n  a|startswith: 'C:\\Win'\ncondition: x",
        &[(r#"{"a":"c:\\WINdows"}"#, true), (r#"{"a":"d:\\win"}"#, false)],
    );
}

#[test]
fn keywords_look_everywhere() {
    let words = "keywords:\n  - mimikatz\n  - 'sekur*lsa'\ncondition: keywords";
    check(
        words,
        &[
            (r#"{"x":{"y":"C:\\MimiKatz.exe"}}"#, true),
            (r#"{"x":["a","sekur::lsa"]}"#, true),
            (r#"{"mimikatz":"x"}"#, false),
        ],
    );
    check(words, &[(r#"{"x":"mimi\u006batz"}"#, true), (r#"{"x":"mimi katz"}"#, false)]);
    check(
        "keywords:\n  '|all':\n    - one\n    - two\ncondition: keywords",
        &[(r#"{"x":"one","y":"two"}"#, true), (r#"{"x":"one"}"#, false)],
    );
    check(
        "keywords:\n  - 4624\ncondition: keywords",
        &[(r#"{"x":4624}"#, true), (r#"{"x":"a 4624 b"}"#, true), (r#"{"x":46}"#, false)],
    );
}

#[test]
fn placeholders_come_from_lists() {
    let placeholders = Placeholders::from([("Admins".to_owned(), vec!["root".to_owned(), "adm*".to_owned()])]);
    let mut bench = Bench::with(&rule("x:\n  user|expand: '%Admins%'\ncondition: x"), &placeholders);
    assert_eq!(bench.at(0, r#"{"user":"Administrator"}"#), ["hit"]);
    assert_eq!(bench.at(0, r#"{"user":"joe"}"#), Vec::<String>::new());
}

#[test]
fn every_match_says_why() {
    let mut bench = Bench::new(&rule("sel:\n  a|endswith: '.exe'\nflt:\n  b: ok\ncondition: sel and not flt"));
    let found = bench.found(0, r#"{"a":"C:\\Evil.EXE"}"#);
    let texts: Vec<String> = found[0].because.iter().map(Reason::to_string).collect();
    assert_eq!(
        texts,
        [
            "condition: sel and not flt",
            r#"sel: a endswith ".exe" (was "C:\\Evil.EXE")"#,
            "flt: did not match, as required",
        ]
    );
    assert_eq!(found[0].subject.as_deref(), Some("host"));
}

#[test]
fn a_broken_rule_stops_no_other() {
    let good = rule("x:\n  a: 1\ncondition: x");
    let files = [
        RuleFile { path: "good.yml", text: &good },
        RuleFile { path: "yaml.yml", text: "title: [" },
        RuleFile { path: "condition.yml", text: &rule("x:\n  a: 1\ncondition: y") },
        RuleFile { path: "regex.yml", text: &rule("x:\n  a|re: '('\ncondition: x") },
        RuleFile { path: "source.yml", text: "title: t\nlogsource: {}\ndetection:\n  x: {a: 1}\n  condition: x\n" },
    ];
    let rules = RuleSet::load(files, &Placeholders::new());
    assert_eq!(rules.len(), 1);
    let paths: Vec<&str> = rules.errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(paths, ["yaml.yml", "condition.yml", "regex.yml", "source.yml"]);
    assert!(rules.errors[1].reason.contains('y'), "{:?}", rules.errors[1]);
    assert!(rules.errors[2].reason.contains("regular expression"), "{:?}", rules.errors[2]);
}

#[test]
fn filters_are_added_to_the_rules_that_they_name() {
    let yaml = format!(
        "{}id: 5f1a2c9e-0000-4000-8000-000000000001\n---\ntitle: no tests\nlogsource:\n  product: test\nfilter:\n  rules:\n    - 5f1a2c9e-0000-4000-8000-000000000001\n  selection:\n    host|startswith: TEST-\n  condition: not selection\n",
        rule("x:\n  a: 1\ncondition: x")
    );
    let mut bench = Bench::new(&yaml);
    assert_eq!(bench.at(0, r#"{"a":1,"host":"prod"}"#), ["hit"]);
    assert_eq!(bench.at(0, r#"{"a":1,"host":"test-7"}"#), Vec::<String>::new());
}

fn correlated(correlation: &str) -> Bench {
    Bench::new(&correlation_rules(correlation))
}

/// Two rules and a correlation of them.
fn correlation_rules(correlation: &str) -> String {
    let base = |name: &str, value: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource:\n  product: test\ndetection:\n  x:\n    kind: {value}\n  condition: x\n---\n"
        )
    };
    let indented: String = correlation.lines().map(|line| format!("  {line}\n")).collect();
    format!("{}{}title: both\ncorrelation:\n{indented}level: high\n", base("one", "a"), base("two", "b"))
}

#[test]
fn event_count_by_group() {
    let mut bench =
        correlated("type: event_count\nrules: [one]\ngroup-by: [user]\ntimespan: 10s\ncondition:\n  gte: 3");
    let fail = |user: &str| format!(r#"{{"kind":"a","user":"{user}"}}"#);
    assert!(bench.at(0, &fail("joe")).is_empty());
    assert!(bench.at(1, &fail("ann")).is_empty());
    assert!(bench.at(2, &fail("joe")).is_empty());
    let found = bench.found(3, &fail("joe"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].because[0].to_string(), r#"3 events ≥ 3 within 10s, user = "joe""#);
    assert_eq!(found[0].events.len(), 3);
    assert!(bench.at(4, &fail("joe")).is_empty(), "one finding for one burst");
    assert!(bench.at(60, &fail("joe")).is_empty(), "the window has passed");
}

#[test]
fn value_count_counts_what_differs() {
    let mut bench = correlated(
        "type: value_count\nrules: [one]\ngroup-by: [src]\ntimespan: 60s\ncondition:\n  field: user\n  gte: 3",
    );
    let attempt = |user: &str| format!(r#"{{"kind":"a","src":"10.0.0.1","user":"{user}"}}"#);
    for (second, user) in ["joe", "joe", "ann", "joe"].into_iter().enumerate() {
        assert!(bench.at(second as i64, &attempt(user)).is_empty());
    }
    assert_eq!(bench.at(5, &attempt("eve")), ["both"]);
    assert!(bench.at(100, r#"{"kind":"a","src":"10.0.0.1"}"#).is_empty(), "an event without the field does not count");
}

#[test]
fn temporal_in_any_order_and_in_order() {
    let (a, b) = (r#"{"kind":"a","h":1}"#, r#"{"kind":"b","h":1}"#);
    let mut any = correlated("type: temporal\nrules: [one, two]\ngroup-by: [h]\ntimespan: 10s");
    assert!(any.at(0, b).is_empty());
    assert_eq!(any.at(5, a), ["both"]);
    let mut ordered = correlated("type: temporal_ordered\nrules: [one, two]\ngroup-by: [h]\ntimespan: 10s");
    assert!(ordered.at(0, b).is_empty());
    assert!(ordered.at(5, a).is_empty());
    assert_eq!(ordered.at(6, b), ["both"]);
    assert!(ordered.at(40, b).is_empty());
}

#[test]
fn metrics() {
    let sent = |bytes: &str| format!(r#"{{"kind":"a","bytes":{bytes}}}"#);
    let mut sum = correlated("type: value_sum\nrules: [one]\ntimespan: 10s\ncondition:\n  field: bytes\n  gt: 100");
    assert!(sum.at(0, &sent("60")).is_empty());
    assert_eq!(sum.at(1, &sent("60")), ["both"]);
    let mut average = correlated("type: value_avg\nrules: [one]\ntimespan: 10s\ncondition:\n  field: bytes\n  gte: 50");
    assert!(average.at(0, &sent("10")).is_empty());
    assert_eq!(average.at(1, &sent("90")), ["both"]);
    let mut median =
        correlated("type: value_median\nrules: [one]\ntimespan: 10s\ncondition:\n  field: bytes\n  gte: 50");
    assert!(median.at(0, &sent("1")).is_empty());
    assert!(median.at(1, &sent("1")).is_empty());
    assert!(median.at(2, &sent("1000")).is_empty());
}

#[test]
fn feeders_are_quiet_unless_asked() {
    let mut quiet = correlated("type: event_count\nrules: [one]\ntimespan: 10s\ncondition:\n  gte: 9");
    assert!(quiet.at(0, r#"{"kind":"a"}"#).is_empty());
    assert_eq!(quiet.at(0, r#"{"kind":"b"}"#), ["two"]);
    let mut loud = correlated("type: event_count\nrules: [one]\ntimespan: 10s\ncondition:\n  gte: 9\ngenerate: true");
    assert_eq!(loud.at(0, r#"{"kind":"a"}"#), ["one"]);
}

#[test]
fn a_correlation_that_does_not_load_quiets_nobody() {
    // It also names a rule that is not there, so nothing would ever be said about the one that is.
    let rules = correlation_rules("type: event_count\nrules: [one, nobody]\ntimespan: 10s\ncondition:\n  gte: 9");
    let mut broken = Bench::partly(&rules, &Placeholders::new());
    assert_eq!(broken.correlator.errors.len(), 1);
    assert_eq!(broken.at(0, r#"{"kind":"a"}"#), ["one"]);
}

#[test]
fn a_snapshot_goes_on_where_it_stood() {
    let correlation = "type: event_count\nrules: [one]\ntimespan: 10s\ncondition:\n  gte: 2";
    let mut before = correlated(correlation);
    assert!(before.at(0, r#"{"kind":"a"}"#).is_empty());
    let state = serde_json::to_string(&before.correlator.snapshot()).unwrap();
    let mut after = correlated(correlation);
    after.correlator.restore(serde_json::from_str(&state).unwrap());
    assert_eq!(after.at(1, r#"{"kind":"a"}"#), ["both"]);
    assert_eq!(after.rules.correlations(), 1);
}

#[test]
fn a_correlation_that_names_nobody_is_reported() {
    let yaml =
        "title: lost\ncorrelation:\n  type: event_count\n  rules: [nobody]\n  timespan: 5m\n  condition:\n    gte: 2\n";
    let rules = Arc::new(RuleSet::load([RuleFile { path: "c.yml", text: yaml }], &Placeholders::new()));
    let correlator = Correlator::new(rules);
    assert!(correlator.errors[0].reason.contains("nobody"), "{:?}", correlator.errors);
    assert!(correlator.is_empty());
}
