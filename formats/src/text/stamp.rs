//! The times that lines carry and RFC 3339 does not: BSD syslog without a year, web servers, appliances.

use model::Timestamp;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
/// How far ahead of us a sender's clock may be before a time without a year is taken for last year's.
const CLOCK_AHEAD_US: i64 = 86_400_000_000;

/// 1 to 12 for an English month's three letters, whatever their case.
fn month(name: &[u8]) -> Option<i64> {
    let name = name.get(..3)?;
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    Some(at as i64 + 1)
}

/// Date and time without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub year: Option<i64>,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub micros: i64,
}

impl Civil {
    /// The moment in UTC; `None` for a day or hour that does not exist.
    fn at_year(&self, year: i64) -> Option<Timestamp> {
        let in_month = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => 31,
        };
        let exists = (1..=12).contains(&self.month)
            && (1..=in_month).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second);
        if !exists {
            return None;
        }
        // Days since the epoch of a proleptic Gregorian date; Howard Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = if self.month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted - era * 400;
        let day_of_year = (153 * (self.month + if self.month > 2 { -3 } else { 9 }) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let seconds = days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second;
        Some(Timestamp::from_micros(seconds * 1_000_000 + self.micros))
    }

    /// The moment in UTC. Without a year: the latest year that puts it at most a day after `received`, so that December's
    /// lines that arrive in January stay in December, and a clock that runs ahead over midnight does not lose a year.
    pub(super) fn resolve(&self, received: Timestamp) -> Option<Timestamp> {
        if let Some(year) = self.year {
            return self.at_year(year);
        }
        let now = i64::from(received.to_civil()?.year());
        let latest = received.as_micros().saturating_add(CLOCK_AHEAD_US);
        // Eight years back reach a leap day from everywhere.
        let mut candidates = (now - 8..=now + 1).rev().filter_map(|year| self.at_year(year));
        candidates.find(|at| at.as_micros() <= latest)
    }
}

/// Reads a whole stamp out of the `timestamp` field, or another field that carries one.
pub(super) fn parse(text: &str, received: Timestamp) -> Option<Timestamp> {
    if let Some(at) = Timestamp::parse(text) {
        return Some(at);
    }
    bsd(text).and_then(|(civil, _)| civil.resolve(received)).or_else(|| epoch(text))
}

/// Seconds, milli-, micro- or nanoseconds since 1970, told apart by their size; seconds may have a fraction.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 19 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let micros = match whole.len() {
        0..=11 => {
            let part: i64 = fraction
                .bytes()
                .chain(std::iter::repeat(b'0'))
                .take(6)
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
            number.checked_mul(1_000_000)?.checked_add(part)?
        }
        12..=14 => number.checked_mul(1_000)?,
        15..=17 => number,
        _ => number / 1_000,
    };
    Some(Timestamp::from_micros(micros))
}

/// `Mmm [d]d hh:mm:ss[.fraction]` at the start of `text`, as RFC 3164 has it, and with the year before or behind the time
/// as Cisco writes it. Says how many bytes it took.
pub(super) fn bsd(text: &str) -> Option<(Civil, usize)> {
    let bytes = text.as_bytes();
    let month = month(bytes)?;
    let mut at = blanks(bytes, 3)?;
    let (day, next) = number(bytes, at, 2)?;
    at = blanks(bytes, next)?;
    let mut year = None;
    let (four, next) = number(bytes, at, 4)?;
    if next - at == 4 {
        year = Some(four);
        at = blanks(bytes, next)?;
    }
    let (clock, mut at) = clock(bytes, at)?;
    if year.is_none()
        && bytes.get(at) == Some(&b' ')
        && let Some((four, next)) = number(bytes, at + 1, 4)
        && next - at == 5
        && (1970..2200).contains(&four)
        && matches!(bytes.get(next..), Some([] | [b' ', ..] | [b':', b' ', ..] | [b':']))
    {
        (year, at) = (Some(four), next);
    }
    let [hour, minute, second, micros] = clock;
    Some((Civil { year, month, day, hour, minute, second, micros }, at))
}

/// `dd/Mmm/yyyy:hh:mm:ss ±hhmm`, the time of the common log format.
pub(super) fn common_log(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (day, at) = number(bytes, 0, 2)?;
    let month = month(bytes.get(at + 1..)?)?;
    let (year, next) = number(bytes, at + 5, 4)?;
    let ([hour, minute, second, micros], rest) = clock(bytes, next + 1)?;
    let shaped = bytes.get(at) == Some(&b'/') && bytes.get(at + 4) == Some(&b'/') && bytes.get(next) == Some(&b':');
    let at = Civil { year: Some(year), month, day, hour, minute, second, micros }.at_year(year)?;
    let offset = offset_seconds(text.get(rest..)?.trim())?;
    shaped.then(|| Timestamp::from_micros(at.as_micros() - offset * 1_000_000))
}

/// `yyyy/mm/dd hh:mm:ss` and `yyyy-mm-dd hh:mm:ss`, with an offset such as `+0200` that may stand apart.
pub(super) fn dashed(date: &str, time: &str, offset: &str) -> Option<Timestamp> {
    let bytes = date.as_bytes();
    let (year, at) = number(bytes, 0, 4)?;
    let (month, next) = number(bytes, at + 1, 2)?;
    let (day, _) = number(bytes, next + 1, 2)?;
    let ([hour, minute, second, micros], _) = clock(time.as_bytes(), 0)?;
    let at = Civil { year: Some(year), month, day, hour, minute, second, micros }.at_year(year)?;
    let offset = offset_seconds(offset.trim().trim_matches('"')).unwrap_or(0);
    Some(Timestamp::from_micros(at.as_micros() - offset * 1_000_000))
}

fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes() {
        [] | b"Z" | b"UTC" | b"GMT" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, at) = number(digits, 0, 2)?;
    let at = if digits.get(at) == Some(&b':') { at + 1 } else { at };
    let minutes = if at < digits.len() { number(digits, at, 2)?.0 } else { 0 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// `hh:mm:ss[.fraction]` at `at`: hour, minute, second, microseconds, and where it ends.
fn clock(text: &[u8], at: usize) -> Option<([i64; 4], usize)> {
    let (hour, at) = number(text, at, 2)?;
    let (minute, at) = number(text, expect(text, at, b':')?, 2)?;
    let (second, mut at) = number(text, expect(text, at, b':')?, 2)?;
    let mut micros = 0;
    if let Some(b'.' | b',') = text.get(at) {
        let digits = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        for place in 0..6 {
            let digit = if place < digits { i64::from(text[at + 1 + place] - b'0') } else { 0 };
            micros = micros * 10 + digit;
        }
        if digits > 0 {
            at += 1 + digits;
        }
    }
    Some(([hour, minute, second, micros], at))
}

fn expect(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

/// At least one blank at `at`; where they end.
fn blanks(text: &[u8], at: usize) -> Option<usize> {
    let count = text.get(at..)?.iter().take_while(|byte| **byte == b' ').count();
    (count > 0).then_some(at + count)
}

/// One to `most` digits at `at`, and where they end.
fn number(text: &[u8], at: usize, most: usize) -> Option<(i64, usize)> {
    let digits = text.get(at..)?.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[at..at + digits].iter().fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    (digits > 0).then_some((value, at + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn times_without_a_year_are_the_latest_that_fit() {
        let check = |stamp: &str, received: &str, expected: &str| {
            assert_eq!(parse(stamp, at(received)), Some(at(expected)), "{stamp} received {received}");
        };
        check("Mar  1 02:14:07", "2026-03-01T02:14:09Z", "2026-03-01T02:14:07Z");
        check("Dec 31 23:59:59", "2026-01-01T00:00:03Z", "2025-12-31T23:59:59Z");
        check("Jan  1 00:00:02", "2025-12-31T23:59:58Z", "2026-01-01T00:00:02Z");
        check("Feb 29 12:00:00", "2026-03-01T00:00:00Z", "2024-02-29T12:00:00Z");
        check("Jun 5 06:07:08.123456", "2026-06-05T06:07:09Z", "2026-06-05T06:07:08.123456Z");
        check("Jul 4 2023 10:11:12", "2026-06-05T06:07:09Z", "2023-07-04T10:11:12Z");
        check("Jul  4 10:11:12 2023", "2026-06-05T06:07:09Z", "2023-07-04T10:11:12Z");
        check("2024-02-03T04:05:06.7+01:00", "2026-06-05T06:07:09Z", "2024-02-03T03:05:06.7Z");
        // Three days ahead is no clock that is a little off: it is last year's line, read late.
        check("Jun  9 00:00:00", "2026-06-05T06:07:09Z", "2025-06-09T00:00:00Z");
    }

    #[test]
    fn wrong_times_are_none() {
        let received = at("2026-06-05T06:07:09Z");
        for text in ["", "Mar", "Mar 32 00:00:00", "Foo 1 00:00:00", "Mar  1 25:00:00", "Mar  1 2:3", "yesterday", "-1"]
        {
            assert_eq!(parse(text, received), None, "{text}");
        }
    }

    #[test]
    fn other_forms() {
        assert_eq!(common_log("10/Oct/2000:13:55:36 -0700"), Some(at("2000-10-10T20:55:36Z")));
        assert_eq!(common_log("10/Oct/2000 13:55:36 -0700"), None);
        assert_eq!(dashed("2024/05/06", "07:08:09", ""), Some(at("2024-05-06T07:08:09Z")));
        assert_eq!(dashed("2024-05-06", "07:08:09", "+0200"), Some(at("2024-05-06T05:08:09Z")));
        let second = Some(at("2024-05-06T07:08:09Z"));
        assert_eq!(epoch("1714979289"), second);
        assert_eq!(epoch("1714979289000"), second);
        assert_eq!(epoch("1714979289000000"), second);
        assert_eq!(epoch("1714979289000000000"), second);
        assert_eq!(epoch("1714979289.25"), Some(at("2024-05-06T07:08:09.25Z")));
        assert_eq!(epoch("99999999999999999999"), None);
    }
}
