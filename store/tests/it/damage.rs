//! Damaged files: found, kept aside, reported; the rest readable; never a start that fails.

use std::path::{Path, PathBuf};

use store::journal::files::{Files as _, SimDisk};
use store::journal::{GapReason, Offset, fsck_on, repair_on};

use crate::kit::{FOLDER, drain, open, open_with, sequences, small, stream};

const RECORDS: u64 = 200;

/// A journal of several closed segments and one that a crash left open.
fn crashed() -> SimDisk {
    let disk = SimDisk::new();
    let (mut journal, _) = open(&disk);
    for from in (0..RECORDS).step_by(10) {
        journal.append(&[stream(from, from + 10)])[0].clone().unwrap();
    }
    drop(journal);
    disk.restart();
    disk
}

fn files(disk: &SimDisk, start: &str) -> Vec<PathBuf> {
    let names = disk.list(Path::new(FOLDER)).unwrap();
    names.iter().filter(|name| name.starts_with(start)).map(|name| Path::new(FOLDER).join(name)).collect()
}

fn quarantined(disk: &SimDisk) -> usize {
    disk.list(&Path::new(FOLDER).join("quarantine")).unwrap().iter().filter(|name| name.ends_with(".bin")).count()
}

#[test]
fn a_torn_end_is_cut_off_and_kept() {
    let disk = crashed();
    let last = files(&disk, "seg-").pop().unwrap();
    disk.damage(&last, |bytes| bytes.extend_from_slice(b"half a block"));
    let report = fsck_on(&disk, Path::new(FOLDER)).unwrap();
    assert!(!report.is_clean(), "{report:?}");
    let (mut journal, recovery) = open(&disk);
    assert_eq!((recovery.damages.len(), recovery.damages[0].is_kept), (1, true), "{recovery:?}");
    assert_eq!(quarantined(&disk), 1);
    let receipt = journal.append(&[stream(RECORDS, RECORDS + 1)])[0].clone().unwrap();
    assert!(receipt.first.0 > RECORDS, "no offset means two records");
    let (records, gaps) = drain(journal.reader(Offset(0)));
    assert_eq!((records.len() as u64, gaps.len()), (RECORDS + 1, 1));
    assert_eq!(gaps[0].reason, GapReason::LeftOut);
}

#[test]
fn a_bad_block_in_a_closed_segment_is_skipped() {
    let disk = crashed();
    let first = files(&disk, "seg-").remove(0);
    // A byte inside the bodies of the first block.
    disk.damage(&first, |bytes| bytes[500] ^= 4);
    let (journal, recovery) = open(&disk);
    assert!(recovery.damages.is_empty(), "closed segments are looked at when they are read");
    let (records, gaps) = drain(journal.reader(Offset(0)));
    assert_eq!((gaps.len(), quarantined(&disk)), (1, 1));
    assert!(matches!(gaps[0].reason, GapReason::Damaged { .. }), "{gaps:?}");
    let lost = gaps[0].upto.0 - gaps[0].from.0;
    assert!(lost < 12, "{lost} records are lost with one block");
    assert_eq!(records.len() as u64, RECORDS - lost);
    assert_eq!(journal.stats().damages_met, 1);
    drop(journal);
    // Mended, it is a known loss and no longer a problem.
    disk.restart();
    assert_eq!(repair_on(&disk, Path::new(FOLDER)).unwrap().len(), 1);
    let report = fsck_on(&disk, Path::new(FOLDER)).unwrap();
    assert!(report.is_clean() && report.records() == RECORDS - lost, "{report:?}");
    let (journal, _) = open(&disk);
    assert_eq!(drain(journal.reader(Offset(0))), (records, drain(journal.reader(Offset(0))).1));
}

#[test]
fn an_end_that_vanished_is_not_numbered_again() {
    let disk = crashed();
    let last = files(&disk, "seg-").pop().unwrap();
    disk.remove(&last).unwrap();
    let (mut journal, recovery) =
        open_with(&disk, store::journal::Options { floor: Offset(RECORDS), ..small() }).unwrap();
    assert!(recovery.damages[0].why.contains("lost"), "{recovery:?}");
    let receipt = journal.append(&[stream(1_000, 1_001)])[0].clone().unwrap();
    assert_eq!(receipt.first, Offset(RECORDS));
}

#[test]
fn damaged_marks_are_made_up_for() {
    for damaged in 0..2 {
        let disk = crashed();
        let marks = files(&disk, "marks-");
        assert_eq!(marks.len(), 2);
        disk.damage(&marks[damaged], |bytes| bytes[20] ^= 1);
        let (mut journal, recovery) = open(&disk);
        assert_eq!(recovery.damages.len(), 1);
        assert_eq!(journal.append(&[stream(0, RECORDS)])[0].clone().unwrap().stored, 0);
    }
}

/// Places all over every file: a bit changed, the file ended there, or zeros.
#[test]
fn no_damage_stops_a_start_or_stays_silent() {
    let whole = crashed();
    let mut dice = 7u64;
    for path in files(&whole, "") {
        let length = whole.open(&path).unwrap().len().unwrap();
        for position in (0..length).step_by(197) {
            for kind in 0..3 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = (position + dice % 197).min(length - 1) as usize;
                check_damage(&path, at, kind);
            }
        }
    }
}

fn check_damage(path: &Path, at: usize, kind: u8) {
    let disk = crashed();
    disk.damage(path, |bytes| match kind {
        0 => bytes[at] ^= 1 << (at % 8),
        1 => bytes.truncate(at),
        _ => bytes[at..].iter_mut().take(600).for_each(|byte| *byte = 0),
    });
    let what = format!("{} byte {at} kind {kind}", path.display());
    let was_clean = fsck_on(&disk, Path::new(FOLDER)).unwrap().is_clean();
    let (mut journal, recovery) = open(&disk);
    let (records, gaps) = drain(journal.reader(Offset(0)));
    let numbers = sequences(journal.reader(Offset(0)));
    assert!(numbers.is_sorted_by(|a, b| a < b), "{what}: in order, none twice");
    let is_whole = numbers.len() as u64 == RECORDS;
    if kind == 0 {
        assert!(numbers.len() as u64 >= RECORDS - 10, "{what}: {} records left", numbers.len());
    }
    if !is_whole {
        let is_told = !recovery.damages.is_empty() || gaps.iter().any(|gap| gap.reason != GapReason::LeftOut);
        // A last segment that ends exactly behind a block looks like one that was never longer.
        let looks_whole = kind == 1 && records.last().is_none_or(|last| last.0 + 1 == numbers.len() as u64);
        assert!(is_told || looks_whole, "{what}: silent loss, {recovery:?} {gaps:?}");
        assert!(!was_clean || looks_whole, "{what}: fsck saw nothing");
    }
    // Life goes on, and a second start finds everything in order.
    journal.append(&[stream(5_000, 5_003)])[0].clone().unwrap();
    let before = sequences(journal.reader(Offset(0)));
    drop(journal);
    disk.restart();
    repair_on(&disk, Path::new(FOLDER)).unwrap();
    let report = fsck_on(&disk, Path::new(FOLDER)).unwrap();
    let is_mended = report.files.values().all(|file| file.problems.iter().all(|text| text.contains("are missing")));
    assert!(is_mended, "{what}: {report:?}");
    let (journal, _) = open(&disk);
    assert_eq!(sequences(journal.reader(Offset(0))), before, "{what}");
}
