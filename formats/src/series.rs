//! Tables of a series: a value at a time (timestamp, value), a line at a time.
//!
//! The text of the time is kept as it stands, because who reads the result looks for it. With a header the columns may stand anywhere;
//! without one they are the first two. A line that cannot be read is a [`Trouble`], and the next is read.

use std::borrow::Cow;

use model::ToldTime;

use crate::Trouble;
use crate::table::{Layout, tidy};

/// What the columns are called, without case and signs.
const NAMES: [&[&str]; 2] = [
    &["timestamp", "time", "ts", "datetime", "date", "t"],
    &["value", "val", "v", "y", "count", "reading", "measurement", "metric"],
];

/// A value of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow<'a> {
    /// The time as it stands in the table.
    pub text: Cow<'a, str>,
    /// When.
    pub time: ToldTime,
    /// The value as it stands in the table.
    pub value_text: Cow<'a, str>,
    /// The value; finite.
    pub value: f64,
}

/// Reads a series, a line at a time.
///
/// ```
/// use formats::series::Series;
/// let mut series = Series::default();
/// assert_eq!(series.line(b"timestamp,value\n"), None);
/// let row = series.line(b"2014-04-01 00:05:00,19.5\n").and_then(Result::ok);
/// assert_eq!(row.map(|row| (row.text.into_owned(), row.value)), Some(("2014-04-01 00:05:00".to_owned(), 19.5)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Series {
    layout: Option<Layout<2>>,
    lines: u64,
}

impl Series {
    /// The number of the line that was read last, from 1; 0 before the first.
    pub fn line_number(&self) -> u64 {
        self.lines
    }

    /// Reads a line, with or without its end. `None` for one that holds nothing, a comment (`#`) and the header.
    pub fn line<'a>(&mut self, line: &'a [u8]) -> Option<Result<SeriesRow<'a>, Trouble>> {
        self.lines += 1;
        let line = match tidy(line, self.lines) {
            Ok(line) => line,
            Err(trouble) => return Some(Err(trouble)),
        };
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            return None;
        }
        if let Some(layout) = &self.layout {
            return Some(row(layout, line));
        }
        let plain = Layout::plain(line);
        let first = row(&plain, line);
        // A first line with a time but without a value is a line with a gap, no header.
        let is_row = match &first {
            Ok(_) => true,
            Err(_) => plain.cut(line).is_ok_and(|cells| told(&cells.wanted[0]).is_some()),
        };
        if is_row {
            self.layout = Some(plain);
            return Some(first);
        }
        self.layout = Some(plain.named(line, NAMES).unwrap_or(plain));
        None
    }
}

fn told(cell: &[u8]) -> Option<ToldTime> {
    std::str::from_utf8(cell).ok().and_then(ToldTime::parse)
}

fn row<'a>(layout: &Layout<2>, line: &'a [u8]) -> Result<SeriesRow<'a>, Trouble> {
    let [time, value] = layout.cut(line)?.wanted;
    let Some(at) = told(&time) else {
        return Err(Trouble::no_time("timestamp: neither a date with a time nor a number"));
    };
    let value_text = text(value).ok_or_else(|| Trouble::malformed("value: not UTF-8"))?;
    let number: Option<f64> = value_text.parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.ok_or_else(|| Trouble::malformed("value: no finite number"))?;
    let text = text(time).ok_or_else(|| Trouble::malformed("timestamp: not UTF-8"))?;
    Ok(SeriesRow { text, time: at, value_text, value: number })
}

fn text(cell: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match cell {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests;
