//! Probes that are due look, each host in a line of its own, and what they see is judged and kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use connect::fetch::FetchRules;
use connect::probe::schedule::{Waits, by_host, due};
use connect::probe::{Look, Prober, Seen};
use engine::office::{Looked, Office, Probe, ProbeSettings, ProbeTurn, ProbeWatcher, probes::settings_of};
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, Timestamp, limits};
use store::state::State;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::node::SystemClock;
use crate::probes::looks;

/// How often somebody looks what is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What one agency's probes have learnt, and when each is due.
struct Agency {
    watcher: ProbeWatcher,
    /// By probe.
    due: BTreeMap<String, Due>,
}

/// When a probe looks.
struct Due {
    /// Next.
    at: Timestamp,
    /// It looked last.
    last: Timestamp,
    /// It was changed then, when it looked last.
    changed: Timestamp,
}

/// Looks until the watch stops. Looks that are under way then are dropped.
pub(super) async fn watch(state: State, office: Office, shutdown: CancellationToken) {
    let mut agencies = BTreeMap::new();
    let mut waits = Waits::default();
    // Jitter that another node does not have; it is no secret.
    let seed = u64::try_from(SystemClock.now().as_micros()).unwrap_or(0);
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            done = round(&state, &office, &mut agencies, (&mut waits, seed)) => {
                if let Err(error) = done {
                    tracing::warn!("probes cannot be looked at: {error:#}");
                }
            }
            () = shutdown.cancelled() => return,
        }
    }
}

async fn round(
    state: &State,
    office: &Office,
    agencies: &mut BTreeMap<AgencyId, Agency>,
    (waits, seed): (&mut Waits, u64),
) -> Result<()> {
    let mut by_agency: BTreeMap<AgencyId, Vec<Probe>> = BTreeMap::new();
    for probe in state.probes_everywhere().await.context("cannot read probes")? {
        by_agency.entry(probe.agency.clone()).or_default().push(probe);
    }
    agencies.retain(|agency, _| by_agency.contains_key(agency));
    for (agency, probes) in by_agency {
        let now = SystemClock.now();
        let ctx = OpContext::new(agency.clone(), "node", Roles::NODE, now);
        // A probe that somebody changed, or whose problem somebody accepted, is taken up as it is kept.
        let is_changed = |known: &Agency| {
            let changed = |probe: &Probe| known.due.get(&probe.name).is_some_and(|due| due.changed != probe.changed);
            probes.iter().any(changed) || known.due.keys().any(|name| !probes.iter().any(|probe| probe.name == *name))
        };
        let previous = agencies.remove(&agency);
        let mut known = match previous {
            Some(known) if !is_changed(&known) => known,
            Some(known) => Agency { watcher: office.probe_watcher(&ctx).await?, due: known.due },
            None => Agency { watcher: office.probe_watcher(&ctx).await?, due: BTreeMap::new() },
        };
        known.due.retain(|name, _| probes.iter().any(|probe| probe.name == *name));
        let done = round_of(office, &ctx, (&mut known, &probes), (waits, seed)).await;
        // After a failure what was learnt is read again: the watcher has seen looks that were not kept.
        match done {
            Ok(()) => drop(agencies.insert(agency, known)),
            Err(error) => tracing::warn!(%agency, "what probes saw was not kept: {error:#}"),
        }
    }
    Ok(())
}

async fn round_of(
    office: &Office,
    ctx: &OpContext,
    (known, probes): (&mut Agency, &[Probe]),
    (waits, seed): (&mut Waits, u64),
) -> Result<()> {
    let mut ready: Vec<(String, (Probe, ProbeSettings, Look, FetchRules))> = Vec::new();
    for probe in probes.iter().filter(|probe| probe.paused.is_none()) {
        let settings = match settings_of(probe) {
            Ok(settings) => settings,
            Err(error) => {
                tracing::warn!(probe = %probe.name, "{error}");
                continue;
            }
        };
        let is_due = known
            .due
            .get(&probe.name)
            .is_none_or(|due| due.at <= ctx.now || probe.wanted.is_some_and(|wanted| wanted > due.last));
        let look = looks::look(&probe.name, &probe.service, &settings);
        let (look, rules) = match look.and_then(|look| Ok((look, looks::rules(&settings)?))) {
            Ok(both) => both,
            Err(error) => {
                tracing::warn!(probe = %probe.name, "probe {} cannot look: {error:#}", probe.name);
                continue;
            }
        };
        let host = look.host();
        if is_due && waits.may(&host, ctx.now) {
            ready.push((host, (probe.clone(), settings, look, rules)));
        }
    }
    for (probe, settings, seen, host) in look_at(ready).await {
        let now = SystemClock.now();
        let at = due(seed, &probe.name, settings.interval_seconds, now);
        known.due.insert(probe.name.clone(), Due { at, last: now, changed: probe.changed });
        if let Some(wait) = seen.retry_after {
            waits.ask(&host, wait, now);
        }
        let looked = Looked { probe: &probe, settings: &settings, observations: &seen.observations };
        let ctx = OpContext { now, ..ctx.clone() };
        for turn in office.judge_probes(&ctx, &mut known.watcher, &[looked]).await? {
            tell(&turn);
        }
    }
    Ok(())
}

type Ready = (Probe, ProbeSettings, Look, FetchRules);

/// One line for each host; so many hosts at once.
async fn look_at(ready: Vec<(String, Ready)>) -> Vec<(Probe, ProbeSettings, Seen, String)> {
    let free = Arc::new(Semaphore::new(limits::PROBE_CHECKS_AT_ONCE_MAX));
    let mut lines = JoinSet::new();
    for line in by_host(ready) {
        let free = Arc::clone(&free);
        lines.spawn(async move {
            let _place = free.acquire().await;
            let mut done = Vec::new();
            for (probe, settings, look, rules) in line {
                let host = look.host();
                match Prober::new(&rules, looks::VANTAGE, Arc::new(SystemClock)) {
                    Ok(prober) => done.push((probe, settings, prober.look(&look).await, host)),
                    Err(error) => tracing::warn!(probe = %probe.name, "probe {} cannot look: {error}", probe.name),
                }
            }
            done
        });
    }
    let mut seen = Vec::new();
    while let Some(line) = lines.join_next().await {
        match line {
            Ok(done) => seen.extend(done),
            Err(error) => tracing::error!(%error, "a look ended by a panic"),
        }
    }
    seen.sort_by(|one, other| one.0.name.cmp(&other.0.name));
    seen
}

fn tell(turn: &ProbeTurn) {
    match turn {
        ProbeTurn::Began { probe, problem, detection } => {
            tracing::warn!(%probe, %problem, level = %detection.level, "probe {probe}: {}", detection.analytic.title);
        }
        ProbeTurn::Ended(ended) => {
            tracing::info!(probe = %ended.probe, problem = %ended.problem, "probe {}: {}", ended.probe, ended.words)
        }
    }
}
