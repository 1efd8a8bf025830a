//! Reading a collection, page by page.

use model::{OpContext, Timestamp};

use super::super::agency;
use super::super::database::{State, StateError, get};
use super::collections::Collection;
use super::query::{ObjectsAsked, Wanted, page};

/// A page of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectsPage {
    /// How many there are in it.
    pub count: usize,
    /// The objects as they were written, with commas between them.
    pub text: String,
    /// When the first and the last of them were added.
    pub added: Option<(Timestamp, Timestamp)>,
    /// Whether there are more behind the last one.
    pub has_more: bool,
}

/// What a manifest says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Its id.
    pub id: String,
    /// When it was added.
    pub added: Timestamp,
    /// Its version as it was written; `None` when it has none, and the moment at which it was added counts for one.
    pub version: Option<String>,
    /// The version of STIX that it is written in.
    pub spec_version: String,
}

/// A page of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestPage {
    /// The objects in the order in which they were added.
    pub entries: Vec<ManifestEntry>,
    /// Whether there are more behind the last one.
    pub has_more: bool,
}

/// What a statement of a page gives.
struct Page {
    count: usize,
    text: String,
    added: Option<(Timestamp, Timestamp)>,
    has_more: bool,
}

impl State {
    /// A page of a collection's objects, in the order in which they were added.
    ///
    /// # Errors
    /// When more values are asked for than a request may have, or the database refuses.
    pub async fn shared_objects(
        &self,
        ctx: &OpContext,
        collection: &Collection,
        asked: &ObjectsAsked,
    ) -> Result<ObjectsPage, StateError> {
        let Page { count, text, added, has_more } = self.page(ctx, collection, asked, Wanted::Objects).await?;
        Ok(ObjectsPage { count, text, added, has_more })
    }

    /// The same of what its manifest says of them.
    ///
    /// # Errors
    /// As [`State::shared_objects`].
    pub async fn manifest(
        &self,
        ctx: &OpContext,
        collection: &Collection,
        asked: &ObjectsAsked,
    ) -> Result<ManifestPage, StateError> {
        let page = self.page(ctx, collection, asked, Wanted::Entries).await?;
        Ok(ManifestPage { entries: entries(&page.text)?, has_more: page.has_more })
    }

    async fn page(
        &self,
        ctx: &OpContext,
        collection: &Collection,
        asked: &ObjectsAsked,
        wanted: Wanted,
    ) -> Result<Page, StateError> {
        let nothing = Page { count: 0, text: String::new(), added: None, has_more: false };
        let Some(query) = page((agency(ctx), collection.number), asked, wanted)? else { return Ok(nothing) };
        let Some(row) = self.fetch_optional(ctx, "reading a page of objects", query).await? else { return Ok(nothing) };
        let (found, count): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        let (first, last): (Option<i64>, Option<i64>) = (get(&row, 2)?, get(&row, 3)?);
        Ok(Page {
            count: count.max(0) as usize,
            text: get::<Option<String>>(&row, 4)?.unwrap_or_default(),
            added: first.zip(last).map(|(first, last)| (Timestamp::from_micros(first), Timestamp::from_micros(last))),
            has_more: found > count,
        })
    }
}

/// Reads what a manifest's statement has put into one text.
pub(super) fn entries(text: &str) -> Result<Vec<ManifestEntry>, StateError> {
    text.lines().map(|line| entry(line).ok_or_else(|| corrupt(line))).collect()
}

fn entry(line: &str) -> Option<ManifestEntry> {
    let mut words = line.splitn(4, ' ');
    let added = words.next()?.parse().ok()?;
    let (id, spec_version, version) = (words.next()?, words.next()?, words.next()?);
    Some(ManifestEntry {
        id: id.to_owned(),
        added: Timestamp::from_micros(added),
        version: (!version.is_empty()).then(|| version.to_owned()),
        spec_version: spec_version.to_owned(),
    })
}

fn corrupt(line: &str) -> StateError {
    StateError::Corrupt { what: "shared object", detail: format!("{:?}", line.chars().take(80).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read() {
        let text = "-5 malware--1 2.0 2017-01-27T13:49:53.997Z\n7 file--2 2.1 \n";
        let entries = entries(text).unwrap();
        let seen: Vec<_> = entries.iter().map(|e| (e.added.as_micros(), e.id.as_str(), e.version.as_deref())).collect();
        assert_eq!(seen, [(-5, "malware--1", Some("2017-01-27T13:49:53.997Z")), (7, "file--2", None)]);
        for broken in ["x", "x y z a", "1 malware--1 2.0", "1 malware--1"] {
            assert!(super::entries(broken).is_err(), "{broken}");
        }
    }
}
