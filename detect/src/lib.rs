//! Events in, detections out: indicators by the million and Sigma rules.
//!
//! A thinking crate: no I/O, no clock, no chance. Rules and indicator images are handed in as bytes; time comes with the
//! events.

pub mod indicators;
pub mod sigma;
pub mod suppress;
