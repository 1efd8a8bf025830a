//! The files behind the database: tiles of hashes, the newest checkpoint, and the checkpoints that there were: all of the newer ones, some of the older.
//!
//! ```text
//! checkpoint             the newest, signed
//! checkpoints            of those that there were, oldest first, an empty line behind each
//! tile/0/000             256 hashes of entries; tile/0/001.p/17 the 17 that the next one has so far
//! tile/1/000.p/1         hashes over whole tiles of the level below
//! ```
//!
//! A checkpoint is written when all tiles below it are on the disk, and old part-filled tiles go when it is: a crash in between
//! leaves the older checkpoint with everything that it needs.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use model::limits;

use super::note::{Checkpoint, LedgerKey, NoteError, VerifierKey};
use super::tile::{TILE_HASHES, tile_path};
use super::tree::{Frontier, Hash, root_of};

/// Why the files cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerFilesError {
    /// The system refuses.
    #[error("the ledger's file {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A checkpoint is not what was written.
    #[error("the ledger's file {}", path.display())]
    Note {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: NoteError,
    },
    /// A tile is not what was written.
    #[error("the ledger's file {}: {bytes} bytes are no {width} hashes", path.display())]
    Tile {
        /// Which.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// The hashes that it should have.
        width: usize,
    },
    /// The tree in the files is not the one that the database has.
    #[error(
        "the ledger's files and the database disagree at entry {at}; nothing is signed. hint: `watchbell audit verify`"
    )]
    Disagree {
        /// Up to where the files go.
        at: u64,
    },
}

/// The folder of a ledger's files.
#[derive(Clone, Debug)]
pub struct LedgerFiles {
    folder: PathBuf,
}

/// While it is there, nobody else publishes into the folder.
#[derive(Debug)]
pub struct LedgerLock {
    _file: fs::File,
}

/// What the files hold up to the newest checkpoint, ready to grow.
#[derive(Debug)]
struct Edge {
    frontier: Frontier,
    /// For each level the hashes of the tile that is not whole.
    open: Vec<Vec<Hash>>,
}

impl LedgerFiles {
    /// The files in that folder, which is made when something is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        LedgerFiles { folder: folder.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Keeps others from publishing; `None` when somebody else is at it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lock(&self) -> Result<Option<LedgerLock>, LedgerFilesError> {
        make_folder(&self.folder)?;
        let path = self.path("lock");
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(LedgerLock { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(failed(&path)(source)),
        }
    }

    /// The newest checkpoint as it was signed, for keeping elsewhere.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn note(&self) -> Result<Option<String>, LedgerFilesError> {
        let note = read(&self.path("checkpoint"))?;
        Ok(note.map(|note| String::from_utf8_lossy(&note).into_owned()))
    }

    /// The newest checkpoint, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or was not signed by this key.
    pub fn checkpoint(&self, key: &VerifierKey) -> Result<Option<Checkpoint>, LedgerFilesError> {
        let path = self.path("checkpoint");
        let Some(note) = read(&path)? else { return Ok(None) };
        open_note(key, &path, &note).map(Some)
    }

    /// All checkpoints, oldest first.
    ///
    /// # Errors
    /// As [`LedgerFiles::checkpoint`].
    pub fn checkpoints(&self, key: &VerifierKey) -> Result<Vec<Checkpoint>, LedgerFilesError> {
        let path = self.path("checkpoints");
        let Some(text) = read(&path)? else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(&text);
        // Text, empty line, signature, empty line. What a crash cut off at the end was never shown to anybody.
        let parts: Vec<&str> = text.split("\n\n").collect();
        let whole = parts.as_chunks::<2>().0.iter();
        whole.map(|[text, signatures]| open_note(key, &path, format!("{text}\n\n{signatures}\n").as_bytes())).collect()
    }

    /// The hashes of the entries in the tile with that number, of which there are `width`.
    ///
    /// # Errors
    /// When the tile cannot be read or is not of that length.
    pub fn tile(&self, level: usize, number: u64, width: usize) -> Result<Vec<Hash>, LedgerFilesError> {
        let path = self.path(&tile_path(level, number, width));
        let missing = || LedgerFilesError::Io { path: path.clone(), source: io::ErrorKind::NotFound.into() };
        let bytes = read(&path)?.ok_or_else(missing)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() != width {
            return Err(LedgerFilesError::Tile { path, bytes: bytes.len(), width });
        }
        Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
    }

    /// The tree's right edge as the files have it at that size.
    fn edge(&self, size: u64) -> Result<Edge, LedgerFilesError> {
        let mut open = Vec::new();
        let mut hashes = size;
        while hashes > 0 {
            let width = (hashes % TILE_HASHES as u64) as usize;
            let number = hashes / TILE_HASHES as u64;
            open.push(if width == 0 { Vec::new() } else { self.tile(open.len(), number, width)? });
            hashes = number;
        }
        // Highest level first: each hash in an open tile stands for a whole subtree.
        let mut peaks = Vec::new();
        for level in open.iter().rev() {
            let mut part = Frontier::default();
            level.iter().for_each(|hash| part.push(*hash));
            peaks.extend(part.to_bytes());
        }
        match Frontier::from_bytes(size, &peaks) {
            Some(frontier) => Ok(Edge { frontier, open }),
            None => Err(LedgerFilesError::Disagree { at: size }),
        }
    }

    /// Adds the hashes of entries behind the newest checkpoint and signs a new one, if they lead to `head`, the database's own
    /// edge. Nothing is written when there is nothing new. Whoever calls it holds the lock.
    ///
    /// # Errors
    /// When files cannot be read or written, or do not fit to the database: then nothing is signed.
    pub fn publish(&self, key: &LedgerKey, new: &[Hash], head: &Frontier) -> Result<(), LedgerFilesError> {
        let old = self.checkpoint(key.verifier())?;
        let size = old.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let mut edge = self.edge(size)?;
        let fits = old.as_ref().is_none_or(|checkpoint| checkpoint.root == edge.frontier.root());
        let mut grown = edge.frontier.clone();
        new.iter().for_each(|hash| grown.push(*hash));
        if !fits || grown != *head {
            return Err(LedgerFilesError::Disagree { at: size });
        }
        if new.is_empty() && old.is_some() {
            return Ok(());
        }
        let before: Vec<PathBuf> = self.open_tiles(size).collect();
        for hash in new {
            self.grow(&mut edge, *hash)?;
        }
        let size = grown.size();
        for (level, hashes) in edge.open.iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()) {
            let number = (size >> (8 * level)) / TILE_HASHES as u64;
            self.write_tile(level, number, hashes)?;
        }
        let note = key.sign(size, grown.root());
        self.remember(&note)?;
        self.write("checkpoint", note.as_bytes())?;
        let after: Vec<PathBuf> = self.open_tiles(size).collect();
        for path in before.iter().filter(|path| !after.contains(path)) {
            // Left behind, it does no harm.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    /// The part-filled tiles of a tree of that size.
    fn open_tiles(&self, size: u64) -> impl Iterator<Item = PathBuf> + '_ {
        let levels = (0..).take_while(move |level| size >> (8 * level) > 0);
        levels.filter_map(move |level| {
            let hashes = size >> (8 * level);
            let width = (hashes % TILE_HASHES as u64) as usize;
            (width > 0).then(|| self.path(&tile_path(level, hashes / TILE_HASHES as u64, width)))
        })
    }

    fn grow(&self, edge: &mut Edge, hash: Hash) -> Result<(), LedgerFilesError> {
        edge.frontier.push(hash);
        let size = edge.frontier.size();
        let mut node = hash;
        for level in 0.. {
            if edge.open.len() == level {
                edge.open.push(Vec::new());
            }
            edge.open[level].push(node);
            if edge.open[level].len() < TILE_HASHES {
                break;
            }
            let whole = std::mem::take(&mut edge.open[level]);
            let number = (size >> (8 * level)) / TILE_HASHES as u64 - 1;
            self.write_tile(level, number, &whole)?;
            node = root_of(&whole);
        }
        Ok(())
    }

    fn write_tile(&self, level: usize, number: u64, hashes: &[Hash]) -> Result<(), LedgerFilesError> {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        self.write(&tile_path(level, number, hashes.len()), &bytes)
    }

    /// Writes a file beside its place, makes it durable and puts it there.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerFilesError> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.folder);
        make_folder(folder)?;
        let beside = path.with_extension("new");
        let written = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            fs::File::open(folder)?.sync_all()
        };
        written().map_err(failed(&path))
    }

    /// Adds a note to the list of all.
    fn remember(&self, note: &str) -> Result<(), LedgerFilesError> {
        let path = self.path("checkpoints");
        make_folder(&self.folder)?;
        let written = || -> io::Result<u64> {
            let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
            file.write_all(format!("{note}\n").as_bytes())?;
            file.sync_all()?;
            Ok(file.metadata()?.len())
        };
        match written().map_err(failed(&path))? {
            ..=limits::LEDGER_CHECKPOINTS_BYTES_MAX => Ok(()),
            _ => self.thin(&path),
        }
    }

    /// Makes the list shorter: the newer half stays, and of the older half one of many. The newest one speaks of the whole tree
    /// anyway; older ones say since when something has been changed.
    fn thin(&self, path: &Path) -> Result<(), LedgerFilesError> {
        let Some(text) = read(path)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&text);
        let parts: Vec<&str> = text.split("\n\n").collect();
        let (notes, _) = parts.as_chunks::<2>();
        let older = notes.len() / 2;
        let stays = |at: usize| at >= older || at.is_multiple_of(THINNED_TO);
        let kept = notes.iter().enumerate().filter(|(at, _)| stays(*at));
        let kept: String = kept.map(|(_, [text, signatures])| format!("{text}\n\n{signatures}\n\n")).collect();
        self.write("checkpoints", kept.as_bytes())
    }
}

/// Of so many older checkpoints one is kept.
const THINNED_TO: usize = 16;

fn open_note(key: &VerifierKey, path: &Path, note: &[u8]) -> Result<Checkpoint, LedgerFilesError> {
    let opened =
        std::str::from_utf8(note).map_err(|_| NoteError::Form("it is no text")).and_then(|note| key.open(note));
    opened.map_err(|source| LedgerFilesError::Note { path: path.to_owned(), source })
}

fn failed(path: &Path) -> impl Fn(io::Error) -> LedgerFilesError + '_ {
    |source| LedgerFilesError::Io { path: path.to_owned(), source }
}

/// The file's bytes; `None` when there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, LedgerFilesError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

fn make_folder(folder: &Path) -> Result<(), LedgerFilesError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tree::leaf_hash;
    use super::*;

    fn hashes(upto: u64) -> Vec<Hash> {
        (0..upto).map(|number| leaf_hash(&number.to_le_bytes())).collect()
    }

    fn frontier(upto: u64) -> Frontier {
        let mut frontier = Frontier::default();
        hashes(upto).into_iter().for_each(|hash| frontier.push(hash));
        frontier
    }

    fn key() -> LedgerKey {
        LedgerKey::from_seed("home/ledger", &[1; 32]).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn a_ledger_grows_in_steps(steps in prop::collection::vec(0u64..400, 1..5)) {
            let folder = tempfile::tempdir().unwrap();
            let mut size = 0;
            let mut seen = Vec::new();
            for step in steps {
                let files = LedgerFiles::new(folder.path().join("ledger"));
                let new = &hashes(size + step)[size as usize..];
                files.publish(&key(), new, &frontier(size + step)).unwrap();
                if step > 0 || seen.is_empty() {
                    seen.push(size + step);
                }
                size += step;
                let checkpoint = files.checkpoint(key().verifier()).unwrap().unwrap();
                prop_assert_eq!((checkpoint.size, checkpoint.root), (size, frontier(size).root()));
                let all = files.checkpoints(key().verifier()).unwrap();
                prop_assert_eq!(all.iter().map(|one| one.size).collect::<Vec<_>>(), seen.clone());
                for number in 0..size.div_ceil(256) {
                    let width = (size - number * 256).min(256) as usize;
                    let start = number as usize * 256;
                    prop_assert_eq!(&files.tile(0, number, width).unwrap()[..], &hashes(size)[start..start + width]);
                }
            }
        }
    }

    #[test]
    fn levels_follow_the_specification() {
        let folder = tempfile::tempdir().unwrap();
        let files = LedgerFiles::new(folder.path());
        // 256 whole tiles and a bit: one whole tile of level 1, a first hash in level 2.
        let size = 65_536 + 300;
        files.publish(&key(), &hashes(size), &frontier(size)).unwrap();
        let top = files.tile(2, 0, 1).unwrap();
        assert_eq!(top[0], root_of(&hashes(65_536)));
        assert_eq!(files.tile(1, 0, 256).unwrap()[255], root_of(&hashes(65_536)[65_280..]));
        assert_eq!(files.tile(1, 1, 1).unwrap()[0], root_of(&hashes(size)[65_536..65_792]));
        assert_eq!(files.tile(0, 257, 44).unwrap().len(), 44);
        // And it goes on from there.
        files.publish(&key(), &hashes(size + 1)[size as usize..], &frontier(size + 1)).unwrap();
        assert!(!folder.path().join("tile/0/257.p/44").exists());
        assert!(folder.path().join("tile/0/257.p/45").exists());
    }

    #[test]
    fn the_list_of_checkpoints_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let files = LedgerFiles::new(folder.path());
        files.publish(&key(), &hashes(1), &frontier(1)).unwrap();
        let note = files.note().unwrap().unwrap();
        let count = limits::LEDGER_CHECKPOINTS_BYTES_MAX as usize / note.len() + 2;
        fs::write(folder.path().join("checkpoints"), format!("{note}\n").repeat(count)).unwrap();
        let mut grown = frontier(1);
        grown.push(hashes(2)[1]);
        files.publish(&key(), &hashes(2)[1..], &grown).unwrap();
        let all = files.checkpoints(key().verifier()).unwrap();
        assert!(all.len() > count / 2 && all.len() < count * 2 / 3, "{} of {count}", all.len());
        assert_eq!((all[0].size, all.last().unwrap().size), (1, 2));
    }

    #[test]
    fn nothing_is_signed_over_what_does_not_fit() {
        let folder = tempfile::tempdir().unwrap();
        let files = LedgerFiles::new(folder.path());
        files.publish(&key(), &hashes(5), &frontier(5)).unwrap();
        let refused = files.publish(&key(), &hashes(3), &frontier(8));
        assert!(matches!(refused, Err(LedgerFilesError::Disagree { at: 5 })), "{refused:?}");
        let other = LedgerKey::from_seed("home/ledger", &[2; 32]).unwrap();
        assert!(matches!(files.publish(&other, &[], &frontier(5)), Err(LedgerFilesError::Note { .. })));
        assert_eq!(files.checkpoints(key().verifier()).unwrap().len(), 1);
        // A crash in the middle of writing the list leaves its whole lines readable.
        let mut list = fs::OpenOptions::new().append(true).open(folder.path().join("checkpoints")).unwrap();
        list.write_all(b"home/ledger\n6\nAAAA").unwrap();
        assert_eq!(files.checkpoints(key().verifier()).unwrap().len(), 1);
    }
}
