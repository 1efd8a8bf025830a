//! PAN-OS: comma-separated values, inside syslog or bare, in the orders of [`super::paloalto_orders`].
//!
//! Fields under PAN-OS' own names, and Sigma's `src_ip`, `dst_ip`, `src_port`, `dst_port`, `username`, `protocol` behind.
//! Deliberately absent: custom log formats, whose order only their author knows, and decryption and GTP logs, of which the
//! common fields alone are read.

use std::borrow::Cow;

use model::ocsf::{AnalyticObject, Class, FindingInfo, FirewallRule, HttpRequest, ManagedEntity, Session, Traffic};
use model::{Fields, Scalar, Text, Timestamp};

use super::draft::{Draft, End, Verdict, View, acting, device, domain_user, file, fingerprint, user};
use super::pairs::{aliases, values};
use super::paloalto_orders::{COMMON, CONFIG_SHORT, order};
use super::reader::{Reader, Source, announce};
use super::{access, fortigate, stamp};
use crate::parts;

/// Whether a line is certainly PAN-OS': a number, a time with slashes or an ISO time, a serial number, a type.
pub(super) fn begins(line: &str) -> bool {
    let mut parts = line.split(',');
    let (Some(first), Some(time), Some(_), Some(kind)) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_number = (1..=2).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_digit());
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let is_time = digits == 4 && matches!(time.as_bytes().get(4), Some(b'/' | b'-'));
    let is_kind = (3..=24).contains(&kind.len())
        && kind.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    is_number && is_time && is_kind
}

pub(super) fn fields<'a>(line: &'a str, fields: &mut Fields<'a>) {
    let kind = line.split(',').nth(3).unwrap_or("");
    let source = match kind {
        "TRAFFIC" | "START" | "END" => Source { product: "paloalto", services: &["traffic"], category: "firewall" },
        "THREAT" => Source { product: "paloalto", services: &["threat"], category: "firewall" },
        "GLOBALPROTECT" => Source { product: "paloalto", services: &["globalprotect"], category: "appliance" },
        "SYSTEM" => Source { product: "paloalto", services: &["system"], category: "" },
        "CONFIG" => Source { product: "paloalto", services: &["config"], category: "" },
        _ => Source { product: "paloalto", services: &[], category: "" },
    };
    announce(Reader::Paloalto, &source, fields);
    let from = fields.len();
    let mut own = order(kind).unwrap_or("");
    // With the details the number of the log stands two places later.
    if kind == "CONFIG" && is_short_config(line) {
        own = CONFIG_SHORT;
    }
    let names = COMMON.split(' ').chain(own.split(' ').filter(|name| !name.is_empty()));
    for (value, name) in values(line).zip(names) {
        if name != "-" && !value.is_empty() {
            fields.push(name, Scalar::Text(Text::Plain(value)));
        }
    }
    let names = [
        ("src", "src_ip"),
        ("dst", "dst_ip"),
        ("sport", "src_port"),
        ("dport", "dst_port"),
        ("srcuser", "username"),
        ("proto", "protocol"),
        ("public_ip", "src_ip"),
    ];
    aliases(fields, from, &names);
}

/// The sequence number is digits, where the long form has the detail of a change.
fn is_short_config(line: &str) -> bool {
    let mut parts = values(line).skip(14);
    let is_number = |text: Option<Cow<'_, str>>| {
        text.is_some_and(|text| text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_flags = |text: Option<Cow<'_, str>>| text.is_some_and(|text| text.starts_with("0x"));
    is_number(parts.next()) && is_flags(parts.next())
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.product("Palo Alto Networks", "PAN-OS");
    draft.time = time(view);
    let kind = view.get("type").unwrap_or_default();
    draft.metadata().log_name = Some(kind.clone().into_owned());
    draft.metadata().event_code = view.first(&["eventid", "subtype"]).map(Cow::into_owned);
    draft.metadata().sequence = view.number("seqno");
    if let Some(name) = view.get("device_name") {
        let mut found = device(&name);
        found.uid = view.owned("serial");
        found.type_id = Some(9);
        draft.event.attributes.device = Some(found);
    }
    if let Some(severity) = view.get("severity").and_then(|word| fortigate::level(&word)) {
        draft.event.severity_id = severity;
    }
    match &*kind {
        "TRAFFIC" | "START" | "END" | "TUNNEL" => traffic(view, draft),
        "THREAT" if view.is("subtype", "url") => web(view, draft),
        "THREAT" => threat(view, draft),
        "GLOBALPROTECT" => remote_access(view, draft),
        "AUTHENTICATION" | "AUTH" => authentication(view, draft),
        "USERID" => mapping(view, draft),
        "SYSTEM" => system(view, draft),
        "CONFIG" => configured(view, draft),
        _ => {}
    }
}

fn time(view: &View<'_, '_>) -> Option<Timestamp> {
    if let Some(time) = view.get("high_res_timestamp").and_then(|time| Timestamp::parse(&time)) {
        return Some(time);
    }
    let time = view.first(&["time_generated", "receive_time"])?;
    let (date, clock) = time.split_once(' ').unwrap_or((&time, ""));
    stamp::dashed(date, clock, "").or_else(|| Timestamp::parse(&time))
}

fn connection(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::NETWORK, activity);
    draft.addresses(view, ["src", "sport"], ["dst", "dport"]);
    if let Some(protocol) = view.get("proto") {
        draft.protocol(&protocol);
    }
    for (end, interface, zone, owner, host) in [
        (End::Source, "inbound_if", "from", "srcuser", "src_host"),
        (End::Destination, "outbound_if", "to", "dstuser", "dst_host"),
    ] {
        let endpoint = draft.end(end);
        endpoint.interface_name = view.owned(interface);
        endpoint.zone = view.owned(zone);
        endpoint.owner = view.get(owner).map(|name| domain_user(&name));
        endpoint.hostname = view.owned(host).or_else(|| endpoint.hostname.take());
    }
    draft.connection().uid = view.owned("sessionid");
    draft.event.attributes.app_name = view.get("app").map(|app| app.to_ascii_lowercase());
    if let Some(verdict) = view.get("action").and_then(|action| Verdict::of(&action)) {
        draft.verdict(verdict);
        let (name, uid) = (view.owned("rule"), view.owned("rule_uuid"));
        if name.is_some() || uid.is_some() {
            draft.event.attributes.firewall_rule =
                Some(Box::new(FirewallRule { name, uid, ..FirewallRule::default() }));
        }
    }
}

fn traffic(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let activity = match &*view.get("subtype").unwrap_or_default() {
        "start" => 1,
        "end" => 2,
        "drop" | "deny" => 5,
        _ => 6,
    };
    connection(view, draft, activity);
    let a = &mut draft.event.attributes;
    a.traffic = Some(Box::new(Traffic {
        bytes: view.number("bytes"),
        bytes_out: view.number("bytes_sent"),
        bytes_in: view.number("bytes_received"),
        packets: view.number("packets"),
        packets_out: view.number("pkts_sent"),
        packets_in: view.number("pkts_received"),
        ..Traffic::default()
    }));
    a.duration = view.number("elapsed").map(|seconds| seconds.saturating_mul(1_000));
    a.status_detail = view.owned("session_end_reason");
}

/// Subtype `url`: one request, allowed or not.
fn web(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    connection(view, draft, 0);
    let method = view.owned("http_method").filter(|method| method != "unknown");
    draft.class(Class::HTTP, access::activity(method.as_deref().unwrap_or("")));
    draft.event.attributes.http_request = Some(Box::new(HttpRequest {
        http_method: method.as_deref().and_then(parts::http_method),
        url: view.get("misc").map(|target| url(&target)),
        user_agent: view.owned("user_agent"),
        referrer: view.owned("referer"),
        ..HttpRequest::default()
    }));
}

/// PAN-OS leaves the scheme out.
fn url(text: &str) -> Box<model::ocsf::Url> {
    if text.contains("://") || text.starts_with('/') {
        return access::url(text, None);
    }
    let (host, _) = text.split_once('/').unwrap_or((text, ""));
    let mut found = access::url(&text[host.len()..], Some(host));
    found.url_string = Some(text.into());
    found
}

fn threat(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    connection(view, draft, 6);
    let subtype = view.owned("subtype");
    let misc = view.get("misc");
    let is_file =
        matches!(subtype.as_deref(), Some("file" | "virus" | "wildfire" | "wildfire-virus" | "ml-virus" | "data"));
    if let Some(misc) = misc {
        if is_file {
            let mut found = file(&misc);
            found.hashes = view.get("filedigest").and_then(|hash| fingerprint(&hash)).map(|hash| vec![hash]);
            draft.event.attributes.file = Some(found);
        } else if misc.contains('/') {
            draft.event.attributes.url = Some(url(&misc));
        }
    }
    // `Name of the threat(12345)`
    let named = view.get("threatid").unwrap_or("Unknown".into());
    let (title, uid) = match named.rsplit_once('(') {
        Some((title, id)) => (title.to_owned(), id.trim_end_matches(')').to_owned()),
        None => (named.clone().into_owned(), named.into_owned()),
    };
    draft.finding(FindingInfo {
        uid: Some(uid.clone()),
        title: Some(title.clone()),
        types: view.owned("thr_category").or(subtype.clone()).map(|sort| vec![sort]),
        analytic: Some(AnalyticObject {
            uid: Some(uid),
            name: Some(title),
            type_id: Some(1),
            category: subtype,
            ..AnalyticObject::default()
        }),
        ..FindingInfo::default()
    });
}

fn remote_access(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let succeeded = view.is("status", "success");
    let who = domain_user(view.get("srcuser").as_deref().unwrap_or("Unknown"));
    match &*view.get("stage").unwrap_or_default() {
        "login" => draft.logon(1, "globalprotect", who),
        "logout" => draft.logon(2, "globalprotect", who),
        stage => {
            let activity = match stage {
                "tunnel" | "connected" => 1,
                "agent" | "host-info" | "before-login" | "configuration" => 99,
                _ => 0,
            };
            draft.class(Class::TUNNEL, activity);
            draft.event.attributes.user = Some(who);
            let machine = draft.event.machine().map(str::to_owned);
            draft.address(End::Destination, view.get("gateway").as_deref().or(machine.as_deref()), None);
            draft.event.attributes.session =
                view.owned("hostid").map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
        }
    }
    draft.status(succeeded);
    let public = view.first(&["public_ip", "public_ipv6"]).filter(|ip| !matches!(&**ip, "0.0.0.0" | "::"));
    draft.address(End::Source, public.as_deref(), None);
    draft.end(End::Source).name = view.owned("machinename");
    if let Some(reason) = view.first(&["reason", "error", "opaque"]) {
        draft.detail(reason.into_owned());
    }
}

fn authentication(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.logon(1, "pan-os", domain_user(view.first(&["user", "normalize_user"]).as_deref().unwrap_or("Unknown")));
    let outcome = view.first(&["event", "desc"]).unwrap_or_default().to_ascii_lowercase();
    let failed = ["fail", "invalid", "denied", "reject", "timeout"].iter().any(|word| outcome.contains(word));
    draft.status(!failed);
    draft.address(End::Source, view.get("ip").as_deref(), None);
    if let Some(detail) = view.first(&["desc", "event"]) {
        draft.detail(detail.into_owned());
    }
}

/// User-ID: an account was seen at an address.
fn mapping(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let activity = if view.is("subtype", "logout") { 2 } else { 1 };
    draft.logon(activity, "user-id", domain_user(view.get("user").as_deref().unwrap_or("Unknown")));
    draft.status(true);
    draft.address(End::Source, view.get("ip").as_deref(), None);
}

fn system(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let words = view.get("opaque").unwrap_or_default();
    if !words.is_empty() {
        draft.event.attributes.message = Some(words.clone().into_owned());
    }
    let id = view.get("eventid").unwrap_or_default();
    let succeeded = match &*id {
        "auth-success" => true,
        "auth-fail" => false,
        _ => return,
    };
    let name = super::pairs::between(&words, "user '", "'").unwrap_or("Unknown");
    draft.logon(1, "pan-os", domain_user(name));
    draft.status(succeeded);
    let from = super::pairs::between(&words, "From: ", "").map(|from| from.trim_end_matches('.'));
    draft.address(End::Source, from, None);
}

fn configured(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let activity = match &*view.get("cmd").unwrap_or_default() {
        "add" | "clone" | "set" => 1,
        "edit" | "rename" | "commit" => 3,
        "delete" => 4,
        "move" => 5,
        _ => 99,
    };
    draft.class(Class::ENTITY_MANAGEMENT, activity);
    draft.event.attributes.entity = Some(Box::new(ManagedEntity {
        name: Some(view.first(&["path", "cmd"]).unwrap_or("Unknown".into()).into_owned()),
        type_name: Some("configuration".into()),
        ..ManagedEntity::default()
    }));
    draft.event.attributes.actor = view.get("admin").map(|name| acting(user(&name)));
    draft.status(view.is("result", "Succeeded") || view.is("result", "Submitted"));
}
