//! What one agency gives.

use std::collections::BTreeMap;

use model::limits;
use serde::{Deserialize, Serialize};

use super::draw::{Bits, DrawError};
use super::{Epsilon, GRID, SizeClass};
use crate::csf::{Function, Posture};

/// The form of gifts, with its version.
pub const FORMAT: &str = "watchbell-benchmark-1";
/// How many times the noise's own scale a gift may lie outside: chance alone does that once in e⁵⁰ draws.
const SCALES_OUT_MAX: f64 = 50.0;

/// What all gifts of one comparison have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Of which year.
    pub year: i16,
    /// The highest step of the scale.
    pub level_max: u8,
    /// How much of an answer a gift may tell, over all functions together.
    pub epsilon: Epsilon,
}

/// How an agency stands: the mean of each function, in tenths of a step. Never leaves the agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing(BTreeMap<Function, i64>);

/// What one agency gives: its standing under noise, and no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gift {
    /// The form, with its version.
    format: String,
    /// What it has in common with others.
    pub year: i16,
    /// The highest step of the scale.
    pub level_max: u8,
    /// How much it may tell.
    pub epsilon: Epsilon,
    /// How large the agency is, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeClass>,
    /// Each function's mean in tenths of a step, under noise: often outside of the scale.
    pub values: BTreeMap<Function, i64>,
}

/// A gift that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiftNote {
    /// Which, from 1.
    pub number: usize,
    /// Why.
    pub reason: String,
}

/// Why nothing was given or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BenchmarkError {
    /// A function in which no question applies.
    #[error("no question of {0} applies: there is nothing to compare")]
    NothingApplies(Function),
    /// A scale that nobody compares on.
    #[error("a scale from 1 to {0} cannot be compared; hint: 2 to {max} steps", max = limits::CSF_LEVELS_MAX)]
    Scale(u8),
    /// The source of bits.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// Too much.
    #[error("{what}: {found}, and at most {max} are read")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// Not of the form.
    #[error("not the form of gifts: {0}; hint: one object as `watchbell csf gift` writes it, or a list of them")]
    Form(String),
}

impl Terms {
    /// Says whether gifts can be given on such terms.
    ///
    /// # Errors
    /// When the scale is none.
    pub fn check(&self) -> Result<(), BenchmarkError> {
        let fits = (2..=limits::CSF_LEVELS_MAX).contains(&usize::from(self.level_max));
        if fits { Ok(()) } else { Err(BenchmarkError::Scale(self.level_max)) }
    }

    /// Standard deviation of the noise on one function of one gift, in steps of the scale.
    pub fn noise(&self) -> f64 {
        self.epsilon.rate(self.level_max).variance().sqrt() / GRID as f64
    }

    fn grid(&self) -> (i64, i64) {
        (GRID, GRID * i64::from(self.level_max))
    }
}

impl Standing {
    /// How an agency stands by its answers.
    ///
    /// # Errors
    /// When no question of a function applies.
    pub fn of(posture: &Posture) -> Result<Self, BenchmarkError> {
        let mut means = BTreeMap::new();
        for function in Function::ALL {
            let found = posture.functions.iter().find(|one| one.function == function);
            let mean = found.and_then(|one| one.score.means).ok_or(BenchmarkError::NothingApplies(function))?;
            means.insert(function, mean.current);
        }
        Standing::new(&means)
    }

    /// From each function's mean, in steps.
    ///
    /// # Errors
    /// When a function is missing or its mean is no number.
    pub fn new(means: &BTreeMap<Function, f64>) -> Result<Self, BenchmarkError> {
        let mut tenths = BTreeMap::new();
        for function in Function::ALL {
            let mean = means.get(&function).copied().filter(|mean| mean.is_finite());
            let mean = mean.ok_or(BenchmarkError::NothingApplies(function))?;
            // A scale has at most ten steps: beyond that everything is held to its ends anyway.
            tenths.insert(function, libm::round(mean.clamp(0.0, 100.0) * GRID as f64) as i64);
        }
        Ok(Standing(tenths))
    }

    fn held(&self, terms: &Terms) -> BTreeMap<Function, i64> {
        let (low, high) = terms.grid();
        self.0.iter().map(|(function, tenths)| (*function, (*tenths).clamp(low, high.max(low)))).collect()
    }
}

impl Gift {
    /// Draws a gift. The bits have to come from a source that nobody can guess: whoever knows them knows the answers.
    ///
    /// # Errors
    /// When the scale cannot be compared, or the bits are not random.
    pub fn draw(
        standing: &Standing,
        terms: &Terms,
        size: Option<SizeClass>,
        bits: &mut impl FnMut() -> u64,
    ) -> Result<Self, BenchmarkError> {
        terms.check()?;
        let rate = terms.epsilon.rate(terms.level_max);
        let mut values = BTreeMap::new();
        for (function, held) in standing.held(terms) {
            values.insert(function, held + Bits::new(bits).two_sided(rate)?);
        }
        let Terms { year, level_max, epsilon } = *terms;
        Ok(Gift { format: FORMAT.to_owned(), year, level_max, epsilon, size, values })
    }

    /// On which terms it was given.
    pub fn terms(&self) -> Terms {
        Terms { year: self.year, level_max: self.level_max, epsilon: self.epsilon }
    }

    /// As JSON, as it is read.
    ///
    /// # Errors
    /// Never for a gift that was drawn or read.
    pub fn written(&self) -> Result<Vec<u8>, BenchmarkError> {
        serde_json::to_vec(self).map_err(|error| BenchmarkError::Form(error.to_string()))
    }

    /// Says why it is no gift.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its form is not {FORMAT}"));
        }
        self.terms().check().map_err(|error| error.to_string())?;
        if let Some(missing) = Function::ALL.into_iter().find(|function| !self.values.contains_key(function)) {
            return Err(format!("{missing} is missing"));
        }
        let (low, high) = self.terms().grid();
        let out = SCALES_OUT_MAX / self.epsilon.rate(self.level_max).get();
        let possible = (low as f64 - out)..=(high as f64 + out);
        let far = self.values.iter().find(|(_, value)| !possible.contains(&(**value as f64)));
        match far {
            Some((function, _)) => Err(format!("{function} lies so far out that chance cannot explain it")),
            None => Ok(()),
        }
    }

    /// The logarithm of the probability that this standing gives this gift.
    #[cfg(test)]
    pub(super) fn log_probability(&self, standing: &Standing) -> f64 {
        let rate = self.epsilon.rate(self.level_max);
        let held = standing.held(&self.terms());
        self.values.iter().map(|(function, value)| rate.log_probability(value - held[function])).sum()
    }
}

/// Reads a gift, or a list of them. What is no gift is left out and named by its number.
///
/// # Errors
/// When there are too many, or it is no JSON of that form.
pub fn read_gifts(bytes: &[u8]) -> Result<(Vec<Gift>, Vec<GiftNote>), BenchmarkError> {
    let within =
        |what, found, max| if found > max { Err(BenchmarkError::TooLarge { what, found, max }) } else { Ok(()) };
    within("bytes of gifts", bytes.len(), limits::BENCHMARK_BYTES_MAX)?;
    let value = serde_json::from_slice(bytes).map_err(|error| BenchmarkError::Form(error.to_string()))?;
    let values = match value {
        serde_json::Value::Array(values) => values,
        one @ serde_json::Value::Object(_) => vec![one],
        _ => return Err(BenchmarkError::Form("neither an object nor a list".to_owned())),
    };
    within("gifts", values.len(), limits::BENCHMARK_GIFTS_MAX)?;
    let (mut gifts, mut notes) = (Vec::new(), Vec::new());
    for (number, value) in (1..).zip(values) {
        let read = serde_json::from_value::<Gift>(value).map_err(|error| error.to_string());
        match read.and_then(|gift| gift.check().map(|()| gift)) {
            Ok(gift) => gifts.push(gift),
            Err(reason) => notes.push(GiftNote { number, reason }),
        }
    }
    Ok((gifts, notes))
}
