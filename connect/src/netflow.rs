//! NetFlow v9 (RFC 3954) and IPFIX (RFC 7011) over UDP: receives export packets and has them decoded.
//!
//! How flows are written in a packet is known to the [`PacketDecoder`] that the engine gives; templates are its memory.
//! Lossy like every UDP source; the exporters' own sequence numbers are the decoder's to watch.
//!
//! Deliberately absent: IPFIX over SCTP, TCP or TLS.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use model::doors::BoxFuture;
use model::{Format, NoteReason, Timestamp};
use serde::Deserialize;

use crate::health::Count;
use crate::link::{Link, SourceError};
use crate::runner::Source;
use crate::udp;

/// One export packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Who sent it: templates hold for one exporter only.
    pub exporter: SocketAddr,
    /// When it arrived.
    pub received: Timestamp,
    /// The payload of the datagram.
    pub bytes: &'a [u8],
}

/// Turns export packets into one JSON body for each flow.
pub trait PacketDecoder: Send {
    /// Decodes one packet. Bodies that were pushed before an error are kept.
    ///
    /// # Errors
    /// What is wrong with the packet, for a note; the packet counts as refused.
    fn decode(&mut self, packet: Packet<'_>, bodies: &mut Vec<Vec<u8>>) -> Result<(), String>;
}

/// NetFlow or IPFIX over UDP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetflowConfig {
    /// Address and port, for example `0.0.0.0:2055`.
    pub listen: String,
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// Receive buffer asked of the kernel; [`model::limits::UDP_RECEIVE_BUFFER_BYTES`] when absent.
    #[serde(default)]
    pub receive_buffer_bytes: Option<usize>,
}

/// The source. Its decoder outlives restarts, so that templates need not be learned again.
pub struct Netflow {
    config: NetflowConfig,
    decoder: Mutex<Box<dyn PacketDecoder>>,
}

impl Netflow {
    /// A source from its configuration and decoder.
    pub fn new(config: NetflowConfig, decoder: Box<dyn PacketDecoder>) -> Self {
        Netflow { config, decoder: Mutex::new(decoder) }
    }
}

impl Source for Netflow {
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>> {
        let listen =
            udp::Listen { address: self.config.listen.clone(), receive_buffer_bytes: self.config.receive_buffer_bytes };
        let mut bodies = Vec::new();
        Box::pin(udp::receive(listen, link, move |link, exporter, bytes, out| {
            let packet = Packet { exporter, received: link.clock.now(), bytes };
            // A decoder that panicked half-way has at worst lost a template, which its exporter sends again.
            let mut decoder = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(reason) = decoder.decode(packet, &mut bodies) {
                link.health.add(Count::Refused, 1);
                link.health.note(NoteReason::Malformed, format!("packet from {exporter}: {reason}"));
            }
            out.extend(bodies.drain(..).map(|body| link.record(None, Some(Format::Netflow), body)));
        }))
    }
}
