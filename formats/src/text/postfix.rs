//! Postfix: who connects, what is refused, what is sent.
//!
//! Fields: `event`, `queue_id`, `client_host`, `client_ip`, `sasl_method`, `sasl_username`, `reason`, and Postfix's own
//! `from`, `to`, `relay`, `status`, `dsn`, `message-id`, `helo` … as it writes them, without angle brackets.

use model::Fields;
use model::ocsf::{Class, Email};

use super::draft::{Draft, End, View, user};
use super::pairs::{between, put};
use super::plain;
use super::reader::{Reader, Source, announce};
use crate::parts;

const SOURCE: Source = Source { product: "linux", services: &["postfix", "syslog"], category: "mail" };

pub(super) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let (queue_id, rest) = queue_id(message);
    let Some(event) = event_of(rest) else { return false };
    announce(Reader::Postfix, &SOURCE, fields);
    put(fields, "event", event);
    put(fields, "queue_id", queue_id);
    match event {
        "connect" | "disconnect" | "lost" => client(rest.split_once("from ").map_or("", |(_, client)| client), fields),
        "sasl_failed" => {
            let client_text = rest.strip_prefix("warning: ").unwrap_or(rest);
            client(client_text, fields);
            put(fields, "sasl_method", between(rest, "SASL ", " authentication").unwrap_or(""));
            put(fields, "reason", rest.split_once("authentication failed: ").map_or("", |(_, reason)| reason));
            put(fields, "sasl_username", between(rest, "sasl_username=", ",").unwrap_or(""));
        }
        "reject" => {
            client(rest.split_once(" from ").map_or("", |(_, client)| client), fields);
            let (words, list) = rest.split_once("; ").unwrap_or((rest, ""));
            put(fields, "reason", words.split_once("]: ").map_or("", |(_, reason)| reason));
            list.split(' ').for_each(|pair| parameter(pair, fields));
        }
        _ => {
            for pair in rest.split(", ") {
                parameter(pair, fields);
            }
        }
    }
    true
}

/// `4F9D195432C: rest`, `NOQUEUE: rest`.
fn queue_id(message: &str) -> (&str, &str) {
    match message.split_once(": ") {
        Some((id, rest)) if id == "NOQUEUE" || is_queue_id(id) => (id, rest),
        _ => ("", message),
    }
}

/// Short ids are upper-case hexadecimal, long ones letters and digits.
fn is_queue_id(text: &str) -> bool {
    (6..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

fn event_of(rest: &str) -> Option<&'static str> {
    Some(match rest {
        _ if rest.starts_with("connect from ") => "connect",
        _ if rest.starts_with("disconnect from ") => "disconnect",
        _ if rest.starts_with("lost connection after ") => "lost",
        _ if rest.contains(" authentication failed") && rest.contains("SASL") => "sasl_failed",
        _ if rest.starts_with("reject: ") => "reject",
        _ if rest.starts_with("client=") => "client",
        _ if rest.starts_with("from=<") => "queued",
        _ if rest.starts_with("to=<") => "delivery",
        _ if rest.starts_with("message-id=") => "message_id",
        _ => return None,
    })
}

/// `mail.example.com[192.0.2.1]:25`.
fn client<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let Some((host, rest)) = text.split_once('[') else { return };
    put(fields, "client_host", host.trim());
    put(fields, "client_ip", rest.split(']').next().unwrap_or(""));
}

fn parameter<'a>(pair: &'a str, fields: &mut Fields<'a>) {
    let Some((name, value)) = pair.split_once('=') else { return };
    if name.is_empty() || name.contains(' ') {
        return;
    }
    if name == "client" {
        client(value, fields);
        return;
    }
    let (status, reason) = if name == "status" { value.split_once(" (").unwrap_or((value, "")) } else { (value, "") };
    let value = status.strip_prefix('<').and_then(|rest| rest.split('>').next()).unwrap_or(status);
    fields.push(name, plain(value));
    put(fields, "reason", reason.trim_end_matches(')'));
}

pub(super) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.product("Postfix", "Postfix");
    let what = view.get("event").unwrap_or_default();
    draft.metadata().correlation_uid = view.owned("queue_id").filter(|id| id != "NOQUEUE");
    if let Some(reason) = view.owned("reason") {
        draft.detail(reason);
    }
    match &*what {
        "sasl_failed" | "client" if view.get("sasl_method").is_some() => {
            draft.logon(1, "smtp", user(view.get("sasl_username").as_deref().unwrap_or("Unknown")));
            draft.status(what == "client");
            let a = &mut draft.event.attributes;
            (a.is_remote, a.auth_protocol_id, a.auth_protocol) = (Some(true), Some(99), view.owned("sasl_method"));
        }
        "reject" | "queued" | "delivery" if view.first(&["from", "to"]).is_some() => mail(view, draft, &what),
        "message_id" => return,
        _ => {
            draft.class(Class::NETWORK, if matches!(&*what, "connect" | "client") { 1 } else { 2 });
            draft.event.attributes.app_name = Some("smtp".into());
        }
    }
    let (host, ip) = (view.owned("client_host"), view.get("client_ip"));
    draft.address(End::Source, ip.as_deref(), None);
    if let Some(host) = host.filter(|host| host != "unknown") {
        draft.end(End::Source).hostname = Some(host);
    }
    let machine = draft.event.machine().map(str::to_owned);
    if what != "delivery" {
        draft.address(End::Destination, machine.as_deref(), None);
    }
}

fn mail(view: &View<'_, '_>, draft: &mut Draft<'_>, what: &str) {
    let activity = match what {
        "delivery" => 1,
        "reject" => 2,
        _ => 99,
    };
    draft.class(Class::EMAIL, activity);
    let a = &mut draft.event.attributes;
    // The log does not say which of its neighbours are inside. A local name (`root`) is no address in the schema.
    a.direction_id = Some(0);
    a.email = Some(Box::new(Email {
        from: view.owned("from").filter(|from| parts::is_email(from)),
        to: view.owned("to").filter(|to| parts::is_email(to)).map(|to| vec![to]),
        message_uid: view.owned("queue_id"),
        ..Email::default()
    }));
    match what {
        "delivery" => {
            a.status_code = view.owned("dsn");
            draft.status(view.is("status", "sent"));
            if let Some(relay) = view.get("relay").filter(|relay| relay.contains('[')) {
                let (host, rest) = relay.split_once('[').unwrap_or((&relay, ""));
                let (ip, port) = rest.split_once(']').unwrap_or((rest, ""));
                draft.address(End::Destination, Some(ip), port.strip_prefix(':'));
                draft.end(End::Destination).hostname = Some(host.into());
            }
        }
        "reject" => draft.status(false),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: &[(&str, &str)]| {
            let mut out = Fields::new(model::Format::Syslog);
            assert!(fields(message, &mut out), "{message}");
            for (name, value) in expected {
                assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {message}");
            }
        };
        check(
            "connect from mx.example.org[192.0.2.1]",
            &[("event", "connect"), ("client_host", "mx.example.org"), ("client_ip", "192.0.2.1")],
        );
        check(
            "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
            &[("event", "sasl_failed"), ("client_ip", "192.0.2.1"), ("sasl_method", "LOGIN")],
        );
        check(
            "NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <b@example.org>: Relay access denied; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>",
            &[
                ("event", "reject"),
                ("reason", "554 5.7.1 <b@example.org>: Relay access denied"),
                ("from", "a@example.com"),
                ("to", "b@example.org"),
                ("helo", "x"),
            ],
        );
        check(
            "4F9D195432C: to=<b@example.org>, relay=mx.example.org[198.51.100.2]:25, delay=1.1, dsn=2.0.0, status=sent (250 ok)",
            &[
                ("event", "delivery"),
                ("queue_id", "4F9D195432C"),
                ("to", "b@example.org"),
                ("status", "sent"),
                ("reason", "250 ok"),
            ],
        );
        check(
            "4F9D195432C: client=desk[192.0.2.9], sasl_method=PLAIN, sasl_username=alice",
            &[("event", "client"), ("client_ip", "192.0.2.9"), ("sasl_username", "alice")],
        );
        assert!(!fields("daemon started -- version 3.7", &mut Fields::new(model::Format::Syslog)));
    }
}
