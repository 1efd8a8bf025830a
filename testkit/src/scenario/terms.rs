//! The words of a scenario file: spans of time, hours of the day, machines, accounts, addresses. Each is checked where
//! it is read, so that no move meets one that cannot be.

use std::net::IpAddr;
use std::time::Duration;

use model::limits::{SCENARIO_DAYS_MAX, SCENARIO_LIST_MAX, SCENARIO_TEXT_CHARS_MAX};
use serde::{Deserialize, Deserializer, de::Error};

use super::place;
use crate::city::{Kind, Machine};

/// Longest name of an account or a host.
const NAME_CHARS_MAX: usize = 253;

/// A span of time: `90s`, `20m`, `2h30m`, `12d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Span(Duration::from_secs(seconds))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no span of time; hint: write 90s, 20m, 2h30m or 12d");
        let (mut total, mut number) = (0u64, String::new());
        for letter in text.chars() {
            if letter.is_ascii_digit() && number.len() < 9 {
                number.push(letter);
                continue;
            }
            let unit = match letter {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return Err(wrong()),
            };
            total += number.parse::<u64>().map_err(|_| wrong())?.saturating_mul(unit);
            number.clear();
        }
        if text.is_empty() || !number.is_empty() {
            return Err(wrong());
        }
        let longest = u64::from(SCENARIO_DAYS_MAX) * 86_400;
        if total > longest {
            return Err(format!("{text:?} is longer than {SCENARIO_DAYS_MAX} days"));
        }
        Ok(Span::seconds(total))
    }
}

/// Hours of the day from the first up to, but not, the second; over midnight where the second is the lesser: `22-05`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Hours {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} are no hours; hint: write 08-17, or 22-05 for a night");
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let hour = |text: &str| text.parse::<u64>().ok().filter(|hour| *hour <= 24).ok_or_else(wrong);
        let hours = Hours { from: hour(from)?, to: hour(to)? };
        if hours.from == hours.to || hours.from == 24 { Err(wrong()) } else { Ok(hours) }
    }

    pub(crate) const fn contains(self, hour: u64) -> bool {
        if self.from < self.to { self.from <= hour && hour < self.to } else { self.from <= hour || hour < self.to }
    }
}

/// Days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnDays {
    /// All of them.
    #[default]
    EveryDay,
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekends,
}

/// A minute of the day: `02:10`.
pub(crate) fn clock_minute(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no time of day; hint: write 02:10");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str, below: u64| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| is_plain && *number < below).ok_or_else(wrong)
    };
    Ok(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// How far a move strays from its beat, in percent of the time between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Percent(pub(crate) u64);

/// A machine of the city, or one of its spares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat(pub(crate) &'static Machine);

impl Seat {
    /// A machine that the city itself names.
    pub(crate) fn of(name: &str) -> Self {
        Seat(crate::city::find(name))
    }

    pub(crate) fn is_windows(self) -> bool {
        matches!(self.0.kind, Kind::Workstation | Kind::WindowsServer)
    }

    pub(crate) fn is_linux(self) -> bool {
        self.0.kind == Kind::LinuxServer
    }
}

/// An end of a connection: an address, or a machine by its name, which stands for its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End(pub(crate) String);

/// An account's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) String);

/// A host's name on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host(pub(crate) String);

/// A text of a line: a command, a path, a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) String);

/// A list that is neither empty nor longer than `SCENARIO_LIST_MAX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

fn is_name(text: &str, more: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    !text.is_empty() && text.len() <= NAME_CHARS_MAX && text.chars().all(fits)
}

/// Reads a term from a text by a function that says what is wrong.
macro_rules! from_text {
    ($($term:ty: $read:expr;)+) => {$(
        impl<'de> Deserialize<'de> for $term {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let read: fn(&str) -> Result<$term, String> = $read;
                read(&text).map_err(D::Error::custom)
            }
        }
    )+};
}

from_text! {
    Span: Span::parse;
    Hours: Hours::parse;
    Seat: |text| {
        place::machine(text).map(Seat).ok_or_else(|| format!("there is no machine {text:?} in the city"))
    };
    End: |text| match (text.parse::<IpAddr>(), place::machine(text)) {
        (Ok(address), _) => Ok(End(address.to_string())),
        (Err(_), Some(machine)) => Ok(End(machine.address.to_owned())),
        (Err(_), None) => Err(format!("{text:?} is neither an address nor a machine of the city")),
    };
    Name: |text| {
        let fits = is_name(text, "._-$@");
        if fits { Ok(Name(text.to_owned())) } else { Err(format!("{text:?} is no name of an account")) }
    };
    Host: |text| {
        let fits = is_name(text, ".-_");
        if fits { Ok(Host(text.to_owned())) } else { Err(format!("{text:?} is no name of a host")) }
    };
    Words: |text| {
        let is_long = text.chars().count() > SCENARIO_TEXT_CHARS_MAX;
        let is_odd = text.chars().any(|letter| letter.is_control() && letter != '\t');
        match (is_long, is_odd) {
            (true, _) => Err(format!("a text is longer than {SCENARIO_TEXT_CHARS_MAX} characters")),
            (_, true) => Err("a text has control characters or line ends".to_owned()),
            _ => Ok(Words(text.to_owned())),
        }
    };
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        if number > 100 {
            return Err(D::Error::custom(format!("{number} is more than 100 percent")));
        }
        Ok(Percent(number))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<T>::deserialize(deserializer)?;
        if entries.is_empty() {
            return Err(D::Error::custom("an empty list"));
        }
        if entries.len() > SCENARIO_LIST_MAX {
            return Err(D::Error::custom(format!("a list of more than {SCENARIO_LIST_MAX} entries")));
        }
        Ok(List(entries))
    }
}
