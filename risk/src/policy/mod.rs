//! What a city believes, tolerates and pays, as data: rates, what passes over links, what losses cost, tolerances, and measures on offer.
//!
//! A city that says nothing has the built-in policy. Every number there is a first guess of our own, and wide; none is a law.

use std::collections::BTreeMap;

use model::Day;
use model::limits::{RISK_MEASURES_MAX, RISK_POLICY_BYTES_MAX};
use model::register::{DataCategory, Exposure, ItemKind, LinkKind};
use serde::{Deserialize, Serialize};

use crate::belief::Belief;
use crate::frequency::Rate;
use crate::interval::Probability;
use crate::severity::Unit;

const BUILT_IN: &str = include_str!("../../data/policy.toml");

/// Most controls that a policy names.
const CONTROLS_MAX: usize = 1_000;
/// Longest word or title in a policy.
const TEXT_BYTES_MAX: usize = 300;

/// What a city believes, tolerates and pays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What sums of money are in.
    pub currency: String,
    /// Residents of the city: what counts where nobody has said how many a thing touches.
    pub residents: u64,
    /// Days after which vulnerabilities that were looked for count as not looked for.
    pub checked_days: u32,
    /// Since when the city watches for compromises; without it, what was seen teaches nothing.
    #[serde(default)]
    pub watching: Option<Watching>,
    /// How often one thing of a kind is compromised by causes that nobody has found.
    pub rates: BTreeMap<ItemKind, Rate>,
    /// What those who can reach a thing add within a year.
    pub exposures: BTreeMap<Exposure, Belief>,
    /// Which part of those who try a vulnerability can reach it.
    pub reach: BTreeMap<Exposure, Probability>,
    /// The probability that compromise passes over a link, from what is depended on to what depends on it.
    pub passes: BTreeMap<LinkKind, Belief>,
    /// The same, the other way.
    #[serde(default)]
    pub back: BTreeMap<LinkKind, Belief>,
    /// What a compromise costs.
    pub harms: Costs,
    /// What one of each unit is worth, to compare harms.
    pub worth: BTreeMap<Unit, f64>,
    /// How much more harm in a year is tolerated for one opening.
    pub tolerances: BTreeMap<Unit, f64>,
    /// Controls that stop what is tried from outside, as far as they were assessed: ids of SP 800-53 in small letters.
    #[serde(default)]
    pub controls: Vec<String>,
    /// What could be done.
    #[serde(default)]
    pub measures: Vec<Offer>,
}

/// How a city watches for compromises.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watching {
    /// Since when.
    pub since: Day,
    /// Which share of compromises it would notice.
    pub noticed: Probability,
}

/// What a compromise costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// One resident's data in the wrong hands, where its category is not named.
    pub record: f64,
    /// The same by category.
    #[serde(default)]
    pub records: BTreeMap<DataCategory, f64>,
    /// Hours without a service after a compromise.
    pub outage_hours: f64,
    /// A day without a service for each resident who uses it, where nobody has said what a day costs.
    pub day_per_resident: f64,
    /// Where lives hang on a thing.
    pub life_safety: f64,
    /// From the mean of a loss to both ends of its interval of 90 %: divided and multiplied by that.
    pub spread: f64,
    /// Mending one vulnerability on one thing.
    pub mending: f64,
}

/// Where a measure works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// Against what the public tries against a service.
    Exposure,
    /// On a link of the service.
    Dependency,
    /// On the harm of what is compromised.
    Harm,
}

/// A measure that is on offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Its name.
    pub id: String,
    /// What it is, in words.
    pub title: String,
    /// Where it works.
    #[serde(rename = "where")]
    pub place: Where,
    /// The control that it puts in place; it is not offered where that was found satisfied. May be empty.
    #[serde(default)]
    pub control: String,
    /// Which part it takes away.
    pub effect: Belief,
    /// What it costs, in money.
    pub cost: f64,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Too long.
    #[error("{0} bytes, at most {RISK_POLICY_BYTES_MAX} are read")]
    Size(usize),
    /// Not the form.
    #[error("not the form of a policy: {0}")]
    Form(String),
    /// Something that it has to say and does not.
    #[error("{table} says nothing of {entry}")]
    Missing {
        /// In which table.
        table: &'static str,
        /// Of what.
        entry: String,
    },
    /// A number that cannot be.
    #[error("{field} is {value}: {reason}")]
    Number {
        /// Which.
        field: String,
        /// The number.
        value: String,
        /// What it has to be.
        reason: &'static str,
    },
    /// Too many, too long, or twice.
    #[error("{0}")]
    Untidy(String),
}

impl Policy {
    /// The policy of a city that has said nothing.
    ///
    /// # Errors
    /// Never; a test reads it.
    pub fn built_in() -> Result<Self, PolicyError> {
        Policy::read(BUILT_IN)
    }

    /// The text of the built-in policy, to begin one's own with.
    pub const fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads a policy (TOML), and checks that it says everything that is reckoned with.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        if text.len() > RISK_POLICY_BYTES_MAX {
            return Err(PolicyError::Size(text.len()));
        }
        let policy: Policy = toml::from_str(text).map_err(|error| PolicyError::Form(error.message().to_owned()))?;
        policy.check()?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), PolicyError> {
        every("rates", ItemKind::ALL, &self.rates)?;
        every("exposures", Exposure::ALL, &self.exposures)?;
        every("reach", Exposure::ALL, &self.reach)?;
        let passing: Vec<LinkKind> = LinkKind::ALL.iter().copied().filter(|kind| kind.passes_compromise()).collect();
        every("passes", &passing, &self.passes)?;
        let Costs { record, records, outage_hours, day_per_resident, life_safety, spread, mending } = &self.harms;
        let costs = [
            ("record", *record),
            ("outage_hours", *outage_hours),
            ("day_per_resident", *day_per_resident),
            ("life_safety", *life_safety),
        ];
        for (name, value) in costs {
            amount(format!("harms.{name}"), value)?;
        }
        for (category, value) in records {
            amount(format!("harms.records.{category}"), *value)?;
        }
        if !(mending.is_finite() && *mending > 0.0) {
            return Err(number("harms.mending".to_owned(), *mending, "above 0"));
        }
        if !(1.0..=1_000.0).contains(spread) {
            return Err(number("harms.spread".to_owned(), *spread, "from 1 to 1000"));
        }
        for (unit, value) in &self.worth {
            amount(format!("worth of {unit}"), *value)?;
        }
        if self.tolerances.is_empty() {
            return Err(PolicyError::Missing { table: "tolerances", entry: "any unit".to_owned() });
        }
        for (unit, value) in &self.tolerances {
            amount(format!("tolerance in {unit}"), *value)?;
        }
        self.check_lists()
    }

    fn check_lists(&self) -> Result<(), PolicyError> {
        if self.measures.len() > RISK_MEASURES_MAX || self.controls.len() > CONTROLS_MAX {
            return Err(PolicyError::Untidy(format!(
                "{} measures and {} controls: at most {RISK_MEASURES_MAX} and {CONTROLS_MAX}",
                self.measures.len(),
                self.controls.len()
            )));
        }
        let texts = self.measures.iter().flat_map(|offer| [&offer.id, &offer.title, &offer.control]);
        let texts = texts.chain(&self.controls).chain([&self.currency]);
        for text in texts {
            if text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
                let shown: String = text.chars().take(40).collect();
                return Err(PolicyError::Untidy(format!("{shown:?}: at most {TEXT_BYTES_MAX} bytes on one line")));
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for offer in &self.measures {
            if offer.id.trim().is_empty() || !seen.insert(offer.id.as_str()) {
                return Err(PolicyError::Untidy(format!("{:?} names no measure, or two", offer.id)));
            }
            if !(offer.cost.is_finite() && offer.cost > 0.0) {
                return Err(number(format!("cost of {}", offer.id), offer.cost, "above 0"));
            }
            if !offer.effect.is_known() {
                return Err(PolicyError::Missing { table: "measures", entry: format!("the effect of {}", offer.id) });
            }
        }
        Ok(())
    }

    /// What one resident's data of that category costs in the wrong hands.
    pub fn record(&self, category: DataCategory) -> f64 {
        self.harms.records.get(&category).copied().unwrap_or(self.harms.record)
    }

    /// The greatest of these: what counts where nobody has said which data a thing holds.
    pub fn record_worst(&self) -> f64 {
        self.harms.records.values().copied().fold(self.harms.record, f64::max)
    }
}

fn every<K: Ord + std::fmt::Display, V>(
    table: &'static str,
    all: &[K],
    said: &BTreeMap<K, V>,
) -> Result<(), PolicyError> {
    match all.iter().find(|key| !said.contains_key(*key)) {
        Some(missing) => Err(PolicyError::Missing { table, entry: missing.to_string() }),
        None => Ok(()),
    }
}

fn number(field: String, value: f64, reason: &'static str) -> PolicyError {
    PolicyError::Number { field, value: value.to_string(), reason }
}

fn amount(field: String, value: f64) -> Result<(), PolicyError> {
    if value.is_finite() && value >= 0.0 { Ok(()) } else { Err(number(field, value, "0 or more")) }
}

#[cfg(test)]
mod tests;
