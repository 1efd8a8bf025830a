//! Intelligence in flow order: what sources bring is gathered, brought together with what they said before, weighed, and made into the
//! index that detectors ask.

mod actors;
mod city;
pub(crate) mod concern;
mod gather;
mod health;
mod index;
mod judge;
pub mod layout;
mod objects;
pub(crate) mod outlets;
pub(crate) mod past;
pub(crate) mod patterns;
mod read;
mod voices;

pub use ::intel::brief::{Brief, Figures, Part, Section, Topic};
pub use ::intel::fit::{Fit, Fitting, Observation, Observed};
pub use ::intel::weigh::Detecting;
pub use actors::Actors;
pub use city::{City, CityError, CitySetting, StaffAccount, Technology};
pub use concern::{CONCERNING, Concern};
pub(crate) use gather::marking as stated_marking;
pub use gather::{GatherTally, Gathered, Gatherer, SourceDefaults};
pub use health::SourceHealth;
pub use index::{IndexError, each_indicator, write_index};
pub use judge::{Judge, JudgeSetting, SharedAs, SourceTerms};
pub use outlets::{
    LeftOut, OutletError, OutletFile, OutletForm, OutletMade, OutletSettings, OutletUse, RpzAction, RpzSettings,
};
pub use past::{BackReport, LookedBack};
pub use patterns::PatternsKnown;
pub use read::{IntelFormat, list_mapping};
pub(crate) use voices::Samples;
