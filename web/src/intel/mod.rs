//! Intelligence: who claims what about a thing and what it is worth, how the sources do, and what leaves by outlets.

pub(crate) mod indicator;
pub(crate) mod outlets;
pub(crate) mod sources;
