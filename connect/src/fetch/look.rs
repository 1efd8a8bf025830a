//! Looking at a place for what it is, not for what it holds: any status is an answer, redirects are told, and times are taken.
//!
//! The same rules as for a fetch: addresses are checked, private places need an exception, TLS is checked, limits hold. A redirect
//! from TLS to none is told and not followed.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use hyper::header::LOCATION;
use model::limits::PROBE_REDIRECTS_MAX;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::answer::{packing, retry_after};
use super::body::{Intake, Place};
use super::exchange::{Way, within};
use super::{FetchError, Fetcher, Host, Phase, Request, Scheme, Target};

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The status of the last answer.
    pub status: u16,
    /// From the first step to the head of the last answer.
    pub first_byte: Duration,
    /// To the end of its body.
    pub total: Duration,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// Hosts to which redirects led, in order, others than the one that was asked.
    pub redirects: Vec<String>,
    /// A redirect led from TLS to none, and was not followed.
    pub is_downgraded: bool,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Where the last answer came from.
    pub target: Target,
}

impl Fetcher {
    /// Looks at a place.
    ///
    /// # Errors
    /// When no answer comes, or it is more than is taken.
    pub async fn look(&self, request: &Request) -> Result<Looked, FetchError> {
        let looking = Box::pin(self.look_along(request));
        within(self.patience.total, request.target.origin(), Phase::Whole, looking).await
    }

    async fn look_along(&self, request: &Request) -> Result<Looked, FetchError> {
        let began = Instant::now();
        let mut target = request.target.clone();
        let mut redirects: Vec<String> = Vec::new();
        for _ in 0..=PROBE_REDIRECTS_MAX {
            let answer = self.ask(&target, request).await?;
            let first_byte = began.elapsed();
            let (head, body) = answer.response.into_parts();
            let status = head.status.as_u16();
            let location = head.headers.get(LOCATION).filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
            let next = match location {
                None => None,
                Some(location) => {
                    let text = std::str::from_utf8(location.as_bytes()).map_err(|_| super::TargetError::Unreadable);
                    let next = text.and_then(|text| target.join(text.trim()));
                    let origin = target.origin().clone();
                    Some(next.map_err(|cause| FetchError::RedirectTarget { origin, cause })?)
                }
            };
            let is_downgraded = next
                .as_ref()
                .is_some_and(|next| target.origin().scheme == Scheme::Https && next.origin().scheme == Scheme::Http);
            if let Some(next) = &next {
                let host = next.origin().host.to_string();
                let is_other = host != request.target.origin().host.to_string() && !redirects.contains(&host);
                if is_other {
                    redirects.push(host);
                }
            }
            if let Some(next) = next.filter(|_| !is_downgraded) {
                target = next;
                continue;
            }
            let packing = packing(&head.headers).ok_or_else(|| FetchError::Encoding(target.origin().clone()))?;
            let intake = Intake::start(target.origin().clone(), packing, Place::Memory, request.bytes_max);
            let whole = self.read(target.origin(), body, intake).await?;
            let retry_after = retry_after(&head.headers, SystemTime::now());
            let total = began.elapsed();
            let body = whole.bytes;
            return Ok(Looked { status, first_byte, total, body, redirects, is_downgraded, retry_after, target });
        }
        Err(FetchError::TooManyRedirects(request.target.origin().clone()))
    }

    /// Agrees on TLS with a place by other rules, and says no more: for looking at its certificate. Nothing is sent in it.
    ///
    /// # Errors
    /// When nobody answers, or TLS fails; the rules may have seen what they wanted before.
    pub async fn shake_hands(&self, target: &Target, tls: Arc<rustls::ClientConfig>) -> Result<(), FetchError> {
        let origin = target.origin();
        let way = Way {
            outside: &*self.outside,
            exceptions: &self.exceptions,
            tls: &self.tls,
            has_authorities: self.has_authorities,
            patience: &self.patience,
        };
        let addresses = way.checked_addresses(origin).await?;
        let failed = |cause| FetchError::Tls { origin: origin.clone(), cause };
        let name = match &origin.host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|error| failed(std::io::Error::other(error)))?
            }
        };
        let shaking = async {
            let stream = way.connect(origin, &addresses).await?;
            TlsConnector::from(tls).connect(name, stream).await.map_err(failed)?;
            Ok(())
        };
        within(self.patience.connect, origin, Phase::Connect, shaking).await
    }
}
