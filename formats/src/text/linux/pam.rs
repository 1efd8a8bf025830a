//! Linux-PAM modules, inside the lines of whatever program called them.
//!
//! `pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)`. Fields: `pam_module`, `pam_service`,
//! `pam_type`, `event`, `user`, `uid`, `by`, `by_uid`; for failures also PAM's own `logname`, `tty`, `ruser`, `rhost` …

use model::Fields;
use model::ocsf::{Class, Session, User};

use crate::text::draft::{Draft, End, View, acting, user};
use crate::text::pairs::{between, pairs, put};
use crate::text::reader::{Reader, Source, announce};

pub(in crate::text) fn fields<'a>(message: &'a str, service: &'static str, fields: &mut Fields<'a>) -> bool {
    let Some((module, caller, text)) = module(message) else { return false };
    let Some(what) = what(text) else { return false };
    announce(Reader::Pam, &source(service), fields);
    let (pam_service, pam_type) = caller.split_once(':').unwrap_or((caller, ""));
    put(fields, "pam_module", module);
    put(fields, "pam_service", pam_service);
    put(fields, "pam_type", pam_type);
    put(fields, "event", what);
    match what {
        "session_opened" | "session_closed" => session(text, fields),
        "authentication_failure" => {
            for (name, value) in pairs(text) {
                fields.push(name, model::Scalar::Text(model::Text::Plain(value)));
            }
        }
        _ => put(fields, "user", named_user(text).unwrap_or_default()),
    }
    true
}

fn source(service: &'static str) -> Source {
    match service {
        "sshd" => Source::linux(&["sshd", "auth", "syslog"]),
        "sudo" => Source::linux(&["sudo", "auth", "syslog"]),
        "cron" => Source::linux(&["cron", "auth", "syslog"]),
        _ => Source::linux(&["auth", "syslog"]),
    }
}

/// `pam_unix(sshd:auth): text`, the older `(pam_unix) text`, and the name of module, caller, text.
fn module(message: &str) -> Option<(&str, &str, &str)> {
    if let Some((module, text)) = message.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
        return module.starts_with("pam_").then_some((module, "", text));
    }
    let rest = message.strip_prefix("pam_")?;
    let (module, rest) = rest.split_once('(')?;
    let (caller, text) = rest.split_once("):")?;
    let is_name = module.len() < 32 && module.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (&message[..4 + module.len()], caller, text.trim_start_matches(' ')))
}

fn what(text: &str) -> Option<&'static str> {
    const STARTS: [(&str, &str); 10] = [
        ("session opened for user ", "session_opened"),
        ("session closed for user ", "session_closed"),
        ("authentication failure", "authentication_failure"),
        ("auth could not identify password", "authentication_failure"),
        ("check pass; user unknown", "user_unknown"),
        ("password changed for ", "password_changed"),
        ("Consecutive login failures for user ", "account_locked"),
        ("User unknown", "user_unknown"),
        ("account ", "account_refused"),
        ("user \"", "access_refused"),
    ];
    STARTS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, what)| *what)
}

/// `session opened for user alice(uid=1000) by bob(uid=1001)`.
fn session<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let Some(rest) = text.split_once(" for user ").map(|(_, rest)| rest) else { return };
    let (who, by) = rest.split_once(" by ").unwrap_or((rest, ""));
    for (text, name, id) in [(who, "user", "uid"), (by, "by", "by_uid")] {
        let (account, uid) = text.split_once("(uid=").unwrap_or((text, ""));
        put(fields, name, account.trim());
        put(fields, id, uid.split(')').next().unwrap_or(""));
    }
}

fn named_user(text: &str) -> Option<&str> {
    let lead =
        ["changed for ", "failures for user ", "account ", "user \""].into_iter().find(|lead| text.contains(lead))?;
    between(text, lead, "").and_then(|rest| rest.split([' ', '"', ',']).next())
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let service = view.get("pam_service").or_else(|| view.envelope("program")).unwrap_or("pam".into()).into_owned();
    let mut account = user(view.get("user").as_deref().unwrap_or("Unknown"));
    // In a failure `uid` is the caller's.
    let what = view.get("event").unwrap_or_default();
    if what.starts_with("session") {
        account.uid = view.owned("uid");
    }
    match &*what {
        "session_opened" => draft.logon(1, &service, account),
        "session_closed" => draft.logon(2, &service, account),
        "password_changed" => account_change(draft, 3, account),
        "account_locked" => account_change(draft, 9, account),
        _ => draft.logon(1, &service, account),
    }
    let succeeded = matches!(&*what, "session_opened" | "session_closed" | "password_changed" | "account_locked");
    draft.status(succeeded);
    if !succeeded {
        draft.detail(what.replace('_', " "));
    }
    source_end(view, draft);
    let by = view.first(&["by", "ruser", "logname"]);
    if let Some(by) = by {
        let uid = view.owned(if view.get("by").is_some() { "by_uid" } else { "uid" });
        draft.event.attributes.actor = Some(acting(Box::new(User { uid, ..*user(&by) })));
    }
    if let Some(terminal) = view.owned("tty")
        && draft.event.class == Class::AUTHENTICATION
    {
        draft.event.attributes.session = Some(Box::new(Session { terminal: Some(terminal), ..Session::default() }));
    }
}

fn account_change(draft: &mut Draft<'_>, activity_id: u32, account: Box<User>) {
    draft.class(Class::ACCOUNT_CHANGE, activity_id);
    draft.event.attributes.user = Some(account);
}

fn source_end(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    if let Some(host) = view.get("rhost") {
        draft.address(End::Source, Some(&host), None);
        if draft.event.class == Class::AUTHENTICATION {
            draft.event.attributes.is_remote = Some(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(fields(message, "auth", &mut out), "{message}");
        let shown: Vec<_> = out
            .iter()
            .skip_while(|field| field.name != "pam_module")
            .map(|field| format!("{}={}", field.name, field.value.to_str().unwrap_or_default()))
            .collect();
        assert_eq!(shown.join(" "), expected, "{message}");
    }

    #[test]
    fn messages_are_taken_apart() {
        let lead = "pam_module=pam_unix pam_service=sshd";
        check(
            "pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)",
            &format!("{lead} pam_type=session event=session_opened user=alice uid=1000 by_uid=0"),
        );
        check(
            "pam_unix(sshd:session): session closed for user alice",
            &format!("{lead} pam_type=session event=session_closed user=alice"),
        );
        check(
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root",
            &format!(
                "{lead} pam_type=auth event=authentication_failure logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1 user=root"
            ),
        );
        check(
            "(pam_unix) session opened for user root by bob(uid=0)",
            "pam_module=pam_unix event=session_opened user=root by=bob by_uid=0",
        );
        check(
            "pam_unix(passwd:chauthtok): password changed for alice",
            "pam_module=pam_unix pam_service=passwd pam_type=chauthtok event=password_changed user=alice",
        );
        check(
            "pam_faillock(sshd:auth): Consecutive login failures for user alice account temporarily locked",
            "pam_module=pam_faillock pam_service=sshd pam_type=auth event=account_locked user=alice",
        );
    }

    fn is_read(message: &str) -> bool {
        fields(message, "auth", &mut Fields::new(model::Format::Syslog))
    }

    #[test]
    fn other_messages_are_left() {
        assert!(!is_read("pam_unix says hello"));
        assert!(!is_read("(pam_"));
        assert!(!is_read("pamela(x:y): z"));
    }
}
