//! The System and Application logs: services, the event log itself, name resolution, crashes, installations.
//!
//! Ids are only unique within a provider, so the provider chooses the table.

use model::ocsf::{Class, DnsQuery, Event, Product};

use super::fill::{device_as_source, failure, line_value, logger, subject};
use super::names::W;
use super::objects::{log_cleared, named_service, service};
use super::table::{Rule, rule};
use crate::row::{Row, told};

/// `Service Control Manager`.
const SERVICES: &[Rule] = &[
    rule(7000, Class::WINDOWS_SERVICE, 3, "Service failed to start", &[numbered, failure]),
    rule(7001, Class::WINDOWS_SERVICE, 3, "Service failed to start, a dependency failed", &[numbered, failure]),
    rule(7009, Class::WINDOWS_SERVICE, 3, "Service timed out while starting", &[timed_out, failure]),
    rule(7022, Class::WINDOWS_SERVICE, 3, "Service hung on starting", &[numbered, failure]),
    rule(7023, Class::WINDOWS_SERVICE, 4, "Service terminated with an error", &[numbered, failure]),
    rule(7024, Class::WINDOWS_SERVICE, 4, "Service terminated with an error of its own", &[numbered, failure]),
    rule(7026, Class::WINDOWS_SERVICE, 3, "Drivers failed to load", &[numbered, failure]),
    rule(7031, Class::WINDOWS_SERVICE, 4, "Service terminated unexpectedly", &[numbered, failure]),
    rule(7034, Class::WINDOWS_SERVICE, 4, "Service terminated unexpectedly", &[numbered, failure]),
    rule(7035, Class::WINDOWS_SERVICE, 99, "Service was sent a control", &[logger, numbered, state]),
    rule(7036, Class::WINDOWS_SERVICE, 99, "Service changed its state", &[numbered, state]),
    rule(7040, Class::WINDOWS_SERVICE, 2, "Start type of a service changed", &[logger, numbered, start_type]),
    rule(7045, Class::WINDOWS_SERVICE, 1, "Service installed", &[logger, service]),
];

/// `Microsoft-Windows-Eventlog` and `EventLog`.
const EVENT_LOG: &[Rule] = &[
    rule(104, Class::EVENT_LOG, 1, "Log cleared", &[subject, cleared]),
    rule(105, Class::EVENT_LOG, 4, "Log archived", &[cleared]),
    rule(6005, Class::EVENT_LOG, 6, "Event log service started", &[log_cleared]),
    rule(6006, Class::EVENT_LOG, 7, "Event log service stopped", &[log_cleared]),
    rule(6008, Class::EVENT_LOG, 7, "Unexpected shutdown", &[log_cleared, failure]),
];

/// `Microsoft-Windows-DNS-Client` in the System log.
const DNS: &[Rule] = &[rule(1014, Class::DNS, 2, "Name resolution timed out", &[device_as_source, resolution])];

/// The Application log.
const APPLICATION: &[Rule] = &[
    rule(1000, Class::APPLICATION_ERROR, 1, "Application crashed", &[]),
    rule(1002, Class::APPLICATION_ERROR, 1, "Application hangs", &[]),
    rule(1033, Class::APPLICATION_LIFECYCLE, 1, "Product installed", &[logger, installed]),
    rule(1034, Class::APPLICATION_LIFECYCLE, 2, "Product removed", &[logger, installed]),
    rule(11707, Class::APPLICATION_LIFECYCLE, 1, "Product installed", &[logger, installed]),
    rule(11724, Class::APPLICATION_LIFECYCLE, 2, "Product removed", &[logger, installed]),
];

/// The table of the System log for a provider.
pub(super) fn system(provider: &str) -> &'static [Rule] {
    match provider {
        "Service Control Manager" | "" => SERVICES,
        "Microsoft-Windows-Eventlog" | "EventLog" | "Eventlog" => EVENT_LOG,
        "Microsoft-Windows-DNS-Client" => DNS,
        _ => &[],
    }
}

/// The table of the Application log for a provider.
pub(super) fn application(provider: &str) -> &'static [Rule] {
    match provider {
        "Application Error" | "Application Hang" | "MsiInstaller" => APPLICATION,
        _ => &[],
    }
}

fn numbered(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::Param1).or_else(|| row.text(W::ServiceName));
    event.attributes.win_service = name.map(named_service);
}

/// 7009 has the timeout first and the service second.
fn timed_out(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::Param2).or_else(|| row.text(W::Param1));
    event.attributes.win_service = name.map(named_service);
}

fn state(row: &Row<'_, W>, event: &mut Event) {
    let state = row.text(W::Param2);
    event.activity_id = match state.as_deref() {
        Some("running" | "start") => 3,
        Some("stopped" | "stop") => 4,
        Some("paused" | "pause") => 5,
        Some("continue") => 6,
        _ => 99,
    };
    event.attributes.status_detail = state;
}

fn start_type(row: &Row<'_, W>, event: &mut Event) {
    if let Some(service) = &mut event.attributes.win_service {
        service.service_start_type = row.text(W::Param3);
    }
}

/// Which log was cleared stands in the record's own data, or in its words.
fn cleared(row: &Row<'_, W>, event: &mut Event) {
    log_cleared(row, event);
    // UserData has a Channel too, behind that of System.
    let channels = row.fields().iter().filter(|field| field.name == "Channel");
    if let Some(name) = channels.skip(1).find_map(|field| told(&field.value)) {
        event.attributes.log_name = Some(name.into_owned());
    }
    let message = row.str(W::Message).unwrap_or_default();
    let quoted = message.strip_prefix("The ").and_then(|rest| rest.split_once(" log file was ")).map(|(name, _)| name);
    if let Some(name) = quoted.or_else(|| line_value(&message, "Log")) {
        event.attributes.log_name = Some(name.to_owned());
    }
}

fn resolution(row: &Row<'_, W>, event: &mut Event) {
    let name = row.text(W::QueryName).or_else(|| row.text(W::BitsJob));
    event.attributes.query =
        name.map(|hostname| Box::new(DnsQuery { hostname: Some(hostname), ..DnsQuery::default() }));
    event.attributes.status_id = Some(2);
}

fn installed(row: &Row<'_, W>, event: &mut Event) {
    let name = row.list(W::Data).next().or_else(|| row.str(W::Param1)).map(|name| name.into_owned());
    let name = name.or_else(|| row.str(W::Message).and_then(|message| super::fill::first_line(&message)));
    event.attributes.app = name.map(|name| Box::new(Product { name: Some(name), ..Product::default() }));
}
