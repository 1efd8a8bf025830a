//! Correlation rules: what many events say together.
//!
//! Sigma 2.0, "Correlation rules": `event_count`, `value_count`, `temporal`, `temporal_ordered`, and the metric kinds of 2.1
//! (`value_sum`, `value_avg`, `value_percentile`, `value_median`); windows slide over the events' own times, or are
//! `tumbling` or `session` windows. Every count is kept up to date event by event, so a busy group costs no more than a
//! quiet one. Memory is bounded by [`model::limits`]; what a bound costs is counted in [`Losses`], never silent.
//!
//! A correlation fires when its condition becomes true for a group and again after another whole timespan, not for each
//! further event: a thousand failed log-ons after the tenth are one finding. Rules that a correlation refers to do not alert
//! themselves unless it says `generate: true`.

mod build;
mod group;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::limits::CORRELATION_GROUPS_MAX;
use model::{Analytic, Detection, EventId, Fields, Reason, Timestamp};
use rustc_hash::FxHashMap;

use super::detector::Seen;
use super::load::{LoadError, RuleSet};

pub(super) use build::{sound, uid};
use group::Group;
pub use state::CorrelationState;

/// Most correlations that one event may complete through chains of correlations.
const CHAIN_MAX: usize = 64;

/// A compiled correlation rule.
#[derive(Debug)]
pub(crate) struct Correlation {
    analytic: Arc<Analytic>,
    kind: Kind,
    /// How many rules it refers to.
    feeders: usize,
    group_by: Vec<GroupField>,
    span_us: i64,
    window: Window,
    /// The condition in words.
    text: String,
    is_silent: bool,
}

/// What is counted.
#[derive(Debug)]
enum Kind {
    Events(Bounds),
    /// Distinct values of these fields together.
    Values(Vec<String>, Bounds),
    /// A boolean expression over which feeders were seen.
    Together(Wanted),
    /// All feeders, in their order.
    InOrder,
    Sum(String, Bounds),
    Average(String, Bounds),
    /// Rank from 0 to 1.
    Percentile(String, f64, Bounds),
}

/// Which of the feeders must have been seen.
#[derive(Debug, Clone)]
enum Wanted {
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Not(Box<Wanted>),
    Feeder(usize),
    AtLeast(usize, Vec<Wanted>),
}

/// Predicates that a figure must satisfy, all of them.
#[derive(Debug, Clone)]
struct Bounds(Vec<(rsigma_parser::ConditionOperator, f64)>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Window {
    Sliding,
    Tumbling,
    /// Ends after that long without an event.
    Session(i64),
}

/// A field by which events are grouped, under the name that each feeder has for it.
#[derive(Debug)]
struct GroupField {
    name: String,
    /// By feeder.
    fields: Vec<String>,
}

/// What the bounds on memory cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Losses {
    /// Groups that were forgotten before their window was over, by rule.
    pub groups_forgotten: BTreeMap<String, u64>,
    /// Events that a full group could not remember, by rule.
    pub events_forgotten: BTreeMap<String, u64>,
}

/// Follows the events through all correlation rules. One for a stream of events, in its order.
#[derive(Debug)]
pub struct Correlator {
    correlations: Vec<Correlation>,
    /// For each detection rule: the correlations that it feeds, and as which of their feeders.
    fed_by_rule: FxHashMap<usize, Vec<(usize, usize)>>,
    fed_by_correlation: FxHashMap<usize, Vec<(usize, usize)>>,
    groups: Vec<FxHashMap<GroupKey, Group>>,
    losses: Losses,
    /// What did not load.
    pub errors: Vec<LoadError>,
}

/// The values by which a group is told apart; `None` where the event has no such field.
type GroupKey = Box<[Option<Box<str>>]>;

impl Correlator {
    /// Compiles the correlation rules of a set, and silences the rules that only feed them.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        build::correlator(rules)
    }

    /// Whether there is anything to correlate.
    pub fn is_empty(&self) -> bool {
        self.correlations.is_empty()
    }

    /// What the bounds on memory cost so far.
    pub fn losses(&self) -> &Losses {
        &self.losses
    }

    /// Takes note of the rules that matched an event and gives the correlations that this completes.
    pub fn observe(&mut self, matched: &[usize], fields: &Fields<'_>, seen: &Seen<'_>, found: &mut Vec<Detection>) {
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        for rule in matched {
            waiting.extend(self.fed_by_rule.get(rule).into_iter().flatten());
        }
        let mut steps = 0;
        while let Some((correlation, feeder)) = waiting.pop() {
            steps += 1;
            if steps > CHAIN_MAX {
                break;
            }
            let Some(detection) = self.feed(correlation, feeder, fields, seen) else { continue };
            waiting.extend(self.fed_by_correlation.get(&correlation).into_iter().flatten());
            if !self.correlations[correlation].is_silent {
                found.push(detection);
            }
        }
    }

    fn feed(&mut self, number: usize, feeder: usize, fields: &Fields<'_>, seen: &Seen<'_>) -> Option<Detection> {
        let correlation = &self.correlations[number];
        let value = |field: &GroupField| fields.text(&field.fields[feeder]).map(|text| text.into_owned().into());
        let key: GroupKey = correlation.group_by.iter().map(value).collect();
        let groups = &mut self.groups[number];
        if groups.len() >= CORRELATION_GROUPS_MAX && !groups.contains_key(&key) {
            let forgotten = make_room(groups, seen.time, correlation.span_us);
            if forgotten > 0 {
                *self.losses.groups_forgotten.entry(correlation.analytic.uid.clone()).or_default() += forgotten;
            }
        }
        let group = groups.entry(key.clone()).or_insert_with(|| Group::new(&correlation.kind, correlation.feeders));
        let outcome = group.feed(correlation, feeder, fields, seen);
        if outcome.forgotten > 0 {
            *self.losses.events_forgotten.entry(correlation.analytic.uid.clone()).or_default() += outcome.forgotten;
        }
        let figure = outcome.fired?;
        let names = correlation.group_by.iter().map(|field| field.name.clone());
        let values = key.iter().map(|value| value.as_deref().unwrap_or("(absent)").to_owned());
        Some(Detection {
            analytic: Arc::clone(&correlation.analytic),
            level: correlation.analytic.level,
            time: seen.time,
            events: outcome.events,
            subject: seen.subject.map(str::to_owned),
            because: vec![Reason::Correlation {
                text: correlation.text.replace("{}", &figure),
                group: names.zip(values).collect(),
            }],
            suppressed_by: None,
            involved: Vec::new(),
        })
    }
}

/// Forgets groups whose window is over; when there is none, the sixteenth of them that was quiet longest. Says how many
/// were forgotten before their time.
fn make_room(groups: &mut FxHashMap<GroupKey, Group>, now: Timestamp, span_us: i64) -> u64 {
    let before = groups.len();
    groups.retain(|_, group| now.as_micros().saturating_sub(group.newest_us()) <= span_us);
    if groups.len() < before {
        return 0;
    }
    let mut ages: Vec<i64> = groups.values().map(Group::newest_us).collect();
    let (_, limit, _) = ages.select_nth_unstable(before / 16);
    let limit = *limit;
    groups.retain(|_, group| group.newest_us() > limit);
    (before - groups.len()) as u64
}

/// What an event did to a group.
struct Outcome {
    /// The figure, in words, when the correlation fired.
    fired: Option<String>,
    events: Vec<EventId>,
    forgotten: u64,
}
