//! Text files in chunks of whole records, so that several threads can look at one file.

use std::io::{self, Read};
use std::sync::Arc;

use formats::Trouble;
use model::fingerprint::fingerprint;
use model::{Format, limits};

/// Some records of a file.
pub(crate) struct Chunk {
    pub(crate) file: Arc<str>,
    /// Which file it is of, by content.
    pub(crate) fingerprint: u64,
    pub(crate) format: Option<Format>,
    pub(crate) bytes: Vec<u8>,
    spans: Vec<Span>,
    /// What could not be read, with its line.
    pub(crate) troubles: Vec<(Option<u64>, Trouble)>,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    from: usize,
    until: usize,
    /// Line in the file, from 1.
    pub(crate) line: u64,
    /// Byte in the unpacked file.
    pub(crate) offset: u64,
}

/// Bytes of a chunk: large enough that handing it over costs nothing, small enough that all threads have one.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Largest file that is one JSON document: it must be in memory as a whole.
const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

impl Chunk {
    pub(crate) fn of_file(file: Arc<str>, fingerprint: u64, format: Option<Format>) -> Self {
        Chunk { file, fingerprint, format, bytes: Vec::new(), spans: Vec::new(), troubles: Vec::new() }
    }

    /// Adds a record that is its own line.
    pub(crate) fn push(&mut self, line: u64, body: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(body);
        self.spans.push(Span { from, until: self.bytes.len(), line, offset: line });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= CHUNK_BYTES
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) fn span(&self, at: usize) -> Span {
        self.spans[at]
    }

    pub(crate) fn body(&self, at: usize) -> &[u8] {
        let span = self.spans[at];
        &self.bytes[span.from..span.until]
    }
}

/// Cuts a file into chunks.
pub(crate) struct LineReader<R> {
    reader: R,
    file: Arc<str>,
    fingerprint: u64,
    line: u64,
    offset: u64,
}

impl<R: Read> LineReader<R> {
    pub(crate) fn new(reader: R, file: Arc<str>) -> Self {
        LineReader { reader, file, fingerprint: 0, line: 1, offset: 0 }
    }

    fn new_chunk(&self) -> Chunk {
        Chunk::of_file(Arc::clone(&self.file), self.fingerprint, None)
    }

    /// Reads to the end; `give` takes a chunk and says whether it wants more.
    pub(crate) fn read(mut self, give: &mut dyn FnMut(Chunk) -> bool) -> io::Result<()> {
        let mut kept = Vec::new();
        let mut is_first = true;
        loop {
            let wanted = (CHUNK_BYTES - kept.len().min(CHUNK_BYTES / 2)) as u64;
            let from = kept.len();
            let result = self.reader.by_ref().take(wanted).read_to_end(&mut kept);
            // What was unpacked before the damage is still good: it is given before the error is.
            let is_last = result.is_err() || kept.len() - from < wanted as usize;
            if is_first {
                // A file of blank lines has no records that a name would be asked of.
                self.fingerprint = fingerprint(&kept, is_last).unwrap_or_default();
            }
            if is_first && !is_last && formats::split::records(&kept).is_document() {
                self.reader.by_ref().take(DOCUMENT_BYTES_MAX).read_to_end(&mut kept)?;
                return self.document(kept, give);
            }
            if is_first && is_last && formats::split::records(&kept).is_document() {
                self.document(kept, give)?;
                return result.map(drop);
            }
            is_first = false;
            let rest = self.chunk(&mut kept, is_last, give);
            if !rest {
                return Ok(());
            }
            if is_last {
                return result.map(drop);
            }
        }
    }

    /// Gives the whole lines of `kept` and keeps what is behind the last one.
    fn chunk(&mut self, kept: &mut Vec<u8>, is_last: bool, give: &mut dyn FnMut(Chunk) -> bool) -> bool {
        let end = match memchr::memrchr(b'\n', kept) {
            _ if is_last => kept.len(),
            Some(at) => at + 1,
            None if kept.len() > limits::RECORD_BYTES_MAX => kept.len(),
            None => return true,
        };
        let rest = kept.split_off(end);
        let bytes = std::mem::replace(kept, rest);
        let mut chunk = self.new_chunk();
        chunk.bytes = bytes;
        self.lines(&mut chunk);
        chunk.spans.is_empty() && chunk.troubles.is_empty() || give(chunk)
    }

    fn lines(&mut self, chunk: &mut Chunk) {
        let mut from = 0;
        while from < chunk.bytes.len() {
            let length = memchr::memchr(b'\n', &chunk.bytes[from..]).unwrap_or(chunk.bytes.len() - from);
            let line = chunk.bytes[from..from + length].trim_ascii_end();
            if !line.trim_ascii_start().is_empty() {
                let span = Span { from, until: from + line.len(), line: self.line, offset: self.offset };
                if line.len() > limits::RECORD_BYTES_MAX {
                    let trouble =
                        Trouble::too_large(format!("a record of more than {} bytes", limits::RECORD_BYTES_MAX));
                    chunk.troubles.push((Some(self.line), trouble));
                } else {
                    chunk.spans.push(span);
                }
            }
            from += length + 1;
            self.offset += length as u64 + 1;
            self.line += 1;
        }
    }

    /// A file that is one JSON document with the records in an array.
    fn document(&mut self, bytes: Vec<u8>, give: &mut dyn FnMut(Chunk) -> bool) -> io::Result<()> {
        let mut chunk = self.new_chunk();
        for piece in formats::split::records(&bytes) {
            match piece.body {
                Ok(body) => {
                    let from = chunk.bytes.len();
                    chunk.bytes.extend_from_slice(body);
                    let until = chunk.bytes.len();
                    chunk.spans.push(Span { from, until, line: piece.line, offset: piece.offset });
                }
                Err(trouble) => chunk.troubles.push((Some(piece.line), trouble)),
            }
            if chunk.is_full() && !give(std::mem::replace(&mut chunk, self.new_chunk())) {
                return Ok(());
            }
        }
        give(chunk);
        Ok(())
    }
}
