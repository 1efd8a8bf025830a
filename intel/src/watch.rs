//! Our own addresses and names: somebody who lists one of them tells us of a problem of ours, not of somebody to block.
//!
//! A value of any kind is covered when it names an own address, range or domain, lies in one, or takes one in: a listed `/8`
//! with our `/24` inside concerns us, too.

use std::net::IpAddr;

use detect::indicators::{infer, normal};
use model::{IndicatorKind, limits};
use rustc_hash::FxHashSet;

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
}

/// An own range, as it was given.
#[derive(Clone, Debug)]
struct Own {
    range: Range,
    name: String,
    /// Which of the ranges up to this one reaches farthest.
    farthest: usize,
}

/// The watch list.
#[derive(Clone, Debug, Default)]
pub struct OwnAssets {
    /// Sorted by their first addresses.
    ranges: Vec<Own>,
    /// Domains in normal form.
    names: FxHashSet<String>,
}

/// An entry that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWatched {
    /// Neither address nor range nor domain.
    #[error("{0:?} is no address, range or domain")]
    NotAnAsset(String),
    /// Too many.
    #[error("{_0:?} comes after {most} entries, which are the most", most = limits::WATCHED_ASSETS_MAX)]
    TooMany(String),
}

impl OwnAssets {
    /// From addresses, ranges and domains; what was not taken is told, and the rest counts.
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a str>) -> (Self, Vec<NotWatched>) {
        let (mut own, mut not_taken) = (OwnAssets::default(), Vec::new());
        for entry in entries {
            let shown = || entry.chars().take(80).collect::<String>();
            if own.ranges.len() + own.names.len() >= limits::WATCHED_ASSETS_MAX {
                not_taken.push(NotWatched::TooMany(shown()));
                break;
            }
            match infer(entry) {
                Some((IndicatorKind::Ipv4 | IndicatorKind::Ipv6 | IndicatorKind::Cidr, name)) => match Range::of(&name)
                {
                    Some(range) => own.ranges.push(Own { range, name, farthest: 0 }),
                    None => not_taken.push(NotWatched::NotAnAsset(shown())),
                },
                Some((IndicatorKind::Domain, name)) => drop(own.names.insert(name)),
                _ => not_taken.push(NotWatched::NotAnAsset(shown())),
            }
        }
        own.ranges.sort_by(|a, b| (a.range.first, b.range.last, &a.name).cmp(&(b.range.first, a.range.last, &b.name)));
        let mut farthest = (0, 0);
        for (n, one) in own.ranges.iter_mut().enumerate() {
            if n == 0 || one.range.last > farthest.1 {
                farthest = (n, one.range.last);
            }
            one.farthest = farthest.0;
        }
        (own, not_taken)
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
        // Of those that begin before the range ends, the one that reaches farthest touches it if any does.
        let before = self.ranges.partition_point(|own| own.range.first <= range.last);
        let farthest = self.ranges.get(self.ranges.get(before.checked_sub(1)?)?.farthest)?;
        (farthest.range.last >= range.first).then_some(farthest.name.as_str())
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
        let entries = ["203.0.113.0/24", "198.51.100.9", "2001:db8:7::/48", "Stadt.example", "bücher.example"];
        let (own, not_taken) = OwnAssets::new(entries);
        assert_eq!(not_taken, []);
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
    fn what_is_no_asset_is_told_and_the_rest_counts() {
        let wrong = ["", "localhost", "/path", "http://stadt.example/", "44d88612fea8a8f36de82e1278abb02f", "a b"];
        let (own, not_taken) = OwnAssets::new(wrong.into_iter().chain(["stadt.example"]));
        assert_eq!(not_taken.len(), wrong.len());
        assert!(own.covers(IndicatorKind::Domain, "stadt.example").is_some());
        let many: Vec<String> = (0..limits::WATCHED_ASSETS_MAX + 2).map(|n| format!("h{n}.example")).collect();
        let (own, not_taken) = OwnAssets::new(many.iter().map(String::as_str));
        assert_eq!(not_taken, [NotWatched::TooMany(format!("h{}.example", limits::WATCHED_ASSETS_MAX))]);
        assert!(own.covers(IndicatorKind::Domain, "h7.example").is_some());
    }

    proptest! {
        #[test]
        fn finds_a_range_exactly_when_one_touches(
            own in proptest::collection::vec((0u8..=255, 20u32..=32), 0..8),
            (third, length) in (0u8..=255, 16u32..=32),
        ) {
            let text = |(third, length): (u8, u32)| {
                normal(IndicatorKind::Cidr, &format!("10.0.{third}.0/{length}")).unwrap()
            };
            let entries: Vec<String> = own.iter().copied().map(text).collect();
            let (own, _) = OwnAssets::new(entries.iter().map(String::as_str));
            let asked = text((third, length));
            let range = Range::of(&asked).unwrap();
            let touches = entries.iter().filter_map(|one| Range::of(one)).any(|one| {
                one.first <= range.last && range.first <= one.last
            });
            prop_assert_eq!(own.covers(IndicatorKind::Cidr, &asked).is_some(), touches);
        }

        #[test]
        fn never_panics(value in ".{0,40}", entry in "[0-9a-f:./]{0,24}") {
            let (own, _) = OwnAssets::new([entry.as_str(), "203.0.113.0/24", "stadt.example"]);
            for kind in IndicatorKind::ALL {
                let _ = own.covers(kind, &value);
                let _ = own.covers(kind, &entry);
            }
        }
    }
}
