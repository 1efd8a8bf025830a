//! Events in the Open Cybersecurity Schema Framework, version 1.8.0.
//!
//! [`Event`] is one wide type for all classes: a class is a number that says which attributes to expect, and a class that
//! we do not know keeps its number. Attributes carry OCSF's names; what a record says beyond them stays in the untouched
//! record, which is kept beside every event.

mod class;
mod event;
mod objects;
mod observables;

pub use class::{Class, activity};
pub use event::{Attributes, Event};
pub use objects::*;
pub use observables::{Observable, ObservableKind};

/// The version of the schema that we write.
pub const VERSION: &str = "1.8.0";
