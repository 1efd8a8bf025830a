//! The watch: reads the journal in order, has all detectors look at it, keeps what they find, and offers the events to
//! the lake.
//!
//! One thread reads, several look, one collects in the journal's order: it feeds correlations, commits findings together
//! with the offset (invariant "order"), and writes down from time to time what correlations remember. After a crash the
//! records since the last such snapshot are looked at again; they give the same findings with the same ids, which are
//! kept once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use detect::sigma::{Correlator, Seen};
use intel::pattern::{Admitted, PatternMemory};
use model::detection::AnalyticKind;
use model::doors::Clock;
use model::{AgencyId, Detection, Note, NoteReason, OpContext, Roles};
use store::journal::{Block, Gap, GapReason, JournalHandle, Offset, Piece, Reader};
use store::state::{Harvest, NewFinding, Progress, State, StateError};
use tokio::runtime::Handle;
use tokio::sync::{mpsc as async_mpsc, watch};

use crate::content::Content;

use super::counters::Counters;
use super::look::{Eyes, Looked};
use super::memory::{Memory, Remembered};
use super::shelf::Shelf;
use super::shelve::{self, Offer, Shelving};
use super::shown;

/// The consumer of the journal that detects.
const DETECT: &str = "detect";
/// Blocks that wait for a thread that looks, and blocks that were looked at and wait for their turn.
const BLOCKS_WAITING_MAX: usize = 4;
/// Offers that wait for the lake.
const OFFERS_WAITING_MAX: usize = 24;
/// Longest that detection waits for a lake that is busy but works.
const SHELF_PATIENCE: Duration = Duration::from_secs(2);
/// Longest that a found thing waits for its commit while more keeps coming.
const COMMIT_EVERY: Duration = Duration::from_millis(250);
/// Longest that an offset without findings waits for its commit.
const OFFSET_EVERY: Duration = Duration::from_secs(1);
/// Findings in one commit.
const FINDINGS_PER_COMMIT: usize = 1_000;
/// How often the memory of correlations is written down.
const MEMORY_EVERY: Duration = Duration::from_secs(10);
/// How often the journal is told what nobody needs any more.
const CUT_EVERY: Duration = Duration::from_secs(5);
/// Wait after the state database refused, doubling up to the longest.
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// How long a thread sleeps before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(200);

/// How the watch is run.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Threads that look.
    pub threads: usize,
    /// Where the memory of correlations is kept.
    pub memory: PathBuf,
    /// The node's own agency, in whose name offsets are kept.
    pub agency: AgencyId,
}

/// What the watch works with.
pub struct WatchParts {
    /// Where records come from.
    pub journal: JournalHandle,
    /// Where findings go.
    pub state: State,
    /// Where events go; the watch works without one.
    pub shelf: Option<Arc<dyn Shelf>>,
    /// What detectors know; a new value is taken up at the next block.
    pub content: Arc<ArcSwap<Content>>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// The runtime on which the state database and the lake are reached.
    pub runtime: Handle,
}

/// A running watch. [`Watch::stop`] lets it finish what is under way.
pub struct Watch {
    counters: Arc<Counters>,
    stop: Arc<AtomicBool>,
    stop_shelf: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    shelving: Option<tokio::task::JoinHandle<()>>,
}

impl Watch {
    /// Starts from where the last one ended.
    ///
    /// # Errors
    /// When the state database refuses to say where that was, or the system gives no thread.
    pub async fn start(parts: WatchParts, options: &WatchOptions) -> Result<Watch, WatchError> {
        let counters = Arc::new(Counters::default());
        let ctx = context(&options.agency, parts.clock.as_ref());
        let committed = parts.state.progress(&ctx, DETECT).await?;
        let content = parts.content.load_full();
        let mut correlator = Correlator::new(Arc::clone(&content.rules));
        let (from, patterns) = remembered(&mut correlator, committed, &options.memory);
        counters.looked_upto(committed.0);
        let stop = Arc::new(AtomicBool::new(false));
        let (stop_shelf, shelf_stops) = watch::channel(false);
        let (offer, offers) = async_mpsc::channel(OFFERS_WAITING_MAX);
        let shelving = parts.shelf.as_ref().map(|shelf| {
            let shelving = Shelving {
                shelf: Arc::clone(shelf),
                journal: parts.journal.clone(),
                state: parts.state.clone(),
                content: Arc::clone(&parts.content),
                counters: Arc::clone(&counters),
                offers,
                stop: shelf_stops,
            };
            parts.runtime.spawn(shelve::run(shelving))
        });
        let (work, works) = mpsc::sync_channel(BLOCKS_WAITING_MAX);
        let (done, dones) = mpsc::sync_channel(BLOCKS_WAITING_MAX);
        let works = Arc::new(Mutex::new(works));
        let mut threads = Vec::new();
        let reader = parts.journal.reader(from);
        let (stop_reading, reader_counters) = (Arc::clone(&stop), Arc::clone(&counters));
        threads.push(named("watch-read", move || read(reader, &work, &stop_reading, &reader_counters))?);
        for number in 0..options.threads.max(1) {
            let (works, done, content) = (Arc::clone(&works), done.clone(), Arc::clone(&parts.content));
            threads.push(named(&format!("watch-look-{number}"), move || look(&works, &done, &content))?);
        }
        drop(done);
        let collector = Collector {
            next: 0,
            early: BTreeMap::new(),
            content,
            correlator,
            patterns,
            memory: Memory::at(&options.memory),
            upto: from,
            committed,
            remembered: from,
            pending: BTreeMap::new(),
            findings_pending: 0,
            last_commit: Instant::now(),
            last_memory: Instant::now(),
            last_cut: Instant::now(),
            offer: parts.shelf.is_some().then_some(offer),
            counters: Arc::clone(&counters),
            stop: Arc::clone(&stop),
            agency: options.agency.clone(),
            parts,
        };
        threads.push(named("watch-collect", move || collector.run(&dones))?);
        Ok(Watch { counters, stop, stop_shelf, threads, shelving })
    }

    /// The figures.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Resolves once everything that is in the journal now was looked at and is durable in the lake, where there is one.
    ///
    /// # Errors
    /// What keeps it from getting there.
    pub async fn caught_up(&self, journal: &JournalHandle) -> Result<(), String> {
        let end = journal.next().0;
        loop {
            let counters = self.counters.snapshot();
            let is_shelved = self.shelving.is_none() || counters.shelved_upto >= end;
            if counters.looked_upto >= end && is_shelved {
                return Ok(());
            }
            if counters.is_shelf_failing {
                return Err("the lake does not take events".to_owned());
            }
            if counters.is_state_failing {
                return Err("findings cannot be kept in the state database".to_owned());
            }
            tokio::time::sleep(NAP / 4).await;
        }
    }

    /// Ends after the blocks that are under way; findings and offsets are committed, the lake is flushed.
    pub async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok())).await;
        if !joined.unwrap_or(false) {
            tracing::error!("a thread of the watch ended by a panic; what it did not commit is looked at again");
        }
        self.stop_shelf.send_replace(true);
        if let Some(shelving) = self.shelving.take() {
            // A panic there was reported by the runtime; the journal still has the events.
            let _ = shelving.await;
        }
    }
}

/// Why a watch does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The state database refuses.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system gives no thread.
    #[error("starting a thread of the watch")]
    Thread(#[from] std::io::Error),
}

/// The offset before which nobody needs the journal any more.
///
/// # Errors
/// When the state database or the lake does not say; nothing may be cut then.
pub async fn cut_at(state: &State, ctx: &OpContext, shelf: Option<&dyn Shelf>) -> Result<Offset, String> {
    let looked = state.progress(ctx, DETECT).await.map_err(|error| error.to_string())?;
    let Some(shelf) = shelf else { return Ok(looked) };
    let shelved = shelf.committed(shelve::EVENTS).await.map_err(|error| error.to_string())?;
    Ok(looked.min(Offset(shelved.map_or(0, |last| last + 1))))
}

fn context(agency: &AgencyId, clock: &dyn Clock) -> OpContext {
    OpContext::new(agency.clone(), "watch", Roles::NODE, clock.now())
}

fn named(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Gives correlations and patterns their memory back, and says from where records must be looked at.
fn remembered(correlator: &mut Correlator, committed: Offset, path: &std::path::Path) -> (Offset, PatternMemory) {
    let anew = (committed, PatternMemory::default());
    match Memory::at(path).read() {
        Ok(Some((upto, state))) if upto <= committed => {
            let nothing = correlator.is_empty() && state.patterns.is_empty();
            correlator.restore(state.correlations);
            (if nothing { committed } else { upto }, state.patterns)
        }
        // Findings are committed before the memory is written: a memory ahead of them belongs to another database.
        Ok(Some(_)) => {
            tracing::warn!("the memory of correlations is newer than the findings; correlations begin anew");
            anew
        }
        Ok(None) => anew,
        Err(error) => {
            tracing::warn!(%error, "the memory of correlations cannot be used; correlations begin anew");
            anew
        }
    }
}

/// A piece of the journal, numbered in its order.
struct Work {
    number: u64,
    from: u64,
    piece: Piece,
}

struct Done {
    number: u64,
    from: u64,
    outcome: Outcome,
}

enum Outcome {
    Looked { block: Block, looked: Looked, content: Arc<Content> },
    Gap(Gap),
}

fn read(mut reader: Reader, work: &SyncSender<Work>, stop: &AtomicBool, counters: &Counters) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let from = reader.offset().0;
        match reader.next_piece() {
            Ok(Some(piece)) => {
                if work.send(Work { number, from, piece }).is_err() {
                    return;
                }
                number += 1;
            }
            Ok(None) => {
                reader.wait(NAP);
            }
            Err(error) => {
                counters.add_gaps(1);
                tracing::error!(%error, cause = %error.source, "the journal cannot be read; trying again");
                thread::sleep(Duration::from_secs(1));
            }
        }
    }
}

fn look(works: &Mutex<Receiver<Work>>, done: &SyncSender<Done>, content: &ArcSwap<Content>) {
    let mut eyes = Eyes::new(content.load_full());
    loop {
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { number, from, piece }) = next else { return };
        let outcome = match piece {
            Piece::Gap(gap) => Outcome::Gap(gap),
            Piece::Block(block) => {
                let content = content.load_full();
                let looked = eyes.with(&content).at(&block);
                Outcome::Looked { block, looked, content }
            }
        };
        if done.send(Done { number, from, outcome }).is_err() {
            return;
        }
    }
}

/// What one agency's records gave since the last commit.
#[derive(Default)]
struct Pending {
    findings: Vec<NewFinding>,
    notes: Vec<Note>,
}

/// Puts blocks back into their order and keeps what they gave.
struct Collector {
    next: u64,
    early: BTreeMap<u64, Done>,
    content: Arc<Content>,
    correlator: Correlator,
    patterns: PatternMemory,
    memory: Memory,
    /// The first offset that was not dealt with.
    upto: Offset,
    committed: Offset,
    /// Up to where the memory on disk speaks.
    remembered: Offset,
    pending: BTreeMap<AgencyId, Pending>,
    findings_pending: usize,
    last_commit: Instant,
    last_memory: Instant,
    last_cut: Instant,
    offer: Option<async_mpsc::Sender<Offer>>,
    counters: Arc<Counters>,
    stop: Arc<AtomicBool>,
    agency: AgencyId,
    parts: WatchParts,
}

impl Collector {
    fn run(mut self, dones: &Receiver<Done>) {
        loop {
            match dones.recv_timeout(NAP) {
                Ok(done) => {
                    self.early.insert(done.number, done);
                    while let Some(done) = self.early.remove(&self.next) {
                        self.next += 1;
                        self.deal_with(done);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.keep_up();
        }
        self.commit();
        self.remember();
        self.cut();
    }

    fn deal_with(&mut self, done: Done) {
        match done.outcome {
            Outcome::Gap(gap) => {
                self.tell_of(&gap);
                self.give(done.from, gap.upto.0, Vec::new());
                self.upto = gap.upto;
            }
            Outcome::Looked { block, looked, content } => {
                if !Arc::ptr_eq(&content, &self.content) {
                    self.learn(content);
                }
                self.collect(&block, &looked);
                self.counters.add_records(block.len() as u64);
                self.counters.add_unreadable(looked.unreadable);
                let Looked { rows, notes, .. } = looked;
                // Records that are only looked at again, for the memory of correlations, have told their troubles before.
                if block.end() > self.committed {
                    for (agency, note) in notes {
                        self.pending.entry(agency).or_default().notes.push(note);
                    }
                }
                self.give(done.from, block.end().0, rows);
                self.upto = block.end();
            }
        }
        if self.findings_pending >= FINDINGS_PER_COMMIT {
            self.commit();
        }
    }

    /// New rules: correlations that are still the same keep what they remember.
    fn learn(&mut self, content: Arc<Content>) {
        let state = self.correlator.snapshot();
        self.correlator = Correlator::new(Arc::clone(&content.rules));
        self.correlator.restore(state);
        self.content = content;
    }

    fn collect(&mut self, block: &Block, looked: &Looked) {
        let mut records = block.records();
        let mut at = 0;
        for hit in &looked.hits {
            // Rows and records run side by side, and hits are in their order.
            let Some(stored) = records.nth(hit.row - at) else { return };
            at = hit.row + 1;
            let row = &looked.rows[hit.row];
            let mut detections = hit.detections.clone();
            if !self.correlator.is_empty() && !hit.matched.is_empty() {
                let format = stored.format.or_else(|| formats::recognise(stored.body));
                if let Some(Ok(fields)) = format.map(|format| formats::fields(format, stored.body)) {
                    let event = &row.event;
                    let seen = Seen { event: event.id, time: event.time, subject: event.machine() };
                    self.correlator.observe(&hit.matched, &fields, &seen, &mut detections);
                }
            }
            let (agency, event) = (&row.event.agency, &row.event);
            for (patterns, takes) in &hit.takes {
                detections.extend(self.patterns.observe(agency, patterns, takes, event));
            }
            detections.retain_mut(|detection| self.admit(agency, detection));
            self.counters.add_detections(detections.len() as u64);
            for detection in detections {
                self.find(detection, row);
            }
        }
    }

    /// Whether a finding is kept: a pattern that finds what is common is told of only so often.
    fn admit(&mut self, agency: &AgencyId, detection: &mut Detection) -> bool {
        if detection.analytic.kind != AnalyticKind::Pattern {
            return true;
        }
        let admitted = self.patterns.admit(agency, detection);
        if admitted == Admitted::Last {
            let pattern = &detection.analytic.uid;
            tracing::warn!(%agency, %pattern, "a pattern finds what is common; no more of this day is told");
        }
        admitted != Admitted::No
    }

    fn find(&mut self, detection: Detection, row: &super::shelf::ShelfRow) {
        let pending = self.pending.entry(row.event.agency.clone()).or_default();
        let analytic = Arc::clone(&detection.analytic);
        match shown::finding(detection, Some(&row.event)) {
            Some(finding) => {
                pending.findings.push(finding);
                self.findings_pending += 1;
            }
            None => pending.notes.push(Note {
                source: row.source.as_str().to_owned(),
                cursor: None,
                line: None,
                reason: NoteReason::TooLarge,
                detail: format!("a finding of {} is too large to be kept", analytic.uid),
            }),
        }
    }

    fn tell_of(&self, gap: &Gap) {
        let (from, upto) = (gap.from.0, gap.upto.0);
        match &gap.reason {
            GapReason::LeftOut | GapReason::Released => {}
            GapReason::Damaged { file, bytes } => {
                self.counters.add_gaps(1);
                tracing::error!(
                    from, upto, %file, first_byte = bytes.start, end_byte = bytes.end,
                    "records {from} to {upto} of the journal are damaged and were skipped"
                );
            }
            _ => {
                self.counters.add_gaps(1);
                tracing::error!(from, upto, "records {from} to {upto} of the journal are missing");
            }
        }
    }

    /// Offers rows to the lake; one that works is waited for a little, so that both keep the same pace.
    fn give(&self, from: u64, upto: u64, rows: Vec<super::shelf::ShelfRow>) {
        let Some(sender) = &self.offer else { return };
        let mut offer = Offer { from, upto, rows };
        let until = Instant::now() + SHELF_PATIENCE;
        loop {
            match sender.try_send(offer) {
                Ok(()) | Err(async_mpsc::error::TrySendError::Closed(_)) => return,
                Err(async_mpsc::error::TrySendError::Full(back)) => {
                    let is_over = Instant::now() >= until || self.counters.is_shelf_failing();
                    if is_over || self.stop.load(Ordering::Relaxed) {
                        return;
                    }
                    offer = back;
                    thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    fn keep_up(&mut self) {
        let has_found = !self.pending.is_empty();
        let due = if has_found { COMMIT_EVERY } else { OFFSET_EVERY };
        // Nothing waits for its turn: what was found need not wait either.
        let is_idle = self.early.is_empty() && has_found && self.parts.journal.next() <= self.upto;
        if is_idle || (self.upto > self.committed && self.last_commit.elapsed() >= due) {
            self.commit();
        }
        if self.last_memory.elapsed() >= MEMORY_EVERY {
            self.last_memory = Instant::now();
            if self.upto > self.remembered {
                self.commit();
                self.remember();
            }
        }
        if self.last_cut.elapsed() >= CUT_EVERY {
            self.last_cut = Instant::now();
            self.cut();
        }
    }

    /// Keeps what was found together with the offset. Tries until it is done or the watch has to stop: findings must not
    /// be lost, and after a stop the records are looked at again.
    fn commit(&mut self) {
        self.last_commit = Instant::now();
        if self.pending.is_empty() && self.upto <= self.committed {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let harvests: Vec<Harvest> = pending
            .into_iter()
            .map(|(agency, Pending { findings, notes })| Harvest { agency, findings, notes })
            .collect();
        self.findings_pending = 0;
        let progress = Progress { consumer: DETECT.to_owned(), upto: self.upto };
        let mut retry = RETRY_MIN;
        loop {
            let ctx = context(&self.agency, self.parts.clock.as_ref());
            let outcome = self.parts.runtime.block_on(self.parts.state.commit_harvest(&ctx, &progress, &harvests));
            match outcome {
                Ok(added) => {
                    self.counters.state_works();
                    self.counters.add_findings(added as u64);
                    self.committed = self.committed.max(self.upto);
                    self.counters.looked_upto(self.committed.0);
                    return;
                }
                Err(error) => {
                    self.counters.state_failed();
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(%error, cause, wait_ms = retry.as_millis() as u64, "findings cannot be kept; trying again");
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(retry);
            retry = (retry * 2).min(RETRY_MAX);
        }
    }

    /// Writes down what correlations remember, once everything before it is committed.
    fn remember(&mut self) {
        if self.upto > self.committed {
            return;
        }
        // A file that is there speaks of an earlier offset, from which nothing may be needed any more.
        let is_wanted = !self.correlator.is_empty() || !self.patterns.is_empty() || self.memory.exists();
        let state = || Remembered { correlations: self.correlator.snapshot(), patterns: self.patterns.clone() };
        if is_wanted && let Err(error) = self.memory.write(self.upto, &state()) {
            tracing::warn!(%error, "the memory of correlations cannot be written; the journal is kept until it can");
            return;
        }
        self.remembered = self.upto;
    }

    fn cut(&self) {
        let ctx = context(&self.agency, self.parts.clock.as_ref());
        let needed = cut_at(&self.parts.state, &ctx, self.parts.shelf.as_deref());
        match self.parts.runtime.block_on(needed) {
            Ok(upto) if upto > Offset(0) => self.parts.journal.release(upto.min(self.remembered)),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the journal is not cut, as it is not known what is still needed"),
        }
    }
}
