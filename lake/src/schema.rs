//! The columns of the table `events`.
//!
//! Delta Lake protocol, "Schema Serialization Format"; attribute names and nesting after OCSF 1.8.0. Partition columns
//! (`agency`, `day`) are in the path and the log, not in the files.

use std::sync::{Arc, LazyLock};

use deltalake::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};

use crate::ocsf_columns::AttributeColumns;

/// Name of the table, of its folder, and of the only table that hunts see beside `findings`.
pub const EVENTS: &str = "events";

/// Columns of free text, wide and different in every row: no dictionary, no statistics, never evaluated while decoding.
pub(crate) const WIDE_COLUMNS: &[&str] = &["raw", "raw_bytes", "ocsf", "message"];

/// Columns whose least and greatest value go into the log. None of them can hold anything personal: what the log says
/// outlives the rows (see `erase`).
pub(crate) const STATISTICS_COLUMNS: &[&str] =
    &["time", "received", "class_uid", "type_uid", "severity_id", "journal_offset"];

/// A point in time as the table has it.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Columns before the OCSF attributes.
fn front() -> Vec<Field> {
    vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("time", time_type(), false),
        Field::new("received", time_type(), false),
        Field::new("class_uid", DataType::Int32, false),
        Field::new("category_uid", DataType::Int32, false),
        Field::new("activity_id", DataType::Int32, false),
        Field::new("type_uid", DataType::Int64, false),
        Field::new("severity_id", DataType::Int32, false),
    ]
}

/// Columns after the OCSF attributes.
fn back() -> Vec<Field> {
    vec![
        // The rest of the event as JSON; null when the columns say everything.
        Field::new("ocsf", DataType::Utf8, true),
        // The untouched record as text; bytes that are no UTF-8 stand as U+FFFD, and then `raw_bytes` has the truth.
        Field::new("raw", DataType::Utf8, false),
        Field::new("raw_bytes", DataType::Binary, true),
        Field::new("source", DataType::Utf8, false),
        Field::new("journal_offset", DataType::Int64, false),
    ]
}

/// The columns that the Parquet files have.
pub(crate) fn file_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields: Vec<FieldRef> = front().into_iter().map(Arc::new).collect();
        fields.extend(AttributeColumns::columns().iter().cloned());
        fields.extend(back().into_iter().map(Arc::new));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// The same with text as views, as files are read back: no offset that could overflow, no copy. Text inside of objects stays
/// as it is: the engine reads only whole columns as views, and would make views of the others row by row.
pub(crate) fn view_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let fields: Fields = file_schema().fields().iter().map(viewed).collect();
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

fn viewed(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The partition columns, in order.
pub(crate) fn partition_fields() -> Vec<FieldRef> {
    vec![
        Arc::new(Field::new("agency", DataType::Utf8View, false)),
        Arc::new(Field::new("day", DataType::Date32, false)),
    ]
}

/// The whole table as the Delta log describes it: partition columns first, for whoever lists them.
pub(crate) fn table_schema() -> Schema {
    let mut fields: Vec<FieldRef> = vec![
        Arc::new(Field::new("agency", DataType::Utf8, false)),
        Arc::new(Field::new("day", DataType::Date32, false)),
    ];
    fields.extend(file_schema().fields().iter().cloned());
    Schema::new(fields)
}

/// Every column by its dotted path, for error messages and the help text.
pub fn column_paths() -> Vec<String> {
    let mut paths = Vec::new();
    for field in table_schema().fields() {
        collect_paths(field, "", &mut paths);
    }
    paths
}

fn collect_paths(field: &Field, prefix: &str, paths: &mut Vec<String>) {
    let path = if prefix.is_empty() { field.name().clone() } else { format!("{prefix}.{}", field.name()) };
    let mut data_type = field.data_type();
    if let DataType::List(element) = data_type {
        data_type = element.data_type();
    }
    if let DataType::Struct(fields) = data_type {
        for field in fields {
            collect_paths(field, &path, paths);
        }
    }
    paths.push(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ocsf_paths() {
        let paths = column_paths();
        for path in
            ["src_endpoint.ip", "actor.user.name", "query.type", "process.parent_process.cmd_line", "day", "raw"]
        {
            assert!(paths.iter().any(|known| known == path), "{path}");
        }
    }

    #[test]
    fn statistics_columns_hold_no_text() {
        for name in STATISTICS_COLUMNS {
            let schema = file_schema();
            let field = schema.field_with_name(name).unwrap();
            assert!(!matches!(field.data_type(), DataType::Utf8 | DataType::Binary | DataType::Struct(_)), "{name}");
        }
    }
}
