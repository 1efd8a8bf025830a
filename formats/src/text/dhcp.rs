//! DHCP servers: ISC dhcpd and dnsmasq (RFC 2131's messages). Fields: `event` (the message's name), `ip`, `mac`,
//! `hostname`, `interface`.

use model::Fields;
use model::ocsf::Class;

use super::draft::{Draft, End, View, is_mac};
use super::pairs::{between, put, word};
use super::reader::{Reader, Source, announce};

const SOURCE: Source = Source { product: "linux", services: &["dhcp", "syslog"], category: "dhcp" };

/// The messages by OCSF's activity numbers.
const MESSAGES: [(&str, u32); 8] = [
    ("DHCPDISCOVER", 1),
    ("DHCPOFFER", 2),
    ("DHCPREQUEST", 3),
    ("DHCPDECLINE", 4),
    ("DHCPACK", 5),
    ("DHCPNAK", 6),
    ("DHCPRELEASE", 7),
    ("DHCPINFORM", 8),
];

pub(super) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let at = message.find("DHCP").unwrap_or(0);
    let (first, rest) = word(&message[at..]);
    let (name, inside) = first.split_once('(').unwrap_or((first, ""));
    let Some((name, _)) = MESSAGES.iter().find(|(known, _)| *known == name) else { return false };
    announce(Reader::Dhcp, &SOURCE, fields);
    put(fields, "event", name);
    // dhcpd writes sentences, dnsmasq `DHCPACK(eth0) ADDRESS MAC NAME`; the words show what they are.
    let mut words = rest.split([' ', ',', ':']).filter(|word| !word.is_empty());
    put(fields, "ip", words.find(|word| word.parse::<std::net::IpAddr>().is_ok()).unwrap_or(""));
    let mac = rest.split(' ').find(|word| is_mac(word)).unwrap_or("");
    put(fields, "mac", mac);
    let is_dnsmasq = first.contains('(');
    if is_dnsmasq {
        put(fields, "interface", inside.trim_end_matches(')'));
        put(fields, "hostname", rest.split_once(mac).map_or("", |(_, name)| word(name).0));
    } else {
        put(fields, "interface", rest.split_once(" via ").map_or("", |(_, via)| word(via).0.trim_end_matches(':')));
        // The server's address of a request stands in brackets too, but in front of ` from `.
        let behind = rest.split_once(mac).map_or("", |(_, behind)| behind);
        put(fields, "hostname", between(behind, "(", ")").unwrap_or(""));
    }
    true
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let name = view.get("event").unwrap_or_default();
    let activity = MESSAGES.iter().find(|(known, _)| *known == name).map_or(0, |(_, activity)| *activity);
    draft.class(Class::DHCP, activity);
    let host = draft.event.machine().map(str::to_owned);
    draft.address(End::Destination, host.as_deref(), None);
    let client = draft.end(End::Source);
    client.ip = view.owned("ip");
    client.mac = view.owned("mac");
    client.hostname = view.owned("hostname");
    client.interface_name = view.owned("interface");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: [&str; 5]| {
            let mut out = Fields::new(model::Format::Syslog);
            assert!(fields(message, &mut out), "{message}");
            let found = ["event", "ip", "mac", "hostname", "interface"].map(|name| out.text(name).unwrap_or_default());
            assert_eq!(found, expected, "{message}");
        };
        let mac = "00:00:5e:00:53:01";
        check(
            "DHCPACK on 192.0.2.50 to 00:00:5e:00:53:01 (desk-7) via eth0",
            ["DHCPACK", "192.0.2.50", mac, "desk-7", "eth0"],
        );
        check(
            "DHCPREQUEST for 192.0.2.50 (192.0.2.1) from 00:00:5e:00:53:01 via eth0",
            ["DHCPREQUEST", "192.0.2.50", mac, "", "eth0"],
        );
        check(
            "DHCPDISCOVER from 00:00:5e:00:53:01 (desk-7) via eth0: network full",
            ["DHCPDISCOVER", "", mac, "desk-7", "eth0"],
        );
        check("DHCPACK(br0) 192.0.2.50 00:00:5e:00:53:01 desk-7", ["DHCPACK", "192.0.2.50", mac, "desk-7", "br0"]);
        check("12345 DHCPOFFER(br0) 192.0.2.50 00:00:5e:00:53:01 ", ["DHCPOFFER", "192.0.2.50", mac, "", "br0"]);
        assert!(!fields("Wrote 7 leases to leases file.", &mut Fields::new(model::Format::Syslog)));
    }
}
