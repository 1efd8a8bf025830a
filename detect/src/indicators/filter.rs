//! The compact filter in front: says "certainly not" for nearly everything that is no indicator.
//!
//! A blocked Bloom filter (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007) with blocks
//! of two 64-bit words and three bits in each: one place in memory a question. The same block answers two questions about a
//! name: is it an indicator, and does an indicator lie below it? Where nothing lies below, a walk from the top of the name
//! ends, and for most names that is the first step.
//!
//! Deliberately absent: a static filter of fewer bits (fuse, ribbon). It would save a byte an indicator and cost three
//! places in memory a question.

/// Bytes of a block.
const BLOCK: usize = 16;
/// Bits for each thing that the filter holds.
const BITS_PER_KEY: usize = 14;

/// Bits to look for, one mask for each word of a block.
type Masks = (u64, u64);

fn masks(bits: u64) -> Masks {
    let bit = |shift: u32| 1u64 << (bits >> shift & 63);
    (bit(58) | bit(52) | bit(46), bit(40) | bit(34) | bit(28))
}

fn listed_masks(hash: u64) -> Masks {
    masks(hash.wrapping_mul(0xd6e8_feb8_6659_fd93))
}

fn parent_masks(hash: u64) -> Masks {
    masks(hash.wrapping_mul(0xa5a3_564e_27f8_8627))
}

/// Which block; the upper half of the hash, scaled.
fn block_at(hash: u64, blocks: usize) -> usize {
    ((hash >> 32).wrapping_mul(blocks as u64) >> 32) as usize * BLOCK
}

/// What the filter says about one hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    /// It may be an indicator.
    pub(crate) listed: bool,
    /// An indicator may lie below it.
    pub(crate) parent: bool,
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

fn block(filter: &[u8], hash: u64) -> Option<Masks> {
    let at = block_at(hash, filter.len() / BLOCK);
    Some((word(filter, at)?, word(filter, at + 8)?))
}

fn holds((low, high): Masks, (want_low, want_high): Masks) -> bool {
    (!low & want_low) | (!high & want_high) == 0
}

/// Asks about a key. An empty filter holds nothing.
#[inline]
pub(crate) fn listed(filter: &[u8], hash: u64) -> bool {
    block(filter, hash).is_some_and(|block| holds(block, listed_masks(hash)))
}

/// Asks about a name, both questions at once.
#[inline]
pub(crate) fn verdict(filter: &[u8], hash: u64) -> Verdict {
    match block(filter, hash) {
        Some(block) => Verdict { listed: holds(block, listed_masks(hash)), parent: holds(block, parent_masks(hash)) },
        None => Verdict { listed: false, parent: false },
    }
}

/// Makes the bytes of a filter over what is listed and what lies above it.
pub(crate) fn build(listed: &[u64], parents: &[u64]) -> Vec<u8> {
    let keys = listed.len() + parents.len();
    if keys == 0 {
        return Vec::new();
    }
    let blocks = (keys * BITS_PER_KEY).div_ceil(BLOCK * 8);
    let mut filter = vec![0u8; blocks * BLOCK];
    let mut set = |hash: u64, (low, high): Masks| {
        let at = block_at(hash, blocks);
        for (byte, bits) in
            filter[at..at + BLOCK].iter_mut().zip(low.to_le_bytes().into_iter().chain(high.to_le_bytes()))
        {
            *byte |= bits;
        }
    };
    listed.iter().for_each(|&hash| set(hash, listed_masks(hash)));
    parents.iter().for_each(|&hash| set(hash, parent_masks(hash)));
    filter
}

/// Whether a section of that length can be a filter.
pub(crate) fn is_whole(bytes: usize) -> bool {
    bytes.is_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::super::name::hash;
    use super::*;

    #[test]
    fn nothing_is_lost_and_little_gets_through() {
        let of = |n: u32| hash(&n.to_le_bytes());
        let listed_keys: Vec<_> = (0..100_000).map(of).collect();
        let parent_keys: Vec<_> = (100_000..110_000).map(of).collect();
        let filter = build(&listed_keys, &parent_keys);
        assert!(listed_keys.iter().all(|&hash| listed(&filter, hash)));
        assert!(parent_keys.iter().all(|&hash| verdict(&filter, hash).parent));
        let others = (1_000_000..1_100_000).map(of);
        let passed = others.filter(|&hash| verdict(&filter, hash) != Verdict { listed: false, parent: false }).count();
        assert!(passed < 2_000, "{passed} of 100,000 strangers got through");
    }

    #[test]
    fn an_empty_filter_holds_nothing() {
        assert!(build(&[], &[]).is_empty());
        assert!(!listed(&[], 7));
        assert_eq!(verdict(&[1, 2, 3], 7), Verdict { listed: false, parent: false });
    }
}
