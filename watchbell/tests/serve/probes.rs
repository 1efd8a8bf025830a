//! Probes: a service on this machine that is looked at by hand and by the watch.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::{PATIENCE, Place, text};

/// A service that always answers the same page. Its thread ends with the test.
fn service() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head);
            let page = "<title>Town hall</title><p>Welcome to the town hall.";
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", page.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
        }
    });
    address
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}"))).collect()
}

#[test]
fn a_service_is_looked_at_by_hand_and_by_the_watch() {
    let place = Place::new();
    let address = service();
    let (url, private) = (format!("http://{address}/"), address.to_string());
    let add = |name: &str, more: &[&str]| {
        let command = ["probe", "add", name, &url, "--service", "town-hall", "--every", "30"];
        place.run(&[&command[..], more].concat())
    };
    // Nothing is added by a dry run, and a place that is none is refused.
    assert!(add("portal", &["--allow-private", &private, "--dry-run"]).status.success());
    assert_eq!(place.say(&["probe", "list", "--json"]), "");
    assert!(!place.run(&["probe", "add", "x", "town.example", "--service", "town-hall"]).status.success());
    assert!(add("portal", &["--allow-private", &private]).status.success());
    assert!(!add("portal", &["--allow-private", &private]).status.success(), "the name is taken");
    assert!(add("forbidden", &[]).status.success());

    let seen = lines(&place.say(&["probe", "run", "portal", "--json"]));
    let kinds: Vec<&str> = seen.iter().filter_map(|one| one["outcome"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["http", "page"], "{seen:?}");
    assert_eq!(seen[1]["outcome"]["title"], "Town hall");
    // A private place without an exception is not looked at.
    let refused = place.run(&["probe", "run", "forbidden", "--json"]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    assert_eq!(lines(&text(&refused.stdout))[0]["outcome"]["at"], "ours");

    let node = place.start(&[]);
    let until = Instant::now() + PATIENCE;
    let status = || {
        let listed = lines(&place.say(&["probe", "list", "--json"]));
        listed.iter().find(|one| one["name"] == "portal").map(|one| one["status"].clone()).unwrap_or_default()
    };
    while status() != "as usual" {
        assert!(Instant::now() < until, "the watch does not look: {}", node.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    place.say(&["probe", "pause", "portal"]);
    assert_eq!(status(), "paused");
    place.say(&["probe", "remove", "portal"]);
    assert_eq!(lines(&place.say(&["probe", "list", "--json"])).len(), 1);
    let deeds = lines(&place.say(&["audit", "list", "--operation", "probe.remove", "--json"]));
    assert_eq!(deeds.len(), 1);
    node.stop();
}
