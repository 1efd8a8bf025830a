//! systemd and systemd-logind: units started and stopped, log-on sessions. Fields: `event`, `unit`, `user`, `session`.

use model::Fields;
use model::ocsf::{Class, Product, Session};

use crate::text::draft::{Draft, View, user};
use crate::text::pairs::{between, put};
use crate::text::reader::{Reader, Source, announce};

const SOURCE: Source = Source::linux(&["syslog"]);

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some((event, [unit, user, session])) = parts(message) else { return false };
    announce(Reader::Systemd, &SOURCE, fields);
    put(fields, "event", event);
    put(fields, "unit", unit);
    put(fields, "user", user);
    put(fields, "session", session);
    true
}

/// What happened; unit, user, session.
fn parts(message: &str) -> Option<(&'static str, [&str; 3])> {
    const VERBS: [(&str, &str); 8] = [
        ("Started ", "started"),
        ("Stopped ", "stopped"),
        ("Finished ", "finished"),
        ("Reloaded ", "reloaded"),
        ("Failed to start ", "start_failed"),
        ("Closed ", "stopped"),
        ("Listening on ", "started"),
        ("Mounted ", "started"),
    ];
    if let Some((lead, event)) = VERBS.iter().find(|(lead, _)| message.starts_with(lead)) {
        // `Started ssh.service - OpenBSD Secure Shell server.`
        let unit = message[lead.len()..].trim_end_matches('.');
        return Some((event, [unit.split(" - ").next().unwrap_or(unit), "", ""]));
    }
    if let Some(rest) = message.strip_prefix("New session ") {
        let (session, user) = rest.split_once(" of user ")?;
        // Newer versions say more behind the name.
        let user = user.trim_end_matches('.').split(' ').next().unwrap_or(user);
        return Some(("session_opened", ["", user.trim_matches('\''), session.trim_matches('\'')]));
    }
    if let Some(rest) = message.strip_prefix("Removed session ") {
        return Some(("session_closed", ["", "", rest.trim_end_matches('.')]));
    }
    // `ssh.service: Main process exited, code=exited, status=1/FAILURE`
    let (unit, rest) = message.split_once(": ")?;
    let is_unit = unit.contains('.') && !unit.contains(' ');
    let event = match rest {
        _ if rest.starts_with("Failed with result") => "failed",
        _ if rest.starts_with("Main process exited") => "exited",
        _ if rest.starts_with("Deactivated successfully") || rest.starts_with("Succeeded") => "stopped",
        _ => return None,
    };
    is_unit.then_some((event, [unit, "", between(rest, "result '", "'").unwrap_or("")]))
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let what = view.get("event").unwrap_or_default();
    if what.starts_with("session") {
        let who = view.get("user").unwrap_or("Unknown".into());
        draft.logon(if what == "session_opened" { 1 } else { 2 }, "systemd-logind", user(&who));
        draft.status(true);
        draft.event.attributes.session = Some(Box::new(Session { uid: view.owned("session"), ..Session::default() }));
        return;
    }
    let (activity, succeeded) = match &*what {
        "started" => (3, true),
        "start_failed" => (3, false),
        "reloaded" => (5, true),
        "failed" => (4, false),
        _ => (4, true),
    };
    draft.class(Class::APPLICATION_LIFECYCLE, activity);
    draft.event.attributes.app = Some(Box::new(Product { name: view.owned("unit"), ..Product::default() }));
    draft.status(succeeded);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: Option<(&'static str, [&str; 3])>| {
            assert_eq!(parts(message), expected, "{message}");
        };
        check("Started ssh.service - OpenBSD Secure Shell server.", Some(("started", ["ssh.service", "", ""])));
        check("Stopped Network Time Service.", Some(("stopped", ["Network Time Service", "", ""])));
        check("Failed to start Siren Gateway.", Some(("start_failed", ["Siren Gateway", "", ""])));
        check("New session 5 of user alice.", Some(("session_opened", ["", "alice", "5"])));
        check("Removed session 5.", Some(("session_closed", ["", "", "5"])));
        check("ssh.service: Failed with result 'exit-code'.", Some(("failed", ["ssh.service", "", "exit-code"])));
        check("Reached target Timers.", None);
    }
}
