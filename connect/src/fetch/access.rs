//! What we show a server so that it lets us in, and to which server alone we show it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use model::limits::FETCH_SECRET_BYTES_MAX;

use super::target::Origin;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes charge of a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// How we prove who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// User and password (RFC 7617).
    Basic {
        /// Without colon.
        user: String,
        /// Any text.
        password: Secret,
    },
    /// A token (RFC 6750).
    Bearer(Secret),
    /// A header of the server's own, `Authorization` with a bare key among them.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Secret,
    },
}

/// Why credentials cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// RFC 7617 section 2.
    #[error("a user's name with a colon cannot be sent; hint: RFC 7617 has no way to write it")]
    Colon,
    /// No header may be called so.
    #[error("{0:?} is no header for credentials")]
    HeaderName(String),
    /// Line feeds, control characters, or letters that a header cannot carry.
    #[error("the secret has bytes that no header may carry; hint: is it the right file, and a single line?")]
    HeaderValue,
    /// No secret is as long.
    #[error("the secret is longer than {FETCH_SECRET_BYTES_MAX} bytes")]
    TooLong,
    /// Nothing in it.
    #[error("the secret is empty")]
    Empty,
}

/// Credentials as a header, bound to one origin.
#[derive(Clone, Debug)]
pub struct Access {
    origin: Origin,
    name: HeaderName,
    value: HeaderValue,
}

impl Access {
    /// Credentials for that origin: no other ever sees them, wherever it redirects to.
    ///
    /// # Errors
    /// When they cannot be written as a header.
    pub fn new(origin: Origin, credentials: &Credentials) -> Result<Self, CredentialsError> {
        let (name, text) = match credentials {
            Credentials::Basic { user, .. } if user.contains(':') => return Err(CredentialsError::Colon),
            Credentials::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", checked(password)?));
                (AUTHORIZATION, format!("Basic {pair}"))
            }
            Credentials::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", checked(token)?)),
            Credentials::Header { name, value } => (header_name(name)?, checked(value)?.to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| CredentialsError::HeaderValue)?;
        value.set_sensitive(true);
        Ok(Access { origin, name, value })
    }

    /// The header for that origin, if it is ours.
    pub(super) fn header_for(&self, origin: &Origin) -> Option<(HeaderName, HeaderValue)> {
        (self.origin == *origin).then(|| (self.name.clone(), self.value.clone()))
    }
}

fn checked(secret: &Secret) -> Result<&str, CredentialsError> {
    match secret.0.len() {
        0 => Err(CredentialsError::Empty),
        1..=FETCH_SECRET_BYTES_MAX => Ok(&secret.0),
        _ => Err(CredentialsError::TooLong),
    }
}

/// Headers that say how a message is framed are not for credentials: a request could be split with them.
fn header_name(name: &str) -> Result<HeaderName, CredentialsError> {
    let wrong = || CredentialsError::HeaderName(name.chars().take(64).collect());
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let is_framing = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name);
    if is_framing { Err(wrong()) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Target;

    fn origin(url: &str) -> Origin {
        Target::parse(url).unwrap().origin().clone()
    }

    fn check(credentials: &Credentials, expected: &str) {
        let home = origin("https://a.example/");
        let found = match Access::new(home.clone(), credentials) {
            Err(error) => error.to_string(),
            Ok(access) => {
                let printed = format!("{access:?} {credentials:?}");
                assert!(!printed.contains("hunter") && !printed.contains("sesame"), "{printed}");
                let (name, value) = access.header_for(&home).unwrap();
                format!("{name}: {}", value.to_str().unwrap())
            }
        };
        assert!(found.starts_with(expected), "{found}, expected {expected}");
    }

    #[test]
    fn headers() {
        let secret = || Secret::new("hunter2");
        check(
            &Credentials::Basic { user: "Aladdin".to_owned(), password: Secret::new("open sesame") },
            "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        );
        check(&Credentials::Bearer(secret()), "authorization: Bearer hunter2");
        check(&Credentials::Header { name: "X-API-Key".to_owned(), value: secret() }, "x-api-key: hunter2");
        check(&Credentials::Basic { user: "a:b".to_owned(), password: secret() }, "a user's name with a colon");
        check(&Credentials::Header { name: "Host".to_owned(), value: secret() }, "\"Host\" is no header");
        check(&Credentials::Header { name: "a b".to_owned(), value: secret() }, "\"a b\" is no header");
        check(&Credentials::Bearer(Secret::new("a\r\nHost: b")), "the secret has bytes");
        check(&Credentials::Bearer(Secret::new("")), "the secret is empty");
        check(&Credentials::Bearer(Secret::new("a".repeat(FETCH_SECRET_BYTES_MAX + 1))), "the secret is longer");
    }

    #[test]
    fn another_origin_never_sees_them() {
        let access = Access::new(origin("https://a.example/"), &Credentials::Bearer(Secret::new("t"))).unwrap();
        assert!(access.header_for(&origin("https://a.example/other/path")).is_some());
        for other in ["http://a.example/", "https://a.example:8443/", "https://b.example/", "https://x.a.example/"] {
            assert!(access.header_for(&origin(other)).is_none(), "{other}");
        }
    }
}
