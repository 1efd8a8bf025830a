use std::sync::Arc;
use std::sync::Mutex;

use detect::indicators::{Builder, IndicatorSet, Segment};
use detect::seen::{Pasts, Recorder};
use model::doors::BoxFuture;
use model::ocsf::{Class, Endpoint, Event};
use model::{AgencyId, Confidence, EventId, Indicator, IndicatorKind, Level, SourceId, Timestamp};

use super::*;
use crate::ingest::{EVENTS, FINDINGS, Shelf, ShelfError, ShelfRow};

const TODAY: i32 = 20_500;

fn noon(day: i32) -> Timestamp {
    Timestamp::from_micros(i64::from(day) * 86_400_000_000 + 43_200_000_000)
}

fn event(number: u64, host: &str, day: i32) -> Event {
    let id = EventId::from_bytes(u128::from(number).to_be_bytes());
    let mut event = Event::new(id, AgencyId::home(), noon(day), Class::NETWORK, 6);
    event.attributes.dst_endpoint = Some(Box::new(Endpoint { hostname: Some(host.to_owned()), ..Endpoint::default() }));
    event
}

fn row(number: u64, host: &str, day: i32) -> ShelfRow {
    ShelfRow {
        event: event(number, host, day),
        raw: b"{}".to_vec(),
        source: SourceId::parse("s").expect("a label"),
        received: noon(day),
        number,
    }
}

fn run(numbers: std::ops::Range<u64>, day: i32) -> Vec<((AgencyId, i32), Vec<u8>)> {
    let mut recorder = Recorder::default();
    for number in numbers {
        recorder.record(&event(number, &format!("h{number}.example"), day), noon(day));
    }
    recorder.take()
}

fn set(hosts: &[String]) -> IndicatorSet {
    let mut builder = Builder::new();
    for host in hosts {
        let indicator = Indicator {
            kind: IndicatorKind::Domain,
            value: host.clone(),
            label: "bad".into(),
            confidence: Confidence::UNSTATED,
            level: Level::High,
            source: "list".into(),
            seen: None,
        };
        builder.push(&indicator).expect("an indicator");
    }
    let mut image = Vec::new();
    builder.finish(&mut image).expect("a segment");
    IndicatorSet::of(Segment::open(image).expect("a segment"))
}

/// How often each of these hosts was seen in all days.
fn sightings(files: &SeenFiles, hosts: std::ops::Range<u64>) -> (Vec<u64>, SweepReport) {
    let hosts: Vec<String> = hosts.map(|number| format!("h{number}.example")).collect();
    let mut found = Pasts::new();
    let report = files.sweep(&AgencyId::home(), 0..=i32::MAX, &set(&hosts), (&mut found, 1_000)).expect("a sweep");
    let events = |host: &String| found.get(&(IndicatorKind::Domain, host.clone())).map_or(0, |past| past.events);
    (hosts.iter().map(events).collect(), report)
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn many_small_runs_become_few_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().join("seen"));
    assert_eq!(files.open().expect("opened"), None);
    let mut from = None;
    for part in 0..40 {
        files.keep(&run(part * 5..part * 5 + 5, TODAY), (from, part * 5 + 4)).expect("kept");
        from = Some(part * 5 + 4);
    }
    let day = folder.path().join("seen/home").join(TODAY.to_string());
    assert!(names(&day).len() <= 12, "{:?}", names(&day));
    let (events, report) = sightings(&files, 0..200);
    assert_eq!(events, vec![1; 200]);
    assert_eq!(report, SweepReport { days: 1, left_out: 0, damaged: 0 });
    assert_eq!(files.open().expect("opened"), Some(199));
    assert_eq!(sightings(&files, 0..200).0, vec![1; 200]);
}

#[test]
fn what_a_crash_leaves_is_cleared_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    files.open().expect("opened");
    files.keep(&run(0..5, TODAY), (None, 4)).expect("kept");
    files.keep(&run(5..10, TODAY), (Some(4), 9)).expect("kept");
    let day = folder.path().join("home").join(TODAY.to_string());
    let [first, second] = names(&day).try_into().expect("two runs");
    // A run that was written, but whose offset was not; and one that two others were brought together into, which are still there.
    std::fs::copy(day.join(&second), day.join(format!("{:020}-{:020}.run", 9, 14))).expect("copied");
    assert_eq!(files.open().expect("opened"), Some(9));
    assert_eq!(names(&day), [first.clone(), second.clone()]);
    std::fs::copy(day.join(&second), day.join(format!("{:020}-{:020}.run", 0, 9))).expect("copied");
    assert_eq!(files.open().expect("opened"), Some(9));
    assert_eq!(names(&day), [format!("{:020}-{:020}.run", 0, 9)]);
}

#[test]
fn old_days_go_unless_they_are_held_and_people_are_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    files.open().expect("opened");
    for (at, day) in [TODAY - 100, TODAY - 95, TODAY].into_iter().enumerate() {
        files.keep(&run(0..12, day), (Some(at as u64), at as u64 + 1)).expect("kept");
    }
    assert_eq!(files.forget_before(TODAY - 90, |_, day| day == TODAY - 95).expect("forgotten"), 1);
    assert_eq!(sightings(&files, 0..1), (vec![2], SweepReport { days: 2, ..SweepReport::default() }));
    let is_meant = |text: &[u8]| text.starts_with(b"h1");
    assert_eq!(files.count(&AgencyId::home(), is_meant).expect("counted"), 6);
    files.erase(&AgencyId::home(), is_meant).expect("erased");
    assert_eq!(files.count(&AgencyId::home(), is_meant).expect("counted"), 0);
    assert_eq!(sightings(&files, 0..3).0, [2, 0, 2]);
}

#[test]
fn damage_is_said_and_the_rest_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    files.open().expect("opened");
    files.keep(&run(0..3, TODAY), (None, 2)).expect("kept");
    files.keep(&run(3..6, TODAY), (Some(2), 5)).expect("kept");
    assert_eq!(files.check().expect("checked"), []);
    let path = folder.path().join(format!("home/{TODAY}/{:020}-{:020}.run", 0, 2));
    let packed = zstd::bulk::compress(b"no run at all", 1).expect("packed");
    std::fs::write(&path, packed).expect("written");
    let (events, report) = sightings(&files, 0..6);
    assert_eq!((events, report.damaged), (vec![0, 0, 0, 1, 1, 1], 1));
    let damaged = files.check().expect("checked");
    assert_eq!(damaged, [(path, "no run of seen values, or of another version".to_owned())]);
}

/// A shelf in memory: what is durable, and how often each row came.
#[derive(Default)]
struct Memory {
    rows: Mutex<Vec<u64>>,
    refuses: Mutex<bool>,
}

impl Shelf for Memory {
    fn committed<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<u64>, ShelfError>> {
        Box::pin(async move { Ok(self.rows.lock().expect("not poisoned").iter().max().copied()) })
    }

    fn append<'a>(&'a self, consumer: &'a str, rows: Vec<ShelfRow>, _: u64) -> BoxFuture<'a, Result<(), ShelfError>> {
        Box::pin(async move {
            if *self.refuses.lock().expect("not poisoned") {
                return Err(ShelfError { reason: "full".to_owned() });
            }
            if consumer == EVENTS {
                let mut known = self.rows.lock().expect("not poisoned");
                known.extend(rows.iter().map(|row| row.number));
            }
            Ok(())
        })
    }

    fn flush_if_due(&self) -> BoxFuture<'_, Result<(), ShelfError>> {
        Box::pin(async { Ok(()) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), ShelfError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn each_event_counts_once_whatever_is_handed_in_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    let memory = Arc::new(Memory::default());
    let rows = |span: std::ops::Range<u64>| span.map(|number| row(number, "h1.example", TODAY)).collect::<Vec<_>>();
    let shelf = SeenShelf::open(Arc::clone(&memory) as Arc<dyn Shelf>, files.clone()).expect("opened");
    shelf.append(EVENTS, rows(0..5), 4).await.expect("taken");
    // Copies of findings are what was said, not what happened.
    shelf.append(FINDINGS, rows(0..9), 8).await.expect("taken");
    assert_eq!(shelf.committed(EVENTS).await, Ok(None), "nothing is written yet");
    // The lake refuses after the rows were counted, and gets them again.
    *memory.refuses.lock().expect("not poisoned") = true;
    assert!(shelf.append(EVENTS, rows(5..8), 7).await.is_err());
    *memory.refuses.lock().expect("not poisoned") = false;
    shelf.append(EVENTS, rows(5..8), 7).await.expect("taken");
    shelf.flush().await.expect("flushed");
    assert_eq!(shelf.committed(EVENTS).await, Ok(Some(7)));
    assert_eq!(sightings(&files, 1..2).0, [8]);
    // A crash before the next is written: it is asked for again.
    shelf.append(EVENTS, rows(8..10), 9).await.expect("taken");
    drop(shelf);
    let shelf = SeenShelf::open(Arc::clone(&memory) as Arc<dyn Shelf>, files.clone()).expect("opened");
    assert_eq!(shelf.committed(EVENTS).await, Ok(Some(7)), "the lake has 9, what was seen has not");
    shelf.append(EVENTS, rows(7..10), 9).await.expect("taken");
    shelf.flush().await.expect("flushed");
    assert_eq!(sightings(&files, 1..2).0, [10]);
}

#[tokio::test]
async fn what_could_not_be_written_is_asked_for_again_whoever_wanted_it_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    let memory = Arc::new(Memory::default());
    let rows = |span: std::ops::Range<u64>| span.map(|number| row(number, "h1.example", TODAY)).collect::<Vec<_>>();
    let shelf = SeenShelf::open(Arc::clone(&memory) as Arc<dyn Shelf>, files.clone()).expect("opened");
    shelf.append(EVENTS, rows(0..5), 4).await.expect("taken");
    // Something stands where the agency's folder belongs; somebody else than who hands in wants it written.
    std::fs::write(folder.path().join("home"), b"").expect("written");
    assert!(shelf.write().await.is_err());
    std::fs::remove_file(folder.path().join("home")).expect("removed");
    assert!(shelf.append(EVENTS, rows(5..8), 7).await.is_err(), "five rows are missing before these");
    assert_eq!(shelf.committed(EVENTS).await, Ok(None));
    shelf.append(EVENTS, rows(0..8), 7).await.expect("taken");
    shelf.flush().await.expect("flushed");
    assert_eq!(sightings(&files, 1..2).0, [8]);
    assert_eq!(shelf.committed(EVENTS).await, Ok(Some(7)));
}

/// A web server of nginx that somebody asks with curl.
fn asked(number: u64, client: &str, server: &str, day: i32) -> Event {
    use model::ocsf::{HttpHeader, HttpRequest, HttpResponse};
    let mut event = event(number, "portal.example", day);
    event.class = Class::HTTP;
    let end = |ip: &str| Some(Box::new(Endpoint { ip: Some(ip.to_owned()), ..Endpoint::default() }));
    (event.attributes.src_endpoint, event.attributes.dst_endpoint) = (end(client), end(server));
    let request = HttpRequest { user_agent: Some("curl/7.81.0".to_owned()), ..HttpRequest::default() };
    let header = HttpHeader { name: Some("Server".to_owned()), value: Some("nginx/1.18.0".to_owned()) };
    let response = HttpResponse { code: Some(200), http_headers: Some(vec![header]), ..HttpResponse::default() };
    (event.attributes.http_request, event.attributes.http_response) =
        (Some(Box::new(request)), Some(Box::new(response)));
    event
}

fn own(addresses: &[&str]) -> OwnAddresses {
    let mut item = model::register::Item::new(
        model::register::ItemId::parse("srv").expect("a name"),
        model::register::ItemKind::Machine,
        "srv",
    );
    item.addresses = addresses.iter().map(|text| model::register::Address::parse(text).expect("an address")).collect();
    OwnAddresses::of(std::iter::once(&item), Arc::default())
}

/// What is in the files, one text a row.
fn software_in(files: &SeenFiles) -> (Vec<String>, SweepReport) {
    let mut found = Vec::new();
    let report = files.each_software(&AgencyId::home(), 0..=i32::MAX, |day, row, times| {
        let software = &row.software;
        found.push(format!(
            "{} {} {}@{} {}",
            day - TODAY,
            row.address,
            software.product,
            software.version,
            times.times
        ));
    });
    (found, report.expect("read"))
}

#[test]
fn software_counts_on_own_addresses_only() {
    let mut recorder = software::SoftwareRecorder::default();
    let own = own(&["10.20.7.20", "198.51.100.0/28"]);
    let asked_of = [
        ("10.20.7.20", "10.20.7.21"),
        // A resident, and a stranger's server.
        ("203.0.113.7", "198.51.100.3"),
        ("10.20.7.20", "203.0.113.80"),
        // A workplace that nobody has registered: what runs on it is nobody's business.
        ("10.99.0.1", "10.20.7.21"),
    ];
    for (number, (client, server)) in asked_of.into_iter().enumerate() {
        let event = asked(number as u64, client, server, TODAY);
        recorder.record(&event, event.time, &own);
    }
    let (days, left_out) = recorder.take();
    assert_eq!((left_out, recorder.rows()), (0, 0));
    let day = &days[&(AgencyId::home(), TODAY)];
    let shown: Vec<_> =
        day.iter().map(|(row, times)| (row.address.to_string(), row.software.product.as_str(), times.times)).collect();
    assert_eq!(
        shown,
        [
            ("10.20.7.20".to_owned(), "curl", 2),
            ("10.20.7.21".to_owned(), "nginx", 2),
            ("198.51.100.3".to_owned(), "nginx", 1)
        ]
    );
    let (again, damaged) = software::read(&software::write(day));
    assert_eq!((&again, damaged), (day, 0), "what is written is read again");
}

#[test]
fn software_is_joined_by_day_found_damaged_and_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    files.open().expect("opened");
    let own = own(&["10.20.7.20"]);
    for (number, day) in [TODAY, TODAY, TODAY - 1].into_iter().enumerate() {
        let mut recorder = software::SoftwareRecorder::default();
        let event = asked(number as u64, "10.20.7.20", "10.20.7.21", day);
        recorder.record(&event, event.time, &own);
        assert_eq!(files.keep_software(recorder.take().0).expect("kept"), 0);
    }
    let all = [
        "0 10.20.7.20 curl@7.81.0 2",
        "0 10.20.7.21 nginx@1.18.0 2",
        "-1 10.20.7.20 curl@7.81.0 1",
        "-1 10.20.7.21 nginx@1.18.0 1",
    ];
    assert_eq!(
        software_in(&files),
        (all.map(str::to_owned).to_vec(), SweepReport { days: 2, ..SweepReport::default() })
    );
    let path = folder.path().join(format!("home/{TODAY}/software.jsonl"));
    let text = std::fs::read_to_string(&path).expect("read");
    std::fs::write(&path, format!("{text}{{\"address\":7}}\n")).expect("written");
    assert_eq!(software_in(&files).1.damaged, 1);
    assert_eq!(files.check().expect("checked").len(), 1);
    let is_meant = |text: &[u8]| text == b"10.20.7.20";
    assert_eq!(files.count(&AgencyId::home(), is_meant).expect("counted"), 3, "what cannot be read counts");
    files.erase(&AgencyId::home(), is_meant).expect("erased");
    assert_eq!(files.count(&AgencyId::home(), is_meant).expect("counted"), 0);
    assert_eq!(software_in(&files).0, [all[1], all[3]]);
    assert_eq!(files.forget_before(TODAY, |_, _| false).expect("forgotten"), 1);
    assert_eq!(software_in(&files).0, [all[1]]);
}

#[test]
fn a_day_of_software_has_a_limit() {
    let row = |number: u32| {
        let software = model::register::Software { product: format!("p{number}"), ..Default::default() };
        SoftwareRow { address: [10, 0, 0, 1].into(), is_client: false, how: "banner".to_owned(), software }
    };
    let times = SoftwareTimes { times: 1, first: noon(TODAY), last: noon(TODAY) };
    let most = u32::try_from(model::limits::SOFTWARE_SEEN_DAY_MAX).expect("a number");
    let mut day: software::Day = (0..most).map(|number| (row(number), times)).collect();
    let new = (0..most + 3).map(|number| (row(number), times)).collect();
    assert_eq!(software::join(&mut day, new), 3);
    assert_eq!((day.len() as u32, day[&row(0)].times), (most, 2));
}

#[tokio::test]
async fn the_shelf_counts_software_once_it_knows_what_is_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = SeenFiles::at(folder.path().to_path_buf());
    let memory = Arc::new(Memory::default());
    let shelf = SeenShelf::open(Arc::clone(&memory) as Arc<dyn Shelf>, files.clone()).expect("opened");
    let row =
        |number: u64| ShelfRow { event: asked(number, "10.20.7.20", "10.20.7.21", TODAY), ..row(number, "x", TODAY) };
    shelf.append(EVENTS, vec![row(0)], 0).await.expect("taken");
    shelf.know(&AgencyId::home(), Arc::new(own(&["10.20.7.20"])));
    shelf.append(EVENTS, vec![row(1), row(2)], 2).await.expect("taken");
    shelf.flush().await.expect("flushed");
    assert_eq!(software_in(&files).0, ["0 10.20.7.20 curl@7.81.0 2", "0 10.20.7.21 nginx@1.18.0 2"]);
}
