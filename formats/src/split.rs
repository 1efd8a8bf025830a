//! A plain file into its records: lines, or one JSON document that holds them.
//!
//! Newline-delimited text is the rule. A document is a JSON array (`[{…},{…}]`) or an object whose `Records` (CloudTrail),
//! `records` (Azure) or `value` (Microsoft Graph) is an array of objects; it may span lines. So may objects behind one another, as pretty-printers write
//! them. The splitter walks over a byte
//! slice, which may be a memory map, finds the ends of objects without reading what is inside, and keeps going past what is
//! broken: a bad part costs the bytes up to the next object. Deliberately absent: other envelopes.

use memchr::{memchr, memchr2};
use model::limits::RECORD_BYTES_MAX;

use crate::Trouble;

/// One record of a file, or what stands there instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece<'a> {
    /// Where it starts, in bytes from the start of the slice.
    pub offset: u64,
    /// The line in which it starts, from 1.
    pub line: u64,
    /// Its bytes without line ending, or what is wrong with them.
    pub body: Result<&'a [u8], Trouble>,
}

/// Splits a whole file into records.
///
/// ```
/// let file = b"{\"Records\":[{\"a\":1},\n{\"a\":2}]}";
/// let bodies: Vec<_> = formats::split::records(file).map(|piece| (piece.line, piece.body)).collect();
/// assert_eq!(bodies, [(1, Ok(&b"{\"a\":1}"[..])), (2, Ok(&b"{\"a\":2}"[..]))]);
/// ```
pub fn records(bytes: &[u8]) -> Records<'_> {
    let bytes_start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let members = envelope(&bytes[bytes_start..]).map(|at| at + bytes_start);
    Records { bytes, at: members.unwrap_or(bytes_start), line: 1, counted: 0, is_document: members.is_some() }
}

/// The records of a file, in order.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    /// Up to where line ends have been counted.
    counted: usize,
    is_document: bool,
}

impl Records<'_> {
    /// Whether the file is one JSON document, and not lines.
    pub fn is_document(&self) -> bool {
        self.is_document
    }

    fn line_at(&mut self, at: usize) -> u64 {
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.counted..at]).count() as u64;
        self.counted = at;
        self.line
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.is_document { self.member() } else { self.text_line() }
    }
}

impl<'a> Records<'a> {
    fn text_line(&mut self) -> Option<Piece<'a>> {
        while self.at < self.bytes.len() {
            let start = self.at;
            let rest = &self.bytes[start..];
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            self.at = start + length + 1;
            let body = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
            if body.trim_ascii().is_empty() {
                continue;
            }
            return Some(Piece { offset: start as u64, line: self.line_at(start), body: limited(body) });
        }
        None
    }

    /// The next object of the document's array.
    fn member(&mut self) -> Option<Piece<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let skip = rest.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b',')?;
        let start = self.at + skip;
        match self.bytes[start] {
            b'{' => {}
            b']' => {
                self.at = self.bytes.len();
                return None;
            }
            _ => return Some(self.stray(start)),
        }
        let line = self.line_at(start);
        let body = match object_length(&self.bytes[start..]) {
            Some(length) => {
                self.at = start + length;
                limited(&self.bytes[start..start + length])
            }
            None => {
                self.at = self.bytes.len();
                Err(Trouble::malformed("the document ends inside a record"))
            }
        };
        Some(Piece { offset: start as u64, line, body })
    }

    /// Something that is no object: costs the bytes up to the next one.
    fn stray(&mut self, start: usize) -> Piece<'a> {
        let next = memchr2(b'{', b']', &self.bytes[start + 1..]);
        self.at = next.map_or(self.bytes.len(), |found| start + 1 + found);
        let line = self.line_at(start);
        Piece { offset: start as u64, line, body: Err(Trouble::malformed("a record should be a JSON object")) }
    }
}

fn limited(body: &[u8]) -> Result<&[u8], Trouble> {
    if body.len() > RECORD_BYTES_MAX {
        return Err(Trouble::too_large(format!("{} bytes, at most {RECORD_BYTES_MAX} are read", body.len())));
    }
    Ok(body)
}

/// Length of the object at the start of `text`; brackets inside strings do not count.
fn object_length(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at += string_length(&text[at..])? - 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Length of the string at the start of `text`, quotes and all.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Whether the object at the start goes over more than one line.
fn spans_lines(bytes: &[u8]) -> bool {
    let near = &bytes[..bytes.len().min(RECORD_BYTES_MAX)];
    let is_closed_at_once = || object_length(&near[..memchr(b'\n', near).unwrap_or(near.len())]).is_some();
    !is_closed_at_once() && object_length(near).is_some()
}

/// Names of the arrays that envelopes hold.
const ARRAYS: &[&[u8]] = &[b"Records", b"records", b"value"];

/// Most bytes of an envelope in front of its array.
const ENVELOPE_BYTES: usize = 16 * 1024;

/// Where the members of a document's array start; `None` when the file is lines.
fn envelope(bytes: &[u8]) -> Option<usize> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    match bytes[start] {
        b'[' => {
            // `[x] something` is a log line; an array of records goes on with an object or ends.
            let next = bytes[start + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
            matches!(next, None | Some(b'{' | b']')).then_some(start + 1)
        }
        b'{' => named_array(bytes, start + 1).or_else(|| spans_lines(&bytes[start..]).then_some(start)),
        _ => None,
    }
}

/// Walks over the members of the outermost object to one that is a known array of objects.
fn named_array(bytes: &[u8], start: usize) -> Option<usize> {
    let bytes_near = &bytes[..bytes.len().min(start + ENVELOPE_BYTES)];
    let blank = |at: usize| {
        let rest = bytes_near.get(at..)?;
        Some(at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?)
    };
    let mut at = blank(start)?;
    while bytes_near.get(at) == Some(&b'"') {
        let length = string_length(&bytes_near[at..])?;
        let name = &bytes_near[at + 1..at + length - 1];
        at = blank(at + length)?;
        if bytes_near[at] != b':' {
            return None;
        }
        at = blank(at + 1)?;
        if bytes_near[at] == b'[' && ARRAYS.contains(&name) {
            let first = blank(at + 1)?;
            return matches!(bytes_near[first], b'{' | b']').then_some(at + 1);
        }
        at = match bytes_near[at] {
            b'"' => at + string_length(&bytes_near[at..])?,
            b'{' | b'[' => at + object_length(&bytes_near[at..])?,
            _ => at + bytes_near[at..].iter().position(|byte| matches!(byte, b',' | b'}'))?,
        };
        at = blank(at)?;
        if bytes_near[at] != b',' {
            return None;
        }
        at = blank(at + 1)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<String> {
        let one = |piece: Piece<'_>| match piece.body {
            Ok(body) => format!("{}@{} {}", piece.line, piece.offset, String::from_utf8_lossy(body)),
            Err(trouble) => format!("{}@{} ! {}", piece.line, piece.offset, trouble.detail),
        };
        records(text.as_bytes()).map(one).collect()
    }

    #[test]
    fn lines() {
        assert_eq!(shown("a\r\n\n b\n"), ["1@0 a", "3@4  b"]);
        assert_eq!(shown(""), Vec::<String>::new());
        assert_eq!(shown("{\"a\":1}\n{\"value\":[1]}\n"), ["1@0 {\"a\":1}", "2@8 {\"value\":[1]}"]);
        assert_eq!(shown("[12:00] started"), ["1@0 [12:00] started"]);
        assert_eq!(shown("\u{feff}x"), ["1@3 x"]);
    }

    #[test]
    fn documents() {
        assert_eq!(shown(" [ {\"a\":\"]}\\\"\"} ,\n{\"b\":[{}]} ]\n"), ["1@3 {\"a\":\"]}\\\"\"}", "2@18 {\"b\":[{}]}"]);
        assert_eq!(
            shown("{\"@odata.context\":\"x\",\"n\":1,\"o\":{\"q\":[]},\"value\":[{\"a\":1}]}"),
            ["1@50 {\"a\":1}"]
        );
        assert_eq!(shown("{\"records\":[]}"), Vec::<String>::new());
        assert_eq!(shown("[]"), Vec::<String>::new());
        assert_eq!(shown("{\n\"a\":1}\n{\n\"a\":2}\n"), ["1@0 {\n\"a\":1}", "3@9 {\n\"a\":2}"]);
        assert_eq!(shown("{\"a\":\n{\"a\":2}\n"), ["1@0 {\"a\":", "2@6 {\"a\":2}"]);
    }

    #[test]
    fn what_is_broken_costs_only_itself() {
        assert_eq!(
            shown("[{\"a\":1}, 7, {\"a\":2}]"),
            ["1@1 {\"a\":1}", "1@10 ! a record should be a JSON object", "1@13 {\"a\":2}"]
        );
        assert_eq!(shown("[{\"a\":1},{\"a\":"), ["1@1 {\"a\":1}", "1@9 ! the document ends inside a record"]);
    }

    #[test]
    fn a_record_has_a_limit() {
        let long = "x".repeat(RECORD_BYTES_MAX + 1);
        assert!(shown(&format!("{long}\ny"))[0].contains("at most"));
        assert_eq!(shown(&format!("{long}\ny"))[1], format!("2@{} y", RECORD_BYTES_MAX + 2));
    }

    proptest! {
        #[test]
        fn lines_come_back(lines in proptest::collection::vec("[a-z{}\\[\\]\"]{0,12}", 0..8)) {
            let text = format!("first\n{}", lines.join("\n"));
            let found: Vec<_> = records(text.as_bytes()).map(|piece| piece.body.unwrap().to_vec()).collect();
            let expected: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn members_come_back(numbers in proptest::collection::vec(any::<u32>(), 0..8), pretty in any::<bool>()) {
            let members: Vec<_> = numbers.iter().map(|n| serde_json::json!({"n": n, "s": "]},{["})).collect();
            let document = serde_json::json!({"Records": members});
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) }.unwrap();
            let found: Vec<serde_json::Value> =
                records(text.as_bytes()).map(|piece| serde_json::from_slice(piece.body.unwrap()).unwrap()).collect();
            prop_assert_eq!(found, members);
        }

        #[test]
        fn never_panics_and_ends(text in "[\\[\\]{}\",:a \n\\\\]{0,60}", head in prop_oneof![Just(""), Just("["), Just("{\"Records\":["), Just("{\"value\":")]) {
            let text = format!("{head}{text}");
            prop_assert!(records(text.as_bytes()).count() <= text.len() + 1);
        }
    }
}
