//! Ranges of addresses: the longest that holds an address, and every other one that does.
//!
//! Ranges of a prefix length never overlap by halves: of two, one lies in the other or they are apart. So they form a
//! forest. Sorted by first address and then from wide to narrow, the last range that starts at or before an address is
//! the longest match or lies beside it under one of its ancestors: one binary search, then a walk up.

use std::cmp::Ordering;

use super::wire::Damaged;

/// No range around this one.
const NO_PARENT: u32 = u32::MAX;

/// How wide addresses of a family are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const fn address_bytes(self) -> usize {
        match self {
            Family::V4 => 4,
            Family::V6 => 16,
        }
    }

    /// First address, prefix length, parent, claims.
    const fn node_bytes(self) -> usize {
        self.address_bytes() + 1 + 4 + 4
    }
}

/// Whether `address` lies in the range that starts at `start`.
fn holds(start: &[u8], length: u8, address: &[u8]) -> bool {
    let (whole, bits) = (usize::from(length / 8), length % 8);
    let (Some(start_whole), Some(address_whole)) = (start.get(..whole), address.get(..whole)) else { return false };
    if start_whole != address_whole {
        return false;
    }
    if bits == 0 {
        return true;
    }
    let mask = 0xffu8 << (8 - bits);
    matches!((start.get(whole), address.get(whole)), (Some(a), Some(b)) if (a ^ b) & mask == 0)
}

/// Writes ranges that come in order, each key being the first address and the prefix length.
pub(crate) struct RangeWriter {
    family: Family,
    /// The ranges around the one that was written last, widest first: key and number.
    around: Vec<(Vec<u8>, u32)>,
    written: u32,
}

impl RangeWriter {
    pub(crate) fn new(family: Family) -> Self {
        RangeWriter { family, around: Vec::new(), written: 0 }
    }

    /// Encodes one more range. `None` when there are more than 32 bits count.
    pub(crate) fn push(&mut self, key: &[u8], claims: u64, out: &mut Vec<u8>) -> Option<()> {
        let (address, _) = key.split_at_checked(self.family.address_bytes())?;
        let around = |(outer, _): &(Vec<u8>, u32)| {
            outer.split_last().is_some_and(|(length, start)| holds(start, *length, address))
        };
        while self.around.last().is_some_and(|last| !around(last)) {
            self.around.pop();
        }
        let parent = self.around.last().map_or(NO_PARENT, |(_, number)| *number);
        out.extend_from_slice(key);
        out.extend_from_slice(&parent.to_le_bytes());
        out.extend_from_slice(&u32::try_from(claims).ok()?.to_le_bytes());
        self.around.push((key.to_vec(), self.written));
        self.written = self.written.checked_add(1).filter(|&count| count < NO_PARENT)?;
        Some(())
    }
}

/// The ranges of one family in an image.
#[derive(Clone, Copy)]
pub(crate) struct Ranges<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) family: Family,
}

/// A range that was found.
#[derive(Clone, Copy)]
pub(crate) struct Range<'a> {
    /// First address and prefix length.
    pub(crate) key: &'a [u8],
    parent: u32,
    /// Where its claims are.
    pub(crate) claims: u64,
}

impl Range<'_> {
    fn holds(&self, address: &[u8]) -> bool {
        self.key.split_last().is_some_and(|(length, start)| holds(start, *length, address))
    }
}

impl<'a> Ranges<'a> {
    pub(crate) fn count(&self) -> usize {
        self.bytes.len() / self.family.node_bytes()
    }

    /// The `at`-th range in order.
    pub(crate) fn get(&self, at: usize) -> Result<Range<'a>, Damaged> {
        let size = self.family.node_bytes();
        let start = at.checked_mul(size).ok_or(Damaged("range out of range"))?;
        let node = self.bytes.get(start..start + size).ok_or(Damaged("range out of range"))?;
        let (key, rest) = node.split_at(self.family.address_bytes() + 1);
        let number =
            |from: usize| rest.get(from..from + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
        match (number(0), number(4)) {
            (Some(parent), Some(claims)) => Ok(Range { key, parent, claims: claims.into() }),
            _ => Err(Damaged("range out of range")),
        }
    }

    /// Gives every range that holds `address`, the longest first.
    pub(crate) fn each(&self, address: &[u8], mut give: impl FnMut(Range<'a>)) -> Result<(), Damaged> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = self.get(middle)?.key.get(..address.len()).unwrap_or_default();
            if start.cmp(address) == Ordering::Greater { high = middle } else { low = middle + 1 }
        }
        let mut next = low.checked_sub(1);
        while let Some(at) = next {
            let range = self.get(at)?;
            if range.holds(address) {
                give(range);
            }
            next = (range.parent != NO_PARENT).then_some(range.parent as usize);
            // A parent stands before its children; anything else would be a circle.
            if next.is_some_and(|next| next >= at) {
                return Err(Damaged("range is its own parent"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    fn key(address: u32, length: u8) -> Vec<u8> {
        let start = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0) & address;
        [start.to_be_bytes().as_slice(), &[length]].concat()
    }

    fn written(keys: &BTreeMap<Vec<u8>, u64>) -> Vec<u8> {
        let (mut writer, mut out) = (RangeWriter::new(Family::V4), Vec::new());
        for (key, claims) in keys {
            writer.push(key, *claims, &mut out).unwrap();
        }
        out
    }

    fn found(bytes: &[u8], address: u32) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let ranges = Ranges { bytes, family: Family::V4 };
        ranges.each(&address.to_be_bytes(), |range| found.push(range.key.to_vec())).unwrap();
        found
    }

    fn some_ranges() -> impl Strategy<Value = BTreeMap<Vec<u8>, u64>> {
        // Few addresses, so that ranges lie in each other.
        prop::collection::vec((0u32..64, 0u8..=32), 0..60).prop_map(|ranges| {
            ranges
                .into_iter()
                .zip(0..)
                .map(|((n, length), claims)| (key(n.wrapping_mul(0x0411_0101), length), claims))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(keys in some_ranges(), asked in prop::collection::vec(0u32..64, 20), near in 0u32..3) {
            let bytes = written(&keys);
            for address in asked.into_iter().map(|n| n.wrapping_mul(0x0411_0101).wrapping_add(near)) {
                let mut expected: Vec<_> =
                    keys.keys().filter(|key| holds(&key[..4], key[4], &address.to_be_bytes())).cloned().collect();
                expected.sort_by_key(|key| std::cmp::Reverse(key[4]));
                prop_assert_eq!(found(&bytes, address), expected);
            }
        }

        #[test]
        fn damage_never_panics(keys in some_ranges(), at in any::<prop::sample::Index>(), byte in any::<u8>(), address in any::<u32>()) {
            let mut bytes = written(&keys);
            prop_assume!(!bytes.is_empty());
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Ranges { bytes: &bytes, family: Family::V4 }.each(&address.to_be_bytes(), |_| ());
        }
    }

    #[test]
    fn holds_compares_bits() {
        let check = |start: [u8; 4], length: u8, address: [u8; 4], expected: bool| {
            assert_eq!(holds(&start, length, &address), expected, "{start:?}/{length} {address:?}");
        };
        check([10, 0, 0, 0], 8, [10, 255, 0, 1], true);
        check([10, 0, 0, 0], 8, [11, 0, 0, 0], false);
        check([10, 128, 0, 0], 9, [10, 127, 255, 255], false);
        check([0, 0, 0, 0], 0, [255, 1, 2, 3], true);
        check([1, 2, 3, 4], 32, [1, 2, 3, 4], true);
        check([1, 2, 3, 4], 32, [1, 2, 3, 5], false);
        check([1, 2, 3, 4], 40, [1, 2, 3, 4], false);
    }
}
