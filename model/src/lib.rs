//! The nouns of the field as types that cannot hold nonsense, and the doors to the outside as traits.
//!
//! Everything else in Watchbell speaks in these types. Nothing here does I/O, reads a clock or draws a random number:
//! time and identity come in as values (see `ARCHITECTURE.md`, invariant 1).

pub mod context;
pub mod day;
pub mod detection;
pub mod document;
pub mod doors;
pub mod entity;
pub mod finding;
pub mod fingerprint;
pub mod grade;
pub mod id;
pub mod indicator;
pub mod level;
pub mod limits;
pub mod marking;
pub mod mobile;
pub mod month;
pub mod native;
pub mod note;
pub mod ocsf;
pub mod probe;
pub mod record;
pub mod register;
pub mod software;
pub mod time;
pub mod told;
pub mod vulnerability;
pub mod words;

pub use context::{NoRole, OpContext, Purpose, Role, Roles};
pub use day::Day;
pub use detection::{Analytic, Detection, Explained, Reason};
pub use entity::{Entity, EntityKind};
pub use finding::{FindingId, IncidentId};
pub use grade::{Credibility, Grade, Reliability};
pub use id::{AgencyId, EventId, SourceId};
pub use indicator::{Confidence, Indicator, IndicatorId, IndicatorKind};
pub use level::Level;
pub use marking::{Marking, Pap, Tlp};
pub use month::Month;
pub use native::{Fields, Scalar, Text};
pub use note::{Note, NoteReason};
pub use ocsf::Event;
pub use record::{Cursor, Format, RawRecord};
pub use time::Timestamp;
pub use told::{EpochUnit, ToldTime};
pub use vulnerability::CveId;
