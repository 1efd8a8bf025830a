//! A feed as configured, ready to run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::limits::FETCH_BODY_BYTES_MAX;

use super::config::{FeedConfig, FeedConfigError};
use super::hibp::Ranges;
use super::misp::{Folder, Rest};
use super::taxii::{Client, RunLimits};
use crate::fetch::{Access, Conditional, FetchError, Fetched, Fetcher, Outside, Patience, Request, Target};

/// A feed with a URL, its secrets read. Made anew for each run, so that a renewed secret or certificate counts.
#[derive(Clone)]
pub struct Feed {
    fetcher: Arc<Fetcher>,
    access: Option<Access>,
    at: Target,
    limits: RunLimits,
    filter: serde_json::Map<String, serde_json::Value>,
}

impl Feed {
    /// Reads what the settings name. `None` for a feed that is a file on this machine, which nobody has to fetch. Blocks.
    ///
    /// # Errors
    /// When a setting cannot work, or a file that it names cannot be read.
    pub fn open(config: &FeedConfig) -> Result<Option<Self>, FeedConfigError> {
        config.check()?;
        let Some(url) = &config.url else { return Ok(None) };
        let at = Target::parse(url)?;
        let access = config.credentials.as_ref().map(|credentials| credentials.read(at.origin())).transpose()?;
        let fetcher = Arc::new(Fetcher::new(&config.fetch)?);
        Ok(Some(Feed { fetcher, access, at, limits: config.limits.into(), filter: config.filter.clone() }))
    }

    /// The same with another way out and another patience.
    ///
    /// # Errors
    /// As [`Feed::open`].
    pub fn open_with(
        config: &FeedConfig,
        outside: Arc<dyn Outside>,
        patience: Patience,
    ) -> Result<Option<Self>, FeedConfigError> {
        let Some(feed) = Feed::open(config)? else { return Ok(None) };
        let fetcher = Fetcher::new(&config.fetch)?.with_outside(outside).with_patience(patience);
        Ok(Some(Feed { fetcher: Arc::new(fetcher), ..feed }))
    }

    /// Where it is.
    pub fn target(&self) -> &Target {
        &self.at
    }

    /// What one run may bring.
    pub fn limits(&self) -> RunLimits {
        self.limits
    }

    /// The whole answer in memory, unless it is the one that we have. For what is small: [`model::limits::FETCH_MEMORY_BYTES_MAX`].
    ///
    /// # Errors
    /// See [`Fetcher::fetch`].
    pub async fn fetch(&self, conditional: Conditional) -> Result<Fetched<Vec<u8>>, FetchError> {
        Box::pin(self.fetcher.fetch(&self.request(conditional))).await
    }

    /// The whole answer in a new file, unless it is the one that we have.
    ///
    /// # Errors
    /// See [`Fetcher::fetch_to_file`].
    pub async fn fetch_to_file(&self, conditional: Conditional, path: &Path) -> Result<Fetched<PathBuf>, FetchError> {
        Box::pin(self.fetcher.fetch_to_file(&self.request(conditional), path)).await
    }

    /// As a TAXII client.
    pub fn taxii(&self) -> Client {
        Client::new(Arc::clone(&self.fetcher), self.access.clone())
    }

    /// As the folder of a MISP feed.
    pub fn misp(&self) -> Folder {
        Folder::new(Arc::clone(&self.fetcher), self.access.clone(), &self.at)
    }

    /// As a MISP's REST interface.
    pub fn misp_rest(&self) -> Rest {
        Rest::new(Arc::clone(&self.fetcher), self.access.clone(), &self.at, self.filter.clone())
    }

    /// As the range interface of Have I Been Pwned.
    pub fn hibp(&self) -> Ranges {
        Ranges::new(Arc::clone(&self.fetcher), self.access.clone(), &self.at)
    }

    fn request(&self, conditional: Conditional) -> Request {
        let bytes_max = self.limits.bytes_max.min(FETCH_BODY_BYTES_MAX);
        Request::get(self.at.clone()).with_access(self.access.clone()).unless(conditional).at_most(bytes_max)
    }
}
