//! cron: `(root) CMD (command)`, `(alice) REPLACE (alice)`. Fields: `user`, `event` (cron's own word), `command`.

use model::Fields;
use model::ocsf::{Class, Job};

use crate::text::draft::{Draft, View, user};
use crate::text::pairs::put;
use crate::text::reader::{Reader, Source, announce};

const SOURCE: Source = Source::linux(&["cron", "syslog"]);

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some((who, rest)) = message.strip_prefix('(').and_then(|rest| rest.split_once(") ")) else { return false };
    let Some((what, detail)) = rest.split_once(" (") else { return false };
    let is_word = !what.is_empty() && what.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ');
    if who.contains(' ') || !is_word {
        return false;
    }
    announce(Reader::Cron, &SOURCE, fields);
    put(fields, "user", who);
    put(fields, "event", what);
    put(fields, "command", detail.strip_suffix(')').unwrap_or(detail));
    true
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let who = view.get("user").unwrap_or_default();
    let command = view.get("command").unwrap_or_default();
    let what = view.get("event").unwrap_or_default();
    // Update and delete are of the table, the rest is of the job.
    let (activity, name) = match &*what {
        "CMD" => (6, command.clone().into_owned()),
        "REPLACE" | "END EDIT" => (2, format!("crontab of {command}")),
        "DELETE" => (3, format!("crontab of {command}")),
        "LIST" | "BEGIN EDIT" | "CMDEND" | "CMDOUT" => (99, format!("crontab of {who}")),
        _ => return,
    };
    draft.class(Class::SCHEDULED_JOB, activity);
    let cmd_line = (activity == 6).then(|| command.into_owned());
    draft.event.attributes.job =
        Some(Box::new(Job { name: Some(name), cmd_line, user: Some(user(&who)), ..Job::default() }));
    draft.event.attributes.actor = Some(crate::text::draft::acting(user(&who)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: Option<[&str; 3]>| {
            let mut out = Fields::new(model::Format::Syslog);
            let found = fields(message, &mut out)
                .then(|| ["user", "event", "command"].map(|name| out.text(name).unwrap_or_default().into_owned()));
            assert_eq!(found, expected.map(|texts| texts.map(str::to_owned)), "{message}");
        };
        check(
            "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
            Some(["root", "CMD", "   cd / && run-parts --report /etc/cron.hourly"]),
        );
        check("(alice) CMD (echo (x) > /tmp/y)", Some(["alice", "CMD", "echo (x) > /tmp/y"]));
        check("(alice) BEGIN EDIT (alice)", Some(["alice", "BEGIN EDIT", "alice"]));
        check("pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", None);
        check("(CRON) words (x", None);
    }
}
