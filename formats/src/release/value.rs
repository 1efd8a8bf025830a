//! A value taken apart, once, before any writer sees it. What is not in normal form is no value: a line feed in it would
//! be a second line of a list, a quotation mark the end of a pattern.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use model::{IndicatorKind, limits};

/// Longest name in the DNS in letters, RFC 1035 section 2.3.4, without the trailing dot.
pub(crate) const NAME_BYTES_MAX: usize = 253;

/// What an indicator names, in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Address(IpAddr),
    Range(Range),
    Socket(SocketAddr),
    Domain(&'a str),
    Url(&'a str),
    Path(&'a str),
    Hash(Hash, &'a str),
    Email(&'a str),
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: IpAddr,
    pub(crate) length: u8,
}

/// An algorithm of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl<'a> Value<'a> {
    /// Takes a value in normal form apart; `None` for any other spelling.
    pub(crate) fn read(kind: IndicatorKind, value: &'a str) -> Option<Self> {
        let is_long = value.len() > limits::INDICATOR_VALUE_BYTES_MAX;
        if value.is_empty() || is_long || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        match kind {
            IndicatorKind::Ipv4 => same(value.parse::<Ipv4Addr>().ok()?, value).map(|at| Value::Address(at.into())),
            IndicatorKind::Ipv6 => same(value.parse::<Ipv6Addr>().ok()?, value).map(|at| Value::Address(at.into())),
            IndicatorKind::Cidr => Range::read(value).map(Value::Range),
            IndicatorKind::IpPort => same(value.parse::<SocketAddr>().ok()?, value).map(Value::Socket),
            IndicatorKind::Domain => is_name(value).then_some(Value::Domain(value)),
            IndicatorKind::Url => is_url(value).then_some(Value::Url(value)),
            IndicatorKind::UrlPath => value.starts_with('/').then_some(Value::Path(value)),
            IndicatorKind::FileHash => Hash::of(value).map(|hash| Value::Hash(hash, value)),
            IndicatorKind::Email => {
                let (local, domain) = value.rsplit_once('@')?;
                (!local.is_empty() && is_name(domain)).then_some(Value::Email(value))
            }
        }
    }
}

/// The parsed value, if it is written as it prints.
fn same<T: ToString>(parsed: T, text: &str) -> Option<T> {
    (parsed.to_string() == text).then_some(parsed)
}

impl Range {
    fn read(value: &str) -> Option<Self> {
        let (start, length) = value.split_once('/')?;
        let start = same(start.parse::<IpAddr>().ok()?, start)?;
        let length = same(length.parse::<u8>().ok()?, length)?;
        let is_first = match start {
            IpAddr::V4(at) => length <= 32 && at.to_bits() & !mask4(length) == 0,
            IpAddr::V6(at) => length <= 128 && at.to_bits() & !mask6(length) == 0,
        };
        is_first.then_some(Range { start, length })
    }
}

pub(crate) fn mask4(length: u8) -> u32 {
    u32::MAX.checked_shl(32u32.saturating_sub(length.into())).unwrap_or(0)
}

pub(crate) fn mask6(length: u8) -> u128 {
    u128::MAX.checked_shl(128u32.saturating_sub(length.into())).unwrap_or(0)
}

/// A host name in normal form: lower case, no trailing dot.
fn is_name(text: &str) -> bool {
    let is_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_byte);
    text.len() <= NAME_BYTES_MAX && text.split('.').all(is_label)
}

/// A URL has a host behind its scheme, if it has one, and no character that no URL may hold (RFC 3986, appendix A).
fn is_url(text: &str) -> bool {
    let rest = without_scheme(text);
    !rest.is_empty() && !rest.starts_with(['/', '?']) && !text.contains(['"', '<', '>', '\\', '^', '`'])
}

/// What stands behind `scheme://`; all of it when there is no scheme.
pub(crate) fn without_scheme(url: &str) -> &str {
    match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest,
        _ => url,
    }
}

impl Hash {
    fn of(value: &str) -> Option<Self> {
        let is_digits = value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let hash = match value.len() {
            32 => Hash::Md5,
            40 => Hash::Sha1,
            64 => Hash::Sha256,
            128 => Hash::Sha512,
            _ => return None,
        };
        is_digits.then_some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(kind: IndicatorKind, value: &str, is_value: bool) {
        assert_eq!(Value::read(kind, value).is_some(), is_value, "{kind} {value:?}");
    }

    #[test]
    fn only_normal_forms_are_values() {
        use IndicatorKind::*;
        check(Ipv4, "192.0.2.7", true);
        check(Ipv4, "192.0.2.007", false);
        check(Ipv4, "192.0.2.7\n10.0.0.0/8", false);
        check(Ipv4, "2001:db8::1", false);
        check(Ipv6, "2001:db8::1", true);
        check(Ipv6, "2001:DB8::1", false);
        check(Cidr, "10.0.0.0/8", true);
        check(Cidr, "10.0.0.1/8", false);
        check(Cidr, "10.0.0.0/08", false);
        check(Cidr, "10.0.0.0/33", false);
        check(Cidr, "::/0", true);
        check(Cidr, "2001:db8::/32", true);
        check(Cidr, "2001:db8::/129", false);
        check(IpPort, "192.0.2.7:443", true);
        check(IpPort, "[2001:db8::1]:443", true);
        check(Domain, "evil.example", true);
        check(Domain, "_dmarc.evil.example", true);
        check(Domain, "zip", true);
        check(Domain, "Evil.example", false);
        check(Domain, "evil.example.", false);
        check(Domain, "evil..example", false);
        check(Domain, "evil.example;drop", false);
        check(Url, "http://evil.example/a?b=c", true);
        check(Url, "evil.example/a", true);
        check(Url, "http://evil.example/a b", false);
        check(Url, "http://evil.example/\"", false);
        check(Url, "/a", false);
        check(UrlPath, "/w00tw00t.at.ISC.SANS.DFind:)", true);
        check(UrlPath, "a", false);
        check(FileHash, "44d88612fea8a8f36de82e1278abb02f", true);
        check(FileHash, "44D88612FEA8A8F36DE82E1278ABB02F", false);
        check(Email, "some.one@evil.example", true);
        check(Email, "@evil.example", false);
        check(Email, "a@evil.example\t-\tx", false);
        check(UrlPath, &format!("/{}", "a".repeat(limits::INDICATOR_VALUE_BYTES_MAX)), false);
        check(Domain, "", false);
    }

    proptest! {
        #[test]
        fn never_panics(value in ".{0,80}") {
            for kind in IndicatorKind::ALL {
                let _ = Value::read(kind, &value);
            }
        }
    }
}
