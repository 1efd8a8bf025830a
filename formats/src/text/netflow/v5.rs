//! NetFlow version 5: a fixed record of 48 bytes (Cisco, "NetFlow Export Datagram Format").

use std::net::{IpAddr, Ipv4Addr};

use super::decoder::{Decoded, u16_at, u32_at};
use crate::Trouble;

const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 48;

pub(super) fn read(exporter: IpAddr, packet: &[u8], decoded: &mut Decoded) {
    let header = (u16_at(packet, 2), u32_at(packet, 4), u32_at(packet, 8), u16_at(packet, 20));
    let (Some(count), Some(uptime_ms), Some(seconds), Some(engine)) = header else {
        decoded.troubles.push(Trouble::malformed("netflow 5: shorter than its header"));
        return;
    };
    let records = packet.get(HEADER_BYTES..).unwrap_or_default();
    let started = i64::from(seconds) * 1_000 - i64::from(uptime_ms);
    let front = format!(
        "{{\"exporter\":\"{exporter}\",\"flowVersion\":5,\"observationDomainId\":{engine},\"exportTime\":{seconds},\
         \"systemInitTimeMilliseconds\":{started}"
    );
    for record in records.chunks_exact(RECORD_BYTES).take(usize::from(count)) {
        decoded.records.extend(flow(record, &front));
    }
    if decoded.records.len() < usize::from(count) {
        let found = decoded.records.len();
        decoded.troubles.push(Trouble::malformed(format!("netflow 5: {count} flows announced, {found} there")));
    }
}

fn flow(record: &[u8], front: &str) -> Option<String> {
    let ip = |at| u32_at(record, at).map(Ipv4Addr::from);
    let (long, short, byte) = (|at| u32_at(record, at), |at| u16_at(record, at), |at: usize| record.get(at).copied());
    Some(format!(
        "{front},\"sourceIPv4Address\":\"{}\",\"destinationIPv4Address\":\"{}\",\"ipNextHopIPv4Address\":\"{}\",\
         \"ingressInterface\":{},\"egressInterface\":{},\"packetDeltaCount\":{},\"octetDeltaCount\":{},\
         \"flowStartSysUpTime\":{},\"flowEndSysUpTime\":{},\"sourceTransportPort\":{},\"destinationTransportPort\":{},\
         \"tcpControlBits\":{},\"protocolIdentifier\":{},\"ipClassOfService\":{},\"bgpSourceAsNumber\":{},\
         \"bgpDestinationAsNumber\":{},\"sourceIPv4PrefixLength\":{},\"destinationIPv4PrefixLength\":{}}}",
        ip(0)?,
        ip(4)?,
        ip(8)?,
        short(12)?,
        short(14)?,
        long(16)?,
        long(20)?,
        long(24)?,
        long(28)?,
        short(32)?,
        short(34)?,
        byte(37)?,
        byte(38)?,
        byte(39)?,
        short(40)?,
        short(42)?,
        byte(44)?,
        byte(45)?,
    ))
}
