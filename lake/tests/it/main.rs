//! The promises of the lake, one module each, through its public operations.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail the test that calls them")]

mod appending;
mod erasing;
mod hunting;
mod isolation;
mod masking;
mod outside;
mod replaying;
mod upkeep;
mod world;
