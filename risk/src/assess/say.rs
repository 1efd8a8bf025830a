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

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: nobody has said {}", self.item, self.what)
    }
}
