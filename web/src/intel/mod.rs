//! Intelligence: who claims what about a thing and what it is worth, how the sources do, what people report, who fits what was seen, the month's
//! brief, and what leaves by outlets.

pub(crate) mod brief;
pub(crate) mod indicator;
pub(crate) mod outlets;
pub(crate) mod reports;
pub(crate) mod sources;
