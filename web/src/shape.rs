//! Small things that pages and their twins share.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Pairs as the part of an address behind the question mark.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Rows as CSV (RFC 4180): of each row the named columns, as its JSON twin has them. A cell that a spreadsheet would take for a
/// formula gets an apostrophe in front.
pub(crate) fn csv<R: Serialize>(name: &str, columns: &[&str], rows: &[R]) -> Response {
    let cells = |row: &R| {
        let row = serde_json::to_value(row).unwrap_or_default();
        columns.iter().map(|column| shown(&row[*column])).collect::<Vec<_>>()
    };
    csv_file(name, columns, rows.iter().map(cells))
}

/// The same for rows whose columns are known only when they are there.
pub(crate) fn csv_file(name: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Response {
    let header = columns.iter().map(|column| (*column).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(header).chain(rows) {
        let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, text).into_response()
}

/// A value as the text of a cell.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn csv_cell(cell: &str) -> String {
    let guarded = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains([',', '"', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// A time as people read it: to the second, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.get(..19).unwrap_or(&text);
    seconds.replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_csv() {
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(csv_cell("=cmd()"), "'=cmd()");
        assert_eq!(csv_cell(""), "");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(moment(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14 22:13:20");
    }

    #[test]
    fn queries_are_escaped() {
        assert_eq!(query(&[("to", "/a?b=c&d")]), "to=%2Fa%3Fb%3Dc%26d");
    }
}
