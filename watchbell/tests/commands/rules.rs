//! `watchbell rules test` as the author of a rule repository runs it.

use serde_json::Value;

use super::{file, text, watchbell};

const ID: &str = "7f1c7a52-9d0b-4d4e-8f5b-0d1f4c1f7a11";

fn rule() -> String {
    format!(
        "title: resolver asked for evil\nid: {ID}\nstatus: test\ndescription: x\nauthor: x\ndate: 2026-01-01\nlogsource:\n  \
         product: zeek\n  service: dns\ndetection:\n  sel:\n    query: evil.example\n  condition: sel\nlevel: low\n"
    )
}

fn case(id: &str, queries: &[&str], wanted: u64) -> String {
    let event = |query: &&str| format!(r#"{{"_path":"dns","ts":1.0,"query":"{query}"}}"#);
    let events: Vec<String> = queries.iter().map(event).collect();
    format!("{{\"rule_id\":\"{id}\",\"events_raw\":[{}],\"expected_matches\":{wanted}}}\n", events.join(","))
}

#[test]
fn examples_that_hold() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "rule.yml", &rule());
    let cases = file(folder.path(), "cases.jsonl", &(case(ID, &["evil.example"], 1) + &case(ID, &["ok.example"], 0)));
    let output = watchbell(&["rules", "test", folder.path().to_str().unwrap(), "--cases", &cases, "--strict"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    insta::assert_snapshot!(text(&output.stdout), @r"
    passed    resolver asked for evil (7f1c7a52-9d0b-4d4e-8f5b-0d1f4c1f7a11), 2 examples
    1 rule and 0 correlations loaded, 0 broken; 1 passed, 0 failed, 0 without an example
    0 remarks, 0 of them of level warning or above
    examples: 2 passed, 0 failed
    ");
}

#[test]
fn examples_that_fail_say_why() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "rule.yml", &rule());
    let other = format!("{{\"rule_id\":\"{ID}\",\"events_raw\":[{{\"_path\":\"http\",\"ts\":1.0,\"host\":\"x\"}}]}}\n");
    let cases = case(ID, &["ok.example"], 1) + &other + &case("no-such-rule", &["x"], 1);
    let cases = file(folder.path(), "cases.jsonl", &cases);
    let place = folder.path().to_str().unwrap();
    let output = watchbell(&["rules", "test", place, "--cases", &cases]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout).replace(place, "DIR");
    assert!(
        shown.contains(
            "DIR/cases.jsonl:1: 0 of 1 event matched, 1 should; the log source fits, the conditions do not hold"
        ),
        "{shown}"
    );
    assert!(shown.contains("cases.jsonl:2: 0 of 1 event matched, at least 1 should; the rule is for"), "{shown}");
    assert!(shown.contains("failed    no-such-rule\n            DIR/cases.jsonl:3: no such rule is loaded"), "{shown}");
    assert!(shown.ends_with("examples: 0 passed, 3 failed\n"), "{shown}");
}

#[test]
fn what_is_broken_or_doubtful_is_told() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "a.yml", &rule());
    file(folder.path(), "b.yml", &rule());
    file(
        folder.path(),
        "c.yml",
        &rule()
            .replace(&format!("id: {ID}\n"), "tags:\n  - attack.t12\n")
            .replace("  condition: sel", "  other:\n    query: x\n  condition: sel"),
    );
    let missing = "title: many\nlevel: low\ncorrelation:\n  type: event_count\n  rules: [nothing]\n  group-by: [query]\n  \
                   timespan: 1m\n  condition:\n    gte: 3\n";
    file(folder.path(), "d.yml", missing);
    let place = folder.path().to_str().unwrap();
    let output = watchbell(&["rules", "test", place, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    let broken: Vec<&str> = of("broken").iter().filter_map(|line| line["reason"].as_str()).collect();
    assert!(broken.iter().any(|reason| reason.contains("its id stands in")), "{broken:?}");
    assert!(broken.iter().any(|reason| reason.contains("no rule has that id")), "{broken:?}");
    let about: Vec<&str> = of("remark").iter().filter_map(|line| line["about"].as_str()).collect();
    for expected in ["duplicate_id", "missing_id", "unknown_attack_tag", "unreachable_selection"] {
        assert!(about.contains(&expected), "{expected}: {about:?}");
    }
    assert!(of("rule").iter().all(|line| line["outcome"] == "untested"));
    let output = watchbell(&["rules", "test", folder.path().join("c.yml").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "remarks alone are advice");
    let output = watchbell(&["rules", "test", folder.path().join("c.yml").to_str().unwrap(), "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    let output = watchbell(&["rules", "test", tempfile::tempdir().unwrap().path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "a folder without rules is no success");
}

/// SigmaHQ's layout: rules and descriptions of examples in folders beside each other, paths from the repository's root.
#[test]
fn a_rule_names_its_examples() {
    let repository = tempfile::tempdir().unwrap();
    let rules = repository.path().join("rules");
    let data = repository.path().join("regression_data/rules/x");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::create_dir_all(&data).unwrap();
    file(&rules, "x.yml", &format!("{}regression_tests_path: regression_data/rules/x/info.yml\n", rule()));
    let info = |count: u64| {
        format!(
            "id: c3ef9381-f163-4c54-b7d5-bc7d0144773e\nrule_metadata:\n    - id: {ID}\n      title: x\nregression_tests_info:\n    \
             - name: Positive Detection Test\n      type: json\n      provider: x\n      match_count: {count}\n      \
             path: regression_data/rules/x/{ID}.json\n"
        )
    };
    file(&data, &format!("{ID}.json"), "{\n  \"_path\": \"dns\",\n  \"ts\": 1.0,\n  \"query\": \"evil.example\"\n}\n");
    file(&data, "info.yml", &info(1));
    let run = |place: &std::path::Path| watchbell(&["rules", "test", place.to_str().unwrap()]);
    for place in [rules.as_path(), repository.path()] {
        let output = run(place);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        assert!(text(&output.stdout).ends_with("examples: 1 passed, 0 failed\n"), "{}", text(&output.stdout));
    }
    file(&data, "info.yml", &info(2));
    let output = run(&rules);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("(Positive Detection Test): 1 of 1 event matched, at least 2 should"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn correlations_have_examples_too() {
    let folder = tempfile::tempdir().unwrap();
    let many = "title: many\nid: 8f1c7a52-9d0b-4d4e-8f5b-0d1f4c1f7a12\nlevel: low\ncorrelation:\n  type: event_count\n  rules:\n    - \
                7f1c7a52-9d0b-4d4e-8f5b-0d1f4c1f7a11\n  group-by:\n    - query\n  timespan: 1m\n  condition:\n    gte: 3\n";
    file(folder.path(), "rules.yml", &format!("{}---\n{many}", rule()));
    let id = "8f1c7a52-9d0b-4d4e-8f5b-0d1f4c1f7a12";
    let cases = case(id, &["evil.example"; 3], 1) + &case(id, &["evil.example"; 2], 0);
    let cases = file(folder.path(), "cases.jsonl", &cases);
    let output = watchbell(&["rules", "test", folder.path().to_str().unwrap(), "--cases", &cases]);
    assert!(text(&output.stdout).ends_with("examples: 2 passed, 0 failed\n"), "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}
