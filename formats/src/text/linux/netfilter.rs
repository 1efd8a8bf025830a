//! Packets that the kernel's filter logs: iptables, nftables, ufw.
//!
//! `[UFW BLOCK] IN=eth0 OUT= MAC=… SRC=192.0.2.1 DST=… PROTO=TCP SPT=1 DPT=22 … SYN`. Fields: `prefix`, the kernel's own
//! names, flags without a value as `FLAG` fields; Sigma's `src_ip`, `dst_ip`, `src_port`, `dst_port`, `protocol`, and
//! `action` where the rule's prefix says it. The packet inside an ICMP error is not read: it is in `message`.

use model::Fields;
use model::ocsf::Class;

use crate::text::draft::{Draft, End, Verdict, View, is_mac};
use crate::text::pairs::{aliases, put};
use crate::text::reader::{Reader, Source, announce};

const SOURCE: Source = Source { product: "linux", services: &["iptables", "syslog"], category: "firewall" };

/// Keys of the kernel in the order of `nf_log`, of which the first is the sign.
const KEYS: [&str; 20] = [
    "IN", "OUT", "MAC", "SRC", "DST", "LEN", "TOS", "PREC", "TTL", "ID", "PROTO", "SPT", "DPT", "WINDOW", "TYPE",
    "CODE", "PHYSIN", "PHYSOUT", "MARK", "UID",
];
const FLAGS: [&str; 10] = ["SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR", "DF", "MF"];

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some(start) = start(message) else { return false };
    announce(Reader::Netfilter, &SOURCE, fields);
    let from = fields.len();
    let prefix = uptime_off(&message[..start]).trim_end();
    put(fields, "prefix", prefix);
    let list = message[start..].split(" [").next().unwrap_or("");
    for token in list.split(' ') {
        match token.split_once('=') {
            Some((key, value)) if !value.is_empty() => match KEYS.iter().find(|known| **known == key) {
                Some(known) => put(fields, known, value),
                None if !key.is_empty() => fields.push(key, crate::text::plain(value)),
                None => {}
            },
            Some(_) => {}
            None if FLAGS.contains(&token) => put(fields, "FLAG", token),
            None => {}
        }
    }
    if let Some(action) = action(prefix) {
        put(fields, "action", action);
    }
    let names = [("SRC", "src_ip"), ("DST", "dst_ip"), ("SPT", "src_port"), ("DPT", "dst_port"), ("PROTO", "protocol")];
    aliases(fields, from, &names);
    true
}

/// Where `IN=` stands, if `OUT=` follows and it is the start of a word.
fn start(message: &str) -> Option<usize> {
    let at = message.find("IN=")?;
    let is_word = at == 0
        || message.as_bytes()[at - 1].is_ascii_whitespace()
        || !message.as_bytes()[at - 1].is_ascii_alphanumeric();
    (is_word && message[at..].contains(" OUT=")).then_some(at)
}

/// Drops the kernel's clock, `[12345.678901] `.
fn uptime_off(prefix: &str) -> &str {
    let text = prefix.trim_start();
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((clock, rest)) if clock.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' ')) => {
            rest.trim_start()
        }
        _ => text,
    }
}

/// What the rule did, where its author put it into the prefix.
fn action(prefix: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 8] = [
        ("BLOCK", "block"),
        ("DROP", "drop"),
        ("DENY", "deny"),
        ("DENIED", "deny"),
        ("REJECT", "reject"),
        ("ALLOW", "allow"),
        ("ACCEPT", "accept"),
        ("PERMIT", "permit"),
    ];
    let prefix = prefix.to_ascii_uppercase();
    WORDS.iter().find(|(word, _)| prefix.contains(word)).map(|(_, action)| *action)
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let verdict = view.get("action").and_then(|action| Verdict::of(&action));
    let activity = if verdict.is_some_and(Verdict::is_denied) { 5 } else { 6 };
    draft.class(Class::NETWORK, activity);
    if let Some(verdict) = verdict {
        draft.verdict(verdict);
    }
    draft.addresses(view, ["SRC", "SPT"], ["DST", "DPT"]);
    if let Some(protocol) = view.get("PROTO") {
        draft.protocol(&protocol);
    }
    // Destination, source, type: 6 + 6 + 2 bytes.
    if let Some(mac) = view.get("MAC")
        && let (Some(to), Some(from)) = (mac.get(..17), mac.get(18..35))
        && is_mac(to)
        && is_mac(from)
    {
        draft.end(End::Destination).mac = Some(to.into());
        draft.end(End::Source).mac = Some(from.into());
    }
    match (view.get("IN"), view.get("OUT")) {
        (Some(interface), None) => {
            draft.direction(1);
            draft.end(End::Destination).interface_name = Some(interface.into_owned());
        }
        (None, Some(interface)) => {
            draft.direction(2);
            draft.end(End::Source).interface_name = Some(interface.into_owned());
        }
        _ => {}
    }
    let rule = view.owned("prefix").filter(|prefix| !prefix.is_empty());
    draft.event.attributes.firewall_rule = rule
        .map(|name| Box::new(model::ocsf::FirewallRule { name: Some(name), ..model::ocsf::FirewallRule::default() }));
    if verdict.is_none() {
        // A rule is part of the profile that only a verdict brings.
        draft.event.attributes.firewall_rule = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_taken_apart() {
        let check = |message: &str, expected: &[(&str, &str)]| {
            let mut out = Fields::new(model::Format::Syslog);
            assert!(fields(message, &mut out), "{message}");
            for (name, value) in expected {
                assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {message}");
            }
        };
        let mac = "00:00:5e:00:53:01:00:00:5e:00:53:02:08:00";
        check(
            &format!(
                "[ 1234.567890] [UFW BLOCK] IN=eth0 OUT= MAC={mac} SRC=192.0.2.1 DST=198.51.100.2 LEN=60 TOS=0x00 PROTO=TCP SPT=40000 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0 "
            ),
            &[
                ("prefix", "[UFW BLOCK]"),
                ("IN", "eth0"),
                ("OUT", ""),
                ("SRC", "192.0.2.1"),
                ("src_ip", "192.0.2.1"),
                ("dst_port", "22"),
                ("action", "block"),
                ("FLAG", "SYN"),
                ("URGP", "0"),
            ],
        );
        check(
            "iptables denied: IN=eth0 OUT=eth1 SRC=2001:db8::1 DST=2001:db8::2 PROTO=ICMPv6 TYPE=135 CODE=0",
            &[("prefix", "iptables denied:"), ("action", "deny"), ("TYPE", "135")],
        );
        check(
            "IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.2 PROTO=ICMP TYPE=3 [SRC=198.51.100.2 DST=203.0.113.9 PROTO=UDP SPT=1 DPT=2 ]",
            &[("src_ip", "192.0.2.1"), ("SPT", "")],
        );
    }

    #[test]
    fn other_messages_are_left() {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(!fields("BEGIN=1 OUT=2", &mut out));
        assert!(!fields("usb 1-1: new device", &mut out));
    }
}
