//! A disk that lies on demand, for tests: what is not synced can be lost, any operation can fail, the space can end.
//!
//! Each file has the bytes that a program sees (the cache) and those that survive a power cut. A power cut keeps any subset
//! of the sectors written since the last sync, and for every name in a folder any beginning of what was done to it since the
//! folder's sync. A sync that fails drops what it should have written and calls the rest clean, as Linux does: the cache
//! goes on showing it. The same seed loses the same sectors.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{File, Files};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// An operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Any of the others.
    Any,
    /// Writing bytes.
    Write,
    /// Making bytes durable.
    Sync,
    /// Cutting or reserving.
    SetLen,
    /// Making a file.
    Create,
    /// Renaming a file.
    Rename,
    /// Removing a file.
    Remove,
    /// Making names durable.
    SyncFolder,
}

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails with this error; a write has written its first half.
    Error(ErrorKind),
    /// The power goes: this operation and all after it fail until [`SimDisk::restart`] or [`SimDisk::power_cut`].
    Stop,
}

/// The lying disk. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    names: BTreeMap<PathBuf, usize>,
    kept_names: BTreeMap<PathBuf, usize>,
    name_changes: Vec<(PathBuf, Option<usize>)>,
    inodes: Vec<Inode>,
    counts: BTreeMap<Op, u64>,
    faults: Vec<(Op, u64, Fault)>,
    stopped: bool,
    locked: bool,
    age: u64,
    capacity: Option<u64>,
}

#[derive(Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    kept: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    inode: usize,
    age: u64,
}

struct Lock(SimDisk, u64);

impl Drop for Lock {
    fn drop(&mut self) {
        let mut disk = self.0.disk();
        if disk.age == self.1 {
            disk.locked = false;
        }
    }
}

impl SimDisk {
    /// An empty disk without limits or faults.
    pub fn new() -> Self {
        Self::default()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the `nth` operation of this kind from now on (from 1) go wrong.
    pub fn plan(&self, op: Op, nth: u64, fault: Fault) {
        let mut disk = self.disk();
        let at = disk.counts.get(&op).copied().unwrap_or(0) + nth;
        disk.faults.push((op, at, fault));
    }

    /// How often this kind of operation was asked for.
    pub fn count(&self, op: Op) -> u64 {
        self.disk().counts.get(&op).copied().unwrap_or(0)
    }

    /// Limits the disk to `bytes` in all files together; `None` lifts the limit.
    pub fn limit(&self, bytes: Option<u64>) {
        self.disk().capacity = bytes;
    }

    /// Bytes in all files together.
    pub fn used(&self) -> u64 {
        self.disk().used()
    }

    /// The process dies and comes back: open files and the lock are gone, the cache is not.
    pub fn restart(&self) {
        let mut disk = self.disk();
        disk.stopped = false;
        disk.locked = false;
        disk.faults.clear();
        disk.age += 1;
    }

    /// The power goes and comes back. `seed` decides what of the unsynced changes survives.
    pub fn power_cut(&self, seed: u64) {
        self.restart();
        self.disk().power_cut(&mut Dice(seed));
    }

    /// Changes a file's bytes behind everybody's back, in cache and on disk: bit rot.
    pub fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        let Some(&inode) = disk.names.get(path) else { return };
        let inode = &mut disk.inodes[inode];
        change(&mut inode.cache);
        inode.kept = inode.cache.clone();
        inode.changes.clear();
    }
}

/// A small generator (splitmix64, Steele et al. 2014): the same seed, the same cut.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn is_below(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }
}

impl Disk {
    fn used(&self) -> u64 {
        self.names.values().map(|&inode| self.inodes[inode].cache.len() as u64).sum()
    }

    /// Counts an operation; says what goes wrong with it.
    fn begin(&mut self, op: Op) -> Result<(), Fault> {
        if self.stopped {
            return Err(Fault::Stop);
        }
        let mut hit = None;
        for kind in [op, Op::Any] {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            let count = *count;
            hit = hit.or(self.faults.iter().find(|fault| fault.0 == kind && fault.1 == count).map(|fault| fault.2));
        }
        match hit {
            None => Ok(()),
            Some(fault) => {
                self.stopped = fault == Fault::Stop;
                Err(fault)
            }
        }
    }

    fn power_cut(&mut self, dice: &mut Dice) {
        // All, none, or some share of what was not synced.
        let percent = [0, 20, 50, 80, 100][(dice.roll() % 5) as usize];
        for inode in &mut self.inodes {
            for change in std::mem::take(&mut inode.changes) {
                match change {
                    Change::Length(length) if dice.is_below(percent) => inode.kept.resize(length, 0),
                    Change::Length(_) => {}
                    Change::Bytes(position, bytes) => {
                        keep_sectors(&mut inode.kept, position, &bytes, |_| dice.is_below(percent))
                    }
                }
            }
            inode.cache = inode.kept.clone();
        }
        let mut stopped: Vec<PathBuf> = Vec::new();
        for (path, inode) in std::mem::take(&mut self.name_changes) {
            if stopped.contains(&path) {
                continue;
            }
            if !dice.is_below(percent) {
                stopped.push(path);
                continue;
            }
            match inode {
                Some(inode) => self.kept_names.insert(path, inode),
                None => self.kept_names.remove(&path),
            };
        }
        self.names = self.kept_names.clone();
    }
}

/// Writes those sectors of `bytes` that `is_kept` chooses.
fn keep_sectors(kept: &mut Vec<u8>, position: usize, bytes: &[u8], mut is_kept: impl FnMut(usize) -> bool) {
    let mut at = 0;
    while at < bytes.len() {
        let sector = (position + at) / SECTOR;
        let upto = ((sector + 1) * SECTOR - position).min(bytes.len());
        if is_kept(sector) {
            let end = position + upto;
            if kept.len() < end {
                kept.resize(end, 0);
            }
            kept[position + at..end].copy_from_slice(&bytes[at..upto]);
        }
        at = upto;
    }
}

fn stopped() -> io::Error {
    io::Error::other("the power is off")
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Stop => stopped(),
            Fault::Error(kind) => kind.into(),
        }
    }
}

impl SimFile {
    fn with<T>(&self, act: impl FnOnce(&mut Disk, usize) -> io::Result<T>) -> io::Result<T> {
        let mut disk = self.disk.disk();
        if disk.stopped || disk.age != self.age {
            return Err(stopped());
        }
        act(&mut disk, self.inode)
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.with(|disk, inode| {
            let cache = &disk.inodes[inode].cache;
            let from = cache.len().min(position as usize);
            let read = buffer.len().min(cache.len() - from);
            buffer[..read].copy_from_slice(&cache[from..from + read]);
            Ok(read)
        })
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.with(|disk, inode| {
            let position = position as usize;
            let grows = (position + bytes.len()).saturating_sub(disk.inodes[inode].cache.len()) as u64;
            let room = disk.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(disk.used()));
            let mut result = disk.begin(Op::Write).map_err(io::Error::from);
            if result.is_ok() && grows > room {
                result = Err(ErrorKind::StorageFull.into());
            }
            let written = if result.is_ok() { bytes.len() } else { (bytes.len() / 2).min(room as usize) };
            let inode = &mut disk.inodes[inode];
            let end = position + written;
            if inode.cache.len() < end {
                inode.cache.resize(end, 0);
            }
            inode.cache[position..end].copy_from_slice(&bytes[..written]);
            inode.changes.push(Change::Bytes(position, bytes[..written].to_vec()));
            result
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|disk, inode| {
            let begun = disk.begin(Op::Sync);
            let inode = &mut disk.inodes[inode];
            match begun {
                Ok(()) => {
                    for change in std::mem::take(&mut inode.changes) {
                        match change {
                            Change::Length(length) => inode.kept.resize(length, 0),
                            Change::Bytes(position, bytes) => keep_sectors(&mut inode.kept, position, &bytes, |_| true),
                        }
                    }
                    Ok(())
                }
                Err(fault) => {
                    if fault != Fault::Stop {
                        inode.changes.clear();
                    }
                    Err(fault.into())
                }
            }
        })
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.with(|disk, inode| {
            disk.begin(Op::SetLen)?;
            let inode = &mut disk.inodes[inode];
            inode.cache.resize(bytes as usize, 0);
            inode.changes.push(Change::Length(bytes as usize));
            Ok(())
        })
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let room = {
            let disk = self.disk.disk();
            disk.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(disk.used()))
        };
        if bytes.saturating_sub(self.len()?) > room {
            return Err(ErrorKind::StorageFull.into());
        }
        self.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|disk, inode| Ok(disk.inodes[inode].cache.len() as u64))
    }
}

impl SimDisk {
    fn handle(&self, inode: usize, age: u64) -> Arc<dyn File> {
        Arc::new(SimFile { disk: self.clone(), inode, age })
    }
}

impl Files for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut disk = self.disk();
        disk.begin(Op::Create)?;
        if let Some(&inode) = disk.names.get(path) {
            disk.inodes[inode].cache.clear();
            disk.inodes[inode].changes.push(Change::Length(0));
            return Ok(self.handle(inode, disk.age));
        }
        let inode = disk.inodes.len();
        disk.inodes.push(Inode::default());
        disk.names.insert(path.into(), inode);
        disk.name_changes.push((path.into(), Some(inode)));
        Ok(self.handle(inode, disk.age))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let disk = self.disk();
        if disk.stopped {
            return Err(stopped());
        }
        let inode = disk.names.get(path).copied().ok_or(ErrorKind::NotFound)?;
        Ok(self.handle(inode, disk.age))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.open(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        let inside = disk.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(Op::Rename)?;
        let inode = disk.names.remove(from).ok_or(ErrorKind::NotFound)?;
        disk.names.insert(to.into(), inode);
        disk.name_changes.push((to.into(), Some(inode)));
        disk.name_changes.push((from.into(), None));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(Op::Remove)?;
        disk.names.remove(path).ok_or(ErrorKind::NotFound)?;
        disk.name_changes.push((path.into(), None));
        Ok(())
    }

    fn make_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin(Op::SyncFolder)?;
        let (now, later) =
            std::mem::take(&mut disk.name_changes).into_iter().partition(|(name, _)| name.parent() == Some(path));
        disk.name_changes = later;
        let now: Vec<(PathBuf, Option<usize>)> = now;
        for (name, inode) in now {
            match inode {
                Some(inode) => disk.kept_names.insert(name, inode),
                None => disk.kept_names.remove(&name),
            };
        }
        Ok(())
    }

    fn free_bytes(&self, _folder: &Path) -> io::Result<u64> {
        let disk = self.disk();
        Ok(disk.capacity.map_or(u64::MAX / 2, |capacity| capacity.saturating_sub(disk.used())))
    }

    fn lock(&self, _folder: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        let mut disk = self.disk();
        if std::mem::replace(&mut disk.locked, true) {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Lock(self.clone(), disk.age)))
    }
}
