//! Months of events in an open table format, and bounded SQL over them.
//!
//! The table is Delta Lake (Parquet files and a log) in the data folder: any engine that reads Delta or Parquet reads it
//! as it is. This is the only crate that knows Arrow and DataFusion. The journal's order is the only order: a consumer's
//! offset is in the very commit that has its rows, so replaying the journal changes nothing (`DESIGN.md`, section 3).
//!
//! Deliberately absent: concurrent writers, updates, and any write through SQL.

mod buffer;
mod column;
mod encode;
mod error;
mod files;
mod hunt;
mod lake;
mod log;
mod ocsf_columns;
mod record;
mod replay;
mod schema;
mod statistics;
mod upkeep;

pub use error::LakeError;
pub use hunt::{HuntColumn, HuntError, HuntLimits, HuntPage, HuntStream, HuntSummary, Masking, Pushdown, Scanned};
pub use hunt::{write_csv_header, write_csv_row, write_json_row};
pub use lake::{Appended, Lake, LakeOptions};
pub use record::LakeRecord;
pub use replay::{KeptRecord, Replay};
pub use schema::{EVENTS, column_paths};
pub use upkeep::{
    CheckedFile, ErasureReport, ErasureTerm, LegalHold, MaintenanceReport, Matcher, PersonalHit, Retention,
    RetentionRule, SearchReport,
};
