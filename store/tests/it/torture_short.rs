//! The short forms of T1, T2, T3 and T6.

use std::process::Command;

use crate::torture::child::{Orders, run};
use crate::torture::{kill, lost_pages};

/// How the victim, which is this very program, is told that it is one.
const ORDERS: &str = "WATCHBELL_TORTURE_ORDERS";

fn victim(orders: &Orders, front: &[String]) -> Command {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = match front.split_first() {
        None => Command::new(&program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(&program);
            command
        }
    };
    command.args(["torture_short::victim_of_the_others", "--exact", "--nocapture"]).env(ORDERS, orders.to_text());
    command
}

/// Whether strace is here and may trace; says so when not.
pub(crate) fn has_strace() -> bool {
    let tried = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    let has = tried.is_ok_and(|output| output.status.success());
    if !has {
        eprintln!("skipped: no strace that may trace");
    }
    has
}

/// No test by itself: the process that the tests below kill. Without orders there is nothing to do.
#[test]
fn victim_of_the_others() {
    if let Some(orders) = std::env::var(ORDERS).ok().and_then(|text| Orders::parse(&text)) {
        run(&orders);
    }
}

#[test]
fn t1_killed_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let seed = 0x71;
    let outcome = kill::t1(folder.path(), &victim, (12, 8, seed));
    eprintln!("T1, seed {seed}: {outcome:?}");
    assert!(outcome.struck == 12 && outcome.acknowledged > 100, "{outcome:?}");
}

#[test]
fn t2_killed_at_a_system_call() {
    if !has_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let seed = 0x72;
    let outcome = kill::t2(folder.path(), &victim, (&[1, 2, 3, 5, 8, 21], seed));
    eprintln!("T2, seed {seed}: {outcome:?}");
    assert!(outcome.struck > 10 && outcome.acknowledged > 100, "{outcome:?}");
}

#[test]
fn t3_a_sync_that_fails_once() {
    if !has_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let seed = 0x73;
    let outcome = kill::t3(folder.path(), &victim, (&[1, 2, 4, 6, 9, 15], seed));
    eprintln!("T3, seed {seed}: {outcome:?}");
    assert!(outcome.struck >= 3 && outcome.acknowledged > 20, "{outcome:?}");
}

#[test]
fn t6_unsynced_pages_are_lost() {
    let seed = 0x76;
    let outcome = lost_pages::t6(2_000, seed);
    eprintln!("T6, seed {seed}: {outcome:?}");
    assert!(outcome.struck > 5_000 && outcome.acknowledged > 100_000, "{outcome:?}");
}
