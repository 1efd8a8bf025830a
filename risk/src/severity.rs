//! What one event costs: a distribution from what people can say about it.
//!
//! People give the interval in which a loss lies with 90 %; the lognormal through both ends is what riskquant uses too. PERT is
//! a beta distribution over least, most likely and greatest, with the usual weight of 4 on the most likely (Malcolm and others,
//! 1959). For reckoning, a distribution becomes masses on a grid that keep the mean (Gerber 1982; Klugman, Panjer and Willmot,
//! "Loss Models", 9.6.5.2).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::special::{beta_below, beta_quantile, normal_below, normal_quantile};

/// Standard normal below which 95 % lie: half of a 90 % interval, in standard deviations.
const Z_95: f64 = 1.644_853_626_951_472_2;
/// Greatest loss of one event that can be reckoned with, in its unit.
const LOSS_MAX: f64 = 1e18;
/// Greatest spread of a lognormal: ends of the interval apart by a factor of 10¹⁴.
const SIGMA_MAX: f64 = 10.0;
/// Weight of the most likely value of a PERT distribution.
const PERT_WEIGHT: f64 = 4.0;

/// What a loss is counted in. Losses of different units are never added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The city's currency.
    Money,
    /// Residents who are affected.
    Residents,
    /// Hours in which residents go without a service.
    ResidentHours,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Money => "money",
            Unit::Residents => "residents",
            Unit::ResidentHours => "resident hours",
        })
    }
}

/// What one event costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Severity {
    unit: Unit,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Fixed(f64),
    LogNormal { mu: f64, sigma: f64 },
    Pert { least: f64, span: f64, alpha: f64, beta: f64 },
}

/// Why there is no such severity.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeverityError {
    /// Ends of an interval that are none.
    #[error("a loss from {low} to {high}: both have to be above 0 and the second not below the first")]
    Interval {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Three points that are out of order.
    #[error("a loss of at least {least}, most likely {likely}, at most {most}: they have to be positive and in order")]
    Points {
        /// Least.
        least: f64,
        /// Most likely.
        likely: f64,
        /// Greatest.
        most: f64,
    },
    /// A loss that is none.
    #[error("a loss of {0}: it has to be from 0 to {LOSS_MAX}")]
    Loss(f64),
}

impl Severity {
    /// The same loss each time.
    ///
    /// # Errors
    /// When it is negative or beyond reckoning.
    pub fn fixed(unit: Unit, loss: f64) -> Result<Self, SeverityError> {
        let fits = (0.0..=LOSS_MAX).contains(&loss);
        if fits { Ok(Severity { unit, shape: Shape::Fixed(loss) }) } else { Err(SeverityError::Loss(loss)) }
    }

    /// The lognormal of which 5 % lie below `low` and 5 % above `high`.
    ///
    /// # Errors
    /// When the ends are not positive and in order, or too far apart.
    pub fn lognormal_90(unit: Unit, low: f64, high: f64) -> Result<Self, SeverityError> {
        let fault = SeverityError::Interval { low, high };
        if !(low > 0.0 && high >= low && high <= LOSS_MAX) {
            return Err(fault);
        }
        let (from, to) = (libm::log(low), libm::log(high));
        let (mu, sigma) = (0.5 * (from + to), (to - from) / (2.0 * Z_95));
        match sigma {
            0.0 => Severity::fixed(unit, low),
            sigma if sigma > SIGMA_MAX => Err(fault),
            sigma => Ok(Severity { unit, shape: Shape::LogNormal { mu, sigma } }),
        }
    }

    /// The PERT distribution over least, most likely and greatest.
    ///
    /// # Errors
    /// When they are negative or out of order.
    pub fn pert(unit: Unit, least: f64, likely: f64, most: f64) -> Result<Self, SeverityError> {
        if !(least >= 0.0 && likely >= least && most >= likely && most <= LOSS_MAX) {
            return Err(SeverityError::Points { least, likely, most });
        }
        let span = most - least;
        if span == 0.0 {
            return Severity::fixed(unit, least);
        }
        let alpha = 1.0 + PERT_WEIGHT * (likely - least) / span;
        let beta = 1.0 + PERT_WEIGHT * (most - likely) / span;
        Ok(Severity { unit, shape: Shape::Pert { least, span, alpha, beta } })
    }

    /// What it is counted in.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Expected loss of one event.
    pub fn mean(&self) -> f64 {
        match self.shape {
            Shape::Fixed(loss) => loss,
            Shape::LogNormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Shape::Pert { least, span, alpha, beta } => least + span * alpha / (alpha + beta),
        }
    }

    /// Variance of the loss of one event, its unit squared.
    pub fn variance(&self) -> f64 {
        match self.shape {
            Shape::Fixed(_) => 0.0,
            Shape::LogNormal { sigma, .. } => self.mean() * self.mean() * libm::expm1(sigma * sigma),
            Shape::Pert { span, alpha, beta, .. } => {
                let sum = alpha + beta;
                span * span * alpha * beta / (sum * sum * (sum + 1.0))
            }
        }
    }

    /// The probability that one event costs at most so much.
    pub fn below(&self, loss: f64) -> f64 {
        match self.shape {
            Shape::Fixed(fixed) => f64::from(u8::from(loss >= fixed)),
            Shape::LogNormal { .. } if loss <= 0.0 => 0.0,
            Shape::LogNormal { mu, sigma } => normal_below((libm::log(loss) - mu) / sigma),
            Shape::Pert { least, span, alpha, beta } => beta_below(alpha, beta, (loss - least) / span),
        }
    }

    /// The probability that one event costs more, exact far out where [`Severity::below`] is 1.
    pub fn above(&self, loss: f64) -> f64 {
        match self.shape {
            Shape::LogNormal { mu, sigma } if loss > 0.0 => normal_below((mu - libm::log(loss)) / sigma),
            Shape::Pert { least, span, alpha, beta } => beta_below(beta, alpha, 1.0 - (loss - least) / span),
            _ => 1.0 - self.below(loss),
        }
    }

    /// The loss that one event does not exceed with probability `p`.
    pub fn quantile(&self, p: crate::Probability) -> f64 {
        match self.shape {
            Shape::Fixed(loss) => loss,
            Shape::LogNormal { mu, sigma } => libm::exp(mu + sigma * normal_quantile(p.get())),
            Shape::Pert { least, span, alpha, beta } => least + span * beta_quantile(alpha, beta, p.get()),
        }
    }

    /// Expected loss of one event when what exceeds `cap` is cut off.
    pub fn mean_up_to(&self, cap: f64) -> f64 {
        if cap <= 0.0 {
            return 0.0;
        }
        match self.shape {
            Shape::Fixed(loss) => loss.min(cap),
            Shape::LogNormal { mu, sigma } => {
                let z = (libm::log(cap) - mu) / sigma;
                self.mean() * normal_below(z - sigma) + cap * normal_below(-z)
            }
            Shape::Pert { least, span, alpha, beta } => {
                let x = ((cap - least) / span).clamp(0.0, 1.0);
                let share = alpha / (alpha + beta);
                let within = share * beta_below(alpha + 1.0, beta, x) + x * beta_below(beta, alpha, 1.0 - x);
                least.min(cap) + span * within
            }
        }
    }

    /// The masses on 0, `step`, 2 `step` … of `points` points: what lies between two points is shared out to both so that the
    /// mean stays. What lies beyond the last point's share is on no point, and missing from the sum.
    ///
    /// Masses that should be nothing may be off by 10⁻¹⁰ to either side. They are left so: their sums are exact.
    pub(crate) fn on_grid(&self, step: f64, points: usize) -> Vec<f64> {
        let mut masses = Vec::with_capacity(points);
        // Of each cell, the share of its width that the loss cut off at its end adds to the mean: the mean probability above it.
        let mut above_before = 1.0;
        let mut here = 0.0;
        for point in 0..points {
            let next = self.mean_up_to(step * (point + 1) as f64);
            let above = (next - here) / step;
            masses.push(above_before - above);
            (above_before, here) = (above, next);
        }
        masses
    }
}

#[cfg(test)]
mod tests;
