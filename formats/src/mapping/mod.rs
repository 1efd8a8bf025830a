//! Any other JSON: read by mappings that users write in TOML.
//!
//! ```toml
//! [[mapping]]
//! name = "door controller"              # shown in messages
//! class = "Authentication"              # a class's caption or number
//! activity = { field = "action", map = { open = 1, close = 2 }, default = 99 }
//! severity = 1                          # a number, or chosen by a field like the activity
//! product = { vendor = "Acme", name = "Door" }
//!
//! [mapping.match]                       # all must hold; the first mapping that matches is used
//! "device.kind" = "door"                # equals
//! "action" = ["open", "close"]          # is one of
//! "badge.id" = { exists = true }        # is there (or, with false, is not)
//!
//! [mapping.time]
//! field = "at"
//! format = "seconds"                    # rfc3339 (the default), seconds, milliseconds, microseconds, nanoseconds,
//!                                       # or a strftime pattern such as "%d/%b/%Y:%H:%M:%S %z"
//!
//! [mapping.set]                         # attribute = constant
//! "service.name" = "door"
//!
//! [mapping.fields]                      # attribute = field of the record, dots between the levels
//! "user.name" = "badge.holder"
//! "src_endpoint.ip" = "reader.address"
//! "status_id" = { field = "result", map = { ok = 1, refused = 2 }, default = 0 }
//! ```
//!
//! Attributes are those of [`model::ocsf::Attributes`] under OCSF's names; `unmapped.anything` takes what has none. Values are
//! made to fit: `"443"` becomes a port, `1` a text where the attribute is one, a single value a list, and a number that an
//! enumeration does not have becomes 99, "other". What cannot be made to fit, such as a host's name where an address belongs,
//! leaves its attribute out and a note behind. A mapping that names an unknown attribute, a wrong constant or a bad pattern is refused when it is read, with its name and key. Deliberately
//! absent: expressions; what needs them is a format of its own.

mod apply;
mod file;
mod target;
#[cfg(test)]
mod tests;

use model::Fields;
use model::ocsf::{Class, Event};

use crate::{Head, Trouble};
use target::Target;

pub use file::MappingError;

/// The mappings of an installation, in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    list: Vec<Mapping>,
}

/// One mapping.
#[derive(Clone, Debug)]
struct Mapping {
    name: String,
    conditions: Vec<(String, Condition)>,
    class: Class,
    activity: Choice,
    severity: Choice,
    vendor: Option<String>,
    product: Option<String>,
    time: Option<(String, TimeFormat)>,
    set: Vec<(Target, serde_json::Value)>,
    fields: Vec<(Target, Origin)>,
}

/// What a field must be.
#[derive(Clone, Debug)]
enum Condition {
    OneOf(Vec<String>),
    Exists(bool),
}

/// A number that is fixed or follows from a field.
#[derive(Clone, Debug)]
enum Choice {
    Fixed(u32),
    ByField { field: String, map: Vec<(String, u32)>, default: u32 },
}

/// Where an attribute's value comes from.
#[derive(Clone, Debug)]
struct Origin {
    field: String,
    /// What values become; empty when they are taken as they are.
    map: Vec<(String, serde_json::Value)>,
    default: Option<serde_json::Value>,
}

/// How a time is written.
#[derive(Clone, Debug)]
enum TimeFormat {
    Rfc3339,
    /// So many a second.
    Number(f64),
    Pattern(String),
}

impl Mappings {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When the text is no TOML, or a mapping in it cannot work; the error names the mapping and the key.
    ///
    /// ```
    /// let file = r#"
    ///     [[mapping]]
    ///     name = "door"
    ///     class = 3002
    ///     match = { kind = "door" }
    ///     fields = { "user.name" = "holder" }
    /// "#;
    /// let mappings = formats::Mappings::parse(file)?;
    /// assert_eq!(mappings.len(), 1);
    /// # Ok::<(), formats::MappingError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        file::parse(text).map(|list| Mappings { list })
    }

    /// Adds the mappings of another file behind these.
    pub fn extend(&mut self, other: Mappings) {
        self.list.extend(other.list);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Turns the fields of a JSON record into an event by the first mapping that matches; what none matches becomes a base
    /// event.
    pub(crate) fn event(&self, fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
        match self.list.iter().find(|mapping| mapping.matches(fields)) {
            Some(mapping) => mapping.event(fields, head),
            None => apply::unmapped(fields, head),
        }
    }
}
