//! What must last: the event journal and all SQL.
//!
//! [`journal`] knows nothing of SQL: it is the sync core that takes records in, makes them durable and hands them on in
//! order. [`state`] is everything that is kept in SQLite or PostgreSQL. Neither knows Arrow; the lake is its own crate.

pub mod journal;
pub mod ledger;
pub mod register;
pub mod state;
pub mod vault;
