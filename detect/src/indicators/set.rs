//! What readers see: segments and the changes since, published as one.
//!
//! A reader takes an `Arc` and keeps it as long as it likes; a writer makes a new set beside it and swaps. Nobody waits.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use model::limits;

use super::delta::{Delta, DeltaError};
use super::segment::Segment;

/// An unchanging view of all indicators.
#[derive(Clone, Default)]
pub struct IndicatorSet {
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) delta: Delta,
}

impl IndicatorSet {
    /// Over segments, the oldest first.
    pub fn new(segments: Vec<Arc<Segment>>) -> Self {
        IndicatorSet { segments, delta: Delta::default() }
    }

    /// Over one segment.
    pub fn of(segment: Segment) -> Self {
        IndicatorSet::new(vec![Arc::new(segment)])
    }

    /// The segments, the oldest first.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// What changed since.
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// Changes this copy; see [`Indicators::change`] for what readers see.
    pub fn delta_mut(&mut self) -> &mut Delta {
        &mut self.delta
    }

    /// Neither a segment nor a change.
    pub fn is_empty(&self) -> bool {
        self.delta.is_empty() && self.segments.iter().all(|segment| segment.is_empty())
    }
}

/// The set that is in force, for many readers and a writer at a time.
#[derive(Default)]
pub struct Indicators {
    current: ArcSwap<IndicatorSet>,
    /// Held while a new set is made, so that no writer loses another's change.
    writing: Mutex<()>,
}

/// Why a segment cannot be added.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {} segments; hint: merge them", limits::INDICATOR_SEGMENTS_MAX)]
pub struct TooManySegments;

impl Indicators {
    /// Begins with a set.
    pub fn new(set: IndicatorSet) -> Self {
        Indicators { current: ArcSwap::from_pointee(set), writing: Mutex::new(()) }
    }

    /// The set in force. It never changes; ask again for the next.
    pub fn load(&self) -> Arc<IndicatorSet> {
        self.current.load_full()
    }

    fn publish<T, E>(&self, edit: impl FnOnce(&mut IndicatorSet) -> Result<T, E>) -> Result<T, E> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut set = IndicatorSet::clone(&self.current.load());
        let outcome = edit(&mut set)?;
        self.current.store(Arc::new(set));
        Ok(outcome)
    }

    /// Makes changes and publishes them together; when `edit` fails, none of them. Gather many into one call: each call
    /// copies what waits already.
    ///
    /// # Errors
    /// Those of `edit`.
    pub fn change(&self, edit: impl FnOnce(&mut Delta) -> Result<(), DeltaError>) -> Result<(), DeltaError> {
        self.publish(|set| edit(&mut set.delta))
    }

    /// Puts another set in force.
    pub fn replace(&self, set: IndicatorSet) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::new(set));
    }

    /// Adds a segment, newer than all others.
    ///
    /// # Errors
    /// When there are too many, and each would be asked about every observable.
    pub fn add_segment(&self, segment: Segment) -> Result<(), TooManySegments> {
        self.publish(|set| {
            if set.segments.len() >= limits::INDICATOR_SEGMENTS_MAX {
                return Err(TooManySegments);
            }
            set.segments.push(Arc::new(segment));
            Ok(())
        })
    }

    /// Puts the merge of `merged` in the place of what went into it. Segments and changes that came while the merge ran
    /// stay.
    pub fn install(&self, segment: Segment, merged: &IndicatorSet) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut set = IndicatorSet::clone(&self.current.load());
        set.segments.retain(|segment| !merged.segments.iter().any(|old| Arc::ptr_eq(old, segment)));
        set.segments.insert(0, Arc::new(segment));
        set.delta.forget(merged.delta.revision());
        self.current.store(Arc::new(set));
    }
}
