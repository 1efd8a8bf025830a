//! The numbers that weighing goes by: data in `rules.toml` beside this file, with the reason for each, and a user's table over it.

use model::limits;
use serde::Deserialize;

use crate::weight::Weight;

const BUILT_IN: &str = include_str!("rules.toml");

/// A table that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// Longer than a table may be.
    #[error("the table has more than {} bytes", limits::INTEL_TABLE_BYTES_MAX)]
    TooLong,
    /// No valid TOML, an unknown key, a value of the wrong kind.
    #[error("the table cannot be read")]
    Shape(#[from] toml::de::Error),
    /// A number that makes no sense.
    #[error("{key} has to be {expected}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}

/// How sources earn and lose weight: see [`crate::trust`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRules {
    /// Sightings that the grade is worth.
    pub prior_sightings: u32,
    /// Least mean that a grade stands for.
    pub prior_mean_min: Weight,
    /// Greatest mean that a grade stands for.
    pub prior_mean_max: Weight,
    /// Sightings of one person that count on one day.
    pub counted_per_person_and_day: u32,
    /// Sightings of one person that count at all.
    pub counted_per_person: u32,
    /// Sightings of all together that count.
    pub counted: u32,
    /// Days after which a sighting is forgotten.
    pub window_days: u32,
    /// How far below its grade a source cries wolf.
    pub cries_wolf_below: Weight,
}

/// How claims become confidence: see [`crate::weigh`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeighRules {
    /// Most that one voice alone is believed.
    pub one_voice_max_percent: u8,
    /// Most that all unknown voices together are believed.
    pub anonymous_max_percent: u8,
    /// Confirmations that an indicator starts with, against which false sightings count.
    pub sightings_prior: u32,
    /// Sightings of one indicator that count by one person.
    pub sightings_per_person: u32,
    /// Sightings of one indicator that count at all.
    pub sightings_counted: u32,
    /// Least confidence for detecting.
    pub detect_percent: u8,
    /// Least confidence for blocking.
    pub block_percent: u8,
    /// Voices that blocking needs, if none is trusted.
    pub block_voices: usize,
    /// Least confidence of such a voice.
    pub voice_percent: u8,
    /// Share of the confidence that has to stand behind a level.
    pub level_share: Weight,
    /// Most confidence in what a capping list names.
    pub listed_max_percent: u8,
    /// Added to a rank of 1 when it is about our sector.
    pub sector_bonus: Weight,
    /// Added when it is about our region.
    pub region_bonus: Weight,
    /// Added when it is about a technology that we use.
    pub technology_bonus: Weight,
}

/// When two sources are one voice: see [`crate::voices`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceRules {
    /// Share of the smaller source that is in the larger one.
    pub contained: Weight,
    /// The same, when one of them is nearly always first.
    pub contained_in_order: Weight,
    /// Share of the common values at which it is.
    pub one_is_first: Weight,
    /// Least number of common values.
    pub shared_min: usize,
}

/// What a block list must not touch: see [`crate::blast`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlastRules {
    /// Days of traffic.
    pub days: u32,
    /// Most internal machines that may talk to a value.
    pub machines_max: u64,
    /// Most days on which it may be seen.
    pub days_seen_max: u32,
    /// Most events.
    pub events_max: u64,
    /// Most of a list that may be in use.
    pub list_in_use_max: Weight,
    /// Values from which a list is judged as a whole.
    pub list_values_min: u64,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Trust in sources.
    pub trust: TrustRules,
    /// Weight of claims.
    pub weigh: WeighRules,
    /// Copies of each other.
    pub voices: VoiceRules,
    /// Blast check.
    pub blast: BlastRules,
}

impl Default for Rules {
    /// The built-in table.
    fn default() -> Self {
        match Rules::with_table("") {
            Ok(rules) => rules,
            // The table is part of the program and a test reads it.
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl Rules {
    /// The built-in table with a user's own over it, key by key.
    ///
    /// # Errors
    /// When the user's table is too long, is no TOML, has unknown keys, or numbers that make no sense.
    pub fn with_table(text: &str) -> Result<Self, RulesError> {
        let rules: Rules = laid_over(BUILT_IN, text)?;
        rules.check()?;
        Ok(rules)
    }

    fn check(&self) -> Result<(), RulesError> {
        let need = |holds: bool, key: &'static str, expected: &'static str| {
            if holds { Ok(()) } else { Err(RulesError::OutOfRange { key, expected }) }
        };
        let (trust, weigh) = (&self.trust, &self.weigh);
        need(trust.prior_sightings >= 1, "trust.prior_sightings", "at least 1")?;
        need(trust.prior_mean_min.get() > 0.0, "trust.prior_mean_min", "more than 0")?;
        need(trust.prior_mean_max.get() < 1.0, "trust.prior_mean_max", "less than 1")?;
        need(trust.prior_mean_min <= trust.prior_mean_max, "trust.prior_mean_min", "at most trust.prior_mean_max")?;
        need(weigh.one_voice_max_percent < 100, "weigh.one_voice_max_percent", "less than 100")?;
        need(weigh.anonymous_max_percent < weigh.block_percent, "weigh.anonymous_max_percent", "below block_percent")?;
        need(weigh.block_percent <= 100, "weigh.block_percent", "at most 100")?;
        need(weigh.detect_percent <= weigh.block_percent, "weigh.detect_percent", "at most block_percent")?;
        need(weigh.sightings_prior >= 1, "weigh.sightings_prior", "at least 1")?;
        need(weigh.block_voices >= 1, "weigh.block_voices", "at least 1")?;
        need(weigh.listed_max_percent < weigh.block_percent, "weigh.listed_max_percent", "below block_percent")?;
        need(self.voices.shared_min >= 1, "voices.shared_min", "at least 1")?;
        need(self.blast.days >= 1, "blast.days", "at least 1")
    }
}

/// Reads a built-in table with a user's over it; tables are merged key by key, everything else is replaced.
pub(crate) fn laid_over<T: serde::de::DeserializeOwned>(built_in: &str, user: &str) -> Result<T, RulesError> {
    if user.len() > limits::INTEL_TABLE_BYTES_MAX {
        return Err(RulesError::TooLong);
    }
    let mut table: toml::Table = toml::from_str(built_in)?;
    let over: toml::Table = toml::from_str(user)?;
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(new)) => known.extend(new),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
    Ok(table.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_users_table_lies_over_ours() {
        let rules = Rules::with_table("[weigh]\nblock_percent = 90\n").unwrap();
        assert_eq!(rules.weigh.block_percent, 90);
        assert_eq!(rules.trust, Rules::default().trust);
    }

    #[test]
    fn nonsense_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = Rules::with_table(text).unwrap_err();
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(format!("{error}: {cause}").contains(expected), "{text}: {error}: {cause}");
        };
        check("[weigh]\nblock_percnt = 90\n", "unknown field");
        check("[weigh]\none_voice_max_percent = 100\n", "less than 100");
        check("[weigh]\nanonymous_max_percent = 90\n", "below block_percent");
        check("[weigh]\nlisted_max_percent = 90\n", "below block_percent");
        check("[trust]\nprior_sightings = 0\n", "at least 1");
        check("[trust]\nprior_mean_max = 1.0\n", "less than 1");
        check("[trust]\nprior_mean_max = 1.5\n", "0 to 1");
        check("weigh", "cannot be read");
        check(&"#".repeat(limits::INTEL_TABLE_BYTES_MAX + 1), "more than");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\[[a-z]{1,6}\\]\n)?([a-z_]{1,22} ?= ?[0-9.\"-]{1,5}\n){0,4}") {
            let _ = Rules::with_table(&text);
        }
    }
}
