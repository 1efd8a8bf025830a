//! The file of a ledger's key: three lines, for nobody but the owner.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::note::{LedgerKey, NoteError};

/// The first line.
const MARK: &str = "watchbell ledger key 1";
/// No key file is longer.
const BYTES_MAX: u64 = 4_096;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The system refuses.
    #[error("the ledger's key {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is none of a key.
    #[error("{} is no key of a ledger", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
    },
    /// The key cannot be used.
    #[error("the ledger's key {}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: NoteError,
    },
}

impl LedgerKey {
    /// Reads the key in that file, and makes one when there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or made, or is none of a key.
    pub fn open_or_make(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source: io::Error| KeyFileError::Io { path: path.to_owned(), source };
        match fs::File::open(path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
                read(path, &text)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = make().map_err(failed)?;
                let key = read(path, &text)?;
                let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                match file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
                    Ok(()) => Ok(key),
                    // Another program was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open_or_make(path),
                    Err(error) => Err(failed(error)),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn make() -> io::Result<String> {
    let (mut name, mut seed) = ([0; 8], [0; 32]);
    let filled = aws_lc_rs::rand::fill(&mut name).and_then(|()| aws_lc_rs::rand::fill(&mut seed));
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let name = u64::from_be_bytes(name);
    Ok(format!("{MARK}\nwatchbell.local/{name:016x}\n{}\n", BASE64.encode(seed)))
}

fn read(path: &Path, text: &str) -> Result<LedgerKey, KeyFileError> {
    let form = || KeyFileError::Form { path: path.to_owned() };
    let mut lines = text.lines();
    let (Some(MARK), Some(name), Some(seed)) = (lines.next(), lines.next(), lines.next()) else { return Err(form()) };
    let seed = BASE64.decode(seed).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok()).ok_or_else(form)?;
    LedgerKey::from_seed(name, &seed).map_err(|source| KeyFileError::Key { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.key");
        let made = LedgerKey::open_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(LedgerKey::open_or_make(&path).unwrap().verifier(), made.verifier());
        for text in [
            "",
            "something else",
            &format!("{MARK}\nname\nAAAA\n"),
            &format!("{MARK}\na b\n{}\n", "A".repeat(43) + "="),
        ] {
            fs::write(&path, text).unwrap();
            assert!(LedgerKey::open_or_make(&path).is_err(), "{text:?}");
        }
    }
}
