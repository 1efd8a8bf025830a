//! Name servers: BIND's query log, dnsmasq, unbound.
//!
//! Fields in Sigma's names for DNS: `query`, `record_type`, `record_class`, `answer`, `src_ip`, `src_port`; and `event`:
//! `query`, `reply`, `denied`.

use model::Fields;
use model::ocsf::{Class, DnsAnswer, DnsQuery};

use super::draft::{Draft, End, Verdict, View};
use super::pairs::{put, word};
use super::reader::{Reader, Source, announce};

const SOURCE: Source = Source { product: "linux", services: &["dns", "syslog"], category: "dns" };

#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'a> {
    event: &'static str,
    query: &'a str,
    record_type: &'a str,
    record_class: &'a str,
    answer: &'a str,
    ip: &'a str,
    port: &'a str,
    rcode: &'a str,
}

pub(super) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some(parts) = bind(message).or_else(|| dnsmasq(message)).or_else(|| unbound(message)) else { return false };
    announce(Reader::Dns, &SOURCE, fields);
    let named = [
        ("event", parts.event),
        ("query", parts.query),
        ("record_type", parts.record_type),
        ("record_class", parts.record_class),
        ("answer", parts.answer),
        ("src_ip", parts.ip),
        ("src_port", parts.port),
        ("rcode", parts.rcode),
    ];
    named.into_iter().for_each(|(name, value)| put(fields, name, value));
    true
}

/// `client @0x7f 192.0.2.5#51234 (www.example.com): view x: query: www.example.com IN A +E(0)K (198.51.100.1)` and
/// `… query (cache) 'www.example.com/A/IN' denied`; a category and level may stand in front.
fn bind(message: &str) -> Option<Parts<'_>> {
    let (_, rest) = message.split_once("client ")?;
    let rest = if rest.starts_with('@') { rest.split_once(' ')?.1 } else { rest };
    let (address, rest) = rest.split_once('#')?;
    let port = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
    let parts = Parts { ip: address, port, ..Parts::default() };
    if let Some((_, question)) = rest.split_once(": query: ") {
        let (query, question) = word(question);
        let (record_class, question) = word(question);
        return Some(Parts { event: "query", query, record_class, record_type: word(question).0, ..parts });
    }
    let (_, quoted) = rest.split_once(": query (cache) '").or_else(|| rest.split_once(": query '"))?;
    let (question, outcome) = quoted.split_once('\'')?;
    let mut names = question.rsplitn(3, '/');
    let (record_class, record_type, query) = (names.next()?, names.next()?, names.next()?);
    let event = if outcome.contains("denied") { "denied" } else { "query" };
    Some(Parts {
        event,
        query,
        record_type,
        record_class,
        rcode: if event == "denied" { "REFUSED" } else { "" },
        ..parts
    })
}

/// `query[A] www.example.com from 192.0.2.5`, `reply www.example.com is 198.51.100.4`; with `log-queries=extra` a serial
/// number and `192.0.2.5/51234` in front.
fn dnsmasq(message: &str) -> Option<Parts<'_>> {
    let mut rest = message;
    let (mut ip, mut port) = ("", "");
    let (serial, after) = word(message);
    if !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_digit()) {
        let (client, after) = word(after);
        (ip, port) = client.split_once('/')?;
        rest = after;
    }
    let (first, rest) = word(rest);
    if let Some(record_type) = first.strip_prefix("query[").and_then(|rest| rest.strip_suffix(']')) {
        let (query, from) = rest.split_once(" from ")?;
        let ip = if ip.is_empty() { from } else { ip };
        return Some(Parts { event: "query", query, record_type, ip, port, ..Parts::default() });
    }
    if !matches!(first, "reply" | "cached" | "config" | "cached-stale" | "cached-authoritative")
        && !first.starts_with('/')
    {
        return None;
    }
    let (query, answer) = rest.split_once(" is ")?;
    let rcode = match answer {
        "NXDOMAIN" | "SERVFAIL" | "REFUSED" => answer,
        _ => "NOERROR",
    };
    let is_data = !answer.starts_with('<') && !answer.starts_with("NODATA") && rcode == "NOERROR";
    let answer = if is_data { answer } else { "" };
    Some(Parts { event: "reply", query, answer, ip, port, rcode, ..Parts::default() })
}

/// `[1:0] info: 192.0.2.5 www.example.com. A IN`, and with `log-replies` the code behind it.
fn unbound(message: &str) -> Option<Parts<'_>> {
    let (_, rest) = message.split_once("info: ")?;
    let mut words = rest.split(' ');
    let (ip, query, record_type, record_class) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let is_question = ip.parse::<std::net::IpAddr>().is_ok() && matches!(record_class, "IN" | "CH" | "HS");
    let rcode = words.next().unwrap_or("");
    let event = if rcode.is_empty() { "query" } else { "reply" };
    let query = if query.len() > 1 { query.trim_end_matches('.') } else { query };
    is_question.then_some(Parts { event, query, record_type, record_class, ip, rcode, ..Parts::default() })
}

/// OCSF's numbers of the response codes (RFC 1035, RFC 2136), which are DNS's own.
pub(super) fn rcode_id(name: &str) -> Option<u32> {
    const NAMES: [&str; 11] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE",
    ];
    NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)).map(|at| at as u32)
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let is_reply = view.is("event", "reply");
    draft.class(Class::DNS, if is_reply { 2 } else { 1 });
    let hostname = view.owned("query");
    let type_name = view.owned("record_type");
    let class = view.owned("record_class");
    let a = &mut draft.event.attributes;
    a.query = Some(Box::new(DnsQuery { hostname, type_name, class, ..DnsQuery::default() }));
    a.answers = view.owned("answer").map(|rdata| vec![DnsAnswer { rdata: Some(rdata), ..DnsAnswer::default() }]);
    if let Some(rcode) = view.owned("rcode") {
        a.rcode_id = rcode_id(&rcode);
        a.rcode = Some(rcode);
    }
    if view.is("event", "denied") {
        draft.verdict(Verdict::Rejected);
    }
    draft.addresses(view, ["src_ip", "src_port"], ["", ""]);
    let host = draft.event.machine().map(str::to_owned);
    draft.address(End::Destination, host.as_deref(), None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: [&str; 7]| {
            let p = bind(message).or_else(|| dnsmasq(message)).or_else(|| unbound(message)).unwrap();
            assert_eq!([p.event, p.query, p.record_type, p.answer, p.ip, p.port, p.rcode], expected, "{message}");
        };
        check(
            "client @0x7f8 192.0.2.5#51234 (www.example.com): query: www.example.com IN A +E(0)K (198.51.100.1)",
            ["query", "www.example.com", "A", "", "192.0.2.5", "51234", ""],
        );
        check(
            "queries: info: client 2001:db8::5#51234: view int: query: x.example IN TXT -",
            ["query", "x.example", "TXT", "", "2001:db8::5", "51234", ""],
        );
        check(
            "client 192.0.2.5#53 (a.example): query (cache) 'a.example/ANY/IN' denied",
            ["denied", "a.example", "ANY", "", "192.0.2.5", "53", "REFUSED"],
        );
        check(
            "query[AAAA] www.example.com from 192.0.2.5",
            ["query", "www.example.com", "AAAA", "", "192.0.2.5", "", ""],
        );
        check(
            "77 192.0.2.5/51234 query[A] www.example.com from 192.0.2.5",
            ["query", "www.example.com", "A", "", "192.0.2.5", "51234", ""],
        );
        check(
            "reply www.example.com is 198.51.100.4",
            ["reply", "www.example.com", "", "198.51.100.4", "", "", "NOERROR"],
        );
        check("cached www.example.com is NXDOMAIN", ["reply", "www.example.com", "", "", "", "", "NXDOMAIN"]);
        check("reply www.example.com is <CNAME>", ["reply", "www.example.com", "", "", "", "", "NOERROR"]);
        check(
            "[1:0] info: 192.0.2.5 www.example.com. A IN",
            ["query", "www.example.com", "A", "", "192.0.2.5", "", ""],
        );
        let mut out = Fields::new(model::Format::Syslog);
        assert!(!fields("zone example.com/IN: loaded serial 7", &mut out));
        assert!(!fields("forwarded www.example.com to 198.51.100.1", &mut out));
    }
}
