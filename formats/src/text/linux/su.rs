//! su: who became whom. Fields: `event`, `user` (the new one), `by`, `tty`.

use model::Fields;
use model::ocsf::Session;

use crate::text::draft::{Draft, View, acting, user};
use crate::text::pairs::put;
use crate::text::reader::{Reader, Source, announce};

const SOURCE: Source = Source::linux(&["auth", "syslog"]);

/// New user, old user, terminal, whether it worked.
type Switch<'a> = (&'a str, &'a str, &'a str, bool);

pub(in crate::text) fn fields<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    let Some((to, by, tty, succeeded)) = switch(message) else { return false };
    announce(Reader::Su, &SOURCE, fields);
    put(fields, "event", if succeeded { "switched" } else { "failed" });
    put(fields, "user", to);
    put(fields, "by", by);
    put(fields, "tty", tty);
    true
}

fn switch(message: &str) -> Option<Switch<'_>> {
    // util-linux: `(to root) alice on pts/0`, `FAILED SU (to root) alice on pts/0`.
    let failed = message.strip_prefix("FAILED SU ");
    if let Some(rest) = failed.unwrap_or(message).strip_prefix("(to ") {
        let (to, rest) = rest.split_once(") ")?;
        let (by, tty) = rest.split_once(" on ").unwrap_or((rest, ""));
        return Some((to, by, tty, failed.is_none()));
    }
    // shadow: `Successful su for root by alice`, `FAILED su for root by alice`, `+ pts/0 alice:root`, `- pts/0 alice:root`.
    for (lead, succeeded) in [("Successful su for ", true), ("FAILED su for ", false)] {
        if let Some(rest) = message.strip_prefix(lead) {
            let (to, by) = rest.split_once(" by ")?;
            return Some((to, by, "", succeeded));
        }
    }
    for (lead, succeeded) in [("+ ", true), ("- ", false)] {
        if let Some(rest) = message.strip_prefix(lead) {
            let (tty, who) = rest.split_once(' ')?;
            let (by, to) = who.split_once([':', '-'])?;
            return Some((to, by, tty, succeeded));
        }
    }
    // BSD: `alice to root on /dev/pts/0`, `BAD SU alice to root on /dev/pts/0`; RFC 3164's own example.
    if let Some(rest) = message.strip_prefix("'su ") {
        let (to, rest) = rest.split_once("' failed for ")?;
        let (by, tty) = rest.split_once(" on ").unwrap_or((rest, ""));
        return Some((to, by, tty, false));
    }
    let bad = message.strip_prefix("BAD SU ");
    let (by, rest) = bad.unwrap_or(message).split_once(" to ")?;
    let (to, tty) = rest.split_once(" on ")?;
    let is_name = |name: &str| !name.is_empty() && !name.contains(' ');
    (is_name(by) && is_name(to) && is_name(tty)).then_some((to, by, tty, bad.is_none()))
}

pub(in crate::text) fn event(view: &View<'_, '_>, draft: &mut Draft<'_>) {
    draft.linux();
    // Activity 7: the account is switched.
    draft.logon(7, "su", user(view.get("user").as_deref().unwrap_or("Unknown")));
    draft.status(view.is("event", "switched"));
    let a = &mut draft.event.attributes;
    a.actor = view.get("by").map(|by| acting(user(&by)));
    a.session = view.owned("tty").map(|terminal| Box::new(Session { terminal: Some(terminal), ..Session::default() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let check = |message: &str, expected: Option<Switch<'_>>| assert_eq!(switch(message), expected, "{message}");
        check("(to root) alice on pts/0", Some(("root", "alice", "pts/0", true)));
        check("FAILED SU (to root) alice on pts/0", Some(("root", "alice", "pts/0", false)));
        check("Successful su for root by alice", Some(("root", "alice", "", true)));
        check("FAILED su for root by alice", Some(("root", "alice", "", false)));
        check("+ /dev/pts/0 alice:root", Some(("root", "alice", "/dev/pts/0", true)));
        check("- pts/0 alice:root", Some(("root", "alice", "pts/0", false)));
        check("BAD SU alice to root on /dev/ttyp0", Some(("root", "alice", "/dev/ttyp0", false)));
        check("'su root' failed for lonvick on /dev/pts/8", Some(("root", "lonvick", "/dev/pts/8", false)));
        check("pam_unix(su:session): session opened for user root", None);
        check("gone to lunch on monday with bob", None);
    }
}
