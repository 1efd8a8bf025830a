//! Host names on the way to a lookup: found in one pass, hashed from right to left.
//!
//! The hash of `a.b.example` goes on from the hash of `b.example`: one walk over the name gives the hash of every parent. The function is fixed, because images keep what it computed; it needs no secret, as
//! whatever it lets through is compared byte for byte afterwards.

/// Longest name in the DNS, RFC 1035 section 2.3.4, without the trailing dot.
pub(crate) const NAME_BYTES_MAX: usize = 253;

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;
const DOTS: u64 = 0x2e2e_2e2e_2e2e_2e2e;
const COLONS: u64 = 0x3a3a_3a3a_3a3a_3a3a;
/// `0x80 - b'A'` and `0x7f - b'Z'` in every byte: adding them carries into the high bit from `A`, and from beyond `Z`.
const FROM_A: u64 = 0x3f3f_3f3f_3f3f_3f3f;
const BEYOND_Z: u64 = 0x2525_2525_2525_2525;

/// Names up to this many bytes, which is nearly all of them, are hashed out of registers.
const SHORT: usize = 64;
/// A short name as words, and room for looking beyond its end.
type Words = [u64; SHORT / 8 + 3];

/// A name in lower-case ASCII without trailing dot, and where its dots are.
pub(crate) struct Name<'a> {
    text: &'a [u8],
    dots: [u64; 4],
    /// The bytes of a short name, eight to a word; zeros for a long one.
    words: Words,
}

impl<'a> Name<'a> {
    /// Takes a name as it is; `None` when it has to be normalised first, is too long to be a name, or has a colon and so
    /// may be an address.
    #[inline]
    pub(crate) fn ready(text: &'a str) -> Option<Self> {
        let text = text.as_bytes();
        let text = text.strip_suffix(b".").unwrap_or(text);
        let mut name = Name { text, dots: [0; 4], words: [0; SHORT / 8 + 3] };
        let is_plain = match text.len() {
            0 => false,
            length if length <= SHORT => name.scan_short(),
            length if length <= NAME_BYTES_MAX => name.scan_long(),
            _ => false,
        };
        is_plain.then_some(name)
    }

    #[inline]
    fn scan_short(&mut self) -> bool {
        let (whole, rest) = self.text.as_chunks::<8>();
        let (mut odd, mut dots) = (0, 0);
        for (at, chunk) in whole.iter().enumerate() {
            let word = u64::from_le_bytes(*chunk);
            self.words[at] = word;
            odd |= oddities(word);
            dots |= dot_bits(word) << (8 * at);
        }
        if !rest.is_empty() {
            let word = match self.text.last_chunk::<8>() {
                // The last eight bytes, moved down over those that were seen already: no loop, no copy.
                Some(last) => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
                None => word_of(rest),
            };
            self.words[whole.len()] = word;
            odd |= oddities(word);
            dots |= dot_bits(word) << (8 * whole.len());
        }
        self.dots[0] = dots;
        odd == 0
    }

    #[cold]
    fn scan_long(&mut self) -> bool {
        let mut odd = 0;
        for (at, chunk) in self.text.chunks(8).enumerate() {
            let word = word_of(chunk);
            odd |= oddities(word);
            self.dots[at / 8] |= dot_bits(word) << (8 * (at % 8));
        }
        odd == 0
    }

    /// The name itself.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Where the last dot before `end` is.
    #[inline]
    fn dot_before(&self, end: usize) -> Option<usize> {
        if self.text.len() <= SHORT {
            let bits = self.dots[0] & (u64::MAX >> 1 >> (SHORT - 1 - end.min(SHORT - 1)) | u64::from(end == SHORT) << 63);
            return if bits == 0 { None } else { Some(63 - bits.leading_zeros() as usize) };
        }
        let mut word = end / 64;
        let mut bits = self.dots.get(word)? & ((1u64 << (end % 64)) - 1);
        while bits == 0 {
            word = word.checked_sub(1)?;
            bits = *self.dots.get(word)?;
        }
        Some(word * 64 + 63 - bits.leading_zeros() as usize)
    }

    /// The name's parents, the shortest first: `example`, `b.example`, `a.b.example`. One label is hashed alone; two are
    /// hashed together, because nearly every question is answered there; each further label goes on from there.
    #[inline]
    pub(crate) fn suffixes(&self) -> Suffixes<'_> {
        Suffixes { name: self, end: Some(self.text.len()), hash: SEED, labels: 0 }
    }

    /// From two labels on; see [`Name::suffixes`].
    #[inline]
    pub(crate) fn suffixes_of_two(&self) -> Suffixes<'_> {
        let end = self.dot_before(self.text.len());
        Suffixes { name: self, end, hash: SEED, labels: 1 }
    }

    /// [`mix`] over a part of the name.
    #[inline]
    fn mix(&self, hash: u64, start: usize, end: usize) -> u64 {
        if self.text.len() > SHORT {
            return mix(hash, self.text.get(start..end).unwrap_or_default());
        }
        let mut state = begin(hash, end - start);
        let mut at = start;
        loop {
            let (low, high) = (self.window(at, end), self.window(at + 8, end));
            state = round(state, low, high);
            at += 16;
            if at >= end {
                return state;
            }
        }
    }

    /// Eight bytes from `at` on, those from `end` on as zeros.
    #[inline]
    fn window(&self, at: usize, end: usize) -> u64 {
        let (word, shift) = (at / 8, at % 8 * 8);
        let [low, high] = [word, word + 1].map(|word| self.words.get(word).copied().unwrap_or(0));
        let bytes = low >> shift | high << 1 << (63 - shift);
        let wanted = end.saturating_sub(at).min(8);
        let kept = if wanted == 0 { 0 } else { u64::MAX >> (64 - 8 * wanted) };
        bytes & kept
    }
}

/// Not zero where a byte is not ASCII, in upper case, or a colon.
#[inline]
fn oddities(word: u64) -> u64 {
    let low = word & LOW;
    let upper = low.wrapping_add(FROM_A) & !low.wrapping_add(BEYOND_Z);
    let other = low ^ COLONS;
    (word | upper | !other.wrapping_add(LOW)) & HIGH
}

/// One bit for each byte that is a dot. For ASCII only.
#[inline]
fn dot_bits(word: u64) -> u64 {
    let other = word ^ DOTS;
    let dot = !((other & LOW).wrapping_add(LOW) | other) & HIGH;
    // Gathers the eight high bits into one byte.
    (dot >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
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
    /// Where the part before begins: at its dot.
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
        self.labels += 1;
        self.end = dot;
        let all = self.name.text.len();
        self.hash = match self.labels {
            1 | 2 => self.name.mix(SEED, start, all),
            _ => self.name.mix(self.hash, start, end),
        };
        Some(Suffix { start, labels: self.labels, hash: self.hash })
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

/// The hash of a key that is no name.
pub(crate) fn hash(key: &[u8]) -> u64 {
    mix(SEED, key)
}

#[inline]
fn word_of(chunk: &[u8]) -> u64 {
    match <[u8; 8]>::try_from(chunk) {
        Ok(whole) => u64::from_le_bytes(whole),
        Err(_) => chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The state before the first round over that many bytes.
#[inline]
fn begin(hash: u64, bytes: usize) -> u64 {
    hash ^ (bytes as u64).wrapping_mul(K2)
}

/// Takes in sixteen bytes: 64 × 64 → 128 bits, folded, as wyhash does.
#[inline]
fn round(state: u64, low: u64, high: u64) -> u64 {
    let product = u128::from(low ^ state ^ K0) * u128::from(high ^ K1);
    (product as u64) ^ (product >> 64) as u64
}

/// Goes on from `hash` over one more label or key: rounds over sixteen bytes each, at least one, the last filled up with
/// zeros. The length goes in first, so that zeros at the end count.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let (whole, rest) = bytes.as_chunks::<16>();
    let mut state = begin(hash, bytes.len());
    for chunk in whole {
        let (low, high) = chunk.split_at(8);
        state = round(state, word_of(low), word_of(high));
    }
    if rest.is_empty() && !bytes.is_empty() {
        return state;
    }
    let (low, high) = rest.split_at(rest.len().min(8));
    round(state, word_of(low), word_of(high))
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
        check("a:b.example", false);
        check("A.example", false);
        check("a.examplZ", false);
        check("@[`{;9.example", true);
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
        assert_eq!(of("a.evil.example"), 0);
        assert_eq!(of("example"), hash(b"example"));
        assert_eq!(of("evil.example"), hash(b"evil.example"));
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
        fn short_and_long_names_are_hashed_alike(text in "[a-z.]{1,90}") {
            prop_assume!(text != ".");
            let name = Name::ready(&text).unwrap();
            let text = name.text();
            let mut from_slices = SEED;
            let mut end = text.len();
            for (at, suffix) in name.suffixes().enumerate() {
                from_slices = match at {
                    0 | 1 => mix(SEED, &text[suffix.start..]),
                    _ => mix(from_slices, &text[suffix.start..end]),
                };
                prop_assert_eq!(suffix.hash, from_slices);
                end = suffix.start.saturating_sub(1);
            }
            let of_two: Vec<_> = name.suffixes_of_two().map(|suffix| (suffix.start, suffix.labels, suffix.hash)).collect();
            let all: Vec<_> = name.suffixes().skip(1).map(|suffix| (suffix.start, suffix.labels, suffix.hash)).collect();
            prop_assert_eq!(of_two, all);
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
