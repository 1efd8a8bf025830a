//! Is it there, and how fast?

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;
use model::limits::PROBE_VANTAGES_MAX;
use model::probe::{HttpFacts, Outcome, Stage};
use serde::{Deserialize, Serialize};

use super::episode::{Episode, Look, Patience};
use super::quantile::Spread;
use super::settings::{Expected, Problem};
use super::{Judged, words};

/// Three of four looks that fail are no hiccup.
pub(super) const DOWN: Patience = Patience { bad: 3, of: 4, good: 2 };
/// Speed swings more than presence.
const SLOW: Patience = Patience { bad: 4, of: 5, good: 4 };
/// A look is fresh for so long: of two vantages that disagree, an old one does not count.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// Looks at this hour of the week, or of the day, with the hours beside it, that are enough to compare with.
const HOUR_ENOUGH: u32 = 24;
/// Nothing is slow below this, however fast it usually is: a third of a second more is not noticed.
const NOTICED_US: u64 = 300_000;
const HOURS: usize = 168;

/// What one vantage point saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Vantage {
    pub(super) looks: Episode,
    pub(super) last: Timestamp,
    pub(super) words: String,
}

/// What is known about presence and speed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub(super) vantages: BTreeMap<String, Vantage>,
    hours: BTreeMap<u8, Spread>,
}

/// Whether our own line is up, as the control target says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The control target answers.
    Up,
    /// It does not: nothing is known about anything else.
    Down,
    /// Nobody looked lately.
    Unknown,
}

impl Reach {
    /// Whether things at that vantage could be reached by this probe lately.
    pub(super) fn line(&self, vantage: &str, now: Timestamp) -> Line {
        match self.vantages.get(vantage).filter(|seen| seen.last.plus(FRESH) >= now) {
            None => Line::Unknown,
            Some(seen) if seen.looks.is_last_bad() => Line::Down,
            Some(_) => Line::Up,
        }
    }

    /// Takes a look at one vantage into account, and says what all of them together say.
    pub(super) fn presence(&mut self, vantage: &str, look: (Look, String), line: Line, now: Timestamp) -> Vec<Judged> {
        let (look, said) = look;
        if look == Look::Unknown || (look == Look::Bad && line == Line::Down) {
            return Vec::new();
        }
        if !self.vantages.contains_key(vantage) && self.vantages.len() >= PROBE_VANTAGES_MAX {
            let oldest = self.vantages.iter().min_by_key(|(_, seen)| seen.last).map(|(name, _)| name.clone());
            oldest.map(|name| self.vantages.remove(&name));
        }
        let fresh = Vantage { looks: Episode::default(), last: now, words: String::new() };
        let seen = self.vantages.entry(vantage.to_owned()).or_insert(fresh);
        seen.looks.look(look, DOWN, now);
        seen.last = now;
        seen.words = said;
        let fresh = self.vantages.iter().filter(|(_, seen)| seen.last.plus(FRESH) >= now);
        let (down, up): (Vec<_>, Vec<_>) = fresh.partition(|(_, seen)| seen.looks.since.is_some());
        let told = |(name, seen): &(&String, &Vantage)| {
            format!("{} of the last {} looks from {name} failed: {}", seen.looks.bad_of(DOWN.of), DOWN.of, seen.words)
        };
        let mut because: Vec<String> = down.iter().map(told).collect();
        because.push(match line {
            Line::Up => "the control target answers, so it is not our own line".to_owned(),
            _ => "nobody looked at a control target lately, so it may be our own line".to_owned(),
        });
        let all = if !down.is_empty() && up.is_empty() { Look::Bad } else { Look::Good };
        let some = if !down.is_empty() && !up.is_empty() { Look::Bad } else { Look::Good };
        let surprise = if line == Line::Up { 95 } else { 60 };
        let mut partly = because.clone();
        partly.extend(up.iter().map(|(name, _)| format!("it answers at {name}")));
        vec![
            Judged::new(Problem::Down, all, AT_ONCE, surprise).because(because),
            Judged::new(Problem::PartlyDown, some, Patience { bad: 2, of: 2, good: 2 }, surprise).because(partly),
        ]
    }

    /// Whether that answer is slow for this hour of the week.
    pub(super) fn speed(&self, took_us: u64, expected: &Expected, now: Timestamp) -> Judged {
        let judged = |look| Judged::new(Problem::Slow, look, SLOW, 80);
        if let Some(limit) = expected.slow_us.filter(|limit| took_us > *limit) {
            let said = format!("{} until the whole answer; at most {} is allowed", seconds(took_us), seconds(limit));
            return judged(Look::Bad).because(vec![said]);
        }
        let Some((usual, rare, whose)) = self.usual(now) else { return judged(Look::Good) };
        let limit = usual.saturating_mul(3).max(rare.saturating_mul(2)).max(usual.saturating_add(NOTICED_US));
        if took_us <= limit {
            return judged(Look::Good);
        }
        let said = format!(
            "{} until the whole answer; {whose} it usually takes {}, and 19 of 20 answers take less than {}",
            seconds(took_us),
            seconds(usual),
            seconds(rare)
        );
        judged(Look::Bad).because(vec![said])
    }

    /// Median and 95th percentile to compare with, and of when they are: of this hour of the week, else of the day. Nothing is said
    /// of an hour that was never seen: the first morning is no failure of the night.
    fn usual(&self, now: Timestamp) -> Option<(u64, u64, &'static str)> {
        let hour = hour_of_week(now);
        let beside = [(hour + HOURS - 1) % HOURS, hour, (hour + 1) % HOURS];
        let of_week = |known: u8| beside.contains(&usize::from(known));
        let of_day = |known: u8| beside.iter().any(|hour| hour % 24 == usize::from(known) % 24);
        self.usual_of(&of_week, "at this hour of the week")
            .or_else(|| self.usual_of(&of_day, "at this hour of the day"))
    }

    fn usual_of(&self, counts: &dyn Fn(u8) -> bool, whose: &'static str) -> Option<(u64, u64, &'static str)> {
        let near: Vec<&Spread> =
            self.hours.iter().filter(|(hour, _)| counts(**hour)).map(|(_, spread)| spread).collect();
        let count: u32 = near.iter().map(|spread| spread.count()).sum();
        if count < HOUR_ENOUGH {
            return None;
        }
        Some((Spread::quantile_of(&near, 500)?, Spread::quantile_of(&near, 950)?, whose))
    }

    /// Learns how long an answer took.
    pub(super) fn learn(&mut self, took_us: u64, now: Timestamp) {
        let hour = u8::try_from(hour_of_week(now)).unwrap_or(u8::MAX);
        self.hours.entry(hour).or_default().add(took_us);
    }

    /// What is usual is learnt anew.
    pub(super) fn forget_speed(&mut self) {
        self.hours.clear();
    }

    /// The usual time of an answer now, in microseconds, for people.
    pub(super) fn usual_us(&self, now: Timestamp) -> Option<u64> {
        self.usual(now).map(|(usual, _, _)| usual)
    }
}

/// What the vantages say has been waited for already.
const AT_ONCE: Patience = Patience { bad: 1, of: 1, good: 1 };

/// Hours since Monday, 00:00 UTC. 1970-01-01 was a Thursday.
fn hour_of_week(time: Timestamp) -> usize {
    let hours = time.as_micros().div_euclid(3_600_000_000) + 72;
    usize::try_from(hours.rem_euclid(168)).unwrap_or(0)
}

fn seconds(micros: u64) -> String {
    let millis = micros / 1_000;
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}

/// What an outcome says about presence.
pub(super) fn presence_of(outcome: &Outcome, expected: &Expected) -> (Look, String) {
    match outcome {
        Outcome::Http(facts) => status_of(facts, expected),
        Outcome::Failed(failure) => match failure.at {
            // Another check tells of it, or it is our own doing.
            Stage::Certificate | Stage::Ours => (Look::Unknown, String::new()),
            _ => (Look::Bad, words(&failure.words)),
        },
        _ => (Look::Unknown, String::new()),
    }
}

fn status_of(facts: &HttpFacts, expected: &Expected) -> (Look, String) {
    let status = facts.status;
    let is_right = match expected.statuses.is_empty() {
        true => (200..400).contains(&status),
        false => expected.statuses.contains(&status),
    };
    match status {
        _ if is_right => (Look::Good, String::new()),
        // It asks us to come less often, which says that it is there.
        429 => (Look::Unknown, String::new()),
        _ => (Look::Bad, format!("it answers {status}")),
    }
}
