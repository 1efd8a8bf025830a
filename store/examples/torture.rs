//! The long forms of the journal's torture: `torture T1|T2|T3|T6 [ROUNDS] [SEED] [FOLDER]`.
//!
//! Prints one line with what came of it; a broken promise is a panic that names the seed. `cargo xtask torture` calls it.

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../tests/torture/mod.rs"]
#[expect(clippy::expect_used, reason = "shared with the tests")]
mod torture;

use torture::child::{Orders, run};
use torture::{kill, lost_pages};

fn victim(orders: &Orders, front: &[String]) -> Command {
    #[expect(clippy::expect_used, reason = "a tool for people at a terminal")]
    let program = std::env::current_exe().expect("this program has a path");
    let all: Vec<String> =
        front.iter().cloned().chain([program.display().to_string(), "victim".into(), orders.to_text()]).collect();
    let mut command = Command::new(&all[0]);
    command.args(&all[1..]);
    command
}

#[expect(clippy::print_stdout, reason = "a tool for people at a terminal")]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| args.get(at).map(String::as_str);
    if word(0) == Some("victim") {
        return word(1).and_then(Orders::parse).iter().for_each(run);
    }
    let number = |at: usize, otherwise: u64| word(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let seed = number(2, 1);
    let folder = word(3)
        .map_or_else(|| std::env::temp_dir().join(format!("watchbell-torture-{}", std::process::id())), PathBuf::from);
    let folder: &Path = &folder;
    if matches!(word(0), Some("T2" | "T3")) && Command::new("strace").arg("-V").output().is_err() {
        return eprintln!("skipped: no strace");
    }
    let nths = |rounds: u64| (1..=rounds).collect::<Vec<_>>();
    let outcome = match word(0) {
        Some("T1") => kill::t1(folder, &victim, (number(1, 100), 8, seed)),
        Some("T2") => kill::t2(folder, &victim, (&nths(number(1, 200)), seed)),
        Some("T3") => kill::t3(folder, &victim, (&nths(number(1, 60)), seed)),
        Some("T6") => lost_pages::t6(number(1, 10_000), seed),
        _ => {
            eprintln!("usage: torture T1|T2|T3|T6 [ROUNDS] [SEED] [FOLDER]");
            std::process::exit(2);
        }
    };
    println!("{} seed {seed}: {outcome:?}", args[0]);
}
