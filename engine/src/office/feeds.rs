//! Feeds that are added at the console: those that anybody may ask, by their address. How a feed is asked is known behind a door.

use model::{Grade, Marking, OpContext, SourceId};
use store::state::{NewIntelSource, SourceNumber};

use super::{Office, OfficeError};
use crate::access::Operation;

/// A feed as somebody describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedWanted {
    /// What it is to be called.
    pub name: String,
    /// What it is: one of [`FeedDoor::kinds`].
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// Time between two runs, as people write it: `6h`.
    pub every: String,
    /// How far it is believed.
    pub grade: Grade,
    /// How far it may travel where it does not say so.
    pub marking: Marking,
}

/// Whoever knows how feeds are asked.
pub trait FeedDoor: Send + Sync {
    /// What can be added by its address alone.
    fn kinds(&self) -> &'static [&'static str];
    /// The feed's configuration as it is kept; the reason when it cannot work. It is asked of nobody yet.
    ///
    /// # Errors
    /// When the address is none that is asked, or something else makes no sense.
    fn config(&self, wanted: &FeedWanted) -> Result<String, String>;
}

impl Office {
    /// What can be added at the console; nothing where nobody runs feeds.
    pub fn feed_kinds(&self) -> &'static [&'static str] {
        self.feeds.as_ref().map_or(&[], |feeds| feeds.kinds())
    }

    /// Adds a feed that the watch then asks.
    ///
    /// # Errors
    /// When the context may not, the feed cannot work like this, its name is taken, or the state refuses.
    pub async fn add_feed(&self, ctx: &OpContext, wanted: &FeedWanted) -> Result<SourceNumber, OfficeError> {
        self.may(ctx, Operation::IntelSourceManage).await?;
        SourceId::parse(&wanted.name).map_err(|error| OfficeError::Refused(error.to_string()))?;
        let feeds = self.feeds.as_ref();
        let feeds = feeds.ok_or_else(|| OfficeError::Refused("nobody here asks feeds".to_owned()))?;
        if !feeds.kinds().contains(&wanted.kind.as_str()) {
            let known = feeds.kinds().join(", ");
            return Err(OfficeError::Refused(format!("feeds of this kind are added on the machine; here: {known}")));
        }
        let config = feeds.config(wanted).map_err(OfficeError::Refused)?;
        let new = NewIntelSource { name: &wanted.name, kind: &wanted.kind, config: &config };
        Ok(self.state.add_intel_source(ctx, &new).await?)
    }
}
