//! One comparison of a rule with one value: what is left of a detection item after its modifiers are applied.

use std::net::IpAddr;

use model::{Scalar, Timestamp};
use regex::Regex;

use super::pattern::Pattern;

/// A comparison.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// A text with or without wildcards.
    Text(Pattern),
    /// A regular expression, with case unless it says `(?i)`.
    Regex(RegexTest),
    /// An address in a range.
    Cidr(Cidr),
    /// A number.
    Number(Order, f64),
    /// `true` or `false`, also as a text.
    Bool(bool),
    /// Absent, or present without a value.
    Null,
    /// Present with a value.
    Exists,
    /// Present, with or without a value.
    Present,
    /// Another field's value.
    Field(FieldTest),
    /// A part of a time.
    Part(TimePart, f64),
    /// A text with names of fields in it.
    Template(Template),
}

/// A regular expression that compares by its text.
#[derive(Clone, Debug)]
pub(crate) struct RegexTest {
    pub(crate) regex: Regex,
    /// A text, lowered, that every match holds; empty when none is known.
    pub(crate) necessary: String,
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cidr {
    network: IpAddr,
    length: u8,
}

/// A comparison with another field (modifier `fieldref`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FieldTest {
    pub(crate) other: String,
    pub(crate) at_start: bool,
    pub(crate) at_end: bool,
    pub(crate) cased: bool,
}

/// Which part of a time is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A text with placeholders (modifier `expand`) that no list resolved: they are taken from the event's own fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Template {
    pub(crate) parts: Vec<TemplatePart>,
    pub(crate) at_start: bool,
    pub(crate) at_end: bool,
    pub(crate) cased: bool,
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TemplatePart {
    Text(String),
    Field(String),
}

impl Cidr {
    /// Reads `address/length`; an address alone is a range of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address.trim(), Some(length.trim())),
            None => (text.trim(), None),
        };
        let network: IpAddr = address.parse().ok()?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().ok().filter(|length| *length <= most)?,
            None => most,
        };
        Some(Cidr { network, length })
    }

    /// Whether the address lies in the range. IPv4 in IPv6's clothes (`::ffff:10.0.0.1`) is IPv4.
    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let shift = |bits: u32| bits - u32::from(self.length);
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}

impl Order {
    /// Whether `value` stands in this order to `bound`.
    pub(crate) fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Order::Equal => value == bound,
            Order::Greater => value > bound,
            Order::GreaterOrEqual => value >= bound,
            Order::Less => value < bound,
            Order::LessOrEqual => value <= bound,
        }
    }

    /// As rules write it.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Order::Equal => "=",
            Order::Greater => ">",
            Order::GreaterOrEqual => "≥",
            Order::Less => "<",
            Order::LessOrEqual => "≤",
        }
    }
}

/// The number that a value is: a JSON number, or a text that is nothing but one.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let starts_like_one = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
    if !starts_like_one {
        return None;
    }
    text.parse().ok()
}

/// Whether the boolean is what the value says; texts say it in several ways.
pub(crate) fn boolean(value: &Scalar<'_>, expected: bool) -> bool {
    match value {
        Scalar::Bool(found) => *found == expected,
        Scalar::Text(text) => match text.to_str().trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => expected,
            "false" | "0" | "no" => !expected,
            _ => false,
        },
        _ => false,
    }
}

/// The asked part of the time that a text or number gives, in UTC. Numbers are seconds, milliseconds, microseconds or
/// nanoseconds since the epoch, told apart by size.
pub(crate) fn time_part(text: &str, part: TimePart) -> Option<f64> {
    let time = match number(text) {
        Some(number) => from_epoch(number)?,
        None => Timestamp::parse(text)?,
    };
    let civil = time.to_civil()?;
    Some(match part {
        TimePart::Minute => f64::from(civil.minute()),
        TimePart::Hour => f64::from(civil.hour()),
        TimePart::Day => f64::from(civil.day()),
        TimePart::Week => f64::from(civil.date().iso_week_date().week()),
        TimePart::Month => f64::from(civil.month()),
        TimePart::Year => f64::from(civil.year()),
    })
}

fn from_epoch(number: f64) -> Option<Timestamp> {
    // 1e11 seconds are the year 5138; as milliseconds the same figure is 1973.
    let seconds = match number.abs() {
        size if size < 1e11 => number,
        size if size < 1e14 => number / 1e3,
        size if size < 1e17 => number / 1e6,
        _ => number / 1e9,
    };
    Timestamp::from_seconds_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_addresses() {
        let check = |range: &str, address: &str, expected: bool| {
            let holds = Cidr::parse(range).unwrap().holds(address.parse().unwrap());
            assert_eq!(holds, expected, "{range} {address}");
        };
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("0.0.0.0/0", "255.0.0.1", true);
        check("192.0.2.1/32", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("fe80::/10", "fe80::1", true);
        check("::/0", "fe80::1", true);
        check("10.0.0.0/8", "::ffff:10.0.0.1", true);
        check("10.0.0.0/8", "fe80::1", false);
        assert_eq!(Cidr::parse("10.0.0.0/33"), None);
        assert_eq!(Cidr::parse("ten"), None);
    }

    #[test]
    fn parts_of_times() {
        let check = |text: &str, part, expected| assert_eq!(time_part(text, part), expected, "{text}");
        check("2024-12-30T23:59:00Z", TimePart::Hour, Some(23.0));
        check("2024-12-30T23:59:00Z", TimePart::Week, Some(1.0));
        check("2024-12-30T23:30:00-01:00", TimePart::Day, Some(31.0));
        check("0", TimePart::Year, Some(1970.0));
        check("1700000000000", TimePart::Year, Some(2023.0));
        check("1700000000", TimePart::Month, Some(11.0));
        check("soon", TimePart::Hour, None);
    }
}
