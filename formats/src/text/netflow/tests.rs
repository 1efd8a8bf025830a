use std::net::IpAddr;

use model::limits::{NETFLOW_DOMAINS_MAX, NETFLOW_RECORDS_MAX, NETFLOW_TEMPLATE_FIELDS_MAX, NETFLOW_TEMPLATES_MAX};
use model::{AgencyId, Event, EventId, Format, NoteReason, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::Head;

fn exporter() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

/// A set: number, length, body.
fn set(id: u16, body: &[u8]) -> Vec<u8> {
    let mut out = id.to_be_bytes().to_vec();
    out.extend(((body.len() + 4) as u16).to_be_bytes());
    out.extend(body);
    out
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn v9(domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut out = words(&[9, sets.len() as u16]);
    for value in [10_000u32, 1_714_979_289, 7, domain] {
        out.extend(value.to_be_bytes());
    }
    out.extend(sets.concat());
    out
}

fn ipfix(domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let mut out = words(&[10, (16 + body.len()) as u16]);
    for value in [1_714_979_289u32, 7, domain] {
        out.extend(value.to_be_bytes());
    }
    out.extend(body);
    out
}

/// Template 256: addresses, ports, protocol, octets, start and end relative to the exporter's start.
fn template_v9() -> Vec<u8> {
    set(0, &words(&[256, 8, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 22, 4, 21, 4]))
}

fn flow_v9() -> Vec<u8> {
    let mut out = vec![192, 0, 2, 10, 198, 51, 100, 20];
    out.extend(words(&[40_000, 443]));
    out.push(6);
    for value in [1_234u32, 1_000, 4_000] {
        out.extend(value.to_be_bytes());
    }
    out
}

fn event_of(body: &str) -> Event {
    let agency = AgencyId::home();
    let head = Head { id: EventId::default(), agency: &agency, received: Timestamp::EPOCH };
    let fields = crate::text::fields(Format::Netflow, body.as_bytes()).unwrap();
    let (event, troubles) = crate::text::event(&fields, &head);
    assert_eq!(troubles, []);
    event
}

#[test]
fn version_9_waits_for_its_template() {
    let mut decoder = Decoder::new();
    let data = v9(3, &[set(256, &flow_v9())]);
    let early = decoder.packet(exporter(), &data);
    assert_eq!(early.records, Vec::<String>::new());
    assert_eq!(early.troubles.len(), 1);
    assert_eq!(early.troubles[0].reason, NoteReason::PartLost);
    assert_eq!(decoder.packet(exporter(), &v9(3, &[template_v9()])), Decoded::default());
    let found = decoder.packet(exporter(), &data);
    assert_eq!(found.troubles, []);
    assert_eq!(
        found.records,
        [concat!(
            r#"{"exporter":"192.0.2.1","flowVersion":9,"observationDomainId":3,"exportTime":1714979289,"#,
            r#""systemInitTimeMilliseconds":1714979279000,"sourceIPv4Address":"192.0.2.10","#,
            r#""destinationIPv4Address":"198.51.100.20","sourceTransportPort":40000,"destinationTransportPort":443,"#,
            r#""protocolIdentifier":6,"octetDeltaCount":1234,"flowStartSysUpTime":1000,"flowEndSysUpTime":4000}"#
        )]
    );
    // Another domain of the same exporter has templates of its own.
    assert_eq!(decoder.packet(exporter(), &v9(4, &[set(256, &flow_v9())])).troubles.len(), 1);
    let event = event_of(&found.records[0]);
    assert_eq!(event.class.uid(), 4001);
    assert_eq!(event.time, Timestamp::from_millis(1_714_979_283_000));
    assert_eq!(event.attributes.duration, Some(3_000));
    assert_eq!(event.attributes.traffic.unwrap().bytes, Some(1_234));
    assert_eq!(event.attributes.connection_info.unwrap().protocol_name.as_deref(), Some("tcp"));
    assert_eq!(event.attributes.dst_endpoint.unwrap().port, Some(443));
}

#[test]
fn ipfix_with_variable_length_enterprise_and_reverse() {
    let mut template = words(&[300, 6, 27, 16, 82, 65_535, 0x8000 | 7, 2]);
    template.extend(29_305u32.to_be_bytes());
    template.extend(words(&[0x8000 | 12_235, 65_535]));
    template.extend(9u32.to_be_bytes());
    template.extend(words(&[154, 8, 210, 1]));
    let mut record = vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    record.extend([4, b'e', b'"', b'h', 0]);
    record.extend(words(&[53]));
    record.extend([255, 0, 2, 0xab, 0xcd]);
    // 1970-01-01T00:00:01.5Z in NTP's time.
    record.extend((((2_208_988_801u64) << 32) | 0x8000_0000).to_be_bytes());
    record.push(0);
    let mut decoder = Decoder::new();
    let found = decoder.packet(exporter(), &ipfix(1, &[set(2, &template), set(300, &record)]));
    assert_eq!(found.troubles, []);
    assert_eq!(
        found.records,
        [concat!(
            r#"{"exporter":"192.0.2.1","flowVersion":10,"observationDomainId":1,"exportTime":1714979289,"#,
            r#""sourceIPv6Address":"2001:db8::9","interfaceName":"e\"h","reverseSourceTransportPort":53,"#,
            r#""enterprise9_12235":"abcd","flowStartMicroseconds":"1970-01-01T00:00:01.5Z"}"#
        )]
    );
    assert_eq!(event_of(&found.records[0]).time, Timestamp::from_millis(1_500));
}

#[test]
fn repeated_elements_become_an_array() {
    let mut decoder = Decoder::new();
    let template = set(2, &words(&[256, 3, 7, 2, 10, 4, 7, 2]));
    let record = set(256, &[0, 1, 0, 0, 0, 9, 0, 2]);
    let found = decoder.packet(exporter(), &ipfix(1, &[template, record]));
    assert!(found.records[0].ends_with(r#""sourceTransportPort":[1,2],"ingressInterface":9}"#), "{}", found.records[0]);
}

#[test]
fn options_are_skipped_and_templates_withdrawn() {
    let mut decoder = Decoder::new();
    let options = set(3, &words(&[400, 2, 1, 149, 4, 41, 4]));
    let found = decoder.packet(exporter(), &ipfix(1, &[options, set(400, &[0; 8])]));
    assert_eq!(found, Decoded::default());
    let options_v9 = set(1, &words(&[401, 4, 4, 1, 4, 34, 4]));
    assert_eq!(decoder.packet(exporter(), &v9(1, &[options_v9, set(401, &[0; 8])])), Decoded::default());
    decoder.packet(exporter(), &ipfix(1, &[set(2, &words(&[300, 1, 4, 1]))]));
    assert_eq!(decoder.templates(), 3);
    decoder.packet(exporter(), &ipfix(1, &[set(2, &words(&[300, 0]))]));
    assert_eq!(decoder.templates(), 2);
    assert_eq!(decoder.packet(exporter(), &ipfix(1, &[set(300, &[6])])).troubles.len(), 1);
}

#[test]
fn version_5() {
    let mut packet = words(&[5, 2]);
    for value in [10_000u32, 1_714_979_289, 0, 1] {
        packet.extend(value.to_be_bytes());
    }
    packet.extend([0; 4]);
    let mut record = vec![192, 0, 2, 10, 198, 51, 100, 20, 0, 0, 0, 0];
    record.extend(words(&[1, 2]));
    for value in [5u32, 500, 9_000, 9_500] {
        record.extend(value.to_be_bytes());
    }
    record.extend(words(&[40_000, 22]));
    record.extend([0, 0x1b, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
    packet.extend(&record);
    let found = Decoder::new().packet(exporter(), &packet);
    assert_eq!(found.records.len(), 1);
    // Two were announced.
    assert_eq!(found.troubles.len(), 1);
    let event = event_of(&found.records[0]);
    assert_eq!(event.attributes.src_endpoint.unwrap().ip.as_deref(), Some("192.0.2.10"));
    assert_eq!(event.attributes.connection_info.unwrap().tcp_flags, Some(0x1b));
    assert_eq!(event.time, Timestamp::from_millis(1_714_979_288_500));
}

#[test]
fn limits_hold() {
    let mut decoder = Decoder::new();
    let one = |id: u16| set(2, &words(&[id, 1, 4, 1]));
    for id in 0..NETFLOW_TEMPLATES_MAX as u16 + 1 {
        decoder.packet(exporter(), &ipfix(1, &[one(256 + id)]));
    }
    assert_eq!(decoder.templates(), NETFLOW_TEMPLATES_MAX);
    // The first was unused longest.
    assert_eq!(decoder.packet(exporter(), &ipfix(1, &[set(256, &[6])])).troubles.len(), 1);
    assert_eq!(decoder.packet(exporter(), &ipfix(1, &[set(257, &[6])])).records.len(), 1);

    let mut decoder = Decoder::new();
    for domain in 0..NETFLOW_DOMAINS_MAX as u32 + 1 {
        decoder.packet(exporter(), &ipfix(domain, &[one(256)]));
    }
    assert_eq!(decoder.templates(), NETFLOW_DOMAINS_MAX);
    assert_eq!(decoder.packet(exporter(), &ipfix(0, &[set(256, &[6])])).troubles.len(), 1);

    let mut wide = words(&[256, NETFLOW_TEMPLATE_FIELDS_MAX as u16 + 1]);
    (0..=NETFLOW_TEMPLATE_FIELDS_MAX).for_each(|_| wide.extend(words(&[4, 1])));
    let found = Decoder::new().packet(exporter(), &ipfix(1, &[set(2, &wide)]));
    assert_eq!(found.troubles[0].reason, NoteReason::TooLarge);

    let many = vec![6; NETFLOW_RECORDS_MAX + 1];
    let found = Decoder::new().packet(exporter(), &ipfix(1, &[one(256), set(256, &many)]));
    assert_eq!(found.records.len(), NETFLOW_RECORDS_MAX);
    assert_eq!(found.troubles[0].reason, NoteReason::TooLarge);

    // A template of nothing would read for ever.
    let nothing = set(2, &words(&[256, 1, 4, 0]));
    let found = Decoder::new().packet(exporter(), &ipfix(1, &[nothing, set(256, &[1, 2, 3, 4])]));
    assert_eq!(found.records.len(), 0);
    assert_eq!(found.troubles.len(), 2);
}

proptest! {
    #[test]
    fn any_packet_is_survived(
        version in prop::sample::select(vec![5u16, 9, 10, 11]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut packet = version.to_be_bytes().to_vec();
        packet.extend(body);
        Decoder::new().packet(exporter(), &packet);
    }

    #[test]
    fn any_flow_is_json_again(
        elements in prop::collection::vec((1u16..600, prop_oneof![0u16..20, Just(65_535)]), 1..12),
        record in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut template = words(&[256, elements.len() as u16]);
        elements.iter().for_each(|(element, length)| template.extend(words(&[*element, *length])));
        let found = Decoder::new().packet(exporter(), &ipfix(1, &[set(2, &template), set(256, &record)]));
        for body in &found.records {
            prop_assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{}", body);
            event_of(body);
        }
    }
}
