//! A calendar month in UTC, for what is counted by the month.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A month, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

/// Why a text is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no month: write it as 2026-11")]
pub struct NoMonth(String);

impl Month {
    /// The month in which a time lies; `None` beyond the calendar.
    pub fn of(time: Timestamp) -> Option<Self> {
        time.to_civil().map(|civil| Month { year: civil.year(), month: civil.month() })
    }

    /// From its first moment to that of the next.
    pub fn span(self) -> Range<Timestamp> {
        let start = |month: Month| {
            let first = jiff::civil::date(month.year, month.month, 1).at(0, 0, 0, 0);
            let since = first.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
            Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
        };
        start(self)..self.next().map_or(Timestamp::from_micros(i64::MAX), start)
    }

    /// The month before; `None` at the calendar's beginning.
    pub fn previous(self) -> Option<Self> {
        match self.month {
            1 => Month::checked(self.year - 1, 12),
            month => Month::checked(self.year, month - 1),
        }
    }

    /// The month after; `None` at the calendar's end.
    pub fn next(self) -> Option<Self> {
        match self.month {
            12 => Month::checked(self.year + 1, 1),
            month => Month::checked(self.year, month + 1),
        }
    }

    fn checked(year: i16, month: i8) -> Option<Self> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Month { year, month })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NoMonth;

    fn from_str(text: &str) -> Result<Self, NoMonth> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let is_plain = |text: &str, digits| text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
            let is_month = is_plain(year, 4) && is_plain(month, 2);
            if is_month { Month::checked(year.parse().ok()?, month.parse().ok()?) } else { None }
        };
        read().ok_or_else(|| NoMonth(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Month {
    type Error = NoMonth;

    fn try_from(text: String) -> Result<Self, NoMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_their_days() {
        let check = |text: &str, start: &str, end: &str| {
            let month: Month = text.parse().expect("a month");
            assert_eq!(month.to_string(), text);
            let span = month.span();
            assert_eq!((span.start.to_string(), span.end.to_string()), (start.to_owned(), end.to_owned()));
            assert_eq!(Month::of(span.start), Some(month));
            assert_eq!(Month::of(span.end), month.next());
            assert_eq!(month.next().and_then(Month::previous), Some(month));
        };
        check("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
        check("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
        check("0001-01", "0001-01-01T00:00:00Z", "0001-02-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_month_is_named() {
        for text in
            ["", "2026", "2026-13", "2026-00", "0000-01", "26-1", "2026-1", "2026-11-01", "-026-11", "２０２６-11"]
        {
            assert_eq!(text.parse::<Month>(), Err(NoMonth(text.to_owned())), "{text}");
        }
        assert_eq!("9999-12".parse::<Month>().expect("a month").next(), None);
        assert_eq!("0001-01".parse::<Month>().expect("a month").previous(), None);
    }
}
