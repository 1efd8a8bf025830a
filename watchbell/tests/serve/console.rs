//! The console, from outside: what nobody sees without being in, and a day in a real browser.

use std::io::{Read, Write};
use std::net::TcpStream;
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

/// An operation of the document: method, path, and by what one has to be in.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) needs: Vec<String>,
}

impl Operation {
    /// The path with something in every place of it.
    pub(crate) fn filled(&self) -> String {
        let path = self.path.replace("{id}", &"0".repeat(32)).replace("{name}", "app.css");
        let path = path.replace("{source}", "http").replace("{credential}", "AAAA");
        let path = path.replace("{number}", "1").replace("{function}", "GV");
        path.replace("{root}", "shared")
            .replace("{object}", "tool--1")
            .replace("{status}", "x")
            .replace("{file}", "x")
            .replace("{prefix}", "00000")
            .replace("{item}", "x")
            .replace("{control}", "ac-1")
            .replace("{document}", "security-plan.json")
    }
}

pub(crate) fn document(node: &Node) -> Vec<Operation> {
    let document: serde_json::Value = serde_json::from_str(&node.get("/api/openapi.json").body).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let needs = operation["security"].as_array().into_iter().flatten();
            let needs = needs.flat_map(|need| need.as_object().unwrap().keys().cloned()).collect();
            operations.push(Operation { method: method.to_uppercase(), path: path.clone(), needs });
        }
    }
    operations
}

/// Paths that anybody may ask for: everything else has to name who may.
const FOR_ANYBODY: &[&str] = &[
    "/",
    "/api/openapi.json",
    "/assets/{name}",
    "/healthz",
    "/metrics",
    "/readyz",
    "/setup",
    "/setup/finish",
    "/setup/start",
    "/sign-in",
    "/sign-in/finish",
    "/setup/staff",
    "/sign-in/staff",
    "/sign-in/start",
    "/staff",
];

/// What browsers are told about every answer: no frames, no guessing of kinds, nothing of others, nothing kept.
fn browsers_are_told(answer: &Answer, path: &str) {
    let mut told = vec![
        "content-security-policy: default-src 'none';",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
    ];
    if !path.starts_with("/assets/") {
        told.push("cache-control: no-store");
    }
    for line in told {
        assert!(answer.head.contains(line), "{path}: {line} is not in {}", answer.head);
    }
    for never in ["unsafe-", "access-control-allow", "server:", "x-powered-by"] {
        assert!(!answer.head.contains(never), "{path}: {}", answer.head);
    }
}

#[test]
fn nobody_sees_anything_without_being_in() {
    let place = Place::new();
    let node = place.start(&[]);
    let origin = format!("Origin: http://localhost:{}\r\n", node.address.port());
    let operations = document(&node);
    assert!(operations.len() > 50);
    for operation in &operations {
        let (method, path) = (operation.method.as_str(), operation.filled());
        // What programs alone ask for knows no sessions, so no page elsewhere can abuse one.
        let of_programs = ["/ingest/", "/taxii2/", "/outlets/"];
        let is_ours = !of_programs.iter().any(|of| operation.path.starts_with(of));
        if method != "GET" && is_ours {
            // A request from another page changes nothing, whoever it seems to come from.
            for from in ["", "Origin: null\r\n", "Origin: http://evil.example\r\n", "Origin: https://localhost\r\n"] {
                assert_eq!(ask(&node, method, &path, from).status, 403, "{method} {path} {from}");
            }
        }
        let status = |headers: &str| {
            let answer = ask(&node, method, &path, &format!("{origin}{headers}"));
            browsers_are_told(&answer, &path);
            answer.status
        };
        assert_eq!(operation.needs.is_empty(), FOR_ANYBODY.contains(&operation.path.as_str()), "{method} {path}");
        if operation.needs.is_empty() {
            assert!(![401, 404, 405, 500].contains(&status("")) || path.starts_with("/assets"), "{method} {path}");
            continue;
        }
        assert_eq!(status(""), 401, "{method} {path}");
        for cookie in ["watchbell=", "watchbell=AAAA", "watchbell=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(status(&format!("Cookie: {cookie}\r\n")), 401, "{method} {path} {cookie}");
        }
        for token in ["", "wbt_", "wbt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(status(&format!("Authorization: Bearer {token}\r\n")), 401, "{method} {path} {token}");
        }
        if is_ours {
            // Whoever reads pages is shown the door.
            assert_eq!(status("Accept: text/html\r\n"), 303, "{method} {path}");
        }
    }
    let nothing = ask(&node, "GET", "/no-such-page", "");
    assert_eq!((nothing.status, nothing.body.contains("about:blank")), (404, true));
    let not_so = ask(&node, "PUT", "/inbox", &origin);
    assert_eq!((not_so.status, not_so.body.contains("about:blank")), (405, true));
    node.stop();
}

/// Programs see what their token is for, of their own agency, and nothing else.
#[test]
fn programs_see_what_their_token_is_for() {
    let place = Place::new();
    let add = |name: &str, more: &[&str]| {
        let command = [&["token", "add", name][..], more].concat();
        place.say(&command).trim().to_owned()
    };
    let (ingest, findings) = (add("agent", &[]), add("soar", &["--scope", "findings"]));
    let hunt = add("report", &["--scope", "hunt"]);
    let theirs = add("theirs", &["--scope", "findings,hunt", "--agency", "fire"]);
    let node = place.start(&[]);
    node.post("http?format=syslog", &ingest, "b-1", &format!("{ATTACK}\n")).unwrap();
    node.wait_for("watchbell_findings_total", 1);
    let get = |token: &str, path: &str| ask(&node, "GET", path, &format!("Authorization: Bearer {token}\r\n"));
    let list: serde_json::Value = serde_json::from_str(&get(&findings, "/inbox.json").body).unwrap();
    let id = list["findings"][0]["id"].as_str().unwrap().to_owned();
    let finding = format!("/findings/{id}.json");
    let check = |token: &str, path: &str, status: u16| {
        let answer = get(token, path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        answer.body
    };
    assert!(check(&findings, &finding, 200).contains("h.brandt"));
    check(&findings, "/inbox.csv", 200);
    check(&findings, "/health.json", 200);
    check(&hunt, "/hunt.json?sql=SELECT+1", 200);
    // Of the own agency only: not in lists, not by name, not in errors.
    assert_eq!(check(&theirs, "/inbox.json", 200), r#"{"findings":[],"next":null}"#);
    let nothing = check(&theirs, &finding, 404);
    assert_eq!(nothing, check(&theirs, &finding.replace(&id, &"0".repeat(32)), 404).replace(&"0".repeat(32), &id));
    assert!(check(&theirs, "/health.json", 200).contains(r#""sources":[]"#));
    // What the token is not for.
    for (token, paths) in [
        (&ingest, &["/inbox.json", "/hunt.json?sql=SELECT+1", "/health.json", "/audit.json", "/people.json"][..]),
        (&findings, &["/hunt.json?sql=SELECT+1", "/audit.json", "/audit.csv", "/people.json"][..]),
        (&hunt, &["/inbox.json", "/health.json", &finding][..]),
    ] {
        paths.iter().for_each(|path| drop(check(token, path, 403)));
    }
    for token in ["", "wbt_", "x", "wbt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        check(token, "/inbox.json", 401);
    }
    // A token is no session: it changes nothing and opens no page.
    let origin = format!("Origin: http://localhost:{}\r\nAuthorization: Bearer {findings}\r\n", node.address.port());
    assert_eq!(ask(&node, "POST", "/findings/decide", &origin).status, 401);
    assert_eq!(ask(&node, "GET", "/inbox", &origin).status, 401);
    place.say(&["token", "revoke", "soar"]);
    check(&findings, "/inbox.json", 401);
    let denied = place.say(&["audit", "list", "--operation", "hunt.run"]);
    assert!(denied.contains("denied") && denied.contains("token:"), "{denied}");
    node.stop();
}

/// Holds every page that was sent to the standard.
fn check_html(browser: &testkit::Browser, pages: &Path) {
    let Some(mut command) = browser.validator() else { return };
    let entries = std::fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "html")).collect();
    assert!(pages.len() > 15, "{pages:?}");
    let output = command.args(["--format", "text", "--also-check-css"]).args(&pages).output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn a_day_in_the_console() {
    let Some(browser) = testkit::browser() else { return };
    let place = Place::new();
    let token = place.token("agent");
    let list = place.folder.path().join("list.tsv");
    std::fs::write(&list, "listed.example\tmalware/test\n").unwrap();
    place.say(&["intel", "load", "some-list", list.to_str().unwrap(), "--mapping", "maltrail", "--quiet"]);
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
    // Whoever wants to look at them says where they go.
    let pictures = std::env::var_os("PICTURES").map(std::path::PathBuf::from);
    let pictures = pictures.unwrap_or_else(|| place.folder.path().join("pictures"));
    let mut walk = browser.node(&script);
    walk.arg(node.setup_url.as_deref().unwrap()).arg(&pictures).env("TOKEN", &token);
    let output = walk.stdin(Stdio::null()).output().unwrap();
    let said = format!("{}\n{}\n{}", text(&output.stdout), text(&output.stderr), node.log());
    assert!(output.status.success(), "{said}");
    assert!(text(&output.stdout).contains("the day is over"), "{said}");
    check_html(&browser, &pictures);
    let log = node.log();
    for secret in ["Ada Brandt", "#", &token] {
        assert!(!log.contains(secret), "the log has {secret:?}: {log}");
    }
    // A page that is live does not keep the watch from stopping.
    let session =
        text(&output.stdout).lines().find_map(|line| line.strip_prefix("session ").map(str::to_owned)).unwrap();
    let mut live = TcpStream::connect(node.address).unwrap();
    write!(live, "GET /inbox/events?seq=0 HTTP/1.1\r\nHost: localhost\r\nCookie: {session}\r\n\r\n").unwrap();
    let mut first = [0; 12];
    live.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
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
