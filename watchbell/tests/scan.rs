//! `watchbell scan` as a user runs it, on the invented city and on bad input.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly; the lint knows only the test functions themselves")]

#[path = "commands/behaviour.rs"]
mod behaviour;
#[path = "commands/rules.rs"]
mod rules_test;
#[path = "commands/validate.rs"]
mod validate;
#[path = "commands/vuln.rs"]
mod vuln;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use testkit::city::{ATTACKS, City, indicators, rules};

fn watchbell(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_watchbell")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Town {
    folder: tempfile::TempDir,
    logs: Vec<PathBuf>,
}

fn town() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let written = City::new(7).write_logs(folder.path(), 2).unwrap();
    Town { logs: written.logs, folder }
}

impl Town {
    fn scan(&self, more: &[&str]) -> Output {
        let (rules, indicators) = (rules(), indicators());
        let mut arguments =
            vec!["scan", "--rules", rules.to_str().unwrap(), "--indicators", indicators.to_str().unwrap()];
        arguments.extend(more);
        let logs: Vec<&str> = self.logs.iter().map(|log| log.to_str().unwrap()).collect();
        arguments.extend(&logs);
        watchbell(&arguments)
    }
}

#[test]
fn the_city_s_attacks_come_out_as_ocsf_findings() {
    let town = town();
    let output = town.scan(&["--json", "--quiet"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    let findings: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!findings.is_empty());
    for finding in &findings {
        assert_eq!(finding["class_uid"], 2004, "{finding}");
        assert!(finding["finding_info"]["analytic"]["uid"].is_string(), "{finding}");
        assert!(finding["finding_info"]["title"].is_string(), "{finding}");
        assert!((1..=5).contains(&finding["severity_id"].as_u64().unwrap()), "{finding}");
        let line = finding["unmapped"]["source"]["line"].as_u64().unwrap();
        let file = finding["unmapped"]["source"]["file"].as_str().unwrap();
        let whole = std::fs::read_to_string(file).unwrap();
        assert!(line >= 1 && (line as usize) <= whole.lines().count(), "{finding}");
    }
    let titles: BTreeSet<&str> = findings.iter().filter_map(|f| f["finding_info"]["title"].as_str()).collect();
    assert!(titles.len() >= ATTACKS.len(), "{titles:#?}");
}

#[test]
fn packed_files_give_the_same_findings() {
    let town = town();
    let plain = text(&town.scan(&["--json", "--quiet"]).stdout);
    let mut packed = Town { folder: tempfile::tempdir().unwrap(), logs: Vec::new() };
    for (number, log) in town.logs.iter().enumerate() {
        let bytes = std::fs::read(log).unwrap();
        let name = log.file_name().unwrap().to_str().unwrap();
        let path = if number % 2 == 0 {
            let path = packed.folder.path().join(format!("{name}.zst"));
            std::fs::write(&path, zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
            path
        } else {
            let path = packed.folder.path().join(format!("{name}.gz"));
            let file = std::fs::File::create(&path).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            gzip.write_all(&bytes).unwrap();
            gzip.finish().unwrap();
            path
        };
        packed.logs.push(path);
    }
    let unpacked = text(&packed.scan(&["--json", "--quiet"]).stdout);
    assert_eq!(count_by_title(&plain), count_by_title(&unpacked));
    assert!(town.folder.path().exists());
}

fn count_by_title(lines: &str) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for line in lines.lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        *counts.entry(finding["finding_info"]["title"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts.into_iter().collect()
}

#[test]
fn one_thread_and_two_say_the_same_in_the_same_order() {
    let town = town();
    let one = town.scan(&["--json", "--quiet", "--threads", "1"]);
    let three = town.scan(&["--json", "--quiet", "--threads", "3"]);
    assert_eq!(text(&one.stdout), text(&three.stdout));
}

#[test]
fn the_table_ranks_and_explains() {
    let output = town().scan(&[]);
    let table = text(&output.stdout);
    let levels: Vec<&str> =
        ["critical", "high", "medium", "low"].into_iter().filter(|level| table.contains(level)).collect();
    let places: Vec<usize> = levels.iter().map(|level| table.find(level).unwrap()).collect();
    assert!(places.is_sorted(), "{table}");
    assert!(text(&output.stderr).contains("findings in"), "{}", text(&output.stderr));
}

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn bad_input_is_named_and_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let rule = "title: login\nid: 7f1c7a52-9d0b-4d4e-8f5b-0d1f4c1f7a11\nlogsource:\n  product: zeek\n  service: dns\n\
                detection:\n  sel:\n    query: evil.example\n  condition: sel\nlevel: low\n";
    file(folder.path(), "good.yml", rule);
    file(folder.path(), "bad.yml", "title: [");
    let good = r#"{"_path":"dns","ts":1.0,"query":"evil.example","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2"}"#;
    let log = file(folder.path(), "dns.log", &format!("{good}\n{{\"broken\n{good}\n"));
    let output = watchbell(&["scan", "--rules", folder.path().to_str().unwrap(), "--json", &log]);
    assert_eq!(output.status.code(), Some(0), "low findings are no alarm");
    assert_eq!(text(&output.stdout).lines().count(), 2);
    let words = text(&output.stderr);
    assert!(words.contains("bad.yml"), "{words}");
    assert!(words.contains("dns.log:2"), "{words}");
}

#[test]
fn mistakes_of_the_user_are_told() {
    let output = watchbell(&["scan", "--rules", "/nowhere/rules", "/nowhere/at-all.log"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/at-all.log"), "{}", text(&output.stderr));
    let output = watchbell(&["scan", "--format", "no-such", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("unknown format"), "{}", text(&output.stderr));
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "x.log", "hello\n");
    let output = watchbell(&["scan", &log]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing to look for"), "{}", text(&output.stderr));
}

#[test]
fn an_indicator_file_is_inferred_and_levelled() {
    let folder = tempfile::tempdir().unwrap();
    let list = file(folder.path(), "list.tsv", "evil.example\tbad/thing\t90\nnonsense here\tx\n");
    let record = r#"{"_path":"dns","ts":1.0,"query":"a.evil.example","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2"}"#;
    let log = file(folder.path(), "dns.log", &format!("{record}\n"));
    let output = watchbell(&["scan", "--indicators", &list, "--indicator-level", "high", "--json", &log]);
    assert_eq!(output.status.code(), Some(1));
    let finding: Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!(finding["severity_id"], 4);
    let uid = finding["finding_info"]["analytic"]["uid"].as_str().unwrap();
    assert_eq!(uid.len(), 36);
    assert_eq!(&uid[14..15], "5", "a UUIDv5");
    assert!(text(&output.stderr).contains("line 2"), "{}", text(&output.stderr));
}
