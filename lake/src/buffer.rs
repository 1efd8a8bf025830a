//! Rows that wait for their commit.
//!
//! A commit writes one file for each agency and day that it has rows of, so it waits until there is something to write:
//! [`limits::LAKE_FLUSH_SECONDS`] at most, so that an event can be hunted within ten seconds, and a little longer while a
//! backfill spreads over many days. What waits is durable in the journal; a crash loses nothing.
//!
//! Rows are put together as they will stand in the files: by agency, day and class. Within a class they are sorted by time
//! when they are written, if they did not come in order.

use std::collections::BTreeMap;
use std::time::Duration;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::error::ArrowError;
use model::{AgencyId, Timestamp, limits};

use crate::encode::Builders;
use crate::files::{Filled, Partition};
use crate::gather::gather;
use crate::record::LakeRecord;

/// Rows that are given at a time.
const CHUNK_ROWS: usize = 8_192;
/// Bytes of rows that are copied at a time, to put them in order.
const CHUNK_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of rows in one batch; far below the 2 GiB that an offset can reach.
const BATCH_BYTES: usize = 64 * 1024 * 1024;

/// Rows in memory, and how far the consumers that brought them have come.
#[derive(Default)]
pub(crate) struct Buffer {
    /// By agency, then by day and class, which is the order of the files and of the rows in them.
    cohorts: BTreeMap<AgencyId, BTreeMap<(i32, u32), Cohort>>,
    offsets: BTreeMap<String, u64>,
    partitions: usize,
    rows: usize,
    bytes: usize,
    since: Option<Timestamp>,
}

/// Rows of one agency, day and class, in the order in which they came.
#[derive(Default)]
struct Cohort {
    done: Vec<RecordBatch>,
    open: Builders,
    open_bytes: usize,
    keys: Vec<RowKey>,
}

/// The order inside a class: by time in microseconds, then by the journal's order, so that the same input gives the same
/// files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RowKey {
    time: i64,
    offset: u64,
    /// About how many bytes the row has.
    bytes: usize,
}

impl Buffer {
    /// Adds records that `consumer` brought up to `upto`; says how many were taken. What `committed` says is committed
    /// already, or what was added before, is left out.
    pub(crate) fn add(
        &mut self,
        records: Vec<LakeRecord>,
        consumer: &str,
        committed: Option<u64>,
        upto: u64,
        now: Timestamp,
    ) -> usize {
        let known = self.offsets.get(consumer).copied().or(committed);
        if known.is_some_and(|known| upto <= known) {
            return 0;
        }
        let before = self.rows;
        for record in records {
            if known.is_none_or(|known| record.journal_offset > known) {
                self.push(record);
            }
        }
        let offset = self.offsets.entry(consumer.to_owned()).or_insert(upto);
        *offset = upto.max(*offset);
        self.since.get_or_insert(now);
        self.rows - before
    }

    fn push(&mut self, record: LakeRecord) {
        let (day, class) = (record.day(), record.event.class.uid());
        let of_agency = match self.cohorts.get_mut(&record.event.agency) {
            Some(known) => known,
            None => self.cohorts.entry(record.event.agency.clone()).or_default(),
        };
        let cohort = match of_agency.get_mut(&(day, class)) {
            Some(known) => known,
            None => {
                let is_new_day = of_agency.range((day, 0)..=(day, u32::MAX)).next().is_none();
                self.partitions += usize::from(is_new_day);
                of_agency.entry((day, class)).or_default()
            }
        };
        let bytes = bytes_of(&record);
        self.rows += 1;
        self.bytes += bytes;
        cohort.push(record, bytes);
    }

    /// Whether it is time to commit.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let Some(since) = self.since else { return false };
        let full = self.rows >= limits::LAKE_BUFFER_ROWS_MAX || self.bytes >= limits::LAKE_BUFFER_BYTES_MAX;
        let is_backfill = self.partitions >= limits::LAKE_BACKFILL_PARTITIONS;
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

    /// The rows by partition, in order. They stay here.
    pub(crate) fn parts(&mut self) -> Vec<Part<'_>> {
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(self.partitions);
        for (agency, cohorts) in &mut self.cohorts {
            for ((day, _), cohort) in cohorts {
                let is_same = |part: &&mut Part<'_>| part.partition.day == *day && part.partition.agency == *agency;
                match parts.last_mut().filter(is_same) {
                    Some(part) => part.cohorts.push(cohort),
                    None => {
                        let partition = Partition { agency: agency.clone(), day: *day };
                        parts.push(Part { partition, cohorts: vec![cohort] });
                    }
                }
            }
        }
        parts
    }
}

/// The rows of one partition.
pub(crate) struct Part<'a> {
    /// Which.
    pub(crate) partition: Partition,
    cohorts: Vec<&'a mut Cohort>,
}

impl Part<'_> {
    /// The columns that are filled in any row.
    pub(crate) fn filled(&mut self) -> Filled {
        let mut filled = Filled::default();
        for cohort in &mut self.cohorts {
            cohort.close();
            cohort.done.iter().for_each(|rows| filled.add(rows));
        }
        filled
    }

    /// Gives the rows in order, in chunks that are bounded in rows and bytes.
    pub(crate) fn for_each_chunk<E: From<ArrowError>>(
        &mut self,
        mut give: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.cohorts.iter_mut().try_for_each(|cohort| cohort.for_each_chunk(&mut give))
    }
}

/// The attributes repeat what the record says, more or less once.
fn bytes_of(record: &LakeRecord) -> usize {
    256 + record.raw.len() * 2
}

impl Cohort {
    fn push(&mut self, record: LakeRecord, bytes: usize) {
        self.keys.push(RowKey { time: record.event.time.as_micros(), offset: record.journal_offset, bytes });
        self.open.push(record);
        self.open_bytes += bytes;
        if self.open_bytes >= BATCH_BYTES {
            self.close();
        }
    }

    #[expect(clippy::expect_used, reason = "half a buffer must not be committed: a panic makes all of it unusable")]
    fn close(&mut self) {
        self.open_bytes = 0;
        if self.open.rows() > 0 {
            let rows = std::mem::take(&mut self.open).finish();
            self.done.push(rows.expect("the columns are made after the schema, a cell for each row"));
        }
    }

    fn for_each_chunk<E: From<ArrowError>>(
        &mut self,
        mut give: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.close();
        if self.keys.is_sorted() {
            for batch in &self.done {
                for from in (0..batch.num_rows()).step_by(CHUNK_ROWS) {
                    give(batch.slice(from, CHUNK_ROWS.min(batch.num_rows() - from)))?;
                }
            }
            return Ok(());
        }
        let rows = self.done.iter().enumerate().flat_map(|(at, batch)| (0..batch.num_rows()).map(move |row| (at, row)));
        let mut ordered: Vec<_> = self.keys.iter().zip(rows).collect();
        ordered.sort_unstable();
        let (mut chunk, mut bytes) = (Vec::with_capacity(CHUNK_ROWS), 0);
        for (at, (key, position)) in ordered.iter().enumerate() {
            chunk.push(*position);
            bytes += key.bytes;
            if chunk.len() == CHUNK_ROWS || bytes >= CHUNK_BYTES || at + 1 == ordered.len() {
                give(gather(&self.done, &chunk)?)?;
                chunk.clear();
                bytes = 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::AsArray;
    use deltalake::arrow::datatypes::{Int32Type, Int64Type};
    use model::ocsf::Class;
    use model::{Event, EventId, SourceId};

    use super::*;

    const DAY: i64 = 86_400_000;

    fn record(agency: &str, millis: i64, class: Class, offset: u64) -> LakeRecord {
        let agency = AgencyId::parse(agency).unwrap();
        let event = Event::new(EventId::default(), agency, Timestamp::from_millis(20_000 * DAY + millis), class, 1);
        LakeRecord {
            event,
            raw: format!("record {offset}").into_bytes(),
            source: SourceId::parse("s").unwrap(),
            received: Timestamp::from_millis(0),
            journal_offset: offset,
        }
    }

    /// Adds records, and gives their offsets as they are written, by partition and class.
    fn written(records: Vec<LakeRecord>) -> Vec<(String, i32, Vec<i64>)> {
        let mut buffer = Buffer::default();
        let upto = records.iter().map(|record| record.journal_offset).max().unwrap();
        buffer.add(records, "c", None, upto, Timestamp::EPOCH);
        let mut all = Vec::new();
        for mut part in buffer.parts() {
            let folder = part.partition.folder();
            part.for_each_chunk(|rows| {
                let class = rows.column_by_name("class_uid").unwrap().as_primitive::<Int32Type>().value(0);
                let offsets = rows.column_by_name("journal_offset").unwrap().as_primitive::<Int64Type>();
                all.push((folder.clone(), class, offsets.values().to_vec()));
                Ok::<_, ArrowError>(())
            })
            .unwrap();
        }
        all
    }

    #[test]
    fn rows_are_given_by_agency_day_class_and_time() {
        let (dns, process) = (Class::DNS, Class::PROCESS);
        let records = vec![
            record("b", 5, dns, 1),
            record("a", 9, dns, 2),
            record("a", 3, dns, 3),
            record("a", 3, process, 4),
            record("a", DAY, process, 5),
            record("a", 9, dns, 6),
        ];
        let folder = |agency: &str, day: &str| format!("agency={agency}/day={day}");
        let expected = vec![
            (folder("a", "2024-10-04"), 1007, vec![4]),
            (folder("a", "2024-10-04"), 4003, vec![3, 2, 6]),
            (folder("a", "2024-10-05"), 1007, vec![5]),
            (folder("b", "2024-10-04"), 4003, vec![1]),
        ];
        assert_eq!(written(records), expected);
    }

    #[test]
    fn chunks_are_bounded() {
        let rows = CHUNK_ROWS as u64 + 1;
        let lengths = |records: Vec<LakeRecord>| -> Vec<usize> {
            written(records).into_iter().map(|(_, _, offsets)| offsets.len()).collect()
        };
        let in_order = |offset: u64| record("a", offset as i64, Class::DNS, offset);
        assert_eq!(lengths((1..=rows).map(in_order).collect()), [CHUNK_ROWS, 1]);
        let in_disorder = |offset: u64| record("a", -(offset as i64) + DAY, Class::DNS, offset);
        assert_eq!(lengths((1..=rows).map(in_disorder).collect()), [CHUNK_ROWS, 1]);
    }

    #[test]
    fn batches_are_bounded() {
        let mut cohort = Cohort::default();
        for offset in 1..=3 {
            // Backwards, so that rows of two batches have to be put in order.
            cohort.push(record("a", 10 - offset as i64, Class::DNS, offset), BATCH_BYTES / 2);
        }
        let mut offsets = Vec::new();
        cohort
            .for_each_chunk(|rows| {
                let column = rows.column_by_name("journal_offset").unwrap();
                offsets.extend_from_slice(column.as_primitive::<Int64Type>().values());
                Ok::<_, ArrowError>(())
            })
            .unwrap();
        assert_eq!((cohort.done.len(), offsets), (2, vec![3, 2, 1]));
    }

    #[test]
    fn what_is_known_is_left_out() {
        let mut buffer = Buffer::default();
        let records = || (1..=4).map(|offset| record("a", 0, Class::DNS, offset)).collect::<Vec<_>>();
        let mut add = |committed, upto| buffer.add(records(), "c", committed, upto, Timestamp::EPOCH);
        assert_eq!(add(Some(4), 4), 0);
        assert_eq!(add(Some(2), 4), 2);
        // What waits counts more than what is committed.
        assert_eq!(add(Some(2), 4), 0);
        assert_eq!(add(Some(2), 5), 0);
        assert_eq!(buffer.rows(), 2);
        assert_eq!(buffer.offsets(), BTreeMap::from([("c".to_owned(), 5)]));
    }
}
