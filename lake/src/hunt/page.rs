//! What a hunt answers: columns, rows, and how much was looked at.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use deltalake::arrow::array::{Array, AsArray, RecordBatch};
use deltalake::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use deltalake::arrow::util::display::array_value_to_string;
use model::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HuntColumn {
    /// Its name, as the query gives it.
    pub name: String,
    /// Its type, in short: `text`, `number`, `time`, `date`, `yes/no`, `object`, `list`, `bytes`, `other`.
    pub kind: &'static str,
}

/// How much a hunt read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scanned {
    /// Files of the agency when the hunt began.
    pub files: u64,
    /// Rows that came out of them.
    pub rows: u64,
    /// Bytes that were read from disk.
    pub bytes: u64,
}

/// How a hunt ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HuntSummary {
    /// Rows given.
    pub rows: u64,
    /// Whether there was more, and the limit of rows or bytes cut it off.
    pub cut: bool,
    /// From the call to the last row, waiting included.
    pub elapsed: Duration,
    /// How much was read.
    pub scanned: Scanned,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HuntPage {
    /// The columns.
    pub columns: Vec<HuntColumn>,
    /// The rows, each with a cell for every column. Times are RFC 3339 in UTC, objects are without their nulls.
    pub rows: Vec<Vec<Value>>,
    /// Whether there was more.
    pub cut: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// How much was read.
    pub scanned: Scanned,
}

impl HuntPage {
    /// Writes one JSON object a line, as `--json` does. A cell that is null is written as null.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        self.rows.iter().try_for_each(|row| write_json_row(&self.columns, row, out))
    }

    /// Writes CSV (RFC 4180) with a header, as `--csv` does. Null is nothing at all, an empty text is `""`.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        write_csv_header(&self.columns, out)?;
        self.rows.iter().try_for_each(|row| write_csv_row(row, out))
    }
}

/// One row as a JSON object on a line.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json_row(columns: &[HuntColumn], row: &[Value], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{")?;
    for (at, (column, cell)) in columns.iter().zip(row).enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &column.name)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, cell)?;
    }
    out.write_all(b"}\n")
}

/// The header of a CSV.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv_header(columns: &[HuntColumn], out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    out.write_all(names.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

/// One row of a CSV.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv_row(row: &[Value], out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<_> = row
        .iter()
        .map(|cell| match cell {
            Value::Null => String::new(),
            Value::String(text) => quoted(text),
            other => quoted(&other.to_string()),
        })
        .collect();
    out.write_all(cells.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains([',', '"', '\r', '\n']);
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// The columns of an answer.
pub(crate) fn columns_of(schema: &Schema) -> Vec<HuntColumn> {
    let mut columns: Vec<HuntColumn> = Vec::new();
    for field in schema.fields() {
        let dotted = dotted(field.name()).filter(|dotted| columns.iter().all(|column| column.name != *dotted));
        let name = dotted.unwrap_or_else(|| field.name().clone());
        columns.push(HuntColumn { name, kind: kind_of(field.data_type()) });
    }
    columns
}

/// What the engine calls `events.device[hostname]` is `device.hostname` to whoever asked for it.
fn dotted(name: &str) -> Option<String> {
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let (column, parts) = name.strip_suffix(']')?.split_once('[')?;
    let column = column.split_once('.').map_or(column, |(_, column)| column);
    let path: Vec<&str> = std::iter::once(column).chain(parts.split("][")).collect();
    path.iter().all(|part| is_word(part)).then(|| path.join("."))
}

fn kind_of(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Dictionary(_, value) => kind_of(value),
        DataType::Timestamp(..) => "time",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Boolean => "yes/no",
        DataType::Struct(_) | DataType::Map(..) => "object",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "list",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes",
        other if other.is_numeric() => "number",
        _ => "other",
    }
}

/// The rows of a batch.
pub(crate) fn rows_of(batch: &RecordBatch) -> impl Iterator<Item = Vec<Value>> {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column.as_ref(), row)).collect())
}

macro_rules! numbers {
    ($column:expr, $row:expr, $($variant:pat => $type:ty,)+) => {
        match $column.data_type() {
            $($variant => return Value::from($column.as_primitive::<$type>().value($row)),)+
            _ => {}
        }
    };
}

/// One cell as JSON.
pub(crate) fn cell(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    numbers!(column, row,
        DataType::Int8 => Int8Type, DataType::Int16 => Int16Type, DataType::Int32 => Int32Type,
        DataType::Int64 => Int64Type, DataType::UInt8 => UInt8Type, DataType::UInt16 => UInt16Type,
        DataType::UInt32 => UInt32Type, DataType::UInt64 => UInt64Type, DataType::Float32 => Float32Type,
        DataType::Float64 => Float64Type,
    );
    match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Utf8 => Value::from(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::from(column.as_string::<i64>().value(row)),
        DataType::Utf8View => Value::from(column.as_string_view().value(row)),
        DataType::Binary => bytes(column.as_binary::<i32>().value(row)),
        DataType::BinaryView => bytes(column.as_binary_view().value(row)),
        DataType::Timestamp(unit, _) => time(column, *unit, row),
        DataType::Struct(fields) => {
            let cells = fields.iter().zip(column.as_struct().columns());
            let present = cells.filter(|(_, column)| column.is_valid(row));
            let object: Map<_, _> =
                present.map(|(field, column)| (field.name().clone(), cell(column.as_ref(), row))).collect();
            Value::Object(object)
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            Value::Array((0..items.len()).map(|item| cell(items.as_ref(), item)).collect())
        }
        _ => array_value_to_string(column, row).map_or(Value::Null, Value::from),
    }
}

/// A time in UTC to the microsecond, as RFC 3339; beyond the years that it can write, as what Arrow prints.
fn time(column: &dyn Array, unit: TimeUnit, row: usize) -> Value {
    let micros = match unit {
        TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000),
        TimeUnit::Millisecond => column.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1_000),
        TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000),
    };
    Value::from(Timestamp::from_micros(micros).to_string())
}

/// Bytes as hexadecimal digits: what they are is not known, or else they would be text.
fn bytes(bytes: &[u8]) -> Value {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Value::from(digits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_called_what_was_asked_for() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(dotted(name).as_deref(), expected, "{name}");
        check("events.device[hostname]", Some("device.hostname"));
        check("device[os][name]", Some("device.os.name"));
        check("count(*)", None);
        check("events.tags[Int64(1) + x]", None);
        check("time", None);
        check("[a]", None);
    }

    #[test]
    fn csv_keeps_null_and_empty_apart() {
        let column = |name: &str| HuntColumn { name: name.into(), kind: "text" };
        let page = HuntPage {
            columns: vec![column("a"), column("b,c"), column("d")],
            rows: vec![vec![json!(null), json!(""), json!("x\"y")], vec![json!(1), json!({"k": 1}), json!("plain")]],
            cut: false,
            elapsed: Duration::ZERO,
            scanned: Scanned::default(),
        };
        let mut out = Vec::new();
        page.write_csv(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,\"b,c\",d\r\n,\"\",\"x\"\"y\"\r\n1,\"{\"\"k\"\":1}\",plain\r\n");
        let mut out = Vec::new();
        page.write_json(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":null,\"b,c\":\"\",\"d\":\"x\\\"y\"}\n{\"a\":1,\"b,c\":{\"k\":1},\"d\":\"plain\"}\n"
        );
    }
}
