//! Peers, live: a stream of hints from each, a pull on every hint and every few minutes; what they write here is taken in; what is shared goes out.
//!
//! A stream that breaks is opened anew after a while that grows with each failure, and pulls go on meanwhile: a hint makes sharing fast, the
//! pull makes it whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use connect::feeds::taxii::Cursor;
use connect::peers::{Hints, PeerClient};
use engine::office::{Office, Peer, PeerHealth, PeerNumber, Took};
use model::doors::Clock;
use model::limits::PEER_PULL_MS_MIN;
use model::{AgencyId, OpContext, Roles};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::intel::index;
use crate::node::SystemClock;
use crate::peers::pull;

/// How often somebody looks whether peers were added, changed or removed, and what they wrote here.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for what peers were not told yet, at least so long after a look as it took twenty times.
const SHARE_EVERY: Duration = Duration::from_secs(5);
/// How often the index is written anew for what peers have claimed: it has all claims in it.
const INDEX_EVERY: Duration = Duration::from_secs(30);
/// How often it is kept that all is well.
const HEALTH_EVERY: Duration = Duration::from_secs(60);
/// The first wait after a failure, and the longest.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// Agencies whose claims have changed since their index was written.
type Changed = Arc<Mutex<BTreeSet<AgencyId>>>;

/// How peers do: whoever speaks with one and whoever takes in what it wrote here both change it.
#[derive(Clone, Default)]
struct Healths(Arc<Mutex<BTreeMap<(AgencyId, PeerNumber), PeerHealth>>>);

impl Healths {
    /// Changes how a peer does; gives how it does now.
    fn change(&self, peer: &Peer, change: impl FnOnce(&mut PeerHealth)) -> PeerHealth {
        let mut healths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A stream of before is none.
        let kept = || PeerHealth { streaming: None, ..PeerHealth::of(peer) };
        let health = healths.entry(key(peer)).or_insert_with(kept);
        change(health);
        health.clone()
    }
}

struct Running {
    /// The peer as it was when this was started.
    peer: Peer,
    stop: CancellationToken,
}

/// Speaks with all peers until the watch stops.
pub(super) async fn watch(config: Config, office: Office, shutdown: CancellationToken) {
    let (changed, healths, mut tasks) = (Changed::default(), Healths::default(), JoinSet::new());
    let mut running: BTreeMap<(AgencyId, PeerNumber), Running> = BTreeMap::new();
    let mut news = office.news();
    let (mut shared, mut share_after) = (Instant::now(), Duration::ZERO);
    let mut indexed = Instant::now();
    loop {
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended {
                // Which one it was is not said; all are begun anew.
                tracing::error!(%error, "a peer's task ended by a panic");
                running.values().for_each(|one: &Running| one.stop.cancel());
                running.clear();
            }
        }
        let ctx = node(&config.agency);
        match office.peers_everywhere(&ctx).await {
            Ok(peers) => {
                keep_running(&peers, &mut running, (&office, &changed, &healths, &mut tasks), &shutdown);
                take_inboxes(&office, &peers, (&changed, &healths)).await;
                if shared.elapsed() >= share_after {
                    let began = Instant::now();
                    let has_more = share(&office, &peers).await;
                    share_after = if has_more { Duration::ZERO } else { SHARE_EVERY.max(began.elapsed() * 20) };
                    shared = Instant::now();
                }
            }
            Err(error) => tracing::warn!(%error, "peers cannot be looked at"),
        }
        if indexed.elapsed() >= INDEX_EVERY {
            write_indexes(&config, &office, &changed).await;
            indexed = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = news.changed() => tokio::time::sleep(Duration::from_millis(PEER_PULL_MS_MIN)).await,
            () = shutdown.cancelled() => break,
        }
    }
    running.values().for_each(|one| one.stop.cancel());
    while tasks.join_next().await.is_some() {}
}

fn node(agency: &AgencyId) -> OpContext {
    OpContext::new(agency.clone(), "node", Roles::NODE, SystemClock.now())
}

/// Starts what is new, and ends what was changed or is not there any more.
fn keep_running(
    peers: &[Peer],
    running: &mut BTreeMap<(AgencyId, PeerNumber), Running>,
    (office, changed, healths, tasks): (&Office, &Changed, &Healths, &mut JoinSet<()>),
    shutdown: &CancellationToken,
) {
    let is_spoken_with = |peer: &&Peer| peer.paused.is_none() && peer.has_secret();
    let now: BTreeMap<_, _> = peers.iter().filter(is_spoken_with).map(|peer| (key(peer), peer)).collect();
    running.retain(|key, one| {
        let is_same = now.get(key).is_some_and(|peer| peer.changed == one.peer.changed);
        if !is_same {
            one.stop.cancel();
        }
        is_same
    });
    for (key, peer) in now {
        if running.contains_key(&key) {
            continue;
        }
        let stop = shutdown.child_token();
        let talk = Talk::new(office.clone(), peer.clone(), Arc::clone(changed), healths.clone());
        tasks.spawn(talk.run(stop.clone()));
        running.insert(key, Running { peer: peer.clone(), stop });
    }
}

fn key(peer: &Peer) -> (AgencyId, PeerNumber) {
    (peer.agency.clone(), peer.number)
}

fn mark(changed: &Changed, agency: &AgencyId) {
    changed.lock().unwrap_or_else(PoisonError::into_inner).insert(agency.clone());
}

/// Takes in what peers have written here.
async fn take_inboxes(office: &Office, peers: &[Peer], (changed, healths): (&Changed, &Healths)) {
    for peer in peers.iter().filter(|peer| peer.paused.is_none()) {
        match office.take_inbox(&node(&peer.agency), peer).await {
            // What is left has its turn at the next look: one peer must not keep the others waiting.
            Ok((took, _)) => {
                if took.claims > 0 {
                    mark(changed, &peer.agency);
                }
                if !took.is_nothing() || took.bad > 0 {
                    let health = healths.change(peer, |health| add(health, took));
                    keep(office, peer, &health).await;
                }
            }
            Err(error) => {
                tracing::error!(peer = %peer.name, "what {} wrote here is not taken in: {error:#}", peer.name)
            }
        }
    }
}

async fn share(office: &Office, peers: &[Peer]) -> bool {
    let agencies: BTreeSet<&AgencyId> = peers.iter().map(|peer| &peer.agency).collect();
    let mut has_more = false;
    for agency in agencies {
        match office.share_onward(&node(agency)).await {
            Ok((_, more)) => has_more |= more,
            Err(error) => tracing::error!("what is shared is not put into collections: {error:#}"),
        }
    }
    has_more
}

async fn write_indexes(config: &Config, office: &Office, changed: &Changed) {
    let agencies = std::mem::take(&mut *changed.lock().unwrap_or_else(PoisonError::into_inner));
    for agency in agencies {
        if let Err(error) = index::write(config, office, &node(&agency)).await {
            tracing::error!("the index of intelligence is not written: {error:#}");
            mark(changed, &agency);
        }
    }
}

fn add(health: &mut PeerHealth, took: Took) {
    health.claims += took.claims;
    health.sightings += took.sightings;
    health.bad += took.bad;
    if !took.notes.is_empty() {
        health.notes = took.notes.into_iter().take(10).collect();
    }
    if took.claims + took.sightings + took.groups > 0 {
        health.last_news = Some(SystemClock.now());
    }
}

async fn keep(office: &Office, peer: &Peer, health: &PeerHealth) {
    if let Err(error) = office.keep_peer_health(&node(&peer.agency), peer.number, health).await {
        tracing::error!(peer = %peer.name, "how {} does is not kept: {error:#}", peer.name);
    }
}

/// Speaks with one peer.
struct Talk {
    office: Office,
    peer: Peer,
    changed: Changed,
    healths: Healths,
    cursor: Cursor,
    kept: Instant,
}

impl Talk {
    fn new(office: Office, peer: Peer, changed: Changed, healths: Healths) -> Self {
        let cursor = pull::cursor(&peer);
        Talk { office, peer, changed, healths, cursor, kept: Instant::now() }
    }

    fn health(&self, change: impl FnOnce(&mut PeerHealth)) -> PeerHealth {
        self.healths.change(&self.peer, change)
    }

    async fn run(mut self, stop: CancellationToken) {
        let name = self.peer.name.clone();
        while !stop.is_cancelled() {
            let round = Box::pin(self.round(&stop)).await;
            let mut health = self.health(|health| health.streaming = None);
            if let Err(error) = round {
                let words = format!("{error:#}");
                if health.error.as_ref() != Some(&words) {
                    tracing::warn!(peer = %name, error = %words, "peer {name} cannot be pulled from");
                }
                health = self.health(|health| {
                    health.failures = health.failures.saturating_add(1);
                    health.error = Some(words);
                });
                keep(&self.office, &self.peer, &health).await;
            }
            tokio::select! {
                () = tokio::time::sleep(wait(health.failures)) => {}
                () = stop.cancelled() => break,
            }
        }
        let health = self.health(|health| health.streaming = None);
        keep(&self.office, &self.peer, &health).await;
    }

    /// From opening the stream until it breaks, or a pull fails.
    async fn round(&mut self, stop: &CancellationToken) -> Result<()> {
        self.health(|health| health.last_try = Some(SystemClock.now()));
        let client = pull::client(&self.office, &node(&self.peer.agency), &self.peer).await?;
        let interval = Duration::from_secs(u64::from(pull::wire(&self.peer)?.interval.seconds()));
        // Without a stream it is pulled from all the same; a server that is no node has none.
        let mut hints = client.hints().await.ok();
        let is_new = hints.is_some();
        self.health(|health| health.streaming = is_new.then(|| SystemClock.now()));
        self.pull(&client, is_new).await?;
        let began = Instant::now();
        loop {
            let is_again = tokio::select! {
                hint = next(&mut hints) => hint,
                () = tokio::time::sleep(spread(interval)) => true,
                () = stop.cancelled() => return Ok(()),
            };
            if !is_again {
                // The stream ended; a server without one is looked for again with every pull.
                return Ok(());
            }
            self.pull(&client, false).await?;
            if hints.is_none() && began.elapsed() >= interval {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(PEER_PULL_MS_MIN)).await;
        }
    }

    async fn pull(&mut self, client: &PeerClient, is_new: bool) -> Result<()> {
        let mut took = Took::default();
        let pulled = pull::pull(&self.office, client, &self.peer, &mut self.cursor, &mut took).await;
        if took.claims > 0 {
            mark(&self.changed, &self.peer.agency);
        }
        let is_news = is_new || !took.is_nothing() || took.bad > 0;
        let before = self.health(|health| add(health, took));
        pulled?;
        let health = self.health(|health| {
            health.last_success = Some(SystemClock.now());
            (health.failures, health.error) = (0, None);
        });
        if is_news || before.error.is_some() || self.kept.elapsed() >= HEALTH_EVERY {
            keep(&self.office, &self.peer, &health).await;
            self.kept = Instant::now();
        }
        Ok(())
    }
}

/// Whether there is a hint; false when the stream is at its end. Never comes where there is no stream.
async fn next(hints: &mut Option<Hints>) -> bool {
    match hints {
        Some(hints) => matches!(hints.next().await, Ok(Some(_))),
        None => std::future::pending().await,
    }
}

/// Longer after each failure, less up to a half at random, so that a fleet does not come back in step.
fn wait(failures: u32) -> Duration {
    let doubled = RETRY_MIN * 2u32.saturating_pow(failures.min(16));
    let longest = doubled.min(RETRY_MAX);
    longest - longest.mul_f64(chance() / 2.0)
}

/// Up to a tenth late.
fn spread(interval: Duration) -> Duration {
    interval + interval.mul_f64(chance() / 10.0)
}

/// Between 0 and 1; 0 where the system gives no random numbers.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).ok();
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        for failures in 0..40 {
            let longest = (RETRY_MIN * 2u32.saturating_pow(failures.min(16))).min(RETRY_MAX);
            let waits = wait(failures);
            assert!(waits <= longest && waits >= longest / 2, "{failures}: {waits:?}");
        }
        let interval = Duration::from_secs(100);
        assert!(spread(interval) >= interval && spread(interval) <= interval + interval / 10);
    }
}
