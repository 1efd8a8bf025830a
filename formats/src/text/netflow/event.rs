//! A flow's JSON object to OCSF.

use model::ocsf::{AutonomousSystem, Class, Endpoint, Traffic};
use model::{Event, Fields, Timestamp};

use crate::text::draft::{Draft, End, Verdict, View, blank, device, is_mac};
use crate::text::pairs::aliases;
use crate::text::plain;
use crate::{Head, Trouble};

/// Adds Sigma's names for what the elements hold, and the log source.
pub(in crate::text) fn add_names(fields: &mut Fields<'_>) {
    let names = [
        ("sourceIPv4Address", "src_ip"),
        ("sourceIPv6Address", "src_ip"),
        ("destinationIPv4Address", "dst_ip"),
        ("destinationIPv6Address", "dst_ip"),
        ("sourceTransportPort", "src_port"),
        ("destinationTransportPort", "dst_port"),
        ("protocolIdentifier", "protocol"),
        // The only published rule for NetFlow uses the Elastic Common Schema's name.
        ("src_ip", "source.ip"),
        ("dst_ip", "destination.ip"),
        ("src_port", "source.port"),
        ("dst_port", "destination.port"),
    ];
    aliases(fields, 0, &names);
    fields.push("_service", plain("netflow"));
}

pub(in crate::text) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let view = View::whole(fields);
    let mut event = blank(head);
    let mut draft = Draft::start(&view, head, &mut event);
    let version = view.number("flowVersion").unwrap_or(0);
    let product = if version == 10 { "IPFIX".to_owned() } else { format!("NetFlow v{version}") };
    draft.product("IETF", &product);
    draft.class(Class::NETWORK, 6);
    if let Some(exporter) = view.get("exporter") {
        draft.event.attributes.device = Some(device(&exporter));
    }
    ends(&view, &mut draft);
    if let Some(protocol) = view.get("protocolIdentifier") {
        draft.protocol(&protocol);
    }
    draft.connection().tcp_flags =
        view.number("tcpControlBits").and_then(|flags| u32::try_from(flags).ok()).filter(|flags| *flags > 0);
    times(&view, &mut draft);
    amounts(&view, &mut draft);
    if let Some(verdict) = verdict(&view) {
        draft.verdict(verdict);
        if verdict.is_denied() {
            draft.event.activity_id = 5;
        }
    }
    let troubles = draft.finish();
    (event, troubles)
}

/// `firewallEvent` (233) and the upper two bits of `forwardingStatus` (89, RFC 7270).
fn verdict(view: &View<'_, '_>) -> Option<Verdict> {
    match view.number("firewallEvent") {
        Some(1 | 2 | 5) => return Some(Verdict::Allowed),
        Some(3) => return Some(Verdict::Blocked),
        _ => {}
    }
    match view.number("forwardingStatus")? >> 6 {
        1 => Some(Verdict::Allowed),
        2 => Some(Verdict::Dropped),
        _ => None,
    }
}

fn ends(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    for (end, [v4, v6, port, interface, mac, system]) in [
        (
            End::Source,
            [
                "sourceIPv4Address",
                "sourceIPv6Address",
                "sourceTransportPort",
                "ingressInterface",
                "sourceMacAddress",
                "bgpSourceAsNumber",
            ],
        ),
        (
            End::Destination,
            [
                "destinationIPv4Address",
                "destinationIPv6Address",
                "destinationTransportPort",
                "egressInterface",
                "destinationMacAddress",
                "bgpDestinationAsNumber",
            ],
        ),
    ] {
        draft.address(end, view.first(&[v4, v6]).as_deref(), view.get(port).as_deref());
        let number = view.number(system).and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        let endpoint: &mut Endpoint = draft.end(end);
        endpoint.interface_uid = view.owned(interface);
        endpoint.mac = view.owned(mac).filter(|mac| is_mac(mac));
        endpoint.vlan_uid = view.owned("vlanId");
        endpoint.autonomous_system =
            number.map(|number| Box::new(AutonomousSystem { number: Some(number), ..AutonomousSystem::default() }));
    }
}

/// The event's time is the flow's end; where the flow has no times, that of the export.
fn times(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let start = moment(view, "flowStart");
    let end = moment(view, "flowEnd");
    let observed = view.number("observationTimeMilliseconds").map(Timestamp::from_millis);
    let exported = view.number("exportTime").map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
    draft.time = end.or(start).or(observed).or(exported);
    let a = &mut draft.event.attributes;
    (a.start_time, a.end_time) = (start.map(Timestamp::as_millis), end.map(Timestamp::as_millis));
    if let (Some(start), Some(end)) = (start, end) {
        a.duration = Some(end.as_millis().saturating_sub(start.as_millis()).max(0));
    }
}

/// One of the forms in which an exporter gives the start or end.
fn moment(view: &View<'_, '_>, which: &str) -> Option<Timestamp> {
    let name = |unit: &str| format!("{which}{unit}");
    if let Some(millis) = view.number(&name("Milliseconds")) {
        return Some(Timestamp::from_millis(millis));
    }
    if let Some(seconds) = view.number(&name("Seconds")) {
        return Some(Timestamp::from_millis(seconds.saturating_mul(1_000)));
    }
    for unit in ["Microseconds", "Nanoseconds"] {
        if let Some(time) = view.get(&name(unit)).and_then(|text| Timestamp::parse(&text)) {
            return Some(time);
        }
    }
    if let Some(before) = view.number(&name("DeltaMicroseconds")) {
        let exported = view.number("exportTime")?.checked_mul(1_000_000)?;
        return Some(Timestamp::from_micros(exported.saturating_sub(before)));
    }
    let started = view.number("systemInitTimeMilliseconds")?;
    Some(Timestamp::from_millis(started.saturating_add(view.number(&name("SysUpTime"))?)))
}

fn amounts(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let first = |names: &[&str]| names.iter().find_map(|name| view.number(name));
    let bytes_out = first(&["octetDeltaCount", "octetTotalCount", "initiatorOctets", "layer2OctetDeltaCount"]);
    let bytes_in = first(&["reverseOctetDeltaCount", "reverseOctetTotalCount", "responderOctets"]);
    let packets_out = first(&["packetDeltaCount", "packetTotalCount", "initiatorPackets"]);
    let packets_in = first(&["reversePacketDeltaCount", "reversePacketTotalCount", "responderPackets"]);
    let both = |out: Option<i64>, into: Option<i64>| match (out, into) {
        (None, None) => None,
        (out, into) => Some(out.unwrap_or(0).saturating_add(into.unwrap_or(0))),
    };
    let (bytes, packets) = (both(bytes_out, bytes_in), both(packets_out, packets_in));
    if bytes.is_some() || packets.is_some() {
        draft.event.attributes.traffic = Some(Box::new(Traffic {
            bytes,
            bytes_in,
            bytes_out,
            packets,
            packets_in,
            packets_out,
            ..Traffic::default()
        }));
    }
}
