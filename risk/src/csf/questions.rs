//! Questions and steps, as data.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;
use serde::{Deserialize, Serialize};

use super::Function;

const BUILT_IN: &str = include_str!("../../data/csf.toml");
/// Most weight of one question.
const WEIGHT_MAX: u32 = 10;

/// What is asked, on which scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionSet {
    /// What the set is called.
    pub version: String,
    /// The steps, from 1.
    levels: Vec<String>,
    /// How a city deals with risk as a whole, from 1.
    tiers: Vec<String>,
    category: Vec<Category>,
    question: Vec<Question>,
    #[serde(skip)]
    by_id: BTreeMap<String, usize>,
}

/// A group of questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its id, such as `GV.OC`.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its id, such as `GV.OC-01`.
    pub id: String,
    /// What is asked.
    pub ask: String,
    /// How much it counts beside others, 1 to 10.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

const fn is_one(weight: &u32) -> bool {
    *weight == 1
}

/// Why questions cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// More than is read.
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
    #[error("not the form of questions: {0}; hint: watchbell csf questions --json shows it")]
    Form(String),
    /// Something in it makes no sense.
    #[error("{id}: {reason}")]
    Bad {
        /// Which question, category or step.
        id: String,
        /// Why.
        reason: String,
    },
}

impl Category {
    /// The function that it belongs to.
    pub fn function(&self) -> Option<Function> {
        self.id.split_once('.').and_then(|(function, _)| function.parse().ok())
    }
}

impl Question {
    /// The id of the category that it belongs to.
    pub fn category(&self) -> &str {
        self.id.split_once('-').map_or("", |(category, _)| category)
    }

    /// The function that it belongs to.
    pub fn function(&self) -> Option<Function> {
        self.id.split_once('.').and_then(|(function, _)| function.parse().ok())
    }
}

impl QuestionSet {
    /// The questions that come with the program.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn built_in() -> Result<Self, QuestionError> {
        QuestionSet::read(BUILT_IN.as_bytes())
    }

    /// Reads questions: JSON when it begins with a brace, else TOML.
    ///
    /// # Errors
    /// When there are too many, the form is another, or an id, a weight or a step makes no sense.
    pub fn read(bytes: &[u8]) -> Result<Self, QuestionError> {
        within("bytes of questions", bytes.len(), limits::CSF_BYTES_MAX)?;
        let text = std::str::from_utf8(bytes).map_err(|_| QuestionError::Form("it is no text".to_owned()))?;
        let set: QuestionSet = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| QuestionError::Form(error.to_string()))?,
            false => toml::from_str(text).map_err(|error| QuestionError::Form(error.message().to_owned()))?,
        };
        set.checked()
    }

    /// As JSON, as it is read.
    ///
    /// # Errors
    /// When it cannot be written; a set that was read always can.
    pub fn written(&self) -> Result<Vec<u8>, QuestionError> {
        serde_json::to_vec_pretty(self).map_err(|error| QuestionError::Form(error.to_string()))
    }

    /// The highest step; the lowest is 1.
    pub fn level_max(&self) -> u8 {
        // A checked set has at most ten.
        u8::try_from(self.levels.len()).unwrap_or(u8::MAX)
    }

    /// The highest tier; the lowest is 1.
    pub fn tier_max(&self) -> u8 {
        u8::try_from(self.tiers.len()).unwrap_or(u8::MAX)
    }

    /// The steps with their names, from 1.
    pub fn levels(&self) -> impl Iterator<Item = (u8, &str)> {
        (1..).zip(self.levels.iter().map(String::as_str))
    }

    /// The tiers with their names, from 1.
    pub fn tiers(&self) -> impl Iterator<Item = (u8, &str)> {
        (1..).zip(self.tiers.iter().map(String::as_str))
    }

    /// What a tier is called.
    pub fn tier_name(&self, tier: u8) -> &str {
        self.tiers().find(|(number, _)| *number == tier).map_or("", |(_, name)| name)
    }

    /// The categories, in their order.
    pub fn categories(&self) -> &[Category] {
        &self.category
    }

    /// The questions, in their order.
    pub fn questions(&self) -> &[Question] {
        &self.question
    }

    /// The question of that id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.by_id.get(id).and_then(|place| self.question.get(*place))
    }

    /// The questions of a category.
    pub fn of<'a>(&'a self, category: &'a str) -> impl Iterator<Item = &'a Question> {
        self.question.iter().filter(move |question| question.category() == category)
    }

    fn checked(mut self) -> Result<Self, QuestionError> {
        within("questions", self.question.len(), limits::CSF_QUESTIONS_MAX)?;
        within("categories", self.category.len(), limits::CSF_QUESTIONS_MAX)?;
        named("version", std::slice::from_ref(&self.version), 1)?;
        named("levels", &self.levels, 2)?;
        named("tiers", &self.tiers, 2)?;
        let mut categories = BTreeSet::new();
        for category in &self.category {
            let rest = category.id.split_once('.').map_or("", |(_, rest)| rest);
            let is_id = category.function().is_some() && is_letters(rest);
            check(&category.id, is_id, "is no id of a category, as GV.OC")?;
            check(&category.id, is_text(&category.title), "has no title, or one that is too long")?;
            check(&category.id, categories.insert(category.id.as_str()), "is there twice")?;
        }
        let mut by_id = BTreeMap::new();
        for (place, question) in self.question.iter().enumerate() {
            let number = question.id.split_once('-').map_or("", |(_, number)| number);
            check(&question.id, is_letters(number), "is no id of a question, as GV.OC-01")?;
            check(&question.id, categories.contains(question.category()), "belongs to no category of this file")?;
            check(&question.id, is_text(&question.ask), "asks nothing, or too much")?;
            check(&question.id, (1..=WEIGHT_MAX).contains(&question.weight), "has a weight outside of 1 to 10")?;
            check(&question.id, by_id.insert(question.id.clone(), place).is_none(), "is there twice")?;
        }
        check("question", !by_id.is_empty(), "there is none")?;
        self.by_id = by_id;
        Ok(self)
    }
}

/// Refuses more than is read.
pub(super) fn within(what: &'static str, found: usize, max: usize) -> Result<(), QuestionError> {
    if found > max { Err(QuestionError::TooLarge { what, found, max }) } else { Ok(()) }
}

fn check(id: &str, is_so: bool, reason: &str) -> Result<(), QuestionError> {
    let short = || id.chars().take(40).collect();
    if is_so { Ok(()) } else { Err(QuestionError::Bad { id: short(), reason: reason.to_owned() }) }
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= limits::CSF_TEXT_BYTES_MAX
}

/// One to eight capital letters and digits.
fn is_letters(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (1..=8).contains(&text.len()) && text.bytes().all(is_letter)
}

fn named(what: &'static str, names: &[String], min: usize) -> Result<(), QuestionError> {
    within(what, names.len(), limits::CSF_LEVELS_MAX)?;
    check(what, names.len() >= min, "too few are named")?;
    check(what, names.iter().all(|name| is_text(name)), "one has no name, or one that is too long")
}
