//! The TAXII client against servers as they are in the field.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use connect::feeds::taxii::{Client, Cursor, PageNote, Reached, RunLimits, TaxiiError};
use connect::fetch::{Access, Credentials, Secret, Target};
use model::Timestamp;
use model::limits::{TAXII_PAGES_MAX, TAXII_STATUS_ASKED_MAX};

use crate::web::{Answer, Asked, Web, answer};

const TYPE: &str = "Content-Type: application/taxii+json;version=2.1\r\n";

/// How a server differs from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Right,
    /// Takes `added_after` as "from … on".
    Inclusive,
    /// Says `more` and gives no `next`.
    NoNext,
    /// Both.
    NoNextInclusive,
    /// Gives the same `next` for every page, and the first page for it.
    SameNext,
    /// The same, and no dates.
    SameNextNoDates,
    /// The same `next` for every page, and counts the pages itself, as the OASIS reference server does.
    Counts,
    /// A new `next` each time, pages that go round.
    Round,
    /// Always more, never an object.
    EmptyForEver,
    NoDates,
    NoNextNoDates,
    OddDates,
    /// A clock that is a day behind the dates of the objects.
    Future,
    /// Dates without what is below a second.
    WholeSeconds,
    /// Knows no `next` of the others, and has no dates.
    Forgets,
    /// Newest first.
    Backwards,
    /// Newest first, and no `next`.
    BackwardsNoNext,
}

use Way::{
    Backwards, BackwardsNoNext, Counts, EmptyForEver, Forgets, Future, Inclusive, NoDates, NoNext, NoNextInclusive,
    NoNextNoDates, OddDates, Right, Round, SameNext, SameNextNoDates, WholeSeconds,
};

/// A collection: each object's number and when it was added, in microseconds.
struct Shelf {
    objects: Vec<(usize, i64)>,
    /// Objects of a page, whatever is asked for.
    page_max: usize,
    way: Way,
    asked: AtomicUsize,
    counted: AtomicUsize,
}

impl Shelf {
    fn answer(&self, asked: &Asked) -> Answer {
        let round = self.asked.fetch_add(1, Ordering::SeqCst);
        let after = asked.parameter("added_after").map(|text| {
            assert_eq!(text.len(), "2020-01-01T00:00:00.000000Z".len(), "{text}");
            Timestamp::parse(&text).expect("a time").as_micros()
        });
        let is_inclusive = matches!(self.way, Inclusive | NoNextInclusive);
        let is_later = |at: i64| after.is_none_or(|after| if is_inclusive { at >= after } else { at > after });
        let mut found: Vec<_> = self.objects.iter().filter(|(_, at)| is_later(*at)).copied().collect();
        if matches!(self.way, Backwards | BackwardsNoNext) {
            found.reverse();
        }
        let next = asked.parameter("next");
        let key = if self.way == Forgets { "other/+ " } else { "page/+ " };
        if next.as_ref().is_some_and(|next| self.way == Forgets && !next.starts_with(key)) {
            return answer(400, TYPE, r#"{"title":"no such next"}"#);
        }
        let limit =
            asked.parameter("limit").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX).min(self.page_max);
        let pages = found.len().div_ceil(limit).max(1);
        let page = match self.way {
            SameNext | SameNextNoDates => 0,
            Round => round % pages,
            Counts if next.is_some() => self.counted.fetch_add(1, Ordering::SeqCst) + 1,
            Counts => {
                self.counted.store(0, Ordering::SeqCst);
                0
            }
            _ => next.and_then(|next| next.strip_prefix(key)?.parse().ok()).unwrap_or(0),
        };
        let slice: Vec<_> = found.iter().skip(page * limit).take(limit).copied().collect();
        if self.way == EmptyForEver {
            return answer(200, TYPE, format!(r#"{{"more":true,"next":"{round}"}}"#));
        }
        let has_more = matches!(self.way, SameNext | SameNextNoDates | Round) || found.len() > (page + 1) * limit;
        self.envelope(&slice, has_more, page, round)
    }

    fn envelope(&self, slice: &[(usize, i64)], has_more: bool, page: usize, round: usize) -> Answer {
        let objects: Vec<String> = slice.iter().map(|(number, _)| object(*number)).collect();
        let next = match self.way {
            NoNext | NoNextInclusive | NoNextNoDates | BackwardsNoNext => None,
            SameNext | SameNextNoDates | Counts => Some("same".to_owned()),
            Round => Some(format!("round {round}")),
            Forgets => Some(format!("other/+ {}", page + 1)),
            _ => Some(format!("page/+ {}", page + 1)),
        };
        let next = next.filter(|_| has_more).map(|next| format!(r#","next":"{next}""#)).unwrap_or_default();
        let mut head = TYPE.to_owned();
        if self.way == Future {
            head += "Date: Sat, 12 Sep 2020 12:26:40 GMT\r\n";
        }
        if let (Some(first), Some(last)) = (slice.first(), slice.last())
            && !matches!(self.way, NoDates | NoNextNoDates | SameNextNoDates | Forgets)
        {
            let written = |micros: i64| {
                let text = Timestamp::from_micros(micros).to_string();
                match self.way {
                    OddDates => text.replace('T', " ").replace('Z', ""),
                    WholeSeconds => format!("{}Z", &text[..19]),
                    _ => text,
                }
            };
            head += &format!("X-TAXII-Date-Added-First: {}\r\n", written(first.1));
            head += &format!("X-TAXII-Date-Added-Last: {}\r\n", written(last.1));
        }
        answer(200, &head, format!(r#"{{"more":{has_more}{next},"objects":[{}]}}"#, objects.join(",")))
    }
}

fn object(number: usize) -> String {
    format!(r#"{{"type":"x","id":"x--{number}","created":"2020-01-01T00:00:00Z","note":"\"}}]{{["}}"#)
}

struct Server {
    web: Web,
    root: Target,
}

async fn server(objects: Vec<(usize, i64)>, page_max: usize, way: Way) -> Server {
    let shelf = Shelf { objects, page_max, way, asked: AtomicUsize::new(0), counted: AtomicUsize::new(0) };
    let web = Web::start(move |asked| match asked.path() {
        "/api/collections/c-1/objects/" => shelf.answer(asked),
        _ => answer(404, TYPE, "{}"),
    })
    .await;
    let root = Target::parse(&web.url("/api")).expect("a target");
    Server { web, root }
}

#[derive(Debug)]
struct Ran {
    fresh: Vec<usize>,
    by_page: Vec<Vec<usize>>,
    repeated: usize,
    pages: usize,
    cursors: Vec<Cursor>,
    notes: BTreeSet<PageNote>,
    error: Option<TaxiiError>,
}

impl Ran {
    fn cursor(&self) -> Cursor {
        self.cursors.last().cloned().unwrap_or_default()
    }

    fn distinct(&self) -> BTreeSet<usize> {
        self.fresh.iter().copied().collect()
    }
}

async fn run(server: &Server, cursor: Cursor, page_objects: u32) -> Ran {
    let client = Client::new(Arc::new(server.web.fetcher()), None);
    let mut pull = client.pull(&server.root, "c-1", cursor).expect("a pull").with_page_objects(page_objects);
    let mut ran = Ran {
        fresh: vec![],
        by_page: vec![],
        repeated: 0,
        pages: 0,
        cursors: vec![],
        notes: BTreeSet::new(),
        error: None,
    };
    loop {
        match pull.next_page().await {
            Ok(Some(page)) => {
                ran.pages += 1;
                let mut fresh = Vec::new();
                for object in page.fresh_objects() {
                    let value: serde_json::Value = serde_json::from_slice(object).expect("a whole object");
                    let id = value["id"].as_str().and_then(|id| id.strip_prefix("x--")?.parse().ok());
                    fresh.push(id.expect("an id"));
                }
                ran.fresh.extend(&fresh);
                ran.by_page.push(fresh);
                ran.repeated += page.repeated;
                ran.notes.extend(page.notes);
                ran.cursors.push(page.cursor);
            }
            Ok(None) => return ran,
            Err(error) => {
                ran.error = Some(error);
                return ran;
            }
        }
        assert!(ran.pages < 1_000, "it does not end");
    }
}

/// Objects that were added in pairs, two of one microsecond.
fn pairs(count: usize) -> Vec<(usize, i64)> {
    (0..count).map(|number| (number, 1_600_000_000_000_000 + number as i64 / 2)).collect()
}

fn all(count: usize) -> Vec<usize> {
    (0..count).collect()
}

#[tokio::test]
async fn every_object_comes_whatever_the_server_does() {
    for (way, notes) in [
        (Right, vec![]),
        (Inclusive, vec![]),
        (NoNext, vec![PageNote::NoNext]),
        (NoNextInclusive, vec![PageNote::NoNext]),
        (SameNext, vec![PageNote::NextRepeats]),
        (Counts, vec![]),
        (NoDates, vec![PageNote::NoDate]),
        (OddDates, vec![PageNote::OddDate]),
        (Future, vec![PageNote::NoDate, PageNote::FutureDate]),
        (WholeSeconds, vec![]),
        (Backwards, vec![]),
    ] {
        let server = server(pairs(25), 4, way).await;
        let first = run(&server, Cursor::default(), 4).await;
        // A page that does not end does so with an error, once all is there.
        let is_right = first.error.is_none() || way == SameNext;
        assert!(is_right, "{way:?}: {first:?}");
        assert_eq!(first.distinct(), all(25).into_iter().collect(), "{way:?}");
        assert_eq!(first.fresh.len(), 25, "{way:?}: an object came twice as fresh");
        assert_eq!(first.notes, notes.into_iter().collect(), "{way:?}");
    }
}

#[tokio::test]
async fn the_next_run_brings_what_is_new_and_little_else() {
    for (way, again_max) in
        [(Right, 2), (Inclusive, 4), (NoNext, 2), (NoNextInclusive, 4), (OddDates, 2), (NoDates, 25)]
    {
        let before = server(pairs(25), 4, way).await;
        let first = run(&before, Cursor::default(), 4).await;
        let nothing_new = run(&before, first.cursor(), 4).await;
        assert!(nothing_new.fresh.len() <= again_max, "{way:?}: {nothing_new:?}");
        // Another two with the very time of the last one, as servers of several nodes do it.
        let mut objects = pairs(25);
        let last = objects[24].1;
        objects.extend([(25, last), (26, last), (27, last + 9)]);
        let after = server(objects, 4, way).await;
        let second = run(&after, nothing_new.cursor(), 4).await;
        assert!(second.error.is_none());
        assert!(second.distinct().is_superset(&BTreeSet::from([25, 26, 27])), "{way:?}: {second:?}");
        assert!(second.fresh.len() <= 3 + again_max, "{way:?}: {second:?}");
    }
}

#[tokio::test]
async fn a_run_that_broke_off_goes_on_from_any_page() {
    for way in [Right, Inclusive, NoNext, NoNextInclusive, NoDates, WholeSeconds, Counts, Backwards, Forgets] {
        let before = server(pairs(25), 4, if way == Forgets { NoDates } else { way }).await;
        let whole = run(&before, Cursor::default(), 4).await;
        let after = server(pairs(25), 4, way).await;
        for (page, cursor) in whole.cursors.iter().enumerate() {
            let kept: BTreeSet<usize> = whole.by_page.iter().take(page + 1).flatten().copied().collect();
            let text = serde_json::to_string(cursor).expect("text");
            let rest = run(&after, serde_json::from_str(&text).expect("a cursor"), 4).await;
            let is_there: BTreeSet<usize> = kept.union(&rest.distinct()).copied().collect();
            assert!(rest.error.is_none(), "{way:?} {page}: {rest:?}");
            assert_eq!(is_there.len(), 25, "{way:?} {page}: {cursor:?} {rest:?}");
            assert_eq!(rest.notes.contains(&PageNote::NextForgotten), way == Forgets && cursor.next.is_some());
        }
    }
}

#[tokio::test]
async fn servers_that_lead_nowhere_are_left_and_what_came_is_kept() {
    for (way, expected, fresh) in [
        (SameNextNoDates, "goes in circles", 4),
        (Round, "goes in circles", 25),
        (EmptyForEver, "goes in circles", 0),
        (NoNextNoDates, "no way leads there: it gives neither a key nor a date", 4),
        (BackwardsNoNext, "no way leads there", 4),
    ] {
        let server = server(pairs(25), 4, way).await;
        let ran = run(&server, Cursor::default(), 4).await;
        let error = ran.error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(error.contains(expected), "{way:?}: {error}");
        assert!(ran.distinct().len() >= fresh, "{way:?}: {ran:?}");
        assert!(server.web.connections() < 40, "{way:?}: {} requests", server.web.connections());
    }
}

#[tokio::test]
async fn a_crowded_date_is_asked_for_in_larger_pages() {
    let crowd: Vec<_> = (0..40)
        .map(|number| (number, if number < 35 { 1_600_000_000_000_000 } else { 1_600_000_000_000_009 }))
        .collect();
    let roomy = server(crowd.clone(), 1_000, NoNextInclusive).await;
    let ran = run(&roomy, Cursor::default(), 4).await;
    assert!(ran.error.is_none() && ran.notes.contains(&PageNote::CrowdedDate), "{ran:?}");
    assert_eq!((ran.distinct().len(), ran.fresh.len()), (40, 40));
    let cramped = server(crowd, 4, NoNextInclusive).await;
    let ran = run(&cramped, Cursor::default(), 4).await;
    assert!(matches!(ran.error, Some(TaxiiError::Loops { .. } | TaxiiError::Stuck { .. })), "{ran:?}");
    assert_eq!(ran.fresh.len(), 4);
}

#[tokio::test]
async fn one_run_brings_no_more_than_it_may() {
    let server = server(pairs(25), 4, Right).await;
    let client = Client::new(Arc::new(server.web.fetcher()), None);
    let limits = RunLimits { items_max: 9, ..RunLimits::default() };
    let mut cursor = Cursor::default();
    let mut objects = BTreeSet::new();
    let mut runs = 0;
    loop {
        runs += 1;
        let pull = client.pull(&server.root, "c-1", cursor.clone()).expect("a pull");
        let mut pull = pull.with_page_objects(4).with_limits(limits);
        let ended = loop {
            match pull.next_page().await {
                Ok(Some(page)) => {
                    objects.extend(page.fresh_objects().map(<[u8]>::to_vec));
                    cursor = page.cursor;
                }
                Ok(None) => break true,
                Err(TaxiiError::RunLimit { pages: 3, objects: 12, .. }) => break false,
                Err(error) => panic!("{error}"),
            }
        };
        if ended {
            break;
        }
    }
    assert_eq!((runs, objects.len()), (3, 25), "{TAXII_PAGES_MAX} pages would be another limit");
}

#[tokio::test]
async fn pages_that_are_no_envelopes() {
    for (text, expected) in [
        ("<html>log in</html>", "gave no envelope of objects of TAXII 2.1"),
        (r#"{"objects":[{"id":"x--1"}"#, "the document ends"),
        ("", "empty"),
        ("[]", "an envelope is a JSON object"),
        (r#"{"objects":7}"#, "objects should be a list"),
    ] {
        let web = Web::start(move |_| answer(200, TYPE, text)).await;
        let root = Target::parse(&web.url("/api/")).expect("a target");
        let ran = run(&Server { web, root }, Cursor::default(), 4).await;
        let error = ran.error.map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected) && error.contains("hint: "), "{text}: {error}");
    }
    // A bad object costs itself; the page is handed on whole, with a note.
    let deep =
        format!(r#"{{"objects":[{{"id":"x--1","d":{}{}}},{{"id":"x--2"}},7]}}"#, "[".repeat(500), "]".repeat(500));
    let web = Web::start(move |_| answer(200, TYPE, &deep)).await;
    let root = Target::parse(&web.url("/api/")).expect("a target");
    let client = Client::new(Arc::new(web.fetcher()), None);
    let mut pull = client.pull(&root, "c-1", Cursor::default()).expect("a pull");
    let page = pull.next_page().await.expect("an answer").expect("a page");
    let fresh: Vec<_> = page.fresh_objects().map(String::from_utf8_lossy).collect();
    assert_eq!((fresh.as_slice(), page.refused.len()), (&[r#"{"id":"x--2"}"#.into(), "7".into()][..], 1));
    assert!(page.refused[0].to_string().starts_with("object 1: nested deeper"));
    assert!(matches!(page.cursor.reached, Reached::Nothing) && page.cursor.next.is_none());
    assert!(pull.next_page().await.expect("an answer").is_none());
}

fn resources(asked: &Asked) -> Answer {
    let body = match asked.path() {
        "/taxii2/" => r#"{"title":"t","default":"/b/","api_roots":["/a/","../b","https://user@x.example/","/gone/"]}"#,
        "/a/" => r#"{"title":"A","versions":["application/taxii+json;version=2.1"],"max_content_length":100}"#,
        "/a/collections/" => {
            r#"{"collections":[{"id":"c-1","title":"one","can_read":true,"can_write":true},{"id":"..","title":"","can_read":true,"can_write":false}]}"#
        }
        "/a/collections/c-1/" => r#"{"id":"c-1","title":"one","can_read":true,"can_write":true}"#,
        "/b/collections/" => r#"{"collections":[{"id":"c-2","title":"two","can_read":false,"can_write":false}]}"#,
        "/page/" => "<html>log in</html>",
        _ => return answer(404, TYPE, r#"{"title":"nothing here"}"#),
    };
    answer(200, TYPE, body)
}

#[tokio::test]
async fn discovery_from_whatever_address_was_given() {
    let web = Web::start(resources).await;
    let target = |path: &str| Target::parse(&web.url(path)).expect("a target");
    let access = Access::new(target("/").origin().clone(), &Credentials::Bearer(Secret::new("t0ken"))).expect("one");
    let client = Client::new(Arc::new(web.fetcher()), Some(access));
    let ids = async |path: &str| {
        let offer = client.offer(&target(path)).await.expect("an offer");
        let ids: Vec<String> = offer.places.iter().map(|place| place.collection.id.clone()).collect();
        (ids, offer.refused.len())
    };
    // The root at a user's name and the one that is gone cost themselves, and so does the collection that leads upwards.
    assert_eq!(ids("/taxii2").await, (vec!["c-1".to_owned(), "c-2".to_owned()], 3));
    assert_eq!(ids("/a/").await, (vec!["c-1".to_owned()], 1));
    let one = client.offer(&target("/a/collections/c-1")).await.expect("an offer");
    assert_eq!((one.places.len(), &one.places[0].root), (1, &target("/a/")));
    let root = client.api_root(&target("/a")).await.expect("a root");
    assert_eq!(root.max_content_length, Some(100));
    let none = client.offer(&target("/page/")).await.map(|_| ()).map_err(|error| error.to_string());
    assert!(none.is_err_and(|text| text.contains("hint: is this the address of a TAXII 2.1 server?")));
    for asked in web.asked() {
        assert!(asked.head.contains("accept: application/taxii+json;version=2.1\r\n"), "{}", asked.head);
        assert!(asked.head.contains("authorization: bearer t0ken\r\n"));
        assert!(asked.path().ends_with('/'), "{}", asked.line);
    }
    assert!(matches!(client.pull(&target("/a/"), "../c", Cursor::default()), Err(TaxiiError::CollectionId(_))));
}

#[tokio::test]
async fn envelopes_are_sent_and_followed() {
    let asked_for = AtomicUsize::new(0);
    let web = Web::start(move |asked| {
        let status = |state: &str| {
            format!(r#"{{"id":"s-1","status":"{state}","total_count":2,"success_count":1,"failure_count":1,"pending_count":0,"failures":[{{"id":"x--2","version":"v","message":"no"}}]}}"#)
        };
        match (asked.path(), asked.line.starts_with("POST")) {
            ("/api/collections/c-1/objects/", true) => answer(202, TYPE, status("pending")),
            ("/api/status/s-1/", false) => match asked_for.fetch_add(1, Ordering::SeqCst) {
                0 => answer(200, TYPE, status("pending")),
                _ => answer(200, TYPE, status("complete")),
            },
            ("/api/status/never/", false) => answer(200, TYPE, r#"{"id":"never","status":"pending"}"#),
            ("/api/collections/moved/objects/", true) => answer(307, "Location: /api/collections/c-1/objects/\r\n", ""),
            _ => answer(404, TYPE, "{}"),
        }
    })
    .await;
    let root = Target::parse(&web.url("/api/")).expect("a target");
    let client = Client::new(Arc::new(web.fetcher()), None);
    let envelope = bytes::Bytes::from_static(br#"{"objects":[{"id":"x--1"},{"id":"x--2"}]}"#);
    let sent = client.push(&root, "c-1", envelope.clone(), Some(100)).await.expect("sent");
    let done = client.settled(&root, sent, Duration::ZERO).await.expect("settled");
    assert_eq!((done.success_count, done.failures[0].id.as_str()), (1, "x--2"));
    let first = &web.asked()[0];
    assert_eq!(first.body, envelope);
    assert!(first.head.contains("content-type: application/taxii+json;version=2.1\r\n"), "{}", first.head);
    let large = client.push(&root, "c-1", envelope.clone(), Some(10)).await;
    assert!(matches!(large, Err(TaxiiError::PushTooLarge { bytes_max: 10, .. })), "{large:?}");
    let moved = client.push(&root, "moved", envelope, None).await.map_err(|error| error.to_string());
    assert!(moved.is_err_and(|text| text.contains("redirects what we send")));
    assert_eq!(web.asked().iter().filter(|asked| asked.line.starts_with("POST")).count(), 2);
    assert!(client.status(&root, "../x").await.is_err());
}

#[tokio::test]
async fn a_status_that_never_comes_is_not_waited_for_for_ever() {
    let web = Web::start(|_| answer(200, TYPE, r#"{"id":"never","status":"pending"}"#)).await;
    let root = Target::parse(&web.url("/api/")).expect("a target");
    let client = Client::new(Arc::new(web.fetcher()), None);
    let status = client.status(&root, "never").await.expect("a status");
    let waited = client.settled(&root, status, Duration::ZERO).await;
    assert!(matches!(waited, Err(TaxiiError::StillPending { .. })), "{waited:?}");
    assert_eq!(web.connections() as u32, TAXII_STATUS_ASKED_MAX + 1);
}
