//! The seven steps of the Risk Management Framework (NIST SP 800-37, revision 2) for one service: what was said, what is missing, and
//! what has changed since a service was let run.
//!
//! A step is done when nothing is missing for it: nobody ticks it off. What changed since the authorization opens steps again, see
//! [`drift`]. What the program can see for itself is judged by [`checks`].
//!
//! Deliberately absent: the texts of controls (they are imported), the documents in OSCAL (`formats::oscal::build`), signing and keeping
//! (`engine`).

mod boundary;
pub mod checks;
mod drift;
mod inherit;
mod package;
mod select;
mod steps;

pub use boundary::boundary;
pub use drift::{Drift, DriftKind, Facts, ItemFacts, SignedDocument, drift};
pub use inherit::{InheritTrouble, provider};
pub use package::{
    Action, ActionStatus, Assessed, AuthorizationHead, Boundary, Decision, Done, Evidence, How, Implementation, Method,
    Package, Selection, Source, Step, Tailoring,
};
pub use select::{Baseline, baseline};
pub use steps::{Around, StepState, StepView, Summary, steps, summary};

#[cfg(test)]
mod tests;
