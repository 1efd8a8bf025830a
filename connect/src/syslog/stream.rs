//! The TCP and TLS side of syslog: connections, their limits, and batches.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use model::limits::{
    SYSLOG_CONNECTION_BYTES_MAX, SYSLOG_CONNECTIONS_MAX, SYSLOG_FRAME_BYTES_MAX, SYSLOG_IDLE_SECONDS_MAX,
    TLS_HANDSHAKE_SECONDS_MAX,
};
use model::{Format, NoteReason};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{Deframer, Frame, SyslogTcpConfig};
use crate::gather::Gather;
use crate::health::{Count, SourceState};
use crate::link::{Link, SourceError};

/// What each connection has to know.
#[derive(Clone)]
struct Rules {
    format: Format,
    frame_bytes_max: usize,
    idle: Duration,
    tls: Option<TlsAcceptor>,
}

/// Listens until shutdown; every connection has a task of its own.
pub(super) async fn serve(
    config: &SyslogTcpConfig,
    tls: Option<Arc<ServerConfig>>,
    link: &Link,
) -> Result<(), SourceError> {
    let cannot_listen = |cause| SourceError::Listen { address: config.listen.clone(), cause };
    let listener = TcpListener::bind(&config.listen).await.map_err(cannot_listen)?;
    let rules = Rules {
        format: config.format.unwrap_or(Format::Syslog),
        frame_bytes_max: config.frame_bytes_max.clamp(1, SYSLOG_FRAME_BYTES_MAX),
        idle: Duration::from_secs(config.idle_seconds_max.clamp(1, SYSLOG_IDLE_SECONDS_MAX)),
        tls: tls.map(TlsAcceptor::from),
    };
    let places = Arc::new(Semaphore::new(config.connections_max.clamp(1, SYSLOG_CONNECTIONS_MAX)));
    link.health.set_listening(listener.local_addr().ok());
    link.health.set_state(SourceState::Running);
    let mut connections = JoinSet::new();
    let outcome = loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => admit(stream, peer, &places, &rules, link, &mut connections),
                // Out of descriptors or a connection that broke at once: neither ends the listener.
                Err(error) if is_passing(&error) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(cause) => break Err(SourceError::Io { what: "accept connections", cause }),
            },
            Some(ended) = connections.join_next() => {
                if let Ok(Err(error)) = ended {
                    break Err(error);
                }
            }
            () = link.shutdown.cancelled() => break Ok(()),
        }
    };
    drop(listener);
    if outcome.is_ok() {
        while connections.join_next().await.is_some() {}
    }
    outcome
}

fn is_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    // EMFILE and ENFILE: no descriptor left, which connections that end give back.
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
        || matches!(error.raw_os_error(), Some(23 | 24))
}

fn admit(
    stream: TcpStream,
    peer: SocketAddr,
    places: &Arc<Semaphore>,
    rules: &Rules,
    link: &Link,
    connections: &mut JoinSet<Result<(), SourceError>>,
) {
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        link.health.add(Count::Refused, 1);
        link.health.note(NoteReason::TooLarge, format!("connection from {peer} refused: too many connections"));
        return;
    };
    link.health.add(Count::Connections, 1);
    let (rules, link) = (rules.clone(), link.clone());
    connections.spawn(async move {
        let _place = place;
        converse(stream, peer, &rules, &link).await
    });
}

/// One connection from its handshake to its end. Only a failed intake is an error of the source.
async fn converse(stream: TcpStream, peer: SocketAddr, rules: &Rules, link: &Link) -> Result<(), SourceError> {
    let Some(acceptor) = &rules.tls else { return read_all(stream, peer, rules, link).await };
    let longest = Duration::from_secs(TLS_HANDSHAKE_SECONDS_MAX);
    let refused = match tokio::time::timeout(longest, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => return read_all(stream, peer, rules, link).await,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("not done within {TLS_HANDSHAKE_SECONDS_MAX} s"),
    };
    link.health.add(Count::Refused, 1);
    link.health.note(NoteReason::Malformed, format!("TLS handshake with {peer} failed: {refused}"));
    Ok(())
}

/// How a turn of reading ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    More,
    End,
}

async fn read_all(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    rules: &Rules,
    link: &Link,
) -> Result<(), SourceError> {
    let mut deframer = Deframer::new(rules.frame_bytes_max);
    let mut chunk = Vec::with_capacity(READ_BYTES);
    loop {
        let mut frames = Vec::new();
        let waited = tokio::select! {
            turn = tokio::time::timeout(rules.idle, read_turn(&mut stream, &mut chunk, &mut deframer, &mut frames)) => turn,
            () = link.shutdown.cancelled() => Ok(Turn::End),
        };
        let turn = waited.unwrap_or_else(|_| {
            link.health.note(NoteReason::TooLarge, format!("connection from {peer} closed: idle too long"));
            Turn::End
        });
        if turn == Turn::End {
            deframer.finish(&mut frames);
        }
        hand_in(frames, peer, rules, link).await?;
        if turn == Turn::End {
            // RFC 5425 section 4.4: the end of a TLS connection is said. Who does not listen is not waited for.
            let _ = tokio::time::timeout(FAREWELL, stream.shutdown()).await;
            return Ok(());
        }
    }
}

const FAREWELL: Duration = Duration::from_secs(1);

const READ_BYTES: usize = 64 * 1024;

/// Waits for bytes, then takes what else is there already, up to the connection's share. Cancel-safe: `read_buf` loses
/// nothing, and there is no other wait.
async fn read_turn(
    stream: &mut (impl AsyncRead + Unpin),
    chunk: &mut Vec<u8>,
    deframer: &mut Deframer,
    frames: &mut Vec<Frame>,
) -> Turn {
    let mut taken = 0;
    while taken + READ_BYTES <= SYSLOG_CONNECTION_BYTES_MAX / 2 {
        chunk.clear();
        let read = match taken {
            0 => Some(stream.read_buf(chunk).await),
            _ => stream.read_buf(chunk).now_or_never(),
        };
        match read {
            // A connection that breaks is one that ends: what it brought is kept.
            Some(Ok(0) | Err(_)) => return Turn::End,
            Some(Ok(bytes)) => {
                taken += bytes;
                deframer.feed(chunk, frames);
            }
            None => break,
        }
    }
    Turn::More
}

async fn hand_in(frames: Vec<Frame>, peer: SocketAddr, rules: &Rules, link: &Link) -> Result<(), SourceError> {
    let mut gather = Gather::default();
    for frame in frames {
        if frame.cut {
            link.health.add(Count::Truncated, 1);
            let kept_bytes = frame.body.len();
            link.health.note(NoteReason::TooLarge, format!("frame from {peer} cut after {kept_bytes} bytes"));
        }
        if let Some(full) = gather.push(link.record(None, Some(rules.format), frame.body)) {
            link.hand_in(full).await?;
        }
    }
    link.hand_in(gather.take()).await?;
    Ok(())
}
