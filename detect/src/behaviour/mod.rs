//! Behaviour: what is unusual, by what was before.

pub mod edges;
