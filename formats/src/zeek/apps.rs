//! Log-ons, sessions, mail, and what Zeek has learned about machines.

use model::ocsf::{Certificate, Class, Email, Event, Product, Service, Tls, User};

use super::names::Z;
use crate::parts;
use crate::row::{Row, some_of};

/// Makes network activity of a log-on in which nobody is named.
fn without_user(event: &mut Event, app: &str) {
    event.class = Class::NETWORK;
    event.activity_id = 6;
    event.attributes.app_name = Some(app.to_owned());
}

fn outcome(row: &Row<'_, Z>, slot: Z, event: &mut Event) {
    event.attributes.status_id = row.truth(slot).map(|is_success| if is_success { 1 } else { 2 });
}

/// `ntlm`.
pub(super) fn ntlm(row: &Row<'_, Z>, event: &mut Event) {
    outcome(row, Z::Success, event);
    if let Some(end) = &mut event.attributes.src_endpoint {
        end.hostname = row.text(Z::Hostname);
    }
    if let Some(end) = &mut event.attributes.dst_endpoint {
        end.hostname = row.text(Z::ServerDns).or_else(|| row.text(Z::ServerNetbios));
    }
    let Some(user) = parts::user(row.text(Z::Username), row.text(Z::DomainName), None) else {
        return without_user(event, "ntlm");
    };
    connectionless(event);
    event.attributes.user = Some(user);
    event.attributes.auth_protocol_id = Some(1);
    event.attributes.auth_protocol = Some("NTLM".into());
}

/// Log-ons have ends but no connection in the schema.
fn connectionless(event: &mut Event) {
    event.attributes.connection_info = None;
}

/// `kerberos`: `client` is `name/REALM`.
pub(super) fn kerberos(row: &Row<'_, Z>, event: &mut Event) {
    outcome(row, Z::Success, event);
    event.attributes.status_detail = row.text(Z::ErrorMsg);
    let client = row.text(Z::Client).unwrap_or_default();
    let (name, realm) = client.rsplit_once('/').unwrap_or((&client, ""));
    let some = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    let Some(user) = parts::user(some(name), some(realm), None) else { return without_user(event, "kerberos") };
    connectionless(event);
    event.activity_id = if row.is(Z::RequestType, "TGS") { 4 } else { 3 };
    event.attributes.user = Some(user);
    event.attributes.auth_protocol_id = Some(2);
    event.attributes.auth_protocol = Some("Kerberos".into());
    event.attributes.service =
        row.text(Z::Service).map(|name| Box::new(Service { name: Some(name), ..Service::default() }));
}

/// `radius`.
pub(super) fn radius(row: &Row<'_, Z>, event: &mut Event) {
    event.attributes.status_id = match row.str(Z::Result).as_deref() {
        Some("success") => Some(1),
        Some("failed") => Some(2),
        _ => None,
    };
    let Some(user) = parts::user(row.text(Z::Username), None, None) else { return without_user(event, "radius") };
    connectionless(event);
    event.attributes.user = Some(user);
    event.attributes.auth_protocol_id = Some(10);
    event.attributes.auth_protocol = Some("RADIUS".into());
}

/// `ldap`: only a bind is a log-on.
pub(super) fn ldap(row: &Row<'_, Z>, event: &mut Event) {
    let is_bind = row.list(Z::Opcode).any(|opcode| opcode.starts_with("bind"));
    let user = row.text(Z::Object).filter(|_| is_bind);
    let Some(name) = user else { return without_user(event, "ldap") };
    connectionless(event);
    event.attributes.user = parts::user(Some(name), None, None);
    event.attributes.auth_protocol_id = Some(12);
    event.attributes.auth_protocol = Some("LDAP".into());
    let result = row.text(Z::Result);
    event.attributes.status_id = result.as_deref().map(|result| if result == "success" { 1 } else { 2 });
    event.attributes.status_detail = result;
}

/// `ssh`.
pub(super) fn ssh(row: &Row<'_, Z>, event: &mut Event) {
    outcome(row, Z::AuthSuccess, event);
    if event.attributes.status_id == Some(2) {
        event.activity_id = 4;
    }
    event.attributes.app_name = Some("ssh".into());
    event.attributes.protocol_ver = row.text(Z::Version);
    event.attributes.message = row.text(Z::Client);
    parts::keep(event, "client", row.text(Z::Client));
    parts::keep(event, "server", row.text(Z::ServerBanner));
}

/// `rdp`.
pub(super) fn rdp(row: &Row<'_, Z>, event: &mut Event) {
    let result = row.text(Z::Result);
    if result.as_deref() == Some("encrypted") {
        event.activity_id = 5;
    }
    let a = &mut event.attributes;
    a.app_name = Some("rdp".into());
    a.status = result;
    a.status_detail = row.text(Z::SecurityProtocol);
    a.user = row.text(Z::Cookie).map(parts::account);
    if let Some(end) = &mut a.src_endpoint {
        end.hostname = row.text(Z::ClientName);
    }
}

/// `rfb`: VNC.
pub(super) fn rfb(row: &Row<'_, Z>, event: &mut Event) {
    event.attributes.app_name = Some("vnc".into());
    event.attributes.status_detail = row.text(Z::AuthMethod);
}

/// `socks`: the far end is what the client asked the proxy for.
pub(super) fn socks(row: &Row<'_, Z>, event: &mut Event) {
    event.attributes.app_name = Some("socks".into());
    let asked = row.text(Z::RequestName).or_else(|| row.text(Z::RequestHost));
    event.attributes.message = asked.map(|name| format!("asked for {name}"));
}

/// `tunnel`.
pub(super) fn tunnel(row: &Row<'_, Z>, event: &mut Event) {
    let action = row.str(Z::Action).unwrap_or_default();
    event.activity_id = if action.contains("CLOSE") || action.contains("EXPIRE") { 2 } else { 1 };
    event.attributes.app_name =
        row.text(Z::TunnelType).map(|kind| kind.trim_start_matches("Tunnel::").to_ascii_lowercase());
}

/// The address inside `Name <a@b.example>`, `<a@b.example>` or alone.
fn address(text: &str) -> Option<String> {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest);
    let inner = inner.split('>').next().unwrap_or(inner).trim();
    parts::is_email(inner).then(|| inner.to_owned())
}

/// `smtp`: the header's addresses, else those of the envelope.
pub(super) fn smtp(row: &Row<'_, Z>, event: &mut Event) {
    let from = row.str(Z::From).and_then(|text| address(&text)).or_else(|| address(&row.str(Z::MailFrom)?));
    let list = |slot: Z| some_of(row.list(slot).filter_map(|text| address(&text)).collect());
    let to = list(Z::RcptTo).or_else(|| list(Z::To));
    if from.is_none() && to.is_none() {
        return without_user(event, "smtp");
    }
    connectionless(event);
    event.attributes.direction_id = Some(0);
    event.attributes.email =
        Some(Box::new(Email { from, to, subject: row.text(Z::Subject), message_uid: row.text(Z::MsgId) }));
    event.attributes.status_detail = row.text(Z::LastReply);
}

/// `known_hosts` and `known_devices`.
pub(super) fn known_host(row: &Row<'_, Z>, event: &mut Event) {
    let mut device = parts::device(row.text(Z::Host));
    device.mac = row.mac(Z::Mac);
    event.attributes.device = Some(device);
    no_ends(event);
}

fn no_ends(event: &mut Event) {
    event.attributes.src_endpoint = None;
    event.attributes.dst_endpoint = None;
    event.attributes.connection_info = None;
}

/// `known_services`.
pub(super) fn known_service(row: &Row<'_, Z>, event: &mut Event) {
    event.attributes.dst_endpoint = parts::endpoint(row.ip(Z::Host), row.port(Z::PortNum), None);
    let names: Vec<_> = row.list(Z::Service).collect();
    let names = names.join(",").to_ascii_lowercase();
    if let Some(end) = &mut event.attributes.dst_endpoint {
        end.svc_name = Some(names.clone()).filter(|names| !names.is_empty());
    }
    event.attributes.app_name = Some(names).filter(|names| !names.is_empty());
    event.attributes.connection_info = Some(parts::connection(row.str(Z::PortProto).as_deref()));
}

/// `known_certs`.
pub(super) fn known_cert(row: &Row<'_, Z>, event: &mut Event) {
    event.attributes.dst_endpoint = parts::endpoint(row.ip(Z::Host), row.port(Z::PortNum), None);
    let certificate = match (row.text(Z::Issuer), row.text(Z::Serial)) {
        (Some(issuer), Some(serial)) => Some(Certificate {
            issuer: Some(issuer),
            serial_number: Some(serial),
            subject: row.text(Z::Subject),
            ..Certificate::default()
        }),
        _ => None,
    };
    // The log is about the certificate; which version carried it, it does not say.
    event.attributes.tls = Some(Box::new(Tls {
        version: Some("unknown".into()),
        certificate: certificate.map(Box::new),
        ..Tls::default()
    }));
}

/// `software`.
pub(super) fn software(row: &Row<'_, Z>, event: &mut Event) {
    let numbers = [Z::MajorVersion, Z::MinorVersion, Z::MinorVersion2, Z::MinorVersion3];
    let numbers: Vec<String> =
        numbers.into_iter().map_while(|slot| row.int(slot)).map(|number| number.to_string()).collect();
    let version = match numbers.is_empty() {
        false => Some(format!(
            "{}{}",
            numbers.join("."),
            row.text(Z::AddlVersion).map_or_else(String::new, |more| format!("-{more}"))
        )),
        true => row.text(Z::UnparsedVersion),
    };
    let name = row.text(Z::Name);
    event.attributes.product = name.map(|name| Box::new(Product { name: Some(name), version, ..Product::default() }));
    event.attributes.device = Some(parts::device(row.text(Z::Host)));
    event.attributes.message = row.text(Z::SoftwareType);
    // Numbers leave out what distributions add.
    parts::keep(event, "unparsed_version", row.text(Z::UnparsedVersion));
    no_ends(event);
}

/// The account that a protocol names, as the one who acts.
pub(super) fn actor(name: Option<String>, event: &mut Event) {
    if let Some(name) = name {
        let user = User { name: Some(name), ..User::default() };
        event.attributes.actor.get_or_insert_default().user = Some(Box::new(user));
    }
}
