//! Things that are known to belong to attacks.
//!
//! The id of an indicator is a UUIDv5 of its kind and value, so that the same thing from two feeds is one indicator.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Level, Timestamp};

/// What an indicator names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum IndicatorKind {
    /// One IPv4 address.
    Ipv4 = 1,
    /// One IPv6 address.
    Ipv6 = 2,
    /// A range of addresses, `address/length`.
    Cidr = 3,
    /// An address and a port, `address:port` or `[address]:port`.
    IpPort = 4,
    /// A domain; it names its subdomains too.
    Domain = 5,
    /// A whole URL, with scheme.
    Url = 6,
    /// A path on whatever host, beginning with `/`.
    UrlPath = 7,
    /// An MD5, SHA-1, SHA-256 or SHA-512 of a file, in hexadecimal digits.
    FileHash = 8,
    /// An e-mail address.
    Email = 9,
}

impl IndicatorKind {
    /// Every kind.
    pub const ALL: [IndicatorKind; 9] = [
        IndicatorKind::Ipv4,
        IndicatorKind::Ipv6,
        IndicatorKind::Cidr,
        IndicatorKind::IpPort,
        IndicatorKind::Domain,
        IndicatorKind::Url,
        IndicatorKind::UrlPath,
        IndicatorKind::FileHash,
        IndicatorKind::Email,
    ];

    /// The name that people use.
    pub const fn name(self) -> &'static str {
        match self {
            IndicatorKind::Ipv4 => "ipv4",
            IndicatorKind::Ipv6 => "ipv6",
            IndicatorKind::Cidr => "cidr",
            IndicatorKind::IpPort => "ip-port",
            IndicatorKind::Domain => "domain",
            IndicatorKind::Url => "url",
            IndicatorKind::UrlPath => "url-path",
            IndicatorKind::FileHash => "file-hash",
            IndicatorKind::Email => "email",
        }
    }
}

impl fmt::Display for IndicatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for IndicatorKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = IndicatorKind::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("unknown kind of indicator {text:?}"))
    }
}

/// How sure a source is, 0 to 100 (STIX 2.1, section 3.2, `confidence`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Confidence(u8);

impl Confidence {
    /// What a source that says nothing is given: STIX 2.1, appendix A, "Med" of the none–low–med–high scale.
    pub const UNSTATED: Confidence = Confidence(50);

    /// From a percentage; `None` above 100.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Confidence(percent)) } else { None }
    }

    /// The percentage.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Confidence {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, String> {
        Confidence::new(percent).ok_or_else(|| format!("a confidence is 0 to 100, not {percent}"))
    }
}

/// UUIDv5 of kind and normalised value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IndicatorId(Uuid);

/// The name space of indicator ids: UUIDv5 of `watchbell:indicator` in the name space of URLs (RFC 9562, 6.6).
const NAMESPACE: Uuid = Uuid::from_u128(0x6ba7_b811_9dad_11d1_80b4_00c0_4fd4_30c8);

impl IndicatorId {
    /// The id of the indicator of that kind and (already normalised) value.
    pub fn of(kind: IndicatorKind, value: &str) -> Self {
        let namespace = Uuid::new_v5(&NAMESPACE, b"watchbell:indicator");
        let name = format!("{}:{value}", kind.name());
        IndicatorId(Uuid::new_v5(&namespace, name.as_bytes()))
    }
}

impl fmt::Display for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A thing that is known to belong to attacks, and how we know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicator {
    /// What it names.
    pub kind: IndicatorKind,
    /// The value in its normal form (see `detect::indicators`).
    pub value: String,
    /// What the source calls it, for example `malware/emotet`.
    pub label: String,
    /// How sure the source is.
    pub confidence: Confidence,
    /// How bad a sighting would be.
    pub level: Level,
    /// Feed or file that brought it.
    pub source: String,
    /// When the source last vouched for it, if it said so.
    pub seen: Option<Timestamp>,
}

impl Indicator {
    /// Its id, which follows from kind and value.
    pub fn id(&self) -> IndicatorId {
        IndicatorId::of(self.kind, &self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_changes() {
        // A changed id would make every indicator that users refer to a stranger.
        let id = IndicatorId::of(IndicatorKind::Domain, "evil.example").to_string();
        assert_eq!(id, IndicatorId::of(IndicatorKind::Domain, "evil.example").to_string());
        assert_ne!(id, IndicatorId::of(IndicatorKind::Url, "evil.example").to_string());
        assert_eq!(&id[14..15], "5", "version 5: {id}");
    }

    #[test]
    fn confidence_is_a_percentage() {
        assert_eq!(Confidence::new(100).map(Confidence::percent), Some(100));
        assert_eq!(Confidence::new(101), None);
    }
}
