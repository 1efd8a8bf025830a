//! What the writer tells readers, callers and the health page.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Offset;
use super::files::Files;

/// Whether the journal takes records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It does.
    #[default]
    Ready,
    /// The disk is full; it goes on by itself.
    NoSpace,
    /// It takes nothing until the next start.
    Failed {
        /// What happened, on which file.
        reason: String,
    },
}

/// What the journal has done since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records stored.
    pub records: u64,
    /// Records that were stored before.
    pub duplicates: u64,
    /// Bytes of bodies stored, unpacked.
    pub body_bytes: u64,
    /// Bytes written to segments.
    pub written_bytes: u64,
    /// Groups: one sync each.
    pub groups: u64,
    /// Places where readers met damage.
    pub damages_met: u64,
    /// Times that the marks could not be written; a restart takes longer and segments stay until they can.
    pub marks_unwritten: u64,
    /// Segments removed because every consumer was past them.
    pub segments_released: u64,
    /// Files, streams and batches forgotten because there were too many.
    pub lanes_forgotten: u64,
    /// Holes taken for stored because a lane had too many.
    pub holes_forgotten: u64,
}

#[derive(Clone, Debug)]
pub(super) struct SegmentInfo {
    pub(super) base: u64,
    pub(super) name: Arc<str>,
    /// Readable bytes, footer excluded: everything here is durable.
    pub(super) bytes: u64,
}

type Listener = Arc<dyn Fn(Offset) + Send + Sync>;

#[derive(Default)]
pub(super) struct Published {
    pub(super) segments: VecDeque<SegmentInfo>,
    pub(super) next: u64,
    /// Where the files ended at the start; between here and the first new record offsets were left out.
    pub(super) previous_end: u64,
    pub(super) health: Health,
    pub(super) stats: Stats,
    pub(super) is_closed: bool,
    pub(super) listeners: Vec<Listener>,
}

pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) files: Arc<dyn Files>,
    published: Mutex<Published>,
    pub(super) advanced: Condvar,
}

impl Shared {
    pub(super) fn new(folder: PathBuf, files: Arc<dyn Files>) -> Self {
        Shared { folder, files, published: Mutex::default(), advanced: Condvar::new() }
    }

    pub(super) fn published(&self) -> MutexGuard<'_, Published> {
        // The lock guards plain values that are right at every step; a panic elsewhere does not spoil them.
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is published and wakes whoever waits for it.
    pub(super) fn publish(&self, change: impl FnOnce(&mut Published)) {
        let (listeners, next) = {
            let mut published = self.published();
            let before = published.next;
            change(&mut published);
            let advanced = published.next != before || published.is_closed;
            (if advanced { published.listeners.clone() } else { Vec::new() }, published.next)
        };
        self.advanced.notify_all();
        for listener in listeners {
            listener(Offset(next));
        }
    }
}
