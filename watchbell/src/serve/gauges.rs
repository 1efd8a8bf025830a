//! What the console is told about sources and the watch.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::office::{Gauges, Period, SourceView, WatchView};
use lake::Retention;
use model::doors::Clock;
use model::{AgencyId, SourceId};
use tokio_util::sync::CancellationToken;

use super::http::Vitals;
use crate::config::Config;
use crate::node::SystemClock;

/// How often sources are looked at; rates are over so long.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Minutes that are remembered of each source.
const MINUTES_KEPT: usize = 24 * 60;

/// What a source had received when it was looked at, the rate that came out, and what it brought minute by minute.
struct Sample {
    at: Instant,
    received: u64,
    rate: Option<f64>,
    minutes: VecDeque<u64>,
}

impl Sample {
    /// Nothing came in the minute before the program began: two points make a line.
    fn new(at: Instant, received: u64) -> Self {
        Sample { at, received, rate: None, minutes: VecDeque::from([0, 0]) }
    }

    /// Looks at the source again. A minute that has begun gets a place of its own, and so does each that was slept through.
    fn look(&mut self, now: Instant, received: u64, minutes_begun: usize) {
        for _ in 0..minutes_begun.min(MINUTES_KEPT) {
            self.minutes.push_back(0);
        }
        let more = received.saturating_sub(self.received);
        if let Some(minute) = self.minutes.back_mut() {
            *minute += more;
        }
        let surplus = self.minutes.len().saturating_sub(MINUTES_KEPT);
        self.minutes.drain(..surplus);
        self.rate = Some(more as f64 / (now - self.at).as_secs_f64().max(f64::MIN_POSITIVE));
        (self.at, self.received) = (now, received);
    }
}

/// Whoever counts for the console.
pub(super) struct Counted {
    vitals: Vitals,
    agencies: HashMap<SourceId, AgencyId>,
    home: AgencyId,
    served: Vec<AgencyId>,
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
            served: config.agencies(),
            retention: config.retention.clone(),
            samples: Mutex::default(),
        }
    }

    /// Looks at every source now and then, until it is cancelled.
    pub(super) async fn watch(self: Arc<Self>, shutdown: CancellationToken) {
        let mut minute = minute_now();
        loop {
            let last = std::mem::replace(&mut minute, minute_now());
            // A clock that was set back begins no minute.
            self.look(Instant::now(), usize::try_from(minute - last).unwrap_or(0));
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    fn look(&self, now: Instant, minutes_begun: usize) {
        let health = self.vitals.sources.health();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        for source in health {
            match samples.entry(source.source) {
                Entry::Occupied(mut sample) => sample.get_mut().look(now, source.received, minutes_begun),
                Entry::Vacant(place) => drop(place.insert(Sample::new(now, source.received))),
            }
        }
    }
}

/// The minute that it is, counted from 1970.
fn minute_now() -> i64 {
    SystemClock.now().as_micros() / 60_000_000
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

    fn home(&self) -> AgencyId {
        self.home.clone()
    }

    fn agencies(&self) -> Vec<AgencyId> {
        self.served.clone()
    }

    fn sources(&self) -> Vec<SourceView> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let view = |health: connect::HealthSnapshot| SourceView {
            agency: self.agencies.get(&health.source).unwrap_or(&self.home).clone(),
            state: serde_json::to_value(health.state)
                .ok()
                .and_then(|state| Some(state.as_str()?.replace('_', " ")))
                .unwrap_or_default(),
            listening: health.listening.map(|address| address.to_string()),
            received: health.received,
            rate: samples.get(&health.source).and_then(|sample| sample.rate),
            minutes: samples
                .get(&health.source)
                .map(|sample| sample.minutes.iter().copied().collect())
                .unwrap_or_default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_kept_one_by_one() {
        let start = Instant::now();
        let mut sample = Sample::new(start, 100);
        sample.look(start + Duration::from_secs(5), 110, 0);
        assert_eq!((sample.rate, sample.minutes.make_contiguous()), (Some(2.0), &mut [0, 10][..]));
        // Two minutes were slept through; the counter began anew in between.
        sample.look(start + Duration::from_secs(125), 50, 2);
        sample.look(start + Duration::from_secs(130), 57, 0);
        assert_eq!(sample.minutes.make_contiguous(), [0, 10, 0, 7]);
        sample.look(start + Duration::from_secs(135), 58, MINUTES_KEPT - 2);
        assert_eq!((sample.minutes.len(), sample.minutes[0]), (MINUTES_KEPT, 0));
        assert_eq!(sample.minutes.back(), Some(&1));
    }
}
