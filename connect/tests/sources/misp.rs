//! MISP in both ways: the folder of a feed, and the REST interface.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connect::feeds::misp::{Cursor, Folder, MispError, Rest};
use connect::feeds::taxii::RunLimits;
use connect::feeds::{CredentialsConfig, Feed, FeedConfig, FeedKind};
use connect::fetch::{Access, Conditional, Credentials, Fetched, Secret, Target};
use model::Timestamp;
use model::limits::{FETCH_MEMORY_BYTES_MAX, MISP_PAGE_EVENTS};
use serde_json::{Value, json};

use crate::web::{Answer, Asked, Web, answer};

fn uuid(number: u64) -> String {
    format!("{number:08x}-7c3c-4e1c-9a6f-0a1b2c3d4e5f")
}

#[tokio::test]
async fn a_folder_gives_what_changed() {
    let web = Web::start(|asked| match asked.path() {
        "/feed/manifest.json" if asked.head.contains("if-none-match: \"m1\"") => {
            Answer::Raw(b"HTTP/1.1 304 X\r\n\r\n".to_vec())
        }
        "/feed/manifest.json" => {
            let manifest = json!({ uuid(1): {"timestamp": "10", "info": "a"}, uuid(2): {"timestamp": 20}, "../x": {} });
            answer(200, "ETag: \"m1\"\r\n", manifest.to_string())
        }
        "/feed/hashes.csv" => answer(200, "", format!("{},{}\n", "0".repeat(32), uuid(1))),
        path if path == format!("/feed/{}.json", uuid(2)) => answer(200, "", r#"{"Event":{}}"#),
        _ => answer(404, "", ""),
    })
    .await;
    for address in ["/feed", "/feed/", "/feed/manifest.json"] {
        let at = Target::parse(&web.url(address)).expect("a target");
        let folder = Folder::new(Arc::new(web.fetcher()), None, &at);
        let Fetched::Body(manifest) = folder.manifest(Conditional::default()).await.expect("a manifest") else {
            panic!("not modified")
        };
        assert_eq!(
            manifest.body.refused[0].place,
            "entry 3 (../x)".replace("3", &manifest.body.refused[0].place[6..7])
        );
        let known = BTreeMap::from([(uuid(1), Timestamp::from_millis(10_000))]);
        assert_eq!(manifest.body.changes(&known).fetch, [uuid(2)]);
        assert_eq!(folder.manifest(manifest.conditional).await.expect("an answer"), Fetched::NotModified);
        assert_eq!(folder.event(&uuid(2)).await.expect("an event").body, br#"{"Event":{}}"#);
        assert!(matches!(folder.event(&uuid(3)).await, Err(MispError::Fetch(_))));
        assert!(matches!(folder.event("../../etc/passwd").await, Err(MispError::EventId(_))));
        assert!(
            matches!(folder.hashes(Conditional::default()).await, Ok(Fetched::Body(received)) if received.length == 70)
        );
    }
    assert!(web.asked().iter().all(|asked| !asked.line.contains("..")));
}

/// A MISP with events, each changed at its time in seconds, `bytes` long.
fn search(asked: &Asked, events: &[(u64, i64)], bytes: usize) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
    let number = |name: &str| body[name].as_u64().expect("a number") as usize;
    let from = body["timestamp"].as_str().map(|text| text.parse::<i64>().expect("a number"));
    let found = events.iter().filter(|(_, at)| from.is_none_or(|from| *at >= from));
    let (page, limit) = (number("page"), number("limit"));
    let slice = found.skip((page - 1) * limit).take(limit);
    let filler = "x".repeat(bytes);
    let one = |(number, at): &(u64, i64)| json!({"Event": {"uuid": uuid(*number), "timestamp": at.to_string(), "info": filler}});
    let list: Vec<Value> = slice.map(one).collect();
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    answer(200, date, json!({ "response": list }).to_string())
}

const NOW: i64 = 784_111_777;

async fn run(rest: &Rest, cursor: Cursor, limits: RunLimits) -> (Vec<String>, Cursor, Result<(), MispError>) {
    let mut pull = rest.pull(cursor.clone()).with_limits(limits);
    let (mut events, mut kept) = (Vec::new(), cursor);
    loop {
        match pull.next_page().await {
            Ok(Some(page)) => {
                events.extend(page.events.into_iter().flatten().map(|event| event.uuid));
                kept = serde_json::from_str(&serde_json::to_string(&page.cursor).expect("text")).expect("a cursor");
            }
            Ok(None) => return (events, pull.end().expect("an end"), Ok(())),
            Err(error) => return (events, kept, Err(error)),
        }
    }
}

fn rest(web: &Web, filter: Value) -> Rest {
    let at = Target::parse(&web.url("/misp")).expect("a target");
    let credentials = Credentials::Header { name: "Authorization".to_owned(), value: Secret::new("k3y") };
    let access = Access::new(at.origin().clone(), &credentials).expect("a header");
    let Value::Object(filter) = filter else { panic!("no object") };
    Rest::new(Arc::new(web.fetcher()), Some(access), &at, filter)
}

#[tokio::test]
async fn all_events_come_and_then_those_that_changed() {
    let count = u64::from(MISP_PAGE_EVENTS) * 2 + 3;
    let events: Vec<(u64, i64)> = (0..count).map(|number| (number, NOW - 1_000 + number as i64)).collect();
    let web = Web::start(move |asked| search(asked, &events, 1)).await;
    let rest = rest(&web, json!({"published": true}));
    let (first, cursor, ended) = run(&rest, Cursor::default(), RunLimits::default()).await;
    assert!(ended.is_ok());
    assert_eq!(first, (0..count).map(uuid).collect::<Vec<_>>());
    let last = NOW - 1_000 + count as i64 - 1;
    assert_eq!(cursor, Cursor { changed_from: Some(Timestamp::from_millis(last * 1_000)), run: None });
    // MISP takes the time as "from … on", so that the last one comes again, and whatever else was changed in that second.
    let (second, again, _) = run(&rest, cursor.clone(), RunLimits::default()).await;
    assert_eq!((second, again), (vec![uuid(count - 1)], cursor));
    let asked = web.asked();
    assert!(asked.iter().all(|asked| asked.line.starts_with("POST /misp/events/restSearch ")));
    assert!(asked.iter().all(|asked| asked.head.contains("authorization: k3y\r\n")));
    let body: Value = serde_json::from_slice(&asked[0].body).expect("JSON");
    assert_eq!(
        body,
        json!({"published": true, "deleted": [0, 1], "returnFormat": "json", "page": 1, "limit": MISP_PAGE_EVENTS})
    );
}

#[tokio::test]
async fn what_changes_while_a_run_is_on_comes_at_the_next() {
    // The newest event carries a time after the run began: whatever changed in between must not be passed over.
    let web = Web::start(|asked| search(asked, &[(1, NOW - 5), (2, NOW + 60)], 1)).await;
    let (_, cursor, _) = run(&rest(&web, json!({})), Cursor::default(), RunLimits::default()).await;
    assert_eq!(cursor.changed_from, Some(Timestamp::from_millis(NOW * 1_000)));
}

#[tokio::test]
async fn a_run_that_broke_off_goes_on() {
    let count = u64::from(MISP_PAGE_EVENTS) * 3;
    let events: Vec<(u64, i64)> = (0..count).map(|number| (number, NOW - 1_000 + number as i64)).collect();
    let web = Web::start(move |asked| search(asked, &events, 1)).await;
    let rest = rest(&web, json!({}));
    let limits = RunLimits { items_max: 1, ..RunLimits::default() };
    let (mut all, mut cursor) = (Vec::new(), Cursor::default());
    for _ in 0..3 {
        let (events, kept, ended) = run(&rest, cursor, limits).await;
        assert!(matches!(ended, Err(MispError::RunLimit { pages: 1, .. })), "{ended:?}");
        all.extend(events);
        cursor = kept;
    }
    let (rest_of_them, cursor, ended) = run(&rest, cursor, limits).await;
    assert!(ended.is_ok() && rest_of_them.is_empty() && cursor.run.is_none());
    assert_eq!(all, (0..count).map(uuid).collect::<Vec<_>>());
}

#[tokio::test]
async fn pages_that_are_too_large_are_asked_for_in_halves() {
    let events: Vec<(u64, i64)> = (0..u64::from(MISP_PAGE_EVENTS) + 5).map(|number| (number, NOW - 100)).collect();
    let count = events.len() as u64;
    // Twenty of these fill the memory of one answer.
    let bytes = FETCH_MEMORY_BYTES_MAX as usize / 20;
    let web = Web::start(move |asked| {
        let limit = serde_json::from_slice::<Value>(&asked.body).ok().and_then(|body| body["limit"].as_u64());
        // What is refused need not be built: the announced length says enough.
        match limit {
            Some(limit) if limit > 16 => {
                Answer::Raw(format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", limit * bytes as u64).into_bytes())
            }
            _ => search(asked, &events, 10),
        }
    })
    .await;
    let (found, _, ended) = run(&rest(&web, json!({})), Cursor::default(), RunLimits::default()).await;
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(found, (0..count).map(uuid).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_server_that_ignores_pages_is_left() {
    let web =
        Web::start(|_| answer(200, "", json!([{"Event": {"uuid": uuid(1), "timestamp": "1"}}]).to_string())).await;
    let (events, _, ended) = run(&rest(&web, json!({})), Cursor::default(), RunLimits::default()).await;
    assert!(matches!(ended, Err(MispError::Loops { pages: 2, .. })), "{ended:?}");
    assert_eq!(events, [uuid(1)]);
}

#[tokio::test]
async fn answers_that_are_none() {
    for text in ["<html>log in</html>", r#"{"response":[{"Event":"#, r#"{"message":"Authentication failed"}"#, ""] {
        let web = Web::start(move |_| answer(200, "", text)).await;
        let (_, _, ended) = run(&rest(&web, json!({})), Cursor::default(), RunLimits::default()).await;
        assert!(matches!(&ended, Err(MispError::Unreadable { .. })), "{text}: {ended:?}");
    }
    let web = Web::start(|asked| match asked.path() {
        "/misp/servers/getVersion" => answer(200, "", r#"{"version":"2.5.12"}"#),
        _ => answer(403, "", ""),
    })
    .await;
    assert_eq!(rest(&web, json!({})).version().await.expect("a version"), "2.5.12");
    let (_, _, denied) = run(&rest(&web, json!({})), Cursor::default(), RunLimits::default()).await;
    assert!(denied.is_err_and(|error| error.to_string().contains("hint: check the feed's credentials")));
}

#[tokio::test]
async fn a_feed_as_it_is_configured() {
    let web = Web::start(|asked| match asked.path() {
        "/list" if asked.head.contains("authorization: bearer t0ken\r\n") => answer(200, "ETag: \"1\"\r\n", "a\nb\n"),
        _ => answer(401, "", ""),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), "t0ken\n").expect("written");
    let mut config = FeedConfig::of_url(FeedKind::List, web.url("/list"));
    config.fetch = web.rules();
    config.credentials = Some(CredentialsConfig::Bearer { token_file: folder.path().join("token") });
    let feed = Feed::open(&config).expect("right").expect("a URL");
    let Fetched::Body(received) = feed.fetch(Conditional::default()).await.expect("fetched") else { panic!("304") };
    assert_eq!(received.body, b"a\nb\n");
    let path = folder.path().join("list");
    assert!(matches!(feed.fetch_to_file(Conditional::default(), &path).await, Ok(Fetched::Body(_))));
    assert_eq!(std::fs::read(&path).expect("a file"), b"a\nb\n");
    config.limits.bytes = 3;
    let small = Feed::open(&config).expect("right").expect("a URL").fetch(Conditional::default()).await;
    assert!(small.is_err_and(|error| error.to_string().contains("larger than 3 bytes; hint: ")));
    let on_disk = FeedConfig { url: None, credentials: None, path: Some(path), ..config };
    assert!(Feed::open(&on_disk).expect("right").is_none());
    let kinds: BTreeSet<bool> = [FeedKind::Taxii, FeedKind::List].map(FeedKind::is_one_file).into();
    assert_eq!(kinds.len(), 2);
}
