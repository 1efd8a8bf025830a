//! Two agencies, each with a watch of its own: what one sees, the other knows within seconds, exactly as far as was agreed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::{Node, PATIENCE, Place, text};

/// Longest that news may take from one to the other. The bench says how long it takes; this only tells live from lost.
const SOON: Duration = Duration::from_secs(30);

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

/// An agency with a running watch.
struct Agency {
    place: Place,
    node: Node,
}

impl Agency {
    fn start() -> Self {
        let place = Place::new();
        let node = place.start(&[]);
        Agency { place, node }
    }

    fn address(&self) -> String {
        format!("http://{}", self.node.address)
    }

    fn say(&self, command: &[&str]) -> String {
        self.place.say(command)
    }

    /// Adds a peer; gives the file of the invitation for it.
    fn add(&self, name: &str, more: &[&str]) -> String {
        let address = self.address();
        let command = [&["peer", "add", name, "--address", &address], more].concat();
        let file = self.place.folder.path().join(format!("for-{name}.json"));
        std::fs::write(&file, self.say(&command)).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn peer(&self, name: &str) -> Value {
        json(&self.say(&["peer", "show", name, "--json"]))
    }

    fn wait(&self, what: &str, longest: Duration, mut is_there: impl FnMut() -> bool) {
        let until = Instant::now() + longest;
        while !is_there() {
            assert!(Instant::now() < until, "{what}: it does not come\n{}", self.node.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn knows(&self, value: &str) -> bool {
        self.place.run(&["intel", "show", value]).status.success()
    }
}

const AGREED: [&str; 8] = [
    "--share",
    "sightings,findings,indicators,tallies",
    "--clearance",
    "amber",
    "--relation",
    "client",
    "--heeds",
    "amber",
];

/// Two agencies that have invited each other.
fn pair() -> (Agency, Agency) {
    let (a, b) = (Agency::start(), Agency::start());
    join(&a, "b", &b, "a", &["--look-up"]);
    (a, b)
}

/// Makes two agencies peers of each other.
fn join(a: &Agency, b_at_a: &str, b: &Agency, a_at_b: &str, more: &[&str]) {
    let places = [a.node.address.to_string(), b.node.address.to_string()];
    let for_b = a.add(b_at_a, &[&AGREED, more, &["--allow-http", "--allow-private", &places[1]]].concat());
    let reach = ["--invitation", &for_b, "--allow-http", "--allow-private", &places[0]];
    let for_a = b.add(a_at_b, &[&AGREED[..], more, &reach].concat());
    a.say(&["peer", "join", b_at_a, &for_a, "--allow-http", "--allow-private", &places[1]]);
    for (agency, name) in [(a, b_at_a), (b, a_at_b)] {
        agency.wait("a live stream", PATIENCE, || agency.peer(name)["status"] == "live");
    }
}

#[test]
fn what_one_sees_the_other_knows_and_no_more() {
    let (a, b) = pair();
    a.say(&["intel", "seen", "203.0.113.66", "--tlp", "red"]);
    a.say(&["intel", "seen", "198.51.100.7", "--tlp", "green"]);
    b.wait("a sighting", SOON, || b.knows("198.51.100.7"));
    let shown = json(&b.say(&["intel", "show", "198.51.100.7", "--json"]));
    assert_eq!(
        (shown["claims"][0]["source"].as_str(), shown["claims"][0]["tlp"].as_str()),
        (Some("peer-a"), Some("green"))
    );
    // What was red is not there, however long one waits: the later one has come.
    assert!(!b.knows("203.0.113.66"));
    b.wait("what came is counted", SOON, || b.peer("a")["health"]["sightings"] == 1);
    let source = lines(&b.say(&["intel", "sources", "--json"])).remove(0);
    assert_eq!(
        (source["name"].as_str(), source["weight"].as_f64()),
        (Some("peer-a"), Some(0.5)),
        "nobody vouches for themselves"
    );
    let left = lines(&a.say(&["share", "left", "--to", "b", "--json"]));
    assert_eq!((left.len(), left[0]["about"].as_str()), (1, Some("ipv4 198.51.100.7")), "{left:?}");
    assert!(left[0]["because"].to_string().contains("within the peer's clearance"), "{left:?}");
    let peer = a.peer("b");
    assert!(peer["refused"].to_string().contains("TLP:RED is for the persons who were told"), "{peer}");
    assert!(!peer.to_string().contains("203.0.113.66"), "a reason names no thing: {peer}");
    // It goes back to nobody, and the same page twice changes nothing.
    b.say(&["peer", "pull", "a"]);
    assert_eq!(b.peer("a")["health"]["sightings"], 1);
    assert!(b.say(&["share", "left", "--json"]).is_empty());
    // The other way, and what a source of ours claims.
    let list = b.place.folder.path().join("own.txt");
    std::fs::write(&list, "evil.example\nbad.example\n").unwrap();
    b.say(&["intel", "load", "ours", list.to_str().unwrap(), "--quiet", "--tlp", "amber"]);
    b.say(&["share", "source", "ours", "own"]);
    a.wait("claims", SOON, || a.knows("evil.example") && a.knows("bad.example"));
    // What is listed no more is taken back.
    std::fs::write(&list, "evil.example\n").unwrap();
    b.say(&["intel", "load", "ours", list.to_str().unwrap(), "--quiet", "--tlp", "amber"]);
    a.wait("what is taken back", SOON, || !a.knows("bad.example"));
    // Nothing comes while it is paused; all of it comes after.
    a.say(&["peer", "pause", "b"]);
    b.say(&["intel", "seen", "192.0.2.99", "--tlp", "green"]);
    a.say(&["peer", "resume", "b"]);
    a.wait("what came meanwhile", SOON, || a.knows("192.0.2.99"));
    // Nothing goes while it is paused; all of it goes after. And what was a mistake is taken back.
    b.say(&["peer", "pause", "a"]);
    b.say(&["intel", "seen", "192.0.2.98", "--tlp", "green"]);
    b.say(&["peer", "resume", "a"]);
    a.wait("what was seen meanwhile", SOON, || a.knows("192.0.2.98"));
    b.say(&["intel", "harmless", "192.0.2.98"]);
    a.wait("what was harmless", SOON, || !a.knows("192.0.2.98"));
    for agency in [&a, &b] {
        agency.say(&["audit", "verify"]);
    }
    a.say(&["peer", "remove", "b"]);
    assert!(!a.knows("192.0.2.99"));
    // The token of a peer that was removed opens nothing.
    b.wait("a closed door", PATIENCE, || b.peer("a")["status"] == "failing");
    a.node.stop();
    b.node.stop();
}

#[test]
fn somebody_asks_without_saying_what() {
    let (a, b) = pair();
    a.say(&["intel", "seen", "198.51.100.7", "--tlp", "green"]);
    a.say(&["intel", "seen", "203.0.113.66", "--tlp", "red"]);
    for tier in ["oprf", "prefix"] {
        let ask = |value: &str| b.place.run(&["intel", "ask", value, "--peer", "a", "--tier", tier, "--json"]);
        let known = ask("198.51.100.7");
        assert_eq!(known.status.code(), Some(0), "{tier}: {}", text(&known.stderr));
        assert_eq!(json(&text(&known.stdout))["known"], true);
        // Nobody has seen it, or nobody may know who has.
        for value in ["198.51.100.8", "203.0.113.66"] {
            let unknown = ask(value);
            assert_eq!(unknown.status.code(), Some(1), "{tier} {value}: {}", text(&unknown.stderr));
        }
    }
    a.say(&["peer", "agree", "b", "--share", "sightings", "--clearance", "amber"]);
    let denied = b.place.run(&["intel", "ask", "198.51.100.7", "--peer", "a"]);
    assert_eq!(denied.status.code(), Some(1), "{}", text(&denied.stdout));
    assert!(text(&denied.stderr).contains("does not let us in (403)"), "{}", text(&denied.stderr));
    a.node.stop();
    b.node.stop();
}

#[test]
fn a_group_is_told_of_each_change_and_holds_only_its_members() {
    let (a, b) = pair();
    let c = Agency::start();
    join(&a, "c", &c, "a", &[]);
    a.say(&["share", "group", "set", "water", "--member", "b", "--tlp", "amber"]);
    let version = |agency: &Agency| {
        let groups = lines(&agency.say(&["share", "group", "list", "--json"]));
        groups.first().map_or(0, |group| group["version"].as_u64().unwrap())
    };
    b.wait("a group", SOON, || version(&b) == 1);
    assert_eq!(version(&c), 0, "whoever is no member does not hear of it");
    a.say(&["intel", "seen", "192.0.2.10", "--tlp", "green", "--group", "water"]);
    a.say(&["intel", "seen", "192.0.2.11", "--tlp", "green"]);
    for agency in [&b, &c] {
        agency.wait("what is for all", SOON, || agency.knows("192.0.2.11"));
    }
    assert!(b.knows("192.0.2.10") && !c.knows("192.0.2.10"));
    assert!(a.peer("c")["refused"].to_string().contains("groups that the peer is not in"));
    a.say(&["share", "group", "set", "water", "--member", "c", "--tlp", "amber"]);
    for agency in [&b, &c] {
        agency.wait("the next version", SOON, || version(agency) == 2);
    }
    // Only its owner changes it.
    let others = b.place.run(&["share", "group", "set", "water", "--member", "a"]);
    assert!(text(&others.stderr).contains("another agency's"), "{}", text(&others.stderr));
}

#[test]
fn a_count_goes_on_when_enough_have_seen_it() {
    // The state hears from three cities, and tells the fourth agency how many there are.
    let state = Agency::start();
    let cities: Vec<Agency> = (0..3).map(|_| Agency::start()).collect();
    for (number, city) in cities.iter().enumerate() {
        join(&state, &format!("city-{number}"), city, "state", &[]);
    }
    let nation = Agency::start();
    join(&state, "nation", &nation, "state", &[]);
    let counted = || lines(&state.say(&["share", "left", "--to", "nation", "--json"]));
    for (number, city) in cities.iter().enumerate() {
        assert!(counted().is_empty(), "{number} of three");
        city.say(&["intel", "seen", "198.51.100.7", "--tlp", "green"]);
        let name = format!("city-{number}");
        state.wait("a city's sighting", SOON, || state.peer(&name)["health"]["sightings"].as_u64() >= Some(1));
    }
    state.wait("a count", SOON, || counted().len() == 1);
    let tally = counted();
    assert_eq!((tally[0]["what"].as_str(), tally[0]["tlp"].as_str()), (Some("tally"), Some("green")), "{tally:?}");
    nation.wait("a count", SOON, || nation.knows("198.51.100.7"));
    assert!(state.peer("nation")["refused"].to_string().contains("fewer than 3 organisations"));
}

/// Answers everything alike.
fn hostile(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut head = [0; 8_192];
            let length = stream.read(&mut head).unwrap_or(0);
            let is_hints = String::from_utf8_lossy(&head[..length]).contains("/hints/");
            let answer = if is_hints {
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            } else {
                &answer
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_hostile_peer_is_named_and_harms_nobody() {
    let agency = Agency::start();
    let page = |body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/taxii+json;version=2.1\r\nX-TAXII-Date-Added-Last: 2026-01-01T00:00:00Z\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let tool = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2026-01-01T00:00:00Z",
        "modified":"2026-01-01T00:00:00Z","pattern":"[ipv4-addr:value = '192.0.2.77']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}"#;
    let cases = [
        ("circles", page(&format!(r#"{{"more":true,"next":"1","objects":[{tool}]}}"#)), "goes in circles"),
        ("broken", page(r#"{"objects":[{"#), "gave no envelope"),
        ("nothing", "HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(), "answers 500"),
        ("huge", format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1u64 << 40), "is larger than"),
    ];
    for (name, answer, _) in &cases {
        let address = hostile(answer.clone());
        let invitation = serde_json::json!({
            "watchbell_peer": 1, "url": format!("http://{address}/taxii2/peers/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/"),
            "inbox": "", "token": "wbt_AAAA", "key": key(&agency),
        });
        let file = agency.place.folder.path().join("invitation.json");
        std::fs::write(&file, invitation.to_string()).unwrap();
        let file = file.to_str().unwrap();
        agency.add(name, &["--invitation", file, "--allow-http", "--allow-private", &address]);
    }
    for (name, _, expected) in &cases {
        agency.wait(name, PATIENCE, || agency.peer(name)["health"]["error"].to_string().contains(expected));
        assert_eq!(agency.peer(name)["status"], "failing");
    }
    // What was good of it is kept, and the others go on.
    assert!(agency.knows("192.0.2.77"));
    assert!(!agency.node.log().contains("wbt_AAAA"));
    agency.node.stop();
}

/// Any key that is one.
fn key(agency: &Agency) -> String {
    agency.say(&["share", "key"]).trim().to_owned()
}
