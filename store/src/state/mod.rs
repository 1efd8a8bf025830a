//! Everything that is kept in SQL: SQLite by default, PostgreSQL to grow.
//!
//! One string for both engines (`$1` placeholders, times as microseconds in BIGINT, no dialect), one file for each
//! aggregate, statements beside the functions that bind them, never built from input. Every query is scoped by the agency
//! of the [`OpContext`](model::OpContext); the few that cannot be say so.
//!
//! SQLite runs in WAL mode and syncs at each commit, so that what was committed survives a power cut.
//!
//! Absent on purpose: an object mapper, and macros that need a database to compile.

mod bulk;
mod consumers;
mod database;
mod documents;
mod erasure;
mod findings;
mod holds;
mod hunts;
mod id;
mod identities;
mod intel;
mod jobs;
mod ledger;
mod migrate;
mod notes;
mod outlets;
mod packed;
mod peers;
mod people;
mod positions;
mod probes;
mod register;
mod sealed;
mod sessions;
mod tally;
mod taxii;
mod tokens;
mod triage;
mod vulnerabilities;

use model::OpContext;

pub use consumers::{Harvest, Progress};
pub use database::{Database, State, StateError};
pub use documents::{After, DocumentVersion};
pub use findings::{Finding, FindingCopy, FindingsAsked, NewFinding, Suppressed};
pub use holds::LegalHold;
pub use hunts::SavedHunt;
pub use identities::IdentityHash;
pub use intel::{
    Attachment, ClaimsFor, IndicatorAsked, IntelObject, IntelSource, KeptClaim, MergeCounts, MergeKind, NewClaim,
    NewIntelObject, NewIntelSource, NewReport, NewSighting, Report, ReportId, ReportStatus, Sightings, SourceNumber,
    SourceVoice,
};
pub use jobs::{Job, JobId, JobStatus, Lease, NewJob};
pub use ledger::{Deed, LedgerAsked, LedgerLine, object_named};
pub use model::FindingId;
pub use notes::NoteCount;
pub use outlets::{NewOutlet, Outlet};
pub use peers::{
    Arrived, ArrivedFrom, ArrivedSighting, ArrivedTechnique, Departed, DeparturesAsked, Learned, LearnedNumber,
    NewDeparture, NewLearned, NewPeer, Outgoing, Peer, PeerCollection, PeerNumber, RefusedCount, Released,
    SharingGroup, TechniqueReport, Told,
};
pub use people::{NewPasskey, Passkey, Person, PersonId};
pub use positions::FilePosition;
pub use probes::{Probe, ProbeEpisode, ProbeResult, ProbeRound};
pub use register::{
    ExposureAsked, ItemCount, ItemVersion, ItemsAsked, LinkPlace, LinkVersion, LinkedItem, RegisterChange,
    RegisterWhole, Revision,
};
pub use sessions::Session;
pub use tally::AnalyticTally;
pub use taxii::{
    ApiRoot, Collection, CollectionRights, EVERYTHING, ManifestEntry, ManifestPage, NewCollection, NewObject,
    ObjectsAsked, ObjectsPage, PostStatus, SpecAsked, Taken, VersionsAsked,
};
pub use tokens::{NewToken, Scope, ServiceToken};
pub use triage::{InboxAsked, InboxRow, Suppression, Triage, Verdict};
pub use vulnerabilities::VulnerabilitiesWhole;

/// Every statement, for the test that prepares all of them on both engines.
pub fn statements() -> Vec<&'static str> {
    let fixed = [
        consumers::STATEMENTS,
        documents::STATEMENTS,
        erasure::STATEMENTS,
        findings::STATEMENTS,
        holds::STATEMENTS,
        hunts::STATEMENTS,
        identities::STATEMENTS,
        intel::STATEMENTS,
        jobs::STATEMENTS,
        ledger::STATEMENTS,
        notes::STATEMENTS,
        outlets::STATEMENTS,
        peers::STATEMENTS,
        people::STATEMENTS,
        positions::STATEMENTS,
        probes::STATEMENTS,
        register::STATEMENTS,
        sessions::STATEMENTS,
        tally::STATEMENTS,
        tokens::STATEMENTS,
        triage::STATEMENTS,
        vulnerabilities::STATEMENTS,
    ];
    let made = taxii::statements().into_iter().chain(intel::bulk_statements()).chain(peers::more_statements());
    let made = made.chain(register::bulk_statements()).chain(vulnerabilities::bulk_statements());
    fixed.into_iter().flatten().copied().chain(made).collect()
}

/// Every table that migrations make, for the register of processing.
pub fn tables() -> Vec<String> {
    migrate::tables()
}

/// The agency of a context, as it is bound.
fn agency(ctx: &OpContext) -> String {
    ctx.agency.as_str().to_owned()
}
