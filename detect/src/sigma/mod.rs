//! Sigma 2: rules as their authors write them, matched against records under their own field names.
//!
//! The specification is version 2.0 of the Sigma project (rules, conditions, modifiers, filters, correlations). YAML is
//! parsed by `rsigma-parser`; everything from there on is ours, and `tests/sigma_oracle.rs` holds it against `rsigma-eval`.
//! A rule that does not load is reported with its file and reason and stops nothing else.
//!
//! How it is fast: records are split by log source, what the split decides is decided once ([`partition`]); all texts that
//! rules look for in a field stand in one automaton; what was found in a value is remembered, because values recur ([`memo`]); a
//! rule is looked at only when a text was seen that every match of it needs; nothing is allocated for a record that matches
//! nothing and whose values are known.

mod compare;
mod correlation;
mod detector;
mod explain;
mod hostile;
mod load;
mod lower;
mod memo;
mod modifiers;
mod necessary;
mod partition;
mod pattern;
mod routing;
mod rule;
mod scratch;
mod test;
mod texts;

use std::collections::BTreeMap;

pub use correlation::{CorrelationState, Correlator, Losses};
pub use detector::{Matcher, Seen};
pub use load::{LoadError, RuleFile, RuleSet};
pub use routing::{Router, RoutingError, Source};
pub use rule::TACTICS;

/// Values for the placeholders of `expand`: `%Administrators%` → the accounts that a city calls so.
pub type Placeholders = BTreeMap<String, Vec<String>>;
