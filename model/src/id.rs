//! Who and what a record belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::Cursor;

/// An agency (tenant): the first thing that separates data from data.
///
/// Lower-case letters, digits and inner hyphens, 1 to 63 bytes, as in a DNS label, so that it can stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AgencyId(Box<str>);

/// Why a text is no identifier.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdError {
    /// The text is not a DNS-like label.
    #[error("{text:?} is no {what}: use 1 to 63 lower-case letters, digits and inner hyphens")]
    NotALabel {
        /// What it should have been.
        what: &'static str,
        /// The text, shortened.
        text: String,
    },
}

fn label(what: &'static str, text: &str) -> Result<Box<str>, IdError> {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_label =
        (1..=63).contains(&text.len()) && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-');
    if is_label { Ok(text.into()) } else { Err(IdError::NotALabel { what, text: text.chars().take(80).collect() }) }
}

impl AgencyId {
    /// Reads an agency's label.
    ///
    /// # Errors
    /// When it is not a DNS-like label.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        label("agency", text).map(AgencyId)
    }

    /// The agency of an installation that has only one.
    pub fn home() -> Self {
        AgencyId("home".into())
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for AgencyId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        AgencyId::parse(text)
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AgencyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        AgencyId::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A configured source of records inside an agency, for example `firewall-east`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SourceId(Box<str>);

impl SourceId {
    /// Reads a source's label.
    ///
    /// # Errors
    /// When it is not a DNS-like label.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        label("source", text).map(SourceId)
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SourceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SourceId::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An event's name for ever: the first 16 bytes of BLAKE3 over agency, source and cursor.
///
/// A record that its source can name again (same file and offset, same stream sequence, same batch and index) gets the
/// same id, so that reading twice stores once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId([u8; 16]);

impl EventId {
    /// The id of the record at `cursor` of `source` in `agency`.
    pub fn of(agency: &AgencyId, source: &SourceId, cursor: &Cursor) -> Self {
        let mut hasher = blake3::Hasher::new();
        // Labels hold no NUL, so the parts cannot run into each other.
        hasher.update(agency.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(source.as_str().as_bytes());
        hasher.update(&[0]);
        cursor.for_each_part(|part| {
            hasher.update(part);
        });
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        EventId(id)
    }

    /// From its 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        EventId(bytes)
    }

    /// Its 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(EventId(id))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        EventId::parse(&text).ok_or_else(|| serde::de::Error::custom("an event id has 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_dns_like() {
        let check = |text: &str, ok: bool| assert_eq!(AgencyId::parse(text).is_ok(), ok, "{text}");
        check("home", true);
        check("fire-dept-2", true);
        check("", false);
        check("-x", false);
        check("x-", false);
        check("Fire", false);
        check("a/b", false);
        check(&"a".repeat(64), false);
    }

    #[test]
    fn same_place_same_id() {
        let (agency, source) = (AgencyId::home(), SourceId::parse("s").unwrap());
        let at = |offset| EventId::of(&agency, &source, &Cursor::Journal { offset });
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
        assert_ne!(at(1), EventId::of(&AgencyId::parse("fire").unwrap(), &source, &Cursor::Journal { offset: 1 }));
        assert_eq!(EventId::parse(&at(1).to_string()), Some(at(1)));
    }

    #[test]
    fn kinds_of_cursor_do_not_collide() {
        let (agency, source) = (AgencyId::home(), SourceId::parse("s").unwrap());
        let stream = EventId::of(&agency, &source, &Cursor::Stream { stream: "x".into(), sequence: 1 });
        let batch = EventId::of(&agency, &source, &Cursor::Batch { id: "x".into(), index: 1 });
        assert_ne!(stream, batch);
    }
}
