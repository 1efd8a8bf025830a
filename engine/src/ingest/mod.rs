//! The watch itself: records in, durable; looked at by all detectors; findings kept; events handed to the lake.
//!
//! ```text
//! sources ─▶ intake ─▶ journal ─▶ watch ─▶ findings and offset, one SQL transaction
//!                         │         │
//!                         │         └─▶ shelve ─▶ lake (its own offset, in its own commit)
//!                         └──────────────▲ what the lake missed is read again
//! ```
//! The journal's offsets are the only order. Detection never waits for the lake for long and never fails with it: what
//! the lake did not take stays in the journal, and is read again from there.
//!
//! Deliberately absent: sockets (`connect`), the table format (`lake`, behind [`Shelf`]), and SQL (`store`).

mod counters;
mod intake;
mod look;
mod memory;
mod shelf;
mod shelve;
pub(crate) mod shown;
mod watch;

pub use counters::{Counters, CountersSnapshot};
pub use intake::JournalIntake;
pub use look::Look;
pub use shelf::{Shelf, ShelfError, ShelfRow};
pub use shelve::{EVENTS, FINDINGS};
pub use watch::{Watch, WatchError, WatchOptions, WatchParts, cut_at};
