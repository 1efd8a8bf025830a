//! How a feed is doing, as plain values that are kept and shown.

use std::time::Duration;

use model::Timestamp;
use model::limits::FEED_TEXT_BYTES_MAX;
use serde::{Deserialize, Serialize};

/// What a run changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Items that are new.
    pub added: u64,
    /// Items that the feed says something else about now.
    pub changed: u64,
    /// Items that are as they were.
    pub unchanged: u64,
    /// Items that the feed does not stand by any more.
    pub withdrawn: u64,
    /// Records that could not be read.
    pub bad: u64,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            added: self.added.saturating_add(other.added),
            changed: self.changed.saturating_add(other.changed),
            unchanged: self.unchanged.saturating_add(other.unchanged),
            withdrawn: self.withdrawn.saturating_add(other.withdrawn),
            bad: self.bad.saturating_add(other.bad),
        }
    }
}

/// How a run went, whether or not it came to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// What it changed.
    pub counts: Counts,
    /// Bytes that came, unpacked.
    pub bytes: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether the server said that nothing is new.
    pub is_not_modified: bool,
}

impl Run {
    /// The time that it took.
    #[must_use]
    pub fn took(self, duration: Duration) -> Self {
        Run { duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), ..self }
    }
}

/// How a feed is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedHealth {
    /// When it last ran to its end.
    pub last_success: Option<Timestamp>,
    /// When a run last began.
    pub last_try: Option<Timestamp>,
    /// When something last came of it: a run that changed anything.
    pub last_news: Option<Timestamp>,
    /// How the last run went.
    pub last_run: Run,
    /// All runs together.
    pub total: Counts,
    /// Bytes of all runs.
    pub total_bytes: u64,
    /// Runs that ended well.
    pub successes: u64,
    /// Runs that failed.
    pub failures: u64,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// When the last failure was, and what. It stays after a success: compare the times.
    pub last_error: Option<(Timestamp, String)>,
}

impl FeedHealth {
    /// A run begins.
    pub fn began(&mut self, now: Timestamp) {
        self.last_try = Some(now);
    }

    /// A run has ended well.
    pub fn succeeded(&mut self, now: Timestamp, run: Run) {
        self.count(now, run);
        self.last_success = Some(now);
        self.successes = self.successes.saturating_add(1);
        self.failures_in_a_row = 0;
    }

    /// A run has failed; what it brought before counts.
    pub fn failed(&mut self, now: Timestamp, run: Run, error: &str) {
        self.count(now, run);
        self.failures = self.failures.saturating_add(1);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        let kept = error.floor_char_boundary(FEED_TEXT_BYTES_MAX);
        self.last_error = Some((now, error.get(..kept).unwrap_or_default().to_owned()));
    }

    fn count(&mut self, now: Timestamp, run: Run) {
        let Counts { added, changed, withdrawn, .. } = run.counts;
        if added > 0 || changed > 0 || withdrawn > 0 {
            self.last_news = Some(now);
        }
        self.last_run = run;
        self.total = self.total.and(run.counts);
        self.total_bytes = self.total_bytes.saturating_add(run.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered() {
        let at = Timestamp::from_millis;
        let mut health = FeedHealth::default();
        health.began(at(1));
        let counts = Counts { added: 3, bad: 1, ..Counts::default() };
        health.succeeded(at(2), Run { counts, bytes: 10, ..Run::default() }.took(Duration::from_millis(7)));
        health.succeeded(at(3), Run { is_not_modified: true, ..Run::default() });
        health.failed(at(4), Run { bytes: 5, ..Run::default() }, &"é".repeat(FEED_TEXT_BYTES_MAX));
        assert_eq!((health.last_try, health.last_success, health.last_news), (Some(at(1)), Some(at(3)), Some(at(2))));
        assert_eq!((health.total, health.total_bytes), (counts, 15));
        assert_eq!((health.successes, health.failures, health.failures_in_a_row), (2, 1, 1));
        let (when, error) = health.last_error.clone().unwrap();
        assert_eq!((when, error.len()), (at(4), FEED_TEXT_BYTES_MAX));
        health.succeeded(at(5), Run::default());
        assert_eq!(health.failures_in_a_row, 0);
        let again: FeedHealth = serde_json::from_str(&serde_json::to_string(&health).unwrap()).unwrap();
        assert_eq!(again, health);
        // What an older version kept is read, too.
        assert_eq!(serde_json::from_str::<FeedHealth>("{}").unwrap(), FeedHealth::default());
    }
}
