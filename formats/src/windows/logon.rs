//! Log-ons, tickets and sessions of the Security log.

use model::ocsf::{Endpoint, Event, Group, Service, Session};

use super::fill::{client_address, device_as_destination, privileges};
use super::names::W;
use crate::parts;
use crate::row::Row;

/// Log-on types of Windows; OCSF has the same numbers, save that it knows 0 as unknown and calls 0 "System" 1.
const LOGON_TYPES: &[(i64, u32, &str)] = &[
    (0, 1, "System"),
    (2, 2, "Interactive"),
    (3, 3, "Network"),
    (4, 4, "Batch"),
    (5, 5, "OS Service"),
    (7, 7, "Unlock"),
    (8, 8, "Network Cleartext"),
    (9, 9, "New Credentials"),
    (10, 10, "Remote Interactive"),
    (11, 11, "Cached Interactive"),
    (12, 12, "Cached Remote Interactive"),
    (13, 13, "Cached Unlock"),
];

/// Sub-status codes of failed log-ons ([MS-ERREF], NTSTATUS).
const REASONS: &[(i64, &str)] = &[
    (0xC000_005E, "no log-on server"),
    (0xC000_0064, "no such user"),
    (0xC000_006A, "wrong password"),
    (0xC000_006D, "bad user name or password"),
    (0xC000_006E, "account restriction"),
    (0xC000_006F, "outside allowed hours"),
    (0xC000_0070, "workstation not allowed"),
    (0xC000_0071, "password expired"),
    (0xC000_0072, "account disabled"),
    (0xC000_00DC, "server in the wrong state"),
    (0xC000_0133, "clocks too far apart"),
    (0xC000_015B, "log-on type not granted"),
    (0xC000_018C, "trust relationship failed"),
    (0xC000_0192, "net logon not started"),
    (0xC000_0193, "account expired"),
    (0xC000_0224, "password must be changed"),
    (0xC000_0234, "account locked out"),
    (0xC000_0413, "authentication firewall"),
];

/// A log-on or log-off: type, protocol, both ends, session.
pub(super) fn logon(row: &Row<'_, W>, event: &mut Event) {
    client_address(row, event);
    device_as_destination(row, event);
    session(row, event);
    protocol(row, event);
    let a = &mut event.attributes;
    if let Some(number) = row.int(W::LogonType) {
        let known = LOGON_TYPES.iter().find(|(known, ..)| *known == number);
        a.logon_type_id = Some(known.map_or(99, |(_, id, _)| *id));
        a.logon_type = Some(known.map_or_else(|| number.to_string(), |(.., name)| (*name).to_owned()));
        a.is_remote = Some(matches!(number, 3 | 8 | 10 | 12));
    }
    a.status_code = row.text(W::SubStatus).filter(|code| code != "0x0").or_else(|| row.text(W::Status));
    let code = row.int(W::SubStatus).filter(|code| *code != 0).or_else(|| row.int(W::Status));
    let reason = code.and_then(|code| REASONS.iter().find(|(known, _)| *known == code));
    a.status_detail = reason.map(|(_, reason)| (*reason).to_owned());
}

/// The session that was opened or closed.
pub(super) fn session(row: &Row<'_, W>, event: &mut Event) {
    let uid = row.text(W::TargetLogonId).or_else(|| row.text(W::LogonId));
    event.attributes.session = uid.map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
}

fn protocol(row: &Row<'_, W>, event: &mut Event) {
    let Some(package) = row.text(W::AuthenticationPackage) else { return };
    let number = if package.contains("Kerberos") {
        2
    } else if package.contains("NTLM") || package.starts_with("MICROSOFT_AUTHENTICATION_PACKAGE") {
        1
    } else if package.contains("WDigest") {
        3
    } else {
        99
    };
    event.attributes.auth_protocol_id = Some(number);
    event.attributes.auth_protocol = Some(package);
}

/// A log-on with somebody else's credentials: the far end is the server that they were meant for.
pub(super) fn explicit(row: &Row<'_, W>, event: &mut Event) {
    client_address(row, event);
    let server = row.text(W::TargetServerName).filter(|name| name != "localhost");
    match server.as_deref().and_then(parts::endpoint_of) {
        Some(server) => event.attributes.dst_endpoint = Some(server),
        None => device_as_destination(row, event),
    }
}

/// A ticket of the Kerberos service.
pub(super) fn kerberos(row: &Row<'_, W>, event: &mut Event) {
    device_as_destination(row, event);
    event.attributes.auth_protocol_id = Some(2);
    event.attributes.auth_protocol = Some("Kerberos".into());
    event.attributes.status_detail = row.text(W::TicketEncryptionType).map(|kind| format!("ticket encryption {kind}"));
}

/// A ticket for a service.
pub(super) fn kerberos_service(row: &Row<'_, W>, event: &mut Event) {
    kerberos(row, event);
    let (name, uid) = (row.text(W::ServiceName), row.text(W::ServiceSid));
    if name.is_some() || uid.is_some() {
        event.attributes.service = Some(Box::new(Service { name, uid, ..Service::default() }));
    }
}

/// Credentials that a domain controller or machine looked at for NTLM.
pub(super) fn ntlm(row: &Row<'_, W>, event: &mut Event) {
    device_as_destination(row, event);
    event.attributes.auth_protocol_id = Some(1);
    event.attributes.auth_protocol = Some("NTLM".into());
    if event.attributes.src_endpoint.as_ref().is_some_and(|source| **source == Endpoint::default()) {
        event.attributes.src_endpoint = None;
    }
}

/// The privileges of a log-on.
pub(super) fn privileged(row: &Row<'_, W>, event: &mut Event) {
    let list = privileges(row, W::PrivilegeList);
    if list.is_empty() {
        // The class asks for privileges or a group.
        event.attributes.group = Some(Box::new(Group { name: Some("special privileges".into()), ..Group::default() }));
    } else {
        event.attributes.privileges = Some(list);
    }
    let uid = row.text(W::SubjectLogonId);
    event.attributes.session = uid.map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
}
