//! Names of software that everybody uses: package URLs and the dictionary names of NIST, and what advisories say about them.

pub mod advisory;
pub mod cpe;
pub mod purl;

pub use advisory::{Advisory, Bound, Comparator, Constraint, Event, Named, Range, Statement, Status, Voice};
pub use cpe::Cpe;
pub use purl::Purl;

#[cfg(test)]
mod tests;
