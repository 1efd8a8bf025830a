//! The values that a series has had, as few numbers, and how far the nearest of them are from a new one.
//!
//! A histogram whose bins sit where the values are, after Ben-Haim and Tom-Tov, "A streaming parallel decision tree algorithm", JMLR 11
//! (2010): when there are too many bins, the two closest become one. Theirs become their mean; here the fuller one stays, so that a value
//! that comes often stays exact and its distance to itself is nought. What lies apart from all others is never lost, however old.

use model::limits;
use serde::{Deserialize, Serialize};

/// Distinct values in order, and how often each was had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    #[serde(with = "super::bits")]
    values: Vec<f64>,
    counts: Vec<u32>,
    values_max: usize,
}

impl Seen {
    pub(super) fn new(values_max: usize) -> Self {
        Seen { values: Vec::new(), counts: Vec::new(), values_max }
    }

    /// All values that a whole view of a series tells apart.
    pub(super) fn of_series() -> Self {
        Seen::new(limits::SERIES_VALUES_MAX)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Values that are told apart.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Bytes beside the struct itself.
    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<f64>() + self.counts.capacity() * size_of::<u32>()
    }

    /// Remembers a finite value that was had `count` times.
    pub(super) fn add(&mut self, value: f64, count: u32) {
        let at = self.values.partition_point(|had| *had < value);
        if self.values.get(at) == Some(&value) {
            if let Some(had) = self.counts.get_mut(at) {
                *had = had.saturating_add(count);
            }
            return;
        }
        // One more than stay, for the moment before two become one: so nothing is ever moved to a larger place.
        let room = self.values_max + 1 - self.values.len();
        self.values.reserve_exact(room);
        self.counts.reserve_exact(room);
        self.values.insert(at, value);
        self.counts.insert(at, count);
        if self.values.len() > self.values_max {
            self.join_closest();
        }
    }

    /// Forgets everything, and gives what there was.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (f64, u32)> {
        self.values.drain(..).zip(self.counts.drain(..))
    }

    /// The two closest values become the one that was had more often; of two pairs the lower, of two equal ones the lower.
    fn join_closest(&mut self) {
        let gaps = self.values.iter().zip(self.values.iter().skip(1)).map(|(low, high)| high - low);
        let (mut closest, mut least) = (0, f64::INFINITY);
        for (at, gap) in gaps.enumerate() {
            if gap < least {
                (closest, least) = (at, gap);
            }
        }
        let above = closest + 1;
        let (Some(low), Some(high)) = (self.counts.get(closest).copied(), self.counts.get(above).copied()) else {
            return;
        };
        let goes = if high > low { closest } else { above };
        self.values.remove(goes);
        self.counts.remove(goes);
        if let Some(count) = self.counts.get_mut(closest) {
            *count = low.saturating_add(high);
        }
    }

    /// Those below `value`, then those from it on, each from the nearest outwards.
    fn outwards(&self, value: f64) -> [Side<'_>; 2] {
        let at = self.values.partition_point(|had| *had < value);
        let (below, from) = self.values.split_at(at);
        let (below_counts, from_counts) = self.counts.split_at(at);
        [
            Side { values: below, counts: below_counts, is_below: true },
            Side { values: from, counts: from_counts, is_below: false },
        ]
    }
}

/// What is left to look at on one side of a value.
#[derive(Clone, Copy)]
struct Side<'a> {
    values: &'a [f64],
    counts: &'a [u32],
    is_below: bool,
}

impl Side<'_> {
    /// The nearest that is left, and how often it was had.
    fn nearest(&self) -> Option<(f64, u32)> {
        let (value, count) = if self.is_below {
            (self.values.last(), self.counts.last())
        } else {
            (self.values.first(), self.counts.first())
        };
        Some((*value?, *count?))
    }

    /// Goes past the nearest.
    fn step(&mut self) {
        let (values, counts) = if self.is_below {
            (self.values.split_last().map(|(_, rest)| rest), self.counts.split_last().map(|(_, rest)| rest))
        } else {
            (self.values.split_first().map(|(_, rest)| rest), self.counts.split_first().map(|(_, rest)| rest))
        };
        (self.values, self.counts) = (values.unwrap_or_default(), counts.unwrap_or_default());
    }
}

/// The mean distance from `value` to the `neighbours` nearest of all that these sets remember, one that was had twice counted twice;
/// `None` when they remember fewer.
pub(super) fn distance<const SETS: usize>(sets: [&Seen; SETS], value: f64, neighbours: u32) -> Option<f64> {
    let mut sides = sets.map(|set| set.outwards(value));
    let mut left = neighbours;
    let mut sum = 0.0;
    while left > 0 {
        let mut nearest: Option<(f64, u32, &mut Side<'_>)> = None;
        for side in sides.iter_mut().flatten() {
            let Some((had, count)) = side.nearest() else { continue };
            let away = (value - had).abs();
            if nearest.as_ref().is_none_or(|(least, ..)| away < *least) {
                nearest = Some((away, count, side));
            }
        }
        let (away, count, side) = nearest?;
        side.step();
        let taken = count.min(left);
        sum += away * f64::from(taken);
        left -= taken;
    }
    Some(sum / f64::from(neighbours))
}
