//! What one group of a correlation remembers, kept up to date event by event.

use std::collections::VecDeque;

use model::limits::CORRELATION_GROUP_EVENTS_MAX;
use model::{EventId, Fields};
use rsigma_parser::ConditionOperator;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{Bounds, Correlation, Kind, Outcome, Wanted, Window};
use crate::sigma::detector::Seen;
use crate::sigma::test;

/// Events that a finding names; the oldest of more are left out.
const EVENTS_NAMED_MAX: usize = 64;

/// A group's memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Events of the window, oldest first.
    window: VecDeque<Remembered>,
    figures: Figures,
    newest_us: i64,
    oldest_us: i64,
    /// When it last fired; it fires again when it was false in between or a whole timespan has passed.
    fired_us: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered {
    time_us: i64,
    event: EventId,
    feeder: u32,
    /// The value that counts: a text for `value_count`, a number for the metric kinds.
    value: Option<Box<str>>,
}

/// Figures over the window.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Figures {
    Count,
    /// How often each value stands in the window.
    Values(FxHashMap<Box<str>, u32>),
    /// How many events of each feeder stand in the window.
    Feeders(Vec<u32>),
    /// Latest start of a chain that reaches feeder i.
    Chain(Vec<Option<i64>>),
    /// All numbers of the window, sorted, and their sum.
    Numbers {
        sorted: Vec<f64>,
        sum: f64,
    },
}

impl Group {
    pub(super) fn new(kind: &Kind, feeders: usize) -> Self {
        let figures = match kind {
            Kind::Events(_) => Figures::Count,
            Kind::Values(..) => Figures::Values(FxHashMap::default()),
            Kind::Together(_) => Figures::Feeders(vec![0; feeders]),
            Kind::InOrder => Figures::Chain(vec![None; feeders]),
            Kind::Sum(..) | Kind::Average(..) | Kind::Percentile(..) => {
                Figures::Numbers { sorted: Vec::new(), sum: 0.0 }
            }
        };
        Group { window: VecDeque::new(), figures, newest_us: i64::MIN, oldest_us: i64::MIN, fired_us: None }
    }

    /// Time of the newest event.
    pub(super) fn newest_us(&self) -> i64 {
        self.newest_us
    }

    pub(super) fn feed(
        &mut self,
        correlation: &Correlation,
        feeder: usize,
        fields: &Fields<'_>,
        seen: &Seen<'_>,
    ) -> Outcome {
        let nothing = |forgotten| Outcome { fired: None, events: Vec::new(), forgotten };
        let time_us = seen.time.as_micros();
        self.turn_window(correlation, time_us);
        let is_too_late = self.newest_us != i64::MIN && time_us < self.newest_us.saturating_sub(correlation.span_us);
        if is_too_late {
            return nothing(0);
        }
        self.newest_us = self.newest_us.max(time_us);
        self.expire(correlation.span_us);
        let Some(value) = value_of(&correlation.kind, fields) else { return nothing(0) };
        let forgotten = self.add(Remembered { time_us, event: seen.event, feeder: feeder as u32, value });
        let figure = self.judge(correlation, feeder, time_us);
        let Some(figure) = figure else {
            self.fired_us = None;
            return nothing(forgotten);
        };
        let fires = self.fired_us.is_none_or(|fired| time_us.saturating_sub(fired) >= correlation.span_us);
        if !fires {
            return nothing(forgotten);
        }
        self.fired_us = Some(time_us);
        let events = self.window.iter().rev().take(EVENTS_NAMED_MAX).map(|one| one.event).collect::<Vec<_>>();
        Outcome { fired: Some(figure), events: events.into_iter().rev().collect(), forgotten }
    }

    /// Begins anew where the window says so.
    fn turn_window(&mut self, correlation: &Correlation, time_us: i64) {
        let is_over = match correlation.window {
            _ if self.newest_us == i64::MIN => true,
            Window::Sliding => false,
            Window::Tumbling => {
                let bucket = |time: i64| time.div_euclid(correlation.span_us);
                bucket(time_us) > bucket(self.newest_us)
            }
            Window::Session(gap_us) => {
                time_us.saturating_sub(self.newest_us) > gap_us
                    || time_us.saturating_sub(self.oldest_us) > correlation.span_us
            }
        };
        if is_over {
            *self = Group::new(&correlation.kind, correlation.feeders);
            self.oldest_us = time_us;
        }
    }

    fn expire(&mut self, span_us: i64) {
        let limit = self.newest_us.saturating_sub(span_us);
        while self.window.front().is_some_and(|oldest| oldest.time_us < limit) {
            if let Some(oldest) = self.window.pop_front() {
                self.figures.remove(&oldest);
            }
        }
    }

    /// Enters an event in its place by time; says how many had to be forgotten for it.
    fn add(&mut self, event: Remembered) -> u64 {
        let mut forgotten = 0;
        if self.window.len() >= CORRELATION_GROUP_EVENTS_MAX
            && let Some(oldest) = self.window.pop_front()
        {
            self.figures.remove(&oldest);
            forgotten = 1;
        }
        self.figures.add(&event);
        let behind = self.window.iter().rev().take_while(|other| other.time_us > event.time_us).count();
        self.window.insert(self.window.len() - behind, event);
        forgotten
    }

    /// The figure in words when the condition holds.
    fn judge(&mut self, correlation: &Correlation, feeder: usize, time_us: i64) -> Option<String> {
        match (&correlation.kind, &mut self.figures) {
            (Kind::Events(bounds), _) => bounds.judge(self.window.len() as f64),
            (Kind::Values(_, bounds), Figures::Values(values)) => bounds.judge(values.len() as f64),
            (Kind::Together(wanted), Figures::Feeders(counts)) => {
                wanted.holds(counts).then(|| format!("{} rules together", counts.iter().filter(|n| **n > 0).count()))
            }
            (Kind::InOrder, Figures::Chain(starts)) => {
                let is_complete = chain(starts, feeder, time_us, correlation.span_us);
                is_complete.then(|| format!("{} rules in order", starts.len()))
            }
            (Kind::Sum(_, bounds), Figures::Numbers { sum, .. }) => bounds.judge(*sum),
            (Kind::Average(_, bounds), Figures::Numbers { sorted, sum }) => bounds.judge(*sum / sorted.len() as f64),
            (Kind::Percentile(_, rank, bounds), Figures::Numbers { sorted, .. }) => {
                bounds.judge(percentile(sorted, *rank)?)
            }
            _ => None,
        }
    }
}

/// Takes note that `feeder` was seen; true when that completes the chain. `starts[i]` is the latest time at which a chain
/// began that has reached feeder i, so a completed chain is always the shortest one.
fn chain(starts: &mut [Option<i64>], feeder: usize, time_us: i64, span_us: i64) -> bool {
    let is_fresh = |start: &i64| time_us.saturating_sub(*start) <= span_us;
    let start = match feeder.checked_sub(1) {
        None => Some(time_us),
        Some(before) => starts[before].filter(is_fresh),
    };
    starts[feeder] = starts[feeder].max(start);
    feeder + 1 == starts.len() && start.is_some()
}

/// Linear interpolation between the two nearest ranks (Hyndman and Fan 1996, definition 7, as spreadsheets do).
fn percentile(sorted: &[f64], rank: f64) -> Option<f64> {
    let place = rank * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}

/// The event's value: `None` when the kind needs one and the event has none.
#[expect(clippy::option_option, reason = "outer: the event counts at all; inner: its kind needs a value")]
fn value_of(kind: &Kind, fields: &Fields<'_>) -> Option<Option<Box<str>>> {
    match kind {
        Kind::Events(_) | Kind::Together(_) | Kind::InOrder => Some(None),
        Kind::Values(names, _) => {
            let mut values = String::new();
            for name in names {
                values.push_str(&fields.text(name)?);
                // The unit separator keeps ("a", "bc") and ("ab", "c") apart.
                values.push('\u{1f}');
            }
            Some(Some(values.into()))
        }
        Kind::Sum(name, _) | Kind::Average(name, _) | Kind::Percentile(name, ..) => {
            let text = fields.text(name)?;
            test::number(&text).filter(|number| number.is_finite())?;
            Some(Some(text.into()))
        }
    }
}

impl Figures {
    fn add(&mut self, event: &Remembered) {
        match self {
            Figures::Values(values) => {
                if let Some(value) = &event.value {
                    *values.entry(value.clone()).or_default() += 1;
                }
            }
            Figures::Feeders(counts) => counts[event.feeder as usize] += 1,
            Figures::Numbers { sorted, sum } => {
                if let Some(number) = number_of(event) {
                    let at = sorted.partition_point(|other| *other < number);
                    sorted.insert(at, number);
                    *sum += number;
                }
            }
            Figures::Count | Figures::Chain(_) => {}
        }
    }

    fn remove(&mut self, event: &Remembered) {
        match self {
            Figures::Values(values) => {
                if let Some(value) = &event.value
                    && let Some(count) = values.get_mut(value)
                {
                    *count -= 1;
                    if *count == 0 {
                        values.remove(value);
                    }
                }
            }
            Figures::Feeders(counts) => {
                let count = &mut counts[event.feeder as usize];
                *count = count.saturating_sub(1);
            }
            Figures::Numbers { sorted, sum } => {
                if let Some(number) = number_of(event) {
                    let at = sorted.partition_point(|other| *other < number);
                    if at < sorted.len() {
                        sorted.remove(at);
                    }
                    // A sum that is kept up by adding and taking away gathers rounding errors; an empty window has none.
                    *sum = if sorted.is_empty() { 0.0 } else { *sum - number };
                }
            }
            Figures::Count | Figures::Chain(_) => {}
        }
    }
}

fn number_of(event: &Remembered) -> Option<f64> {
    test::number(event.value.as_deref()?)
}

impl Bounds {
    fn judge(&self, figure: f64) -> Option<String> {
        let holds = |(operator, bound): &(ConditionOperator, f64)| match operator {
            ConditionOperator::Lt => figure < *bound,
            ConditionOperator::Lte => figure <= *bound,
            ConditionOperator::Gt => figure > *bound,
            ConditionOperator::Gte => figure >= *bound,
            ConditionOperator::Eq => figure == *bound,
            ConditionOperator::Neq => figure != *bound,
        };
        self.0.iter().all(holds).then(|| figure.to_string())
    }
}

impl Wanted {
    fn holds(&self, counts: &[u32]) -> bool {
        match self {
            Wanted::Feeder(at) => counts[*at] > 0,
            Wanted::Not(wanted) => !wanted.holds(counts),
            Wanted::All(all) => all.iter().all(|wanted| wanted.holds(counts)),
            Wanted::Any(any) => any.iter().any(|wanted| wanted.holds(counts)),
            Wanted::AtLeast(count, of) => of.iter().filter(|wanted| wanted.holds(counts)).count() >= *count,
        }
    }
}
