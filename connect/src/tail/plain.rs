//! A file that grows: where reading stands in it, and whether it is still the file that was read.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use model::limits::{BATCH_RECORDS_MAX, TAIL_HEAD_BYTES_MAX, TAIL_TURN_BYTES_MAX};
use tokio::time::Instant;

use super::FileKey;
use super::follow::{Look, Place, Turn};
use super::identity::{self, CHECK_BYTES};
use super::positions::Position;
use super::splitter::Splitter;

const READ_BYTES: usize = 256 * 1024;

/// A file that is not packed. All methods touch the file and block.
#[derive(Debug)]
pub(super) struct Plain {
    file: File,
    fingerprint: Option<u64>,
    position: Position,
    skipping: bool,
    /// Size and time of change at the last look.
    seen: (u64, i64, i64),
    /// Size up to which everything is read except a last line that is not whole.
    read_to: Option<u64>,
    last_grown: Instant,
}

impl Plain {
    pub(super) fn open(path: &Path, key: FileKey) -> io::Result<Self> {
        let file = super::open(path, key)?;
        let position = start_of_file();
        let (seen, last_grown) = ((0, 0, 0), Instant::now());
        Ok(Plain { file, fingerprint: None, position, skipping: false, seen, read_to: None, last_grown })
    }

    /// Whether there is something to read. `is_last` says that nobody can append any more, so that a last line without
    /// an ending counts.
    pub(super) fn look(&mut self, is_last: bool) -> io::Result<Look> {
        let meta = self.file.metadata()?;
        let seen = (meta.size(), meta.mtime(), meta.mtime_nsec());
        let has_changed = std::mem::replace(&mut self.seen, seen) != seen;
        if has_changed {
            self.last_grown = Instant::now();
        }
        let was_rewritten = self.fingerprint.is_some()
            && (meta.size() < self.position.offset || (has_changed && !self.is_as_it_was()?));
        if was_rewritten {
            self.start_over();
        }
        if self.fingerprint.is_none() {
            let head = self.head(TAIL_HEAD_BYTES_MAX)?;
            return Ok(identity::fingerprint(&head, is_last).map_or(Look::Nothing, Look::NeedsPlace));
        }
        let is_read = self.read_to == Some(meta.size()) && !(is_last && self.position.offset < meta.size());
        Ok(if is_read { Look::Nothing } else { Look::Ready })
    }

    /// Decides where to begin in a file whose fingerprint has become known; `None` when it was rewritten meanwhile.
    pub(super) fn settle(&mut self, fingerprint: u64, place: Place) -> io::Result<Option<Place>> {
        self.fingerprint = Some(fingerprint);
        self.position = start_of_file();
        self.read_to = None;
        let decided = match place {
            Place::Known(position) | Place::Copy(position) if self.is_read_to(position)? => {
                self.position = position;
                Place::Known(position)
            }
            Place::Known(_) | Place::Unnamed => Place::Unnamed,
            Place::Copy(_) | Place::Beginning => Place::Beginning,
            Place::Behind(offset) => {
                let offset = offset.min(self.seen.0);
                self.position = Position { offset, check: self.check_at(offset)? };
                self.skipping = offset > 0 && self.bytes_before(offset, 1)? != b"\n";
                place
            }
        };
        if self.has_fingerprint(fingerprint)? {
            return Ok(Some(decided));
        }
        self.start_over();
        Ok(None)
    }

    /// Reads what comes next, at most a turn.
    pub(super) fn read(&mut self, is_last: bool) -> io::Result<Turn> {
        let mut splitter = Splitter::at(self.position.offset, self.skipping);
        let mut turn = Turn::default();
        let mut chunk = vec![0; READ_BYTES];
        let mut at = self.position.offset;
        let turn_ends = at + TAIL_TURN_BYTES_MAX as u64;
        while at < turn_ends && turn.lines.len() < BATCH_RECORDS_MAX {
            let bytes = self.file.read_at(&mut chunk, at)?;
            if bytes == 0 {
                self.read_to = Some(at);
                if is_last {
                    splitter.finish(&mut turn.lines);
                }
                break;
            }
            splitter.feed(&chunk[..bytes], &mut turn.lines);
            at += bytes as u64;
        }
        let offset = splitter.offset();
        let end = Position { offset, check: self.check_at(offset)? };
        // Rewritten while it was read: what was read may be a mixture, so it is thrown away and looked at anew.
        if !self.is_as_it_was()? {
            self.start_over();
            return Ok(Turn { has_more: true, ..Turn::default() });
        }
        turn.has_more = self.read_to != Some(at);
        turn.end = Some(end);
        turn.skipping = splitter.is_skipping();
        turn.too_long = splitter.take_too_long();
        Ok(turn)
    }

    /// Everything before `position` is durable.
    pub(super) fn advance(&mut self, position: Position, skipping: bool) {
        self.position = position;
        self.skipping = skipping;
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// The first bytes, at most `bytes_max`.
    pub(super) fn head(&self, bytes_max: usize) -> io::Result<Vec<u8>> {
        let mut head = vec![0; bytes_max];
        let mut filled = 0;
        while filled < head.len() {
            match self.file.read_at(&mut head[filled..], filled as u64)? {
                0 => break,
                bytes => filled += bytes,
            }
        }
        head.truncate(filled);
        Ok(head)
    }

    pub(super) fn fingerprint(&self) -> Option<u64> {
        self.fingerprint
    }

    pub(super) fn last_grown(&self) -> Instant {
        self.last_grown
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.size())
    }

    fn start_over(&mut self) {
        self.fingerprint = None;
        self.position = start_of_file();
        self.skipping = false;
        self.read_to = None;
    }

    /// Whether what was read still stands in the file. Near the start there is little to compare, and the fingerprint
    /// has to help.
    fn is_as_it_was(&self) -> io::Result<bool> {
        let is_near_start = self.position.offset < CHECK_BYTES as u64;
        match self.fingerprint {
            Some(fingerprint) if is_near_start && !self.has_fingerprint(fingerprint)? => Ok(false),
            _ => self.is_read_to(self.position),
        }
    }

    fn is_read_to(&self, position: Position) -> io::Result<bool> {
        Ok(position.offset <= self.size()? && self.check_at(position.offset)? == position.check)
    }

    fn has_fingerprint(&self, fingerprint: u64) -> io::Result<bool> {
        let head = self.head(TAIL_HEAD_BYTES_MAX)?;
        Ok(identity::fingerprint(&head, true) == Some(fingerprint))
    }

    fn check_at(&self, offset: u64) -> io::Result<u64> {
        Ok(identity::check_of(&self.bytes_before(offset, CHECK_BYTES)?))
    }

    /// Up to `bytes_max` bytes in front of `offset`; fewer when the file has become shorter.
    fn bytes_before(&self, offset: u64, bytes_max: usize) -> io::Result<Vec<u8>> {
        let start = offset.saturating_sub(bytes_max as u64);
        let mut bytes = vec![0; (offset - start) as usize];
        match self.file.read_exact_at(&mut bytes, start) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn start_of_file() -> Position {
    Position { offset: 0, check: identity::check_of(&[]) }
}
