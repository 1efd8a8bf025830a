//! The small print of logs: JSON objects in a chosen order, and times in the forms that logs use.

use std::fmt::{Display, Write};

use model::Timestamp;

/// A JSON object whose members stand in the order in which they were added, as real writers leave them.
#[derive(Clone, Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Object("{".into())
    }

    /// Adds a text.
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        let value = quoted(value);
        self.raw(name, value)
    }

    /// Adds a number, a boolean or a nested object: something that is JSON as it prints.
    pub(crate) fn raw(mut self, name: &str, value: impl Display) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        // Writing into a `String` cannot fail.
        let _ = write!(self.0, "{}:{value}", quoted(name));
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// `text` between quotes, escaped as JSON asks.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The parts of a moment: year, month, day, hour, minute, second, microsecond.
fn parts(at: Timestamp) -> (i16, i8, i8, i8, i8, i8, i64) {
    let micros = at.as_micros().rem_euclid(1_000_000);
    let civil = at.to_civil().unwrap_or_default();
    (civil.year(), civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second(), micros)
}

/// `2026-03-02T02:14:05.123456Z`.
pub(crate) fn iso_micros(at: Timestamp) -> String {
    let (year, month, day, hour, minute, second, micros) = parts(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// `2026-03-02T02:14:05.123Z`.
pub(crate) fn iso_millis(at: Timestamp) -> String {
    let mut text = iso_micros(at);
    text.truncate(text.len() - "456Z".len());
    text.push('Z');
    text
}

/// `2026-03-02T02:14:05Z`.
pub(crate) fn iso_seconds(at: Timestamp) -> String {
    let mut text = iso_micros(at);
    text.truncate("2026-03-02T02:14:05".len());
    text.push('Z');
    text
}

/// `2026-03-02 02:14:05`.
pub(crate) fn blank_seconds(at: Timestamp) -> String {
    iso_seconds(at).replace('T', " ").replace('Z', "")
}

/// `2026-03-02 02:14:05.123`.
pub(crate) fn blank_millis(at: Timestamp) -> String {
    iso_millis(at).replace('T', " ").replace('Z', "")
}

/// `Mar  2 02:14:05`, the time of RFC 3164.
pub(crate) fn bsd(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, month, day, hour, minute, second, _) = parts(at);
    let month = MONTHS.get(month as usize - 1).copied().unwrap_or("Jan");
    format!("{month} {day:>2} {hour:02}:{minute:02}:{second:02}")
}

/// A stand-in for the hash of something that does not exist: `digits` hexadecimal digits that follow from its name.
pub(crate) fn hash_of(name: &str, digits: usize) -> String {
    // FNV-1a, 64 bits, as a seed.
    let seed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    crate::random::Random::new(seed).hex(digits).to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_logs_write_them() {
        let at = Timestamp::from_micros(1_772_417_645_123_456);
        assert_eq!(iso_micros(at), "2026-03-02T02:14:05.123456Z");
        assert_eq!(iso_millis(at), "2026-03-02T02:14:05.123Z");
        assert_eq!(iso_seconds(at), "2026-03-02T02:14:05Z");
        assert_eq!(blank_seconds(at), "2026-03-02 02:14:05");
        assert_eq!(blank_millis(at), "2026-03-02 02:14:05.123");
        assert_eq!(bsd(at), "Mar  2 02:14:05");
    }

    #[test]
    fn objects_keep_their_order() {
        let line = Object::new().text("z", "a\"\\").raw("a", 1).raw("m", true).finish();
        assert_eq!(line, r#"{"z":"a\"\\","a":1,"m":true}"#);
        assert_eq!(Object::new().finish(), "{}");
    }

    #[test]
    fn hashes_follow_from_names() {
        assert_eq!(hash_of("a.exe", 32), hash_of("a.exe", 32));
        assert_ne!(hash_of("a.exe", 32), hash_of("b.exe", 32));
        assert_eq!(hash_of("a.exe", 64).len(), 64);
    }
}
