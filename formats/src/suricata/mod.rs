//! Suricata EVE records.
//!
//! Suricata 4 to 8, "Eve JSON Format" of its guide: alert, anomaly, dns (versions 1 to 3), http, tls, quic, flow, netflow,
//! fileinfo, ssh, smb, krb5, smtp, ftp, dhcp, rdp, modbus, dnp3 and, as network activity under their own name, every other
//! protocol. An alert becomes a Detection Finding (class 2004) of the signature, with both ends, the request and the question
//! as its evidence, because that is what it is: somebody's finding. Indicators look into evidence too. Deliberately absent:
//! `stats`, which becomes a base event, and packet payloads, which stay in the untouched record.

mod apps;
mod names;
#[cfg(test)]
mod tests;

use model::ocsf::{
    AnalyticObject, Attack, AttackName, Class, Event, Evidence, FindingInfo, Fingerprint, HttpHeader, HttpRequest,
    HttpResponse, Tls, Traffic, activity,
};
use model::ocsf::{Certificate, File};
use model::{Fields, Timestamp};

use crate::parts::{self, Maker};
use crate::row::{Row, some_of};
use crate::{Head, Trouble};
use names::E;

/// Turns the fields of an EVE record into an OCSF event.
pub(crate) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let row = Row::<E>::new(fields);
    let mut troubles = Vec::new();
    let (time, is_arrival) = parts::time_or_arrival(row.time(E::Timestamp), head);
    if is_arrival {
        troubles.push(Trouble::no_time("no timestamp"));
    }
    let mut event = Event::new(head.id, head.agency.clone(), time, Class::BASE, activity::OTHER);
    parts::begin(&mut event, head, Maker { vendor: "OISF", product: "Suricata" });
    let kind = row.str(E::Type).unwrap_or_default();
    let metadata = parts::metadata(&mut event);
    metadata.log_name = if kind.is_empty() { None } else { Some(kind.clone().into_owned()) };
    ends(&row, &mut event);
    match kind.as_ref() {
        "alert" => alert(&row, fields, &mut event),
        "anomaly" => anomaly(&row, &mut event),
        "dns" => apps::dns(&row, fields, &mut event),
        "http" | "http2" => http(&row, &mut event),
        "tls" | "quic" => tls_event(&row, &mut event),
        "flow" | "netflow" => flow(&row, &mut event),
        "fileinfo" => fileinfo(&row, &mut event),
        "ssh" => apps::ssh(&row, &mut event),
        "smb" => apps::smb(&row, &mut event),
        "krb5" => apps::krb5(&row, &mut event),
        "smtp" => apps::smtp(&row, &mut event),
        "ftp" => apps::ftp(&row, &mut event),
        "dhcp" => apps::dhcp(&row, &mut event),
        "rdp" => apps::rdp(&row, &mut event),
        "stats" => {}
        other => network(&row, other, &mut event),
    }
    troubles.extend(parts::finish(&mut event));
    (event, troubles)
}

fn ends(row: &Row<'_, E>, event: &mut Event) {
    let a = &mut event.attributes;
    a.src_endpoint = parts::endpoint(row.ip(E::SrcIp), row.port(E::SrcPort), None);
    a.dst_endpoint = parts::endpoint(row.ip(E::DestIp), row.port(E::DestPort), None);
    if a.src_endpoint.is_some() || a.dst_endpoint.is_some() {
        let mut info = parts::connection(row.str(E::Proto).as_deref());
        info.uid = row.text(E::FlowId);
        info.community_uid = row.text(E::CommunityId);
        a.connection_info = Some(info);
    }
    if let Some(name) = row.text(E::Host) {
        a.device = Some(parts::device(Some(name)));
    }
}

/// Network activity of the protocol that the record is named after.
fn network(row: &Row<'_, E>, app: &str, event: &mut Event) {
    if event.attributes.src_endpoint.is_none() && event.attributes.dst_endpoint.is_none() {
        return;
    }
    (event.class, event.activity_id) = (Class::NETWORK, 6);
    event.attributes.app_name = Some(app.to_owned()).filter(|app| !app.is_empty());
    let function =
        row.text(E::ModbusFunction).or_else(|| row.text(E::DnpFunction)).or_else(|| row.text(E::EnipCommand));
    event.attributes.message = function.map(|function| format!("{app} {function}"));
}

/// Suricata's priorities: 1 is the worst, 3 and 4 inform.
fn severity(priority: Option<i64>) -> u32 {
    match priority {
        Some(1) => 4,
        Some(2) => 3,
        Some(3) => 2,
        _ => 1,
    }
}

fn alert(row: &Row<'_, E>, fields: &Fields<'_>, event: &mut Event) {
    apps::dns(row, fields, event);
    (event.class, event.activity_id) = (Class::DETECTION_FINDING, 1);
    event.severity_id = severity(row.int(E::Severity));
    let a = &mut event.attributes;
    let request = request(row);
    let evidence = Evidence {
        src_endpoint: a.src_endpoint.take(),
        dst_endpoint: a.dst_endpoint.take(),
        connection_info: a.connection_info.take(),
        query: a.query.take(),
        http_response: request.as_ref().and_then(|_| response(row)),
        http_request: request,
        tls: tls(row),
        file: file(row),
        ..Evidence::default()
    };
    // What `dns` has left belongs to another class.
    (a.answers, a.rcode_id, a.rcode, a.query_time, a.app_name) = (None, None, None, None, None);
    a.evidences = Some(vec![evidence]);
    let is_blocked = row.is(E::Action, "blocked");
    a.action_id = Some(if is_blocked { 2 } else { 1 });
    a.disposition_id = Some(if is_blocked { 2 } else { 19 });
    a.attacks = attacks(row);
    let title = row.text(E::Signature).unwrap_or_else(|| "alert".into());
    a.message = Some(title.clone());
    let id = row.int(E::SignatureId).map(|id| match row.int(E::Gid) {
        Some(1) | None => id.to_string(),
        Some(gid) => format!("{gid}:{id}"),
    });
    a.finding_info = Some(Box::new(FindingInfo {
        uid: Some(event.id.to_string()),
        types: row.text(E::Category).map(|category| vec![category]),
        analytic: Some(AnalyticObject {
            uid: id,
            name: Some(title.clone()),
            type_id: Some(1),
            category: row.text(E::Category),
            version: row.text(E::Rev),
            ..AnalyticObject::default()
        }),
        title: Some(title),
        ..FindingInfo::default()
    }));
}

fn attacks(row: &Row<'_, E>) -> Option<Vec<Attack>> {
    let name = |uid: E, name: E| {
        let (uid, name) = (row.text(uid), row.text(name));
        if uid.is_none() && name.is_none() { None } else { Some(AttackName { uid, name }) }
    };
    let technique = name(E::Technique, E::TechniqueName);
    let tactic = name(E::Tactic, E::TacticName);
    if technique.is_none() && tactic.is_none() {
        return None;
    }
    Some(vec![Attack { technique, tactic, ..Attack::default() }])
}

fn anomaly(row: &Row<'_, E>, event: &mut Event) {
    let proto = row.text(E::AppProto).unwrap_or_default();
    network(row, &proto, event);
    event.attributes.message = row.text(E::AnomalyEvent).or_else(|| row.text(E::AnomalyType));
    event.attributes.status_detail = row.text(E::AnomalyLayer).or_else(|| row.text(E::AnomalyType));
}

fn request(row: &Row<'_, E>) -> Option<Box<HttpRequest>> {
    if !row.has(E::Url) && !row.has(E::Hostname) && !row.has(E::Method) {
        return None;
    }
    let host = row.text(E::Hostname).or_else(|| row.ip(E::DestIp)).map(|host| match row.port(E::HttpPort) {
        Some(port) if port != 80 && !host.contains(':') => format!("{host}:{port}"),
        _ => host,
    });
    let method = row.text(E::Method).unwrap_or_default();
    Some(Box::new(HttpRequest {
        http_method: parts::http_method(&method),
        url: Some(parts::url(&row.str(E::Url).unwrap_or_default(), host.as_deref())),
        user_agent: row.text(E::UserAgent),
        referrer: row.text(E::Referrer),
        version: row.text(E::Protocol),
        ..HttpRequest::default()
    }))
}

fn response(row: &Row<'_, E>) -> Option<Box<HttpResponse>> {
    row.int(E::Status).map(|code| {
        Box::new(HttpResponse {
            code: Some(code),
            body_length: row.int(E::Length),
            content_type: row.text(E::ContentType),
            http_headers: headers(row),
            ..HttpResponse::default()
        })
    })
}

/// The headers that say what answered, where the city has Suricata log them.
fn headers(row: &Row<'_, E>) -> Option<Vec<HttpHeader>> {
    let known = [("Server", E::HttpServer), ("X-Powered-By", E::PoweredBy)];
    some_of(known.into_iter().filter_map(|(name, slot)| Some(parts::header(name, row.text(slot)?))).collect())
}

fn http(row: &Row<'_, E>, event: &mut Event) {
    event.class = Class::HTTP;
    event.activity_id = parts::http_activity(&row.str(E::Method).unwrap_or_default());
    let a = &mut event.attributes;
    a.app_name = Some("http".into());
    a.http_request = request(row);
    a.http_response = response(row);
    if let Some(end) = &mut a.dst_endpoint {
        end.hostname = row.text(E::Hostname).filter(|name| crate::row::address(name).is_none());
    }
}

fn tls(row: &Row<'_, E>) -> Option<Box<Tls>> {
    let is_there = row.has(E::TlsVersion) || row.has(E::Sni) || row.has(E::TlsSubject);
    if !is_there {
        return None;
    }
    let fingerprint = |slot: E| {
        let value = row.text(slot)?;
        Some(Fingerprint { algorithm_id: Some(1), algorithm: Some("MD5".into()), value: Some(value) })
    };
    let certificate = match (row.text(E::TlsIssuer), row.text(E::TlsSerial)) {
        (Some(issuer), Some(serial)) => Some(Certificate {
            issuer: Some(issuer),
            serial_number: Some(serial),
            subject: row.text(E::TlsSubject),
            fingerprints: row
                .str(E::TlsFingerprint)
                .and_then(|text| parts::fingerprint("SHA1", &text.replace(':', "")))
                .map(|found| vec![found]),
            created_time: row.millis(E::NotBefore),
            expiration_time: row.millis(E::NotAfter),
            ..Certificate::default()
        }),
        _ => None,
    };
    Some(Box::new(Tls {
        // A handshake that broke off has none, and the schema asks for one.
        version: Some(row.text(E::TlsVersion).unwrap_or_else(|| "unknown".into())),
        sni: row.text(E::Sni),
        ja3_hash: fingerprint(E::Ja3),
        ja3s_hash: fingerprint(E::Ja3s),
        certificate: certificate.map(Box::new),
        ..Tls::default()
    }))
}

fn tls_event(row: &Row<'_, E>, event: &mut Event) {
    network(row, "tls", event);
    if event.class != Class::NETWORK {
        return;
    }
    event.activity_id = 1;
    event.attributes.message = None;
    event.attributes.tls = tls(row);
}

fn flow(row: &Row<'_, E>, event: &mut Event) {
    let app = row.text(E::AppProto).filter(|app| app != "failed").unwrap_or_default();
    network(row, &app, event);
    if event.class != Class::NETWORK {
        return;
    }
    let a = &mut event.attributes;
    a.start_time = row.time(E::FlowStart).map(Timestamp::as_millis);
    a.end_time = row.time(E::FlowEnd).map(Timestamp::as_millis);
    a.duration = match (a.start_time, a.end_time) {
        (Some(start), Some(end)) if end >= start => Some(end - start),
        _ => row.int(E::FlowAge).map(|seconds| seconds.saturating_mul(1_000)),
    };
    a.status = row.text(E::FlowState);
    a.status_detail = row.text(E::FlowReason);
    if let Some(info) = &mut a.connection_info {
        let flags = row.str(E::TcpFlags).and_then(|flags| u32::from_str_radix(&flags, 16).ok());
        info.tcp_flags = flags;
    }
    let (bytes_out, bytes_in) = (row.int(E::BytesToServer), row.int(E::BytesToClient));
    let (packets_out, packets_in) = (row.int(E::PktsToServer), row.int(E::PktsToClient));
    let sum = |out: Option<i64>, back: Option<i64>| Some(out?.saturating_add(back.unwrap_or(0)));
    a.traffic = Some(Box::new(Traffic {
        bytes: sum(bytes_out, bytes_in),
        bytes_in,
        bytes_out,
        packets: sum(packets_out, packets_in),
        packets_in,
        packets_out,
        ..Traffic::default()
    }));
    if row.is(E::FlowAction, "drop") {
        (a.action_id, a.disposition_id) = (Some(2), Some(6));
    }
}

fn file(row: &Row<'_, E>) -> Option<Box<File>> {
    let name = row.text(E::FileName)?;
    let hashes = [("MD5", E::FileMd5), ("SHA1", E::FileSha1), ("SHA256", E::FileSha256)];
    let hashes = hashes.into_iter().filter_map(|(name, slot)| parts::fingerprint(name, &row.str(slot)?));
    Some(Box::new(File {
        hashes: some_of(hashes.collect()),
        size: row.int(E::FileSize),
        mime_type: row.text(E::FileMime),
        desc: row.text(E::FileMagic),
        ..*parts::file(name)
    }))
}

fn fileinfo(row: &Row<'_, E>, event: &mut Event) {
    event.class = Class::NETWORK_FILE;
    // The record's direction is that of the packet that carried the file: from the server it is a download.
    event.activity_id = if row.is(E::Direction, "to_server") { 1 } else { 2 };
    event.attributes.app_name = row.text(E::AppProto);
    event.attributes.file = file(row);
}
