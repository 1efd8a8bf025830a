//! Bytes into lines, with the offset at which each begins.

use model::limits::RECORD_BYTES_MAX;

/// A line, without its ending, and where it begins.
pub type Line = (u64, Vec<u8>);

/// Splits what it is fed. Blank lines are left out; a line longer than [`RECORD_BYTES_MAX`] is skipped and counted.
#[derive(Debug)]
pub struct Splitter {
    held: Vec<u8>,
    line_start: u64,
    skipping: bool,
    too_long: u64,
}

impl Splitter {
    /// Goes on at `offset`; `skipping` says that it is inside a line that is not wanted.
    pub fn at(offset: u64, skipping: bool) -> Self {
        Splitter { held: Vec::new(), line_start: offset, skipping, too_long: 0 }
    }

    /// Takes the bytes that follow; gives the lines that are whole.
    pub fn feed(&mut self, mut chunk: &[u8], lines: &mut Vec<Line>) {
        while let Some(at) = memchr::memchr(b'\n', chunk) {
            let (line, rest) = (&chunk[..at], &chunk[at + 1..]);
            let line_bytes = self.held.len() + line.len();
            if self.skipping || line_bytes > RECORD_BYTES_MAX {
                self.too_long += u64::from(!self.skipping);
            } else if self.held.is_empty() {
                push(lines, self.line_start, line.to_vec());
            } else {
                let mut whole = std::mem::take(&mut self.held);
                whole.extend_from_slice(line);
                push(lines, self.line_start, whole);
            }
            self.line_start += line_bytes as u64 + 1;
            self.held.clear();
            self.skipping = false;
            chunk = rest;
        }
        self.hold(chunk);
    }

    fn hold(&mut self, rest: &[u8]) {
        let line_bytes = self.held.len() + rest.len();
        if line_bytes > RECORD_BYTES_MAX || self.skipping {
            self.too_long += u64::from(!self.skipping);
            self.skipping = true;
            self.line_start += line_bytes as u64;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(rest);
        }
    }

    /// Nothing follows: what is held is a line too.
    pub fn finish(&mut self, lines: &mut Vec<Line>) {
        let last = std::mem::take(&mut self.held);
        let last_bytes = last.len() as u64;
        if !self.skipping {
            push(lines, self.line_start, last);
        }
        self.line_start += last_bytes;
        self.skipping = false;
    }

    /// Where the line begins that is not whole yet, or where reading goes on inside a skipped one.
    pub fn offset(&self) -> u64 {
        self.line_start
    }

    /// Whether a skipped line has not ended yet.
    pub fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Lines that were skipped because of their length, since the last call.
    pub fn take_too_long(&mut self) -> u64 {
        std::mem::take(&mut self.too_long)
    }
}

fn push(lines: &mut Vec<Line>, start: u64, mut line: Vec<u8>) {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if !line.trim_ascii().is_empty() {
        lines.push((start, line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_know_where_they_begin() {
        let mut splitter = Splitter::at(10, false);
        let mut lines = Vec::new();
        splitter.feed(b"ab\r\n\nc", &mut lines);
        assert_eq!(lines, [(10, b"ab".to_vec())]);
        assert_eq!(splitter.offset(), 15);
        splitter.feed(b"d\n", &mut lines);
        splitter.feed(b"last", &mut lines);
        splitter.finish(&mut lines);
        assert_eq!(lines[1..], [(15, b"cd".to_vec()), (18, b"last".to_vec())]);
        assert_eq!(splitter.offset(), 22);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_is_whole() {
        let mut splitter = Splitter::at(0, false);
        let mut lines = Vec::new();
        let piece = vec![b'x'; RECORD_BYTES_MAX / 2];
        for _ in 0..5 {
            splitter.feed(&piece, &mut lines);
            assert!(splitter.held.len() <= RECORD_BYTES_MAX);
        }
        splitter.feed(b"\nnext\n", &mut lines);
        assert_eq!(lines, [(5 * (RECORD_BYTES_MAX as u64 / 2) + 1, b"next".to_vec())]);
        assert_eq!((splitter.take_too_long(), splitter.take_too_long()), (1, 0));
        // Exactly as long as allowed is not too long.
        splitter.feed(&[&vec![b'y'; RECORD_BYTES_MAX][..], b"\n"].concat(), &mut lines);
        assert_eq!((lines.len(), splitter.take_too_long()), (2, 0));
    }

    proptest! {
        #[test]
        fn chunks_change_nothing(text in "([a-c]{0,5}\r?\n|[a-c]){0,20}", size in 1usize..9) {
            let split = |size: usize| {
                let (mut splitter, mut lines) = (Splitter::at(0, false), Vec::new());
                for chunk in text.as_bytes().chunks(size) {
                    splitter.feed(chunk, &mut lines);
                }
                splitter.finish(&mut lines);
                (lines, splitter.offset())
            };
            let (lines, end) = split(size);
            prop_assert_eq!(end, text.len() as u64);
            for (start, line) in &lines {
                let start = *start as usize;
                prop_assert_eq!(&text.as_bytes()[start..start + line.len()], line.as_slice());
            }
            prop_assert_eq!(lines, split(text.len().max(1)).0);
        }
    }
}
