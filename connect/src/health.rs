//! How a source is doing: counters that anyone may read at any time, for `doctor` and `/metrics`.
//!
//! Counters only grow and are read one by one, so that a snapshot may be off by what happened while it was taken.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::limits::SOURCE_NOTES_KEPT_MAX;
use model::{Note, NoteReason, SourceId, Timestamp};
use serde::Serialize;
use tokio::sync::watch;

/// What a source is doing right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Not running yet, or on its way up.
    Starting,
    /// Receiving.
    Running,
    /// Ingest is busy or the disk full: the source holds its senders back.
    HeldBack,
    /// Failed; it starts again after a wait.
    Waiting,
    /// Stopped for good.
    Stopped,
}

/// What a source counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Records that arrived whole.
    Received,
    /// Bytes of those records.
    Bytes,
    /// Records that are durable.
    Durable,
    /// Batches that are durable.
    Batches,
    /// Inputs that were not taken: broken, over a limit, or from somebody who may not.
    Refused,
    /// Records that were cut at a limit and taken.
    Truncated,
    /// Records that we threw away because ingest was busy and the protocol cannot wait.
    Dropped,
    /// Times that ingest was busy or the disk full.
    HeldBack,
    /// Connections that were made or accepted.
    Connections,
    /// Times that the source failed and was started again.
    Restarts,
}

const COUNTS: usize = Count::Restarts as usize + 1;

/// The counters of one source.
#[derive(Debug)]
pub struct Health {
    source: SourceId,
    counts: [AtomicU64; COUNTS],
    /// `u64::MAX` while it is not known.
    kernel_dropped: AtomicU64,
    last_record_us: AtomicI64,
    state: watch::Sender<SourceState>,
    listening: watch::Sender<Option<SocketAddr>>,
    last_error: Mutex<Option<(Timestamp, String)>>,
    notes: Mutex<VecDeque<Note>>,
}

/// The counters of one source at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthSnapshot {
    /// The source.
    pub source: SourceId,
    /// What it is doing.
    pub state: SourceState,
    /// Where it listens, if it does.
    pub listening: Option<SocketAddr>,
    /// See [`Count::Received`].
    pub received: u64,
    /// See [`Count::Bytes`].
    pub bytes: u64,
    /// See [`Count::Durable`].
    pub durable: u64,
    /// See [`Count::Batches`].
    pub batches: u64,
    /// See [`Count::Refused`].
    pub refused: u64,
    /// See [`Count::Truncated`].
    pub truncated: u64,
    /// See [`Count::Dropped`].
    pub dropped: u64,
    /// Datagrams that the kernel dropped before we read them; `None` when that is not known.
    pub kernel_dropped: Option<u64>,
    /// See [`Count::HeldBack`].
    pub held_back: u64,
    /// See [`Count::Connections`].
    pub connections: u64,
    /// See [`Count::Restarts`].
    pub restarts: u64,
    /// When the last record arrived.
    pub last_record: Option<Timestamp>,
    /// When the last failure was, and what.
    pub last_error: Option<(Timestamp, String)>,
}

impl Health {
    /// Fresh counters.
    pub fn new(source: SourceId) -> Self {
        Health {
            source,
            counts: Default::default(),
            kernel_dropped: AtomicU64::new(u64::MAX),
            last_record_us: AtomicI64::new(i64::MIN),
            state: watch::channel(SourceState::Starting).0,
            listening: watch::channel(None).0,
            last_error: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Adds `by` to a counter.
    pub fn add(&self, what: Count, by: u64) {
        self.counts[what as usize].fetch_add(by, Ordering::Relaxed);
    }

    /// The value of a counter.
    pub fn get(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// Counts one record that arrived whole.
    pub fn received(&self, at: Timestamp, record_bytes: usize) {
        self.received_many(at, 1, record_bytes);
    }

    /// Counts records that arrived whole, and their bytes together.
    pub fn received_many(&self, at: Timestamp, records: usize, bytes: usize) {
        self.add(Count::Received, records as u64);
        self.add(Count::Bytes, bytes as u64);
        self.last_record_us.store(at.as_micros(), Ordering::Relaxed);
    }

    /// Keeps a note about an input that is not counted elsewhere; of many only the last
    /// [`SOURCE_NOTES_KEPT_MAX`] are kept.
    pub fn note(&self, reason: NoteReason, detail: String) {
        let mut notes = locked(&self.notes);
        if notes.len() == SOURCE_NOTES_KEPT_MAX {
            notes.pop_front();
        }
        let source = self.source.as_str().to_owned();
        notes.push_back(Note { source, cursor: None, line: None, reason, detail });
    }

    /// The last notes, oldest first.
    pub fn notes(&self) -> Vec<Note> {
        locked(&self.notes).iter().cloned().collect()
    }

    /// Remembers a failure.
    pub fn failed(&self, at: Timestamp, error: String) {
        *locked(&self.last_error) = Some((at, error));
    }

    /// Says what the source is doing.
    pub fn set_state(&self, state: SourceState) {
        self.state.send_if_modified(|now| std::mem::replace(now, state) != state);
    }

    /// Says where the source listens; `None` when it no longer does.
    pub fn set_listening(&self, address: Option<SocketAddr>) {
        self.listening.send_replace(address);
    }

    /// Says how many datagrams the kernel dropped; `None` leaves what was known.
    pub fn set_kernel_dropped(&self, dropped: Option<u64>) {
        if let Some(dropped) = dropped {
            self.kernel_dropped.store(dropped, Ordering::Relaxed);
        }
    }

    /// The address that the source listens at, once it does: port 0 in the configuration means any free one.
    pub async fn listening(&self) -> Option<SocketAddr> {
        let mut listening = self.listening.subscribe();
        let address = listening.wait_for(Option::is_some).await.ok()?;
        *address
    }

    /// Waits until the source is in this state.
    pub async fn reached(&self, state: SourceState) {
        let mut states = self.state.subscribe();
        // The sender lives as long as `self`, so that this cannot fail.
        let _ = states.wait_for(|now| *now == state).await;
    }

    /// All counters.
    pub fn snapshot(&self) -> HealthSnapshot {
        let last_record_us = self.last_record_us.load(Ordering::Relaxed);
        let kernel_dropped = self.kernel_dropped.load(Ordering::Relaxed);
        HealthSnapshot {
            source: self.source.clone(),
            state: *self.state.borrow(),
            listening: *self.listening.borrow(),
            received: self.get(Count::Received),
            bytes: self.get(Count::Bytes),
            durable: self.get(Count::Durable),
            batches: self.get(Count::Batches),
            refused: self.get(Count::Refused),
            truncated: self.get(Count::Truncated),
            dropped: self.get(Count::Dropped),
            kernel_dropped: (kernel_dropped != u64::MAX).then_some(kernel_dropped),
            held_back: self.get(Count::HeldBack),
            connections: self.get(Count::Connections),
            restarts: self.get(Count::Restarts),
            last_record: (last_record_us != i64::MIN).then(|| Timestamp::from_micros(last_record_us)),
            last_error: locked(&self.last_error).clone(),
        }
    }
}

/// A lock whose holder panicked still guards whole values here: each is replaced in one go.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_and_the_last_ones_stay() -> Result<(), model::id::IdError> {
        let health = Health::new(SourceId::parse("s")?);
        for number in 0..SOURCE_NOTES_KEPT_MAX + 3 {
            health.note(NoteReason::TooLarge, number.to_string());
        }
        let notes = health.notes();
        assert_eq!(notes.len(), SOURCE_NOTES_KEPT_MAX);
        assert_eq!(notes.last().map(|note| note.detail.as_str()), Some("66"));
        Ok(())
    }

    #[test]
    fn unknown_is_not_zero() -> Result<(), model::id::IdError> {
        let health = Health::new(SourceId::parse("s")?);
        let before = health.snapshot();
        assert_eq!((before.kernel_dropped, before.last_record), (None, None));
        health.set_kernel_dropped(Some(0));
        health.received(Timestamp::EPOCH, 5);
        let after = health.snapshot();
        assert_eq!((after.kernel_dropped, after.last_record, after.bytes), (Some(0), Some(Timestamp::EPOCH), 5));
        Ok(())
    }
}
