//! What is at stake: how often it happens, what it costs, what holds it back, what depends on what, and which vulnerability
//! first.
//!
//! Everything here is arithmetic over values that others bring. A number comes with its interval, and what is not known makes
//! the interval wider and never the risk smaller. Functions of the system's library differ in the last bit from processor to
//! processor; those of `libm` do not, so that the same input gives the same bytes everywhere.
//!
//! Deliberately absent: the register and what is kept of it (`store`), reading files of others (`formats`), and deciding what
//! to do (`prescribe`).

// Numbers and their doubts.
pub mod belief;
pub mod chance;
pub mod interval;
mod special;

// How often, how much, what holds it back, and all of it together.
pub mod compound;
pub mod controls;
mod fft;
pub mod frequency;
pub mod severity;

// What depends on what, and what that means for a city and for opening a service; from the register to all of it, by the city's own policy.
pub mod assess;
pub mod bayes;
pub mod categorize;
pub mod city;
pub mod network;
pub mod order;
pub mod policy;
pub mod rmf;

// Who has to be told by when.
pub mod duties;

// How likely each entity is in wrong hands, and how much that matters.
pub mod scores;

// Vulnerabilities, what they are in, who delivers it, and apps for telephones.
pub mod matching;
pub mod mobile;
pub mod suppliers;
pub mod vulnerability;

// How far a city is, and how that is beside others.
pub mod benchmark;
pub mod csf;

pub use interval::{Interval, Probability};
