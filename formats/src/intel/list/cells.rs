//! A list into records, and these into cells.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use model::limits::{LIST_COLUMNS_MAX, LIST_RECORD_BYTES_MAX};

use super::{Layout, ListMapping};
use crate::Trouble;

/// One record: a line, or several when a quoted cell spans them.
pub(super) struct Record<'a> {
    /// The line in which it starts, from 1.
    pub(super) line: u64,
    pub(super) is_comment: bool,
    pub(super) cells: Result<Vec<Cow<'a, [u8]>>, Trouble>,
}

/// The records of a list, without empty lines.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    /// `\n`, or `\r` in the files of old machines, which have no other.
    line_end: u8,
    cutter: Cutter,
    comment: Vec<Vec<u8>>,
    has_comments_behind: bool,
}

#[derive(Clone, Copy)]
enum Cutter {
    Whole,
    Blanks,
    At { delimiter: u8, quote: Option<u8> },
}

/// Bytes in which the sort of line ending shows.
const LINE_END_WITHIN_BYTES: usize = 1024 * 1024;

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], mapping: &ListMapping) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let head = bytes.get(..LINE_END_WITHIN_BYTES).unwrap_or(bytes);
        let is_old = memchr(b'\n', head).is_none() && memchr(b'\r', head).is_some();
        let ascii = |letter: char| u8::try_from(letter).unwrap_or(0);
        let cutter = match mapping.layout {
            Layout::Lines => Cutter::Whole,
            Layout::Blanks | Layout::Hosts => Cutter::Blanks,
            Layout::Delimited { delimiter, quote } => {
                Cutter::At { delimiter: ascii(delimiter), quote: quote.map(ascii) }
            }
        };
        let comment = mapping.comment.iter().filter(|prefix| !prefix.is_empty());
        Records {
            bytes,
            at: 0,
            line: 0,
            line_end: if is_old { b'\r' } else { b'\n' },
            cutter,
            comment: comment.map(|prefix| prefix.clone().into_bytes()).collect(),
            has_comments_behind: mapping.has_comments_behind,
        }
    }

    /// Where the line that starts at `start` ends.
    fn line_after(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        start + memchr(self.line_end, rest).unwrap_or(rest.len())
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        while self.at < self.bytes.len() {
            let start = self.at;
            let end = self.line_after(start);
            self.at = end + 1;
            self.line += 1;
            let text = self.bytes.get(start..end).unwrap_or_default();
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let begin = text.trim_ascii_start();
            if begin.is_empty() {
                continue;
            }
            let comment = self.comment.iter().find(|prefix| begin.starts_with(prefix));
            if let Some(prefix) = comment {
                let behind = begin.get(prefix.len()..).unwrap_or_default();
                let cells = cut_line(self.cutter, behind);
                return Some(Record { line: self.line, is_comment: true, cells });
            }
            let line = self.line;
            let cells = match self.cutter {
                _ if text.len() > LIST_RECORD_BYTES_MAX => Err(too_long(text.len())),
                Cutter::At { delimiter, quote: Some(quote) } if memchr(quote, text).is_some() => {
                    self.quoted(start, delimiter, quote)
                }
                cutter => cut_line(cutter, if self.has_comments_behind { self.without_comment(text) } else { text }),
            };
            return Some(Record { line, is_comment: false, cells });
        }
        None
    }
}

fn too_long(length: usize) -> Trouble {
    Trouble::too_large(format!("a record of {length} bytes, at most {LIST_RECORD_BYTES_MAX} are read"))
}

impl<'a> Records<'a> {
    /// What stands in front of a comment that follows a blank on the same line.
    fn without_comment(&self, text: &'a [u8]) -> &'a [u8] {
        let blanks = memchr::memchr2_iter(b' ', b'\t', text);
        let starts = |at: usize| {
            let behind = text.get(at + 1..).unwrap_or_default();
            self.comment.iter().any(|prefix| behind.starts_with(prefix))
        };
        blanks.into_iter().find(|at| starts(*at)).and_then(|at| text.get(..at)).unwrap_or(text)
    }

    /// Cells of which at least one may be quoted. A quote that does not close within the longest record costs its own line.
    fn quoted(&mut self, start: usize, delimiter: u8, quote: u8) -> Result<Vec<Cow<'a, [u8]>>, Trouble> {
        let limit = (start + LIST_RECORD_BYTES_MAX).min(self.bytes.len());
        let bytes = self.bytes.get(..limit).unwrap_or_default();
        let mut cells = Vec::new();
        let mut at = start;
        loop {
            let (cell, behind) = match opening(bytes, at, delimiter, quote) {
                Some(open) => closed(bytes, open, quote)?,
                None => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let end = memchr2(delimiter, self.line_end, rest).unwrap_or(rest.len());
                    let cell = rest.get(..end).unwrap_or_default();
                    (Cow::Borrowed(cell.strip_suffix(b"\r").unwrap_or(cell)), at + end)
                }
            };
            push(&mut cells, cell)?;
            let blanks = bytes.get(behind..).unwrap_or_default().iter();
            let behind = behind + blanks.take_while(|byte| **byte != delimiter && matches!(byte, b' ' | b'\t')).count();
            match bytes.get(behind) {
                Some(byte) if *byte == delimiter => at = behind + 1,
                None if limit < self.bytes.len() => return Err(too_long(LIST_RECORD_BYTES_MAX + 1)),
                None => break self.ends(start, limit),
                Some(b'\r') if bytes.get(behind + 1) == Some(&b'\n') => break self.ends(start, behind + 1),
                Some(byte) if *byte == self.line_end => break self.ends(start, behind),
                Some(_) => return Err(Trouble::malformed("more behind a closing quote")),
            }
        }
        Ok(cells)
    }

    /// Goes on behind the line end at `end`, and counts the line ends inside the record.
    fn ends(&mut self, start: usize, end: usize) {
        let inside = self.bytes.get(start..end).unwrap_or_default();
        self.line += memchr::memchr_iter(self.line_end, inside).count() as u64;
        self.at = end + 1;
    }
}

/// Where a quoted cell's text starts, when the cell at `at` is quoted.
fn opening(bytes: &[u8], at: usize, delimiter: u8, quote: u8) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let blanks = rest.iter().take_while(|byte| **byte != delimiter && matches!(byte, b' ' | b'\t')).count();
    (rest.get(blanks) == Some(&quote)).then_some(at + blanks + 1)
}

/// A quoted cell from behind its opening quote, and the place behind its closing one.
fn closed(bytes: &[u8], open: usize, quote: u8) -> Result<(Cow<'_, [u8]>, usize), Trouble> {
    let mut at = open;
    let mut unescaped: Option<Vec<u8>> = None;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = memchr(quote, rest) else { return Err(Trouble::malformed("a quote that is not closed")) };
        let part = rest.get(..end).unwrap_or_default();
        if rest.get(end + 1) == Some(&quote) {
            let whole = unescaped.get_or_insert_default();
            whole.extend_from_slice(part);
            whole.push(quote);
            at += end + 2;
            continue;
        }
        let cell = match unescaped {
            Some(mut whole) => {
                whole.extend_from_slice(part);
                Cow::Owned(whole)
            }
            None => Cow::Borrowed(part),
        };
        return Ok((cell, at + end + 1));
    }
}

/// The cells of a line in which nothing is quoted.
fn cut_line(cutter: Cutter, text: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Trouble> {
    let mut cells = Vec::new();
    match cutter {
        Cutter::Whole => push(&mut cells, Cow::Borrowed(text))?,
        Cutter::Blanks => {
            for cell in text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|cell| !cell.is_empty()) {
                push(&mut cells, Cow::Borrowed(cell))?;
            }
        }
        Cutter::At { delimiter, quote } => {
            let mut from = 0;
            for end in memchr::memchr_iter(delimiter, text).chain([text.len()]) {
                let cell = text.get(from..end).unwrap_or_default();
                // A comment with the names of the columns may have them quoted.
                let inside = quote.and_then(|quote| cell.trim_ascii().strip_prefix(&[quote])?.strip_suffix(&[quote]));
                push(&mut cells, Cow::Borrowed(inside.unwrap_or(cell)))?;
                from = end + 1;
            }
        }
    }
    Ok(cells)
}

fn push<'a>(cells: &mut Vec<Cow<'a, [u8]>>, cell: Cow<'a, [u8]>) -> Result<(), Trouble> {
    if cells.len() >= LIST_COLUMNS_MAX {
        return Err(Trouble::too_large(format!("more than {LIST_COLUMNS_MAX} columns")));
    }
    cells.push(cell);
    Ok(())
}
