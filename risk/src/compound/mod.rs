//! The loss of a year: how often, times how much, summed up with all chance in it.
//!
//! The distribution of a sum of a random number of losses is found by the fast Fourier transform: masses of one loss on a
//! grid, transformed, put into the generating function of the count, and transformed back (Klugman, Panjer and Willmot, "Loss
//! Models", 9.6; Embrechts and Frei, "Panjer recursion versus FFT for compound distributions", 2009, whose exponential tilting
//! keeps what runs over the grid's end from coming back at its beginning). Several sorts of losses are summed on one grid.
//!
//! A grid that reaches far enough for the greatest losses is too coarse for the small ones. So there are several: each finer
//! one covers a part of the one before, which is exact because a loss beyond its end cannot be part of a sum within.
//!
//! Mean and standard deviation come from formulas, not from the grid. Sorts of losses are independent of each other given
//! their rates; what makes them come together belongs into the network (see [`crate::network`]).

use serde::{Deserialize, Serialize};

use crate::fft::{Complex, Plan};
use crate::frequency::Count;
use crate::interval::Probability;
use crate::severity::{Severity, Unit};

/// Points of one grid, as a power of two.
const POINTS_LOG2: u32 = 16;
/// Most grids, each a part of the one before.
const GRIDS_MAX: usize = 8;
/// Points of a grid that the next finer one covers.
const FINER_POINTS: usize = 2_048;
/// Points that have to lie below the smallest losses of interest, else a finer grid is made.
const POINTS_BELOW_MIN: usize = 256;
/// Share of the years with a loss that counts as the smallest losses of interest.
const SMALL_LOSSES: f64 = 0.01;
/// Probability that a year has a loss beyond the coarsest grid.
const BEYOND: f64 = 1e-9;
/// Exponent by which the last point of the coarsest grid is tilted: nearly nothing runs over its end.
const TILT: f64 = 6.0;
/// The same of a finer grid, over whose end much runs: what comes back is 10⁻⁹ of it.
const TILT_FINER: f64 = 20.0;
/// Most expected events a year of one sort. With more, one event is finer than a step of the grid, and the sum would look more
/// spread than it is; a sort that frequent is better counted in campaigns or days.
pub const EVENTS_A_YEAR_MAX: f64 = 10_000.0;
/// Most points of an exceedance curve.
pub const CURVE_POINTS_MAX: usize = 10_000;
/// Most sorts of losses in one sum.
pub const PARTS_MAX: usize = 10_000;

/// One sort of losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// How many events the year brings.
    pub count: Count,
    /// What one event costs.
    pub severity: Severity,
}

/// Why there is no sum.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompoundError {
    /// Nothing to sum up. That is not a loss of nothing: nothing was said.
    #[error("no losses to sum up")]
    NoParts,
    /// Too many sorts of losses.
    #[error("{0} sorts of losses, at most {PARTS_MAX} are summed up")]
    TooMany(usize),
    /// Residents cannot be added to money.
    #[error("losses counted in {one} and in {other} cannot be added")]
    Units {
        /// Unit of the first part.
        one: Unit,
        /// Another.
        other: Unit,
    },
    /// A count that no distribution has, or of too many events.
    #[error("{0:?} cannot be summed up: at most {EVENTS_A_YEAR_MAX} events a year of one sort")]
    Count(Count),
}

/// The loss of a year, in the unit of its severities.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    unit: Unit,
    mean: f64,
    sd: f64,
    none: f64,
    /// From the coarsest to the finest. Empty when there is never a loss.
    grids: Vec<Grid>,
}

/// Probabilities of a loss of at most so many steps and a half.
#[derive(Clone, Debug, PartialEq)]
struct Grid {
    step: f64,
    below: Vec<f64>,
}

/// What people want to know of a year's loss, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What it is counted in.
    pub unit: Unit,
    /// Expected loss.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Not exceeded in 10 % of the years.
    pub p10: f64,
    /// Not exceeded in half of the years.
    pub p50: f64,
    /// Not exceeded in 90 % of the years.
    pub p90: f64,
    /// Value at risk: exceeded in one year of twenty.
    pub var95: f64,
    /// Value at risk: exceeded in one year of a hundred.
    pub var99: f64,
}

/// A point of the exceedance curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exceedance {
    /// Loss, in the unit of the curve.
    pub loss: f64,
    /// Probability that a year's loss is greater.
    pub probability: Probability,
}

impl Losses {
    /// The sum of all sorts of losses in a year.
    ///
    /// # Errors
    /// When there are none, too many, of different units, or with a count that cannot be.
    pub fn of(parts: &[Part]) -> Result<Self, CompoundError> {
        Losses::with_points(parts, POINTS_LOG2)
    }

    /// As [`Losses::of`] on grids of 2 to the power `log2` points, 10 to 20: fewer are faster and coarser.
    ///
    /// # Errors
    /// As [`Losses::of`].
    pub fn with_points(parts: &[Part], log2: u32) -> Result<Self, CompoundError> {
        let first = parts.first().ok_or(CompoundError::NoParts)?;
        if parts.len() > PARTS_MAX {
            return Err(CompoundError::TooMany(parts.len()));
        }
        let unit = first.severity.unit();
        for part in parts {
            let other = part.severity.unit();
            if other != unit {
                return Err(CompoundError::Units { one: unit, other });
            }
            if !part.count.is_sound() || part.count.mean() > EVENTS_A_YEAR_MAX {
                return Err(CompoundError::Count(part.count));
            }
        }
        let mean = parts.iter().map(|part| part.count.mean() * part.severity.mean()).sum();
        let variance: f64 = parts.iter().map(Part::variance).sum();
        let none = parts.iter().map(|part| part.is_none()).product();
        let active: Vec<Part> =
            parts.iter().filter(|part| part.count.mean() > 0.0 && part.severity.mean() > 0.0).copied().collect();
        let mut losses = Losses { unit, mean, sd: libm::sqrt(variance), none, grids: Vec::new() };
        if active.is_empty() {
            return Ok(losses);
        }
        let plan = Plan::new(log2.clamp(10, 20));
        let mut end = end_of(&active);
        for _ in 0..GRIDS_MAX {
            let tilt = if losses.grids.is_empty() { TILT } else { TILT_FINER };
            let grid = Grid::of(&active, &plan, end, tilt);
            let small = none + SMALL_LOSSES * (1.0 - none);
            let points_below = grid.below.partition_point(|below| *below < small);
            end = grid.step * FINER_POINTS.min(plan.len() / 4) as f64;
            losses.grids.push(grid);
            if points_below >= POINTS_BELOW_MIN {
                break;
            }
        }
        Ok(losses)
    }

    /// What it is counted in.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Expected loss of a year.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation of a year's loss.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// The probability of a year without a loss.
    pub fn is_none(&self) -> Probability {
        Probability::nearest(self.none)
    }

    /// The loss that is not exceeded with probability `p`. Beyond 1 − 10⁻⁹ it is the greatest loss that is reckoned with.
    pub fn quantile(&self, p: Probability) -> f64 {
        let p = p.get();
        if p <= self.none {
            return 0.0;
        }
        let reaches = |grid: &&Grid| grid.below.last().is_some_and(|last| *last > p);
        let grid = self.grids.iter().rev().find(reaches).or_else(|| self.grids.first());
        grid.map_or(0.0, |grid| grid.quantile(p, self.none))
    }

    /// The probability that a year's loss is greater.
    pub fn exceeds(&self, loss: f64) -> Probability {
        if loss < 0.0 {
            return Probability::ONE;
        }
        let grid = self.grids.iter().rev().find(|grid| loss <= grid.end()).or_else(|| self.grids.first());
        Probability::nearest(1.0 - grid.map_or(1.0, |grid| grid.below(loss, self.none)))
    }

    /// Mean, spread, and the usual quantiles.
    pub fn summary(&self) -> Summary {
        let at = |p| self.quantile(Probability::nearest(p));
        Summary {
            unit: self.unit,
            mean: self.mean,
            sd: self.sd,
            p10: at(0.1),
            p50: at(0.5),
            p90: at(0.9),
            var95: at(0.95),
            var99: at(0.99),
        }
    }

    /// The exceedance curve at `points` losses, evenly apart in the logarithm from the smallest of interest to the one that
    /// is exceeded once in ten thousand years; [`CURVE_POINTS_MAX`] at most. Empty when there is never a loss.
    pub fn curve(&self, points: usize) -> Vec<Exceedance> {
        let points = points.min(CURVE_POINTS_MAX);
        let low = self.quantile(Probability::nearest(self.none + SMALL_LOSSES * (1.0 - self.none)));
        let high = self.quantile(Probability::nearest(0.9999));
        if self.grids.is_empty() || points == 0 || low <= 0.0 || high <= low {
            return Vec::new();
        }
        let by = libm::log(high / low) / (points.max(2) - 1) as f64;
        let losses = (0..points).map(|at| low * libm::exp(by * at as f64));
        losses.map(|loss| Exceedance { loss, probability: self.exceeds(loss) }).collect()
    }
}

impl Part {
    /// Variance of a year's loss of this sort.
    fn variance(&self) -> f64 {
        let mean = self.severity.mean();
        self.count.mean() * self.severity.variance() + self.count.variance() * mean * mean
    }

    /// The probability of a year without a loss of this sort.
    fn is_none(&self) -> f64 {
        if self.severity.mean() > 0.0 { self.count.is_none().get() } else { 1.0 }
    }

    /// The logarithm of the count's generating function.
    fn log_generating(&self, z: Complex) -> Complex {
        let left = Complex { re: 1.0 - z.re, im: -z.im };
        match self.count {
            Count::Poisson { mean } => left.scaled(-mean),
            Count::NegativeBinomial { mean, size } => {
                let inner = Complex { re: 1.0, im: 0.0 }.plus(left.scaled(mean / size));
                inner.log().scaled(-size)
            }
        }
    }
}

/// Where the coarsest grid ends: beyond the greatest single loss, and beyond the sum of many.
fn end_of(parts: &[Part]) -> f64 {
    let beyond = |loss: f64| parts.iter().map(|part| part.count.mean() * part.severity.above(loss)).sum::<f64>();
    // The first loss that is that rare, found by halving the logarithm.
    let (mut low, mut high) = (libm::log(1e-12), libm::log(1e24));
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if beyond(libm::exp(middle)) > BEYOND { low = middle } else { high = middle }
    }
    let single = libm::exp(high);
    let (mut mean, mut variance, mut heap) = (0.0, 0.0, 0.0f64);
    for part in parts {
        let cut = part.severity.mean_up_to(single);
        mean += part.count.mean() * cut;
        // The second moment of a loss up to `single` is at most `single` times its mean.
        variance += part.count.mean() * single * cut;
        if let Count::NegativeBinomial { mean, size } = part.count {
            // A gamma mixture falls like an exponential with this scale.
            heap = heap.max(mean / size * cut);
            variance += mean * mean / size * cut * cut;
        }
    }
    1.01 * single + mean + 8.0 * libm::sqrt(variance) + 25.0 * heap
}

impl Grid {
    fn of(parts: &[Part], plan: &Plan, end: f64, tilt: f64) -> Self {
        let points = plan.len();
        let step = end / (points - 1) as f64;
        let by = tilt / points as f64;
        let tilted: Vec<f64> = (0..points).map(|at| libm::exp(-by * at as f64)).collect();
        let mut sum = vec![Complex::default(); points];
        let mut one = vec![Complex::default(); points];
        for part in parts {
            let masses = part.severity.on_grid(step, points);
            for ((one, mass), tilted) in one.iter_mut().zip(masses).zip(&tilted) {
                *one = Complex { re: mass * tilted, im: 0.0 };
            }
            plan.forward(&mut one);
            for (sum, one) in sum.iter_mut().zip(&one) {
                *sum = sum.plus(part.log_generating(*one));
            }
        }
        for number in &mut sum {
            *number = number.exp();
        }
        plan.backward(&mut sum);
        let (mut total, mut greatest) = (0.0, 0.0f64);
        let below = sum.iter().zip(&tilted).map(|(number, tilted)| {
            total += number.re / tilted;
            // Rounding may take back 10⁻¹² here and there; probabilities only rise.
            greatest = greatest.max(total).min(1.0);
            greatest
        });
        Grid { step, below: below.collect() }
    }

    /// The greatest loss that it knows of.
    fn end(&self) -> f64 {
        self.step * (self.below.len() as f64 - 0.5)
    }

    /// The probability of a loss of at most `loss`: straight lines between the middles of the steps.
    fn below(&self, loss: f64, none: f64) -> f64 {
        let place = loss / self.step + 0.5;
        let at = (place as usize).min(self.below.len());
        let after = self.below.get(at).or(self.below.last()).copied().unwrap_or(1.0);
        if at == 0 {
            // From nothing up to the middle of the first step.
            return none + (after - none).max(0.0) * (loss / (0.5 * self.step)).clamp(0.0, 1.0);
        }
        let before = self.below.get(at - 1).copied().unwrap_or(after);
        before + (after - before) * (place - at as f64).clamp(0.0, 1.0)
    }

    /// Where the probability of a loss of at most so much reaches `p`.
    fn quantile(&self, p: f64, none: f64) -> f64 {
        let at = self.below.partition_point(|below| *below < p);
        let Some(after) = self.below.get(at).copied() else { return self.end() };
        if at == 0 {
            let share = if after > none { (p - none) / (after - none) } else { 1.0 };
            return 0.5 * self.step * share.clamp(0.0, 1.0);
        }
        let before = self.below.get(at - 1).copied().unwrap_or(0.0);
        let share = if after > before { (p - before) / (after - before) } else { 1.0 };
        self.step * (at as f64 - 0.5 + share)
    }
}

#[cfg(test)]
mod tests;
