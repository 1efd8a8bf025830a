//! The promises of the lake, one module each, through its public operations.

mod appending;
mod erasing;
mod hunting;
mod isolation;
mod masking;
mod outside;
mod replaying;
mod upkeep;
mod world;
