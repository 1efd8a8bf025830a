//! The master keys: a file of lines, a name and a key on each, the newest last.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::VaultError;
use super::sealed::{PersonKey, SealError, open, seal};

/// The first line.
const MARK: &str = "watchbell master keys 1";
/// No file of master keys is longer.
const BYTES_MAX: u64 = 64 * 1024;

/// Why the master keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The system refuses.
    #[error("the file of master keys {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is none of master keys.
    #[error("{} holds no master keys", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
    },
}

fn failed(path: &Path) -> impl Fn(io::Error) -> MasterKeyError + '_ {
    |source| MasterKeyError::Io { path: path.to_owned(), source }
}

/// Oldest first, never none.
pub(super) struct MasterKeys(Vec<(String, [u8; 32])>);

impl MasterKeys {
    pub(super) fn open_or_make(path: &Path) -> Result<Self, MasterKeyError> {
        match fs::File::open(path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(BYTES_MAX).read_to_string(&mut text).map_err(failed(path))?;
                MasterKeys::read(&text).ok_or_else(|| MasterKeyError::Form { path: path.to_owned() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut keys = MasterKeys(Vec::new());
                keys.add(path)?;
                Ok(keys)
            }
            Err(error) => Err(failed(path)(error)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(MARK) {
            return None;
        }
        let read = |line: &str| {
            let (name, key) = line.split_once(' ')?;
            Some((name.to_owned(), BASE64.decode(key).ok()?.try_into().ok()?))
        };
        let keys: Vec<_> = lines.map(read).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(MasterKeys(keys))
    }

    fn write(&self, path: &Path) -> Result<(), MasterKeyError> {
        let lines = self.0.iter().map(|(name, key)| format!("{name} {}\n", BASE64.encode(key)));
        let text: String = std::iter::once(format!("{MARK}\n")).chain(lines).collect();
        let beside = path.with_extension("new");
        let written = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            fs::File::open(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
                .sync_all()
        };
        written().map_err(failed(path))
    }

    /// Adds a new one, in the file too.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), MasterKeyError> {
        let (mut name, mut key) = ([0; 4], [0; 32]);
        let filled = aws_lc_rs::rand::fill(&mut name).and_then(|()| aws_lc_rs::rand::fill(&mut key));
        filled.map_err(|_| failed(path)(io::Error::other("the system gives no random numbers")))?;
        self.0.push((format!("{:08x}", u32::from_be_bytes(name)), key));
        self.write(path)
    }

    /// Keeps the newest only.
    pub(super) fn forget_others(&mut self, path: &Path) -> Result<(), MasterKeyError> {
        let newest = self.0.len().saturating_sub(1);
        self.0.drain(..newest);
        self.write(path)
    }

    pub(super) fn newest(&self) -> &str {
        self.0.last().map_or("", |(name, _)| name)
    }

    pub(super) fn wrap(&self, whose: (&str, &str), key: &PersonKey) -> Result<(String, Vec<u8>), SealError> {
        let (name, master) = self.0.last().ok_or(SealError)?;
        Ok((name.clone(), seal(master, &about(whose), key.bytes())?))
    }

    pub(super) fn unwrap(&self, name: &str, whose: (&str, &str), wrapped: &[u8]) -> Result<PersonKey, VaultError> {
        let master = self.0.iter().find(|(known, _)| known == name);
        let (_, master) = master.ok_or_else(|| VaultError::NoMaster(name.to_owned()))?;
        Ok(PersonKey::from_bytes(&open(master, &about(whose), wrapped)?)?)
    }
}

/// A wrapped key says whose it is, so that nobody is given another's.
fn about((agency, person): (&str, &str)) -> Vec<u8> {
    format!("{agency}\n{person}").into_bytes()
}
