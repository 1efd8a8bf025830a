//! The compact filter in front: says "certainly not" for nearly everything that is no indicator.
//!
//! Two blocked Bloom filters (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007), one behind
//! the other. The first, of ten bits a key, is asked always and small enough to stay near the processor; one block
//! of two words answers two questions about a name: does it, or something below it, stand in the list (three
//! bits), and is it itself an indicator (two bits more)? Where nothing lies below, a walk from the top of the name ends. The
//! second, of six bits a key and three bits in one word, is asked about what passed the first, one in a hundred, and
//! lets one in sixteen of those through to the search in the table.
//!
//! Deliberately absent: a static filter of fewer bits (fuse, ribbon). It would save half a byte an indicator and cost
//! three places in memory a question.

/// Bytes of a block of the first filter.
const BLOCK: usize = 16;
/// Bits of the first filter for each thing that it holds.
const FIRST_BITS_PER_KEY: usize = 10;
/// Bytes of a word of the second filter.
const WORD: usize = 8;
/// Bits of the second filter for each thing that it holds.
const SECOND_BITS_PER_KEY: usize = 6;

/// A block of the first filter, in one line of the processor's cache; or bits to set in it.
#[derive(Clone, Copy, Default)]
#[repr(align(16))]
pub(crate) struct Block(u64, u64);

#[inline]
fn bit(bits: u64, shift: u32) -> u64 {
    1u64 << (bits >> shift & 63)
}

/// Bits that say: this, or something below it, is there.
#[inline(always)]
fn node_bits(bits: u64) -> Block {
    Block(bit(bits, 58) | bit(bits, 52), bit(bits, 46))
}

/// Bits that say: this itself is there.
#[inline(always)]
fn listed_bits(bits: u64) -> Block {
    Block(bit(bits, 40), bit(bits, 34))
}

/// The same, in the second filter.
#[inline]
fn second_bits(bits: u64) -> u64 {
    bit(bits, 28) | bit(bits, 22) | bit(bits, 16)
}

/// A place is chosen by the upper half of the hash; the bits there by another mixture.
#[inline]
fn bits_of(hash: u64) -> u64 {
    hash.wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// Which of `count` places: half of the hash, scaled.
#[inline]
fn place(half: u64, count: usize) -> usize {
    ((half & 0xffff_ffff).wrapping_mul(count as u64) >> 32) as usize
}

#[inline]
fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<WORD>().map(|word| u64::from_le_bytes(*word))
}

impl Block {
    #[inline(always)]
    fn has(self, wanted: Block) -> bool {
        (!self.0 & wanted.0) | (!self.1 & wanted.1) == 0
    }
}

/// The blocks of a first filter, as its section has them. Whoever asks keeps a copy: each question begins there, so it is
/// kept where no look through the image comes first.
pub(crate) fn blocks(section: &[u8]) -> Box<[Block]> {
    let (words, _) = section.as_chunks::<WORD>();
    let (pairs, _) = words.as_chunks::<2>();
    pairs.iter().map(|[low, high]| Block(u64::from_le_bytes(*low), u64::from_le_bytes(*high))).collect()
}

/// The two filters of a table.
#[derive(Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub(crate) first: &'a [Block],
    pub(crate) second: &'a [u8],
}

/// What the first filter has where something would be.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    block: Block,
    hash: u64,
    bits: u64,
}

impl Found {
    /// It, or something below it, may be an indicator.
    #[inline(always)]
    pub(crate) fn is_node(self) -> bool {
        self.block.has(node_bits(self.bits))
    }

    /// It may be an indicator itself, as far as the first filter knows.
    #[inline(always)]
    pub(crate) fn passes(self) -> bool {
        let (node, listed) = (node_bits(self.bits), listed_bits(self.bits));
        self.block.has(Block(node.0 | listed.0, node.1 | listed.1))
    }
}

impl Filter<'_> {
    /// Looks where a name or a key would be.
    #[inline(always)]
    pub(crate) fn look(&self, hash: u64) -> Found {
        let block = self.first.get(place(hash >> 32, self.first.len())).copied().unwrap_or_default();
        Found { block, hash, bits: bits_of(hash) }
    }

    /// Whether what was looked for may be an indicator itself.
    pub(crate) fn lists(&self, found: Found) -> bool {
        found.passes() && self.second_lists(found.hash)
    }

    /// What the second filter says, which is asked where the first says yes.
    #[cold]
    pub(crate) fn second_lists(&self, hash: u64) -> bool {
        let at = place(hash, self.second.len() / WORD) * WORD;
        let wanted = second_bits(bits_of(hash));
        self.second.get(at..).and_then(word).is_some_and(|word| word & wanted == wanted)
    }
}

/// Makes the bytes of both filters, over what is listed and what lies above it.
pub(crate) fn build(listed: &[u64], parents: &[u64]) -> (Vec<u8>, Vec<u8>) {
    let blocks = ((listed.len() + parents.len()) * FIRST_BITS_PER_KEY).div_ceil(BLOCK * 8);
    let words = (listed.len() * SECOND_BITS_PER_KEY).div_ceil(WORD * 8);
    let (mut first, mut second) = (vec![0u8; blocks * BLOCK], vec![0u8; words * WORD]);
    let mut set = |hash: u64, Block(low, high): Block| {
        let at = place(hash >> 32, blocks) * BLOCK;
        put(&mut first, at, low);
        put(&mut first, at + WORD, high);
    };
    for &hash in listed {
        let bits = bits_of(hash);
        set(hash, node_bits(bits));
        set(hash, listed_bits(bits));
        put(&mut second, place(hash, words) * WORD, second_bits(bits));
    }
    parents.iter().for_each(|&hash| set(hash, node_bits(bits_of(hash))));
    (first, second)
}

fn put(filter: &mut [u8], at: usize, bits: u64) {
    filter[at..at + WORD].iter_mut().zip(bits.to_le_bytes()).for_each(|(byte, bits)| *byte |= bits);
}

/// Whether sections of these lengths can be the two filters.
pub(crate) fn is_whole(first: usize, second: usize) -> bool {
    first.is_multiple_of(BLOCK) && second.is_multiple_of(WORD)
}

#[cfg(test)]
mod tests {
    use super::super::name::hash;
    use super::*;

    #[test]
    fn nothing_is_lost_and_little_gets_through() {
        // Names, because that is what is asked for: four bytes of a counter are no name.
        let of = |n: u32| hash(format!("host-{n}.example").as_bytes());
        let listed: Vec<_> = (0..100_000).map(of).collect();
        let parents: Vec<_> = (100_000..110_000).map(of).collect();
        let (first, second) = build(&listed, &parents);
        let blocks = blocks(&first);
        let filter = Filter { first: &blocks, second: &second };
        let lists = |hash: u64| filter.lists(filter.look(hash));
        assert!(listed.iter().all(|&hash| lists(hash)));
        assert!(parents.iter().all(|&hash| filter.look(hash).is_node()));
        let wrong = parents.iter().filter(|&&hash| lists(hash)).count();
        assert!(wrong < 500, "{wrong} of 10,000 parents were taken for indicators");
        let others: Vec<_> = (1_000_000..1_100_000).map(of).collect();
        let nodes = others.iter().filter(|&&hash| filter.look(hash).is_node()).count();
        let passed = others.iter().filter(|&&hash| lists(hash)).count();
        println!("of 100,000 strangers {nodes} were taken for parents, {passed} for indicators");
        assert!(nodes < 10_000 && passed < 300, "of 100,000 strangers {nodes} and {passed} got through");
    }

    #[test]
    fn an_empty_filter_holds_nothing() {
        assert_eq!(build(&[], &[]), (Vec::new(), Vec::new()));
        for bytes in [&[][..], &[255; 3], &[255; 8]] {
            let filter = Filter { first: &blocks(bytes), second: bytes };
            assert!(!filter.look(7).is_node() && !filter.lists(filter.look(7)));
        }
    }
}
