//! A client of TAXII 2.1 (OASIS Standard, 10 June 2021).
//!
//! Discovery, API roots, collections, objects page by page ([`pull`]), and envelopes sent there with the status that follows
//! ([`push`]). Servers differ from the text in ways that lose objects or never end; [`pull`] says what is done about each.
//!
//! Deliberately absent: single objects, versions and manifests, which a copy of the collection answers; deleting; filters by
//! type or id, because what is not fetched cannot be matched later.

pub mod pull;
pub mod push;

use std::sync::Arc;

use formats::Trouble;
use formats::intel::Refused;
use formats::intel::taxii::{self as wire, ApiRoot, Collection, MEDIA_TYPE, Resource};
use model::limits::TAXII_LIST_MAX;

use crate::fetch::{Access, FetchError, Fetched, Fetcher, Origin, Received, Request, Target, TargetError};

pub use pull::{Cursor, Page, PageNote, Pull, Reached, RunLimits};

/// A client, with what it shows to servers.
#[derive(Clone)]
pub struct Client {
    fetcher: Arc<Fetcher>,
    access: Option<Access>,
}

/// Where objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The API root.
    pub root: Target,
    /// The collection.
    pub collection: Collection,
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Its collections, in the server's order.
    pub places: Vec<Place>,
    /// API roots and collections that could not be read, and why.
    pub refused: Vec<Refused>,
}

/// What went wrong with a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaxiiError {
    /// It could not be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answers something else.
    #[error("{origin} gave no {what} of TAXII 2.1: {detail}; hint: is this the address of a TAXII 2.1 server?")]
    Unreadable {
        /// Who was asked.
        origin: Origin,
        /// What was expected.
        what: &'static str,
        /// What was wrong with it; nothing of its content.
        detail: String,
    },
    /// A reference that leads nowhere.
    #[error("{origin} names an API root that cannot be asked")]
    Root {
        /// Who names it.
        origin: Origin,
        /// Why not.
        #[source]
        cause: TargetError,
    },
    /// An id that cannot stand in a URL.
    #[error("{0:?} is no id of a collection")]
    CollectionId(String),
    /// Pages that come again and again.
    #[error("{origin} goes in circles after {pages} pages: {why}; what came before is kept")]
    Loops {
        /// Who was asked.
        origin: Origin,
        /// How many pages came in this run.
        pages: u32,
        /// How that shows.
        why: &'static str,
    },
    /// There is more, and no way to it.
    #[error("{origin} has more after {pages} pages, and no way leads there: {why}; what came before is kept")]
    Stuck {
        /// Who was asked.
        origin: Origin,
        /// How many pages came in this run.
        pages: u32,
        /// Why not.
        why: &'static str,
    },
    /// The run has brought as much as it may.
    #[error(
        "{origin} has more than one run may bring ({pages} pages, {bytes} bytes, {objects} objects); the next run goes on behind them"
    )]
    RunLimit {
        /// Who was asked.
        origin: Origin,
        /// How many pages came.
        pages: u32,
        /// How many bytes.
        bytes: u64,
        /// How many objects.
        objects: u64,
    },
    /// What is sent is too large.
    #[error("{bytes} bytes are more than {origin} takes at once ({bytes_max}); hint: send fewer objects")]
    PushTooLarge {
        /// Who should take it.
        origin: Origin,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        bytes_max: usize,
    },
    /// It does not come to an end with what it was sent.
    #[error(
        "{origin} has not dealt with what it was sent after being asked {asked} times; hint: ask for its status later"
    )]
    StillPending {
        /// Who was asked.
        origin: Origin,
        /// How often.
        asked: u32,
    },
}

impl TaxiiError {
    /// How long the server wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            TaxiiError::Fetch(error) => error.retry_after(),
            _ => None,
        }
    }
}

impl Client {
    /// A client that shows `access` to the origin that it is bound to.
    pub fn new(fetcher: Arc<Fetcher>, access: Option<Access>) -> Self {
        Client { fetcher, access }
    }

    /// What is offered at an address that somebody was given: a discovery, an API root, or one collection. All roots of a
    /// discovery are asked; one that fails costs itself, unless there is no other.
    ///
    /// # Errors
    /// When the address cannot be asked or is none of the three, or when no root can be asked.
    pub async fn offer(&self, at: &Target) -> Result<Offer, TaxiiError> {
        let at = at.folder();
        match self.read(&at, "resource", wire::resource).await? {
            Resource::ApiRoot(_) => self.collections(&at).await,
            Resource::Collection(collection) => {
                let place = Place { root: at.above().above(), collection };
                Ok(Offer { places: vec![place], refused: Vec::new() })
            }
            Resource::Discovery(discovery) => {
                let mut roots = discovery.api_roots;
                if roots.is_empty() {
                    roots.extend(discovery.default);
                }
                self.of_roots(&at, &roots).await
            }
        }
    }

    async fn of_roots(&self, at: &Target, roots: &[String]) -> Result<Offer, TaxiiError> {
        let mut offer = Offer::default();
        let mut last = None;
        for (number, reference) in (1..).zip(roots.iter().take(TAXII_LIST_MAX)) {
            let found = match at.join(reference) {
                Ok(root) => self.collections(&root.folder()).await,
                Err(cause) => Err(TaxiiError::Root { origin: at.origin().clone(), cause }),
            };
            match found {
                Ok(found) => {
                    offer.places.extend(found.places);
                    offer.refused.extend(found.refused);
                }
                Err(error) => {
                    let place = format!("API root {number}");
                    offer.refused.push(Refused { place, trouble: Trouble::malformed(error.to_string()) });
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) if offer.places.is_empty() => Err(error),
            _ => Ok(offer),
        }
    }

    /// What an API root says about itself.
    ///
    /// # Errors
    /// When it cannot be asked or is none.
    pub async fn api_root(&self, root: &Target) -> Result<ApiRoot, TaxiiError> {
        self.read(&root.folder(), "API root", wire::api_root).await
    }

    /// The collections of an API root.
    ///
    /// # Errors
    /// When it cannot be asked or has no list of them.
    pub async fn collections(&self, root: &Target) -> Result<Offer, TaxiiError> {
        let root = root.folder();
        let (found, refused) =
            self.read(&root.below(&["collections"]), "list of collections", wire::collections).await?;
        let places = found.into_iter().map(|collection| Place { root: root.clone(), collection }).collect();
        Ok(Offer { places, refused })
    }

    async fn read<T>(
        &self,
        at: &Target,
        what: &'static str,
        reader: fn(&[u8]) -> Result<T, Trouble>,
    ) -> Result<T, TaxiiError> {
        let received = self.get(at.clone()).await?;
        reader(&received.body).map_err(|trouble| unreadable(received.target.origin(), what, trouble))
    }

    async fn get(&self, target: Target) -> Result<Received<Vec<u8>>, TaxiiError> {
        self.send(Request::get(target)).await
    }

    async fn send(&self, request: Request) -> Result<Received<Vec<u8>>, TaxiiError> {
        let request = request.accepting(MEDIA_TYPE).with_access(self.access.clone());
        match Box::pin(self.fetcher.fetch(&request)).await? {
            Fetched::Body(received) => Ok(*received),
            // Nothing here asks conditionally.
            Fetched::NotModified => {
                Err(FetchError::Status { origin: request.target().origin().clone(), status: 304 }.into())
            }
        }
    }
}

fn unreadable(origin: &Origin, what: &'static str, trouble: Trouble) -> TaxiiError {
    TaxiiError::Unreadable { origin: origin.clone(), what, detail: trouble.detail }
}

/// Where a collection's objects are.
fn objects_at(root: &Target, collection: &str) -> Result<Target, TaxiiError> {
    if !wire::segment_is_plain(collection) {
        return Err(TaxiiError::CollectionId(collection.chars().take(64).collect()));
    }
    Ok(root.folder().below(&["collections", collection, "objects"]))
}
