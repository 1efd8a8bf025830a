//! All targets.

mod connect;
mod evtx;
mod feeds;
mod formats;
mod indicators;
mod intel;
mod journal;
mod netflow;
mod probe;
mod register;
mod risk;
mod rpz;
mod scenario;
mod segment;
mod sigma;
mod small;
mod tables;

pub use self::connect::{fingerprint, http_lines, syslog_frames, tail_lines};
pub use self::evtx::evtx;
pub use self::feeds::{feed_settings, feed_url, misp_heads, misp_manifest, taxii_page, taxii_resource};
pub use self::formats::{
    auditd, cef, cloudtrail, json, json_mapped, m365, mapping_file, netflow_flow, ocsf, recognise, split, suricata,
    syslog, windows, zeek,
};
pub use self::indicators::{indicator_list, misp_list, plain_list, values};
pub use self::intel::{
    intel_breach, intel_json, intel_judged, intel_list, intel_misp, intel_nmap, intel_stix, lookalike, mined, seen_run,
    stix_observed, stix_pattern,
};
pub use self::journal::{journal_marks, journal_segment};
pub use self::netflow::netflow_packets;
pub use self::probe::{probe_data, probe_page};
pub use self::register::{
    advisories, banner, bill_of_materials, mobile_manifests, register_files, register_inventories, scanner_json,
    scanner_xml, software_names,
};
pub use self::risk::{decision_table, risk_files, risk_rows};
pub use self::rpz::rpz_question;
pub use self::scenario::scenario;
pub use self::segment::segment_image;
pub use self::sigma::{correlation, correlation_state, routing, sigma};
pub use self::small::{cursor, times};
pub use self::tables::{edge_table, series_table};

use crate::Target;

macro_rules! targets {
    ($($module:ident::$name:ident, $rounds:literal;)+) => {
        /// Every reader of outside bytes.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($name),
            run: $module::$name,
            seeds: $module::seeds::$name,
            words: $module::words::$name,
            rounds: $rounds,
        },)+];
    };
}

targets! {
    formats::windows, 1000;
    formats::zeek, 1000;
    formats::suricata, 1000;
    formats::cloudtrail, 1000;
    formats::m365, 1000;
    formats::ocsf, 1000;
    formats::netflow_flow, 1000;
    formats::syslog, 1000;
    formats::cef, 1000;
    formats::auditd, 1000;
    formats::json, 1000;
    formats::json_mapped, 1000;
    formats::mapping_file, 1000;
    formats::recognise, 1000;
    formats::split, 1000;
    evtx::evtx, 200;
    netflow::netflow_packets, 1000;
    sigma::sigma, 200;
    sigma::correlation, 200;
    sigma::correlation_state, 200;
    sigma::routing, 200;
    indicators::indicator_list, 1000;
    indicators::values, 1000;
    indicators::misp_list, 500;
    indicators::plain_list, 500;
    segment::segment_image, 500;
    connect::syslog_frames, 1000;
    connect::http_lines, 1000;
    connect::tail_lines, 1000;
    connect::fingerprint, 1000;
    rpz::rpz_question, 1000;
    scenario::scenario, 300;
    feeds::feed_url, 1000;
    feeds::feed_settings, 1000;
    feeds::taxii_page, 1000;
    feeds::taxii_resource, 1000;
    feeds::misp_manifest, 1000;
    feeds::misp_heads, 1000;
    intel::intel_stix, 500;
    intel::intel_misp, 500;
    intel::intel_list, 300;
    intel::intel_json, 300;
    intel::intel_nmap, 500;
    intel::intel_breach, 1000;
    intel::intel_judged, 300;
    intel::stix_pattern, 500;
    intel::stix_observed, 300;
    intel::mined, 300;
    intel::lookalike, 1000;
    intel::seen_run, 200;
    risk::risk_rows, 500;
    risk::risk_files, 500;
    risk::decision_table, 500;
    register::register_files, 300;
    register::register_inventories, 500;
    register::bill_of_materials, 500;
    register::mobile_manifests, 500;
    register::advisories, 500;
    register::software_names, 1000;
    register::scanner_xml, 300;
    register::scanner_json, 300;
    register::banner, 500;
    tables::edge_table, 300;
    tables::series_table, 1000;
    probe::probe_page, 500;
    probe::probe_data, 500;
    journal::journal_segment, 200;
    journal::journal_marks, 200;
    small::times, 1000;
    small::cursor, 1000;
}
