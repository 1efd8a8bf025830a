//! Records on their way into batches that fit the intake's limits.

use model::doors::Incoming;
use model::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};

/// Fills one batch after the other.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    batch: Vec<Incoming>,
    bytes: usize,
}

impl Gather {
    /// Adds a record; gives back the batch before it when both do not fit together.
    pub(crate) fn push(&mut self, record: Incoming) -> Option<Vec<Incoming>> {
        let full = (!self.has_room(record.body.len())).then(|| self.take());
        self.bytes += record.body.len();
        self.batch.push(record);
        full
    }

    /// Whether a record of so many bytes still fits.
    pub(crate) fn has_room(&self, record_bytes: usize) -> bool {
        self.batch.is_empty()
            || (self.batch.len() < BATCH_RECORDS_MAX && self.bytes.saturating_add(record_bytes) <= BATCH_BYTES_MAX)
    }

    /// What has been gathered, leaving nothing.
    pub(crate) fn take(&mut self) -> Vec<Incoming> {
        self.bytes = 0;
        std::mem::take(&mut self.batch)
    }

    /// Whether nothing is gathered.
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{SourceId, Timestamp};

    fn record(bytes: usize) -> Incoming {
        let source = SourceId::parse("s").expect("a label");
        Incoming { source, cursor: None, received: Timestamp::EPOCH, format: None, body: vec![b'x'; bytes] }
    }

    #[test]
    fn a_batch_ends_at_the_record_limit() {
        let mut gather = Gather::default();
        for _ in 0..BATCH_RECORDS_MAX {
            assert!(gather.push(record(1)).is_none());
        }
        assert_eq!(gather.push(record(1)).map(|batch| batch.len()), Some(BATCH_RECORDS_MAX));
        assert_eq!(gather.take().len(), 1);
        assert!(gather.is_empty());
    }

    #[test]
    fn a_batch_ends_at_the_byte_limit() {
        let mut gather = Gather::default();
        let quarter = BATCH_BYTES_MAX / 4;
        for _ in 0..4 {
            assert!(gather.push(record(quarter)).is_none());
        }
        assert_eq!(gather.push(record(1)).map(|batch| batch.len()), Some(4));
        assert_eq!(gather.take().len(), 1);
    }
}
