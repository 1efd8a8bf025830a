//! Numbers in words.

use std::fmt;

use super::Unsaid;
use crate::interval::Probability;

/// A probability in the words of SP 800-30r1 (table G-2), whose bounds are 5, 21, 80 and 96 of a hundred.
pub fn level(probability: Probability) -> &'static str {
    match probability.get() * 100.0 {
        percent if percent < 5.0 => "very low",
        percent if percent < 21.0 => "low",
        percent if percent < 80.0 => "moderate",
        percent if percent < 96.0 => "high",
        _ => "very high",
    }
}

/// A figure without a part after the point, with marks between the thousands.
pub(super) fn whole(value: f64) -> String {
    model::words::grouped(value.abs().min(1e18).round_ties_even() as u64)
}

/// A probability as people read it: `34 %`, `0.4 %`.
pub(super) fn percent(probability: Probability) -> String {
    match probability.get() * 100.0 {
        percent if percent >= 9.95 || percent == 0.0 => format!("{percent:.0} %"),
        percent if percent >= 0.095 => format!("{percent:.1} %"),
        _ => "less than 0.1 %".to_owned(),
    }
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: nobody has said {}", self.item, self.what)
    }
}
