//! A calendar day in UTC, for what is dated by the day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A day, written `2026-11-27`, from the year 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(jiff::civil::Date);

/// Why a text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day: write it as 2026-11-27")]
pub struct NoDay(String);

impl Day {
    /// The day in which a time lies; `None` outside the years.
    pub fn of(time: Timestamp) -> Option<Self> {
        time.to_civil().map(|civil| civil.date()).filter(|date| date.year() >= 0).map(Day)
    }

    /// Days from `earlier` to this one; negative when that is later.
    pub fn days_since(self, earlier: Day) -> i32 {
        // Both lie within ten thousand years.
        self.0.duration_since(earlier.0).as_hours().div_euclid(24) as i32
    }

    /// So many days later, or earlier; `None` outside the years.
    pub fn plus_days(self, days: i32) -> Option<Self> {
        let moved = self.0.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(days))).ok()?;
        (moved.year() >= 0).then_some(Day(moved))
    }

    /// The day with that number, counted from 1970-01-01; `None` outside the years.
    pub fn numbered(number: i32) -> Option<Self> {
        Day(jiff::civil::date(1970, 1, 1)).plus_days(number)
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let days = self.days_since(Day(jiff::civil::date(1970, 1, 1)));
        Timestamp::from_micros(i64::from(days) * 86_400_000_000)
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }
}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
        let fault = || NoDay(text.chars().take(32).collect());
        if !is_shaped {
            return Err(fault());
        }
        let number = |from: usize, to: usize| {
            bytes.get(from..to).unwrap_or_default().iter().fold(0i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
        };
        let date = jiff::civil::Date::new(number(0, 4), number(5, 7) as i8, number(8, 10) as i8);
        date.map(Day).map_err(|_| fault())
    }
}

impl TryFrom<String> for Day {
    type Error = NoDay;

    fn try_from(text: String) -> Result<Self, NoDay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn read_and_written() {
        for text in ["2024-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
        for text in
            ["2023-02-29", "2024-2-29", "2024-13-01", "2024-00-10", "", "2024-07-28T00:00", "2024‐07-28", "-024-07-28"]
        {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn days_between() {
        assert_eq!(day("2024-10-24").days_since(day("2024-07-28")), 88);
        assert_eq!(day("2024-07-28").days_since(day("2024-10-24")), -88);
        assert_eq!(day("2024-07-28").plus_days(88), Some(day("2024-10-24")));
        assert_eq!(day("9999-12-31").plus_days(1), None);
        assert_eq!(day("0000-01-01").plus_days(-1), None);
        assert_eq!(Day::of(Timestamp::EPOCH), Some(day("1970-01-01")));
    }
}
