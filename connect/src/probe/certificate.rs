//! Who a server says that it is, also when nobody should believe it.
//!
//! The certificates come out of a TLS handshake (RFC 8446, RFC 5246) whose verifier writes down what it is shown and then judges as
//! strictly as any other: a certificate that is not good ends the handshake, and nothing is ever sent over such a connection. Name
//! (RFC 9525) and chain (RFC 5280) are judged one by one, so that both can be told. Deliberately absent: revocation and certificate
//! transparency.

use std::sync::{Arc, Mutex, PoisonError};

use model::Timestamp;
use model::limits::{PROBE_CHAIN_MAX, PROBE_NAMES_MAX};
use model::probe::CertificateFacts;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::fetch::{FetchError, FetchRules, Fetcher, Target};
use crate::tls::{TlsError, authorities};

/// Reads certificates.
pub struct Reader {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Reader {
    /// One that trusts the machine's authorities and those of the rules.
    ///
    /// # Errors
    /// When the rules name a file that cannot be read.
    pub fn new(rules: &FetchRules) -> Result<Self, TlsError> {
        let mut roots = match &rules.ca {
            Some(path) => authorities(path)?,
            None => RootCertStore::empty(),
        };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Ok(Reader { roots: Arc::new(roots), provider })
    }

    /// What a place shows.
    ///
    /// # Errors
    /// When it shows nothing: nobody answers, or not in TLS.
    pub(super) async fn read(
        &self,
        fetcher: &Fetcher,
        target: &Target,
        now: Timestamp,
    ) -> Result<CertificateFacts, FetchError> {
        let writer = Arc::new(Writer {
            roots: Arc::clone(&self.roots),
            provider: Arc::clone(&self.provider),
            shown: Mutex::new(None),
        });
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| tls_error(target, error))?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(&writer) as Arc<dyn ServerCertVerifier>;
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session would show no certificate.
        config.resumption = rustls::client::Resumption::disabled();
        let shaken = fetcher.shake_hands(target, Arc::new(config)).await;
        let shown = writer.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (shown, shaken) {
            (Some(shown), _) => shown
                .facts(now)
                .ok_or_else(|| tls_error(target, rustls::Error::General("the certificate cannot be read".to_owned()))),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(tls_error(target, rustls::Error::NoCertificatesPresented)),
        }
    }
}

fn tls_error(target: &Target, error: rustls::Error) -> FetchError {
    FetchError::Tls { origin: target.origin().clone(), cause: std::io::Error::other(error) }
}

/// What was shown in one handshake.
#[derive(Debug)]
struct Shown {
    certificate: Vec<u8>,
    distrust: Option<String>,
    is_for_name: bool,
}

/// Writes down what it is shown, and judges it.
#[derive(Debug)]
struct Writer {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    shown: Mutex<Option<Shown>>,
}

impl ServerCertVerifier for Writer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (chain, name) = match ParsedCertificate::try_from(end_entity) {
            Err(error) => (Err(error.clone()), Err(error)),
            Ok(parsed) => {
                let known = self.provider.signature_verification_algorithms.all;
                let between = intermediates.get(..intermediates.len().min(PROBE_CHAIN_MAX)).unwrap_or_default();
                let chain = verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, now, known);
                (chain, verify_server_name(&parsed, server_name))
            }
        };
        let distrust = chain.as_ref().err().map(ToString::to_string);
        let shown = Shown { certificate: end_entity.to_vec(), distrust, is_for_name: name.is_ok() };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        chain.and(name).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Shown {
    fn facts(self, now: Timestamp) -> Option<CertificateFacts> {
        let (_, certificate) = X509Certificate::from_der(&self.certificate).ok()?;
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1_000));
        let not_after = at(certificate.validity().not_after.timestamp());
        // Its end is told as such, beside the chain.
        let distrust = self.distrust.filter(|_| not_after > now);
        Some(CertificateFacts {
            fingerprint: formats::probe::sha256(&self.certificate),
            key: formats::probe::sha256(certificate.public_key().raw),
            issuer: certificate.issuer().to_string(),
            not_before: at(certificate.validity().not_before.timestamp()),
            not_after,
            names: names(&certificate),
            is_for_name: self.is_for_name,
            distrust,
        })
    }
}

/// The names that it is for (RFC 9525 section 6.2: those of the subject's extension, never the common name).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
            _ => None,
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).take(PROBE_NAMES_MAX).collect()
}
