//! Reading the journal in order, from any offset, up to what is durable.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Offset;
use super::block::{HEADER_BYTES, Header};
use super::files::{File, read_full};
use super::quarantine::Quarantine;
use super::segment::{self, HEAD_BYTES};
use super::shared::{SegmentInfo, Shared};
use super::stored::Block;

/// The next thing in the journal.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Records.
    Block(Block),
    /// Offsets without records.
    Gap(Gap),
}

/// Offsets that name no record that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub from: Offset,
    /// The one after the last.
    pub upto: Offset,
    /// Why.
    pub reason: GapReason,
}

/// Why offsets name no record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapReason {
    /// Their segments were released.
    Released,
    /// They were left out when a torn end was mended; they need never have been in use.
    LeftOut,
    /// The bytes are damaged; they are in the quarantine unless that is full.
    Damaged {
        /// The segment's file.
        file: String,
        /// Where in it.
        bytes: Range<u64>,
    },
    /// They should be there and are not.
    Missing,
}

/// Why reading stopped. Trying again is allowed.
#[derive(Debug, thiserror::Error)]
#[error("reading {file} of the journal")]
pub struct ReadError {
    /// The segment's file.
    pub file: String,
    /// What the system says.
    #[source]
    pub source: std::io::Error,
}

/// Reads from an offset on, in order, each record once. Survives rotation, release and damage.
pub struct Reader {
    shared: Arc<Shared>,
    next: u64,
    open: Option<Open>,
}

struct Open {
    base: u64,
    name: Arc<str>,
    file: Arc<dyn File>,
    position: u64,
}

/// What one look at a segment gave.
enum Step {
    Piece(Piece),
    Again,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, from: Offset) -> Self {
        Reader { shared, next: from.0, open: None }
    }

    /// The offset that it reads next: what a consumer commits.
    pub fn offset(&self) -> Offset {
        Offset(self.next)
    }

    /// The next records, or the next offsets without any; `None` when everything durable was read.
    ///
    /// # Errors
    /// When the system cannot read a segment. Damaged content is a [`Gap`], not an error.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, ReadError> {
        loop {
            let Some((segment, following, end)) = self.look() else { return Ok(None) };
            let Some(segment) = segment else {
                let is_left_out = match &following {
                    Some(following) => self.reason_before(following) == GapReason::LeftOut,
                    None => self.shared.published().previous_end <= self.next,
                };
                let reason = if is_left_out { GapReason::LeftOut } else { GapReason::Released };
                return Ok(Some(self.gap(following.map_or(end, |next| next.base), reason)));
            };
            let at_start = self.open.as_ref().is_none_or(|open| open.base != segment.base);
            if at_start && let Err(error) = self.open_segment(&segment) {
                // It may have been released since the look; if not, somebody else took it away.
                if !self.shared.published().segments.iter().any(|known| known.base == segment.base) {
                    continue;
                }
                if error.source.kind() == std::io::ErrorKind::NotFound {
                    return Ok(Some(self.gap(following.map_or(end, |next| next.base), GapReason::Missing)));
                }
                return Err(error);
            }
            let position = self.open.as_ref().map_or(0, |open| open.position);
            if position >= segment.bytes {
                let (upto, reason) = match following {
                    Some(following) => (following.base, self.reason_before(&following)),
                    None => (end, GapReason::LeftOut),
                };
                if self.next < upto {
                    return Ok(Some(self.gap(upto, reason)));
                }
                continue;
            }
            if let Step::Piece(piece) = self.step(&segment, following.map_or(end, |next| next.base))? {
                return Ok(Some(piece));
            }
        }
    }

    /// The segment to read in, the one after it, and the end of what is durable; `None` at that end.
    fn look(&self) -> Option<(Option<SegmentInfo>, Option<SegmentInfo>, u64)> {
        let published = self.shared.published();
        if self.next >= published.next {
            return None;
        }
        let after = published.segments.partition_point(|segment| segment.base <= self.next);
        let current = after.checked_sub(1).and_then(|at| published.segments.get(at)).cloned();
        Some((current, published.segments.get(after).cloned(), published.next))
    }

    fn open_segment(&mut self, segment: &SegmentInfo) -> Result<(), ReadError> {
        let file = self.shared.files.open_to_read(&self.shared.folder.join(&*segment.name));
        let file = file.map_err(|source| ReadError { file: segment.name.to_string(), source })?;
        self.open = Some(Open { base: segment.base, name: segment.name.clone(), file, position: HEAD_BYTES });
        Ok(())
    }

    /// Reads at the current position of an open segment, before its durable end.
    fn step(&mut self, segment: &SegmentInfo, upto: u64) -> Result<Step, ReadError> {
        let Some(open) = &mut self.open else { return Ok(Step::Again) };
        let read_error = |source| ReadError { file: segment.name.to_string(), source };
        let mut head = [0; HEADER_BYTES];
        read_full(&*open.file, &mut head, open.position).map_err(read_error)?;
        let header = Header::decode(&head, open.position);
        let header = header.filter(|header| open.position + header.total_bytes() <= segment.bytes);
        let Some(header) = header else { return self.skip_damage(segment, upto).map_err(read_error) };
        if header.is_filler() || header.end() <= self.next {
            let range = open.position..open.position + header.total_bytes();
            open.position = range.end;
            if header.is_filler() && header.base > self.next {
                let reason = match header.is_torn() {
                    true => GapReason::LeftOut,
                    false => GapReason::Damaged { file: segment.name.to_string(), bytes: range },
                };
                return Ok(Step::Piece(self.gap(header.base, reason)));
            }
            return Ok(Step::Again);
        }
        if header.base > self.next {
            return Ok(Step::Piece(self.gap(header.base, GapReason::Missing)));
        }
        let mut rest = vec![0; (header.index_bytes + header.stored_bytes) as usize];
        let start = open.position + HEADER_BYTES as u64;
        let read = read_full(&*open.file, &mut rest, start).map_err(read_error)?;
        let range = open.position..open.position + header.total_bytes();
        open.position = range.end;
        let parts = header.check(&rest[..read]);
        match parts.and_then(|(index, bodies)| Block::decode(&header, index, bodies, self.next)) {
            Some(block) => {
                self.next = header.end();
                Ok(Step::Piece(Piece::Block(block)))
            }
            None => Ok(Step::Piece(self.damage(range, header.end()))),
        }
    }

    /// Finds the next good header of a segment behind a bad one.
    fn skip_damage(&mut self, segment: &SegmentInfo, upto: u64) -> std::io::Result<Step> {
        let Some(open) = &mut self.open else { return Ok(Step::Again) };
        let from = open.position;
        let mut bytes = vec![0; (segment.bytes - from) as usize];
        let read = read_full(&*open.file, &mut bytes, from)?;
        let next = self.next;
        let found = (8..read).step_by(8).find_map(|at| {
            let header = Header::decode(&bytes[at..read], from + at as u64)?;
            let fits = header.base >= next && from + at as u64 + header.total_bytes() <= segment.bytes;
            fits.then_some(header)
        });
        let (position, base) = found.map_or((segment.bytes, upto), |header| (header.position, header.base));
        open.position = position;
        Ok(Step::Piece(self.damage(from..position, base)))
    }

    fn damage(&mut self, bytes: Range<u64>, upto: u64) -> Piece {
        let Some(open) = &self.open else { return self.gap(upto, GapReason::Missing) };
        let (files, folder) = (self.shared.files.as_ref(), &self.shared.folder);
        let why = "damaged block, met by a reader and skipped";
        // Whether or not a copy can be kept, the reader goes on and the gap says where the damage is.
        let _ = Quarantine { files, folder }.keep(&open.name, &*open.file, bytes.clone(), why);
        let file = open.name.to_string();
        self.shared.publish(|published| published.stats.damages_met += 1);
        self.gap(upto, GapReason::Damaged { file, bytes })
    }

    fn gap(&mut self, upto: u64, reason: GapReason) -> Piece {
        let from = Offset(self.next);
        self.next = upto.max(self.next);
        Piece::Gap(Gap { from, upto: Offset(self.next), reason })
    }

    /// Whether the offsets before a segment were left out on purpose: its header knows where the journal ended.
    fn reason_before(&self, following: &SegmentInfo) -> GapReason {
        let mut head = [0; HEAD_BYTES as usize];
        let file = self.shared.files.open_to_read(&self.shared.folder.join(&*following.name));
        let is_read = file.and_then(|file| read_full(&*file, &mut head, 0)).is_ok();
        match segment::read_head(&head).filter(|_| is_read) {
            Some((_, previous_end)) if previous_end <= self.next => GapReason::LeftOut,
            _ => GapReason::Missing,
        }
    }

    /// Waits until there is more to read, at most for `timeout`. `false` when there is none: time is up, or the journal is
    /// closed.
    pub fn wait(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut published = self.shared.published();
        loop {
            if published.next > self.next {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if published.is_closed || left.is_zero() {
                return false;
            }
            published = match self.shared.advanced.wait_timeout(published, left) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}
