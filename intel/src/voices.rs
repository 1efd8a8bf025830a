//! Which sources are one voice: they say the same because one copies the other, or both copy a third.
//!
//! Ten feeds that repeat each other are not ten witnesses. Who knows that two are one says so; beyond that two sources are
//! compared by what they hold and by who was first. Sources may be large, so a sample of each is compared, the values with the
//! smallest hashes: the same values in both, whatever else they hold.
//!
//! Deliberately absent: copies that change what they copy.

use std::collections::BTreeMap;
use std::fmt;

use model::{Explained, SourceId, Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::rules::VoiceRules;

/// What a source holds: hashes of values, each with when it first stood there. Made by [`Holding::new`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Sorted by hash, each once.
    values: Vec<(u64, Timestamp)>,
    /// How many there were before the sample was taken.
    size: usize,
}

impl Holding {
    /// From hashes of values (any good hash, the same for all sources) and first times; takes the sample.
    pub fn new(values: impl IntoIterator<Item = (u64, Timestamp)>) -> Self {
        let mut values: Vec<(u64, Timestamp)> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup_by_key(|(hash, _)| *hash);
        let size = values.len();
        values.truncate(limits::OVERLAP_SAMPLE_MAX);
        Holding { values, size }
    }

    /// The hash up to which the sample is complete.
    fn complete_to(&self) -> u64 {
        match self.values.last() {
            Some((last, _)) if self.values.len() < self.size => *last,
            _ => u64::MAX,
        }
    }

    fn up_to(&self, hash: u64) -> &[(u64, Timestamp)] {
        self.values.get(..self.values.partition_point(|(known, _)| *known <= hash)).unwrap_or_default()
    }
}

/// What two sources have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Values of the sample that both hold.
    pub shared: usize,
    /// Values of the smaller sample.
    pub smaller: usize,
    /// Of the shared ones, how many stood in the first source before they stood in the second.
    pub first_led: usize,
    /// And the other way round.
    pub second_led: usize,
}

impl Overlap {
    /// Share of the smaller that the larger holds too.
    pub fn contained(&self) -> f64 {
        if self.smaller == 0 { 0.0 } else { self.shared as f64 / self.smaller as f64 }
    }

    /// Share of the common values at which the same source was the first.
    pub fn led(&self) -> f64 {
        if self.shared == 0 { 0.0 } else { self.first_led.max(self.second_led) as f64 / self.shared as f64 }
    }
}

/// Compares two sources.
pub fn overlap(first: &Holding, second: &Holding) -> Overlap {
    let to = first.complete_to().min(second.complete_to());
    let (a, b) = (first.up_to(to), second.up_to(to));
    let mut found = Overlap { smaller: a.len().min(b.len()), ..Overlap::default() };
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some((x, first_at)), Some((y, second_at))) = (left.peek(), right.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => drop(left.next()),
            std::cmp::Ordering::Greater => drop(right.next()),
            std::cmp::Ordering::Equal => {
                found.shared += 1;
                found.first_led += usize::from(first_at < second_at);
                found.second_led += usize::from(second_at < first_at);
                left.next();
                right.next();
            }
        }
    }
    found
}

/// Why two sources are one voice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VoiceReason {
    /// Somebody said so.
    Declared {
        /// One.
        first: SourceId,
        /// The other.
        second: SourceId,
    },
    /// They hold nearly the same.
    SameValues {
        /// One.
        first: SourceId,
        /// The other.
        second: SourceId,
        /// What they have in common.
        overlap: Overlap,
    },
    /// One holds much of the other's, and always later.
    Follows {
        /// Who is first.
        leader: SourceId,
        /// Who comes after.
        follower: SourceId,
        /// What they have in common.
        overlap: Overlap,
    },
}

impl fmt::Display for VoiceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VoiceReason::Declared { first, second } => write!(f, "{first} and {second} are said to be one voice"),
            VoiceReason::SameValues { first, second, overlap } => {
                let percent = overlap.contained() * 100.0;
                write!(f, "{first} and {second} hold the same: {percent:.0} % of the smaller one")
            }
            VoiceReason::Follows { leader, follower, overlap } => {
                let (percent, led) = (overlap.contained() * 100.0, overlap.led() * 100.0);
                write!(f, "{follower} repeats {leader}: {percent:.0} % in common, later in {led:.0} % of them")
            }
        }
    }
}

/// Which voice each source belongs to. A source that is not named is a voice of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voices {
    /// The source that stands for the voice: the first by name.
    spokesman: BTreeMap<SourceId, SourceId>,
}

impl Voices {
    /// The source that stands for the voice of `source`.
    pub fn of<'a>(&'a self, source: &'a SourceId) -> &'a SourceId {
        let mut at = source;
        // Links lead to smaller names only, so this ends.
        while let Some(next) = self.spokesman.get(at) {
            at = next;
        }
        at
    }

    /// Says that two sources are one voice.
    pub fn join(&mut self, first: &SourceId, second: &SourceId) {
        let (first, second) = (self.of(first).clone(), self.of(second).clone());
        match first.cmp(&second) {
            std::cmp::Ordering::Less => drop(self.spokesman.insert(second, first)),
            std::cmp::Ordering::Greater => drop(self.spokesman.insert(first, second)),
            std::cmp::Ordering::Equal => {}
        }
    }
}

/// Groups sources into voices: those declared to be one, and those whose holdings say so. Sources past
/// [`limits::OVERLAP_SOURCES_MAX`] are only grouped by declaration.
pub fn voices(
    declared: &[(SourceId, SourceId)],
    holdings: &BTreeMap<SourceId, Holding>,
    rules: &VoiceRules,
) -> Explained<Voices, VoiceReason> {
    let mut found = Voices::default();
    let mut because = Vec::new();
    for (first, second) in declared {
        found.join(first, second);
        because.push(VoiceReason::Declared { first: first.clone(), second: second.clone() });
    }
    let compared: Vec<(&SourceId, &Holding)> = holdings.iter().take(limits::OVERLAP_SOURCES_MAX).collect();
    for (n, (first, a)) in compared.iter().enumerate() {
        for (second, b) in compared.iter().skip(n + 1) {
            if let Some(reason) = one_voice((first, second), overlap(a, b), rules) {
                found.join(first, second);
                because.push(reason);
            }
        }
    }
    Explained { value: found, because }
}

fn one_voice((first, second): (&SourceId, &SourceId), overlap: Overlap, rules: &VoiceRules) -> Option<VoiceReason> {
    if overlap.shared < rules.shared_min {
        return None;
    }
    let follows = overlap.contained() >= rules.contained_in_order.get() && overlap.led() >= rules.one_is_first.get();
    if follows {
        let first_leads = overlap.first_led >= overlap.second_led;
        let (leader, follower) = if first_leads { (first, second) } else { (second, first) };
        return Some(VoiceReason::Follows { leader: leader.clone(), follower: follower.clone(), overlap });
    }
    let same = overlap.contained() >= rules.contained.get();
    same.then(|| VoiceReason::SameValues { first: first.clone(), second: second.clone(), overlap })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use proptest::prelude::*;

    fn id(name: &str) -> SourceId {
        SourceId::parse(name).unwrap()
    }

    /// Spreads numbers over the hashes, as a hash function would.
    fn hash(n: u64) -> u64 {
        n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn holding(values: std::ops::Range<u64>, first_at: i64) -> Holding {
        Holding::new(values.map(|n| (hash(n), Timestamp::from_millis(first_at + n as i64))))
    }

    fn group(holdings: &[(&str, Holding)]) -> Explained<Voices, VoiceReason> {
        let holdings = holdings.iter().map(|(name, holding)| (id(name), holding.clone())).collect();
        voices(&[], &holdings, &Rules::default().voices)
    }

    #[test]
    fn who_copies_is_no_second_witness() {
        let found = group(&[
            ("origin", holding(0..1_000, 0)),
            ("mirror", holding(0..990, 0)),
            ("late", holding(400..1_200, 500)),
            ("other", holding(900..3_000, 0)),
        ]);
        let voice = |name: &str| found.value.of(&id(name)).as_str().to_owned();
        assert_eq!(voice("origin"), voice("mirror"));
        assert_eq!(voice("late"), voice("origin"));
        assert_eq!(voice("other"), "other", "a tenth in common says nothing");
        let words: Vec<String> = found.because.iter().map(ToString::to_string).collect();
        assert!(words.contains(&"late repeats origin: 75 % in common, later in 100 % of them".to_owned()), "{words:?}");
        assert!(words.contains(&"mirror and origin hold the same: 100 % of the smaller one".to_owned()), "{words:?}");
    }

    #[test]
    fn few_values_say_nothing_and_a_declaration_is_enough() {
        assert_eq!(group(&[("a", holding(0..20, 0)), ("b", holding(0..20, 0))]).because, []);
        let declared = [(id("c"), id("b")), (id("b"), id("a"))];
        let found = voices(&declared, &BTreeMap::new(), &Rules::default().voices).value;
        assert_eq!(found.of(&id("c")).as_str(), "a");
        assert_eq!(found.of(&id("z")).as_str(), "z");
    }

    #[test]
    fn large_sources_are_compared_by_a_sample() {
        let most = limits::OVERLAP_SAMPLE_MAX as u64;
        let (a, b) = (holding(0..3 * most, 0), holding(0..most, 0));
        assert_eq!(a.values.len(), limits::OVERLAP_SAMPLE_MAX);
        let found = overlap(&a, &b);
        // About a third of the smaller one lies in the part of which both samples are complete; all of it is shared.
        assert!(found.smaller > most as usize / 4 && found.contained() == 1.0, "{found:?}");
    }

    #[test]
    fn too_many_sources_are_not_compared() {
        let name = |n: usize| id(&format!("s{n:04}"));
        let same = holding(0..60, 0);
        let holdings = (0..=limits::OVERLAP_SOURCES_MAX).map(|n| (name(n), same.clone())).collect();
        let found = voices(&[], &holdings, &Rules::default().voices).value;
        assert_eq!(found.of(&name(limits::OVERLAP_SOURCES_MAX - 1)), &name(0));
        let last = name(limits::OVERLAP_SOURCES_MAX);
        assert_eq!(found.of(&last), &last);
    }

    proptest! {
        #[test]
        fn a_voice_is_the_same_for_all_in_it(pairs in proptest::collection::vec((0u8..12, 0u8..12), 0..20)) {
            let name = |n: u8| id(&format!("s{n}"));
            let mut voices = Voices::default();
            pairs.iter().for_each(|&(a, b)| voices.join(&name(a), &name(b)));
            for (a, b) in pairs {
                let (a, b) = (name(a), name(b));
                prop_assert_eq!(voices.of(&a), voices.of(&b));
            }
        }

        #[test]
        fn overlap_is_in_range(a in 0u64..200, b in 0u64..200, from in 0u64..200) {
            let found = overlap(&holding(0..a, 0), &holding(from..from + b, 3));
            prop_assert!((0.0..=1.0).contains(&found.contained()));
            prop_assert!(found.first_led + found.second_led <= found.shared);
        }
    }
}
