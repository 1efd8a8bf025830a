//! Tables that are too long to hold: a line at a time, columns separated by commas, semicolons, tabs or blanks (RFC 4180 otherwise).
//!
//! The first line says what separates the columns, and whether there is a header. Deliberately absent: cells that go over several lines.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};
use model::limits::TABLE_LINE_BYTES_MAX;

use crate::Trouble;

/// A line of a table, cut.
#[derive(Debug)]
pub(crate) struct Cells<'a, const N: usize> {
    /// The wanted cells, by the columns that were asked for.
    pub(crate) wanted: [Cow<'a, [u8]>; N],
}

/// How a table's lines are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout<const N: usize> {
    delimiter: u8,
    columns: [usize; N],
}

/// A line of the file without its end, the first (number 1) also without the mark of UTF-8.
pub(crate) fn tidy(line: &[u8], number: u64) -> Result<&[u8], Trouble> {
    let is_first = number == 1;
    let line = if is_first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > TABLE_LINE_BYTES_MAX {
        let length = line.len();
        return Err(Trouble::too_large(format!("{length} bytes, at most {TABLE_LINE_BYTES_MAX} are read")));
    }
    if is_first && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
        return Err(Trouble::malformed("UTF-16; hint: save the table as UTF-8"));
    }
    Ok(line)
}

impl<const N: usize> Layout<N> {
    /// The layout of a table that begins with that line; columns in their order where it has no header.
    pub(crate) fn plain(first: &[u8]) -> Self {
        let count = |delimiter: u8| memchr_iter(delimiter, first).count();
        // The first of the most frequent; blanks only where there is nothing else, since they stand in times.
        let most = [b',', b';', b'\t'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
        let delimiter = if count(most) == 0 && count(b' ') > 0 { b' ' } else { most };
        Layout { delimiter, columns: std::array::from_fn(|column| column) }
    }

    /// The same with the columns where a header names them. A column that it does not name stays where it would stand without; `None`
    /// when two would be the same column.
    pub(crate) fn named(self, header: &[u8], names: [&[&str]; N]) -> Option<Self> {
        let cells = all_cells(header, self.delimiter)?;
        let find = |known: &[&str]| known.iter().find_map(|name| cells.iter().position(|cell| is_name(cell, name)));
        let columns: [usize; N] = std::array::from_fn(|at| names.get(at).and_then(|known| find(known)).unwrap_or(at));
        let is_distinct = (1..N).all(|at| !columns[..at].contains(&columns[at]));
        is_distinct.then_some(Layout { columns, ..self })
    }

    /// The wanted cells of a line.
    pub(crate) fn cut<'a>(&self, line: &'a [u8]) -> Result<Cells<'a, N>, Trouble> {
        let missing = |found: usize| {
            let wanted = self.columns.iter().max().map_or(0, |last| last + 1);
            Trouble::malformed(format!("{found} columns, {wanted} are needed"))
        };
        if memchr(b'"', line).is_some() {
            let all = all_cells(line, self.delimiter)
                .ok_or_else(|| Trouble::malformed("a quote is not closed, or something stands behind it"))?;
            let found = all.len();
            let mut wanted: [Cow<'a, [u8]>; N] = std::array::from_fn(|_| Cow::Borrowed(&[][..]));
            for (cell, column) in wanted.iter_mut().zip(self.columns) {
                *cell = all.get(column).cloned().ok_or_else(|| missing(found))?;
            }
            return Ok(Cells { wanted });
        }
        let mut wanted: [Option<&'a [u8]>; N] = [None; N];
        let (mut column, mut start, mut filled) = (0, 0, 0);
        let ends = memchr_iter(self.delimiter, line).chain(std::iter::once(line.len()));
        for end in ends {
            let is_blank = self.delimiter == b' ' && end == start;
            if !is_blank {
                for (cell, _) in wanted.iter_mut().zip(self.columns).filter(|(_, wanted)| *wanted == column) {
                    *cell = line.get(start..end);
                    filled += 1;
                }
                column += 1;
            }
            start = end + 1;
            if filled == N {
                break;
            }
        }
        if filled < N {
            return Err(missing(column));
        }
        Ok(Cells { wanted: wanted.map(|cell| Cow::Borrowed(cell.unwrap_or_default().trim_ascii())) })
    }
}

/// A name in a header, whatever its case and whatever stands between its words.
fn is_name(cell: &[u8], name: &str) -> bool {
    let letters = cell.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
    letters.eq(name.bytes())
}

/// All cells of a line, quotes taken off; `None` when the quotes are wrong.
fn all_cells(line: &[u8], delimiter: u8) -> Option<Vec<Cow<'_, [u8]>>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let opened = trimmed(rest, delimiter);
        let (cell, behind) = match opened.strip_prefix(b"\"") {
            Some(quoted) => {
                let (cell, behind) = quoted_cell(quoted)?;
                (cell, trimmed(behind, delimiter))
            }
            None => {
                let end = memchr(delimiter, rest).unwrap_or(rest.len());
                let (cell, behind) = rest.split_at_checked(end)?;
                (Cow::Borrowed(cell.trim_ascii()), behind)
            }
        };
        if delimiter != b' ' || !cell.is_empty() {
            cells.push(cell);
        }
        match behind.split_first() {
            None => return Some(cells),
            Some((byte, behind)) if *byte == delimiter => rest = behind,
            Some(_) => return None,
        }
    }
}

/// Without blanks in front, except where those separate.
fn trimmed(text: &[u8], delimiter: u8) -> &[u8] {
    if matches!(delimiter, b' ' | b'\t') { text } else { text.trim_ascii_start() }
}

/// What stands up to the closing quote, two of which are one, and what stands behind.
fn quoted_cell(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let mut unquoted: Option<Vec<u8>> = None;
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_at_checked(memchr(b'"', rest)?)?;
        let behind = behind.get(1..)?;
        if let Some(cell) = &mut unquoted {
            cell.extend_from_slice(before);
        }
        match behind.strip_prefix(b"\"") {
            Some(more) => {
                unquoted.get_or_insert_with(|| before.to_vec()).push(b'"');
                rest = more;
            }
            None => return Some((unquoted.map_or(Cow::Borrowed(before), Cow::Owned), behind)),
        }
    }
}
