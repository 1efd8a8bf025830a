//! The few file operations that the journal needs, as a trait, so that every one of them can be made to fail.

mod real;
mod sim;

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use real::RealFiles;
pub use sim::{Fault, Op, SimDisk};

/// An open file. Reads and writes name their position, so that one handle serves several readers.
pub trait File: Send + Sync + Debug {
    /// Reads up to `buffer.len()` bytes at `position`; 0 at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `position`. A failure may leave a part written.
    ///
    /// # Errors
    /// What the system says.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Makes everything written so far durable (`fdatasync`).
    ///
    /// # Errors
    /// What the system says. After one, nothing is known about what was written since the last success.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file to `bytes`, or fills it up with zeros.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Takes real blocks on the disk for the first `bytes`.
    ///
    /// # Errors
    /// What the system says; `StorageFull` when they are not there.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Its length.
    ///
    /// # Errors
    /// What the system says.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    ///
    /// # Errors
    /// What the system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A file system, or one that lies on demand ([`SimDisk`]).
pub trait Files: Send + Sync + Debug {
    /// Makes an empty file, or empties the one that is there.
    ///
    /// # Errors
    /// What the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Opens a file for reading only.
    ///
    /// # Errors
    /// What the system says.
    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Names of the files in a folder, sorted.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder and those above it, if absent.
    ///
    /// # Errors
    /// What the system says.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Bytes that an ordinary program may still write here.
    ///
    /// # Errors
    /// What the system says.
    fn free_bytes(&self, folder: &Path) -> io::Result<u64>;
    /// Takes the folder for this process alone, until the guard goes.
    ///
    /// # Errors
    /// `WouldBlock` when another holds it.
    fn lock(&self, folder: &Path) -> io::Result<Box<dyn Any + Send + Sync>>;
}

/// Reads a whole file, at most `bytes_max` of it.
pub(super) fn read_all(file: &dyn File, bytes_max: u64) -> io::Result<Vec<u8>> {
    let length = file.len()?.min(bytes_max);
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let read = read_full(file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Fills `buffer` from `position` on, as far as the file goes; says how far.
pub(super) fn read_full(file: &dyn File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], position + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Writes a small file so that it is there whole or not at all, and stays.
pub(super) fn write_whole(files: &dyn Files, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!("{name}.tmp"));
    let written = files.create(&draft).and_then(|file| {
        file.write_at(bytes, 0)?;
        file.sync()
    });
    let renamed = written.and_then(|()| files.rename(&draft, &folder.join(name)));
    if renamed.is_err() {
        // A draft that cannot be removed now is removed by the next start.
        let _ = files.remove(&draft);
    }
    renamed?;
    files.sync_folder(folder)
}

/// Whether an error means that the disk, or this user's share of it, is full.
pub(super) fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
