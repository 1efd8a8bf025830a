//! Keys and certificates from PEM files, for sources that listen and for sources that connect.
//!
//! TLS 1.2 and 1.3 with rustls on aws-lc-rs. A listener that names `client_ca` lets in only clients that show a
//! certificate from it (RFC 5425 section 4.2 asks for mutual authentication). Certificates are read when the source
//! starts; a renewed one is taken at the next start. Deliberately absent: revocation lists, and rules about which
//! certified client may send what.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde::Deserialize;

/// A listener's certificate, its key, and who may connect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenTls {
    /// PEM file with the certificate and those between it and the root.
    pub cert: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
    /// PEM file with the authorities whose clients are let in; without it, every client is.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

/// Whom to trust when connecting, and who we are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectTls {
    /// PEM file with the authorities that the server's certificate must come from.
    pub ca: PathBuf,
    /// PEM file with our certificate, for servers that ask.
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// PEM file with our private key.
    #[serde(default)]
    pub key: Option<PathBuf>,
}

/// Why keys or certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A PEM file cannot be read or holds nothing of the kind.
    #[error("cannot read {what} from {}", path.display())]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        #[source]
        cause: rustls::pki_types::pem::Error,
    },
    /// A PEM file is readable and has no certificate in it.
    #[error("no certificate in {}", .0.display())]
    NoCertificate(PathBuf),
    /// `cert` without `key`, or the other way round.
    #[error("cert and key go together: name both or none")]
    HalfIdentity,
    /// The parts do not fit together.
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
    /// The client authorities cannot be used.
    #[error("client authorities cannot be used")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
}

/// Builds the configuration of a listener.
///
/// # Errors
/// When a file cannot be read or the parts do not fit.
pub fn listen(config: &ListenTls) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match &config.client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let roots = Arc::new(authorities(ca)?);
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(roots, provider).build()?)
        }
    };
    Ok(Arc::new(builder.with_single_cert(certificates(&config.cert)?, private_key(&config.key)?)?))
}

/// Builds the configuration of a client.
///
/// # Errors
/// When a file cannot be read or the parts do not fit.
pub fn connect(config: &ConnectTls) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities(&config.ca)?);
    match (&config.cert, &config.key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => Ok(builder.with_client_auth_cert(certificates(cert)?, private_key(key)?)?),
        _ => Err(TlsError::HalfIdentity),
    }
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |cause| TlsError::Pem { what: "certificates", path: path.to_owned(), cause };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(failed)?.collect();
    let found = found.map_err(failed)?;
    if found.is_empty() { Err(TlsError::NoCertificate(path.to_owned())) } else { Ok(found) }
}

pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|cause| TlsError::Pem {
        what: "a private key",
        path: path.to_owned(),
        cause,
    })
}

pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}
