//! When which probe looks: in its interval, not in step with others, and not while a host wants to be left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;
use model::fingerprint::first_8_bytes;
use model::limits::{
    FETCH_RETRY_AFTER_SECONDS_MAX, PROBE_INTERVAL_SECONDS_MAX, PROBE_INTERVAL_SECONDS_MIN, PROBE_JITTER_PERCENT_MAX,
};

/// When a probe is due after a look: an interval later, and up to a tenth of it more, which follows from seed, name and time.
pub fn due(seed: u64, name: &str, interval_seconds: u32, last: Timestamp) -> Timestamp {
    let interval = interval_seconds.clamp(PROBE_INTERVAL_SECONDS_MIN, PROBE_INTERVAL_SECONDS_MAX);
    let mut bytes = seed.to_le_bytes().to_vec();
    bytes.extend_from_slice(&last.as_micros().to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
    let most_ms = u64::from(interval) * 10 * u64::from(PROBE_JITTER_PERCENT_MAX);
    let jitter_ms = first_8_bytes(&bytes) % most_ms.max(1);
    last.plus(Duration::from_secs(interval.into())).plus(Duration::from_millis(jitter_ms))
}

/// Hosts that want to be left alone.
#[derive(Clone, Debug, Default)]
pub struct Waits(BTreeMap<String, Timestamp>);

impl Waits {
    /// A host asks for it.
    pub fn ask(&mut self, host: &str, wait: Duration, now: Timestamp) {
        let wait = wait.min(Duration::from_secs(FETCH_RETRY_AFTER_SECONDS_MAX));
        self.0.retain(|_, until| *until > now);
        self.0.insert(host.to_owned(), now.plus(wait));
    }

    /// Whether it may be looked at.
    pub fn may(&self, host: &str, now: Timestamp) -> bool {
        self.0.get(host).is_none_or(|until| *until <= now)
    }
}

/// What is due, by host: each list is for one task, which looks at one after the other.
pub fn by_host<T>(due: impl IntoIterator<Item = (String, T)>) -> Vec<Vec<T>> {
    let mut hosts: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (host, look) in due {
        hosts.entry(host).or_default().push(look);
    }
    hosts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_in_their_interval_and_not_in_step() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let after = |name: &str, interval: u32| due(7, name, interval, now).as_micros() - now.as_micros();
        for at in 0..100 {
            let micros = after(&format!("p{at}"), 300);
            assert!((300_000_000..=330_000_000).contains(&micros), "{micros}");
        }
        assert_ne!(after("a", 300), after("b", 300));
        assert_eq!(after("a", 300), after("a", 300));
        assert!(after("a", 0) >= i64::from(PROBE_INTERVAL_SECONDS_MIN) * 1_000_000);
        assert!(after("a", u32::MAX) <= i64::from(PROBE_INTERVAL_SECONDS_MAX) * 1_100_000);
    }

    #[test]
    fn who_wants_to_be_left_alone_is() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut waits = Waits::default();
        waits.ask("a.example", Duration::from_secs(60), now);
        assert!(!waits.may("a.example", now.plus(Duration::from_secs(59))) && waits.may("b.example", now));
        assert!(waits.may("a.example", now.plus(Duration::from_secs(60))));
        waits.ask("a.example", Duration::MAX, now);
        assert!(waits.may("a.example", now.plus(Duration::from_secs(FETCH_RETRY_AFTER_SECONDS_MAX))));
    }

    #[test]
    fn one_host_one_line() {
        let lines = by_host([("a".to_owned(), 1), ("b".to_owned(), 2), ("a".to_owned(), 3)]);
        assert_eq!(lines, [vec![1, 3], vec![2]]);
    }
}
