//! Small things that pages and their twins share.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::Timestamp;

/// Pairs as the part of an address behind the question mark.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Rows as CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe in front.
pub(crate) fn csv<'r>(name: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>> + 'r) -> Response {
    let mut text = header.join(",");
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, text).into_response()
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
