//! Intelligence: who claims what about a thing and what it is worth, how the sources do, and what people report.

pub(crate) mod indicator;
pub(crate) mod reports;
pub(crate) mod sources;
