//! Collections of shared objects, as TAXII 2.1 has them (OASIS standard, 10 June 2021).
//!
//! An object is the text that was written, and beside it what it is found by. Its place in a collection is the moment at which it was
//! added, in microseconds, and no two have the same: a page is one range of them, and going on behind the last one neither repeats
//! nor skips, whoever writes meanwhile. The moment is taken while the collection is locked for the write, so that what is
//! committed later stands later.

mod collections;
mod objects;
mod pages;
mod query;
mod statuses;

pub use collections::{ApiRoot, Collection, CollectionRights, EVERYTHING, NewCollection};
pub(super) use objects::add as add_objects;
pub use objects::{NewObject, PostStatus, Taken};
pub use pages::{ManifestEntry, ManifestPage, ObjectsPage};
pub use query::{ObjectsAsked, SpecAsked, VersionsAsked};

/// Every statement, for the test that prepares all of them.
pub(super) fn statements() -> Vec<&'static str> {
    let fixed = [collections::STATEMENTS, objects::STATEMENTS, statuses::STATEMENTS];
    let built = query::statements().chain(objects::statements());
    fixed.into_iter().flatten().copied().chain(built).collect()
}
