//! What is known about threats, and what it is worth: patterns over observed data, claims weighed against each other.
//!
//! Feeds and people claim things; nothing here believes them. What a claim is worth follows from who says it, how old it is,
//! and what became of earlier claims from there, and every number carries its reasons.
//!
//! Deliberately absent: reading feeds' formats (`formats::intel`), fetching (`connect`), keeping (`store`), and matching
//! against events (`detect::indicators`).

// What a claim is worth.
// What is found in feeds and texts.
// What it means, and what of it may leave.
pub mod blast;
pub mod brief;
pub mod decay;
pub mod fit;
pub mod lookalike;
pub mod lookup;
pub mod mine;
pub mod pattern;
pub mod release;
pub mod rules;
pub mod trust;
pub mod voices;
pub mod watch;
pub mod weigh;
pub mod weight;
pub mod words;
