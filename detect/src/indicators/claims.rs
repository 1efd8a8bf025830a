//! Who says what about an indicator.
//!
//! Millions of indicators share a few thousand sets of claims, so an image keeps each set once and a key keeps where its
//! set is. The sets that most keys refer to stand first, because small numbers take fewer bytes.

use std::collections::HashMap;

use model::{Confidence, Indicator, Level, Timestamp, limits};

use super::wire::{Damaged, Reader, put_varint};

/// What one source says about an indicator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// What the source calls it.
    pub label: String,
    /// Feed or file.
    pub source: String,
    /// How sure the source is.
    pub confidence: Confidence,
    /// How bad a sighting would be.
    pub level: Level,
    /// When the source last vouched for it.
    pub seen: Option<Timestamp>,
}

impl Claim {
    /// What an indicator claims, beside what it names.
    pub fn of(indicator: &Indicator) -> Self {
        Claim {
            label: indicator.label.clone(),
            source: indicator.source.clone(),
            confidence: indicator.confidence,
            level: indicator.level,
            seen: indicator.seen,
        }
    }
}

/// Brings claims about one thing into their order: the surest first, then the freshest. Of two from the same source with
/// the same label the fresher stays, else the later in `claims`; at most [`limits::INDICATOR_CLAIMS_MAX`] stay.
pub(crate) fn settle(claims: &mut Vec<Claim>) {
    if claims.len() > 1 {
        claims.reverse();
        claims.sort_by(|a, b| (&a.source, &a.label).cmp(&(&b.source, &b.label)).then(b.seen.cmp(&a.seen)));
        claims.dedup_by(|a, b| a.source == b.source && a.label == b.label);
        claims.sort_by(|a, b| {
            let sure = b.confidence.cmp(&a.confidence);
            sure.then(b.seen.cmp(&a.seen)).then_with(|| (&a.source, &a.label).cmp(&(&b.source, &b.label)))
        });
        claims.truncate(limits::INDICATOR_CLAIMS_MAX);
    }
}

/// Gives numbers to claims and to sets of them.
#[derive(Default)]
pub(crate) struct ClaimTable {
    claims: Vec<Claim>,
    numbers: HashMap<Claim, u32>,
    /// How many keys refer to each set, and then where it is in the image.
    sets: HashMap<Box<[u32]>, u64>,
}

impl ClaimTable {
    /// The number of a claim.
    pub(crate) fn number(&mut self, claim: Claim) -> u32 {
        let next = self.claims.len() as u32;
        *self.numbers.entry(claim).or_insert_with_key(|claim| {
            self.claims.push(claim.clone());
            next
        })
    }

    /// The set of numbers that several claims about one thing come to. Most things have one claim.
    pub(crate) fn settled(&mut self, numbers: &mut Vec<u32>) {
        if numbers.len() > 1 {
            let mut claims = self.of(numbers);
            settle(&mut claims);
            *numbers = claims.into_iter().map(|claim| self.number(claim)).collect();
        }
    }

    /// The claims of those numbers.
    pub(crate) fn of(&self, numbers: &[u32]) -> Vec<Claim> {
        numbers.iter().filter_map(|&number| self.claims.get(number as usize)).cloned().collect()
    }

    /// Counts a key that refers to that set.
    pub(crate) fn count(&mut self, set: &[u32]) {
        match self.sets.get_mut(set) {
            Some(count) => *count += 1,
            None => {
                self.sets.insert(set.into(), 1);
            }
        }
    }

    /// Where a set stands, once [`ClaimTable::encode`] has been called.
    pub(crate) fn place(&self, set: &[u32]) -> Option<u64> {
        self.sets.get(set).copied()
    }

    /// Writes all sets, the most used first, and the texts that they refer to: two sections.
    pub(crate) fn encode(&mut self) -> (Vec<u8>, Vec<u8>) {
        let (mut sets, mut texts) = (Vec::new(), Vec::new());
        let mut places: HashMap<&str, u64> = HashMap::new();
        let mut order: Vec<_> = self.sets.iter_mut().collect();
        // By content and not by number, so that the order in which indicators came leaves no trace.
        let of = |set: &[u32]| set.iter().filter_map(|&number| self.claims.get(number as usize)).collect::<Vec<_>>();
        order.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| of(a).cmp(&of(b))));
        for (set, place) in order {
            *place = sets.len() as u64;
            put_varint(&mut sets, set.len() as u64);
            for claim in set.iter().filter_map(|&number| self.claims.get(number as usize)) {
                for text in [&claim.label, &claim.source] {
                    let at = *places.entry(text).or_insert_with(|| {
                        let at = texts.len() as u64;
                        put_varint(&mut texts, text.len() as u64);
                        texts.extend_from_slice(text.as_bytes());
                        at
                    });
                    put_varint(&mut sets, at);
                }
                sets.push(claim.confidence.percent());
                sets.push(claim.level as u8 | if claim.seen.is_some() { HAS_SEEN } else { 0 });
                if let Some(seen) = claim.seen {
                    let micros = seen.as_micros();
                    put_varint(&mut sets, (micros << 1 ^ micros >> 63) as u64);
                }
            }
        }
        (sets, texts)
    }
}

/// Beside the level: a time follows.
const HAS_SEEN: u8 = 0x80;

const LEVELS: [Level; 5] = [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];

/// Reads the set at `place`.
pub(crate) fn decode(sets: &[u8], texts: &[u8], place: u64) -> Result<Vec<Claim>, Damaged> {
    let mut reader = Reader::at(sets, place)?;
    let count = reader.length()?;
    if count == 0 || count > limits::INDICATOR_CLAIMS_MAX {
        return Err(Damaged("number of claims"));
    }
    (0..count).map(|_| claim(&mut reader, texts)).collect()
}

fn claim(reader: &mut Reader<'_>, texts: &[u8]) -> Result<Claim, Damaged> {
    let text = |at: u64| -> Result<String, Damaged> {
        let mut reader = Reader::at(texts, at)?;
        let length = reader.length()?;
        let bytes = reader.take(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Damaged("text is not UTF-8"))
    };
    let (label, source) = (text(reader.varint()?)?, text(reader.varint()?)?);
    let confidence = Confidence::new(reader.byte()?).ok_or(Damaged("confidence"))?;
    let flags = reader.byte()?;
    let level = *LEVELS.get(usize::from(flags & !HAS_SEEN)).ok_or(Damaged("level"))?;
    let seen = if flags & HAS_SEEN == 0 {
        None
    } else {
        let zigzag = reader.varint()?;
        Some(Timestamp::from_micros((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)))
    };
    Ok(Claim { label, source, confidence, level, seen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(label: &str, source: &str, percent: u8, seen: Option<i64>) -> Claim {
        Claim {
            label: label.into(),
            source: source.into(),
            confidence: Confidence::new(percent).unwrap(),
            level: Level::Medium,
            seen: seen.map(Timestamp::from_micros),
        }
    }

    #[test]
    fn the_surest_stands_first_and_a_source_speaks_once() {
        let mut claims = vec![
            claim("x", "a", 10, None),
            claim("x", "b", 90, Some(5)),
            claim("x", "a", 20, None),
            claim("y", "a", 15, None),
            claim("x", "b", 95, Some(4)),
        ];
        settle(&mut claims);
        let of = |claim: &Claim| (claim.source.clone(), claim.label.clone(), claim.confidence.percent());
        let expected = [("b", "x", 90), ("a", "x", 20), ("a", "y", 15)];
        assert_eq!(claims.iter().map(of).collect::<Vec<_>>(), expected.map(|(s, l, c)| (s.into(), l.into(), c)));
    }

    #[test]
    fn claims_about_one_thing_are_limited() {
        let mut claims: Vec<_> =
            (0..limits::INDICATOR_CLAIMS_MAX + 1).map(|n| claim(&n.to_string(), "s", (n % 101) as u8, None)).collect();
        settle(&mut claims);
        assert_eq!(claims.len(), limits::INDICATOR_CLAIMS_MAX);
        assert!(claims.iter().all(|claim| claim.confidence.percent() > 0), "the least sure goes");
    }

    fn claims() -> impl Strategy<Value = Vec<Claim>> {
        let one = ("[a-c]{0,3}", "[a-c]{1,2}", 0u8..=100, 0usize..5, prop::option::of(any::<i64>()));
        let one = one.prop_map(|(label, source, percent, level, seen)| Claim {
            level: LEVELS[level],
            ..claim(&label, &source, percent, seen)
        });
        prop::collection::vec(one, 1..5)
    }

    proptest! {
        #[test]
        fn sets_come_back(sets in prop::collection::vec(claims(), 1..20)) {
            let mut table = ClaimTable::default();
            let numbered: Vec<Vec<u32>> = sets
                .iter()
                .map(|claims| {
                    let mut numbers = claims.iter().map(|claim| table.number(claim.clone())).collect();
                    table.settled(&mut numbers);
                    table.count(&numbers);
                    numbers
                })
                .collect();
            let (bytes, texts) = table.encode();
            for (mut expected, numbers) in sets.into_iter().zip(numbered) {
                settle(&mut expected);
                prop_assert_eq!(decode(&bytes, &texts, table.place(&numbers).unwrap()), Ok(expected));
            }
        }

        #[test]
        fn never_panics(sets in prop::collection::vec(any::<u8>(), 0..40), texts in prop::collection::vec(any::<u8>(), 0..20), place in 0u64..50) {
            let _ = decode(&sets, &texts, place);
        }
    }
}
