//! How a source does: what its last run brought, what went wrong, and when it is asked again.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::state::IntelSource;

use super::gather::GatherTally;
use crate::office::Brought;

/// How a source does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceHealth {
    /// When it was asked last.
    pub last_try: Option<Timestamp>,
    /// When it did well last.
    pub last_success: Option<Timestamp>,
    /// When it is asked again.
    pub next: Option<Timestamp>,
    /// How often in a row it went wrong.
    pub failures: u32,
    /// What went wrong last, if the last run did.
    pub error: Option<String>,
    /// How long the last run took.
    pub millis: u64,
    /// How much it brought.
    pub bytes: u64,
    /// What the last run that brought anything changed.
    pub brought: Brought,
    /// What became of its records.
    pub tally: GatherTally,
}

impl SourceHealth {
    /// That of a source; of one that was never asked, nothing.
    pub fn of(source: &IntelSource) -> Self {
        serde_json::from_str(&source.health).unwrap_or_default()
    }

    /// In a word: `new`, `paused`, `good`, `failing`.
    pub fn status(&self, source: &IntelSource) -> &'static str {
        match (source.paused, self.last_try, self.failures) {
            (Some(_), ..) => "paused",
            (None, None, _) => "new",
            (None, Some(_), 0) => "good",
            (None, Some(_), _) => "failing",
        }
    }
}
