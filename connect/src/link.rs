//! What ties a source to Watchbell: the intake, the clock, its counters and the word to stop.

use std::sync::Arc;
use std::time::Duration;

use model::doors::{Clock, Incoming, Intake, IntakeError};
use model::limits::{SOURCE_BUSY_WAIT_MS_MAX, SOURCE_NO_SPACE_WAIT_MS};
use model::{Cursor, Format, SourceId};
use tokio_util::sync::CancellationToken;

use crate::health::{Count, Health, SourceState};

/// Everything that a running source needs of the rest of Watchbell.
#[derive(Clone)]
pub struct Link {
    /// The source's own name.
    pub source: SourceId,
    /// Where records go.
    pub intake: Arc<dyn Intake>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// The source's counters.
    pub health: Arc<Health>,
    /// Cancelled when the source has to stop.
    pub shutdown: CancellationToken,
}

/// Why a source stopped. The runner starts it again after a wait.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Its address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// The configured address.
        address: String,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// Its socket or file failed.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        cause: std::io::Error,
    },
    /// Keys or certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// The intake takes no more records.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The server on the other side failed or refused.
    #[error("{server}: {reason}")]
    Remote {
        /// Which server.
        server: String,
        /// What it or the connection said.
        reason: String,
    },
}

/// What becomes of a batch that ingest did not take at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Offer it again after this time.
    For(Duration),
    /// Never.
    Never,
}

/// How long to hold back after an intake error; the one place that decides it.
pub(crate) fn wait_after(error: &IntakeError) -> Wait {
    match error {
        IntakeError::Busy { retry_after } => {
            let longest = Duration::from_millis(SOURCE_BUSY_WAIT_MS_MAX);
            Wait::For((*retry_after).clamp(Duration::from_millis(1), longest))
        }
        IntakeError::NoSpace => Wait::For(Duration::from_millis(SOURCE_NO_SPACE_WAIT_MS)),
        _ => Wait::Never,
    }
}

impl Link {
    /// A record of this source that arrived just now; counts it.
    pub fn record(&self, cursor: Option<Cursor>, format: Option<Format>, body: Vec<u8>) -> Incoming {
        let received = self.clock.now();
        self.health.received(received, body.len());
        Incoming { source: self.source.clone(), cursor, received, format, body }
    }

    /// Offers a batch once. `Ok` means durable.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub async fn offer(&self, batch: Vec<Incoming>) -> Result<(), IntakeError> {
        if batch.is_empty() {
            return Ok(());
        }
        let records = batch.len() as u64;
        let outcome = self.intake.submit(batch).await;
        match &outcome {
            Ok(()) => {
                self.health.add(Count::Durable, records);
                self.health.add(Count::Batches, 1);
                self.health.set_state(SourceState::Running);
            }
            Err(error) if wait_after(error) != Wait::Never => {
                self.health.add(Count::HeldBack, 1);
                self.health.set_state(SourceState::HeldBack);
                self.health.failed(self.clock.now(), error.to_string());
            }
            Err(_) => {}
        }
        outcome
    }

    /// Offers a batch until it is durable, for sources whose protocol has no way to say "again later".
    ///
    /// While ingest is busy or the disk full, this waits; the caller reads nothing meanwhile, and that is the
    /// back-pressure. Once the source has to stop, a batch is offered one last time.
    ///
    /// # Errors
    /// When the batch will never be taken; its records count as dropped.
    pub async fn hand_in(&self, batch: Vec<Incoming>) -> Result<(), IntakeError> {
        let records = batch.len() as u64;
        let outcome = self.insist(batch).await;
        if outcome.is_err() {
            self.health.add(Count::Dropped, records);
        }
        outcome
    }

    /// As [`Link::hand_in`], for sources that can bring the batch again: nothing counts as dropped.
    pub(crate) async fn insist(&self, batch: Vec<Incoming>) -> Result<(), IntakeError> {
        loop {
            // The copy is the price of a batch that must survive a refusal: `submit` takes it by value.
            let stopping = self.shutdown.is_cancelled();
            let error = match self.offer(batch.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match wait_after(&error) {
                Wait::For(wait) if !stopping => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.shutdown.cancelled() => {}
                    }
                }
                _ => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_waited_for() {
        let busy = |ms| IntakeError::Busy { retry_after: Duration::from_millis(ms) };
        assert_eq!(wait_after(&busy(40)), Wait::For(Duration::from_millis(40)));
        assert_eq!(wait_after(&busy(0)), Wait::For(Duration::from_millis(1)));
        assert_eq!(wait_after(&busy(u64::MAX)), Wait::For(Duration::from_millis(SOURCE_BUSY_WAIT_MS_MAX)));
        assert_eq!(wait_after(&IntakeError::NoSpace), Wait::For(Duration::from_millis(SOURCE_NO_SPACE_WAIT_MS)));
        assert_eq!(wait_after(&IntakeError::Closed), Wait::Never);
        assert_eq!(wait_after(&IntakeError::Failed { reason: "disk".into() }), Wait::Never);
    }
}
