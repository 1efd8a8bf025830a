//! Behaviour: what is usual for one thing, learned from what it did so far, and how far it is from that now.
//!
//! Subjects are machines, services, devices and staff accounts, never citizens (invariant 11).

pub mod series;
