//! How long the two steps take for each record of a file of lines, apart and together.
//!
//! `cargo run --release -p formats --example speed -- FILE [ROUNDS]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use formats::{Head, Mappings};
use model::{AgencyId, EventId, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file of records, one a line, should be named")?;
    let rounds: u32 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let bytes = std::fs::read(&path)?;
    let bodies: Vec<&[u8]> = formats::split::records(&bytes).filter_map(|piece| piece.body.ok()).collect();
    let agency = AgencyId::home();
    let head = Head { id: EventId::default(), agency: &agency, received: Timestamp::EPOCH };
    let mappings = Mappings::default();
    let started = Instant::now();
    let known: Vec<_> =
        bodies.iter().filter_map(|body| formats::recognise(body).map(|format| (format, *body))).collect();
    report("recognise", started.elapsed(), known.len(), bytes.len());
    for _ in 0..rounds {
        let started = Instant::now();
        for (format, body) in &known {
            black_box(formats::fields(*format, body).ok());
        }
        report("fields", started.elapsed(), known.len(), bytes.len());
        // Bulks, so that the memory of what is read does not become the thing measured.
        let (mut taken, mut made) = (Duration::ZERO, 0);
        for bulk in known.chunks(256) {
            let fields: Vec<_> = bulk.iter().filter_map(|(format, body)| formats::fields(*format, body).ok()).collect();
            let started = Instant::now();
            for fields in &fields {
                black_box(formats::event(fields, &head, &mappings));
            }
            taken += started.elapsed();
            made += fields.len();
        }
        report("event", taken, made, bytes.len());
    }
    size();
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a report is what this program is for")]
fn report(what: &str, taken: Duration, records: usize, bytes: usize) {
    let nanos = taken.as_nanos() as f64 / records.max(1) as f64;
    let rate = bytes as f64 / 1e6 / taken.as_secs_f64().max(1e-9);
    println!("{what:>10}: {nanos:8.0} ns a record, {records} records, {rate:.0} MB/s");
}

#[expect(clippy::print_stdout, reason = "a report is what this program is for")]
fn size() {
    println!("an event is {} bytes", size_of::<model::Event>());
}
