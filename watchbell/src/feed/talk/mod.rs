//! Feeds that are a conversation: page by page, each with the place to go on from.
//!
//! What comes is taken together in batches. A batch is made durable, then the place behind it is kept: a run that is cut off, by whatever,
//! goes on behind the last batch and loses nothing; what comes twice is the same row. A limit of a run is no failure: the next run goes on.

mod folder;
mod hibp;
mod rest;
mod taxii;

use anyhow::{Context, Result, bail};
use connect::feeds::FeedKind;
use connect::feeds::taxii::RunLimits;
use engine::intel::{GatherTally, Gathered, Gatherer, IntelFormat, SourceHealth};
use engine::office::Brought;
use formats::intel::list::ListMapping;
use model::limits::{CLAIMS_OF_SOURCE_MAX, FEED_BATCH_BYTES, FEED_BATCH_ITEMS, NOTES_KEPT_MAX};
use store::state::MergeKind;

use super::run::{Asked, FeedMemory};

/// Hears how far a run has come, in words.
pub(crate) type Progress = dyn Fn(&str) + Send + Sync;

/// Notes that a run keeps of what is odd about a server.
const NOTES_MAX: usize = 100;

/// What a page holds is taken whole, whatever the run may bring: the place behind it is kept, and nobody would come back for the rest.
const WHOLE_PAGES: usize = CLAIMS_OF_SOURCE_MAX;

/// A run of a feed.
pub(super) struct Talk<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) memory: FeedMemory,
    pub(super) health: SourceHealth,
    pub(super) has_changed: bool,
    progress: &'a Progress,
    gatherer: Option<Gatherer>,
    /// Bytes since the last batch was kept.
    batch_bytes: u64,
    /// What the run has taken so far.
    bytes: u64,
    items: u64,
    brought: Brought,
    tally: GatherTally,
}

impl<'a> Talk<'a> {
    pub(super) fn new(asked: Asked<'a>, memory: FeedMemory, progress: &'a Progress) -> Self {
        let health = SourceHealth { last_try: Some(asked.ctx.now), ..SourceHealth::of(asked.source) };
        Talk {
            asked,
            memory,
            health,
            has_changed: false,
            progress,
            gatherer: None,
            batch_bytes: 0,
            bytes: 0,
            items: 0,
            brought: Brought::default(),
            tally: GatherTally::default(),
        }
    }

    /// What is left of what the run may bring.
    fn limits(&self) -> RunLimits {
        let limits = self.asked.settings.feed.limits;
        RunLimits {
            bytes_max: limits.bytes.saturating_sub(self.bytes),
            items_max: limits.items.saturating_sub(self.items),
        }
    }

    /// Whether the run has brought as much as it may; said once, in its notes.
    fn is_at_limit(&mut self) -> bool {
        let RunLimits { bytes_max, items_max } = self.limits();
        let is_over = bytes_max == 0 || items_max == 0;
        if is_over {
            self.note("there is more than one run may bring; the next run goes on behind it".to_owned());
        }
        is_over
    }

    /// What is odd, beside what could not be read.
    fn note(&mut self, note: String) {
        if self.tally.notes.len() < NOTES_MAX && !self.tally.notes.contains(&note) {
            self.tally.notes.push(note);
        }
    }

    /// A record that is of no use.
    fn refuse(&mut self, note: String) {
        self.tally.bad += 1;
        self.note(note);
    }

    /// Reads an answer into the batch.
    async fn take(&mut self, format: IntelFormat, bytes: Vec<u8>, items: usize) -> Result<()> {
        let mut gatherer = self.gatherer.take().unwrap_or_else(|| self.asked.gatherer(WHOLE_PAGES));
        let length = bytes.len() as u64;
        // Reading takes milliseconds of a processor.
        let read = tokio::task::spawn_blocking(move || {
            format.read(&bytes, &ListMapping::plain(), &mut gatherer);
            gatherer
        });
        self.gatherer = Some(read.await.context("reading ended by a panic")?);
        self.count(length, items as u64);
        Ok(())
    }

    fn count(&mut self, bytes: u64, items: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.batch_bytes = self.batch_bytes.saturating_add(bytes);
        self.items = self.items.saturating_add(items);
    }

    fn say(&self, what: &str) {
        (self.progress)(&format!(
            "{what}: {} items, {}",
            crate::words::count(self.items),
            crate::words::bytes(self.bytes)
        ));
    }

    /// Keeps the batch when it is large enough.
    async fn keep_if_large(&mut self) -> Result<()> {
        let held = self.gatherer.as_ref().map_or(0, Gatherer::held);
        if held >= FEED_BATCH_ITEMS || self.batch_bytes >= FEED_BATCH_BYTES { self.keep().await } else { Ok(()) }
    }

    /// Keeps what was gathered, then the place behind it.
    pub(super) async fn keep(&mut self) -> Result<()> {
        self.batch_bytes = 0;
        if let Some(gatherer) = self.gatherer.take() {
            self.bring(MergeKind::Part, gatherer.finish()).await?;
        }
        if self.asked.settings.feed.kind.is_one_file() {
            return Ok(());
        }
        (self.health.brought, self.health.bytes) = (self.brought, self.bytes);
        self.health.tally.clone_from(&self.tally);
        let (memory, health) = (serde_json::to_string(&self.memory)?, serde_json::to_string(&self.health)?);
        let Asked { office, ctx, source, .. } = self.asked;
        Ok(office.keep_intel_run(ctx, source.number, (&memory, &health)).await?)
    }

    async fn bring(&mut self, merge: MergeKind, gathered: Gathered) -> Result<()> {
        let Asked { office, ctx, source, .. } = self.asked;
        let brought = office.bring(ctx, source, (merge, &gathered), |_| {}).await?;
        self.has_changed |= !brought.is_nothing();
        self.brought.add(brought);
        add(&mut self.tally, gathered.tally);
        Ok(())
    }
}

fn add(all: &mut GatherTally, more: GatherTally) {
    all.items += more.items;
    all.context += more.context;
    all.patterns += more.patterns;
    all.unlooked += more.unlooked;
    all.repeated += more.repeated;
    all.bad += more.bad;
    all.left_out += more.left_out;
    let room = NOTES_MAX.min(NOTES_KEPT_MAX).saturating_sub(all.notes.len());
    all.notes.extend(more.notes.into_iter().take(room));
}

/// Leads a conversation to its end.
///
/// # Errors
/// When the server cannot be asked, or the state refuses. What came before stays good.
pub(super) async fn lead(talk: &mut Talk<'_>) -> Result<()> {
    let feed = talk.asked.open().await?;
    match (talk.asked.settings.feed.kind, feed) {
        (FeedKind::Taxii, Some(feed)) => taxii::lead(talk, &feed).await,
        (FeedKind::Misp, Some(feed)) => folder::lead(talk, &feed).await,
        (FeedKind::Misp, None) => folder::read_here(talk).await,
        (FeedKind::MispRest, Some(feed)) => rest::lead(talk, &feed).await,
        (FeedKind::Hibp, Some(feed)) => hibp::lead(talk, &feed).await,
        _ => bail!("feeds of this kind are no conversation"),
    }
}

/// What a first look at a feed says.
#[derive(Default)]
pub(crate) struct Glance {
    /// What there is: collections, events, versions.
    pub(crate) offered: Vec<String>,
    /// What the first page of it holds.
    pub(crate) gathered: Gathered,
    /// How much that was.
    pub(crate) bytes: u64,
}

/// Looks at the beginning of a conversation and keeps nothing.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) async fn glance(asked: &Asked<'_>) -> Result<Glance> {
    let mut talk = Talk::new(*asked, FeedMemory::default(), &|_| {});
    let feed = asked.open().await?;
    let offered = match (asked.settings.feed.kind, feed) {
        (FeedKind::Taxii, Some(feed)) => taxii::glance(&mut talk, &feed).await?,
        (FeedKind::Misp, Some(feed)) => folder::glance(&mut talk, &feed).await?,
        (FeedKind::Misp, None) => folder::glance_here(&mut talk).await?,
        (FeedKind::MispRest, Some(feed)) => rest::glance(&mut talk, &feed).await?,
        (FeedKind::Hibp, Some(feed)) => hibp::glance(&mut talk, &feed).await?,
        _ => bail!("feeds of this kind are no conversation"),
    };
    let mut gathered = talk.gatherer.take().map(Gatherer::finish).unwrap_or_default();
    add(&mut gathered.tally, talk.tally);
    Ok(Glance { offered, gathered, bytes: talk.bytes })
}
