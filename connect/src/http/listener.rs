//! A server for routes, with a limit on connections and optional TLS.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use model::limits::{INGEST_CONNECTIONS_MAX, TLS_HANDSHAKE_SECONDS_MAX};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The server failed.
#[derive(Debug, thiserror::Error)]
#[error("the server failed")]
pub struct ServeError(#[from] std::io::Error);

/// Serves `router` until `shutdown`, then lets requests under way finish. At most
/// [`INGEST_CONNECTIONS_MAX`] connections are open; more wait in the kernel's queue.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: axum::Router,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let gate = Gate {
        listener,
        tls: tls.map(TlsAcceptor::from),
        places: Arc::new(Semaphore::new(INGEST_CONNECTIONS_MAX)),
        handshakes: JoinSet::new(),
    };
    axum::serve(gate, router).with_graceful_shutdown(shutdown.cancelled_owned()).await?;
    Ok(())
}

/// Accepts connections that have a place. Handshakes run beside each other, so that a slow client holds up nobody.
struct Gate {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    handshakes: JoinSet<Option<(Connection, SocketAddr)>>,
}

impl Gate {
    /// The next connection with a place. Cancel-safe: a place that is not used goes back.
    async fn next_tcp(
        listener: &TcpListener,
        places: &Arc<Semaphore>,
    ) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
        loop {
            let Ok(place) = Arc::clone(places).acquire_owned().await else {
                // The semaphore is never closed.
                std::future::pending::<()>().await;
                continue;
            };
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, place),
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) -> Option<(Connection, SocketAddr)> {
    let longest = Duration::from_secs(TLS_HANDSHAKE_SECONDS_MAX);
    let stream = tokio::time::timeout(longest, acceptor.accept(stream)).await.ok()?.ok()?;
    Some((Connection { stream: Box::new(stream), _place: place }, peer))
}

impl Listener for Gate {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let Gate { listener, tls, places, handshakes } = self;
            tokio::select! {
                (stream, peer, place) = Gate::next_tcp(listener, places) => match tls {
                    None => return (Connection { stream: Box::new(stream), _place: place }, peer),
                    Some(acceptor) => {
                        handshakes.spawn(shake_hands(acceptor.clone(), stream, peer, place));
                    }
                },
                Some(ended) = handshakes.join_next() => {
                    if let Ok(Some(ready)) = ended {
                        return ready;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection and the place that it takes.
struct Connection {
    stream: Box<dyn Stream>,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
