//! T2 on the lying disk: stop at every single operation, kill or power cut, whatever is going on at that moment.

use store::journal::Offset;
use store::journal::files::{Fault, Op, SimDisk};

use crate::kit::{open, open_with, sequences, small, stream};

/// Writes, closes segments and releases; says what was acknowledged and what a consumer had seen.
fn work(disk: &SimDisk) -> (u64, u64) {
    let (mut acknowledged, mut released) = (0, 0);
    let Ok((mut journal, _)) = open_with(disk, small()) else { return (0, 0) };
    for from in (0..240).step_by(8) {
        if journal.append(&[stream(from, from + 8)])[0].is_err() {
            return (acknowledged, released);
        }
        acknowledged = from + 8;
        if from % 64 == 0 {
            released = acknowledged;
            let _ = journal.release(Offset(released));
        }
    }
    let _ = journal.close();
    (acknowledged, released)
}

#[test]
fn stopped_at_every_operation() {
    let whole = SimDisk::new();
    work(&whole);
    let operations = whole.count(Op::Any);
    assert!(operations > 80 && whole.count(Op::Remove) > 3 && whole.count(Op::Rename) > 3, "{whole:?}");
    for nth in 1..=operations {
        for seed in 0..4 {
            let disk = SimDisk::new();
            disk.plan(Op::Any, nth, Fault::Stop);
            let (acknowledged, released) = work(&disk);
            // The first time only the process dies.
            if seed == 0 {
                disk.restart()
            } else {
                disk.power_cut(seed)
            };
            let (mut journal, _) = open(&disk);
            let got = sequences(journal.reader(Offset(released)));
            let what = format!("operation {nth}, seed {seed}");
            assert!(got.len() as u64 >= acknowledged - released, "{what}: {acknowledged} acknowledged, got {got:?}");
            assert!(got.iter().copied().eq(released..released + got.len() as u64), "{what}: {got:?}");
            // Bringing everything again completes it and doubles nothing.
            journal.append(&[stream(released, 260)])[0].clone().unwrap();
            let all = sequences(journal.reader(Offset(released)));
            assert!(all.iter().copied().eq(released..260), "{what}: {all:?}");
        }
    }
}
