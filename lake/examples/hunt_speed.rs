//! The bench `hunt`: keeps ten million events in a lake and times hunts over them, against DuckDB on the same files.
//!
//! ```text
//! cargo run --release -p lake --example hunt_speed -- LAKE FILE… [--events N] [--rounds N] [--pushdown always|never] [--only NAME]
//! ```
//!
//! The events are the records of the files (zstd, one record a line), read by the real readers, over and over, 69 ms apart.
//! A lake that is there already is filled up to the number and used as it is. Ours and DuckDB take turns, with as many
//! threads each, and the medians are compared; so are the answers. DuckDB runs in Python (`hunt_speed.py`).

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use formats::{Head, Mappings};
use lake::{HuntLimits, HuntPage, Lake, LakeOptions, LakeRecord, Pushdown, Retention};
use model::doors::Clock;
use model::{AgencyId, Cursor, EventId, Format, OpContext, Purpose, Roles, SourceId, Timestamp};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// The hunts that the bar is about, and others beside them. What DuckDB says otherwise stands behind.
const HUNTS: &[(&str, &str, Option<&str>)] = &[
    (
        "count by class and hour",
        "SELECT class_uid, date_trunc('hour', time) AS h, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100",
        // DuckDB truncates a time without a zone many times faster than one with a zone.
        Some(
            "SELECT class_uid, date_trunc('hour', time::TIMESTAMP) AS h, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100",
        ),
    ),
    (
        "top talkers",
        "SELECT src_endpoint.ip AS ip, count(*) AS n, sum(traffic.bytes) AS bytes FROM events WHERE src_endpoint.ip IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
        None,
    ),
    ("full text", "SELECT count(*) AS n FROM events WHERE raw LIKE '%mimikatz%'", None),
    ("full text, many hits", "SELECT max(length(raw)) AS n FROM events WHERE raw LIKE '%powershell%'", None),
    ("full text in a class", "SELECT count(*) AS n FROM events WHERE class_uid = 4003 AND raw LIKE '%example%'", None),
    (
        "needle with record",
        "SELECT max(length(raw)) AS n FROM events WHERE dst_endpoint.ip = '10.0.1.5' AND dst_endpoint.port = 389",
        None,
    ),
    ("class with record", "SELECT max(length(raw)) AS n FROM events WHERE class_uid = 3002", None),
    (
        "one hour of a machine",
        "SELECT count(*) AS n FROM events WHERE time >= '2024-05-02T10:00:00Z' AND time < '2024-05-02T11:00:00Z' AND device.hostname IS NOT NULL",
        None,
    ),
];

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

struct Arguments {
    lake: PathBuf,
    files: Vec<PathBuf>,
    events: u64,
    rounds: usize,
    pushdown: Pushdown,
    /// The one hunt to time, if not all.
    only: Option<String>,
}

impl Arguments {
    fn read() -> Result<Self, Failure> {
        let (mut events, mut rounds, mut pushdown) = (10_000_000, 5, Pushdown::Chosen);
        let mut only = None;
        let mut paths = Vec::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or("an option without its value");
            match argument.as_str() {
                "--events" => events = value()?.parse()?,
                "--rounds" => rounds = value()?.parse()?,
                "--only" => only = Some(value()?),
                "--pushdown" if value()? == "always" => pushdown = Pushdown::Always,
                "--pushdown" => pushdown = Pushdown::Never,
                path => paths.push(std::path::absolute(path)?),
            }
        }
        let mut paths = paths.into_iter();
        let lake = paths.next().ok_or("usage: hunt_speed LAKE FILE…")?;
        Ok(Arguments { lake, files: paths.collect(), events, rounds, pushdown, only })
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::read()?;
    let options = LakeOptions { pushdown: arguments.pushdown, ..LakeOptions::new(Arc::new(SystemClock)) };
    let lake = Lake::open(&arguments.lake, options).await?;
    fill(&lake, &arguments).await?;
    let threads = std::thread::available_parallelism()?.get();
    let mut peer =
        testkit::python(&["duckdb", "pyarrow"]).map(|python| Peer::start(&python, &lake, threads)).transpose()?;
    let purpose = Purpose::new("a bench of hunting");
    let context = OpContext { purpose, ..OpContext::new(AgencyId::home(), "bench", Roles::OPERATOR, Timestamp::EPOCH) };
    say(&format!("{} events, {threads} threads each, medians of {} rounds", arguments.events, arguments.rounds));
    let is_wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    for (name, sql, otherwise) in HUNTS.iter().filter(|(name, ..)| is_wanted(name)) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut read, mut verdict) = (0, "nobody to compare with");
        // The first round warms both up.
        for round in 0..=arguments.rounds {
            let page = lake.hunt(&context, sql, HuntLimits::default()).await?;
            let peer = peer.as_mut().map(|peer| peer.ask(otherwise.unwrap_or(sql))).transpose()?;
            if round > 0 {
                ours.push(page.elapsed);
                theirs.extend(peer.as_ref().map(|(took, _)| *took));
            }
            read = page.scanned.bytes;
            if let Some((_, counts)) = peer {
                verdict = if counts == counts_of(&page) { "the same answer" } else { "ANOTHER ANSWER" };
            }
        }
        let ours = median(&mut ours);
        let mut line = format!("{name}: {:.0} ms, {:.1} MB read", ours.as_secs_f64() * 1e3, read as f64 / 1e6);
        if !theirs.is_empty() {
            let theirs = median(&mut theirs);
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            line.push_str(&format!("; DuckDB {:.0} ms; ratio {ratio:.2}; {verdict}", theirs.as_secs_f64() * 1e3));
        }
        say(&line);
    }
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The column `n` of an answer, which every hunt has.
fn counts_of(page: &HuntPage) -> Vec<Value> {
    let at = page.columns.iter().position(|column| column.name == "n").unwrap_or_default();
    page.rows.iter().map(|row| row[at].clone()).collect()
}

/// DuckDB in a process of its own, which answers one question a line.
struct Peer {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &Path, lake: &Lake, threads: usize) -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hunt_speed.py");
        let mut command = Command::new(python);
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = process.stdin.take().ok_or("no way to ask DuckDB")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no way to hear DuckDB")?);
        let mut peer = Peer { process, questions, answers };
        peer.say(&json!({ "files": lake.file_paths(), "threads": threads }))?;
        Ok(peer)
    }

    fn say(&mut self, line: &Value) -> Result<Value, Failure> {
        writeln!(self.questions, "{line}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }

    fn ask(&mut self, sql: &str) -> Result<(Duration, Vec<Value>), Failure> {
        let answer = self.say(&json!({ "sql": sql }))?;
        let seconds = answer["seconds"].as_f64().ok_or("DuckDB did not say how long it took")?;
        Ok((Duration::from_secs_f64(seconds), answer["n"].as_array().cloned().unwrap_or_default()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Appends events until the lake has as many as asked for, and merges its files.
async fn fill(lake: &Lake, arguments: &Arguments) -> Result<(), Failure> {
    let from = lake.committed_offset("lake").await?.unwrap_or_default();
    if from < arguments.events {
        let base = read_records(&arguments.files)?;
        let (started, processor) = (Instant::now(), processor_seconds());
        let (mut waited, mut cloned, mut offset) = (Duration::ZERO, 0.0, from);
        while offset < arguments.events {
            let upto = (offset + 4_096).min(arguments.events);
            let cloning = processor_seconds();
            let records: Vec<_> = (offset + 1..=upto).map(|offset| numbered(&base, offset)).collect();
            cloned += processor_seconds() - cloning;
            let append = Instant::now();
            lake.append("lake", records, upto).await?;
            waited += append.elapsed();
            offset = upto;
        }
        lake.flush().await?;
        let events = (arguments.events - from) as f64;
        say(&format!(
            "kept {events} events in {:.1} s: {:.0} a second of the lake's own time, {:.0} a second of processor time",
            started.elapsed().as_secs_f64(),
            events / waited.as_secs_f64(),
            events / (processor_seconds() - processor - cloned),
        ));
    }
    let policy = Retention { default_days: 36_500, rules: Vec::new() };
    let (merging, processor) = (Instant::now(), processor_seconds());
    while lake.maintain(SystemClock.now(), &policy, &[]).await?.files_merged > 0 {}
    let (files, bytes) = lake.files();
    say(&format!(
        "{files} files, {} MB, merged in {:.1} s, {:.1} s of processor time",
        bytes / 1_000_000,
        merging.elapsed().as_secs_f64(),
        processor_seconds() - processor,
    ));
    Ok(())
}

/// The records of all files, mixed evenly.
fn read_records(files: &[PathBuf]) -> Result<Vec<LakeRecord>, Failure> {
    let mut placed = Vec::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let source = SourceId::parse(name.split(['_', '.']).next().unwrap_or_default())?;
        let bytes = zstd::decode_all(std::fs::File::open(file)?)?;
        let records: Vec<_> = formats::split::records(&bytes)
            .filter_map(|piece| piece.body.ok())
            .filter_map(|body| read_record(body, &source))
            .collect();
        say(&format!("{}: {} records", file.display(), records.len()));
        let of = records.len() as f64;
        placed.extend(records.into_iter().enumerate().map(|(at, record)| (at as f64 / of, record)));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    if placed.is_empty() {
        Err("no file with records".into())
    } else {
        Ok(placed.into_iter().map(|(_, it)| it).collect())
    }
}

fn read_record(body: &[u8], source: &SourceId) -> Option<LakeRecord> {
    let agency = AgencyId::home();
    let fields = formats::fields(formats::recognise(body).unwrap_or(Format::Json), body).ok()?;
    let head = Head { id: EventId::default(), agency: &agency, received: Timestamp::EPOCH };
    let (event, _) = formats::event(&fields, &head, &Mappings::default());
    Some(LakeRecord {
        event,
        raw: body.to_vec(),
        source: source.clone(),
        received: Timestamp::EPOCH,
        journal_offset: 0,
    })
}

/// The record that stands at `offset`, which begins at 1.
fn numbered(base: &[LakeRecord], offset: u64) -> LakeRecord {
    let mut record = base[((offset - 1) % base.len() as u64) as usize].clone();
    // 69 ms apart: ten million events are eight days.
    record.event.time = Timestamp::from_millis(1_714_521_600_000).plus(Duration::from_millis(offset * 69));
    record.event.id = EventId::of(&record.event.agency, &record.source, &Cursor::Journal { offset });
    record.received = record.event.time.plus(Duration::from_secs(2));
    record.journal_offset = offset;
    record
}

/// Processor time of this process so far, where the system says it.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    fields.iter().sum::<f64>() / 100.0
}

#[expect(clippy::print_stdout, reason = "what a bench is for")]
fn say(line: &str) {
    println!("{line}");
}
