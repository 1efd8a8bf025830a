//! Order, durability, group commit, release, and storing once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use model::doors::Incoming;
use model::{AgencyId, Cursor, SourceId, Timestamp, limits};
use proptest::prelude::*;
use store::journal::files::{Op, SimDisk};
use store::journal::{AppendError, Batch, GapReason, Journal, JournalHandle, Offset, OpenError, Options, Piece};

use crate::kit::{batch, drain, file, open, open_with, record, sequences, small, stream};

#[test]
fn what_goes_in_comes_out_in_order() {
    for compression in [0, 1] {
        let disk = SimDisk::new();
        let (mut journal, _) = open_with(&disk, Options { compression, ..small() }).unwrap();
        for from in (0..400).step_by(20) {
            let receipts = journal.append(&[stream(from, from + 10), stream(from + 10, from + 20)]);
            let receipt = receipts[1].clone().unwrap();
            assert_eq!((receipt.first, receipt.stored), (Offset(from + 10), 10));
        }
        assert_eq!(sequences(journal.reader(Offset(0))), (0..400).collect::<Vec<_>>());
        assert_eq!(sequences(journal.reader(Offset(123))), (123..400).collect::<Vec<_>>());
        assert_eq!(sequences(journal.reader(Offset(400))), Vec::<u64>::new());
        assert!(journal.stats().groups == 20 && disk.count(Op::Sync) >= 20);
    }
}

#[test]
fn a_record_keeps_everything_about_it() {
    let (mut journal, _) = open(&SimDisk::new());
    let cursors = [
        Some(Cursor::File { fingerprint: u64::MAX, offset: u64::MAX }),
        Some(Cursor::Stream { stream: "événements".into(), sequence: 0 }),
        Some(Cursor::Batch { id: "".into(), index: 3 }),
        None,
    ];
    let records: Vec<_> = cursors.iter().map(|cursor| record(cursor.clone(), "body")).collect();
    let mut odd = record(None, "");
    (odd.received, odd.format) = (Timestamp::from_micros(i64::MIN), None);
    let brought = Batch { agency: AgencyId::parse("fire").unwrap(), records: [records, vec![odd]].concat() };
    journal.append(std::slice::from_ref(&brought))[0].clone().unwrap();
    let Some(Piece::Block(block)) = journal.reader(Offset(0)).next_piece().unwrap() else { panic!("no block") };
    for (stored, incoming) in block.records().zip(&brought.records) {
        let raw = stored.to_raw();
        let own = Cursor::Journal { offset: stored.offset.0 };
        assert_eq!(raw.cursor, incoming.cursor.clone().unwrap_or(own));
        assert_eq!((raw.agency, raw.source), (brought.agency.clone(), incoming.source.clone()));
        assert_eq!((raw.received, raw.format, raw.body), (incoming.received, incoming.format, incoming.body.clone()));
    }
    assert_eq!(block.len(), 5);
}

#[test]
fn what_a_source_names_again_is_stored_once() {
    let disk = SimDisk::new();
    let check = |journal: &mut Journal, brought: Batch, stored: usize| {
        let receipt = journal.append(std::slice::from_ref(&brought))[0].clone().unwrap();
        assert_eq!((receipt.stored, receipt.duplicates), (stored, brought.records.len() - stored), "{brought:?}");
    };
    let (mut journal, _) = open(&disk);
    check(&mut journal, file(&[(0, "a"), (10, "b"), (20, "c")]), 3);
    check(&mut journal, file(&[(0, "a"), (10, "b"), (20, "c"), (30, "d")]), 1);
    check(&mut journal, stream(5, 9), 4);
    check(&mut journal, stream(3, 11), 4);
    check(&mut journal, batch(vec![record(None, "same"), record(None, "same")]), 2);
    let posted = |index| record(Some(Cursor::Batch { id: "post-1".into(), index }), "x");
    check(&mut journal, batch(vec![posted(0), posted(1), posted(1)]), 2);
    drop(journal);
    // A restart, whatever it is like, doubles nothing.
    disk.power_cut(1);
    let (mut journal, _) = open(&disk);
    check(&mut journal, file(&[(0, "a"), (20, "c"), (30, "d"), (40, "e")]), 1);
    check(&mut journal, stream(0, 12), 4);
    check(&mut journal, batch(vec![posted(0), posted(1), posted(2)]), 1);
    // Another source, another agency: another record.
    let mut other = file(&[(0, "a")]);
    other.records[0].source = SourceId::parse("fw-west").unwrap();
    check(&mut journal, other, 1);
    check(&mut journal, Batch { agency: AgencyId::parse("fire").unwrap(), ..file(&[(0, "a")]) }, 1);
}

#[test]
fn a_refused_batch_leaves_a_hole_that_its_retry_fills() {
    let disk = SimDisk::new();
    let (mut journal, _) = open(&disk);
    journal.append(&[file(&[(0, "a")])])[0].clone().unwrap();
    // The batch with 10 and 20 was refused; the one behind it was taken, even together with others in one group.
    journal.append(&[file(&[(30, "d"), (40, "e")]), file(&[(60, "g")])])[0].clone().unwrap();
    drop(journal);
    disk.restart();
    let (mut journal, _) = open(&disk);
    let retry = journal.append(&[file(&[(10, "b"), (20, "c"), (30, "d")]), file(&[(50, "f"), (60, "g")])]);
    assert_eq!(retry.iter().map(|receipt| receipt.clone().unwrap().stored).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn storing_once_outlives_the_segments() {
    let disk = SimDisk::new();
    let (mut journal, _) = open(&disk);
    for from in (0..600).step_by(10) {
        journal.append(&[stream(from, from + 10)])[0].clone().unwrap();
    }
    let removed = journal.release(Offset(600)).unwrap();
    assert!(removed > 2, "{removed} segments went");
    let (_, gaps) = drain(journal.reader(Offset(0)));
    assert_eq!((gaps[0].from, &gaps[0].reason), (Offset(0), &GapReason::Released));
    drop(journal);
    disk.power_cut(3);
    let (mut journal, recovery) = open(&disk);
    assert_eq!((recovery.next, recovery.damages.len()), (Offset(600), 0));
    assert_eq!(journal.append(&[stream(0, 601)])[0].clone().unwrap().stored, 1);
}

#[test]
fn nothing_is_released_that_a_consumer_needs() {
    let (mut journal, _) = open(&SimDisk::new());
    for from in (0..600).step_by(10) {
        journal.append(&[stream(from, from + 10)])[0].clone().unwrap();
    }
    journal.release(Offset(321)).unwrap();
    assert_eq!(sequences(journal.reader(Offset(321))), (321..600).collect::<Vec<_>>());
}

#[test]
fn a_cleared_journal_is_empty_and_still_stores_once() {
    let disk = SimDisk::new();
    let (mut journal, _) = open(&disk);
    for from in (0..300).step_by(50) {
        journal.append(&[stream(from, from + 50)])[0].clone().unwrap();
    }
    assert!(journal.clear().unwrap() > 1);
    assert_eq!(sequences(journal.reader(Offset(0))), Vec::<u64>::new());
    let receipt = journal.append(&[stream(250, 310)])[0].clone().unwrap();
    assert_eq!((receipt.first, receipt.stored, receipt.duplicates), (Offset(300), 10, 50));
    journal.clear().unwrap();
    drop(journal);
    let (mut journal, recovery) = open(&disk);
    assert_eq!((recovery.segments, recovery.next), (0, Offset(310)));
    assert!(recovery.damages.is_empty(), "{recovery:?}");
    assert_eq!(journal.append(&[stream(0, 320)])[0].clone().unwrap().stored, 10);
    assert_eq!(sequences(journal.reader(Offset(0))), (310..320).collect::<Vec<_>>());
}

#[test]
fn a_failed_sync_fails_the_journal_and_says_why() {
    let disk = SimDisk::new();
    let (mut journal, _) = open(&disk);
    journal.append(&[stream(0, 5)])[0].clone().unwrap();
    disk.plan(Op::Sync, 1, store::journal::files::Fault::Error(std::io::ErrorKind::Other));
    let refused = journal.append(&[stream(5, 10), stream(0, 5)]);
    assert!(refused.iter().all(|result| matches!(result, Err(AppendError::Failed { .. }))), "{refused:?}");
    // The disk works again; the journal does not trust it.
    let Err(AppendError::Failed { reason }) = &journal.append(&[stream(10, 15)])[0] else { panic!("acknowledged") };
    assert!(reason.contains("syncing failed on seg-"), "{reason}");
    assert_eq!(sequences(journal.reader(Offset(0))), [0, 1, 2, 3, 4]);
    drop(journal);
    // The cache shows the records of the failed sync; what the next start takes from there it makes durable first.
    disk.restart();
    let (mut journal, _) = open(&disk);
    journal.append(&[stream(0, 12)])[0].clone().unwrap();
    drop(journal);
    disk.power_cut(4);
    let (journal, _) = open(&disk);
    assert_eq!(sequences(journal.reader(Offset(0))), (0..12).collect::<Vec<_>>());
}

#[test]
fn limits_are_met_with_a_refusal() {
    let (mut journal, _) = open(&SimDisk::new());
    let many = batch(vec![record(None, ""); limits::BATCH_RECORDS_MAX + 1]);
    let name = "n".repeat(limits::CURSOR_NAME_BYTES_MAX + 1);
    let named = batch(vec![record(Some(Cursor::Batch { id: name.into(), index: 0 }), "")]);
    let mut big = record(None, "");
    big.body = vec![0; limits::BATCH_BYTES_MAX + 1];
    for brought in [many, named, batch(vec![big])] {
        let results = journal.append(&[brought, stream(0, 1)]);
        assert!(matches!(results[0], Err(AppendError::TooLarge { .. })), "{:?}", results[0]);
        assert!(results[1].is_ok(), "the others of the group are taken");
    }
    let mut largest = record(None, "");
    largest.body = vec![b'x'; limits::BATCH_BYTES_MAX];
    journal.append(&[batch(vec![largest])])[0].clone().unwrap();
    assert_eq!(drain(journal.reader(Offset(1))).0[0].1.len(), limits::BATCH_BYTES_MAX);
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path(), small()).unwrap();
    assert!(matches!(Journal::open(folder.path(), small()), Err(OpenError::InUse { .. })));
    journal.close().unwrap();
    Journal::open(folder.path(), small()).unwrap();
}

#[test]
fn a_closed_journal_opens_without_looking_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path(), small()).unwrap();
    journal.append(&[stream(0, 100)])[0].clone().unwrap();
    journal.close().unwrap();
    let (journal, recovery) = Journal::open(folder.path(), small()).unwrap();
    assert_eq!((recovery.looked_through, recovery.damages.len()), (0, 0));
    assert_eq!(sequences(journal.reader(Offset(0))).len(), 100);
}

#[test]
fn many_writers_share_syncs_and_readers_follow() {
    let disk = SimDisk::new();
    let (journal, _) = open(&disk);
    let (handle, thread) = JournalHandle::start(journal).unwrap();
    let heard = Arc::new(AtomicU64::new(0));
    let hear = heard.clone();
    handle.on_advance(move |next| hear.store(next.0, Ordering::Relaxed));
    let mut reader = handle.reader(Offset(0));
    let follower = std::thread::spawn(move || {
        let mut seen = 0;
        loop {
            match reader.next_piece().unwrap() {
                Some(Piece::Block(block)) => seen += block.len(),
                Some(Piece::Gap(gap)) => panic!("{gap:?}"),
                None if reader.wait(Duration::from_secs(30)) => {}
                None => return seen,
            }
        }
    });
    std::thread::scope(|scope| {
        for writer in 0..8u64 {
            let handle = &handle;
            scope.spawn(move || {
                for n in 0..50 {
                    let cursor = Some(Cursor::File { fingerprint: writer, offset: n });
                    let receipt = handle.append(batch(vec![record(cursor, "line")])).unwrap();
                    assert!(receipt.stored == 1 && handle.next() > receipt.first, "durable before acknowledged");
                }
            });
        }
    });
    assert_eq!((handle.next(), heard.load(Ordering::Relaxed)), (Offset(400), 400));
    thread.close().unwrap();
    assert_eq!(follower.join().unwrap(), 400);
    assert_eq!(handle.append(stream(0, 1)), Err(AppendError::Closed));
}

#[test]
fn a_full_queue_is_busy_and_not_longer() {
    let (journal, _) = open(&SimDisk::new());
    let (handle, thread) = JournalHandle::start(journal).unwrap();
    // Holds the journal's thread in an answer, so that the queue fills.
    let (go, gate) = mpsc::channel::<()>();
    let (at_gate, arrived) = mpsc::channel::<()>();
    handle.submit(stream(0, 1), move |_| {
        at_gate.send(()).unwrap();
        gate.recv().unwrap();
    });
    arrived.recv().unwrap();
    let answers = Arc::new(Mutex::new(Vec::new()));
    for n in 0..limits::BATCH_QUEUE_MAX as u64 + 1 {
        let answers = answers.clone();
        handle.submit(stream(n + 1, n + 2), move |answer| answers.lock().unwrap().push(answer));
    }
    assert_eq!(*answers.lock().unwrap(), [Err(AppendError::Busy)]);
    go.send(()).unwrap();
    thread.close().unwrap();
    let answers = answers.lock().unwrap();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), limits::BATCH_QUEUE_MAX, "closing drains");
}

fn any_cursor() -> impl Strategy<Value = Option<Cursor>> {
    prop_oneof![
        Just(None),
        (0u64..3, 0u64..40).prop_map(|(fingerprint, offset)| Some(Cursor::File { fingerprint, offset })),
        (0u64..40).prop_map(|sequence| Some(Cursor::Stream { stream: "s".into(), sequence })),
        ("[ab]", 0u64..40).prop_map(|(id, index)| Some(Cursor::Batch { id: id.into(), index })),
    ]
}

fn any_batch() -> impl Strategy<Value = Batch> {
    prop::collection::vec((any_cursor(), "[a-z]{0,200}"), 0..12).prop_map(|records| {
        let records: Vec<Incoming> = records.into_iter().map(|(cursor, body)| record(cursor, &body)).collect();
        batch(records)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bringing everything again after a restart stores exactly what has no name of its own.
    #[test]
    fn replay_changes_nothing(batches in prop::collection::vec(any_batch(), 1..8), seed: u64) {
        let disk = SimDisk::new();
        let (mut journal, _) = open(&disk);
        for batch in &batches {
            journal.append(std::slice::from_ref(batch))[0].clone().unwrap();
        }
        drop(journal);
        disk.power_cut(seed);
        let (mut journal, recovery) = open(&disk);
        prop_assert!(recovery.damages.is_empty());
        for batch in &batches {
            let unnamed = batch.records.iter().filter(|record| record.cursor.is_none()).count();
            let receipt = journal.append(std::slice::from_ref(batch))[0].clone().unwrap();
            prop_assert_eq!(receipt.stored, unnamed);
        }
    }
}
