//! Fetching from servers that are not trusted: over HTTPS, from public addresses, within limits.
//!
//! An address of a feed is somebody's text, and so is every redirect. Each hop is judged alike: the URL in its canonical form
//! ([`target`]), its addresses asked for once and every one of them checked ([`address`]), and the connection made to those very
//! addresses and no others, so that a name that answers differently the second time has no second time. Private places are
//! reached only where `allow_private` names host and port. Redirects are followed by hand, five at most, never from https to
//! http; credentials go to their own origin only ([`access`]).
//!
//! HTTP/1.1 (RFC 9112) over TLS 1.2 or 1.3; gzip is the only packing that is asked for, unpacked by ourselves through the limits
//! ([`body`]). Conditions (RFC 9110 section 13) are kept by the caller, and so is the wait that `Retry-After` asks for.
//! Deliberately absent: proxies, cookies, connections that are kept, HTTP/2, parts of bodies, revocation lists.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use connect::fetch::{FetchRules, Fetched, Fetcher, Request, Target};
//!
//! let fetcher = Fetcher::new(&FetchRules::default())?;
//! let request = Request::get(Target::parse("https://feeds.example/list.csv")?);
//! if let Fetched::Body(received) = fetcher.fetch(&request).await? {
//!     println!("{} bytes", received.body.len());
//! }
//! # Ok(())
//! # }
//! ```

pub mod access;
pub mod address;
pub mod error;
pub mod look;
pub mod outside;
pub mod rules;
pub mod target;

mod answer;
mod body;
mod exchange;
mod lines;
mod request;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use model::limits::{FETCH_MEMORY_BYTES_MAX, FETCH_REDIRECTS_MAX};

pub use access::{Access, Credentials, CredentialsError, Secret};
pub use answer::{Conditional, Fetched, Received};
pub use error::{FetchError, Phase};
pub use hyper::Method;
pub use lines::Lines;
pub use look::Looked;
pub use outside::{Outside, System};
pub use request::Request;
pub use rules::{Exceptions, FetchRules, Patience};
pub use target::{Exception, Host, Origin, Scheme, Target, TargetError};

use answer::{Asked, Verdict, judge, received};
use body::{Intake, Packing, Place, Whole};
use exchange::{Answer, Way, within};

use crate::tls::TlsError;

/// Fetches by its rules. Cheap to share, and made once for each set of rules: making it reads the machine's authorities.
pub struct Fetcher {
    allow_http: bool,
    exceptions: Exceptions,
    patience: Patience,
    tls: Arc<rustls::ClientConfig>,
    has_authorities: bool,
    outside: Arc<dyn Outside>,
}

impl Fetcher {
    /// One that uses the machine's resolver.
    ///
    /// # Errors
    /// When the rules name certificates or keys that cannot be used.
    pub fn new(rules: &FetchRules) -> Result<Self, TlsError> {
        let (tls, has_authorities) = rules::tls(rules)?;
        Ok(Fetcher {
            allow_http: rules.allow_http,
            exceptions: rules.allow_private.clone(),
            patience: Patience::default(),
            tls: Arc::new(tls),
            has_authorities,
            outside: Arc::new(System),
        })
    }

    /// The same with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Fetcher { patience, ..self }
    }

    /// The same with another way out.
    #[must_use]
    pub fn with_outside(self, outside: Arc<dyn Outside>) -> Self {
        Fetcher { outside, ..self }
    }

    /// Fetches into memory, at most [`FETCH_MEMORY_BYTES_MAX`] or what the request says, whichever is less.
    ///
    /// # Errors
    /// When there is nothing to be had, or it is not what may be taken. Nothing is tried again.
    pub async fn fetch(&self, request: &Request) -> Result<Fetched<Vec<u8>>, FetchError> {
        let bytes_max = request.bytes_max.min(FETCH_MEMORY_BYTES_MAX);
        Ok(match self.whole(request, Place::Memory, bytes_max).await? {
            Fetched::NotModified => Fetched::NotModified,
            Fetched::Body(received) => {
                let (whole, rest) = split(*received);
                Fetched::Body(Box::new(rest.with(whole.bytes)))
            }
        })
    }

    /// Fetches into a new file, which is there, whole and synced, only when this succeeds with a body. If the future is dropped,
    /// the file is removed.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`], and when the file is there already or cannot be written.
    pub async fn fetch_to_file(&self, request: &Request, path: &Path) -> Result<Fetched<PathBuf>, FetchError> {
        Ok(match self.whole(request, Place::File(path.to_owned()), request.bytes_max).await? {
            Fetched::NotModified => Fetched::NotModified,
            Fetched::Body(received) => Fetched::Body(Box::new(split(*received).1.with(path.to_owned()))),
        })
    }

    /// Opens a stream of lines that the server writes as it likes. It ends with its owner; redirects are not followed.
    ///
    /// # Errors
    /// When there is none to be had. Nothing is tried again.
    pub async fn listen(&self, request: &Request) -> Result<Lines, FetchError> {
        let target = &request.target;
        let (response, connection) = Box::pin(self.ask(target, request)).await?.split();
        let (head, body) = response.into_parts();
        let asked = Asked { target, method: &request.method, is_conditional: false };
        match judge(head.status, &head.headers, &asked, SystemTime::now())? {
            Verdict::Body { packing: Packing::None, .. } => Ok(Lines::new(target.origin().clone(), body, connection)),
            Verdict::Body { .. } => Err(FetchError::Encoding(target.origin().clone())),
            Verdict::Elsewhere(_) | Verdict::NotModified => {
                Err(FetchError::Status { origin: target.origin().clone(), status: head.status.as_u16() })
            }
        }
    }

    async fn whole(&self, request: &Request, place: Place, bytes_max: u64) -> Result<Fetched<Whole>, FetchError> {
        let fetching = Box::pin(self.follow(request, place, bytes_max));
        within(self.patience.total, request.target.origin(), Phase::Whole, fetching).await
    }

    /// Follows redirects to the answer.
    async fn follow(&self, request: &Request, place: Place, bytes_max: u64) -> Result<Fetched<Whole>, FetchError> {
        let mut target = request.target.clone();
        for _ in 0..=FETCH_REDIRECTS_MAX {
            let answer = self.ask(&target, request).await?;
            let (head, body) = answer.response.into_parts();
            let asked = Asked {
                target: &target,
                method: &request.method,
                is_conditional: request.conditional.as_ref().is_some_and(|conditional| !conditional.is_empty()),
            };
            match judge(head.status, &head.headers, &asked, SystemTime::now())? {
                Verdict::NotModified => return Ok(Fetched::NotModified),
                Verdict::Elsewhere(next) => target = next,
                Verdict::Body { packing, announced } => {
                    let too_large = packing == Packing::None && announced.is_some_and(|bytes| bytes > bytes_max);
                    if too_large {
                        return Err(FetchError::TooLarge { origin: target.origin().clone(), bytes_max });
                    }
                    let intake = Intake::start(target.origin().clone(), packing, place, bytes_max);
                    let whole = self.read(target.origin(), body, intake).await?;
                    return Ok(Fetched::Body(Box::new(arrived(head.status, head.headers, target, whole))));
                }
            }
        }
        Err(FetchError::TooManyRedirects(request.target.origin().clone()))
    }

    async fn ask(&self, target: &Target, request: &Request) -> Result<Answer, FetchError> {
        let origin = target.origin();
        if origin.scheme == Scheme::Http && !self.allow_http {
            return Err(FetchError::PlainHttp(origin.clone()));
        }
        let way = Way {
            outside: &*self.outside,
            exceptions: &self.exceptions,
            tls: &self.tls,
            has_authorities: self.has_authorities,
            patience: &self.patience,
        };
        way.exchange(origin, request.for_target(target)?).await
    }

    async fn read(&self, origin: &Origin, body: Incoming, intake: Intake) -> Result<Whole, FetchError> {
        match self.pour(origin, body, &intake).await {
            Ok(()) => intake.finish().await,
            Err(error) => {
                intake.abandon().await;
                Err(error)
            }
        }
    }

    /// Hands over the body as it comes, until it ends or no more of it is wanted.
    async fn pour(&self, origin: &Origin, mut body: Incoming, intake: &Intake) -> Result<(), FetchError> {
        let mut bytes = 0u64;
        loop {
            let next = async { Ok(body.frame().await) };
            match within(self.patience.idle, origin, Phase::Body, next).await? {
                None => return Ok(()),
                Some(Err(cause)) => return Err(FetchError::BrokenOff { origin: origin.clone(), bytes, cause }),
                Some(Ok(frame)) => {
                    // Trailers say nothing that we ask for.
                    let Ok(data) = frame.into_data() else { continue };
                    bytes += data.len() as u64;
                    if !intake.take(data).await {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn arrived(status: StatusCode, headers: HeaderMap, target: Target, whole: Whole) -> Received<Whole> {
    let length = whole.length;
    received(status, headers, target, whole, length)
}

fn split(received: Received<Whole>) -> (Whole, Received<()>) {
    let Received { body, length, status, conditional, server_time, headers, target } = received;
    (body, Received { body: (), length, status, conditional, server_time, headers, target })
}
