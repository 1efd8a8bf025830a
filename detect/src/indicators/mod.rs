//! Indicators by the million: things known to belong to attacks, looked for in every event.
//!
//! A list becomes indicators ([`parse_list`]), indicators become the image of a segment ([`Builder`]), an image becomes a
//! [`Segment`] over whatever bytes hold it (a memory map, at best), segments and recent changes become an
//! [`IndicatorSet`], and [`Indicators`] publishes sets to any number of readers. [`IndicatorSet::find`] answers for one
//! observable, [`observe`] for one event.
//!
//! In front of every table stands a compact filter, so that a stranger, and nearly everything is one, costs one place in
//! memory. Whatever passes is compared with the true value: there are no false positives.
//!
//! A domain names its subdomains, whatever the domain is: a list that says `co.uk` means all of it, and [`ListReport`] says
//! so to whoever loads it. The Public Suffix List decides nothing in matching.
//!
//! Deliberately absent: matching inside texts (a domain in a command line), CIDR notation in events, STIX patterns.

mod blocks;
mod build;
mod claims;
mod delta;
mod filter;
mod find;
mod image;
mod key;
mod list;
mod merge;
mod name;
mod normal;
mod observe;
mod ranges;
mod segment;
mod set;
mod url;
pub(crate) mod wire;

pub use build::{BuildError, Builder, Built};
pub use claims::Claim;
pub use delta::{Delta, DeltaError};
pub use find::{Hit, How};
pub use image::OpenError;
pub use list::{Defaults, LineError, ListReport, is_broad, parse_line, parse_list};
pub use merge::merge;
pub use normal::{infer, normal};
pub(crate) use observe::age_days;
pub use observe::{observe, shortened, subject};
pub use segment::Segment;
pub use set::{IndicatorSet, Indicators, TooManySegments};
pub use wire::Damaged;
