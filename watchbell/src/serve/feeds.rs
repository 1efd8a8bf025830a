//! Feeds that are due are run, one after another.

use std::time::Duration;

use engine::office::Office;
use model::doors::Clock;
use model::{OpContext, Roles};
use store::state::State;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::feed::run::{FeedSettings, is_due, run};
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
    for source in sources {
        let Some(settings) = FeedSettings::of(&source).filter(|settings| is_due(&source, settings)) else { continue };
        let ctx = OpContext::new(source.agency.clone(), "node", Roles::NODE, SystemClock.now());
        match run(config, office, &ctx, &source, &settings).await {
            Ok(health) => match &health.error {
                Some(error) => tracing::warn!(feed = %source.name, %error, "feed {} failed", source.name),
                None => tracing::info!(
                    feed = %source.name,
                    added = health.brought.claims.added,
                    changed = health.brought.claims.changed,
                    gone = health.brought.claims.gone,
                    "feed {} was asked", source.name
                ),
            },
            Err(error) => tracing::error!(feed = %source.name, "feed {} was not kept: {error:#}", source.name),
        }
    }
}
