//! Types of information, and what is at stake with each.

use serde::{Deserialize, Serialize};

use super::item::Impact;

/// A type of information, as a catalogue has it: SP 800-60, volume 2, say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InformationType {
    /// Its id there, for example `C.3.3.7`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it stands under; may be empty.
    pub category: String,
    /// If it became known; `None` where that does no harm, as with what is public anyway.
    pub confidentiality: Option<Impact>,
    /// If it were wrong.
    pub integrity: Option<Impact>,
    /// If it were not there.
    pub availability: Option<Impact>,
}
