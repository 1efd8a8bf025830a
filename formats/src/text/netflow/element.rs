//! Information elements: names and types by number (IANA's registry "IPFIX Information Elements"), and their values as
//! JSON.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use model::Timestamp;

/// RFC 5103: the same elements, from destination to source.
const REVERSE: u32 = 29_305;
/// Seconds from 1900, where NTP's time begins, to 1970.
const NTP_TO_UNIX_SECONDS: i64 = 2_208_988_800;

/// What a field means.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub name: Cow<'static, str>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
    Bool,
    Mac,
    Text,
    Seconds,
    Milliseconds,
    /// NTP's 64 bits; micro- and nanoseconds share them.
    Ntp,
    Ipv4,
    Ipv6,
    Bytes,
    Padding,
}

/// The registry, by number.
fn registry() -> &'static [Option<(&'static str, Kind)>] {
    static REGISTRY: LazyLock<Vec<Option<(&'static str, Kind)>>> = LazyLock::new(|| {
        let mut elements = Vec::new();
        for line in include_str!("elements.txt").lines() {
            let mut words = line.split(' ');
            let (Some(number), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            elements.resize(elements.len().max(number + 1), None);
            elements[number] = Some((name, kind_of(kind, name)));
        }
        elements
    });
    &REGISTRY
}

fn kind_of(letter: &str, name: &str) -> Kind {
    match letter {
        _ if name == "paddingOctets" => Kind::Padding,
        "u" => Kind::Unsigned,
        "i" => Kind::Signed,
        "f" => Kind::Float,
        "b" => Kind::Bool,
        "m" => Kind::Mac,
        "s" => Kind::Text,
        "S" => Kind::Seconds,
        "M" => Kind::Milliseconds,
        "N" => Kind::Ntp,
        "4" => Kind::Ipv4,
        "6" => Kind::Ipv6,
        _ => Kind::Bytes,
    }
}

/// The element of an enterprise (0 is IANA).
pub(super) fn element(enterprise: u32, number: u16) -> Element {
    let known = registry().get(usize::from(number)).copied().flatten();
    match (enterprise, known) {
        (0, Some((name, kind))) => Element { name: Cow::Borrowed(name), kind },
        (0, None) => Element { name: format!("element{number}").into(), kind: Kind::Bytes },
        (REVERSE, Some((name, kind))) => {
            let (first, rest) = name.split_at(1);
            Element { name: format!("reverse{}{rest}", first.to_ascii_uppercase()).into(), kind }
        }
        _ => Element { name: format!("enterprise{enterprise}_{number}").into(), kind: Kind::Bytes },
    }
}

impl Element {
    pub(super) fn is_padding(&self) -> bool {
        self.kind == Kind::Padding
    }

    /// Writes a value as JSON. A length that does not fit the type gives hexadecimal digits, so nothing is lost.
    pub(super) fn write(&self, value: &[u8], out: &mut String) {
        let written = match (self.kind, value.len()) {
            (Kind::Unsigned, 1..=8) => write!(out, "{}", unsigned(value)),
            // Whole seconds and milliseconds stay numbers, as the wire has them.
            (Kind::Seconds | Kind::Milliseconds, 1..=8) => write!(out, "{}", unsigned(value)),
            (Kind::Signed, 1..=8) => write!(out, "{}", signed(value)),
            (Kind::Float, 4 | 8) => write_float(value, out),
            (Kind::Bool, 1) if matches!(value[0], 1 | 2) => write!(out, "{}", value[0] == 1),
            (Kind::Mac, 6) => {
                let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(|at| value[at]);
                write!(out, "\"{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}\"")
            }
            (Kind::Ipv4, 4) => write!(out, "\"{}\"", Ipv4Addr::new(value[0], value[1], value[2], value[3])),
            (Kind::Ipv6, 16) => {
                let octets: [u8; 16] = value.try_into().unwrap_or_default();
                write!(out, "\"{}\"", Ipv6Addr::from(octets))
            }
            (Kind::Ntp, 8) => write!(out, "\"{}\"", ntp(unsigned(value))),
            (Kind::Text, _) => {
                write_text(value, out);
                Ok(())
            }
            _ => write!(out, "\"{}\"", crate::text::draft::hex(value)),
        };
        debug_assert!(written.is_ok(), "writing into a String does not fail");
    }
}

/// Big-endian, of whatever width (RFC 7011 section 6.2 allows fewer bytes than the type has).
fn unsigned(value: &[u8]) -> u64 {
    value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn signed(value: &[u8]) -> i64 {
    let shift = 64 - 8 * value.len().min(8) as u32;
    ((unsigned(value) << shift) as i64) >> shift
}

fn write_float(value: &[u8], out: &mut String) -> std::fmt::Result {
    let number = match value.len() {
        4 => f64::from(f32::from_bits(unsigned(value) as u32)),
        _ => f64::from_bits(unsigned(value)),
    };
    // JSON has no infinity.
    if number.is_finite() { write!(out, "{number}") } else { write!(out, "null") }
}

/// Text ends at its padding; bytes that are no UTF-8 become U+FFFD.
fn write_text(value: &[u8], out: &mut String) {
    let end = value.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let text = String::from_utf8_lossy(&value[..end]);
    out.push_str(&serde_json::Value::from(text.as_ref()).to_string());
}

fn ntp(bits: u64) -> Timestamp {
    let seconds = (bits >> 32) as i64 - NTP_TO_UNIX_SECONDS;
    let micros = ((bits & 0xffff_ffff) * 1_000_000) >> 32;
    Timestamp::from_micros(seconds * 1_000_000 + micros as i64)
}
