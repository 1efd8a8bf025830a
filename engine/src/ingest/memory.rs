//! What correlations and patterns of several events remember, on disk, with the offset up to which it holds.
//!
//! One file, replaced as a whole. It may be lost or damaged without harm beyond forgetting: correlations then begin anew,
//! and whoever starts the watch is told.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use detect::sigma::CorrelationState;
use intel::pattern::PatternMemory;
use serde::{Deserialize, Serialize};
use store::journal::Offset;

/// Longest file that is read again. A snapshot is bounded by the correlations' own limits; this is what a damaged file may cost.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A snapshot file.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
}

/// What is remembered.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) correlations: CorrelationState,
    pub(super) patterns: PatternMemory,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    upto: u64,
    /// BLAKE3 over the state's text, in hexadecimal digits.
    hash: String,
    state: String,
}

impl Memory {
    pub(super) fn at(path: &Path) -> Self {
        Memory { path: path.to_owned() }
    }

    /// There is a file.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The state and the first offset that is not in it; `None` when there is no file.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub(super) fn read(&self) -> Result<Option<(Offset, Remembered)>, String> {
        let bytes = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
            Ok(meta) if meta.len() > BYTES_MAX => return Err(format!("larger than {BYTES_MAX} bytes")),
            Ok(_) => fs::read(&self.path).map_err(|error| error.to_string())?,
        };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if blake3::hash(kept.state.as_bytes()).to_hex().as_str() != kept.hash {
            return Err("the checksum is wrong".to_owned());
        }
        let state = serde_json::from_str(&kept.state).map_err(|error| error.to_string())?;
        Ok(Some((Offset(kept.upto), state)))
    }

    /// Replaces the file; the old one stands until the new one is durable.
    pub(super) fn write(&self, upto: Offset, state: &Remembered) -> io::Result<()> {
        let state = serde_json::to_string(state).map_err(io::Error::other)?;
        let hash = blake3::hash(state.as_bytes()).to_hex().to_string();
        let bytes = serde_json::to_vec(&Kept { upto: upto.0, hash, state }).map_err(io::Error::other)?;
        let draft = self.path.with_extension("tmp");
        let mut file = File::create(&draft)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        fs::rename(&draft, &self.path)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::at(&folder.path().join("correlations.json"));
        assert!(memory.read().unwrap().is_none());
        memory.write(Offset(7), &Remembered::default()).unwrap();
        assert_eq!(memory.read().unwrap().map(|(upto, _)| upto), Some(Offset(7)));
        let mut bytes = fs::read(&memory.path).unwrap();
        let at = bytes.windows(6).position(|text| text == b"groups").unwrap();
        bytes[at] ^= 1;
        fs::write(&memory.path, &bytes).unwrap();
        assert!(memory.read().is_err());
        fs::write(&memory.path, b"").unwrap();
        assert!(memory.read().is_err());
    }
}
