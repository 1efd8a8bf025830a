//! The victim: a process that writes under load until it is killed, and says on stdout what was acknowledged.
//!
//! Lines: `ready`, `ack WRITER UPTO` (every record of the writer below UPTO is durable), `refused REASON`, `end`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use model::doors::Incoming;
use model::{AgencyId, Cursor, SourceId, Timestamp};
use store::journal::{Batch, Journal, JournalHandle, Offset, Options};

use super::Dice;

/// How a victim is told what to do, in one argument or variable.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    /// First record of each writer; everything before it was seen.
    pub(crate) from: Vec<u64>,
    /// What a consumer is past.
    pub(crate) release: u64,
    /// Batches of each writer before it ends by itself.
    pub(crate) batches: u64,
}

pub(crate) const SEGMENT_BYTES: u64 = 128 * 1024;

pub(crate) fn options() -> Options {
    Options { segment_bytes: SEGMENT_BYTES, block_bytes: 8 * 1024, reserve_bytes: 64 * 1024, ..Options::default() }
}

impl Orders {
    pub(crate) fn to_text(&self) -> String {
        let from: Vec<String> = self.from.iter().map(u64::to_string).collect();
        let (seed, release, batches) = (self.seed, self.release, self.batches);
        format!("{seed};{release};{batches};{};{}", from.join(","), self.folder.display())
    }

    pub(crate) fn parse(text: &str) -> Option<Orders> {
        let mut parts = text.splitn(5, ';');
        let mut number = || parts.next()?.parse::<u64>().ok();
        let (seed, release, batches) = (number()?, number()?, number()?);
        let from = parts.next()?.split(',').map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()?;
        Some(Orders { folder: parts.next()?.into(), seed, from, release, batches })
    }
}

/// Record `number` of a writer: what it says can be checked, and each kind of cursor is used.
pub(crate) fn record(writer: usize, number: u64) -> Incoming {
    let mut dice = Dice(number ^ ((writer as u64) << 40));
    let filler = "abcdefghij".repeat(dice.roll(40) as usize);
    let cursor = match writer % 3 {
        0 => Cursor::File { fingerprint: writer as u64, offset: number * 1_000 },
        1 => Cursor::Stream { stream: format!("stream-{writer}").into(), sequence: number },
        _ => Cursor::Batch { id: format!("batch-{writer}-{}", number / 100).into(), index: number % 100 },
    };
    Incoming {
        source: SourceId::parse(&format!("writer-{writer}")).expect("a label"),
        cursor: Some(cursor),
        received: Timestamp::from_micros(number as i64),
        format: None,
        body: format!("{writer} {number} {filler}").into_bytes(),
    }
}

fn say(out: &Mutex<std::io::Stdout>, line: &str) {
    // One write for each line, so that a killed process leaves whole lines in the pipe.
    let mut out = out.lock().expect("no writer panics while it speaks");
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
}

/// Runs until the batches are written, the journal refuses, or somebody kills us.
pub(crate) fn run(orders: &Orders) {
    let (journal, _) = Journal::open(&orders.folder, options()).expect("the journal opens whatever happened");
    let (handle, thread) = JournalHandle::start(journal).expect("a thread");
    let out = Mutex::new(std::io::stdout());
    say(&out, "ready");
    std::thread::scope(|scope| {
        for (writer, from) in orders.from.iter().copied().enumerate() {
            let (handle, out) = (&handle, &out);
            scope.spawn(move || {
                let mut dice = Dice(orders.seed ^ (writer as u64 * 77));
                // What may have been stored is brought again, as a source does that got no answer.
                let mut next = from.saturating_sub(30);
                for _ in 0..orders.batches {
                    let upto = next + 1 + dice.roll(20);
                    let records = (next..upto).map(|number| record(writer, number)).collect();
                    match handle.append(Batch { agency: AgencyId::home(), records }) {
                        Ok(_) => say(out, &format!("ack {writer} {upto}")),
                        Err(error) => return say(out, &format!("refused {error}")),
                    }
                    next = upto;
                    handle.release(Offset(orders.release));
                }
            });
        }
    });
    let closed = thread.close();
    say(&out, if closed.is_ok() { "end" } else { "refused to close" });
}
