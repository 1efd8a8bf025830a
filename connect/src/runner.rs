//! Starts sources, starts them again when they fail, and stops them together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::SourceId;
use model::doors::{BoxFuture, Clock, Intake, IntakeError};
use model::limits::{SOURCE_DRAIN_SECONDS_MAX, SOURCE_STEADY_SECONDS};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::BackOff;
use crate::config::{ConfigError, SourceConfig};
use crate::health::{Count, Health, HealthSnapshot, SourceState};
use crate::http::{Ingest, TokenCheck};
use crate::link::{Link, SourceError};
use crate::netflow::PacketDecoder;
use crate::tail::Positions;

/// Something that brings records until it is told to stop.
pub trait Source: Send + Sync {
    /// Runs until `link.shutdown` is cancelled (`Ok`) or something fails. Dropping the future at any time loses nothing
    /// that was acknowledged; what was not, comes again if the protocol can bring it again.
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>>;
}

/// Makes the decoder of a NetFlow source.
pub type MakeDecoder = Arc<dyn Fn(&SourceId) -> Box<dyn PacketDecoder> + Send + Sync>;

/// The parts of Watchbell that sources need; each is a door that the engine implements.
#[derive(Clone)]
pub struct Doors {
    /// Where records go.
    pub intake: Arc<dyn Intake>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where tailed files were left.
    pub positions: Arc<dyn Positions>,
    /// Who may post to the ingest door.
    pub tokens: Arc<dyn TokenCheck>,
    /// Makes the decoder of a NetFlow source.
    pub netflow: MakeDecoder,
}

/// The running sources of an installation. Dropping it ends them at once; [`Sources::stop`] lets them finish.
pub struct Sources {
    health: BTreeMap<SourceId, Arc<Health>>,
    ingest: Arc<Ingest>,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl Sources {
    /// Starts every configured source. Nothing is started when one of them is configured wrongly.
    ///
    /// # Errors
    /// When a source's configuration cannot work: see [`SourceConfig::check`].
    pub fn start(configs: &BTreeMap<SourceId, SourceConfig>, doors: &Doors) -> Result<Sources, ConfigError> {
        crate::config::check_all(configs)?;
        let shutdown = CancellationToken::new();
        let link_of = |source: &SourceId| Link {
            source: source.clone(),
            intake: Arc::clone(&doors.intake),
            clock: Arc::clone(&doors.clock),
            health: Arc::new(Health::new(source.clone())),
            shutdown: shutdown.child_token(),
        };
        let mut health = BTreeMap::new();
        let mut over_http = BTreeMap::new();
        let mut tasks = JoinSet::new();
        for (name, config) in configs {
            let link = link_of(name);
            health.insert(name.clone(), Arc::clone(&link.health));
            match config.build(name, doors)? {
                Some(source) => {
                    tasks.spawn(run_for_ever(source, link));
                }
                None => {
                    link.health.set_state(SourceState::Running);
                    over_http.insert(name.clone(), (config.format(), link));
                }
            }
        }
        let ingest = Arc::new(Ingest::new(over_http, Arc::clone(&doors.tokens)));
        Ok(Sources { health, ingest, shutdown, tasks })
    }

    /// The counters of every source, by name.
    pub fn health(&self) -> Vec<HealthSnapshot> {
        self.health.values().map(|health| health.snapshot()).collect()
    }

    /// The live counters of one source.
    pub fn health_of(&self, source: &SourceId) -> Option<&Arc<Health>> {
        self.health.get(source)
    }

    /// The ingest door's routes, to be mounted into a server.
    pub fn ingest_router(&self) -> axum::Router {
        crate::http::router(Arc::clone(&self.ingest))
    }

    /// Tells every source to stop, waits until what they hold is handed in, at most
    /// [`SOURCE_DRAIN_SECONDS_MAX`], and then ends what is left.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        let all_done = async { while self.tasks.join_next().await.is_some() {} };
        let longest = Duration::from_secs(SOURCE_DRAIN_SECONDS_MAX);
        if tokio::time::timeout(longest, all_done).await.is_err() {
            tracing::warn!(seconds = SOURCE_DRAIN_SECONDS_MAX, "sources did not finish in time and are ended");
            self.tasks.shutdown().await;
        }
    }
}

/// Runs a source until it is told to stop, starting it again after each failure with a growing, jittered wait.
pub async fn run_for_ever(source: Box<dyn Source>, link: Link) {
    let mut backoff = BackOff::default();
    while !link.shutdown.is_cancelled() {
        let started = Instant::now();
        let outcome = source.run(&link).await;
        link.health.set_listening(None);
        let Err(error) = outcome else { break };
        if matches!(error, SourceError::Intake(IntakeError::Closed)) {
            break;
        }
        if started.elapsed() >= Duration::from_secs(SOURCE_STEADY_SECONDS) {
            backoff.reset();
        }
        let wait = backoff.next_wait();
        let error = with_causes(&error);
        tracing::warn!(source = %link.source, %error, wait_ms = wait.as_millis() as u64, "source {} failed", link.source);
        link.health.failed(link.clock.now(), error);
        link.health.set_state(SourceState::Waiting);
        tokio::select! {
            () = tokio::time::sleep(wait) => link.health.add(Count::Restarts, 1),
            () = link.shutdown.cancelled() => {}
        }
    }
    link.health.set_state(SourceState::Stopped);
}

/// The error and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
