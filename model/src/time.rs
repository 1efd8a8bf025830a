//! Points in time, always UTC, to the microsecond.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z. Negative before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// 9999-12-31T23:59:59.999999Z: the last moment that is read and printed as a date.
const LAST_US: i64 = 253_402_300_799_999_999;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

impl Timestamp {
    /// The epoch.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Timestamp(micros)
    }

    /// From milliseconds since the epoch; saturates.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis.saturating_mul(1_000))
    }

    /// From seconds since the epoch as a float, as Zeek writes them. `None` when it is not finite or out of range.
    pub fn from_seconds_f64(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        let in_range = micros.is_finite() && micros.abs() < 9.2e18;
        in_range.then_some(Timestamp(micros as i64))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down: OCSF's `timestamp_t`.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Days since the epoch, rounded down.
    pub const fn day(self) -> i32 {
        self.0.div_euclid(DAY_US) as i32
    }

    /// Later by `span`; saturates.
    pub fn plus(self, span: Duration) -> Self {
        Timestamp(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `span`; saturates.
    pub fn minus(self, span: Duration) -> Self {
        Timestamp(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Later by so many months of the calendar, at the same time of day; where the month has no such day, its last. The last moment of the
    /// calendar where there is none.
    pub fn plus_months(self, months: u32) -> Self {
        let last = Timestamp(LAST_US);
        let Some(civil) = self.to_civil() else { return self };
        let Ok(later) = civil.checked_add(jiff::Span::new().months(i64::from(months.min(120_000)))) else {
            return last;
        };
        let since = later.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(LAST_US))
    }

    /// Reads the date and time forms that logs use: RFC 3339, ISO 8601 with an offset without colon, a blank in place of
    /// the `T`, and no zone at all, which is taken as UTC. Nothing is guessed beyond that.
    ///
    /// ```
    /// use model::Timestamp;
    /// let noon = Timestamp::parse("2020-06-10T12:00:00Z");
    /// assert_eq!(noon, Timestamp::parse("2020-06-10 14:00:00.000+0200"));
    /// assert_eq!(noon, Timestamp::parse("2020-06-10 12:00:00"));
    /// assert_eq!(None, Timestamp::parse("yesterday"));
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        parse_plain(text.as_bytes())
            .or_else(|| text.trim().parse::<jiff::Timestamp>().ok().map(|t| Timestamp(t.as_microsecond())))
    }

    /// The moment as broken-down UTC time, `None` outside the years −9999 to 9999.
    pub fn to_civil(self) -> Option<jiff::civil::DateTime> {
        // Not by way of `jiff::Timestamp`, which ends 26 hours before the year 9999 does.
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        epoch.checked_add(jiff::SignedDuration::from_micros(self.0)).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (jiff::Timestamp::from_microsecond(self.0), self.to_civil()) {
            (Ok(at), _) => write!(f, "{at}"),
            (Err(_), Some(civil)) => write!(f, "{civil}Z"),
            (Err(_), None) => write!(f, "{} µs", self.0),
        }
    }
}

/// `YYYY-MM-DD[T ]HH:MM:SS[.fraction][Z|±HH[:]MM]`, by hand: this runs for each event, twenty times faster than a
/// general parser.
fn parse_plain(text: &[u8]) -> Option<Timestamp> {
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = text.get(from..from + len)?;
        digits.iter().try_fold(0i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
    };
    let is = |at: usize, b: u8| text.get(at) == Some(&b);
    let shaped =
        is(4, b'-') && is(7, b'-') && (is(10, b'T') || is(10, b' ') || is(10, b't')) && is(13, b':') && is(16, b':');
    if !shaped {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let is_date = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    // A leap second (:60) is folded into the next second, as POSIX time does.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    if !is_date || !is_time {
        return None;
    }
    let (micros, rest) = fraction(text.get(19..)?)?;
    let offset = offset_seconds(rest)?;
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    let at = seconds * 1_000_000 + micros;
    // An offset or a leap second may lead beyond the last year that has four digits.
    (at <= LAST_US).then_some(Timestamp(at))
}

fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(b'.' | b',') = text.first() else { return Some((0, text)) };
    let digits = text[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        let digit = if place < digits { i64::from(text[1 + place] - b'0') } else { 0 };
        micros = micros * 10 + digit;
    }
    Some((micros, &text[1 + digits..]))
}

fn offset_seconds(text: &[u8]) -> Option<i64> {
    let digit = |b: u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
    let (sign, hm) = match text {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', hm @ ..] => (1, hm),
        [b'-', hm @ ..] => (-1, hm),
        _ => return None,
    };
    let (h1, h2, m1, m2) = match hm {
        [h1, h2] => (*h1, *h2, b'0', b'0'),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (*h1, *h2, *m1, *m2),
        _ => return None,
    };
    let hours = digit(h1)? * 10 + digit(h2)?;
    let minutes = digit(m1)? * 10 + digit(m2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the epoch of a proleptic Gregorian date. Howard Hinnant, "chrono-compatible low-level date algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, micros: Option<i64>) {
        assert_eq!(Timestamp::parse(text).map(Timestamp::as_micros), micros, "{text}");
    }

    #[test]
    fn reads_the_forms_of_logs() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01 00:00:01.5", Some(1_500_000));
        check("1970-01-01T01:00:00+01:00", Some(0));
        check("1970-01-01T00:00:00.1234567Z", Some(123_456));
        check("2015-03-29T11:01:38.221126-0600", Some(1_427_648_498_221_126));
        check("2020-02-29T00:00:00Z", Some(1_582_934_400_000_000));
        check("2021-02-29T00:00:00Z", None);
        check("2020-13-01T00:00:00Z", None);
        check("2020-01-01T00:00:00.Z", None);
        check("", None);
        check("1970-01-01", None);
    }

    #[test]
    fn the_last_moment_is_printed_as_a_date() {
        // Directories write it for "never". Found by fuzzing: it was read and then printed as a number.
        check("9999-12-31T23:59:59.999999Z", Some(LAST_US));
        let never = Timestamp::from_micros(LAST_US);
        assert_eq!(never.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(never.to_civil().map(|civil| civil.year()), Some(9999));
        check("9999-12-31T23:59:60Z", None);
        check("9999-12-31T23:59:59-00:01", None);
        assert_eq!(Timestamp::from_micros(LAST_US + 1).to_civil(), None);
        assert_eq!(
            Timestamp::from_micros(-1).to_civil().map(|civil| civil.to_string()),
            Some("1969-12-31T23:59:59.999999".into())
        );
    }

    #[test]
    fn days_go_down_before_the_epoch() {
        assert_eq!(Timestamp::from_micros(-1).day(), -1);
        assert_eq!(Timestamp::from_micros(0).day(), 0);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
