//! Intelligence in flow order: what sources bring is gathered, brought together with what they said before, weighed, and made into the
//! index that detectors ask.

mod city;
pub(crate) mod concern;
mod gather;
mod health;
mod index;
mod judge;
mod objects;
mod read;

pub use ::intel::weigh::Detecting;
pub use city::{City, CityError, CitySetting, StaffAccount, Technology};
pub use concern::{CONCERNING, Concern};
pub use gather::{GatherTally, Gathered, Gatherer, SourceDefaults};
pub use health::SourceHealth;
pub use index::{IndexError, each_indicator, write_index};
pub use judge::{Judge, JudgeSetting, SourceTerms};
pub use read::{IntelFormat, list_mapping};
