//! Millions of names in one piece of memory: sorted, each once, as the DNS writes them, with a length in front.

use model::limits::RPZ_NAMES_MAX;

/// A text that is no name of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A label is empty or over 63 bytes, or has a character that owner names of policy zones never have.
    #[error("not a name")]
    Malformed,
    /// With the zone's name behind it, it has more than 255 bytes (RFC 1035, section 2.3.4).
    #[error("too long behind the name of the zone")]
    TooLong,
    /// The zone has [`RPZ_NAMES_MAX`] names.
    #[error("the zone is full")]
    Full,
}

/// Names relative to a zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// For each name its length in one byte, and its labels without the root.
    bytes: Vec<u8>,
    count: usize,
}

impl Names {
    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The names in their order, each as labels of the DNS without the root.
    pub(super) fn iter(&self) -> Iter<'_> {
        Iter(&self.bytes)
    }

    fn push(&mut self, name: &[u8]) {
        // A name of the DNS has at most 255 bytes, which the builder has seen to.
        self.bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        self.bytes.extend_from_slice(name);
        self.count += 1;
    }

    /// What is only here, and what is only there: both are sorted, so that one walk over them tells.
    pub(super) fn compared(&self, newer: &Names) -> (Names, Names) {
        let (mut removed, mut added) = (Names::default(), Names::default());
        let (mut old, mut new) = (self.iter().peekable(), newer.iter().peekable());
        loop {
            match (old.peek(), new.peek()) {
                (None, None) => return (removed, added),
                (Some(a), Some(b)) if a == b => {
                    old.next();
                    new.next();
                }
                (Some(a), b) if b.is_none_or(|b| a < b) => {
                    removed.push(a);
                    old.next();
                }
                (_, Some(b)) => {
                    added.push(b);
                    new.next();
                }
                (Some(_), None) => return (removed, added),
            }
        }
    }
}

/// See [`Names::iter`].
#[derive(Clone, Debug)]
pub(super) struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(name)
    }
}

/// Collects names in any order.
#[derive(Debug)]
pub struct NamesBuilder {
    /// Bytes that the zone's own name takes behind each, with the root.
    behind: usize,
    bytes: Vec<u8>,
    /// Where each begins.
    starts: Vec<usize>,
}

impl NamesBuilder {
    /// For a zone of that name.
    pub fn new(zone_name: &str) -> Self {
        let name = zone_name.trim_end_matches('.');
        let behind = if name.is_empty() { 1 } else { name.len() + 2 };
        NamesBuilder { behind, bytes: Vec::new(), starts: Vec::new() }
    }

    /// Adds a name relative to the zone, for example `*.evil.example` or `32.1.2.0.192.rpz-ip`.
    ///
    /// # Errors
    /// When it is none, or there is no room for it; what was added before stays.
    pub fn add(&mut self, name: &str) -> Result<(), NameError> {
        if self.starts.len() >= RPZ_NAMES_MAX {
            return Err(NameError::Full);
        }
        let start = self.bytes.len();
        // A byte in front of each label.
        if name.len() + 1 + self.behind > 255 {
            return Err(NameError::TooLong);
        }
        self.bytes.push(u8::try_from(name.len() + 1).map_err(|_| NameError::TooLong)?);
        for label in name.split('.') {
            let is_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'*');
            let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length));
            let (Some(length), true) = (length, label.bytes().all(is_byte)) else {
                self.bytes.truncate(start);
                return Err(NameError::Malformed);
            };
            self.bytes.push(length);
            self.bytes.extend(label.bytes().map(|b| b.to_ascii_lowercase()));
        }
        self.starts.push(start);
        Ok(())
    }

    /// The names, sorted, each once.
    pub fn finish(self) -> Names {
        let NamesBuilder { bytes, mut starts, .. } = self;
        let at = |start: usize| -> &[u8] {
            let length = bytes.get(start).map_or(0, |length| usize::from(*length));
            bytes.get(start + 1..start + 1 + length).unwrap_or_default()
        };
        starts.sort_unstable_by(|a, b| at(*a).cmp(at(*b)));
        starts.dedup_by(|a, b| at(*a) == at(*b));
        let mut names = Names { bytes: Vec::with_capacity(bytes.len()), count: 0 };
        for start in starts {
            names.push(at(start));
        }
        names.bytes.shrink_to_fit();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn names(list: &[&str]) -> Names {
        let mut builder = NamesBuilder::new("rpz.example");
        for name in list {
            builder.add(name).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn names_are_sorted_and_there_once() {
        let found = names(&["b.example", "A.example", "b.example", "*.a.example"]);
        assert_eq!(found.len(), 3);
        let expected: [&[u8]; 3] = [b"\x01*\x01a\x07example", b"\x01a\x07example", b"\x01b\x07example"];
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_name_is_refused_and_leaves_nothing() {
        let mut builder = NamesBuilder::new("rpz.example");
        let long = format!("{}.{}.{}.{}", "a".repeat(63), "a".repeat(63), "a".repeat(63), "a".repeat(50));
        for (name, error) in [
            ("", NameError::Malformed),
            ("a..b", NameError::Malformed),
            ("a.", NameError::Malformed),
            ("a b", NameError::Malformed),
            ("ü", NameError::Malformed),
            (&"a".repeat(64), NameError::Malformed),
            (&long, NameError::TooLong),
        ] {
            assert_eq!(builder.add(name), Err(error), "{name}");
        }
        // 255 bytes with eleven of the zone's name, the lengths of its labels, and the root.
        assert_eq!(builder.add(&long[..241]), Ok(()));
        assert_eq!(builder.finish().len(), 1);
    }

    proptest! {
        #[test]
        fn what_changed_leads_from_one_to_the_other(
            old in prop::collection::btree_set("[a-c]{1,2}(\\.[a-c])?", 0..20),
            new in prop::collection::btree_set("[a-c]{1,2}(\\.[a-c])?", 0..20),
        ) {
            let all = |set: &BTreeSet<String>| names(&set.iter().map(String::as_str).collect::<Vec<_>>());
            let (before, after) = (all(&old), all(&new));
            let (removed, added) = before.compared(&after);
            let gone: BTreeSet<String> = old.difference(&new).cloned().collect();
            let come: BTreeSet<String> = new.difference(&old).cloned().collect();
            prop_assert_eq!(removed, all(&gone));
            prop_assert_eq!(added, all(&come));
        }

        #[test]
        fn never_panics(name in ".{0,300}") {
            let mut builder = NamesBuilder::new("rpz.example");
            let _ = builder.add(&name);
            let _ = builder.finish();
        }
    }
}
