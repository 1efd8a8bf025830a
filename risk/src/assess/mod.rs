//! From the register to what is at stake: where the city stands, what each item's compromise leads to, which vulnerability first, and which
//! service may open first.
//!
//! [`crate::city`], [`crate::network`] and [`crate::order`] know numbers only; here the register's items and links become such numbers, by the
//! city's [`Policy`]. What nobody has said counts as the worst that it could be, and is named ([`Unsaid`]):
//!
//! | unsaid | counts as |
//! |---|---|
//! | exposure | public |
//! | personal data of a service, application or data store | data of the dearest category, of all residents |
//! | residents | all residents of the city |
//! | whether lives hang on a service or device | they do |
//! | whether vulnerabilities were looked for | whatever the public tries may succeed |
//!
//! Retired items and their links count for nothing; planned ones have no causes of their own until they run, but are among the services that
//! might open. A service, its own data and the store of that data are counted once: where an item stores a category of data in another, the
//! harm stands at the other.
//!
//! Deliberately absent: deciding. The verdicts say what the city's own tolerance says.

mod causes;
mod graph;
mod harms;
mod offers;
mod openings;
mod posture;
mod say;

use std::collections::{BTreeMap, BTreeSet};

use model::register::{Item, ItemId, ItemKind, Link};
use serde::Serialize;

use crate::chance::Chance;
use crate::city::CityError;
use crate::controls::Assessed as AssessedShares;
use crate::frequency::{FrequencyError, Watch};
use crate::interval::Probability;
use crate::order::OrderError;
use crate::policy::Policy;

pub use openings::{Condition, OpeningOf, OpeningWhy};
pub use posture::{CityPosture, FlawHarm, ItemRisk, ServiceLoss};
pub use say::level;

/// The seed of all draws: two states of a city differ by what changed, and not by chance.
const SEED: u64 = 0x5741_5443_4842_454c;

/// A vulnerability on an item that is open; one whose risk somebody carries is there all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaw {
    /// On which item.
    pub item: ItemId,
    /// The probability that somebody tries it within thirty days. `None` for one that nobody ranked: it counts as certain.
    pub tried: Option<Probability>,
}

/// Everything that an assessment follows from.
#[derive(Clone, Copy, Debug)]
pub struct Given<'g> {
    /// Items of the register.
    pub items: &'g BTreeMap<ItemId, Item>,
    /// Links between them.
    pub links: &'g [Link],
    /// Vulnerabilities on them.
    pub flaws: &'g [Flaw],
    /// Items on which vulnerabilities were looked for lately.
    pub checked: &'g BTreeSet<ItemId>,
    /// What assessments found of each service's controls, by the controls' ids.
    pub controls: &'g BTreeMap<ItemId, BTreeMap<String, AssessedShares>>,
    /// What the gate of each app for telephones still misses: nothing for one that passed. An app that is not here has not been at the gate.
    pub gates: &'g BTreeMap<ItemId, Vec<String>>,
    /// What was seen of compromises, by the kind of thing.
    pub watches: &'g BTreeMap<ItemKind, Watch>,
    /// What the city believes and tolerates.
    pub policy: &'g Policy,
}

/// Something that nobody has said of an item, and that therefore counts as the worst that it could be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unsaid {
    /// Of which item.
    pub item: ItemId,
    /// What.
    pub what: &'static str,
}

/// Why nothing can be assessed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AssessError {
    /// The city cannot be reckoned.
    #[error("the city cannot be reckoned")]
    City(#[from] CityError),
    /// The openings cannot be compared.
    #[error("the openings cannot be compared")]
    Order(#[from] OrderError),
    /// What was seen cannot be reckoned with.
    #[error("what was seen of compromises cannot be reckoned with")]
    Rate(#[from] FrequencyError),
}

/// Where the city stands, and which vulnerability does most harm.
///
/// # Errors
/// When something does not fit together, or is more than can be reckoned with.
pub fn posture(given: &Given<'_>, draws: u64) -> Result<CityPosture, AssessError> {
    posture::of(given, draws, &Chance::new(SEED))
}

/// Which service may open to the public first, and what would move the others up.
///
/// # Errors
/// As [`posture`].
pub fn openings(given: &Given<'_>, belief_draws: usize) -> Result<Vec<OpeningOf>, AssessError> {
    openings::of(given, belief_draws, &Chance::new(SEED))
}

#[cfg(test)]
mod tests;
