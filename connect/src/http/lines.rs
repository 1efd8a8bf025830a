//! The lines of a body, numbered as the client sees them.

use model::limits::RECORD_BYTES_MAX;

/// The lines that are not blank, each with its index from 0; blank ones count.
pub struct Lines<'a> {
    rest: Option<&'a [u8]>,
    index: u64,
}

impl<'a> Lines<'a> {
    /// The lines of a whole body.
    pub fn new(body: &'a [u8]) -> Self {
        // A byte order mark is no part of the first line.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        Lines { rest: Some(body), index: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest?;
            let (line, behind) = match memchr::memchr(b'\n', rest) {
                Some(at) => (&rest[..at], Some(&rest[at + 1..])),
                None => (rest, None),
            };
            let index = self.index;
            (self.rest, self.index) = (behind, index + 1);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.trim_ascii().is_empty() {
                return Some((index, line));
            }
        }
    }
}

/// Whether a line can be a record; the error says why not.
///
/// # Errors
/// When it is longer than a record may be, or should be JSON and is none.
pub fn check(line: &[u8], is_json: bool) -> Result<(), &'static str> {
    if line.len() > RECORD_BYTES_MAX {
        return Err("longer than a record may be");
    }
    if is_json && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err() {
        return Err("not JSON");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_lines(body: &str, expected: &[(u64, &str)]) {
        let found: Vec<_> = Lines::new(body.as_bytes()).map(|(index, line)| (index, line.to_vec())).collect();
        let expected: Vec<_> = expected.iter().map(|(index, line)| (*index, line.as_bytes().to_vec())).collect();
        assert_eq!(found, expected, "{body:?}");
    }

    #[test]
    fn blank_lines_count_and_are_left_out() {
        check_lines("", &[]);
        check_lines("a", &[(0, "a")]);
        check_lines("a\r\n\n \nb\n", &[(0, "a"), (3, "b")]);
        check_lines("\u{feff}a\n", &[(0, "a")]);
    }

    #[test]
    fn lines_that_are_no_records_say_why() {
        assert_eq!(check(b"{\"a\":1}", true), Ok(()));
        assert_eq!(check(b"{\"a\":1", true), Err("not JSON"));
        assert_eq!(check(b"{\"a\":1} x", true), Err("not JSON"));
        assert_eq!(check(b"plain", false), Ok(()));
        assert_eq!(check(&vec![b'x'; RECORD_BYTES_MAX], false), Ok(()));
        assert_eq!(check(&vec![b'x'; RECORD_BYTES_MAX + 1], false), Err("longer than a record may be"));
    }
}
