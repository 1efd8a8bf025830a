//! How a city stands beside others, without any of them saying how it stands: each agency adds noise itself before anything leaves it (local
//! differential privacy), and only sums over many are shown.
//!
//! Unit of privacy is the whole answer of one agency: whatever it answered, any gift of it is at most e^ε times as likely as with any other
//! answers. Each function's mean, in tenths of a step and held to the scale, gets noise of the two-sided geometric distribution (Ghosh,
//! Roughgarden and Sundararajan, "Universally utility-maximizing privacy mechanisms", 2009), with ε split evenly over the six functions and the
//! whole scale as sensitivity. Noise is drawn in whole numbers without rounding (Canonne, Kamath and Steinke, "The discrete Gaussian for
//! differential privacy", 2020, algorithms 1 and 2), so that no last bit of a float tells the answer.
//!
//! Who gives again gives the same gift; whoever keeps gifts sees to that. What is given in several years adds up: ε of each year.
//!
//! Deliberately absent: hiding how long a draw took, hiding that an agency takes part, and proof that a gift is honest; a gift so far out that
//! chance cannot explain it is refused.

mod combine;
mod draw;
mod gift;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use combine::{Cell, Comparison, Estimate, NotUseful, TooFew, Useful, combine};
pub use draw::DrawError;
pub use gift::{BenchmarkError, FORMAT, Gift, GiftNote, Standing, Terms, read_gifts};

/// Steps of the grid in one level.
pub(crate) const GRID: i64 = 10;
/// Parts into which ε is split: one for each function.
pub(crate) const PARTS: u32 = 6;
/// Most of numerator and denominator of ε.
const EPSILON_PART_MAX: u32 = 1_000;

/// How much of an answer a gift may tell, as a fraction: `6`, `3/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Epsilon {
    numerator: u32,
    denominator: u32,
}

/// A text or a fraction that is no ε.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ε; hint: a fraction as 6 or 3/2, with parts from 1 to {EPSILON_PART_MAX}")]
pub struct NoEpsilon(String);

impl Epsilon {
    /// Numerator by denominator, in lowest terms.
    ///
    /// # Errors
    /// When a part is 0 or above 1,000.
    pub fn new(numerator: u32, denominator: u32) -> Result<Self, NoEpsilon> {
        let fits = 1..=EPSILON_PART_MAX;
        if !fits.contains(&numerator) || !fits.contains(&denominator) {
            return Err(NoEpsilon(format!("{numerator}/{denominator}")));
        }
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Ok(Epsilon { numerator: numerator / a, denominator: denominator / a })
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// How fast one function's noise falls off for each step of the grid: a fraction, for a scale up to that level.
    pub(crate) fn rate(self, level_max: u8) -> draw::Rate {
        let span = u64::from(level_max.saturating_sub(1)).max(1) * GRID.unsigned_abs();
        draw::Rate {
            numerator: u64::from(self.numerator),
            denominator: u64::from(self.denominator) * u64::from(PARTS) * span,
        }
    }
}

impl fmt::Display for Epsilon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

impl FromStr for Epsilon {
    type Err = NoEpsilon;

    fn from_str(text: &str) -> Result<Self, NoEpsilon> {
        let bad = || NoEpsilon(text.chars().take(40).collect());
        let part = |text: &str| {
            let is_digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u32>().ok().filter(|_| is_digits).ok_or_else(bad)
        };
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        Epsilon::new(part(numerator)?, part(denominator)?).map_err(|_| bad())
    }
}

impl TryFrom<String> for Epsilon {
    type Error = NoEpsilon;

    fn try_from(text: String) -> Result<Self, NoEpsilon> {
        text.parse()
    }
}

impl From<Epsilon> for String {
    fn from(epsilon: Epsilon) -> String {
        epsilon.to_string()
    }
}

/// How large an agency is. Whoever says so says it to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeClass {
    /// Below 50,000 residents.
    Small,
    /// Below 500,000 residents.
    Medium,
    /// More.
    Large,
}

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no size; known are small, medium, large")]
pub struct NoSize(String);

impl SizeClass {
    /// All of them.
    pub const ALL: [SizeClass; 3] = [SizeClass::Small, SizeClass::Medium, SizeClass::Large];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            SizeClass::Small => "small",
            SizeClass::Medium => "medium",
            SizeClass::Large => "large",
        }
    }
}

impl fmt::Display for SizeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SizeClass {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let found = SizeClass::ALL.into_iter().find(|size| size.name() == text);
        found.ok_or_else(|| NoSize(text.chars().take(40).collect()))
    }
}
