//! The names of findings, and of the incidents that they grow into.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgencyId, Detection};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Its 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
            pub fn parse(text: &str) -> Option<Self> {
                let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                is_hex.then(|| u128::from_str_radix(text, 16).ok().map(|number| $name(number.to_be_bytes())))?
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::parse(&text).ok_or_else(|| serde::de::Error::custom("32 hexadecimal digits are expected"))
            }
        }
    )+ };
}

ids! {
    /// A finding's name: the first 16 bytes of BLAKE3 over analytic, subject and events, so that finding it again does not
    /// double it.
    FindingId

    /// An incident's name: it follows from the agency and the finding that opened it, and stays while the incident grows.
    IncidentId
}

impl FindingId {
    /// The id of a detection.
    pub fn of(detection: &Detection) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(detection.analytic.uid.as_bytes());
        part(&[u8::from(detection.subject.is_some())]);
        part(detection.subject.as_deref().unwrap_or_default().as_bytes());
        for event in &detection.events {
            part(event.as_bytes());
        }
        FindingId(first(&hasher))
    }
}

impl IncidentId {
    /// The id of the incident that this finding of the agency opens.
    pub fn opened_by(agency: &AgencyId, finding: FindingId) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"incident");
        hasher.update(&(agency.as_str().len() as u64).to_le_bytes());
        hasher.update(agency.as_str().as_bytes());
        hasher.update(&finding.0);
        IncidentId(first(&hasher))
    }
}

fn first(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_again() {
        let finding = FindingId::parse("000102030405060708090a0b0c0d0e0f").unwrap();
        assert_eq!(finding.to_string(), "000102030405060708090a0b0c0d0e0f");
        assert_eq!(serde_json::from_str::<FindingId>(&serde_json::to_string(&finding).unwrap()).unwrap(), finding);
        for bad in ["", "00", "000102030405060708090a0b0c0d0e0g", "+00102030405060708090a0b0c0d0e0f"] {
            assert_eq!(FindingId::parse(bad), None, "{bad:?}");
        }
        let incident = IncidentId::opened_by(&AgencyId::home(), finding);
        assert_ne!(incident, IncidentId::opened_by(&AgencyId::parse("harbour").unwrap(), finding));
        assert_eq!(IncidentId::parse(&incident.to_string()), Some(incident));
    }
}
