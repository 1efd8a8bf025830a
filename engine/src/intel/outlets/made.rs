//! What was made for an outlet, as it is kept and told.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// A file of an outlet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutletFile {
    /// Its name.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// BLAKE3 of its content, in hexadecimal digits.
    pub hash: String,
    /// What a server says that it is.
    pub media_type: String,
}

/// Indicators that are not in it, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The reason.
    pub why: String,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: String,
}

/// What was made for an outlet last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutletMade {
    /// Changes whenever the content does.
    pub version: String,
    /// Changes whenever the entries or the settings do, whatever the form makes of them.
    #[serde(default)]
    pub(crate) source: String,
    /// Of a policy zone, the number of this version.
    #[serde(default)]
    pub serial: Option<u32>,
    /// How many indicators it carries.
    pub entries: u64,
    /// How many it does not carry, by reason.
    pub left: Vec<LeftOut>,
    /// How many it carries in part, by what is missing.
    #[serde(default)]
    pub narrowed: Vec<LeftOut>,
    /// Its files, the one first that is given when none is named.
    pub files: Vec<OutletFile>,
    /// Earlier versions whose names are still kept, the oldest first, with their numbers: of policy zones.
    #[serde(default)]
    pub earlier: Vec<(String, u32)>,
    /// When the gate was asked: what was cleared longer ago than an hour is not served.
    pub cleared: Option<Timestamp>,
    /// When the content changed.
    pub changed: Option<Timestamp>,
    /// How long making it took.
    pub millis: u64,
}

impl OutletMade {
    /// Reads what was kept; nothing when there is nothing yet.
    pub fn read(made: &str) -> Option<Self> {
        serde_json::from_str(made).ok()
    }

    /// All files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// What comes of writing an outlet's files.
pub(crate) struct Making {
    /// What was made.
    pub(crate) made: OutletMade,
    /// Whether its content is new.
    pub(crate) is_new: bool,
}
