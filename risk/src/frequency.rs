//! How often something happens: a rate that is not known exactly, and learns from own telemetry.
//!
//! A rate is believed in as a gamma distribution. Events seen over a time of watching are Poisson given the rate, so that what
//! is believed afterwards is gamma again, and the number of events in a coming time is negative binomial (Gelman and others,
//! "Bayesian Data Analysis", 3rd edition, 2.6). No watching changes nothing: the interval stays as wide as the first belief.

use serde::{Deserialize, Serialize};

use crate::interval::{Interval, Probability};
use crate::special::{SHAPE_MAX, beta_below, gamma_below, gamma_quantile, normal_quantile};

/// Longest time of watching in one update, in years of one thing; a million machines for a century.
const YEARS_MAX: f64 = 1e8;
/// Most events that a coming time is asked about.
const EVENTS_MAX: u64 = 1_000_000_000;
/// Flattest shape of a first belief: below it nearly everything would be at zero.
const SHAPE_MIN: f64 = 1e-3;

/// What is believed about a rate, in events a year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Rate {
    /// Events behind the belief, as far as it is worth events.
    shape: f64,
    /// Years behind it.
    years: f64,
}

/// How a belief is written: its mean in events a year, and the years that it is worth.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Form {
    mean: f64,
    years: f64,
}

impl TryFrom<Form> for Rate {
    type Error = FrequencyError;

    fn try_from(form: Form) -> Result<Self, FrequencyError> {
        Rate::from_mean(form.mean, form.years)
    }
}

impl From<Rate> for Form {
    fn from(rate: Rate) -> Form {
        Form { mean: rate.mean(), years: rate.years }
    }
}

/// What was seen in a time of watching.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Events that were seen.
    pub events: u64,
    /// Years in which they would have been seen: things that were watched, times how long.
    pub years: f64,
    /// Share of events that the watching notices at all. Half the share counts as half the time, since an event that nobody
    /// sees must not pass for one that did not happen.
    pub noticed: Probability,
}

/// Why there is no such rate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrequencyError {
    /// Ends of an interval that are none.
    #[error("a rate from {low} to {high} a year: both have to be above 0, the second greater by a thousandth at least")]
    Interval {
        /// Lower end, events a year.
        low: f64,
        /// Upper end, events a year.
        high: f64,
    },
    /// A mean that is none.
    #[error("a mean of {mean} events a year worth {years} years of watching: both have to be positive and finite")]
    Mean {
        /// Events a year.
        mean: f64,
        /// Years.
        years: f64,
    },
    /// Years that nobody can have watched.
    #[error("{0} years of watching: from 0 to {YEARS_MAX} is possible")]
    Years(f64),
    /// More events than can be reckoned with.
    #[error("{0} events are too many to reckon with")]
    Events(u64),
}

impl Rate {
    /// A belief from its mean, in events a year, and the years of watching that it is worth.
    ///
    /// # Errors
    /// When one of them is not positive, or both make a shape that cannot be reckoned with.
    pub fn from_mean(mean: f64, years: f64) -> Result<Self, FrequencyError> {
        let shape = mean * years;
        let fits = years > 0.0 && years <= YEARS_MAX && (SHAPE_MIN..=SHAPE_MAX).contains(&shape);
        if fits { Ok(Rate { shape, years }) } else { Err(FrequencyError::Mean { mean, years }) }
    }

    /// A belief from the interval in which the rate lies with 90 %, in events a year: 5 % below it, 5 % above.
    ///
    /// # Errors
    /// When the ends are not positive and apart.
    pub fn from_interval_90(low: f64, high: f64) -> Result<Self, FrequencyError> {
        let fault = FrequencyError::Interval { low, high };
        let fits = low > 0.0 && high.is_finite() && high >= low * 1.001;
        if !fits {
            return Err(fault);
        }
        // The ratio of both ends falls as the shape grows.
        let wanted = high / low;
        let (mut flat, mut steep) = (libm::log(SHAPE_MIN), libm::log(SHAPE_MAX));
        for _ in 0..60 {
            let middle = 0.5 * (flat + steep);
            let shape = libm::exp(middle);
            let ratio = gamma_quantile(shape, 0.95) / gamma_quantile(shape, 0.05);
            if ratio > wanted { flat = middle } else { steep = middle }
        }
        let shape = libm::exp(flat);
        let years = gamma_quantile(shape, 0.95) / high;
        if years > 0.0 && years <= YEARS_MAX { Ok(Rate { shape, years }) } else { Err(fault) }
    }

    /// What is believed after watching.
    ///
    /// # Errors
    /// When nobody can have watched so long, or seen so much.
    pub fn after(self, watch: Watch) -> Result<Self, FrequencyError> {
        if !(0.0..=YEARS_MAX).contains(&watch.years) {
            return Err(FrequencyError::Years(watch.years));
        }
        let shape = self.shape + watch.events as f64;
        if shape > SHAPE_MAX {
            return Err(FrequencyError::Events(watch.events));
        }
        Ok(Rate { shape, years: self.years + watch.years * watch.noticed.get() })
    }

    /// Expected events a year.
    pub fn mean(&self) -> f64 {
        self.shape / self.years
    }

    /// Standard deviation of the belief, events a year.
    pub fn sd(&self) -> f64 {
        libm::sqrt(self.shape) / self.years
    }

    /// The rate, in events a year, below which it lies with probability `p`.
    pub fn quantile(&self, p: Probability) -> f64 {
        gamma_quantile(self.shape, p.get()) / self.years
    }

    /// The interval in which the rate lies with the given probability, as much left out below as above.
    pub fn interval(&self, sure: Probability) -> Interval {
        let out = 0.5 * (1.0 - sure.get());
        let at = |p| gamma_quantile(self.shape, p) / self.years;
        Interval::between(at(out), at(1.0 - out))
    }

    /// The probability that the rate is at most so many events a year.
    pub fn is_below(&self, rate: f64) -> Probability {
        Probability::nearest(gamma_below(self.shape, rate * self.years))
    }

    /// How many events a coming time brings; the doubt about the rate is in it.
    ///
    /// # Errors
    /// When the time is no time.
    pub fn events_in(&self, years: f64) -> Result<Count, FrequencyError> {
        if !(0.0..=YEARS_MAX).contains(&years) {
            return Err(FrequencyError::Years(years));
        }
        Ok(Count::NegativeBinomial { mean: self.mean() * years, size: self.shape })
    }
}

/// How many events a time brings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Count {
    /// With a rate that is known.
    Poisson {
        /// Expected events.
        mean: f64,
    },
    /// With a rate that is believed in: a gamma mixture of Poisson counts.
    NegativeBinomial {
        /// Expected events.
        mean: f64,
        /// Shape of the mixture; the smaller, the more they come in heaps.
        size: f64,
    },
}

impl Count {
    /// Whether both numbers can be reckoned with.
    pub(crate) fn is_sound(&self) -> bool {
        let (mean, size) = match *self {
            Count::Poisson { mean } => (mean, 1.0),
            Count::NegativeBinomial { mean, size } => (mean, size),
        };
        (0.0..=EVENTS_MAX as f64).contains(&mean) && (SHAPE_MIN..=2.0 * SHAPE_MAX).contains(&size)
    }

    /// Expected events.
    pub fn mean(&self) -> f64 {
        match *self {
            Count::Poisson { mean } | Count::NegativeBinomial { mean, .. } => mean,
        }
    }

    /// Variance, events squared.
    pub fn variance(&self) -> f64 {
        match *self {
            Count::Poisson { mean } => mean,
            Count::NegativeBinomial { mean, size } => mean + mean * mean / size,
        }
    }

    /// The probability of no event at all.
    pub fn is_none(&self) -> Probability {
        Probability::nearest(match *self {
            Count::Poisson { mean } => libm::exp(-mean),
            Count::NegativeBinomial { mean, size } => libm::exp(-size * libm::log1p(mean / size)),
        })
    }

    /// The probability of at most so many events.
    pub fn is_at_most(&self, events: u64) -> Probability {
        let above = events as f64 + 1.0;
        Probability::nearest(match *self {
            Count::Poisson { mean } => 1.0 - gamma_below(above, mean),
            Count::NegativeBinomial { mean, size } => beta_below(size, above, size / (size + mean)),
        })
    }

    /// The least number of events that is not exceeded with probability `p`.
    pub fn quantile(&self, p: Probability) -> u64 {
        let (mut low, mut high) = (0, EVENTS_MAX);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.is_at_most(middle) < p { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// The interval in which a share lies with the given probability, after `hits` of `tries` (Wilson, 1927).
pub(crate) fn share_interval(hits: f64, tries: f64, sure: Probability) -> Interval {
    if tries <= 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let z = normal_quantile(0.5 + 0.5 * sure.get()).min(10.0);
    let share = hits / tries;
    let room = z * z / tries;
    let middle = (share + 0.5 * room) / (1.0 + room);
    let half = z / (1.0 + room) * libm::sqrt(share * (1.0 - share) / tries + 0.25 * room / tries);
    Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

#[cfg(test)]
mod tests;
