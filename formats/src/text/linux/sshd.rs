//! OpenSSH server: log-ons, failures, connections.
//!
//! Fields: `event` (below), `user`, `src_ip`, `src_port`, `method`, `protocol`, `key_type`, `fingerprint`, `reason`.
//!
//! A user name is whatever a stranger typed, blanks and ` from 192.0.2.1` included, so what stands behind it is looked for
//! from the right.

use model::Fields;
use model::ocsf::{Class, Session};

use super::pam;
use crate::text::draft::{Draft, End, View, user};
use crate::text::pairs::{put, word};
use crate::text::reader::{Reader, Source, announce};

const SOURCE: Source = Source::linux(&["sshd", "auth", "syslog"]);

/// A message, taken apart.
#[derive(Default)]
struct Parts<'a> {
    event: &'static str,
    method: &'a str,
    user: &'a str,
    ip: &'a str,
    port: &'a str,
    protocol: &'a str,
    key_type: &'a str,
    fingerprint: &'a str,
    reason: &'a str,
}

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    if pam::fields(message, "sshd", fields) {
        return true;
    }
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message = message.strip_suffix(" [preauth]").unwrap_or(message);
    let Some(parts) = parts(message) else { return false };
    announce(Reader::Sshd, &SOURCE, fields);
    let named = [
        ("event", parts.event),
        ("method", parts.method),
        ("user", parts.user),
        ("src_ip", parts.ip),
        ("src_port", parts.port),
        ("protocol", parts.protocol),
        ("key_type", parts.key_type),
        ("fingerprint", parts.fingerprint),
        ("reason", parts.reason),
    ];
    named.into_iter().for_each(|(name, value)| put(fields, name, value));
    true
}

fn parts(message: &str) -> Option<Parts<'_>> {
    let (first, rest) = word(message);
    match first {
        "Accepted" | "Failed" | "Postponed" | "Partial" => answer(first, rest),
        "Invalid" | "Illegal" => {
            let (user, source) = split_from(rest.strip_prefix("user ")?)?;
            Some(Parts { user, reason: "invalid user", ..source_parts("invalid_user", source) })
        }
        "User" => {
            let (user, source) = split_from(rest)?;
            let (ip, reason) = word(source);
            Some(Parts { event: "denied", user, ip, reason, ..Parts::default() })
        }
        "maximum" => {
            let (user, source) = split_from(rest.strip_prefix("authentication attempts exceeded for ")?)?;
            let user = user.strip_prefix("invalid user ").unwrap_or(user);
            Some(Parts { user, reason: "too many attempts", ..source_parts("attempts_exceeded", source) })
        }
        "PAM:" => {
            let (user, source) = split_from(rest.split_once(" for ")?.1)?;
            let user = user.strip_prefix("illegal user ").or(user.strip_prefix("invalid user ")).unwrap_or(user);
            Some(Parts { user, method: "pam", ..source_parts("failed", source) })
        }
        "Starting" | "Close" => session(message),
        _ => connection(message),
    }
}

/// `Accepted publickey for alice from 192.0.2.1 port 5022 ssh2: RSA SHA256:…` and the same with `Failed`.
fn answer<'a>(first: &str, rest: &'a str) -> Option<Parts<'a>> {
    let event = match first {
        "Accepted" => "accepted",
        "Failed" => "failed",
        _ => "partial",
    };
    let (method, rest) = rest.split_once(" for ")?;
    let (user, source) = split_from(rest)?;
    let invalid = user.strip_prefix("invalid user ").or(user.strip_prefix("illegal user "));
    let reason = if invalid.is_some() { "invalid user" } else { "" };
    let (source, key) = source.split_once(": ").unwrap_or((source, ""));
    let (key_type, fingerprint) = word(key);
    let fingerprint = word(fingerprint).0;
    Some(Parts { method, user: invalid.unwrap_or(user), reason, key_type, fingerprint, ..source_parts(event, source) })
}

/// What ends or never gets as far as a log-on.
fn connection(message: &str) -> Option<Parts<'_>> {
    const STARTS: [(&str, &str); 12] = [
        ("Connection closed by ", "closed"),
        ("Connection reset by ", "reset"),
        ("Disconnected from ", "disconnected"),
        ("Received disconnect from ", "disconnected"),
        ("Disconnecting ", "disconnected"),
        ("Connection from ", "connected"),
        ("Did not receive identification string from ", "no_identification"),
        ("banner exchange: Connection from ", "no_identification"),
        ("Unable to negotiate with ", "no_agreement"),
        ("Timeout before authentication for ", "timeout"),
        ("ssh_dispatch_run_fatal: Connection from ", "reset"),
        ("Bad protocol version identification ", "no_identification"),
    ];
    let (start, event) = STARTS.iter().find(|(start, _)| message.starts_with(start))?;
    let rest = &message[start.len()..];
    let rest = if start.starts_with("Bad") { split_from(rest)?.1 } else { rest };
    let rest = rest.strip_prefix("connection from ").unwrap_or(rest);
    let named = ["authenticating user ", "invalid user ", "user "].into_iter().find_map(|lead| rest.strip_prefix(lead));
    let Some(named) = named else { return Some(source_parts(event, rest)) };
    // `alice 192.0.2.1 port 22`: the address is the last word in front of ` port `.
    let (before, behind) = named.rsplit_once(" port ")?;
    let (user, ip) = before.rsplit_once(' ')?;
    let (port, reason) = split_reason(behind);
    let event = match *event {
        // Only an authenticated user is called plainly `user`.
        "disconnected" if rest.starts_with("user ") => "logged_off",
        event => event,
    };
    Some(Parts { event, user, ip, port, reason, ..Parts::default() })
}

/// `Starting session: shell on pts/0 for alice from 192.0.2.1 port 5022 id 0`, `Close session: user alice from …`.
fn session(message: &str) -> Option<Parts<'_>> {
    let event = if message.starts_with("Starting session: ") { "session_started" } else { "session_ended" };
    let (before, source) = split_from(message)?;
    let user = before.rsplit_once(" for ").or(before.rsplit_once(": user "))?.1;
    Some(Parts { user, ..source_parts(event, source) })
}

/// Splits `NAME from ADDRESS …` at the last ` from `.
fn split_from(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(" from ")
}

/// `192.0.2.1 port 5022 ssh2`, `192.0.2.1 port 22:11: bye`, or an address alone.
fn source_parts<'a>(event: &'static str, source: &'a str) -> Parts<'a> {
    let (ip, rest) = word(source);
    let (ip, early) = ip.split_once(": ").unwrap_or((ip, ""));
    let Some(rest) = rest.strip_prefix("port ") else {
        return Parts { event, ip: ip.trim_end_matches([':', ',']), reason: early, ..Parts::default() };
    };
    let (port, tail) = split_reason(rest);
    let (protocol, reason) = if tail.starts_with("ssh") { word(tail) } else { ("", tail) };
    Parts { event, ip, port, protocol, reason, ..Parts::default() }
}

/// The digits of a port, and what follows them.
fn split_reason(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (&text[..digits], text[digits..].trim_start_matches([':', ' ']))
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let what = view.get("event").unwrap_or_default();
    match &*what {
        "accepted" | "session_started" => logon(view, draft, 1, true),
        "session_ended" | "logged_off" => logon(view, draft, 2, true),
        "failed" | "invalid_user" | "denied" | "attempts_exceeded" => logon(view, draft, 1, false),
        "partial" => {
            logon(view, draft, 1, true);
            draft.event.attributes.is_mfa = Some(true);
        }
        _ => {
            let activity = match &*what {
                "connected" => 1,
                "reset" => 3,
                "no_identification" | "no_agreement" | "timeout" => 4,
                _ => 2,
            };
            draft.class(Class::SSH, activity);
            draft.event.attributes.app_name = Some("ssh".into());
            draft.addresses(view, ["src_ip", "src_port"], ["", ""]);
            here(draft);
        }
    }
    if let Some(reason) = view.owned("reason") {
        draft.detail(reason);
    }
}

fn logon(view: &View<'_, '_>, draft: &mut Draft<'_>, activity_id: u32, succeeded: bool) {
    let mut account = user(view.get("user").as_deref().unwrap_or("Unknown"));
    account.credential_uid = view.owned("fingerprint");
    draft.logon(activity_id, "sshd", account);
    draft.status(succeeded);
    draft.addresses(view, ["src_ip", "src_port"], ["", ""]);
    here(draft);
    let pid = draft_pid(view);
    let a = &mut draft.event.attributes;
    a.is_remote = Some(true);
    (a.logon_type_id, a.logon_type) = (Some(3), Some("Network".into()));
    if let Some(method) = view.owned("method") {
        (a.auth_protocol_id, a.auth_protocol) = (Some(99), Some(method));
    }
    if let Some(pid) = pid {
        a.session = Some(Box::new(Session { uid: Some(pid), is_remote: Some(true), ..Session::default() }));
    }
}

/// sshd serves each connection with a process of its own: its number ties the lines of a connection together.
fn draft_pid(view: &View<'_, '_>) -> Option<String> {
    view.envelope("pid").map(|pid| pid.into_owned())
}

/// The connection ends at the machine that wrote the line.
fn here(draft: &mut Draft<'_>) {
    let host = draft.event.machine().map(str::to_owned);
    draft.address(End::Destination, host.as_deref(), None);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &[(&str, &str)]) {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(fields(message, &mut out), "{message}");
        let found: Vec<_> = out
            .iter()
            .skip_while(|field| field.name != "event")
            .map(|field| (field.name.to_string(), field.value.to_str().unwrap_or_default().into_owned()))
            .collect();
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{message}");
    }

    #[test]
    fn messages_are_taken_apart() {
        check(
            "Accepted publickey for alice from 192.0.2.1 port 5022 ssh2: RSA SHA256:AbC/d+e",
            &[
                ("event", "accepted"),
                ("method", "publickey"),
                ("user", "alice"),
                ("src_ip", "192.0.2.1"),
                ("src_port", "5022"),
                ("protocol", "ssh2"),
                ("key_type", "RSA"),
                ("fingerprint", "SHA256:AbC/d+e"),
            ],
        );
        check(
            "Failed password for invalid user a from 192.0.2.9 from 198.51.100.7 port 22 ssh2",
            &[
                ("event", "failed"),
                ("method", "password"),
                ("user", "a from 192.0.2.9"),
                ("src_ip", "198.51.100.7"),
                ("src_port", "22"),
                ("protocol", "ssh2"),
                ("reason", "invalid user"),
            ],
        );
        check(
            "Failed keyboard-interactive/pam for root from 2001:db8::5 port 1 ssh2",
            &[
                ("event", "failed"),
                ("method", "keyboard-interactive/pam"),
                ("user", "root"),
                ("src_ip", "2001:db8::5"),
                ("src_port", "1"),
                ("protocol", "ssh2"),
            ],
        );
        check(
            "Invalid user  from 192.0.2.1 port 40",
            &[("event", "invalid_user"), ("src_ip", "192.0.2.1"), ("src_port", "40"), ("reason", "invalid user")],
        );
        check(
            "Disconnected from user alice 192.0.2.1 port 5022",
            &[("event", "logged_off"), ("user", "alice"), ("src_ip", "192.0.2.1"), ("src_port", "5022")],
        );
        check(
            "Connection closed by authenticating user root 192.0.2.1 port 5022 [preauth]",
            &[("event", "closed"), ("user", "root"), ("src_ip", "192.0.2.1"), ("src_port", "5022")],
        );
        check(
            "Received disconnect from 192.0.2.1 port 5022:11: Bye Bye [preauth]",
            &[("event", "disconnected"), ("src_ip", "192.0.2.1"), ("src_port", "5022"), ("reason", "11: Bye Bye")],
        );
        check(
            "Disconnecting invalid user test 192.0.2.1 port 5022: Too many authentication failures [preauth]",
            &[
                ("event", "disconnected"),
                ("user", "test"),
                ("src_ip", "192.0.2.1"),
                ("src_port", "5022"),
                ("reason", "Too many authentication failures"),
            ],
        );
        check(
            "error: maximum authentication attempts exceeded for root from 192.0.2.1 port 5022 ssh2 [preauth]",
            &[
                ("event", "attempts_exceeded"),
                ("user", "root"),
                ("src_ip", "192.0.2.1"),
                ("src_port", "5022"),
                ("protocol", "ssh2"),
                ("reason", "too many attempts"),
            ],
        );
        check(
            "Bad protocol version identification 'GET / HTTP/1.1' from 192.0.2.1 port 5022",
            &[("event", "no_identification"), ("src_ip", "192.0.2.1"), ("src_port", "5022")],
        );
        check(
            "User bob from 192.0.2.1 not allowed because not listed in AllowUsers",
            &[
                ("event", "denied"),
                ("user", "bob"),
                ("src_ip", "192.0.2.1"),
                ("reason", "not allowed because not listed in AllowUsers"),
            ],
        );
        check(
            "Starting session: shell on pts/0 for alice from 192.0.2.1 port 5022 id 0",
            &[
                ("event", "session_started"),
                ("user", "alice"),
                ("src_ip", "192.0.2.1"),
                ("src_port", "5022"),
                ("reason", "id 0"),
            ],
        );
        check(
            "Connection from 192.0.2.1 port 5022 on 198.51.100.2 port 22 rdomain \"\"",
            &[
                ("event", "connected"),
                ("src_ip", "192.0.2.1"),
                ("src_port", "5022"),
                ("reason", "on 198.51.100.2 port 22 rdomain \"\""),
            ],
        );
    }

    #[test]
    fn other_messages_are_left() {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(!fields("Server listening on 0.0.0.0 port 22.", &mut out));
        assert!(out.is_empty());
    }
}
