//! Probabilities, and ranges in which a number lies.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A probability: from 0 to 1, never nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// Why a number is no probability.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is no probability: it has to be from 0 to 1")]
pub struct NoProbability(f64);

impl Probability {
    /// It does not happen.
    pub const ZERO: Probability = Probability(0.0);
    /// It happens.
    pub const ONE: Probability = Probability(1.0);
    /// How sure an interval usually is.
    pub const NINETY_PERCENT: Probability = Probability(0.9);

    /// From a number between 0 and 1.
    ///
    /// # Errors
    /// When it is not.
    pub fn new(value: f64) -> Result<Self, NoProbability> {
        // Negative zero becomes zero: equal values print equally.
        if (0.0..=1.0).contains(&value) { Ok(Probability(value + 0.0)) } else { Err(NoProbability(value)) }
    }

    /// The nearest probability to a number that should be one but for rounding; what is no number is 1, the cautious end.
    pub(crate) fn nearest(value: f64) -> Self {
        if value.is_nan() { Probability::ONE } else { Probability(value.clamp(0.0, 1.0) + 0.0) }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The probability of the opposite.
    pub fn opposite(self) -> Self {
        Probability(1.0 - self.0)
    }
}

impl TryFrom<f64> for Probability {
    type Error = NoProbability;

    fn try_from(value: f64) -> Result<Self, NoProbability> {
        Probability::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(value: Probability) -> f64 {
        value.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

/// From `low` to `high`, both included, in the unit of whatever it is about. How sure it is is said where it is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end, not below the lower one.
    pub high: f64,
}

impl Interval {
    /// From both ends, whichever is the greater.
    pub(crate) fn between(one: f64, other: f64) -> Self {
        Interval { low: one.min(other), high: one.max(other) }
    }

    /// Whether a value lies inside.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Whether the other lies inside completely.
    pub fn covers(&self, other: &Interval) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// How far its ends are apart.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} to {:.3}", self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_probabilities() {
        for good in [0.0, -0.0, 0.3, 1.0] {
            assert_eq!(Probability::new(good).unwrap().get(), good.abs());
        }
        for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
            assert!(Probability::new(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Probability>("1.5").is_err());
        assert_eq!(Probability::nearest(f64::NAN), Probability::ONE);
    }

    #[test]
    fn intervals() {
        let wide = Interval::between(3.0, 1.0);
        assert!(wide.contains(1.0) && wide.contains(3.0) && !wide.contains(0.9));
        assert!(wide.covers(&Interval { low: 2.0, high: 3.0 }) && !wide.covers(&Interval { low: 0.5, high: 3.0 }));
        assert_eq!(wide.width(), 2.0);
    }
}
