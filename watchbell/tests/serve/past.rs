//! What was seen before it was known: new indicators find it, lists are tried on it, people's names go from it, and the month tells of it.

use serde_json::Value;

use crate::kit::{PATIENCE, Place, text};

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn file(place: &Place, name: &str, content: &str) -> String {
    let path = place.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A login that names an address, ten minutes ago.
fn login(from: &str, user: &str) -> String {
    format!("Accepted publickey for {user} from {from} port 50022 ssh2: RSA SHA256:a")
}

#[test]
fn a_new_indicator_finds_what_was_seen_before() {
    let place = Place::new();
    let token = place.token("agent");
    let node = place.start(&[]);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = model::Timestamp::EPOCH.plus(since - std::time::Duration::from_secs(600));
    let lines = [("198.51.100.77", "ada"), ("198.51.100.77", "ben"), ("203.0.113.9", "ada")]
        .map(|(from, user)| format!("<86>1 {now} siren-ctl sshd 991 - - {}\n", login(from, user)));
    assert_eq!(node.post("http?format=syslog", &token, "b-1", &lines.concat()).unwrap().status, 200);
    node.wait_until_caught_up();
    let list = file(&place, "new.txt", "198.51.100.77\n192.0.2.200\n");
    // Nothing may be blocked on one day's knowledge, and it says why.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let tried = place.run(&["intel", "blast", &list, "--json"]);
    assert_eq!(tried.status.code(), Some(1), "{}", text(&tried.stderr));
    assert_eq!(json(&text(&tried.stdout))["list"][0]["kind"], "too_few_days");
    // Somebody brings the list: the watch takes it up, and looks back.
    place.say(&["intel", "load", "late-list", &list, "--grade", "A1", "--confidence", "90", "--quiet"]);
    let patience = std::time::Instant::now() + PATIENCE;
    while !node.log().contains("past traffic: 1 day looked through, 1 indicator seen, 1 of them before anybody knew") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let found = text(&place.run(&["findings", "--json"]).stdout);
    let found: Vec<&str> = found.lines().filter(|line| line.contains("198.51.100.77")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("seen before it was known here") && found[0].contains("late-list"), "{found:?}");
    // What past traffic says stands against blocking.
    let shown = json(&place.say(&["intel", "show", "198.51.100.77", "--json"]));
    assert!(shown["blocking_because"].to_string().contains("only 1 day of traffic is known"), "{shown}");
    // The month tells of it, and each number leads to its page.
    let brief = place.say(&["intel", "brief"]);
    assert!(brief.contains("finding by indicators") && brief.contains("/intel/month?month="), "{brief}");
    let figures = json(&place.say(&["intel", "brief", "--form", "json"]));
    assert_eq!(figures["figures"]["trends"][2]["now"]["value"], 1, "{figures}");
    assert!(place.say(&["intel", "brief", "--form", "html"]).starts_with("<!doctype html>"));
    let nobody = json(&place.say(&["intel", "actors", "--json"]));
    assert_eq!(
        (nobody["known"].as_u64(), nobody["said"].as_str()),
        (Some(0), Some("nothing that is known fits what was seen"))
    );
    node.stop();
    // A person's address goes from there, too.
    let erased =
        json(&place.say(&["erase", "--address", "203.0.113.9", "--purpose", "asked to be forgotten", "--json"]));
    assert_eq!(
        (erased["before"]["seen_values"].as_u64(), erased["after"]["seen_values"].as_u64()),
        (Some(1), Some(0)),
        "{erased}"
    );
    assert!(place.say(&["fsck"]).contains(" 0 damaged"));
}

#[test]
fn what_was_tried_on_thirty_days_may_be_blocked_and_what_is_used_here_not() {
    let place = Place::new();
    let token = place.token("agent");
    let node = place.start(&[]);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let lines: String = (0..30_u64)
        .map(|day| {
            let at = model::Timestamp::EPOCH.plus(since - std::time::Duration::from_secs(day * 86_400 + 1));
            format!("<86>1 {at} siren-ctl sshd 991 - - {}\n", login("203.0.113.9", "ada"))
        })
        .collect();
    assert_eq!(node.post("http?format=syslog", &token, "b-1", &lines).unwrap().status, 200);
    node.wait_until_caught_up();
    let list = file(&place, "block.txt", "198.51.100.77\n203.0.113.9\nevil.example\n");
    place.say(&["intel", "load", "cert", &list, "--grade", "A1", "--confidence", "95", "--trusted", "--quiet"]);
    let patience = std::time::Instant::now() + PATIENCE;
    while !node.log().contains("past traffic: 30 days looked through, 1 indicator seen") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let show = |value: &str| {
        let shown = json(&place.say(&["intel", "show", value, "--json"]));
        (shown["may_block"].clone(), shown["blocking_because"].to_string())
    };
    assert_eq!(show("198.51.100.77").0, true, "{}", show("198.51.100.77").1);
    let (may_block, because) = show("203.0.113.9");
    assert_eq!(may_block, false);
    assert!(because.contains("seen here on 30 days, more than 10"), "{because}");
    let tried = place.run(&["intel", "blast", &list]);
    assert_eq!(text(&tried.stdout).trim(), "203.0.113.9: seen here on 30 days, more than 10");
    // What leaves for a firewall is what may be blocked, and nothing else.
    place.say(&["outlet", "add", "firewall", "--form", "text", "--for", "block"]);
    let given = place.say(&["outlet", "write", "firewall", "-"]);
    let mut given: Vec<&str> = given.lines().filter(|line| !line.starts_with('#')).collect();
    given.sort_unstable();
    assert_eq!(given, ["198.51.100.77", "evil.example"]);
    node.stop();
}
