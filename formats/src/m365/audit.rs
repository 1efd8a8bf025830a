//! What was done: the unified audit log, Entra's audit log, Azure's activity log.

use model::ocsf::{Actor, Api, Class, Event, File, Group, HttpRequest, Resource, Service};

use super::names::M;
use super::signin;
use crate::parts;
use crate::row::{Row, told};

/// Operations on files of SharePoint and OneDrive, and the activity of File Hosting (class 6006) that they are.
const FILES: &[(&str, u32)] = &[
    ("FileUploaded", 1),
    ("FileDownloaded", 2),
    ("FileSyncDownloadedFull", 2),
    ("FileModified", 3),
    ("FileDeleted", 4),
    ("FileRecycled", 4),
    ("FileRenamed", 5),
    ("FileCopied", 6),
    ("FileMoved", 7),
    ("FileRestored", 8),
    ("FilePreviewed", 9),
    ("FileAccessed", 14),
];

/// File Hosting Activity.
const FILE_HOSTING: Class = Class::from_uid(6006);

/// A record of the unified audit log.
pub(super) fn unified(row: &Row<'_, M>, event: &mut Event) {
    let operation = row.text(M::Operation).unwrap_or_default();
    let failed = row.str(M::ResultStatus).is_some_and(|status| {
        let status = status.to_ascii_lowercase();
        status.starts_with("fail") || status == "false" || status == "partiallysucceeded"
    });
    let succeeded = row.str(M::ResultStatus).is_some_and(|status| {
        let status = status.to_ascii_lowercase();
        status.starts_with("succ") || status == "true"
    });
    let user = parts::user(row.text(M::UserId), None, row.text(M::UserKey));
    let service = row.text(M::Workload).unwrap_or_else(|| "Microsoft 365".into());
    let a = &mut event.attributes;
    a.status_id = if failed {
        Some(2)
    } else if succeeded {
        Some(1)
    } else {
        None
    };
    a.status = row.text(M::ResultStatus);
    a.actor = Some(Box::new(Actor { user: user.clone(), app_uid: row.text(M::ApplicationId), ..Actor::default() }));
    a.src_endpoint = Some(super::source(row.text(M::ClientIp)));
    a.http_request =
        row.text(M::UserAgent).map(|agent| Box::new(HttpRequest { user_agent: Some(agent), ..HttpRequest::default() }));
    a.message = Some(format!("{operation} in {service}"));
    if matches!(
        operation.as_str(),
        "UserLoggedIn" | "UserLoginFailed" | "UserLoggedOff" | "MailboxLogin" | "TeamsSessionStarted"
    ) {
        return signin::unified(row, &operation, event);
    }
    if let Some((_, activity)) = FILES.iter().find(|(name, _)| operation == *name)
        && let Some(path) = row.text(M::ObjectId).or_else(|| row.text(M::SourceFileName))
    {
        (event.class, event.activity_id) = (FILE_HOSTING, *activity);
        a.file = Some(Box::new(File {
            name: row.text(M::SourceFileName).or_else(|| Some(parts::file_name(&path).to_owned())),
            ..*parts::file(path)
        }));
        return;
    }
    if directory_change(row, &operation, row.text(M::ObjectId), event) {
        return;
    }
    call(operation, Some(service), row.text(M::ObjectId), event);
}

/// A call of an API, with what it was about.
fn call(operation: String, service: Option<String>, object: Option<String>, event: &mut Event) {
    event.class = Class::API;
    event.activity_id = activity_of(&operation);
    let a = &mut event.attributes;
    a.resources = object.map(|name| vec![Resource { name: Some(name), ..Resource::default() }]);
    a.api = Some(Box::new(Api {
        operation: Some(if operation.is_empty() { "unknown".into() } else { operation }),
        service: service.map(|name| Service { name: Some(name), ..Service::default() }),
        ..Api::default()
    }));
}

/// First words of operations (cmdlets, Entra's sentences, SharePoint's names), and what they do.
fn activity_of(operation: &str) -> u32 {
    const WORDS: &[(u32, &[&str])] = &[
        (1, &["New", "Add", "Create", "Register", "Consent", "Invite", "Upload"]),
        (2, &["Get", "Search", "View", "MailItemsAccessed", "List", "Read", "Download", "Preview", "Page"]),
        (
            3,
            &[
                "Set", "Update", "Enable", "Disable", "Change", "Reset", "Restore", "Move", "Rename", "Modif", "Start",
                "Stop",
            ],
        ),
        (4, &["Remove", "Delete", "HardDelete", "SoftDelete", "Unregister", "Revoke", "Purge"]),
    ];
    let tail = operation.rsplit('/').next().unwrap_or(operation).to_ascii_lowercase();
    // Azure's operations end in their verb.
    match tail.as_str() {
        "write" => return 3,
        "delete" => return 4,
        "read" => return 2,
        _ => {}
    }
    let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| operation.starts_with(word)));
    found.map_or(99, |(activity, _)| *activity)
}

/// Changes of accounts, groups and roles; false when the operation is none.
fn directory_change(row: &Row<'_, M>, operation: &str, object: Option<String>, event: &mut Event) -> bool {
    let name = operation.trim_end_matches('.').to_ascii_lowercase();
    let account = match name.as_str() {
        "add user" | "invite external user" => 1,
        "enable account" => 2,
        "change user password" | "change password (self-service)" => 3,
        "reset user password" | "reset password (by admin)" | "reset password (self-service)" => 4,
        "disable account" => 5,
        "delete user" | "hard delete user" => 6,
        "update user" | "restore user" => 99,
        _ => 0,
    };
    let group = match name.as_str() {
        "add member to group" | "add owner to group" => 3,
        "remove member from group" | "remove owner from group" => 4,
        "delete group" | "hard delete group" => 5,
        "add group" => 6,
        "update group" => 99,
        _ => 0,
    };
    let role = match name.as_str() {
        "add member to role" | "add eligible member to role" | "add app role assignment to service principal" => 1,
        "remove member from role" | "remove eligible member from role" => 2,
        _ => 0,
    };
    let a = &mut event.attributes;
    let target = object.or_else(|| row.text(M::TargetUpn)).or_else(|| row.text(M::TargetName));
    if account != 0 {
        (event.class, event.activity_id) = (Class::ACCOUNT_CHANGE, account);
        a.user = parts::user(target, None, row.text(M::TargetId));
    } else if matches!(group, 3 | 4)
        && let Some(name) = changed_property(row, "Group.DisplayName")
    {
        (event.class, event.activity_id) = (Class::GROUP_MANAGEMENT, group);
        a.user = parts::user(target, None, None);
        a.group = Some(Box::new(Group {
            name: Some(name),
            uid: changed_property(row, "Group.ObjectID"),
            ..Group::default()
        }));
    } else if group > 4
        && let Some(name) = target
    {
        (event.class, event.activity_id) = (Class::GROUP_MANAGEMENT, group);
        a.group = Some(Box::new(Group { name: Some(name), ..Group::default() }));
    } else if role != 0
        && let Some(name) = changed_property(row, "Role.DisplayName")
    {
        (event.class, event.activity_id) = (Class::USER_ACCESS, role);
        a.user = parts::user(target, None, None);
        a.privileges = Some(vec![name]);
    } else {
        return false;
    }
    true
}

/// The new (else the old) value of a changed property; names and values stand as pairs, the values in JSON's own quotes.
fn changed_property(row: &Row<'_, M>, wanted: &str) -> Option<String> {
    let mut is_wanted = false;
    let mut found = None;
    for field in row.fields() {
        let name = field.name.to_ascii_lowercase();
        let Some((_, part)) = name.split_once("modifiedproperties.") else { continue };
        match part {
            "name" | "displayname" => is_wanted = field.value.to_str().is_some_and(|name| name == wanted),
            "newvalue" | "oldvalue" if is_wanted && found.is_none() => {
                found = told(&field.value).and_then(|value| {
                    let bare = value.trim_matches(['"', '[', ']', ' ', '\r', '\n']);
                    if bare.is_empty() { None } else { Some(bare.to_owned()) }
                });
            }
            _ => {}
        }
    }
    found
}

/// A record of Entra's audit log.
pub(super) fn entra(row: &Row<'_, M>, event: &mut Event) {
    let operation = row.text(M::Activity).unwrap_or_default();
    let user = parts::user(row.text(M::ByUser), None, row.text(M::ByUserId));
    let a = &mut event.attributes;
    a.actor =
        Some(Box::new(Actor { user, app_name: row.text(M::ByApp), app_uid: row.text(M::ByAppId), ..Actor::default() }));
    a.src_endpoint = Some(super::source(row.text(M::ByIp).or_else(|| row.text(M::CallerIp))));
    a.status_id = match row.str(M::Result).as_deref() {
        Some("success") => Some(1),
        Some("failure") => Some(2),
        _ => None,
    };
    a.status_detail = row.text(M::ResultReason);
    a.message = Some(operation.clone());
    if directory_change(row, &operation, row.text(M::TargetUpn), event) {
        return;
    }
    call(operation, row.text(M::LoggedBy), None, event);
    let (name, uid) = (row.text(M::TargetName).or_else(|| row.text(M::TargetUpn)), row.text(M::TargetId));
    if name.is_some() || uid.is_some() {
        let type_name = row.text(M::TargetType);
        event.attributes.resources = Some(vec![Resource { name, uid, type_name, ..Resource::default() }]);
    }
}

/// A record of Azure's activity log, or of a service that logs in its way.
pub(super) fn azure(row: &Row<'_, M>, event: &mut Event) {
    let operation = row.text(M::OperationName).or_else(|| row.text(M::Operation)).unwrap_or_default();
    let name = row.text(M::Caller).or_else(|| row.text(M::Identity)).or_else(|| row.text(M::UserId));
    let a = &mut event.attributes;
    a.actor = Some(Box::new(Actor {
        user: name.map(|name| parts::user(Some(name), None, None).unwrap_or_default()),
        ..Actor::default()
    }));
    a.src_endpoint = Some(super::source(row.text(M::CallerIp)));
    a.status = row.text(M::ResultType);
    a.status_id = match a.status.as_deref() {
        Some("Success" | "Succeeded" | "Start" | "Accept" | "0") => Some(1),
        Some("Failure" | "Failed") => Some(2),
        _ => None,
    };
    a.status_code = row.text(M::ResultSignature);
    a.message = Some(operation.clone());
    let resource = row.text(M::ResourceId);
    call(operation, None, None, event);
    event.attributes.resources = resource.map(|uid| vec![Resource { uid: Some(uid), ..Resource::default() }]);
}
