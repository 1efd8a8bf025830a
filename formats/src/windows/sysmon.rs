//! Sysmon, event ids 1 to 29 (Sysinternals, schema 4.90).

use model::ocsf::{
    Actor, Class, DigitalSignature, DnsAnswer, DnsQuery, Event, File, KernelDriver, ManagedEntity, Module, Product,
    RegKey, RegValue, Session,
};

use super::fill::{blocked, device_as_source, sysmon_actor, sysmon_target};
use super::names::W;
use super::objects::named_service;
use super::table::{Rule, rule};
use crate::parts;
use crate::row::{Row, some_of};

/// What each event id becomes.
pub(super) const RULES: &[Rule] = &[
    rule(1, Class::PROCESS, 1, "Process created", &[created]),
    rule(2, Class::FILE, 6, "File creation time changed", &[sysmon_actor, file]),
    rule(3, Class::NETWORK, 1, "Network connection", &[sysmon_actor, connection]),
    rule(4, Class::WINDOWS_SERVICE, 99, "Sysmon service state changed", &[service_state]),
    rule(5, Class::PROCESS, 2, "Process terminated", &[sysmon_actor, ended]),
    rule(6, Class::KERNEL_EXTENSION, 1, "Driver loaded", &[driver]),
    rule(7, Class::MODULE, 1, "Image loaded", &[sysmon_actor, module]),
    rule(8, Class::PROCESS, 4, "Remote thread created", &[sysmon_target, remote_thread]),
    rule(9, Class::FILE, 2, "Raw disk read", &[sysmon_actor, raw_disk]),
    rule(10, Class::PROCESS, 3, "Process accessed", &[sysmon_target]),
    rule(11, Class::FILE, 1, "File created", &[sysmon_actor, file]),
    rule(12, Class::REGISTRY_KEY, 99, "Registry object added or deleted", &[sysmon_actor, registry]),
    rule(13, Class::REGISTRY_VALUE, 2, "Registry value set", &[sysmon_actor, registry]),
    rule(14, Class::REGISTRY_KEY, 5, "Registry object renamed", &[sysmon_actor, registry]),
    rule(15, Class::FILE, 1, "File stream created", &[sysmon_actor, file]),
    rule(16, Class::ENTITY_MANAGEMENT, 3, "Sysmon configuration changed", &[configuration]),
    rule(17, Class::FILE, 1, "Pipe created", &[sysmon_actor, pipe]),
    rule(18, Class::FILE, 14, "Pipe connected", &[sysmon_actor, pipe]),
    rule(19, Class::ENTITY_MANAGEMENT, 99, "WMI event filter", &[sysmon_actor, wmi]),
    rule(20, Class::ENTITY_MANAGEMENT, 99, "WMI event consumer", &[sysmon_actor, wmi]),
    rule(21, Class::ENTITY_MANAGEMENT, 99, "WMI consumer bound to filter", &[sysmon_actor, wmi]),
    rule(22, Class::DNS, 1, "DNS query", &[sysmon_actor, device_as_source, dns]),
    rule(23, Class::FILE, 4, "File deleted, copy archived", &[sysmon_actor, file]),
    rule(24, Class::BASE, 99, "Clipboard changed", &[sysmon_actor]),
    rule(25, Class::PROCESS, 4, "Process image tampered with", &[sysmon_actor, tampered]),
    rule(26, Class::FILE, 4, "File deleted", &[sysmon_actor, file]),
    rule(27, Class::FILE, 1, "Executable file blocked", &[sysmon_actor, file, blocked]),
    rule(28, Class::FILE, 4, "File shredding blocked", &[sysmon_actor, file, blocked]),
    rule(29, Class::FILE, 1, "Executable file created", &[sysmon_actor, file]),
    rule(255, Class::APPLICATION_ERROR, 1, "Sysmon error", &[error]),
];

fn created(row: &Row<'_, W>, event: &mut Event) {
    let mut parent =
        parts::process(row.text(W::ParentImage), row.int(W::ParentProcessId), row.text(W::ParentProcessGuid));
    if let Some(parent) = &mut parent {
        parent.cmd_line = row.text(W::ParentCommandLine);
        parent.user = row.text(W::ParentUser).map(parts::account);
    }
    let mut process =
        parts::process(row.text(W::Image), row.int(W::ProcessId), row.text(W::ProcessGuid)).unwrap_or_default();
    if let Some(file) = &mut process.file {
        describe(row, file);
    }
    process.cmd_line = row.text(W::CommandLine);
    process.working_directory = row.text(W::CurrentDirectory);
    process.user = row.text(W::User).map(parts::account);
    process.created_time = row.millis(W::UtcTime);
    process.integrity = row.text(W::IntegrityLevel);
    process.integrity_id = process.integrity.as_deref().map(integrity);
    process.session = row.text(W::LogonId).map(|uid| {
        Box::new(Session { uid: Some(uid), terminal: row.text(W::TerminalSessionId), ..Session::default() })
    });
    let user = parent.as_ref().and_then(|parent| parent.user.clone()).or_else(|| process.user.clone());
    event.attributes.actor = Some(Box::new(Actor { process: parent.clone(), user, ..Actor::default() }));
    process.parent_process = parent;
    event.attributes.process = Some(process);
}

/// OCSF `integrity_id` of a level that Sysmon or a mandatory label names.
pub(super) fn integrity(level: &str) -> u32 {
    match level {
        "Untrusted" | "S-1-16-0" => 1,
        "Low" | "S-1-16-4096" => 2,
        "Medium" | "Medium Plus" | "S-1-16-8192" | "S-1-16-8448" => 3,
        "High" | "S-1-16-12288" => 4,
        "System" | "S-1-16-16384" => 5,
        "Protected" | "S-1-16-20480" => 6,
        _ => 99,
    }
}

/// Version information and hashes of a file.
fn describe(row: &Row<'_, W>, file: &mut File) {
    file.hashes = hashes(row);
    file.company_name = row.text(W::Company);
    file.desc = row.text(W::Description);
    file.version = row.text(W::FileVersion);
    file.internal_name = row.text(W::OriginalFileName);
    file.product = row.text(W::ProductName).map(|name| Box::new(Product { name: Some(name), ..Product::default() }));
}

/// `SHA1=…,MD5=…`.
fn hashes(row: &Row<'_, W>) -> Option<Vec<model::ocsf::Fingerprint>> {
    let text = row.str(W::Hashes)?;
    let one = |part: &str| match part.split_once('=') {
        Some((name, value)) => parts::fingerprint(name, value.trim()),
        None => parts::fingerprint("", part.trim()),
    };
    some_of(text.split(',').filter_map(one).collect())
}

fn file(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.file = row.text(W::TargetFilename).map(|path| {
        let mut file = parts::file(path);
        file.hashes = hashes(row);
        file.created_time = row.millis(W::CreationUtcTime);
        file
    });
}

fn connection(row: &Row<'_, W>, event: &mut Event) {
    let a = &mut event.attributes;
    a.src_endpoint = parts::endpoint(row.ip(W::SourceIp), row.port(W::SourcePort), row.text(W::SourceHostname));
    a.dst_endpoint =
        parts::endpoint(row.ip(W::DestinationIp), row.port(W::DestinationPort), row.text(W::DestinationHostname));
    let mut info = parts::connection(row.str(W::Protocol).as_deref());
    let initiated = row.truth(W::Initiated);
    info.direction_id = Some(match initiated {
        Some(true) => 2,
        Some(false) => 1,
        None => 0,
    });
    a.connection_info = Some(info);
    if a.src_endpoint.is_none() && a.dst_endpoint.is_none() {
        device_as_source(row, event);
    }
}

fn service_state(row: &Row<'_, W>, event: &mut Event) {
    event.activity_id = if row.is(W::State, "Started") {
        3
    } else if row.is(W::State, "Stopped") {
        4
    } else {
        99
    };
    event.attributes.win_service = Some(named_service("Sysmon".to_owned()));
}

fn ended(_row: &Row<'_, W>, event: &mut Event) {
    event.attributes.process = event.attributes.actor.as_ref().and_then(|actor| actor.process.clone());
}

fn driver(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.driver = row.text(W::ImageLoaded).map(|path| {
        let mut file = parts::file(path);
        file.hashes = hashes(row);
        file.signature = signature(row);
        Box::new(KernelDriver { file: Some(file) })
    });
}

fn signature(row: &Row<'_, W>) -> Option<Box<DigitalSignature>> {
    if row.truth(W::Signed) != Some(true) {
        return None;
    }
    let state = row.text(W::SignatureStatus);
    let state_id = match state.as_deref()? {
        "Valid" => 1,
        "Expired" => 2,
        "Revoked" => 3,
        "Unavailable" => 0,
        _ => 99,
    };
    // A certificate would need issuer and serial number, which Sysmon does not log; it names the signer only.
    let developer_uid = row.text(W::Signature);
    Some(Box::new(DigitalSignature {
        algorithm_id: Some(4),
        state_id: Some(state_id),
        state,
        developer_uid,
        ..DigitalSignature::default()
    }))
}

fn module(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.module = row.text(W::ImageLoaded).map(|path| {
        let mut file = parts::file(path);
        describe(row, &mut file);
        file.signature = signature(row);
        Box::new(Module { file: Some(file), load_type_id: Some(1), ..Module::default() })
    });
}

fn remote_thread(row: &Row<'_, W>, event: &mut Event) {
    if let Some(process) = &mut event.attributes.process {
        process.tid = row.int(W::NewThreadId);
    }
    event.attributes.injection_type_id = Some(1);
    event.attributes.module = Some(Box::new(Module {
        file: row.text(W::StartModule).map(parts::image),
        start_address: row.text(W::StartAddress),
        function_name: row.text(W::StartFunction),
        load_type_id: Some(0),
        ..Module::default()
    }));
}

fn raw_disk(row: &Row<'_, W>, event: &mut Event) {
    // A block device.
    event.attributes.file = row.text(W::Device).map(|path| Box::new(File { type_id: Some(4), ..*parts::file(path) }));
}

fn registry(row: &Row<'_, W>, event: &mut Event) {
    let Some(path) = row.text(W::TargetObject) else { return };
    let kind = row.str(W::EventType).unwrap_or_default();
    let is_value = kind.ends_with("Value") || event.class == Class::REGISTRY_VALUE;
    if !is_value {
        event.activity_id = match kind.as_ref() {
            "CreateKey" => 1,
            "DeleteKey" => 4,
            "RenameKey" => 5,
            _ => event.activity_id,
        };
        event.attributes.reg_key = Some(RegKey { path: Some(path) });
        return;
    }
    event.class = Class::REGISTRY_VALUE;
    event.activity_id = match kind.as_ref() {
        "SetValue" | "CreateValue" => 2,
        "RenameValue" => 3,
        "DeleteValue" => 4,
        _ if event.activity_id == 2 => 2,
        _ => 99,
    };
    let (key, name) = path.rsplit_once('\\').unwrap_or(("", &path));
    let details = row.text(W::Details);
    let type_name = details.as_deref().and_then(|details| {
        let kinds = [("DWORD (", "REG_DWORD"), ("QWORD (", "REG_QWORD"), ("Binary Data", "REG_BINARY")];
        kinds.into_iter().find(|(start, _)| details.starts_with(start)).map(|(_, name)| name.to_owned())
    });
    event.attributes.reg_value = Some(Box::new(RegValue {
        name: Some(name.to_owned()),
        path: Some(if key.is_empty() { path.clone() } else { key.to_owned() }),
        reg_string_data: details,
        type_name,
    }));
}

fn configuration(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::Configuration).unwrap_or_else(|| "Sysmon configuration".into());
    let uid = row.text(W::ConfigurationFileHash);
    event.attributes.entity =
        Some(Box::new(ManagedEntity { name: Some(name), uid, type_name: Some("Sysmon configuration".into()) }));
}

fn pipe(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.file = row.text(W::PipeName).map(|name| {
        Box::new(File {
            name: Some(parts::file_name(&name).to_owned()),
            path: Some(name),
            type_id: Some(6),
            ..File::default()
        })
    });
}

fn wmi(row: &Row<'_, W>, event: &mut Event) {
    event.activity_id = if row.is(W::Operation, "Created") {
        1
    } else if row.is(W::Operation, "Modified") {
        3
    } else if row.is(W::Operation, "Deleted") {
        4
    } else {
        99
    };
    let name = row.text(W::Name).or_else(|| row.text(W::Consumer)).or_else(|| row.text(W::Filter));
    event.attributes.entity = Some(Box::new(ManagedEntity {
        name,
        uid: row.text(W::Filter),
        type_name: Some("WMI event subscription".into()),
    }));
    event.attributes.status_detail =
        row.text(W::Query).or_else(|| row.text(W::Destination)).or_else(|| row.text(W::Consumer));
}

fn dns(row: &Row<'_, W>, event: &mut Event) {
    let a = &mut event.attributes;
    a.query =
        row.text(W::QueryName).map(|hostname| Box::new(DnsQuery { hostname: Some(hostname), ..DnsQuery::default() }));
    a.status_code = row.text(W::QueryStatus);
    // Windows' own error numbers: 0, 9003 DNS_ERROR_RCODE_NAME_ERROR and its neighbours from 9001 on.
    match row.int(W::QueryStatus) {
        Some(0) => (a.status_id, a.rcode_id, a.rcode) = (Some(1), Some(0), Some("NoError".into())),
        Some(code @ 9001..=9010) => {
            let (rcode_id, rcode) = parts::rcode(code - 9000);
            (a.status_id, a.rcode_id, a.rcode) = (Some(2), Some(rcode_id), rcode.map(str::to_owned));
        }
        Some(_) => a.status_id = Some(2),
        None => {}
    }
    a.answers = row.str(W::QueryResults).and_then(|results| answers(&results));
}

/// `type:  5 alias.example;::ffff:192.0.2.7;`: aliases with their type, addresses without.
pub(super) fn answers(results: &str) -> Option<Vec<DnsAnswer>> {
    let one = |part: &str| {
        let part = part.trim();
        let (type_name, rdata) = match part.strip_prefix("type:").map(str::trim_start) {
            Some(rest) => {
                let (number, rdata) = rest.split_once(' ')?;
                (Some(record_type(number)), rdata.trim())
            }
            None => (None, part),
        };
        let address = crate::row::address(rdata);
        let type_name = type_name
            .or_else(|| address.as_ref().map(|address| if address.contains(':') { "AAAA" } else { "A" }.to_owned()));
        let rdata = address.unwrap_or_else(|| rdata.to_owned());
        (!rdata.is_empty() && rdata != "-").then(|| DnsAnswer { rdata: Some(rdata), type_name, ..DnsAnswer::default() })
    };
    some_of(results.split(';').filter_map(one).collect())
}

fn record_type(number: &str) -> String {
    match number {
        "1" => "A",
        "2" => "NS",
        "5" => "CNAME",
        "6" => "SOA",
        "12" => "PTR",
        "15" => "MX",
        "16" => "TXT",
        "28" => "AAAA",
        "33" => "SRV",
        "65" => "HTTPS",
        other => return format!("TYPE{other}"),
    }
    .to_owned()
}

fn tampered(row: &Row<'_, W>, event: &mut Event) {
    ended(row, event);
    event.attributes.injection_type_id = Some(99);
    event.attributes.status_detail = row.text(W::WmiType);
}

fn error(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.status_id = Some(2);
    event.attributes.status_detail = row.text(W::Description);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_results() {
        let shown = |text: &str| {
            let one = |answer: DnsAnswer| format!("{:?}/{:?}", answer.type_name, answer.rdata);
            answers(text).unwrap_or_default().into_iter().map(one).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            shown("type:  5 arc.msn.com.nsatc.net;::ffff:52.179.129.229;"),
            r#"Some("CNAME")/Some("arc.msn.com.nsatc.net") Some("A")/Some("52.179.129.229")"#
        );
        assert_eq!(shown("-"), "");
        assert_eq!(shown(""), "");
        assert_eq!(shown("type: 99"), "");
    }
}
