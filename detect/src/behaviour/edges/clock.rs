//! From times to ticks.
//!
//! A time with a known unit (a date, or a number that counts from the epoch) has ticks of a minute, or of a second or less where thousands of
//! edges fall into one minute and no second minute comes. A number without a unit is a tick of its own, unless so few edges share one that it
//! cannot be: seconds, microseconds, numbers of edges. Then some of them make a tick, by how many edges they hold.
//!
//! What a tick is is settled within the first [`SETTLED_AFTER_EDGES`] edges; when it changes, the counts begin anew.

use model::{EpochUnit, ToldTime};
use serde::{Deserialize, Serialize};

use model::limits::EDGE_TICKS_MAX;

/// A pause counts as no more ticks than this: what is silent for longer was switched off.
pub(super) const GAP_TICKS_MAX: u32 = 1_440;
/// After so many edges a tick stays what it is.
const SETTLED_AFTER_EDGES: u64 = 4_096;
/// When it is asked for the first time whether a tick is what it should be; then after four times as many edges.
const FIRST_LOOK_EDGES: u64 = 256;
/// Edges that a tick of a number without unit should hold, when ticks are made of several.
const TICK_EDGES: u64 = 32;
/// Below so many edges a number is too fine for a tick.
const TICK_EDGES_MIN: u64 = 4;
/// So many edges in a row that are in the past: it was the clock that was wrong.
const BEHIND_EDGES_MAX: u32 = 1_024;
const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;

/// What the numbers of the stream count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Unit {
    /// Dates.
    Moments,
    /// Numbers since the epoch.
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// Numbers that say nothing.
    Steps,
}

/// How long a tick is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Pace {
    /// Microseconds.
    Micros(i64),
    /// Units of a number without unit.
    Steps(i64),
}

/// What became of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Advance {
    /// A tick is something else from now on.
    pub(super) began_anew: bool,
}

/// Where the stream is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clock {
    unit: Option<Unit>,
    /// Microseconds, or units, of a tick.
    width: i64,
    /// The number of the tick in time, counted from the epoch or from 0.
    bucket: i64,
    /// The number of the tick in the stream, from 1.
    tick: u32,
    edges: u64,
    /// Edges since the ticks have this width.
    edges_of_width: u64,
    /// Ticks that had an edge since then.
    ticks_with_edges: u64,
    /// The bucket in which this width began.
    first_bucket: i64,
    behind: u32,
}

impl Clock {
    /// The number of the tick, from 1.
    pub(super) fn tick(&self) -> u32 {
        self.tick
    }

    pub(super) fn pace(&self) -> Pace {
        match self.unit {
            Some(Unit::Steps) | None => Pace::Steps(self.width),
            _ => Pace::Micros(self.width),
        }
    }

    /// An edge of that time comes.
    pub(super) fn advance(&mut self, time: ToldTime) -> Advance {
        let Some(unit) = self.unit else {
            self.begin(time);
            return Advance { began_anew: false };
        };
        self.edges = self.edges.saturating_add(1);
        let base = unit.base(time);
        let began_anew = self.settle(base);
        if let Some(base) = base {
            self.move_to(base.div_euclid(self.width.max(1)));
        }
        self.edges_of_width = self.edges_of_width.saturating_add(1);
        Advance { began_anew }
    }

    fn begin(&mut self, time: ToldTime) {
        let unit = Unit::of(time);
        self.unit = Some(unit);
        self.width = if unit == Unit::Steps { 1 } else { MINUTE_US };
        self.edges = 1;
        self.start(unit.base(time));
        self.edges_of_width = 1;
    }

    /// The first tick of this width.
    fn start(&mut self, base: Option<i64>) {
        self.bucket = base.map_or(self.bucket, |base| base.div_euclid(self.width.max(1)));
        self.first_bucket = self.bucket;
        self.tick = 1;
        self.edges_of_width = 0;
        self.ticks_with_edges = 1;
        self.behind = 0;
    }

    fn move_to(&mut self, bucket: i64) {
        if bucket < self.bucket {
            self.behind += 1;
            if self.behind >= BEHIND_EDGES_MAX {
                self.bucket = bucket;
                self.behind = 0;
            }
            return;
        }
        self.behind = 0;
        if bucket == self.bucket {
            return;
        }
        let gap = u32::try_from(bucket.saturating_sub(self.bucket)).unwrap_or(u32::MAX).min(GAP_TICKS_MAX);
        self.tick = self.tick.saturating_add(gap).min(EDGE_TICKS_MAX);
        self.bucket = bucket;
        self.ticks_with_edges = self.ticks_with_edges.saturating_add(1);
    }

    /// Looks whether a tick is what it should be; whether it has changed.
    fn settle(&mut self, base: Option<i64>) -> bool {
        let is_time = self.edges <= SETTLED_AFTER_EDGES
            && (self.edges == FIRST_LOOK_EDGES
                || self.edges == 4 * FIRST_LOOK_EDGES
                || self.edges == SETTLED_AFTER_EDGES);
        let width = if is_time { self.better_width() } else { None };
        let Some(width) = width else { return false };
        let first = base.unwrap_or_else(|| self.bucket.saturating_mul(self.width));
        self.width = width;
        self.start(Some(first));
        true
    }

    fn better_width(&self) -> Option<i64> {
        if self.unit == Some(Unit::Steps) {
            if self.edges_of_width >= TICK_EDGES_MIN * self.ticks_with_edges {
                return None;
            }
            // As wide as what holds enough edges, on average over the time that has passed.
            let passed = u128::from(self.bucket.abs_diff(self.first_bucket)) + 1;
            let wanted = passed * u128::from(TICK_EDGES) / u128::from(self.edges_of_width.max(1));
            let factor = wanted.max(2).checked_next_power_of_two().unwrap_or(u128::MAX);
            let width = u128::from(self.width.unsigned_abs()).saturating_mul(factor);
            return Some(i64::try_from(width).unwrap_or(i64::MAX));
        }
        let is_too_wide = self.edges == SETTLED_AFTER_EDGES && self.ticks_with_edges <= 2;
        is_too_wide.then_some(SECOND_US).filter(|second| *second < self.width)
    }

    /// Whether a kept clock can be gone on from.
    pub(super) fn is_sound(&self) -> bool {
        let has_begun = self.unit.is_some();
        has_begun == (self.tick > 0) && has_begun == (self.width > 0) && self.tick <= EDGE_TICKS_MAX
    }
}

impl Unit {
    fn of(time: ToldTime) -> Self {
        match time {
            ToldTime::Moment(_) => Unit::Moments,
            ToldTime::Number { whole, millionths } => match EpochUnit::of(whole) {
                Some(EpochUnit::Second) => Unit::Seconds,
                Some(EpochUnit::Millisecond) => Unit::Milliseconds,
                Some(EpochUnit::Microsecond) => Unit::Microseconds,
                Some(EpochUnit::Nanosecond) => Unit::Nanoseconds,
                // Who writes fractions counts seconds.
                None if millionths > 0 => Unit::Seconds,
                None => Unit::Steps,
            },
        }
    }

    /// Microseconds or steps; `None` for what does not fit the stream, which counts as now.
    fn base(self, time: ToldTime) -> Option<i64> {
        match (self, time) {
            (Unit::Steps, ToldTime::Number { whole, .. }) => Some(whole),
            (Unit::Steps, ToldTime::Moment(_)) => None,
            (_, ToldTime::Moment(at)) => Some(at.as_micros()),
            (unit, ToldTime::Number { whole, millionths }) => Some(unit.epoch().moment(whole, millionths).as_micros()),
        }
    }

    fn epoch(self) -> EpochUnit {
        match self {
            Unit::Moments | Unit::Seconds | Unit::Steps => EpochUnit::Second,
            Unit::Milliseconds => EpochUnit::Millisecond,
            Unit::Microseconds => EpochUnit::Microsecond,
            Unit::Nanoseconds => EpochUnit::Nanosecond,
        }
    }
}
