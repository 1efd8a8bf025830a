//! Small batches, small segments, and everything that a journal holds as a list.

use std::path::Path;
use std::sync::Arc;

use model::doors::Incoming;
use model::{AgencyId, Cursor, Format, SourceId, Timestamp};
use store::journal::files::SimDisk;
use store::journal::{Batch, Gap, Journal, Offset, OpenError, Options, Piece, Reader, Recovery};

pub(crate) const FOLDER: &str = "/j";

pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 4_096,
        block_bytes: 512,
        reserve_bytes: 0,
        resume_bytes: 0,
        compression: 0,
        floor: Offset(0),
    }
}

pub(crate) fn open(disk: &SimDisk) -> (Journal, Recovery) {
    open_with(disk, small()).unwrap()
}

pub(crate) fn open_with(disk: &SimDisk, options: Options) -> Result<(Journal, Recovery), OpenError> {
    Journal::open_on(Arc::new(disk.clone()), Path::new(FOLDER), options)
}

pub(crate) fn record(cursor: Option<Cursor>, body: &str) -> Incoming {
    Incoming {
        source: SourceId::parse("fw-east").unwrap(),
        cursor,
        received: Timestamp::from_micros(1_700_000_000_000_000),
        format: Some(Format::Syslog),
        body: body.into(),
    }
}

pub(crate) fn batch(records: Vec<Incoming>) -> Batch {
    Batch { agency: AgencyId::home(), records }
}

/// A batch of a file: `(offset, body)`.
pub(crate) fn file(lines: &[(u64, &str)]) -> Batch {
    let cursor = |offset| Some(Cursor::File { fingerprint: 7, offset });
    batch(lines.iter().map(|(offset, body)| record(cursor(*offset), body)).collect())
}

/// Records `from..upto` of a stream, with bodies of some length that name their sequence.
pub(crate) fn stream(from: u64, upto: u64) -> Batch {
    let body = |n: u64| format!("{n} {}", "x".repeat(60 + (n % 50) as usize));
    let cursor = |sequence| Some(Cursor::Stream { stream: "s".into(), sequence });
    batch((from..upto).map(|n| record(cursor(n), &body(n))).collect())
}

pub(crate) fn drain(mut reader: Reader) -> (Vec<(u64, String)>, Vec<Gap>) {
    let (mut records, mut gaps) = (Vec::new(), Vec::new());
    while let Some(piece) = reader.next_piece().unwrap() {
        match piece {
            Piece::Gap(gap) => gaps.push(gap),
            Piece::Block(block) => {
                records.extend(block.records().map(|r| (r.offset.0, String::from_utf8_lossy(r.body).into_owned())));
            }
        }
    }
    (records, gaps)
}

/// The sequence numbers of everything that [`stream`] stored and that can be read.
pub(crate) fn sequences(reader: Reader) -> Vec<u64> {
    drain(reader).0.iter().map(|(_, body)| body.split(' ').next().unwrap().parse().unwrap()).collect()
}
