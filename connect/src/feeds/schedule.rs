//! When a feed runs next.
//!
//! Plain values: the time and a random number are handed in. A feed runs at its interval, up to a tenth late at random. After
//! failures it waits from a minute on, twice as long each time, six hours at most, less up to a half at random; longer where
//! the server asked for it (`Retry-After`). A paused feed does not run, and a run that was begun before may still end.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use model::Timestamp;
use model::limits::{
    FEED_INTERVAL_SECONDS_MAX, FEED_INTERVAL_SECONDS_MIN, FEED_JITTER_PERCENT, FEED_LATE_SECONDS_MAX,
    FEED_RETRY_SECONDS_MAX, FEED_RETRY_SECONDS_MIN, FETCH_RETRY_AFTER_SECONDS_MAX,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time between two runs: a minute to thirty days. Written as in `90s`, `15m`, `6h`, `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(u32);

/// A text that is no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no interval between 60s and 30d; hint: a whole number and s, m, h or d, as in 15m")]
pub struct NotAnInterval(String);

impl Interval {
    /// From seconds; `None` outside its limits.
    pub const fn from_seconds(seconds: u32) -> Option<Self> {
        match seconds {
            FEED_INTERVAL_SECONDS_MIN..=FEED_INTERVAL_SECONDS_MAX => Some(Interval(seconds)),
            _ => None,
        }
    }

    /// How many seconds it has.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for Interval {
    /// An hour: what most public lists ask for at least.
    fn default() -> Self {
        Interval(3_600)
    }
}

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl FromStr for Interval {
    type Err = NotAnInterval;

    fn from_str(text: &str) -> Result<Self, NotAnInterval> {
        let seconds = UNITS.iter().find_map(|(letter, unit)| {
            let number = text.strip_suffix(*letter)?;
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| number.parse::<u32>().ok()?.checked_mul(*unit)).flatten()
        });
        seconds.and_then(Interval::from_seconds).ok_or_else(|| NotAnInterval(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, unit)| self.0.is_multiple_of(*unit));
        let (letter, unit) = whole.copied().unwrap_or(('s', 1));
        write!(f, "{}{letter}", self.0 / unit)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A random number, drawn by whoever has the dice.
#[derive(Clone, Copy, Debug)]
pub struct Chance(pub u32);

impl Chance {
    /// A part of `whole`, itself included.
    fn part_of(self, whole: u64) -> u64 {
        let scaled = (u128::from(whole + 1) * u128::from(self.0)) >> 32;
        u64::try_from(scaled).unwrap_or(whole)
    }
}

/// Whether a feed runs by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It does.
    #[default]
    Running,
    /// Somebody paused it.
    Paused,
}

/// A feed's schedule, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    interval: Interval,
    mode: Mode,
    /// Failures in a row.
    failures: u32,
    next_run: Timestamp,
}

impl Schedule {
    /// Of a feed that never ran: it does so within a minute.
    pub fn new(interval: Interval, now: Timestamp, chance: Chance) -> Self {
        Schedule { interval, mode: Mode::Running, failures: 0, next_run: soon(now, chance) }
    }

    /// When it runs next; `None` while it is paused.
    pub fn next_run(&self) -> Option<Timestamp> {
        (self.mode == Mode::Running).then_some(self.next_run)
    }

    /// Whether it should run now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_run().is_some_and(|next| next <= now)
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether it runs by itself.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// A run has ended well.
    pub fn succeeded(&mut self, now: Timestamp, chance: Chance) {
        self.failures = 0;
        let interval = u64::from(self.interval.0);
        let late = chance.part_of(interval * 1_000 * u64::from(FEED_JITTER_PERCENT) / 100);
        self.next_run = now.plus(Duration::from_millis(interval * 1_000 + late));
    }

    /// A run has failed; the server may have asked to be left alone for a while.
    pub fn failed(&mut self, now: Timestamp, retry_after: Option<Duration>, chance: Chance) {
        let doubled = u64::from(FEED_RETRY_SECONDS_MIN).saturating_mul(1 << self.failures.min(32));
        self.failures = self.failures.saturating_add(1);
        let ceiling_ms = doubled.min(u64::from(FEED_RETRY_SECONDS_MAX)) * 1_000;
        let wait = Duration::from_millis(ceiling_ms - chance.part_of(ceiling_ms / 2));
        let asked = retry_after.unwrap_or_default().min(Duration::from_secs(FETCH_RETRY_AFTER_SECONDS_MAX));
        self.next_run = now.plus(wait.max(asked));
    }

    /// It does not run by itself any more.
    pub fn pause(&mut self) {
        self.mode = Mode::Paused;
    }

    /// It runs by itself again: when it would have, or within a minute if that is past.
    pub fn resume(&mut self, now: Timestamp, chance: Chance) {
        self.mode = Mode::Running;
        self.restarted(now, chance);
    }

    /// Watchbell was away: feeds that are late by now start within a minute, not all at once; and a clock that was wrong when
    /// the next run was set does not silence a feed for longer than its interval.
    pub fn restarted(&mut self, now: Timestamp, chance: Chance) {
        let longest = u64::from(self.interval.0.max(FEED_RETRY_SECONDS_MAX)).max(FETCH_RETRY_AFTER_SECONDS_MAX);
        let latest = now.plus(Duration::from_secs(longest + longest * u64::from(FEED_JITTER_PERCENT) / 100));
        if self.next_run < now || self.next_run > latest {
            self.next_run = soon(now, chance);
        }
    }

    /// Another interval, which counts from the next run on, or from now if that is sooner.
    pub fn set_interval(&mut self, interval: Interval, now: Timestamp) {
        self.interval = interval;
        self.next_run = self.next_run.min(now.plus(Duration::from_secs(interval.0.into())));
    }
}

fn soon(now: Timestamp, chance: Chance) -> Timestamp {
    now.plus(Duration::from_millis(chance.part_of(u64::from(FEED_LATE_SECONDS_MAX) * 1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn seconds_until(schedule: &Schedule) -> f64 {
        (schedule.next_run.as_millis() - NOW.as_millis()) as f64 / 1_000.0
    }

    #[test]
    fn intervals_as_they_are_written() {
        let check = |text: &str, seconds: Option<u32>| {
            let found = text.parse::<Interval>().ok();
            assert_eq!(found.map(Interval::seconds), seconds, "{text}");
            if let Some(found) = found {
                assert_eq!(found.to_string().parse(), Ok(found));
            }
        };
        check("60s", Some(60));
        check("15m", Some(900));
        check("6h", Some(21_600));
        check("30d", Some(FEED_INTERVAL_SECONDS_MAX));
        for wrong in ["59s", "31d", "", "m", "+5m", "5", "5 m", "1.5h", "-1h", "99999999999d", "1w", "é"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_success_waits_an_interval_and_up_to_a_tenth() {
        let mut schedule = Schedule::new(Interval::default(), NOW, Chance(0));
        assert!(schedule.is_due(NOW));
        for (chance, expected) in [(0, 3_600.0), (u32::MAX / 2, 3_780.0), (u32::MAX, 3_960.0)] {
            schedule.succeeded(NOW, Chance(chance));
            assert_eq!(seconds_until(&schedule).round(), expected);
            assert!(!schedule.is_due(NOW));
        }
    }

    #[test]
    fn failures_wait_longer_each_time_and_not_for_ever() {
        let mut schedule = Schedule::new(Interval::default(), NOW, Chance(0));
        for expected in [60.0, 120.0, 240.0, 480.0, 960.0, 1_920.0, 3_840.0, 7_680.0, 15_360.0, 21_600.0, 21_600.0] {
            schedule.failed(NOW, None, Chance(0));
            assert_eq!(seconds_until(&schedule), expected);
        }
        for _ in 0..100 {
            schedule.failed(NOW, None, Chance(u32::MAX));
        }
        assert_eq!((seconds_until(&schedule), schedule.failures()), (10_800.0, 111));
        schedule.succeeded(NOW, Chance(0));
        schedule.failed(NOW, None, Chance(0));
        assert_eq!((seconds_until(&schedule), schedule.failures()), (60.0, 1));
    }

    #[test]
    fn a_server_that_asks_for_peace_gets_it_within_reason() {
        let mut schedule = Schedule::new(Interval::default(), NOW, Chance(0));
        let mut after = |seconds| {
            schedule.failed(NOW, Some(Duration::from_secs(seconds)), Chance(0));
            seconds_until(&schedule)
        };
        assert_eq!(after(5_000), 5_000.0);
        assert_eq!(after(0), 120.0);
        assert_eq!(after(u64::MAX / 2), 86_400.0);
    }

    #[test]
    fn pausing() {
        let mut schedule = Schedule::new(Interval::default(), NOW, Chance(0));
        schedule.pause();
        assert_eq!((schedule.next_run(), schedule.is_due(NOW)), (None, false));
        schedule.succeeded(NOW, Chance(0));
        assert_eq!(schedule.next_run(), None, "a run that ends does not end the pause");
        let planned = schedule.next_run;
        schedule.resume(NOW, Chance(0));
        assert_eq!(schedule.next_run(), Some(planned));
        let late = NOW.plus(Duration::from_secs(90_000));
        schedule.resume(late, Chance(u32::MAX));
        assert_eq!(schedule.next_run(), Some(late.plus(Duration::from_secs(60))));
    }

    #[test]
    fn a_clock_that_was_wrong_does_not_silence_a_feed() {
        let mut schedule =
            Schedule::new(Interval::default(), NOW.plus(Duration::from_secs(40 * 365 * 86_400)), Chance(0));
        schedule.restarted(NOW, Chance(0));
        assert!(schedule.is_due(NOW));
        schedule.succeeded(NOW, Chance(0));
        let planned = schedule;
        schedule.restarted(NOW, Chance(0));
        assert_eq!(schedule, planned);
    }

    #[test]
    fn a_shorter_interval_counts_at_once() {
        let mut schedule = Schedule::new(Interval(86_400), NOW, Chance(0));
        schedule.succeeded(NOW, Chance(0));
        schedule.set_interval(Interval(600), NOW);
        assert_eq!(seconds_until(&schedule), 600.0);
        schedule.set_interval(Interval(86_400), NOW);
        assert_eq!(seconds_until(&schedule), 600.0);
    }

    proptest! {
        #[test]
        fn always_later_and_never_beyond_reason(
            failures in 0u32..70, chance in any::<u32>(), asked in prop::option::of(any::<u64>()), interval in 60u32..2_592_000,
        ) {
            let mut schedule = Schedule::new(Interval(interval), NOW, Chance(chance));
            for _ in 0..failures {
                schedule.failed(NOW, None, Chance(chance));
            }
            schedule.failed(NOW, asked.map(Duration::from_secs), Chance(chance));
            prop_assert!((30.0..=86_400.0).contains(&seconds_until(&schedule)));
            schedule.succeeded(NOW, Chance(chance));
            let wait = seconds_until(&schedule);
            prop_assert!(wait >= f64::from(interval) && wait <= f64::from(interval) * 1.1);
            let again: Schedule = serde_json::from_str(&serde_json::to_string(&schedule).unwrap()).unwrap();
            prop_assert_eq!(again, schedule);
        }
    }
}
