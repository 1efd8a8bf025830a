//! Sorted keys in front-coded blocks: where a hit is confirmed, byte for byte.
//!
//! A block holds [`BLOCK_KEYS`] keys. Each says how many bytes it shares with the one before, then the rest of it, then
//! where its claims are. The first shares nothing, so that a binary search over the blocks needs nothing else. Names are
//! kept backwards (`elpmaxe.b.a`), because names of one owner then share their beginning.

use super::wire::{Damaged, Reader, put_varint, u32_at};

/// Keys of one block: more pack better, fewer are found faster.
const BLOCK_KEYS: usize = 16;

/// Writes keys that come in order.
#[derive(Default)]
pub(crate) struct BlockWriter {
    /// Where each block starts, as little-endian 32-bit numbers.
    pub(crate) index: Vec<u8>,
    previous: Vec<u8>,
    in_block: usize,
    written: u64,
}

impl BlockWriter {
    /// Encodes one more key behind what `out` holds. `None` when the section grows beyond what 32 bits address.
    pub(crate) fn push(&mut self, key: &[u8], claims: u64, out: &mut Vec<u8>) -> Option<()> {
        let before = out.len();
        if self.in_block == 0 {
            self.index.extend_from_slice(&u32::try_from(self.written).ok()?.to_le_bytes());
        }
        let shared = if self.in_block == 0 { 0 } else { shared(&self.previous, key) };
        let rest = &key[shared..];
        // Both lengths in one byte where they fit; 15 says that a number follows.
        out.push((shared.min(15) << 4 | rest.len().min(15)) as u8);
        for length in [shared, rest.len()] {
            if let Some(more) = length.checked_sub(15) {
                put_varint(out, more as u64);
            }
        }
        out.extend_from_slice(rest);
        put_varint(out, claims);
        self.previous.clear();
        self.previous.extend_from_slice(key);
        self.in_block = (self.in_block + 1) % BLOCK_KEYS;
        self.written += (out.len() - before) as u64;
        Some(())
    }
}

/// How many bytes two keys have in common at their beginning.
pub(crate) fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// One key as it stands in its block.
struct Entry<'a> {
    shared: usize,
    rest: &'a [u8],
    claims: u64,
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<Entry<'a>, Damaged> {
    let lengths = usize::from(reader.byte()?);
    let mut length = |short: usize| -> Result<usize, Damaged> {
        if short < 15 {
            return Ok(short);
        }
        reader.length()?.checked_add(15).ok_or(Damaged("length out of range"))
    };
    let (shared, rest) = (length(lengths >> 4)?, length(lengths & 15)?);
    Ok(Entry { shared, rest: reader.take(rest)?, claims: reader.varint()? })
}

/// The keys of one kind in an image.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) index: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn count(&self) -> usize {
        self.index.len() / 4
    }

    fn block(&self, at: usize) -> Result<Reader<'a>, Damaged> {
        let start = u32_at(self.index, at)? as usize;
        let end = if at + 1 < self.count() { u32_at(self.index, at + 1)? as usize } else { self.bytes.len() };
        self.bytes.get(start..end).map(Reader::new).ok_or(Damaged("block out of range"))
    }

    /// Where the claims of exactly that key are.
    pub(crate) fn find(&self, key: &[u8]) -> Result<Option<u64>, Damaged> {
        // The last block whose first key is not beyond `key`.
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            let first = entry(&mut self.block(middle)?)?;
            if first.rest <= key { low = middle + 1 } else { high = middle }
        }
        let Some(at) = low.checked_sub(1) else { return Ok(None) };
        find_in(self.block(at)?, key)
    }

    /// Gives every key in order, with where its claims are.
    pub(crate) fn iter(&self) -> BlockIter<'a> {
        BlockIter { blocks: *self, next: 0, reader: Reader::new(&[]), key: Vec::new() }
    }
}

/// Looks through one block without putting keys together: `same` is how much of `key` the entry before had, and that one
/// was less than `key`.
fn find_in(mut reader: Reader<'_>, key: &[u8]) -> Result<Option<u64>, Damaged> {
    let mut same = 0;
    while !reader.is_empty() {
        let entry = entry(&mut reader)?;
        if entry.shared > same {
            continue;
        }
        if entry.shared < same {
            return Ok(None);
        }
        let wanted = key.get(same..).ok_or(Damaged("key out of range"))?;
        let more = shared(entry.rest, wanted);
        match (entry.rest.get(more), wanted.get(more)) {
            (None, None) => return Ok(Some(entry.claims)),
            (Some(_), None) => return Ok(None),
            (Some(is), Some(want)) if is > want => return Ok(None),
            _ => same += more,
        }
    }
    Ok(None)
}

/// See [`Blocks::iter`].
pub(crate) struct BlockIter<'a> {
    blocks: Blocks<'a>,
    next: usize,
    reader: Reader<'a>,
    /// The key that [`BlockIter::advance`] came to.
    pub(crate) key: Vec<u8>,
}

impl BlockIter<'_> {
    /// Goes to the next key; gives where its claims are, `None` behind the last.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, Damaged> {
        while self.reader.is_empty() {
            if self.next >= self.blocks.count() {
                return Ok(None);
            }
            self.reader = self.blocks.block(self.next)?;
            self.next += 1;
            self.key.clear();
        }
        let entry = entry(&mut self.reader)?;
        if entry.shared > self.key.len() {
            return Err(Damaged("key shares more than there is"));
        }
        self.key.truncate(entry.shared);
        self.key.extend_from_slice(entry.rest);
        Ok(Some(entry.claims))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    fn written(keys: &BTreeMap<Vec<u8>, u64>) -> (Vec<u8>, Vec<u8>) {
        let (mut writer, mut out) = (BlockWriter::default(), Vec::new());
        for (key, claims) in keys {
            writer.push(key, *claims, &mut out).unwrap();
        }
        (out, writer.index)
    }

    fn keys() -> impl Strategy<Value = BTreeMap<Vec<u8>, u64>> {
        // Few letters and long keys, so that keys share beginnings and are beginnings of each other.
        prop::collection::btree_map(prop::collection::vec(0u8..3, 0..40), any::<u64>(), 0..120)
    }

    proptest! {
        #[test]
        fn finds_what_a_map_finds(keys in keys(), asked in prop::collection::vec(prop::collection::vec(0u8..3, 0..40), 40)) {
            let (bytes, index) = written(&keys);
            let blocks = Blocks { bytes: &bytes, index: &index };
            for key in keys.keys().chain(&asked) {
                prop_assert_eq!(blocks.find(key), Ok(keys.get(key).copied()));
            }
            let (mut iter, mut all) = (blocks.iter(), Vec::new());
            while let Some(claims) = iter.advance().unwrap() {
                all.push((iter.key.clone(), claims));
            }
            prop_assert_eq!(all, keys.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn damage_never_panics(keys in keys(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let (mut bytes, mut index) = written(&keys);
            for part in [&mut bytes, &mut index] {
                if !part.is_empty() {
                    let at = at.index(part.len());
                    part[at] = byte;
                }
            }
            let blocks = Blocks { bytes: &bytes, index: &index };
            for key in keys.keys() {
                let _ = blocks.find(key);
            }
            let mut iter = blocks.iter();
            // A damaged index may lead in circles of at most the blocks that it names.
            while let Ok(Some(_)) = iter.advance() {}
        }
    }
}
