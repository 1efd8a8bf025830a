//! What is usual at this time of the day.
//!
//! One set of values for each half-hour of the day, in UTC. A value is held against those that other days had in the same half-hour and in the two
//! beside it. The values of the day that it is wait until it is over: else what goes on for an hour would soon know itself.
//! The week is deliberately absent: seven times the memory, and months until it knows anything.

use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::seen::{Seen, distance};

/// Half-hours of a day.
const HALF_HOURS: i64 = 48;
const HALF_HOUR_US: i64 = 30 * 60 * 1_000_000;
/// How far apart two values of one half-hour are at least if they are of different days; a day's own are at most half an hour apart.
const OTHER_DAY_US: i64 = 12 * 60 * 60 * 1_000_000;

/// One half-hour of the day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HalfHour {
    past: Seen,
    /// Of the day that it is.
    waiting: Seen,
    last: Timestamp,
}

impl HalfHour {
    /// What waits becomes past, if it is of another day than `at`.
    fn turn(&mut self, at: Timestamp) {
        let apart = at.as_micros().saturating_sub(self.last.as_micros()).saturating_abs();
        if apart >= OTHER_DAY_US && !self.waiting.is_empty() {
            for (value, count) in self.waiting.drain() {
                self.past.add(value, count);
            }
        }
    }
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Day {
    half_hours: Vec<HalfHour>,
}

impl Day {
    pub(super) fn new() -> Self {
        let empty = HalfHour {
            past: Seen::new(limits::SERIES_HOUR_VALUES_MAX),
            waiting: Seen::new(limits::SERIES_HOUR_WAITING_MAX),
            last: Timestamp::EPOCH,
        };
        Day { half_hours: (0..HALF_HOURS).map(|_| empty.clone()).collect() }
    }

    /// Bytes beside the struct itself.
    pub(super) fn bytes(&self) -> usize {
        let inside: usize =
            self.half_hours.iter().map(|half_hour| half_hour.past.bytes() + half_hour.waiting.bytes()).sum();
        inside + self.half_hours.capacity() * size_of::<HalfHour>()
    }

    /// The mean distance of a value to the `neighbours` nearest that other days had about this time; `None` when they had fewer. Then
    /// remembers the value.
    pub(super) fn distance(&mut self, at: Timestamp, value: f64, neighbours: u32) -> Option<f64> {
        let now = at.as_micros().div_euclid(HALF_HOUR_US).rem_euclid(HALF_HOURS);
        let places =
            [now - 1, now, now + 1].map(|place| usize::try_from(place.rem_euclid(HALF_HOURS)).unwrap_or_default());
        for place in places {
            self.half_hours.get_mut(place)?.turn(at);
        }
        let [before, here, after] = places.map(|place| self.half_hours.get(place));
        let away = distance([&before?.past, &here?.past, &after?.past], value, neighbours);
        let here = self.half_hours.get_mut(places[1])?;
        here.waiting.add(value, 1);
        here.last = at;
        away
    }
}
