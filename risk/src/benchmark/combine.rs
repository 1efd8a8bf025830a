//! What many gifts say together, and how unsure that is.
//!
//! The mean of all gifts is that of the agencies plus noise of known size, and unbiased. Two intervals are told, each of 90 %: that of the noise
//! alone (for the agencies that gave), and that of noise and differences between agencies (for all agencies of which these are a part, as if
//! drawn by chance). The second never becomes narrower than the first. Quantiles are the normal distribution's, widened for few agencies as
//! Student's are (first term of Cornish and Fisher's expansion); the tests hold coverage against draws.

use std::collections::BTreeSet;

use model::limits;
use serde::{Deserialize, Serialize};

use super::{GRID, Gift, GiftNote, SizeClass, Terms};
use crate::Interval;
use crate::csf::Function;

/// 95 % of the normal distribution lie below: 90 % between both ends.
const NORMAL_95: f64 = 1.644_853_626_951_472_6;

/// From when on a comparison is of use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Useful {
    /// So many agencies at least.
    pub agencies_min: usize,
    /// The 90 % interval reaches at most so many steps to each side.
    pub half_width_max: f64,
}

impl Default for Useful {
    fn default() -> Self {
        Useful { agencies_min: 5, half_width_max: 0.5 }
    }
}

/// Bounds that are none.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "{agencies_min} agencies and ± {half_width_max} steps are no bounds; hint: 2 agencies at least, and a width from 0.01 to 10"
)]
pub struct NotUseful {
    agencies_min: usize,
    half_width_max: f64,
}

impl Useful {
    /// Says whether these are bounds.
    ///
    /// # Errors
    /// When one agency alone would be shown, or the width is none.
    pub fn check(self) -> Result<Self, NotUseful> {
        let Useful { agencies_min, half_width_max } = self;
        let fits = (2..=limits::BENCHMARK_GIFTS_MAX).contains(&agencies_min) && (0.01..=10.0).contains(&half_width_max);
        if fits { Ok(self) } else { Err(NotUseful { agencies_min, half_width_max }) }
    }
}

/// Why a cell says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TooFew {
    /// Fewer agencies than are shown together.
    Agencies {
        /// How many it takes, as far as can be said.
        needed: usize,
    },
    /// The interval is wider than is of use.
    Wide {
        /// How many it would take for the interval to be narrow enough.
        needed: usize,
    },
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean of the agencies, held to the scale.
    pub mean: f64,
    /// Where the mean of the agencies that gave lies with 90 %.
    pub of_these: Interval,
    /// Where the mean of all such agencies lies with 90 %.
    pub of_all: Interval,
}

/// One function, of all agencies or of those of a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Which function.
    pub function: Function,
    /// Of which size; of all when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeClass>,
    /// How many gave.
    pub agencies: usize,
    /// Standard error that the noise makes, in steps.
    pub noise_error: f64,
    /// Standard error with differences between agencies, in steps.
    pub error: f64,
    /// How far the wider 90 % interval reaches to each side, in steps.
    pub half_width: f64,
    /// What they say together, when they are enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Why they say nothing, when they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_few: Option<TooFew>,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// On which terms.
    pub terms: Terms,
    /// From when on it is of use.
    pub useful: Useful,
    /// Gifts that count.
    pub agencies: usize,
    /// The cells: all agencies first, then by size, each in the framework's order.
    pub cells: Vec<Cell>,
    /// Gifts that do not count, and why.
    pub refused: Vec<GiftNote>,
    /// How many more do not count that are not told one by one.
    pub refused_untold: usize,
}

/// Puts gifts together. Those on other terms, and those that are there already, do not count.
pub fn combine(gifts: &[Gift], terms: &Terms, useful: &Useful) -> Comparison {
    let (mut taken, mut refused, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (number, gift) in (1..).zip(gifts) {
        let reason = if let Err(reason) = gift.check() {
            reason
        } else if gift.year != terms.year {
            format!("it is of {}", gift.year)
        } else if gift.level_max != terms.level_max {
            format!("its scale has {} steps", gift.level_max)
        } else if gift.epsilon != terms.epsilon {
            format!("its ε is {}", gift.epsilon)
        } else if taken.len() >= limits::BENCHMARK_GIFTS_MAX {
            format!("more than {} gifts", limits::BENCHMARK_GIFTS_MAX)
        } else if !seen.insert((&gift.values, gift.size)) {
            "the same gift is there already".to_owned()
        } else {
            taken.push(gift);
            continue;
        };
        refused.push(GiftNote { number, reason });
    }
    let sizes = SizeClass::ALL.into_iter().filter(|size| taken.iter().any(|gift| gift.size == Some(*size)));
    let groups: Vec<Option<SizeClass>> = std::iter::once(None).chain(sizes.map(Some)).collect();
    let mut cells = Vec::new();
    for size in groups {
        let group: Vec<&Gift> = taken.iter().filter(|gift| size.is_none() || gift.size == size).copied().collect();
        cells.extend(Function::ALL.map(|function| cell((function, size), &group, terms, useful)));
    }
    let refused_untold = refused.len().saturating_sub(limits::CSF_NOTES_MAX);
    refused.truncate(limits::CSF_NOTES_MAX);
    Comparison { terms: *terms, useful: *useful, agencies: taken.len(), cells, refused, refused_untold }
}

fn cell((function, size): (Function, Option<SizeClass>), gifts: &[&Gift], terms: &Terms, useful: &Useful) -> Cell {
    let values: Vec<f64> =
        gifts.iter().filter_map(|gift| gift.values.get(&function)).map(|value| *value as f64 / GRID as f64).collect();
    let agencies = values.len();
    let n = (agencies as f64).max(1.0);
    let mean = values.iter().sum::<f64>() / n;
    let noise = terms.noise() * terms.noise();
    let spread = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    let total = spread.max(noise);
    let (noise_error, error) = ((noise / n).sqrt(), (total / n).sqrt());
    let half_width = quantile(n) * error;
    let too_few = if agencies < useful.agencies_min {
        Some(TooFew::Agencies { needed: needed(total, useful) })
    } else if half_width > useful.half_width_max {
        Some(TooFew::Wide { needed: needed(total, useful) })
    } else {
        None
    };
    let held = |value: f64| value.clamp(1.0, f64::from(terms.level_max));
    let between = |half: f64| Interval { low: held(mean - half), high: held(mean + half) };
    let estimate = too_few.is_none().then(|| Estimate {
        mean: held(mean),
        of_these: between(NORMAL_95 * noise_error),
        of_all: between(half_width),
    });
    Cell { function, size, agencies, noise_error, error, half_width, estimate, too_few }
}

/// The quantile for so many values: Student's, as far as the first term of its expansion.
fn quantile(n: f64) -> f64 {
    let z = NORMAL_95;
    z + (z * z * z + z) / (4.0 * (n - 1.0).max(1.0))
}

/// How many agencies it takes.
fn needed(variance: f64, useful: &Useful) -> usize {
    let wide = |n: f64| quantile(n) * (variance / n).sqrt() > useful.half_width_max;
    let mut n = (useful.agencies_min as f64).max(1.0);
    // Doubles until it is narrow enough, then halves the difference: 2⁶⁰ agencies are never needed for a width that is one.
    let mut step = 1.0;
    while wide(n + step) && step < 1e18 {
        step *= 2.0;
    }
    if !wide(n) {
        return n as usize;
    }
    while step > 0.5 {
        if wide(n + step) {
            n += step;
        }
        step = libm::floor(step / 2.0);
    }
    n as usize + 1
}

impl Cell {
    /// What it says, in words.
    pub fn words(&self) -> String {
        match (&self.estimate, self.too_few) {
            (Some(estimate), _) => format!(
                "{:.2} (90 %: {:.2} to {:.2}; by noise alone {:.2} to {:.2})",
                estimate.mean, estimate.of_all.low, estimate.of_all.high, estimate.of_these.low, estimate.of_these.high
            ),
            (None, Some(TooFew::Agencies { needed })) => {
                format!("too few: {} gave, and it takes about {needed}", self.agencies)
            }
            (None, Some(TooFew::Wide { needed })) => format!(
                "too few: with {} the interval is ± {:.2} steps, and it takes about {needed}",
                self.agencies, self.half_width
            ),
            (None, None) => "nothing".to_owned(),
        }
    }
}
