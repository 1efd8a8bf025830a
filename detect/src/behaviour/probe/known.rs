//! Values that came before, and how often a look brings a new one.

use std::collections::BTreeMap;

use model::limits::PROBE_VALUES_MAX;
use serde::{Deserialize, Serialize};

/// Values with how often they were seen, and how much their set changes by nature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    seen: BTreeMap<String, u32>,
    looks: u32,
    /// How many of a thousand looks bring something new, lately.
    novel_per_mille: u32,
}

/// Looks over which novelty is remembered.
const LATELY: u32 = 32;

impl Known {
    /// Learns what one look brought.
    pub(super) fn learn<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        let mut is_new = false;
        for value in values {
            is_new |= !self.seen.contains_key(value);
            let count = self.seen.entry(value.to_owned()).or_default();
            *count = count.saturating_add(1);
            if self.seen.len() > PROBE_VALUES_MAX {
                self.forget_rarest(value);
            }
        }
        self.looks = self.looks.saturating_add(1);
        // The first look brings only new things, which says nothing.
        if self.looks > 1 {
            let now = if is_new { 1_000 } else { 0 };
            self.novel_per_mille = (self.novel_per_mille * (LATELY - 1) + now) / LATELY;
        }
    }

    fn forget_rarest(&mut self, keep: &str) {
        let rarest = self.seen.iter().filter(|(value, _)| value.as_str() != keep).min_by_key(|(_, count)| **count);
        if let Some(value) = rarest.map(|(value, _)| value.clone()) {
            self.seen.remove(&value);
        }
    }

    pub(super) fn has(&self, value: &str) -> bool {
        self.seen.contains_key(value)
    }

    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// Values change by nature: a new one says little.
    pub(super) fn is_restless(&self) -> bool {
        self.novel_per_mille > 100
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_by_nature_is_restless() {
        let mut known = Known::default();
        (0..50).for_each(|_| known.learn(["a", "b"]));
        assert!(!known.is_restless() && known.has("a") && !known.has("c"));
        (0..10).for_each(|at: u32| known.learn([at.to_string().as_str()]));
        assert!(known.is_restless());
        (0..100).for_each(|_| known.learn(["a"]));
        assert!(!known.is_restless());
    }

    #[test]
    fn the_rarest_goes_first() {
        let mut known = Known::default();
        (0..3).for_each(|_| known.learn(["often"]));
        (0..PROBE_VALUES_MAX * 2).for_each(|at| known.learn([format!("once {at}").as_str()]));
        assert!(known.has("often") && known.values().count() == PROBE_VALUES_MAX);
    }
}
