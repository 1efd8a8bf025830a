//! Cisco: messages that start `%FACILITY-SEVERITY-MNEMONIC:` (ASA, Firepower, PIX, IOS).
//!
//! Fields: `facility_code`, `severity_code`, `message_id`, and for the messages of ASA that are read (connections, denials,
//! log-ons, VPN sessions, commands) `event`, `src_ip`, `src_port`, `src_interface`, `dst_ip`, `dst_port`, `dst_interface`,
//! `protocol`, `action`, `user`, `group`, `acl`, `bytes`, `duration`, `command`, `reason`. Deliberately absent: the other two
//! thousand messages, which become base events whole.

use model::Fields;
use model::ocsf::{Class, FirewallRule, Session, Traffic};

use super::draft::{Draft, End, Verdict, View, acting, process, user};
use super::pairs::{between, put, word};
use super::reader::{Reader, Source, announce};

pub(super) fn begins(message: &str) -> bool {
    header(message).is_some()
}

/// Facility, severity digit, mnemonic, text. IOS facilities may have hyphens of their own.
fn header(message: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, text) =
        message.strip_prefix('%')?.split_once(": ").or_else(|| Some((message[1..].strip_suffix(':')?, "")))?;
    let (front, mnemonic) = head.rsplit_once('-')?;
    let (facility, severity) = front.rsplit_once('-')?;
    let is_word = |text: &str| {
        !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let is_severity = severity.len() == 1 && severity.as_bytes()[0].is_ascii_digit();
    (is_word(facility) && is_severity && is_word(mnemonic)).then_some((facility, severity, mnemonic, text))
}

pub(super) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) {
    let Some((facility, severity, id, text)) = header(message) else { return };
    let is_firewall = matches!(facility, "ASA" | "FTD" | "PIX" | "FWSM");
    let parts = if is_firewall { parts(id, text) } else { None }.unwrap_or_default();
    let source = match (is_firewall, facility) {
        (true, _) if !parts.src.ip.is_empty() && parts.user.is_empty() => {
            Source { product: "cisco", services: &["asa"], category: "firewall" }
        }
        (true, _) => Source { product: "cisco", services: &["asa"], category: "" },
        (_, "BGP" | "BGP_SESSION") => Source { product: "cisco", services: &["bgp", "syslog"], category: "" },
        (_, "LDP") => Source { product: "cisco", services: &["ldp", "syslog"], category: "" },
        (_, "PARSER" | "AAA" | "AAAA" | "HA_EM" | "SEC_LOGIN") => {
            Source { product: "cisco", services: &["aaa", "syslog"], category: "" }
        }
        _ => Source { product: "cisco", services: &["syslog"], category: "" },
    };
    announce(Reader::Cisco, &source, fields);
    let named = [
        ("facility_code", facility),
        ("severity_code", severity),
        ("message_id", id),
        ("event", parts.event),
        ("src_ip", parts.src.ip),
        ("src_port", parts.src.port),
        ("src_interface", parts.src.interface),
        ("dst_ip", parts.dst.ip),
        ("dst_port", parts.dst.port),
        ("dst_interface", parts.dst.interface),
        ("protocol", parts.protocol),
        ("direction", parts.direction),
        ("action", parts.action),
        ("user", parts.user),
        ("username", parts.user),
        ("group", parts.group),
        ("acl", parts.acl),
        ("connection", parts.connection),
        ("bytes", parts.bytes),
        ("duration", parts.duration),
        ("command", parts.command),
        ("reason", parts.reason),
    ];
    named.into_iter().for_each(|(name, value)| put(fields, name, value));
}

#[derive(Default)]
struct Place<'a> {
    interface: &'a str,
    ip: &'a str,
    port: &'a str,
}

#[derive(Default)]
struct Parts<'a> {
    event: &'static str,
    src: Place<'a>,
    dst: Place<'a>,
    protocol: &'a str,
    direction: &'a str,
    action: &'static str,
    user: &'a str,
    group: &'a str,
    acl: &'a str,
    connection: &'a str,
    bytes: &'a str,
    duration: &'a str,
    command: &'a str,
    reason: &'a str,
}

fn parts<'a>(id: &str, text: &'a str) -> Option<Parts<'a>> {
    match id {
        "302013" | "302015" | "302303" => built(text),
        "302014" | "302016" | "302304" => torn_down(text),
        "302020" | "302021" => icmp(text),
        "106001" | "106006" | "106007" | "106015" => denied_from(text),
        "106023" => denied_by_acl(text),
        "106100" | "106102" | "106103" => access_list(text),
        "113004" | "113012" => aaa("accepted", text),
        "113005" | "113015" => aaa("rejected", text),
        "605004" => login("rejected", text),
        "605005" => login("accepted", text),
        "611101" | "611102" => Some(Parts {
            event: if id == "611101" { "accepted" } else { "rejected" },
            user: between(text, "Uname: ", "").map(str::trim)?,
            src: Place { ip: between(text, "IP address: ", ",")?, ..Place::default() },
            ..Parts::default()
        }),
        "113039" | "722022" | "722051" | "716001" => remote(text, "vpn_opened"),
        "113019" | "722023" | "716002" => remote(text, "vpn_closed"),
        "111008" | "111010" => Some(Parts {
            event: "command",
            user: between(text, "User '", "'")?,
            command: between(text, "executed the '", "'").or_else(|| between(text, "executed '", "'"))?,
            src: Place { ip: between(text, "from IP ", ",").unwrap_or(""), ..Place::default() },
            ..Parts::default()
        }),
        _ => None,
    }
}

/// `outside:198.51.100.1/443`, with or without interface and port.
fn place(text: &str) -> Place<'_> {
    let text = word(text).0.trim_end_matches([',', '.', ';']);
    let text = text.split_once('(').map_or(text, |(place, _)| place);
    let (front, port) = text.rsplit_once('/').unwrap_or((text, ""));
    // An IPv6 address has colons too; an interface's name is no hexadecimal group.
    let (interface, ip) = match front.split_once(':') {
        Some((interface, ip)) if front.parse::<std::net::IpAddr>().is_err() => (interface, ip),
        _ => ("", front),
    };
    Place { interface, ip, port }
}

/// `Built outbound TCP connection 7 for outside:198.51.100.1/443 (…) to inside:10.0.0.5/51234 (…)`. The side named first is
/// the lower security level, so an outbound connection starts at the second.
fn built(text: &str) -> Option<Parts<'_>> {
    let mut words = text.split(' ');
    let (_, direction, protocol) = (words.next()?, words.next()?, words.next()?);
    let connection = between(text, " connection ", " ")?;
    let (first, second) = text.split_once(" for ")?.1.split_once(" to ")?;
    let (src, dst) = if direction == "outbound" { (second, first) } else { (first, second) };
    let parts = Parts { event: "built", direction, protocol, connection, action: "allow", ..Parts::default() };
    Some(Parts { src: place(src), dst: place(dst), ..parts })
}

/// `Teardown TCP connection 7 for outside:198.51.100.1/443 to inside:10.0.0.5/51234 duration 0:00:30 bytes 1234 TCP FINs`.
/// Who began is not said: the first side stands as source.
fn torn_down(text: &str) -> Option<Parts<'_>> {
    let (first, rest) = text.split_once(" for ")?.1.split_once(" to ")?;
    let bytes = between(rest, " bytes ", " ")?;
    Some(Parts {
        event: "teardown",
        protocol: between(text, "Teardown ", " ")?,
        connection: between(text, " connection ", " ")?,
        src: place(first),
        dst: place(rest),
        duration: between(rest, " duration ", " ").unwrap_or(""),
        bytes,
        reason: rest.split_once(" bytes ").and_then(|(_, rest)| rest.split_once(' ')).map_or("", |(_, reason)| reason),
        action: "allow",
        ..Parts::default()
    })
}

/// `Built inbound ICMP connection for faddr 192.0.2.1/0 gaddr … laddr 10.0.0.5/0 type 8 code 0`.
fn icmp(text: &str) -> Option<Parts<'_>> {
    let direction = if text.contains("outbound") { "outbound" } else { "inbound" };
    let (foreign, local) = (between(text, "faddr ", " ")?, between(text, "laddr ", " ")?);
    let (src, dst) = if direction == "outbound" { (local, foreign) } else { (foreign, local) };
    let ip = |text| Place { ip: place(text).ip, ..Place::default() };
    let event = if text.starts_with("Built") { "built" } else { "teardown" };
    Some(Parts { event, direction, protocol: "ICMP", src: ip(src), dst: ip(dst), action: "allow", ..Parts::default() })
}

/// `Inbound TCP connection denied from 192.0.2.1/40000 to 198.51.100.2/22 flags SYN on interface outside`.
fn denied_from(text: &str) -> Option<Parts<'_>> {
    let (before, rest) = text.split_once(" from ")?;
    let (from, to) = rest.split_once(" to ")?;
    let protocol = before.split(' ').find(|word| matches!(*word, "TCP" | "UDP" | "ICMP" | "tcp" | "udp" | "icmp"))?;
    let mut src = place(from);
    src.interface = between(to, "on interface ", "").map_or("", |rest| word(rest).0);
    let direction = if before.to_ascii_lowercase().contains("inbound") { "inbound" } else { "" };
    Some(Parts { event: "denied", src, dst: place(to), protocol, direction, action: "deny", ..Parts::default() })
}

/// `Deny tcp src outside:192.0.2.1/40000 dst inside:198.51.100.2/22 by access-group "out" [0x0, 0x0]`.
fn denied_by_acl(text: &str) -> Option<Parts<'_>> {
    Some(Parts {
        event: "denied",
        protocol: between(text, "Deny ", " ")?.trim_start_matches("protocol "),
        src: place(between(text, " src ", "")?),
        dst: place(between(text, " dst ", "")?),
        acl: between(text, "access-group \"", "\"").unwrap_or(""),
        action: "deny",
        ..Parts::default()
    })
}

/// `access-list out denied tcp outside/192.0.2.1(40000) -> inside/198.51.100.2(22) hit-cnt 1 first hit`.
fn access_list(text: &str) -> Option<Parts<'_>> {
    let (left, right) = text.split_once(" -> ")?;
    let mut words = left.split(' ').skip(1);
    let (acl, outcome, protocol) = (words.next()?, words.next()?, words.next()?);
    let side = |text| {
        let (front, port) = word(text).0.split_once('(').unwrap_or((word(text).0, ""));
        let (interface, ip) = front.split_once('/').unwrap_or(("", front));
        Place { interface, ip, port: port.split(')').next().unwrap_or("") }
    };
    let action = if outcome.starts_with("permit") || outcome.starts_with("est-allowed") { "permit" } else { "deny" };
    let from = left.rsplit_once(' ')?.1;
    let event = if action == "deny" { "denied" } else { "permitted" };
    Some(Parts { event, acl, protocol, action, src: side(from), dst: side(right), ..Parts::default() })
}

/// `AAA user authentication Rejected : reason = AAA failure : server = 10.0.0.9 : user = bob : user IP = 192.0.2.1`.
fn aaa<'a>(event: &'static str, text: &'a str) -> Option<Parts<'a>> {
    let value = |name| between(text, name, " :").map(str::trim);
    Some(Parts {
        event,
        user: value(": user = ")?,
        reason: value("reason = ").unwrap_or(""),
        src: Place { ip: value("user IP = ").unwrap_or(""), ..Place::default() },
        ..Parts::default()
    })
}

/// `Login denied from 192.0.2.1/40000 to inside:10.0.0.1/ssh for user "bob"`.
fn login<'a>(event: &'static str, text: &'a str) -> Option<Parts<'a>> {
    let (from, to) = text.split_once(" from ")?.1.split_once(" to ")?;
    let dst = place(to);
    let user = between(to, "for user \"", "\"")?;
    Some(Parts { event, user, src: place(from), dst, ..Parts::default() })
}

/// `Group <g> User <u> IP <192.0.2.1> …` and `Group = g, Username = u, IP = 192.0.2.1, Session disconnected. …`.
fn remote<'a>(text: &'a str, event: &'static str) -> Option<Parts<'a>> {
    let either = |angle: &str, equals: &str| between(text, angle, ">").or_else(|| between(text, equals, ","));
    Some(Parts {
        event,
        group: either("Group <", "Group = ").unwrap_or(""),
        user: either("User <", "Username = ")?,
        src: Place { ip: either("IP <", "IP = ").unwrap_or(""), ..Place::default() },
        duration: between(text, "Duration: ", ",").unwrap_or(""),
        reason: between(text, "Reason: ", "").unwrap_or(""),
        ..Parts::default()
    })
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let facility = view.get("facility_code").unwrap_or_default();
    let product = if matches!(&*facility, "ASA" | "FTD" | "PIX" | "FWSM") { "ASA" } else { "IOS" };
    draft.product("Cisco", product);
    draft.metadata().event_code = view.owned("message_id");
    // Cisco's levels are syslog's.
    draft.event.severity_id = match view.number("severity_code") {
        Some(0) => 6,
        Some(1 | 2) => 5,
        Some(3) => 4,
        Some(4) => 3,
        _ => 1,
    };
    match &*view.get("event").unwrap_or_default() {
        "built" => connection(view, draft, 1),
        "teardown" => connection(view, draft, 2),
        "denied" => connection(view, draft, 5),
        "permitted" => connection(view, draft, 6),
        what @ ("accepted" | "rejected") => {
            draft.logon(1, "asa", user(&view.get("user").unwrap_or_default()));
            draft.status(what == "accepted");
            draft.addresses(view, ["src_ip", "src_port"], ["dst_ip", "dst_port"]);
        }
        what @ ("vpn_opened" | "vpn_closed") => {
            draft.class(Class::TUNNEL, if what == "vpn_opened" { 1 } else { 2 });
            draft.event.attributes.user = view.get("user").map(|name| user(&name));
            draft.event.attributes.session =
                Some(Box::new(Session { issuer: view.owned("group"), ..Session::default() }));
            draft.addresses(view, ["src_ip", "src_port"], ["", ""]);
            let machine = draft.event.machine().map(str::to_owned);
            draft.address(End::Destination, machine.as_deref(), None);
        }
        "command" => {
            draft.class(Class::PROCESS, 1);
            let command = view.get("command").unwrap_or_default();
            let mut started = process(word(&command).0);
            started.cmd_line = Some(command.into_owned());
            draft.event.attributes.process = Some(started);
            draft.event.attributes.actor = view.get("user").map(|name| acting(user(&name)));
        }
        _ => {}
    }
    if let Some(reason) = view.owned("reason") {
        draft.detail(reason);
    }
}

fn connection(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::NETWORK, activity);
    draft.addresses(view, ["src_ip", "src_port"], ["dst_ip", "dst_port"]);
    for (end, name) in [(End::Source, "src_interface"), (End::Destination, "dst_interface")] {
        draft.end(end).interface_name = view.owned(name);
    }
    if let Some(protocol) = view.get("protocol") {
        draft.protocol(&protocol);
    }
    match view.get("direction").as_deref() {
        Some("inbound") => draft.direction(1),
        Some("outbound") => draft.direction(2),
        _ => {}
    }
    draft.connection().uid = view.owned("connection");
    if let Some(verdict) = view.get("action").and_then(|action| Verdict::of(&action)) {
        draft.verdict(verdict);
        let rule = view.owned("acl").map(|name| Box::new(FirewallRule { name: Some(name), ..FirewallRule::default() }));
        draft.event.attributes.firewall_rule = rule;
    }
    let a = &mut draft.event.attributes;
    a.traffic = view.number("bytes").map(|bytes| Box::new(Traffic { bytes: Some(bytes), ..Traffic::default() }));
    a.duration = view.get("duration").and_then(|text| duration_ms(&text));
}

/// `h:mm:ss` in milliseconds.
fn duration_ms(text: &str) -> Option<i64> {
    text.split(':').try_fold(0i64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: &[(&str, &str)]| {
            let mut out = Fields::new(model::Format::Syslog);
            assert!(begins(message), "{message}");
            fields(message, &mut out);
            for (name, value) in expected {
                assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {message}");
            }
        };
        check(
            "%ASA-6-302013: Built outbound TCP connection 7 for outside:198.51.100.1/443 (198.51.100.1/443) to inside:10.0.0.5/51234 (192.0.2.9/51234)",
            &[
                ("message_id", "302013"),
                ("src_ip", "10.0.0.5"),
                ("src_port", "51234"),
                ("src_interface", "inside"),
                ("dst_ip", "198.51.100.1"),
                ("dst_port", "443"),
                ("protocol", "TCP"),
            ],
        );
        check(
            "%ASA-6-302014: Teardown TCP connection 7 for outside:198.51.100.1/443 to inside:10.0.0.5/51234 duration 1:00:30 bytes 1234 TCP FINs",
            &[("bytes", "1234"), ("duration", "1:00:30"), ("reason", "TCP FINs")],
        );
        check(
            "%ASA-4-106023: Deny tcp src outside:2001:db8::1/40000 dst inside:198.51.100.2/22 by access-group \"out_in\" [0x0, 0x0]",
            &[
                ("src_ip", "2001:db8::1"),
                ("src_interface", "outside"),
                ("dst_port", "22"),
                ("acl", "out_in"),
                ("action", "deny"),
            ],
        );
        check(
            "%ASA-4-106100: access-list out denied tcp outside/192.0.2.1(40000) -> inside/198.51.100.2(22) hit-cnt 1 first hit [0x1, 0x0]",
            &[("src_ip", "192.0.2.1"), ("src_port", "40000"), ("dst_ip", "198.51.100.2"), ("acl", "out")],
        );
        check(
            "%ASA-6-605004: Login denied from 192.0.2.1/40000 to inside:10.0.0.1/ssh for user \"bob\"",
            &[("event", "rejected"), ("user", "bob"), ("src_ip", "192.0.2.1")],
        );
        check(
            "%ASA-6-113039: Group <staff> User <alice> IP <192.0.2.1> AnyConnect parent session started.",
            &[("event", "vpn_opened"), ("user", "alice"), ("src_ip", "192.0.2.1")],
        );
        check("%SYS-5-CONFIG_I: Configured from console by vty0", &[("facility_code", "SYS"), ("event", "")]);
        check("%SEC-6-IPACCESSLOGP: list 101 denied tcp", &[("message_id", "IPACCESSLOGP")]);
        assert!(!begins("%ASA"));
        assert!(!begins("% words - with: colon"));
    }

    #[test]
    fn durations() {
        assert_eq!(duration_ms("1:00:30"), Some(3_630_000));
        assert_eq!(duration_ms("x"), None);
    }
}
