//! Hostile input for every reader of outside bytes.
//!
//! A target is a plain function over bytes that checks what its reader promises: it does not panic, the same input gives
//! the same output, limits hold, an event is in the schema, no body is lost. [`TARGETS`] names them all. The short form
//! (`tests/short.rs`) drives each with [`driver`], which repeats itself exactly; the long form (`cargo xtask fuzz`) drives
//! the same functions with libFuzzer, which sees where the code goes. See `docs/decisions/0005-fuzzing.md`.
//!
//! Deliberately absent: the lake and its check of hunts, because DataFusion would make this crate as slow to build as that
//! one; files in folders, sockets and SQL, which are no bytes; what operators write about their own sources.

pub mod driver;
pub mod mutate;
pub mod seeds;
pub mod targets;

mod event;

pub use targets::TARGETS;

/// One reader under fire.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line and in files.
    pub name: &'static str,
    /// Reads hostile bytes; panics when the reader breaks a promise.
    pub run: fn(&[u8]),
    /// Good input to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that the reader knows, beyond those that every target gets.
    pub words: &'static [&'static str],
    /// Rounds of the short form: one to two seconds in the dev profile.
    pub rounds: u32,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Longest input of a target: long enough for every structure, short enough for many rounds.
pub const INPUT_BYTES_MAX: usize = 64 * 1024;

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
