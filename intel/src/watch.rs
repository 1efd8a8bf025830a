//! Our own addresses and names: somebody who lists one of them tells us of a problem of ours, not of somebody to block.
//!
//! A value of any kind is covered when it names an own address, range or domain, lies in one, or takes one in: a listed `/8`
//! with our `/24` inside concerns us, too.

use std::net::IpAddr;

use detect::indicators::{infer, normal};
use model::{IndicatorKind, limits};
use rustc_hash::FxHashMap;

/// Addresses as numbers, IPv4 inside IPv6, with the bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u128,
    last: u128,
}

impl Range {
    fn of(value: &str) -> Option<Self> {
        let (address, length) = match value.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (value, None),
        };
        let (bits, width, first) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => (32, 32, address.to_ipv6_mapped().to_bits()),
            IpAddr::V6(address) => (128, 128, address.to_bits()),
        };
        let free = u32::checked_sub(bits, length.unwrap_or(width))?;
        let mask = u128::MAX.checked_shr(128 - free).unwrap_or(0);
        Some(Range { first: first & !mask, last: first | mask })
    }

    fn touches(self, other: Range) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// The watch list.
#[derive(Clone, Debug, Default)]
pub struct OwnAssets {
    ranges: Vec<(Range, String)>,
    /// Domains in normal form, and what people call them.
    names: FxHashMap<String, String>,
}

/// An entry that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWatched {
    /// Neither address nor range nor domain.
    #[error("{0:?} is no address, range or domain")]
    NotAnAsset(String),
    /// Too many.
    #[error("more than {} entries", limits::WATCHED_ASSETS_MAX)]
    TooMany,
}

impl OwnAssets {
    /// Adds an address, a range or a domain.
    ///
    /// # Errors
    /// When it is none of these, or one too many.
    pub fn add(&mut self, entry: &str) -> Result<(), NotWatched> {
        if self.ranges.len() + self.names.len() >= limits::WATCHED_ASSETS_MAX {
            return Err(NotWatched::TooMany);
        }
        let wrong = || NotWatched::NotAnAsset(entry.chars().take(80).collect());
        match infer(entry) {
            Some((IndicatorKind::Ipv4 | IndicatorKind::Ipv6 | IndicatorKind::Cidr, value)) => {
                let range = Range::of(&value).ok_or_else(wrong)?;
                self.ranges.push((range, value));
            }
            Some((IndicatorKind::Domain, value)) => {
                self.names.insert(value.clone(), value);
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// The own asset that an indicator is about. The value is brought into its normal form first.
    pub fn covers(&self, kind: IndicatorKind, value: &str) -> Option<&str> {
        let value = normal(kind, value)?;
        match kind {
            IndicatorKind::Ipv4 | IndicatorKind::Ipv6 | IndicatorKind::Cidr => self.by_range(&value),
            IndicatorKind::IpPort => self.by_host(host_of(&value)),
            IndicatorKind::Domain => self.by_name(&value),
            IndicatorKind::Url => {
                let rest = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                self.by_host(host_of(authority.rsplit('@').next().unwrap_or_default()))
            }
            IndicatorKind::Email => self.by_name(value.rsplit('@').next().unwrap_or_default()),
            IndicatorKind::UrlPath | IndicatorKind::FileHash => None,
        }
    }

    fn by_host(&self, host: &str) -> Option<&str> {
        self.by_range(host).or_else(|| self.by_name(host))
    }

    fn by_range(&self, value: &str) -> Option<&str> {
        let range = Range::of(value)?;
        let found = self.ranges.iter().find(|(own, _)| own.touches(range));
        found.map(|(_, name)| name.as_str())
    }

    fn by_name(&self, name: &str) -> Option<&str> {
        let mut rest = Some(name);
        while let Some(name) = rest {
            if let Some(own) = self.names.get(name) {
                return Some(own);
            }
            rest = name.split_once('.').map(|(_, parent)| parent);
        }
        None
    }
}

/// The host in `host:port`, `[address]:port` or `host`.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own() -> OwnAssets {
        let mut own = OwnAssets::default();
        for entry in ["203.0.113.0/24", "198.51.100.9", "2001:db8:7::/48", "Stadt.example", "bücher.example"] {
            own.add(entry).unwrap();
        }
        own
    }

    #[test]
    fn values_of_every_kind() {
        let own = own();
        let check = |value: &str, expected: Option<&str>| {
            let (kind, value) = infer(value).unwrap();
            assert_eq!(own.covers(kind, &value), expected, "{kind} {value}");
        };
        check("203.0.113.77", Some("203.0.113.0/24"));
        check("203.0.112.255", None);
        check("203.0.0.0/16", Some("203.0.113.0/24"));
        check("0.0.0.0/0", Some("203.0.113.0/24"));
        check("198.51.100.9:8443", Some("198.51.100.9"));
        check("198.51.100.8:8443", None);
        check("[2001:db8:7::1]:443", Some("2001:db8:7::/48"));
        check("2001:db8:8::1", None);
        check("::ffff:203.0.113.1", Some("203.0.113.0/24"));
        check("tax.stadt.example", Some("stadt.example"));
        check("otherstadt.example", None);
        check("example.com", None);
        check("https://tax.stadt.example:8443/login?x=@evil.example", Some("stadt.example"));
        check("https://stadt.example@evil.example/", None);
        check("http://203.0.113.5/x", Some("203.0.113.0/24"));
        check("somebody@mail.stadt.example", Some("stadt.example"));
        check("xn--bcher-kva.example", Some("bücher.example").map(|_| "xn--bcher-kva.example"));
        check("44d88612fea8a8f36de82e1278abb02f", None);
        check("/login", None);
    }

    #[test]
    fn what_is_no_asset_is_refused() {
        for wrong in ["", "localhost", "/path", "http://stadt.example/", "44d88612fea8a8f36de82e1278abb02f", "a b"] {
            assert!(OwnAssets::default().add(wrong).is_err(), "{wrong}");
        }
        let mut many = OwnAssets::default();
        for n in 0..limits::WATCHED_ASSETS_MAX {
            many.names.insert(n.to_string(), String::new());
        }
        assert_eq!(many.add("stadt.example"), Err(NotWatched::TooMany));
    }

    proptest! {
        #[test]
        fn never_panics(value in ".{0,40}", entry in "[0-9a-f:./]{0,24}") {
            let mut own = own();
            let _ = own.add(&entry);
            for kind in IndicatorKind::ALL {
                let _ = own.covers(kind, &value);
                let _ = own.covers(kind, &entry);
            }
        }
    }
}
