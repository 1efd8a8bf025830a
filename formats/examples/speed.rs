//! How long the two steps take for each record of a file of lines: time on the processor, so that what else runs on the
//! machine does not count (Linux; elsewhere time on the wall).
//!
//! `cargo run --release -p formats --example speed -- FILE [ROUNDS]`

use std::hint::black_box;
use std::time::Instant;

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
    let clock = Clock { wall: Instant::now() };
    let before = clock.nanos();
    let known: Vec<_> =
        bodies.iter().filter_map(|body| formats::recognise(body).map(|format| (format, *body))).collect();
    report("recognise", clock.nanos() - before, known.len(), bytes.len());
    for _ in 0..rounds {
        let before = clock.nanos();
        for (format, body) in &known {
            black_box(formats::fields(*format, body).ok());
        }
        let first = clock.nanos() - before;
        report("fields", first, known.len(), bytes.len());
        let before = clock.nanos();
        for (format, body) in &known {
            if let Ok(fields) = formats::fields(*format, body) {
                black_box(&formats::event(&fields, &head, &mappings));
            }
        }
        report("event", (clock.nanos() - before).saturating_sub(first), known.len(), bytes.len());
    }
    size();
    Ok(())
}

struct Clock {
    wall: Instant,
}

impl Clock {
    fn nanos(&self) -> u64 {
        let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let spent = spent.and_then(|text| text.split(' ').next()?.parse().ok());
        spent.unwrap_or_else(|| self.wall.elapsed().as_nanos() as u64)
    }
}

#[expect(clippy::print_stdout, reason = "a report is what this program is for")]
fn report(what: &str, nanos: u64, records: usize, bytes: usize) {
    let rate = bytes as f64 / 1e6 / (nanos.max(1) as f64 / 1e9);
    println!("{what:>10}: {:6} ns a record, {records} records, {rate:.0} MB/s", nanos / records.max(1) as u64);
}

#[expect(clippy::print_stdout, reason = "a report is what this program is for")]
fn size() {
    use model::ocsf::{Actor, Endpoint, File, Process, User};
    println!("an event is {} bytes", size_of::<model::Event>());
    println!("a process is {} bytes, an actor {}", size_of::<Process>(), size_of::<Actor>());
    println!("a file {}, a user {}, an endpoint {}", size_of::<File>(), size_of::<User>(), size_of::<Endpoint>());
}
