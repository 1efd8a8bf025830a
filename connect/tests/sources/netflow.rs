//! Export packets over UDP, through a decoder.

use connect::netflow::{Netflow, Packet, PacketDecoder};
use model::Format;
use model::limits::BATCH_RECORDS_MAX;
use tokio::net::UdpSocket;

use crate::intake::{FakeIntake, Running, config};

/// One body for each byte of the packet; a packet with a question mark is broken behind it.
struct Bytes;

impl PacketDecoder for Bytes {
    fn decode(&mut self, packet: Packet<'_>, bodies: &mut Vec<Vec<u8>>) -> Result<(), String> {
        for byte in packet.bytes {
            if *byte == b'?' {
                return Err("a question".to_owned());
            }
            bodies.push(vec![*byte]);
        }
        Ok(())
    }
}

#[tokio::test]
async fn flows_become_records_and_broken_packets_notes() {
    let intake = FakeIntake::new();
    let source = Running::start(Netflow::new(config("listen = '127.0.0.1:0'"), Box::new(Bytes)), &intake);
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    for packet in [&b"ab"[..], b"c?d", b"e"] {
        sender.send_to(packet, source.address().await).await.expect("sent");
    }
    intake.until_stored(4).await;
    assert_eq!(intake.texts(), ["a", "b", "c", "e"]);
    assert!(intake.stored().iter().all(|record| record.format == Some(Format::Netflow)));
    let notes = source.health.notes();
    assert_eq!(source.health.snapshot().refused, 1);
    assert!(notes[0].detail.ends_with("a question"), "{notes:?}");
    source.stop().await;
}

#[tokio::test]
async fn a_packet_with_more_flows_than_a_batch_is_split() {
    let intake = FakeIntake::new();
    let source = Running::start(Netflow::new(config("listen = '127.0.0.1:0'"), Box::new(Bytes)), &intake);
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let packet = vec![b'x'; BATCH_RECORDS_MAX * 2 + 1];
    sender.send_to(&packet, source.address().await).await.expect("sent");
    intake.until_stored(packet.len()).await;
    source.stop().await;
}
