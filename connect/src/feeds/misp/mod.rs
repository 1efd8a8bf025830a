//! MISP, in both ways that it gives events away: a folder of files ([`folder`]), and the REST interface ([`rest`]).
//!
//! Events come as their bytes, for `formats::intel::misp`. Deliberately absent: galaxies and warning lists, pushing events to a
//! MISP, and the synchronisation of servers, which trusts more than a feed should.

pub mod folder;
pub mod rest;

use formats::Trouble;

use crate::fetch::{FetchError, Origin};

pub use folder::{Changes, Folder, Manifest};
pub use rest::{Cursor, Page, Pull, Rest};

/// What went wrong with a MISP.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MispError {
    /// It could not be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answers something else.
    #[error("{origin} gave no {what} of MISP: {detail}; hint: is this the address of a MISP, or of its feed's folder?")]
    Unreadable {
        /// Who was asked.
        origin: Origin,
        /// What was expected.
        what: &'static str,
        /// What was wrong with it; nothing of its content.
        detail: String,
    },
    /// No name of an event.
    #[error("{0:?} is no UUID of an event")]
    EventId(String),
    /// Pages that come again and again.
    #[error(
        "{origin} goes in circles after {pages} pages: page after page brings nothing new; what came before is kept"
    )]
    Loops {
        /// Who was asked.
        origin: Origin,
        /// How many pages came in this run.
        pages: u32,
    },
    /// The run has brought as much as it may.
    #[error(
        "{origin} has more than one run may bring ({pages} pages, {bytes} bytes, {events} events); the next run goes on behind them"
    )]
    RunLimit {
        /// Who was asked.
        origin: Origin,
        /// How many pages came.
        pages: u32,
        /// How many bytes.
        bytes: u64,
        /// How many events.
        events: u64,
    },
}

impl MispError {
    /// How long the server wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            MispError::Fetch(error) => error.retry_after(),
            _ => None,
        }
    }
}

fn unreadable(origin: &Origin, what: &'static str, trouble: Trouble) -> MispError {
    MispError::Unreadable { origin: origin.clone(), what, detail: trouble.detail }
}
