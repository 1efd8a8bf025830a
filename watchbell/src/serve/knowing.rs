//! Intelligence beside the indicators of files: taken up when somebody has written its index anew. Once a day it is written anew in any case,
//! since claims grow old; and when it is not there, after a backup was restored.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use engine::content::Content;
use engine::intel::JudgeSetting;
use engine::office::Office;
use model::doors::Clock;
use model::{OpContext, Roles};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::intel::index;
use crate::node::SystemClock;
use crate::words;

/// How often somebody looks whether the index changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Age at which the index is written anew.
const OLD: Duration = Duration::from_secs(24 * 3_600);

/// The configuration may say something else of the city than before: what is known is held against it anew.
async fn review(config: &Config, office: &Office) {
    let agencies = config.known_cities().unwrap_or_default().into_keys();
    for agency in agencies {
        let ctx = OpContext::new(agency, "node", Roles::NODE, SystemClock.now());
        match office.review(&ctx).await {
            Ok(0) => {}
            Ok(findings) => tracing::info!(
                findings,
                "what is known concerns the city: {}",
                words::counted(findings as u64, "new finding")
            ),
            Err(error) => tracing::error!(%error, "what is known is not held against the city: {error}"),
        }
    }
}

/// Writes the index anew when it is old or not there, and somebody claims anything.
async fn renew(config: &Config, office: &Office) {
    let age = index::mark(&config.intel_index_file(&config.agency)).map(|(written, _)| written.elapsed());
    // A time ahead of ours is no reason: it passes.
    let is_good = age.is_some_and(|age| age.is_err() || age.is_ok_and(|age| age < OLD));
    if is_good {
        return;
    }
    let ctx = OpContext::new(config.agency.clone(), "node", Roles::NODE, SystemClock.now());
    let has_sources = office.has_intelligence(&ctx).await.unwrap_or(false);
    if has_sources && let Err(error) = index::write(config, office, &ctx).await {
        tracing::error!("the index of intelligence is not written: {error:#}");
    }
}

/// Takes up the index now and whenever it changes, also when rules and lists were read anew.
pub(super) async fn watch(config: Config, content: Arc<ArcSwap<Content>>, office: Office, shutdown: CancellationToken) {
    let path = config.intel_index_file(&config.agency);
    let mut known = None;
    review(&config, &office).await;
    loop {
        renew(&config, &office).await;
        // What people brought by the console.
        for agency in office.take_stale() {
            let ctx = OpContext::new(agency, "node", Roles::NODE, SystemClock.now());
            if let Err(error) = index::write(&config, &office, &ctx).await {
                tracing::error!("the index of intelligence is not written: {error:#}");
            }
        }
        let current = content.load_full();
        let mark = index::mark(&path);
        // The content is held, so that no other one can stand where it stood.
        let is_known = known.as_ref().is_some_and(|(old, content)| *old == mark && Arc::ptr_eq(content, &current));
        if !is_known {
            let path = path.clone();
            match tokio::task::spawn_blocking(move || index::read(&path)).await {
                Ok(Ok(segment)) => {
                    if let Some(segment) = &segment {
                        let indicators = segment.len();
                        tracing::info!(indicators, "intelligence: {}", words::counted(indicators, "indicator"));
                    }
                    current.know(segment);
                    office.judge_by(JudgeSetting {
                        suppression: Arc::clone(&current.suppression),
                        ..JudgeSetting::default()
                    });
                }
                Ok(Err(error)) => tracing::error!("the index of intelligence is not taken up: {error:#}"),
                Err(error) => tracing::error!(%error, "reading the index of intelligence ended by a panic"),
            }
            known = Some((mark, current));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
