//! Rows that wait for their commit.
//!
//! A commit writes one file for each agency and day that it has rows of, so it waits until there is something to write:
//! [`limits::LAKE_FLUSH_SECONDS`] at most, so that an event can be hunted within ten seconds, and a little longer while a
//! backfill spreads over many days. What waits is durable in the journal; a crash loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::compute::interleave_record_batch;
use deltalake::arrow::error::ArrowError;
use model::{Timestamp, limits};

use crate::encode::{Encoded, RowKey};
use crate::files::Partition;

/// Bytes of rows that are put in order at a time.
const CHUNK_BYTES: usize = 32 * 1024 * 1024;
/// Rows that are put in order at a time.
const CHUNK_ROWS: usize = 8_192;

/// Rows in memory, and how far the consumers that brought them have come.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    batches: Vec<Encoded>,
    offsets: BTreeMap<String, u64>,
    partitions: BTreeSet<Partition>,
    rows: usize,
    bytes: usize,
    since: Option<Timestamp>,
}

impl Buffer {
    /// Adds rows that `consumer` brought up to `upto`.
    pub(crate) fn add(&mut self, batches: Vec<Encoded>, consumer: &str, upto: u64, now: Timestamp) {
        for batch in batches {
            self.rows += batch.keys.len();
            self.bytes += batch.bytes;
            // Rows mostly come in runs of one partition; only the first of a run is worth an allocation.
            for run in batch.keys.chunk_by(|a, b| a.day == b.day && a.agency == b.agency) {
                self.partitions.insert(partition_of(&run[0]));
            }
            self.batches.push(batch);
        }
        let offset = self.offsets.entry(consumer.to_owned()).or_insert(upto);
        *offset = upto.max(*offset);
        self.since.get_or_insert(now);
    }

    /// How far `consumer` has come with what is in here.
    pub(crate) fn offset(&self, consumer: &str) -> Option<u64> {
        self.offsets.get(consumer).copied()
    }

    /// Whether it is time to commit.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let Some(since) = self.since else { return false };
        let full = self.rows >= limits::LAKE_BUFFER_ROWS_MAX || self.bytes >= limits::LAKE_BUFFER_BYTES_MAX;
        let is_backfill = self.partitions.len() >= limits::LAKE_BACKFILL_PARTITIONS;
        let seconds = if is_backfill { limits::LAKE_BACKFILL_FLUSH_SECONDS } else { limits::LAKE_FLUSH_SECONDS };
        full || since.plus(Duration::from_secs(seconds)) <= now
    }

    /// Whether nothing waits: no row, and no offset either.
    pub(crate) fn is_empty(&self) -> bool {
        self.since.is_none()
    }

    /// Rows that wait.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The offsets that go with the rows.
    pub(crate) fn offsets(&self) -> BTreeMap<String, u64> {
        self.offsets.clone()
    }

    /// The rows in order, as `(partition, positions)`; `positions` are pairs of batch and row.
    pub(crate) fn sorted(&self) -> Vec<(Partition, Vec<(usize, usize)>)> {
        let mut positions: Vec<_> = self.positions().collect();
        positions.sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)));
        let same = |a: &(usize, usize), b: &(usize, usize)| {
            let (a, b) = (self.key(*a), self.key(*b));
            a.day == b.day && a.agency == b.agency
        };
        positions.chunk_by(same).map(|chunk| (partition_of(self.key(chunk[0])), chunk.to_vec())).collect()
    }

    fn positions(&self) -> impl Iterator<Item = (usize, usize)> {
        self.batches.iter().enumerate().flat_map(|(at, batch)| (0..batch.keys.len()).map(move |row| (at, row)))
    }

    fn key(&self, (batch, row): (usize, usize)) -> &RowKey {
        &self.batches[batch].keys[row]
    }

    /// Gives the rows at `positions` in chunks that are bounded in rows and bytes.
    pub(crate) fn for_each_chunk<E: From<ArrowError>>(
        &self,
        positions: &[(usize, usize)],
        mut give: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let batches: Vec<&RecordBatch> = self.batches.iter().map(|batch| &batch.rows).collect();
        let (mut from, mut bytes) = (0, 0);
        for (at, position) in positions.iter().enumerate() {
            bytes += self.key(*position).bytes;
            let is_full = at + 1 - from >= CHUNK_ROWS || bytes >= CHUNK_BYTES;
            if is_full || at + 1 == positions.len() {
                give(interleave_record_batch(&batches, &positions[from..=at])?)?;
                (from, bytes) = (at + 1, 0);
            }
        }
        Ok(())
    }
}

fn partition_of(key: &RowKey) -> Partition {
    Partition { agency: key.agency.clone(), day: key.day }
}
