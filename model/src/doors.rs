//! The doors to the outside, as traits. Implementations live in the crates that touch the world.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::{Cursor, Format, SourceId, Timestamp};

/// A future behind a `dyn` trait, written out.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where "now" comes from. The edge owns a real one, tests own a fake one.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A record on its way in, before the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Which source brings it; the source's configuration says which agency it belongs to.
    pub source: SourceId,
    /// Where the source can name it again; `None` when it cannot, and then the journal's offset names it.
    pub cursor: Option<Cursor>,
    /// When it reached us.
    pub received: Timestamp,
    /// What the source says it is; `None` lets the reader recognise it.
    pub format: Option<Format>,
    /// The bytes, without a line ending.
    pub body: Vec<u8>,
}

/// Where sources hand their records in.
pub trait Intake: Send + Sync {
    /// Resolves once every record of the batch is durable: only then may the source acknowledge. A batch is at most
    /// [`crate::limits::BATCH_RECORDS_MAX`] records and [`crate::limits::BATCH_BYTES_MAX`] bytes. Records that the
    /// source can name and that are kept already are accepted and stored once.
    fn submit(&self, batch: Vec<Incoming>) -> BoxFuture<'_, Result<(), IntakeError>>;
}

/// Why records were not taken. None of the batch counts as accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// Too much at once; try again later.
    #[error("ingest is busy, try again in {} s", retry_after.as_secs().max(1))]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The disk is full; ingest goes on by itself when there is room.
    #[error("no space left for the journal")]
    NoSpace,
    /// The journal has failed and takes nothing until the next start.
    #[error("the journal has failed: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
    /// The source is not configured.
    #[error("unknown source {0}")]
    UnknownSource(SourceId),
    /// Going down.
    #[error("ingest is shutting down")]
    Closed,
}
