//! Intelligence in flow order: what sources bring is gathered, brought together with what they said before, weighed, and made into the
//! index that detectors ask.

mod gather;
mod health;
mod index;
mod judge;
mod objects;
mod read;
mod voices;

pub use ::intel::weigh::Detecting;
pub(crate) use gather::marking as stated_marking;
pub use gather::{GatherTally, Gathered, Gatherer, SourceDefaults};
pub use health::SourceHealth;
pub use index::{IndexError, each_indicator, write_index};
pub use judge::{Judge, JudgeSetting, SharedAs, SourceTerms};
pub use read::{IntelFormat, list_mapping};
pub(crate) use voices::Samples;
