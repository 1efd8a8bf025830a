//! What outlets give is made when something changed: the index of intelligence was written anew, somebody said that a thing is harmless, lists
//! or outlets changed; and before what was cleared is an hour old.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use connect::rpz::Notices;
use detect::suppress::Suppression;
use engine::intel::OutletMade;
use engine::office::{Office, Outlet};
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, Timestamp, limits};
use store::state::State;
use tokio_util::sync::CancellationToken;

use super::zones::OutletZones;
use crate::config::Config;
use crate::intel::index;
use crate::node::SystemClock;
use crate::words;

/// How often somebody looks whether something changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Age at which it is made anew in any case: ten minutes before it is not given any more.
const OLD: Duration = Duration::from_secs(limits::CLEARED_SECONDS_MAX - 600);

/// After making, the processor is left to others for so many times as long.
const PAUSE: u32 = 4;

/// All that what an agency's outlets give depends on.
#[derive(Clone)]
struct Seen {
    index: Option<(SystemTime, u64)>,
    /// What past traffic says: it comes after the index, and decides what may be blocked.
    past: Option<(SystemTime, u64)>,
    sightings: [i64; 3],
    /// Held, so that no other one can stand where it stood.
    lists: Arc<Suppression>,
    outlets: Vec<(String, Timestamp)>,
}

impl Seen {
    fn is(&self, other: &Seen) -> bool {
        self.index == other.index
            && self.past == other.past
            && self.sightings == other.sightings
            && Arc::ptr_eq(&self.lists, &other.lists)
            && self.outlets == other.outlets
    }
}

/// An agency's last making.
struct Last {
    seen: Seen,
    not_before: Instant,
}

/// The server of zones, if there is one.
pub(super) type ZonesAndNotices = Option<(Arc<OutletZones>, Notices)>;

/// Makes what outlets give until the watch stops.
pub(super) async fn watch(
    config: Config,
    state: State,
    office: Office,
    zones: ZonesAndNotices,
    shutdown: CancellationToken,
) {
    let making = make_always(&config, &state, &office);
    // Beside it: whoever is paused or over is refused within seconds, however long making takes.
    let looking = look_always(&config, &office, zones);
    tokio::select! {
        () = making => {}
        () = looking => {}
        () = shutdown.cancelled() => {}
    }
}

async fn make_always(config: &Config, state: &State, office: &Office) {
    let mut last = HashMap::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = round(config, state, office, &mut last).await {
            tracing::warn!("outlets cannot be looked at: {error:#}");
        }
    }
}

async fn look_always(config: &Config, office: &Office, zones: ZonesAndNotices) {
    let Some((zones, notices)) = zones else { return std::future::pending().await };
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = zones.refresh(office, &config.agency, &notices).await {
            tracing::warn!("policy zones cannot be looked at: {error:#}");
        }
    }
}

async fn round(config: &Config, state: &State, office: &Office, last: &mut HashMap<AgencyId, Last>) -> Result<()> {
    let mut by_agency: HashMap<AgencyId, Vec<Outlet>> = HashMap::new();
    for outlet in state.outlets_everywhere().await? {
        by_agency.entry(outlet.agency.clone()).or_default().push(outlet);
    }
    last.retain(|agency, _| by_agency.contains_key(agency));
    for (agency, outlets) in by_agency {
        let ctx = OpContext::new(agency.clone(), "node", Roles::NODE, SystemClock.now());
        let seen = Seen {
            index: index::mark(&config.intel_index_file(&agency)),
            past: index::mark(&config.look_back_file(&agency)),
            sightings: state.sightings_mark(&ctx).await?,
            lists: Arc::clone(&office.judges_by().suppression),
            outlets: outlets.iter().map(|outlet| (outlet.id.clone(), outlet.changed)).collect(),
        };
        let known = last.get(&agency);
        let is_known =
            known.is_some_and(|known| known.seen.is(&seen)) && !outlets.iter().any(|one| is_old(one, ctx.now));
        if is_known || known.is_some_and(|known| Instant::now() < known.not_before) {
            continue;
        }
        let began = Instant::now();
        make(office, &ctx).await?;
        let not_before = Instant::now() + began.elapsed() * PAUSE;
        last.insert(agency, Last { seen, not_before });
    }
    Ok(())
}

/// Whether an outlet that gives something has to be made anew before it is too old to be given.
fn is_old(outlet: &Outlet, now: Timestamp) -> bool {
    let is_given = outlet.paused.is_none() && !outlet.has_ended(now);
    let cleared = OutletMade::read(&outlet.made).and_then(|made| made.cleared);
    is_given && cleared.is_none_or(|cleared| cleared.plus(OLD) <= now || cleared > now)
}

async fn make(office: &Office, ctx: &OpContext) -> Result<()> {
    let (office, ctx) = (office.clone(), ctx.clone());
    // Weighing, packing and writing take seconds of a processor.
    let runtime = tokio::runtime::Handle::current();
    let made = tokio::task::spawn_blocking(move || runtime.block_on(office.make_outlets(&ctx))).await;
    for making in made.context("making outlets ended by a panic")?? {
        let name = &making.name;
        match &making.outcome {
            Ok(true) => {
                let entries = making.entries;
                tracing::info!(outlet = %name, entries, "outlet {name}: {}", words::counted(entries, "indicator"));
            }
            Ok(false) => {}
            Err(error) => tracing::error!(outlet = %name, "outlet {name} was not made: {error}"),
        }
    }
    Ok(())
}
