//! The way to a peer: its collection (TAXII 2.1, as any server's), a live stream of hints, and private look-ups.
//!
//! A hint says that there is news, not what: [`hints`] waits, and whoever waits pulls by cursor. Everything that comes is somebody else's
//! bytes, and held to the same limits as what other servers send.

pub mod hints;
pub mod lookups;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::feeds::taxii::{Client, Pull, TaxiiError};
use crate::feeds::{Interval, taxii::Cursor};
use crate::fetch::{Access, Credentials, CredentialsError, FetchRules, Fetcher, Secret, Target, TargetError};
use crate::tls::TlsError;

pub use hints::{Hint, Hints};
pub use lookups::{Evaluated, LookupKey, Thing};

/// How a peer is spoken with; part of its configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerWire {
    /// The collection that it fills for us, `https://…/taxii2/ROOT/collections/ID/`; without one, it only reads ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What may be reached, and whom to trust.
    pub fetch: FetchRules,
    /// Time between two pulls where no hint comes.
    pub interval: Interval,
}

impl PeerWire {
    /// With further authorities, and private places that may be asked.
    #[must_use]
    pub fn with_ca(mut self, ca: Option<PathBuf>) -> Self {
        self.fetch.ca = ca;
        self
    }
}

/// Why a peer cannot be spoken with at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerWireError {
    /// There is nothing to ask.
    #[error("it has no address; hint: watchbell peer join")]
    NoUrl,
    /// The address is none.
    #[error("the address")]
    Target(#[from] TargetError),
    /// It is none of a collection.
    #[error("the address is none of a collection; hint: it ends with /collections/ID/")]
    NoCollection,
    /// Our token.
    #[error("our token there")]
    Credentials(#[from] CredentialsError),
    /// Certificates.
    #[error("the certificates")]
    Tls(#[from] TlsError),
}

/// A client for one peer.
#[derive(Clone)]
pub struct PeerClient {
    fetcher: Arc<Fetcher>,
    access: Access,
    root: Target,
    collection: String,
}

impl PeerClient {
    /// Reads certificates, so it blocks for a moment.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn open(wire: &PeerWire, token: &str) -> Result<Self, PeerWireError> {
        let url = wire.url.as_deref().ok_or(PeerWireError::NoUrl)?;
        let at = Target::parse(url)?.folder();
        let mut steps = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').rsplit('/');
        let (collection, above) = (steps.next().unwrap_or_default(), steps.next());
        if collection.is_empty() || above != Some("collections") {
            return Err(PeerWireError::NoCollection);
        }
        let access = Access::new(at.origin().clone(), &Credentials::Bearer(Secret::new(token.trim())))?;
        let fetcher = Arc::new(Fetcher::new(&wire.fetch)?);
        Ok(PeerClient { fetcher, access, root: at.above().above(), collection: collection.to_owned() })
    }

    /// Who it is, without path or secret.
    pub fn origin(&self) -> String {
        self.root.origin().to_string()
    }

    /// As a client of its TAXII server.
    pub fn taxii(&self) -> Client {
        Client::new(Arc::clone(&self.fetcher), Some(self.access.clone()))
    }

    /// A run through its collection, from where the last one stopped.
    ///
    /// # Errors
    /// When the collection's id cannot stand in a URL.
    pub fn pull<'c>(&self, client: &'c Client, cursor: Cursor) -> Result<Pull<'c>, TaxiiError> {
        client.pull(&self.root, &self.collection, cursor)
    }
}
