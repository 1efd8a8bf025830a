//! How fast the journal is here: `cargo run --release --example journal -- FILE FOLDER [LEVEL] [WRITERS]`.
//!
//! Every line of FILE is a record. Writers hand in batches of 512; each batch is durable before its writer goes on.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use model::doors::Incoming;
use model::{AgencyId, Cursor, SourceId, Timestamp};
use store::journal::{Batch, Journal, JournalHandle, Offset, Options, Piece};

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // Fields 14 and 15 of proc(5), in hundredths of a second on Linux.
    (ticks(11) + ticks(12)) / 100.0
}

#[expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench for people at a terminal")]
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let lines = std::fs::read(&args[1]).unwrap();
    let folder = Path::new(&args[2]);
    let compression = args.get(3).map_or(1, |level| level.parse().unwrap());
    let writers: usize = args.get(4).map_or(2, |count| count.parse().unwrap());
    let records: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let bytes: usize = records.iter().map(|line| line.len()).sum();
    let (journal, _) = Journal::open(folder, Options { compression, ..Options::default() }).unwrap();
    let (handle, thread) = JournalHandle::start(journal).unwrap();
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let taken = AtomicUsize::new(0);
    let source = SourceId::parse("bench").unwrap();
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (handle, records, taken, source) = (&handle, &records, &taken, &source);
            scope.spawn(move || {
                loop {
                    let from = taken.fetch_add(512, Ordering::Relaxed);
                    let Some(mine) = records.get(from..records.len().min(from + 512)).filter(|m| !m.is_empty()) else {
                        return;
                    };
                    let record = |(n, line): (usize, &&[u8])| Incoming {
                        source: source.clone(),
                        cursor: Some(Cursor::File { fingerprint: writer as u64, offset: (from + n) as u64 }),
                        received: Timestamp::from_micros((from + n) as i64),
                        format: None,
                        body: line.to_vec(),
                    };
                    let records = mine.iter().enumerate().map(record).collect();
                    handle.append(Batch { agency: AgencyId::home(), records }).unwrap();
                }
            });
        }
    });
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let stats = handle.stats();
    println!(
        "level {compression}, {writers} writers: {} records, {:.0} records/s, {:.0} MB/s, {:.2} µs CPU a record, {} groups, ratio {:.1}",
        stats.records,
        records.len() as f64 / wall,
        bytes as f64 / wall / 1e6,
        cpu * 1e6 / records.len() as f64,
        stats.groups,
        stats.body_bytes as f64 / stats.written_bytes as f64,
    );
    let started = Instant::now();
    let mut reader = handle.reader(Offset(0));
    let mut read = 0;
    while let Some(piece) = reader.next_piece().unwrap() {
        if let Piece::Block(block) = piece {
            read += block.len();
        }
    }
    println!("read {read} records, {:.0} records/s", read as f64 / started.elapsed().as_secs_f64());
    thread.close().unwrap();
}
