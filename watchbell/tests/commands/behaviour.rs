//! `watchbell behaviour` as a user runs it.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{file, text, watchbell};

/// Ten machines ask the portal once a minute; then somebody floods it.
fn edges() -> String {
    let mut table = String::from("source,destination,time\n");
    for minute in 0..60 {
        (0..10).for_each(|machine| table.push_str(&format!("pc-{machine},portal,{minute}\n")));
    }
    (0..300).for_each(|_| table.push_str("\"evil, inc\",portal,60\n"));
    table
}

#[test]
fn edges_get_scores() {
    let folder = tempfile::tempdir().unwrap();
    let table = file(folder.path(), "edges.csv", &edges());
    let output = watchbell(&["behaviour", "score", "--edges", &table]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let shown = text(&output.stdout);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((lines.len(), lines[0]), (901, "source,destination,time,anomaly_score"));
    assert!(lines[1].starts_with("pc-0,portal,0,"), "{}", lines[1]);
    assert!(lines[900].starts_with("\"evil, inc\",portal,60,0."), "{}", lines[900]);
    let score = |line: &str| line.rsplit(',').next().unwrap().parse::<f64>().unwrap();
    assert!(score(lines[900]) > 0.5 && score(lines[595]) < 0.2, "{} {}", lines[900], lines[595]);
}

#[test]
fn a_program_reads_an_object_a_row_from_a_pipe() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_watchbell"))
        .args(["behaviour", "score", "--edges", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(edges().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((output.status.code(), lines.len()), (Some(0), 900));
    assert_eq!((&lines[0]["source"], &lines[0]["why"]), (&Value::from("pc-0"), &Value::Null));
    let why = lines[899]["why"].as_str().unwrap();
    assert!(why.starts_with("300 connections from evil, inc to ") && why.contains("in this step of time"), "{why}");
}

#[test]
fn a_series_gets_scores_and_a_bad_line_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let table =
        file(folder.path(), "s.csv", "timestamp,value\n2014-04-01 00:00:00,1\nsoon,2\n2014-04-01 00:10:00,3.50\n");
    let out = folder.path().join("scores.csv");
    let output = watchbell(&["behaviour", "score", "--series", &table, "--out", out.to_str().unwrap()]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), ""));
    let shown = text(&output.stderr);
    assert!(shown.contains("s.csv:3: no usable time: timestamp: neither"), "{shown}");
    let written = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "timestamp,value,anomaly_score"));
    assert!(lines[2].starts_with("2014-04-01 00:10:00,3.50,"), "{}", lines[2]);
    assert!(!folder.path().join("scores.csv.part").exists());
}

#[test]
fn what_cannot_be_done_is_told() {
    assert_eq!(watchbell(&["behaviour", "score"]).status.code(), Some(2));
    assert_eq!(watchbell(&["behaviour", "score", "--edges", "a", "--series", "b"]).status.code(), Some(2));
    assert_eq!(watchbell(&["behaviour", "score", "--edges", "/nowhere/x.csv"]).status.code(), Some(1));
    let folder = tempfile::tempdir().unwrap();
    let table = file(folder.path(), "none.csv", "source,destination,time\n");
    let output = watchbell(&["behaviour", "score", "--edges", &table]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("holds no row that could be read"));
}
