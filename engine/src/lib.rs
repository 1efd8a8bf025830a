//! Every operation of Watchbell, in flow order.

pub mod access;
pub mod content;
pub mod detectors;
pub mod entrance;
pub mod ingest;
pub mod intel;
pub mod jobs;
pub mod known;
pub mod ledger;
mod lines;
pub mod office;
pub mod retro;
pub mod rule_tests;
pub mod scan;
pub mod seen;
pub mod share;
pub mod unpack;
pub mod validate;
