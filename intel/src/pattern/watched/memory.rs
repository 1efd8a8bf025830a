//! What was seen of patterns that need several observations, and how often each pattern found something.

use std::collections::BTreeMap;

use model::ocsf::Event;
use model::{AgencyId, Detection, EventId, Reason, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::super::event::times;
use super::{Takes, Watched};

/// An event that some tests of a pattern took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) event: EventId,
    pub(crate) at: Timestamp,
    /// How often it happened.
    pub(crate) count: u64,
    pub(crate) tests: Vec<usize>,
}

impl Seen {
    pub(super) fn of(event: &Event, tests: Vec<usize>) -> Self {
        Seen { event: event.id, at: event.time, count: times(event), tests }
    }
}

/// Whether a finding of a pattern is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is.
    Yes,
    /// It is the last of that day that is.
    Last,
    /// The pattern has found [`limits::PATTERN_FINDINGS_OF_DAY_MAX`] things on that day: it finds what is common.
    No,
}

/// What has to be remembered between events. What is given in the same order gives the same findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternMemory {
    /// By agency and pattern.
    seen: BTreeMap<String, Vec<Seen>>,
    /// Findings of a pattern on a day.
    found: BTreeMap<String, (i32, usize)>,
}

impl PatternMemory {
    /// Nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.found.is_empty()
    }

    /// Takes what an event does for a pattern. What completes it is used up: the next match needs others.
    pub fn observe(&mut self, agency: &AgencyId, watched: &Watched, takes: &Takes, event: &Event) -> Option<Detection> {
        let known = watched.known.get(takes.pattern)?;
        let key = format!("{agency}/{}", known.key);
        self.make_room(&key);
        let seen = self.seen.entry(key.clone()).or_default();
        // A record that is looked at again was remembered before.
        if seen.iter().any(|one| one.event == event.id) {
            return None;
        }
        let one = Seen::of(event, takes.tests.clone());
        let place = seen.partition_point(|earlier| earlier.at <= one.at);
        seen.insert(place, one);
        let newest = seen.last().map_or(event.time, |last| last.at).as_micros();
        let oldest = newest.saturating_sub(i64::try_from(known.horizon).unwrap_or(i64::MAX));
        seen.retain(|one| one.at.as_micros() >= oldest);
        let surplus = seen.len().saturating_sub(limits::PATTERN_OBSERVATIONS_MAX);
        seen.drain(..surplus);
        let fitted = match known.fit(seen) {
            Ok(Some(fitted)) => fitted,
            Ok(None) => return None,
            Err(_) => {
                // Too many ways to fit them together: the older half goes, so that it gets easier.
                let half = seen.len() / 2;
                seen.drain(..half);
                return None;
            }
        };
        let mut events: Vec<EventId> = fitted.iter().filter_map(|at| seen.get(*at)).map(|one| one.event).collect();
        seen.retain(|one| !events.contains(&one.event));
        if seen.is_empty() {
            self.seen.remove(&key);
        }
        // The completing one stands last.
        if let Some(at) = events.iter().position(|id| *id == event.id) {
            let last = events.remove(at);
            events.push(last);
        }
        known.detection(takes, event, events)
    }

    /// Whether a finding of a pattern is kept; the last one of a day says that it is.
    pub fn admit(&mut self, agency: &AgencyId, detection: &mut Detection) -> Admitted {
        let key = format!("{agency}/{}", detection.analytic.uid);
        let today = detection.time.day();
        if self.found.len() >= limits::PATTERN_MEMORY_KEYS_MAX && !self.found.contains_key(&key) {
            let oldest = self.found.iter().min_by_key(|(_, (day, _))| *day).map(|(key, _)| key.clone());
            oldest.map(|key| self.found.remove(&key));
        }
        let (day, count) = self.found.entry(key).or_insert((today, 0));
        if *day != today {
            (*day, *count) = (today, 0);
        }
        *count += 1;
        match (*count).cmp(&limits::PATTERN_FINDINGS_OF_DAY_MAX) {
            std::cmp::Ordering::Less => Admitted::Yes,
            std::cmp::Ordering::Equal => {
                let effect = format!("found {count} things on this day; more of the day is not told");
                detection
                    .because
                    .push(Reason::Suppression { list: "what one pattern may find in a day".to_owned(), effect });
                Admitted::Last
            }
            std::cmp::Ordering::Greater => Admitted::No,
        }
    }

    /// Forgets the pattern that was last seen longest ago, when there are too many, and half of the fullest when all
    /// together are too much.
    fn make_room(&mut self, key: &str) {
        if self.seen.len() >= limits::PATTERN_MEMORY_KEYS_MAX && !self.seen.contains_key(key) {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.last().map(|last| last.at));
            let oldest = oldest.map(|(key, _)| key.clone());
            oldest.map(|key| self.seen.remove(&key));
        }
        // Counted now and then only: it takes a walk through all.
        let is_crowded = self.seen.len() > limits::PATTERN_MEMORY_MAX / limits::PATTERN_OBSERVATIONS_MAX
            && self.seen.values().map(Vec::len).sum::<usize>() >= limits::PATTERN_MEMORY_MAX;
        if is_crowded && let Some(fullest) = self.seen.values_mut().max_by_key(|seen| seen.len()) {
            let half = fullest.len().div_ceil(2);
            fullest.drain(..half);
        }
    }
}
