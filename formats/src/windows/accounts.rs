//! Accounts, groups and rights in the Security log.

use model::ocsf::{Event, Group};

use super::fill::{privileges, subject_as_user};
use super::names::W;
use crate::parts;
use crate::row::{Row, some_of};

fn target_group(row: &Row<'_, W>) -> Option<Box<Group>> {
    let (name, uid) = (row.text(W::TargetUserName), row.text(W::TargetUserSid));
    if name.is_none() && uid.is_none() {
        return None;
    }
    Some(Box::new(Group { name, uid, domain: row.text(W::TargetDomainName), ..Group::default() }))
}

/// The group that was created, changed or deleted.
pub(super) fn group(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.group = target_group(row);
    event.attributes.privileges = some_of(privileges(row, W::PrivilegeList));
}

/// The group whose members were listed.
pub(super) fn group_listed(row: &Row<'_, W>, event: &mut Event) {
    event.attributes.group = target_group(row);
}

/// The member that was added or removed; the name is a distinguished name.
pub(super) fn member(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::MemberName).map(|name| {
        let first = name.split(',').next().unwrap_or(&name);
        first.strip_prefix("CN=").or_else(|| first.strip_prefix("cn=")).unwrap_or(&name).to_owned()
    });
    event.attributes.user = parts::user(name, None, row.text(W::MemberSid));
}

/// The account of a record that names it `AccountName`.
pub(super) fn account_name(row: &Row<'_, W>, event: &mut Event) {
    subject_as_user(row, event);
    event.attributes.actor = None;
    event.attributes.status_detail = row.text(W::SessionName);
}

/// An account that got another name.
pub(super) fn new_account_name(row: &Row<'_, W>, event: &mut Event) {
    let old = row.text(W::OldTargetUserName).or_else(|| row.text(W::TargetUserName));
    event.attributes.user = parts::user(old, row.text(W::TargetDomainName), row.text(W::TargetUserSid));
    event.attributes.status_detail = row.text(W::NewTargetUserName).map(|name| format!("new name {name}"));
}

/// Rights of a token: what was switched on, else what was switched off.
pub(super) fn privilege_change(row: &Row<'_, W>, event: &mut Event) {
    let enabled = privileges(row, W::EnabledPrivilegeList);
    if enabled.is_empty() {
        event.activity_id = 2;
        event.attributes.privileges = some_of(privileges(row, W::DisabledPrivilegeList));
    } else {
        event.attributes.privileges = Some(enabled);
    }
}

/// A right that an account was given.
pub(super) fn right_added(row: &Row<'_, W>, event: &mut Event) {
    let list = privileges(row, W::PrivilegeList);
    event.attributes.privileges = some_of(if list.is_empty() { privileges(row, W::AccessGranted) } else { list });
}

/// A right that was taken from an account.
pub(super) fn right_removed(row: &Row<'_, W>, event: &mut Event) {
    let list = privileges(row, W::PrivilegeList);
    event.attributes.privileges = some_of(if list.is_empty() { privileges(row, W::AccessRemoved) } else { list });
}

/// The groups of a log-on, as lines of `%{SID}`. The schema has room for one group beside the user, who has them all.
pub(super) fn user_groups(row: &Row<'_, W>, event: &mut Event) {
    let text = row.str(W::GroupMembership).unwrap_or_default();
    let group = |word: &str| {
        let uid = word.trim_start_matches("%{").trim_end_matches('}');
        (!uid.is_empty()).then(|| Group { uid: Some(uid.to_owned()), ..Group::default() })
    };
    let groups: Vec<Group> = text.split_whitespace().filter_map(group).collect();
    event.attributes.group = groups.first().cloned().map(Box::new);
    if let Some(user) = &mut event.attributes.user {
        user.groups = some_of(groups);
    }
}
