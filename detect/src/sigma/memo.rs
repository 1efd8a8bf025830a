//! What was found in values that came before.
//!
//! In real logs the same value stands in the same field again and again: programs, accounts, call traces, the lines of a long
//! message. What rules find in a value depends on its bytes and on nothing else, so it is found once and remembered. Bytes
//! are compared in full: a remembered answer is the answer that a search would give, whatever the limits and whatever came
//! between. A value is remembered when it comes for the second time, so that values that never come again push nothing out
//! and cost no copy. Deliberately absent: ages; an entry goes when two newer ones want its place, and all go when together they
//! are over [`limits::MATCH_MEMO_BYTES_MAX`].

use std::hash::Hasher;

use model::limits;
use rustc_hash::FxHasher;

/// How much is remembered. Limits change how often something is searched again, never what is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoLimits {
    /// Entries; a power of two, at least 2 and below 2 to the power of [`NUMBER_BITS`].
    pub(crate) entries: usize,
    /// Bytes of all values with their answers.
    pub(crate) bytes: usize,
    /// Bytes of one value.
    pub(crate) value_bytes: usize,
}

impl Default for MemoLimits {
    fn default() -> Self {
        MemoLimits {
            entries: limits::MATCH_MEMO_ENTRIES_MAX,
            bytes: limits::MATCH_MEMO_BYTES_MAX,
            value_bytes: limits::MATCH_MEMO_VALUE_BYTES_MAX,
        }
    }
}

/// Values and what was found in them.
#[derive(Debug)]
pub(crate) struct Memo {
    limits: MemoLimits,
    /// Pairs of places for entries' numbers, each with a part of the value's hash; the hash says which pair is the value's.
    /// 0 is empty. A small table of its own, because it is looked at without order: the entries themselves stand in the order
    /// in which they came, so that those which come all the time stand together.
    index: Vec<u32>,
    /// The first is never used.
    entries: Vec<Entry>,
    /// A part of the hash of the value that was asked for and not found, by the hash's last bits.
    asked: Vec<u32>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Entry {
    place: u64,
    value: Box<[u8]>,
    atoms: Box<[u32]>,
}

/// Bits of an index cell that are the entry's number; the others are of the hash.
const NUMBER_BITS: u32 = 17;

/// Where a value stands: what is found in it depends on that too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

/// A value that is not remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Miss {
    hash: u64,
    /// It was asked for before: worth remembering.
    pub(crate) is_again: bool,
}

impl Place {
    /// `shape` tells apart how the value is written and which part of it this is.
    pub(crate) fn new(partition: u32, slot: u16, shape: u8) -> Self {
        // One bit is always set, so that no place is that of an entry never used.
        Place(u64::from(partition) << 32 | u64::from(slot) << 16 | u64::from(shape) << 8 | 1)
    }
}

impl Memo {
    pub(crate) fn new(limits: MemoLimits) -> Self {
        debug_assert!(limits.entries.is_power_of_two() && limits.entries >= 2 && limits.entries < 1 << NUMBER_BITS);
        Memo { limits, index: Vec::new(), entries: Vec::new(), asked: Vec::new(), bytes: 0 }
    }

    /// The atoms that hold for the value, if it is remembered.
    #[inline]
    pub(crate) fn find(&mut self, place: Place, value: &[u8]) -> Result<&[u32], Miss> {
        if value.len() > self.limits.value_bytes {
            return Err(Miss { hash: 0, is_again: false });
        }
        let hash = hash(place, value);
        let pair = pair(hash, self.index.len());
        for cell in self.index.get(pair..pair + 2).unwrap_or_default() {
            let number = number(*cell);
            let is_it = |entry: &Entry| entry.place == place.0 && *entry.value == *value;
            if *cell == cell_of(hash, number) && self.entries.get(number).is_some_and(is_it) {
                return Ok(&self.entries[number].atoms);
            }
        }
        Err(self.miss(hash))
    }

    #[cold]
    fn miss(&mut self, hash: u64) -> Miss {
        if self.asked.is_empty() {
            self.asked = vec![0; self.limits.entries];
        }
        let (at, mark) = (hash as usize & (self.asked.len() - 1), (hash >> 32) as u32 | 1);
        let is_again = std::mem::replace(&mut self.asked[at], mark) == mark;
        Miss { hash, is_again }
    }

    /// Remembers the atoms that hold for a value that [`Memo::find`] missed.
    pub(crate) fn keep(&mut self, miss: Miss, place: Place, value: &[u8], atoms: &[u32]) {
        let entry = Entry { place: place.0, value: value.into(), atoms: atoms.into() };
        let bytes = entry.bytes();
        if bytes > self.limits.bytes {
            return;
        }
        if self.index.is_empty() {
            self.index = vec![0; self.limits.entries];
            self.entries.push(Entry::default());
        }
        if self.bytes + bytes > self.limits.bytes {
            self.index.fill(0);
            self.entries.truncate(1);
            self.bytes = 0;
        }
        self.bytes += bytes;
        let pair = pair(miss.hash, self.index.len());
        let number = match number(self.index[pair + 1]) {
            0 => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
            older => {
                self.bytes -= self.entries[older].bytes();
                self.entries[older] = entry;
                older
            }
        };
        self.index[pair + 1] = std::mem::replace(&mut self.index[pair], cell_of(miss.hash, number));
    }

    /// Bytes of the values that are remembered, with their answers.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.value.len() + size_of_val(&*self.atoms)
    }
}

#[inline]
fn hash(place: Place, value: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(place.0);
    hasher.write(value);
    hasher.finish()
}

/// The first of the two cells of a hash. Its last bits choose who is remembered as asked, so these are others.
#[inline]
fn pair(hash: u64, cells: usize) -> usize {
    (hash >> 16) as usize & cells.wrapping_sub(1) & !1
}

#[inline]
fn cell_of(hash: u64, number: usize) -> u32 {
    ((hash >> 32) as u32) << NUMBER_BITS | number as u32
}

#[inline]
fn number(cell: u32) -> usize {
    (cell & ((1 << NUMBER_BITS) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(memo: &mut Memo, slot: u16, value: &str) -> Option<Vec<u32>> {
        match memo.find(Place::new(0, slot, 0), value.as_bytes()) {
            Ok(atoms) => Some(atoms.to_vec()),
            Err(miss) => {
                if miss.is_again {
                    memo.keep(miss, Place::new(0, slot, 0), value.as_bytes(), &[value.len() as u32]);
                }
                None
            }
        }
    }

    #[test]
    fn the_second_time_is_remembered() {
        let mut memo = Memo::new(MemoLimits::default());
        assert_eq!([ask(&mut memo, 0, "abc"), ask(&mut memo, 0, "abc")], [None, None]);
        assert_eq!(ask(&mut memo, 0, "abc"), Some(vec![3]));
        assert_eq!(memo.bytes(), 7);
        assert_eq!(ask(&mut memo, 1, "abc"), None, "another slot");
        assert_eq!(ask(&mut memo, 0, "abd"), None);
        assert_eq!(ask(&mut memo, 0, ""), None);
    }

    #[test]
    fn limits_hold() {
        for (entries, bytes) in [(2, 60), (64, 60), (64, 1_000), (2, 1_000)] {
            let mut memo = Memo::new(MemoLimits { entries, bytes, value_bytes: 30 });
            let mut remembered = 0;
            for value in (0..40usize).cycle().take(2_000) {
                // Each value three times in a row, so that it is remembered however small the memory is.
                for _ in 0..3 {
                    remembered += usize::from(ask(&mut memo, 0, &"x".repeat(value)).is_some());
                }
                let together: usize = memo.entries.iter().map(Entry::bytes).sum();
                assert_eq!(memo.bytes(), together);
                assert!(together <= bytes && memo.entries.len() <= entries + 1 && memo.asked.len() <= entries);
                assert!(memo.entries.iter().all(|entry| entry.value.len() <= 30));
            }
            assert!(remembered > 1_000, "{remembered}");
        }
    }
}
