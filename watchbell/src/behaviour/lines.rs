//! Lines of a file or of standard input, however long: of one that is too long only the beginning is kept.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

pub(super) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    bytes_read: u64,
    bytes_total: Option<u64>,
}

impl Lines {
    /// The lines of a file, or of standard input for `-`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (reader, bytes_total): (Box<dyn Read>, _) = match path.to_str() {
            Some("-") => (Box::new(io::stdin()), None),
            _ => {
                let file = File::open(path)?;
                let data = file.metadata()?;
                // A pipe that stands in the file system has no length.
                let length = data.is_file().then_some(data.len());
                (Box::new(file), length)
            }
        };
        let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        Ok(Lines { reader, line: Vec::new(), bytes_read: 0, bytes_total })
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// How many there are, where that is known.
    pub(super) fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    /// The next line with its end; of a longer one the first `bytes_max` bytes, without its end. `None` behind the last.
    pub(super) fn next_line(&mut self, bytes_max: usize) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                return Ok((!self.line.is_empty()).then_some(self.line.as_slice()));
            }
            let end = buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let used = end.unwrap_or(buffer.len());
            let room = bytes_max.saturating_sub(self.line.len());
            self.line.extend(buffer.iter().take(used.min(room)));
            self.reader.consume(used);
            self.bytes_read += used as u64;
            if end.is_some() {
                return Ok(Some(self.line.as_slice()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8], bytes_max: usize) -> Vec<String> {
        let reader: Box<dyn Read> = Box::new(bytes);
        // Smaller than a line, so that lines are put together.
        let reader = BufReader::with_capacity(3, reader);
        let mut lines = Lines { reader, line: Vec::new(), bytes_read: 0, bytes_total: None };
        let mut out = Vec::new();
        while let Some(line) = lines.next_line(bytes_max).unwrap() {
            out.push(String::from_utf8_lossy(line).into_owned());
        }
        assert_eq!(lines.bytes_read(), bytes.len() as u64);
        out
    }

    #[test]
    fn lines_are_whole_or_cut() {
        assert_eq!(read(b"a,b,1\n\nlonger line\nend", 100), ["a,b,1\n", "\n", "longer line\n", "end"]);
        assert_eq!(read(b"a,b,1\nlonger line\nend", 7), ["a,b,1\n", "longer ", "end"]);
        assert!(read(b"", 7).is_empty());
    }
}
