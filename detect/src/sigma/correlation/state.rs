//! What correlations remember, as a value that outlives the process.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::group::Group;
use super::{Correlator, GroupKey, Losses};

/// A snapshot: by rule and group. A rule that has changed its condition in the meantime begins anew.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CorrelationState {
    groups: BTreeMap<String, Vec<(GroupKey, Group)>>,
    losses: Losses,
}

impl Correlator {
    /// What it remembers now, in a fixed order.
    pub fn snapshot(&self) -> CorrelationState {
        let mut groups = BTreeMap::new();
        for (correlation, kept) in self.correlations.iter().zip(&self.groups) {
            let mut kept: Vec<_> = kept.iter().map(|(key, group)| (key.clone(), group.clone())).collect();
            kept.sort_by(|a, b| a.0.cmp(&b.0));
            groups.insert(key_of(correlation), kept);
        }
        CorrelationState { groups, losses: self.losses.clone() }
    }

    /// Goes on from a snapshot.
    pub fn restore(&mut self, mut state: CorrelationState) {
        for (correlation, kept) in self.correlations.iter().zip(&mut self.groups) {
            let groups = state.groups.remove(&key_of(correlation)).unwrap_or_default();
            *kept = groups.into_iter().collect::<FxHashMap<_, _>>();
        }
        self.losses = state.losses;
    }
}

/// Names the rule and its condition: figures kept for another condition would mean nothing.
fn key_of(correlation: &super::Correlation) -> String {
    let super::Correlation { analytic, kind, feeders, group_by, span_us, window, .. } = correlation;
    format!("{} {kind:?} {feeders} {group_by:?} {span_us} {window:?}", analytic.uid)
}
