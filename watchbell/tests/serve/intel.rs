//! Intelligence as people bring it: from files and feeds, into the index, onto the wire, and back as the weight of sources.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::kit::{Node, Place, text, watchbell};

fn file(place: &Place, name: &str, content: &str) -> String {
    let path: PathBuf = place.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn load(place: &Place, name: &str, file: &str, more: &[&str]) -> Value {
    let command = [&["intel", "load", name, file, "--json", "--quiet"], more].concat();
    json(&place.say(&command))
}

#[test]
fn a_load_is_weighed_and_a_second_one_changes_what_changed() {
    let place = Place::new();
    let first = file(&place, "a.txt", "evil.example\n198.51.100.7\nnonsense here\nhxxp://bad[.]example/x\n");
    let done = load(&place, "ours", &first, &["--grade", "B2"]);
    assert_eq!(
        (done["added"].as_u64(), done["bad"].as_u64(), done["indicators"].as_u64()),
        (Some(3), Some(1), Some(3))
    );
    assert!(done["notes"][0].as_str().unwrap().starts_with("record 3: \"nonsense"), "{done}");
    let again = load(&place, "ours", &first, &[]);
    assert_eq!((again["added"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(3)));
    let second = file(&place, "b.txt", "evil.example\n203.0.113.0/24\n");
    let done = load(&place, "ours", &second, &[]);
    assert_eq!((done["added"].as_u64(), done["gone"].as_u64()), (Some(1), Some(2)));
    // Defanged or not, it is the same thing; reasons name the source.
    let shown = json(&place.say(&["intel", "show", "EVIL[.]example", "--json"]));
    assert_eq!((shown["kind"].as_str(), shown["value"].as_str()), (Some("domain"), Some("evil.example")));
    assert_eq!(shown["claims"].as_array().unwrap().len(), 1);
    assert!(shown["because"][0].as_str().unwrap().starts_with("ours calls it"), "{shown}");
    assert_eq!(shown["may_block"], false, "one voice, and never tried on traffic");
    let unknown = place.run(&["intel", "show", "nobody.example"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", text(&unknown.stderr));
    // Somebody says that it is harmless: the source loses weight, and says so.
    let before = shown["confidence"].as_u64().unwrap();
    place.say(&["intel", "harmless", "evil.example"]);
    let after = json(&place.say(&["intel", "show", "evil.example", "--json"]));
    assert!(after["confidence"].as_u64().unwrap() < before, "{after}");
    let sources = json(&place.say(&["intel", "sources", "--json"]));
    assert!(sources["because"].to_string().contains("false alarms: 1"), "{sources}");
    place.say(&["intel", "remove", "ours"]);
    assert_eq!(place.run(&["intel", "show", "evil.example"]).status.code(), Some(1));
    place.say(&["audit", "verify"]);
}

#[test]
fn sources_that_copy_each_other_are_one_voice() {
    let place = Place::new();
    let list = |from: u32, upto: u32| (from..upto).map(|n| format!("host-{n}.example\n")).collect::<String>();
    let (same, other) = (list(0, 400), list(390, 800));
    for (name, content) in [("first", &same), ("copy", &same), ("other", &other)] {
        load(&place, name, &file(&place, &format!("{name}.txt"), content), &["--grade", "B2"]);
    }
    let confidence =
        |value: &str| json(&place.say(&["intel", "show", value, "--json"]))["confidence"].as_u64().unwrap();
    // Named by two that say the same; by two that do not.
    assert!(confidence("host-7.example") < confidence("host-395.example"));
    let sources = place.say(&["intel", "sources", "--json"]);
    let repeats: Vec<&str> = sources.lines().filter(|line| line.contains("copy repeats first: 100 %")).collect();
    assert_eq!(repeats.len(), 1, "{sources}");
}

#[test]
fn what_stix_knows_is_kept_and_plain_patterns_are_looked_for() {
    let place = Place::new();
    let bundle = r#"{"type":"bundle","id":"bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","objects":[
      {"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2026-01-01T00:00:00Z",
       "modified":"2026-01-01T00:00:00Z","name":"dropper","pattern":"[domain-name:value = 'drop.example' OR ipv4-addr:value = '192.0.2.9']",
       "pattern_type":"stix","valid_from":"2026-11-01T00:00:00Z","confidence":90},
      {"type":"indicator","spec_version":"2.1","id":"indicator--1e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2026-01-01T00:00:00Z",
       "modified":"2026-01-01T00:00:00Z","pattern":"[file:size > 5]","pattern_type":"stix","valid_from":"2026-11-01T00:00:00Z"},
      {"type":"intrusion-set","spec_version":"2.1","id":"intrusion-set--4e78f46f-a023-4e5f-bc24-71b3ca22ec29","created":"2026-01-01T00:00:00Z",
       "modified":"2026-01-01T00:00:00Z","name":"Quiet Heron"},
      {"type":"indicator"}]}"#;
    let bundle = file(&place, "bundle.json", bundle);
    let done = load(&place, "cert", &bundle, &["--format", "stix", "--grade", "A1"]);
    assert_eq!((done["added"].as_u64(), done["patterns"].as_u64()), (Some(2), Some(1)), "{done}");
    assert!(done["bad"].as_u64() >= Some(1), "{done}");
    assert!(place.say(&["intel", "objects", "intrusion-set"]).contains("Quiet Heron"));
    assert!(place.say(&["intel", "objects"]).contains("indicator"), "the pattern that needs more than a look-up");
    let shown = json(&place.say(&["intel", "show", "192.0.2.9", "--json"]));
    assert_eq!(shown["claims"][0]["label"], "dropper");
}

fn indicator(number: u8, name: &str, pattern: &str) -> Value {
    serde_json::json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{number:02x}"),
        "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "name": name, "pattern": pattern,
        "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z", "confidence": 90,
    })
}

fn bundle(place: &Place, name: &str, objects: &[Value]) -> String {
    let id = "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    file(place, name, &serde_json::json!({ "type": "bundle", "id": id, "objects": objects }).to_string())
}

/// Patterns that no look-up can do are held against each event; what takes several events is remembered beyond a restart.
#[test]
fn patterns_are_held_against_events() {
    let place = Place::new();
    let of_one = "[network-traffic:src_ref.value LIKE '10.20.7.%' AND network-traffic:src_port >= 50000]";
    let of_two = "([user-account:account_login = 'first'] FOLLOWEDBY [user-account:account_login = 'second']) WITHIN 3600 SECONDS";
    let objects = [indicator(1, "high ports", of_one), indicator(2, "one after the other", of_two)];
    let done = load(
        &place,
        "cert",
        &bundle(&place, "two.json", &objects),
        &["--format", "stix", "--grade", "A1", "--level", "high"],
    );
    assert_eq!(done["patterns"], 2, "{done}");
    let token = place.token("agent");
    let node = place.start(&[]);
    assert!(node.log().contains("2 patterns"), "{}", node.log());
    let line = |user: &str, minute: u8, port: u16| {
        format!(
            "<86>Nov 26 02:{minute:02}:00 siren-ctl sshd[991]: Accepted publickey for {user} from 10.20.7.20 port {port} ssh2: RSA SHA256:a\n"
        )
    };
    let post = |node: &Node, batch: &str, line: String| {
        assert_eq!(node.post("http?format=syslog", &token, batch, &line).unwrap().status, 200);
        node.wait_until_caught_up();
    };
    let found = || text(&place.run(&["findings", "--json"]).stdout);
    post(&node, "b-1", line("first", 1, 4_001));
    assert!(!found().contains("says cert"), "{}", found());
    node.stop();
    let node = place.start(&[]);
    post(&node, "b-2", line("second", 2, 4_002));
    let told = found();
    assert!(told.contains("one after the other") && !told.contains("high ports"), "{told}");
    post(&node, "b-3", line("third", 3, 50_003));
    let told = found();
    assert!(told.contains("high ports") && told.contains("network-traffic:src_port"), "{told}");
    // What is loaded while the watch runs is taken up by it, and what is revoked is looked for no more.
    let mut revoked = indicator(1, "high ports", of_one);
    revoked["revoked"] = true.into();
    revoked["modified"] = "2026-02-01T00:00:00Z".into();
    let objects = [revoked, indicator(3, "by name", "[user-account:account_login MATCHES '^fou']")];
    load(&place, "cert", &bundle(&place, "three.json", &objects), &["--format", "stix"]);
    let patience = std::time::Instant::now() + crate::kit::PATIENCE;
    let mut port = 50_100;
    while !found().contains("by name") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        port += 1;
        post(&node, &format!("b-{port}"), line("fourth", 4, port));
    }
    let high = found().lines().filter(|line| line.contains("high ports")).count();
    post(&node, "b-last", line("fourth", 5, 50_099));
    assert_eq!(found().lines().filter(|line| line.contains("high ports")).count(), high, "{}", found());
    node.stop();
}

/// A MISP event as PyMISP writes it, and the bundles that `misp-stix` makes of it; prints what has to be found.
const WRITE: &str = r#"
import json, sys
from pymisp import MISPEvent, MISPObject
from misp_stix_converter import MISPtoSTIX21Parser, MISPtoSTIX20Parser
event = MISPEvent()
event.info = "What others write"
event.date = "2026-11-26"
event.add_tag("tlp:green")
given = []
md5, sha1, sha256, sha512 = "44d88612fea8a8f36de82e1278abb02f", "3395856ce81f2b7382dee72602f798b642f14140", "27" * 32, "5a" * 64
for kind, value in [
    ("ip-dst", "198.51.100.7"), ("ip-src", "2001:db8::7"), ("ip-dst", "203.0.113.0/24"), ("domain", "evil.example"),
    ("hostname", "www.evil.example"), ("url", "http://evil.example/a?b=1"), ("md5", md5), ("sha1", sha1),
    ("sha256", sha256), ("sha512", sha512), ("email-src", "a@evil.example"), ("email-dst", "b@evil.example"),
]:
    event.add_attribute(kind, value, to_ids=True)
    given.append(value)
event.add_attribute("ip-dst|port", "198.51.100.8|443", to_ids=True)
event.add_attribute("filename|md5", "a.exe|" + "1" * 32, to_ids=True)
event.add_attribute("filename|sha256", "b.exe|" + "2" * 64, to_ids=True)
thing = MISPObject("file")
thing.add_attribute("filename", "c.exe", to_ids=True)
thing.add_attribute("sha1", "3" * 40, to_ids=True)
event.add_object(thing)
given += ["198.51.100.8:443", "1" * 32, "2" * 64, "3" * 40]
# A domain together with its address: in MISP two values, in STIX a pattern that no look-up can do.
event.add_attribute("domain|ip", "two.example|198.51.100.9", to_ids=True)
# Patterns: things that nothing looks up.
event.add_attribute("regkey", "HKLM\\Software\\x", to_ids=True)
event.add_attribute("mutex", "Global\\x", to_ids=True)
event.add_attribute("user-agent", "evil/1.0", to_ids=True)
# Told for understanding.
event.add_attribute("ip-dst", "198.51.100.99", to_ids=False)
event.add_attribute("vulnerability", "CVE-2021-44228")
event.add_attribute("comment", "only words")
folder = sys.argv[1]
open(f"{folder}/misp.json", "w").write(json.dumps({"Event": json.loads(event.to_json())}))
for name, parser in [("stix21", MISPtoSTIX21Parser()), ("stix20", MISPtoSTIX20Parser())]:
    parser.parse_misp_event(event)
    open(f"{folder}/{name}.json", "w").write(parser.bundle.serialize())
print(json.dumps(given))
"#;

#[test]
fn what_pymisp_and_misp_stix_write_is_looked_for() {
    let Some(python) = testkit::python(&["pymisp", "misp-stix as misp_stix_converter", "stix2"]) else { return };
    let place = Place::new();
    let folder = place.folder.path().to_str().unwrap().to_owned();
    let written = std::process::Command::new(python).args(["-c", WRITE, &folder]).output().unwrap();
    assert!(written.status.success(), "{}", text(&written.stderr));
    let given: Vec<String> = serde_json::from_str(text(&written.stdout).trim()).unwrap();
    let sources = [("misp", "misp", 0), ("stix20", "stix", 4), ("stix21", "stix", 4)];
    for (name, format, patterns) in sources {
        let done = load(&place, name, &format!("{folder}/{name}.json"), &["--format", format, "--grade", "A1"]);
        assert_eq!((done["bad"].as_u64(), done["patterns"].as_u64()), (Some(0), Some(patterns)), "{name}: {done}");
    }
    let claimed = |value: &str| -> Vec<String> {
        let shown = place.run(&["intel", "show", value, "--json"]);
        let Some(shown) = shown.status.success().then(|| json(&text(&shown.stdout))) else { return Vec::new() };
        let claims = shown["claims"].as_array().unwrap().iter();
        claims.map(|claim| claim["source"].as_str().unwrap().to_owned()).collect()
    };
    for value in &given {
        let mut claimed = claimed(value);
        claimed.sort();
        assert_eq!(claimed, ["misp", "stix20", "stix21"], "{value}");
    }
    assert_eq!(claimed("two.example"), ["misp"]);
    assert_eq!(claimed("198.51.100.99"), Vec::<String>::new(), "it was told for understanding");
}

#[test]
fn patterns_are_like_grep() {
    let place = Place::new();
    let observed = r#"{"type":"bundle","id":"bundle--1","objects":[{"type":"observed-data","id":"observed-data--1","number_observed":1,
        "first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z",
        "objects":{"0":{"type":"ipv4-addr","value":"198.51.100.7"}}}]}"#;
    let observed = file(&place, "observed.json", observed);
    let check = |pattern: &str, code: i32| {
        let output = watchbell(&["intel", "match", "--pattern", pattern, &observed]);
        assert_eq!(output.status.code(), Some(code), "{pattern}: {}", text(&output.stderr));
    };
    check("[ipv4-addr:value = '198.51.100.7']", 0);
    check("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", 0);
    check("[ipv4-addr:value = '198.51.100.8']", 1);
    check("[ipv4-addr:value = ]", 2);
    let missing = watchbell(&["intel", "match", "--pattern", "[a:b = 1]", "/nowhere.json"]);
    assert_eq!(missing.status.code(), Some(2));
}

/// Answers every request with the list, or with 304 to whoever has it.
fn server(list: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let head = text(&head).to_lowercase();
            let answer = if head.contains("if-none-match: \"one\"") {
                "HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\nConnection: close\r\n\r\n".to_owned()
            } else {
                format!(
                    "HTTP/1.1 200 OK\r\nETag: \"one\"\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{list}",
                    list.len()
                )
            };
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, asked)
}

#[test]
fn a_feed_is_asked_by_the_watch_and_finds_what_it_names() {
    let place = Place::new();
    let (port, asked) = server("10.20.7.20\nevil.example\n");
    let url = format!("http://127.0.0.1:{port}/list.txt");
    let (allow, add) = (format!("127.0.0.1:{port}"), ["feed", "add", "state-list", "--url", &url, "--level", "high"]);
    // A private address is asked by nobody whom nobody told to, and plain http neither.
    let refused = place.run(&[&add[..], &["--allow-http"]].concat());
    assert!(refused.status.success(), "{}", text(&refused.stderr));
    let run = place.run(&["feed", "run", "state-list", "--quiet"]);
    assert_eq!((run.status.code(), asked.load(Ordering::SeqCst)), (Some(1), 0), "{}", text(&run.stderr));
    place.say(&["feed", "remove", "state-list"]);
    assert!(!place.run(&add).status.success(), "http is not taken unless somebody says so");
    place
        .say(&[&add[..], &["--allow-http", "--allow-private", &allow, "--grade", "A1", "--confidence", "90"]].concat());
    let tried = json(&place.say(&["feed", "test", "state-list", "--json"]));
    assert_eq!(tried["indicators"], 2);
    assert_eq!(place.run(&["intel", "show", "evil.example"]).status.code(), Some(1), "a test keeps nothing");
    // The watch runs it by itself, and looks for what it names.
    let token = place.token("agent");
    let node = place.start(&[]);
    let patience = std::time::Instant::now() + crate::kit::PATIENCE;
    while place.run(&["intel", "show", "evil.example"]).status.code() != Some(0) {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    while !node.log().contains("intelligence: 2 indicators") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let line = "<86>Nov 26 02:16:00 siren-ctl sshd[991]: Accepted publickey for x from 10.20.7.20 port 50022 ssh2: RSA SHA256:a\n";
    assert_eq!(node.post("http?format=syslog", &token, "b-1", line).unwrap().status, 200);
    node.wait_for("watchbell_findings_total", 1);
    // It says 1 when something of level high is among them.
    let found = text(&place.run(&["findings", "--json"]).stdout);
    assert!(found.contains("10.20.7.20") && found.contains("state-list"), "{found}");
    // Rules that are read anew do not take it away, not for a moment.
    node.signal("HUP");
    while !node.log().contains("read anew") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(node.post("http?format=syslog", &token, "b-2", &line.replace("50022", "50023")).unwrap().status, 200);
    node.wait_until_caught_up();
    let found = text(&place.run(&["findings", "--json"]).stdout);
    assert_eq!(found.lines().filter(|line| line.contains("state-list")).count(), 2, "{found}");
    // Asked again, it says that nothing changed.
    let before = asked.load(Ordering::SeqCst);
    let again = json(&place.say(&["feed", "run", "state-list", "--json", "--quiet"]));
    assert_eq!((asked.load(Ordering::SeqCst), &again["error"]), (before + 1, &Value::Null));
    node.stop();
}
