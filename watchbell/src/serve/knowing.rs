//! Intelligence beside the indicators of files: taken up when somebody has written its index anew.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use engine::content::Content;
use engine::intel::JudgeSetting;
use engine::office::Office;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::intel::index;
use crate::words;

/// How often somebody looks whether the index changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Takes up the index now and whenever it changes, also when rules and lists were read anew.
pub(super) async fn watch(config: Config, content: Arc<ArcSwap<Content>>, office: Office, shutdown: CancellationToken) {
    let path = config.intel_index_file(&config.agency);
    let mut known = None;
    loop {
        let current = content.load_full();
        let now = (index::mark(&path), Arc::as_ptr(&current) as usize);
        if known != Some(now) {
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
            known = Some(now);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
