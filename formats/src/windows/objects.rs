//! Processes, files, keys and other objects in the Security log.

use model::ocsf::{
    Actor, Class, Event, File, Job, Kernel, ManagedEntity, Process, RegKey, RegValue, WinResource, WinService,
};

use super::fill::line_value;
use super::names::W;
use super::sysmon::integrity;
use crate::parts;
use crate::row::Row;

/// 4688: the new process under the account that it runs for, its creator as the actor.
pub(super) fn process_started(row: &Row<'_, W>, event: &mut Event) {
    let (path, pid) = match row.has(W::NewProcessName) || row.has(W::NewProcessId) {
        true => (row.text(W::NewProcessName), row.int(W::NewProcessId)),
        false => (row.text(W::TargetImage), row.int(W::TargetProcessId)),
    };
    let parent = parts::process(row.text(W::ParentProcessName), row.int(W::ProcessId), None);
    let actor = event.attributes.actor.get_or_insert_default();
    let user = parts::user(row.text(W::TargetUserName), row.text(W::TargetDomainName), None);
    let user = user.or_else(|| actor.user.clone());
    actor.process.clone_from(&parent);
    let Some(process) = parts::process(path, pid, None) else { return };
    let level = row.text(W::MandatoryLabel);
    event.attributes.process = Some(Box::new(Process {
        cmd_line: row.text(W::CommandLine),
        user,
        integrity_id: level.as_deref().map(integrity),
        integrity: level,
        parent_process: parent,
        ..*process
    }));
}

/// 4689: a process ends itself.
pub(super) fn process_ended(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.process = event.attributes.actor.as_ref().and_then(|actor| actor.process.clone());
    event.attributes.exit_code = row.int(W::Status);
}

/// What an object of the auditing system is.
enum Kind {
    File,
    Key,
    Other(u32),
}

/// OCSF `win_resource.type_id` of an object type that is neither file nor key.
const TYPES: &[(&str, u32)] = &[
    ("Directory", 1),
    ("Event", 2),
    ("Timer", 3),
    ("Device", 4),
    ("Mutant", 5),
    ("Token", 8),
    ("Thread", 9),
    ("Section", 10),
    ("WindowStation", 11),
    ("Driver", 15),
    ("SymbolicLink", 18),
    ("Process", 20),
    ("Desktop", 22),
    ("Semaphore", 28),
    ("Job", 29),
    ("Port", 30),
    ("ALPC Port", 32),
    ("SAM_ALIAS", 33),
    ("SAM_GROUP", 34),
    ("SAM_USER", 35),
    ("SAM_DOMAIN", 36),
    ("SAM_SERVER", 37),
];

fn kind(row: &Row<'_, W>) -> Kind {
    let text = row.str(W::ObjectType).unwrap_or_default();
    match text.as_ref() {
        "File" => Kind::File,
        "Key" => Kind::Key,
        "" => Kind::Other(0),
        other => Kind::Other(TYPES.iter().find(|(name, _)| *name == other).map_or(99, |(_, id)| *id)),
    }
}

/// An object that was opened, or a handle to it that was asked for.
pub(super) fn access(row: &Row<'_, W>, event: &mut Event) {
    let mask = row.int(W::AccessMask).unwrap_or(0);
    match (kind(row), row.text(W::ObjectName)) {
        (Kind::File, Some(path)) => {
            event.class = Class::FILE;
            event.activity_id = file_activity(mask);
            event.attributes.file = Some(parts::file(path));
        }
        (Kind::Key, Some(path)) => {
            event.class = Class::REGISTRY_KEY;
            event.activity_id = key_activity(mask);
            event.attributes.reg_key = Some(RegKey { path: Some(path) });
        }
        (_, name) => resource(row, event, name),
    }
}

/// File access rights (`winnt.h`): DELETE, then the ones that write, then the ones that read.
fn file_activity(mask: i64) -> u32 {
    if mask & 0x1_0000 != 0 {
        4
    } else if mask & 0xC_0000 != 0 {
        7
    } else if mask & 0x0116 != 0 {
        3
    } else if mask & 0x0001 != 0 {
        2
    } else {
        14
    }
}

/// Registry access rights (`winnt.h`): DELETE, WRITE_DAC and WRITE_OWNER, KEY_CREATE_SUB_KEY, KEY_SET_VALUE, else a read.
fn key_activity(mask: i64) -> u32 {
    if mask & 0x1_0000 != 0 {
        4
    } else if mask & 0xC_0000 != 0 {
        6
    } else if mask & 0x0004 != 0 {
        1
    } else if mask & 0x0002 != 0 {
        3
    } else {
        2
    }
}

fn resource(row: &Row<'_, W>, event: &mut Event, name: Option<String>) {
    let type_id = match kind(row) {
        Kind::File => 7,
        Kind::Key => 25,
        Kind::Other(id) => id,
    };
    let uid = row.text(W::HandleId).or_else(|| row.text(W::SourceHandleId));
    if name.is_none() && uid.is_none() && row.str(W::ObjectType).is_none() {
        return;
    }
    event.attributes.win_resource = Some(Box::new(WinResource {
        type_id: Some(type_id),
        type_name: row.text(W::ObjectType),
        name,
        uid,
        svc_name: row.text(W::ObjectServer),
    }));
}

/// A handle of which the record says no more than its number.
pub(super) fn handle(row: &Row<'_, W>, event: &mut Event) {
    resource(row, event, row.text(W::ObjectName));
}

/// 4660: the object behind a handle is gone; which one, an earlier 4656 says.
pub(super) fn deleted(row: &Row<'_, W>, event: &mut Event) {
    access(row, event);
    if event.class == Class::FILE || event.class == Class::REGISTRY_KEY {
        event.activity_id = 4;
    }
}

/// 4664: a hard link.
pub(super) fn created(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.file = row.text(W::FilePath).or_else(|| row.text(W::ObjectName)).map(parts::file);
}

/// 4670: an object's access list changed.
pub(super) fn secured(row: &Row<'_, W>, event: &mut Event) {
    access(row, event);
    match event.class {
        Class::FILE => event.activity_id = 7,
        Class::REGISTRY_KEY => event.activity_id = 6,
        _ => event.activity_id = 99,
    }
}

/// 4657: a registry value and its new data.
pub(super) fn registry_value(row: &Row<'_, W>, event: &mut Event) {
    event.activity_id = match row.str(W::OperationType).unwrap_or_default().as_ref() {
        "%%1904" => 2,
        "%%1906" => 4,
        _ => 3,
    };
    let type_name = row.text(W::NewValueType).map(|code| value_type(&code).map_or(code, str::to_owned));
    event.attributes.reg_value = row.text(W::ObjectName).map(|path| {
        Box::new(RegValue {
            name: Some(row.text(W::ObjectValueName).unwrap_or_else(|| "(default)".into())),
            path: Some(path),
            reg_string_data: row.text(W::NewValue),
            type_name,
        })
    });
}

fn value_type(code: &str) -> Option<&'static str> {
    match code {
        "%%1873" => Some("REG_SZ"),
        "%%1874" => Some("REG_EXPAND_SZ"),
        "%%1875" => Some("REG_BINARY"),
        "%%1876" => Some("REG_DWORD"),
        "%%1879" => Some("REG_MULTI_SZ"),
        "%%1883" => Some("REG_QWORD"),
        _ => None,
    }
}

/// 4673: a call that needs a privilege.
pub(super) fn kernel_call(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::Service).or_else(|| row.text(W::PrivilegeList)).or_else(|| row.text(W::ObjectServer));
    event.attributes.kernel =
        name.map(|name| Box::new(Kernel { name: Some(name), type_id: Some(2), ..Kernel::default() }));
    event.attributes.status_detail = row.text(W::PrivilegeList);
}

/// An installed, started or stopped service.
pub(super) fn service(row: &Row<'_, W>, event: &mut Event) {
    let is_firewall = matches!(row.int(W::EventId), Some(5024 | 5025));
    let name = row.text(W::ServiceName).or_else(|| is_firewall.then(|| "MpsSvc".to_owned()));
    event.attributes.win_service = name.map(|name| {
        let start_type = row.text(W::ServiceStartType);
        Box::new(WinService {
            service_start_type_id: Some(start_type.as_deref().map_or(0, start_type_id)),
            cmd_line: row.text(W::ServiceFileName),
            service_start_type: start_type,
            service_type: row.text(W::ServiceType),
            service_start_name: row.text(W::ServiceAccount).or_else(|| row.text(W::LogAccount)),
            ..*named_service(name)
        })
    });
}

/// A service of which the record has no more than its name. The schema asks for one thing besides: how it starts is not known.
pub(super) fn named_service(name: String) -> Box<WinService> {
    Box::new(WinService { name: Some(name), service_start_type_id: Some(0), ..WinService::default() })
}

/// How a service starts: by its number in the registry (4697) or in words (7045, 7040).
fn start_type_id(text: &str) -> u32 {
    match text.trim().to_ascii_lowercase().as_str() {
        "0" | "boot start" => 1,
        "1" | "system start" => 2,
        "2" | "auto start" | "automatic" => 3,
        "3" | "demand start" | "manual" => 4,
        "4" | "disabled" => 5,
        _ => 99,
    }
}

/// A scheduled task; its command stands in its XML.
pub(super) fn task(row: &Row<'_, W>, event: &mut Event) {
    let content = row.str(W::TaskContent).unwrap_or_default();
    let content = content.replace("&lt;", "<").replace("&gt;", ">");
    let command = element(&content, "Command");
    let cmd_line = command.map(|command| match element(&content, "Arguments") {
        Some(arguments) => format!("{command} {arguments}"),
        None => command.to_owned(),
    });
    let file = command.map(str::to_owned).or_else(|| row.text(W::Path));
    event.attributes.job = row.text(W::TaskName).map(|name| {
        Box::new(Job {
            name: Some(name),
            cmd_line,
            file: file.map(|path| parts::image(path.trim_matches('"').to_owned())),
            user: element(&content, "UserId").map(|user| parts::account(user.to_owned())),
            desc: element(&content, "Description").map(str::to_owned),
        })
    });
}

/// The text of the first XML element of that name; the task schema nests none of those that we ask for.
fn element<'t>(xml: &'t str, name: &str) -> Option<&'t str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let length = xml[start..].find("</")?;
    let text = xml[start..start + length].trim();
    if text.is_empty() { None } else { Some(text) }
}

/// Names of the managed things that have no class of their own, by the field that names them.
const ENTITIES: &[(W, &str)] = &[
    (W::TargetName, "Credential"),
    (W::ShareName, "Network share"),
    (W::KeyName, "Cryptographic key"),
    (W::LogonProcessName, "Log-on process"),
    (W::AuthenticationPackage, "Authentication package"),
    (W::NotificationPackageName, "Notification package"),
    (W::SecurityPackageName, "Security package"),
    (W::ObjectName, "Object"),
    (W::SubcategoryGuid, "Audit policy"),
    (W::DomainName, "Domain policy"),
    (W::CategoryId, "Audit policy"),
];

/// A managed thing.
pub(super) fn entity_named(row: &Row<'_, W>, event: &mut Event) {
    let found = ENTITIES.iter().find_map(|(slot, kind)| row.text(*slot).map(|name| (name, *kind)));
    // Credential Manager's own events may name no target: they are about all of them.
    let (name, kind) = match (found, row.int(W::EventId)) {
        (Some(found), _) => found,
        (None, Some(5376..=5382)) => ("Credential Manager".into(), "Credential"),
        (None, _) => return,
    };
    event.attributes.entity =
        Some(Box::new(ManagedEntity { name: Some(name), type_name: Some(kind.into()), ..ManagedEntity::default() }));
    if event.attributes.actor.is_none() {
        event.attributes.actor = parts::process(row.text(W::ProcessName), row.int(W::CallerProcessId), None)
            .map(|process| Box::new(Actor { process: Some(process), ..Actor::default() }));
    }
}

/// An object of the directory.
pub(super) fn directory_object(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.entity = row.text(W::ObjectDn).or_else(|| row.text(W::NewObjectDn)).map(|name| {
        Box::new(ManagedEntity { name: Some(name), uid: row.text(W::ObjectGuid), type_name: row.text(W::ObjectClass) })
    });
}

/// 5140: a share, reached from a client.
pub(super) fn share(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.share = row.text(W::ShareName);
}

/// 5145: a file in a share.
pub(super) fn share_file(row: &Row<'_, W>, event: &mut Event) {
    share(row, event);
    let Some(name) = row.text(W::RelativeTargetName) else { return };
    let folder = row.text(W::ShareName).unwrap_or_default();
    let path = format!("{}\\{}", folder.trim_end_matches('\\'), name.trim_start_matches('\\'));
    event.attributes.file =
        Some(Box::new(File { name: Some(parts::file_name(&name).to_owned()), ..*parts::file(path) }));
}

/// A log that was cleared, archived or filled up.
pub(super) fn log_cleared(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.log_name = row.text(W::Channel);
    event.attributes.log_provider = row.text(W::Provider);
    if event.attributes.actor.is_some() {
        return;
    }
    // Records whose UserData was not unfolded still have the words.
    let message = row.str(W::Message).unwrap_or_default();
    let user = parts::user(
        line_value(&message, "Account Name").map(str::to_owned),
        line_value(&message, "Domain Name").map(str::to_owned),
        line_value(&message, "Security ID").map(str::to_owned),
    );
    if let Some(user) = user {
        event.attributes.actor = Some(Box::new(Actor { user: Some(user), ..Actor::default() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_say_what_was_done() {
        assert_eq!(
            [file_activity(0x1), file_activity(0x2), file_activity(0x1_0000), file_activity(0x80)],
            [2, 3, 4, 14]
        );
        assert_eq!([key_activity(0x1), key_activity(0x2), key_activity(0x4), key_activity(0xF_003F)], [2, 3, 1, 4]);
    }

    #[test]
    fn tasks_have_elements() {
        let xml = "<Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/c x</Arguments></Exec></Actions></Task>";
        assert_eq!(element(xml, "Command"), Some("cmd.exe"));
        assert_eq!(element(xml, "UserId"), None);
        assert_eq!(element("<Command>", "Command"), None);
    }
}
