//! What is ordinary here: on how many days an analytic spoke before, and on which subjects; and what people said of it.
//!
//! An analytic that speaks on every ordinary day says little on the next one. Days are counted, not findings: a burst is one day.
//! Findings of told incidents are not counted, or an attack that lasts would make itself ordinary.

use std::collections::BTreeMap;

use model::{Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::tie::{LineKey, minutes};

/// Days of one habit: bit `n` of `days` is the day `n` before `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Days {
    last: i32,
    days: u64,
    /// Findings, in all.
    count: u64,
    first_us: i64,
}

/// Days that are looked back on.
const DAYS_BACK: u32 = 28;

impl Days {
    fn begun(at: Timestamp) -> Self {
        Days { last: at.day(), days: 0, count: 0, first_us: at.as_micros() }
    }

    fn note(&mut self, at: Timestamp) {
        let day = at.day();
        if day > self.last {
            let shift = day.abs_diff(self.last);
            self.days = self.days.checked_shl(shift).unwrap_or(0);
            self.last = day;
        }
        let back = self.last.abs_diff(day);
        self.days |= 1u64.checked_shl(back).unwrap_or(0);
        self.count = self.count.saturating_add(1);
        self.first_us = self.first_us.min(at.as_micros());
    }

    /// On how many of the 28 days before the day of `now`.
    fn before(&self, now: Timestamp) -> u32 {
        let ahead = i64::from(now.day()) - i64::from(self.last);
        let is_past = |back: u32| {
            let age = ahead + i64::from(back);
            (1..=i64::from(DAYS_BACK)).contains(&age)
        };
        (0..u64::BITS).filter(|back| self.days & (1 << back) != 0 && is_past(*back)).count() as u32
    }
}

/// What people said of an analytic at a group of subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    harmless: u32,
    real: u32,
}

/// A verdict of people about a finding, as far as ranking learns from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was harmless.
    Harmless,
    /// It was an attack.
    Real,
}

/// Whether a verdict is given or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Given.
    Anew,
    /// Taken back: as if it had never been given.
    Back,
}

/// What is ordinary here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Habits {
    #[serde(with = "super::pairs")]
    analytics: BTreeMap<Box<str>, Days>,
    #[serde(with = "super::pairs")]
    lines: BTreeMap<LineKey, Days>,
    #[serde(with = "super::pairs")]
    said: BTreeMap<(Box<str>, Box<str>), Said>,
}

/// How ordinary a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ordinary {
    /// Days on which the analytic spoke at this subject.
    pub(super) here: u32,
    /// Days on which it spoke anywhere.
    pub(super) anywhere: u32,
}

impl Ordinary {
    /// What is left of a finding's weight: all of it when it never was before.
    pub(super) fn rarity(self) -> f64 {
        1.0 / ((1.0 + 0.7 * f64::from(self.here)) * (1.0 + 0.15 * f64::from(self.anywhere)))
    }
}

impl Habits {
    /// A finding that is in no told incident. Gives how many habits were forgotten to make room.
    pub(super) fn note(&mut self, line: &LineKey, at: Timestamp) -> u64 {
        let forgotten = make_room(&mut self.analytics, &line.analytic, limits::HABIT_ANALYTICS_MAX)
            + make_room(&mut self.lines, line, limits::HABIT_LINES_MAX);
        self.analytics.entry(line.analytic.clone()).or_insert_with(|| Days::begun(at)).note(at);
        self.lines.entry(line.clone()).or_insert_with(|| Days::begun(at)).note(at);
        forgotten
    }

    pub(super) fn ordinary(&self, line: &LineKey, now: Timestamp) -> Ordinary {
        let here = self.lines.get(line).map_or(0, |days| days.before(now));
        let anywhere = self.analytics.get(&line.analytic).map_or(0, |days| days.before(now));
        Ordinary { here, anywhere }
    }

    /// How often this line comes on ordinary days, per minute; nothing before it was there on two of them.
    pub(super) fn rate(&self, line: &LineKey, now: Timestamp) -> f64 {
        let Some(days) = self.lines.get(line).filter(|days| days.before(now) >= 2) else { return 0.0 };
        let span = minutes(now.as_micros().saturating_sub(days.first_us)).max(1_440.0);
        days.count as f64 / span
    }

    /// Takes note of a verdict, or takes it back. Nothing beyond [`limits::HABIT_VERDICTS_MAX`] pairs is learned.
    pub(super) fn say(&mut self, analytic: &str, group: &str, verdict: Verdict, given: Given) -> bool {
        let key = (analytic.into(), group.into());
        if !self.said.contains_key(&key) && (given == Given::Back || self.said.len() >= limits::HABIT_VERDICTS_MAX) {
            return false;
        }
        let said = self.said.entry(key.clone()).or_default();
        let count = match verdict {
            Verdict::Harmless => &mut said.harmless,
            Verdict::Real => &mut said.real,
        };
        *count = match given {
            Given::Anew => count.saturating_add(1),
            Given::Back => count.saturating_sub(1),
        };
        if *said == Said::default() {
            self.said.remove(&key);
        }
        true
    }

    /// What verdicts leave of a weight: from [`VERDICTS_LEAST`] to 1.25; 1 where nothing was said.
    pub(super) fn verdicts(&self, analytic: &str, group: &str) -> f64 {
        let Some(said) = self.said.get(&(analytic.into(), group.into())) else { return 1.0 };
        let (harmless, real) = (f64::from(said.harmless), f64::from(said.real));
        ((2.0 + 2.0 * real) / (2.0 + real + harmless)).clamp(VERDICTS_LEAST, 1.25)
    }

    pub(super) fn len(&self) -> (usize, usize, usize) {
        (self.analytics.len(), self.lines.len(), self.said.len())
    }
}

/// However often people call an analytic harmless, so much of its weight stays: feedback must not blind the watch.
pub const VERDICTS_LEAST: f64 = 0.25;

/// Makes room for `key` by forgetting the quarter that was seen longest ago; ties go in the order of keys.
fn make_room<K: Ord + Clone>(habits: &mut BTreeMap<K, Days>, key: &K, max: usize) -> u64 {
    if habits.contains_key(key) || habits.len() < max {
        return 0;
    }
    let mut ages: Vec<(i32, K)> = habits.iter().map(|(key, days)| (days.last, key.clone())).collect();
    ages.sort();
    let forgotten = max.div_ceil(4);
    for (_, key) in ages.iter().take(forgotten) {
        habits.remove(key);
    }
    forgotten.min(ages.len()) as u64
}
