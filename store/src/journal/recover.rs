//! Opening a journal: what a crash or damage left is mended, what is stored is learnt again.
//!
//! A closed segment is trusted by its footer; its blocks are checked when they are read. A segment without a footer is
//! looked through: a torn end is cut off, damage in front of good blocks is covered by a filler. It is then written over
//! with its own bytes and synced before anything in it counts, because after a failed sync the cache shows what the disk
//! may never have had. Nothing is ever added to an old segment.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::limits;

use super::block::{HEADER_BYTES, Header, Index};
use super::core::{Journal, RESERVE};
use super::files::{File, Files, is_no_space, read_all, read_full};
use super::marks::Marks;
use super::quarantine::Quarantine;
use super::segment::{self, FOOT_BYTES, Foot, HEAD_BYTES, Scan};
use super::shared::{SegmentInfo, Shared};
use super::{Offset, Options};

/// Largest segment file that is looked through; what is beyond is torn. A segment outgrows its size by one group at most.
pub(super) const FILE_BYTES_MAX: u64 = limits::JOURNAL_SEGMENT_BYTES + 4 * limits::JOURNAL_GROUP_BYTES_MAX as u64;
/// Offsets left out when the last segment cannot be read at all: more than any segment holds.
const UNREADABLE_JUMP: u64 = 1 << 32;

/// Why a journal does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error("the journal in {} is open in another process", folder.display())]
    InUse {
        /// Where it is.
        folder: PathBuf,
    },
    /// The system refuses.
    #[error("opening the journal in {}", folder.display())]
    Io {
        /// Where it is.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Something in the journal's files that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File inside the journal's folder.
    pub file: String,
    /// First byte.
    pub from: u64,
    /// The byte after the last.
    pub upto: u64,
    /// What is wrong, and what was done.
    pub why: String,
    /// Whether the bytes are in the quarantine.
    pub is_kept: bool,
}

/// What opening a journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segments there are.
    pub segments: usize,
    /// Segments that had not been closed and were looked through.
    pub looked_through: usize,
    /// Records in them.
    pub records_recovered: u64,
    /// Everything that was not as it should be.
    pub damages: Vec<Damage>,
    /// The offset of the next record.
    pub next: Offset,
}

/// A folder of files at work.
pub(super) struct Place<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) folder: &'a Path,
    pub(super) damages: Vec<Damage>,
}

/// A segment that was looked through.
pub(super) struct Mended {
    /// `None` when nothing was in it and it is gone.
    pub(super) info: Option<SegmentInfo>,
    pub(super) end: u64,
    /// The least offset that is surely new.
    pub(super) safe_next: u64,
}

pub(super) fn open(files: Arc<dyn Files>, folder: &Path, options: Options) -> Result<(Journal, Recovery), OpenError> {
    let io_error = |source| OpenError::Io { folder: folder.into(), source };
    files.make_folder(folder).map_err(io_error)?;
    let lock = files.lock(folder).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse { folder: folder.into() },
        _ => io_error(source),
    })?;
    let shared = Arc::new(Shared::new(folder.into(), files));
    let mut journal = Journal::new(shared.clone(), options, lock).map_err(io_error)?;
    let recovery = journal.recover().map_err(io_error)?;
    Ok((journal, recovery))
}

impl Journal {
    fn recover(&mut self) -> io::Result<Recovery> {
        let shared = self.shared.clone();
        let mut place = Place { files: shared.files.as_ref(), folder: &shared.folder, damages: Vec::new() };
        let names = place.files.list(place.folder)?;
        for draft in names.iter().filter(|name| name.ends_with(".tmp")) {
            place.files.remove(&place.folder.join(draft))?;
        }
        let marks_next = self.read_marks(&mut place, &names)?;
        let mut recovery = Recovery::default();
        let mut segments = VecDeque::new();
        let mut next = marks_next;
        let mut end = 0;
        for name in &names {
            let Some(base) = segment::base_of(name) else { continue };
            let found = match place.closed(name, base) {
                Some(closed) => closed,
                None => {
                    recovery.looked_through += 1;
                    let mended = place.mend(name, base)?;
                    recovery.records_recovered += mended.end.saturating_sub(base);
                    mended
                }
            };
            next = next.max(found.safe_next);
            end = end.max(found.end);
            segments.extend(found.info);
        }
        let floor = self.options.floor.0;
        if floor > next {
            let why = format!("a consumer is at offset {floor}, the files end at {next}: the records between are lost");
            place.damages.push(Damage { file: String::new(), from: 0, upto: 0, why, is_kept: false });
            next = floor;
        }
        for segment in &segments {
            place.learn(segment, marks_next, &mut self.marks);
        }
        self.next = next;
        self.previous_end = end.max(marks_next).max(floor);
        recovery.segments = segments.len();
        recovery.damages = place.damages;
        recovery.next = Offset(next);
        shared.publish(|published| {
            published.segments = segments;
            published.next = next;
            published.previous_end = self.previous_end;
        });
        self.reopen_reserve(&names);
        Ok(recovery)
    }

    /// The newest marks that are whole, and the offset up to which they speak.
    fn read_marks(&mut self, place: &mut Place<'_>, names: &[String]) -> io::Result<u64> {
        let mut best = 0;
        let marks_files = names.iter().rev().filter(|name| name.starts_with("marks-") && !name.ends_with(".tmp"));
        for name in marks_files {
            let read = place.files.open_to_read(&place.folder.join(name)).and_then(|file| read_all(&*file, u64::MAX));
            let Ok(bytes) = read else {
                let why = "cannot be read; left as it is".to_owned();
                place.damages.push(Damage { file: name.clone(), from: 0, upto: 0, why, is_kept: false });
                continue;
            };
            match Marks::decode(&bytes) {
                Some((_, next)) if self.marks_files.len() >= 2 => {
                    debug_assert!(next <= best);
                    place.files.remove(&place.folder.join(name))?;
                }
                Some((marks, next)) => {
                    if self.marks_files.is_empty() {
                        (self.marks, best) = (marks, next);
                    }
                    self.marks_files.push_front(next);
                }
                None => {
                    place.quarantine_file(name, "the marks are damaged; older ones and the segments make up for them");
                    place.files.remove(&place.folder.join(name))?;
                }
            }
        }
        Ok(best)
    }

    fn reopen_reserve(&mut self, names: &[String]) {
        let is_there = names.iter().any(|name| name == RESERVE);
        let free = self.shared.files.free_bytes(&self.shared.folder).unwrap_or(0);
        // A reserve that was given up is taken back only when there is room for work besides.
        let has_room = free >= self.options.reserve_bytes + self.options.resume_bytes;
        if is_there || has_room {
            self.take_reserve();
        } else {
            self.shared.publish(|published| published.health = super::Health::NoSpace);
        }
    }
}

impl Place<'_> {
    fn quarantine(&mut self, name: &str, file: &dyn File, range: std::ops::Range<u64>, why: &str) {
        let quarantine = Quarantine { files: self.files, folder: self.folder };
        // A quarantine that cannot be written, for want of space say, must not stop a start; the report says so.
        let is_kept = quarantine.keep(name, file, range.clone(), why).unwrap_or(false);
        let (file, why) = (name.to_owned(), why.to_owned());
        self.damages.push(Damage { file, from: range.start, upto: range.end, why, is_kept });
    }

    pub(super) fn quarantine_file(&mut self, name: &str, why: &str) {
        if let Ok(file) = self.files.open_to_read(&self.folder.join(name)) {
            let length = file.len().unwrap_or(0);
            self.quarantine(name, &*file, 0..length, why);
        }
    }

    /// A segment whose footer is there and right.
    fn closed(&self, name: &str, base: u64) -> Option<Mended> {
        let file = self.files.open_to_read(&self.folder.join(name)).ok()?;
        let position = file.len().ok()?.checked_sub(FOOT_BYTES).filter(|position| *position >= HEAD_BYTES)?;
        let mut foot = [0; FOOT_BYTES as usize];
        read_full(&*file, &mut foot, position).ok()?;
        let Foot { end, next } = segment::read_foot(&foot, position)?;
        let info = SegmentInfo { base, name: name.into(), bytes: position };
        Some(Mended { info: Some(info), end, safe_next: next })
    }

    /// Mends a segment: torn end off, fillers over holes, header and footer right, everything written anew and synced.
    pub(super) fn mend(&mut self, name: &str, base: u64) -> io::Result<Mended> {
        let path = self.folder.join(name);
        let file = self.files.open(&path)?;
        let length = file.len()?;
        let Ok(mut bytes) = read_all(&*file, FILE_BYTES_MAX) else {
            let why = "cannot be read; left as it is".to_owned();
            self.damages.push(Damage { file: name.into(), from: 0, upto: length, why, is_kept: false });
            return Ok(Mended { info: None, end: 0, safe_next: base + UNREADABLE_JUMP });
        };
        let scan = segment::scan(&bytes, base);
        let end = scan.end(base);
        let cut = length - scan.end_position.min(length);
        let is_torn = scan.foot.is_none() && cut > 0 && length > HEAD_BYTES;
        if is_torn {
            self.quarantine(name, &*file, scan.end_position..length, "torn end, cut off");
        }
        let mut safe_next = end.max(scan.end_seen).max(scan.foot.map_or(0, |foot| foot.next));
        if is_torn {
            // The torn bytes may have held acknowledged records whose offsets are in use: a record takes six bytes or
            // more, so so many offsets are surely enough.
            safe_next += cut.max(limits::JOURNAL_GROUP_RECORDS_MAX as u64);
        }
        // An empty segment goes, unless it has to remember the offsets that are left out.
        if scan.blocks.is_empty() && scan.foot.is_none() && !is_torn {
            drop(file);
            self.files.remove(&path)?;
            self.files.sync_folder(self.folder)?;
            return Ok(Mended { info: None, end: 0, safe_next });
        }
        bytes.truncate(scan.end_position as usize);
        self.patch(name, &*file, &scan, base, &mut bytes);
        write_anew(&*file, &bytes, Foot { end, next: safe_next })?;
        let info = SegmentInfo { base, name: name.into(), bytes: bytes.len() as u64 };
        Ok(Mended { info: Some(info), end, safe_next })
    }

    /// Puts a right header and fillers into the bytes of a segment.
    fn patch(&mut self, name: &str, file: &dyn File, scan: &Scan, base: u64, bytes: &mut [u8]) {
        if !scan.head_is_good {
            self.quarantine(name, file, 0..HEAD_BYTES, "damaged header, written anew from the name");
            bytes[..HEAD_BYTES as usize].copy_from_slice(&segment::head(base, base));
        }
        for hole in &scan.holes {
            let is_torn = scan.is_torn(hole);
            let why =
                if is_torn { "torn end, good blocks behind it kept" } else { "damaged block, covered by a filler" };
            self.quarantine(name, file, hole.clone(), why);
            let after = scan.base_after(hole).unwrap_or(scan.end(base));
            if let Some(filler) = Header::filler(hole, after, is_torn) {
                let at = hole.start as usize;
                bytes[at..at + HEADER_BYTES].copy_from_slice(&filler.encode());
            }
        }
    }

    /// Notes what a segment holds from offset `from` on. What cannot be read is left to the readers to report.
    fn learn(&self, info: &SegmentInfo, from: u64, marks: &mut Marks) {
        let Ok(file) = self.files.open_to_read(&self.folder.join(&*info.name)) else { return };
        if closed_end(&*file, info).is_some_and(|end| end <= from) {
            return;
        }
        let mut position = HEAD_BYTES;
        let mut head = [0; HEADER_BYTES];
        while position < info.bytes {
            let read = read_full(&*file, &mut head, position).unwrap_or(0);
            let Some(header) = Header::decode(&head[..read], position) else {
                return self.learn_by_scan(&*file, info, from, marks);
            };
            let mut index = vec![0; header.index_bytes as usize];
            let is_read = read_full(&*file, &mut index, position + HEADER_BYTES as u64).is_ok();
            let is_whole = is_read && crc32fast::hash(&index) == header.index_crc;
            if header.end() > from
                && is_whole
                && let Some(index) = Index::decode(&header, &index)
            {
                marks.learn(&index, header.base, from);
            }
            position += header.total_bytes();
        }
    }

    /// The slow way, for a closed segment with a damaged block header.
    fn learn_by_scan(&self, file: &dyn File, info: &SegmentInfo, from: u64, marks: &mut Marks) {
        let Ok(bytes) = read_all(file, FILE_BYTES_MAX) else { return };
        for header in segment::scan(&bytes, info.base).blocks {
            let start = header.position as usize + HEADER_BYTES;
            let index = bytes.get(start..start + header.index_bytes as usize);
            if let Some(index) = index.and_then(|index| Index::decode(&header, index)) {
                marks.learn(&index, header.base, from);
            }
        }
    }
}

fn closed_end(file: &dyn File, info: &SegmentInfo) -> Option<u64> {
    let mut foot = [0; FOOT_BYTES as usize];
    read_full(file, &mut foot, info.bytes).ok()?;
    Some(segment::read_foot(&foot, info.bytes)?.end)
}

/// Writes a segment's own bytes over themselves and makes them durable, then closes it.
fn write_anew(file: &dyn File, bytes: &[u8], foot: Foot) -> io::Result<()> {
    let position = bytes.len() as u64;
    file.set_len(position)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    match file.write_at(&segment::foot(position, foot), position) {
        Ok(()) => file.sync(),
        // Without room for a footer the next start looks through this segment again.
        Err(error) if is_no_space(&error) => file.set_len(position),
        Err(error) => Err(error),
    }
}
