//! Zeek logs as JSON: flat (`id.orig_h`) and nested (`id: {orig_h}`), time as text or as seconds.
//!
//! Zeek 4 to 7, "Log Files" of its reference, and the ICSNPP parsers of operational technology. `_path` names the log; where a
//! shipper has dropped it, it follows from the fields that only one log has, and is added to the Sigma view. What no mapping
//! knows but has two ends is network activity of the protocol that its log is named after. Deliberately absent: the
//! tab-separated form.

mod apps;
mod files;
mod findings;
mod names;
mod network;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use model::ocsf::{Class, Event, activity};
use model::{Fields, Scalar, Text};

use crate::parts::{self, Maker};
use crate::row::Row;
use crate::{Head, Trouble, json};
use names::Z;

/// Reads one record.
type Read = for<'f> fn(&Row<'f, Z>, &mut Event);

/// What each log becomes. A log that is not here is network activity when it has two ends, else a base event.
const LOGS: &[(&str, Class, u32, Read)] = &[
    ("analyzer", Class::NETWORK, 6, network::analyzer),
    ("analyzer_failed", Class::NETWORK, 6, network::analyzer),
    ("conn", Class::NETWORK, 6, network::conn),
    ("conn_long", Class::NETWORK, 6, network::conn),
    ("dce_rpc", Class::NETWORK, 6, network::dce_rpc),
    ("dhcp", Class::DHCP, 99, network::dhcp),
    ("dns", Class::DNS, 1, network::dns),
    ("dpd", Class::NETWORK, 6, network::analyzer),
    ("files", Class::NETWORK_FILE, 2, files::files),
    ("ftp", Class::FTP, 99, files::ftp),
    ("http", Class::HTTP, 0, network::http),
    ("intel", Class::DETECTION_FINDING, 1, findings::intel),
    ("kerberos", Class::AUTHENTICATION, 3, apps::kerberos),
    ("known_certs", Class::NETWORK, 99, apps::known_cert),
    ("known_devices", Class::INVENTORY_INFO, 1, apps::known_host),
    ("known_hosts", Class::INVENTORY_INFO, 1, apps::known_host),
    ("known_services", Class::NETWORK, 7, apps::known_service),
    ("ldap", Class::AUTHENTICATION, 1, apps::ldap),
    ("notice", Class::DETECTION_FINDING, 1, findings::notice),
    ("notice_alarm", Class::DETECTION_FINDING, 1, findings::notice),
    ("ntlm", Class::AUTHENTICATION, 1, apps::ntlm),
    ("ntp", Class::NTP, 0, network::ntp),
    ("quic", Class::NETWORK, 6, network::ssl),
    ("radius", Class::AUTHENTICATION, 1, apps::radius),
    ("rdp", Class::RDP, 3, apps::rdp),
    ("rfb", Class::NETWORK, 1, apps::rfb),
    ("signatures", Class::DETECTION_FINDING, 1, findings::signature),
    ("smb_files", Class::SMB, 99, files::smb_files),
    ("smb_mapping", Class::SMB, 99, files::smb_mapping),
    ("smtp", Class::EMAIL, 1, apps::smtp),
    ("socks", Class::NETWORK, 6, apps::socks),
    ("software", Class::SOFTWARE_INFO, 2, apps::software),
    ("ssh", Class::SSH, 1, apps::ssh),
    ("ssl", Class::NETWORK, 1, network::ssl),
    ("tunnel", Class::TUNNEL, 1, apps::tunnel),
    ("weird", Class::NETWORK, 99, network::weird),
];

/// The log that a record without `_path` comes from: its name, and the fields that only it has together.
const SHAPES: &[(&str, &[&str])] = &[
    ("conn", &["conn_state", "id.orig_h"]),
    ("dns", &["trans_id", "rejected"]),
    ("http", &["trans_depth", "id.orig_h", "request_body_len"]),
    ("ssl", &["resumed", "established"]),
    ("files", &["fuid", "analyzers", "seen_bytes"]),
    ("x509", &["certificate.subject", "certificate.serial"]),
    ("notice", &["note", "actions"]),
    ("weird", &["name", "notice", "peer"]),
    ("ssh", &["auth_attempts", "id.orig_h"]),
    ("smtp", &["trans_depth", "helo"]),
    ("kerberos", &["request_type", "till"]),
    ("ntlm", &["server_nb_computer_name", "id.orig_h"]),
    ("smb_mapping", &["share_type", "path"]),
    ("smb_files", &["action", "name", "times.modified"]),
    ("dce_rpc", &["named_pipe", "operation"]),
    ("rdp", &["cert_count", "id.orig_h"]),
    ("dhcp", &["msg_types"]),
    ("ntp", &["stratum", "root_delay"]),
    ("ftp", &["reply_code", "command", "id.orig_h"]),
    ("modbus", &["func", "id.orig_h"]),
    ("dnp3", &["fc_request"]),
    ("tunnel", &["tunnel_type", "id.orig_h"]),
    ("software", &["software_type", "unparsed_version"]),
    ("dpd", &["analyzer", "failure_reason"]),
];

/// The Sigma view: the record's own names, and `_path` where it can be told.
pub(crate) fn fields<'a>(empty: Fields<'a>, body: &'a [u8]) -> Result<Fields<'a>, Trouble> {
    let mut fields = json::scan_into(empty, body, json::no_lift)?;
    if fields.get("_path").is_none()
        && let Some(path) = shape(&fields)
    {
        fields.push("_path", Scalar::Text(Text::plain(path)));
    }
    Ok(fields)
}

/// The log that a record's fields belong to.
fn shape(fields: &Fields<'_>) -> Option<&'static str> {
    let has = |name: &&str| fields.get(name).is_some();
    SHAPES.iter().find(|(_, names)| names.iter().all(has)).map(|(path, _)| *path)
}

/// Turns the fields of a Zeek record into an OCSF event.
pub(crate) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let row = Row::<Z>::new(fields);
    let mut troubles = Vec::new();
    let path = row.str(Z::Path).unwrap_or(Cow::Borrowed(""));
    // Housekeeping logs of a trace file carry the epoch as the time of writing.
    let written = || row.time(Z::WriteTs).filter(|at| at.as_micros() != 0);
    let (time, is_arrival) = parts::time_or_arrival(row.time(Z::Ts).or_else(written), head);
    if is_arrival {
        troubles.push(Trouble::no_time("no ts"));
    }
    let mut event = Event::new(head.id, head.agency.clone(), time, Class::BASE, activity::OTHER);
    parts::begin(&mut event, head, Maker { vendor: "Zeek", product: "Zeek" });
    let metadata = parts::metadata(&mut event);
    metadata.log_name = if path.is_empty() { None } else { Some(path.clone().into_owned()) };
    metadata.original_event_uid = row.text(Z::Uid).or_else(|| row.text(Z::Fuid));
    ends(&row, &mut event);
    match LOGS.binary_search_by_key(&path.as_ref(), |(name, ..)| name) {
        Ok(at) => {
            let (_, class, activity, read) = LOGS[at];
            (event.class, event.activity_id) = (class, activity);
            read(&row, &mut event);
        }
        Err(_) => unknown(&row, &path, &mut event),
    }
    troubles.extend(parts::finish(&mut event));
    (event, troubles)
}

/// Both ends of the connection and what is known of it.
fn ends(row: &Row<'_, Z>, event: &mut Event) {
    let a = &mut event.attributes;
    a.src_endpoint = parts::endpoint(row.ip(Z::OrigH), row.port(Z::OrigP), None);
    a.dst_endpoint = parts::endpoint(row.ip(Z::RespH), row.port(Z::RespP), None);
    if a.src_endpoint.is_none() && a.dst_endpoint.is_none() {
        return;
    }
    let protocol = row.str(Z::Proto);
    let mut info = parts::connection(protocol.as_deref());
    info.uid = row.text(Z::Uid);
    a.connection_info = Some(info);
    for (end, mac) in [(&mut a.src_endpoint, Z::OrigMac), (&mut a.dst_endpoint, Z::RespMac)] {
        if let Some(end) = end {
            end.mac = row.mac(mac);
            end.vlan_uid = row.text(Z::Vlan);
        }
    }
}

/// Families of logs of one protocol, `bacnet_property` and the like.
const FAMILIES: &[&str] = &[
    "bacnet",
    "bsap",
    "c1222",
    "cip",
    "dnp3",
    "ecat",
    "enip",
    "ethercat",
    "ge_srtp",
    "genisys",
    "hart_ip",
    "iec104",
    "ldap",
    "modbus",
    "mqtt",
    "omron_fins",
    "opcua",
    "profinet",
    "roc_plus",
    "s7comm",
    "snmp",
    "synchrophasor",
];

/// A log without a mapping of its own.
fn unknown(row: &Row<'_, Z>, path: &str, event: &mut Event) {
    if event.attributes.src_endpoint.is_none() && event.attributes.dst_endpoint.is_none() {
        let text = row.text(Z::Msg).or_else(|| row.text(Z::Message)).or_else(|| row.text(Z::CertSubject));
        event.attributes.message = text.or_else(|| row.text(Z::Name));
        return;
    }
    event.class = Class::NETWORK;
    event.activity_id = 6;
    let family = FAMILIES
        .iter()
        .find(|family| path.strip_prefix(**family).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')));
    let app = family.copied().unwrap_or(path);
    if !app.is_empty() {
        event.attributes.app_name = Some(app.to_owned());
    }
    event.attributes.message = row.str(Z::Func).map(|func| match row.str(Z::PduType) {
        Some(kind) => format!("{path} {func} {kind}"),
        None => format!("{path} {func}"),
    });
}
