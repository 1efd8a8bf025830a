//! pfSense and OPNsense: the filter log, comma-separated values inside syslog.
//!
//! After Netgate's grammar of the raw filter log. Fields in Netgate's words, written as names, and Sigma's `src_ip`,
//! `dst_ip`, `src_port`, `dst_port`, `protocol`; `action` is pf's own (`pass`, `block`, `reject`).

use model::Fields;
use model::ocsf::{Class, FirewallRule, Traffic};

use super::draft::{Draft, End, Verdict, View};
use super::pairs::{put, values};
use super::reader::{Reader, Source, announce};

const SOURCE: Source = Source { product: "pfsense", services: &["filterlog"], category: "firewall" };
const COMMON: &str = "rule_number sub_rule_number anchor tracker interface reason action direction ip_version";
const IPV4: &str = "tos ecn ttl id offset flags protocol_id protocol length src_ip dst_ip";
const IPV6: &str = "class flow_label hop_limit protocol protocol_id length src_ip dst_ip";
const TCP: &str = "src_port dst_port data_length tcp_flags sequence_number ack_number tcp_window urg tcp_options";
const UDP: &str = "src_port dst_port data_length";
const CARP: &str = "carp_type carp_ttl vhid version advbase advskew";

pub(super) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    // Nine values are common to all; what is shorter is something else that the program said.
    let Some(version) = message.split(',').nth(8) else { return false };
    let network = match version {
        "4" => IPV4,
        "6" => IPV6,
        _ => return false,
    };
    announce(Reader::Pfsense, &SOURCE, fields);
    let mut values = values(message);
    let mut take = |order: &'static str, fields: &mut Fields<'a>| {
        for name in order.split(' ') {
            let Some(value) = values.next() else { return };
            if let std::borrow::Cow::Borrowed(value) = value {
                put(fields, name, value);
            }
        }
    };
    take(COMMON, fields);
    take(network, fields);
    let transport = fields.text("protocol").map(|protocol| protocol.to_ascii_lowercase()).unwrap_or_default();
    match transport.as_str() {
        "tcp" => take(TCP, fields),
        "udp" => take(UDP, fields),
        "carp" => take(CARP, fields),
        protocol if protocol.contains("icmp") => take("icmp_type icmp_data1 icmp_data2 icmp_data3 icmp_data4", fields),
        _ => {}
    }
    true
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.product("Netgate", "pfSense");
    let verdict = view.get("action").and_then(|action| Verdict::of(&action));
    draft.class(Class::NETWORK, if verdict.is_some_and(Verdict::is_denied) { 5 } else { 6 });
    draft.addresses(view, ["src_ip", "src_port"], ["dst_ip", "dst_port"]);
    if let Some(protocol) = view.first(&["protocol_id", "protocol"]) {
        draft.protocol(&protocol);
    }
    if let Some(direction) = view.get("direction") {
        draft.direction(if direction == "in" { 1 } else { 2 });
    }
    let end = if view.is("direction", "in") { End::Destination } else { End::Source };
    draft.end(end).interface_name = view.owned("interface");
    draft.event.attributes.traffic =
        view.number("length").map(|bytes| Box::new(Traffic { bytes: Some(bytes), ..Traffic::default() }));
    if let Some(verdict) = verdict {
        draft.verdict(verdict);
        let uid = view.first(&["tracker", "rule_number"]).map(|uid| uid.into_owned());
        draft.event.attributes.firewall_rule = Some(Box::new(FirewallRule { uid, ..FirewallRule::default() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let check = |line: &str, expected: &[(&str, &str)]| {
            let mut out = Fields::new(model::Format::Syslog);
            assert!(fields(line, &mut out), "{line}");
            for (name, value) in expected {
                assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {line}");
            }
        };
        check(
            "5,,,1000000103,igb1,match,block,in,4,0x0,,64,1234,0,DF,6,tcp,60,192.0.2.1,198.51.100.2,40000,22,0,S,1122,,64240,,mss",
            &[
                ("tracker", "1000000103"),
                ("interface", "igb1"),
                ("action", "block"),
                ("direction", "in"),
                ("protocol", "tcp"),
                ("src_ip", "192.0.2.1"),
                ("dst_port", "22"),
                ("tcp_flags", "S"),
                ("tcp_options", "mss"),
            ],
        );
        check(
            "7,,,1000000105,igb1,match,pass,out,6,0x00,0x12345,64,udp,17,72,2001:db8::1,2001:db8::2,546,547,52",
            &[
                ("hop_limit", "64"),
                ("protocol_id", "17"),
                ("src_ip", "2001:db8::1"),
                ("dst_port", "547"),
                ("data_length", "52"),
            ],
        );
        check(
            "5,,,1,em0,match,block,in,4,0x0,,64,1,0,none,1,icmp,84,192.0.2.1,198.51.100.2,request,17,3",
            &[("icmp_type", "request"), ("dst_port", "")],
        );
        check("5,,,1,em0,match,block,in,4,0x0", &[("tos", "0x0"), ("src_ip", "")]);
    }

    #[test]
    fn other_lines_are_left() {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(!fields("starting up", &mut out));
        assert!(!fields("1,2,3,4,5,6,7,8,9,10", &mut out));
    }
}
