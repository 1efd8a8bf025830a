use serde_json::{Value, json};

use super::check_csaf;
use crate::intel::csaf::tests::sample;
use proptest::prelude::*;

/// Changes the sample at a pointer; `null` takes the member away.
fn changed(changes: &[(&str, Value)]) -> Value {
    let mut document = sample();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let place = document.pointer_mut(parent).unwrap();
        match (place, value) {
            (Value::Object(map), Value::Null) => drop(map.remove(name)),
            (Value::Object(map), value) => drop(map.insert(name.to_owned(), value.clone())),
            (Value::Array(list), value) => list[name.parse::<usize>().unwrap()] = value.clone(),
            other => panic!("{other:?}"),
        }
    }
    document
}

#[track_caller]
fn check(changes: &[(&str, Value)], rules: &[&str]) {
    let judgement = check_csaf(changed(changes).to_string().as_bytes());
    let mut found: Vec<&str> = judgement.faults.iter().map(|fault| fault.rule).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, rules, "{:#?}", judgement.faults);
}

#[test]
fn a_right_advisory_has_no_faults() {
    check(&[], &[]);
}

#[test]
fn what_the_schema_asks_for() {
    check(&[("/document/title", Value::Null)], &["required"]);
    check(&[("/document/title", json!(""))], &["empty"]);
    check(&[("/document/csaf_version", json!("1.2"))], &["enum"]);
    check(&[("/document/publisher/category", json!("friend"))], &["enum"]);
    check(&[("/document/distribution/tlp/label", json!("PINK"))], &["enum"]);
    check(&[("/document/tracking/current_release_date", json!("yesterday"))], &["date-time"]);
    check(&[("/document/tracking/status", json!("done"))], &["enum"]);
    check(&[("/vulnerabilities/0/cve", json!("CVE-26-1"))], &["pattern"]);
    check(&[("/vulnerabilities", json!([]))], &["empty"]);
    check(&[("/vulnerabilities/0/remediations/0/category", json!("hope"))], &["enum"]);
    check(&[("/product_tree/full_product_names", json!(7))], &["6.1.1", "type"]);
}

#[test]
fn products_and_groups() {
    check(&[("/vulnerabilities/0/product_status/fixed", json!(["P9"]))], &["6.1.1"]);
    check(&[("/product_tree/full_product_names/0/product_id", json!("P1"))], &["6.1.1", "6.1.2"]);
    check(&[("/product_tree/relationships/0/product_reference", json!("P4"))], &["6.1.3"]);
    check(&[("/vulnerabilities/0/remediations/0/group_ids", json!(["G1"]))], &["6.1.4"]);
    let group = |id: &str| json!({"group_id": id, "product_ids": ["P1", "P2"]});
    check(&[("/product_tree/product_groups", json!([group("G1"), group("G2")]))], &[]);
    check(&[("/product_tree/product_groups", json!([group("G1"), group("G1")]))], &["6.1.5"]);
    check(&[("/vulnerabilities/0/product_status/fixed", json!(["P2", "P1"]))], &["6.1.6"]);
    let helper = "/product_tree/full_product_names/0/product_identification_helper";
    check(&[(helper, json!({"purl": "pkg:maven/@1"}))], &["6.1.13"]);
    let hash = json!({"algorithm": "sha256", "value": "0".repeat(64)});
    check(&[(helper, json!({"hashes": [{"filename": "a", "file_hashes": [hash, hash]}]}))], &["6.1.25"]);
    check(&[("/product_tree/branches/0/branches/0/branches/0/name", json!("before 1.0"))], &["6.1.31"]);
}

#[test]
fn scores() {
    let score = "/vulnerabilities/0/scores/0/cvss_v3";
    check(&[(&format!("{score}/vectorString"), json!("CVSS:3.1/AV:N"))], &["6.1.8"]);
    check(&[(&format!("{score}/baseScore"), json!(9.7))], &["6.1.9"]);
    check(&[(&format!("{score}/baseSeverity"), json!("HIGH"))], &["6.1.9"]);
    check(&[(&format!("{score}/attackVector"), json!("LOCAL"))], &["6.1.10"]);
    let one = sample()["vulnerabilities"][0]["scores"][0].clone();
    check(&[("/vulnerabilities/0/scores", json!([one, one]))], &["6.1.7"]);
    check(&[("/vulnerabilities/0/cwe/id", json!("79"))], &["6.1.11"]);
}

#[test]
fn languages_and_names() {
    check(&[("/document/lang", json!("xx"))], &["6.1.12"]);
    check(&[("/document/publisher/category", json!("translator"))], &["6.1.15"]);
    check(&[("/document/lang", json!("en")), ("/document/source_lang", json!("en"))], &["6.1.28"]);
    check(&[("/document/category", json!("Security_Incident_Response"))], &["6.1.26"]);
    check(&[("/document/category", json!("csaf_new"))], &["6.1.26"]);
    check(&[("/document/category", json!("Example Advisory"))], &[]);
}

#[test]
fn revisions() {
    let entry = |date: &str, number: &str| json!({"date": format!("2026-01-{date}T00:00:00Z"), "number": number, "summary": "x"});
    let history = |entries: Vec<Value>, version: &str, rules: &[&str]| {
        check(
            &[("/document/tracking/revision_history", json!(entries)), ("/document/tracking/version", json!(version))],
            rules,
        );
    };
    history(vec![entry("01", "1"), entry("02", "2")], "2", &[]);
    history(vec![entry("02", "2"), entry("01", "1")], "2", &[]);
    history(vec![entry("01", "2"), entry("02", "1")], "1", &["6.1.14"]);
    history(vec![entry("01", "1"), entry("02", "2")], "1", &["6.1.16"]);
    history(vec![entry("01", "1"), entry("02", "3")], "3", &["6.1.21"]);
    history(vec![entry("01", "1"), entry("02", "1")], "1", &["6.1.22"]);
    history(vec![entry("01", "1"), entry("02", "2.0.0")], "2.0.0", &["6.1.30"]);
    history(vec![entry("01", "0"), entry("02", "1")], "1", &["6.1.18"]);
    history(vec![entry("01", "0.9.0")], "0.9.0", &["6.1.17", "6.1.18"]);
    history(vec![entry("01", "1.0.0-rc")], "1.0.0-rc", &["6.1.17", "6.1.19", "6.1.20"]);
    history(vec![entry("01", "one")], "1", &["pattern"]);
}

#[test]
fn profiles() {
    check(&[("/document/category", json!("csaf_security_incident_response"))], &["6.1.27.1", "6.1.27.2"]);
    check(&[("/document/category", json!("csaf_informational_advisory"))], &["6.1.27.1", "6.1.27.2", "6.1.27.3"]);
    check(&[("/vulnerabilities", Value::Null)], &["6.1.27.11"]);
    check(&[("/vulnerabilities/0/notes", Value::Null)], &["6.1.27.5"]);
    check(&[("/vulnerabilities/0/product_status", Value::Null)], &["6.1.27.6"]);
    check(&[("/document/category", json!("csaf_vex"))], &[]);
    let vex = ("/document/category", json!("csaf_vex"));
    check(&[vex.clone(), ("/vulnerabilities/0/cve", Value::Null)], &["6.1.27.8"]);
    check(&[vex.clone(), ("/vulnerabilities/0/product_status", json!({"known_not_affected": ["P1"]}))], &["6.1.27.9"]);
    check(&[vex, ("/vulnerabilities/0/remediations", Value::Null)], &["6.1.27.10"]);
}

#[test]
fn remediations_flags_and_parties() {
    check(&[("/vulnerabilities/0/remediations/0/product_ids", Value::Null)], &["6.1.29"]);
    let flag = |ids: Value| json!({"label": "component_not_present", "product_ids": ids});
    check(&[("/vulnerabilities/0/flags", json!([{"label": "component_not_present"}]))], &["6.1.32"]);
    check(&[("/vulnerabilities/0/flags", json!([flag(json!(["P1"])), flag(json!(["P1", "P2"]))]))], &["6.1.33"]);
    let party = json!({"party": "vendor", "status": "open", "date": "2026-01-01T00:00:00Z"});
    check(&[("/vulnerabilities/0/involvements", json!([party, party]))], &["6.1.24"]);
    let twice = sample()["vulnerabilities"][0].clone();
    check(&[("/vulnerabilities", json!([twice, twice]))], &["6.1.23"]);
}

proptest! {
    #[test]
    fn never_panics(at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a.-]{0,3}", gone in 0usize..4) {
        let mut text = sample().to_string();
        let at = at.index(text.len());
        text.replace_range(at..(at + gone).min(text.len()), &put);
        let _ = check_csaf(text.as_bytes());
    }
}
