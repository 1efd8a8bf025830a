//! The short form: seeds and their mutations through a target, the same ones each time.
//!
//! An input that breaks a promise is kept as a file and named with its bytes. So is one that ends the process or never
//! comes back: each input lies on disk while it is read.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Target;
use crate::mutate::Mutator;

/// Bytes of a failing input that are shown; the file has all of them.
const SHOWN_BYTES: usize = 4 * 1024;

/// An input that broke a promise.
#[derive(Debug)]
pub struct Failure {
    /// Where its bytes are kept.
    pub path: PathBuf,
    /// What was said, and the bytes as hexadecimal digits.
    pub text: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.path.display(), self.text)
    }
}

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// So many mutations, behind the seeds themselves.
    Rounds(u32),
    /// So long.
    Time(Duration),
}

/// Runs the seeds and then mutations of them through `target`; gives how many inputs were read.
///
/// # Errors
/// When an input breaks a promise: the target panicked.
pub fn run(target: &Target, until: Until, seed: u64) -> Result<u64, Failure> {
    let seeds = (target.seeds)();
    let place = Place::new(target);
    let mut mutator = Mutator::new(&seeds, target.words, seed);
    let mut done = 0;
    for input in &seeds {
        place.read(target, input)?;
        done += 1;
    }
    let began = Instant::now();
    let is_over = |mutations: u64| match until {
        Until::Rounds(rounds) => mutations >= u64::from(rounds),
        Until::Time(time) => began.elapsed() >= time,
    };
    for mutations in 0.. {
        if is_over(mutations) {
            break;
        }
        place.read(target, &mutator.next_input())?;
        done += 1;
    }
    place.clean();
    Ok(done)
}

/// Where inputs are kept.
struct Place {
    folder: PathBuf,
    current: PathBuf,
}

impl Place {
    fn new(target: &Target) -> Self {
        let folder = std::env::temp_dir().join("watchbell-fuzz");
        let current = folder.join(format!("{}-{}.current", target.name, std::process::id()));
        // A folder that cannot be made costs the copy on disk, not the run.
        let _ = std::fs::create_dir_all(&folder);
        Place { folder, current }
    }

    fn read(&self, target: &Target, input: &[u8]) -> Result<(), Failure> {
        let _ = std::fs::write(&self.current, input);
        let outcome = std::panic::catch_unwind(|| (target.run)(input));
        outcome.map_err(|panic| self.failure(target, input, panic.as_ref()))
    }

    fn failure(&self, target: &Target, input: &[u8], panic: &(dyn std::any::Any + Send)) -> Failure {
        let path = self.folder.join(format!("{}-{:08x}.bin", target.name, crc32fast::hash(input)));
        let _ = std::fs::rename(&self.current, &path);
        Failure { text: format!("{}\n{}", said(panic), hex(input)), path }
    }

    fn clean(&self) {
        let _ = std::fs::remove_file(&self.current);
        // Goes only when nothing is kept in it.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".into())
}

fn hex(input: &[u8]) -> String {
    let mut out = format!("{} bytes: ", input.len());
    for byte in input.iter().take(SHOWN_BYTES) {
        // Writing into a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Runs one kept input.
///
/// # Errors
/// When the file cannot be read.
pub fn replay(target: &Target, path: &Path) -> std::io::Result<()> {
    let input = std::fs::read(path)?;
    (target.run)(&input);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: Target = Target {
        name: "broken",
        run: |bytes| assert!(!bytes.contains(&b'!'), "a mark"),
        seeds: || vec![b"abc".to_vec()],
        words: &["!"],
        rounds: 0,
    };

    #[test]
    fn a_failing_input_is_kept_and_shown() {
        let failure = run(&BROKEN, Until::Rounds(1_000), 1).unwrap_err();
        assert!(failure.text.contains("a mark") && failure.text.contains("21"), "{failure}");
        let kept = std::fs::read(&failure.path).unwrap();
        assert!(kept.contains(&b'!'));
        assert!(std::panic::catch_unwind(|| replay(&BROKEN, &failure.path)).is_err());
        std::fs::remove_file(&failure.path).unwrap();
    }

    #[test]
    fn rounds_are_counted() {
        let sound = Target { name: "sound", run: |_| {}, ..BROKEN };
        assert_eq!(run(&sound, Until::Rounds(10), 1).unwrap(), 11);
        assert_eq!(run(&sound, Until::Time(Duration::ZERO), 1).unwrap(), 1);
    }
}
