//! A segment file: its name, header and footer, and what can be found in one that may be damaged.

use std::ops::Range;

use super::block::{HEADER_BYTES, Header, Index};

/// Bytes before the first block.
pub(super) const HEAD_BYTES: u64 = 64;
/// Bytes of the footer of a closed segment.
pub(super) const FOOT_BYTES: u64 = 64;
const HEAD_MAGIC: &[u8; 8] = b"WBJSEG01";
const FOOT_MAGIC: &[u8; 8] = b"WBJEND01";

/// What a header or footer says: three numbers.
fn mark(magic: &[u8; 8], numbers: [u64; 3]) -> [u8; 64] {
    let mut out = [0; 64];
    out[..8].copy_from_slice(magic);
    for (slot, number) in out[8..32].chunks_exact_mut(8).zip(numbers) {
        slot.copy_from_slice(&number.to_le_bytes());
    }
    let crc = crc32fast::hash(&out[..60]);
    out[60..].copy_from_slice(&crc.to_le_bytes());
    out
}

fn read_mark(magic: &[u8; 8], bytes: &[u8]) -> Option<[u64; 3]> {
    let bytes: &[u8; 64] = bytes.try_into().ok()?;
    let number = |at: usize| bytes[at..at + 8].try_into().ok().map(u64::from_le_bytes);
    let is_whole = bytes[..8] == magic[..] && crc32fast::hash(&bytes[..60]).to_le_bytes() == bytes[60..];
    if is_whole { Some([number(8)?, number(16)?, number(24)?]) } else { None }
}

/// The header of the segment whose first record is `base`; `previous_end` is where the journal ended before it.
pub(super) fn head(base: u64, previous_end: u64) -> [u8; 64] {
    mark(HEAD_MAGIC, [base, previous_end, 0])
}

/// `(base, previous_end)` of a segment's header.
pub(super) fn read_head(bytes: &[u8]) -> Option<(u64, u64)> {
    let [base, previous_end, _] = read_mark(HEAD_MAGIC, bytes.get(..HEAD_BYTES as usize)?)?;
    Some((base, previous_end))
}

/// What a footer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foot {
    /// The offset after the last record.
    pub(super) end: u64,
    /// The least offset that may come after it; more than `end` where a torn end was cut off.
    pub(super) next: u64,
}

/// The footer at `position`.
pub(super) fn foot(position: u64, foot: Foot) -> [u8; 64] {
    mark(FOOT_MAGIC, [position, foot.end, foot.next])
}

/// Reads a footer that stands at `position`.
pub(super) fn read_foot(bytes: &[u8], position: u64) -> Option<Foot> {
    let [at, end, next] = read_mark(FOOT_MAGIC, bytes)?;
    (at == position).then_some(Foot { end, next })
}

pub(super) fn name(base: u64) -> String {
    format!("seg-{base:020}.wbj")
}

/// The base offset in a segment's file name.
pub(super) fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("seg-")?.strip_suffix(".wbj")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// Everything that is in a segment.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Whether the header is as it was written.
    pub(super) head_is_good: bool,
    /// Where the journal ended before this segment, as the header says.
    pub(super) previous_end: u64,
    /// Good blocks, in order; fillers among them.
    pub(super) blocks: Vec<Header>,
    /// Places that hold no good block, though good ones follow.
    pub(super) holes: Vec<Range<u64>>,
    /// Where the good part ends; what is behind it, if anything, is torn.
    pub(super) end_position: u64,
    /// The footer, if there is a good one.
    pub(super) foot: Option<Foot>,
    /// The greatest end offset that any header states, those of bad blocks included.
    pub(super) end_seen: u64,
}

impl Scan {
    /// The offset after the last record.
    pub(super) fn end(&self, base: u64) -> u64 {
        let foot = self.foot.map_or(base, |foot| foot.end);
        self.blocks.iter().map(Header::end).max().unwrap_or(base).max(base).max(foot)
    }

    /// Whether a hole lies in the last group that was written: it may be a write that a crash interrupted.
    pub(super) fn is_torn(&self, hole: &Range<u64>) -> bool {
        let last = self.blocks.iter().rev().find(|block| !block.is_filler());
        self.foot.is_none() && last.is_some_and(|last| hole.start >= last.group)
    }

    /// The offset at which the records lost in a hole end.
    pub(super) fn base_after(&self, hole: &Range<u64>) -> Option<u64> {
        self.blocks.iter().find(|block| block.position >= hole.end).map(|block| block.base)
    }
}

/// Looks through the bytes of a segment whose first offset is `base`. Never fails: what is no good block is a hole or
/// the torn end.
pub(super) fn scan(bytes: &[u8], base: u64) -> Scan {
    let head = read_head(bytes).filter(|head| head.0 == base);
    let mut scan =
        Scan { head_is_good: head.is_some(), previous_end: head.map_or(base, |head| head.1), ..Scan::default() };
    let length = bytes.len() as u64;
    let foot_at = length.checked_sub(FOOT_BYTES).filter(|at| *at >= HEAD_BYTES);
    scan.foot = foot_at.and_then(|at| read_foot(&bytes[at as usize..], at));
    let blocks_end = if scan.foot.is_some() { length - FOOT_BYTES } else { length };
    let (mut position, mut bad_from) = (HEAD_BYTES, None);
    let mut expected = base;
    while position < blocks_end {
        match look(bytes, position, blocks_end, expected, &mut scan.end_seen) {
            Look::Good(block) => {
                if let Some(from) = bad_from.take() {
                    scan.holes.push(from..position);
                }
                position += block.total_bytes();
                expected = block.end();
                scan.end_seen = scan.end_seen.max(expected);
                scan.blocks.push(block);
            }
            Look::Bad(bytes) => {
                bad_from.get_or_insert(position);
                position += bytes;
            }
        }
    }
    scan.end_position = bad_from.unwrap_or(position).min(length);
    // Behind a good footer nothing is torn: a bad end in front of it is a hole.
    if let (Some(from), Some(foot)) = (bad_from, scan.foot) {
        scan.holes.push(from..blocks_end);
        scan.end_position = blocks_end;
        scan.end_seen = scan.end_seen.max(foot.next);
    }
    scan
}

enum Look {
    Good(Header),
    /// No good block for so many bytes.
    Bad(u64),
}

fn look(bytes: &[u8], position: u64, end: u64, expected: u64, end_seen: &mut u64) -> Look {
    let rest = bytes.get(position as usize..end as usize).unwrap_or_default();
    let Some(header) = Header::decode(rest, position) else { return Look::Bad(8) };
    *end_seen = (*end_seen).max(header.end());
    // Offsets only grow: an older block that shows through a torn write does not count.
    if header.base < expected || header.total_bytes() > rest.len() as u64 {
        return Look::Bad(8);
    }
    let index = header.check(&rest[HEADER_BYTES..]).map(|(index, _)| index);
    let makes_sense = index.is_some_and(|index| header.is_filler() || Index::decode(&header, index).is_some());
    // A good header vouches for the length of its bad block: what lies inside was written by others and may look like
    // anything.
    if makes_sense { Look::Good(header) } else { Look::Bad(header.total_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_can_be_scanned(bytes: Vec<u8>) {
            let scan = scan(&bytes, 0);
            prop_assert!(scan.blocks.is_empty());
        }
    }

    #[test]
    fn names_sort_like_their_offsets() {
        assert_eq!(base_of(&name(7)), Some(7));
        assert!(name(9) < name(10));
        assert_eq!(base_of("seg-7.wbj"), None);
        assert_eq!(base_of("marks-00000000000000000007"), None);
    }
}
