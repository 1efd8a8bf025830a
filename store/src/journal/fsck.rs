//! Looking through a whole journal, and mending it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::block::HEADER_BYTES;
use super::files::{Files, RealFiles, read_all};
use super::marks::Marks;
use super::recover::{Damage, FILE_BYTES_MAX, Place};
use super::segment::{self, HEAD_BYTES};
use super::stored::Block;
use super::{Offset, OpenError};

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Records that can be read.
    pub records: u64,
    /// Offsets of a segment: first, and one after the last.
    pub offsets: Option<(Offset, Offset)>,
    /// Whether a segment was closed; the last one of a journal in use or after a crash is not.
    pub is_closed: bool,
    /// What is wrong, each with its place in the file.
    pub problems: Vec<String>,
    /// What is not wrong but worth knowing.
    pub remarks: Vec<String>,
}

/// What was found in a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Each file by name.
    pub files: BTreeMap<String, FileReport>,
    /// Whether a process has the journal open; the end of its last segment is then in motion.
    pub is_in_use: bool,
}

impl FsckReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.files.values().all(|file| file.problems.is_empty())
    }

    /// Records that can be read.
    pub fn records(&self) -> u64 {
        self.files.values().map(|file| file.records).sum()
    }
}

/// Looks through every file of the journal in `folder` and changes nothing.
///
/// # Errors
/// When the folder cannot be listed.
pub fn fsck(folder: &Path) -> io::Result<FsckReport> {
    fsck_on(&RealFiles, folder)
}

/// Mends what [`fsck`] finds: torn ends go, damage is covered by fillers, both are copied to the quarantine first.
///
/// # Errors
/// When another process has the journal open, or the system refuses.
pub fn repair(folder: &Path) -> Result<Vec<Damage>, OpenError> {
    repair_on(&RealFiles, folder)
}

/// As [`fsck`], on files of any kind.
///
/// # Errors
/// As [`fsck`].
pub fn fsck_on(files: &dyn Files, folder: &Path) -> io::Result<FsckReport> {
    // Only a journal that was opened before has a lock; looking must not leave one behind.
    let has_lock = files.list(folder)?.iter().any(|name| name == "lock");
    let lock = has_lock.then(|| files.lock(folder));
    let is_in_use = matches!(&lock, Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock);
    look_through(files, folder, is_in_use)
}

fn look_through(files: &dyn Files, folder: &Path, is_in_use: bool) -> io::Result<FsckReport> {
    let names = files.list(folder)?;
    let mut report = FsckReport { is_in_use, ..FsckReport::default() };
    let last = names.iter().rev().find(|name| segment::base_of(name).is_some());
    let mut end_before = None;
    for name in &names {
        let path = folder.join(name);
        let file = match segment::base_of(name) {
            Some(base) => {
                let in_motion = is_in_use && Some(name) == last;
                check_segment(files, &path, base, (&mut end_before, in_motion))
            }
            None if name.starts_with("marks-") && !name.ends_with(".tmp") => check_marks(files, &path),
            None => continue,
        };
        report.files.insert(name.clone(), file);
    }
    Ok(report)
}

fn check_marks(files: &dyn Files, path: &Path) -> FileReport {
    let mut report = FileReport { is_closed: true, ..FileReport::default() };
    match files.open_to_read(path).and_then(|file| read_all(&*file, u64::MAX)) {
        Ok(bytes) if Marks::decode(&bytes).is_some() => {}
        Ok(_) => report.problems.push("the marks are damaged".into()),
        Err(error) => report.problems.push(format!("cannot be read: {error}")),
    }
    report
}

fn check_segment(files: &dyn Files, path: &Path, base: u64, chain: (&mut Option<u64>, bool)) -> FileReport {
    let (end_before, in_motion) = chain;
    let mut report = FileReport::default();
    let bytes = match files.open_to_read(path).and_then(|file| read_all(&*file, FILE_BYTES_MAX)) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.problems.push(format!("cannot be read: {error}"));
            return report;
        }
    };
    let scan = segment::scan(&bytes, base);
    report.is_closed = scan.foot.is_some();
    if !scan.head_is_good {
        report.problems.push("byte 0: the header is damaged".into());
    } else if let Some(before) = end_before.filter(|before| *before != scan.previous_end) {
        report.problems.push(format!("offsets {before} to {} are missing before it", scan.previous_end));
    }
    for hole in &scan.holes {
        report.problems.push(format!("byte {}: {} bytes are damaged", hole.start, hole.end - hole.start));
    }
    let torn = bytes.len() as u64 - scan.end_position.min(bytes.len() as u64);
    if !report.is_closed && torn > 0 && bytes.len() as u64 > HEAD_BYTES {
        let text = format!("byte {}: {torn} bytes are a torn end", scan.end_position);
        if in_motion { &mut report.remarks } else { &mut report.problems }.push(text);
    }
    let mut expected = base;
    for block in &scan.blocks {
        if block.is_filler() {
            let lost = block.base.saturating_sub(expected);
            report.remarks.push(format!("byte {}: {lost} offsets were lost here and mended", block.position));
        } else {
            let start = block.position as usize;
            let rest = &bytes[start + HEADER_BYTES..start + block.total_bytes() as usize];
            let whole = block.check(rest).and_then(|(index, bodies)| Block::decode(block, index, bodies, 0));
            match whole {
                Some(whole) => report.records += whole.len() as u64,
                None => report.problems.push(format!("byte {}: the block cannot be unpacked", block.position)),
            }
        }
        expected = block.end();
    }
    let end = scan.end(base);
    report.offsets = Some((Offset(base), Offset(end)));
    *end_before = Some(end);
    report
}

/// As [`repair`], on files of any kind.
///
/// # Errors
/// As [`repair`].
pub fn repair_on(files: &dyn Files, folder: &Path) -> Result<Vec<Damage>, OpenError> {
    let io_error = |source| OpenError::Io { folder: folder.into(), source };
    let _lock = files.lock(folder).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse { folder: folder.into() },
        _ => io_error(source),
    })?;
    let report = look_through(files, folder, false).map_err(io_error)?;
    let mut place = Place { files, folder, damages: Vec::new() };
    for (name, _) in report.files.iter().filter(|(_, file)| !file.problems.is_empty()) {
        match segment::base_of(name) {
            Some(base) => {
                place.mend(name, base).map_err(io_error)?;
            }
            None => {
                place.quarantine_file(name, "the marks are damaged; removed");
                files.remove(&folder.join(name)).map_err(io_error)?;
            }
        }
    }
    Ok(place.damages)
}
