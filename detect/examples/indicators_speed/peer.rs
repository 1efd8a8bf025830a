//! The peer: a BinaryFuse8 filter (crate `xorf`) in front of a hash table over an arena of names.
//!
//! It does what ours does: takes the name as the event has it, without the trailing dot, makes sure that it is lower-case
//! ASCII, asks for the name and for each parent of two labels or more, and compares what passes byte for byte. It is
//! built in four ways, so that nobody can say that a better one would have kept up.

use std::hash::Hasher;

use xorf::{BinaryFuse8, Filter};

use crate::name::{self, Name};

/// A filter in front of a hash table over an arena.
pub(crate) struct Peer {
    filter: BinaryFuse8,
    arena: Vec<u8>,
    /// Offset + 1 and length of a name, 0 for an empty place.
    table: Vec<(u32, u8)>,
}

/// The hash of the crate `rustc-hash`, which reads sixteen bytes at a time.
pub(crate) fn plain(name: &[u8]) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(name);
    hasher.finish()
}

/// From the last label to the first, so that the hash of a name contains those of its parents.
pub(crate) fn rolling(name: &[u8]) -> u64 {
    name.rsplit(|&b| b == b'.').fold(7, step)
}

/// The hash that ours uses.
pub(crate) fn borrowed(name: &[u8]) -> u64 {
    name::hash(name)
}

fn step(hash: u64, label: &[u8]) -> u64 {
    let mix = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * 0x9e37_79b9_7f4a_7c15_f39c_u128;
        product as u64 ^ (product >> 64) as u64
    };
    let (whole, rest) = label.as_chunks::<8>();
    let state = whole.iter().fold(hash ^ label.len() as u64, |state, word| mix(state, u64::from_le_bytes(*word)));
    // What is left is read with what was read already, or byte for byte where nothing was.
    let last = label.last_chunk::<8>().map(|last| u64::from_le_bytes(*last));
    mix(state, last.unwrap_or_else(|| rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))))
}

/// Whether a name is lower-case ASCII: eight bytes at a time, the last eight twice rather than one by one.
fn is_lower(name: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let odd = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let low = word & !HIGH;
        let upper = low.wrapping_add(0x3f3f_3f3f_3f3f_3f3f) & !low.wrapping_add(0x2525_2525_2525_2525);
        (word | upper) & HIGH
    };
    match name.last_chunk::<8>() {
        Some(last) => name.as_chunks::<8>().0.iter().chain([last]).fold(0, |odds, word| odds | odd(word)) == 0,
        None => name.iter().all(|b| b.is_ascii() && !b.is_ascii_uppercase()),
    }
}

/// Where the last label starts: names above that are not asked.
pub(crate) fn last_label(name: &str) -> usize {
    name.rfind('.').map_or(0, |dot| dot + 1)
}

/// Where the public suffix starts.
pub(crate) fn public_suffix(name: &str) -> usize {
    name.len() - psl::suffix(name.as_bytes()).map_or(0, |suffix| suffix.as_bytes().len())
}

impl Peer {
    pub(crate) fn new(domains: &[String], hash: fn(&[u8]) -> u64) -> Self {
        let mut hashes: Vec<u64> = domains.iter().map(|domain| hash(domain.as_bytes())).collect();
        let size = (domains.len() * 2).next_power_of_two();
        let (mut arena, mut table) = (Vec::new(), vec![(0u32, 0u8); size]);
        for (domain, hash) in domains.iter().zip(&hashes) {
            let mut at = *hash as usize & (size - 1);
            while table[at].0 != 0 {
                at = (at + 1) & (size - 1);
            }
            table[at] = (arena.len() as u32 + 1, domain.len() as u8);
            arena.extend_from_slice(domain.as_bytes());
        }
        hashes.sort_unstable();
        hashes.dedup();
        Peer { filter: BinaryFuse8::try_from(&hashes).unwrap(), arena, table }
    }

    /// Bytes of the filter, the arena and the table.
    pub(crate) fn bytes(&self) -> usize {
        self.filter.len() + self.arena.len() + self.table.len() * size_of::<(u32, u8)>()
    }

    #[inline]
    fn holds(&self, name: &[u8], hash: u64) -> bool {
        self.filter.contains(&hash) && self.confirms(name, hash)
    }

    fn confirms(&self, name: &[u8], hash: u64) -> bool {
        let mut at = hash as usize & (self.table.len() - 1);
        while self.table[at].0 != 0 {
            let (start, length) = (self.table[at].0 as usize - 1, usize::from(self.table[at].1));
            if &self.arena[start..start + length] == name {
                return true;
            }
            at = (at + 1) & (self.table.len() - 1);
        }
        false
    }

    /// The name and its parents, as long as they start before `suffix` says.
    pub(crate) fn find(&self, name: &str, suffix: fn(&str) -> usize) -> usize {
        let name = name.strip_suffix('.').unwrap_or(name);
        if !is_lower(name.as_bytes()) {
            return 0;
        }
        let suffix = suffix(name);
        let (mut start, mut found) = (0, 0);
        while start < suffix {
            let name = &name.as_bytes()[start..];
            found += usize::from(self.holds(name, plain(name)));
            match memchr::memchr(b'.', name) {
                Some(dot) => start += dot + 1,
                None => break,
            }
        }
        found
    }

    /// The same with the hash that rolls on from parent to name.
    pub(crate) fn find_rolling(&self, name: &str) -> usize {
        let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
        if !is_lower(name) {
            return 0;
        }
        let (mut end, mut hash, mut found) = (name.len(), 7, 0);
        loop {
            let dot = memchr::memrchr(b'.', &name[..end]);
            let start = dot.map_or(0, |dot| dot + 1);
            hash = step(hash, &name[start..end]);
            if end != name.len() {
                found += usize::from(self.holds(&name[start..], hash));
            }
            match dot {
                Some(dot) => end = dot,
                None => return found,
            }
        }
    }

    /// The same with our way to read and hash a name: then only the filters differ.
    pub(crate) fn find_borrowed(&self, name: &str) -> usize {
        let mut read = Name::EMPTY;
        if !read.read(name) {
            return 0;
        }
        let parents = read.suffixes().skip(1);
        parents.filter(|suffix| self.holds(&read.text()[suffix.start..], suffix.hash)).count()
    }
}
