//! How rare a distance is among those that one view of a series has had.
//!
//! Counts in steps that grow with the distance, as DDSketch has them (Masson, Rim, Lee, "DDSketch", PVLDB 12, 2019): the step of a number is the
//! top bits of its exponent and mantissa, so that finding it takes no logarithm and is the same on every machine. There are steps for the largest
//! distances only; smaller ones are counted together, because only rare ones matter here. That there is a probability at all without
//! assuming a distribution is the argument of conformal prediction: see [`super`].

use model::limits;
use serde::{Deserialize, Serialize};

/// Mantissa bits that a step keeps: 32 steps for a doubling, so that numbers in one step differ by 3 % at most.
const STEP_BITS: u32 = 5;

/// Distances by size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    /// The step of the first count. What is below it is counted there.
    first: u32,
    counts: Vec<u32>,
    total: u32,
}

impl Tail {
    /// Bytes beside the struct itself.
    pub(super) fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u32>()
    }

    /// Distances that count.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// One in how many distances is at least this one, itself counted: at least 1.
    pub(super) fn one_in(&self, distance: f64) -> f64 {
        let from = step(distance).saturating_sub(self.first);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let at_least: u32 = if from == 0 { self.total } else { self.counts.iter().skip(from).sum() };
        (f64::from(self.total) + 1.0) / (f64::from(at_least) + 1.0)
    }

    /// Counts a distance.
    pub(super) fn learn(&mut self, distance: f64) {
        let step = step(distance);
        // All at once, also after a snapshot: what grows by itself grows beyond what it needs.
        self.counts.reserve_exact(limits::SERIES_TAIL_STEPS_MAX - self.counts.len());
        if self.counts.is_empty() {
            self.first = step;
            self.counts.push(0);
        }
        if step < self.first {
            self.reach_down(step);
        }
        let at = usize::try_from(step.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let at = if at >= limits::SERIES_TAIL_STEPS_MAX { self.reach_up(step) } else { at };
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
            self.total += 1;
        }
        if self.total >= limits::SERIES_TAIL_READINGS_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
    }

    /// Begins at a lower step, as far down as there is room.
    fn reach_down(&mut self, step: u32) {
        let room = limits::SERIES_TAIL_STEPS_MAX - self.counts.len();
        let down = usize::try_from(self.first - step).unwrap_or(usize::MAX).min(room);
        // All that is in the first count now may be from further down; that it stays there makes distances rarer by no more than they were.
        drop(self.counts.splice(0..0, std::iter::repeat_n(0, down)));
        self.first -= u32::try_from(down).unwrap_or_default();
    }

    /// Ends at `step`: what falls out below is counted with the first. Gives the place of `step`.
    fn reach_up(&mut self, step: u32) -> usize {
        let last = limits::SERIES_TAIL_STEPS_MAX - 1;
        let first = step - u32::try_from(last).unwrap_or_default();
        let fall_out = usize::try_from(first - self.first).unwrap_or(usize::MAX).min(self.counts.len());
        let fallen: u32 = self.counts.drain(..fall_out).sum();
        match self.counts.first_mut() {
            Some(count) => *count += fallen,
            None => self.counts.push(fallen),
        }
        self.first = first;
        last
    }
}

/// The step that a distance belongs to; nought is below all others.
fn step(distance: f64) -> u32 {
    u32::try_from(distance.to_bits() >> (f64::MANTISSA_DIGITS - 1 - STEP_BITS)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_is_what_few_were() {
        let mut tail = Tail::default();
        assert!((tail.one_in(5.0) - 1.0).abs() < 1e-12, "nothing is rare where nothing was");
        for distance in 1..=99 {
            tail.learn(f64::from(distance));
        }
        assert_eq!(tail.total(), 99);
        assert!((tail.one_in(1_000.0) - 100.0).abs() < 1e-9);
        assert!((tail.one_in(0.0) - 1.0).abs() < 1e-9);
        let half = tail.one_in(50.0);
        assert!((1.9..2.1).contains(&half), "{half}");
    }

    #[test]
    fn steps_have_a_limit_and_the_large_ones_stay() {
        let mut tail = Tail::default();
        for exponent in -300..=300 {
            tail.learn(10f64.powi(exponent));
        }
        assert!(tail.counts.len() <= limits::SERIES_TAIL_STEPS_MAX);
        assert_eq!(tail.counts.iter().sum::<u32>(), 601);
        assert!((tail.one_in(1e300) - 301.0).abs() < 1e-9, "itself and the one that was");
        // The same from above.
        let mut tail = Tail::default();
        for exponent in (-300..=300).rev() {
            tail.learn(10f64.powi(exponent));
        }
        assert!(tail.counts.len() <= limits::SERIES_TAIL_STEPS_MAX);
        assert!((tail.one_in(1e300) - 301.0).abs() < 1e-9);
        tail.learn(0.0);
        assert_eq!(tail.total(), 602);
        assert!((tail.one_in(0.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn counts_fade_at_the_limit() {
        let mut tail = Tail::default();
        for _ in 0..limits::SERIES_TAIL_READINGS_MAX {
            tail.learn(1.0);
        }
        assert_eq!(tail.total(), limits::SERIES_TAIL_READINGS_MAX / 2);
    }
}
