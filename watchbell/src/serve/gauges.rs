//! What the console is told about sources and the watch.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::office::{Gauges, Period, SourceView, WatchView};
use lake::Retention;
use model::{AgencyId, SourceId};

use super::http::Vitals;
use crate::config::Config;

/// A rate is over at least so long.
const RATE_OVER: Duration = Duration::from_secs(5);

/// What a source had received when it was looked at, and the rate that came out.
struct Sample {
    at: Instant,
    received: u64,
    rate: Option<f64>,
}

/// Whoever counts for the console.
pub(super) struct Counted {
    vitals: Vitals,
    agencies: HashMap<SourceId, AgencyId>,
    home: AgencyId,
    retention: Retention,
    samples: Mutex<HashMap<SourceId, Sample>>,
}

impl Counted {
    pub(super) fn new(vitals: Vitals, config: &Config) -> Self {
        let agency = |(name, source): (&SourceId, &connect::SourceConfig)| {
            source.agency().map(|agency| (name.clone(), agency.clone()))
        };
        Counted {
            vitals,
            agencies: config.sources.iter().filter_map(agency).collect(),
            home: config.agency.clone(),
            retention: config.retention.clone(),
            samples: Mutex::default(),
        }
    }

    /// Records a second since the source was looked at last.
    fn rate(&self, source: &SourceId, received: u64) -> Option<f64> {
        let now = Instant::now();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let sample = samples.entry(source.clone()).or_insert(Sample { at: now, received, rate: None });
        let since = now - sample.at;
        if since >= RATE_OVER {
            let rate = received.saturating_sub(sample.received) as f64 / since.as_secs_f64();
            *sample = Sample { at: now, received, rate: Some(rate) };
        }
        sample.rate
    }
}

impl Gauges for Counted {
    fn retention(&self) -> Vec<Period> {
        let rules = self.retention.rules.iter().map(|rule| Period {
            purpose: rule.purpose.clone(),
            classes: rule.classes.iter().map(|class| class.uid()).collect(),
            days: rule.days,
        });
        let rest = "to detect attacks and to find out what happened".to_owned();
        rules.chain([Period { purpose: rest, classes: Vec::new(), days: self.retention.default_days }]).collect()
    }

    fn sources(&self) -> Vec<SourceView> {
        let view = |health: connect::HealthSnapshot| SourceView {
            agency: self.agencies.get(&health.source).unwrap_or(&self.home).clone(),
            state: serde_json::to_value(health.state)
                .ok()
                .and_then(|state| Some(state.as_str()?.replace('_', " ")))
                .unwrap_or_default(),
            listening: health.listening.map(|address| address.to_string()),
            received: health.received,
            rate: self.rate(&health.source, health.received),
            refused: health.refused,
            dropped: health.dropped,
            last: health.last_record,
            error: health.last_error,
            name: health.source.to_string(),
        };
        self.vitals.sources.health().into_iter().map(view).collect()
    }

    fn watch(&self) -> WatchView {
        let counters = self.vitals.counters.snapshot();
        let next = self.vitals.journal.next().0;
        let content = self.vitals.content.load();
        WatchView {
            detect_lag: next.saturating_sub(counters.looked_upto),
            lake_lag: next.saturating_sub(counters.shelved_upto),
            rules: content.rules.len() as u64,
            indicators: content.indicator_count,
            is_lake_failing: counters.is_shelf_failing,
            is_state_failing: counters.is_state_failing,
        }
    }
}
