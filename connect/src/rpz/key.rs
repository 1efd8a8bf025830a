//! Keys of subscribers: TSIG, RFC 8945.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use domain::base::name::ToName;
use domain::tsig::{Algorithm, Key, KeyName, KeyStore};
use model::Timestamp;

use super::Zones;

/// How messages are signed. SHA-1 and MD5 are not offered: RFC 8945, section 6, wants SHA-256 and discourages them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// `hmac-sha256`.
    #[default]
    Sha256,
    /// `hmac-sha512`.
    Sha512,
}

impl KeyAlgorithm {
    /// The name that configurations of resolvers use.
    pub const fn name(self) -> &'static str {
        match self {
            KeyAlgorithm::Sha256 => "hmac-sha256",
            KeyAlgorithm::Sha512 => "hmac-sha512",
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            KeyAlgorithm::Sha256 => Algorithm::Sha256,
            KeyAlgorithm::Sha512 => Algorithm::Sha512,
        }
    }
}

/// A text or secret that makes no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The name is no domain name.
    #[error("{name:?} cannot name a key; hint: it is written like a domain, for example city.watchbell")]
    Name {
        /// The name, cut.
        name: String,
    },
    /// The secret is too short to be one.
    #[error("a secret of {bytes} bytes is too short, at least {SECRET_BYTES_MIN} are taken")]
    Short {
        /// How long it is.
        bytes: usize,
    },
}

/// Shortest secret: 128 bits.
const SECRET_BYTES_MIN: usize = 16;

/// A key that one subscriber holds.
pub struct TransferKey {
    key: Key,
    name: String,
    expires: Option<Timestamp>,
}

impl TransferKey {
    /// A key; `expires` is the first moment at which it is no longer good.
    ///
    /// # Errors
    /// When the name is no domain name or the secret too short.
    pub fn new(
        name: &str,
        algorithm: KeyAlgorithm,
        secret: &[u8],
        expires: Option<Timestamp>,
    ) -> Result<Self, KeyError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(KeyError::Short { bytes: secret.len() });
        }
        let lower = name.trim_end_matches('.').to_ascii_lowercase();
        let bad = || KeyError::Name { name: name.chars().take(80).collect() };
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if lower.is_empty() || !lower.bytes().all(is_plain) {
            return Err(bad());
        }
        let key_name = KeyName::from_str(&lower).map_err(|_| bad())?;
        let key = Key::new(algorithm.algorithm(), secret, key_name, None, None).map_err(|_| bad())?;
        Ok(TransferKey { key, name: lower, expires })
    }

    /// Its name: lower case, no dot at the end.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is good at that moment.
    pub fn is_good_at(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    pub(super) fn tsig(&self) -> &Key {
        &self.key
    }
}

/// The name and the end; never the secret.
impl fmt::Debug for TransferKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferKey").field("name", &self.name).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A key in the hands of a signature in progress.
#[derive(Clone)]
pub(super) struct Held(pub(super) Arc<TransferKey>);

impl AsRef<Key> for Held {
    fn as_ref(&self) -> &Key {
        self.0.tsig()
    }
}

/// All keys, as they are at one moment.
pub(super) struct Keys<'a> {
    pub(super) zones: &'a dyn Zones,
    pub(super) now: Timestamp,
}

impl KeyStore for Keys<'_> {
    type Key = Held;

    fn get_key<N: ToName>(&self, name: &N, algorithm: Algorithm) -> Option<Held> {
        let name: KeyName = name.try_to_name().ok()?;
        let key = self.zones.key(&name.to_string().to_ascii_lowercase())?;
        let is_right = *key.tsig().name() == name && key.tsig().algorithm() == algorithm;
        (is_right && key.is_good_at(self.now)).then_some(Held(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_of_names_and_secrets() {
        let check = |name: &str, bytes: usize, is_key: bool| {
            let made = TransferKey::new(name, KeyAlgorithm::Sha256, &vec![7; bytes], None);
            assert_eq!(made.is_ok(), is_key, "{name:?} {bytes} {made:?}");
        };
        check("City.Watchbell.", 32, true);
        check("city_1", 16, true);
        check("city", 15, false);
        check("", 32, false);
        check("a b", 32, false);
        check("a..b", 32, false);
        check(&"a".repeat(64), 32, false);
        check("a\\000", 32, false);
    }

    #[test]
    fn a_key_ends_and_keeps_its_secret() {
        let end = Timestamp::from_millis(1_000);
        let key = TransferKey::new("City", KeyAlgorithm::Sha512, b"0123456789abcdef", Some(end)).unwrap();
        assert_eq!(key.name(), "city");
        assert!(key.is_good_at(Timestamp::from_millis(999)));
        assert!(!key.is_good_at(end));
        assert!(!format!("{key:?}").contains("0123"), "{key:?}");
    }
}
