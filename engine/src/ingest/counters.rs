//! What the watch counts, for health pages and metrics. Counters only grow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Figures of a running watch.
#[derive(Debug, Default)]
pub struct Counters {
    records: AtomicU64,
    unreadable: AtomicU64,
    detections: AtomicU64,
    findings: AtomicU64,
    looked_upto: AtomicU64,
    shelved_upto: AtomicU64,
    shelved_rows: AtomicU64,
    shelved_again: AtomicU64,
    gaps: AtomicU64,
    state_failures: AtomicU64,
    shelf_failures: AtomicU64,
    is_shelf_failing: AtomicBool,
    is_state_failing: AtomicBool,
}

/// The figures at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct CountersSnapshot {
    /// Records that detectors have looked at.
    pub records: u64,
    /// Those of them that no reader could read.
    pub unreadable: u64,
    /// What detectors said.
    pub detections: u64,
    /// What was kept of it and was new.
    pub findings: u64,
    /// The first offset that detectors have not dealt with.
    pub looked_upto: u64,
    /// The first offset that the lake has not taken.
    pub shelved_upto: u64,
    /// Rows that the lake has taken.
    pub shelved_rows: u64,
    /// Records that were read again for the lake, because it had been busy or down.
    pub shelved_again: u64,
    /// Places where the journal could not be read.
    pub gaps: u64,
    /// Times that findings could not be kept at once.
    pub state_failures: u64,
    /// Times that the lake refused.
    pub shelf_failures: u64,
    /// Whether the lake refuses now.
    pub is_shelf_failing: bool,
    /// Whether findings cannot be kept now.
    pub is_state_failing: bool,
}

macro_rules! adders {
    ($($name:ident: $field:ident,)+) => {
        $(pub(super) fn $name(&self, by: u64) {
            self.$field.fetch_add(by, Ordering::Relaxed);
        })+
    };
}

impl Counters {
    adders! {
        add_records: records,
        add_unreadable: unreadable,
        add_detections: detections,
        add_findings: findings,
        add_shelved_rows: shelved_rows,
        add_shelved_again: shelved_again,
        add_gaps: gaps,
    }

    pub(super) fn looked_upto(&self, upto: u64) {
        self.looked_upto.fetch_max(upto, Ordering::Relaxed);
    }

    pub(super) fn shelved_upto(&self, upto: u64) {
        self.shelved_upto.fetch_max(upto, Ordering::Relaxed);
    }

    pub(super) fn shelf_failed(&self) {
        self.shelf_failures.fetch_add(1, Ordering::Relaxed);
        self.is_shelf_failing.store(true, Ordering::Relaxed);
    }

    pub(super) fn shelf_works(&self) {
        self.is_shelf_failing.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_shelf_failing(&self) -> bool {
        self.is_shelf_failing.load(Ordering::Relaxed)
    }

    pub(super) fn state_failed(&self) {
        self.state_failures.fetch_add(1, Ordering::Relaxed);
        self.is_state_failing.store(true, Ordering::Relaxed);
    }

    pub(super) fn state_works(&self) {
        self.is_state_failing.store(false, Ordering::Relaxed);
    }

    /// All figures.
    pub fn snapshot(&self) -> CountersSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountersSnapshot {
            records: read(&self.records),
            unreadable: read(&self.unreadable),
            detections: read(&self.detections),
            findings: read(&self.findings),
            looked_upto: read(&self.looked_upto),
            shelved_upto: read(&self.shelved_upto),
            shelved_rows: read(&self.shelved_rows),
            shelved_again: read(&self.shelved_again),
            gaps: read(&self.gaps),
            state_failures: read(&self.state_failures),
            shelf_failures: read(&self.shelf_failures),
            is_shelf_failing: self.is_shelf_failing.load(Ordering::Relaxed),
            is_state_failing: self.is_state_failing.load(Ordering::Relaxed),
        }
    }
}
