//! Many texts looked for in one value at once.
//!
//! Three structures, because rules place their texts in three ways. Texts at a value's start or end walk a [`Trie`] from
//! that end and stop at the first byte that no rule knows. Texts anywhere are found by one rare run of four bytes in each:
//! a map that fits the nearest cache says for every place of the value whether such a run may begin there, and only then
//! is a text compared. An Aho–Corasick automaton would wait for memory at every byte; the map's look-ups do not depend
//! on each other (measured on real Windows events: four times as fast, see `docs/performance.md`).

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use wide::u8x16;

use super::lower;

/// Length of the runs by which texts anywhere are found, so also their least length.
pub(crate) const RUN_BYTES: usize = 4;

/// Number of bits of a run's hash: one byte of the map for each hash, 16 KiB. Bytes and not bits, because taking a bit out of
/// a word costs more than the look-up.
const HASH_BITS: u32 = 14;

/// Says for each hash whether a run of some text has it.
type Map = [u8; 1 << HASH_BITS];

/// Texts with a number each; several may have the same number's text only once.
#[derive(Default)]
pub(crate) struct Texts {
    at_start: Trie,
    at_end: Trie,
    anywhere: Runs,
}

/// Where a text must stand in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Start,
    End,
    Anywhere,
}

/// Which part of a value is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The value begins here.
    pub(crate) is_first: bool,
    /// The value ends here.
    pub(crate) is_last: bool,
}

impl Texts {
    /// Adds a text under a number. Texts anywhere have at least [`RUN_BYTES`] bytes, the others at least one.
    pub(crate) fn add(&mut self, text: &str, place: Place, number: u32) {
        match place {
            Place::Start => self.at_start.add(text.bytes(), number),
            Place::End => self.at_end.add(text.bytes().rev(), number),
            Place::Anywhere => self.anywhere.add(text, number),
        }
    }

    /// Gives the numbers of the texts that stand in the value or a part of it, some more than once.
    #[inline]
    pub(crate) fn find(&self, value: &[u8], part: Part, mut give: impl FnMut(u32)) {
        if part.is_first {
            self.at_start.walk(value.iter().copied(), &mut give);
        }
        if part.is_last {
            self.at_end.walk(value.iter().rev().copied(), &mut give);
        }
        self.anywhere.find(value, &mut give);
    }
}

/// A tree of bytes.
#[derive(Default)]
struct Trie {
    nodes: Vec<TrieNode>,
    /// The node behind each first byte; 0, the root, for none.
    first: Vec<u32>,
}

#[derive(Default)]
struct TrieNode {
    /// Next bytes, sorted, with the nodes that they lead to.
    bytes: Vec<u8>,
    next: Vec<u32>,
    /// Texts that end here.
    numbers: Vec<u32>,
}

impl Trie {
    fn add(&mut self, bytes: impl Iterator<Item = u8>, number: u32) {
        if self.nodes.is_empty() {
            self.nodes.push(TrieNode::default());
            self.first = vec![0; 256];
        }
        let mut at = 0;
        for byte in bytes {
            let is_first = at == 0;
            at = match self.nodes[at].bytes.binary_search(&byte) {
                Ok(edge) => self.nodes[at].next[edge] as usize,
                Err(edge) => {
                    let new = self.nodes.len();
                    self.nodes.push(TrieNode::default());
                    self.nodes[at].bytes.insert(edge, byte);
                    self.nodes[at].next.insert(edge, new as u32);
                    new
                }
            };
            if is_first {
                self.first[byte as usize] = at as u32;
            }
        }
        self.nodes[at].numbers.push(number);
    }

    #[inline]
    fn walk(&self, mut bytes: impl Iterator<Item = u8>, give: &mut impl FnMut(u32)) {
        let Some(first) = bytes.next() else { return };
        let mut node = match self.first.get(first as usize) {
            None | Some(0) => return,
            Some(node) => &self.nodes[*node as usize],
        };
        node.numbers.iter().for_each(|number| give(*number));
        for byte in bytes {
            let Some(edge) = node.bytes.iter().position(|known| *known == byte) else { return };
            node = &self.nodes[node.next[edge] as usize];
            node.numbers.iter().for_each(|number| give(*number));
        }
    }
}

/// Texts by runs of [`RUN_BYTES`] bytes.
#[derive(Default)]
struct Runs {
    /// Texts long enough that one of any [`STRIDE`] neighbouring places begins a run of theirs: every fourth place of a
    /// value is enough to look at.
    long: Table<STRIDE>,
    /// The others.
    short: Table<1>,
}

/// Distance of the places at which long texts are looked for.
const STRIDE: usize = 4;

impl Runs {
    fn add(&mut self, text: &str, number: u32) {
        if text.len() >= RUN_BYTES + STRIDE - 1 { self.long.add(text, number) } else { self.short.add(text, number) }
    }

    #[inline]
    fn find(&self, value: &[u8], give: &mut impl FnMut(u32)) {
        self.long.find(value, |text, number, found| {
            if found.starts_with(text) {
                give(number);
            }
        });
        self.short.find(value, |text, number, found| {
            if found.starts_with(text) {
                give(number);
            }
        });
    }
}

/// Runs of texts, looked for at every `EVERY`th place of a value.
struct Table<const EVERY: usize> {
    map: Vec<u8>,
    by_run: FxHashMap<u32, Vec<RunText>>,
}

impl<const EVERY: usize> Default for Table<EVERY> {
    fn default() -> Self {
        Table { map: Vec::new(), by_run: FxHashMap::default() }
    }
}

struct RunText {
    text: Box<[u8]>,
    /// Where in the text its run begins.
    offset: usize,
    number: u32,
}

impl<const EVERY: usize> Table<EVERY> {
    fn add(&mut self, text: &str, number: u32) {
        let text = text.as_bytes();
        if self.map.is_empty() {
            self.map = vec![0; 1 << HASH_BITS];
        }
        let first = rarest_runs(text, EVERY);
        for offset in first..first + EVERY {
            let Some(run) = run_at(text, offset) else { return };
            self.map[hash(run) as usize] = 1;
            self.by_run.entry(run).or_default().push(RunText { text: text.into(), offset, number });
        }
    }

    /// Gives text, number, and the rest of the value from where the text may begin.
    #[inline]
    fn find(&self, value: &[u8], mut give: impl FnMut(&[u8], u32, &[u8])) {
        if self.map.is_empty() {
            return;
        }
        let Ok(map) = <&Map>::try_from(self.map.as_slice()) else { return };
        let mut at = 0;
        // Eight places at once, from two loads, without a branch for each: nearly all of them are of no interest.
        while let Some(block) = value.get(at..).and_then(|rest| rest.first_chunk::<12>()) {
            let first =
                u64::from_le_bytes([block[0], block[1], block[2], block[3], block[4], block[5], block[6], block[7]]);
            let second =
                u64::from_le_bytes([block[4], block[5], block[6], block[7], block[8], block[9], block[10], block[11]]);
            let run = |place: usize| {
                let (word, shift) = if place < 4 { (first, place) } else { (second, place - 4) };
                folded((word >> (8 * shift)) as u32)
            };
            let (mut any, mut place) = (0, 0);
            while place < 8 {
                any |= mark(map, run(place));
                place += EVERY;
            }
            if any != 0 {
                self.confirm_block(value, at, run, &mut give);
            }
            at += 8;
        }
        while let Some(run) = run_at(value, at) {
            if mark(map, run) != 0 {
                self.confirm(value, at, run, &mut give);
            }
            at += EVERY;
        }
    }

    /// Confirms the places of a block of eight whose bit is set.
    #[cold]
    fn confirm_block(
        &self,
        value: &[u8],
        at: usize,
        run: impl Fn(usize) -> u32,
        give: &mut impl FnMut(&[u8], u32, &[u8]),
    ) {
        for place in (0..8).step_by(EVERY) {
            self.confirm(value, at + place, run(place), give);
        }
    }

    #[cold]
    fn confirm(&self, value: &[u8], at: usize, run: u32, give: &mut impl FnMut(&[u8], u32, &[u8])) {
        for known in self.by_run.get(&run).into_iter().flatten() {
            let found = at.checked_sub(known.offset).and_then(|from| value.get(from..));
            if let Some(found) = found {
                give(&known.text, known.number, found);
            }
        }
    }
}

/// Looks at values as they stand in the record, escapes and capitals and all, and says whether one of the texts may be in
/// them. Never says no wrongly.
///
/// A few instructions for sixteen bytes, because nearly all of all records goes through here where a rule has keywords.
#[derive(Default)]
pub(crate) struct RawFilter {
    parts: Vec<Box<[u8]>>,
    /// Bytes of the shortest part.
    least: usize,
    /// Each part has one of these; `None` when they would be too many.
    pairs: Option<Vec<Pair>>,
}

/// Two neighbouring bytes, folded, and the parts that are found by them.
struct Pair {
    bytes: [u8; 2],
    /// Where in the part the pair stands, and the part.
    parts: Vec<(usize, Box<[u8]>)>,
}

/// Most pairs that a value is looked over for at once.
const PAIRS_MAX: usize = 5;

/// Bytes of a block, and one more for the last pair's second byte.
const BLOCK_AND_ONE: usize = 17;

impl RawFilter {
    /// Adds a text; false when no part of it is long enough and free of what JSON escapes.
    pub(crate) fn add(&mut self, text: &str) -> bool {
        let is_escaped = |c: char| matches!(c, '"' | '\\' | '/') || c.is_control() || !c.is_ascii();
        let longest = text.split(is_escaped).max_by_key(|part| part.len()).unwrap_or_default();
        if longest.len() < RUN_BYTES + STRIDE - 1 {
            return false;
        }
        self.parts.push(longest.as_bytes().into());
        true
    }

    /// Chooses the pairs, when all texts are added.
    pub(crate) fn finish(&mut self) {
        self.least = self.parts.iter().map(|part| part.len()).min().unwrap_or(0);
        let mut pairs = Vec::new();
        let mut without: Vec<&[u8]> = self.parts.iter().map(|part| &**part).collect();
        while let Some(bytes) = best_pair(&without) {
            let mut parts = Vec::new();
            without.retain(|part| {
                let at = part.windows(2).position(|found| found == bytes);
                parts.extend(at.map(|at| (at, (*part).into())));
                at.is_none()
            });
            pairs.push(Pair { bytes: bytes.map(|byte| byte | FOLD), parts });
        }
        self.pairs = (pairs.len() <= PAIRS_MAX).then_some(pairs);
    }

    /// Whether one of the texts may be in the value.
    #[inline]
    pub(crate) fn may_hold(&self, raw: &str) -> bool {
        // A symbol of a text comes from at least one byte, however it is written.
        if raw.len() < self.least {
            return false;
        }
        match self.pairs.as_deref() {
            Some([one]) => self.look_over(raw, [one]),
            Some([one, two]) => self.look_over(raw, [one, two]),
            Some([one, two, three]) => self.look_over(raw, [one, two, three]),
            Some([one, two, three, four]) => self.look_over(raw, [one, two, three, four]),
            Some([one, two, three, four, five]) => self.look_over(raw, [one, two, three, four, five]),
            Some([]) => false,
            _ => true,
        }
    }

    #[inline(always)]
    fn look_over<const PAIRS: usize>(&self, raw: &str, pairs: [&Pair; PAIRS]) -> bool {
        let mut padded = [0; BLOCK_AND_ONE];
        let bytes = if raw.len() < BLOCK_AND_ONE {
            padded[..raw.len()].copy_from_slice(raw.as_bytes());
            &padded
        } else {
            raw.as_bytes()
        };
        let splats = pairs.map(|pair| pair.bytes.map(u8x16::splat));
        let [backslash, small_u] = [b'\\', b'u'].map(u8x16::splat);
        // All bits that are set in some byte, and zero where a `\u` was seen.
        let (mut written, mut escape) = (u8x16::splat(0), u8x16::splat(0xff));
        let mut at = 0;
        let last = bytes.len() - BLOCK_AND_ONE;
        loop {
            let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK_AND_ONE>()) else { return true };
            let [start @ .., _] = block;
            let [_, end @ ..] = block;
            let (start, end) = (u8x16::new(*start), u8x16::new(*end));
            written |= start | end;
            // Not folded: the backslash in front of a capital is that of a path, which is doubled.
            escape = escape.min((start ^ backslash) | (end ^ small_u));
            let (first, second) = (start | u8x16::splat(FOLD), end | u8x16::splat(FOLD));
            // Zero where a pair was seen.
            let mut least = u8x16::splat(0xff);
            for [one, other] in splats {
                least = least.min((first ^ one) | (second ^ other));
            }
            let places = least.simd_eq(u8x16::splat(0)).to_bitmask();
            if places != 0 && is_any_part_at(raw.as_bytes(), at, places, &pairs) {
                return true;
            }
            if at == last {
                break;
            }
            at = (at + BLOCK_AND_ONE - 1).min(last);
        }
        // Letters beyond ASCII have the top bit.
        let is_odd = (escape.simd_eq(u8x16::splat(0)) | written).to_bitmask() != 0;
        is_odd && (lower::has_unicode_escape(raw) || lower::lowers_into_ascii(raw))
    }
}

/// Whether one of the parts stands where its pair was seen.
#[cold]
fn is_any_part_at(raw: &[u8], from: usize, mut places: u32, pairs: &[&Pair]) -> bool {
    while places != 0 {
        let at = from + places.trailing_zeros() as usize;
        places &= places - 1;
        let Some([one, other]) = raw.get(at..).and_then(|rest| rest.first_chunk()) else { continue };
        let is_at = |(offset, part): &(usize, Box<[u8]>)| {
            let found = at.checked_sub(*offset).and_then(|start| raw.get(start..start + part.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(part))
        };
        let is_here = |pair: &&&Pair| pair.bytes == [one | FOLD, other | FOLD];
        if pairs.iter().filter(is_here).flat_map(|pair| &pair.parts).any(is_at) {
            return true;
        }
    }
    false
}

/// This bit makes capitals small, and some signs other signs.
const FOLD: u8 = 0x20;

/// The pair that stands in most of the parts for how often it stands in ordinary values; `None` when no part is left.
fn best_pair(parts: &[&[u8]]) -> Option<[u8; 2]> {
    let pairs = parts.iter().flat_map(|part| part.windows(2)).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let ordinary = ORDINARY.as_bytes();
    let likelihood = |pair: &[u8; 2]| {
        let times = 1 + ordinary.windows(2).filter(|found| *found == pair).count() as u32;
        let parts = parts.iter().filter(|part| part.windows(2).any(|found| found == pair)).count() as u32;
        // Scaled so that the division keeps the order.
        (times * byte_weight(pair[0]) * byte_weight(pair[1]) * 1_024 / parts, *pair)
    };
    pairs.min_by_key(likelihood)
}

/// What the map says about a run: 0 for one that begins no text.
#[inline]
fn mark(map: &Map, run: u32) -> u8 {
    map[hash(run) as usize]
}

fn run_at(text: &[u8], at: usize) -> Option<u32> {
    let run = text.get(at..at + RUN_BYTES)?.first_chunk()?;
    Some(folded(u32::from_le_bytes(*run)))
}

/// Makes capitals small, and some signs other signs, which the comparison that follows puts right.
#[inline]
fn folded(run: u32) -> u32 {
    run | 0x2020_2020
}

/// Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4), upper bits.
#[inline]
fn hash(run: u32) -> u32 {
    run.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)
}

/// The runs of [`ORDINARY`].
static ORDINARY_RUNS: LazyLock<FxHashSet<u32>> =
    LazyLock::new(|| (0..ORDINARY.len()).filter_map(|at| run_at(ORDINARY.as_bytes(), at)).collect());

/// How many places of a text begin a run that ordinary values do not have.
pub(crate) fn unusual_runs(text: &str) -> usize {
    let runs = (0..text.len()).filter_map(|at| run_at(text.as_bytes(), at));
    runs.filter(|run| !ORDINARY_RUNS.contains(run)).count()
}

/// Where `count` neighbouring runs begin that are least likely in ordinary values.
fn rarest_runs(text: &[u8], count: usize) -> usize {
    let length = RUN_BYTES + count - 1;
    let likelihood = |at: &usize| {
        let part = &text[*at..(*at + length).min(text.len())];
        let runs = (0..part.len()).filter_map(|at| run_at(part, at));
        let ordinary = runs.filter(|run| ORDINARY_RUNS.contains(run)).count();
        let letters: u32 = part.iter().map(|byte| byte_weight(*byte)).sum();
        (ordinary, letters)
    };
    (0..=text.len().saturating_sub(length)).min_by_key(likelihood).unwrap_or(0)
}

/// How ordinary a byte is in logs; a guess from the letter frequencies of English and the signs of paths.
fn byte_weight(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 10,
        b'l' | b'd' | b'c' | b'm' | b'p' | b'u' | b'\\' | b'.' | b'0' | b'/' => 8,
        b'w' | b'f' | b'g' | b'h' | b'y' | b'b' | b'v' | b'1' | b'2' | b'3' | b'-' | b'_' | b':' => 6,
        b'k' | b'x' | b'q' | b'j' | b'z' => 4,
        _ => 3,
    }
}

/// What stands in half of all records and so tells nothing.
const ORDINARY: &str = "c:\\windows\\system32\\ c:\\windows\\syswow64\\ c:\\program files (x86)\\ c:\\program files\\ \
    c:\\programdata\\microsoft\\windows c:\\users\\ appdata\\local\\temp\\ appdata\\roaming\\microsoft\\ .exe .dll \
    powershell svchost.exe -windowspowershell\\v1.0\\ microsoft.powershell. hklm\\system\\currentcontrolset\\services\\ \
    hklm\\software\\microsoft\\windows\\currentversion\\ hku\\s-1-5-21-  nt authority\\system kernelbase.dll ntdll.dll+ \
    kernel32.dll+ \\microsoft.net\\framework64\\v4.0.30319\\ https://www. http:// .com 00000000 parameterbinding( name= \
    value= commandinvocation( : \" system.management.automation ";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(texts: &[(&str, Place)], value: &str) -> Vec<u32> {
        let mut built = Texts::default();
        for (number, (text, place)) in texts.iter().enumerate() {
            built.add(text, *place, number as u32);
        }
        let mut numbers = Vec::new();
        let whole = Part { is_first: true, is_last: true };
        built.find(value.as_bytes(), whole, |number| numbers.push(number));
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    #[test]
    fn places() {
        use Place::{Anywhere, End, Start};
        let texts = [("abc", Start), ("abcd", Start), ("xyz", End), ("z", End), ("mimi", Anywhere), ("imik", Anywhere)];
        let check = |value: &str, expected: &[u32]| assert_eq!(found(&texts, value), expected, "{value}");
        check("abcdef", &[0, 1]);
        check("ab", &[]);
        check("wxyz", &[2, 3]);
        check("z", &[3]);
        check("", &[]);
        check("a mimikatz", &[3, 4, 5]);
        check("mimi", &[4]);
        check("mim", &[]);
    }

    #[test]
    fn raw_values_are_judged_without_decoding() {
        let mut filter = RawFilter::default();
        assert!(filter.add("\\mimilib.dll"));
        assert!(filter.add("sekurlsa::"));
        assert!(!filter.add("a/b\\c"));
        filter.finish();
        let check = |raw: &str, expected: bool| assert_eq!(filter.may_hold(raw), expected, "{raw}");
        check(r"C:\\x\\MimiLib.DLL", true);
        check(r"x\r\nSEKURLSA::logon", true);
        check("nothing of the kind here, at some length", false);
        check("short", false);
        check("", false);
        check("::::::::::::::::::::::::::::", false);
        check(r"C:\\users\\b\u00fcro", true);
        check(r"C:\\users\\büro", false);
        check("a \u{212a}elvin", true);
    }

    proptest! {
        #[test]
        fn what_holds_a_text_is_not_turned_away(
            texts in prop::collection::vec("[a-z:.]{7,12}", 1..9), which: prop::sample::Index,
            before in "[a-zA-Z:. ä]{0,40}", after in "[a-zA-Z:. ä]{0,40}",
        ) {
            let mut filter = RawFilter::default();
            assert!(texts.iter().all(|text| filter.add(text)));
            filter.finish();
            let text = &texts[which.index(texts.len())];
            for text in [text.clone(), text.to_uppercase()] {
                let value = format!("{before}{text}{after}");
                prop_assert!(filter.may_hold(&value));
            }
            let value = format!("{before}{after}").to_lowercase();
            let is_many = filter.pairs.is_none();
            let holds = texts.iter().any(|text| value.contains(text));
            prop_assert_eq!(filter.may_hold(&value), (holds || is_many) && value.len() >= filter.least);
            for odd in ["\\u0041", "\u{130}", "\u{212a}"] {
                let value = format!("{before}{odd}{after}");
                prop_assert!(value.len() < filter.least || filter.may_hold(&value));
            }
        }

        #[test]
        fn agrees_with_looking_for_each(
            texts in prop::collection::vec(("[ab.\\\\ ]{4,9}", 0..3usize), 0..12), value in "[ab.\\\\ ]{0,30}",
        ) {
            let places = [Place::Start, Place::End, Place::Anywhere];
            let texts: Vec<_> = texts.iter().map(|(text, place)| (text.as_str(), places[*place])).collect();
            let expected: Vec<u32> = texts.iter().enumerate().filter(|(_, (text, place))| match place {
                Place::Start => value.starts_with(text),
                Place::End => value.ends_with(text),
                Place::Anywhere => value.contains(text),
            }).map(|(number, _)| number as u32).collect();
            prop_assert_eq!(found(&texts, &value), expected);
        }
    }
}
