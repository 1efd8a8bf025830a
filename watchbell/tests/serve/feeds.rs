//! Feeds that are a conversation, with servers that are real: our own TAXII server, the folder of a MISP feed, a MISP's REST interface,
//! and breaches by the first digits of hashes. What breaks off goes on, and what is gone there is gone here.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use formats::release::misp::{Folder, feed};
use formats::release::{Producer, Release, Released};
use model::{Confidence, IndicatorKind, Level, Marking, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Place, text};
use crate::outside::Outside;

fn read(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn add(place: &Place, name: &str, kind: &str, server: &Outside, path: &str, more: &[&str]) {
    let (url, allowed) = (server.url(path), server.allowed());
    let command = ["feed", "add", name, "--kind", kind, "--url", &url, "--allow-http", "--allow-private", &allowed];
    place.say(&[&command[..], more].concat());
}

/// A run, and whether it says that it went well.
fn run(place: &Place, name: &str) -> Value {
    let output = place.run(&["feed", "run", name, "--json", "--quiet"]);
    let health = read(&text(&output.stdout));
    assert_eq!(output.status.success(), health["error"].is_null(), "{health}");
    health
}

fn is_listed(place: &Place, value: &str) -> bool {
    let shown = place.run(&["intel", "show", value, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["claims"].as_array().unwrap().iter().any(|claim| claim["gone"].is_null())
}

fn secret(place: &Place, name: &str, secret: &str) -> String {
    let path = place.folder.path().join(name);
    std::fs::write(&path, secret).unwrap();
    path.to_str().unwrap().to_owned()
}

fn indicator(number: usize) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{number:08x}-17d4-4cbf-938f-98ee46b3cd3f"),
        "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "name": "dropper", "pattern_type": "stix",
        "pattern": format!("[ipv4-addr:value = '198.18.{}.{}']", number / 256, number % 256),
        "valid_from": "2026-11-01T00:00:00Z",
    })
}

/// Our own server, with a line that breaks: what comes is complete, nothing is asked for twice, and what came later comes, too.
#[test]
fn a_taxii_feed_goes_on_where_it_was_cut_off() {
    let theirs = Place::new();
    let token = theirs.say(&["token", "add", "them", "--scope", "share"]).trim().to_owned();
    theirs.say(&["collection", "root", "city", "--title", "A city"]);
    let id = theirs.say(&["collection", "add", "city", "--title", "Findings", "--everybody", "read,write"]);
    let id = id.trim().to_owned();
    let node = theirs.start(&[]);
    let address = node.address;
    let push = |from: usize, upto: usize| {
        for chunk in (from..upto).collect::<Vec<_>>().chunks(500) {
            let body =
                json!({ "objects": chunk.iter().map(|number| indicator(*number)).collect::<Vec<_>>() }).to_string();
            let head = format!(
                "POST /taxii2/city/collections/{id}/objects/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                 Authorization: Bearer {token}\r\nAccept: application/taxii+json;version=2.1\r\n\
                 Content-Type: application/taxii+json;version=2.1\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let answer = node.ask(&head, body.as_bytes()).unwrap();
            assert_eq!(answer.status, 202, "{}", answer.body);
        }
    };
    push(0, 3_500);
    // Between us a line that breaks at the third page, once.
    let (pages, broken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let line = Outside::start(move |asked| {
        let is_page = asked.path.contains("/objects/");
        if is_page && pages.fetch_add(1, Ordering::SeqCst) == 2 && broken.fetch_add(1, Ordering::SeqCst) == 0 {
            return (0, String::new(), Vec::new());
        }
        let keep = |line: &&str| {
            let name = line.to_ascii_lowercase();
            name.starts_with("authorization:") || name.starts_with("accept:")
        };
        let lines: String = asked.head.lines().filter(keep).map(|line| format!("{line}\r\n")).collect();
        let head = format!("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n", asked.path);
        let answer = crate::kit::ask_at(address, &head, b"").unwrap();
        let told = ["content-type", "x-taxii-date-added-first", "x-taxii-date-added-last", "date"];
        let lines = answer.head.lines().filter(|line| told.iter().any(|name| line.starts_with(name)));
        (answer.status, lines.map(|line| format!("{line}\r\n")).collect(), answer.body.into_bytes())
    });
    let ours = Place::new();
    ours.say(&["token", "add", "unused"]);
    let file = secret(&ours, "token", &token);
    add(&ours, "neighbour", "taxii", &line, "/taxii2/city/", &["--token-file", &file, "--grade", "B2"]);
    let tried = read(&ours.say(&["feed", "test", "neighbour", "--json"]));
    assert_eq!(tried["indicators"], 1_000, "a glance reads one page: {tried}");
    assert!(tried["offered"][0].as_str().unwrap().contains("Findings"), "{tried}");
    assert!(!is_listed(&ours, "198.18.0.1"), "a test keeps nothing");
    let asked = line.heard().len();

    let cut = run(&ours, "neighbour");
    assert!(!cut["error"].is_null(), "{cut}");
    assert!(cut["brought"]["claims"]["added"].as_u64().unwrap() > 0, "what came before it broke is kept: {cut}");
    assert!(is_listed(&ours, "198.18.0.1") && !is_listed(&ours, "198.18.13.100"));
    let whole = run(&ours, "neighbour");
    let added = |health: &Value| health["brought"]["claims"]["added"].as_u64().unwrap();
    assert_eq!(added(&cut) + added(&whole), 3_500, "nothing lost, nothing doubled: {cut} {whole}");
    let pages = line.heard().into_iter().skip(asked).filter(|asked| asked.path.contains("/objects/")).count();
    assert!(pages <= 6, "it goes on where it was: {pages} pages");
    push(3_500, 3_600);
    let later = run(&ours, "neighbour");
    assert_eq!((added(&later), later["error"].is_null()), (100, true), "{later}");
    assert_eq!(run(&ours, "neighbour")["brought"]["claims"]["added"], 0);
    // From the beginning of all, as a stranger would: discovery, roots, collections.
    let (url, allowed) =
        (format!("http://localhost:{}/taxii2/", address.port()), format!("localhost:{}", address.port()));
    ours.say(&[
        "feed",
        "add",
        "direct",
        "--kind",
        "taxii",
        "--url",
        &url,
        "--allow-http",
        "--allow-private",
        &allowed,
        "--user",
        "them",
        "--password-file",
        &file,
    ]);
    assert_eq!(added(&run(&ours, "direct")), 3_600);
    let missing = format!("{:08x}-17d4-4cbf-938f-98ee46b3cd3f", 7);
    add(&ours, "wrong", "taxii", &line, "/taxii2/city/", &["--token-file", &file, "--collection", &missing]);
    let error = run(&ours, "wrong")["error"].as_str().unwrap().to_owned();
    assert!(error.contains("has no collection") && error.contains(&id), "{error}");
    node.stop();
}

/// A run brings so much and no more, and says so; the next goes on behind it.
#[test]
fn a_run_has_a_limit_and_the_next_one_goes_on() {
    let page = |objects: std::ops::Range<usize>, next: Option<&str>| {
        let objects: Vec<Value> = objects.map(indicator).collect();
        json!({ "more": next.is_some(), "next": next, "objects": objects }).to_string().into_bytes()
    };
    let media = "Content-Type: application/taxii+json;version=2.1\r\n";
    let server = Outside::start(move |asked| {
        let path = asked.path.as_str();
        if !path.contains("/objects/") {
            let collection = json!({ "id": "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "title": "All", "can_read": true, "can_write": false });
            return (200, media.into(), collection.to_string().into_bytes());
        }
        // Dates come with each page, so that a key is not needed over a break.
        let second = path.contains("next=two") || path.contains("added_after=2026-11-02");
        let (body, day) = if second { (page(10..20, None), 3) } else { (page(0..10, Some("two")), 2) };
        let dates = format!(
            "{media}X-TAXII-Date-Added-First: 2026-11-0{day}T00:00:01.000000Z\r\nX-TAXII-Date-Added-Last: 2026-11-0{day}T00:00:02.000000Z\r\n"
        );
        (200, dates, body)
    });
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    let path = "/api/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/";
    add(&place, "small", "taxii", &server, path, &["--items-max", "5"]);
    let first = run(&place, "small");
    assert_eq!((first["brought"]["claims"]["added"].as_u64(), first["error"].is_null()), (Some(10), true), "{first}");
    assert!(first["tally"]["notes"].to_string().contains("more than one run may bring"), "{first}");
    let second = run(&place, "small");
    assert_eq!(second["brought"]["claims"]["added"], 10, "{second}");
}

/// Files of a feed in memory, as the folder of a web server.
#[derive(Clone, Default)]
struct Files(Arc<Mutex<BTreeMap<String, Bytes>>>);

type Bytes = Arc<Mutex<Vec<u8>>>;

struct Open(Bytes);

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Folder for Files {
    fn create(&mut self, name: &str) -> std::io::Result<Box<dyn Write>> {
        let file = Arc::new(Mutex::new(Vec::new()));
        self.0.lock().unwrap().insert(name.to_owned(), Arc::clone(&file));
        Ok(Box::new(Open(file)))
    }
}

impl Files {
    /// Writes the feed anew, as another city's Watchbell does.
    fn write(&mut self, values: &[&str], day: u8) {
        self.0.lock().unwrap().clear();
        let made = Timestamp::parse(&format!("2026-11-{day:02}T00:00:00Z")).unwrap();
        let release = Release { title: "A list".into(), producer: Producer::new("A city", "city.example"), made };
        let released = values.iter().map(|value| Released {
            kind: IndicatorKind::Domain,
            value: (*value).to_owned(),
            label: "phishing".to_owned(),
            confidence: Confidence::new(80).unwrap(),
            level: Level::High,
            first_seen: None,
            last_seen: None,
            valid_until: None,
            changed: Timestamp::parse("2026-11-01T00:00:00Z"),
            marking: Marking::default(),
            sources: Vec::new(),
            techniques: Vec::new(),
        });
        feed(&release, 4, &mut released.into_iter(), self).unwrap();
    }
}

#[test]
fn what_a_misp_feed_says_no_more_is_gone() {
    let mut files = Files::default();
    let all: Vec<String> = (0..40).map(|number| format!("host{number}.example")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    files.write(&all, 2);
    let (there, fails) = (files.clone(), Arc::new(AtomicUsize::new(1)));
    let failing = Arc::clone(&fails);
    let server = Outside::start(move |asked| {
        let name = asked.path.strip_prefix("/feed/").unwrap_or_default();
        // One event of the first run does not come.
        let is_event = name.len() == 41;
        if is_event && failing.load(Ordering::SeqCst) == 2 {
            return (503, String::new(), Vec::new());
        }
        if is_event && failing.load(Ordering::SeqCst) == 1 {
            failing.store(2, Ordering::SeqCst);
        }
        match there.0.lock().unwrap().get(name) {
            Some(file) => (200, "Content-Type: application/json\r\n".into(), file.lock().unwrap().clone()),
            None => (404, String::new(), Vec::new()),
        }
    });
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    add(&place, "misp-feed", "misp", &server, "/feed/", &["--grade", "B2"]);
    let cut = run(&place, "misp-feed");
    assert!(cut["error"].as_str().unwrap().contains("503"), "{cut}");
    let some = all.iter().filter(|value| is_listed(&place, value)).count();
    assert!(some > 0 && some < all.len(), "{some}: the event that came is kept");
    fails.store(0, Ordering::SeqCst);
    let asked = server.heard().len();
    let whole = run(&place, "misp-feed");
    assert!(whole["error"].is_null() && all.iter().all(|value| is_listed(&place, value)), "{whole}");
    let events = server.heard().into_iter().skip(asked).filter(|asked| asked.path.len() == 47).count();
    assert_eq!(events, 3, "the event that is there is not fetched again");
    // One value fewer, and one more.
    let mut less = all[1..].to_vec();
    less.push("late.example");
    files.write(&less, 3);
    let changed = run(&place, "misp-feed");
    assert!(!is_listed(&place, all[0]) && is_listed(&place, "late.example") && is_listed(&place, all[1]), "{changed}");
    // The same from a folder on this machine.
    let folder = place.folder.path().join("here");
    std::fs::create_dir(&folder).unwrap();
    for (name, file) in files.0.lock().unwrap().iter() {
        std::fs::write(folder.join(name), &*file.lock().unwrap()).unwrap();
    }
    place.say(&["feed", "add", "misp-here", "--kind", "misp", "--path", folder.to_str().unwrap()]);
    let tried = read(&place.say(&["feed", "test", "misp-here", "--json"]));
    assert!(tried["offered"][0].as_str().unwrap().contains("4 events"), "{tried}");
    assert_eq!(run(&place, "misp-here")["brought"]["listed"], 40);
    // What was held of it goes with it.
    let held = || std::fs::read_dir(place.data().join("feeds")).unwrap().count();
    assert_eq!(held(), 1);
    place.say(&["feed", "remove", "misp-feed"]);
    assert_eq!(held(), 0);
}

#[test]
fn a_misp_is_asked_with_its_key_and_for_what_changed() {
    let event = |number: u32, changed: u32, deleted: bool| {
        json!({ "Event": {
            "uuid": format!("{number:08x}-0000-4000-8000-000000000000"), "info": "An event", "timestamp": (1_780_000_000 + changed).to_string(),
            "Attribute": [{
                "uuid": format!("{number:08x}-0000-4000-8000-000000000001"), "type": "domain", "category": "Network activity",
                "value": format!("e{number}.example"), "to_ids": true, "deleted": deleted, "timestamp": "1780000000",
            }],
        } })
    };
    let is_deleted = Arc::new(AtomicUsize::new(0));
    let deleting = Arc::clone(&is_deleted);
    let server = Outside::start(move |asked| {
        let date = "Date: Fri, 27 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n".to_owned();
        if !asked.head.lines().any(|line| line.eq_ignore_ascii_case("authorization: a-key")) {
            return (403, date, b"{}".to_vec());
        }
        if asked.path.ends_with("/servers/getVersion") {
            return (200, date, br#"{"version":"2.5.1"}"#.to_vec());
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        let (page, limit) = (body["page"].as_u64().unwrap() as u32, body["limit"].as_u64().unwrap() as u32);
        let from: u32 = body["timestamp"].as_str().map_or(0, |text| text.parse().unwrap());
        let deleted = deleting.load(Ordering::SeqCst) as u32;
        // What is deleted changes its event.
        let all = (0..150_u32)
            .map(|number| if number == 7 && deleted == 1 { event(7, 200, true) } else { event(number, number, false) });
        let all = all.filter(|event| event["Event"]["timestamp"].as_str().unwrap().parse::<u32>().unwrap() >= from);
        let response: Vec<Value> = all.skip(((page - 1) * limit) as usize).take(limit as usize).collect();
        (200, date, json!({ "response": response }).to_string().into_bytes())
    });
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    let key = secret(&place, "key", "a-key\n");
    add(&place, "misp", "misp-rest", &server, "/", &["--key-file", &key, "--filter", r#"{"published": true}"#]);
    let tried = read(&place.say(&["feed", "test", "misp", "--json"]));
    assert_eq!((tried["offered"][0].as_str(), tried["indicators"].as_u64()), (Some("MISP 2.5.1"), Some(64)), "{tried}");
    let first = run(&place, "misp");
    assert_eq!(first["brought"]["claims"]["added"], 150, "{first}");
    let searched: Value = serde_json::from_slice(&server.heard().last().unwrap().body).unwrap();
    assert_eq!((&searched["published"], &searched["deleted"]), (&json!(true), &json!([0, 1])));
    let asked = server.heard().len();
    run(&place, "misp");
    let again = server.heard();
    assert!(again.iter().skip(asked).all(|asked| text(&asked.body).contains("timestamp")), "only what changed");
    // An attribute that was deleted is taken back.
    assert!(is_listed(&place, "e7.example"));
    is_deleted.store(1, Ordering::SeqCst);
    let later = run(&place, "misp");
    assert!(later["error"].is_null() && !is_listed(&place, "e7.example"), "{later}");
    assert!(is_listed(&place, "e8.example"));
    let key = secret(&place, "wrong", "no-key");
    add(&place, "locked", "misp-rest", &server, "/", &["--key-file", &key]);
    let locked = run(&place, "locked");
    assert!(locked["error"].as_str().unwrap().contains("403") && !locked.to_string().contains("no-key"), "{locked}");
}

#[test]
fn the_watch_runs_conversations_by_itself() {
    let mut files = Files::default();
    files.write(&["a.example", "b.example"], 2);
    let server = Outside::start(move |asked| {
        let name = asked.path.strip_prefix("/feed/").unwrap_or_default();
        match files.0.lock().unwrap().get(name) {
            Some(file) => (200, "Content-Type: application/json\r\n".into(), file.lock().unwrap().clone()),
            None => (404, String::new(), Vec::new()),
        }
    });
    let place = Place::new();
    place.say(&["token", "add", "unused"]);
    add(&place, "misp-feed", "misp", &server, "/feed/manifest.json", &["--grade", "A1", "--confidence", "90"]);
    let node = place.start(&[]);
    let patience = std::time::Instant::now() + crate::kit::PATIENCE;
    while !node.log().contains("intelligence: 2 indicators") {
        assert!(std::time::Instant::now() < patience, "{}", node.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    node.stop();
}
