//! EVE records of every sort, and with anything in them.

use model::Format;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{always_valid, any_record, check, mutated};

const TYPES: &[&str] = &[
    "alert", "anomaly", "dns", "http", "tls", "quic", "flow", "netflow", "fileinfo", "ssh", "smb", "krb5", "smtp",
    "ftp", "dhcp", "rdp", "modbus", "dnp3", "mqtt", "stats",
];

const ALERT: &str = r#"{"timestamp":"2015-03-26T18:49:46.900254-0600","flow_id":1335265220756620,"event_type":"alert","src_ip":"192.168.0.54",
    "src_port":63259,"dest_ip":"198.51.100.104","dest_port":80,"proto":"TCP","alert":{"action":"blocked","gid":1,"signature_id":2001595,
    "rev":10,"signature":"ET CHAT Skype","category":"Policy","severity":1,"metadata":{"mitre_technique_id":["T1071"],
    "mitre_tactic_id":["TA0011"],"mitre_tactic_name":["Command_And_Control"]}},"http":{"hostname":"ui.example","url":"/ui?x=1",
    "http_method":"GET","status":200,"length":9},"app_proto":"http"}"#;

#[test]
fn alerts_are_findings_with_evidence() {
    check(
        Format::Suricata,
        ALERT,
        &[
            ("/type_uid", json!(200_401)),
            ("/severity_id", json!(4)),
            ("/finding_info/analytic/uid", json!("2001595")),
            ("/finding_info/title", json!("ET CHAT Skype")),
            ("/evidences/0/src_endpoint/ip", json!("192.168.0.54")),
            ("/evidences/0/http_request/url/url_string", json!("http://ui.example/ui?x=1")),
            ("/action_id", json!(2)),
            ("/attacks/0/technique/uid", json!("T1071")),
            ("/metadata/profiles", json!(["security_control"])),
            ("/src_endpoint", Value::Null),
        ],
    );
}

#[test]
fn indicators_see_the_evidence() {
    let (event, _) = crate::testing::event(Format::Suricata, ALERT);
    let mut seen = Vec::new();
    event.for_each_observable(|observable| seen.push((observable.attribute, observable.value.to_owned())));
    assert!(seen.contains(&("evidences.dst_endpoint.ip", "198.51.100.104".into())), "{seen:?}");
    assert!(seen.contains(&("evidences.http_request.url.hostname", "ui.example".into())), "{seen:?}");
}

const ENDS: &str = r#""timestamp":"2020-01-01T00:00:00Z","flow_id":1,"src_ip":"10.0.0.1","src_port":5,"dest_ip":"192.0.2.7","dest_port":53,"proto":"UDP""#;

#[test]
fn names_in_three_versions() {
    let body = |dns: &str| format!(r#"{{{ENDS},"event_type":"dns","dns":{dns}}}"#);
    check(
        Format::Suricata,
        &body(r#"{"type":"query","id":7,"rrname":"a.example","rrtype":"A","tx_id":0}"#),
        &[("/type_uid", json!(400_301)), ("/query/hostname", json!("a.example")), ("/query/type", json!("A"))],
    );
    check(
        Format::Suricata,
        &body(
            r#"{"version":2,"type":"answer","id":7,"rrname":"a.example","rcode":"NXDOMAIN","answers":[{"rrname":"a.example","rrtype":"CNAME",
            "ttl":5,"rdata":"b.example"},{"rrtype":"A","ttl":6,"rdata":"192.0.2.9"}],"grouped":{"A":["192.0.2.9"]}}"#,
        ),
        &[
            ("/type_uid", json!(400_302)),
            ("/rcode_id", json!(3)),
            ("/answers/0/rdata", json!("b.example")),
            ("/answers/1/ttl", json!(6)),
            ("/answers/2", Value::Null),
        ],
    );
    check(
        Format::Suricata,
        &body(
            r#"{"version":3,"type":"response","id":7,"queries":[{"rrname":"c.example","rrtype":"AAAA"}],"rcode":"NOERROR","grouped":{"AAAA":["2001:db8::1"]}}"#,
        ),
        &[
            ("/type_uid", json!(400_302)),
            ("/query/hostname", json!("c.example")),
            ("/answers/0/rdata", json!("2001:db8::1")),
        ],
    );
}

#[test]
fn flows_files_and_leases() {
    check(
        Format::Suricata,
        &format!(
            r#"{{{ENDS},"event_type":"flow","app_proto":"dns","flow":{{"pkts_toserver":1,"pkts_toclient":2,"bytes_toserver":10,
            "bytes_toclient":20,"start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:00:02Z","state":"closed","reason":"timeout"}}}}"#
        ),
        &[
            ("/type_uid", json!(400_106)),
            ("/traffic/bytes", json!(30)),
            ("/duration", json!(2000)),
            ("/app_name", json!("dns")),
        ],
    );
    check(
        Format::Suricata,
        &format!(
            r#"{{{ENDS},"event_type":"fileinfo","fileinfo":{{"filename":"/a/b.exe","size":5,
            "sha256":"f191798f18c5b6700f3d7b266aa3aed71f4734c55685c09ca2cb1537da9f0dc9"}}}}"#
        ),
        &[("/type_uid", json!(401_002)), ("/file/name", json!("b.exe")), ("/file/hashes/0/algorithm_id", json!(3))],
    );
    check(
        Format::Suricata,
        &format!(
            r#"{{{ENDS},"event_type":"dhcp","dhcp":{{"dhcp_type":"ack","client_mac":"18:36:f3:98:4f:9a","assigned_ip":"10.0.0.50",
            "hostname":"pc","lease_time":3600,"id":9}}}}"#
        ),
        &[
            ("/type_uid", json!(400_405)),
            ("/src_endpoint/ip", json!("10.0.0.50")),
            ("/src_endpoint/hostname", json!("pc")),
            ("/dst_endpoint/ip", json!("10.0.0.1")),
            ("/lease_dur", json!(3600)),
        ],
    );
}

#[test]
fn other_protocols_are_network_activity() {
    check(
        Format::Suricata,
        &format!(r#"{{{ENDS},"event_type":"modbus","modbus":{{"request":{{"function_code":"RdCoils"}}}}}}"#),
        &[("/type_uid", json!(400_106)), ("/app_name", json!("modbus")), ("/message", json!("modbus RdCoils"))],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_fields_hold_the_event_is_valid(mut record in any_record(E::ALL), kind in 0usize..TYPES.len()) {
        record.insert("event_type".into(), TYPES[kind].into());
        always_valid(Format::Suricata, record)?;
    }

    #[test]
    fn mutations_never_panic(changes in proptest::collection::vec((0usize..4_000, any::<u8>()), 0..6)) {
        mutated(Format::Suricata, ALERT, &changes);
    }
}
