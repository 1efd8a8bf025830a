//! Syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425).
//!
//! Only frames are known here, not messages: what is inside is read by `formats`. Syslog has no acknowledgement: a
//! record that we hold counts as delivered for its sender. Over TCP and TLS we read no further while ingest is busy, so
//! that the sender is held back; what was in flight when a connection breaks may be lost. Over UDP nothing holds the
//! sender back; what we drop is counted.
//!
//! Deliberately absent: RELP, DTLS (RFC 6012), and answers of any kind.

mod framing;
mod stream;

use std::sync::Arc;

use model::Format;
use model::doors::BoxFuture;
use model::limits::{SYSLOG_CONNECTIONS_MAX, SYSLOG_FRAME_BYTES_MAX, SYSLOG_IDLE_SECONDS_MAX};
use rustls::ServerConfig;
use serde::Deserialize;

pub use framing::{Deframer, Frame};

use crate::link::{Link, SourceError};
use crate::runner::Source;
use crate::tls::ListenTls;
use crate::udp;

/// Syslog over UDP. Lossy: a burst that neither the kernel's buffer nor ours holds is gone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogUdpConfig {
    /// Address and port, for example `0.0.0.0:514`.
    pub listen: String,
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// What the records are; syslog when absent.
    #[serde(default)]
    pub format: Option<Format>,
    /// Receive buffer asked of the kernel; [`model::limits::UDP_RECEIVE_BUFFER_BYTES`] when absent.
    #[serde(default)]
    pub receive_buffer_bytes: Option<usize>,
}

/// Syslog over TCP, with TLS if `tls` is given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogTcpConfig {
    /// Address and port, for example `0.0.0.0:6514`.
    pub listen: String,
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// What the records are; syslog when absent.
    #[serde(default)]
    pub format: Option<Format>,
    /// Certificate and key; plain TCP when absent.
    #[serde(default)]
    pub tls: Option<ListenTls>,
    /// Connections at once, at most [`SYSLOG_CONNECTIONS_MAX`].
    #[serde(default = "connections_max")]
    pub connections_max: usize,
    /// Longest frame, at most [`SYSLOG_FRAME_BYTES_MAX`]; what is longer is cut there and counted.
    #[serde(default = "frame_bytes_max")]
    pub frame_bytes_max: usize,
    /// Silence after which a connection is closed, at most [`SYSLOG_IDLE_SECONDS_MAX`].
    #[serde(default = "idle_seconds_max")]
    pub idle_seconds_max: u64,
}

fn connections_max() -> usize {
    SYSLOG_CONNECTIONS_MAX
}

fn frame_bytes_max() -> usize {
    SYSLOG_FRAME_BYTES_MAX
}

fn idle_seconds_max() -> u64 {
    SYSLOG_IDLE_SECONDS_MAX
}

/// The UDP source.
pub struct SyslogUdp {
    config: SyslogUdpConfig,
}

impl SyslogUdp {
    /// A source from its configuration.
    pub fn new(config: SyslogUdpConfig) -> Self {
        SyslogUdp { config }
    }
}

impl Source for SyslogUdp {
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>> {
        let format = self.config.format.unwrap_or(Format::Syslog);
        let listen =
            udp::Listen { address: self.config.listen.clone(), receive_buffer_bytes: self.config.receive_buffer_bytes };
        Box::pin(udp::receive(listen, link, move |link, _, datagram, out| {
            // RFC 5426 section 3.1: one message, no trailer; many senders add one all the same.
            let message = framing::without_trailer(datagram);
            if !message.is_empty() {
                out.push(link.record(None, Some(format), message.to_vec()));
            }
        }))
    }
}

/// The TCP and TLS source.
pub struct SyslogTcp {
    config: SyslogTcpConfig,
    tls: Option<Arc<ServerConfig>>,
}

impl SyslogTcp {
    /// A source from its configuration; reads its keys.
    ///
    /// # Errors
    /// When keys or certificates cannot be used.
    pub fn new(config: SyslogTcpConfig) -> Result<Self, crate::tls::TlsError> {
        let tls = config.tls.as_ref().map(crate::tls::listen).transpose()?;
        Ok(SyslogTcp { config, tls })
    }
}

impl Source for SyslogTcp {
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(stream::serve(&self.config, self.tls.clone(), link))
    }
}
