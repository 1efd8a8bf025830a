//! Intelligence: sources, what each of them claims, what was seen of it, and what is known of those behind it.
//!
//! A claim is a row of one source about one thing; an indicator is all rows about the same thing. Nothing here weighs them.

mod claims;
mod merge;
mod objects;
pub(super) mod reports;
mod sightings;
mod sources;
mod voices;

pub use claims::{ClaimsFor, IndicatorAsked, KeptClaim, NewClaim};
pub(super) use claims::{kind, marking};
pub use merge::{MergeCounts, MergeKind};
pub use objects::{IntelObject, NewIntelObject};
pub use reports::{Attachment, NewReport, Report, ReportId, ReportStatus};
pub(super) use sightings::keep as keep_sightings_in;
pub use sightings::{NewSighting, Sightings};
pub use sources::{IntelSource, NewIntelSource, SourceNumber};
pub use voices::SourceVoice;

pub(super) const STATEMENTS: &[&str] = &[
    sources::INSERT,
    sources::NEXT_NUMBER,
    sources::SELECT_ALL,
    sources::SELECT_NAMED,
    sources::SELECT_EVERYWHERE,
    sources::SET_CONFIG,
    sources::SET_PAUSED,
    sources::REMOVE,
    sources::KEEP_RUN,
    claims::SELECT_ON,
    claims::SELECT_OF,
    claims::SELECT_CHANGED,
    claims::COUNT_OF,
    claims::SEARCH,
    merge::SELECT_DIGESTS,
    merge::DELETE_SOURCE,
    merge::DELETE_GONE,
    sightings::KEEP,
    sightings::SELECT_ON,
    sightings::SELECT_LATEST,
    sightings::SELECT_CLAIMED,
    sightings::SELECT_MARK,
    sightings::SELECT_SEEN,
    sightings::DELETE_BEFORE,
    voices::DELETE,
    voices::INSERT,
    voices::SELECT,
    objects::SELECT,
    objects::SELECT_ONE,
    objects::COUNT_BY_TYPE,
    objects::DELETE_SOURCE,
    reports::INSERT,
    reports::ATTACH,
    reports::SELECT_ALL,
    reports::SELECT_ONE,
    reports::SELECT_ATTACHED,
    reports::SELECT_ATTACHMENT,
    reports::DECIDE,
    reports::COUNT,
];

/// The statements that are made for many rows at once, for the test that prepares all of them.
pub(super) fn bulk_statements() -> Vec<&'static str> {
    [merge::UPSERT.statements(), merge::GONE.statements(), merge::REMOVE.statements(), objects::UPSERT.statements()]
        .concat()
}
