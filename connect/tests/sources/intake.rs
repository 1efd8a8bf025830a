//! An intake whose moods a test sets, and what it takes to run one source against it.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect::runner::run_for_ever;
use connect::{Health, Link, Source};
use model::doors::{BoxFuture, Clock, Incoming, Intake, IntakeError};
use model::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};
use model::{Cursor, SourceId, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that must happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long: {what}"))
}

#[derive(Default)]
struct Kept {
    /// Batches that are durable.
    batches: Vec<Vec<Incoming>>,
    /// Answers to the next submits; `Ok` when there are none.
    script: VecDeque<IntakeError>,
    /// The answer to one submit that is still to come, counted from 1 over all.
    refused_later: Option<(usize, IntakeError)>,
    /// Submits that have begun.
    offered: usize,
}

/// Keeps what it is given, in memory.
pub(crate) struct FakeIntake {
    kept: Mutex<Kept>,
    changed: watch::Sender<u64>,
    held: watch::Sender<bool>,
}

impl FakeIntake {
    pub(crate) fn new() -> Arc<Self> {
        let (changed, held) = (watch::channel(0).0, watch::channel(false).0);
        Arc::new(FakeIntake { kept: Mutex::default(), changed, held })
    }

    /// Lets no submit finish until [`FakeIntake::release`].
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// The next submits fail like this, one after the other.
    pub(crate) fn refuse(&self, errors: impl IntoIterator<Item = IntakeError>) {
        self.kept.lock().expect("unpoisoned").script.extend(errors);
    }

    /// Only the submit with this number fails, counted from 1 over all.
    pub(crate) fn refuse_number(&self, number: usize, error: IntakeError) {
        self.kept.lock().expect("unpoisoned").refused_later = Some((number, error));
    }

    /// Everything durable, repeated submits too.
    pub(crate) fn submitted(&self) -> Vec<Incoming> {
        self.kept.lock().expect("unpoisoned").batches.iter().flatten().cloned().collect()
    }

    /// What an intake stores that knows its cursors: named records once, others each time.
    pub(crate) fn stored(&self) -> Vec<Incoming> {
        let mut by_name: BTreeMap<(SourceId, Cursor), Vec<u8>> = BTreeMap::new();
        let mut stored = Vec::new();
        for record in self.submitted() {
            if let Some(cursor) = &record.cursor {
                let name = (record.source.clone(), cursor.clone());
                if let Some(before) = by_name.get(&name) {
                    assert_eq!(before, &record.body, "two records with the name {cursor}");
                    continue;
                }
                by_name.insert(name, record.body.clone());
            }
            stored.push(record);
        }
        stored
    }

    /// The stored bodies as text.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.stored().iter().map(|record| String::from_utf8_lossy(&record.body).into_owned()).collect()
    }

    pub(crate) fn sorted(&self) -> Vec<String> {
        let mut texts = self.texts();
        texts.sort();
        texts
    }

    pub(crate) fn offered(&self) -> usize {
        self.kept.lock().expect("unpoisoned").offered
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut changed = self.changed.subscribe();
        let wait = async {
            while !holds(self) {
                changed.changed().await.expect("the intake lives");
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let texts = self.texts();
            let shown = &texts[..texts.len().min(20)];
            panic!("waited too long: {what}; {} offers, {} stored: {shown:?}", self.offered(), texts.len());
        }
    }

    pub(crate) async fn until_stored(&self, records: usize) {
        self.until(&format!("{records} records stored"), |intake| intake.stored().len() >= records).await;
    }

    fn change(&self) {
        self.changed.send_modify(|version| *version += 1);
    }
}

impl Intake for FakeIntake {
    fn submit(&self, batch: Vec<Incoming>) -> BoxFuture<'_, Result<(), IntakeError>> {
        assert!(!batch.is_empty() && batch.len() <= BATCH_RECORDS_MAX, "{} records in a batch", batch.len());
        assert!(batch.iter().map(|record| record.body.len()).sum::<usize>() <= BATCH_BYTES_MAX);
        Box::pin(async move {
            let number = {
                let mut kept = self.kept.lock().expect("unpoisoned");
                kept.offered += 1;
                kept.offered
            };
            self.change();
            let _ = self.held.subscribe().wait_for(|held| !held).await;
            let mut kept = self.kept.lock().expect("unpoisoned");
            let is_refused = kept.refused_later.as_ref().is_some_and(|(refused, _)| *refused == number);
            let later = if is_refused { kept.refused_later.take().map(|(_, error)| error) } else { None };
            let outcome = match later.or_else(|| kept.script.pop_front()) {
                Some(error) => Err(error),
                None => {
                    kept.batches.push(batch);
                    Ok(())
                }
            };
            drop(kept);
            self.change();
            outcome
        })
    }
}

/// A clock that stands still: what the tests look at is not when.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_600_000_000_000)
    }
}

pub(crate) fn source_id(name: &str) -> SourceId {
    SourceId::parse(name).expect("a label")
}

pub(crate) fn link(intake: &Arc<FakeIntake>) -> Link {
    Link {
        source: source_id("test"),
        intake: Arc::clone(intake) as Arc<dyn Intake>,
        clock: Arc::new(Noon),
        health: Arc::new(Health::new(source_id("test"))),
        shutdown: CancellationToken::new(),
    }
}

/// A source that runs.
pub(crate) struct Running {
    pub(crate) health: Arc<Health>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(source: impl Source + 'static, intake: &Arc<FakeIntake>) -> Self {
        let link = link(intake);
        let (health, shutdown) = (Arc::clone(&link.health), link.shutdown.clone());
        Running { health, shutdown, task: tokio::spawn(run_for_ever(Box::new(source), link)) }
    }

    pub(crate) async fn address(&self) -> std::net::SocketAddr {
        soon("the source listens", self.health.listening()).await.expect("an address")
    }

    pub(crate) fn tell_to_stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops in good order.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        soon("the source stops", self.task).await.expect("no panic");
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Waits until a counter reaches a value, looking again whenever the runtime has nothing else to do.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&connect::HealthSnapshot) -> bool) {
        let wait = async {
            while !holds(&self.health.snapshot()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("waited too long: {what}: {:?}", self.health.snapshot());
        }
    }
}

pub(crate) fn busy() -> IntakeError {
    IntakeError::Busy { retry_after: Duration::from_millis(20) }
}

/// A configuration as a person would write it.
pub(crate) fn config<T: for<'de> serde::Deserialize<'de>>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
