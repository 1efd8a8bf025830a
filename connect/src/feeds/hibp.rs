//! The range interface of Have I Been Pwned (API version 3), and of those that speak like it: whoever asks names the first digits of a
//! SHA-1, and gets all endings that are known. So the server does not learn whose account is meant: a prefix of six digits is shared by some
//! hundred accounts of the billions that it knows, and it learns that somebody of this city asks for one of those.
//!
//! Deliberately absent: asking for an account by its name, which tells the server who it is.

use std::sync::Arc;

use model::limits::HIBP_ANSWER_BYTES_MAX;

use crate::fetch::{Access, FetchError, Fetched, Fetcher, Request, Target};

/// The interface: an address that the prefix is put behind, `…/breachedaccount/range/`.
#[derive(Clone)]
pub struct Ranges {
    fetcher: Arc<Fetcher>,
    access: Option<Access>,
    at: Target,
}

impl Ranges {
    /// The interface at that address.
    pub fn new(fetcher: Arc<Fetcher>, access: Option<Access>, at: &Target) -> Self {
        Ranges { fetcher, access, at: at.folder() }
    }

    /// The answer for a prefix: for `formats::intel::breach`. Nothing known is an empty answer.
    ///
    /// # Errors
    /// When the prefix is none, or the server cannot be asked.
    pub async fn range(&self, prefix: &str) -> Result<Vec<u8>, FetchError> {
        let request = Request::get(self.at.file(prefix)).with_access(self.access.clone());
        let request = request.accepting("application/json, text/plain").at_most(HIBP_ANSWER_BYTES_MAX);
        match Box::pin(self.fetcher.fetch(&request)).await {
            Ok(Fetched::Body(received)) => Ok(received.body),
            // Nothing is known under this prefix.
            Ok(Fetched::NotModified) => Ok(Vec::new()),
            Err(error) if error.status() == Some(404) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
