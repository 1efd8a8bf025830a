//! Records come in by every door that needs nothing else to run, and what they say comes out.

use std::io::Write;
use std::net::{TcpStream, UdpSocket};

use crate::kit::{Place, free_port, text};

/// A log-on that one of the city's rules finds.
const ATTACK: &str =
    "<86>Nov 26 02:16:00 siren-ctl sshd[991]: Accepted password for h.brandt from 10.20.7.20 port 50022 ssh2";

const ZEEK: &str = r#"{"_path":"dns","ts":"2026-05-01T00:00:00Z","id.orig_h":"10.0.0.1","id.orig_p":5353,"id.resp_h":"10.0.0.2","id.resp_p":53,"query":"a.example","qtype_name":"A"}"#;

#[test]
fn every_door_leads_to_findings_and_hunts() {
    let place = Place::new();
    let (tcp, udp) = (free_port(), free_port());
    let (tcp, udp) = (format!("127.0.0.1:{tcp}"), format!("127.0.0.1:{udp}"));
    let logs = place.folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("dns.log"), format!("{ZEEK}\n")).unwrap();
    let token = place.token("agent");
    let node = place.start(&["--syslog-tcp", &tcp, "--syslog-udp", &udp, "--tail", logs.to_str().unwrap()]);
    assert_eq!(node.get("/healthz").body, "alive\n");
    let ready = node.get("/readyz");
    assert_eq!((ready.status, ready.body.contains("\"ready\":true")), (200, true), "{ready:?}");

    // Octet counting and line feeds on one connection (RFC 6587).
    let mut stream = TcpStream::connect(&tcp).unwrap();
    write!(stream, "{} {ATTACK}{ATTACK}\nthis is no syslog\n", ATTACK.len()).unwrap();
    drop(stream);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(ATTACK.as_bytes(), &udp).unwrap();
    let answer = node.post("http", &token, "b-1", &format!("{ZEEK}\n{{broken\n{ZEEK}\n")).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, r#"{"accepted":2,"refused":[{"line":2,"reason":"not JSON"}]}"#);
    node.wait_for("watchbell_records_looked_at_total", 7);
    node.wait_for("watchbell_findings_total", 3);
    // A second look at the same batch and a restart on the same file bring nothing new.
    assert_eq!(node.post("http", &token, "b-1", &format!("{ZEEK}\n")).unwrap().status, 200);
    assert_eq!(node.figure("watchbell_journal_duplicates_total"), 1);
    node.stop();
    let node = place.start(&["--tail", logs.to_str().unwrap()]);
    std::fs::OpenOptions::new()
        .append(true)
        .open(logs.join("dns.log"))
        .unwrap()
        .write_all(format!("{ZEEK}\n").as_bytes())
        .unwrap();
    node.wait_for("watchbell_records_looked_at_total", 1);
    node.stop();

    assert_eq!(place.number("SELECT count(*) FROM events WHERE source = 'tail'"), 2);
    assert_eq!(place.number("SELECT count(*) FROM events WHERE source = 'http'"), 2);
    assert_eq!(place.number("SELECT count(*) FROM events WHERE source LIKE 'syslog%' AND class_uid = 3002"), 3);
    // What no reader knows is kept untouched, too, and a note says so.
    assert_eq!(place.number("SELECT count(*) FROM events WHERE raw = 'this is no syslog'"), 1);
    assert_eq!(place.number("SELECT count(*) FROM findings"), 3);
    assert_eq!(place.number("SELECT count(DISTINCT id) FROM events"), 11);
    let findings = place.run(&["findings"]);
    assert_eq!(findings.status.code(), Some(1), "something critical was found");
    assert!(text(&findings.stdout).contains("Password log-in to a siren controller"), "{findings:?}");
}

#[test]
fn an_event_can_be_hunted_within_ten_seconds_while_the_watch_runs() {
    let place = Place::new();
    let token = place.token("agent");
    let node = place.start(&[]);
    node.post("http", &token, "b", &format!("{ZEEK}\n")).unwrap();
    let since = std::time::Instant::now();
    while place.number("SELECT count(*) FROM events") == 0 {
        assert!(since.elapsed() < crate::kit::PATIENCE, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    node.stop();
}

#[test]
fn rules_are_read_anew_without_a_restart() {
    let place = Place::new();
    let token = place.token("agent");
    let rules = place.folder.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    let node = place.start(&["--rules", rules.to_str().unwrap()]);
    node.post("http", &token, "b1", &format!("{ZEEK}\n")).unwrap();
    node.wait_for("watchbell_records_looked_at_total", 1);
    let before = node.figure("watchbell_findings_total");
    let rule = "title: A question\nid: 9b1d2a6e-0f3a-4c40-9c55-0d7f3f3b0001\nlogsource: {product: zeek, service: dns}\n\
                detection: {s: {query: a.example}, condition: s}\nlevel: low\n";
    std::fs::write(rules.join("new.yml"), rule).unwrap();
    let loaded = node.figure("watchbell_rules");
    node.signal("HUP");
    node.wait_for("watchbell_rules", loaded + 1);
    node.post("http", &token, "b2", &format!("{ZEEK}\n")).unwrap();
    node.wait_for("watchbell_findings_total", before + 1);
    node.stop();
}

#[test]
fn correlations_remember_over_a_restart() {
    let place = Place::new();
    let token = place.token("agent");
    let rules = place.folder.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    let rule = "title: A question\nname: asked\nid: 9b1d2a6e-0f3a-4c40-9c55-0d7f3f3b0002\nlogsource: {product: zeek, service: dns}\n\
                detection: {s: {query: a.example}, condition: s}\nlevel: low\n---\n\
                title: Asked four times\nid: 9b1d2a6e-0f3a-4c40-9c55-0d7f3f3b0003\n\
                correlation: {type: event_count, rules: [asked], group-by: [id.orig_h], timespan: 1h, condition: {gte: 4}}\nlevel: high\n";
    std::fs::write(rules.join("new.yml"), rule).unwrap();
    let more = ["--rules", rules.to_str().unwrap()];
    let node = place.start(&more);
    node.post("http", &token, "b1", &format!("{ZEEK}\n{ZEEK}\n")).unwrap();
    node.wait_for("watchbell_records_looked_at_total", 2);
    node.stop();
    // Killed after its findings were kept and before it wrote down what it remembers.
    let node = place.start(&more);
    node.post("http", &token, "b2", &format!("{ZEEK}\n")).unwrap();
    node.wait_for("watchbell_records_looked_at_total", 1);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    node.kill();
    let node = place.start(&more);
    node.post("http", &token, "b3", &format!("{ZEEK}\n")).unwrap();
    node.wait_for("watchbell_findings_total", 1);
    node.stop();
    let findings = text(&place.run(&["findings"]).stdout);
    assert!(findings.contains("Asked four times"), "{findings}");
}
