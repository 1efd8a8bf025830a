//! A block: header, index, bodies. See [`super`] for why it is so.
//!
//! All numbers are little-endian. Header, 64 bytes: magic, CRC-32 of the rest of the header, first offset, place in the
//! file, record count, sizes of index, bodies raw and bodies stored, CRC-32 of index and of stored bodies, flags, place of
//! the first block that shares its sync. A block ends on a multiple of 8, so that a reader that lost its way finds the next
//! one.

use std::collections::HashMap;
use std::ops::Range;

use model::doors::Incoming;
use model::{AgencyId, Cursor, Format, SourceId, Timestamp, limits};

use super::codec::{Bytes, put_number, put_step, put_text};
use super::marks::LaneKey;

pub(super) const HEADER_BYTES: usize = 64;
const MAGIC: &[u8; 4] = b"WBB1";
const FLAG_ZSTD: u32 = 1;
/// The block stands where damaged bytes stood; it has no records.
const FLAG_FILLER: u32 = 2;
/// The filler stands in the last group before a crash: what it covers need never have been acknowledged.
const FLAG_TORN: u32 = 4;

/// Bodies of one block, unpacked: one batch may be a single block.
const RAW_BYTES_MAX: usize = limits::BATCH_BYTES_MAX + limits::JOURNAL_BLOCK_BYTES;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) base: u64,
    pub(super) position: u64,
    pub(super) count: u32,
    pub(super) index_bytes: u32,
    pub(super) raw_bytes: u32,
    pub(super) stored_bytes: u32,
    pub(super) index_crc: u32,
    pub(super) bodies_crc: u32,
    pub(super) flags: u32,
    /// Where the first block of its group stands: everything before that was durable when this was written.
    pub(super) group: u64,
}

impl Header {
    /// The header that covers `range` of a file whose bytes are lost; `base` is the offset that follows.
    pub(super) fn filler(range: &Range<u64>, base: u64, is_torn: bool) -> Option<Header> {
        let stored = (range.end - range.start).checked_sub(HEADER_BYTES as u64)?;
        let stored_bytes = u32::try_from(stored).ok()?;
        let position = range.start;
        let (count, index_bytes, raw_bytes, index_crc, bodies_crc) = (0, 0, 0, 0, 0);
        let flags = if is_torn { FLAG_FILLER | FLAG_TORN } else { FLAG_FILLER };
        let group = position;
        Some(Header {
            base,
            position,
            count,
            index_bytes,
            raw_bytes,
            stored_bytes,
            index_crc,
            bodies_crc,
            flags,
            group,
        })
    }

    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..4].copy_from_slice(MAGIC);
        out[8..16].copy_from_slice(&self.base.to_le_bytes());
        out[16..24].copy_from_slice(&self.position.to_le_bytes());
        let small = [
            self.count,
            self.index_bytes,
            self.raw_bytes,
            self.stored_bytes,
            self.index_crc,
            self.bodies_crc,
            self.flags,
        ];
        for (slot, value) in out[24..52].chunks_exact_mut(4).zip(small) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        out[52..60].copy_from_slice(&self.group.to_le_bytes());
        let crc = crc32fast::hash(&out[8..]);
        out[4..8].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header that claims to stand at `position`; `None` when it is none, or damaged, or from elsewhere.
    pub(super) fn decode(bytes: &[u8], position: u64) -> Option<Header> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        let mut rest = Bytes(bytes);
        let is_ours = rest.take(4)? == MAGIC && rest.u32()? == crc32fast::hash(&bytes[8..]);
        if !is_ours {
            return None;
        }
        let header = Header {
            base: rest.u64()?,
            position: rest.u64()?,
            count: rest.u32()?,
            index_bytes: rest.u32()?,
            raw_bytes: rest.u32()?,
            stored_bytes: rest.u32()?,
            index_crc: rest.u32()?,
            bodies_crc: rest.u32()?,
            flags: rest.u32()?,
            group: rest.u64()?,
        };
        let fits = header.position == position
            && header.raw_bytes as usize <= RAW_BYTES_MAX
            && header.base.checked_add(u64::from(header.count)).is_some();
        fits.then_some(header)
    }

    pub(super) fn is_packed(&self) -> bool {
        self.flags & FLAG_ZSTD != 0
    }

    pub(super) fn is_filler(&self) -> bool {
        self.flags & FLAG_FILLER != 0
    }

    pub(super) fn is_torn(&self) -> bool {
        self.flags & FLAG_TORN != 0
    }

    /// The offset after the last record.
    pub(super) fn end(&self) -> u64 {
        self.base + u64::from(self.count)
    }

    /// Bytes of the whole block in the file.
    pub(super) fn total_bytes(&self) -> u64 {
        (HEADER_BYTES as u64 + u64::from(self.index_bytes) + u64::from(self.stored_bytes)).next_multiple_of(8)
    }

    /// Splits what follows the header into index and stored bodies, when both are as they were written.
    pub(super) fn check<'a>(&self, after_header: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let (index, rest) = after_header.split_at_checked(self.index_bytes as usize)?;
        let bodies = rest.get(..self.stored_bytes as usize)?;
        if self.is_filler() {
            return Some((index, bodies));
        }
        let is_whole = crc32fast::hash(index) == self.index_crc && crc32fast::hash(bodies) == self.bodies_crc;
        is_whole.then_some((index, bodies))
    }
}

/// What names a record apart from its position: the place in which positions count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) agency: AgencyId,
    pub(super) source: SourceId,
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Journal,
    File(u64),
    Stream(Box<str>),
    Batch(Box<str>),
}

/// Collects the records of one block.
#[derive(Default)]
pub(super) struct Builder {
    lanes: Vec<u8>,
    formats: Vec<Format>,
    rows: Vec<u8>,
    bodies: Vec<u8>,
    known: HashMap<LaneKey, LaneSlot>,
    received: u64,
    count: u32,
}

struct LaneSlot {
    number: u64,
    position: u64,
}

/// A block ready to be placed.
pub(super) struct Packed {
    header: Header,
    index: Vec<u8>,
    bodies: Vec<u8>,
}

impl Builder {
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn body_bytes(&self) -> usize {
        self.bodies.len()
    }

    /// Adds a record. `follows` says that nothing of its file lies between it and the lane's last record in this block.
    pub(super) fn push(&mut self, agency: &AgencyId, record: &Incoming, key: LaneKey, follows: bool) {
        let position = record.cursor.as_ref().map_or(0, position_of);
        let next = self.known.len() as u64;
        let slot = self.known.entry(key).or_insert_with(|| {
            put_lane(&mut self.lanes, agency, &record.source, record.cursor.as_ref());
            LaneSlot { number: next, position: 0 }
        });
        let format = match record.format {
            None => 0,
            Some(format) => match self.formats.iter().position(|known| *known == format) {
                Some(at) => at as u64 + 1,
                None => {
                    self.formats.push(format);
                    self.formats.len() as u64
                }
            },
        };
        let received = record.received.as_micros() as u64;
        self.rows.push(u8::from(follows));
        put_number(&mut self.rows, slot.number);
        put_step(&mut self.rows, slot.position, position);
        put_step(&mut self.rows, self.received, received);
        put_number(&mut self.rows, format);
        put_number(&mut self.rows, record.body.len() as u64);
        self.bodies.extend_from_slice(&record.body);
        slot.position = position;
        self.received = received;
        self.count += 1;
    }

    /// Whether the lane has a record in this block already.
    pub(super) fn has(&self, key: &LaneKey) -> bool {
        self.known.contains_key(key)
    }

    /// Closes the block and makes room for the next.
    pub(super) fn pack(&mut self, base: u64, zstd: Option<&mut zstd::bulk::Compressor<'static>>) -> Packed {
        let mut index = Vec::with_capacity(self.lanes.len() + self.rows.len() + 64);
        put_number(&mut index, self.known.len() as u64);
        index.append(&mut self.lanes);
        put_number(&mut index, self.formats.len() as u64);
        for format in self.formats.drain(..) {
            put_text(&mut index, format.name());
        }
        index.append(&mut self.rows);
        let raw_bytes = self.bodies.len() as u32;
        // Bodies that do not get smaller, or that zstd refuses, are stored as they are: both read back the same.
        let packed = zstd.and_then(|zstd| zstd.compress(&self.bodies).ok()).filter(|p| p.len() < self.bodies.len());
        let flags = if packed.is_some() { FLAG_ZSTD } else { 0 };
        let bodies = packed.unwrap_or_else(|| self.bodies.clone());
        let header = Header {
            base,
            position: 0,
            count: self.count,
            index_bytes: index.len() as u32,
            raw_bytes,
            stored_bytes: bodies.len() as u32,
            index_crc: crc32fast::hash(&index),
            bodies_crc: crc32fast::hash(&bodies),
            flags,
            group: 0,
        };
        self.bodies.clear();
        self.known.clear();
        self.received = 0;
        self.count = 0;
        Packed { header, index, bodies }
    }
}

impl Packed {
    pub(super) fn total_bytes(&self) -> u64 {
        self.header.total_bytes()
    }

    /// Writes the block into `out`, the bytes of a group that will stand at `group`.
    pub(super) fn place(mut self, group: u64, out: &mut Vec<u8>) {
        self.header.position = group + out.len() as u64;
        self.header.group = group;
        let end = out.len() + self.header.total_bytes() as usize;
        out.extend_from_slice(&self.header.encode());
        out.extend_from_slice(&self.index);
        out.extend_from_slice(&self.bodies);
        out.resize(end, 0);
    }
}

pub(super) fn position_of(cursor: &Cursor) -> u64 {
    match cursor {
        Cursor::File { offset, .. } => *offset,
        Cursor::Stream { sequence, .. } => *sequence,
        Cursor::Batch { index, .. } => *index,
        Cursor::Journal { .. } => 0,
    }
}

fn put_lane(out: &mut Vec<u8>, agency: &AgencyId, source: &SourceId, cursor: Option<&Cursor>) {
    put_text(out, agency.as_str());
    put_text(out, source.as_str());
    match cursor {
        None | Some(Cursor::Journal { .. }) => out.push(0),
        Some(Cursor::File { fingerprint, .. }) => {
            out.push(1);
            out.extend_from_slice(&fingerprint.to_le_bytes());
        }
        Some(Cursor::Stream { stream, .. }) => {
            out.push(2);
            put_text(out, stream);
        }
        Some(Cursor::Batch { id, .. }) => {
            out.push(3);
            put_text(out, id);
        }
    }
}

fn read_lane(bytes: &mut Bytes<'_>) -> Option<Lane> {
    let agency = AgencyId::parse(bytes.text()?).ok()?;
    let source = SourceId::parse(bytes.text()?).ok()?;
    let place = match bytes.byte()? {
        0 => Place::Journal,
        1 => Place::File(bytes.u64()?),
        2 => Place::Stream(bytes.text()?.into()),
        3 => Place::Batch(bytes.text()?.into()),
        _ => return None,
    };
    Some(Lane { agency, source, place })
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) follows: bool,
    pub(super) lane: usize,
    pub(super) position: u64,
    pub(super) received: Timestamp,
    pub(super) format: Option<Format>,
    pub(super) body: Range<usize>,
}

/// The index of a block, read.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Vec<Row>,
}

impl Index {
    pub(super) fn decode(header: &Header, bytes: &[u8]) -> Option<Index> {
        let mut bytes = Bytes(bytes);
        let lanes = (0..bytes.size()?).map(|_| read_lane(&mut bytes)).collect::<Option<Vec<_>>>()?;
        let mut formats = Vec::new();
        for _ in 0..bytes.size()? {
            // A format that this version does not know is recognised from the bytes, like one that was never named.
            formats.push(bytes.text()?.parse::<Format>().ok());
        }
        let mut last = vec![0; lanes.len()];
        let (mut received, mut end) = (0, 0usize);
        let mut rows = Vec::new();
        for _ in 0..header.count {
            let follows = bytes.byte()? != 0;
            let lane = bytes.size()?;
            let position = bytes.step(*last.get(lane)?)?;
            last[lane] = position;
            received = bytes.step(received)?;
            let format = match bytes.size()? {
                0 => None,
                number => *formats.get(number - 1)?,
            };
            let start = end;
            end = start.checked_add(bytes.size()?)?;
            let received = Timestamp::from_micros(received as i64);
            rows.push(Row { follows, lane, position, received, format, body: start..end });
        }
        let is_whole = end == header.raw_bytes as usize && bytes.0.is_empty();
        is_whole.then_some(Index { lanes, rows })
    }
}
