//! T18: killed in the middle of a migration, at every kind of call that reaches the disk.

use std::path::Path;
use std::process::Command;

use store::journal::Offset;
use store::state::{Database, State};

use crate::state::ctx;
use crate::torture_short::has_strace;

/// How the process that is killed, which is this very program, is told which database it is to bring up to date.
const ORDERS: &str = "WATCHBELL_UPGRADE_ORDERS";

/// No test by itself: the process that the test below kills. Without orders there is nothing to do.
#[test]
fn victim_of_the_upgrade() {
    let Ok(path) = std::env::var(ORDERS) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { State::open(&Database::Sqlite(path.into())).await.unwrap().close().await });
}

/// Brings the database up to date in a process of its own that dies at the nth such call. Says whether it came through.
fn killed(path: &Path, call: &str, nth: u64) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
    command.arg(std::env::current_exe().unwrap()).args(["upgrade::victim_of_the_upgrade", "--exact"]);
    command.env(ORDERS, path).output().unwrap().status.success()
}

#[test]
fn t18_killed_in_a_migration() {
    if !has_strace() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = ctx("home", 1);
    let (mut struck, mut rounds) = (0, 0);
    for call in ["pwrite64", "fdatasync", "ftruncate", "unlink"] {
        for nth in [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] {
            let path = folder.path().join(format!("{call}-{nth}.db"));
            let database = Database::Sqlite(path.clone());
            runtime.block_on(async {
                let old = State::open_at(&database, 1).await.unwrap();
                old.commit_findings(&home, "detect", Offset(4), &[]).await.unwrap();
                old.close().await;
            });
            rounds += 1;
            let came_through = killed(&path, call, nth);
            struck += u64::from(!came_through);
            // Killed once more at the first write of the second try, and then left in peace.
            if !came_through && nth % 2 == 1 {
                killed(&path, "pwrite64", 1);
            }
            runtime.block_on(async {
                let state = State::open(&database).await.unwrap();
                assert!(state.integrity().await.unwrap().is_empty(), "{call} {nth}");
                assert_eq!(state.progress(&home, "detect").await.unwrap(), Offset(4), "{call} {nth}");
                // The newest tables are there.
                assert!(state.jobs(&home, 1).await.unwrap().is_empty());
                state.save_hunt(&home, "after", "SELECT 1").await.unwrap();
                state.close().await;
            });
            if came_through {
                // Later calls of the kind do not come.
                break;
            }
        }
    }
    eprintln!("T18: {rounds} rounds, {struck} struck");
    assert!(struck > 10, "{struck} of {rounds}");
}
