//! The `…/Operational` logs of Windows components: tasks, WMI, remote desktop, name resolution, firewall, transfers,
//! application control, NTLM.

use model::ocsf::{Class, DnsQuery, Event, FirewallRule, HttpRequest, Job, ManagedEntity, Module, Session, User};

use super::fill::{blocked, device_as_destination, device_as_source, failure, logger, success};
use super::names::W;
use super::platform::firewall_rule;
use super::sysmon::answers;
use super::table::{Rule, rule};
use crate::parts;
use crate::row::Row;

/// `Microsoft-Windows-TaskScheduler/Operational`.
pub(super) const TASKS: &[Rule] = &[
    rule(100, Class::SCHEDULED_JOB, 6, "Task started", &[logger, job]),
    rule(101, Class::SCHEDULED_JOB, 6, "Task failed to start", &[logger, job, failure]),
    rule(102, Class::SCHEDULED_JOB, 99, "Task completed", &[logger, job, success]),
    rule(103, Class::SCHEDULED_JOB, 6, "Action failed to start", &[logger, job, failure]),
    rule(106, Class::SCHEDULED_JOB, 1, "Task registered", &[logger, job]),
    rule(107, Class::SCHEDULED_JOB, 6, "Task triggered by its schedule", &[logger, job]),
    rule(108, Class::SCHEDULED_JOB, 6, "Task triggered by an event", &[logger, job]),
    rule(110, Class::SCHEDULED_JOB, 6, "Task started by a user", &[logger, job]),
    rule(111, Class::SCHEDULED_JOB, 99, "Task terminated", &[logger, job]),
    rule(118, Class::SCHEDULED_JOB, 6, "Task triggered by start-up", &[logger, job]),
    rule(119, Class::SCHEDULED_JOB, 6, "Task triggered by log-on", &[logger, job]),
    rule(129, Class::SCHEDULED_JOB, 6, "Task process created", &[logger, job]),
    rule(140, Class::SCHEDULED_JOB, 2, "Task updated", &[logger, job]),
    rule(141, Class::SCHEDULED_JOB, 3, "Task deleted", &[logger, job]),
    rule(142, Class::SCHEDULED_JOB, 5, "Task disabled", &[logger, job]),
    rule(200, Class::SCHEDULED_JOB, 6, "Action started", &[logger, job]),
    rule(201, Class::SCHEDULED_JOB, 99, "Action completed", &[logger, job]),
];

fn job(row: &Row<'_, W>, event: &mut Event) {
    let command = row.text(W::ActionName).or_else(|| row.text(W::Path));
    let user = row.text(W::UserContext).or_else(|| row.text(W::UserName));
    event.attributes.job = row.text(W::TaskName).map(|name| {
        Box::new(Job {
            name: Some(name),
            file: command.clone().map(parts::image),
            cmd_line: command,
            user: user.map(parts::account),
            ..Job::default()
        })
    });
    event.attributes.status_code = row.text(W::ResultCode);
}

/// `Microsoft-Windows-WMI-Activity/Operational`.
pub(super) const WMI: &[Rule] = &[
    rule(5857, Class::MODULE, 1, "WMI provider started", &[logger, wmi_provider]),
    rule(5858, Class::APPLICATION_ERROR, 1, "WMI operation failed", &[wmi_operation, failure]),
    rule(5859, Class::ENTITY_MANAGEMENT, 1, "WMI event filter registered", &[logger, wmi_consumer]),
    rule(5860, Class::ENTITY_MANAGEMENT, 1, "Temporary WMI event consumer registered", &[logger, wmi_consumer]),
    rule(5861, Class::ENTITY_MANAGEMENT, 1, "Permanent WMI event consumer registered", &[logger, wmi_consumer]),
];

fn wmi_provider(row: &Row<'_, W>, event: &mut Event) {
    let message = row.str(W::Message).unwrap_or_default();
    let from_message = message.split_once("ProviderPath = ").map(|(_, path)| path.trim().to_owned());
    let path = row.text(W::ProviderPath).or(from_message).filter(|path| !path.is_empty());
    event.attributes.module =
        path.map(|path| Box::new(Module { file: Some(parts::file(path)), load_type_id: Some(1), ..Module::default() }));
    if let Some(process) = parts::process(row.text(W::HostProcess), row.int(W::ProcessId), None) {
        event.attributes.actor.get_or_insert_default().process = Some(process);
    }
}

fn wmi_operation(row: &Row<'_, W>, event: &mut Event) {
    logger(row, event);
    if let Some(user) = row.text(W::User) {
        event.attributes.actor.get_or_insert_default().user = Some(parts::account(user));
    }
    if let Some(process) = parts::process(None, row.int(W::CallerProcessId), None) {
        event.attributes.actor.get_or_insert_default().process = Some(process);
    }
    event.attributes.status_code = row.text(W::ResultCode);
    event.attributes.status_detail = row.text(W::Operation).or_else(|| row.text(W::PossibleCause));
}

fn wmi_consumer(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::EssConsumer).or_else(|| row.text(W::Query)).or_else(|| row.text(W::Namespace));
    event.attributes.entity = Some(Box::new(ManagedEntity {
        name: Some(name.unwrap_or_else(|| "WMI event consumer".into())),
        type_name: Some("WMI event subscription".into()),
        ..ManagedEntity::default()
    }));
    event.attributes.status_detail = row.text(W::PossibleCause).or_else(|| row.text(W::Query));
}

/// `Microsoft-Windows-TerminalServices-LocalSessionManager/Operational`.
pub(super) const SESSIONS: &[Rule] = &[
    rule(21, Class::AUTHENTICATION, 1, "Remote desktop log-on", &[session_user, success]),
    rule(22, Class::BASE, 99, "Remote desktop shell started", &[logger]),
    rule(23, Class::AUTHENTICATION, 2, "Remote desktop log-off", &[session_user, success]),
    rule(24, Class::RDP, 7, "Remote desktop session disconnected", &[session_user]),
    rule(25, Class::RDP, 8, "Remote desktop session reconnected", &[session_user]),
    rule(39, Class::RDP, 7, "Remote desktop session disconnected by another", &[session_user]),
    rule(40, Class::RDP, 7, "Remote desktop session disconnected", &[session_user]),
];

/// `Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational`.
pub(super) const CONNECTIONS: &[Rule] = &[
    rule(261, Class::RDP, 1, "Remote desktop listener received a connection", &[device_as_destination]),
    rule(1149, Class::AUTHENTICATION, 1, "Remote desktop user authenticated", &[remote_user, success]),
];

/// `Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational`.
pub(super) const RDP_CORE: &[Rule] = &[
    rule(131, Class::RDP, 1, "Remote desktop connection accepted", &[rdp_client]),
    rule(140, Class::RDP, 99, "Remote desktop connection failed", &[rdp_client, failure]),
];

/// `Microsoft-Windows-TerminalServices-RDPClient/Operational`.
pub(super) const RDP_CLIENT: &[Rule] = &[
    rule(1024, Class::RDP, 3, "Remote desktop client connects", &[rdp_server]),
    rule(1026, Class::RDP, 7, "Remote desktop client disconnected", &[rdp_server]),
    rule(1102, Class::RDP, 3, "Remote desktop client connects", &[rdp_server]),
];

fn line(row: &Row<'_, W>, name: &str) -> Option<String> {
    super::fill::line_value(&row.str(W::Message)?, name).map(str::to_owned)
}

fn session_user(row: &Row<'_, W>, event: &mut Event) {
    device_as_destination(row, event);
    let user = row.text(W::User).or_else(|| line(row, "User")).map(parts::account);
    event.attributes.user = user.or_else(|| {
        let uid = row.text(W::SecurityUserId);
        uid.map(|uid| Box::new(User { uid: Some(uid), ..User::default() }))
    });
    let address = row.text(W::Address).or_else(|| line(row, "Source Network Address"));
    event.attributes.src_endpoint =
        address.filter(|address| address != "LOCAL").and_then(|text| parts::endpoint_of(&text));
    if event.class == Class::AUTHENTICATION {
        let uid = row.text(W::SessionId).or_else(|| line(row, "Session ID"));
        event.attributes.session = uid.map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
        event.attributes.is_remote = Some(event.attributes.src_endpoint.is_some());
    }
}

fn remote_user(row: &Row<'_, W>, event: &mut Event) {
    device_as_destination(row, event);
    let name = row.text(W::Param1Upper).or_else(|| line(row, "User"));
    let domain = row.text(W::Param2Upper).or_else(|| line(row, "Domain"));
    event.attributes.user = parts::user(name, domain, None);
    let address = row.text(W::Param3Upper).or_else(|| line(row, "Source Network Address"));
    event.attributes.src_endpoint = address.and_then(|text| parts::endpoint_of(&text));
    event.attributes.logon_type_id = Some(10);
    event.attributes.is_remote = Some(true);
}

/// `192.0.2.7:51234`, `[2001:db8::1]:51234` or an address alone.
fn rdp_client(row: &Row<'_, W>, event: &mut Event) {
    device_as_destination(row, event);
    let Some(text) = row.text(W::ClientIp).or_else(|| row.text(W::IpAddress)) else { return };
    event.attributes.src_endpoint = match crate::row::address(&text) {
        Some(ip) => parts::endpoint(Some(ip), None, None),
        None => text
            .rsplit_once(':')
            .and_then(|(ip, port)| parts::endpoint(crate::row::address(ip), port.parse().ok(), None)),
    };
    event.attributes.connection_info = row.str(W::ConnType).map(|kind| parts::connection(Some(&kind)));
}

fn rdp_server(row: &Row<'_, W>, event: &mut Event) {
    device_as_source(row, event);
    event.attributes.dst_endpoint = row.str(W::ServerName).and_then(|name| parts::endpoint_of(&name));
}

/// `Microsoft-Windows-DNS-Client/Operational`.
pub(super) const DNS: &[Rule] = &[
    rule(3006, Class::DNS, 1, "DNS query", &[device_as_source, question]),
    rule(3008, Class::DNS, 2, "DNS query completed", &[device_as_source, question]),
    rule(3009, Class::DNS, 1, "DNS query sent", &[device_as_source, question]),
    rule(3010, Class::DNS, 1, "DNS query sent to a server", &[device_as_source, question]),
    rule(3011, Class::DNS, 2, "DNS response received", &[device_as_source, question]),
    rule(3016, Class::DNS, 1, "DNS cache looked up", &[device_as_source, question]),
    rule(3018, Class::DNS, 2, "DNS cache answered", &[device_as_source, question]),
    rule(3019, Class::DNS, 1, "DNS query", &[device_as_source, question]),
    rule(3020, Class::DNS, 2, "DNS query answered", &[device_as_source, question]),
];

fn question(row: &Row<'_, W>, event: &mut Event) {
    let a = &mut event.attributes;
    a.query =
        row.text(W::QueryName).map(|hostname| Box::new(DnsQuery { hostname: Some(hostname), ..DnsQuery::default() }));
    a.answers = row.str(W::QueryResults).and_then(|results| answers(&results));
    a.status_code = row.text(W::QueryStatus);
    a.dst_endpoint = parts::endpoint(row.ip(W::DnsServer), None, None);
}

/// `Microsoft-Windows-Windows Firewall With Advanced Security/Firewall`.
pub(super) const FIREWALL: &[Rule] = &[
    rule(2004, Class::ENTITY_MANAGEMENT, 1, "Firewall rule added", &[firewall_rule]),
    rule(2005, Class::ENTITY_MANAGEMENT, 3, "Firewall rule changed", &[firewall_rule]),
    rule(2006, Class::ENTITY_MANAGEMENT, 4, "Firewall rule deleted", &[firewall_rule]),
    rule(2052, Class::ENTITY_MANAGEMENT, 4, "Firewall rule deleted", &[firewall_rule]),
    rule(2071, Class::ENTITY_MANAGEMENT, 1, "Firewall rule added", &[firewall_rule]),
    rule(2073, Class::ENTITY_MANAGEMENT, 3, "Firewall rule changed", &[firewall_rule]),
    rule(2097, Class::ENTITY_MANAGEMENT, 1, "Firewall rule added", &[firewall_rule]),
    rule(2099, Class::ENTITY_MANAGEMENT, 3, "Firewall rule changed", &[firewall_rule]),
];

/// `Microsoft-Windows-Bits-Client/Operational`.
pub(super) const TRANSFERS: &[Rule] = &[
    rule(59, Class::HTTP, 3, "Background transfer started", &[logger, device_as_source, transfer]),
    rule(60, Class::HTTP, 3, "Background transfer stopped", &[logger, device_as_source, transfer]),
    rule(61, Class::HTTP, 3, "Background transfer failed", &[logger, device_as_source, transfer, failure]),
    rule(16403, Class::HTTP, 3, "Background transfer job created", &[logger, device_as_source, transfer]),
];

fn transfer(row: &Row<'_, W>, event: &mut Event) {
    let Some(text) = row.text(W::BitsUrl) else { return };
    let url = parts::url(&text, None);
    event.attributes.dst_endpoint = url.hostname.as_deref().and_then(parts::endpoint_of);
    event.attributes.http_request =
        Some(Box::new(HttpRequest { http_method: Some("GET".into()), url: Some(url), ..HttpRequest::default() }));
}

/// `Microsoft-Windows-AppLocker/…`.
pub(super) const APP_CONTROL: &[Rule] = &[
    rule(8002, Class::PROCESS, 1, "Program allowed to run", &[controlled]),
    rule(8003, Class::PROCESS, 1, "Program would have been blocked", &[controlled]),
    rule(8004, Class::PROCESS, 1, "Program blocked", &[controlled, blocked, failure]),
    rule(8005, Class::PROCESS, 1, "Script allowed to run", &[controlled]),
    rule(8006, Class::PROCESS, 1, "Script would have been blocked", &[controlled]),
    rule(8007, Class::PROCESS, 1, "Script blocked", &[controlled, blocked, failure]),
];

fn controlled(row: &Row<'_, W>, event: &mut Event) {
    let user = row.text(W::TargetUser).map(|uid| Box::new(User { uid: Some(uid), ..User::default() }));
    if let Some(mut process) = parts::process(row.text(W::FilePath), row.int(W::TargetProcessId), None) {
        let hash = row.str(W::FileHash).and_then(|hash| parts::fingerprint("", &hash));
        if let Some(file) = &mut process.file {
            file.hashes = hash.map(|hash| vec![hash]);
        }
        process.user.clone_from(&user);
        event.attributes.process = Some(process);
    }
    event.attributes.actor.get_or_insert_default().user = user;
    let name = row.text(W::RuleName).or_else(|| row.text(W::PolicyName));
    if let Some(name) = name {
        let uid = row.text(W::RuleId);
        event.attributes.firewall_rule =
            Some(Box::new(FirewallRule { name: Some(name), uid, ..FirewallRule::default() }));
    }
}

/// `Microsoft-Windows-NTLM/Operational`.
pub(super) const NTLM: &[Rule] = &[
    rule(8001, Class::AUTHENTICATION, 1, "Outgoing NTLM authentication", &[ntlm]),
    rule(8002, Class::AUTHENTICATION, 1, "Incoming NTLM authentication", &[ntlm]),
    rule(8003, Class::AUTHENTICATION, 1, "NTLM authentication in the domain", &[ntlm]),
    rule(8004, Class::AUTHENTICATION, 1, "NTLM authentication at the domain controller", &[ntlm]),
];

fn ntlm(row: &Row<'_, W>, event: &mut Event) {
    device_as_destination(row, event);
    let name = row.text(W::UserName).or_else(|| row.text(W::TargetUserName));
    let domain = row.text(W::DomainName).or_else(|| row.text(W::TargetDomainName));
    event.attributes.user = parts::user(name, domain, row.text(W::SecurityUserId));
    event.attributes.src_endpoint = row.str(W::WorkstationName).and_then(|name| parts::endpoint_of(&name));
    event.attributes.auth_protocol_id = Some(1);
    event.attributes.auth_protocol = Some("NTLM".into());
}
