//! Where files were left.

use std::collections::{HashMap, VecDeque};

use model::SourceId;
use model::doors::BoxFuture;
use model::limits::TAIL_FILES_MAX;
use serde::{Deserialize, Serialize};

/// How far a file has been read and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Every record that starts before this offset is durable.
    pub offset: u64,
    /// Check over the bytes in front of the offset: another file with the same first line has others there.
    pub check: u64,
}

/// Positions cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("positions of tailed files: {reason}")]
pub struct PositionError {
    /// What happened.
    pub reason: String,
}

/// Keeps positions over restarts. A position may be lost or stale without harm: the file is then read again from there,
/// and what is kept already is dropped by the intake.
pub trait Positions: Send + Sync {
    /// The last position that was kept of a file.
    fn load<'a>(
        &'a self,
        source: &'a SourceId,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Position>, PositionError>>;

    /// Keeps a position. Called after each durable batch of a file; it need not be durable itself.
    fn store<'a>(
        &'a self,
        source: &'a SourceId,
        fingerprint: u64,
        position: Position,
    ) -> BoxFuture<'a, Result<(), PositionError>>;
}

/// Keeps nothing: every start reads every file from its beginning, and the intake drops what it has.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPositions;

impl Positions for NoPositions {
    fn load<'a>(&'a self, _: &'a SourceId, _: u64) -> BoxFuture<'a, Result<Option<Position>, PositionError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn store<'a>(&'a self, _: &'a SourceId, _: u64, _: Position) -> BoxFuture<'a, Result<(), PositionError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Files whose positions are remembered while Watchbell runs: those followed now, and those before them.
const REMEMBERED_MAX: usize = 8 * TAIL_FILES_MAX;

/// Positions of this run, the latest [`REMEMBERED_MAX`] files.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    positions: HashMap<u64, Position>,
    in_order: VecDeque<u64>,
    /// Whether files that were there at the first start have been seen.
    pub(super) has_started: bool,
}

impl Remembered {
    pub(super) fn get(&self, fingerprint: u64) -> Option<Position> {
        self.positions.get(&fingerprint).copied()
    }

    pub(super) fn put(&mut self, fingerprint: u64, position: Position) {
        if self.positions.insert(fingerprint, position).is_some() {
            return;
        }
        self.in_order.push_back(fingerprint);
        if self.in_order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.positions.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut remembered = Remembered::default();
        for fingerprint in 0..=REMEMBERED_MAX as u64 {
            remembered.put(fingerprint, Position { offset: fingerprint, check: 0 });
        }
        assert_eq!(remembered.get(0), None);
        assert_eq!(remembered.get(1).map(|position| position.offset), Some(1));
        assert_eq!(remembered.positions.len(), REMEMBERED_MAX);
    }
}
