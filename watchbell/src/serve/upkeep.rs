//! What is done now and then: once a second the ledger is signed; once a minute there is retention, merging of small files,
//! forgetting of what nobody needs.

use std::sync::Arc;
use std::time::Duration;

use engine::ledger::Ledger;
use engine::seen::SeenFiles;
use lake::{LegalHold, MaintenanceReport};
use model::doors::Clock;
use model::{AgencyId, OpContext, Roles, Timestamp, limits};
use store::state::State;
use tokio_util::sync::CancellationToken;

use super::shelf::LakeShelf;
use crate::config::Config;
use crate::node::SystemClock;

const SIGN_EVERY: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(60);
/// Positions of files that have not moved for so long are forgotten.
const POSITIONS_KEPT: Duration = Duration::from_secs(400 * 86_400);
/// What a source of intelligence has not listed for so long is forgotten, and so is what was said to be seen before that.
const INTEL_KEPT: Duration = Duration::from_secs(400 * 86_400);

pub(super) async fn run(shelf: Arc<LakeShelf>, state: State, config: Config, shutdown: CancellationToken) {
    let mut forgotten_on = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        // Once a day: it goes through all claims.
        let now = SystemClock.now();
        if forgotten_on != Some(now.day()) {
            match forget_intelligence(&state, now).await {
                Ok(()) => forgotten_on = Some(now.day()),
                Err(error) => {
                    tracing::warn!(%error, "old intelligence is not forgotten; it is tried again in a minute")
                }
            }
        }
        if let Err(error) = round(&shelf, &state, &config).await {
            tracing::warn!(%error, "upkeep did not get through; it is tried again in a minute");
        }
    }
}

async fn round(shelf: &LakeShelf, state: &State, config: &Config) -> Result<(), String> {
    let now = SystemClock.now();
    // Without the holds nothing may be deleted.
    let holds = holds(state, config, now).await?;
    forget_seen(config, &holds, now).await;
    let lake = shelf.lake().await.map_err(|error| error.to_string())?;
    let report = lake.maintain(now, &config.retention, &holds).await;
    let report = report.map_err(|error| super::shelf::refused(error).to_string())?;
    if report != MaintenanceReport::default() {
        tracing::info!(
            files_merged = report.files_merged,
            files_written = report.files_written,
            rows_expired = report.rows_expired,
            files_deleted = report.files_deleted,
            "upkeep of the lake"
        );
    }
    let before = now.minus(POSITIONS_KEPT);
    state.forget_file_positions(before).await.map_err(|error| error.to_string())?;
    state.forget_ended_sessions(now).await.map_err(|error| error.to_string())?;
    Ok(())
}

/// What was seen longer ago than anybody looks back goes, unless a legal hold is about that day.
async fn forget_seen(config: &Config, holds: &[LegalHold], now: Timestamp) {
    let files = SeenFiles::at(config.seen_dir());
    let oldest = now.day() - limits::SEEN_DAYS as i32 + 1;
    let holds: Vec<_> = holds.iter().map(|hold| (hold.agency.clone(), hold.from.day()..=hold.to.day())).collect();
    let is_held =
        move |agency: &AgencyId, day: i32| holds.iter().any(|(held, days)| held == agency && days.contains(&day));
    match tokio::task::spawn_blocking(move || files.forget_before(oldest, is_held)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(days)) => tracing::info!(days, "what was seen on old days is forgotten"),
        Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "old days are not forgotten"),
        Err(error) => tracing::error!(%error, "forgetting old days ended by a panic"),
    }
}

async fn forget_intelligence(state: &State, now: Timestamp) -> Result<(), store::state::StateError> {
    let before = now.minus(INTEL_KEPT);
    for source in state.intel_sources_everywhere().await? {
        let ctx = OpContext::new(source.agency.clone(), "node", Roles::NODE, now);
        state.drop_claims_gone(&ctx, source.number, before).await?;
        state.drop_sightings_before(&ctx, before).await?;
        state.drop_peer_sightings_before(&ctx, before).await?;
        state.drop_learned_before(&ctx, before).await?;
        state.drop_technique_reports_before(&ctx, before).await?;
    }
    Ok(())
}

/// Signs what is new in the ledger, a second after it was written at the latest, and once more at the end.
pub(super) async fn sign_ledger(ledger: Ledger, state: State, shutdown: CancellationToken) {
    let mut has_failed = false;
    loop {
        let is_last = shutdown.is_cancelled();
        match ledger.publish(&state).await {
            Ok(_) => has_failed = false,
            // It stays wrong until somebody looks; saying it every second would bury it.
            Err(error) if !has_failed => {
                has_failed = true;
                tracing::error!(error = &error as &dyn std::error::Error, "the ledger cannot be signed");
            }
            Err(_) => {}
        }
        if is_last {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(SIGN_EVERY) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// The legal holds in force, of every agency.
pub(crate) async fn holds(state: &State, config: &Config, now: Timestamp) -> Result<Vec<LegalHold>, String> {
    let mut all = Vec::new();
    for agency in config.agencies() {
        let ctx = OpContext::new(agency.clone(), "node", Roles::NODE, now);
        let holds = state.holds(&ctx).await.map_err(|error| error.to_string())?;
        all.extend(holds.into_iter().filter(|hold| hold.lifted.is_none()).map(|hold| LegalHold {
            id: hold.name,
            agency: agency.clone(),
            from: hold.from,
            to: hold.upto,
            classes: None,
            reason: hold.reason,
        }));
    }
    Ok(all)
}
