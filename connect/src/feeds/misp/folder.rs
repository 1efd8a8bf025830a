//! A MISP feed: `manifest.json`, an event's file for each entry of it, and `hashes.csv`.
//!
//! The manifest says when each event was last changed, so that a run fetches what changed and nothing else. An event that is
//! gone from the manifest was withdrawn; but a manifest that is not whole, or of which entries could not be read, says nothing
//! about what is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use formats::Trouble;
use formats::intel::Refused;
use formats::intel::misp::{ManifestEntry, manifest};
use model::Timestamp;
use model::limits::{MISP_EVENTS_MAX, NOTES_KEPT_MAX};

use super::{MispError, unreadable};
use crate::fetch::{Access, Conditional, Fetched, Fetcher, Received, Request, Target};

/// The folder.
#[derive(Clone)]
pub struct Folder {
    fetcher: Arc<Fetcher>,
    access: Option<Access>,
    at: Target,
}

/// A manifest that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// Its entries, by the event's UUID in small letters.
    pub entries: BTreeMap<String, ManifestEntry>,
    /// Entries that could not be read.
    pub refused: Vec<Refused>,
    /// Entries that could not be read, those that are not kept included.
    pub refused_count: u64,
}

/// What a run has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Events to fetch, those that were changed longest ago first, so that a run that breaks off has done whole days.
    pub fetch: Vec<String>,
    /// Events that the feed does not have any more.
    pub gone: Vec<String>,
}

impl Manifest {
    /// Reads a `manifest.json`.
    ///
    /// # Errors
    /// When it is no manifest: nothing in it could be read, and something could not; or it has more than [`MISP_EVENTS_MAX`]
    /// entries.
    pub fn read(bytes: &[u8]) -> Result<Self, Trouble> {
        let mut read = Manifest::default();
        let mut count = 0usize;
        manifest(bytes, &mut |entry| match entry {
            Ok(entry) => {
                count += 1;
                if count <= MISP_EVENTS_MAX {
                    read.entries.insert(entry.uuid.to_ascii_lowercase(), entry);
                }
            }
            Err(refused) => {
                read.refused_count += 1;
                if read.refused.len() < NOTES_KEPT_MAX {
                    read.refused.push(refused);
                }
            }
        });
        if count > MISP_EVENTS_MAX {
            return Err(Trouble::too_large(format!("{count} events are more than {MISP_EVENTS_MAX}")));
        }
        match read.refused.first() {
            Some(first) if read.entries.is_empty() => Err(first.trouble.clone()),
            _ => Ok(read),
        }
    }

    /// What differs from the events that we have, with the times at which they were changed.
    pub fn changes(&self, known: &BTreeMap<String, Timestamp>) -> Changes {
        let is_changed = |uuid: &String, entry: &ManifestEntry| match (known.get(uuid), entry.timestamp) {
            // A feed may go back to an older version, too.
            (Some(have), Some(there)) => *have != there,
            _ => true,
        };
        let changed = self.entries.iter().filter(|(uuid, entry)| is_changed(uuid, entry));
        let by_time: BTreeSet<_> = changed.map(|(uuid, entry)| (entry.timestamp, uuid.clone())).collect();
        let is_whole = self.refused_count == 0;
        let gone = known.keys().filter(|uuid| is_whole && !self.entries.contains_key(*uuid)).cloned().collect();
        Changes { fetch: by_time.into_iter().map(|(_, uuid)| uuid).collect(), gone }
    }
}

impl Folder {
    /// The folder at that address; the address of its manifest will do, too.
    pub fn new(fetcher: Arc<Fetcher>, access: Option<Access>, at: &Target) -> Self {
        let at = match at.file_name() {
            "manifest.json" => at.above(),
            _ => at.folder(),
        };
        Folder { fetcher, access, at }
    }

    /// The manifest, unless it is the one that we have.
    ///
    /// # Errors
    /// When it cannot be fetched or is none.
    pub async fn manifest(&self, conditional: Conditional) -> Result<Fetched<Manifest>, MispError> {
        let request = self.request("manifest.json").unless(conditional);
        match Box::pin(self.fetcher.fetch(&request)).await? {
            Fetched::NotModified => Ok(Fetched::NotModified),
            Fetched::Body(received) => {
                let read = Manifest::read(&received.body);
                let read = read.map_err(|trouble| unreadable(received.target.origin(), "manifest", trouble))?;
                Ok(Fetched::Body(Box::new(received.with(read))))
            }
        }
    }

    /// An event's bytes.
    ///
    /// # Errors
    /// When the name is no UUID, or the event cannot be fetched.
    pub async fn event(&self, uuid: &str) -> Result<Received<Vec<u8>>, MispError> {
        let is_uuid = uuid.len() == 36 && uuid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if !is_uuid {
            return Err(MispError::EventId(uuid.chars().take(40).collect()));
        }
        self.file(&format!("{uuid}.json")).await
    }

    /// `hashes.csv`, unless it is the one that we have: for `formats::intel::misp::hashes`.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub async fn hashes(&self, conditional: Conditional) -> Result<Fetched<Vec<u8>>, MispError> {
        let request = self.request("hashes.csv").unless(conditional);
        Ok(Box::pin(self.fetcher.fetch(&request)).await?)
    }

    async fn file(&self, name: &str) -> Result<Received<Vec<u8>>, MispError> {
        let request = self.request(name);
        match Box::pin(self.fetcher.fetch(&request)).await? {
            Fetched::Body(received) => Ok(*received),
            Fetched::NotModified => {
                let origin = self.at.origin().clone();
                Err(crate::fetch::FetchError::Status { origin, status: 304 }.into())
            }
        }
    }

    fn request(&self, name: &str) -> Request {
        Request::get(self.at.file(name)).with_access(self.access.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f";
    const B: &str = "1b1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f";
    const C: &str = "2c1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f";

    fn known(events: &[(&str, i64)]) -> BTreeMap<String, Timestamp> {
        events.iter().map(|(uuid, seconds)| ((*uuid).to_owned(), Timestamp::from_millis(seconds * 1_000))).collect()
    }

    #[test]
    fn what_changed_and_what_is_gone() {
        let text = format!(
            r#"{{"{}": {{"info": "a", "timestamp": "30"}}, "{B}": {{"timestamp": 20}}, "{C}": {{"info": "no time"}}}}"#,
            A.to_uppercase(),
        );
        let read = Manifest::read(text.as_bytes()).unwrap();
        let fetch = |events: &[(&str, i64)]| read.changes(&known(events)).fetch;
        assert_eq!(fetch(&[]), [C, B, A], "the oldest first");
        assert_eq!(fetch(&[(A, 30), (B, 20), (C, 1)]), [C], "what has no time is always fetched");
        assert_eq!(fetch(&[(A, 31), (B, 20)]), [C, A]);
        let gone = "3d1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f";
        assert_eq!(read.changes(&known(&[(A, 30), (gone, 1)])).gone, [gone]);
    }

    #[test]
    fn a_manifest_that_is_not_whole_withdraws_nothing() {
        let known = known(&[(A, 1), (B, 1)]);
        for text in [
            format!(r#"{{"{A}": {{"timestamp": 1}}, "../../etc": {{}}}}"#),
            format!(r#"{{"{A}": {{"timestamp": 1}}, "#),
        ] {
            let read = Manifest::read(text.as_bytes()).unwrap();
            assert_eq!((read.refused_count, read.changes(&known).gone), (1, vec![]), "{text}");
        }
        assert!(Manifest::read(b"<html>not found</html>").is_err());
        assert!(Manifest::read(b"").is_err());
        assert_eq!(Manifest::read(b"{}").unwrap().changes(&known).gone, [A, B], "a feed may become empty");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[{}\\[\\]\":,a0-9-]{0,80}") {
            if let Ok(read) = Manifest::read(text.as_bytes()) {
                let _ = read.changes(&known(&[(A, 1)]));
            }
        }
    }
}
