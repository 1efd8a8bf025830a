//! Audit records to OCSF.

use model::ocsf::{Actor, AnalyticObject, Class, FindingInfo, Kernel, Process, Product, Session, User};

use crate::text::draft::{Draft, End, Verdict, View, device, file, group, process, user};
use crate::text::stamp;

/// A value that is not one of audit's words for nothing.
fn known(view: &View<'_, '_>, name: &str) -> Option<String> {
    let nothing = |value: &str| matches!(value, "?" | "(null)" | "(none)" | "unset" | "4294967295" | "-1");
    view.owned(name).filter(|value| !nothing(value))
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    draft.product("Linux", "auditd");
    let kind = view.get("type").unwrap_or_default();
    if let (Some(time), Some(serial)) = (view.get("timestamp"), view.owned("serial")) {
        draft.time = stamp::epoch(&time);
        let metadata = draft.metadata();
        metadata.original_event_uid = Some(format!("{time}:{serial}"));
        metadata.original_time = Some(time.into_owned());
        metadata.correlation_uid = Some(serial);
    }
    draft.metadata().event_code = Some(kind.clone().into_owned());
    if let Some(node) = view.get("node") {
        draft.event.attributes.device = Some(device(&node));
    }
    match &*kind {
        "SYSCALL" => system_call(view, draft),
        "EXECVE" => started(view, draft, "CommandLine"),
        "PROCTITLE" => titled(view, draft),
        "USER_CMD" => commanded(view, draft),
        "PATH" => path(view, draft),
        "SOCKADDR" => socket(view, draft),
        "USER_LOGIN" | "USER_AUTH" | "USER_START" | "LOGIN" | "USER_ERR" | "CRED_ACQ" => logon(view, draft, 1),
        "USER_END" | "USER_LOGOUT" | "CRED_DISP" => logon(view, draft, 2),
        "USER_ACCT" | "CRED_REFR" => logon(view, draft, 99),
        "ADD_USER" => account(view, draft, 1),
        "USER_CHAUTHTOK" => account(view, draft, 3),
        "DEL_USER" => account(view, draft, 6),
        "ACCT_LOCK" | "RESP_ACCT_LOCK" | "RESP_ACCT_LOCK_TIMED" => account(view, draft, 9),
        "ACCT_UNLOCK" => account(view, draft, 12),
        "USER_MGMT" | "CHUSER_ID" => account(view, draft, 99),
        "ADD_GROUP" => groups(view, draft, 6),
        "DEL_GROUP" => groups(view, draft, 5),
        "GRP_MGMT" | "GRP_CHAUTHTOK" | "CHGRP_ID" => groups(view, draft, 99),
        "SERVICE_START" => service(view, draft, 3),
        "SERVICE_STOP" => service(view, draft, 4),
        "DAEMON_START" => log(draft, 6),
        "DAEMON_END" => log(draft, 7),
        "DAEMON_ROTATE" => log(draft, 5),
        "DAEMON_CONFIG" | "CONFIG_CHANGE" => log(draft, 99),
        "AVC" | "USER_AVC" | "SECCOMP" => refused(view, draft),
        _ if kind.starts_with("ANOM_") => anomaly(view, draft, &kind),
        _ => {}
    }
    outcome(view, draft);
}

/// `success=yes`, `res=success`, `res=1`. A finding's status is not the call's.
fn outcome(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let Some(word) = view.first(&["success", "res", "result"]) else { return };
    let succeeded = matches!(&*word, "yes" | "success" | "1");
    if draft.event.class != Class::DETECTION_FINDING {
        draft.status(succeeded);
        draft.event.attributes.status_code = view.owned("exit");
    }
}

/// Who did it: the real user of the process, and the user who once logged on as its session's owner.
fn actor(view: &View<'_, '_>) -> Option<Box<Actor>> {
    let name = known(view, "UID");
    let uid = known(view, "uid");
    let account = (name.is_some() || uid.is_some()).then(|| Box::new(User { name, uid, ..User::default() }));
    let session = known(view, "ses").map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
    let process = own_process(view);
    let anything = account.is_some() || process.is_some();
    anything.then(|| Box::new(Actor { user: account, session, process, ..Actor::default() }))
}

fn own_process(view: &View<'_, '_>) -> Option<Box<Process>> {
    let exe = known(view, "exe");
    let pid = view.number("pid");
    if exe.is_none() && pid.is_none() {
        return None;
    }
    let mut own = exe.as_deref().map(process).unwrap_or_default();
    own.pid = pid;
    own.name = own.name.or_else(|| known(view, "comm"));
    Some(own)
}

fn system_call(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let call = view.first(&["SYSCALL", "syscall"]).unwrap_or("Unknown".into()).into_owned();
    let parent = view.number("ppid").map(|pid| Process { pid: Some(pid), ..Process::default() });
    if call.starts_with("execve") {
        let mut own = own_process(view).unwrap_or_default();
        let runs_as = (known(view, "EUID"), known(view, "euid"));
        own.user = match runs_as {
            (None, None) => None,
            (name, uid) => Some(Box::new(User { name, uid, ..User::default() })),
        };
        own.parent_process = parent.clone().map(Box::new);
        draft.class(Class::PROCESS, 1);
        draft.event.attributes.process = Some(own);
        let who = actor(view).and_then(|actor| actor.user);
        if parent.is_some() || who.is_some() {
            draft.event.attributes.actor =
                Some(Box::new(Actor { process: parent.map(Box::new), user: who, ..Actor::default() }));
        }
    } else {
        draft.class(Class::KERNEL, 4);
        let name = Some(call);
        draft.event.attributes.kernel = Some(Box::new(Kernel {
            name,
            type_id: Some(2),
            type_name: Some("System Call".into()),
            ..Kernel::default()
        }));
        draft.event.attributes.actor = actor(view);
    }
}

fn started(view: &View<'_, '_>, draft: &mut Draft<'_>, line: &str) {
    draft.class(Class::PROCESS, 1);
    let line = view.owned(line).unwrap_or_default();
    let mut own = process(line.split(' ').next().unwrap_or(""));
    own.cmd_line = Some(line);
    draft.event.attributes.process = Some(own);
}

/// The title goes with any call, so the activity is not known.
fn titled(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    started(view, draft, "proctitle");
    draft.event.activity_id = 0;
}

fn commanded(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    started(view, draft, "cmd");
    let directory = known(view, "cwd");
    if let Some(own) = &mut draft.event.attributes.process {
        own.working_directory = directory;
    }
    draft.event.attributes.actor = actor(view).or(draft.event.attributes.actor.take());
}

fn path(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let Some(name) = known(view, "name") else { return };
    let activity = match view.get("nametype").as_deref() {
        Some("CREATE") => 1,
        Some("DELETE") => 4,
        Some("NORMAL") => 14,
        _ => 0,
    };
    draft.class(Class::FILE, activity);
    let mut found = file(&name);
    // The first octal digits of the mode say what it is (stat(2)).
    let mode = view.get("mode").and_then(|mode| u32::from_str_radix(&mode, 8).ok()).map(|mode| mode & 0o170_000);
    found.type_id = Some(match mode {
        Some(0o100_000) => 1,
        Some(0o040_000) => 2,
        Some(0o020_000) => 3,
        Some(0o060_000) => 4,
        Some(0o140_000) => 5,
        Some(0o010_000) => 6,
        Some(0o120_000) => 7,
        _ => 0,
    });
    let owner = (known(view, "OUID"), known(view, "ouid"));
    if owner != (None, None) {
        found.owner = Some(Box::new(User { name: owner.0, uid: owner.1, ..User::default() }));
    }
    draft.event.attributes.file = Some(found);
}

fn socket(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let (ip, port) = (view.get("laddr"), view.get("lport"));
    if ip.is_none() {
        return;
    }
    // Bound, connected or accepted: the call is in another record.
    draft.class(Class::NETWORK, 0);
    draft.address(End::Destination, ip.as_deref(), port.as_deref());
}

fn logon(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    let name = known(view, "acct").or_else(|| known(view, "ID")).or_else(|| known(view, "AUID"));
    let uid = known(view, "id").or_else(|| known(view, "auid"));
    let name = if name.is_none() && uid.is_none() { Some("Unknown".to_owned()) } else { name };
    let program = known(view, "exe").map(|exe| file(&exe).name.unwrap_or_default());
    draft.logon(activity, program.as_deref().unwrap_or("auditd"), Box::new(User { name, uid, ..User::default() }));
    let source = known(view, "addr").or_else(|| known(view, "hostname"));
    draft.address(End::Source, source.as_deref(), None);
    let host = known(view, "hostname").filter(|host| host.parse::<std::net::IpAddr>().is_err());
    if let Some(host) = host {
        draft.end(End::Source).hostname = Some(host);
    }
    let is_remote = source.is_some();
    let a = &mut draft.event.attributes;
    a.is_remote = Some(is_remote);
    a.session =
        Some(Box::new(Session { uid: known(view, "ses"), terminal: known(view, "terminal"), ..Session::default() }));
    a.actor = actor(view);
    if let Some(operation) = known(view, "op") {
        draft.detail(operation);
    }
}

fn account(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::ACCOUNT_CHANGE, activity);
    let (name, uid) = (known(view, "acct").or_else(|| known(view, "ID")), known(view, "id"));
    let name = if name.is_none() && uid.is_none() { Some("Unknown".to_owned()) } else { name };
    draft.event.attributes.user = Some(Box::new(User { name, uid, ..User::default() }));
    draft.event.attributes.actor = actor(view);
    if let Some(operation) = known(view, "op") {
        draft.detail(operation);
    }
}

fn groups(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::GROUP_MANAGEMENT, activity);
    let name = known(view, "grp").or_else(|| known(view, "new_group")).or_else(|| known(view, "id"));
    draft.event.attributes.group = Some(group(name.as_deref().unwrap_or("Unknown")));
    draft.event.attributes.user = known(view, "acct").map(|name| user(&name));
    draft.event.attributes.actor = actor(view);
}

fn service(view: &View<'_, '_>, draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::APPLICATION_LIFECYCLE, activity);
    let name = known(view, "unit").or_else(|| known(view, "comm")).unwrap_or_else(|| "Unknown".into());
    draft.event.attributes.app = Some(Box::new(Product { name: Some(name), ..Product::default() }));
    draft.event.attributes.actor = actor(view);
}

fn log(draft: &mut Draft<'_>, activity: u32) {
    draft.class(Class::EVENT_LOG, activity);
    draft.event.attributes.log_name = Some("audit".into());
}

/// SELinux, AppArmor, seccomp: the machine's own policy said no.
fn refused(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    let word = view.first(&["seresult", "apparmor"]).unwrap_or_default().to_ascii_lowercase();
    if let Some(verdict) = Verdict::of(&word) {
        draft.verdict(verdict);
    }
    draft.event.attributes.actor = actor(view);
}

fn anomaly(view: &View<'_, '_>, draft: &mut Draft<'_>, kind: &str) {
    draft.event.severity_id = 3;
    let who = known(view, "AUID").or_else(|| known(view, "acct"));
    draft.event.attributes.user = who.map(|name| user(&name));
    draft.finding(FindingInfo {
        uid: Some(kind.into()),
        title: Some(kind.into()),
        analytic: Some(AnalyticObject {
            uid: Some(kind.into()),
            name: Some("auditd anomaly".into()),
            type_id: Some(1),
            ..AnalyticObject::default()
        }),
        ..FindingInfo::default()
    });
    draft.event.attributes.actor = actor(view);
}
