//! What a fetch may do: exceptions, patience, and whom it trusts.

use std::path::PathBuf;
use std::time::Duration;

use model::limits::{
    FETCH_ANSWER_SECONDS_MAX, FETCH_CONNECT_SECONDS_MAX, FETCH_EXCEPTIONS_MAX, FETCH_IDLE_SECONDS_MAX,
    FETCH_TOTAL_SECONDS_MAX,
};
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};

use super::target::{Exception, Origin};
use crate::tls::{TlsError, authorities, certificates, private_key};

/// What may be reached that would be refused otherwise, and whom to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchRules {
    /// Whether plain http is taken. What comes over it can be read and changed on the way.
    pub allow_http: bool,
    /// Private places that may be reached, each written `HOST:PORT` as in the URL that leads there.
    pub allow_private: Exceptions,
    /// PEM file with further authorities, beside those that the machine trusts.
    pub ca: Option<PathBuf>,
    /// PEM file with our certificate, for servers that ask.
    pub cert: Option<PathBuf>,
    /// PEM file with our private key.
    pub key: Option<PathBuf>,
}

/// The list of exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Exception>", into = "Vec<Exception>")]
pub struct Exceptions(Vec<Exception>);

impl TryFrom<Vec<Exception>> for Exceptions {
    type Error = String;

    fn try_from(exceptions: Vec<Exception>) -> Result<Self, String> {
        match exceptions.len() {
            0..=FETCH_EXCEPTIONS_MAX => Ok(Exceptions(exceptions)),
            many => Err(format!("{many} exceptions are more than {FETCH_EXCEPTIONS_MAX}")),
        }
    }
}

impl From<Exceptions> for Vec<Exception> {
    fn from(exceptions: Exceptions) -> Self {
        exceptions.0
    }
}

impl Exceptions {
    /// Whether that origin is among them.
    pub(super) fn cover(&self, origin: &Origin) -> bool {
        self.0.iter().any(|exception| exception.covers(origin))
    }
}

/// How long each part may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Finding the address; and once more connecting, TLS included.
    pub connect: Duration,
    /// From the request to the end of the answer's head.
    pub answer: Duration,
    /// Between two parts of the body.
    pub idle: Duration,
    /// All of it, redirects included.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(FETCH_CONNECT_SECONDS_MAX),
            answer: Duration::from_secs(FETCH_ANSWER_SECONDS_MAX),
            idle: Duration::from_secs(FETCH_IDLE_SECONDS_MAX),
            total: Duration::from_secs(FETCH_TOTAL_SECONDS_MAX),
        }
    }
}

/// TLS 1.2 and 1.3 with the machine's authorities and those of the rules; and whether there are any. Certificates are always checked.
pub(super) fn tls(rules: &FetchRules) -> Result<(ClientConfig, bool), TlsError> {
    let mut roots = match &rules.ca {
        Some(path) => authorities(path)?,
        None => RootCertStore::empty(),
    };
    // What cannot be read or used of the machine's list costs itself: it only makes us trust less.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let has_authorities = !roots.is_empty();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match (&rules.cert, &rules.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(cert), Some(key)) => builder.with_client_auth_cert(certificates(cert)?, private_key(key)?)?,
        _ => return Err(TlsError::HalfIdentity),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, has_authorities))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_as_they_are_written() {
        let rules: FetchRules =
            toml::from_str("allow_http = true\nallow_private = ['127.0.0.1:80', 'Feeds.lan:8443']").unwrap();
        assert_eq!(Vec::from(rules.allow_private.clone()).len(), 2);
        let again: FetchRules = serde_json::from_value(serde_json::to_value(&rules).unwrap()).unwrap();
        assert_eq!(again, rules);
        let wrong = |text| toml::from_str::<FetchRules>(text).unwrap_err().message().to_owned();
        assert!(wrong("allow_private = ['feeds.lan']").starts_with("not HOST:PORT"));
        assert!(wrong("alow_http = true").starts_with("unknown field"));
        let many: Vec<String> = (1..=FETCH_EXCEPTIONS_MAX + 1).map(|port| format!("'a:{port}'")).collect();
        assert!(wrong(&format!("allow_private = [{}]", many.join(","))).contains("more than"));
    }
}
