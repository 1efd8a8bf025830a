//! Intelligence in flow order: what sources bring is gathered, brought together with what they said before, weighed, and made into the
//! index that detectors ask.

mod gather;
mod health;
mod index;
mod judge;
mod objects;
pub(crate) mod outlets;
mod read;

pub use ::intel::weigh::Detecting;
pub use gather::{GatherTally, Gathered, Gatherer, SourceDefaults};
pub use health::SourceHealth;
pub use index::{IndexError, each_indicator, write_index};
pub use judge::{Judge, JudgeSetting, SourceTerms};
pub use outlets::{
    LeftOut, OutletError, OutletFile, OutletForm, OutletMade, OutletSettings, OutletUse, RpzAction, RpzSettings,
};
pub use read::{IntelFormat, list_mapping};
