//! A run: the values of one day in the order of their keys, in blocks that are read one after another and checked each for itself.

use std::borrow::Cow;

use model::{EventId, Timestamp, limits};

use super::{Example, Machines, Seen};
use crate::indicators::wire::{Damaged, Reader, put_varint};

const MAGIC: &[u8; 8] = b"WBSEEN\x00\x01";
/// A block is closed when it has this many bytes.
const BLOCK_BYTES: usize = 64 * 1024;
/// A block with its largest value in addition; what claims to be larger is damaged.
const BLOCK_BYTES_MAX: usize = 2 * BLOCK_BYTES;

/// Why a run ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// These bytes are no run of ours, or of another version.
    #[error("no run of seen values, or of another version")]
    Foreign,
    /// A block does not hold together.
    #[error("the run is damaged at byte {at}: {why}")]
    Damaged {
        /// Where the block begins.
        at: usize,
        /// What is wrong.
        why: &'static str,
    },
}

/// Writes values, which come in the order of their keys, each once.
pub fn write(values: impl IntoIterator<Item = Seen>, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    for seen in values {
        writer.push(&seen);
    }
    writer.finish();
}

pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    block: Vec<u8>,
    previous: Vec<u8>,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        out.extend_from_slice(MAGIC);
        Writer { out, block: Vec::with_capacity(BLOCK_BYTES_MAX), previous: Vec::new() }
    }

    pub(super) fn push(&mut self, seen: &Seen) {
        let shared = self.previous.iter().zip(seen.key.iter()).take_while(|(a, b)| a == b).count();
        let rest = seen.key.get(shared..).unwrap_or_default();
        let block = &mut self.block;
        put_varint(block, shared as u64);
        put_text(block, rest);
        put_varint(block, seen.events);
        put_varint(block, seen.machines.hashes.len() as u64);
        for hash in &seen.machines.hashes {
            block.extend_from_slice(&hash.to_le_bytes());
        }
        block.extend_from_slice(&seen.first.as_micros().to_le_bytes());
        put_varint(block, seen.last.as_micros().abs_diff(seen.first.as_micros()));
        block.extend_from_slice(seen.example.event.as_bytes());
        put_text(block, seen.example.attribute.as_bytes());
        block.push(u8::from(seen.example.subject.is_some()));
        put_text(block, seen.example.subject.as_deref().unwrap_or_default().as_bytes());
        self.previous.clear();
        self.previous.extend_from_slice(&seen.key);
        if self.block.len() >= BLOCK_BYTES {
            self.close_block();
        }
    }

    pub(super) fn finish(mut self) {
        if !self.block.is_empty() {
            self.close_block();
        }
    }

    fn close_block(&mut self) {
        self.out.extend_from_slice(&(self.block.len() as u32).to_le_bytes());
        self.out.extend_from_slice(&crc32fast::hash(&self.block).to_le_bytes());
        self.out.append(&mut self.block);
        self.previous.clear();
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Reads a run, value by value.
#[derive(Clone)]
pub struct Run<'b> {
    image: &'b [u8],
    at: usize,
    block: Reader<'b>,
    block_at: usize,
    previous: Vec<u8>,
}

impl<'b> Run<'b> {
    /// A run over its bytes.
    ///
    /// # Errors
    /// When they are none, or of another version.
    pub fn open(image: &'b [u8]) -> Result<Self, RunError> {
        if !image.starts_with(MAGIC) {
            return Err(RunError::Foreign);
        }
        let at = MAGIC.len();
        Ok(Run { image, at, block: Reader::new(&[]), block_at: at, previous: Vec::new() })
    }

    /// The next value; `None` behind the last.
    ///
    /// # Errors
    /// When a block is damaged. What follows is read by the next call, if it can be found.
    pub fn next_value(&mut self) -> Result<Option<Seen>, RunError> {
        if self.block.is_empty() && !self.next_block()? {
            return Ok(None);
        }
        match self.entry() {
            Ok(seen) => Ok(Some(seen)),
            Err(Damaged(why)) => {
                self.block = Reader::new(&[]);
                Err(RunError::Damaged { at: self.block_at, why })
            }
        }
    }

    fn next_block(&mut self) -> Result<bool, RunError> {
        let at = self.at;
        let rest = self.image.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(false);
        }
        // Nothing behind a block whose end nobody knows can be found.
        let mut lost = |why| {
            self.at = self.image.len();
            Err(RunError::Damaged { at, why })
        };
        let mut reader = Reader::new(rest);
        let (Ok(length), Ok(sum)) = (reader.u32(), reader.u32()) else { return lost("ends early") };
        let length = length as usize;
        if length == 0 || length > BLOCK_BYTES_MAX {
            return lost("a block of no possible length");
        }
        let Ok(block) = reader.take(length) else { return lost("ends early") };
        self.at = at + 8 + length;
        self.block_at = at;
        self.previous.clear();
        if crc32fast::hash(block) != sum {
            return Err(RunError::Damaged { at, why: "the checksum is wrong" });
        }
        self.block = Reader::new(block);
        Ok(true)
    }

    fn entry(&mut self) -> Result<Seen, Damaged> {
        let reader = &mut self.block;
        let shared = reader.length()?;
        if shared > self.previous.len() {
            return Err(Damaged("a key goes on from one that is shorter"));
        }
        let rest = text(reader)?;
        self.previous.truncate(shared);
        self.previous.extend_from_slice(rest);
        let events = reader.varint()?;
        let count = reader.length()?;
        if count > limits::SEEN_MACHINES_MAX {
            return Err(Damaged("too many machines"));
        }
        let mut machines = Machines::default();
        for _ in 0..count {
            machines.add_hash(reader.u32()?);
        }
        let first = reader.u64()? as i64;
        let last = first.checked_add_unsigned(reader.varint()?).ok_or(Damaged("a time out of range"))?;
        let event: [u8; 16] = reader.take(16)?.try_into().map_err(|_| Damaged("ends early"))?;
        let attribute = utf8(text(reader)?)?.to_owned();
        let has_subject = reader.byte()? != 0;
        let subject = utf8(text(reader)?)?;
        Ok(Seen {
            key: self.previous.as_slice().into(),
            events,
            machines,
            first: Timestamp::from_micros(first),
            last: Timestamp::from_micros(last),
            example: Example {
                event: EventId::from_bytes(event),
                attribute: Cow::Owned(attribute),
                subject: has_subject.then(|| subject.into()),
            },
        })
    }
}

fn text<'b>(reader: &mut Reader<'b>) -> Result<&'b [u8], Damaged> {
    let length = reader.length()?;
    reader.take(length)
}

fn utf8(bytes: &[u8]) -> Result<&str, Damaged> {
    std::str::from_utf8(bytes).map_err(|_| Damaged("text that is no UTF-8"))
}
