//! Connections, names, web and time.

use model::ocsf::{Class, DnsAnswer, DnsQuery, Event, Fingerprint, HttpRequest, HttpResponse, Tls, Traffic};

use super::names::Z;
use crate::parts;
use crate::row::{Row, some_of};

/// `conn`: one line for each connection.
pub(super) fn conn(row: &Row<'_, Z>, event: &mut Event) {
    event.activity_id = match row.str(Z::ConnState).unwrap_or_default().as_ref() {
        "S0" | "SH" => 4,
        "REJ" => 5,
        "RSTO" | "RSTR" | "RSTOS0" | "RSTRH" => 3,
        _ => 6,
    };
    parts::span(event, row.float(Z::Duration));
    let a = &mut event.attributes;
    a.app_name = row.text(Z::Service);
    a.status_code = row.text(Z::ConnState);
    if let Some(info) = &mut a.connection_info {
        info.direction_id = Some(match (row.truth(Z::LocalOrig), row.truth(Z::LocalResp)) {
            (Some(true), Some(false)) => 2,
            (Some(false), Some(true)) => 1,
            (Some(true), Some(true)) => 3,
            _ => 0,
        });
        info.flag_history = row.text(Z::History);
        info.community_uid = row.text(Z::CommunityId);
    }
    let (bytes_out, bytes_in) = (row.int(Z::OrigBytes), row.int(Z::RespBytes));
    let (packets_out, packets_in) = (row.int(Z::OrigPkts), row.int(Z::RespPkts));
    a.traffic = Some(Box::new(Traffic {
        bytes: both(bytes_out, bytes_in),
        bytes_in,
        bytes_out,
        bytes_missed: row.int(Z::MissedBytes),
        packets: both(packets_out, packets_in),
        packets_in,
        packets_out,
    }));
}

fn both(out: Option<i64>, back: Option<i64>) -> Option<i64> {
    Some(out?.saturating_add(back?))
}

/// `dns`: a question and, where it came, its answer.
pub(super) fn dns(row: &Row<'_, Z>, event: &mut Event) {
    let is_answered = row.has(Z::Rcode) || row.has(Z::Answers);
    event.activity_id = if is_answered { 6 } else { 1 };
    parts::span(event, row.float(Z::Rtt));
    let class = row.text(Z::Qclass).map(|class| if class == "C_INTERNET" { "IN".to_owned() } else { class });
    let a = &mut event.attributes;
    a.query_time = Some(event.time.as_millis());
    a.query = row.text(Z::Query).map(|hostname| {
        Box::new(DnsQuery {
            hostname: Some(hostname),
            type_name: row.text(Z::Qtype),
            class,
            opcode_id: None,
            packet_uid: row.int(Z::TransId),
        })
    });
    if let Some(code) = row.int(Z::Rcode) {
        let (id, name) = parts::rcode(code);
        a.rcode_id = Some(id);
        a.rcode = row.text(Z::RcodeName).or_else(|| name.map(str::to_owned));
    }
    let mut ttls = row.list(Z::Ttls).map(|ttl| ttl.parse::<f64>().ok().map(|ttl| ttl as i64));
    let answers = row.list(Z::Answers).map(|rdata| DnsAnswer {
        type_name: crate::row::address(&rdata).map(|ip| if ip.contains(':') { "AAAA" } else { "A" }.to_owned()),
        ttl: ttls.next().flatten(),
        rdata: Some(rdata.into_owned()),
        class: None,
    });
    a.answers = some_of(answers.collect());
}

/// `http`: a request and its response.
pub(super) fn http(row: &Row<'_, Z>, event: &mut Event) {
    let method = row.text(Z::Method).unwrap_or_default();
    event.activity_id = parts::http_activity(&method);
    let host = row.text(Z::Host).or_else(|| row.ip(Z::RespH));
    let url = row.str(Z::Uri).map(|uri| parts::url(&uri, host.as_deref()));
    let a = &mut event.attributes;
    a.app_name = Some("http".into());
    if let (Some(end), Some(name)) = (&mut a.dst_endpoint, row.text(Z::Host)) {
        let name = name.split(':').next().unwrap_or("").to_owned();
        end.hostname = Some(name).filter(|name| !name.is_empty() && crate::row::address(name).is_none());
    }
    a.http_request = Some(Box::new(HttpRequest {
        http_method: parts::http_method(&method),
        url,
        user_agent: row.text(Z::UserAgent),
        referrer: row.text(Z::Referrer),
        version: row.text(Z::Version),
        body_length: row.int(Z::RequestLength),
        ..HttpRequest::default()
    }));
    a.http_response = row.int(Z::StatusCode).map(|code| {
        Box::new(HttpResponse {
            code: Some(code),
            message: row.text(Z::StatusMsg),
            body_length: row.int(Z::ResponseLength),
            content_type: row.text(Z::RespMime),
            // Zeek logs it where a script of the city's adds it.
            http_headers: row.text(Z::ServerBanner).map(|server| vec![parts::header("Server", server)]),
            ..HttpResponse::default()
        })
    });
    if let Some(user) = parts::user(row.text(Z::Username), None, None) {
        a.actor.get_or_insert_default().user = Some(user);
    }
}

/// `ssl` and `quic`: a handshake.
pub(super) fn ssl(row: &Row<'_, Z>, event: &mut Event) {
    if row.truth(Z::Established) == Some(false) {
        event.activity_id = 4;
    }
    let fingerprint = |slot: Z| {
        let value = row.text(slot)?;
        Some(Fingerprint { algorithm_id: Some(1), algorithm: Some("MD5".into()), value: Some(value) })
    };
    let a = &mut event.attributes;
    a.app_name = Some(if row.is(Z::Path, "quic") { "quic" } else { "tls" }.into());
    a.tls = Some(Box::new(Tls {
        // A handshake that broke off has none, and the schema asks for one.
        version: Some(row.text(Z::Version).unwrap_or_else(|| "unknown".into())),
        cipher: row.text(Z::Cipher),
        sni: row.text(Z::ServerName),
        ja3_hash: fingerprint(Z::Ja3),
        ja3s_hash: fingerprint(Z::Ja3s),
        certificate: None,
    }));
    a.status_detail = row.text(Z::ValidationStatus);
}

/// `analyzer` and `dpd`: a protocol that was not what it seemed.
pub(super) fn analyzer(row: &Row<'_, Z>, event: &mut Event) {
    let is_connected = event.attributes.src_endpoint.is_some() || event.attributes.dst_endpoint.is_some();
    if !is_connected {
        event.class = Class::BASE;
        event.activity_id = 99;
        event.attributes.message = row.text(Z::Analyzer);
    } else {
        event.attributes.app_name = row.text(Z::Analyzer).map(|name| name.to_ascii_lowercase());
    }
    event.attributes.status_detail = row.text(Z::FailureReason);
    event.attributes.status = row.text(Z::Cause);
}

/// `weird`: something that should not be on a network.
pub(super) fn weird(row: &Row<'_, Z>, event: &mut Event) {
    let is_connected = event.attributes.src_endpoint.is_some() || event.attributes.dst_endpoint.is_some();
    if !is_connected {
        event.class = Class::BASE;
    }
    event.attributes.message = row.text(Z::Name);
    event.attributes.status_detail = row.text(Z::Addl);
}

/// `dce_rpc`: a call.
pub(super) fn dce_rpc(row: &Row<'_, Z>, event: &mut Event) {
    parts::span(event, row.float(Z::Rtt));
    event.attributes.app_name = Some("dce_rpc".into());
    let endpoint = row.str(Z::Endpoint).unwrap_or_default();
    event.attributes.message = row.str(Z::Operation).map(|operation| format!("{endpoint}::{operation}"));
}

/// `dhcp`: an exchange; the last message says what it came to.
pub(super) fn dhcp(row: &Row<'_, Z>, event: &mut Event) {
    let last = row.list(Z::MsgTypes).last();
    event.activity_id = match last.as_deref() {
        Some("DISCOVER") => 1,
        Some("OFFER") => 2,
        Some("REQUEST") => 3,
        Some("DECLINE") => 4,
        Some("ACK") => 5,
        Some("NAK") => 6,
        Some("RELEASE") => 7,
        Some("INFORM") => 8,
        _ => 99,
    };
    parts::span(event, row.float(Z::Duration));
    let client = row.ip(Z::AssignedAddr).or_else(|| row.ip(Z::ClientAddr)).or_else(|| row.ip(Z::RequestedAddr));
    let name = row.text(Z::HostName).or_else(|| row.text(Z::ClientFqdn));
    let mac = row.mac(Z::Mac);
    let a = &mut event.attributes;
    if client.is_some() || name.is_some() || mac.is_some() {
        let end = a.src_endpoint.get_or_insert_default();
        end.ip = client.or(end.ip.take());
        end.hostname = name;
        end.mac = mac;
    }
    if let Some(ip) = row.ip(Z::ServerAddr) {
        a.dst_endpoint.get_or_insert_default().ip = Some(ip);
    }
    a.lease_dur = row.float(Z::LeaseTime).map(|seconds| seconds as i64);
}

/// `ntp`: a packet.
pub(super) fn ntp(row: &Row<'_, Z>, event: &mut Event) {
    event.activity_id = match row.int(Z::Mode) {
        Some(mode @ 1..=7) => mode as u32,
        Some(0) | None => 0,
        Some(_) => 99,
    };
    event.attributes.version = row.text(Z::Version);
    event.attributes.stratum_id = row.int(Z::Stratum).map(|stratum| match stratum {
        0 => 0,
        1 => 1,
        2..=15 => 2,
        16 => 16,
        _ => 17,
    });
}
