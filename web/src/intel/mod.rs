//! Intelligence: who claims what about a thing and what it is worth, and how the sources do.

pub(crate) mod indicator;
pub(crate) mod sources;
