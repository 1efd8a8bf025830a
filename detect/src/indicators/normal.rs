//! One spelling for each thing, so that equal things are equal texts.
//!
//! Names: lower case, IDNA to ASCII (UTS #46), no trailing dot, no `*.` or `.` in front (a domain names its subdomains
//! anyway). Addresses: as RFC 5952 writes them, IPv4 inside IPv6 as IPv4. Ranges: first address and length. Hashes:
//! lower-case digits without the name of the algorithm. E-mail: all lower case, domain as above. URLs: see
//! [`super::url`]. Lists are often "defanged" (`hxxp://evil[.]example`) so that nobody clicks: [`infer`] undoes that;
//! events are taken at their word.
//!
//! Deliberately absent: address ranges from–to, wildcards inside a name, names without a dot (`wpad`): too easily a
//! column of something else. A top-level domain is written `.zip`.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use model::{IndicatorKind, limits};

use super::name::NAME_BYTES_MAX;
use super::url::Url;

/// What a value of a list names, and its normal form; `None` when it names nothing that we know.
///
/// ```
/// use detect::indicators::infer;
/// use model::IndicatorKind;
/// assert_eq!(infer("hxxp://EVIL[.]example:80"), Some((IndicatorKind::Url, "http://evil.example/".into())));
/// assert_eq!(infer("*.Evil.example."), Some((IndicatorKind::Domain, "evil.example".into())));
/// assert_eq!(infer("10.1.2.3/8"), Some((IndicatorKind::Cidr, "10.0.0.0/8".into())));
/// assert_eq!(infer("good morning"), None);
/// ```
pub fn infer(value: &str) -> Option<(IndicatorKind, String)> {
    let value = value.trim();
    if value.is_empty() || value.len() > limits::INDICATOR_VALUE_BYTES_MAX || value.contains(char::is_control) {
        return None;
    }
    if Url::is_path(value) {
        return Url::path_of(value).map(|path| (IndicatorKind::UrlPath, path));
    }
    let value = &*refanged(value);
    if let Some(hash) = hash(value) {
        return Some((IndicatorKind::FileHash, hash));
    }
    if let Some(found) = address(value).map(of_address) {
        return Some(found);
    }
    if let Some(socket) = socket(value) {
        return Some((IndicatorKind::IpPort, socket));
    }
    if let Some((start, length)) = value.split_once('/')
        && address(start).is_some()
        && !length.is_empty()
        && length.bytes().all(|b| b.is_ascii_digit())
    {
        return cidr(value).map(|range| (IndicatorKind::Cidr, range));
    }
    if value.contains(char::is_whitespace) {
        return None;
    }
    let is_url = value.contains("://") || value.contains(['/', '?']) || has_port(value);
    if !is_url && let Some(email) = email(value) {
        return Some((IndicatorKind::Email, email));
    }
    if is_url {
        let url = Url::parse(value)?;
        let is_named = url.scheme.is_some() || url.host.contains(['.', ':']);
        return is_named.then(|| (IndicatorKind::Url, url.to_string()));
    }
    let is_marked = value.starts_with(['.', '*']);
    domain(value).filter(|name| is_marked || name.contains('.')).map(|name| (IndicatorKind::Domain, name))
}

/// The normal form of a value whose kind is known; `None` when it is no such thing.
pub fn normal(kind: IndicatorKind, value: &str) -> Option<String> {
    if value.len() > limits::INDICATOR_VALUE_BYTES_MAX {
        return None;
    }
    let value = value.trim();
    match kind {
        IndicatorKind::Ipv4 => address(value).filter(IpAddr::is_ipv4).map(|address| address.to_string()),
        IndicatorKind::Ipv6 => address(value).filter(IpAddr::is_ipv6).map(|address| address.to_string()),
        IndicatorKind::Cidr => cidr(value),
        IndicatorKind::IpPort => socket(value),
        IndicatorKind::Domain => domain(value),
        IndicatorKind::Url => Url::parse(value).map(|url| url.to_string()),
        IndicatorKind::UrlPath => Url::path_of(value),
        IndicatorKind::FileHash => hash(value),
        IndicatorKind::Email => email(value),
    }
}

fn of_address(address: IpAddr) -> (IndicatorKind, String) {
    let kind = if address.is_ipv4() { IndicatorKind::Ipv4 } else { IndicatorKind::Ipv6 };
    (kind, address.to_string())
}

/// An address, in brackets or with a zone too; IPv4 inside IPv6 becomes IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    // Most host names end here: an address begins with a digit, a hexadecimal digit before a colon, `:` or `[`.
    if !first.is_ascii_digit() && !bytes.contains(&b':') {
        return None;
    }
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn socket(text: &str) -> Option<String> {
    let socket: SocketAddr = text.parse().ok()?;
    Some(SocketAddr::new(socket.ip().to_canonical(), socket.port()).to_string())
}

/// A range from any address in it; a range of IPv4 inside IPv6 becomes one of IPv4.
fn cidr(text: &str) -> Option<String> {
    let (start, length) = text.split_once('/')?;
    if length.len() > 3 || !length.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let length: u32 = length.parse().ok()?;
    let wide = start.contains(':');
    match address(start)? {
        IpAddr::V4(start) => {
            // The length of `::ffff:192.0.2.0/120` counts the 96 bits in front.
            let length = if wide { length.checked_sub(96)? } else { length };
            let mask = u32::MAX.checked_shl(32u32.checked_sub(length)?).unwrap_or(0);
            Some(format!("{}/{length}", std::net::Ipv4Addr::from_bits(start.to_bits() & mask)))
        }
        IpAddr::V6(start) => {
            let mask = u128::MAX.checked_shl(128u32.checked_sub(length)?).unwrap_or(0);
            Some(format!("{}/{length}", std::net::Ipv6Addr::from_bits(start.to_bits() & mask)))
        }
    }
}

/// A domain name of one label or more.
pub(crate) fn domain(text: &str) -> Option<String> {
    let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    host(text)
}

/// A host name; not an address.
pub(crate) fn host(text: &str) -> Option<String> {
    let mut name = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY).ok()?.into_owned()
    };
    if name.ends_with('.') {
        name.pop();
    }
    let is_label = |label: &str| {
        let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(ok)
    };
    let last_is_number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    let is_name = name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label) && !last_is_number;
    is_name.then_some(name)
}

/// Algorithms and how many hexadecimal digits they give.
const ALGORITHMS: [(&str, usize); 4] = [("md5", 32), ("sha1", 40), ("sha256", 64), ("sha512", 128)];

/// A hash, with the name of its algorithm in front or without.
pub(crate) fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    let (algorithm, digits) = match text.split_once(['=', ':']) {
        Some((algorithm, digits)) => (Some(algorithm.trim()), digits.trim()),
        None => (None, text),
    };
    let is_hash = |(_, length): &&(&str, usize)| *length == digits.len();
    let (known, _) = ALGORITHMS.iter().find(is_hash)?;
    if let Some(algorithm) = algorithm {
        // An import hash has the length of an MD5 and is another thing.
        let plain: String = algorithm.chars().filter(|&c| c != '-').collect();
        if !plain.eq_ignore_ascii_case(known) {
            return None;
        }
    }
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| digits.to_ascii_lowercase())
}

/// An e-mail address, with `mailto:` or a display name or without.
pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let text = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(closed)) => closed.get(open + 1..)?,
        _ => text,
    };
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let is_local = !local.is_empty() && !local.contains(|c: char| c.is_whitespace() || c.is_control());
    let domain = host(domain)?;
    is_local.then(|| format!("{}@{domain}", local.to_lowercase()))
}

/// `evil.example:8080`: no kind of its own, so it is a URL without scheme and path.
fn has_port(value: &str) -> bool {
    value.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
    })
}

/// How people write what nobody should click, and what they mean.
const FANGS: [(&str, &str); 18] = [
    ("[://]", "://"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[.", "."),
    (".]", "."),
    ("\\.", "."),
    ("[:]", ":"),
    ("[/]", "/"),
    ("[@]", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
];

/// Schemes that are no schemes, and what they mean.
const SCHEMES: [(&str, &str); 6] = [
    ("hxxps://", "https://"),
    ("hxxp://", "http://"),
    ("h**ps://", "https://"),
    ("h**p://", "http://"),
    ("fxps://", "ftps://"),
    ("fxp://", "ftp://"),
];

fn refanged(value: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(value);
    if text.contains(['[', '(', '{', '\\']) {
        for (fanged, meant) in FANGS {
            // What a replacement makes possible begins less than a pattern in front of it: looking from the start again
            // would make a value of nothing but dots in brackets cost its length squared.
            let mut from = 0;
            while let Some(at) = find_ignoring_case(&text, from, fanged) {
                text.to_mut().replace_range(at..at + fanged.len(), meant);
                from = at.saturating_sub(fanged.len());
            }
        }
    }
    for (fanged, meant) in SCHEMES {
        if text.get(..fanged.len()).is_some_and(|start| start.eq_ignore_ascii_case(fanged)) {
            text.to_mut().replace_range(..fanged.len(), meant);
        }
    }
    text
}

fn find_ignoring_case(text: &str, from: usize, wanted: &str) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    let found = rest.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()));
    found.map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IndicatorKind::*;
    use proptest::prelude::*;

    fn check(value: &str, expected: impl Into<Option<(IndicatorKind, &'static str)>>) {
        let expected = expected.into().map(|(kind, value)| (kind, value.to_owned()));
        assert_eq!(infer(value), expected, "{value}");
    }

    #[test]
    fn addresses() {
        check("192.0.2.7", (Ipv4, "192.0.2.7"));
        check(" 192[.]0[.]2[.]7 ", (Ipv4, "192.0.2.7"));
        check("2001:DB8:0:0::1", (Ipv6, "2001:db8::1"));
        check("[2001:db8::1]", (Ipv6, "2001:db8::1"));
        check("fe80::1%eth0", (Ipv6, "fe80::1"));
        check("::ffff:192.0.2.7", (Ipv4, "192.0.2.7"));
        check("192.0.2.7:443", (IpPort, "192.0.2.7:443"));
        check("192.0.2.7[:]443", (IpPort, "192.0.2.7:443"));
        check("[2001:DB8::1]:443", (IpPort, "[2001:db8::1]:443"));
        check("::ffff:c000:0207", (Ipv4, "192.0.2.7"));
        check("192.0.2.7:70000", None);
        check("192.0.2.300", None);
        check("1.2.3", None);
        check("1.2.3.4.5", None);
    }

    #[test]
    fn ranges() {
        check("10.0.0.0/8", (Cidr, "10.0.0.0/8"));
        check("10.1.2.3/8", (Cidr, "10.0.0.0/8"));
        check("192.0.2.7/32", (Cidr, "192.0.2.7/32"));
        check("0.0.0.0/0", (Cidr, "0.0.0.0/0"));
        check("FE80::/10", (Cidr, "fe80::/10"));
        check("::/0", (Cidr, "::/0"));
        check("::ffff:192.0.2.0/120", (Cidr, "192.0.2.0/24"));
        check("10.0.0.0/33", None);
        check("10.0.0.0/97", None);
        check("10.0.0.0/1000", None);
        check("fe80::/129", None);
        check("10.0.0.0/x", (Url, "10.0.0.0/x"));
    }

    #[test]
    fn names() {
        check("Evil.Example.", (Domain, "evil.example"));
        check("evil[.]example", (Domain, "evil.example"));
        check("evil(dot)example", (Domain, "evil.example"));
        check("evil[.example", (Domain, "evil.example"));
        // One that shows only when another is gone.
        check("evil[[.]]example", (Domain, "evil.example"));
        check("*.evil.example", (Domain, "evil.example"));
        check(".zip", (Domain, "zip"));
        check("Bücher.example", (Domain, "xn--bcher-kva.example"));
        check("bücher。example", (Domain, "xn--bcher-kva.example"));
        check("XN--BCHER-KVA.example", (Domain, "xn--bcher-kva.example"));
        check("drb_da.info", (Domain, "drb_da.info"));
        check("co.uk", (Domain, "co.uk"));
        check("localhost", None);
        check("a..b", None);
        check("evil.example;", None);
        check("a b.example", None);
        check(&format!("{}.example", "a".repeat(64)), None);
        check("", None);
        check(".", None);
    }

    #[test]
    fn hashes() {
        let sha256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
        check("44D88612FEA8A8F36DE82E1278ABB02F", (FileHash, "44d88612fea8a8f36de82e1278abb02f"));
        check("MD5=44d88612fea8a8f36de82e1278abb02f", (FileHash, "44d88612fea8a8f36de82e1278abb02f"));
        check(
            "SHA-1: 3395856ce81f2b7382dee72602f798b642f14140",
            (FileHash, "3395856ce81f2b7382dee72602f798b642f14140"),
        );
        assert_eq!(infer(&format!("SHA256={}", sha256.to_uppercase())), Some((FileHash, sha256.into())));
        assert_eq!(infer(&format!("{sha256}{sha256}")), Some((FileHash, format!("{sha256}{sha256}"))));
        check("IMPHASH=44d88612fea8a8f36de82e1278abb02f", None);
        check("SHA1=44d88612fea8a8f36de82e1278abb02f", None);
        check("44d88612fea8a8f36de82e1278abb02", None);
        check("44d88612fea8a8f36de82e1278abb02g", None);
    }

    #[test]
    fn mail() {
        check("Some.One@Evil.Example", (Email, "some.one@evil.example"));
        check("some(at)evil[.]example", (Email, "some@evil.example"));
        check("mailto:a@b.example", (Email, "a@b.example"));
        check("a@bücher.example", (Email, "a@xn--bcher-kva.example"));
        check("@b.example", None);
        check("a@", None);
        assert_eq!(email("Some One <a@B.example>"), Some("a@b.example".into()));
    }

    #[test]
    fn urls_and_paths() {
        check("hxxps://evil[.]example/a", (Url, "https://evil.example/a"));
        check("HXXP[://]evil.example", (Url, "http://evil.example/"));
        check("ftp://ftp.evil.example", (Url, "ftp://ftp.evil.example/"));
        check("evil.example/a?b=c", (Url, "evil.example/a?b=c"));
        check("evil.example:8080", (Url, "evil.example:8080/"));
        check("192.0.2.7:8080/x", (Url, "192.0.2.7:8080/x"));
        check("http://user@evil.example/", (Url, "http://user@evil.example/"));
        check("/a/b.php?x=1", (UrlPath, "/a/b.php?x=1"));
        check("/w00tw00t.at.ISC.SANS.DFind:)", (UrlPath, "/w00tw00t.at.ISC.SANS.DFind:)"));
        check("///a", (UrlPath, "///a"));
        check("//evil.example/a", (Url, "evil.example/a"));
        check("http://", None);
        check("text/html", None);
        check("http://a b/", None);
    }

    #[test]
    fn a_value_over_the_limit_is_refused() {
        let path = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert!(infer(&path(limits::INDICATOR_VALUE_BYTES_MAX)).is_some());
        assert!(infer(&path(limits::INDICATOR_VALUE_BYTES_MAX + 1)).is_none());
        assert!(normal(UrlPath, &path(limits::INDICATOR_VALUE_BYTES_MAX + 1)).is_none());
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[a-zA-Z0-9.:/@%?#\\[\\]=_\\-ü ]{0,40}") {
            if let Some((kind, value)) = infer(&text) {
                prop_assert_eq!(normal(kind, &value), Some(value.clone()), "{:?}", kind);
                // A range of one name (`.zip`) is the one form that a list has to write otherwise.
                if kind != Domain || value.contains('.') {
                    prop_assert_eq!(infer(&value), Some((kind, value)));
                }
            }
        }

        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = infer(&text);
            for kind in IndicatorKind::ALL {
                let _ = normal(kind, &text);
            }
        }
    }
}
