//! A share between nothing and all: what is left of a claim, how far a source is trusted.

use std::fmt;

use model::Confidence;
use serde::{Deserialize, Serialize};

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Weight(f64);

impl Weight {
    /// Counts for nothing.
    pub const ZERO: Weight = Weight(0.0);
    /// Counts in full.
    pub const ONE: Weight = Weight(1.0);

    /// From a number; `None` outside 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Weight(value))
    }

    /// From a percentage; more than 100 is 100.
    pub fn of_percent(percent: u8) -> Self {
        Weight(f64::from(percent.min(100)) / 100.0)
    }

    /// The nearest weight to a number; of what is no number, none.
    pub(crate) fn nearest(value: f64) -> Self {
        if value.is_nan() { Weight::ZERO } else { Weight(value.clamp(0.0, 1.0)) }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Both have to hold: their product.
    #[must_use]
    pub fn times(self, other: Weight) -> Weight {
        Weight(self.0 * other.0)
    }

    /// The smaller one.
    #[must_use]
    pub fn at_most(self, cap: Weight) -> Weight {
        Weight(self.0.min(cap.0))
    }

    /// As whole percent.
    pub fn confidence(self) -> Confidence {
        let percent = (self.0 * 100.0).round().min(100.0) as u8;
        Confidence::new(percent).unwrap_or(Confidence::UNSTATED)
    }
}

impl From<Confidence> for Weight {
    fn from(confidence: Confidence) -> Weight {
        Weight::of_percent(confidence.percent())
    }
}

impl TryFrom<f64> for Weight {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        Weight::new(value).ok_or_else(|| format!("a weight is 0 to 1, not {value}"))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_share() {
        assert_eq!(Weight::new(0.5).map(Weight::get), Some(0.5));
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Weight::new(wrong), None);
        }
        assert_eq!(Weight::nearest(f64::NAN), Weight::ZERO);
        assert_eq!(Weight::nearest(7.0), Weight::ONE);
        assert_eq!(Weight::of_percent(85).confidence().percent(), 85);
        assert!(serde_json::from_str::<Weight>("1.5").is_err());
    }
}
