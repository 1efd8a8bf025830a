//! The bench `seen`: what counting the values of events costs, and how fast months of them are asked for a million indicators.
//!
//! ```text
//! cargo run --release -p detect --example seen_speed -- ZEEK.jsonl.zst BLOCKLISTS
//! ```
//!
//! The events are Zeek's reference records, read by the real reader. The days are the values that stand in them, with names changed from day to
//! day; the indicators are those of the reference lists.
#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use detect::indicators::{Builder, Defaults, IndicatorSet, Segment, parse_list};
use detect::seen::{Pasts, Recorder, Run, merge, sweep};
use formats::{Head, Mappings};
use model::{AgencyId, Event, EventId, Format, Timestamp};

type Failure = Box<dyn std::error::Error>;

/// Days that are asked.
const DAYS: i32 = 90;
/// Values of a day beside those of the records.
const NAMES_A_DAY: usize = 200_000;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(records), Some(lists)) = (arguments.next(), arguments.next()) else {
        return Err("usage: seen_speed ZEEK.jsonl.zst BLOCKLISTS".into());
    };
    let events = events(&records)?;
    let received = Timestamp::from_millis(1_760_000_000_000);

    let mut recorder = Recorder::default();
    let started = Instant::now();
    for event in &events {
        recorder.record(event, received);
    }
    let counted = started.elapsed();
    let values = recorder.values();
    let started = Instant::now();
    let runs = recorder.take();
    println!(
        "counting: {} events, {:.2} µs an event; {values} values written in {:.0} ms, {} bytes",
        events.len(),
        counted.as_secs_f64() * 1e6 / events.len() as f64,
        started.elapsed().as_secs_f64() * 1e3,
        runs.iter().map(|(_, image)| image.len()).sum::<usize>(),
    );

    let set = indicators(&lists)?;
    let days: Vec<Vec<u8>> = (0..DAYS).map(|day| a_day(&events, day, received)).collect();
    let bytes: usize = days.iter().map(Vec::len).sum();
    let started = Instant::now();
    let mut found = Pasts::new();
    let mut damages = 0;
    for (day, image) in days.iter().enumerate() {
        sweep((day as i32, Run::open(image)?), &set, (&mut found, 100_000), |_| damages += 1);
    }
    let swept = started.elapsed();
    let asked = (NAMES_A_DAY * DAYS as usize) as f64;
    println!(
        "asking: {} indicators of {DAYS} days with {NAMES_A_DAY} names each and more ({} MB): {:.1} s, {:.1} million values a second; {} found, {damages} damaged",
        set.segments().iter().map(|segment| segment.len()).sum::<u64>(),
        bytes / 1_000_000,
        swept.as_secs_f64(),
        asked / swept.as_secs_f64() / 1e6,
        found.len(),
    );

    let started = Instant::now();
    let runs = days.iter().take(8).map(|image| Run::open(image)).collect::<Result<Vec<_>, _>>()?;
    let mut merged = Vec::new();
    merge(runs, &mut merged, |_| true, |_| {});
    println!("bringing 8 runs together: {:.2} s, {} MB", started.elapsed().as_secs_f64(), merged.len() / 1_000_000);
    Ok(())
}

fn events(path: &Path) -> Result<Vec<Event>, Failure> {
    let agency = AgencyId::home();
    let received = Timestamp::from_millis(1_760_000_000_000);
    let mut events = Vec::new();
    for (number, line) in BufReader::new(zstd::Decoder::new(std::fs::File::open(path)?)?).split(b'\n').enumerate() {
        let line = line?;
        let Ok(fields) = formats::fields(Format::Zeek, &line) else { continue };
        let head = Head { id: EventId::from_bytes((number as u128).to_be_bytes()), agency: &agency, received };
        let (mut event, _) = formats::event(&fields, &head, &Mappings::default());
        event.time = received;
        events.push(event);
    }
    Ok(events)
}

/// A day: the records' own values, and names that were seen on no other day.
fn a_day(events: &[Event], day: i32, received: Timestamp) -> Vec<u8> {
    let mut recorder = Recorder::default();
    for event in events.iter().take(1_000) {
        recorder.record(event, received);
    }
    let Some(mut event) = events.iter().find(|event| event.attributes.query.is_some()).cloned() else {
        return Vec::new();
    };
    for number in 0..NAMES_A_DAY {
        if let Some(query) = &mut event.attributes.query {
            query.hostname = Some(format!("n{number}.d{day}.city.example"));
        }
        recorder.record(&event, received);
    }
    recorder.take().pop().map(|(_, image)| image).unwrap_or_default()
}

fn indicators(lists: &Path) -> Result<IndicatorSet, Failure> {
    let mut builder = Builder::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(lists)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut text = Vec::new();
        let file = std::fs::File::open(&path)?;
        match () {
            () if name.ends_with(".zst") => zstd::Decoder::new(file)?.read_to_end(&mut text)?,
            () if name.ends_with(".gz") => flate2::read::GzDecoder::new(file).read_to_end(&mut text)?,
            () => BufReader::new(file).read_to_end(&mut text)?,
        };
        parse_list(&text, &Defaults::of_source("list"), |indicator| {
            // What is no indicator is told by other benches.
            builder.push(&indicator).ok();
        });
    }
    let mut image = Vec::new();
    builder.finish(&mut image)?;
    Ok(IndicatorSet::of(Segment::open(image)?))
}
