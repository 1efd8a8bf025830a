//! A time as a table tells it: a moment, or a number whose unit nobody has said.

use crate::Timestamp;

/// Longest text that is read as a time.
const TEXT_BYTES_MAX: usize = 64;
/// From here on a number counts from the epoch, since no table counts hours or minutes from 1970 on, and none that is kept is from
/// before 1973: 10^8 seconds. From 10^11 on it counts milliseconds, from 10^14 on microseconds, from 10^17 on nanoseconds.
const SECONDS_SINCE_EPOCH_MIN: u64 = 100_000_000;

/// When something was, as a table tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToldTime {
    /// A date with a time of day.
    Moment(Timestamp),
    /// A number: seconds, minutes, milliseconds, steps. What is too large for it, positive or negative, is the largest that it holds.
    Number {
        /// The whole part, rounded down.
        whole: i64,
        /// Millionths above it.
        millionths: u32,
    },
}

impl ToldTime {
    /// Reads RFC 3339 and what else [`Timestamp::parse`] reads, the same without seconds or without a time of day, the form
    /// `MM/DD/YYYY-HH:MM[:SS]` (a blank in place of the `-` will do, the month always first), and decimal numbers with sign, fraction and
    /// exponent. `None` for everything else.
    ///
    /// ```
    /// use model::ToldTime;
    /// assert_eq!(ToldTime::parse("06/01/1998-07:55"), ToldTime::parse("1998-06-01T07:55:00Z"));
    /// assert_eq!(ToldTime::parse("12.5"), Some(ToldTime::Number { whole: 12, millionths: 500_000 }));
    /// assert_eq!(ToldTime::parse("noon"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return None;
        }
        number(text).or_else(|| Timestamp::parse(text).or_else(|| short(text)).map(ToldTime::Moment))
    }

    /// The moment. A number is taken for seconds, milliseconds, microseconds or nanoseconds since the epoch by its size.
    pub fn moment(self) -> Timestamp {
        match self {
            ToldTime::Moment(at) => at,
            ToldTime::Number { whole, millionths } => {
                let unit = EpochUnit::of(whole).unwrap_or(EpochUnit::Second);
                unit.moment(whole, millionths)
            }
        }
    }
}

/// What a number since the epoch counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochUnit {
    /// Seconds.
    Second,
    /// Thousandths.
    Millisecond,
    /// Millionths.
    Microsecond,
    /// Milliardths.
    Nanosecond,
}

impl EpochUnit {
    /// The unit by the size of the number; `None` for one that does not count from the epoch.
    pub const fn of(number: i64) -> Option<Self> {
        let size = number.unsigned_abs();
        if size < SECONDS_SINCE_EPOCH_MIN {
            return None;
        }
        Some(match size {
            0..100_000_000_000 => EpochUnit::Second,
            100_000_000_000..100_000_000_000_000 => EpochUnit::Millisecond,
            100_000_000_000_000..100_000_000_000_000_000 => EpochUnit::Microsecond,
            _ => EpochUnit::Nanosecond,
        })
    }

    /// The moment that a number of this unit and millionths of it stand for; saturates.
    pub fn moment(self, whole: i64, millionths: u32) -> Timestamp {
        Timestamp::from_micros(match self {
            EpochUnit::Second => whole.saturating_mul(1_000_000).saturating_add(i64::from(millionths)),
            EpochUnit::Millisecond => whole.saturating_mul(1_000).saturating_add(i64::from(millionths / 1_000)),
            EpochUnit::Microsecond => whole,
            EpochUnit::Nanosecond => whole.div_euclid(1_000),
        })
    }
}

fn number(text: &str) -> Option<ToldTime> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let size =
            digits.bytes().fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        let whole = if text.starts_with('-') { -size } else { size };
        return Some(ToldTime::Number { whole, millionths: 0 });
    }
    // Words that a float may be, as `nan` and `infinity`, are no numbers here.
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    if !text.bytes().all(is_plain) {
        return None;
    }
    if let Some(exact) = fraction(text, digits) {
        return Some(exact);
    }
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return Some(ToldTime::Number { whole: if value > 0.0 { i64::MAX } else { i64::MIN }, millionths: 0 });
    }
    let whole = value.floor();
    let millionths = (((value - whole) * 1e6) as u32).min(999_999);
    // A cast of a float saturates.
    Some(ToldTime::Number { whole: whole as i64, millionths })
}

/// A positive number with a fraction and no exponent, exactly.
fn fraction(text: &str, digits: &str) -> Option<ToldTime> {
    if text.starts_with('-') {
        return None;
    }
    let (whole, rest) = digits.split_once('.')?;
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(rest) {
        return None;
    }
    let whole = whole.bytes().fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    let digit = |place: usize| rest.as_bytes().get(place).map_or(0, |digit| u32::from(digit - b'0'));
    let millionths = (0..6).fold(0, |sum, place| sum * 10 + digit(place));
    Some(ToldTime::Number { whole, millionths })
}

/// A date without a time of day, a time of day without seconds, and the month first.
fn short(text: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| text.get(from..to);
    let is = |at: usize, bytes: &[u8]| text.as_bytes().get(at).is_some_and(|byte| bytes.contains(byte));
    if is(2, b"/") && is(5, b"/") {
        let (month, day, year) = (part(0, 2)?, part(3, 5)?, part(6, 10)?);
        let time = match text.len() {
            10 => "00:00:00".to_owned(),
            16 if is(10, b"-T ") => format!("{}:00", part(11, 16)?),
            19 if is(10, b"-T ") => part(11, 19)?.to_owned(),
            _ => return None,
        };
        return Timestamp::parse(&format!("{year}-{month}-{day}T{time}"));
    }
    match text.len() {
        10 => Timestamp::parse(&format!("{text}T00:00:00")),
        16 => Timestamp::parse(&format!("{text}:00")),
        17 if text.ends_with('Z') => Timestamp::parse(&format!("{}:00Z", part(0, 16)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number_of(whole: i64, millionths: u32) -> Option<ToldTime> {
        Some(ToldTime::Number { whole, millionths })
    }

    fn moment_of(text: &str) -> Option<ToldTime> {
        Timestamp::parse(text).map(ToldTime::Moment)
    }

    #[test]
    fn numbers() {
        let cases = [
            ("0", number_of(0, 0)),
            (" 42 ", number_of(42, 0)),
            ("-3", number_of(-3, 0)),
            ("1.5", number_of(1, 500_000)),
            ("-1.5", number_of(-2, 500_000)),
            ("1700000000.123456", number_of(1_700_000_000, 123_456)),
            ("1e3", number_of(1_000, 0)),
            ("18446744073709551616", number_of(i64::MAX, 0)),
            ("-99999999999999999999", number_of(-i64::MAX, 0)),
            ("1e400", number_of(i64::MAX, 0)),
        ];
        for (text, expected) in cases {
            assert_eq!(ToldTime::parse(text), expected, "{text}");
        }
        for text in ["", "-", ".", "nan", "inf", "infinity", "1e", "1,5", "12:30", "0x10"] {
            assert_eq!(ToldTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments() {
        let cases = [
            ("2020-06-10T12:00:00Z", "2020-06-10T12:00:00Z"),
            ("2020-06-10 12:00:00.25", "2020-06-10T12:00:00.25Z"),
            ("2020-06-10 12:00", "2020-06-10T12:00:00Z"),
            ("2020-06-10T12:00Z", "2020-06-10T12:00:00Z"),
            ("2020-06-10", "2020-06-10T00:00:00Z"),
            ("06/01/1998-07:55", "1998-06-01T07:55:00Z"),
            ("06/01/1998 07:55:09", "1998-06-01T07:55:09Z"),
            ("06/01/1998", "1998-06-01T00:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(ToldTime::parse(text), moment_of(expected), "{text}");
        }
        for text in ["13/01/1998", "06/31/1998", "06/01/1998-0755", "2020-06-10T", "2020-6-10"] {
            assert_eq!(ToldTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_since_the_epoch_shows_its_unit() {
        let at = Timestamp::from_micros(1_700_000_000_123_456);
        for text in ["1700000000.123456", "1700000000123.456", "1700000000123456", "1700000000123456789"] {
            assert_eq!(ToldTime::parse(text).map(ToldTime::moment), Some(at), "{text}");
        }
        assert_eq!(ToldTime::parse("60").map(ToldTime::moment), Some(Timestamp::from_micros(60_000_000)));
        assert_eq!(EpochUnit::of(99_999_999), None);
        assert_eq!(EpochUnit::of(i64::MIN), Some(EpochUnit::Nanosecond));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[-+0-9.eE:/TZ ]{0,40}|.{0,70}") {
            if let Some(told) = ToldTime::parse(&text) {
                let _ = told.moment();
            }
        }
    }
}
