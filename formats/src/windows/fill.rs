//! What the tables of event ids are made of: each part takes some fields over into an event.

use model::ocsf::{Event, Session};

use super::names::W;
use crate::parts;
use crate::row::{Row, number, told};

/// Takes some fields over.
pub(crate) type Part = for<'f> fn(&Row<'f, W>, &mut Event);

/// The image and the account behind a Sysmon event.
pub(super) fn sysmon_actor(row: &Row<'_, W>, event: &mut Event) {
    let actor = event.attributes.actor.get_or_insert_default();
    let process = (row.text(W::Image), row.int(W::ProcessId), row.text(W::ProcessGuid));
    parts::put_process(&mut actor.process, process.0, process.1, process.2);
    actor.user = row.text(W::User).map(parts::account);
    if actor.process.is_none() && actor.user.is_none() {
        event.attributes.actor = None;
    }
}

/// The account that did it, in the terms of the Security log.
pub(super) fn subject(row: &Row<'_, W>, event: &mut Event) {
    let sid = row.text(W::SubjectUserSid).filter(|sid| sid != NOBODY);
    let Some(user) = parts::user(row.text(W::SubjectUserName), row.text(W::SubjectDomainName), sid) else { return };
    let session = row.text(W::SubjectLogonId).map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
    let actor = event.attributes.actor.get_or_insert_default();
    actor.user = Some(user);
    actor.session = session;
}

/// The SID that stands for no account.
const NOBODY: &str = "S-1-0-0";

/// The process that did it, in the terms of the Security log.
pub(super) fn caller(row: &Row<'_, W>, event: &mut Event) {
    let pid = row.int(W::ProcessId).or_else(|| row.int(W::CallerProcessId));
    // Number 0 is "none", unless a name says that it is the idle process.
    let name = row.text(W::ProcessName);
    let pid = pid.filter(|pid| *pid != 0 || name.is_some());
    if let Some(process) = parts::process(name, pid, None) {
        event.attributes.actor.get_or_insert_default().process = Some(process);
    }
}

/// The process of a filtering platform event.
pub(super) fn application(row: &Row<'_, W>, event: &mut Event) {
    if let Some(process) = parts::process(row.text(W::Application), row.int(W::ProcessId), None) {
        event.attributes.actor.get_or_insert_default().process = Some(process);
    }
}

/// The account under which the record was logged, for providers that name nobody else.
pub(super) fn logger(row: &Row<'_, W>, event: &mut Event) {
    let uid = row.text(W::SecurityUserId);
    if let Some(user) = parts::user(row.text(W::LogAccount), row.text(W::LogDomain), uid) {
        event.attributes.actor.get_or_insert_default().user = Some(user);
    }
}

/// The account that it was done to.
pub(super) fn target_user(row: &Row<'_, W>, event: &mut Event) {
    let sid = row.text(W::TargetUserSid).filter(|sid| sid != NOBODY);
    let mut domain = row.text(W::TargetDomainName);
    let mut name = row.text(W::TargetUserName);
    // Kerberos writes `name@REALM` where others write the name alone.
    if let Some((bare, realm)) = name.as_deref().and_then(|name| name.split_once('@')) {
        domain = domain.or_else(|| Some(realm.to_owned()));
        name = Some(bare.to_owned());
    }
    // A failed log-on may name nobody; the schema still asks for a user.
    event.attributes.user = parts::user(name, domain, sid.clone()).or_else(|| {
        let uid = sid.unwrap_or_else(|| NOBODY.to_owned());
        parts::user(None, None, Some(uid))
    });
}

/// The account that did it is also the one that it was done to.
pub(super) fn subject_as_user(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::SubjectUserName).or_else(|| row.text(W::LogAccount)).or_else(|| row.text(W::UserName));
    let domain = row.text(W::SubjectDomainName).or_else(|| row.text(W::LogDomain));
    let sid = row.text(W::SubjectUserSid).or_else(|| row.text(W::UserSid));
    event.attributes.user = parts::user(name, domain, sid).or_else(|| parts::user(None, None, Some(NOBODY.to_owned())));
}

/// The process that a Sysmon event is about, named by the `Target…` fields, and the one that did it.
pub(super) fn sysmon_target(row: &Row<'_, W>, event: &mut Event) {
    let target = (row.text(W::TargetImage), row.int(W::TargetProcessId), row.text(W::TargetProcessGuid));
    if let Some(process) = parts::put_process(&mut event.attributes.process, target.0, target.1, target.2) {
        process.user = row.text(W::TargetUser).map(parts::account);
    }
    let actor = event.attributes.actor.get_or_insert_default();
    let source = (row.text(W::SourceImage), row.int(W::SourceProcessId), row.text(W::SourceProcessGuid));
    if let Some(process) = parts::put_process(&mut actor.process, source.0, source.1, source.2) {
        process.tid = row.int(W::SourceThreadId);
    }
    actor.user = row.text(W::SourceUser).map(parts::account);
    event.attributes.actual_permissions = row.int(W::GrantedAccess);
}

/// The machine itself as the far end, where a class asks for one.
pub(super) fn device_as_destination(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.dst_endpoint = machine(row);
}

/// The machine itself as the near end.
pub(super) fn device_as_source(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.src_endpoint = machine(row);
}

/// The machine that logged the record, as an endpoint; without a name the class still asks for an object.
fn machine(row: &Row<'_, W>) -> Option<Box<model::ocsf::Endpoint>> {
    let name = row.str(W::Computer).or_else(|| row.str(W::HostName));
    Some(name.and_then(|name| parts::endpoint_of(&name)).unwrap_or_default())
}

/// Where a log-on or a request came from.
pub(super) fn client_address(row: &Row<'_, W>, event: &mut Event) {
    let hostname = row.text(W::WorkstationName).or_else(|| row.text(W::ClientName));
    let hostname = hostname.map(|name| name.trim_start_matches('\\').to_owned()).filter(|name| !name.is_empty());
    let port = row.port(W::IpPort).filter(|port| *port != 0);
    event.attributes.src_endpoint = parts::endpoint(row.ip(W::IpAddress), port, hostname);
}

/// Success or failure, as `Status` has it.
pub(super) fn status(row: &Row<'_, W>, event: &mut Event) {
    let Some(code) = row.text(W::Status).or_else(|| row.text(W::ReturnCode)) else { return };
    let is_success = row.get(W::Status).or_else(|| row.get(W::ReturnCode)).and_then(number) == Some(0);
    event.attributes.status_id = Some(if is_success { 1 } else { 2 });
    event.attributes.status_code = Some(code);
}

/// It worked.
pub(super) fn success(_row: &Row<'_, W>, event: &mut Event) {
    event.attributes.status_id = Some(1);
}

/// It did not.
pub(super) fn failure(_row: &Row<'_, W>, event: &mut Event) {
    event.attributes.status_id = Some(2);
}

/// Stopped by a control (profile security control).
pub(super) fn blocked(_row: &Row<'_, W>, event: &mut Event) {
    event.attributes.action_id = Some(2);
    event.attributes.disposition_id = Some(2);
}

/// Let through by a control (profile security control).
pub(super) fn allowed(_row: &Row<'_, W>, event: &mut Event) {
    event.attributes.action_id = Some(1);
    event.attributes.disposition_id = Some(1);
}

/// The privileges of a list whose lines are indented.
pub(super) fn privileges(row: &Row<'_, W>, slot: W) -> Vec<String> {
    let Some(text) = row.get(slot).and_then(told) else { return Vec::new() };
    text.split_whitespace().map(str::to_owned).filter(|name| name != "-").collect()
}

/// The value behind `name` in `Message`s and `ContextInfo`s of lines `name: value`, `name = value` or `name=value`.
pub(super) fn line_value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let rest = line.trim_start().strip_prefix(name)?.trim_start();
        let value = rest.strip_prefix([':', '='])?.trim();
        if value.is_empty() { None } else { Some(value) }
    })
}

/// The first line of a text, without its end mark.
pub(super) fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.trim_end_matches([':', '.']).to_owned())
}
