//! Host names on the way to a lookup: read once, and every parent is hashed.
//!
//! A name is taken as 64-bit words counted from its end, because that is where its parents agree: the words of
//! `b.example` are those of `a.b.example` as far as they go. Each whole word adds to a running sum; the hash of a parent is
//! the sum up to it, mixed with the bytes left over and the length. So a parent costs one multiplication more. The function
//! is fixed, because images keep what it computed; it needs no secret, as whatever it lets through is compared byte for
//! byte afterwards.

/// Longest name in the DNS, RFC 1035 section 2.3.4, without the trailing dot.
pub(crate) const NAME_BYTES_MAX: usize = 253;

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;
const DOTS: u64 = 0x2e2e_2e2e_2e2e_2e2e;
/// `0x80 - b':'` and `0x7f - b'Z'` in every byte: adding them carries into the high bit from `:`, and from beyond `Z`.
const FROM_COLON: u64 = 0x4646_4646_4646_4646;
const BEYOND_Z: u64 = 0x2525_2525_2525_2525;

/// Names up to this many bytes, which is nearly all of them, are read into words once.
const SHORT: usize = 63;
/// Words of a short name. A power of two, so that an index is in range by a mask.
const WORDS: usize = 8;

/// A name in lower-case ASCII without trailing dot.
pub(crate) struct Name<'a> {
    text: &'a [u8],
    /// For a short name: a bit for each dot, counted from the end.
    dots: u64,
    /// For a short name: its words, counted from the end, the last one filled up with zeros.
    words: [u64; WORDS],
    /// For a short name: the sum over the words before this one.
    sums: [u64; WORDS],
}

impl<'a> Name<'a> {
    /// No name yet. Made by whoever asks and then read into, because moving one costs as much as reading it.
    pub(crate) const EMPTY: Name<'static> = Name { text: &[], dots: 0, words: [0; WORDS], sums: [0; WORDS] };

    /// Takes a name as it is; `false` when it has to be normalised first, is too long to be a name, or has a colon and so
    /// may be an address. To be called once.
    #[inline(always)]
    pub(crate) fn read(&mut self, text: &'a str) -> bool {
        let text = text.as_bytes();
        let text = text.strip_suffix(b".").unwrap_or(text);
        self.text = text;
        match text.len() {
            0 => false,
            8..=32 => self.scan_middle(),
            1..=SHORT => self.scan_short(),
            length if length <= NAME_BYTES_MAX => is_plain(text),
            _ => false,
        }
    }

    /// Most names are this long: four words, whatever the length, because a branch on it would be guessed wrong half of
    /// the time and cost more than the words that are not there.
    #[inline(always)]
    fn scan_middle(&mut self) -> bool {
        let text = self.text;
        let word = |at: usize| {
            let end = 8 * (at + 1);
            let Some((_, rest)) = text.split_at_checked(text.len().saturating_sub(end)) else { return 0 };
            let bytes = rest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            // What the word behind has already is shifted out; in two steps, because all of it may be.
            let seen = end.saturating_sub(text.len()).min(8);
            bytes << (4 * seen) << (4 * seen)
        };
        let words = [word(0), word(1), word(2), word(3)];
        let odd = words.map(oddities);
        let dots = words.map(dot_bits);
        self.dots = dots[0] | dots[1] << 8 | dots[2] << 16 | dots[3] << 24;
        self.words[..4].copy_from_slice(&words);
        let [first, second, third, fourth] = words;
        let parts = [part(0, first), part(1, second), part(2, third), part(3, fourth)];
        self.sums[1] = parts[0];
        self.sums[2] = parts[0].wrapping_add(parts[1]);
        self.sums[3] = self.sums[2].wrapping_add(parts[2]);
        self.sums[4] = self.sums[3].wrapping_add(parts[3]);
        odd[0] | odd[1] | odd[2] | odd[3] == 0
    }

    fn scan_short(&mut self) -> bool {
        let (rest, whole) = self.text.as_rchunks::<8>();
        let (mut odd, mut sum) = (0, 0u64);
        for (at, chunk) in whole.iter().rev().enumerate() {
            let word = u64::from_le_bytes(*chunk);
            odd |= oddities(word);
            self.dots |= dot_bits(word) << (8 * at);
            self.words[at] = word;
            self.sums[at] = sum;
            sum = sum.wrapping_add(part(at, word));
        }
        let at = whole.len();
        self.sums[at] = sum;
        if !rest.is_empty() {
            let word = match self.text.first_chunk::<8>() {
                // The first eight bytes, moved up over those that were seen already: no loop, no copy.
                Some(first) => u64::from_le_bytes(*first) << (8 * (8 - rest.len())),
                None => high_word(rest),
            };
            odd |= oddities(word);
            self.dots |= dot_bits(word) << ((8 * at) & 63);
            self.words[at] = word;
        }
        odd == 0
    }

    /// The name itself.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The hash of the last `length` bytes.
    #[inline]
    fn hash_of(&self, length: usize) -> u64 {
        if self.text.len() > SHORT {
            return hash(self.text.get(self.text.len() - length..).unwrap_or_default());
        }
        self.hash_of_short(length)
    }

    #[inline(always)]
    fn hash_of_short(&self, length: usize) -> u64 {
        let at = length / 8 % WORDS;
        let left = length % 8;
        // Shifting by 64 in two steps: nothing is left over of a word that is not begun.
        let rest = self.words[at] >> 1 >> (63 - 8 * left);
        finish(self.sums[at], rest, length)
    }

    /// How many bytes stand behind the first dot, counted from the end, that has `length` bytes behind it or more.
    #[inline]
    fn behind_dot(&self, length: usize) -> Option<usize> {
        if self.text.len() <= SHORT {
            let bits = self.dots & u64::MAX.checked_shl(length as u32).unwrap_or(0);
            return (bits != 0).then(|| bits.trailing_zeros() as usize);
        }
        let end = self.text.len().checked_sub(length)?;
        let dot = self.text.get(..end)?.iter().rposition(|&b| b == b'.')?;
        Some(self.text.len() - 1 - dot)
    }

    /// The name's parents, the shortest first, and the name: `example`, `b.example`, `a.b.example`.
    #[inline]
    pub(crate) fn suffixes(&self) -> Suffixes<'_> {
        Suffixes { name: self, next: Some(0), labels: 0 }
    }

    /// Longer than what is read into words.
    pub(crate) fn is_long(&self) -> bool {
        self.text.len() > SHORT
    }

    /// The parents that are asked about first. Of a short name only.
    ///
    /// Nothing here branches: how many labels a name has is hard to guess, and two questions that wait for memory together
    /// cost less than one wrong guess.
    #[inline(always)]
    pub(crate) fn upper(&self) -> Upper {
        let ends = self.dots | 1 << (self.text.len() % 64);
        let or = |bits: u64, instead: u64| if bits == 0 { instead } else { bits };
        let two = or(without_lowest(ends), ends);
        let three = or(without_lowest(without_lowest(ends)), two);
        Upper {
            one: self.hash_of_short(ends.trailing_zeros() as usize),
            two: self.hash_of_short(two.trailing_zeros() as usize),
            three: self.hash_of_short(three.trailing_zeros() as usize),
            is_all: without_lowest(three) == 0,
        }
    }
}

/// Hashes of a name's parents of one, two and three labels; of the whole name where it has no more.
#[derive(Clone, Copy)]
pub(crate) struct Upper {
    pub(crate) one: u64,
    pub(crate) two: u64,
    pub(crate) three: u64,
    /// The name has no more than three labels.
    pub(crate) is_all: bool,
}

#[inline(always)]
fn without_lowest(bits: u64) -> u64 {
    bits & bits.wrapping_sub(1)
}

#[cold]
fn is_plain(text: &[u8]) -> bool {
    text.chunks(8).all(|chunk| oddities(high_word(chunk)) == 0)
}

/// Not zero where a byte is not ASCII, or is one of `:;<=>?@` (which no name has) or of `A` to `Z`.
#[inline]
fn oddities(word: u64) -> u64 {
    let low = word & LOW;
    (word | low.wrapping_add(FROM_COLON) & !low.wrapping_add(BEYOND_Z)) & HIGH
}

/// One bit for each byte that is a dot, the last byte's lowest. For ASCII only.
#[inline]
fn dot_bits(word: u64) -> u64 {
    let other = word ^ DOTS;
    let dot = !((other & LOW).wrapping_add(LOW) | other) & HIGH;
    // Gathers the eight high bits into one byte, back to front.
    (dot >> 7).wrapping_mul(0x8040_2010_0804_0201) >> 56
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
    /// Bytes that belong to the parent before and the dot in front of it.
    next: Option<usize>,
    labels: usize,
}

impl Iterator for Suffixes<'_> {
    type Item = Suffix;

    #[inline]
    fn next(&mut self) -> Option<Suffix> {
        let dot = self.name.behind_dot(self.next?);
        let all = self.name.text.len();
        let length = dot.unwrap_or(all);
        self.labels += 1;
        self.next = dot.map(|length| length + 1);
        Some(Suffix { start: all - length, labels: self.labels, hash: self.name.hash_of(length) })
    }
}

const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

/// The hash of a key: of a name forwards, as of any other.
pub(crate) fn hash(key: &[u8]) -> u64 {
    let (rest, whole) = key.as_rchunks::<8>();
    let sum = whole
        .iter()
        .rev()
        .enumerate()
        .fold(0u64, |sum, (at, chunk)| sum.wrapping_add(part(at, u64::from_le_bytes(*chunk))));
    let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    finish(sum, rest, key.len())
}

/// At most eight bytes at the upper end of a word.
#[inline]
fn high_word(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| word >> 8 | u64::from(*byte) << 56)
}

/// 64 × 64 → 128 bits, folded: the mixing step of wyhash.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// What the `at`-th word from the end adds to the sum.
#[inline]
fn part(at: usize, word: u64) -> u64 {
    fold(word ^ K1, K0.wrapping_mul(2 * at as u64 + 1))
}

/// The hash from the sum of the whole words, the bytes in front of them as the low end of a word, and the length.
#[inline]
fn finish(sum: u64, rest: u64, length: usize) -> u64 {
    fold(sum ^ K0 ^ (length as u64).wrapping_mul(K2), rest ^ K1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name_of(text: &str) -> Name<'_> {
        let mut name = Name::EMPTY;
        assert!(name.read(text), "{text}");
        name
    }

    fn suffixes(text: &str) -> Vec<String> {
        let name = name_of(text);
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
        let check = |text: &str, ready: bool| {
            let mut name = Name::EMPTY;
            assert_eq!(name.read(text), ready, "{text}");
        };
        check("a_b-1.example", true);
        check("a:b.example", false);
        check("A.example", false);
        check("a.examplZ", false);
        check("[`{/9.example", true);
        check("@.example", false);
        check("bücher.example", false);
        check("", false);
        check(".", false);
        check(&"a".repeat(NAME_BYTES_MAX), true);
        check(&"a".repeat(NAME_BYTES_MAX + 1), false);
    }

    #[test]
    fn the_hash_never_changes() {
        // Images on disk hold what this function computed.
        assert_eq!(hash(b"evil.example, and sixteen bytes more"), 0xe4b6_32e4_eb8c_e1f7);
        assert_eq!(hash(b"evil.example"), 0x263c_0c7b_acfd_85a7);
        assert_ne!(hash(b"\0"), hash(b"\0\0"));
    }

    proptest! {
        #[test]
        fn dots_are_found(text in "[a-z.]{1,253}") {
            prop_assume!(text != ".");
            let name = name_of(&text);
            let text = text.strip_suffix('.').unwrap_or(&text);
            let found: Vec<_> = name.suffixes().map(|suffix| suffix.start).collect();
            let mut expected: Vec<_> = text.match_indices('.').map(|(at, _)| at + 1).chain([0]).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn parents_are_hashed_as_keys(text in "[a-z.]{1,90}") {
            prop_assume!(text != ".");
            let name = name_of(&text);
            for suffix in name.suffixes() {
                prop_assert_eq!(suffix.hash, hash(&name.text()[suffix.start..]));
            }
            if !name.is_long() {
                let hashes: Vec<_> = name.suffixes().map(|suffix| suffix.hash).collect();
                let at = |at: usize| hashes[at.min(hashes.len() - 1)];
                let Upper { one, two, three, is_all } = name.upper();
                prop_assert_eq!([one, two, three], [at(0), at(1), at(2)]);
                prop_assert_eq!(is_all, hashes.len() <= 3);
            }
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
