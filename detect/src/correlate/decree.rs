//! What people decided about what belongs together: honoured from then on, and whenever findings are gone through again.
//!
//! Decrees speak of findings, whose names follow from what they are, and not of incidents: so they hold for a correlator that
//! begins anew. Later ones win.

use std::collections::{BTreeMap, BTreeSet};

use model::{FindingId, limits};
use serde::{Deserialize, Serialize};

use super::incident::Pin;

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "decree", rename_all = "snake_case")]
pub enum Decree {
    /// The two belong to one incident.
    Together {
        /// One of them.
        one: FindingId,
        /// The other.
        other: FindingId,
    },
    /// The two, and what was put together with each by hand, belong to two incidents.
    Apart {
        /// One of them.
        one: FindingId,
        /// The other.
        other: FindingId,
    },
    /// The incident of this finding is told, or stays quiet, whatever its rank.
    Pin {
        /// Which.
        finding: FindingId,
        /// What people want; `None` takes an earlier word back.
        pin: Option<Pin>,
    },
}

/// All decisions that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decrees {
    #[serde(with = "super::pairs")]
    together: BTreeMap<FindingId, BTreeSet<FindingId>>,
    #[serde(with = "super::pairs")]
    apart: BTreeMap<FindingId, BTreeSet<FindingId>>,
    #[serde(with = "super::pairs")]
    pins: BTreeMap<FindingId, Pin>,
    count: usize,
}

impl Decrees {
    /// Takes note; `false` when there are [`limits::DECREES_MAX`] already.
    pub(super) fn note(&mut self, decree: Decree) -> bool {
        if self.count >= limits::DECREES_MAX && !matches!(decree, Decree::Pin { pin: None, .. }) {
            return false;
        }
        match decree {
            Decree::Together { one, other } => {
                remove(&mut self.apart, one, other, &mut self.count);
                add(&mut self.together, one, other, &mut self.count);
            }
            Decree::Apart { one, other } => {
                remove(&mut self.together, one, other, &mut self.count);
                add(&mut self.apart, one, other, &mut self.count);
            }
            Decree::Pin { finding, pin: Some(pin) } => {
                self.count += usize::from(self.pins.insert(finding, pin).is_none());
            }
            Decree::Pin { finding, pin: None } => {
                self.count -= usize::from(self.pins.remove(&finding).is_some());
            }
        }
        true
    }

    /// What was put together with this finding by hand.
    pub(super) fn with(&self, finding: FindingId) -> impl Iterator<Item = FindingId> {
        self.together.get(&finding).into_iter().flatten().copied()
    }

    /// What this finding must not be together with: what was parted from it, and from what was put together with it.
    pub(super) fn against(&self, finding: FindingId) -> BTreeSet<FindingId> {
        if self.apart.is_empty() {
            return BTreeSet::new();
        }
        let ones = self.with(finding).chain([finding]);
        ones.filter_map(|one| self.apart.get(&one)).flatten().copied().collect()
    }

    /// Whether a finding of the one was parted from one of the other.
    pub(super) fn part(&self, one: &BTreeSet<FindingId>, other: &BTreeSet<FindingId>) -> bool {
        let parted = |(finding, from): (&FindingId, &BTreeSet<FindingId>)| {
            one.contains(finding) && from.iter().any(|from| other.contains(from))
        };
        self.apart.iter().any(parted)
    }

    /// The pairs that were parted with one in each.
    pub(super) fn parting(
        &self,
        one: &BTreeSet<FindingId>,
        other: &BTreeSet<FindingId>,
    ) -> Vec<(FindingId, FindingId)> {
        let of_one = self.apart.iter().filter(|(finding, _)| one.contains(finding));
        of_one.flat_map(|(a, from)| from.iter().filter(|b| other.contains(b)).map(|b| (*a, *b))).collect()
    }

    pub(super) fn pin(&self, finding: FindingId) -> Option<Pin> {
        self.pins.get(&finding).copied()
    }
}

type Pairs = BTreeMap<FindingId, BTreeSet<FindingId>>;

fn add(pairs: &mut Pairs, one: FindingId, other: FindingId, count: &mut usize) {
    if one == other {
        return;
    }
    let is_new = pairs.entry(one).or_default().insert(other);
    pairs.entry(other).or_default().insert(one);
    *count += usize::from(is_new);
}

fn remove(pairs: &mut Pairs, one: FindingId, other: FindingId, count: &mut usize) {
    let mut was_there = false;
    for (from, to) in [(one, other), (other, one)] {
        if let Some(known) = pairs.get_mut(&from) {
            was_there |= known.remove(&to);
            if known.is_empty() {
                pairs.remove(&from);
            }
        }
    }
    *count -= usize::from(was_there);
}
