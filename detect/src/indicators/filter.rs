//! The compact filter in front: says "certainly not" for nearly everything that is no indicator.
//!
//! A blocked Bloom filter (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007) with blocks
//! of two 64-bit words: one place in memory a question. The same block answers two questions about a name: does it, or
//! something below it, stand in the list (four bits), and is it itself an indicator (four bits more)? Where nothing lies
//! below, a walk from the top of the name ends, and for most names that is the first step.
//!
//! Deliberately absent: a static filter of fewer bits (fuse, ribbon). It would save a byte an indicator and cost three
//! places in memory a question.

/// Bytes of a block.
const BLOCK: usize = 16;
/// Bits for each thing that the filter holds.
const BITS_PER_KEY: usize = 14;

/// A block: two words; or bits to look for in them.
type Words = (u64, u64);

#[inline]
fn bit(bits: u64, shift: u32) -> u64 {
    1u64 << (bits >> shift & 63)
}

/// Bits that say: this, or something below it, is there.
#[inline]
fn node_bits(bits: u64) -> Words {
    (bit(bits, 58) | bit(bits, 52), bit(bits, 46) | bit(bits, 40))
}

/// Bits that say: this itself is there.
#[inline]
fn listed_bits(bits: u64) -> Words {
    (bit(bits, 34) | bit(bits, 28), bit(bits, 22) | bit(bits, 16))
}

/// The block is chosen by the upper half of the hash; the bits in it by another mixture.
#[inline]
fn bits_of(hash: u64) -> u64 {
    hash.wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// Which block; the upper half of the hash, scaled.
#[inline]
fn block_at(hash: u64, blocks: usize) -> usize {
    ((hash >> 32).wrapping_mul(blocks as u64) >> 32) as usize * BLOCK
}

#[inline]
fn block(filter: &[u8], hash: u64) -> Option<Words> {
    let at = block_at(hash, filter.len() / BLOCK);
    let (low, high) = filter.get(at..)?.first_chunk::<BLOCK>()?.split_at(8);
    let word = |half: &[u8]| half.try_into().ok().map(u64::from_le_bytes);
    Some((word(low)?, word(high)?))
}

#[inline]
fn holds((low, high): Words, (want_low, want_high): Words) -> bool {
    (!low & want_low) | (!high & want_high) == 0
}

/// Asks about a key. An empty filter holds nothing.
#[inline]
pub(crate) fn listed(filter: &[u8], hash: u64) -> bool {
    look(filter, hash).listed()
}

/// What the filter has where something would be.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    block: Words,
    bits: u64,
}

impl Found {
    /// It, or something below it, may be an indicator.
    #[inline]
    pub(crate) fn is_node(self) -> bool {
        holds(self.block, node_bits(self.bits))
    }

    /// It may be an indicator itself.
    #[inline]
    pub(crate) fn listed(self) -> bool {
        let ((node_low, node_high), (low, high)) = (node_bits(self.bits), listed_bits(self.bits));
        holds(self.block, (node_low | low, node_high | high))
    }
}

/// Looks where a name or a key would be.
#[inline]
pub(crate) fn look(filter: &[u8], hash: u64) -> Found {
    Found { block: block(filter, hash).unwrap_or((0, 0)), bits: bits_of(hash) }
}

/// Makes the bytes of a filter over what is listed and what lies above it.
pub(crate) fn build(listed: &[u64], parents: &[u64]) -> Vec<u8> {
    let keys = listed.len() + parents.len();
    if keys == 0 {
        return Vec::new();
    }
    let blocks = (keys * BITS_PER_KEY).div_ceil(BLOCK * 8);
    let mut filter = vec![0u8; blocks * BLOCK];
    let mut set = |hash: u64, (low, high): Words| {
        let at = block_at(hash, blocks);
        for (byte, bits) in
            filter[at..at + BLOCK].iter_mut().zip(low.to_le_bytes().into_iter().chain(high.to_le_bytes()))
        {
            *byte |= bits;
        }
    };
    for &hash in listed {
        set(hash, node_bits(bits_of(hash)));
        set(hash, listed_bits(bits_of(hash)));
    }
    parents.iter().for_each(|&hash| set(hash, node_bits(bits_of(hash))));
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
        assert!(parent_keys.iter().all(|&hash| look(&filter, hash).is_node()));
        let parents_listed = parent_keys.iter().filter(|&&hash| listed(&filter, hash)).count();
        assert!(parents_listed < 500, "{parents_listed} of 10,000 parents were taken for indicators");
        let others: Vec<_> = (1_000_000..1_100_000).map(of).collect();
        let nodes = others.iter().filter(|&&hash| look(&filter, hash).is_node()).count();
        let passed = others.iter().filter(|&&hash| listed(&filter, hash)).count();
        println!("of 100,000 strangers {nodes} were taken for parents, {passed} for indicators");
        assert!(nodes < 6_000 && passed < 600, "of 100,000 strangers {nodes} and {passed} got through");
    }

    #[test]
    fn an_empty_filter_holds_nothing() {
        assert!(build(&[], &[]).is_empty());
        assert!(!listed(&[], 7));
        assert!(!look(&[1, 2, 3], 7).is_node());
    }
}
