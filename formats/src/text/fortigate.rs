//! FortiGate: key=value lines (FortiOS 6 and 7, log types traffic, utm, event), inside syslog or bare.
//!
//! Fields under FortiOS' own names, and Sigma's `src_ip`, `dst_ip`, `src_port`, `dst_port`, `username` behind. Deliberately
//! absent: the CSV form, and FortiOS' CEF, which the reader of CEF takes.

use model::ocsf::{
    AnalyticObject, Class, DnsAnswer, DnsQuery, FindingInfo, FirewallRule, HttpRequest, ManagedEntity, Service,
    Session, Traffic, Url,
};
use model::{Fields, Scalar, Text, Timestamp};

use super::draft::{Draft, End, Verdict, View, acting, device, file, fingerprint, is_mac, user};
use super::pairs::{aliases, pairs};
use super::reader::{Reader, Source, announce};
use super::{access, dns, stamp, syslog};
use crate::parts;

/// Whether a line is certainly FortiOS'.
pub(super) fn begins(line: &str) -> bool {
    let is_start = ["date=", "devname=", "logver=", "timestamp=", "itime=", "eventtime="]
        .iter()
        .any(|start| line.starts_with(start));
    is_start
        && line.contains(" type=")
        && (line.contains("logid=") || line.contains("log_id=") || line.contains("subtype="))
}

pub(super) fn fields<'a>(line: &'a str, fields: &mut Fields<'a>) {
    let kind = pairs(line).find(|(key, _)| *key == "type").map(|(_, value)| value);
    let source = match kind.as_deref() {
        Some("traffic") => Source { product: "fortigate", services: &["traffic"], category: "firewall" },
        Some("event") => Source { product: "fortigate", services: &["event"], category: "" },
        Some("utm") => Source { product: "fortigate", services: &["utm"], category: "firewall" },
        _ => Source { product: "fortigate", services: &[], category: "" },
    };
    announce(Reader::Fortigate, &source, fields);
    let from = fields.len();
    for (key, value) in pairs(line) {
        if !value.is_empty() && fields.len() < model::limits::RECORD_FIELDS_MAX {
            fields.push(key, Scalar::Text(Text::Plain(value)));
        }
    }
    let names = [
        ("srcip", "src_ip"),
        ("dstip", "dst_ip"),
        ("srcport", "src_port"),
        ("dstport", "dst_port"),
        ("user", "username"),
    ];
    aliases(fields, from, &names);
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.product("Fortinet", "FortiGate");
    draft.time = time(view);
    draft.metadata().event_code = view.owned("logid");
    draft.metadata().log_name =
        view.get("type").map(|kind| format!("{kind}/{}", view.get("subtype").unwrap_or_default()));
    if let Some(level) = view.first(&["level", "pri"]).and_then(|level| syslog::severity_id(&level)) {
        draft.event.severity_id = level;
    }
    if let Some(name) = view.get("devname") {
        let mut found = device(&name);
        found.uid = view.owned("devid");
        found.type_id = Some(9);
        draft.event.attributes.device = Some(found);
    }
    match (&*view.get("type").unwrap_or_default(), &*view.get("subtype").unwrap_or_default()) {
        ("traffic", _) => traffic(view, draft),
        ("utm", "dns") | ("dns", _) => query(view, draft),
        ("utm", "webfilter" | "waf") => web(view, draft),
        ("utm", "app-ctrl" | "voip" | "ssl" | "ssh" | "cifs") => connection(view, draft, 6),
        ("utm" | "anomaly" | "virus" | "ips" | "attack", _) => threat(view, draft),
        ("event", "vpn") => vpn(view, draft),
        ("event", _) => system(view, draft),
        _ => {}
    }
}

/// `eventtime` where there is one, else `date`, `time`, `tz`.
fn time(view: &View<'_, '_>) -> Option<Timestamp> {
    if let Some(time) = view.get("eventtime").and_then(|time| stamp::epoch(&time)) {
        return Some(time);
    }
    stamp::dashed(&view.get("date")?, &view.get("time")?, &view.get("tz").unwrap_or_default())
}

/// What all connections have.
fn connection(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::NETWORK, activity);
    draft.addresses(view, ["srcip", "srcport"], ["dstip", "dstport"]);
    if let Some(protocol) = view.get("proto") {
        draft.protocol(&protocol);
    }
    match view.get("direction").as_deref() {
        Some("incoming" | "inbound") => draft.direction(1),
        Some("outgoing" | "outbound") => draft.direction(2),
        _ => {}
    }
    for (end, interface, mac, name, zone) in [
        (End::Source, "srcintf", "srcmac", "srcname", "srcintfrole"),
        (End::Destination, "dstintf", "dstmac", "dstname", "dstintfrole"),
    ] {
        let found = view.first(&[interface, mac, name]).is_some();
        if found {
            let endpoint = draft.end(end);
            endpoint.interface_name = view.owned(interface);
            endpoint.mac = view.owned(mac).filter(|mac| is_mac(mac));
            endpoint.hostname = view.owned(name).or_else(|| endpoint.hostname.take());
            endpoint.zone = view.owned(zone);
        }
    }
    if let Some(name) = view.first(&["user", "unauthuser"]) {
        draft.end(End::Source).owner = Some(user(&name));
    }
    draft.event.attributes.app_name = view.first(&["app", "service"]).map(|name| name.to_ascii_lowercase());
    decided(view, draft);
}

/// What the firewall did, and by which rule.
fn decided(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let action = view.first(&["utmaction", "action"]).unwrap_or_default();
    let verdict = match &*action {
        // What ended by itself was let through.
        "close" | "timeout" | "start" | "client-rst" | "server-rst" | "dns" | "ip-conn" => Some(Verdict::Allowed),
        action => Verdict::of(action),
    };
    let Some(verdict) = verdict else { return };
    draft.verdict(verdict);
    let (name, uid) = (view.owned("policyname"), view.first(&["poluuid", "policyid"]).map(|uid| uid.into_owned()));
    if name.is_some() || uid.is_some() {
        draft.event.attributes.firewall_rule = Some(Box::new(FirewallRule { name, uid, ..FirewallRule::default() }));
    }
}

fn traffic(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let activity = match &*view.get("action").unwrap_or_default() {
        "start" => 1,
        "close" | "timeout" => 2,
        "client-rst" | "server-rst" => 3,
        "ip-conn" => 4,
        "deny" | "blocked" => 5,
        _ => 6,
    };
    connection(view, draft, activity);
    let (out, into) = (view.number("sentbyte"), view.number("rcvdbyte"));
    let (packets_out, packets_in) = (view.number("sentpkt"), view.number("rcvdpkt"));
    let a = &mut draft.event.attributes;
    a.traffic =
        Some(Box::new(Traffic { bytes_out: out, bytes_in: into, packets_out, packets_in, ..Traffic::default() }));
    a.duration = view.number("duration").map(|seconds| seconds.saturating_mul(1_000));
    draft.connection().uid = view.owned("sessionid");
}

fn query(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    connection(view, draft, 6);
    let is_reply = view.is("eventtype", "dns-response");
    draft.class(Class::DNS, if is_reply { 2 } else { 1 });
    let a = &mut draft.event.attributes;
    a.query = Some(Box::new(DnsQuery {
        hostname: Some(view.get("qname").unwrap_or("Unknown".into()).into_owned()),
        type_name: view.owned("qtype"),
        class: view.owned("qclass"),
        ..DnsQuery::default()
    }));
    a.answers = view.get("ipaddr").map(|list| {
        let answer = |rdata: &str| DnsAnswer { rdata: Some(rdata.trim().into()), ..DnsAnswer::default() };
        list.split(',').map(answer).collect()
    });
    if let Some(rcode) = view.owned("rcode") {
        a.rcode_id = rcode.parse().ok().filter(|id| *id < 24).or_else(|| dns::rcode_id(&rcode));
        a.rcode = Some(rcode);
    }
}

fn web(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    connection(view, draft, 0);
    let method = view.owned("httpmethod");
    draft.class(Class::HTTP, access::activity(method.as_deref().unwrap_or("")));
    draft.event.attributes.http_request = Some(Box::new(HttpRequest {
        http_method: method.as_deref().and_then(parts::http_method),
        url: target(view),
        user_agent: view.owned("agent"),
        referrer: view.first(&["referralurl", "referrer"]).map(|text| text.into_owned()),
        ..HttpRequest::default()
    }));
}

fn target(view: &View<'_, '_>) -> Option<Box<Url>> {
    let hostname = view.get("hostname");
    let found = view.get("url")?;
    Some(access::url(&found, hostname.as_deref()))
}

/// Intrusion prevention, virus scanner, botnet and denial-of-service sensors.
fn threat(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    connection(view, draft, 6);
    draft.event.attributes.url = target(view);
    if let Some(name) = view.get("filename") {
        let mut found = file(&name);
        found.hashes = view.get("filehash").and_then(|hash| fingerprint(&hash)).map(|hash| vec![hash]);
        draft.event.attributes.file = Some(found);
    }
    if let Some(severity) = view.first(&["severity", "crlevel"]) {
        draft.event.severity_id = level(&severity).unwrap_or(draft.event.severity_id);
    }
    let subtype = view.owned("subtype");
    let uid = view.first(&["attackid", "virusid", "logid"]).unwrap_or("Unknown".into()).into_owned();
    let title = view.first(&["attack", "virus", "msg"]).map(|title| title.into_owned());
    draft.finding(FindingInfo {
        uid: Some(uid.clone()),
        desc: view.owned("msg"),
        types: subtype.clone().map(|subtype| vec![subtype]),
        analytic: Some(AnalyticObject {
            uid: Some(uid),
            name: title.clone(),
            type_id: Some(1),
            category: subtype,
            ..AnalyticObject::default()
        }),
        title,
        ..FindingInfo::default()
    });
}

/// OCSF's severity for a level in words.
pub(super) fn level(word: &str) -> Option<u32> {
    Some(match word.to_ascii_lowercase().as_str() {
        "critical" => 5,
        "high" => 4,
        "medium" => 3,
        "low" => 2,
        "info" | "informational" | "information" => 1,
        _ => return None,
    })
}

fn vpn(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let action = view.get("action").unwrap_or_default();
    let activity = match &*action {
        "tunnel-up" | "ssl-new-con" => 1,
        "tunnel-down" | "ssl-exit-error" => 2,
        _ if action.contains("login-fail") => {
            draft.logon(1, "vpn", user(view.get("user").as_deref().unwrap_or("Unknown")));
            draft.status(false);
            draft.address(End::Source, view.first(&["remip", "srcip"]).as_deref(), None);
            explain(view, draft);
            return;
        }
        _ => 99,
    };
    draft.class(Class::TUNNEL, activity);
    draft.address(End::Source, view.first(&["remip", "srcip"]).as_deref(), None);
    let machine = draft.event.machine().map(str::to_owned);
    let local = view.first(&["locip", "dstip"]).filter(|ip| *ip != "N/A").map(|ip| ip.into_owned());
    draft.address(End::Destination, local.or(machine).as_deref(), None);
    let a = &mut draft.event.attributes;
    a.user = view.first(&["user", "xauthuser"]).filter(|name| *name != "N/A").map(|name| user(&name));
    a.session = view.owned("tunnelid").map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
    a.traffic = view
        .number("sentbyte")
        .map(|out| Box::new(Traffic { bytes_out: Some(out), bytes_in: view.number("rcvdbyte"), ..Traffic::default() }));
    a.duration = view.number("duration").map(|seconds| seconds.saturating_mul(1_000));
    explain(view, draft);
}

fn explain(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    if let Some(reason) = view.first(&["reason", "msg", "logdesc"]) {
        draft.detail(reason.into_owned());
    }
}

/// Administrators, authenticated users, configuration.
fn system(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let action = view.get("action").unwrap_or_default().to_ascii_lowercase();
    let who = view.get("user");
    let path = view.get("cfgpath");
    let account = || user(who.as_deref().unwrap_or("Unknown"));
    match (action.as_str(), path) {
        ("add" | "edit" | "delete" | "move", Some(path)) => configured(view, draft, &action, &path),
        ("login" | "auth-logon" | "authentication" | "fsso-logon", _) => {
            draft.logon(1, "fortigate", account());
            draft.status(view.get("status").is_none_or(|status| status.eq_ignore_ascii_case("success")));
        }
        ("logout" | "auth-logout" | "fsso-logoff", _) => {
            draft.logon(2, "fortigate", account());
            draft.status(true);
        }
        _ => return,
    }
    if draft.event.class == Class::AUTHENTICATION {
        draft.address(End::Source, view.first(&["srcip", "remip"]).as_deref(), None);
        draft.event.attributes.service = view
            .get("ui")
            .map(|ui| {
                Box::new(Service {
                    name: Some(ui.split('(').next().unwrap_or("fortigate").into()),
                    ..Service::default()
                })
            })
            .or(draft.event.attributes.service.take());
    }
    explain(view, draft);
}

fn configured(view: &View<'_, '_>, draft: &mut Draft<'_>, action: &str, path: &str) {
    let object = view.owned("cfgobj");
    if matches!(path, "system.admin" | "user.local") {
        let activity = match action {
            "add" => 1,
            "delete" => 6,
            _ => 99,
        };
        draft.class(Class::ACCOUNT_CHANGE, activity);
        draft.event.attributes.user = Some(user(object.as_deref().unwrap_or("Unknown")));
    } else {
        let activity = match action {
            "add" => 1,
            "delete" => 4,
            "move" => 5,
            _ => 3,
        };
        draft.class(Class::ENTITY_MANAGEMENT, activity);
        draft.event.attributes.entity =
            Some(Box::new(ManagedEntity { name: object, type_name: Some(path.into()), uid: view.owned("cfgtid") }));
    }
    draft.event.attributes.actor = view.get("user").map(|name| acting(user(&name)));
}
