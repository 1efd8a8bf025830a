//! The door to where events are kept for months. The lake implements it, at the edge; detecting needs none of it.

use model::doors::BoxFuture;
use model::{Event, SourceId, Timestamp};

/// One row on its way: an event with the record that it was read from, or the copy of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct ShelfRow {
    /// The normalised event.
    pub event: Event,
    /// The untouched record.
    pub raw: Vec<u8>,
    /// Which source brought it.
    pub source: SourceId,
    /// When it reached us.
    pub received: Timestamp,
    /// Its number in the order that its consumer goes by: the journal's offset, or a finding's number.
    pub number: u64,
}

/// The shelf refuses; trying again is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ShelfError {
    /// What happened, with its causes.
    pub reason: String,
}

/// Where events are kept. Every consumer has an order of its own; what has a number at or below what the consumer handed
/// in before is left out, so that whoever is unsure hands in again.
pub trait Shelf: Send + Sync {
    /// The greatest number of the consumer that is durable, `None` before the first.
    fn committed<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Option<u64>, ShelfError>>;

    /// Takes the consumer's rows, up to and including number `upto`; what lies between needs no row.
    fn append<'a>(&'a self, consumer: &'a str, rows: Vec<ShelfRow>, upto: u64)
    -> BoxFuture<'a, Result<(), ShelfError>>;

    /// Makes durable what has waited long enough. Called about once a second.
    fn flush_if_due(&self) -> BoxFuture<'_, Result<(), ShelfError>>;

    /// Makes everything durable now.
    fn flush(&self) -> BoxFuture<'_, Result<(), ShelfError>>;
}
