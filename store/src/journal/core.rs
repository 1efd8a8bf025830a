//! The writer: one thread owns it.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::block::{Builder, Packed};
use super::files::{File, Files, RealFiles, is_no_space, write_whole};
use super::marks::{Kind, Marks, is_same_place, key_of, position};
use super::segment::{self, FOOT_BYTES, HEAD_BYTES};
use super::shared::{SegmentInfo, Shared};
use super::{AppendError, Batch, Health, Offset, OpenError, Options, Reader, Receipt, Recovery, Stats};

/// Name of the file that keeps space for the rest of the system.
pub(super) const RESERVE: &str = "reserve";
/// Files of marks that are kept: should the newer one be damaged, the older one and the segments since make up for it.
const MARKS_KEPT: usize = 2;

/// The journal of one folder, open for writing. See [`super`].
pub struct Journal {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Options,
    pub(super) marks: Marks,
    pub(super) marks_files: VecDeque<u64>,
    pub(super) next: u64,
    pub(super) previous_end: u64,
    active: Option<Active>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    buffer: Vec<u8>,
    has_reserve: bool,
    _lock: Box<dyn Any + Send + Sync>,
}

struct Active {
    file: Arc<dyn File>,
    position: u64,
}

/// What is on its way to the disk.
struct Group {
    blocks: Vec<Packed>,
    open: Builder,
    next: u64,
    body_bytes: u64,
    duplicates: u64,
}

/// How a write went wrong.
enum WriteError {
    NoSpace,
    Failed(String),
}

impl Journal {
    /// Opens the journal in `folder`, mends what a crash or damage left, and says what it found.
    ///
    /// # Errors
    /// When another process has the folder, or the system refuses to read or write it. Damage is no error.
    pub fn open(folder: &Path, options: Options) -> Result<(Journal, Recovery), OpenError> {
        Journal::open_on(Arc::new(RealFiles), folder, options)
    }

    /// As [`Journal::open`], on files of any kind.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_on(files: Arc<dyn Files>, folder: &Path, options: Options) -> Result<(Journal, Recovery), OpenError> {
        super::recover::open(files, folder, options)
    }

    pub(super) fn new(shared: Arc<Shared>, options: Options, lock: Box<dyn Any + Send + Sync>) -> io::Result<Self> {
        let zstd = match options.compression {
            0 => None,
            level => Some(zstd::bulk::Compressor::new(level)?),
        };
        Ok(Journal {
            shared,
            options,
            marks: Marks::default(),
            marks_files: VecDeque::new(),
            next: 0,
            previous_end: 0,
            active: None,
            zstd,
            buffer: Vec::new(),
            has_reserve: false,
            _lock: lock,
        })
    }

    /// Takes batches, makes them durable with one sync, and answers each of them in order.
    ///
    /// When it returns, what was accepted survives a power cut; what was refused can be brought again unchanged.
    pub fn append(&mut self, batches: &[Batch]) -> Vec<Result<Receipt, AppendError>> {
        // A full segment is closed before anything new is noted, so that the marks written with it speak of durable
        // records only.
        if let Err(error) = self.ready().and_then(|()| self.close_if_full()) {
            return vec![Err(error); batches.len()];
        }
        let (blocks, open, next) = (Vec::new(), Builder::default(), self.next);
        let mut group = Group { blocks, open, next, body_bytes: 0, duplicates: 0 };
        let mut results: Vec<_> = batches
            .iter()
            .map(|batch| {
                batch.check_limits()?;
                Ok(self.stage(batch, &mut group))
            })
            .collect();
        self.close_block(&mut group);
        if let Err(error) = self.write_group(&mut group) {
            self.marks.roll_back();
            let error = self.stop(error);
            results.iter_mut().filter(|result| result.is_ok()).for_each(|result| *result = Err(error.clone()));
            return results;
        }
        self.marks.commit();
        self.publish_group(&group);
        results
    }

    /// Puts the records of a batch that are not stored yet into the group.
    fn stage(&mut self, batch: &Batch, group: &mut Group) -> Receipt {
        let first = Offset(group.next);
        let (mut stored, mut duplicates) = (0, 0);
        // The record before, when it was of the same lane: its key, position, and whether it is in the open block.
        let mut before: Option<(usize, [u8; 16], u64, bool)> = None;
        for (number, record) in batch.records.iter().enumerate() {
            let cursor = record.cursor.as_ref();
            let (kind, position) = (Kind::of(cursor), position(cursor));
            let same_lane = |(at, ..): &(usize, _, _, _)| {
                let last = &batch.records[*at];
                last.source == record.source && is_same_place(last.cursor.as_ref(), cursor)
            };
            let neighbour = before.filter(same_lane);
            let key = neighbour.map_or_else(|| key_of(&batch.agency, &record.source, cursor), |known| known.1);
            let is_known = kind != Kind::Journal && self.marks.contains(&key, position);
            let mut is_in_block = false;
            if is_known {
                duplicates += 1;
            } else {
                let follows = neighbour.is_some_and(|known| known.3) && group.open.has(&key);
                group.open.push(&batch.agency, record, key, follows);
                group.next += 1;
                stored += 1;
                is_in_block = true;
            }
            if kind != Kind::Journal {
                let since = neighbour.map(|known| known.2).filter(|_| kind == Kind::File);
                if !is_known || since.is_some() {
                    self.marks.note(key, kind, since, position);
                }
            }
            before = Some((number, key, position, is_in_block));
            if group.open.body_bytes() >= self.options.block_bytes {
                self.close_block(group);
            }
        }
        group.duplicates += duplicates as u64;
        Receipt { first, stored, duplicates }
    }

    fn close_block(&mut self, group: &mut Group) {
        if group.open.count() > 0 {
            let base = group.next - u64::from(group.open.count());
            group.body_bytes += group.open.body_bytes() as u64;
            group.blocks.push(group.open.pack(base, self.zstd.as_mut()));
        }
    }

    fn write_group(&mut self, group: &mut Group) -> Result<(), WriteError> {
        if group.blocks.is_empty() {
            return Ok(());
        }
        let bytes: u64 = group.blocks.iter().map(Packed::total_bytes).sum();
        let (file, position) = self.active()?;
        self.buffer.clear();
        for block in group.blocks.drain(..) {
            block.place(position, &mut self.buffer);
        }
        if let Err(error) = file.write_at(&self.buffer, position) {
            let error = self.write_error("writing", &error);
            // The part that was written must not stay behind: it is taken back, and that is allowed to fail too.
            let cut = file.set_len(position);
            return Err(match (error, cut) {
                (WriteError::NoSpace, Err(error)) => self.failed("cutting back", &error),
                (error, _) => error,
            });
        }
        file.sync().map_err(|error| self.failed("syncing", &error))?;
        if let Some(active) = &mut self.active {
            active.position += bytes;
        }
        Ok(())
    }

    /// The segment that is written to, made when there is none.
    fn active(&mut self) -> Result<(Arc<dyn File>, u64), WriteError> {
        if let Some(active) = &self.active {
            return Ok((active.file.clone(), active.position));
        }
        let (files, folder) = (self.shared.files.clone(), self.shared.folder.clone());
        let name = segment::name(self.next);
        let path = folder.join(&name);
        let made = files.create(&path).and_then(|file| {
            file.write_at(&segment::head(self.next, self.previous_end), 0)?;
            Ok(file)
        });
        let file = made.map_err(|error| {
            // An empty segment that cannot be removed now is removed by the next start.
            let _ = files.remove(&path);
            self.write_error("making a segment", &error)
        })?;
        file.sync().map_err(|error| self.failed("syncing a new segment", &error))?;
        files.sync_folder(&folder).map_err(|error| self.failed("syncing the folder", &error))?;
        self.active = Some(Active { file: file.clone(), position: HEAD_BYTES });
        let info = SegmentInfo { base: self.next, name: name.into(), bytes: HEAD_BYTES };
        self.shared.publish(|published| published.segments.push_back(info));
        Ok((file, HEAD_BYTES))
    }

    fn close_if_full(&mut self) -> Result<(), AppendError> {
        let is_full = |active: &Active| active.position + FOOT_BYTES >= self.options.segment_bytes;
        if self.active.as_ref().is_some_and(is_full) { self.close_segment().map_err(|e| self.stop(e)) } else { Ok(()) }
    }

    /// Closes the segment with a footer and writes the marks beside it.
    fn close_segment(&mut self) -> Result<(), WriteError> {
        let Some(active) = &self.active else { return Ok(()) };
        let (file, position) = (active.file.clone(), active.position);
        match file.write_at(&segment::foot(position, segment::Foot { end: self.next, next: self.next }), position) {
            Ok(()) => file.sync().map_err(|error| self.failed("syncing a footer", &error))?,
            Err(error) => {
                let error = self.write_error("writing a footer", &error);
                let cut = file.set_len(position).map_err(|error| self.failed("cutting back", &error));
                return Err(cut.err().unwrap_or(error));
            }
        }
        self.active = None;
        self.previous_end = self.next;
        self.write_marks();
        Ok(())
    }

    fn write_marks(&mut self) {
        if self.marks_files.back() == Some(&self.next) {
            return;
        }
        let (files, folder) = (self.shared.files.clone(), self.shared.folder.clone());
        let bytes = self.marks.encode(self.next);
        if write_whole(files.as_ref(), &folder, &marks_name(self.next), &bytes).is_err() {
            self.shared.publish(|published| published.stats.marks_unwritten += 1);
            return;
        }
        self.marks_files.push_back(self.next);
        while self.marks_files.len() > MARKS_KEPT
            && let Some(oldest) = self.marks_files.pop_front()
        {
            // One too many does no harm; the next start removes it.
            let _ = files.remove(&folder.join(marks_name(oldest)));
        }
    }

    fn publish_group(&mut self, group: &Group) {
        self.shared.publish(|published| {
            let stats = &mut published.stats;
            stats.records += group.next - self.next;
            stats.duplicates += group.duplicates;
            stats.body_bytes += group.body_bytes;
            stats.lanes_forgotten = self.marks.lanes_forgotten;
            stats.holes_forgotten = self.marks.holes_forgotten;
            if group.next == self.next {
                return;
            }
            stats.groups += 1;
            stats.written_bytes += self.buffer.len() as u64;
            published.next = group.next;
            if let (Some(active), Some(segment)) = (&self.active, published.segments.back_mut()) {
                segment.bytes = active.position;
            }
        });
        self.next = group.next;
    }

    /// Removes the segments in which every record is before `upto`, the least offset that any consumer still needs.
    ///
    /// Whole segments only, and never those that the older file of marks does not cover yet. Says how many went.
    ///
    /// # Errors
    /// When the system refuses; what was removed stays removed.
    pub fn release(&mut self, upto: Offset) -> io::Result<usize> {
        let covered = if self.marks_files.len() < MARKS_KEPT { 0 } else { self.marks_files[0] };
        let upto = upto.0.min(covered);
        let mut removed = 0;
        loop {
            let name = {
                let mut published = self.shared.published();
                let is_past = published.segments.get(1).is_some_and(|second| second.base <= upto);
                if !is_past {
                    break;
                }
                published.stats.segments_released += 1;
                published.segments.pop_front().map(|segment| segment.name)
            };
            let Some(name) = name else { break };
            self.shared.files.remove(&self.shared.folder.join(&*name))?;
            removed += 1;
        }
        if removed > 0 {
            self.shared.files.sync_folder(&self.shared.folder)?;
        }
        Ok(removed)
    }

    /// Removes every record that is kept, whatever consumers still need: for the erasure of a person's data, once everything
    /// was dealt with. Which records were stored stays known, so that nothing that is brought again is taken for new.
    ///
    /// # Errors
    /// When the segment that is open cannot be closed, or the system refuses to remove one.
    pub fn clear(&mut self) -> io::Result<usize> {
        self.close_segment().map_err(|error| io::Error::other(self.stop(error).to_string()))?;
        self.write_marks();
        if self.marks_files.back() != Some(&self.next) {
            return Err(io::Error::other("what is stored cannot be written down"));
        }
        let segments: Vec<_> = self.shared.published().segments.drain(..).collect();
        for segment in &segments {
            self.shared.files.remove(&self.shared.folder.join(&*segment.name))?;
        }
        self.shared.files.sync_folder(&self.shared.folder)?;
        Ok(segments.len())
    }

    /// Whether records can be taken now; a journal without space looks whether there is some again.
    pub(super) fn ready(&mut self) -> Result<(), AppendError> {
        let health = self.shared.published().health.clone();
        match health {
            Health::Ready => Ok(()),
            Health::Failed { reason } => Err(AppendError::Failed { reason }),
            Health::NoSpace => {
                let free = self.shared.files.free_bytes(&self.shared.folder).unwrap_or(0);
                let needed = self.options.reserve_bytes + self.options.resume_bytes;
                if free >= needed && self.take_reserve() { Ok(()) } else { Err(AppendError::NoSpace) }
            }
        }
    }

    /// Sets the reserved space aside; the journal is ready when that worked.
    pub(super) fn take_reserve(&mut self) -> bool {
        let path = self.shared.folder.join(RESERVE);
        let bytes = self.options.reserve_bytes;
        let taken = bytes == 0 || self.shared.files.create(&path).and_then(|file| file.allocate(bytes)).is_ok();
        self.has_reserve = taken && bytes > 0;
        if !taken {
            let _ = self.shared.files.remove(&path);
        }
        self.shared.publish(|p| p.health = if taken { Health::Ready } else { Health::NoSpace });
        taken
    }

    /// Puts the journal into the state that an error leads to, and says so to the callers.
    fn stop(&mut self, error: WriteError) -> AppendError {
        match error {
            WriteError::NoSpace => {
                if std::mem::take(&mut self.has_reserve) {
                    // The rest of the system needs the room now; should it not go, the journal waits all the same.
                    let _ = self.shared.files.remove(&self.shared.folder.join(RESERVE));
                }
                self.shared.publish(|published| published.health = Health::NoSpace);
                AppendError::NoSpace
            }
            WriteError::Failed(reason) => {
                self.active = None;
                let health = Health::Failed { reason: reason.clone() };
                self.shared.publish(|published| published.health = health);
                AppendError::Failed { reason }
            }
        }
    }

    fn write_error(&self, what: &str, error: &io::Error) -> WriteError {
        if is_no_space(error) { WriteError::NoSpace } else { self.failed(what, error) }
    }

    fn failed(&self, what: &str, error: &io::Error) -> WriteError {
        let segments = &self.shared.published().segments;
        let name = segments.back().map_or("a new segment", |segment| &*segment.name);
        WriteError::Failed(format!("{what} failed on {name}: {error}; restart to read back what the disk has"))
    }

    /// Closes the open segment, so that the next start need not look through it.
    ///
    /// # Errors
    /// When the journal had failed, or the footer could not be written; nothing that was acknowledged is lost, the next
    /// start takes a little longer.
    pub fn close(mut self) -> Result<(), AppendError> {
        let closed = self.close_segment();
        let mut result = closed.map_err(|error| self.stop(error));
        if let Health::Failed { reason } = self.health() {
            result = Err(AppendError::Failed { reason });
        }
        self.shared.publish(|published| published.is_closed = true);
        result
    }

    /// A reader from `from` on.
    pub fn reader(&self, from: Offset) -> Reader {
        Reader::new(self.shared.clone(), from)
    }

    /// The offset that the next record gets. Everything before it is durable.
    pub fn next(&self) -> Offset {
        Offset(self.next)
    }

    /// Whether it takes records, and why not.
    pub fn health(&self) -> Health {
        self.shared.published().health.clone()
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        self.shared.published().stats.clone()
    }
}

pub(super) fn marks_name(next: u64) -> String {
    format!("marks-{next:020}")
}
