//! What things usually do, and what is unlike it.
//!
//! Subjects are staff accounts, services, machines and devices, never citizens (`ARCHITECTURE.md`, invariant 11).

pub mod edges;
pub mod flood;
pub mod probe;
pub mod series;
