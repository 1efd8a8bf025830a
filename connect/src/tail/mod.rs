//! Tailed files and folders: every line that is appended becomes a record.
//!
//! A file is known by its content, not by its name: its fingerprint ([`fingerprint`]) and the offset of a line name the
//! record, so that reading again stores once. Rotation by rename is followed through the open file; a copy
//! (copytruncate) and a packed copy are recognised by their fingerprint and read on from where their original was left.
//! Files are looked at every [`TailConfig::poll_interval_ms`]; nothing depends on notifications, which network file
//! systems do not give.
//!
//! Two files that begin with the same line and go on differently cannot be told apart by their fingerprint. The second
//! is read all the same, without names for its records: a restart then doubles them rather than lose any, and a note
//! says so.
//!
//! Deliberately absent: records of more than one line, and other encodings than those that end a line with the byte LF.

mod discover;
mod follow;
mod identity;
mod packed;
mod plain;
mod positions;
mod splitter;

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use model::Format;
use model::doors::BoxFuture;
use model::limits::{TAIL_GONE_SECONDS, TAIL_POLL_MS};
use serde::Deserialize;

pub use identity::fingerprint;
pub use positions::{NoPositions, Position, PositionError, Positions};
pub use splitter::{Line, Splitter};

use crate::link::{Link, SourceError};
use crate::runner::Source;
use follow::Fleet;
use positions::Remembered;

/// Files to follow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TailConfig {
    /// Files, folders (the files directly in them) and glob patterns, absolute or relative to where Watchbell runs.
    pub paths: Vec<String>,
    /// Glob patterns of files to leave out, held against the whole path.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// What the lines are; recognised when absent.
    #[serde(default)]
    pub format: Option<Format>,
    /// Where to begin in files that are there at the first start.
    #[serde(default)]
    pub start: Start,
    /// Time between two looks.
    #[serde(default = "poll_interval_ms")]
    pub poll_interval_ms: u64,
    /// Time that a file which is gone from its path is still followed after it last grew, at most
    /// [`TAIL_GONE_SECONDS`].
    #[serde(default = "gone_seconds")]
    pub gone_seconds: u64,
}

/// Where to begin in a file of which nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// At its first line.
    #[default]
    Beginning,
    /// Behind what is there when the source first starts; files that appear later are read whole.
    End,
}

fn poll_interval_ms() -> u64 {
    TAIL_POLL_MS
}

fn gone_seconds() -> u64 {
    TAIL_GONE_SECONDS
}

/// The source.
pub struct Tail {
    config: TailConfig,
    positions: std::sync::Arc<dyn Positions>,
    /// What was read, by fingerprint; outlives a restart of the source inside one run of Watchbell.
    remembered: Mutex<Remembered>,
}

impl Tail {
    /// A source from its configuration and the door to where files were left.
    pub fn new(config: TailConfig, positions: std::sync::Arc<dyn Positions>) -> Self {
        Tail { config, positions, remembered: Mutex::default() }
    }

    fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.config.poll_interval_ms.max(1))
    }
}

impl Source for Tail {
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            match self.follow_all(link).await {
                // What could not be handed in any more is read again at the next start.
                Err(_) if link.shutdown.is_cancelled() => Ok(()),
                outcome => outcome,
            }
        })
    }
}

impl Tail {
    async fn follow_all(&self, link: &Link) -> Result<(), SourceError> {
        let mut fleet = Fleet::new(self, link);
        let mut is_first_look = true;
        loop {
            let looked = tokio::time::Instant::now();
            fleet.discover().await?;
            if std::mem::take(&mut is_first_look) {
                link.health.set_state(crate::health::SourceState::Running);
            }
            // A backlog is read turn by turn, but new files are looked for all the same.
            let mut has_more = true;
            while has_more && looked.elapsed() < self.poll_interval() {
                has_more = fleet.one_round().await?;
            }
            if link.shutdown.is_cancelled() {
                return Ok(());
            }
            if has_more {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(looked + self.poll_interval()) => {}
                () = link.shutdown.cancelled() => return Ok(()),
            }
        }
    }
}

/// Runs work that touches files off the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SourceError::Io { what: "read files", cause: std::io::Error::other(error) })
}

/// How a path's files are packed, by its ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    fn of(path: &std::path::Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Packing::Gzip,
            Some("zst" | "zstd") => Packing::Zstd,
            _ => Packing::None,
        }
    }
}

/// A file on disk, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FileKey {
    device: u64,
    inode: u64,
}

impl FileKey {
    fn of(meta: &std::fs::Metadata) -> Self {
        FileKey { device: meta.dev(), inode: meta.ino() }
    }
}

/// Opens a file that was found, if it is still the one at its path: rotation may have put another one there.
fn open(path: &std::path::Path, key: FileKey) -> std::io::Result<std::fs::File> {
    let file = std::fs::File::open(path)?;
    if FileKey::of(&file.metadata()?) == key { Ok(file) } else { Err(std::io::ErrorKind::NotFound.into()) }
}

/// A file that was found.
#[derive(Clone, Debug)]
struct Found {
    path: PathBuf,
    key: FileKey,
}
