//! Events of a MISP by its REST interface: `/events/restSearch` with a key, page by page.
//!
//! Events are asked for by the time of their last change, which MISP takes as "from … on". A run begins where the last one's
//! events ended, but never later than the last run itself began by the server's clock: an event that was changed while the run was
//! on, behind its back, comes at the next. A page that is too large is asked for again in halves. The end is a page without events.

use std::collections::HashSet;
use std::sync::Arc;

use formats::intel::misp::{EventHead, heads};
use model::Timestamp;
use model::limits::{FETCH_MEMORY_BYTES_MAX, MISP_PAGE_EVENTS, MISP_PAGES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{MispError, unreadable};
use crate::feeds::taxii::RunLimits;
use crate::fetch::{Access, FetchError, Fetched, Fetcher, Received, Request, Target};

/// A MISP's REST interface.
#[derive(Clone)]
pub struct Rest {
    fetcher: Arc<Fetcher>,
    access: Option<Access>,
    at: Target,
    filter: Map<String, Value>,
}

/// Where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cursor {
    /// Events that were changed at this time or later are asked for; all when absent.
    pub changed_from: Option<Timestamp>,
    /// The run that is not at its end, if there is one.
    pub run: Option<Running>,
}

/// A run that is not at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// Events in front of the page to ask for.
    pub skipped: u64,
    /// When the run began, by the server's clock.
    pub began: Option<Timestamp>,
    /// The latest change that came.
    pub newest: Option<Timestamp>,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The answer as it came: for `formats::intel::misp`.
    pub bytes: Vec<u8>,
    /// The events in it; `None` for one that does not say which it is.
    pub events: Vec<Option<EventHead>>,
    /// How many of them came in this run before.
    pub repeated: usize,
    /// To be kept once the page is durable.
    pub cursor: Cursor,
}

/// A run.
pub struct Pull<'a> {
    rest: &'a Rest,
    cursor: Cursor,
    limits: RunLimits,
    page_events: u32,
    pages: u32,
    bytes: u64,
    events: u64,
    seen: HashSet<EventHead>,
    is_ended: bool,
}

impl Rest {
    /// The MISP at that address. `filter` is sent along with each search, as MISP's `restSearch` names things (`tags`,
    /// `published`, `org` …).
    pub fn new(fetcher: Arc<Fetcher>, access: Option<Access>, at: &Target, filter: Map<String, Value>) -> Self {
        Rest { fetcher, access, at: at.folder(), filter }
    }

    /// The MISP's version, which shows that address and key are right.
    ///
    /// # Errors
    /// When it cannot be asked, does not let us in, or is no MISP.
    pub async fn version(&self) -> Result<String, MispError> {
        let received = self.send(Request::get(self.at.below(&["servers"]).file("getVersion"))).await?;
        let value: Option<Value> = serde_json::from_slice(&received.body).ok();
        let version = value.as_ref().and_then(|value| value.get("version")).and_then(Value::as_str);
        let trouble = || formats::Trouble::malformed("no version in it");
        let version = version.ok_or_else(|| unreadable(received.target.origin(), "version", trouble()))?;
        Ok(version.chars().filter(|letter| !letter.is_control()).take(40).collect())
    }

    /// A run from where the last one stopped.
    pub fn pull(&self, cursor: Cursor) -> Pull<'_> {
        Pull {
            rest: self,
            cursor,
            limits: RunLimits::default(),
            page_events: MISP_PAGE_EVENTS,
            pages: 0,
            bytes: 0,
            events: 0,
            seen: HashSet::new(),
            is_ended: false,
        }
    }

    async fn search(&self, from: Option<Timestamp>, page: u64, limit: u32) -> Result<Received<Vec<u8>>, MispError> {
        let mut body = self.filter.clone();
        body.insert("returnFormat".to_owned(), json!("json"));
        // What was deleted comes as such: else nobody would hear of it, since an event comes without it like one that never had it.
        body.entry("deleted").or_insert_with(|| json!([0, 1]));
        body.insert("page".to_owned(), json!(page));
        body.insert("limit".to_owned(), json!(limit));
        if let Some(from) = from {
            body.insert("timestamp".to_owned(), json!(from.as_micros().div_euclid(1_000_000).to_string()));
        }
        let body = Value::Object(body).to_string();
        let target = self.at.below(&["events"]).file("restSearch");
        self.send(Request::post(target, "application/json", body).at_most(FETCH_MEMORY_BYTES_MAX)).await
    }

    async fn send(&self, request: Request) -> Result<Received<Vec<u8>>, MispError> {
        let request = request.accepting("application/json").with_access(self.access.clone());
        match Box::pin(self.fetcher.fetch(&request)).await? {
            Fetched::Body(received) => Ok(*received),
            Fetched::NotModified => Err(FetchError::Status { origin: self.at.origin().clone(), status: 304 }.into()),
        }
    }
}

impl Pull<'_> {
    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: RunLimits) -> Self {
        Pull { limits, ..self }
    }

    /// The next page; `None` at the end, when [`Pull::end`] is the cursor to keep.
    ///
    /// # Errors
    /// When the server cannot be asked, answers something else, or goes in circles. All pages so far stay good.
    pub async fn next_page(&mut self) -> Result<Option<Page>, MispError> {
        if self.is_ended {
            return Ok(None);
        }
        self.check_limits()?;
        let run = self.cursor.run.unwrap_or(Running { skipped: 0, began: None, newest: None });
        let received = self.ask(run.skipped).await?;
        let events =
            heads(&received.body).map_err(|trouble| unreadable(received.target.origin(), "list of events", trouble))?;
        self.pages += 1;
        self.bytes = self.bytes.saturating_add(received.length);
        self.events = self.events.saturating_add(events.len() as u64);
        let began = run.began.or(received.server_time);
        if events.is_empty() {
            self.is_ended = true;
            self.cursor = Cursor { changed_from: self.next_from(began, run.newest), run: None };
            return Ok(None);
        }
        let fresh = events.iter().flatten().filter(|event| self.seen.insert((*event).clone())).count();
        let nameless = events.iter().filter(|event| event.is_none()).count();
        if fresh == 0 && nameless < events.len() {
            return Err(MispError::Loops { origin: self.rest.at.origin().clone(), pages: self.pages });
        }
        let newest = events.iter().flatten().filter_map(|event| event.timestamp).max().max(run.newest);
        let skipped = run.skipped.saturating_add(u64::from(self.page_events));
        self.cursor.run = Some(Running { skipped, began, newest });
        let repeated = events.len() - fresh - nameless;
        Ok(Some(Page { bytes: received.body, events, repeated, cursor: self.cursor.clone() }))
    }

    /// The cursor to keep once [`Pull::next_page`] has said that there is no more.
    pub fn end(&self) -> Option<Cursor> {
        self.is_ended.then(|| self.cursor.clone())
    }

    fn check_limits(&self) -> Result<(), MispError> {
        let Pull { pages, bytes, events, .. } = *self;
        let is_within = pages < MISP_PAGES_MAX && bytes < self.limits.bytes_max && events < self.limits.items_max;
        if is_within {
            return Ok(());
        }
        Err(MispError::RunLimit { origin: self.rest.at.origin().clone(), pages, bytes, events })
    }

    /// Asks for the events behind the ones that were skipped, fewer of them where they are too large together.
    async fn ask(&mut self, skipped: u64) -> Result<Received<Vec<u8>>, MispError> {
        // Pages are counted in their own size: only a size that divides what was skipped names a page.
        while !skipped.is_multiple_of(u64::from(self.page_events)) {
            self.page_events /= 2;
        }
        loop {
            let page = skipped / u64::from(self.page_events) + 1;
            match self.rest.search(self.cursor.changed_from, page, self.page_events).await {
                Err(MispError::Fetch(FetchError::TooLarge { .. })) if self.page_events > 1 => self.page_events /= 2,
                asked => return asked,
            }
        }
    }

    /// Without a clock of the server's to compare with, the next run asks from where this one did: too much, but all of it.
    fn next_from(&self, began: Option<Timestamp>, newest: Option<Timestamp>) -> Option<Timestamp> {
        match (began, newest) {
            (Some(began), Some(newest)) => Some(began.min(newest)).max(self.cursor.changed_from),
            _ => self.cursor.changed_from,
        }
    }
}
