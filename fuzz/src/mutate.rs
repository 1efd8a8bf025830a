//! Good input made bad: what the short form does to its seeds.
//!
//! Every change follows from the stream of numbers alone. What a fuzzer without a view of the code can do well is to break
//! structure in the places where readers count: lengths, ends, numbers at their edges, depth, words that mean something.

use testkit::random::Random;

use crate::INPUT_BYTES_MAX;

/// Numbers at which arithmetic goes wrong, as digits.
const DIGITS: &[&str] = &[
    "0",
    "-1",
    "1",
    "127",
    "255",
    "256",
    "32768",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "99999999999999999999999999",
    "1e308",
    "1e999",
    "-0",
    "0.1",
    "0x7fffffffffffffff",
    "253402300800",
    "-62135596801",
];

/// The same, as bytes.
const NUMBERS: &[u64] = &[
    0,
    1,
    3,
    4,
    7,
    8,
    63,
    64,
    127,
    128,
    255,
    256,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX,
];

/// What opens a level, and what closes it.
const NESTS: &[(&str, &str)] = &[
    ("[", "]"),
    ("{\"a\":", "}"),
    ("(", ")"),
    ("not ", ""),
    ("<a>", "</a>"),
    ("{", "}"),
    ("\"", "\""),
    ("- ", ""),
    ("a.", ""),
    ("%25", ""),
    ("[.", ".]"),
];

/// Words that most readers give a meaning to.
const WORDS: &[&str] = &[
    "null",
    "true",
    "\"\"",
    "{}",
    "[]",
    ",",
    ":",
    "\\u0000",
    "\\ud800",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "\u{feff}",
    "\u{fffd}",
    "ä",
    "İ",
    "ß",
    "\u{1F600}",
    "-",
    "=",
    " ",
    "\t",
    "%",
    "/",
    "|",
    "\u{7f}",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2026-02-30T24:61:61+99:99",
    "Feb 29 00:00:00",
    "192.0.2.7",
    "::ffff:192.0.2.7",
    "fe80::1%eth0",
    "example.com",
    "0x",
    "S-1-5-18",
];

/// Makes inputs for one target.
pub struct Mutator<'a> {
    random: Random,
    seeds: &'a [Vec<u8>],
    words: &'a [&'static str],
    last: Vec<u8>,
}

impl<'a> Mutator<'a> {
    /// Changes `seeds` as the number `seed` says.
    pub fn new(seeds: &'a [Vec<u8>], words: &'a [&'static str], seed: u64) -> Self {
        Mutator { random: Random::new(seed), seeds, words, last: Vec::new() }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let goes_on = !self.last.is_empty() && self.random.chance(1, 4);
        let mut input = if goes_on { std::mem::take(&mut self.last) } else { self.seed() };
        for _ in 0..self.random.between(1, 7) {
            self.change(&mut input);
        }
        input.truncate(INPUT_BYTES_MAX);
        self.last.clone_from(&input);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        if self.seeds.is_empty() { Vec::new() } else { self.random.pick(self.seeds).clone() }
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        match self.random.between(0, 14) {
            0 | 1 => self.flip(input),
            2 => self.set(input),
            3 => self.cut(input),
            4 => self.remove(input),
            5 => self.insert(input),
            6 | 7 => self.word(input),
            8 => self.splice(input),
            9 => self.repeat(input),
            10 | 11 => self.digits(input),
            12 => self.number(input),
            _ => self.nest(input),
        }
    }

    /// A place in the input, its end included.
    fn place(&mut self, input: &[u8]) -> usize {
        self.random.between(0, input.len() as u64 + 1) as usize
    }

    /// A short range of the input; now and then a long one.
    fn range(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let from = self.place(input);
        let longest = if self.random.chance(1, 8) { input.len() as u64 } else { 16 };
        let until = from + self.random.between(0, longest + 1) as usize;
        from..until.min(input.len())
    }

    fn flip(&mut self, input: &mut [u8]) {
        let (at, bit) = (self.place(input), self.random.between(0, 8));
        if let Some(byte) = input.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn set(&mut self, input: &mut [u8]) {
        let (at, value) = (self.place(input), self.random.next_u64() as u8);
        if let Some(byte) = input.get_mut(at) {
            *byte = value;
        }
    }

    fn cut(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input);
        if self.random.chance(1, 2) {
            input.truncate(at);
        } else {
            input.drain(..at.min(input.len() / 2));
        }
    }

    fn remove(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input);
        input.drain(range);
    }

    fn insert(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input);
        let bytes: Vec<u8> = (0..self.random.between(1, 9)).map(|_| self.random.next_u64() as u8).collect();
        input.splice(at..at, bytes);
    }

    fn word(&mut self, input: &mut Vec<u8>) {
        let own = !self.words.is_empty() && self.random.chance(1, 2);
        let word = *self.random.pick(if own { self.words } else { WORDS });
        let range = if self.random.chance(1, 2) { self.range(input) } else { self.place(input)..0 };
        let range = range.start..range.end.max(range.start);
        input.splice(range, word.bytes());
    }

    fn splice(&mut self, input: &mut Vec<u8>) {
        let other = self.seed();
        let (from, into) = (self.range(&other), self.range(input));
        let from = if self.random.chance(1, 2) { from } else { from.start..other.len() };
        input.splice(into, other.get(from).unwrap_or_default().iter().copied());
    }

    fn repeat(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input);
        let piece = input.get(range.clone()).unwrap_or_default().to_vec();
        let most = if self.random.chance(1, 8) { 3_000 } else { 40 };
        let times = self.random.between(1, most).min((INPUT_BYTES_MAX / piece.len().max(1)) as u64);
        input.splice(range.end..range.end, piece.repeat(times as usize));
    }

    /// Replaces a run of digits by another number.
    fn digits(&mut self, input: &mut Vec<u8>) {
        let from = self.place(input);
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let Some(start) = input.get(from..).and_then(|rest| rest.iter().position(is_digit)).map(|at| from + at) else {
            return;
        };
        let length = input.get(start..).unwrap_or_default().iter().take_while(|byte| is_digit(byte)).count();
        let digits = *self.random.pick(DIGITS);
        input.splice(start..start + length, digits.bytes());
    }

    /// Writes a number at its edge over bytes, little-endian or big-endian.
    fn number(&mut self, input: &mut [u8]) {
        let at = self.place(input);
        let (number, width) = (*self.random.pick(NUMBERS), *self.random.pick(&[1usize, 2, 4, 8]));
        let mut bytes = number.to_le_bytes();
        let bytes = bytes.get_mut(..width).unwrap_or_default();
        if self.random.chance(1, 2) {
            bytes.reverse();
        }
        if let Some(place) = input.get_mut(at..at + width) {
            place.copy_from_slice(bytes);
        }
    }

    /// Wraps a range into many levels.
    fn nest(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input);
        let (open, close) = *self.random.pick(NESTS);
        let depth = *self.random.pick(&[1usize, 2, 63, 64, 65, 130, 2_000]);
        input.splice(range.end..range.end, close.repeat(depth).bytes());
        input.splice(range.start..range.start, open.repeat(depth).bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_inputs() {
        let seeds = [b"{\"a\": 12}".to_vec(), b"other".to_vec()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(&seeds, &["word"], seed);
            (0..200).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        assert!(inputs(1).iter().all(|input| input.len() <= INPUT_BYTES_MAX));
    }

    #[test]
    fn nothing_is_a_seed_too() {
        let mut mutator = Mutator::new(&[], &[], 1);
        assert!((0..500).any(|_| mutator.next_input().len() > 1));
    }
}
