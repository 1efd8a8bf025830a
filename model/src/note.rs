//! What could not be read, kept so that nobody has to guess.

use serde::{Deserialize, Serialize};

use crate::Cursor;

/// Something that went wrong with one record. It never stops the batch that the record came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// File or source.
    pub source: String,
    /// Where in it.
    pub cursor: Option<Cursor>,
    /// Line, from 1, where lines exist.
    pub line: Option<u64>,
    /// What was wrong.
    pub reason: NoteReason,
    /// The particulars, without the record's content.
    pub detail: String,
}

/// The kinds of trouble, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoteReason {
    /// The bytes are not in the format that they should be in.
    Malformed,
    /// No reader recognised the record.
    UnknownFormat,
    /// A limit of `model::limits` was met.
    TooLarge,
    /// The record has no time that we understand; the time of arrival stands in.
    NoTime,
    /// A part was left out of the normalised event; the untouched record still has it.
    PartLost,
    /// A compressed input ended early or grew beyond its limits.
    BadArchive,
}

impl NoteReason {
    /// The reason as a person would say it.
    pub fn text(self) -> &'static str {
        match self {
            NoteReason::Malformed => "malformed",
            NoteReason::UnknownFormat => "format not recognised",
            NoteReason::TooLarge => "over a limit",
            NoteReason::NoTime => "no usable time",
            NoteReason::PartLost => "part not understood",
            NoteReason::BadArchive => "broken archive",
        }
    }
}
