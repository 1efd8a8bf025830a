//! Asking about what was kept: hunts, saved hunts, trials of new rules, erasure, holds, damage.

use std::path::Path;

use testkit::city;

use crate::kit::{Place, text, watchbell};

fn log_on(user: &str, address: &str) -> String {
    format!("<86>Nov 26 02:16:00 siren-ctl sshd[991]: Accepted password for {user} from {address} port 50022 ssh2")
}

/// A place with four log-ons in it.
fn filled() -> Place {
    let place = Place::new();
    let token = place.token("agent");
    let node = place.start(&[]);
    let lines = ["anna", "bert", "anna", "joanna"].map(|user| log_on(user, "10.20.7.20")).join("\n");
    assert_eq!(node.post("http?format=syslog", &token, "b", &lines).unwrap().status, 200);
    node.wait_for("watchbell_records_looked_at_total", 4);
    node.stop();
    place
}

#[test]
fn hunts_are_bounded_masked_and_saved() {
    let place = filled();
    let masked =
        place.say(&["hunt", "SELECT user.name AS who FROM events WHERE class_uid = 3002", "--json", "--quiet"]);
    assert!(!masked.contains("anna") && masked.lines().count() == 4, "{masked}");
    let csv = place.say(&[
        "hunt",
        "SELECT user.name AS who, count(*) AS n FROM events WHERE class_uid = 3002 GROUP BY 1 ORDER BY 2 DESC, 1",
        "--csv",
        "--quiet",
        "--purpose",
        "case 7 of the duty officer",
        "--save",
        "who",
    ]);
    assert_eq!(csv, "who,n\r\nanna,2\r\nbert,1\r\njoanna,1\r\n");
    let again = place.say(&["hunt", "--saved", "who", "--csv", "--quiet", "--purpose", "case 7 of the duty officer"]);
    assert_eq!(again, csv);
    assert!(place.say(&["hunts", "list"]).starts_with("who "));
    place.say(&["hunts", "remove", "who"]);
    let gone = place.run(&["hunt", "--saved", "who"]);
    assert!(text(&gone.stderr).contains("there is no saved hunt \"who\""), "{}", text(&gone.stderr));
    let cut = place.run(&["hunt", "SELECT id FROM events", "--rows", "1"]);
    assert!(text(&cut.stderr).contains("there is more"), "{}", text(&cut.stderr));
    for (sql, expected) in [
        ("DELETE FROM events", "a hunt only reads"),
        ("SELECT nme FROM events", "there is no column"),
        ("SELECT * FROM secrets", "there is no table"),
        ("SELEC 1", "no valid SQL"),
    ] {
        let output = place.run(&["hunt", sql]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
        assert!(text(&output.stderr).contains(expected), "{sql}: {}", text(&output.stderr));
    }
    let none = place.run(&["hunt", "SELECT 1", "--purpose", "x"]);
    assert!(text(&none.stderr).contains("a purpose has at least"), "{}", text(&none.stderr));
}

#[test]
fn new_rules_are_tried_on_what_was_kept() {
    let place = filled();
    let rules = city::rules();
    let output = place.run(&["retro", "--rules", rules.to_str().unwrap(), "--json", "--quiet"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let line = text(&output.stdout);
    let raised: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!((&raised["count"], &raised["subjects"]), (&4.into(), &1.into()), "{raised}");
    let nothing = place.run(&["retro", "--rules", rules.to_str().unwrap(), "--days", "0", "--quiet"]);
    assert_eq!(text(&nothing.stdout).trim(), "Nothing would have been raised.");
}

#[test]
fn a_person_is_erased_everywhere_and_nobody_else_is() {
    let place = filled();
    let dry = place.say(&["erase", "--account", "anna", "--purpose", "request 2026-17", "--dry-run", "--json"]);
    let dry: serde_json::Value = serde_json::from_str(&dry).unwrap();
    assert_eq!(dry["before"]["journal_records"], 2, "the control search finds her: {dry}");
    assert_eq!(dry["before"]["findings"], 2, "{dry}");
    assert!(dry["before"]["lake_rows"].as_u64().unwrap() >= 2, "{dry}");
    assert_eq!(place.number("SELECT count(*) FROM events WHERE user.name = 'anna'"), 2, "nothing is gone yet");

    let done = place.say(&["erase", "--account", "anna", "--purpose", "request 2026-17", "--json"]);
    let done: serde_json::Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["complete"], true, "{done}");
    let after = &done["after"];
    assert_eq!(
        [&after["journal_records"], &after["findings"], &after["lake_rows"]].map(|number| number.as_u64().unwrap()),
        [0, 0, 0],
        "{done}"
    );
    let left = place.hunt("SELECT user.name AS who FROM events WHERE class_uid = 3002 ORDER BY 1");
    assert_eq!(left.iter().map(|row| row["who"].as_str().unwrap()).collect::<Vec<_>>(), ["bert", "joanna"]);
    assert!(!names_alone(&place.data(), b" anna "), "no file of the folder has her record in the clear");
    let findings = text(&place.run(&["findings", "--json"]).stdout);
    assert_eq!(findings.lines().count(), 2, "{findings}");
}

/// Whether any file below the folder has the bytes in the clear.
fn names_alone(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => names_alone(&path, bytes),
            false => std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes),
        }
    })
}

#[test]
fn a_legal_hold_keeps_what_an_erasure_would_take() {
    let place = filled();
    place.say(&["hold", "place", "case-7", "--from", "2000-01-01", "--to", "2100-01-01", "--reason", "court order 12"]);
    let output = place.run(&["erase", "--account", "anna", "--purpose", "request 2026-17"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("erased, but for what a legal hold keeps"), "{}", text(&output.stdout));
    assert_eq!(text(&place.run(&["findings", "--json"]).stdout).lines().count(), 4);
    assert_eq!(place.number("SELECT count(*) FROM events WHERE user.name = 'anna'"), 2);
    assert!(place.say(&["hold", "list"]).contains("in force: court order 12"));
    place.say(&["hold", "lift", "case-7"]);
    let erased = place.say(&["erase", "--account", "anna", "--purpose", "request 2026-17"]);
    assert!(erased.ends_with("erased\n"), "{erased}");
    assert_eq!(place.number("SELECT count(*) FROM events WHERE user.name = 'anna'"), 0);
}

#[test]
fn damage_is_found_told_and_survived() {
    let place = filled();
    assert!(place.run(&["fsck"]).status.success());
    let journal = place.data().join("journal");
    let mut segments: Vec<_> = std::fs::read_dir(&journal).unwrap().flatten().map(|entry| entry.path()).collect();
    segments.retain(|path| path.extension().is_some_and(|ending| ending == "wbj"));
    let segment = segments.first().unwrap();
    let mut bytes = std::fs::read(segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(segment, &bytes).unwrap();
    let found = place.run(&["fsck"]);
    assert_eq!(found.status.code(), Some(1), "{}", text(&found.stdout));
    assert!(text(&found.stdout).contains("1 damaged"), "{}", text(&found.stdout));
    // It starts all the same; what was looked at before is not needed any more.
    let node = place.start(&[]);
    assert_eq!(node.get("/readyz").status, 200);
    node.stop();
    assert_eq!(place.number("SELECT count(*) FROM events WHERE class_uid = 3002"), 4);
    let mended = place.run(&["fsck", "--repair"]);
    assert!(mended.status.success(), "{}", text(&mended.stdout));
    // The lake, too.
    let events = place.data().join("lake/events");
    let file = parquet(&events).unwrap();
    std::fs::write(&file, b"no parquet").unwrap();
    let found = place.run(&["fsck", "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let bad: Vec<_> =
        text(&found.stdout).lines().filter(|line| line.contains("\"ok\":false")).map(str::to_owned).collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
}

fn parquet(folder: &Path) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).find_map(|path| match path.is_dir() {
        true => parquet(&path),
        false => path.extension().is_some_and(|ending| ending == "parquet").then_some(path),
    })
}

#[test]
fn the_configuration_says_where_each_value_comes_from() {
    let place = Place::new();
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(
        place.data().join("watchbell.toml"),
        "threads = 3\ndatabase = \"postgres://a:hunter2@localhost/d\"\n",
    )
    .unwrap();
    let shown = place.say(&["config", "show", "--origin"]);
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("threads").contains("watchbell.toml"), "{shown}");
    assert!(line("data_dir").ends_with("# flag"), "{shown}");
    assert!(line("listen").ends_with("# default"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    std::fs::write(place.data().join("watchbell.toml"), "thread = 3\n").unwrap();
    let refused = place.run(&["config", "show"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("thread"), "{}", text(&refused.stderr));
    assert_eq!(watchbell(&["config"]).status.code(), Some(2));
}
