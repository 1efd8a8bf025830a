//! Every operation of Watchbell, in flow order.

pub mod content;
pub mod detectors;
pub mod ingest;
pub mod ledger;
mod lines;
pub mod retro;
pub mod rule_tests;
pub mod scan;
pub mod unpack;
pub mod validate;
