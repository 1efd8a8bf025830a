//! The long form: one target under libFuzzer, chosen by `WATCHBELL_FUZZ_TARGET`; `list` names them all on stdout.
//!
//! `cargo xtask fuzz` starts it. With `WATCHBELL_FUZZ_CORPUS` the target's seeds are written into that folder first, and
//! its words as a dictionary beside it, with `.dict` behind the name.

#![no_main]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: begin(),
    |bytes: &[u8]| {
        if let Some(target) = CHOSEN.get() {
            (target.run)(bytes);
        }
    }
);

fn begin() {
    let name = std::env::var("WATCHBELL_FUZZ_TARGET").unwrap_or_default();
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join("\n");
    if name == "list" {
        let written = writeln!(std::io::stdout(), "{}", names());
        std::process::exit(i32::from(written.is_err()));
    }
    let Some(target) = fuzz::target(&name) else {
        eprintln!("error: WATCHBELL_FUZZ_TARGET names no target: {name:?}; known are\n{}", names());
        std::process::exit(2);
    };
    if let Some(folder) = std::env::var_os("WATCHBELL_FUZZ_CORPUS").map(PathBuf::from)
        && let Err(error) = write_seeds(target, &folder)
    {
        eprintln!("error: writing the seeds into {}: {error}", folder.display());
        std::process::exit(1);
    }
    let _ = CHOSEN.set(target);
}

fn write_seeds(target: &Target, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:04}")), seed)?;
    }
    let words = target.words.iter().map(|word| format!("\"{}\"\n", escaped(word.as_bytes())));
    std::fs::write(folder.with_extension("dict"), words.collect::<String>())
}

/// A word as libFuzzer's dictionaries want it.
fn escaped(word: &[u8]) -> String {
    word.iter().map(|byte| format!("\\x{byte:02X}")).collect()
}
