//! Where a request goes: a URL in its canonical form, and the exceptions to what may be reached.
//!
//! URLs are read as browsers read them (WHATWG URL Standard, section 4.5), because everything that is written differently
//! and means the same must be judged the same: `0x7f.1`, `0177.0.0.1`, `2130706433`, `[::ffff:127.0.0.1]` and `LOCALHOST.`
//! are all told apart from a name that is really one. What that standard repairs silently (line feeds, backslashes) is
//! refused instead: nobody writes a feed's address like that without a purpose.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use model::limits::FETCH_URL_BYTES_MAX;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::address::canonical;

/// A place to fetch from. Prints as its origin only: paths and queries may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    origin: Origin,
}

/// Who answers: what credentials are bound to (RFC 6454 section 4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// How.
    pub scheme: Scheme,
    /// Which machine.
    pub host: Host,
    /// Which of its ports.
    pub port: u16,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the open.
    Http,
    /// Over TLS.
    Https,
}

/// A machine, as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// By its name, in small letters, without the last dot.
    Name(String),
    /// By its address; an IPv4 address inside an IPv6 one is the IPv4 address.
    Address(IpAddr),
}

/// Why a text is no place to fetch from. None of these repeats the text: it may hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Not even a URL.
    #[error("not a URL; hint: write it whole, as in https://feeds.example/list.csv")]
    Unreadable,
    /// A URL that no browser would mind.
    #[error("blanks, control characters and backslashes do not belong into a URL; hint: write them as %20 and so on")]
    Repaired,
    /// Another protocol.
    #[error("neither https nor http")]
    Scheme,
    /// A name and a password in front of the host.
    #[error("a user or password stands in the URL; hint: name them in the feed's credentials")]
    UserInfo,
    /// No host, or one that cannot be.
    #[error("the URL names no host")]
    NoHost,
    /// Too long.
    #[error("longer than {FETCH_URL_BYTES_MAX} bytes")]
    TooLong,
    /// No port in an exception.
    #[error("not HOST:PORT; hint: name the port too, as in feeds.example:443 or [fd00::1]:8443")]
    NotHostAndPort,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is none that may be fetched, whatever the rules.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        check_text(text)?;
        Url::parse(text).map_err(|_| TargetError::Unreadable).and_then(Target::from_url)
    }

    /// What a reference found at this place means (RFC 3986 section 5).
    ///
    /// # Errors
    /// See [`Target::parse`].
    pub fn join(&self, reference: &str) -> Result<Self, TargetError> {
        check_text(reference)?;
        self.url.join(reference).map_err(|_| TargetError::Unreadable).and_then(Target::from_url)
    }

    /// The folder that this place names, whether or not it was written with its last slash.
    #[must_use]
    pub fn folder(&self) -> Self {
        let mut url = self.url.clone();
        url.set_query(None);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Target { url, origin: self.origin.clone() }
    }

    /// The folder of that name below this one. The name is one step, whatever letters it has; it must not be `.` or `..`.
    #[must_use]
    pub fn below(&self, names: &[&str]) -> Self {
        let mut url = self.url.clone();
        url.set_query(None);
        if let Ok(mut steps) = url.path_segments_mut() {
            steps.pop_if_empty().extend(names).push("");
        }
        Target { url, origin: self.origin.clone() }
    }

    /// The file of that name in this folder, under the same conditions.
    #[must_use]
    pub fn file(&self, name: &str) -> Self {
        let mut url = self.url.clone();
        url.set_query(None);
        if let Ok(mut steps) = url.path_segments_mut() {
            steps.pop_if_empty().push(name);
        }
        Target { url, origin: self.origin.clone() }
    }

    /// The folder that holds this folder.
    #[must_use]
    pub fn above(&self) -> Self {
        let mut url = self.url.clone();
        url.set_query(None);
        if let Ok(mut steps) = url.path_segments_mut() {
            steps.pop_if_empty().pop().push("");
        }
        Target { url, origin: self.origin.clone() }
    }

    /// The same place with these parameters, in place of the ones that it has.
    #[must_use]
    pub fn with_query(&self, parameters: &[(&str, &str)]) -> Self {
        let mut url = self.url.clone();
        url.set_query(None);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Target { url, origin: self.origin.clone() }
    }

    fn from_url(mut url: Url) -> Result<Self, TargetError> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(TargetError::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::UserInfo);
        }
        let host = match url.host().ok_or(TargetError::NoHost)? {
            url::Host::Ipv4(address) => Host::Address(address.into()),
            url::Host::Ipv6(address) => Host::Address(canonical(address.into())),
            url::Host::Domain(name) => Host::Name(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()),
        };
        if matches!(&host, Host::Name(name) if name.is_empty()) {
            return Err(TargetError::NoHost);
        }
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(TargetError::NoHost)?;
        url.set_fragment(None);
        if url.as_str().len() > FETCH_URL_BYTES_MAX {
            return Err(TargetError::TooLong);
        }
        Ok(Target { url, origin: Origin { scheme, host, port } })
    }

    /// Who answers there.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The last step of the path, empty for a folder.
    pub(crate) fn file_name(&self) -> &str {
        self.url.path().rsplit('/').next().unwrap_or_default()
    }

    /// What is asked for: path and query.
    /// Its path, without what stands behind a question mark: that may be a secret.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    pub(super) fn path_and_query(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

/// What the standard would repair, and what is too long to look at.
fn check_text(text: &str) -> Result<(), TargetError> {
    if text.len() > FETCH_URL_BYTES_MAX {
        return Err(TargetError::TooLong);
    }
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\';
    if text.contains(is_odd) { Err(TargetError::Repaired) } else { Ok(()) }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.origin)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(address)) => address.fmt(f),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// A host and port that may be reached although they are not public, written `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exception {
    host: Host,
    port: u16,
}

impl Exception {
    /// Whether that origin is meant. Names are compared, not what they resolve to: another name of the same machine is no exception.
    pub fn covers(&self, origin: &Origin) -> bool {
        self.host == origin.host && self.port == origin.port
    }
}

impl FromStr for Exception {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (host, port) = text.rsplit_once(':').ok_or(TargetError::NotHostAndPort)?;
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if !is_port || host.contains(['/', '?', '#', '@']) {
            return Err(TargetError::NotHostAndPort);
        }
        let target = Target::parse(&format!("http://{text}/")).map_err(|_| TargetError::NotHostAndPort)?;
        Ok(Exception { host: target.origin.host, port: target.origin.port })
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Serialize for Exception {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exception {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(url: &str, expected: &str) {
        let found = Target::parse(url).map_or_else(|error| error.to_string(), |target| target.to_string());
        assert!(found.starts_with(expected), "{url:?}: {found}, expected {expected}");
    }

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "0177.0.0.1",
            "2130706433",
            "0x7f000001",
            "017700000001",
            "127.0.0.1.",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
        ] {
            check(&format!("http://{host}/x"), "http://127.0.0.1:80");
        }
        check("https://[0:0:0:0:0:0:0:1]/", "https://[::1]:443");
        check("https://[fd00:ec2::254]/", "https://[fd00:ec2::254]:443");
    }

    #[test]
    fn names_are_told_in_one_way() {
        check("https://Feeds.Example./a?key=secret#x", "https://feeds.example:443");
        check("http://LOCALHOST.:8080", "http://localhost:8080");
        check("https://bücher.example", "https://xn--bcher-kva.example:443");
    }

    #[test]
    fn what_is_refused_says_why_and_repeats_nothing() {
        check("feeds.example/list", "not a URL");
        check("//feeds.example/list", "not a URL");
        check("file:///etc/passwd", "neither https nor http");
        check("gopher://feeds.example/", "neither https nor http");
        check("https://user:secret@feeds.example/", "a user or password");
        check("https://user@feeds.example/", "a user or password");
        check("https://feeds.example\\@127.0.0.1/", "blanks, control characters and backslashes");
        check("https://feeds.exa\tmple/", "blanks");
        check(" https://feeds.example/", "blanks");
        check("https://feeds.example/a b", "blanks");
        check("https://256.256.256.256/", "not a URL");
        check("https://0x100000000/", "not a URL");
        check("https://./", "");
        check("https://feeds.example:0/", "the URL names no host");
        check(&format!("https://feeds.example/{}", "a".repeat(FETCH_URL_BYTES_MAX)), "longer than");
        assert!(Target::parse("https://./").is_err());
    }

    #[test]
    fn references() {
        let here = Target::parse("https://a.example/feeds/list?x=1").unwrap();
        let there = |reference| here.join(reference).map(|target| target.url.to_string());
        assert_eq!(there("/api/").unwrap(), "https://a.example/api/");
        assert_eq!(there("other").unwrap(), "https://a.example/feeds/other");
        assert_eq!(there("//b.example/").unwrap(), "https://b.example/");
        assert_eq!(there("http://0x7f.1/").unwrap(), "http://127.0.0.1/");
        assert_eq!(here.join("javascript:1"), Err(TargetError::Scheme));
        assert_eq!(here.folder().url.as_str(), "https://a.example/feeds/list/");
        assert_eq!(here.below(&["a/b", "c"]).url.as_str(), "https://a.example/feeds/list/a%2Fb/c/");
        assert_eq!(here.folder().file("manifest.json").url.as_str(), "https://a.example/feeds/list/manifest.json");
        assert_eq!(here.folder().above().above().above().url.as_str(), "https://a.example/");
        assert_eq!(here.with_query(&[("next", "a b&c")]).url.as_str(), "https://a.example/feeds/list?next=a+b%26c");
    }

    #[test]
    fn exceptions() {
        let check = |text: &str, url: &str, expected: bool| {
            let exception: Exception = text.parse().unwrap();
            assert_eq!(exception.covers(Target::parse(url).unwrap().origin()), expected, "{text} {url}");
            assert_eq!(exception.to_string().parse(), Ok(exception));
        };
        check("127.0.0.1:80", "http://0x7f.1/", true);
        check("127.0.0.1:80", "http://localhost/", false);
        check("[::ffff:127.0.0.1]:80", "http://127.0.0.1/", true);
        check("Feeds.lan.:8443", "https://feeds.lan:8443/", true);
        check("feeds.lan:443", "https://feeds.lan:8443/", false);
        check("[fd00::1]:443", "https://[fd00:0::1]/", true);
        for wrong in
            ["feeds.lan", "feeds.lan:", ":80", "feeds.lan:http", "http://a:80", "a/b:80", "a@b:80", "a:99999", "a:0"]
        {
            assert!(wrong.parse::<Exception>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_prints_no_secret(text in "(https?://)?[a-z0-9.:@\\[\\]/\\\\?#%_-]{0,40}") {
            let _ = text.parse::<Exception>();
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(Target::parse(target.url.as_str()).unwrap(), target);
            }
        }
    }
}
