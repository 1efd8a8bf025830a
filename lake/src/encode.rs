//! Records into Arrow columns.
//!
//! A [`Builders`] takes records that will stand together in a file: of one agency, day and class. Records of a class fill the
//! same few columns, so the others stay blank; they are written in order without having been shuffled, as long as they came
//! in order.

use std::sync::Arc;

use deltalake::arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use deltalake::arrow::datatypes::DataType;
use deltalake::arrow::error::ArrowError;
use model::{Event, EventId};

use crate::column::{Blank, Column};
use crate::ocsf_columns::AttributeColumns;
use crate::record::LakeRecord;
use crate::schema::{STATISTICS_COLUMNS, file_schema};

/// The columns of [`file_schema`] under construction.
#[derive(Default)]
pub(crate) struct Builders {
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
    /// Made for the first record that is no text.
    raw_bytes: Option<BinaryBuilder>,
    source: StringBuilder,
    journal_offset: Int64Builder,
    /// The rest of an event on its way into `ocsf`.
    rest: Vec<u8>,
}

impl Builders {
    /// Appends one row.
    pub(crate) fn push(&mut self, record: LakeRecord) {
        let LakeRecord { event, raw, source, received, journal_offset } = record;
        let Event { id, time, class, activity_id, severity_id, mut attributes, .. } = event;
        self.id.append_value(text(&hexadecimal(&id)));
        self.time.append_value(time.as_micros());
        self.received.append_value(received.as_micros());
        self.class_uid.append_value(signed(class.uid()));
        self.category_uid.append_value(signed(class.category_uid()));
        self.activity_id.append_value(signed(activity_id));
        self.type_uid.append_value(i64::try_from(class.type_uid(activity_id)).unwrap_or(i64::MAX));
        self.severity_id.append_value(signed(severity_id));
        self.rest.clear();
        let is_whole = self.attributes.push(&mut attributes);
        if is_whole || serde_json::to_writer(&mut self.rest, &attributes).is_err() {
            self.ocsf.append_null();
        } else {
            self.ocsf.append_value(text(&self.rest));
        }
        match std::str::from_utf8(&raw) {
            Ok(text) => {
                self.raw.append_value(text);
                if let Some(bytes) = &mut self.raw_bytes {
                    bytes.append_null();
                }
            }
            Err(_) => {
                let bytes = self.raw_bytes.get_or_insert_default();
                bytes.append_nulls(self.journal_offset.len() - bytes.len());
                bytes.append_value(&raw);
                self.raw.append_value(String::from_utf8_lossy(&raw));
            }
        }
        self.source.append_value(source.as_str());
        self.journal_offset.append_value(i64::try_from(journal_offset).unwrap_or(i64::MAX));
    }

    /// Rows that were appended.
    pub(crate) fn rows(&self) -> usize {
        self.journal_offset.len()
    }

    /// The rows as columns.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let blank = &mut Blank::new(self.rows());
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
        columns.extend(self.attributes.finish_columns(blank));
        let raw_bytes: ArrayRef = match &mut self.raw_bytes {
            Some(bytes) => Arc::new(bytes.finish()),
            None => blank.column(&DataType::Binary),
        };
        let rest: [ArrayRef; 5] = [
            Arc::new(self.ocsf.finish()),
            Arc::new(self.raw.finish()),
            raw_bytes,
            Arc::new(self.source.finish()),
            Arc::new(self.journal_offset.finish()),
        ];
        columns.extend(rest);
        let rows = RecordBatch::try_new(file_schema(), columns)?;
        debug_assert!(STATISTICS_COLUMNS.iter().all(|name| rows.column_by_name(name).is_some()));
        Ok(rows)
    }
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// What `Display` writes of an id, without its formatter: it runs for every event.
fn hexadecimal(id: &EventId) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(id.as_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

/// Bytes that were written as text a moment ago.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::{Array, AsArray};
    use model::ocsf::{Actor, Attributes, Class, Device, Endpoint, Process, User};
    use model::{AgencyId, SourceId, Timestamp};

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
        let mut builders = Builders::default();
        builders.push(record(attributes, raw));
        builders.finish().unwrap()
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
    fn bytes_stand_in_their_rows() {
        let mut builders = Builders::default();
        for raw in [&b"a"[..], b"b\xff", b"c", b"\xff"] {
            builders.push(record(Attributes::default(), raw));
        }
        let rows = builders.finish().unwrap();
        let bytes: Vec<_> = rows.column_by_name("raw_bytes").unwrap().as_binary::<i32>().iter().collect();
        assert_eq!(bytes, [None, Some(&b"b\xff"[..]), None, Some(&b"\xff"[..])]);
    }

    #[test]
    fn an_id_is_written_as_it_is_shown() {
        let id = EventId::from_bytes(std::array::from_fn(|at| at as u8 * 17));
        assert_eq!(text(&hexadecimal(&id)), id.to_string());
    }
}
