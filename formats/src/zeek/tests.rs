//! Zeek logs of every sort, nested and flat, and with anything in them.

use model::Format;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{always_valid, any_record, check, event, full, mutated, violations};

#[test]
fn the_table_is_in_order() {
    assert!(LOGS.is_sorted_by(|one, next| one.0 < next.0));
}

#[test]
fn every_log_makes_a_valid_event_of_its_class() {
    for (path, class, ..) in LOGS {
        let mut record = full(Z::ALL);
        record.insert("_path".into(), (*path).into());
        record.insert("opcode".into(), "bind simple".into());
        let (event, troubles) = event(Format::Zeek, &Value::Object(record).to_string());
        assert_eq!(violations(&event), Vec::<String>::new(), "{path}: {}", event.to_json());
        assert_eq!((event.class, troubles.len()), (*class, 0), "{path}: {troubles:?}");
    }
}

const CONN: &str = r#"{"_path":"conn","ts":1521911720.25,"uid":"C1","id":{"orig_h":"10.0.0.1","orig_p":40000,"resp_h":"192.0.2.7",
    "resp_p":443},"proto":"tcp","service":"ssl","duration":1.5,"orig_bytes":10,"resp_bytes":20,"conn_state":"SF","local_orig":true,
    "local_resp":false,"history":"ShAD","orig_pkts":3,"resp_pkts":4,"missed_bytes":0}"#;

#[test]
fn connections() {
    check(
        Format::Zeek,
        CONN,
        &[
            ("/type_uid", json!(400_106)),
            ("/time", json!(1_521_911_720_250i64)),
            ("/src_endpoint/ip", json!("10.0.0.1")),
            ("/dst_endpoint/port", json!(443)),
            ("/connection_info/protocol_num", json!(6)),
            ("/connection_info/direction_id", json!(2)),
            ("/connection_info/uid", json!("C1")),
            ("/traffic/bytes", json!(30)),
            ("/traffic/bytes_out", json!(10)),
            ("/duration", json!(1500)),
            ("/app_name", json!("ssl")),
        ],
    );
}

#[test]
fn names_and_answers() {
    check(
        Format::Zeek,
        r#"{"_path":"dns","ts":"2018-03-24T17:15:20.865716Z","uid":"C","id.orig_h":"10.47.1.100","id.orig_p":41772,"id.resp_h":"10.0.0.100",
        "id.resp_p":53,"proto":"udp","trans_id":36329,"rtt":0.001,"query":"ise.example","qclass_name":"C_INTERNET","qtype_name":"A",
        "rcode":3,"rcode_name":"NXDOMAIN","answers":["a.example","192.0.2.16"],"TTLs":[2230.0,41830.0],"rejected":false}"#,
        &[
            ("/type_uid", json!(400_306)),
            ("/query/hostname", json!("ise.example")),
            ("/query/class", json!("IN")),
            ("/answers/1/rdata", json!("192.0.2.16")),
            ("/answers/1/ttl", json!(41830)),
            ("/answers/1/type", json!("A")),
            ("/rcode_id", json!(3)),
        ],
    );
}

#[test]
fn web_and_mail() {
    check(
        Format::Zeek,
        r#"{"_path":"http","ts":1.6e9,"uid":"C","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"192.0.2.7","id.resp_p":80,"method":"POST",
        "host":"evil.example:8080","uri":"/gate.php?x=1","user_agent":"ua","status_code":200,"status_msg":"OK","request_body_len":5}"#,
        &[
            ("/type_uid", json!(400_206)),
            ("/http_request/url/url_string", json!("http://evil.example:8080/gate.php?x=1")),
            ("/http_request/url/path", json!("/gate.php")),
            ("/http_request/url/port", json!(8080)),
            ("/dst_endpoint/hostname", json!("evil.example")),
            ("/http_response/code", json!(200)),
        ],
    );
    check(
        Format::Zeek,
        r#"{"_path":"smtp","ts":1.6e9,"uid":"C","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"192.0.2.7","id.resp_p":25,
        "mailfrom":"<x@a.example>","from":"Ada <ada@a.example>","rcptto":["<b@b.example>","c@c.example"],"subject":"hello"}"#,
        &[
            ("/class_uid", json!(4009)),
            ("/email/from", json!("ada@a.example")),
            ("/email/to", json!(["b@b.example", "c@c.example"])),
        ],
    );
}

#[test]
fn files_and_logons() {
    check(
        Format::Zeek,
        r#"{"_path":"files","ts":1.6e9,"fuid":"F1","tx_hosts":["192.0.2.7"],"rx_hosts":["10.0.0.1"],"source":"HTTP","analyzers":["MD5"],
        "mime_type":"application/x-dosexec","seen_bytes":5,"is_orig":false,"sha256":"f191798f18c5b6700f3d7b266aa3aed71f4734c55685c09ca2cb1537da9f0dc9"}"#,
        &[
            ("/type_uid", json!(401_002)),
            ("/src_endpoint/ip", json!("10.0.0.1")),
            ("/dst_endpoint/ip", json!("192.0.2.7")),
            ("/file/hashes/0/algorithm_id", json!(3)),
        ],
    );
    check(
        Format::Zeek,
        r#"{"_path":"kerberos","ts":1.6e9,"uid":"C","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":88,
        "request_type":"TGS","client":"ada/CITY","service":"web","success":false,"error_msg":"KDC_ERR"}"#,
        &[("/type_uid", json!(300_204)), ("/user/name", json!("ada")), ("/status_id", json!(2))],
    );
    check(
        Format::Zeek,
        r#"{"_path":"ntlm","ts":1.6e9,"uid":"C","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":445,"success":true}"#,
        &[("/type_uid", json!(400_106)), ("/app_name", json!("ntlm"))],
    );
}

#[test]
fn operational_technology_is_network_activity() {
    let app = |path: &str| {
        let body = format!(
            r#"{{"_path":"{path}","ts":1.6e9,"uid":"C","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":2,"func":"READ_COILS"}}"#
        );
        let (event, troubles) = event(Format::Zeek, &body);
        assert_eq!(violations(&event), Vec::<String>::new());
        assert_eq!(troubles, []);
        (event.class.uid(), event.attributes.app_name.unwrap_or_default(), event.attributes.message.unwrap_or_default())
    };
    assert_eq!(app("modbus"), (4001, "modbus".into(), "modbus READ_COILS".into()));
    assert_eq!(app("bacnet_property"), (4001, "bacnet".into(), "bacnet_property READ_COILS".into()));
    assert_eq!(app("dnp3_objects").1, "dnp3");
    assert_eq!(app("s7comm_plus").1, "s7comm");
    assert_eq!(app("novel_protocol").1, "novel_protocol");
}

#[test]
fn a_log_without_a_name_is_known_by_its_fields() {
    let path = |body: &str| crate::fields(Format::Zeek, body.as_bytes()).unwrap().text("_path").map(Cow::into_owned);
    assert_eq!(path(&CONN.replace("\"_path\":\"conn\",", "")).as_deref(), Some("conn"));
    assert_eq!(path(r#"{"ts":1,"uid":"C","trans_id":1,"rejected":false}"#).as_deref(), Some("dns"));
    assert_eq!(path(r#"{"ts":1,"uid":"C"}"#), None);
}

#[test]
fn notices_are_findings_with_evidence() {
    check(
        Format::Zeek,
        r#"{"_path":"notice","ts":1.6e9,"note":"SSL::Invalid_Server_Cert","msg":"bad","src":"10.0.0.1","dst":"192.0.2.7","p":443,"actions":[]}"#,
        &[
            ("/type_uid", json!(200_401)),
            ("/finding_info/title", json!("SSL::Invalid_Server_Cert")),
            ("/evidences/0/dst_endpoint/ip", json!("192.0.2.7")),
            ("/dst_endpoint", Value::Null),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_fields_hold_the_event_is_valid(mut record in any_record(Z::ALL), log in 0usize..LOGS.len() + 3) {
        let path = LOGS.get(log).map_or(["modbus", "x509", ""][log % 3], |(path, ..)| path);
        record.insert("_path".into(), path.into());
        always_valid(Format::Zeek, record)?;
    }

    #[test]
    fn mutations_never_panic(changes in proptest::collection::vec((0usize..4_000, any::<u8>()), 0..6)) {
        mutated(Format::Zeek, CONN, &changes);
    }
}
