//! How many events a second go all the way: file, journal, normalising, all detectors, findings, lake.
//!
//! `pipeline_speed RULES_DIR BLOCKLISTS_DIR EVENTS.jsonl [PASSES]`. Everything is durable where it would be in a running
//! watch: batches of the journal, commits of findings, commits of the lake. The clock on the wall stops when the last event
//! is durable in the lake. Each pass reads the file as another one, so that nothing is left out as known. Memory is what the
//! kernel says of the whole process, after each pass.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measurement talks, and may fail loudly")]

#[path = "../src/serve/shelf.rs"]
#[expect(dead_code, reason = "the running watch uses more of it")]
mod shelf;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use arc_swap::ArcSwap;
use engine::content::{Content, ContentPaths};
use engine::ingest::{Shelf, Watch, WatchOptions, WatchParts};
use lake::{LakeOptions, Pushdown};
use model::doors::{Clock, Incoming};
use model::{AgencyId, Cursor, SourceId, Timestamp, limits};
use shelf::LakeShelf;
use store::journal::{Batch, Journal, JournalHandle, Options};
use store::state::{Database, State};

/// Batches on their way into the journal at once: what several sources together would have.
const BATCHES_UNDER_WAY: usize = 8;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut path = |what: &str| PathBuf::from(arguments.next().unwrap_or_else(|| panic!("give {what}")));
    let (rules, blocklists, events) = (path("the rules' folder"), path("the block lists' folder"), path("the events"));
    let passes: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(measure(&rules, &blocklists, &events, passes));
}

async fn measure(rules: &Path, blocklists: &Path, events: &Path, passes: u64) {
    let lists = std::fs::read_dir(blocklists).expect("block lists").flatten().map(|entry| entry.path());
    let indicators = lists.filter(|path| path.to_string_lossy().ends_with(".tsv.gz")).collect();
    let paths = ContentPaths { rules: vec![rules.to_owned()], indicators, ..ContentPaths::default() };
    let content = Content::read(&paths, |_| {});
    println!("{} rules, {} indicators", content.rules.len(), content.indicator_count);
    // Beside what was built and not in the system's folder for temporary files, which may be memory.
    let folder = tempfile::tempdir_in(events.parent().expect("a folder")).expect("a folder");
    let state = State::open(&Database::Sqlite(folder.path().join("state.db"))).await.expect("state");
    let (journal, _) = Journal::open(&folder.path().join("journal"), Options::default()).expect("journal");
    let (journal, journal_thread) = JournalHandle::start(journal).expect("journal");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = LakeOptions { clock: Arc::clone(&clock), pushdown: Pushdown::default() };
    let shelf = Arc::new(LakeShelf::new(folder.path().join("lake"), options));
    let parts = WatchParts {
        journal: journal.clone(),
        state: state.clone(),
        shelf: Some(Arc::clone(&shelf) as Arc<dyn Shelf>),
        content: Arc::new(ArcSwap::from_pointee(content)),
        clock,
        runtime: tokio::runtime::Handle::current(),
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let options = WatchOptions { threads, memory: folder.path().join("memory"), agency: AgencyId::home() };
    let watch = Watch::start(parts, &options).await.expect("a watch");
    println!("memory before the first event: {} MiB", memory_mib());

    let started = Instant::now();
    let mut records = 0;
    for pass in 0..passes {
        let (journal, events) = (journal.clone(), events.to_owned());
        let fed = tokio::task::spawn_blocking(move || feed(&journal, &events, pass)).await;
        records += fed.expect("feeding");
        println!(
            "pass {pass}: {records} events, {:.1} s, memory {} MiB",
            started.elapsed().as_secs_f64(),
            memory_mib()
        );
    }
    wait_for_looks(&watch, records).await;
    shelf.flush().await.expect("the lake");
    watch.caught_up(&journal).await.expect("catching up");
    shelf.flush().await.expect("the lake");
    let seconds = started.elapsed().as_secs_f64();
    let durable = shelf.committed(engine::ingest::EVENTS).await.expect("the lake").map_or(0, |last| last + 1);
    assert_eq!(durable, records, "every event is durable in the lake");
    let counters = watch.counters().snapshot();
    println!(
        "{records} events in {seconds:.1} s: {:.0} events/s; {} findings; {} read twice; memory at the end {} MiB, at most {} MiB",
        records as f64 / seconds,
        counters.findings,
        counters.shelved_again,
        memory_mib(),
        memory_peak_mib(),
    );
    watch.stop().await;
    journal_thread.close().expect("the journal");
    state.close().await;
}

/// Puts the file's lines into the journal as a tailed file would; returns when all are durable.
fn feed(journal: &JournalHandle, events: &Path, pass: u64) -> u64 {
    let reader = BufReader::with_capacity(1 << 20, std::fs::File::open(events).expect("the events"));
    let source = SourceId::parse("bench").expect("a label");
    let received = SystemClock.now();
    let (tell, told) = mpsc::channel();
    let (mut records, mut under_way, mut offset) = (Vec::new(), 0, 0);
    let (mut bytes, mut count) = (0, 0);
    let mut submit = |records: &mut Vec<Incoming>| {
        let batch = Batch { agency: AgencyId::home(), records: std::mem::take(records) };
        while under_way >= BATCHES_UNDER_WAY {
            told.recv().expect("an answer");
            under_way -= 1;
        }
        let tell = tell.clone();
        journal.submit(batch, move |result| {
            let _ = tell.send(result.expect("a journal that takes records"));
        });
        under_way += 1;
        under_way
    };
    let mut last = 0;
    for line in reader.split(b'\n') {
        let body = line.expect("a line");
        let length = body.len();
        if bytes + length > limits::BATCH_BYTES_MAX / 4 || records.len() >= limits::BATCH_RECORDS_MAX {
            last = submit(&mut records);
            bytes = 0;
        }
        let cursor = Some(Cursor::File { fingerprint: pass + 1, offset });
        records.push(Incoming { source: source.clone(), cursor, received, format: None, body });
        bytes += length;
        offset += length as u64 + 1;
        count += 1;
    }
    if !records.is_empty() {
        last = submit(&mut records);
    }
    for _ in 0..last {
        told.recv().expect("an answer");
    }
    count
}

async fn wait_for_looks(watch: &Watch, records: u64) {
    while watch.counters().snapshot().looked_upto < records {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn memory_mib() -> u64 {
    status("VmRSS:")
}

fn memory_peak_mib() -> u64 {
    status("VmHWM:")
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
