//! Records as a reader gets them out of the journal.

use model::{AgencyId, Cursor, Format, RawRecord, SourceId, Timestamp};

use super::Offset;
use super::block::{Header, Index, Place};

/// Some consecutive records, as a reader gets them: shared index, unpacked bodies.
#[derive(Clone, Debug)]
pub struct Block {
    base: u64,
    index: Index,
    bodies: Vec<u8>,
    /// Rows before it are below the offset that was asked for.
    first: usize,
}

/// A record out of the journal.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Its number.
    pub offset: Offset,
    /// Whose record it is.
    pub agency: &'a AgencyId,
    /// Which source brought it.
    pub source: &'a SourceId,
    /// When it reached us.
    pub received: Timestamp,
    /// What the source says it is.
    pub format: Option<Format>,
    /// The bytes.
    pub body: &'a [u8],
    place: &'a Place,
    position: u64,
}

impl Stored<'_> {
    /// Where the source can name it again; else the journal's own offset.
    pub fn cursor(&self) -> Cursor {
        let position = self.position;
        match self.place {
            Place::Journal => Cursor::Journal { offset: self.offset.0 },
            Place::File(fingerprint) => Cursor::File { fingerprint: *fingerprint, offset: position },
            Place::Stream(stream) => Cursor::Stream { stream: stream.clone(), sequence: position },
            Place::Batch(id) => Cursor::Batch { id: id.clone(), index: position },
        }
    }

    /// The record on its own.
    pub fn to_raw(&self) -> RawRecord {
        RawRecord {
            agency: self.agency.clone(),
            source: self.source.clone(),
            cursor: self.cursor(),
            received: self.received,
            format: self.format,
            body: self.body.to_vec(),
        }
    }
}

impl Block {
    /// Unpacks a block whose checksums were right; `None` when it still makes no sense.
    pub(super) fn decode(header: &Header, index: &[u8], bodies: &[u8], from: u64) -> Option<Block> {
        let index = Index::decode(header, index)?;
        let raw_bytes = header.raw_bytes as usize;
        let bodies = if header.is_packed() { zstd::bulk::decompress(bodies, raw_bytes).ok()? } else { bodies.to_vec() };
        let first = usize::try_from(from.saturating_sub(header.base)).ok()?;
        (bodies.len() == raw_bytes).then_some(Block { base: header.base, index, bodies, first })
    }

    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = Stored<'_>> {
        self.index.rows.iter().enumerate().skip(self.first).filter_map(|(number, row)| {
            let lane = self.index.lanes.get(row.lane)?;
            Some(Stored {
                offset: Offset(self.base + number as u64),
                agency: &lane.agency,
                source: &lane.source,
                received: row.received,
                format: row.format,
                body: self.bodies.get(row.body.clone())?,
                place: &lane.place,
                position: row.position,
            })
        })
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.index.rows.len().saturating_sub(self.first)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all bodies, unpacked.
    pub fn body_bytes(&self) -> usize {
        self.bodies.len()
    }

    /// The offset after the last record: what a consumer commits once it has dealt with all of them.
    pub fn end(&self) -> Offset {
        Offset(self.base + self.index.rows.len() as u64)
    }
}
