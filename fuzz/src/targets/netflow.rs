//! Packets of an exporter, one behind the other: templates come before flows.

use std::net::IpAddr;

use ::formats::Mappings;
use ::formats::text::netflow::Decoder;
use model::Format;
use model::limits::{NETFLOW_DOMAINS_MAX, NETFLOW_RECORDS_MAX, NETFLOW_TEMPLATES_MAX};

use crate::event::check_record;

/// Flows of one input that are turned into events; the others are JSON all the same.
const EVENTS_MAX: usize = 16;

/// NetFlow v5, v9 and IPFIX. Each packet has two bytes with its length in front.
pub fn netflow_packets(bytes: &[u8]) {
    let exporter = IpAddr::from([192, 0, 2, 1]);
    let (mut decoder, mut again) = (Decoder::new(), Decoder::new());
    let mut rest = bytes;
    let mut events = 0;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (packet, behind) = behind.split_at(length);
        let decoded = decoder.packet(exporter, packet);
        assert_eq!(decoded, again.packet(exporter, packet), "the same packets give the same flows");
        assert!(decoded.records.len() <= NETFLOW_RECORDS_MAX);
        assert!(decoder.templates() <= NETFLOW_DOMAINS_MAX * NETFLOW_TEMPLATES_MAX);
        for record in &decoded.records {
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(record).is_ok(), "a flow is JSON: {record}");
        }
        for record in decoded.records.iter().take(EVENTS_MAX.saturating_sub(events)) {
            check_record(Format::Netflow, record.as_bytes(), &Mappings::default());
            events += 1;
        }
        rest = behind;
    }
}

pub(super) mod seeds {
    /// A set: number, length, body.
    fn set(id: u16, body: &[u8]) -> Vec<u8> {
        let length = (body.len() + 4) as u16;
        [&id.to_be_bytes()[..], &length.to_be_bytes(), body].concat()
    }

    fn words(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    fn numbers(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    fn v9(sets: &[Vec<u8>]) -> Vec<u8> {
        [words(&[9, sets.len() as u16]), numbers(&[10_000, 1_714_979_289, 7, 3]), sets.concat()].concat()
    }

    fn ipfix(sets: &[Vec<u8>]) -> Vec<u8> {
        let body = sets.concat();
        [words(&[10, (16 + body.len()) as u16]), numbers(&[1_714_979_289, 7, 3]), body].concat()
    }

    fn v5() -> Vec<u8> {
        let header = [words(&[5, 1]), numbers(&[10_000, 1_714_979_289, 0, 1]), words(&[0, 0])].concat();
        let addresses = numbers(&[0xc000_020a, 0xc633_6414, 0]);
        let rest = [
            words(&[1, 2]),
            numbers(&[3, 1_234, 1_000, 4_000]),
            words(&[40_000, 443]),
            vec![0, 2, 6, 0],
            words(&[1, 2, 3, 0]),
        ];
        [header, addresses, rest.concat()].concat()
    }

    fn stream(packets: &[Vec<u8>]) -> Vec<u8> {
        let framed = packets.iter().map(|packet| [&(packet.len() as u16).to_be_bytes()[..], packet].concat());
        framed.collect::<Vec<_>>().concat()
    }

    pub(in super::super) fn netflow_packets() -> Vec<Vec<u8>> {
        let template = words(&[256, 8, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 22, 4, 21, 4]);
        let flow =
            [vec![192, 0, 2, 10, 198, 51, 100, 20], words(&[40_000, 443]), vec![6], numbers(&[1_234, 1_000, 4_000])]
                .concat();
        // IPv6, a variable-length name, an enterprise's element, a reverse element, nanoseconds.
        let wide = words(&[257, 5, 27, 16, 96, 65_535, 0x8001, 4, 0, 9, 0x8001, 8, 0, 29_305, 156, 8]);
        let wide_flow = [vec![0x20; 16], vec![3, b'w', b'e', b'b'], vec![1; 4], vec![2; 8], vec![0xe0; 8]].concat();
        let options = words(&[258, 2, 1, 149, 4, 41, 8]);
        let old = stream(&[v9(&[set(0, &template)]), v9(&[set(256, &[flow.clone(), flow.clone()].concat())])]);
        let new = stream(&[
            ipfix(&[set(2, &template), set(2, &wide), set(3, &options)]),
            ipfix(&[set(256, &flow), set(257, &wide_flow)]),
        ]);
        vec![old, new, stream(&[v5()])]
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    pub(in super::super) const netflow_packets: &[&str] = &["\0\u{5}", "\0\u{9}", "\0\u{a}", "\u{1}\0", "\0\0\0\u{4}"];
}
