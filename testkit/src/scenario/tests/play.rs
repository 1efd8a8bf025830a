//! Play can be repeated, scenes change nothing but themselves, lines are well-formed, and ordinary life is one in which
//! something is usual.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::super::{Part, PlayedLine, Scenario, Truth};
use super::{played, step, text_of};
use crate::city::{ACCOUNTS, Log};

/// A week of ordinary life: nothing but one account that is made.
fn week(seed: u64) -> Scenario {
    let text = text_of(&step(r#"move = "make-account"; by = "x"; account = "y""#));
    Scenario::parse(&text.replace("days = 2", "days = 7").replace("seed = 5", &format!("seed = {seed}"))).unwrap()
}

fn events(lines: &[PlayedLine], log: Log) -> Vec<Value> {
    let own = lines.iter().filter(|line| line.log == log);
    own.map(|line| serde_json::from_str(&line.text).unwrap_or_else(|error| panic!("{error}: {}", line.text))).collect()
}

#[test]
fn the_same_scenario_gives_the_same_lines() {
    let text = text_of(&step(r#"move = "ask-tickets"; account = "a"; from = "ws-it01"; count = 4; every = "9s""#));
    let play = |text: &str| played(&Scenario::parse(text).unwrap());
    assert_eq!(play(&text), play(&text));
    assert_ne!(play(&text), play(&text.replace("seed = 5", "seed = 6")));
}

#[test]
fn a_scene_that_is_added_changes_no_other_line() {
    let one = step(r#"move = "scan"; from = "ws-hall01"; targets = ["dc01"]; ports = [22, 23]; every = "1m""#);
    let two = [
        one.clone(),
        step(r#"move = "beacon"; machine = "ws-it01"; host = "a.example"; address = "203.0.113.2"; over = "https"; every = "7m"; jitter = 40"#),
        step(r#"move = "run-as-root"; machine = "dns01"; account = "x"; command = "/usr/bin/id""#),
    ]
    .concat();
    let ordinary = |text: &str, log: Log| {
        let lines = played(&Scenario::parse(text).unwrap());
        let own = lines.into_iter().filter(|line| line.scene.is_none() && line.log == log);
        own.map(|line| line.text).collect::<Vec<_>>()
    };
    for log in [Log::Zeek, Log::Syslog, Log::CloudTrail] {
        assert_eq!(ordinary(&text_of(&one), log), ordinary(&text_of(&two), log), "{log:?}");
    }
}

#[test]
fn numbers_tell_nobody_what_was_written_apart() {
    let steps = [
        step(
            r#"move = "change-files"; machine = "ws-hall01"; image = 'C:\a.exe'; folder = 'C:\d'; ending = ".x"; count = 20; every = "9m""#,
        ),
        step(r#"move = "run-as-root"; machine = "dns01"; account = "x"; command = "/usr/bin/id""#),
    ];
    let lines = played(&Scenario::parse(&text_of(&steps.concat())).unwrap());
    let mut last = BTreeMap::<String, u64>::new();
    for event in events(&lines, Log::Windows) {
        let number = event["RecordNumber"].as_u64().unwrap();
        let before = last.insert(event["Hostname"].as_str().unwrap().to_owned(), number);
        assert_eq!(number, before.unwrap_or(10_000) + 1, "{event}");
    }
    let serials: Vec<u64> = lines
        .iter()
        .filter(|line| line.log == Log::Auditd)
        .map(|line| line.text.split_once("msg=audit(").unwrap().1.split_once(':').unwrap().1)
        .map(|rest| rest.split_once(')').unwrap().0.parse().unwrap())
        .collect();
    assert!(serials.windows(2).all(|pair| pair[0] == pair[1] || pair[0] + 1 == pair[1]), "{serials:?}");
    let odd = |line: &&PlayedLine| line.text.chars().any(|letter| letter.is_control());
    assert_eq!(lines.iter().find(odd), None);
}

#[test]
fn lines_are_in_order_and_numbered_through() {
    let lines = played(&week(3));
    assert!(lines.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let mut counts = BTreeMap::<Log, u64>::new();
    for line in &lines {
        let count = counts.entry(line.log).or_insert(0);
        *count += 1;
        assert_eq!(line.line, *count);
    }
    // All formats but Suricata's are in ordinary life, and that is in the internet's noise.
    assert_eq!(counts.len(), Log::ALL.len(), "{counts:?}");
    for log in [Log::Windows, Log::Zeek, Log::Suricata, Log::CloudTrail] {
        for event in events(&lines, log) {
            assert!(event.is_object());
        }
    }
}

/// Minutes of the day at which each account logs in at its desk.
fn arrivals(lines: &[PlayedLine]) -> BTreeMap<String, Vec<u64>> {
    let mut found = BTreeMap::<String, Vec<u64>>::new();
    for event in events(lines, Log::Windows) {
        if event["EventID"] == 4624 && event["LogonType"] == "2" {
            let time = event["EventTime"].as_str().unwrap();
            let number = |from: usize| time[from..from + 2].parse::<u64>().unwrap();
            found
                .entry(event["TargetUserName"].as_str().unwrap().to_owned())
                .or_default()
                .push(number(11) * 60 + number(14));
        }
    }
    found
}

#[test]
fn people_differ_and_each_is_like_themselves() {
    let lines = played(&week(20_260_302));
    let arrivals = arrivals(&lines);
    assert!(arrivals.len() >= ACCOUNTS.len() - 2, "{:?}", arrivals.keys());
    let means: Vec<u64> = arrivals.values().map(|times| times.iter().sum::<u64>() / times.len() as u64).collect();
    let spread = means.iter().max().unwrap() - means.iter().min().unwrap();
    assert!(spread >= 60, "people come at different hours: {means:?}");
    for (account, times) in &arrivals {
        let own = times.iter().max().unwrap() - times.iter().min().unwrap();
        assert!(own <= 110, "{account} comes at about the same time: {times:?}");
    }

    let mut programs = BTreeMap::<String, BTreeSet<String>>::new();
    for event in events(&lines, Log::Windows) {
        let host = event["Hostname"].as_str().unwrap();
        if event["EventID"] == 1 && host.starts_with("ws-") {
            programs.entry(host.to_owned()).or_default().insert(event["Image"].as_str().unwrap().to_owned());
        }
    }
    let sets: BTreeSet<_> = programs.values().collect();
    assert!(sets.len() * 10 >= programs.len() * 8, "workplaces have programs of their own");

    let hosts = |machine: &str| -> BTreeSet<String> {
        let asked = events(&lines, Log::Zeek)
            .into_iter()
            .filter(|event| event["_path"] == "dns" && event["id.orig_h"] == machine);
        asked.map(|event| event["query"].as_str().unwrap().to_owned()).collect()
    };
    let (one, two) = (hosts("10.20.20.11"), hosts("10.20.20.12"));
    assert!(one.len() > 4 && two.len() > 4 && one != two);
}

#[test]
fn weekends_are_quiet() {
    let lines = played(&week(9));
    let on = |day: &str| {
        let is_desk = |line: &&PlayedLine| line.log == Log::Windows && line.text.contains("\"LogonType\":\"2\"");
        lines.iter().filter(is_desk).filter(|line| line.text.contains(&format!("\"EventTime\":\"{day}"))).count()
    };
    assert!(on("2026-03-03") >= 9, "{}", on("2026-03-03"));
    assert!(on("2026-03-07") <= 6, "{}", on("2026-03-07"));
}

#[test]
fn the_thirty_days_are_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/thirty-days.toml");
    let scenario = Scenario::read(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut days = 0;
    let written = scenario.write(folder.path(), |_| days += 1).unwrap();
    assert_eq!(days, 30);
    assert!((250_000..900_000).contains(&written.lines), "{}", written.lines);
    let ordinary = ["public-holiday", "sick-leave"];
    for scene in &written.truth.scenes {
        assert_eq!(
            scene.count == 0,
            ordinary.contains(&scene.label.as_str()),
            "{}: {} lines",
            scene.label,
            scene.count
        );
    }
    // Each step of an attack has written something: hours that are never, or days that are none, would be a mistake in
    // the file.
    for scene in scenario.scenes.iter().filter(|scene| scene.part == Part::Attack) {
        assert!(!scene.entities.machines.is_empty() || !scene.entities.accounts.is_empty(), "{}", scene.label);
    }
    tables_agree(folder.path(), &written.truth);
}

/// What stands in the tables is what the truth says.
fn tables_agree(folder: &Path, truth: &Truth) {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut total = 0u64;
    for row in text("lines.csv").lines().skip(1) {
        let ranges = row.rsplit(',').next().unwrap();
        for range in ranges.split(' ') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            total += last.parse::<u64>().unwrap() - first.parse::<u64>().unwrap() + 1;
        }
    }
    assert_eq!(total, truth.scenes.iter().map(|scene| scene.count).sum::<u64>());
    assert_eq!(text("attacks.csv").lines().count(), 13);
    assert_eq!(text("disturbances.csv").lines().count(), 19);
    let ends = ",adm.weiss,file01 ws-hall04,198.51.100.57 api.calendar-sync.example";
    assert!(text("attacks.csv").lines().any(|row| row.starts_with("quiet-beacon,") && row.ends_with(ends)));
    assert!(
        text("labels.csv")
            .starts_with("label,technique,file,first_line,last_line,lines,description\nlocker,T1486,windows.jsonl,")
    );
    assert!(text("networks.csv").starts_with("network,place\n"));
    // A labelled line says what its label is about.
    let windows = text("windows.jsonl");
    let lines: Vec<&str> = windows.lines().collect();
    let locked = (1u64..).zip(&lines).filter(|(_, line)| line.contains(".pprlock"));
    let mut count = 0;
    for (number, line) in locked {
        let scene = truth.belongs((Log::Windows, number)).unwrap_or_else(|| panic!("{line}")).scene;
        assert_eq!(truth.scenes[scene].label, "locker");
        count += 1;
    }
    assert_eq!(count, 900);
}
