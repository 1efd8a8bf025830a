//! `watchbell validate` as a user runs it.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{file, text, watchbell};

const GOOD: &str =
    "title: x\nlogsource:\n    product: windows\ndetection:\n    sel:\n        A: b\n    condition: sel\n";

#[test]
fn a_person_reads_verdicts_reasons_and_a_count() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "a.yml", GOOD);
    file(folder.path(), "b.yml", &format!("{}level: High\n", GOOD.replace("condition: sel", "condition: cell")));
    file(folder.path(), "c.txt", "no rule");
    let output = watchbell(&["validate", "sigma", folder.path().to_str().unwrap(), "/nowhere/x.yml"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout).replace(folder.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(shown, @r#"
    invalid  /nowhere/x.yml
             no such file or folder
    valid    DIR/a.yml
    invalid  DIR/b.yml
             line 8, level: "High" is no level
               hint: one of informational, low, medium, high, critical
    3 files: 1 valid, 2 invalid
    "#);
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_program_reads_a_line_for_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good.yml", GOOD);
    let bad = file(folder.path(), "bad.yml", &GOOD.replace("condition: sel", "condition: cell"));
    let output = watchbell(&["validate", "sigma", "--json", &good, &bad]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], serde_json::json!({"file": good, "valid": true, "reason": null}));
    assert_eq!((&lines[1]["file"], &lines[1]["valid"]), (&Value::from(bad), &Value::from(false)));
    assert!(lines[1]["reason"].as_str().unwrap().starts_with("line 7, detection.condition: "), "{}", lines[1]);
    assert_eq!(lines.len(), 2);
    let output = watchbell(&["validate", "sigma", "--json", &good]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn many_valid_files_are_only_counted() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..30 {
        file(folder.path(), &format!("{number}.yml"), GOOD);
    }
    let place = folder.path().to_str().unwrap();
    let output = watchbell(&["validate", "sigma", place]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "30 files: 30 valid, 0 invalid\n"));
    let output = watchbell(&["validate", "sigma", place, "--all"]);
    assert_eq!(text(&output.stdout).lines().count(), 31);
}

#[test]
fn standard_input_is_a_file_called_dash() {
    let run = |input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_watchbell"))
            .args(["validate", "indicators", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = run("evil.example\tbad\n");
    assert_eq!(text(&output.stdout), "valid    -\n1 file: 1 valid, 0 invalid\n");
    let output = run("evil.example\tbad\nnonsense here\tbad\n");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(text(&output.stdout), @r#"
    invalid  -
             line 2: "nonsense here" is no address, range, domain, URL, path, hash or e-mail address
               hint: a line is value<TAB>label or value<TAB>label<TAB>confidence
    1 file: 0 valid, 1 invalid
    "#);
}

#[test]
fn mistakes_of_the_user_are_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let rule = file(folder.path(), "x.yml", GOOD);
    let place = folder.path().to_str().unwrap();
    let check = |arguments: &[&str], expected: &str| {
        let output = watchbell(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let words = text(&output.stderr);
        assert!(words.contains(expected), "{words}");
        assert_eq!(text(&output.stdout), "");
    };
    check(&["validate", "yara", &rule], "sigma, ocsf, mapping");
    check(&["validate", "sigma"], "FILES");
    check(&["validate", "mapping", place], "no file below there ends in .toml");
    check(&["validate", "sigma", "--schema", &rule, &rule], "--schema is for events");
    check(&["validate", "ocsf", "--schema", "/nowhere", &rule], "cannot read the compiled schema /nowhere");
    check(&["validate", "ocsf", "--schema", &rule, &rule], "is no compiled OCSF schema");
}

#[test]
fn events_need_a_schema_and_the_hint_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let event = file(folder.path(), "event.json", "{}");
    let output = Command::new(env!("CARGO_BIN_EXE_watchbell"))
        .args(["validate", "ocsf", &event])
        .env("WATCHBELL_DATA", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let words = text(&output.stderr);
    assert!(words.contains("hint: give it with --schema FILE"), "{words}");
}

/// NIST's documents are taken, and of FedRAMP's two are not, with the place.
#[test]
fn documents_of_oscal_are_judged_by_schemas_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = |title: &str| {
        format!(
            r#"{{"catalog":{{"uuid":"e18eb11d-19ae-4f7b-a6e2-3d3fcc0a4e40","metadata":{{"title":"{title}","last-modified":"2026-11-26T00:00:00Z","version":"1","oscal-version":"1.2.1"}}}}}}"#
        )
    };
    let good = file(folder.path(), "good.json", &catalog("Ours"));
    let silent = file(folder.path(), "silent.json", &catalog(""));
    let lacking = file(folder.path(), "lacking.json", r#"{"catalog":{"uuid":"u"}}"#);
    let other = file(folder.path(), "other.json", r#"{"x":1}"#);
    let judged = |data: &std::path::Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_watchbell"))
            .args(["validate", "oscal", "--json", &good, &silent, &lacking, &other])
            .env("WATCHBELL_DATA", data)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let alone = judged(folder.path());
    let valid =
        |verdicts: &[Value]| verdicts.iter().map(|verdict| verdict["valid"].as_bool().unwrap()).collect::<Vec<_>>();
    assert_eq!(valid(&alone), [true, false, false, false]);
    assert!(alone[0]["reason"].as_str().unwrap().contains("not held against NIST's schemas"), "{}", alone[0]);
    assert!(alone[1]["reason"].as_str().unwrap().starts_with("metadata.title: "), "{}", alone[1]);
    assert!(alone[2]["reason"].as_str().unwrap().contains("metadata"), "{}", alone[2]);
    let Some(data) = testkit::reference_data() else { return };
    let with = judged(&data);
    assert_eq!(valid(&with), [true, false, false, false]);
    assert_eq!(with[0]["reason"], Value::Null);
    assert!(with[1]["reason"].as_str().unwrap().starts_with("metadata.title: "), "{}", with[1]);
}

/// Every rule of SigmaHQ is taken, and events that lack something are not.
#[test]
fn reference_data_is_judged_right() {
    let Some(data) = testkit::reference_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let packed = std::fs::File::open(data.join("sigma/sigmahq-rules.tar.zst")).unwrap();
    let mut tar = Command::new("tar").args(["-x", "-C"]).arg(folder.path()).stdin(Stdio::piped()).spawn().unwrap();
    std::io::copy(&mut zstd::Decoder::new(packed).unwrap(), &mut tar.stdin.take().unwrap()).unwrap();
    assert!(tar.wait().unwrap().success());
    let output = watchbell(&["validate", "sigma", folder.path().to_str().unwrap()]);
    assert_eq!(text(&output.stdout), "3,757 files: 3,757 valid, 0 invalid\n");

    let schema = data.join("ocsf/ocsf-1.8.0-compiled.json.zst");
    let event = |line: &str| file(folder.path(), "event.json", line);
    let judge = |line: &str| {
        let event = event(line);
        let output = watchbell(&["validate", "ocsf", "--json", "--schema", schema.to_str().unwrap(), &event]);
        let verdict: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        verdict["reason"].as_str().unwrap_or_default().to_owned()
    };
    let good = r#"{"activity_id": 1, "category_uid": 3, "class_uid": 3002, "type_uid": 300201, "severity_id": 1, "time": 1591790400000,
        "metadata": {"version": "1.8.0", "product": {"name": "p", "vendor_name": "v"}}, "user": {"name": "u"},
        "dst_endpoint": {"ip": "10.0.0.1"}, "observables": [{"name": "user.name", "type_id": 4, "value": "u"}]}"#;
    assert_eq!(judge(good), "");
    let with = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        judge(&good.replace(old, new))
    };
    assert!(with(r#""severity_id": 1, "#, "").contains("severity_id: required, but absent"));
    assert!(with("\"severity_id\": 1", "\"severity_id\": 42").contains("severity_id: not a member of its enum"));
    assert!(with("\"severity_id\": 1", "\"severity_id\": \"high\"").contains("severity_id: does not fit integer_t"));
    assert!(with("10.0.0.1", "ten").contains("dst_endpoint.ip: does not fit ip_t"));
    assert!(with("{\"ip\": \"10.0.0.1\"}", "{}").contains("dst_endpoint: at_least_one of"));
    assert!(with("\"user\"", "\"users\"").contains("users: unknown attribute"));
    assert!(with("user.name", "user.nome").contains("observables[0].name: names no attribute"));
    assert!(with("\"1.8.0\"", "\"2.0.0\"").contains("metadata.version: later"));
    assert!(with("300201", "300202").contains("type_uid"));
    assert!(with("3002,", "3999,").contains("class_uid: names no class"));
}
