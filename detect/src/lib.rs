//! Events in, detections out: indicators by the million and Sigma rules; what was seen, for indicators that come later; and what is unusual.
//!
//! A thinking crate: no I/O, no clock, no chance. Rules and indicator images are handed in as bytes; time comes with the
//! events.

pub mod behaviour;
pub mod indicators;
pub mod seen;
pub mod sigma;
pub mod suppress;
