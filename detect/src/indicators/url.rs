//! URLs in one spelling.
//!
//! RFC 3986, section 6.2.2 and 6.2.3: scheme and host in lower case, the scheme's own port left out, `%41` decoded where
//! the character needs no escape and `%2f` as `%2F` where it does, dot segments resolved, an empty path is `/`. The
//! fragment never leaves the browser and is dropped. Characters that no URL may hold are escaped as browsers do.
//!
//! Lists often give no scheme (`evil.example/x`): such a value matches under any scheme, with the port that it names or
//! else with the scheme's own.

use std::fmt;
use std::net::IpAddr;

use super::normal;

/// A URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Lower case; `None` when there was none.
    pub(crate) scheme: Option<String>,
    user: Option<String>,
    /// A name, or an address (IPv6 without brackets).
    pub(crate) host: String,
    /// The host, where it is an address.
    pub(crate) address: Option<IpAddr>,
    /// As written, unless it is the scheme's own.
    port: Option<u16>,
    /// Path and query.
    path: String,
    /// How long the path is without the query.
    query_at: usize,
}

/// The port that a scheme stands for.
fn port_of(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        "ftps" => Some(990),
        _ => None,
    }
}

impl Url {
    /// Reads a URL with or without scheme; `None` when no host can be made out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
            // `evil.example/?to=http://…`
            Some((before, _)) if before.contains(['/', '?']) => (None, text.strip_prefix("//").unwrap_or(text)),
            Some(_) => return None,
            None => (None, text.strip_prefix("//").unwrap_or(text)),
        };
        let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        let (host, port) = split_port(host)?;
        let address = normal::address(host);
        let host = match address {
            Some(address) => address.to_string(),
            None => normal::host(host)?,
        };
        let own_port = scheme.as_deref().and_then(port_of);
        let (path, query_at) = normal_path(path);
        Some(Url { scheme, user, host, address, port: port.filter(|_| port != own_port), path, query_at })
    }

    /// Whether a text is a path that stands alone; `//evil.example/x` is a URL without scheme (RFC 3986, section 4.2).
    pub(crate) fn is_path(text: &str) -> bool {
        text.starts_with('/') && (!text.starts_with("//") || text.starts_with("///"))
    }

    /// The normal form of a path that stands alone, with its query; `None` without `/` at the beginning.
    pub(crate) fn path_of(text: &str) -> Option<String> {
        let text = text.trim();
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        text.starts_with('/').then(|| normal_path(text).0)
    }

    /// Path and query.
    pub(crate) fn path_and_query(&self) -> &str {
        &self.path
    }

    /// The path, if there is a query behind it.
    pub(crate) fn path_before_query(&self) -> Option<&str> {
        (self.query_at < self.path.len()).then(|| self.path.get(..self.query_at)).flatten()
    }

    /// The port that a client would ask.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port.or_else(|| self.scheme.as_deref().and_then(port_of))
    }

    /// The values without scheme that name this URL too.
    pub(crate) fn without_scheme(&self) -> Vec<String> {
        let bare = Url { scheme: None, user: None, ..self.clone() };
        let mut values = vec![bare.to_string()];
        if self.port.is_none()
            && let Some(port) = self.port()
        {
            values.push(Url { port: Some(port), ..bare }.to_string());
        }
        values
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.address {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            _ => f.write_str(&self.host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Host and port; an empty port is none.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if authority.ends_with(']') {
        return Some((authority, None));
    }
    match authority.rsplit_once(':') {
        Some((host, "")) => Some((host, None)),
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => Some((host, Some(port.parse().ok()?))),
        Some(_) => None,
        None => Some((authority, None)),
    }
}

/// Path and query in one spelling, and where the query begins.
fn normal_path(text: &str) -> (String, usize) {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let mut out = without_dots(&escaped(path));
    let query_at = out.len();
    if let Some(query) = query {
        out.push('?');
        out.push_str(&escaped(query));
    }
    (out, query_at)
}

/// RFC 3986, section 5.2.4.
fn without_dots(path: &str) -> String {
    if !path.contains("/.") {
        return if path.is_empty() { "/".into() } else { path.into() };
    }
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = rest.next() {
        let is_last = rest.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    segments.pop();
                }
                if is_last {
                    segments.push("");
                }
            }
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// One spelling of escapes: RFC 3986, section 6.2.2, and what browsers escape (WHATWG URL, path percent-encode set). A `%`
/// that begins no escape is escaped itself, or `%%341` would have two normal forms.
fn escaped(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let hex = |b: u8| char::from(b).to_digit(16).map(|digit| digit as u8);
    let mut out = String::with_capacity(text.len());
    let put_escape = |out: &mut String, byte: u8| {
        let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'));
        out.push('%');
        out.push(char::from(high));
        out.push(char::from(low));
    };
    let mut bytes = text.bytes().peekable();
    let mut rest = text.as_bytes();
    while let Some(byte) = bytes.next() {
        rest = rest.get(1..).unwrap_or_default();
        let code = match (byte, rest) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        if let Some(code) = code {
            let is_unreserved = code.is_ascii_alphanumeric() || matches!(code, b'-' | b'.' | b'_' | b'~');
            if is_unreserved {
                out.push(char::from(code))
            } else {
                put_escape(&mut out, code)
            }
            bytes.next();
            bytes.next();
            rest = rest.get(2..).unwrap_or_default();
        } else if byte == b'%'
            || byte <= b' '
            || byte >= 0x7f
            || matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'}')
        {
            put_escape(&mut out, byte);
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: impl Into<Option<&'static str>>) {
        assert_eq!(Url::parse(text).map(|url| url.to_string()).as_deref(), expected.into(), "{text}");
    }

    #[test]
    fn one_spelling() {
        check("HTTP://Evil.Example:80", "http://evil.example/");
        check("https://evil.example:443/A", "https://evil.example/A");
        check("http://evil.example:443/", "http://evil.example:443/");
        check("http://evil.example:/a#b", "http://evil.example/a");
        check("http://evil.example?q", "http://evil.example/?q");
        check("http://evil.example./", "http://evil.example/");
        check("http://evil.example/%7euser/%2F%2f", "http://evil.example/~user/%2F%2F");
        check("http://evil.example/a b/ü", "http://evil.example/a%20b/%C3%BC");
        check("http://evil.example/a/./b/../c/..", "http://evil.example/a/");
        check("http://evil.example/%2e%2e/x", "http://evil.example/x");
        check("http://evil.example/100%", "http://evil.example/100%25");
        check("http://evil.example/%%341", "http://evil.example/%2541");
        check("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/");
        check("http://Bücher.example/", "http://xn--bcher-kva.example/");
        check("http://localhost/x", "http://localhost/x");
        check("evil.example/?to=http://other.example/", "evil.example/?to=http://other.example/");
        check("//evil.example/x", "evil.example/x");
        check("http:///x", None);
        check("http://evil.example:x/", None);
        check("http://evil.example:99999/", None);
        check("1http://evil.example/", None);
    }

    #[test]
    fn schemeless_names() {
        let check = |text: &str, expected: &[&str]| assert_eq!(Url::parse(text).unwrap().without_scheme(), expected);
        check("https://evil.example/x", &["evil.example/x", "evil.example:443/x"]);
        check("http://u@evil.example:8080/x", &["evil.example:8080/x"]);
        check("evil.example/x", &["evil.example/x"]);
    }

    #[test]
    fn paths() {
        let url = Url::parse("http://evil.example/a/b?c=d").unwrap();
        assert_eq!((url.path_and_query(), url.path_before_query()), ("/a/b?c=d", Some("/a/b")));
        assert_eq!(Url::parse("http://evil.example/a").unwrap().path_before_query(), None);
        assert_eq!(Url::path_of("/a%20b#c").as_deref(), Some("/a%20b"));
        assert_eq!(Url::path_of("a"), None);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "(http|HTTPS|x)?(://)?[a-z0-9.ü]{1,12}(:[0-9]{0,5})?[/a-zA-Z0-9.%?#&= ü]{0,30}") {
            if let Some(url) = Url::parse(&text) {
                let again = url.to_string();
                prop_assert_eq!(Url::parse(&again).map(|url| url.to_string()), Some(again));
            }
        }

        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = Url::parse(&text);
            let _ = Url::path_of(&text);
        }
    }
}
