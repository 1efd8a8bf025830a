//! The body of an answer: read, unpacked and kept within limits.
//!
//! Bytes go through a short queue to a thread that may block, which unpacks gzip (RFC 1952; several members are one body) and
//! writes. Every limit is judged where bytes are written, before they are kept: what unpacks to a terabyte is given up at the
//! byte that is too many. A body that fails leaves no file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use model::limits::{FETCH_CHUNKS_AHEAD_MAX, FETCH_RATIO_FREE_BYTES, UNPACK_RATIO_MAX};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::FetchError;
use super::target::Origin;

/// How a body is packed (RFC 9110 section 8.4). Only what we ask for is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
}

/// Where a body goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    /// A new file; one that is there already is not touched.
    File(PathBuf),
}

/// A body that is whole.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// Its bytes, unless they are in a file.
    pub(super) bytes: Vec<u8>,
    /// How many, unpacked.
    pub(super) length: u64,
}

/// Takes a body in, part by part.
pub(super) struct Intake {
    parts: mpsc::Sender<Part>,
    task: JoinHandle<Result<Whole, FetchError>>,
}

enum Part {
    Bytes(Bytes),
    End,
}

impl Intake {
    /// Gets ready for a body of at most `bytes_max` unpacked bytes.
    pub(super) fn start(origin: Origin, packing: Packing, place: Place, bytes_max: u64) -> Self {
        let (parts, mut queue) = mpsc::channel(FETCH_CHUNKS_AHEAD_MAX);
        let task = tokio::task::spawn_blocking(move || {
            let mut unpacker = Unpacker::new(origin, packing, Store::open(place)?, bytes_max);
            loop {
                match queue.blocking_recv() {
                    Some(Part::Bytes(bytes)) => unpacker.take(&bytes)?,
                    Some(Part::End) => return unpacker.finish(),
                    // Whoever read gave up: dropping the unpacker removes its file.
                    None => return Err(FetchError::Stopping),
                }
            }
        });
        Intake { parts, task }
    }

    /// Hands over the next bytes. `false` when no more are wanted: [`Intake::finish`] says why.
    pub(super) async fn take(&self, bytes: Bytes) -> bool {
        self.parts.send(Part::Bytes(bytes)).await.is_ok()
    }

    /// The body is whole, as far as the wire knows.
    pub(super) async fn finish(self) -> Result<Whole, FetchError> {
        // An error here means that the task has ended, and it says why.
        let _ = self.parts.send(Part::End).await;
        drop(self.parts);
        self.task.await.unwrap_or(Err(FetchError::Stopping))
    }
}

impl Intake {
    /// The body will not become whole. When this returns, nothing is left of it.
    pub(super) async fn abandon(self) {
        drop(self.parts);
        let _ = self.task.await;
    }
}

/// Where bytes are kept.
enum Store {
    Memory(Vec<u8>),
    File(NewFile),
}

/// A file that is removed again unless it becomes whole.
struct NewFile {
    path: PathBuf,
    writer: BufWriter<File>,
    is_whole: bool,
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_whole {
            // Nobody is left who could be told; the next run makes a file of another name.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn file_error(path: &Path, cause: io::Error) -> FetchError {
    FetchError::File { path: path.to_owned(), cause }
}

impl Store {
    fn open(place: Place) -> Result<Self, FetchError> {
        let Place::File(path) = place else { return Ok(Store::Memory(Vec::new())) };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|cause| file_error(&path, cause))?;
        Ok(Store::File(NewFile { path, writer: BufWriter::new(file), is_whole: false }))
    }

    fn finish(self) -> Result<Vec<u8>, FetchError> {
        match self {
            Store::Memory(bytes) => Ok(bytes),
            Store::File(mut file) => {
                let written = file.writer.flush().and_then(|()| file.writer.get_ref().sync_all());
                written.map_err(|cause| file_error(&file.path, cause))?;
                file.is_whole = true;
                Ok(Vec::new())
            }
        }
    }
}

/// Why bytes were not kept.
enum Overflow {
    TooLarge,
    Bomb,
    File(io::Error),
}

/// Judges each byte before it is kept.
struct Limited {
    store: Store,
    packing: Packing,
    packed: u64,
    unpacked: u64,
    bytes_max: u64,
    overflow: Option<Overflow>,
}

impl Limited {
    fn refuse(&mut self, why: Overflow) -> io::Error {
        self.overflow = Some(why);
        io::Error::from(io::ErrorKind::FileTooLarge)
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let unpacked = self.unpacked.saturating_add(bytes.len() as u64);
        let ratio_bytes_max = FETCH_RATIO_FREE_BYTES.max(self.packed.saturating_mul(UNPACK_RATIO_MAX));
        if unpacked > self.bytes_max {
            return Err(self.refuse(Overflow::TooLarge));
        }
        if self.packing == Packing::Gzip && unpacked > ratio_bytes_max {
            return Err(self.refuse(Overflow::Bomb));
        }
        let written = match &mut self.store {
            Store::Memory(held) => {
                held.extend_from_slice(bytes);
                Ok(())
            }
            Store::File(file) => file.writer.write_all(bytes),
        };
        written.map_err(|cause| self.refuse(Overflow::File(cause)))?;
        self.unpacked = unpacked;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Unpacker {
    origin: Origin,
    sink: Sink,
}

enum Sink {
    Plain(Limited),
    Gzip(Box<MultiGzDecoder<Limited>>),
}

impl Sink {
    fn limited(&mut self) -> &mut Limited {
        match self {
            Sink::Plain(limited) => limited,
            Sink::Gzip(decoder) => decoder.get_mut(),
        }
    }
}

impl Unpacker {
    fn new(origin: Origin, packing: Packing, store: Store, bytes_max: u64) -> Self {
        let limited = Limited { store, packing, packed: 0, unpacked: 0, bytes_max, overflow: None };
        let sink = match packing {
            Packing::None => Sink::Plain(limited),
            Packing::Gzip => Sink::Gzip(Box::new(MultiGzDecoder::new(limited))),
        };
        Unpacker { origin, sink }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.sink.limited().packed += bytes.len() as u64;
        let written = match &mut self.sink {
            Sink::Plain(limited) => limited.write_all(bytes),
            Sink::Gzip(decoder) => decoder.write_all(bytes),
        };
        written.map_err(|cause| self.explain(cause))
    }

    fn finish(mut self) -> Result<Whole, FetchError> {
        // An empty body is no gzip member, but servers send it with answers that have none.
        let is_empty = self.sink.limited().packed == 0;
        if let Sink::Gzip(decoder) = &mut self.sink
            && !is_empty
        {
            decoder.try_finish().map_err(|cause| self.explain(cause))?;
        }
        let limited = match self.sink {
            Sink::Plain(limited) => limited,
            Sink::Gzip(_) if is_empty => return Ok(Whole::default()),
            Sink::Gzip(decoder) => match decoder.finish() {
                Ok(limited) => limited,
                Err(cause) => return Err(FetchError::Unpack { origin: self.origin, cause }),
            },
        };
        Ok(Whole { length: limited.unpacked, bytes: limited.store.finish()? })
    }

    fn explain(&mut self, cause: io::Error) -> FetchError {
        let origin = self.origin.clone();
        let limited = self.sink.limited();
        match (limited.overflow.take(), &limited.store) {
            (Some(Overflow::TooLarge), _) => FetchError::TooLarge { origin, bytes_max: limited.bytes_max },
            (Some(Overflow::Bomb), _) => FetchError::Bomb(origin),
            (Some(Overflow::File(cause)), Store::File(file)) => file_error(&file.path, cause),
            _ => FetchError::Unpack { origin, cause },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Target;
    use proptest::prelude::*;

    fn unpacker(packing: Packing, place: Place, bytes_max: u64) -> Unpacker {
        let origin = Target::parse("https://a.example/").unwrap().origin().clone();
        Unpacker::new(origin, packing, Store::open(place).unwrap(), bytes_max)
    }

    fn unpack(packing: Packing, bytes: &[u8], step: usize, bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        let mut unpacker = unpacker(packing, Place::Memory, bytes_max);
        for part in bytes.chunks(step.max(1)) {
            unpacker.take(part)?;
        }
        unpacker.finish().map(|whole| whole.bytes)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn honest_bodies() {
        assert_eq!(unpack(Packing::None, b"a,b\n", 3, 4).unwrap(), b"a,b\n");
        let twice = [gzip(b"a\n"), gzip(b"b\n")].concat();
        assert_eq!(unpack(Packing::Gzip, &twice, 5, 100).unwrap(), b"a\nb\n");
        assert_eq!(unpack(Packing::Gzip, b"", 1, 100).unwrap(), b"");
    }

    #[test]
    fn limits_are_reached_and_not_passed() {
        assert!(unpack(Packing::None, b"12345", 2, 5).is_ok());
        assert!(matches!(unpack(Packing::None, b"123456", 2, 5), Err(FetchError::TooLarge { bytes_max: 5, .. })));
        assert!(matches!(unpack(Packing::Gzip, &gzip(b"123456"), 2, 5), Err(FetchError::TooLarge { .. })));
        let zeros = vec![b'0'; FETCH_RATIO_FREE_BYTES as usize + 1];
        assert!(matches!(unpack(Packing::Gzip, &gzip(&zeros), 4_096, u64::MAX), Err(FetchError::Bomb(_))));
        assert_eq!(unpack(Packing::Gzip, &gzip(&zeros[1..]), 4_096, u64::MAX).unwrap(), zeros[1..]);
        // The same bytes in plain are no bomb.
        assert_eq!(unpack(Packing::None, &zeros, 65_536, u64::MAX).unwrap().len(), zeros.len());
    }

    #[test]
    fn a_packed_body_must_be_whole_and_right() {
        let packed = gzip(b"some words that matter");
        let refused = |bytes: &[u8]| matches!(unpack(Packing::Gzip, bytes, 7, 1_000), Err(FetchError::Unpack { .. }));
        assert!(refused(&packed[..packed.len() - 1]));
        assert!(refused(&packed[..5]));
        assert!(refused(b"<html>no gzip</html>"));
        let mut wrong = packed.clone();
        let checksum = wrong.len() - 6;
        wrong[checksum] ^= 1;
        assert!(refused(&wrong));
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        let mut whole = unpacker(Packing::None, Place::File(path.clone()), 4);
        whole.take(b"abcd").unwrap();
        assert_eq!(whole.finish().unwrap().length, 4);
        assert_eq!(std::fs::read(&path).unwrap(), b"abcd");
        assert!(Store::open(Place::File(path.clone())).is_err(), "never over another file");

        let other = folder.path().join("other");
        let mut large = unpacker(Packing::None, Place::File(other.clone()), 4);
        assert!(large.take(b"abcde").is_err());
        drop(large);
        assert!(!other.exists());
    }

    proptest! {
        #[test]
        fn comes_back_however_it_is_cut(text in prop::collection::vec(any::<u8>(), 0..2_000), step in 1usize..64) {
            prop_assert_eq!(unpack(Packing::Gzip, &gzip(&text), step, 2_000).unwrap(), text);
        }

        #[test]
        fn never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1usize..64) {
            let _ = unpack(Packing::Gzip, &bytes, step, 1_000);
            bytes.splice(0..0, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
            let _ = unpack(Packing::Gzip, &bytes, step, 1_000);
        }
    }
}
