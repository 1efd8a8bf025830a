//! Counting what goes to the lake, on its way there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use detect::seen::Recorder;
use model::doors::BoxFuture;
use model::{AgencyId, limits};

use super::files::{SeenError, SeenFiles};
use super::software::{OwnAddresses, SoftwareRecorder};
use crate::ingest::{EVENTS, Shelf, ShelfError, ShelfRow};

/// Longest that what was counted waits until it is written.
const WRITE_EVERY: Duration = Duration::from_secs(15);

/// A shelf that counts the values of events before it hands them on. What is not written yet is asked for again after a crash, since the
/// offset that it names as durable is the lesser of both.
pub struct SeenShelf {
    inner: Arc<dyn Shelf>,
    files: SeenFiles,
    counting: Arc<Mutex<Counting>>,
    /// One writes at a time.
    writing: tokio::sync::Mutex<()>,
}

struct Counting {
    recorder: Recorder,
    software: SoftwareRecorder,
    /// Whose software is counted; of an agency that is not here, none.
    own: BTreeMap<AgencyId, Arc<OwnAddresses>>,
    /// Up to where was counted.
    counted: Option<u64>,
    /// Up to where it is written.
    written: Option<u64>,
    last_write: Instant,
    /// What was counted could not be written and is forgotten: whoever hands in has to begin again at what is durable.
    is_lost: bool,
}

impl SeenShelf {
    /// Counts what goes to `inner`.
    ///
    /// # Errors
    /// When the files cannot be opened.
    pub fn open(inner: Arc<dyn Shelf>, files: SeenFiles) -> Result<Self, SeenError> {
        let written = files.open()?;
        let counting = Counting {
            recorder: Recorder::default(),
            software: SoftwareRecorder::default(),
            own: BTreeMap::new(),
            counted: written,
            written,
            last_write: Instant::now(),
            is_lost: false,
        };
        Ok(SeenShelf { inner, files, counting: Arc::new(Mutex::new(counting)), writing: tokio::sync::Mutex::new(()) })
    }

    /// Says which addresses are the agency's own, from now on. Until somebody has, no software is counted for it.
    pub fn know(&self, agency: &AgencyId, own: Arc<OwnAddresses>) {
        self.counting().own.insert(agency.clone(), own);
    }

    fn counting(&self) -> MutexGuard<'_, Counting> {
        self.counting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, rows: &[ShelfRow], upto: u64) -> Result<(), ShelfError> {
        self.must_hold()?;
        let mut counting = self.counting();
        for row in rows {
            if counting.counted.is_none_or(|counted| row.number > counted) {
                let Counting { recorder, software, own, .. } = &mut *counting;
                recorder.record(&row.event, row.received);
                if let Some(own) = own.get(&row.event.agency) {
                    software.record(&row.event, row.received, own);
                }
            }
        }
        counting.counted = counting.counted.max(Some(upto));
        Ok(())
    }

    /// Says once to whoever hands in that something was lost, whoever wanted it written.
    fn must_hold(&self) -> Result<(), ShelfError> {
        match std::mem::take(&mut self.counting().is_lost) {
            true => Err(ShelfError { reason: "what was seen could not be written; it is counted again".to_owned() }),
            false => Ok(()),
        }
    }

    /// Writes what was counted.
    ///
    /// # Errors
    /// When the system refuses; it is kept in memory then, and tried again.
    pub async fn write(&self) -> Result<(), ShelfError> {
        let _one = self.writing.lock().await;
        let (mut recorder, (software, mut left_out), from, upto) = {
            let mut counting = self.counting();
            counting.last_write = Instant::now();
            let Some(upto) = counting.counted.filter(|_| counting.counted > counting.written) else { return Ok(()) };
            (std::mem::take(&mut counting.recorder), counting.software.take(), counting.written, upto)
        };
        let files = self.files.clone();
        let kept = tokio::task::spawn_blocking(move || {
            // First what may be counted twice, then the offset that says that all is written.
            left_out += files.keep_software(software)?;
            files.keep(&recorder.take(), (from, upto))?;
            if left_out > 0 {
                tracing::warn!(left_out, "more software is seen than is kept; the rest is left out");
            }
            Ok::<(), SeenError>(())
        });
        let kept = kept.await;
        let kept = kept.map_err(|error| error.to_string()).and_then(|kept| {
            kept.map_err(|error| {
                format!(
                    "what was seen is not kept: {error}: {}",
                    std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
                )
            })
        });
        let mut counting = self.counting();
        match kept {
            Ok(()) => {
                counting.written = Some(upto);
                Ok(())
            }
            Err(reason) => {
                // What is lost of it here is handed in again, since nothing beyond `written` is called durable.
                counting.recorder = Recorder::default();
                drop(counting.software.take());
                counting.counted = counting.written;
                counting.is_lost = true;
                Err(ShelfError { reason })
            }
        }
    }

    async fn write_if_due(&self) -> Result<(), ShelfError> {
        let is_due = {
            let counting = self.counting();
            counting.last_write.elapsed() >= WRITE_EVERY
                || counting.recorder.values() >= limits::SEEN_VALUES_WAITING_MAX
                || counting.software.rows() >= limits::SOFTWARE_SEEN_WAITING_MAX
        };
        if is_due { self.write().await } else { Ok(()) }
    }
}

impl Shelf for SeenShelf {
    fn committed<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Option<u64>, ShelfError>> {
        Box::pin(async move {
            let inner = self.inner.committed(consumer).await?;
            Ok(if consumer == EVENTS { inner.min(self.counting().written) } else { inner })
        })
    }

    fn append<'a>(
        &'a self,
        consumer: &'a str,
        rows: Vec<ShelfRow>,
        upto: u64,
    ) -> BoxFuture<'a, Result<(), ShelfError>> {
        Box::pin(async move {
            if consumer == EVENTS {
                self.count(&rows, upto)?;
                self.write_if_due().await?;
            }
            self.inner.append(consumer, rows, upto).await
        })
    }

    fn flush_if_due(&self) -> BoxFuture<'_, Result<(), ShelfError>> {
        Box::pin(async move {
            self.must_hold()?;
            self.write_if_due().await?;
            self.inner.flush_if_due().await
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), ShelfError>> {
        Box::pin(async move {
            self.inner.flush().await?;
            self.write().await
        })
    }
}
