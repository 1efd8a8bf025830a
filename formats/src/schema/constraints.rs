//! Constraints that the compiled file has wrong.
//!
//! `ocsf-lib` 0.10.4 gives an object that extends another the other's constraints even where the object's own definition
//! replaces them. Source of this table: `objects/*.json` of ocsf/ocsf-schema at the release 1.8.0 (3dcb905d), every object whose
//! effective constraints differ there. Where a later version is compiled, the file counts as it stands.

/// Object, rule, attributes; no attribute means that the object has no constraint.
type Constraint = (&'static str, &'static str, &'static [&'static str]);

/// What to put in place of the compiled constraints of a version.
pub(super) fn of_version(version: &str) -> &'static [Constraint] {
    if version == "1.8.0" { V1_8_0 } else { &[] }
}

const ANY: &str = "at_least_one";
const ENDPOINT: &[&str] = &["ip", "uid", "name", "hostname", "instance_uid", "interface_uid", "interface_name"];
const NETWORK_ENDPOINT: &[&str] =
    &["ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"];
const AIRCRAFT: &[&str] = &["name", "serial_number", "uid", "uid_alt"];

const V1_8_0: &[Constraint] = &[
    ("aircraft", ANY, AIRCRAFT),
    ("data_security", ANY, &["data_lifecycle_state_id", "detection_pattern", "detection_system_id", "policy"]),
    ("device", ANY, ENDPOINT),
    ("endpoint", ANY, ENDPOINT),
    ("file", ANY, &[]),
    ("image", ANY, &[]),
    ("managed_entity", ANY, &["name", "uid", "device", "group", "org", "policy", "user"]),
    ("message_context", ANY, &["application", "service"]),
    ("network_endpoint", ANY, NETWORK_ENDPOINT),
    ("network_interface", ANY, &["ip", "mac", "name", "hostname", "uid"]),
    ("network_proxy", ANY, NETWORK_ENDPOINT),
    ("policy", ANY, &["name", "type", "uid"]),
    ("process_entity", ANY, &["cmd_line", "name", "path", "pid", "uid", "cpid"]),
    ("reporter", ANY, &["hostname", "ip", "name", "uid"]),
    ("unmanned_aerial_system", ANY, AIRCRAFT),
    ("user", ANY, &["account", "name", "uid"]),
    (
        "win/win_service",
        ANY,
        &[
            "cmd_line",
            "service_category_id",
            "service_dependencies",
            "service_error_control_id",
            "service_start_name",
            "service_start_type_id",
            "service_type_id",
        ],
    ),
];
