//! How fast a large source comes in: read, normalised, compared with what it said before, kept, weighed, and made into the index.
//!
//! `intel_speed FOLDER` takes the lists of the reference data (`intel/blocklists`). The state is a new SQLite file with a sync at each commit;
//! the same lists are then brought a second time, and once more with one line in a hundred left out.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measurement talks, and may fail loudly")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::intel::{Gathered, Gatherer, IntelFormat, SourceDefaults, SourceTerms, list_mapping};
use engine::ledger::Ledger;
use engine::office::Office;
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, Timestamp, limits};
use store::state::{Database, MergeKind, NewIntelSource, State};
use store::vault::Vault;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

fn gather(files: &[PathBuf], mapping: &str) -> (Gathered, Duration) {
    let began = Instant::now();
    let mapping = list_mapping(mapping).expect("a mapping");
    let mut gatherer = Gatherer::new(SourceDefaults::default(), limits::CLAIMS_OF_SOURCE_MAX);
    for file in files {
        let mut bytes = Vec::new();
        engine::unpack::open(file).expect("a list").read_to_end(&mut bytes).expect("a list");
        IntelFormat::List.read(&bytes, &mapping, &mut gatherer);
    }
    (gatherer.finish(), began.elapsed())
}

/// The most memory that was held, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    kib / 1_024
}

#[tokio::main]
async fn main() {
    let lists = std::env::args().nth(1).map(PathBuf::from).expect("the folder of lists");
    let mut maltrail: Vec<PathBuf> = std::fs::read_dir(&lists)
        .expect("the folder of lists")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".tsv.gz"))
        .collect();
    maltrail.sort();
    let folder = std::env::temp_dir().join(format!("watchbell-intel-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let state = State::open(&Database::Sqlite(folder.join("state.db"))).await.expect("a state");
    let vault = Vault::open(&folder.join("vault.db"), &folder.join("master.key")).await.expect("a vault");
    let ledger = Arc::new(Ledger::open(&folder.join("ledger.key"), &folder.join("ledger")).expect("a ledger"));
    let clock = Arc::new(SystemClock);
    let ctx = OpContext::new(AgencyId::home(), "bench", Roles::OPERATOR, clock.now());
    let office = Office::open(state, vault, ledger, clock).expect("an office");

    let (gathered, took) = gather(&maltrail, "maltrail");
    println!("read and normalised {} indicators in {:.1} s", gathered.claims.len(), took.as_secs_f64());
    let whole = took + bring(&office, &ctx, "maltrail", &gathered).await + index(&office, &ctx, &folder).await;
    println!("in all {:.1} s, at most {} MiB (bars: 60 s, 1,024 MiB)", whole.as_secs_f64(), peak_mib());
    bring(&office, &ctx, "maltrail", &gathered).await;
    let mut fewer = gathered.clone();
    let mut at = 0_u32;
    fewer.claims.retain(|_| {
        at += 1;
        !at.is_multiple_of(100)
    });
    bring(&office, &ctx, "maltrail", &fewer).await;
    drop((gathered, fewer));

    let (gathered, took) = gather(&[lists.join("ipsum.txt")], "ipsum");
    println!("ipsum: read and normalised {} in {:.1} s", gathered.claims.len(), took.as_secs_f64());
    bring(&office, &ctx, "ipsum", &gathered).await;
    index(&office, &ctx, &folder).await;
    std::fs::remove_dir_all(&folder).ok();
}

async fn bring(office: &Office, ctx: &OpContext, name: &str, gathered: &Gathered) -> Duration {
    let config = serde_json::to_string(&SourceTerms::default()).expect("terms");
    let new = NewIntelSource { name, kind: "list", config: &config };
    if office.intel_source(ctx, name).await.is_err() {
        office.add_intel_source(ctx, &new).await.expect("a source");
    }
    let source = office.intel_source(ctx, name).await.expect("a source");
    let began = Instant::now();
    let brought = office.bring(ctx, &source, (MergeKind::Whole, gathered), |_| {}).await.expect("claims");
    let took = began.elapsed();
    let claims = brought.claims;
    println!(
        "{name}: {} new, {} changed, {} as before, {} gone in {:.1} s",
        claims.added,
        claims.changed,
        claims.unchanged,
        claims.gone,
        took.as_secs_f64()
    );
    took
}

async fn index(office: &Office, ctx: &OpContext, folder: &Path) -> Duration {
    let began = Instant::now();
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("index")).expect("a file"));
    let built = office.write_index(ctx, &mut file).await.expect("an index");
    let took = began.elapsed();
    println!(
        "{} indicators weighed and indexed in {:.1} s, {} bytes",
        built.indicators,
        took.as_secs_f64(),
        built.image_bytes
    );
    took
}
