//! Private look-ups at a peer: its key, answers to blinded values, its list, and the classes of the prefix tier.

use model::limits::{FETCH_MEMORY_BYTES_MAX, LOOKUP_SET_MAX};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::PeerClient;
use crate::fetch::{FetchError, Fetched, Request, Target};

/// Media type of what is asked and answered.
const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// Bytes of a list: each thing has a hundred.
const LIST_BYTES_MAX: u64 = 200 * LOOKUP_SET_MAX as u64;

/// Why a look-up was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookupWireError {
    /// The peer cannot be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answers something else.
    #[error("the peer gave no answer to a look-up: {0}")]
    Unreadable(String),
}

/// With which key a peer answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LookupKey {
    /// In hexadecimal digits.
    pub key: String,
}

/// An answer to a blinded value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Evaluated {
    /// In hexadecimal digits.
    pub evaluated: String,
    /// The same.
    pub proof: String,
}

/// A thing in a peer's list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Thing {
    /// The first bytes of the function's output.
    pub name: String,
    /// Readable with the rest of it.
    pub note: String,
}

#[derive(Deserialize)]
struct Answers {
    answers: Vec<Evaluated>,
}

#[derive(Deserialize)]
struct List {
    things: Vec<Thing>,
}

#[derive(Deserialize)]
struct Bucket {
    suffixes: Vec<String>,
}

impl PeerClient {
    /// The peer's key.
    ///
    /// # Errors
    /// When it cannot be asked, or does not let us.
    pub async fn lookup_key(&self) -> Result<LookupKey, LookupWireError> {
        self.asked(Request::get(self.root.below(&["lookups", "key"]))).await
    }

    /// Answers to blinded values, in their order.
    ///
    /// # Errors
    /// As [`PeerClient::lookup_key`].
    pub async fn lookup_evaluate(&self, blinded: &[String]) -> Result<Vec<Evaluated>, LookupWireError> {
        let body = serde_json::json!({ "blinded": blinded }).to_string();
        let answers: Answers = self.asked(Request::post(self.lookups(), MEDIA_TYPE, body)).await?;
        Ok(answers.answers)
    }

    /// The peer's list.
    ///
    /// # Errors
    /// As [`PeerClient::lookup_key`].
    pub async fn lookup_list(&self) -> Result<Vec<Thing>, LookupWireError> {
        let list: List = self.asked(Request::get(self.lookups())).await?;
        Ok(list.things)
    }

    /// All hashes of a class.
    ///
    /// # Errors
    /// As [`PeerClient::lookup_key`].
    pub async fn lookup_bucket(&self, prefix: &str) -> Result<Vec<String>, LookupWireError> {
        let bucket: Bucket = self.asked(Request::get(self.root.below(&["lookups", prefix]))).await?;
        Ok(bucket.suffixes)
    }

    fn lookups(&self) -> Target {
        self.root.below(&["lookups"])
    }

    async fn asked<T: DeserializeOwned>(&self, request: Request) -> Result<T, LookupWireError> {
        let request = request.accepting(MEDIA_TYPE).with_access(Some(self.access.clone()));
        let request = request.at_most(LIST_BYTES_MAX.min(FETCH_MEMORY_BYTES_MAX));
        match Box::pin(self.fetcher.fetch(&request)).await? {
            Fetched::Body(received) => {
                serde_json::from_slice(&received.body).map_err(|error| LookupWireError::Unreadable(error.to_string()))
            }
            Fetched::NotModified => Err(LookupWireError::Unreadable("nothing".to_owned())),
        }
    }
}
