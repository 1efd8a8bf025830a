//! What every reader is told about a record, and how it says what went wrong.

use model::{AgencyId, EventId, NoteReason, Timestamp};

/// What is known about a record before its bytes are read.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its name.
    pub id: EventId,
    /// Whose it is.
    pub agency: &'a AgencyId,
    /// When it reached us: the time of events that have none of their own.
    pub received: Timestamp,
}

/// Something wrong with one record, before the caller adds file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which sort.
    pub reason: NoteReason,
    /// The particulars: where in the record and what was expected; never the record's content.
    pub detail: String,
}

impl Trouble {
    /// The record is not in the format that it should be in.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Trouble { reason: NoteReason::Malformed, detail: detail.into() }
    }

    /// A limit was met.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Trouble { reason: NoteReason::TooLarge, detail: detail.into() }
    }

    /// A part could not be taken over.
    pub fn part_lost(detail: impl Into<String>) -> Self {
        Trouble { reason: NoteReason::PartLost, detail: detail.into() }
    }

    /// There is no usable time in the record.
    pub fn no_time(detail: impl Into<String>) -> Self {
        Trouble { reason: NoteReason::NoTime, detail: detail.into() }
    }
}

/// A head for tests.
#[cfg(test)]
pub(crate) struct Here {
    agency: AgencyId,
}

#[cfg(test)]
impl Default for Here {
    fn default() -> Self {
        Here { agency: AgencyId::home() }
    }
}

#[cfg(test)]
impl Here {
    pub(crate) fn head(&self) -> Head<'_> {
        Head { id: EventId::default(), agency: &self.agency, received: Timestamp::from_millis(1_700_000_000_000) }
    }
}
