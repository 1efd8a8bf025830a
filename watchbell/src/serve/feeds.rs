//! Feeds that are due are run, one after another.

use std::collections::BTreeSet;
use std::time::Duration;

use engine::intel::SourceHealth;
use engine::office::Office;
use model::doors::Clock;
use model::{OpContext, Roles};
use store::state::State;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::feed::run::{Asked, FeedSettings, is_due, run};
use crate::intel::index;
use crate::node::SystemClock;

/// How often somebody looks what is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Runs feeds until the watch stops. A run that is under way then is dropped; the next watch takes it up.
pub(super) async fn watch(config: Config, state: State, office: Office, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            () = round(&config, &state, &office) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

async fn round(config: &Config, state: &State, office: &Office) {
    let sources = match state.intel_sources_everywhere().await {
        Ok(sources) => sources,
        Err(error) => return tracing::warn!(%error, "feeds cannot be looked at"),
    };
    let mut changed = BTreeSet::new();
    for source in sources {
        let Some(settings) = FeedSettings::of(&source).filter(|settings| is_due(&source, settings)) else { continue };
        let ctx = OpContext::new(source.agency.clone(), "node", Roles::NODE, SystemClock.now());
        let asked = Asked { config, office, ctx: &ctx, source: &source, settings: &settings };
        let name = source.name.clone();
        let progress = move |what: &str| tracing::debug!(feed = %name, "feed {name}: {what}");
        match run(&asked, &progress).await {
            Ok((health, has_changed)) => {
                if has_changed {
                    changed.insert(source.agency.clone());
                }
                tell(&source.name, &health);
            }
            Err(error) => tracing::error!(feed = %source.name, "feed {} was not kept: {error:#}", source.name),
        }
    }
    // Once for all feeds of a round.
    for agency in changed {
        let ctx = OpContext::new(agency, "node", Roles::NODE, SystemClock.now());
        if let Err(error) = index::write(config, office, &ctx).await {
            tracing::error!("the index of intelligence is not written: {error:#}");
        }
    }
}

fn tell(name: &str, health: &SourceHealth) {
    let claims = &health.brought.claims;
    match &health.error {
        Some(error) => tracing::warn!(feed = %name, %error, "feed {name} failed"),
        None => tracing::info!(
            feed = %name, added = claims.added, changed = claims.changed, gone = claims.gone,
            objects = health.brought.objects, findings = health.brought.findings, "feed {name} was asked"
        ),
    }
}
