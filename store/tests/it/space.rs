//! A full disk: refused, nothing half-written, room for the others, and on again without help.

use std::process::Command;
use std::time::{Duration, Instant};

use store::journal::files::{Files as _, SimDisk};
use store::journal::{AppendError, Health, Journal, JournalHandle, Offset, Options, fsck, fsck_on};

use crate::kit::{FOLDER, open_with, sequences, small, stream};

#[test]
fn a_full_disk_refuses_and_goes_on_by_itself() {
    let disk = SimDisk::new();
    let options = Options { reserve_bytes: 2_000, resume_bytes: 1_000, ..small() };
    disk.limit(Some(20_000));
    let (mut journal, _) = open_with(&disk, options.clone()).unwrap();
    let mut stored = 0;
    let refusal = loop {
        match &journal.append(&[stream(stored, stored + 5)])[0] {
            Ok(receipt) => stored += receipt.stored as u64,
            Err(error) => break error.clone(),
        }
        assert!(stored < 1_000, "the disk never filled");
    };
    assert_eq!((refusal, journal.health()), (AppendError::NoSpace, Health::NoSpace));
    // The rest of the system has the reserve.
    let other = disk.create(std::path::Path::new("/state.db")).unwrap();
    other.write_at(&[1; 1_900], 0).unwrap();
    assert_eq!(journal.append(&[stream(stored, stored + 5)])[0], Err(AppendError::NoSpace));
    assert_eq!(sequences(journal.reader(Offset(0))), (0..stored).collect::<Vec<_>>());
    // A start on a full disk works too, and nothing of the refused batch is left.
    drop(journal);
    disk.restart();
    let (mut journal, recovery) = open_with(&disk, options).unwrap();
    assert_eq!((recovery.damages.len(), journal.health()), (0, Health::NoSpace));
    assert_eq!(sequences(journal.reader(Offset(0))), (0..stored).collect::<Vec<_>>());
    disk.limit(Some(40_000));
    assert_eq!(journal.append(&[stream(stored - 5, stored + 5)])[0].clone().unwrap().stored, 5);
    assert_eq!(journal.health(), Health::Ready);
    assert!(fsck_on(&disk, std::path::Path::new(FOLDER)).unwrap().is_clean());
}

#[test]
fn readiness_returns_without_anybody_bringing_a_record() {
    let disk = SimDisk::new();
    let (journal, _) = open_with(&disk, Options { resume_bytes: 1_000, ..small() }).unwrap();
    let (handle, thread) = JournalHandle::start(journal).unwrap();
    disk.limit(Some(disk.used()));
    assert_eq!(handle.append(stream(0, 5)), Err(AppendError::NoSpace));
    disk.limit(None);
    let freed = Instant::now();
    while handle.health() != Health::Ready {
        assert!(freed.elapsed() < Duration::from_secs(5), "still not ready");
        std::thread::yield_now();
    }
    handle.append(stream(0, 5)).unwrap();
    thread.close().unwrap();
}

#[test]
fn wherever_the_space_ends_nothing_is_lost() {
    let mut refused = 0;
    for limit in (0..16_000).step_by(97) {
        let disk = SimDisk::new();
        disk.limit(Some(limit));
        let Ok((mut journal, _)) = open_with(&disk, small()) else { panic!("a full disk must not stop a start") };
        let mut acknowledged = Vec::new();
        for from in (0..120).step_by(6) {
            match journal.append(&[stream(from, from + 6)])[0] {
                Ok(_) => acknowledged.extend(from..from + 6),
                Err(AppendError::NoSpace) => refused += 1,
                ref other => panic!("{other:?}"),
            }
        }
        assert_eq!(sequences(journal.reader(Offset(0))), acknowledged, "limit {limit}");
        drop(journal);
        disk.power_cut(limit);
        let (journal, _) = open_with(&disk, small()).unwrap();
        assert_eq!(sequences(journal.reader(Offset(0))), acknowledged, "limit {limit}, after a power cut");
    }
    assert!(refused > 100, "the limit was met {refused} times");
}

/// A small file system in memory, unmounted when it goes.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount(size: &str) -> Option<Tmpfs> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Tmpfs(folder))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).output().unwrap();
    }
}

/// T4 on a real file system.
#[test]
fn t4_a_real_disk_fills_and_is_freed() {
    let Some(disk) = Tmpfs::mount("6m") else {
        return eprintln!("skipped: mounting a tmpfs needs root");
    };
    let (folder, ballast) = (disk.0.path().join("journal"), disk.0.path().join("ballast"));
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    let mebibyte = 1 << 20;
    let options =
        Options { segment_bytes: mebibyte, reserve_bytes: mebibyte, resume_bytes: mebibyte / 2, ..Options::default() };
    let (journal, _) = Journal::open(&folder, Options { compression: 0, ..options }).unwrap();
    let (handle, thread) = JournalHandle::start(journal).unwrap();
    let mut stored = 0;
    let refusal = loop {
        match handle.append(stream(stored, stored + 1_000)) {
            Ok(receipt) => stored += receipt.stored as u64,
            Err(error) => break error,
        }
    };
    assert_eq!(refusal, AppendError::NoSpace);
    let other = disk.0.path().join("state.db");
    std::fs::write(&other, vec![2; 900 * 1024]).expect("the rest of the system has the reserve");
    assert_eq!(handle.append(stream(stored, stored + 1)), Err(AppendError::NoSpace));
    std::fs::remove_file(ballast).unwrap();
    let freed = Instant::now();
    while handle.health() != Health::Ready {
        assert!(freed.elapsed() < Duration::from_secs(5), "still not ready");
        std::thread::yield_now();
    }
    assert_eq!(handle.append(stream(0, 3)).unwrap().stored, 0);
    handle.append(stream(stored, stored + 1_000)).unwrap();
    assert_eq!(sequences(handle.reader(Offset(0))), (0..stored + 1_000).collect::<Vec<_>>());
    thread.close().unwrap();
    assert!(fsck(&folder).unwrap().is_clean());
}
