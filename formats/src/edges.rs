//! Tables of edges: who talked to whom, when (source, destination, time), a line at a time.
//!
//! With a header the columns may stand anywhere, under the names that flow logs use; without one they are the first three. Further
//! columns are passed over. A line that cannot be read is a [`Trouble`], and the next is read.

use std::borrow::Cow;

use model::ToldTime;
use model::limits::EDGE_NAME_BYTES_MAX;

use crate::Trouble;
use crate::table::{Layout, tidy};

/// What the columns are called, without case and signs.
const NAMES: [&[&str]; 3] = [
    &["source", "src", "sourceip", "srcip", "sourceaddress", "srcaddr", "saddr", "sa", "from", "idorigh", "client"],
    &[
        "destination",
        "dst",
        "dest",
        "target",
        "destinationip",
        "dstip",
        "destip",
        "destinationaddress",
        "dstaddr",
        "daddr",
        "da",
        "to",
        "idresph",
        "server",
    ],
    &["time", "timestamp", "ts", "datetime", "date", "starttime", "stime", "flowstart", "firstseen", "tick", "t"],
];

/// An edge of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeRow<'a> {
    /// Who began: its name as it stands there.
    pub source: Cow<'a, [u8]>,
    /// The other end.
    pub destination: Cow<'a, [u8]>,
    /// When.
    pub time: ToldTime,
    /// The same as it stands there.
    pub time_text: Cow<'a, [u8]>,
}

/// Reads a table of edges, a line at a time.
///
/// ```
/// use formats::edges::Edges;
/// let mut edges = Edges::default();
/// assert_eq!(edges.line(b"source,destination,time\n"), None);
/// let row = edges.line(b"10.0.0.1,10.0.0.2,17\n").and_then(Result::ok);
/// assert_eq!(row.map(|row| row.source.into_owned()), Some(b"10.0.0.1".to_vec()));
/// assert!(edges.line(b"10.0.0.1,10.0.0.2\n").is_some_and(|row| row.is_err()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Edges {
    layout: Option<Layout<3>>,
    lines: u64,
}

impl Edges {
    /// The number of the line that was read last, from 1; 0 before the first.
    pub fn line_number(&self) -> u64 {
        self.lines
    }

    /// Reads a line, with or without its end. `None` for one that holds nothing, a comment (`#`) and the header.
    pub fn line<'a>(&mut self, line: &'a [u8]) -> Option<Result<EdgeRow<'a>, Trouble>> {
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
        if first.is_ok() {
            self.layout = Some(plain);
            return Some(first);
        }
        // The first line is no edge: it names the columns.
        self.layout = Some(plain.named(line, NAMES).unwrap_or(plain));
        None
    }
}

fn row<'a>(layout: &Layout<3>, line: &'a [u8]) -> Result<EdgeRow<'a>, Trouble> {
    let [source, destination, time] = layout.cut(line)?.wanted;
    for (what, name) in [("source", &source), ("destination", &destination)] {
        if name.is_empty() {
            return Err(Trouble::malformed(format!("{what}: nothing stands there")));
        }
        if name.len() > EDGE_NAME_BYTES_MAX {
            let length = name.len();
            return Err(Trouble::too_large(format!("{what}: {length} bytes, at most {EDGE_NAME_BYTES_MAX} are read")));
        }
    }
    let told = std::str::from_utf8(&time).ok().and_then(ToldTime::parse);
    let told = told.ok_or_else(|| Trouble::no_time("time: neither a date with a time nor a number"))?;
    Ok(EdgeRow { source, destination, time: told, time_text: time })
}

#[cfg(test)]
mod tests;
