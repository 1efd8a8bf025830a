//! A file that a rotator has packed: read once, whole, when it no longer changes.

use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use model::limits::{
    BATCH_RECORDS_MAX, TAIL_HEAD_BYTES_MAX, TAIL_TURN_BYTES_MAX, UNPACK_RATIO_FREE_BYTES, UNPACK_RATIO_MAX,
};

use super::follow::{Look, Place, Turn};
use super::identity::{self, CHECK_BYTES};
use super::positions::Position;
use super::splitter::Splitter;
use super::{FileKey, Packing};

const READ_BYTES: usize = 256 * 1024;

/// A gzip (RFC 1952) or zstd (RFC 8878) file. All methods touch the file and block.
pub(super) struct Packed {
    path: PathBuf,
    key: FileKey,
    packing: Packing,
    seen: (u64, i64, i64),
    state: State,
}

enum State {
    /// Somebody may still be writing it.
    Settling,
    /// Its head is unpacked.
    Open(Reader),
    /// Its lines are being read.
    Reading(Reader, Splitter),
    /// Nothing more to do until it changes.
    Done,
}

impl Packed {
    pub(super) fn new(path: &Path, key: FileKey, packing: Packing) -> Self {
        Packed { path: path.to_owned(), key, packing, seen: (0, 0, 0), state: State::Settling }
    }

    /// It has another name now.
    pub(super) fn moved_to(&mut self, path: &Path) {
        if self.path != path {
            self.path = path.to_owned();
        }
    }

    /// Whether there is something to read.
    pub(super) fn look(&mut self) -> io::Result<Look> {
        if matches!(self.state, State::Reading(..)) {
            return Ok(Look::Ready);
        }
        let meta = match std::fs::metadata(&self.path) {
            Ok(meta) if FileKey::of(&meta) == self.key => meta,
            Ok(_) => return Ok(Look::Nothing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Nothing),
            Err(error) => return Err(error),
        };
        let seen = (meta.size(), meta.mtime(), meta.mtime_nsec());
        if std::mem::replace(&mut self.seen, seen) != seen {
            self.state = State::Settling;
            return Ok(Look::Nothing);
        }
        if matches!(self.state, State::Settling) {
            let reader = match Reader::open(&self.path, self.key, self.packing) {
                // Renamed a moment ago: the next look has its new name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Nothing),
                Err(error) => {
                    // Tried again only when the file has changed.
                    self.state = State::Done;
                    return Err(error);
                }
                Ok(reader) => reader,
            };
            self.state = State::Open(reader);
        }
        let State::Open(reader) = &self.state else { return Ok(Look::Nothing) };
        let is_all = reader.ahead.len() < TAIL_HEAD_BYTES_MAX;
        Ok(identity::fingerprint(&reader.ahead, is_all).map_or(Look::Nothing, Look::NeedsPlace))
    }

    /// The first unpacked bytes, while nothing has been read.
    pub(super) fn head(&self) -> &[u8] {
        if let State::Open(reader) = &self.state { &reader.ahead } else { &[] }
    }

    /// Decides where to begin.
    pub(super) fn settle(&mut self, place: Place) -> io::Result<Place> {
        let settled = self.settle_now(place);
        if settled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            // Renamed a moment ago: opened anew at the next look.
            self.state = State::Settling;
        }
        settled
    }

    fn settle_now(&mut self, place: Place) -> io::Result<Place> {
        let State::Open(mut reader) = std::mem::replace(&mut self.state, State::Done) else { return Ok(place) };
        let (reader, offset, place) = match place {
            // There before the first start, and not wanted.
            Place::Behind(_) => return Ok(place),
            Place::Beginning | Place::Unnamed => (reader, 0, place),
            Place::Known(position) | Place::Copy(position) => {
                let is_long_enough = reader.skip_to(position.offset)?;
                if is_long_enough && identity::check_of(&reader.last) == position.check {
                    (reader, position.offset, place)
                } else {
                    let is_copy = matches!(place, Place::Copy(_));
                    let place = if is_copy { Place::Beginning } else { Place::Unnamed };
                    (Reader::open(&self.path, self.key, self.packing)?, 0, place)
                }
            }
        };
        self.state = State::Reading(reader, Splitter::at(offset, false));
        Ok(place)
    }

    /// Reads what comes next, at most a turn. A broken archive ends the file; what was whole before the damage is kept.
    pub(super) fn read(&mut self) -> Turn {
        let mut turn = Turn::default();
        let State::Reading(reader, splitter) = &mut self.state else { return turn };
        let turn_ends = reader.at + TAIL_TURN_BYTES_MAX as u64;
        let mut chunk = vec![0; READ_BYTES];
        turn.has_more = true;
        while turn.has_more && reader.at < turn_ends && turn.lines.len() < BATCH_RECORDS_MAX {
            match reader.read(&mut chunk) {
                Ok(0) => {
                    splitter.finish(&mut turn.lines);
                    turn.has_more = false;
                    turn.end = Some(Position { offset: reader.at, check: identity::check_of(&reader.last) });
                }
                Ok(bytes) => splitter.feed(&chunk[..bytes], &mut turn.lines),
                Err(error) => {
                    turn.has_more = false;
                    turn.trouble = Some(format!("{}: {error}", self.path.display()));
                }
            }
        }
        turn.too_long = splitter.take_too_long();
        if !turn.has_more {
            self.state = State::Done;
        }
        turn
    }
}

/// Unpacked bytes, one after the other.
struct Reader {
    unpacked: Box<dyn Read + Send + Sync>,
    packed_bytes: u64,
    /// Unpacked already and not given out.
    ahead: Vec<u8>,
    /// What went wrong behind that.
    damage: Option<io::Error>,
    /// Bytes given out.
    at: u64,
    /// The last [`CHECK_BYTES`] of them.
    last: Vec<u8>,
}

impl Reader {
    fn open(path: &Path, key: FileKey, packing: Packing) -> io::Result<Self> {
        let file = super::open(path, key)?;
        let packed_bytes = file.metadata()?.size();
        let mut unpacked: Box<dyn Read + Send + Sync> = match packing {
            Packing::None => Box::new(file),
            Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(file))),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
        };
        let mut ahead = Vec::new();
        // `read_to_end` keeps what came before an error.
        let damage = (&mut unpacked).take(TAIL_HEAD_BYTES_MAX as u64).read_to_end(&mut ahead).err();
        match damage {
            Some(damage) if ahead.is_empty() => Err(damage),
            damage => Ok(Reader { unpacked, packed_bytes, ahead, damage, at: 0, last: Vec::new() }),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = if self.ahead.is_empty() {
            match self.damage.take() {
                Some(damage) => return Err(damage),
                None => self.unpacked.read(into)?,
            }
        } else {
            let bytes = self.ahead.len().min(into.len());
            into[..bytes].copy_from_slice(&self.ahead[..bytes]);
            self.ahead.drain(..bytes);
            bytes
        };
        self.at += bytes as u64;
        let ratio_max = self.packed_bytes.saturating_mul(UNPACK_RATIO_MAX);
        if self.at > UNPACK_RATIO_FREE_BYTES.max(ratio_max) {
            return Err(io::Error::other(format!("unpacks to more than {UNPACK_RATIO_MAX} times its size")));
        }
        self.last.extend_from_slice(&into[bytes.saturating_sub(CHECK_BYTES)..bytes]);
        let surplus = self.last.len().saturating_sub(CHECK_BYTES);
        self.last.drain(..surplus);
        Ok(bytes)
    }

    /// Passes over bytes until `offset`; false when the file ends before.
    fn skip_to(&mut self, offset: u64) -> io::Result<bool> {
        let mut chunk = vec![0; READ_BYTES];
        while self.at < offset {
            let wanted = usize::try_from(offset - self.at).unwrap_or(usize::MAX).min(chunk.len());
            if self.read(&mut chunk[..wanted])? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
