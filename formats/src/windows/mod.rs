//! Windows events, from whatever tool: the Sigma view, and OCSF events by channel and event id.
//!
//! The channel chooses a table (`security`, `sysmon`, …), the event id a line of it; a line names the class, the activity and
//! the parts that fill the event. What no table knows becomes a base event with its metadata filled. Channels and ids as
//! Microsoft documents them; deliberately absent: resolving `%%1234` message parameters and SIDs, which needs the machine.

mod accounts;
mod defender;
mod fill;
mod logon;
mod names;
mod objects;
mod operational;
mod platform;
mod powershell;
mod security;
mod sysmon;
mod system;
mod table;
#[cfg(test)]
mod tests;
mod view;

use model::ocsf::{Class, Event, activity};
use model::{Fields, Timestamp};

use crate::parts::{self, Maker};
use crate::row::{Row, moment, told};
use crate::{Head, Trouble};
use names::W;
use table::Rule;

pub(crate) use view::fields;

/// Turns the fields of a Windows event into an OCSF event.
pub(crate) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let row = Row::<W>::new(fields);
    let (time, is_arrival) = parts::time_or_arrival(time(&row), head);
    // An event is large: it is built where it is returned, and moved nowhere.
    let mut made = (Event::new(head.id, head.agency.clone(), time, Class::BASE, activity::UNKNOWN), Vec::new());
    if is_arrival {
        made.1.push(Trouble::no_time("no TimeCreated, UtcTime, @timestamp or EventTime"));
    }
    fill(&row, head, &mut made.0, &mut made.1);
    made
}

fn fill(row: &Row<'_, W>, head: &Head<'_>, event: &mut Event, troubles: &mut Vec<Trouble>) {
    let channel = row.str(W::Channel).unwrap_or_default();
    let provider = row.str(W::Provider).unwrap_or_default();
    about_the_record(row, head, event);
    match row.int(W::EventId) {
        Some(id) => match table::find(rules(&channel, &provider), id) {
            Some(rule) => rule.apply(row, event),
            None => unknown(row, event),
        },
        None => {
            troubles.push(Trouble::part_lost("no EventID"));
            unknown(row, event);
        }
    }
    audit_result(row, event);
    let lost = parts::finish(event);
    // A collector that could not resolve a record says so itself and hands over no data: nothing is lost by us.
    troubles.extend(lost.filter(|_| row.truth(W::Unresolved) != Some(true)));
}

/// The table of a channel; its letters may come in either case.
fn rules(channel: &str, provider: &str) -> &'static [Rule] {
    let mut lower = [0u8; 96];
    let length = channel.len().min(lower.len());
    lower[..length].copy_from_slice(&channel.as_bytes()[..length]);
    lower[..length].make_ascii_lowercase();
    match &lower[..length] {
        b"microsoft-windows-sysmon/operational" => sysmon::RULES,
        b"security" => security::RULES,
        b"microsoft-windows-powershell/operational" | b"powershellcore/operational" => powershell::OPERATIONAL,
        b"windows powershell" => powershell::CLASSIC,
        b"system" => system::system(provider),
        b"application" => system::application(provider),
        b"microsoft-windows-taskscheduler/operational" => operational::TASKS,
        b"microsoft-windows-wmi-activity/operational" => operational::WMI,
        b"microsoft-windows-windows defender/operational" => defender::RULES,
        b"microsoft-windows-terminalservices-localsessionmanager/operational" => operational::SESSIONS,
        b"microsoft-windows-terminalservices-remoteconnectionmanager/operational" => operational::CONNECTIONS,
        b"microsoft-windows-remotedesktopservices-rdpcorets/operational" => operational::RDP_CORE,
        b"microsoft-windows-terminalservices-rdpclient/operational" => operational::RDP_CLIENT,
        b"microsoft-windows-dns-client/operational" => operational::DNS,
        b"microsoft-windows-windows firewall with advanced security/firewall" => operational::FIREWALL,
        b"microsoft-windows-bits-client/operational" => operational::TRANSFERS,
        b"microsoft-windows-ntlm/operational" => operational::NTLM,
        known if known.starts_with(b"microsoft-windows-applocker/") => operational::APP_CONTROL,
        b"" if provider == "Microsoft-Windows-Sysmon" => sysmon::RULES,
        b"" if provider == "Microsoft-Windows-Security-Auditing" => security::RULES,
        _ => &[],
    }
}

/// Sysmon's own UTC time is right where collectors write local time with a `Z`; behind it the time of the log, then a time
/// that names its zone, then the time of arrival at the collector, and a local time only where there is nothing else.
fn time(row: &Row<'_, W>) -> Option<Timestamp> {
    let zoned = |slot: W| {
        let value = row.get(slot)?;
        let text = told(value)?;
        let has_zone = text.get(19..).is_some_and(|behind| behind.contains(['Z', '+', '-']));
        if has_zone { moment(value) } else { None }
    };
    row.time(W::UtcTime)
        .or_else(|| row.time(W::TimeCreated))
        .or_else(|| row.time(W::SystemTime))
        .or_else(|| zoned(W::EventTime))
        .or_else(|| row.time(W::Arrival))
        .or_else(|| row.time(W::EventTime))
}

fn about_the_record(row: &Row<'_, W>, head: &Head<'_>, event: &mut Event) {
    parts::begin(event, head, Maker { vendor: "Microsoft", product: "Windows" });
    let metadata = parts::metadata(event);
    metadata.log_name = row.text(W::Channel);
    metadata.log_provider = row.text(W::Provider);
    metadata.event_code = row.text(W::EventId);
    metadata.original_event_uid = row.text(W::RecordId);
    metadata.correlation_uid = row.text(W::ActivityId);
    let hostname = row.text(W::Computer).or_else(|| row.text(W::HostName));
    event.attributes.device.insert(parts::device(hostname)).os = Some(parts::windows());
    // System.Level: 1 critical, 2 error, 3 warning; 0 and 4 inform, 5 is verbose.
    event.severity_id = match row.int(W::Level) {
        Some(1) => 4,
        Some(2) => 3,
        Some(3) => 2,
        _ => 1,
    };
}

fn unknown(row: &Row<'_, W>, event: &mut Event) {
    event.activity_id = activity::OTHER;
    event.attributes.message = row.str(W::Message).and_then(|message| fill::first_line(&message));
    fill::logger(row, event);
}

/// Success or failure as the audit keywords say it, where nothing has said so yet.
fn audit_result(row: &Row<'_, W>, event: &mut Event) {
    const AUDIT_FAILURE: i64 = 0x0010_0000_0000_0000;
    const AUDIT_SUCCESS: i64 = 0x0020_0000_0000_0000;
    if event.attributes.status_id.is_some() || event.class == Class::DETECTION_FINDING {
        return;
    }
    let bits = row.int(W::Keywords).unwrap_or(0);
    event.attributes.status_id = if bits & AUDIT_FAILURE != 0 || row.is(W::Keywords, "Audit Failure") {
        Some(2)
    } else if bits & AUDIT_SUCCESS != 0 || row.is(W::Keywords, "Audit Success") {
        Some(1)
    } else {
        None
    };
}
