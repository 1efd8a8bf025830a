//! Waiting longer after each failure, with jitter, so that a fleet does not come back in step.

use std::time::Duration;

use model::limits::{SOURCE_RESTART_MS_MAX, SOURCE_RESTART_MS_MIN};

/// The next wait before a failed source starts again.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    failures: u32,
}

impl BackOff {
    /// Counts a failure and says how long to wait: the doubled minimum, at most the maximum, less up to a half at random.
    pub(crate) fn next_wait(&mut self) -> Duration {
        let doubled = SOURCE_RESTART_MS_MIN.saturating_mul(1u64.checked_shl(self.failures).unwrap_or(u64::MAX));
        self.failures = (self.failures + 1).min(32);
        let ceiling_ms = doubled.min(SOURCE_RESTART_MS_MAX);
        Duration::from_millis(fastrand::u64(ceiling_ms / 2..=ceiling_ms))
    }

    /// Forgets the failures so far.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_start_over() {
        let mut backoff = BackOff::default();
        for failure in 0..40u32 {
            let wait_ms = backoff.next_wait().as_millis() as u64;
            let ceiling_ms = (SOURCE_RESTART_MS_MIN << failure.min(20)).min(SOURCE_RESTART_MS_MAX);
            assert!((ceiling_ms / 2..=ceiling_ms).contains(&wait_ms), "failure {failure} waits {wait_ms} ms");
        }
        backoff.reset();
        assert!(backoff.next_wait().as_millis() as u64 <= SOURCE_RESTART_MS_MIN);
    }
}
