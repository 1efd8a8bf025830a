//! The console, from outside: what nobody sees without being in, and a day in a real browser.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::kit::{Answer, Node, PATIENCE, Place, text};

/// A log-on that one of the city's rules finds.
const ATTACK: &str =
    "<86>Nov 26 02:16:00 siren-ctl sshd[991]: Accepted password for h.brandt from 10.20.7.20 port 50022 ssh2";

fn ask(node: &Node, method: &str, path: &str, headers: &str) -> Answer {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
    );
    node.ask(&head, b"").unwrap()
}

fn filled(path: &str) -> String {
    path.replace("{id}", "00000000000000000000000000000000").replace("{name}", "app.css")
}

#[test]
fn nobody_sees_anything_without_being_in() {
    let place = Place::new();
    let node = place.start(&[]);
    let origin = format!("Origin: http://localhost:{}\r\n", node.address.port());
    for (method, path, must_be_in) in web::ROUTES {
        let path = filled(path);
        if *method == "POST" {
            // A request from another page changes nothing, whoever it seems to come from.
            for from in ["", "Origin: null\r\n", "Origin: http://evil.example\r\n", "Origin: https://localhost\r\n"] {
                assert_eq!(ask(&node, method, &path, from).status, 403, "{method} {path} {from}");
            }
        }
        let status = |headers: &str| ask(&node, method, &path, &format!("{origin}{headers}")).status;
        if *must_be_in {
            assert_eq!(status(""), 401, "{method} {path}");
            for cookie in ["watchbell=", "watchbell=AAAA", "watchbell=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
                assert_eq!(status(&format!("Cookie: {cookie}\r\n")), 401, "{method} {path} {cookie}");
            }
            let page = status("Accept: text/html\r\n");
            assert_eq!(page, if *method == "GET" { 303 } else { 401 }, "{method} {path}");
        } else {
            assert!(![401, 404, 405, 500].contains(&status("")) || path.starts_with("/assets"), "{method} {path}");
        }
    }
    let nothing = ask(&node, "GET", "/no-such-page", "");
    assert_eq!((nothing.status, nothing.body.contains("about:blank")), (404, true));
    node.stop();
}

#[test]
fn a_day_in_the_console() {
    let Some(browser) = testkit::browser() else { return };
    let place = Place::new();
    let token = place.token("agent");
    let node = place.start(&[]);
    node.post("http?format=syslog", &token, "b-1", &format!("{ATTACK}\n")).unwrap();
    node.wait_for("watchbell_findings_total", 1);
    // What detectors have looked at can be hunted a few seconds later.
    let until = Instant::now() + PATIENCE;
    while place.run(&["hunt", "SELECT 1 FROM events", "--json"]).stdout.is_empty() {
        assert!(Instant::now() < until, "{}", node.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/console.cjs");
    let pictures = place.folder.path().join("pictures");
    let mut walk = browser.node(&script);
    walk.arg(node.setup_url.as_deref().unwrap()).arg(&pictures).env("TOKEN", &token);
    let output = walk.stdin(Stdio::null()).output().unwrap();
    let said = format!("{}\n{}\n{}", text(&output.stdout), text(&output.stderr), node.log());
    assert!(output.status.success(), "{said}");
    assert!(text(&output.stdout).contains("the day is over"), "{said}");
    let log = node.log();
    for secret in ["Ada Brandt", "#", &token] {
        assert!(!log.contains(secret), "the log has {secret:?}: {log}");
    }
    node.stop();
    // Names are nowhere in the clear, and nobody changed the ledger.
    for file in ["state.db", "state.db-wal", "vault.db"] {
        let bytes = std::fs::read(place.data().join(file)).unwrap_or_default();
        assert!(!bytes.windows(10).any(|part| part == b"Ada Brandt"), "{file}");
    }
    assert!(place.say(&["audit", "verify"]).starts_with("good: "));
    let people = place.say(&["people", "list"]);
    assert!(people.contains("Ada Brandt") && people.contains("Bert Kim"), "{people}");
    let denied = place.say(&["audit", "list", "--operation", "person.read"]);
    assert!(denied.contains("denied"), "{denied}");
}
