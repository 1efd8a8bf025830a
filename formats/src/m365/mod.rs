//! Microsoft 365 and Entra: the unified audit log, Entra sign-ins and audits, and both inside Azure Monitor's envelope.
//!
//! Office 365 Management Activity API schema; Microsoft Graph `signIn` and `directoryAudit`; Azure Monitor resource logs. What
//! signs somebody in is Authentication, what changes an account, group or role is what it says, the rest is API Activity.
//! Deliberately absent: `AuditData` as a string inside a CSV export.

mod audit;
mod names;
mod signin;
#[cfg(test)]
mod tests;

use model::Fields;
use model::ocsf::{Account, Class, Cloud, Endpoint, Event};

use crate::parts::{self, Maker};
use crate::row::Row;
use crate::{Head, Trouble};
use names::M;

/// Turns the fields of a record into an OCSF event.
pub(crate) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let row = Row::<M>::new(fields);
    let mut troubles = Vec::new();
    let time = [M::CreationTime, M::Created, M::ActivityTime, M::Time].into_iter().find_map(|slot| row.time(slot));
    let (time, is_arrival) = parts::time_or_arrival(time, head);
    if is_arrival {
        troubles.push(Trouble::no_time("no CreationTime, createdDateTime, activityDateTime or time"));
    }
    let is_unified = row.has(M::Operation) && (row.has(M::Workload) || row.has(M::RecordType));
    let is_sign_in = row.has(M::Created) || row.str(M::AzureCategory).is_some_and(|name| name.ends_with("SignInLogs"));
    let product = if is_unified { "Microsoft 365" } else { "Microsoft Entra ID" };
    let mut event = Event::new(head.id, head.agency.clone(), time, Class::API, 99);
    parts::begin(&mut event, head, Maker { vendor: "Microsoft", product });
    let metadata = parts::metadata(&mut event);
    metadata.original_event_uid = row.text(M::Id).or_else(|| row.text(M::EntraId));
    metadata.correlation_uid = row.text(M::Correlation);
    metadata.log_name = row.text(M::Workload).or_else(|| row.text(M::AzureCategory));
    metadata.event_code = row.text(M::RecordType);
    event.attributes.cloud = Some(cloud(&row));
    if is_unified {
        audit::unified(&row, &mut event);
    } else if is_sign_in {
        signin::entra(&row, &mut event);
    } else if row.has(M::Activity) {
        audit::entra(&row, &mut event);
    } else {
        audit::azure(&row, &mut event);
    }
    troubles.extend(parts::finish(&mut event));
    (event, troubles)
}

fn cloud(row: &Row<'_, M>) -> Box<Cloud> {
    let tenant = row.text(M::Organization).or_else(|| row.text(M::TenantId));
    let account = tenant.map(|uid| {
        Box::new(Account {
            uid: Some(uid),
            type_id: Some(17),
            type_name: Some("M365 Tenant".into()),
            ..Account::default()
        })
    });
    Box::new(Cloud { provider: Some("Azure".into()), account, ..Cloud::default() })
}

/// Where a request came from: an address, or one with a port as Exchange writes it; the class asks for an object even where
/// the record has none.
fn source(text: Option<String>) -> Box<Endpoint> {
    let Some(text) = text else { return Box::new(Endpoint { name: Some("unknown".into()), ..Endpoint::default() }) };
    if let Some(ip) = crate::row::address(&text) {
        return Box::new(Endpoint { ip: Some(ip), ..Endpoint::default() });
    }
    let split = text.rsplit_once(':').and_then(|(ip, port)| Some((crate::row::address(ip)?, port.parse().ok())));
    match split {
        Some((ip, port)) => Box::new(Endpoint { ip: Some(ip), port, ..Endpoint::default() }),
        None => Box::new(Endpoint { name: Some(text), ..Endpoint::default() }),
    }
}
