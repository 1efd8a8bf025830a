//! The indicators that detectors ask: those of files for everybody, and beside them what each agency's intelligence says, for its own records
//! only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use detect::indicators::{IndicatorSet, Segment};
use model::AgencyId;

/// What is in force; it never changes.
pub struct Sets {
    /// For agencies that have no intelligence.
    listed: IndicatorSet,
    agencies: BTreeMap<AgencyId, IndicatorSet>,
}

impl Sets {
    /// What is looked for in records of an agency.
    pub fn of(&self, agency: &AgencyId) -> &IndicatorSet {
        self.agencies.get(agency).unwrap_or(&self.listed)
    }
}

/// Indicators that can be exchanged while detectors run.
pub struct KnownIndicators {
    listed: Option<Arc<Segment>>,
    /// The segments of the agencies, by whom sets are made anew.
    intelligence: Mutex<BTreeMap<AgencyId, Arc<Segment>>>,
    sets: ArcSwap<Sets>,
}

impl KnownIndicators {
    /// Those of files.
    pub fn new(listed: Option<Arc<Segment>>) -> Self {
        let sets = Sets { listed: IndicatorSet::new(listed.iter().cloned().collect()), agencies: BTreeMap::new() };
        KnownIndicators { listed, intelligence: Mutex::default(), sets: ArcSwap::from_pointee(sets) }
    }

    /// The sets in force. Ask again for the next.
    pub fn load(&self) -> Guard<Arc<Sets>> {
        self.sets.load()
    }

    /// The indexes of intelligence that are in force.
    pub fn intelligence(&self) -> BTreeMap<AgencyId, Arc<Segment>> {
        self.intelligence.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts an index of an agency's intelligence beside the indicators of files; without one, they stand alone. Detectors see it with the next
    /// record.
    pub fn know(&self, agency: &AgencyId, index: Option<Arc<Segment>>) {
        let mut known = self.intelligence.lock().unwrap_or_else(PoisonError::into_inner);
        match index {
            Some(index) => known.insert(agency.clone(), index),
            None => known.remove(agency),
        };
        let set = |index: &Arc<Segment>| {
            IndicatorSet::new(self.listed.iter().cloned().chain(std::iter::once(Arc::clone(index))).collect())
        };
        let agencies = known.iter().map(|(agency, index)| (agency.clone(), set(index))).collect();
        let listed = IndicatorSet::new(self.listed.iter().cloned().collect());
        self.sets.store(Arc::new(Sets { listed, agencies }));
    }
}
