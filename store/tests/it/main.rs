//! What `store` promises, through its public operations.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod damage;
mod documents;
mod intel;
mod jobs;
mod journal;
mod kit;
mod ledger;
mod outlets;
mod peers;
mod people;
mod power;
mod register;
mod reports;
mod sealed;
mod space;
mod state;
mod taxii;
#[path = "../torture/mod.rs"]
mod torture;
mod torture_short;
mod upgrade;
mod vulnerabilities;
