//! Names, log-ons, shares, mail and leases in EVE records.

use model::ocsf::{Class, DnsAnswer, DnsQuery, Email, Event, File, Service, User};
use model::{Fields, Scalar};

use super::names::E;
use crate::parts;
use crate::row::{Row, some_of, told};

/// Questions and answers. Version 1 has one record for each answer, version 2 and 3 one for each message, version 3 with the
/// questions as an array.
pub(super) fn dns(row: &Row<'_, E>, fields: &Fields<'_>, event: &mut Event) {
    let kind = row.str(E::DnsType).unwrap_or_default();
    event.class = Class::DNS;
    event.activity_id = if matches!(kind.as_ref(), "answer" | "response") { 2 } else { 1 };
    let a = &mut event.attributes;
    a.app_name = Some("dns".into());
    a.query = row.text(E::DnsName).map(|hostname| {
        Box::new(DnsQuery {
            hostname: Some(hostname),
            type_name: row.text(E::DnsRrtype),
            packet_uid: row.int(E::DnsId),
            opcode_id: row.int(E::DnsOpcode).and_then(|code| u32::try_from(code).ok()).filter(|code| *code <= 6),
            ..DnsQuery::default()
        })
    });
    if let Some(name) = row.str(E::DnsRcode) {
        let (id, caption) = rcode(&name);
        a.rcode_id = Some(id);
        a.rcode = Some(caption.map_or_else(|| name.into_owned(), str::to_owned));
    }
    a.answers = some_of(answers(row, fields));
}

fn rcode(name: &str) -> (u32, Option<&'static str>) {
    const CODES: [&str; 11] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE",
    ];
    match CODES.iter().position(|known| name.eq_ignore_ascii_case(known)) {
        Some(code) => parts::rcode(code as i64),
        None => (99, None),
    }
}

/// Answers stand as members of `dns.answers`, as lists by type in `dns.grouped`, or alone in a record of version 1.
fn answers(row: &Row<'_, E>, fields: &Fields<'_>) -> Vec<DnsAnswer> {
    let mut answers: Vec<DnsAnswer> = Vec::new();
    for field in fields.iter() {
        if field.name == "dns.answers" && field.value == Scalar::Object {
            answers.push(DnsAnswer::default());
        } else if let Some(part) = field.name.strip_prefix("dns.answers.")
            && let Some(answer) = answers.last_mut()
        {
            match part {
                "rdata" => answer.rdata = told(&field.value).map(std::borrow::Cow::into_owned),
                "rrtype" => answer.type_name = told(&field.value).map(std::borrow::Cow::into_owned),
                "ttl" => answer.ttl = field.value.to_i64(),
                _ => {}
            }
        } else if let Some(kind) = field.name.strip_prefix("dns.grouped.")
            && !fields.iter().any(|field| field.name == "dns.answers")
            && let Some(rdata) = told(&field.value)
        {
            answers.push(DnsAnswer {
                rdata: Some(rdata.into_owned()),
                type_name: Some(kind.to_owned()),
                ..DnsAnswer::default()
            });
        }
    }
    if answers.is_empty()
        && let Some(rdata) = row.text(E::DnsRdata)
    {
        answers.push(DnsAnswer {
            rdata: Some(rdata),
            type_name: row.text(E::DnsRrtype),
            ttl: row.int(E::DnsTtl),
            ..DnsAnswer::default()
        });
    }
    answers.retain(|answer| answer.rdata.is_some());
    answers
}

pub(super) fn ssh(row: &Row<'_, E>, event: &mut Event) {
    (event.class, event.activity_id) = (Class::SSH, 1);
    let a = &mut event.attributes;
    a.app_name = Some("ssh".into());
    a.protocol_ver = row.text(E::SshProto);
    a.message = row.text(E::SshClient).or_else(|| row.text(E::SshServer));
    parts::keep(event, "ssh.client.software_version", row.text(E::SshClient));
    parts::keep(event, "ssh.server.software_version", row.text(E::SshServer));
}

pub(super) fn smb(row: &Row<'_, E>, event: &mut Event) {
    event.class = Class::SMB;
    let command = row.text(E::SmbCommand).unwrap_or_default();
    event.activity_id = match command.as_str() {
        "SMB2_COMMAND_CREATE" | "SMB1_COMMAND_NT_CREATE_ANDX" => 2,
        "SMB2_COMMAND_WRITE" | "SMB1_COMMAND_WRITE_ANDX" => 5,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.app_name = Some("smb".into());
    a.command = Some(command).filter(|command| !command.is_empty());
    a.share = row.text(E::SmbShare);
    a.share_type = row.text(E::SmbShareType);
    a.status = row.text(E::SmbStatus);
    a.file = row.text(E::SmbFile).map(parts::file);
    if let Some(user) = parts::user(row.text(E::SmbUser), row.text(E::SmbDomain), None) {
        a.actor.get_or_insert_default().user = Some(user);
    }
    if let Some(end) = &mut a.src_endpoint {
        end.hostname = row.text(E::SmbHost);
    }
}

pub(super) fn krb5(row: &Row<'_, E>, event: &mut Event) {
    let Some(user) = parts::user(row.text(E::KrbClient), row.text(E::KrbRealm), None) else {
        return super::network(row, "krb5", event);
    };
    event.class = Class::AUTHENTICATION;
    let message = row.str(E::KrbMessage).unwrap_or_default();
    event.activity_id = match message.as_ref() {
        text if text.contains("AS_") => 3,
        text if text.contains("TGS_") => 4,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.connection_info = None;
    a.user = Some(user);
    a.auth_protocol_id = Some(2);
    a.auth_protocol = Some("Kerberos".into());
    a.status_code = row.text(E::KrbError);
    a.status_id = Some(if a.status_code.is_some() { 2 } else { 1 });
    a.service = row.text(E::KrbService).map(|name| Box::new(Service { name: Some(name), ..Service::default() }));
}

/// The address inside angle brackets, or alone.
fn address(text: &str) -> Option<String> {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest);
    let inner = inner.split('>').next().unwrap_or(inner).trim();
    parts::is_email(inner).then(|| inner.to_owned())
}

pub(super) fn smtp(row: &Row<'_, E>, event: &mut Event) {
    let from = row.str(E::MailFrom).and_then(|text| address(&text)).or_else(|| address(&row.str(E::SmtpFrom)?));
    let list = |slot: E| some_of(row.list(slot).filter_map(|text| address(&text)).collect());
    let to = list(E::MailTo).or_else(|| list(E::SmtpTo));
    if from.is_none() && to.is_none() {
        return super::network(row, "smtp", event);
    }
    (event.class, event.activity_id) = (Class::EMAIL, 1);
    let a = &mut event.attributes;
    a.connection_info = None;
    a.direction_id = Some(0);
    a.email = Some(Box::new(Email { from, to, subject: row.text(E::MailSubject), ..Email::default() }));
}

pub(super) fn ftp(row: &Row<'_, E>, event: &mut Event) {
    event.class = Class::FTP;
    let command = row.text(E::FtpCommand).unwrap_or_default();
    event.activity_id = match command.as_str() {
        "STOR" | "APPE" => 1,
        "RETR" => 2,
        "DELE" | "RMD" => 4,
        "RNFR" | "RNTO" => 5,
        "LIST" | "NLST" => 6,
        _ => 99,
    };
    let argument = row.text(E::FtpArgument);
    let a = &mut event.attributes;
    a.app_name = Some("ftp".into());
    a.status_code = row.text(E::FtpCode);
    a.status_detail = row.text(E::FtpReply);
    if command == "USER" {
        let user = argument.map(|name| Box::new(User { name: Some(name), ..User::default() }));
        a.actor.get_or_insert_default().user = user;
    } else if (1..=5).contains(&event.activity_id) {
        a.file = argument.map(|name| Box::new(File { ..*parts::file(name) }));
    }
    a.command = Some(command).filter(|command| !command.is_empty());
}

pub(super) fn dhcp(row: &Row<'_, E>, event: &mut Event) {
    event.class = Class::DHCP;
    event.activity_id = match row.str(E::DhcpType).unwrap_or_default().to_ascii_lowercase().as_str() {
        "discover" => 1,
        "offer" => 2,
        "request" => 3,
        "decline" => 4,
        "ack" => 5,
        "nak" | "nack" => 6,
        "release" => 7,
        "inform" => 8,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.transaction_uid = row.text(E::DhcpId);
    a.lease_dur = row.int(E::DhcpLease);
    let end = a.src_endpoint.get_or_insert_default();
    end.mac = row.mac(E::DhcpMac);
    end.hostname = row.text(E::DhcpHost);
    // The client's own end: an answer comes from the server, whose end then is the other one.
    if matches!(event.activity_id, 2 | 5 | 6) {
        std::mem::swap(&mut a.src_endpoint, &mut a.dst_endpoint);
        let (mac, hostname) = match &mut a.dst_endpoint {
            Some(server) => (server.mac.take(), server.hostname.take()),
            None => (None, None),
        };
        let client = a.src_endpoint.get_or_insert_default();
        (client.mac, client.hostname) = (mac, hostname);
        client.ip = row.ip(E::DhcpAssigned).filter(|ip| ip != "0.0.0.0").or(client.ip.take());
    }
}

pub(super) fn rdp(row: &Row<'_, E>, event: &mut Event) {
    event.class = Class::RDP;
    event.activity_id = match row.str(E::RdpEvent).as_deref() {
        Some("initial_request") => 1,
        Some("initial_response") => 2,
        Some("connect_request") => 3,
        Some("connect_response") => 4,
        Some("tls_handshake") => 5,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.app_name = Some("rdp".into());
    a.user = row.text(E::RdpCookie).map(parts::account);
    if let Some(end) = &mut a.src_endpoint {
        end.hostname = row.text(E::RdpClient);
    }
}
