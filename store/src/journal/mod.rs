//! The event journal: every record is here, durable, before its source is told so (invariant 8).
//!
//! A folder of segments. A segment is a header, blocks, and, once it is full, a footer. A block carries the records of
//! one write, up to about [`limits::JOURNAL_BLOCK_BYTES`] of them: a checksummed header, a small index that is never
//! compressed (who, where from, when, how long) and the bodies, compressed with zstd. Blocks and not records are
//! compressed, because logs repeat themselves across records and not inside them; the index stays readable so that a
//! restart learns what is stored without unpacking a single body.
//!
//! - **Order.** Offsets number the records and are the only order. They only grow; where damage was cut away some are
//!   left out, so that a number never means two records.
//! - **Durable, then acknowledged.** Batches that wait together share one write and one `fdatasync` (group commit). Readers
//!   never see what is not synced yet. A sync that fails is never tried again on that file: Linux drops the dirty pages and
//!   reports the next one as good. The journal turns to [`Health::Failed`] and says why; the next start reads back what
//!   the disk has, writes it anew and syncs that.
//! - **Stored once.** What a source can name again (file, stream, batch) is stored once, see `marks`.
//! - **Damage** is cut out or skipped, copied to `quarantine/`, reported, and never stops a start.
//! - **Disk full** refuses the batch, gives the reserved space to the rest of the system, and goes on by itself.
//!
//! Absent on purpose: SQL, Arrow, async, clocks and randomness. `engine` wraps the handle for its async tasks
//! ([`JournalHandle::submit`] takes a callback).
//!
//! [`limits::JOURNAL_BLOCK_BYTES`]: model::limits::JOURNAL_BLOCK_BYTES

mod block;
mod codec;
mod core;
pub mod files;
mod fsck;
mod handle;
mod marks;
mod quarantine;
mod reader;
mod recover;
mod segment;
mod shared;
mod stored;

use std::fmt;

use model::{AgencyId, limits};

pub use self::core::Journal;
pub use fsck::{FileReport, FsckReport, fsck, fsck_on, repair, repair_on};
pub use handle::{JournalHandle, JournalThread};
pub use reader::{Gap, GapReason, Piece, ReadError, Reader};
pub use recover::{Damage, OpenError, Recovery};
pub use shared::{Health, Stats};
pub use stored::{Block, Stored};

/// The number of a record in the journal. Offsets grow and have gaps; they are the only order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Records that arrive together, of one agency. They are taken whole or not at all.
///
/// Records of one file stand in the order of the file and leave none out: everything between the first and the last of
/// them counts as stored afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Whose records these are.
    pub agency: AgencyId,
    /// The records; a cursor of `None` (or [`model::Cursor::Journal`]) means that the journal's own offset names it.
    pub records: Vec<model::doors::Incoming>,
}

impl Batch {
    /// Whether it keeps to the limits.
    fn check_limits(&self) -> Result<(), AppendError> {
        let check = |what, size, limit| {
            if size > limit { Err(AppendError::TooLarge { what, size, limit }) } else { Ok(()) }
        };
        check("a number of records", self.records.len(), limits::BATCH_RECORDS_MAX)?;
        let bytes = self.records.iter().map(|record| record.body.len()).sum();
        check("a size in bytes", bytes, limits::BATCH_BYTES_MAX)?;
        for record in &self.records {
            if let Some(model::Cursor::Stream { stream: name, .. } | model::Cursor::Batch { id: name, .. }) =
                &record.cursor
            {
                check("a cursor name in bytes", name.len(), limits::CURSOR_NAME_BYTES_MAX)?;
            }
        }
        Ok(())
    }
}

/// What became of a batch. By the time one exists, everything in it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Offset of the first record that was stored, or the journal's end when all were known.
    pub first: Offset,
    /// Records stored, at consecutive offsets from `first`.
    pub stored: usize,
    /// Records that were stored before, by an earlier batch or earlier in this one.
    pub duplicates: usize,
}

/// Why a batch was not taken. Nothing of it counts as stored; its source must keep it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The queue in front of the journal is full.
    #[error("the journal's queue is full")]
    Busy,
    /// The disk is full; the journal goes on by itself when there is room.
    #[error("no space left for the journal")]
    NoSpace,
    /// The journal takes nothing until the next start.
    #[error("the journal has failed: {reason}")]
    Failed {
        /// What happened, on which file.
        reason: String,
    },
    /// The batch breaks a limit.
    #[error("the batch has {what} of {size}, at most {limit} are taken")]
    TooLarge {
        /// Which limit.
        what: &'static str,
        /// What was brought.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// How a journal is run. The defaults are [`model::limits`]; tests make things small.
#[derive(Clone, Debug)]
pub struct Options {
    /// Size at which a segment is closed.
    pub segment_bytes: u64,
    /// Bytes of bodies at which a block is closed.
    pub block_bytes: usize,
    /// Space kept for the rest of the system; 0 keeps none.
    pub reserve_bytes: u64,
    /// Free bytes beyond the reserve at which a journal without space goes on.
    pub resume_bytes: u64,
    /// zstd's level; 0 stores bodies as they are.
    pub compression: i32,
    /// The greatest offset that any consumer has committed: new records come at or after it, even when damage has taken
    /// the end of the journal.
    pub floor: Offset,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            segment_bytes: limits::JOURNAL_SEGMENT_BYTES,
            block_bytes: limits::JOURNAL_BLOCK_BYTES,
            reserve_bytes: limits::JOURNAL_RESERVE_BYTES,
            resume_bytes: limits::JOURNAL_RESUME_BYTES,
            compression: 1,
            floor: Offset(0),
        }
    }
}
