//! The entries of all lists in a few sorted arrays.

use std::net::{IpAddr, Ipv6Addr};

use aho_corasick::AhoCorasick;
use regex::RegexSet;

/// Number of a list.
pub(super) type ListNumber = u16;

/// Texts of many lists: sorted, without a string for each.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    entries: Vec<TextEntry>,
}

#[derive(Clone, Copy)]
struct TextEntry {
    at: u32,
    length: u16,
    list: ListNumber,
}

impl Texts {
    /// Adds an entry; `false` when it is too long or there is no room.
    pub(super) fn push(&mut self, text: &str, list: ListNumber) -> bool {
        let (Ok(at), Ok(length)) = (u32::try_from(self.bytes.len()), u16::try_from(text.len())) else { return false };
        self.bytes.extend_from_slice(text.as_bytes());
        self.entries.push(TextEntry { at, length, list });
        true
    }

    /// To be called when all entries are in.
    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        self.entries.sort_unstable_by(|a, b| text_of(bytes, a).cmp(text_of(bytes, b)).then(a.list.cmp(&b.list)));
    }

    /// Gives each list that has exactly this text.
    pub(super) fn each(&self, text: &str, mut give: impl FnMut(ListNumber)) {
        let text = text.as_bytes();
        let from = self.entries.partition_point(|entry| text_of(&self.bytes, entry) < text);
        let rest = self.entries.get(from..).unwrap_or_default();
        rest.iter().take_while(|entry| text_of(&self.bytes, entry) == text).for_each(|entry| give(entry.list));
    }
}

fn text_of<'a>(bytes: &'a [u8], entry: &TextEntry) -> &'a [u8] {
    let at = entry.at as usize;
    bytes.get(at..at + usize::from(entry.length)).unwrap_or_default()
}

/// A range of addresses; IPv4 as IPv6 (`::ffff:0:0/96`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Range {
    length: u8,
    start: u128,
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0)
}

impl Range {
    /// Reads `address` or `address/length`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (bits, own, before) = match address {
            IpAddr::V4(address) => (address.to_ipv6_mapped().to_bits(), 32, 96),
            IpAddr::V6(address) => (Ipv6Addr::to_bits(address), 128, 0),
        };
        let length = length.unwrap_or(own);
        if length > own {
            return None;
        }
        let length = length + before;
        Some(Range { length, start: bits & mask(length) })
    }
}

/// Ranges of many lists.
#[derive(Default)]
pub(super) struct Ranges {
    entries: Vec<(Range, ListNumber)>,
    /// Lengths that occur.
    lengths: Vec<u8>,
}

impl Ranges {
    pub(super) fn push(&mut self, range: Range, list: ListNumber) {
        self.entries.push((range, list));
    }

    /// To be called when all entries are in.
    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable();
        self.lengths = self.entries.iter().map(|(range, _)| range.length).collect();
        self.lengths.dedup();
    }

    /// Gives each list that has a range around `asked`, and whether it is that very range.
    pub(super) fn each(&self, asked: Range, mut give: impl FnMut(ListNumber, bool)) {
        for &length in self.lengths.iter().take_while(|&&length| length <= asked.length) {
            let around = Range { length, start: asked.start & mask(length) };
            let from = self.entries.partition_point(|(range, _)| *range < around);
            let rest = self.entries.get(from..).unwrap_or_default();
            let same = rest.iter().take_while(|(range, _)| *range == around);
            same.for_each(|(_, list)| give(*list, length == asked.length));
        }
    }
}

/// What has to be tried list by list.
pub(super) enum Scan {
    /// Any of these texts inside the value; leftmost and longest, so that the whole value is found as such.
    Substrings(AhoCorasick),
    /// Any of these expressions.
    Expressions(RegexSet),
}

impl Scan {
    /// Whether it finds something in the text, and if so, whether that is all of the text. An expression always means all
    /// of what it matches.
    pub(super) fn finds(&self, text: &str) -> Option<bool> {
        match self {
            Scan::Substrings(texts) => texts.find(text).map(|found| found.len() == text.len()),
            Scan::Expressions(expressions) => expressions.is_match(text).then_some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_each_other() {
        let mut ranges = Ranges::default();
        for (number, text) in
            ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "fe80::/10", "0.0.0.0/0"].into_iter().enumerate()
        {
            ranges.push(Range::parse(text).unwrap(), number as u16);
        }
        ranges.sort();
        let check = |text: &str, expected: &[(u16, bool)]| {
            let mut found = Vec::new();
            ranges.each(Range::parse(text).unwrap(), |list, exact| found.push((list, exact)));
            assert_eq!(found, expected, "{text}");
        };
        check("10.1.2.3", &[(4, false), (0, false), (1, false), (2, true)]);
        check("10.1.0.0/16", &[(4, false), (0, false), (1, true)]);
        check("10.0.0.0/7", &[(4, false)]);
        check("192.0.2.1", &[(4, false)]);
        check("fe80::1", &[(3, false)]);
        check("2001:db8::1", &[]);
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(Range::parse("10.9.9.9/8"), Range::parse("10.0.0.0/8"));
        assert_eq!(Range::parse("::ffff:10.0.0.1"), Range::parse("10.0.0.1"));
        assert_eq!(Range::parse("10.0.0.0/33"), None);
        assert_eq!(Range::parse("::/129"), None);
        assert_eq!(Range::parse("x"), None);
    }

    #[test]
    fn texts_are_found() {
        let mut texts = Texts::default();
        for (text, list) in [("b", 1), ("a", 1), ("b", 0), ("", 2)] {
            assert!(texts.push(text, list));
        }
        assert!(!texts.push(&"x".repeat(70_000), 0), "too long");
        texts.sort();
        let check = |text: &str, expected: &[u16]| {
            let mut found = Vec::new();
            texts.each(text, |list| found.push(list));
            assert_eq!(found, expected, "{text}");
        };
        check("a", &[1]);
        check("b", &[0, 1]);
        check("c", &[]);
        check("", &[2]);
    }
}
