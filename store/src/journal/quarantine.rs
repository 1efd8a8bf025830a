//! Where damaged bytes are kept for whoever wants to look at them.
//!
//! `NAME-POSITION.bin` holds the bytes and `NAME-POSITION.txt` says where they come from. What is there already is not
//! written again, so that damage which every reader meets is kept once.

use std::io;
use std::path::{Path, PathBuf};

use model::limits;

use super::files::{File, Files, read_full, write_whole};

/// The folder inside the journal's.
const FOLDER: &str = "quarantine";
/// Bytes copied at once.
const COPY_BYTES: u64 = 4 * 1024 * 1024;

pub(super) struct Quarantine<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) folder: &'a Path,
}

impl Quarantine<'_> {
    fn path(&self) -> PathBuf {
        self.folder.join(FOLDER)
    }

    /// Copies `from..upto` of `file` and writes down why. `Ok(false)`: the quarantine is full.
    pub(super) fn keep(&self, name: &str, file: &dyn File, range: std::ops::Range<u64>, why: &str) -> io::Result<bool> {
        let folder = self.path();
        self.files.make_folder(&folder)?;
        let stem = format!("{name}-{}", range.start);
        let names = self.files.list(&folder)?;
        if names.contains(&format!("{stem}.txt")) {
            return Ok(true);
        }
        let mut held = 0;
        for name in names.iter().filter(|name| name.ends_with(".bin")) {
            held += self.files.open_to_read(&folder.join(name))?.len()?;
        }
        if held + (range.end - range.start) > limits::JOURNAL_QUARANTINE_BYTES_MAX {
            return Ok(false);
        }
        let copy = self.files.create(&folder.join(format!("{stem}.bin")))?;
        let mut at = range.start;
        while at < range.end {
            let mut bytes = vec![0; COPY_BYTES.min(range.end - at) as usize];
            let read = read_full(file, &mut bytes, at)?;
            if read == 0 {
                break;
            }
            copy.write_at(&bytes[..read], at - range.start)?;
            at += read as u64;
        }
        copy.sync()?;
        let text = format!("file: {name}\nfrom byte: {}\nto byte: {}\nwhy: {why}\n", range.start, range.end);
        write_whole(self.files, &folder, &format!("{stem}.txt"), text.as_bytes())?;
        Ok(true)
    }
}
