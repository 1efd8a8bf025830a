//! ArcSight Common Event Format, revision 26 (CEF:0 and CEF:1), bare or inside syslog.
//!
//! Fields: the header as `cefVersion`, `deviceVendor`, `deviceProduct`, `deviceVersion`, `deviceEventClassId`, `name`,
//! `severity`; the extension under its own keys; a custom key that has a label (`cs1Label=Rule cs1=x`) also under its label
//! (`Rule`); and Sigma's `src_ip`, `dst_ip`, `src_port`, `dst_port`, `username`, `action`, `protocol`.

use std::borrow::Cow;

use model::limits::RECORD_FIELDS_MAX;
use model::ocsf::{AnalyticObject, Class, FindingInfo, FirewallRule, HttpRequest, Traffic};
use model::{Fields, Scalar, Text, Timestamp};

use super::draft::{Draft, End, Verdict, View, acting, device, file, fingerprint, is_mac, user};
use super::pairs::aliases;
use super::reader::{Reader, Source, announce};
use super::{access, stamp};
use crate::parts;

/// Whether a message is CEF.
pub(super) fn begins(message: &str) -> bool {
    message.strip_prefix("CEF:").is_some_and(|rest| rest.trim_start().starts_with(|first: char| first.is_ascii_digit()))
        && message.contains('|')
}

const HEADER: [&str; 7] =
    ["cefVersion", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"];

pub(super) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) {
    let mut rest = message.strip_prefix("CEF:").unwrap_or(message).trim_start();
    let mut header = [""; 7];
    for slot in &mut header {
        let end = bar(rest);
        *slot = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or("");
    }
    announce(Reader::Cef, &source(header[1], header[2], rest), fields);
    let from = fields.len();
    for (name, value) in HEADER.into_iter().zip(header) {
        if !value.is_empty() {
            fields.push(name, Scalar::Text(Text::Plain(unescape(value))));
        }
    }
    extension(rest, fields);
    labels(fields, from);
    let names = [
        ("src", "src_ip"),
        ("dst", "dst_ip"),
        ("c6a2", "src_ip"),
        ("c6a3", "dst_ip"),
        ("spt", "src_port"),
        ("dpt", "dst_port"),
        ("suser", "username"),
        ("duser", "username"),
        ("act", "action"),
        ("proto", "protocol"),
    ];
    aliases(fields, from, &names);
}

fn source(vendor: &str, product: &str, extension: &str) -> Source {
    let has = |key: &str| extension.starts_with(key) || extension.contains(&format!(" {key}"));
    let category = if has("requestMethod=") || has("request=http") {
        "proxy"
    } else if has("src=") && has("dst=") {
        "firewall"
    } else {
        ""
    };
    match (vendor, product) {
        ("Fortinet", _) => Source { product: "fortigate", services: &[], category },
        ("Palo Alto Networks", _) => Source { product: "paloalto", services: &[], category },
        ("Check Point", _) => Source { product: "checkpoint", services: &[], category },
        ("Cisco", _) => Source { product: "cisco", services: &[], category },
        _ => Source { product: "", services: &["cef"], category },
    }
}

/// Where the next bar without a backslash stands.
fn bar(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'|' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Values hold blanks, so a value ends where the next ` key=` begins; `\=` is a sign of equality inside a value.
fn extension<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let bytes = text.as_bytes();
    // The key that is open, and where its value starts.
    let mut open: Option<(&'a str, usize)> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'=', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'\\' {
            at = (at + 2).min(bytes.len());
            continue;
        }
        let value_start = open.map_or(0, |(_, start)| start);
        let key_start = key_start(bytes, value_start, at);
        if let Some(start) = key_start {
            if let Some((key, from)) = open {
                put(key, &text[from..start], fields);
            }
            open = Some((&text[start..at], at + 1));
        }
        at += 1;
    }
    if let Some((key, from)) = open {
        put(key, &text[from..], fields);
    }
}

/// Where the key in front of the sign at `end` starts: letters, digits and a few marks, behind a blank or at the very start.
fn key_start(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    let in_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
    let length = bytes[from..end].iter().rev().take_while(|byte| in_key(byte)).count();
    let start = end - length;
    let is_first = start == from && from == 0;
    let is_behind_blank = start > from && bytes[start - 1] == b' ';
    (length > 0 && (is_first || is_behind_blank)).then_some(start)
}

fn put<'a>(key: &'a str, value: &'a str, fields: &mut Fields<'a>) {
    let value = value.trim_matches(' ');
    if !value.is_empty() && fields.len() < RECORD_FIELDS_MAX {
        fields.push(key, Scalar::Text(Text::Plain(unescape(value))));
    }
}

/// `\\`, `\=`, `\|`, `\n`, `\r`; another backslash stands for itself, because few writers escape Windows paths.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut symbols = text.chars().peekable();
    while let Some(symbol) = symbols.next() {
        let next = if symbol == '\\' { symbols.peek().copied() } else { None };
        let decoded = match next {
            Some('\\' | '=' | '|') => next,
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            _ => None,
        };
        if decoded.is_some() {
            symbols.next();
        }
        out.push(decoded.unwrap_or(symbol));
    }
    Cow::Owned(out)
}

/// Repeats a custom value under its label.
fn labels(fields: &mut Fields<'_>, from: usize) {
    let mut found = Vec::new();
    for field in &fields.as_slice()[from..] {
        if let Some(key) = field.name.strip_suffix("Label")
            && let Some(label) = field.value.to_str()
            && let Some(value) = fields.as_slice()[from..].iter().find(|other| other.name == key)
        {
            found.push((label.into_owned(), value.value.clone()));
        }
    }
    for (label, value) in found {
        fields.push(label, value);
    }
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let vendor = view.get("deviceVendor").unwrap_or("Unknown".into());
    draft.product(&vendor, &view.get("deviceProduct").unwrap_or("Unknown".into()));
    let version = view.owned("deviceVersion");
    if let Some(product) = &mut draft.metadata().product {
        product.version = version;
    }
    draft.metadata().event_code = view.owned("deviceEventClassId");
    draft.metadata().original_event_uid = view.owned("externalId");
    draft.event.severity_id = severity(&view.get("severity").unwrap_or_default());
    draft.event.attributes.message = view.first(&["msg", "name"]).map(Cow::into_owned);
    draft.event.attributes.count = view.number("cnt");
    draft.time = ["rt", "end", "start", "deviceReceiptTime"]
        .into_iter()
        .find_map(|name| view.get(name).and_then(|text| time(&text, draft.received())));
    if let Some(host) = view.first(&["dvchost", "dvc"]) {
        draft.event.attributes.device = Some(device(&host));
    }
    ends(view, draft);
    classify(view, draft);
    if let Some(reason) = view.owned("reason") {
        draft.detail(reason);
    }
}

/// Milliseconds since 1970, `Mmm dd yyyy hh:mm:ss[.SSS] [zone]`, `Mmm dd hh:mm:ss`, ISO.
fn time(text: &str, received: Timestamp) -> Option<Timestamp> {
    stamp::parse(text, received)
}

/// 0–3 low, 4–6 medium, 7–8 high, 9–10 very high, or the words.
fn severity(text: &str) -> u32 {
    match text.trim().to_ascii_lowercase().as_str() {
        "0" | "1" | "2" | "3" | "low" => 2,
        "4" | "5" | "6" | "medium" => 3,
        "7" | "8" | "high" => 4,
        "9" | "10" | "very-high" | "very high" | "critical" => 5,
        "unknown" | "" => 0,
        _ => 1,
    }
}

fn ends(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    for (end, address, v6, port, host, mac, owner) in [
        (End::Source, "src", "c6a2", "spt", "shost", "smac", "suser"),
        (End::Destination, "dst", "c6a3", "dpt", "dhost", "dmac", "duser"),
    ] {
        draft.address(end, view.first(&[address, v6]).as_deref(), view.get(port).as_deref());
        let found = view.first(&[host, mac, owner]).is_some();
        if found {
            let endpoint = draft.end(end);
            endpoint.hostname = view.owned(host).or_else(|| endpoint.hostname.take());
            endpoint.mac = view.owned(mac).filter(|mac| is_mac(mac));
            endpoint.owner = view.get(owner).map(|name| user(&name));
        }
    }
}

/// CEF has no classes: the keys that are there, and the words of the name, tell.
fn classify(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let words = format!(
        "{} {} {}",
        view.get("deviceEventClassId").unwrap_or_default(),
        view.get("name").unwrap_or_default(),
        view.first(&["cat", "deviceEventCategory"]).unwrap_or_default()
    )
    .to_ascii_lowercase();
    let any = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let has_ends = draft.event.attributes.src_endpoint.is_some() || draft.event.attributes.dst_endpoint.is_some();
    let is_threat = any(&[
        "threat",
        "virus",
        "malware",
        "attack",
        "exploit",
        "intrusion",
        "ips",
        "spyware",
        "botnet",
        "trojan",
        "ransom",
    ]);
    let is_logon = any(&["login", "logon", "logged in", "authenticat", "logout", "logoff"]);
    let who = view.first(&["duser", "suser"]);
    if is_threat {
        finding(view, draft);
    } else if is_logon && let Some(who) = who {
        let out = any(&["logout", "logoff", "logged out"]);
        draft.logon(
            if out { 2 } else { 1 },
            &view.first(&["app", "deviceProduct"]).unwrap_or("Unknown".into()),
            user(&who),
        );
        let failed = any(&["fail", "denied", "invalid", "reject"])
            || view.get("outcome").is_some_and(|outcome| outcome.to_ascii_lowercase().starts_with("fail"));
        draft.status(!failed);
        return;
    } else if has_ends && (view.get("requestMethod").is_some() || view.get("request").is_some()) {
        web(view, draft);
    } else if has_ends {
        network(view, draft);
    } else {
        // A base event has no place for names of accounts and files; they stay in the record.
        (draft.event.attributes.user, draft.event.attributes.file) = (None, None);
        draft.event.attributes.actor = who.map(|who| acting(user(&who)));
    }
    decided(view, draft);
}

fn decided(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    if let Some(verdict) = view.get("act").and_then(|action| Verdict::of(&action)) {
        draft.verdict(verdict);
        let rule = view.first(&["rule", "Rule", "Rule Name", "ruleName", "policy", "Policy"]).map(Cow::into_owned);
        draft.event.attributes.firewall_rule =
            rule.map(|name| Box::new(FirewallRule { name: Some(name), ..FirewallRule::default() }));
        if verdict.is_denied() && draft.event.class == Class::NETWORK {
            draft.event.activity_id = 5;
        }
    }
}

fn network(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.class(Class::NETWORK, 6);
    if let Some(protocol) = view.get("proto") {
        draft.protocol(&protocol);
    }
    match view.get("deviceDirection").as_deref() {
        Some("0") => draft.direction(1),
        Some("1") => draft.direction(2),
        _ => {}
    }
    let a = &mut draft.event.attributes;
    a.app_name = view.get("app").map(|app| app.to_ascii_lowercase());
    let (bytes_in, bytes_out) = (view.number("in"), view.number("out"));
    if bytes_in.is_some() || bytes_out.is_some() {
        a.traffic = Some(Box::new(Traffic { bytes_in, bytes_out, ..Traffic::default() }));
    }
}

fn web(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    network(view, draft);
    let method = view.owned("requestMethod");
    draft.class(Class::HTTP, access::activity(method.as_deref().unwrap_or("")));
    draft.event.attributes.http_request = Some(Box::new(HttpRequest {
        http_method: method.as_deref().and_then(parts::http_method),
        url: view.get("request").map(|target| access::url(&target, view.get("dhost").as_deref())),
        user_agent: view.owned("requestClientApplication"),
        referrer: view.owned("requestContext"),
        ..HttpRequest::default()
    }));
}

fn finding(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    network(view, draft);
    draft.event.attributes.url = view.get("request").map(|target| access::url(&target, None));
    if let Some(name) = view.first(&["filePath", "fname"]) {
        let mut found = file(&name);
        found.hashes = view.get("fileHash").and_then(|hash| fingerprint(&hash)).map(|hash| vec![hash]);
        draft.event.attributes.file = Some(found);
    }
    let (uid, title) = (view.owned("deviceEventClassId"), view.owned("name"));
    draft.finding(FindingInfo {
        uid: Some(uid.clone().unwrap_or_else(|| "Unknown".into())),
        title: title.clone(),
        desc: view.owned("msg"),
        types: view.first(&["cat", "deviceEventCategory"]).map(|category| vec![category.into_owned()]),
        analytic: Some(AnalyticObject { uid, name: title, type_id: Some(1), ..AnalyticObject::default() }),
        ..FindingInfo::default()
    });
}

/// Writes a CEF line; the inverse of [`fields`] for the tests and for whoever forwards.
#[cfg(test)]
pub(super) fn write(header: [&str; 7], extension: &[(&str, &str)]) -> String {
    let head: Vec<_> = header.iter().map(|part| part.replace('\\', "\\\\").replace('|', "\\|")).collect();
    let escape =
        |value: &str| value.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n").replace('\r', "\\r");
    let list: Vec<_> = extension.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
    format!("CEF:{}|{}", head.join("|"), list.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Fields<'_> {
        let mut out = Fields::new(model::Format::Cef);
        fields(line, &mut out);
        out
    }

    #[test]
    fn lines_are_taken_apart() {
        let check = |line: &str, expected: &[(&str, &str)]| {
            let out = read(line);
            for (name, value) in expected {
                assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {line}");
            }
        };
        check(
            r"CEF:0|security|threat\|manager|1.0|100|detected a \| in message|10|src=192.0.2.1 act=blocked a | dst=198.51.100.2",
            &[
                ("cefVersion", "0"),
                ("deviceProduct", "threat|manager"),
                ("name", "detected a | in message"),
                ("severity", "10"),
                ("src", "192.0.2.1"),
                ("act", "blocked a |"),
                ("dst_ip", "198.51.100.2"),
            ],
        );
        check(
            r"CEF:0|v|p|1|2|n|3|msg=a\=b c\\d C:\temp e\nf cs1Label=Rule Name cs1=block all  duser=bob",
            &[("msg", "a=b c\\d C:\\temp e\nf"), ("Rule Name", "block all"), ("username", "bob")],
        );
        check("CEF:1|v|p|1|2|n|3|", &[("severity", "3")]);
        check("CEF:0|v|p", &[("deviceProduct", "p"), ("name", "")]);
        check(
            "CEF:0|v|p|1|2|n|3|request=http://h/?a=b&c=d requestMethod=GET",
            &[("request", "http://h/?a=b&c=d"), ("requestMethod", "GET")],
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            header in prop::array::uniform7("[ -~äß]{0,12}"),
            values in prop::collection::btree_map("[a-z][a-zA-Z0-9]{0,8}", "[!-~ä\n]([ -~ä\n]{0,20}[!-~ä\n])?", 0..6),
        ) {
            let mut header = header;
            header[0] = "0".into();
            let extension: Vec<_> = values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let line = write(header.each_ref().map(String::as_str), &extension);
            let out = read(&line);
            for (key, value) in &values {
                let header_has_it = HEADER.contains(&key.as_str());
                if !header_has_it && key != "name" {
                    prop_assert_eq!(out.text(key).unwrap_or_default(), value.as_str(), "{} in {}", key, line);
                }
            }
        }
    }
}
