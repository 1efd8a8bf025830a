//! What was seen, kept beside the lake: for each agency and day the values that an indicator could name, so that a new indicator is looked for
//! in months within seconds, and a block list is tried on past traffic before it blocks.

mod files;
mod shelf;

#[cfg(test)]
mod tests;

pub use files::{SeenError, SeenFiles, SweepReport};
pub use shelf::SeenShelf;
