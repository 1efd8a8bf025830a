//! Telling resolvers that a zone has changed: RFC 1996, signed.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use domain::base::iana::{Class, Opcode, Rcode};
use domain::base::message_builder::PushError;
use domain::base::name::FromStrError;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::tsig::ClientTransaction;
use model::doors::Clock;
use model::limits::{RPZ_DATAGRAM_BYTES_MAX, RPZ_NOTIFY_SECONDS, RPZ_NOTIFY_TRIES_MAX};
use tokio::net::UdpSocket;

use super::Secondary;
use super::answer::{Buffer, buffer, seconds};
use super::key::Held;
use super::wire::Record;
use super::zone::Zone;

/// Why a resolver was not told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum NotifyError {
    #[error("cannot send to {address}")]
    Io {
        address: SocketAddr,
        #[source]
        cause: std::io::Error,
    },
    #[error("{address} does not answer")]
    Silent { address: SocketAddr },
    #[error("{address} refuses: {rcode}")]
    Refused { address: SocketAddr, rcode: Rcode },
    #[error("the message cannot be written: {0}")]
    Write(#[from] PushError),
    #[error("the zone's name cannot be written: {0}")]
    Name(#[from] FromStrError),
}

/// Tells one resolver, again and again until it answers or has been told often enough. Cancel-safe.
pub(super) async fn notify(secondary: &Secondary, zone: &Zone, clock: &dyn Clock) -> Result<(), NotifyError> {
    let address = secondary.address;
    let failed = |cause| NotifyError::Io { address, cause };
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await.map_err(failed)?;
    socket.connect(address).await.map_err(failed)?;
    let mut wait = Duration::from_secs(RPZ_NOTIFY_SECONDS);
    for _ in 0..RPZ_NOTIFY_TRIES_MAX {
        let (message, transaction) = written(secondary, zone, clock)?;
        // A port where nobody listens shows as an error of a later call: it is waited for as for silence.
        let sent = socket.send(message.as_dgram_slice()).await;
        let answered = tokio::time::timeout(wait, answer(&socket, &transaction, clock)).await;
        match (sent, answered) {
            (Ok(_), Ok(Ok(Rcode::NOERROR))) => return Ok(()),
            (Ok(_), Ok(Ok(rcode))) => return Err(NotifyError::Refused { address, rcode }),
            (Err(_), Ok(_)) | (Ok(_), Ok(Err(_))) => tokio::time::sleep(wait).await,
            (_, Err(_)) => {}
        }
        wait *= 2;
    }
    Err(NotifyError::Silent { address })
}

fn written(
    secondary: &Secondary,
    zone: &Zone,
    clock: &dyn Clock,
) -> Result<(Buffer, ClientTransaction<Held>), NotifyError> {
    let name = Name::<Vec<u8>>::from_str(zone.settings().name())?;
    let mut message = MessageBuilder::from_target(buffer()).map_err(|_| PushError::ShortBuf)?;
    let header = message.header_mut();
    header.set_id(fastrand::u16(..));
    header.set_opcode(Opcode::NOTIFY);
    header.set_aa(true);
    let mut question = message.question();
    question.push((&name, Rtype::SOA, Class::IN))?;
    let mut answer = question.answer();
    answer.push(Record::soa(zone))?;
    let mut message = answer.additional();
    let key = Held(secondary.key.clone());
    let transaction = ClientTransaction::request(key, &mut message, seconds(clock.now()))?;
    Ok((message.finish(), transaction))
}

/// Waits for an answer that is signed with the key; others are passed over.
async fn answer(
    socket: &UdpSocket,
    transaction: &ClientTransaction<Held>,
    clock: &dyn Clock,
) -> std::io::Result<Rcode> {
    let mut datagram = vec![0; RPZ_DATAGRAM_BYTES_MAX];
    loop {
        let bytes = socket.recv(&mut datagram).await?;
        let Ok(mut message) = Message::from_octets(datagram.get(..bytes).unwrap_or_default().to_vec()) else {
            continue;
        };
        if transaction.answer(&mut message, seconds(clock.now())).is_ok() && message.header().qr() {
            return Ok(message.header().rcode());
        }
    }
}
