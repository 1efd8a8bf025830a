//! What the log says about a file: how many rows, and the least and greatest value of a few columns.
//!
//! Delta Lake protocol, "Per-file Statistics". Only columns that cannot hold anything personal
//! ([`STATISTICS_COLUMNS`](crate::schema::STATISTICS_COLUMNS)): the log keeps what it says longer than the rows live.

use std::collections::BTreeMap;

use deltalake::arrow::array::{Array, AsArray, RecordBatch};
use deltalake::arrow::compute::{max, min};
use deltalake::arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use model::Timestamp;
use serde_json::{Map, Value, json};

use crate::schema::{STATISTICS_COLUMNS, file_schema};

/// Years that RFC 3339 can write, in microseconds; a time beyond gives no bounds, which prunes nothing.
const WRITABLE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Rows and bounds of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) rows: u64,
    /// Least and greatest value by column, times in microseconds.
    pub(crate) bounds: BTreeMap<&'static str, (i64, i64)>,
}

impl Statistics {
    /// Takes more rows into account.
    pub(crate) fn add(&mut self, rows: &RecordBatch) {
        self.rows += rows.num_rows() as u64;
        for name in STATISTICS_COLUMNS {
            let Some((low, high)) = rows.column_by_name(name).and_then(|column| bounds_of(column)) else { continue };
            let bounds = self.bounds.entry(name).or_insert((low, high));
            *bounds = (bounds.0.min(low), bounds.1.max(high));
        }
    }

    /// As the log writes them.
    pub(crate) fn to_json(&self) -> String {
        let (mut lows, mut highs, mut nulls) = (Map::new(), Map::new(), Map::new());
        for (name, (low, high)) in &self.bounds {
            if let (Some(low), Some(high)) = (written(name, *low), written(name, *high)) {
                lows.insert((*name).to_owned(), low);
                highs.insert((*name).to_owned(), high);
                nulls.insert((*name).to_owned(), json!(0));
            }
        }
        json!({ "numRecords": self.rows, "minValues": lows, "maxValues": highs, "nullCount": nulls }).to_string()
    }

    /// Reads what the log says; `None` when it does not even say how many rows.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let rows = value.get("numRecords")?.as_u64()?;
        let mut bounds = BTreeMap::new();
        for name in STATISTICS_COLUMNS {
            let bound = |side: &str| read(value.get(side)?.get(name)?);
            if let (Some(low), Some(high)) = (bound("minValues"), bound("maxValues")) {
                bounds.insert(*name, (low, high));
            }
        }
        Some(Statistics { rows, bounds })
    }
}

fn bounds_of(column: &dyn Array) -> Option<(i64, i64)> {
    match column.data_type() {
        DataType::Int32 => {
            let values = column.as_primitive_opt::<Int32Type>()?;
            Some((i64::from(min(values)?), i64::from(max(values)?)))
        }
        DataType::Int64 => {
            let values = column.as_primitive_opt::<Int64Type>()?;
            Some((min(values)?, max(values)?))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = column.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some((min(values)?, max(values)?))
        }
        _ => None,
    }
}

fn is_time(name: &str) -> bool {
    file_schema().field_with_name(name).is_ok_and(|field| matches!(field.data_type(), DataType::Timestamp(..)))
}

/// Times are written to the microsecond, not cut to the millisecond, so that they are exact.
fn written(name: &str, value: i64) -> Option<Value> {
    if !is_time(name) {
        return Some(json!(value));
    }
    WRITABLE.contains(&value).then(|| json!(Timestamp::from_micros(value).to_string()))
}

fn read(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(Timestamp::parse).map(Timestamp::as_micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let bounds =
            BTreeMap::from([("time", (1_591_747_200_000_001, 1_591_747_200_999_999)), ("class_uid", (1, 4_003))]);
        let statistics = Statistics { rows: 3, bounds };
        assert_eq!(Statistics::from_json(&statistics.to_json()), Some(statistics));
    }

    #[test]
    fn a_time_that_cannot_be_written_gives_no_bounds() {
        let statistics =
            Statistics { rows: 1, bounds: BTreeMap::from([("time", (0, i64::MAX)), ("class_uid", (1, 1))]) };
        let read = Statistics::from_json(&statistics.to_json()).unwrap();
        assert_eq!(read.bounds.keys().copied().collect::<Vec<_>>(), ["class_uid"]);
    }

    #[test]
    fn foreign_statistics_are_no_error() {
        assert_eq!(Statistics::from_json("{}"), None);
        assert_eq!(Statistics::from_json("not json"), None);
        assert_eq!(Statistics::from_json(r#"{"numRecords":2}"#).map(|statistics| statistics.rows), Some(2));
    }
}
