//! One request and the head of its answer, over one connection to an address that was looked at.
//!
//! HTTP/1.1 only, a connection for each request: what is fetched is few and large, and a pooled connection would have been
//! checked for another request.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use model::limits::{FETCH_ADDRESSES_MAX, FETCH_HEADER_BYTES_MAX, FETCH_HEADERS_MAX};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::{Special, canonical, special};
use super::error::{FetchError, Phase};
use super::outside::Outside;
use super::rules::{Exceptions, Patience};
use super::target::{Host, Origin, Scheme};

/// An answer whose body is still on the wire. Dropping it ends the connection.
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    _connection: Connection,
}

impl Answer {
    /// The answer, and what keeps its bytes coming.
    pub(super) fn split(self) -> (Response<Incoming>, Connection) {
        (self.response, self._connection)
    }
}

/// The task that moves bytes of a connection; ended with its owner.
pub(super) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// All that an exchange needs beside the request.
pub(super) struct Way<'a> {
    pub(super) outside: &'a dyn Outside,
    pub(super) exceptions: &'a Exceptions,
    pub(super) tls: &'a Arc<rustls::ClientConfig>,
    pub(super) has_authorities: bool,
    pub(super) patience: &'a Patience,
}

impl Way<'_> {
    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(&self, origin: &Origin, request: Request<Full<Bytes>>) -> Result<Answer, FetchError> {
        let addresses = self.checked_addresses(origin).await?;
        let connecting = async {
            let stream = self.connect(origin, &addresses).await?;
            match origin.scheme {
                Scheme::Http => Ok(Box::new(stream) as Box<dyn Wire>),
                Scheme::Https => self.secured(origin, stream).await,
            }
        };
        let stream = within(self.patience.connect, origin, Phase::Connect, connecting).await?;
        within(self.patience.answer, origin, Phase::Answer, ask(origin, stream, request)).await
    }

    /// The addresses of an origin, asked for once: if only one of them is not public, none is used.
    pub(super) async fn checked_addresses(&self, origin: &Origin) -> Result<Vec<IpAddr>, FetchError> {
        let addresses = match &origin.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let asked = async {
                    let found = self.outside.addresses(name).await;
                    found.map_err(|cause| FetchError::Resolve { origin: origin.clone(), cause })
                };
                within(self.patience.connect, origin, Phase::Resolve, asked).await?
            }
        };
        if addresses.is_empty() {
            return Err(FetchError::NoAddress(origin.clone()));
        }
        if addresses.len() > FETCH_ADDRESSES_MAX {
            return Err(FetchError::TooManyAddresses(origin.clone()));
        }
        let is_excepted = self.exceptions.cover(origin);
        let addresses: Vec<IpAddr> = addresses.into_iter().map(canonical).collect();
        for address in &addresses {
            let (what, can_be_allowed) = match special(*address) {
                None => continue,
                Some(Special::Local(_)) if is_excepted => continue,
                Some(Special::Local(what)) => (what, true),
                Some(Special::Never(what)) => (what, false),
            };
            return Err(FetchError::Private { origin: origin.clone(), address: *address, what, can_be_allowed });
        }
        Ok(addresses)
    }

    /// A connection to the first of the addresses that answers.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        addresses: &[IpAddr],
    ) -> Result<tokio::net::TcpStream, FetchError> {
        // Each gets its share of the time, so that a dead first one does not hide a living second.
        let share = self.patience.connect / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match timeout(share, self.outside.dial(SocketAddr::new(*address, origin.port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(FetchError::Connect { origin: origin.clone(), cause: last })
    }

    async fn secured(&self, origin: &Origin, stream: tokio::net::TcpStream) -> Result<Box<dyn Wire>, FetchError> {
        if !self.has_authorities {
            return Err(FetchError::NoAuthorities(origin.clone()));
        }
        let failed = |cause| FetchError::Tls { origin: origin.clone(), cause };
        let name = match &origin.host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|error| failed(io::Error::other(error)))?,
        };
        let stream = TlsConnector::from(Arc::clone(self.tls)).connect(name, stream).await.map_err(failed)?;
        Ok(Box::new(stream))
    }
}

/// Bytes both ways, with or without TLS.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

async fn ask(origin: &Origin, stream: Box<dyn Wire>, request: Request<Full<Bytes>>) -> Result<Answer, FetchError> {
    let failed = |cause: hyper::Error| match cause.is_parse_too_large() {
        true => FetchError::HeadTooLarge(origin.clone()),
        false => FetchError::Http { origin: origin.clone(), cause },
    };
    let mut builder = http1::Builder::new();
    builder.max_headers(FETCH_HEADERS_MAX).max_header_size(FETCH_HEADER_BYTES_MAX).max_buf_size(BUFFER_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // What goes wrong on the connection comes out of the request or of its body.
    let connection = Connection(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await.map_err(failed)?;
    Ok(Answer { response, _connection: connection })
}

/// What is read at once; larger than any head that is taken.
const BUFFER_BYTES: usize = 2 * FETCH_HEADER_BYTES_MAX;

/// Waits for something, but not for ever.
pub(super) async fn within<T>(
    limit: Duration,
    origin: &Origin,
    phase: Phase,
    waited: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    let too_slow = || FetchError::TooSlow { origin: origin.clone(), phase, limit };
    timeout(limit, waited).await.unwrap_or_else(|_| Err(too_slow()))
}
