//! Files of the event journal on the simulated disk: as they come, and with checksums that are right.

use std::path::Path;
use std::sync::Arc;

use model::doors::Incoming;
use model::{AgencyId, Cursor, Format, SourceId};
use store::journal::files::{Files, SimDisk};
use store::journal::{Batch, Journal, Offset, Options, Piece, Reader, fsck_on, repair_on};

use crate::event::received;

const FOLDER: &str = "/j";
/// The name of a segment that begins at offset 0, and of marks that speak for everything below 12.
const SEGMENT: &str = "seg-00000000000000000000.wbj";
const MARKS: &str = "marks-00000000000000000012";

fn options() -> Options {
    Options {
        segment_bytes: 4_096,
        block_bytes: 512,
        reserve_bytes: 0,
        resume_bytes: 0,
        compression: 1,
        floor: Offset(0),
    }
}

fn batch(from: u64, upto: u64) -> Batch {
    let source = SourceId::parse("fw-east").unwrap_or_else(|error| panic!("{error}"));
    let record = |sequence| Incoming {
        source: source.clone(),
        cursor: match sequence % 3 {
            0 => Some(Cursor::Stream { stream: "s".into(), sequence }),
            1 => Some(Cursor::File { fingerprint: 7, offset: sequence * 50 }),
            _ => None,
        },
        received: received(),
        format: Some(Format::Syslog),
        body: format!("{sequence} {}", "x".repeat(40 + (sequence % 50) as usize)).into_bytes(),
    };
    Batch { agency: AgencyId::home(), records: (from..upto).map(record).collect() }
}

fn open(disk: &SimDisk) -> Journal {
    disk.restart();
    let opened = Journal::open_on(Arc::new(disk.clone()), Path::new(FOLDER), options());
    opened.unwrap_or_else(|error| panic!("damage stops a start: {error}")).0
}

/// All records, with their offsets.
fn drain(mut reader: Reader) -> Vec<(u64, Vec<u8>)> {
    let mut records = Vec::new();
    loop {
        match reader.next_piece() {
            Ok(Some(Piece::Block(block))) => {
                records.extend(block.records().map(|record| (record.offset.0, record.body.to_vec())))
            }
            Ok(Some(Piece::Gap(_))) => {}
            Ok(None) => return records,
            Err(error) => panic!("damage stops a reader: {error}"),
        }
    }
}

fn put(disk: &SimDisk, name: &str, bytes: &[u8]) {
    let write = || -> std::io::Result<()> {
        let file = disk.create(&Path::new(FOLDER).join(name))?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        disk.sync_folder(Path::new(FOLDER))
    };
    write().unwrap_or_else(|error| panic!("{error}"));
}

/// A journal whose only segment is `bytes`.
pub fn journal_segment(bytes: &[u8]) {
    for content in [bytes.to_vec(), resealed_segment(bytes)] {
        let disk = SimDisk::new();
        put(&disk, SEGMENT, &content);
        life_goes_on(&disk);
    }
}

/// A journal whose newest marks are `bytes`.
pub fn journal_marks(bytes: &[u8]) {
    let (content, _) = bytes.split_at(bytes.len().saturating_sub(4));
    let resealed = [content, &crc32fast::hash(content).to_le_bytes()].concat();
    for content in [bytes.to_vec(), resealed] {
        let disk = SimDisk::new();
        seeds::write(&disk);
        put(&disk, MARKS, &content);
        life_goes_on(&disk);
    }
}

/// It opens, what can be read is in order, new records are taken and are there after the next start, and a repaired journal
/// has nothing that `fsck` minds.
fn life_goes_on(disk: &SimDisk) {
    let _ = fsck_on(disk, Path::new(FOLDER)).unwrap_or_else(|error| panic!("{error}"));
    let mut journal = open(disk);
    let before = drain(journal.reader(Offset(0)));
    assert!(before.is_sorted_by(|a, b| a.0 < b.0), "in order, none twice");
    let new = batch(1_000_002, 1_000_003);
    let body = new.records[0].body.clone();
    // Damaged files may say that the offsets are used up, or that the record is stored already: then it is not taken.
    let outcome = journal.append(&[new]).into_iter().next();
    let taken = matches!(outcome, Some(Ok(receipt)) if receipt.stored == 1);
    let after = drain(journal.reader(Offset(0)));
    let is_there = after.last().is_some_and(|(_, last)| last[..] == body[..]);
    assert_eq!(is_there, taken, "what is acknowledged can be read");
    drop(journal);
    disk.restart();
    repair_on(disk, Path::new(FOLDER)).unwrap_or_else(|error| panic!("{error}"));
    let journal = open(disk);
    assert_eq!(drain(journal.reader(Offset(0))), after, "a restart changes nothing");
}

/// The segment with the checksums that it should have: those of its header and footer, and of every block that says where
/// it ends. The layout is that of `store::journal`.
fn resealed_segment(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: &[u8] = b"WBB1";
    let mut out = bytes.to_vec();
    let word = |out: &[u8], at: usize| {
        out.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
    };
    let set = |out: &mut [u8], at: usize, crc: u32| {
        if let Some(place) = out.get_mut(at..at + 4) {
            place.copy_from_slice(&crc.to_le_bytes());
        }
    };
    let mark = |out: &mut [u8], at: usize| {
        let crc = out.get(at..at + 60).map(crc32fast::hash);
        if let Some(crc) = crc {
            set(out, at + 60, crc);
        }
    };
    mark(&mut out, 0);
    if out.len() >= 128 {
        let foot = out.len() - 64;
        if !out.get(foot..).unwrap_or_default().starts_with(BLOCK) {
            mark(&mut out, foot);
        }
    }
    let mut at = 64;
    while at + 64 <= out.len() {
        if !out.get(at..).unwrap_or_default().starts_with(BLOCK) {
            at += 8;
            continue;
        }
        let (index_bytes, stored_bytes) = (word(&out, at + 28) as usize, word(&out, at + 36) as usize);
        let index = out.get(at + 64..(at + 64).saturating_add(index_bytes)).map(crc32fast::hash);
        let bodies_at = (at + 64).saturating_add(index_bytes);
        let bodies = out.get(bodies_at..bodies_at.saturating_add(stored_bytes)).map(crc32fast::hash);
        if let (Some(index), Some(bodies)) = (index, bodies) {
            set(&mut out, at + 40, index);
            set(&mut out, at + 44, bodies);
        }
        let header = out.get(at + 8..at + 64).map_or(0, crc32fast::hash);
        set(&mut out, at + 4, header);
        at += 8;
    }
    out
}

pub(super) mod seeds {
    use super::{FOLDER, Files, Path, SimDisk, batch, open};

    /// Some records in several segments.
    pub(super) fn write(disk: &SimDisk) {
        let mut journal = open(disk);
        for from in (0..60).step_by(6) {
            let _ = journal.append(&[batch(from, from + 6)]);
        }
        drop(journal);
        disk.restart();
    }

    fn files(start: &str) -> Vec<Vec<u8>> {
        let disk = SimDisk::new();
        write(&disk);
        let names = disk.list(Path::new(FOLDER)).unwrap_or_default();
        let read = |name: &String| {
            let file = disk.open(&Path::new(FOLDER).join(name)).ok()?;
            let mut bytes = vec![0; usize::try_from(file.len().ok()?).ok()?];
            file.read_at(&mut bytes, 0).ok()?;
            Some(bytes)
        };
        names.iter().filter(|name| name.starts_with(start)).filter_map(read).collect()
    }

    pub(in super::super) fn journal_segment() -> Vec<Vec<u8>> {
        files("seg-")
    }

    pub(in super::super) fn journal_marks() -> Vec<Vec<u8>> {
        files("marks-")
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const journal_segment: Words =
        &["WBB1", "\u{2}\0\0\0", "\u{1}\0\0\0", "\u{7f}\u{7f}\u{7f}\u{7f}"];
    pub(in super::super) const journal_marks: Words = &["\u{1}", "\u{2}", "\u{3}", "\u{7f}", "\0\0\0\0\0\0\0\0"];
}
