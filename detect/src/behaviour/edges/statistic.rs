//! How far a count is above what is usual.
//!
//! Chi-squared with one degree of freedom, `(a - m)^2 / m`, for the count `a` of a window and the mean `m` of counts before plus a prior, as in
//! MIDAS, but of excess only; for the stream as a whole the deviance of a Poisson count, `2 (a ln(a / m) - (a - m))`, which grows more slowly,
//! because everything new in a busy minute shares it.
//!
//! The figures were looked for on streams of `testkit::edges` (seeds 300 to 302) and on DARPA 1998, and rounded; the last four were set by hand.
//! Other seeds judge them in the tests.

use super::sketch::{Counts, Decays, WINDOWS};

/// What is left of a window's count after a tick: about 2, 5 and 100 ticks.
pub(super) const DECAYS: [f32; WINDOWS] = [0.5, 0.8, 0.99];
/// From here on a tick is unusual, and its count is kept out of the totals.
pub(super) const UNUSUAL_MIN: f32 = 200.0;
/// While a stream has no more ticks than this, at least half of what seems unusual is taken into the totals.
pub(super) const LEARNING_TICKS: f32 = 10.0;
/// What has been unusual for longer is usual: a week of minutes.
pub(super) const USUAL_AFTER_TICKS: f32 = 10_080.0;
/// Usual edges after which a pair is half known.
pub(super) const KNOWN_EDGES: f32 = 2.0;

/// A count below its mean is at most this; what is above has it on top, so that the order is one.
const BELOW_MEAN_MAX: f32 = 0.5;

/// How the counts of one kind are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge {
    /// Edges that are expected in each window beyond the mean.
    prior: [f32; WINDOWS],
    /// What an excess in each window weighs; 0 where it is not looked at.
    weight: [f32; WINDOWS],
    statistic: Statistic,
}

#[derive(Clone, Copy, Debug)]
enum Statistic {
    ChiSquared,
    Deviance,
}

/// Edges between a pair.
pub(super) const EDGES: Judge =
    Judge { prior: [8.0, 17.0, 6.0], weight: [1.0, 0.7, 0.2], statistic: Statistic::ChiSquared };
/// New edges of a source.
pub(super) const SOURCES: Judge =
    Judge { prior: [2.0, 6.0, 18.0], weight: [1.0, 0.7, 0.2], statistic: Statistic::ChiSquared };
/// New edges to a destination.
pub(super) const DESTINATIONS: Judge = SOURCES;
/// New edges of all.
pub(super) const STREAM: Judge =
    Judge { prior: [1.0, 20.0, 60.0], weight: [1.0, 0.0, 0.0], statistic: Statistic::Deviance };

/// How far the count of a window is above what is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Excess {
    /// The statistic; finite, not negative.
    pub(super) raw: f32,
    /// In which window.
    pub(super) window: usize,
}

impl Judge {
    /// The window with the greatest excess.
    pub(super) fn excess(&self, counts: &Counts, decays: &Decays) -> Excess {
        let mean = counts.total / decays.before();
        let mut most = Excess { raw: 0.0, window: 0 };
        let figures = self.weight.iter().zip(self.prior);
        let windows = counts.now.iter().zip(decays.lengths()).zip(figures);
        for (window, ((count, length), (weight, prior))) in windows.enumerate() {
            if *weight <= 0.0 {
                continue;
            }
            let raw = weight * self.statistic.of(*count, mean * length + prior);
            if raw > most.raw {
                most = Excess { raw, window };
            }
        }
        most
    }
}

impl Statistic {
    /// Of a count and its mean, which is above 0.
    fn of(self, count: f32, mean: f32) -> f32 {
        let off = count - mean;
        if off <= 0.0 {
            return BELOW_MEAN_MAX * 2.0 * count / (count + mean);
        }
        BELOW_MEAN_MAX
            + match self {
                Statistic::ChiSquared => off * off / mean,
                Statistic::Deviance => 2.0 * (count * (count / mean).ln() - off),
            }
    }
}
