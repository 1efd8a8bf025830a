//! sudo: who ran what as whom, and who was not allowed to.
//!
//! `alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`. Fields: `user` (who asked), `reason` (why not),
//! sudo's own `TTY`, `PWD`, `USER`, `GROUP`, `TSID`, `ENV`, `COMMAND`, and Sigma's `Image`, `CommandLine`,
//! `CurrentDirectory`, `User` of process creation.

use model::Fields;
use model::ocsf::{Class, Session};

use crate::text::draft::{Draft, View, acting, process, user};
use crate::text::pairs::{aliases, put, word};
use crate::text::reader::{Reader, Source, announce};

const RAN: Source = Source { product: "linux", services: &["sudo", "auth", "syslog"], category: "process_creation" };
const REFUSED: Source = Source::linux(&["sudo", "auth", "syslog"]);

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some((who, rest)) = message.trim_start_matches(' ').split_once(" : ") else { return false };
    if who.contains(' ') || !rest.contains('=') {
        return false;
    }
    let reason = if has_key(rest) { "" } else { rest.split(" ; ").next().unwrap_or("") };
    let parameters = rest[reason.len()..].trim_start_matches([' ', ';']);
    announce(Reader::Sudo, if reason.is_empty() { &RAN } else { &REFUSED }, fields);
    let from = fields.len();
    put(fields, "user", who);
    put(fields, "reason", reason);
    let mut rest = parameters;
    while let Some((name, value)) = rest.split_once('=') {
        let Some(name) = KEYS.iter().find(|key| **key == name) else { break };
        // A command may hold ` ; ` itself, and it comes last.
        let (value, after) =
            if *name == "COMMAND" { (value, "") } else { value.split_once(" ; ").unwrap_or((value, "")) };
        put(fields, name, value);
        rest = after;
    }
    if reason.is_empty()
        && let Some(command) = parameters.split_once("COMMAND=").map(|(_, command)| command)
    {
        put(fields, "Image", word(command).0);
        put(fields, "CommandLine", command);
        aliases(fields, from, &[("PWD", "CurrentDirectory"), ("USER", "User")]);
    }
    true
}

const KEYS: [&str; 9] = ["HOST", "TTY", "CHROOT", "PWD", "USER", "GROUP", "TSID", "ENV", "COMMAND"];

fn has_key(text: &str) -> bool {
    KEYS.iter().any(|key| text.strip_prefix(key).is_some_and(|rest| rest.starts_with('=')))
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let who = view.get("user").unwrap_or_default();
    let reason = view.owned("reason");
    let session =
        view.owned("TTY").map(|terminal| Box::new(Session { terminal: Some(terminal), ..Session::default() }));
    let is_password = reason.as_deref().is_some_and(|reason| reason.contains("password"));
    match view.get("COMMAND") {
        Some(command) if !is_password => {
            draft.class(Class::PROCESS, 1);
            let mut started = process(word(&command).0);
            started.cmd_line = Some(command.into_owned());
            started.working_directory = view.owned("PWD");
            started.user = view.get("USER").map(|name| user(&name));
            started.session = session;
            draft.event.attributes.process = Some(started);
            draft.event.attributes.actor = Some(acting(user(&who)));
        }
        _ => {
            draft.logon(1, "sudo", user(&who));
            draft.event.attributes.session = session;
        }
    }
    draft.status(reason.is_none());
    if let Some(reason) = reason {
        draft.detail(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &[(&str, &str)]) {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(fields(message, &mut out), "{message}");
        for (name, value) in expected {
            assert_eq!(out.text(name).unwrap_or_default(), *value, "{name} of {message}");
        }
    }

    #[test]
    fn messages_are_taken_apart() {
        check(
            "   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh -c id ; true",
            &[
                ("user", "alice"),
                ("TTY", "pts/0"),
                ("PWD", "/home/alice"),
                ("USER", "root"),
                ("COMMAND", "/bin/sh -c id ; true"),
                ("Image", "/bin/sh"),
                ("CommandLine", "/bin/sh -c id ; true"),
                ("CurrentDirectory", "/home/alice"),
                ("User", "root"),
                ("reason", ""),
            ],
        );
        check(
            "bob : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/su -",
            &[
                ("user", "bob"),
                ("reason", "3 incorrect password attempts"),
                ("COMMAND", "/usr/bin/su -"),
                ("CommandLine", ""),
            ],
        );
        check(
            "eve : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=#-1 ; COMMAND=/bin/id",
            &[("reason", "user NOT in sudoers"), ("USER", "#-1")],
        );
    }

    #[test]
    fn other_messages_are_left() {
        let mut out = Fields::new(model::Format::Syslog);
        assert!(!fields("pam_unix(sudo:session): session opened for user root", &mut out));
        assert!(!fields("unable to resolve host gw", &mut out));
        assert!(out.is_empty());
    }
}
