//! The bench `hunt`: writes many events and times three hunts over them.
//!
//! ```text
//! cargo run --release -p lake --example hunt_speed -- FOLDER [EVENTS [always | never]]
//! python lake/examples/hunt_speed.py FOLDER
//! ```
//!
//! Events come from a generator whose records are about as wide as Windows and Zeek logs are (raw records of 200 to 1,600
//! bytes, a few thousand machines, accounts and addresses). A folder that is filled already is not filled again. The
//! Python script times DuckDB on the same files and prints the same lines, so that a ratio is of one machine and one hour.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lake::{HuntLimits, Lake, LakeOptions, LakeRecord, Pushdown, Retention};
use model::doors::Clock;
use model::ocsf::{Class, Device, DnsQuery, Endpoint, File, Metadata, Process, Traffic, User};
use model::{AgencyId, Cursor, Event, EventId, OpContext, Purpose, SourceId, Timestamp};

/// The three hunts of the bench, and needles on both sides of the push-down rule.
const HUNTS: &[(&str, &str)] = &[
    (
        "count by class and hour",
        "SELECT class_uid, date_trunc('hour', time) AS h, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100",
    ),
    (
        "top talkers",
        "SELECT src_endpoint.ip AS ip, count(*) AS n, sum(traffic.bytes) AS bytes FROM events WHERE src_endpoint.ip IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
    ),
    ("full text", "SELECT count(*) AS n FROM events WHERE raw LIKE '%needle-4711%'"),
];
const NEEDLES: &[(&str, &str)] = &[
    ("needle with record", "SELECT raw FROM events WHERE src_endpoint.ip = '10.0.1.3'"),
    ("needle without record", "SELECT time FROM events WHERE src_endpoint.ip = '10.0.1.3'"),
    ("class with record", "SELECT max(length(raw)) FROM events WHERE class_uid = 4003"),
    ("most rows with record", "SELECT max(length(raw)) FROM events WHERE device.hostname <> 'ws-00001.corp.example'"),
    ("full text with record", "SELECT max(raw) FROM events WHERE raw LIKE '%needle-4711%'"),
    ("full text in a class", "SELECT max(raw) FROM events WHERE class_uid = 1007 AND raw LIKE '%needle-4711%'"),
    ("full text, many hits", "SELECT max(length(raw)) FROM events WHERE raw LIKE '%tool1%'"),
];

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: hunt_speed FOLDER [EVENTS]")?);
    let folder = std::path::absolute(folder)?;
    let events: u64 = arguments.next().map_or(Ok(10_000_000), |text| text.parse())?;
    let pushdown = match arguments.next().as_deref() {
        Some("always") => Pushdown::Always,
        Some("never") => Pushdown::Never,
        _ => Pushdown::Chosen,
    };
    let options = LakeOptions { pushdown, ..LakeOptions::new(Arc::new(SystemClock)) };
    let lake = Lake::open(&folder, options).await?;
    fill(&lake, events).await?;
    let purpose = Purpose::new("a bench of hunting");
    let context = OpContext { agency: AgencyId::home(), actor: "bench".into(), purpose, now: Timestamp::EPOCH };
    for (name, sql) in HUNTS.iter().chain(NEEDLES) {
        let mut best = Duration::MAX;
        let (mut rows, mut bytes) = (0, 0);
        for _ in 0..5 {
            let page = lake.hunt(&context, sql, HuntLimits::default()).await?;
            best = best.min(page.elapsed);
            (rows, bytes) = (page.rows.len(), page.scanned.bytes);
        }
        say(&format!("{name}: {} ms, {rows} rows, {:.1} MB read", best.as_millis(), bytes as f64 / 1e6));
    }
    Ok(())
}

async fn fill(lake: &Lake, events: u64) -> Result<(), Box<dyn std::error::Error>> {
    let from = lake.committed_offset("lake").await?.unwrap_or_default();
    if from >= events {
        return Ok(());
    }
    let (started, mut appending) = (Instant::now(), Duration::ZERO);
    let mut offset = from;
    while offset < events {
        let upto = (offset + 4_096).min(events);
        let records: Vec<_> = (offset + 1..=upto).map(record).collect();
        let append = Instant::now();
        lake.append("lake", records, upto).await?;
        appending += append.elapsed();
        offset = upto;
    }
    let append = Instant::now();
    lake.flush().await?;
    appending += append.elapsed();
    let policy = Retention { default_days: 36_500, rules: Vec::new() };
    let merging = Instant::now();
    while lake.maintain(SystemClock.now(), &policy, &[]).await?.files_merged > 0 {}
    let (files, bytes) = lake.files();
    let rate = (events - from) as f64 / appending.as_secs_f64();
    say(&format!(
        "wrote {} events in {:.1} s ({rate:.0} a second in the lake alone), merged in {:.1} s: {files} files, {} MB",
        events - from,
        started.elapsed().as_secs_f64(),
        merging.elapsed().as_secs_f64(),
        bytes / 1_000_000,
    ));
    Ok(())
}

/// An even spread of bits, so that the same number is always the same event (the finaliser of SplitMix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn record(offset: u64) -> LakeRecord {
    let agency = AgencyId::home();
    // The label of an agency is one of a source, too; this one never fails.
    let source = SourceId::parse(agency.as_str()).unwrap_or_else(|error| panic!("{error}"));
    let chance = mixed(offset);
    let class = [Class::NETWORK, Class::PROCESS, Class::DNS, Class::AUTHENTICATION][(chance % 4) as usize];
    // 69 ms apart: ten million events are eight days.
    let time = Timestamp::from_millis(1_714_521_600_000).plus(Duration::from_millis(offset * 69));
    let id = EventId::of(&agency, &source, &Cursor::Journal { offset });
    let mut event = Event::new(id, agency, time, class, 1);
    let pick = |part: u64, of: u64| mixed(chance ^ part) % of;
    // Low numbers are chosen far more often than high ones, as machines and accounts are.
    let skewed = |part: u64, of: u64| pick(part, of).min(pick(part + 100, of)).min(pick(part + 200, of));
    let ip = |n: u64| format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255);
    let (machine, user) = (skewed(1, 3_000), skewed(2, 5_000));
    event.attributes.metadata = Some(Metadata::of_product("Example", "Sensor").into());
    event.attributes.device =
        Some(Box::new(Device { hostname: Some(format!("ws-{machine:05}.corp.example")), ..Device::default() }));
    let from = Endpoint { ip: Some(ip(skewed(3, 200_000))), port: Some(pick(4, 60_000) as u16), ..Endpoint::default() };
    let to = Endpoint { ip: Some(ip(skewed(5, 900_000))), port: Some(443), ..Endpoint::default() };
    let mut raw = format!(
        r#"{{"@timestamp":"{time}","host":"ws-{machine:05}.corp.example","class":{},"user":"CORP\\user{user}","record":{offset}"#,
        class.uid()
    );
    match class {
        Class::NETWORK | Class::DNS => {
            raw.push_str(&format!(r#","src":"{}","dst":"{}""#, ip(skewed(3, 200_000)), ip(skewed(5, 900_000))));
            event.attributes.src_endpoint = Some(from.into());
            event.attributes.dst_endpoint = Some(to.into());
            event.attributes.traffic =
                Some(Box::new(Traffic { bytes: Some(pick(6, 1 << 20) as i64), ..Traffic::default() }));
            let name = format!("host{}.zone{}.example", pick(7, 500), skewed(8, 2_000));
            raw.push_str(&format!(r#","query":"{name}","answers":["{}"]"#, ip(pick(9, 1 << 20))));
            event.attributes.query =
                (class == Class::DNS).then(|| Box::new(DnsQuery { hostname: Some(name), ..DnsQuery::default() }));
        }
        _ => {
            let image = format!(r"C:\Program Files\Tool{}\bin\tool{}.exe", skewed(10, 300), skewed(11, 40));
            let line = format!(
                r#""{image}" --input C:\Users\user{user}\Documents\{:016x}.dat --mode {}"#,
                chance,
                pick(12, 20)
            );
            event.attributes.user = Some(Box::new(User {
                name: Some(format!("user{user}")),
                domain: Some("CORP".into()),
                ..User::default()
            }));
            let file = File { path: Some(image.clone()), ..File::default() };
            let process = Process {
                pid: Some(pick(13, 65_536) as i64),
                cmd_line: Some(line.clone()),
                file: Some(file.into()),
                ..Process::default()
            };
            event.attributes.process = Some(process.into());
            raw.push_str(&format!(r#","Image":{image:?},"CommandLine":{line:?}"#));
        }
    }
    for n in 0..pick(14, 12) {
        raw.push_str(&format!(
            r#","field{n}":"value {:08x} of the record's own words""#,
            mixed(chance ^ (n / 3)) % 4_000
        ));
    }
    if pick(15, 100_000) == 0 {
        raw.push_str(r#","note":"needle-4711""#);
    }
    raw.push('}');
    LakeRecord {
        event,
        raw: raw.into_bytes(),
        source,
        received: time.plus(Duration::from_secs(2)),
        journal_offset: offset,
    }
}

#[expect(clippy::print_stdout, reason = "what a bench is for")]
fn say(line: &str) {
    println!("{line}");
}
