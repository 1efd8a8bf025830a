//! Intelligence: who claims what about a thing and what it is worth, how the sources do, who fits what was seen, and the month's brief.

pub(crate) mod brief;
pub(crate) mod indicator;
pub(crate) mod sources;
