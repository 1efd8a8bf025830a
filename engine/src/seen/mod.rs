//! What was seen, kept beside the lake: for each agency and day the values that an indicator could name, so that a new indicator is looked for
//! in months within seconds, and a block list is tried on past traffic before it blocks. Beside them, which software was seen on the city's own addresses.

mod files;
mod shelf;
mod software;
mod software_files;

#[cfg(test)]
mod tests;

pub use files::{SeenError, SeenFiles, SweepReport};
pub use shelf::SeenShelf;
pub use software::{OwnAddresses, SoftwareRow, SoftwareTimes};
