//! `watchbell vuln` as a user runs it.

use std::path::Path;

use serde_json::Value;

use super::{file, text, watchbell};

fn rank(folder: &Path, day: &str, more: &[&str]) -> std::process::Output {
    watchbell(&[&["vuln", "rank", "--as-of", day, "--from", folder.to_str().unwrap()], more].concat())
}

#[test]
fn small_files_give_an_order_with_reasons_and_bad_rows_are_named() {
    let folder = tempfile::tempdir().unwrap();
    file(
        folder.path(),
        "epss_scores-2024-10-20.csv",
        "#model_version:v2023.03.01,score_date:2024-10-20T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.9,0.99\nCVE-2024-0002,0.001,0.2\nCVE-x,0.1,0.1\n",
    );
    file(folder.path(), "kev_until_today.csv", "cve,date_added\nCVE-2024-0003,2024-10-01\nCVE-2024-0004,2024-12-01\n");
    file(folder.path(), "notes.txt", "nothing of ours");
    let output = rank(folder.path(), "2024-10-24", &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["CVE-2024-0003", "CVE-2024-0001", "CVE-2024-0002"], "what came later is not known");
    let scores: Vec<f64> = lines.iter().map(|line| line["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert!(lines.iter().all(|line| !line["reasons"].as_array().unwrap().is_empty()));
    assert!(text(&output.stderr).contains("CVE-x"), "{}", text(&output.stderr));
    let shown = text(&rank(folder.path(), "2024-10-24", &["--top", "1"]).stdout);
    assert!(shown.contains("CVE-2024-0003") && shown.contains("and 2 more"), "{shown}");
    let empty = tempfile::tempdir().unwrap();
    let output = rank(empty.path(), "2024-10-24", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("epss_scores-DATE.csv"), "{}", text(&output.stderr));
}

#[test]
fn everything_that_was_known_on_a_day_is_ranked() {
    let Some(data) = testkit::reference_data() else { return };
    let output = rank(&data.join("risk"), "2024-07-28", &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    assert!(lines.lines().count() > 200_000, "{}", lines.lines().count());
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["score"], 1.0);
}
