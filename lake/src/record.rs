//! What goes into the lake.

use model::{Event, SourceId, Timestamp};

/// One event on its way into the lake, with the record that it was read from.
///
/// A copy of a finding is a record too: an event of class 2004 whose `raw` is the finding as it was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct LakeRecord {
    /// The normalised event; its agency and the day of its time decide where the row is kept.
    pub event: Event,
    /// The untouched record.
    pub raw: Vec<u8>,
    /// Which source brought it.
    pub source: SourceId,
    /// When it reached us.
    pub received: Timestamp,
    /// Where it stands in the journal: the only order, and what makes appending exactly once.
    pub journal_offset: u64,
}

/// Days (since the epoch) that get a partition of their own: 1990-01-01 up to, not including, 2200-01-01. A clock that
/// never was set or a mangled date must not open a partition that no retention ever reaches.
const DAYS_PLAUSIBLE: std::ops::Range<i32> = 7_305..84_006;

impl LakeRecord {
    /// The day under which the row is kept: the event's own, or, where that is implausible, the day of arrival.
    pub fn day(&self) -> i32 {
        let day = self.event.time.day();
        if DAYS_PLAUSIBLE.contains(&day) { day } else { self.received.day() }
    }
}

/// A day since the epoch as `YYYY-MM-DD`.
pub(crate) fn day_text(day: i32) -> String {
    let at = Timestamp::from_micros(i64::from(day).saturating_mul(86_400_000_000));
    at.to_civil().map_or_else(|| "9999-12-31".to_owned(), |civil| civil.date().to_string())
}

/// The reverse of [`day_text`].
pub(crate) fn day_of_text(text: &str) -> Option<i32> {
    Timestamp::parse(&format!("{text}T00:00:00Z")).map(Timestamp::day)
}

#[cfg(test)]
mod tests {
    use model::ocsf::Class;
    use model::{AgencyId, EventId};

    use super::*;

    #[test]
    fn days_are_written_and_read() {
        let check = |day: i32, text: &str| {
            assert_eq!(day_text(day), text);
            assert_eq!(day_of_text(text), Some(day));
        };
        check(0, "1970-01-01");
        check(18_423, "2020-06-10");
        check(DAYS_PLAUSIBLE.start, "1990-01-01");
        check(DAYS_PLAUSIBLE.end, "2200-01-01");
        assert_eq!(day_of_text("10.6.2020"), None);
    }

    #[test]
    fn an_implausible_time_is_kept_under_the_day_of_arrival() {
        let at = |time: i64| {
            let time = Timestamp::from_micros(time);
            LakeRecord {
                event: Event::new(EventId::default(), AgencyId::home(), time, Class::BASE, 0),
                raw: Vec::new(),
                source: SourceId::parse("s").unwrap(),
                received: Timestamp::parse("2024-05-06T12:00:00Z").unwrap(),
                journal_offset: 1,
            }
        };
        assert_eq!(day_text(at(0).day()), "2024-05-06");
        assert_eq!(day_text(at(i64::MAX).day()), "2024-05-06");
        assert_eq!(day_text(at(1_591_746_000_000_000).day()), "2020-06-09");
    }
}
