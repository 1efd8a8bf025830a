//! Where a name leads, asked of one server: its own, or the one that people ask.
//!
//! RFC 1035 over UDP, again over TCP when the answer is cut (RFC 7766). Addresses of both kinds are asked for, and aliases on the
//! way are told too. An answer counts only with the right id and question, from the address that was asked. Deliberately absent:
//! DNSSEC, and walking down from the root.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use domain::base::iana::{Class, Rcode};
use domain::base::message_builder::StreamTarget;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::{A, Aaaa, Ns};
use model::limits::{PROBE_DNS_DATAGRAM_BYTES_MAX, PROBE_DNS_RECORDS_MAX, PROBE_DNS_SECONDS_MAX, PROBE_DNS_TRIES_MAX};
use model::probe::{DnsCode, DnsFacts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// What is asked, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name.
    pub name: String,
    /// The server.
    pub server: SocketAddr,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
enum AskError {
    #[error("cannot ask the server")]
    Io(#[from] io::Error),
    #[error("the name cannot be asked for")]
    Name,
    #[error("the server is silent")]
    Silent,
}

/// Asks. Never fails: silence is an answer.
pub async fn ask(question: &Question) -> DnsFacts {
    let began = Instant::now();
    let mut facts = DnsFacts { server: question.server.to_string(), ..DnsFacts::default() };
    for rtype in [Rtype::A, Rtype::AAAA] {
        match exchange(question, rtype).await {
            Ok(message) => take(&message, &mut facts),
            // One of two kinds that is silent does not hide the other.
            Err(_) if facts.code == DnsCode::NoError => {}
            Err(_) => facts.code = DnsCode::Silent,
        }
        // Whoever does not know the name for one kind does not know it for the other.
        if facts.code != DnsCode::NoError {
            break;
        }
    }
    facts.answers.sort();
    facts.answers.dedup();
    facts.answers.truncate(PROBE_DNS_RECORDS_MAX);
    facts.authority.sort();
    facts.authority.dedup();
    facts.took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    facts
}

fn take(message: &Message<Vec<u8>>, facts: &mut DnsFacts) {
    facts.code = match message.header().rcode() {
        Rcode::NOERROR => DnsCode::NoError,
        Rcode::NXDOMAIN => DnsCode::NoSuchName,
        Rcode::SERVFAIL => DnsCode::ServerFailure,
        Rcode::REFUSED => DnsCode::Refused,
        _ => DnsCode::Other,
    };
    if let Ok(answer) = message.answer() {
        let found = answer.limit_to_in::<A>().flatten().map(|record| record.data().addr().to_string());
        facts.answers.extend(found.take(PROBE_DNS_RECORDS_MAX));
    }
    if let Ok(answer) = message.answer() {
        let found = answer.limit_to_in::<Aaaa>().flatten().map(|record| record.data().addr().to_string());
        facts.answers.extend(found.take(PROBE_DNS_RECORDS_MAX));
    }
    if let Ok(authority) = message.authority() {
        let found = authority.limit_to_in::<Ns<_>>().flatten();
        let found = found.map(|record| record.data().nsdname().to_string().to_ascii_lowercase());
        facts.authority.extend(found.take(PROBE_DNS_RECORDS_MAX));
    }
}

async fn exchange(question: &Question, rtype: Rtype) -> Result<Message<Vec<u8>>, AskError> {
    let id = fastrand::u16(..);
    let asked = written(&question.name, rtype, id).ok_or(AskError::Name)?;
    let wait = Duration::from_secs(PROBE_DNS_SECONDS_MAX);
    for _ in 0..PROBE_DNS_TRIES_MAX {
        match timeout(wait, by_datagram(question.server, &asked)).await {
            Ok(Ok(message)) if !message.header().tc() => return Ok(message),
            Ok(Ok(_cut)) => {
                let whole = timeout(wait, by_stream(question.server, &asked)).await;
                return whole.map_err(|_| AskError::Silent)?;
            }
            Ok(Err(AskError::Io(error))) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(error.into());
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
    Err(AskError::Silent)
}

fn written(name: &str, rtype: Rtype, id: u16) -> Option<StreamTarget<Vec<u8>>> {
    let name = Name::<Vec<u8>>::from_str(name).ok()?;
    let mut message = MessageBuilder::from_target(StreamTarget::new_vec()).ok()?;
    let header = message.header_mut();
    header.set_id(id);
    header.set_rd(true);
    let mut question = message.question();
    question.push((&name, rtype, Class::IN)).ok()?;
    let mut additional = question.answer().additional();
    // RFC 6891: without it a server cuts at 512 bytes.
    let bytes = u16::try_from(PROBE_DNS_DATAGRAM_BYTES_MAX).unwrap_or(512);
    additional
        .opt(|opt| {
            opt.set_udp_payload_size(bytes);
            Ok(())
        })
        .ok()?;
    Some(additional.finish())
}

async fn by_datagram(server: SocketAddr, asked: &StreamTarget<Vec<u8>>) -> Result<Message<Vec<u8>>, AskError> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(asked.as_dgram_slice()).await?;
    let mut datagram = vec![0; PROBE_DNS_DATAGRAM_BYTES_MAX];
    loop {
        let bytes = socket.recv(&mut datagram).await?;
        if let Some(message) = fitting(datagram.get(..bytes).unwrap_or_default(), asked) {
            return Ok(message);
        }
    }
}

async fn by_stream(server: SocketAddr, asked: &StreamTarget<Vec<u8>>) -> Result<Message<Vec<u8>>, AskError> {
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(asked.as_stream_slice()).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    fitting(&bytes, asked).ok_or(AskError::Silent)
}

/// An answer to just this question; anything else may be from anybody.
fn fitting(bytes: &[u8], asked: &StreamTarget<Vec<u8>>) -> Option<Message<Vec<u8>>> {
    let message = Message::from_octets(bytes.to_vec()).ok()?;
    let question = Message::from_octets(asked.as_dgram_slice().to_vec()).ok()?;
    message.is_answer(&question).then_some(message)
}
