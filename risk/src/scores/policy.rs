//! How findings become scores, as data. The built-in numbers are first guesses of our own.

use std::collections::BTreeMap;

use model::limits::SCORE_POLICY_BYTES_MAX;
use model::{EntityKind, Level};
use serde::{Deserialize, Serialize};

use super::subjects;

const BUILT_IN: &str = include_str!("../../data/scores.toml");

/// How findings become scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorePolicy {
    /// The expected loss, in money, whose score is 80.
    pub loss_at_80: f64,
    prior: BTreeMap<String, f64>,
    stake: BTreeMap<String, f64>,
    levels: BTreeMap<Level, Fading>,
    /// What is damped, and how much.
    pub damping: Damping,
}

/// What a finding of a level weighs, and how that fades.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fading {
    /// Natural logarithm of the odds by which it speaks for wrong hands.
    pub weight: f64,
    /// Hours after which half of it is left.
    pub half_life_hours: f64,
}

/// What is damped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damping {
    /// What each doubling of the same adds, as a part of its weight.
    pub repeated: f64,
    /// The most that repeating makes of a weight.
    pub repeated_max: f64,
    /// Which part of its weight another analytic of the same tactic keeps.
    pub same_tactic: f64,
    /// How far decisions of people move a weight.
    pub decided_max: f64,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScorePolicyError {
    /// Too long.
    #[error("{0} bytes, at most {SCORE_POLICY_BYTES_MAX} are read")]
    Size(usize),
    /// Not the form.
    #[error("not the form of a policy of scores: {0}")]
    Form(String),
    /// Something that it has to say and does not.
    #[error("{table} says nothing of {entry}")]
    Missing {
        /// In which table.
        table: &'static str,
        /// Of what.
        entry: String,
    },
    /// An entry that means nothing.
    #[error("{table} knows no {entry}")]
    Unknown {
        /// In which table.
        table: &'static str,
        /// Which.
        entry: String,
    },
    /// A number that cannot be.
    #[error("{field} is {value}: it has to be {wanted}")]
    Number {
        /// Which.
        field: String,
        /// The number.
        value: String,
        /// What it has to be.
        wanted: &'static str,
    },
}

impl ScorePolicy {
    /// The policy of a city that has said nothing.
    ///
    /// # Errors
    /// Never; a test reads it.
    pub fn built_in() -> Result<Self, ScorePolicyError> {
        ScorePolicy::read(BUILT_IN)
    }

    /// The text of the built-in policy, to begin one's own with.
    pub const fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads a policy (TOML), and checks that it says everything that is reckoned with.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(text: &str) -> Result<Self, ScorePolicyError> {
        if text.len() > SCORE_POLICY_BYTES_MAX {
            return Err(ScorePolicyError::Size(text.len()));
        }
        let policy: ScorePolicy =
            toml::from_str(text).map_err(|error| ScorePolicyError::Form(error.message().to_owned()))?;
        policy.check()?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), ScorePolicyError> {
        number("loss_at_80", self.loss_at_80, |value| value > 0.0, "more than 0")?;
        for (table, values) in [("prior", &self.prior), ("stake", &self.stake)] {
            let is_subject = |name: &str| subjects().any(|kind| kind.name() == name);
            if let Some(entry) = values.keys().find(|name| !is_subject(name)) {
                return Err(ScorePolicyError::Unknown { table, entry: entry.clone() });
            }
            if let Some(kind) = subjects().find(|kind| !values.contains_key(kind.name())) {
                return Err(ScorePolicyError::Missing { table, entry: kind.name().to_owned() });
            }
        }
        for (name, value) in &self.prior {
            number(&format!("prior.{name}"), *value, |value| value > 0.0 && value < 0.5, "between 0 and 0.5")?;
        }
        for (name, value) in &self.stake {
            number(&format!("stake.{name}"), *value, |value| value >= 0.0, "0 or more")?;
        }
        for level in Level::ALL {
            let Some(Fading { weight, half_life_hours }) = self.levels.get(&level) else {
                return Err(ScorePolicyError::Missing { table: "levels", entry: level.name().to_owned() });
            };
            number(&format!("levels.{level}.weight"), *weight, |value| (0.0..=20.0).contains(&value), "0 to 20")?;
            let hours = format!("levels.{level}.half_life_hours");
            number(&hours, *half_life_hours, |value| (1.0..=10_000.0).contains(&value), "1 to 10000")?;
        }
        let Damping { repeated, repeated_max, same_tactic, decided_max } = self.damping;
        number("damping.repeated", repeated, |value| (0.0..=1.0).contains(&value), "0 to 1")?;
        number("damping.repeated_max", repeated_max, |value| (1.0..=10.0).contains(&value), "1 to 10")?;
        number("damping.same_tactic", same_tactic, |value| (0.0..=1.0).contains(&value), "0 to 1")?;
        number("damping.decided_max", decided_max, |value| (0.0..=10.0).contains(&value), "0 to 10")
    }

    pub(super) fn prior_of(&self, kind: EntityKind) -> f64 {
        self.prior.get(kind.name()).copied().unwrap_or(0.0)
    }

    pub(super) fn stake_of(&self, kind: EntityKind) -> f64 {
        self.stake.get(kind.name()).copied().unwrap_or(0.0)
    }

    pub(super) fn level(&self, level: Level) -> Fading {
        self.levels.get(&level).copied().unwrap_or(Fading { weight: 0.0, half_life_hours: 1.0 })
    }
}

fn number(
    field: &str,
    value: f64,
    is_right: impl Fn(f64) -> bool,
    wanted: &'static str,
) -> Result<(), ScorePolicyError> {
    if value.is_finite() && is_right(value) {
        return Ok(());
    }
    Err(ScorePolicyError::Number { field: field.to_owned(), value: value.to_string(), wanted })
}
