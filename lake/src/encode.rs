//! Records into Arrow columns.
//!
//! Rows stay in the order in which they came; their [`RowKey`]s say where each belongs. Sorting and parting by agency and
//! day happens once, when the buffer is written.

use std::sync::Arc;

use deltalake::arrow::array::{
    ArrayRef, BinaryBuilder, Int32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use deltalake::arrow::error::ArrowError;
use model::{AgencyId, Event};

use crate::ocsf_columns::AttributeColumns;
use crate::record::LakeRecord;
use crate::schema::{STATISTICS_COLUMNS, file_schema};

/// Rows of one encoded batch.
const BATCH_ROWS: usize = 8_192;
/// Bytes of records in one encoded batch; far below the 2 GiB that an offset can reach.
const BATCH_BYTES: usize = 64 * 1024 * 1024;

/// Where a row belongs: first by partition, then by the order inside a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    /// Whose it is.
    pub(crate) agency: AgencyId,
    /// The day's partition.
    pub(crate) day: i32,
    /// Clustered by class …
    pub(crate) class_uid: u32,
    /// … then by time, in microseconds …
    pub(crate) time: i64,
    /// … then by the journal's order, so that the same input gives the same files.
    pub(crate) offset: u64,
    /// About how many bytes the row has.
    pub(crate) bytes: usize,
}

/// Some rows as columns.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    /// The columns of [`file_schema`].
    pub(crate) rows: RecordBatch,
    /// One for each row.
    pub(crate) keys: Vec<RowKey>,
    /// Bytes of the columns in memory.
    pub(crate) bytes: usize,
}

#[derive(Default)]
struct Builders {
    id: StringBuilder,
    time: TimestampMicrosecondBuilder,
    received: TimestampMicrosecondBuilder,
    class_uid: Int32Builder,
    category_uid: Int32Builder,
    activity_id: Int32Builder,
    type_uid: Int64Builder,
    severity_id: Int32Builder,
    attributes: AttributeColumns,
    ocsf: StringBuilder,
    raw: StringBuilder,
    raw_bytes: BinaryBuilder,
    source: StringBuilder,
    journal_offset: Int64Builder,
}

/// Encodes records, in batches that are bounded in rows and bytes.
pub(crate) fn encode(records: Vec<LakeRecord>) -> Result<Vec<Encoded>, ArrowError> {
    let mut encoded = Vec::with_capacity(records.len() / BATCH_ROWS + 1);
    let mut builders = Builders::default();
    let mut keys = Vec::new();
    let mut bytes = 0;
    for record in records {
        let key = key_of(&record);
        bytes += key.bytes;
        keys.push(key);
        builders.push(record);
        if keys.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            encoded.push(builders.finish(std::mem::take(&mut keys))?);
            bytes = 0;
        }
    }
    if !keys.is_empty() {
        encoded.push(builders.finish(keys)?);
    }
    Ok(encoded)
}

fn key_of(record: &LakeRecord) -> RowKey {
    RowKey {
        agency: record.event.agency.clone(),
        day: record.day(),
        class_uid: record.event.class.uid(),
        time: record.event.time.as_micros(),
        offset: record.journal_offset,
        // The attributes repeat what the record says, more or less once.
        bytes: 256 + record.raw.len() * 2,
    }
}

impl Builders {
    fn push(&mut self, record: LakeRecord) {
        let LakeRecord { event, raw, source, received, journal_offset } = record;
        let Event { id, time, class, activity_id, severity_id, attributes, .. } = event;
        self.id.append_value(id.to_string());
        self.time.append_value(time.as_micros());
        self.received.append_value(received.as_micros());
        self.class_uid.append_value(signed(class.uid()));
        self.category_uid.append_value(signed(class.category_uid()));
        self.activity_id.append_value(signed(activity_id));
        self.type_uid.append_value(i64::try_from(class.type_uid(activity_id)).unwrap_or(i64::MAX));
        self.severity_id.append_value(signed(severity_id));
        let mut attributes = Some(attributes);
        self.attributes.take_from(&mut attributes);
        match attributes.and_then(|rest| serde_json::to_string(&rest).ok()) {
            Some(rest) => self.ocsf.append_value(rest),
            None => self.ocsf.append_null(),
        }
        match std::str::from_utf8(&raw) {
            Ok(text) => {
                self.raw.append_value(text);
                self.raw_bytes.append_null();
            }
            Err(_) => {
                self.raw.append_value(String::from_utf8_lossy(&raw));
                self.raw_bytes.append_value(&raw);
            }
        }
        self.source.append_value(source.as_str());
        self.journal_offset.append_value(i64::try_from(journal_offset).unwrap_or(i64::MAX));
    }

    fn finish(&mut self, keys: Vec<RowKey>) -> Result<Encoded, ArrowError> {
        let utc =
            |builder: &mut TimestampMicrosecondBuilder| -> ArrayRef { Arc::new(builder.finish().with_timezone("UTC")) };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            utc(&mut self.time),
            utc(&mut self.received),
            Arc::new(self.class_uid.finish()),
            Arc::new(self.category_uid.finish()),
            Arc::new(self.activity_id.finish()),
            Arc::new(self.type_uid.finish()),
            Arc::new(self.severity_id.finish()),
        ];
        columns.extend(self.attributes.finish_columns());
        let rest: [ArrayRef; 5] = [
            Arc::new(self.ocsf.finish()),
            Arc::new(self.raw.finish()),
            Arc::new(self.raw_bytes.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.journal_offset.finish()),
        ];
        columns.extend(rest);
        let rows = RecordBatch::try_new(file_schema(), columns)?;
        debug_assert!(STATISTICS_COLUMNS.iter().all(|name| rows.column_by_name(name).is_some()));
        Ok(Encoded { bytes: rows.get_array_memory_size(), rows, keys })
    }
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::{Array, AsArray};
    use model::ocsf::{Actor, Attributes, Class, Device, Endpoint, Process, User};
    use model::{EventId, SourceId, Timestamp};

    use super::*;

    fn record(attributes: Attributes, raw: &[u8]) -> LakeRecord {
        let mut event =
            Event::new(EventId::default(), AgencyId::home(), Timestamp::from_millis(1_000), Class::PROCESS, 1);
        event.attributes = attributes;
        LakeRecord {
            event,
            raw: raw.to_vec(),
            source: SourceId::parse("s").unwrap(),
            received: Timestamp::from_millis(1_700_000_000_000),
            journal_offset: 7,
        }
    }

    fn one(attributes: Attributes, raw: &[u8]) -> RecordBatch {
        encode(vec![record(attributes, raw)]).unwrap().remove(0).rows
    }

    #[test]
    fn what_has_a_column_is_not_in_the_rest() {
        let user = User { name: Some("anna".into()), credential_uid: Some("c1".into()), ..User::default() };
        let rows = one(
            Attributes {
                src_endpoint: Some(Box::new(Endpoint {
                    ip: Some("10.0.0.1".into()),
                    port: Some(443),
                    ..Endpoint::default()
                })),
                user: Some(user.into()),
                ..Attributes::default()
            },
            b"raw",
        );
        let endpoint = rows.column_by_name("src_endpoint").unwrap().as_struct();
        assert_eq!(endpoint.column_by_name("ip").unwrap().as_string::<i32>().value(0), "10.0.0.1");
        assert_eq!(
            rows.column_by_name("ocsf").unwrap().as_string::<i32>().value(0),
            r#"{"user":{"credential_uid":"c1"}}"#
        );
    }

    #[test]
    fn absent_and_empty_stay_distinct() {
        let rows = one(Attributes { device: Some(Box::new(Device::default())), ..Attributes::default() }, b"");
        assert!(rows.column_by_name("device").unwrap().is_valid(0));
        assert!(rows.column_by_name("user").unwrap().is_null(0));
        assert!(rows.column_by_name("ocsf").unwrap().is_null(0));
        let rows = one(Attributes { message: Some(String::new()), ..Attributes::default() }, b"");
        assert!(rows.column_by_name("message").unwrap().is_valid(0));
    }

    #[test]
    fn a_grandparent_stays_in_the_rest() {
        let grandparent = Process { name: Some("init".into()), ..Process::default() };
        let parent =
            Process { name: Some("sh".into()), parent_process: Some(Box::new(grandparent)), ..Process::default() };
        let actor = Actor { process: Some(parent.into()), ..Actor::default() };
        let rows = one(Attributes { actor: Some(actor.into()), ..Attributes::default() }, b"");
        let rest = rows.column_by_name("ocsf").unwrap().as_string::<i32>().value(0);
        assert_eq!(rest, r#"{"actor":{"process":{"parent_process":{"name":"init"}}}}"#);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let rows = one(Attributes::default(), b"a\xffb");
        assert_eq!(rows.column_by_name("raw").unwrap().as_string::<i32>().value(0), "a\u{fffd}b");
        assert_eq!(rows.column_by_name("raw_bytes").unwrap().as_binary::<i32>().value(0), b"a\xffb");
    }

    #[test]
    fn batches_are_bounded() {
        let records: Vec<_> = (0..BATCH_ROWS + 1).map(|_| record(Attributes::default(), b"x")).collect();
        let rows: Vec<_> = encode(records).unwrap().iter().map(|batch| batch.keys.len()).collect();
        assert_eq!(rows, [BATCH_ROWS, 1]);
    }
}
