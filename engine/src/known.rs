//! What detectors ask: the indicators of files for everybody, and beside them what each agency's intelligence says, for its own records
//! only: its index, and the patterns that no look-up can do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use detect::indicators::{IndicatorSet, Segment};
use intel::pattern::Watched;
use model::AgencyId;

/// What is in force; it never changes.
pub struct Sets {
    /// For agencies that have no intelligence.
    listed: IndicatorSet,
    agencies: BTreeMap<AgencyId, OfAgency>,
}

struct OfAgency {
    indicators: IndicatorSet,
    patterns: Option<Arc<Watched>>,
}

impl Sets {
    /// What is looked for in records of an agency.
    pub fn of(&self, agency: &AgencyId) -> &IndicatorSet {
        self.agencies.get(agency).map_or(&self.listed, |known| &known.indicators)
    }

    /// The patterns that its records are held against.
    pub fn patterns_of(&self, agency: &AgencyId) -> Option<&Arc<Watched>> {
        self.agencies.get(agency)?.patterns.as_ref()
    }
}

/// What an agency's intelligence says.
#[derive(Clone, Default)]
struct Told {
    index: Option<Arc<Segment>>,
    patterns: Option<Arc<Watched>>,
}

/// Indicators and patterns that can be exchanged while detectors run.
pub struct KnownIndicators {
    listed: Option<Arc<Segment>>,
    /// By whom sets are made anew.
    told: Mutex<BTreeMap<AgencyId, Told>>,
    sets: ArcSwap<Sets>,
}

impl KnownIndicators {
    /// Those of files.
    pub fn new(listed: Option<Arc<Segment>>) -> Self {
        let sets = Sets { listed: IndicatorSet::new(listed.iter().cloned().collect()), agencies: BTreeMap::new() };
        KnownIndicators { listed, told: Mutex::default(), sets: ArcSwap::from_pointee(sets) }
    }

    /// The sets in force. Ask again for the next.
    pub fn load(&self) -> Guard<Arc<Sets>> {
        self.sets.load()
    }

    /// Puts an index of an agency's intelligence beside the indicators of files; without one, they stand alone. Detectors see it with the next
    /// record.
    pub fn know(&self, agency: &AgencyId, index: Option<Arc<Segment>>) {
        self.change(|told| told.entry(agency.clone()).or_default().index = index);
    }

    /// Holds the records of an agency against these patterns from the next record on, and against no others.
    pub fn watch_for(&self, agency: &AgencyId, patterns: Option<Arc<Watched>>) {
        let patterns = patterns.filter(|patterns| !patterns.is_empty());
        self.change(|told| told.entry(agency.clone()).or_default().patterns = patterns);
    }

    /// Takes over what agencies' intelligence told `earlier`.
    pub fn take_over(&self, earlier: &KnownIndicators) {
        let earlier = earlier.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.change(|told| *told = earlier);
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<AgencyId, Told>)) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut told);
        told.retain(|_, told| told.index.is_some() || told.patterns.is_some());
        let of = |told: &Told| OfAgency {
            indicators: IndicatorSet::new(self.listed.iter().chain(&told.index).cloned().collect()),
            patterns: told.patterns.clone(),
        };
        let agencies = told.iter().map(|(agency, told)| (agency.clone(), of(told))).collect();
        let listed = IndicatorSet::new(self.listed.iter().cloned().collect());
        self.sets.store(Arc::new(Sets { listed, agencies }));
    }
}
