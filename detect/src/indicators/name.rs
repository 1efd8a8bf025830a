//! Host names on the way to a lookup: found in one pass, hashed from right to left.
//!
//! The hash of `a.b.example` contains the hash of `b.example`, which contains that of `example`: one walk over the name
//! gives the hash of every parent. The function is fixed, because images keep what it computed; it needs no secret, as
//! whatever it lets through is compared byte for byte afterwards.

/// Longest name in the DNS, RFC 1035 section 2.3.4, without the trailing dot.
pub(crate) const NAME_BYTES_MAX: usize = 253;

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;
const DOTS: u64 = 0x2e2e_2e2e_2e2e_2e2e;
/// `0x80 - b'A'` and `0x7f - b'Z'` in every byte: adding them carries into the high bit from `A`, and from beyond `Z`.
const FROM_A: u64 = 0x3f3f_3f3f_3f3f_3f3f;
const BEYOND_Z: u64 = 0x2525_2525_2525_2525;

/// A name in lower-case ASCII without trailing dot, and where its dots are.
pub(crate) struct Name<'a> {
    text: &'a [u8],
    dots: [u64; 4],
}

impl<'a> Name<'a> {
    /// Takes a name as it is; `None` when it has to be normalised first, or is too long to be a name.
    pub(crate) fn ready(text: &'a str) -> Option<Self> {
        let text = text.as_bytes();
        let text = text.strip_suffix(b".").unwrap_or(text);
        if text.is_empty() || text.len() > NAME_BYTES_MAX {
            return None;
        }
        let mut dots = [0u64; 4];
        let mut odd = 0;
        for (at, chunk) in text.chunks(8).enumerate() {
            let word = word_of(chunk);
            let upper = (word & LOW).wrapping_add(FROM_A) & !(word & LOW).wrapping_add(BEYOND_Z) & HIGH;
            odd |= (word & HIGH) | upper;
            let other = word ^ DOTS;
            let dot = !((other & LOW).wrapping_add(LOW) | other) & HIGH;
            // Gathers the eight high bits into one byte.
            let mask = (dot >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            dots[at / 8] |= mask << (8 * (at % 8));
        }
        (odd == 0).then_some(Name { text, dots })
    }

    /// The name itself.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Where the last dot before `end` is.
    fn dot_before(&self, end: usize) -> Option<usize> {
        let mut word = end / 64;
        let mut bits = self.dots.get(word)? & ((1u64 << (end % 64)) - 1);
        while bits == 0 {
            word = word.checked_sub(1)?;
            bits = *self.dots.get(word)?;
        }
        Some(word * 64 + 63 - bits.leading_zeros() as usize)
    }

    /// The name's parents, the shortest first: `example`, `b.example`, `a.b.example`.
    pub(crate) fn suffixes(&self) -> Suffixes<'_> {
        Suffixes { name: self, end: Some(self.text.len()), hash: SEED, labels: 0 }
    }
}

/// One of a name's parents, or the name.
#[derive(Clone, Copy)]
pub(crate) struct Suffix {
    /// Where it starts in the name.
    pub(crate) start: usize,
    /// How many labels it has.
    pub(crate) labels: usize,
    /// Its hash.
    pub(crate) hash: u64,
}

/// See [`Name::suffixes`].
pub(crate) struct Suffixes<'n> {
    name: &'n Name<'n>,
    end: Option<usize>,
    hash: u64,
    labels: usize,
}

impl Iterator for Suffixes<'_> {
    type Item = Suffix;

    #[inline]
    fn next(&mut self) -> Option<Suffix> {
        let end = self.end?;
        let dot = self.name.dot_before(end);
        let start = dot.map_or(0, |dot| dot + 1);
        self.hash = mix(self.hash, self.name.text.get(start..end)?);
        self.labels += 1;
        self.end = dot;
        Some(Suffix { start, labels: self.labels, hash: self.hash })
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;

/// The hash of a key that is no name.
pub(crate) fn hash(key: &[u8]) -> u64 {
    mix(SEED, key)
}

fn word_of(chunk: &[u8]) -> u64 {
    let mut word = [0; 8];
    match <[u8; 8]>::try_from(chunk) {
        Ok(whole) => word = whole,
        Err(_) => word[..chunk.len()].copy_from_slice(chunk),
    }
    u64::from_le_bytes(word)
}

/// 64 × 64 → 128 bits, folded: the mixing step of wyhash.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// At most 8 bytes as one number; together with the length it is unambiguous.
fn short(bytes: &[u8]) -> u64 {
    let four = |from: usize| {
        bytes.get(from..from + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes).into()
    };
    match bytes {
        [] => 0,
        [a] => u64::from(*a),
        [a, b] => u64::from(*a) | u64::from(*b) << 8,
        [a, b, c] => u64::from(*a) | u64::from(*b) << 8 | u64::from(*c) << 16,
        _ => {
            let (first, last): (u64, u64) = (four(0), four(bytes.len().saturating_sub(4)));
            first | last << 32
        }
    }
}

/// Goes on from `hash` over one more label or key.
#[inline]
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let mut state = hash;
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<16>() {
        let (low, high) = head.split_at(8);
        state = fold(word_of(low) ^ state ^ K0, word_of(high) ^ K1);
        rest = tail;
    }
    let (low, high) = rest.split_at(rest.len().min(8));
    fold(short(low) ^ state ^ K1, short(high) ^ K0 ^ bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn suffixes(text: &str) -> Vec<String> {
        let name = Name::ready(text).unwrap();
        name.suffixes().map(|suffix| String::from_utf8_lossy(&name.text()[suffix.start..]).into_owned()).collect()
    }

    #[test]
    fn parents_come_shortest_first() {
        assert_eq!(suffixes("a.b.example"), ["example", "b.example", "a.b.example"]);
        assert_eq!(suffixes("example."), ["example"]);
        assert_eq!(suffixes("a..b"), ["b", ".b", "a..b"]);
        let long = format!("{}.{}.example.com", "x".repeat(63), "y".repeat(60));
        assert_eq!(suffixes(&long).len(), 4);
    }

    #[test]
    fn what_needs_work_is_refused() {
        let check = |text: &str, ready: bool| assert_eq!(Name::ready(text).is_some(), ready, "{text}");
        check("a_b-1.example", true);
        check("A.example", false);
        check("a.examplZ", false);
        check("@[`{.example", true);
        check("bücher.example", false);
        check("", false);
        check(".", false);
        check(&"a".repeat(NAME_BYTES_MAX), true);
        check(&"a".repeat(NAME_BYTES_MAX + 1), false);
    }

    #[test]
    fn the_hash_never_changes() {
        // Images on disk hold what this function computed.
        assert_eq!(hash(b"evil.example, and sixteen bytes more"), 0xd85e_fa8c_9c0e_6c1a);
        let of = |text: &str| Name::ready(text).unwrap().suffixes().last().unwrap().hash;
        assert_eq!(of("example"), hash(b"example"));
        assert_ne!(of("a.bc"), of("ab.c"));
    }

    proptest! {
        #[test]
        fn dots_are_found(text in "[a-z.]{1,253}") {
            prop_assume!(text != ".");
            let name = Name::ready(&text).unwrap();
            let text = text.strip_suffix('.').unwrap_or(&text);
            let found: Vec<_> = name.suffixes().map(|suffix| suffix.start).collect();
            let mut expected: Vec<_> = text.match_indices('.').map(|(at, _)| at + 1).chain([0]).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn keys_that_differ_hash_apart(a in prop::collection::vec(any::<u8>(), 0..40), at in 0usize..40, bit in 0u8..8) {
            let mut b = a.clone();
            if let Some(byte) = b.get_mut(at) {
                *byte ^= 1 << bit;
                prop_assert_ne!(hash(&a), hash(&b));
            }
        }
    }
}
