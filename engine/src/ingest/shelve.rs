//! Handing events and copies of findings to the lake, each exactly once, without ever holding detection up.
//!
//! The watch offers what it has looked at. What is not taken here in time is not lost: it stands in the journal, and this
//! task reads it again from there before it goes on. The same happens after a start, and when the watch itself is held up.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use model::{EventId, SourceId};
use store::journal::{JournalHandle, Offset, Piece, Reader};
use store::state::{FindingCopy, State};
use tokio::sync::{mpsc, watch};

use crate::content::Content;

use super::counters::Counters;
use super::look::Eyes;
use super::shelf::{Shelf, ShelfError, ShelfRow};

/// The consumer of events, by which the lake knows how far it is.
pub const EVENTS: &str = "events";
/// The consumer of copies of findings, and the source that their rows name.
pub const FINDINGS: &str = "findings";
/// Copies of findings that are handed over at once.
const FINDINGS_AT_ONCE: usize = 500;
/// How often what waits in the lake is asked to become durable, and findings are looked for.
const TICK: Duration = Duration::from_secs(1);
/// Longest that events wait for the watch to bring them, before they are read from the journal here.
const PATIENCE: Duration = Duration::from_secs(3);
/// Wait after the lake refused, doubling up to the longest.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Events of consecutive offsets.
pub(super) struct Offer {
    /// The first offset.
    pub(super) from: u64,
    /// The one after the last.
    pub(super) upto: u64,
    /// Their rows.
    pub(super) rows: Vec<ShelfRow>,
}

/// What the task works with.
pub(super) struct Shelving {
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) journal: JournalHandle,
    pub(super) state: State,
    pub(super) content: Arc<ArcSwap<Content>>,
    pub(super) counters: Arc<Counters>,
    pub(super) offers: mpsc::Receiver<Offer>,
    pub(super) stop: watch::Receiver<bool>,
}

/// How the task goes on.
struct Shelver {
    parts: Shelving,
    /// The first offset that was not handed over.
    next: u64,
    /// The last finding that was handed over.
    copied: u64,
    eyes: Option<Eyes>,
    retry: Duration,
}

/// Runs until it is told to stop; then hands over what there is, as far as the lake takes it.
pub(super) async fn run(parts: Shelving) {
    let mut shelver = Shelver { parts, next: 0, copied: 0, eyes: None, retry: RETRY_MIN };
    while !shelver.is_stopped() {
        let Err(error) = shelver.work().await else { break };
        shelver.parts.counters.shelf_failed();
        tracing::warn!(%error, wait_ms = shelver.retry.as_millis() as u64, "the lake refuses; events wait in the journal");
        tokio::select! {
            () = tokio::time::sleep(shelver.retry) => {}
            _ = shelver.parts.stop.wait_for(|stop| *stop) => {}
        }
        shelver.retry = (shelver.retry * 2).min(RETRY_MAX);
    }
    if let Err(error) = shelver.finish().await {
        tracing::warn!(%error, "the lake did not take everything; it will be read from the journal at the next start");
    }
}

impl Shelver {
    fn is_stopped(&self) -> bool {
        *self.parts.stop.borrow()
    }

    /// Learns where the lake is, and works until it refuses (`Err`) or there is nothing more to come (`Ok`).
    async fn work(&mut self) -> Result<(), ShelfError> {
        let shelf = Arc::clone(&self.parts.shelf);
        self.next = shelf.committed(EVENTS).await?.map_or(0, |last| last + 1);
        self.copied = shelf.committed(FINDINGS).await?.unwrap_or(0);
        self.parts.counters.shelved_upto(self.next);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last_offer = tokio::time::Instant::now();
        loop {
            tokio::select! {
                offer = self.parts.offers.recv() => match offer {
                    Some(offer) => {
                        last_offer = tokio::time::Instant::now();
                        self.take(offer).await?;
                    }
                    None => return Ok(()),
                },
                _ = tick.tick() => {
                    self.copy_findings().await?;
                    if last_offer.elapsed() >= PATIENCE {
                        self.catch_up(self.parts.journal.next().0).await?;
                    }
                    shelf.flush_if_due().await?;
                    self.works();
                }
            }
        }
    }

    fn works(&mut self) {
        self.parts.counters.shelf_works();
        self.retry = RETRY_MIN;
    }

    async fn take(&mut self, offer: Offer) -> Result<(), ShelfError> {
        if offer.from > self.next {
            self.catch_up(offer.from).await?;
        }
        if offer.upto <= self.next {
            return Ok(());
        }
        // Rows that were handed over before are left out by the lake itself.
        self.append(offer.rows, offer.upto).await
    }

    async fn append(&mut self, rows: Vec<ShelfRow>, upto: u64) -> Result<(), ShelfError> {
        let Some(last) = upto.checked_sub(1) else { return Ok(()) };
        let count = rows.len() as u64;
        self.parts.shelf.append(EVENTS, rows, last).await?;
        self.next = upto;
        self.parts.counters.add_shelved_rows(count);
        self.parts.counters.shelved_upto(upto);
        Ok(())
    }

    /// Reads what lies before `upto` from the journal and hands it over.
    async fn catch_up(&mut self, upto: u64) -> Result<(), ShelfError> {
        if self.next >= upto {
            return Ok(());
        }
        let mut reader = self.parts.journal.reader(Offset(self.next));
        while self.next < upto {
            let content = self.parts.content.load_full();
            let eyes = self.eyes.take().unwrap_or_else(|| Eyes::new(Arc::clone(&content)));
            let read = tokio::task::spawn_blocking(move || read_piece(reader, eyes, &content)).await;
            let (same_reader, eyes, piece) = read.map_err(|error| ShelfError { reason: error.to_string() })?;
            (reader, self.eyes) = (same_reader, Some(eyes));
            let Some((rows, end)) = piece.map_err(|error| ShelfError { reason: error.to_string() })? else { break };
            self.parts.counters.add_shelved_again(rows.len() as u64);
            self.append(rows, end).await?;
            if self.is_stopped() {
                break;
            }
        }
        Ok(())
    }

    /// Hands over copies of the findings that were kept since the last look.
    async fn copy_findings(&mut self) -> Result<(), ShelfError> {
        loop {
            let found = self.parts.state.findings_after(self.copied, FINDINGS_AT_ONCE).await;
            // The state's own trouble is told by the watch; findings are copied when it is over.
            let Ok(copies) = found else { return Ok(()) };
            let Some(last) = copies.last().map(|copy| copy.seq) else { return Ok(()) };
            let source = SourceId::parse(FINDINGS).map_err(|error| ShelfError { reason: error.to_string() })?;
            let rows = copies.iter().filter_map(|copy| row_of(copy, &source)).collect();
            self.parts.shelf.append(FINDINGS, rows, last).await?;
            self.copied = last;
            if copies.len() < FINDINGS_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// The last of it: the watch has ended before.
    async fn finish(&mut self) -> Result<(), ShelfError> {
        while let Ok(offer) = self.parts.offers.try_recv() {
            self.take(offer).await?;
        }
        self.copy_findings().await?;
        self.parts.shelf.flush().await
    }
}

type ReadPiece = (Reader, Eyes, Result<Option<(Vec<ShelfRow>, u64)>, store::journal::ReadError>);

fn read_piece(mut reader: Reader, mut eyes: Eyes, content: &Arc<Content>) -> ReadPiece {
    let piece = match reader.next_piece() {
        Ok(Some(Piece::Block(block))) => Ok(Some((eyes.with(content).events_of(&block), block.end().0))),
        Ok(Some(Piece::Gap(gap))) => Ok(Some((Vec::new(), gap.upto.0))),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    (reader, eyes, piece)
}

/// The copy of a finding as a row; `None` for one that was kept before copies existed.
fn row_of(copy: &FindingCopy, source: &SourceId) -> Option<ShelfRow> {
    let id = EventId::from_bytes(*copy.id.as_bytes());
    let head = formats::Head { id, agency: &copy.agency, received: copy.created };
    let fields = formats::fields(model::Format::Ocsf, copy.ocsf.as_bytes()).ok()?;
    let (mut event, _) = formats::event(&fields, &head, &formats::Mappings::default());
    event.time = copy.time;
    drop(fields);
    let raw = copy.ocsf.clone().into_bytes();
    Some(ShelfRow { event, raw, source: source.clone(), received: copy.created, number: copy.seq })
}
