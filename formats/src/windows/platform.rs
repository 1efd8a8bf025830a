//! The Windows filtering platform and its firewall.

use model::ocsf::{Event, FirewallRule, ManagedEntity};

use super::names::W;
use crate::parts;
use crate::row::Row;

/// A connection or packet with both ends.
pub(super) fn connection(row: &Row<'_, W>, event: &mut Event) {
    let a = &mut event.attributes;
    a.src_endpoint = parts::endpoint(row.ip(W::SourceAddress), row.port(W::SourcePort), None);
    a.dst_endpoint = parts::endpoint(row.ip(W::DestAddress), row.port(W::DestPort), None);
    let mut info = parts::connection(row.str(W::Protocol).as_deref());
    info.direction_id = Some(match row.str(W::Direction).as_deref() {
        Some("%%14592" | "Inbound") => 1,
        Some("%%14593" | "Outbound") => 2,
        _ => 0,
    });
    a.connection_info = Some(info);
    rule(row, event);
}

/// A port that a process listens on or is bound to; the machine is the far end of what is to come.
pub(super) fn bound(row: &Row<'_, W>, event: &mut Event) {
    let a = &mut event.attributes;
    a.dst_endpoint = parts::endpoint(row.ip(W::SourceAddress), row.port(W::SourcePort), None);
    a.connection_info = Some(parts::connection(row.str(W::Protocol).as_deref()));
    rule(row, event);
}

fn rule(row: &Row<'_, W>, event: &mut Event) {
    let uid = row.text(W::FilterRtid).filter(|uid| uid != "0");
    event.attributes.firewall_rule =
        uid.map(|uid| Box::new(FirewallRule { uid: Some(uid), ..FirewallRule::default() }));
}

/// A filter, callout or provider that was added or deleted.
pub(super) fn filter(row: &Row<'_, W>, event: &mut Event) {
    event.activity_id = match row.str(W::ChangeType).as_deref() {
        Some("%%16384") => 1,
        Some("%%16385") => 4,
        _ => 3,
    };
    let name = row.text(W::FilterName).or_else(|| row.text(W::Provider));
    event.attributes.entity = name.map(|name| {
        Box::new(ManagedEntity {
            name: Some(name),
            uid: row.text(W::FilterKey),
            type_name: Some("Filtering platform filter".into()),
        })
    });
    let user = parts::user(row.text(W::UserName), None, row.text(W::UserSid));
    let process = parts::process(None, row.int(W::ProcessId), None);
    if user.is_some() || process.is_some() {
        let actor = event.attributes.actor.get_or_insert_default();
        (actor.user, actor.process) = (user, process);
    }
}

/// A rule of the firewall that was added, changed or deleted.
pub(super) fn firewall_rule(row: &Row<'_, W>, event: &mut Event) {
    let (name, uid) = (row.text(W::RuleName), row.text(W::RuleId));
    event.attributes.entity = (name.is_some() || uid.is_some())
        .then(|| Box::new(ManagedEntity { name, uid, type_name: Some("Firewall rule".into()) }));
    let process = parts::process(row.text(W::ModifyingApplication), None, None);
    let user =
        row.text(W::ModifyingUser).map(|uid| Box::new(model::ocsf::User { uid: Some(uid), ..Default::default() }));
    if user.is_some() || process.is_some() {
        let actor = event.attributes.actor.get_or_insert_default();
        (actor.user, actor.process) = (user, process);
    }
}
