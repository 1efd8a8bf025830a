//! The city keeps its promises: it can be repeated, its logs are well-formed, and its own rules and indicators find its
//! attacks and nothing else. Another engine than ours evaluates the rules here, so that they are judged independently.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly; the lint knows only the test functions themselves")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CorrelationConfig, CorrelationEngine};
use rsigma_parser::parse_sigma_yaml;
use serde_json::{Value, json};
use testkit::city::{ATTACKS, City, FIRST_DAY, Log, MACHINES, Written, indicators, rules};

fn written(seed: u64, days: u32) -> (tempfile::TempDir, Written) {
    let folder = tempfile::tempdir().unwrap();
    let written = City::new(seed).write_logs(folder.path(), days).unwrap();
    (folder, written)
}

fn lines(folder: &Path, log: Log) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(log.file_name())).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Which lines of a log belong to an attack.
fn labelled(written: &Written, log: Log) -> BTreeSet<u64> {
    written.labelled.iter().filter(|found| found.log == log).flat_map(|found| found.lines.clone()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, two, other) = (written(3, 1), written(3, 1), written(4, 1));
    for log in Log::ALL {
        assert_eq!(lines(one.0.path(), log), lines(two.0.path(), log), "{log:?}");
        assert_ne!(lines(one.0.path(), log), lines(other.0.path(), log), "{log:?}");
    }
    assert_eq!(std::fs::read(&one.1.labels).unwrap(), std::fs::read(&two.1.labels).unwrap());
}

#[test]
fn a_day_has_thousands_of_lines_and_days_add_up() {
    let (_keep, one) = written(1, 1);
    let (_keep, three) = written(1, 3);
    assert!((8_000..30_000).contains(&one.lines), "{}", one.lines);
    assert!(three.lines > 2 * one.lines, "{} {}", one.lines, three.lines);
    assert_eq!(one.logs.len(), Log::ALL.len());
    assert_eq!(MACHINES.len(), 40);
    assert_eq!(FIRST_DAY.to_string(), "2026-03-02T00:00:00Z");
}

#[test]
fn json_logs_hold_an_object_a_line_without_doubled_names() {
    let (folder, _) = written(1, 1);
    for log in [Log::Windows, Log::Zeek, Log::Suricata, Log::CloudTrail] {
        for line in lines(folder.path(), log) {
            let value: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let members = value.as_object().unwrap().len();
            // A doubled name would be lost in the map, and the object would come out shorter.
            let names = value.as_object().unwrap().keys().filter(|name| line.contains(&format!("\"{name}\":"))).count();
            assert_eq!(members, names);
            assert!(!line.contains("\"EventType\":\"INFO\",\"EventType\""), "{line}");
        }
    }
}

#[test]
fn every_kind_of_event_occurs() {
    let (folder, _) = written(1, 2);
    let mut seen = BTreeSet::new();
    for line in lines(folder.path(), Log::Windows) {
        let event: Value = serde_json::from_str(&line).unwrap();
        seen.insert((event["Channel"].as_str().unwrap().to_owned(), event["EventID"].as_u64().unwrap()));
    }
    for id in [1, 3, 7, 11, 13, 22] {
        assert!(seen.contains(&("Microsoft-Windows-Sysmon/Operational".into(), id)), "Sysmon {id}");
    }
    for id in [4624, 4625, 4688, 4672, 4720, 1102] {
        assert!(seen.contains(&("Security".into(), id)), "Security {id}");
    }
    assert!(seen.contains(&("Microsoft-Windows-PowerShell/Operational".into(), 4104)));

    let paths: BTreeSet<_> = lines(folder.path(), Log::Zeek)
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["_path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(paths, ["conn", "dns", "http", "modbus", "ssl"].map(String::from).into());
    let syslog = lines(folder.path(), Log::Syslog).join("\n");
    assert!([" sshd ", " sudo ", "FW-DROP: IN=eth0", " CRON "].iter().all(|text| syslog.contains(text)));
    let audit = lines(folder.path(), Log::Auditd).join("\n");
    assert!(
        ["type=SYSCALL", "type=EXECVE", "type=PROCTITLE", "type=USER_LOGIN"].iter().all(|text| audit.contains(text))
    );
}

#[test]
fn logs_are_in_order_of_time() {
    let (folder, _) = written(2, 2);
    let mut last = String::new();
    for line in lines(folder.path(), Log::Zeek) {
        let time = serde_json::from_str::<Value>(&line).unwrap()["ts"].as_str().unwrap().to_owned();
        assert!(last <= time, "{last} before {time}");
        last = time;
    }
}

#[test]
fn every_attack_is_labelled_and_only_attacks_touch_the_indicators() {
    let (folder, written) = written(1, 2);
    let labels: BTreeSet<_> = written.labelled.iter().map(|found| found.label).collect();
    assert_eq!(labels, ATTACKS.iter().map(|attack| attack.label).collect());
    let file = std::fs::read_to_string(&written.labels).unwrap();
    assert_eq!(file.lines().count(), written.labelled.len() + 1);

    let mut met = BTreeSet::new();
    for log in Log::ALL {
        let attack = labelled(&written, log);
        for (number, line) in (1..).zip(lines(folder.path(), log)) {
            for bad in ["203.0.113.77", "203.0.113.23", "203.0.113.88", "sync-metrics.example", "cdn-invoices.example"]
            {
                if line.contains(bad) {
                    assert!(attack.contains(&number), "{log:?} line {number} meets {bad}");
                    met.insert(bad);
                }
            }
        }
    }
    assert_eq!(met.len(), 5);
    let listed = std::fs::read_to_string(indicators()).unwrap();
    assert!(met.iter().all(|bad| listed.contains(&format!("{bad}\t"))));
    assert!(listed.lines().all(|line| matches!(line.split('\t').count(), 2 | 3)));
}

/// The log source of a line, and the line as the rules' authors would see it.
fn route(log: Log, line: &str) -> Option<(String, Value)> {
    match log {
        Log::Windows => {
            let event: Value = serde_json::from_str(line).unwrap();
            let channel = event["Channel"].as_str().unwrap().to_owned();
            let source = match (channel.as_str(), event["EventID"].as_u64().unwrap()) {
                ("Security", _) => "windows security",
                (_, 1) => "windows process_creation",
                (_, 11) => "windows file_event",
                (_, 4104) => "windows ps_script",
                _ => return None,
            };
            Some((source.into(), event))
        }
        Log::Zeek => {
            let event: Value = serde_json::from_str(line).unwrap();
            Some((format!("zeek {}", event["_path"].as_str().unwrap()), event))
        }
        Log::CloudTrail => Some(("aws cloudtrail".into(), serde_json::from_str(line).unwrap())),
        Log::Syslog if line.contains(" sshd ") => Some(("linux sshd".into(), json!({ "message": line }))),
        Log::Auditd => {
            let pairs = line.split_whitespace().filter_map(|word| word.split_once('='));
            let event = pairs.map(|(name, value)| (name.to_owned(), Value::from(value.trim_matches('"')))).collect();
            Some(("linux auditd".into(), Value::Object(event)))
        }
        Log::Syslog | Log::Suricata => None,
    }
}

/// An engine for each rule file, under the log source that the file's rules name.
fn engines() -> Vec<(String, String, CorrelationEngine)> {
    let mut ids = BTreeSet::new();
    let mut engines = Vec::new();
    for entry in std::fs::read_dir(rules()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let collection = parse_sigma_yaml(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(collection.errors.is_empty(), "{name}: {:?}", collection.errors);
        let source = &collection.rules[0].logsource;
        let second = source.category.as_ref().or(source.service.as_ref()).unwrap();
        let route = format!("{} {second}", source.product.as_ref().unwrap());
        for rule in &collection.rules {
            assert!(ids.insert(rule.id.clone().unwrap()), "{name}: id used twice");
        }
        let mut engine = CorrelationEngine::new(CorrelationConfig::default());
        engine.add_collection(&collection).unwrap();
        engines.push((name, route, engine));
    }
    engines
}

/// Rules that correlations refer to by name.
const FEEDERS: [&str; 2] = ["Refused log-in", "File with the ending of a known locker"];

#[test]
fn the_rules_find_the_attacks_and_nothing_else() {
    let (folder, written) = written(1, 2);
    let mut engines = engines();
    let mut hits = BTreeMap::<String, u64>::new();
    for log in Log::ALL {
        let attack = labelled(&written, log);
        for (number, line) in (1..).zip(lines(folder.path(), log)) {
            let Some((source, event)) = route(log, &line) else { continue };
            let time = event["@timestamp"].as_str().and_then(model::Timestamp::parse).unwrap_or_default();
            for (name, route, engine) in engines.iter_mut().filter(|(_, route, _)| *route == source) {
                let found = engine.process_event_at(&JsonEvent::borrow(&event), time.as_micros() / 1_000_000);
                // Rules that only feed a correlation raise nothing themselves; this engine knows that of references by
                // id, not by name.
                for result in found.into_iter().filter(|result| !FEEDERS.contains(&result.header.rule_title.as_str())) {
                    assert!(attack.contains(&number), "{name} ({route}) hit an ordinary line: {line}");
                    *hits.entry(result.header.rule_title).or_default() += 1;
                }
            }
        }
    }
    for (title, least) in [
        ("Password log-in to a siren controller", 1),
        ("Remote desktop to a siren station from outside the city's network", 1),
        ("One address is refused under many names", 1),
        ("Office program starts PowerShell with an encoded command", 1),
        ("Script block downloads a text and runs it", 1),
        ("The means of recovery are deleted", 3),
        ("Many files are locked on one machine", 1),
        ("The Security log was cleared", 1),
        ("Long random names asked for as text records", 280),
        ("Modbus write from a machine that is no operator station", 4),
        ("The cloud's audit trail was stopped", 1),
        ("Console log-in without second factor", 1),
        ("Account made outside the personnel office's process", 1),
        ("Command keys of the sirens are read", 1),
    ] {
        assert!(hits.get(title).is_some_and(|count| *count >= least), "{title}: {hits:?}");
    }
}
