//! How far a city is, by the Cybersecurity Framework 2.0 of NIST (CSWP 29): where it stands, where it wants to be, and how that changes from
//! year to year.
//!
//! Questions and steps are data ([`QuestionSet`]): those that come with the program bear the framework's ids and our own words, and another
//! file can take their place. What nobody has answered counts as the lowest step, a target that nobody has set as the
//! highest; both are counted and named, so that saying less never looks better. Means are plain or weighted as the questions say; a mean of steps orders, and is no measure of risk.
//!
//! Deliberately absent: the framework's texts, its informative references, and keeping anything.

mod answers;
mod figures;
mod posture;
mod questions;
mod table;
#[cfg(test)]
mod tests;
mod trend;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use answers::{Answer, Assessment, AssessmentError, CsfNote, Evidence, EvidenceSource};
pub use figures::{Counted, Figure, register_figures};
pub use posture::{
    CategoryPosture, Freshness, FunctionPosture, Gap, Means, Posture, PostureReason, Score, StaleEvidence,
};
pub use questions::{Category, Question, QuestionError, QuestionSet};
pub use table::{read_table, write_table};
pub use trend::{Change, TrendYear, trend};

/// The six functions of the framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Function {
    /// GV.
    Govern,
    /// ID.
    Identify,
    /// PR.
    Protect,
    /// DE.
    Detect,
    /// RS.
    Respond,
    /// RC.
    Recover,
}

/// A text that is none of the functions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no function; known are GV, ID, PR, DE, RS, RC")]
pub struct NoFunction(String);

impl Function {
    /// All of them, in the framework's order.
    pub const ALL: [Function; 6] = [
        Function::Govern,
        Function::Identify,
        Function::Protect,
        Function::Detect,
        Function::Respond,
        Function::Recover,
    ];

    /// The two letters.
    pub const fn id(self) -> &'static str {
        match self {
            Function::Govern => "GV",
            Function::Identify => "ID",
            Function::Protect => "PR",
            Function::Detect => "DE",
            Function::Respond => "RS",
            Function::Recover => "RC",
        }
    }

    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Function::Govern => "Govern",
            Function::Identify => "Identify",
            Function::Protect => "Protect",
            Function::Detect => "Detect",
            Function::Respond => "Respond",
            Function::Recover => "Recover",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Function {
    type Err = NoFunction;

    fn from_str(text: &str) -> Result<Self, NoFunction> {
        let found = Function::ALL.into_iter().find(|function| function.id() == text);
        found.ok_or_else(|| NoFunction(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Function {
    type Error = NoFunction;

    fn try_from(text: String) -> Result<Self, NoFunction> {
        text.parse()
    }
}

impl From<Function> for String {
    fn from(function: Function) -> String {
        function.id().to_owned()
    }
}
