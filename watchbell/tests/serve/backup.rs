//! An installation is copied while it runs, and brought back on another machine: with its keys, without them, and not at all when
//! somebody has changed it.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::kit::{Place, text, watchbell};

const ATTACK: &str =
    "<86>Nov 26 02:16:00 siren-ctl sshd[991]: Accepted password for h.brandt from 10.20.7.20 port 50022 ssh2";

fn restore(from: &Path, to: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["restore", from.to_str().unwrap(), "--data", to.to_str().unwrap()];
    arguments.extend(more);
    watchbell(&arguments)
}

fn at(data: &Path, command: &[&str]) -> String {
    let mut arguments = command.to_vec();
    arguments.extend(["--data", data.to_str().unwrap()]);
    let output = watchbell(&arguments);
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A backup of an installation with a finding, people and hunts, made while it ran.
fn backed_up(place: &Place) -> (PathBuf, PathBuf) {
    let token = place.token("agent");
    place.say(&["people", "admit", "Ada Brandt", "--roles", "analyst,administrator"]);
    place.say(&["hunts", "save", "logins", "SELECT 1"]);
    let node = place.start(&[]);
    node.post("http?format=syslog", &token, "b-1", &format!("{ATTACK}\n")).unwrap();
    node.wait_for("watchbell_findings_total", 1);
    let (backup, keys) = (place.folder.path().join("backup"), place.folder.path().join("keys"));
    place.say(&["backup", backup.to_str().unwrap()]);
    place.say(&["keys", "export", keys.to_str().unwrap()]);
    // What the watch still writes to is not copied beside it.
    let all = place.run(&["backup", place.folder.path().join("all").to_str().unwrap(), "--all"]);
    assert!(text(&all.stderr).contains("in use"), "{}", text(&all.stderr));
    node.stop();
    (backup, keys)
}

#[test]
fn an_installation_comes_back_on_another_machine() {
    let place = Place::new();
    let (backup, keys) = backed_up(&place);
    let with_keys = place.folder.path().join("with");
    let output = restore(&backup, &with_keys, &["--keys", keys.to_str().unwrap()]);
    assert!(text(&output.stdout).starts_with("restored and verified"), "{output:?}");
    assert!(at(&with_keys, &["people", "list"]).contains("Ada Brandt"));
    assert!(at(&with_keys, &["hunts", "list"]).contains("logins"));
    assert!(at(&with_keys, &["audit", "verify"]).starts_with("good: "));
    assert!(at(&with_keys, &["audit", "list"]).contains("backup.restore"));
    at(&with_keys, &["keys", "rotate"]);
    assert!(at(&with_keys, &["people", "list"]).contains("Ada Brandt"));

    let without = place.folder.path().join("without");
    assert!(restore(&backup, &without, &[]).status.success());
    let people = at(&without, &["people", "list"]);
    assert!(people.contains("(name without key)") && !people.contains("Ada"), "{people}");
    at(&without, &["hunts", "save", "another", "SELECT 2"]);
    assert!(at(&without, &["audit", "verify"]).starts_with("good: "));

    assert!(!restore(&backup, &without, &[]).status.success(), "nothing is restored over something");
    let again = place.run(&["backup", backup.to_str().unwrap()]);
    assert!(text(&again.stderr).contains("is there already"));

    // The doctor has something to say before and after.
    let doctor = |data: &Path| {
        let output = watchbell(&["doctor", "--json", "--data", data.to_str().unwrap()]);
        (output.status.code(), text(&output.stdout))
    };
    std::fs::write(with_keys.join("watchbell.toml"), "listen = '127.0.0.1:0'").unwrap();
    let (code, said) = doctor(&with_keys);
    assert_eq!(code, Some(0), "{said}");
    for check in ["permissions", "clock", "disk", "sync", "state", "ledger", "backup"] {
        assert!(said.contains(&format!("\"check\":\"{check}\"")), "{check}: {said}");
    }
    std::fs::set_permissions(with_keys.join("master.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    let (code, said) = doctor(&with_keys);
    assert!(code == Some(1) && said.contains("others can read"), "{said}");

    // With the folder to itself, everything comes along.
    let (all, whole) = (place.folder.path().join("all"), place.folder.path().join("whole"));
    place.say(&["backup", all.to_str().unwrap(), "--all"]);
    assert!(restore(&all, &whole, &["--keys", keys.to_str().unwrap()]).status.success());
    let rows = at(&whole, &["hunt", "SELECT count(*) AS n FROM events WHERE class_uid = 3002", "--json", "--quiet"]);
    assert_eq!(rows.trim(), r#"{"n":1}"#);
}

#[test]
fn a_backup_that_somebody_has_changed_is_not_restored() {
    let place = Place::new();
    let (backup, _) = backed_up(&place);
    let to = place.folder.path().join("restored");
    let refused = |expected: &str| {
        let output = restore(&backup, &to, &[]);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{expected}: {said}");
        assert!(!to.exists(), "nothing half restored is left behind");
    };
    let (state, list) = (backup.join("data/state.db"), backup.join("backup.json"));
    let (whole, listed) = (std::fs::read(&state).unwrap(), std::fs::read_to_string(&list).unwrap());
    std::fs::write(&state, &whole[..whole.len() - 1]).unwrap();
    refused("state.db is not what was kept");
    // The list made to fit: then the ledger says it.
    let mut changed = whole.clone();
    let at = changed.windows(9).position(|part| part == b"hunt.save").unwrap();
    changed[at + 5] = b'g';
    std::fs::write(&state, &changed).unwrap();
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    std::fs::write(&list, listed.replace(&hash(&whole), &hash(&changed))).unwrap();
    refused("the restored ledger is not what was signed: entry ");
    std::fs::write(&state, &whole).unwrap();
    std::fs::write(&list, listed.replace("\"version\": 1", "\"version\": 2")).unwrap();
    refused("has form 2");
    std::fs::remove_file(&list).unwrap();
    refused("is no backup");
}
