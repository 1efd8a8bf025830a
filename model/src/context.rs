//! On whose behalf something happens.

use serde::Serialize;

use crate::{AgencyId, Timestamp};

/// Goes first into every operation: who, for which agency, why, and when "now" is.
#[derive(Clone, Debug)]
pub struct OpContext {
    /// The agency whose data the operation may see.
    pub agency: AgencyId,
    /// Who acts: an operating-system account, a service token, later a person.
    pub actor: String,
    /// Why personal data is needed, if it is.
    pub purpose: Option<Purpose>,
    /// The time that the operation is judged by.
    pub now: Timestamp,
}

/// Why somebody looks at personal data. Free text with a floor, because an empty purpose is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Purpose(Box<str>);

impl Purpose {
    /// Least letters that a purpose must have.
    pub const CHARS_MIN: usize = 8;

    /// A purpose of at least [`Purpose::CHARS_MIN`] letters; `None` when it is shorter.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.chars().count() >= Purpose::CHARS_MIN).then(|| Purpose(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
