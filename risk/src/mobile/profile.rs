//! The controls as data: which there are, and which an app needs.

use model::register::Item;
use serde::{Deserialize, Serialize};

const BUILT_IN: &str = include_str!("../../data/masvs.toml");

/// How much an app needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Of each app.
    Always,
    /// Of apps that handle specially protected data, or on which lives hang.
    Strong,
}

impl Needs {
    /// What an item needs. What nobody has said is no reason for less.
    pub fn of(item: &Item) -> Self {
        let is_special = match &item.data {
            None => true,
            Some(held) => held.iter().any(|held| held.category.is_special()),
        };
        if is_special || item.is_life_safety != Some(false) { Needs::Strong } else { Needs::Always }
    }

    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Needs::Always => "always",
            Needs::Strong => "strong",
        }
    }
}

/// A control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its id, such as `MASVS-STORAGE-1`.
    pub id: String,
    /// Which apps need it.
    pub needs: Needs,
    /// What is asked, in our words.
    pub question: String,
}

impl Control {
    /// The group that it stands in: `STORAGE` of `MASVS-STORAGE-1`.
    pub fn group(&self) -> &str {
        self.id.split('-').nth(1).unwrap_or_default()
    }
}

/// The controls of a version of the standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Which version.
    pub version: String,
    /// Its controls, in its order.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is not of that form.
    #[error("not the form of a profile: {0}")]
    Form(String),
    /// A control is there twice, or its id is none.
    #[error("{0:?} is no id of a control, or there twice")]
    Control(String),
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// When the text is not of that form, or a control is there twice.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let profile: Profile = toml::from_str(text).map_err(|error| ProfileError::Form(error.message().to_owned()))?;
        let mut seen = std::collections::BTreeSet::new();
        for control in &profile.controls {
            if control.group().is_empty() || !seen.insert(&control.id) {
                return Err(ProfileError::Control(control.id.clone()));
            }
        }
        Ok(profile)
    }

    /// The profile that comes with the program: MASVS 2.1.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn built_in() -> Result<Self, ProfileError> {
        Profile::read(BUILT_IN)
    }

    /// A control by its id.
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }
}
