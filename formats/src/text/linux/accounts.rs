//! Accounts and groups: useradd, usermod, userdel, groupadd, groupmod, groupdel, gpasswd, passwd, chage and their kin
//! (shadow-utils, adduser). Fields: `event`, `user`, `group`, `by`, and shadow's own `name`, `UID`, `GID`, `home`, `shell`.

use model::Fields;
use model::ocsf::{Class, Group, User};

use crate::text::draft::{Draft, View, acting, group, user};
use crate::text::pairs::{between, pairs, put};
use crate::text::reader::{Reader, Source, announce};

const SOURCE: Source = Source::linux(&["auth", "syslog"]);

/// What happened, to which user, with which group, by whom.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change<'a> {
    event: &'static str,
    user: &'a str,
    group: &'a str,
    by: &'a str,
}

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some(change) = change(message) else { return false };
    announce(Reader::Accounts, &SOURCE, fields);
    put(fields, "event", change.event);
    put(fields, "user", change.user);
    put(fields, "group", change.group);
    put(fields, "by", change.by);
    if change.event.ends_with("_created") || message.contains(": name=") {
        let list = message.split_once(": ").map_or("", |(_, list)| list);
        for (name, value) in pairs(list) {
            let value = value.trim_end_matches(',').to_owned();
            fields.push(name, model::Scalar::Text(model::Text::Plain(value.into())));
        }
    }
    true
}

fn change(message: &str) -> Option<Change<'_>> {
    let named = || between(message, "name=", "").map(|rest| rest.split([',', ' ']).next().unwrap_or(rest));
    let quoted = || between(message, "'", "'");
    let (first, rest) = message.split_once(' ')?;
    let change = match first {
        "new" if rest.starts_with("user") => Change { event: "user_created", user: named()?, ..Change::default() },
        "new" if rest.starts_with("group") => Change { event: "group_created", group: named()?, ..Change::default() },
        "group" if rest.starts_with("added") => Change { event: "group_created", group: named()?, ..Change::default() },
        "group" if rest.starts_with("removed") => {
            Change { event: "group_deleted", group: named()?, ..Change::default() }
        }
        "group" if rest.ends_with("removed") => {
            Change { event: "group_deleted", group: quoted()?, ..Change::default() }
        }
        "group" if rest.starts_with("changed") => {
            Change { event: "group_changed", group: named()?, ..Change::default() }
        }
        "removed" if rest.starts_with("group") => {
            Change { event: "group_deleted", group: quoted()?, ..Change::default() }
        }
        "failed" if rest.starts_with("adding user") => {
            Change { event: "user_creation_failed", user: quoted()?, ..Change::default() }
        }
        "add" => member("member_added", rest, " to ")?,
        "delete" if rest.starts_with("user") => Change { event: "user_deleted", user: quoted()?, ..Change::default() },
        "delete" => member("member_removed", rest, " from ")?,
        "remove" => member("member_removed", rest, " from ")?,
        "lock" => Change { event: "user_locked", user: quoted()?, ..Change::default() },
        "unlock" => Change { event: "user_unlocked", user: quoted()?, ..Change::default() },
        "change" | "changed" => changed(message, quoted)?,
        "password" => password(rest)?,
        "user" => by_administrator(rest)?,
        _ => return None,
    };
    Some(change)
}

/// `'x' to group 'sudo'`, `'x' to shadow group 'sudo'`.
fn member<'a>(event: &'static str, text: &'a str, link: &str) -> Option<Change<'a>> {
    let (user, group) = text.split_once(link)?;
    if !group.contains("group") {
        return None;
    }
    Some(Change { event, user: between(user, "'", "'")?, group: between(group, "'", "'")?, by: "" })
}

/// `change user 'x' password`, `changed user 'x' information`, `changed password expiry for x`.
fn changed<'a>(message: &'a str, quoted: impl Fn() -> Option<&'a str>) -> Option<Change<'a>> {
    let event = if message.ends_with("password") { "password_changed" } else { "user_changed" };
    let user = quoted().or_else(|| message.rsplit_once(" for ").map(|(_, user)| user.trim_end_matches('.')))?;
    Some(Change { event, user, ..Change::default() })
}

/// `password for 'x' changed by 'root'`, `password for `x' changed`.
fn password(rest: &str) -> Option<Change<'_>> {
    let (user, by) = rest.strip_prefix("for ")?.split_once(" changed")?;
    let quotes = ['\'', '`', ' '];
    let by = by.trim_start().strip_prefix("by ").unwrap_or("").trim_matches(quotes);
    Some(Change { event: "password_changed", user: user.trim_matches(quotes), group: "", by })
}

/// gpasswd: `user alice added by root to group wheel`, `user alice removed by root from group wheel`.
fn by_administrator(rest: &str) -> Option<Change<'_>> {
    for (middle, link, event) in
        [(" added by ", " to group ", "member_added"), (" removed by ", " from group ", "member_removed")]
    {
        if let Some((user, rest)) = rest.split_once(middle) {
            let (by, group) = rest.split_once(link)?;
            return Some(Change { event, user, group, by });
        }
    }
    None
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    let what = view.get("event").unwrap_or_default();
    let name = view.get("user").map(|name| Box::new(User { uid: view.owned("UID"), ..*user(&name) }));
    let named = view.get("group").map(|name| Box::new(Group { uid: view.owned("GID"), ..*group(&name) }));
    let (class, activity) = match &*what {
        "user_created" | "user_creation_failed" => (Class::ACCOUNT_CHANGE, 1),
        "password_changed" => (Class::ACCOUNT_CHANGE, 3),
        "user_deleted" => (Class::ACCOUNT_CHANGE, 6),
        "user_locked" => (Class::ACCOUNT_CHANGE, 9),
        "user_unlocked" => (Class::ACCOUNT_CHANGE, 12),
        "member_added" => (Class::GROUP_MANAGEMENT, 3),
        "member_removed" => (Class::GROUP_MANAGEMENT, 4),
        "group_deleted" => (Class::GROUP_MANAGEMENT, 5),
        "group_created" => (Class::GROUP_MANAGEMENT, 6),
        "group_changed" => (Class::GROUP_MANAGEMENT, 99),
        _ => (Class::ACCOUNT_CHANGE, 99),
    };
    draft.class(class, activity);
    draft.status(what != "user_creation_failed");
    let a = &mut draft.event.attributes;
    a.user = name;
    if class == Class::GROUP_MANAGEMENT {
        a.group = named;
    }
    a.actor = view.get("by").map(|by| acting(user(&by)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: Option<[&str; 4]>| {
            let found = change(message).map(|change| [change.event, change.user, change.group, change.by]);
            assert_eq!(found, expected, "{message}");
        };
        let one = |event, user| Some([event, user, "", ""]);
        check(
            "new user: name=eve, UID=0, GID=0, home=/home/eve, shell=/bin/bash, from=/dev/pts/1",
            one("user_created", "eve"),
        );
        check("new group: name=ops, GID=1001", Some(["group_created", "", "ops", ""]));
        check("group added to /etc/group: name=ops, GID=1001", Some(["group_created", "", "ops", ""]));
        check("add 'eve' to group 'sudo'", Some(["member_added", "eve", "sudo", ""]));
        check("add 'eve' to shadow group 'sudo'", Some(["member_added", "eve", "sudo", ""]));
        check("delete 'eve' from group 'sudo'", Some(["member_removed", "eve", "sudo", ""]));
        check("delete user 'eve'", one("user_deleted", "eve"));
        check("removed group 'eve' owned by 'eve'", Some(["group_deleted", "", "eve", ""]));
        check("group 'ops' removed", Some(["group_deleted", "", "ops", ""]));
        check("change user 'eve' password", one("password_changed", "eve"));
        check("change user 'eve' shell from '/bin/sh' to '/bin/bash'", one("user_changed", "eve"));
        check("lock user 'eve' password", one("user_locked", "eve"));
        check("unlock user 'eve' password", one("user_unlocked", "eve"));
        check("failed adding user 'eve', data deleted", one("user_creation_failed", "eve"));
        check("password for 'eve' changed by 'root'", Some(["password_changed", "eve", "", "root"]));
        check("changed password expiry for eve", one("user_changed", "eve"));
        check("user eve added by root to group wheel", Some(["member_added", "eve", "wheel", "root"]));
        check("pam_unix(passwd:chauthtok): password changed for eve", None);
        check("words", None);
    }
}
