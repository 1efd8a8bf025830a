//! Windows events of every table, of every shape, and with anything in them.

use model::Format;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::names::W;
use super::table::Rule;
use super::*;
use crate::testing::{always_valid, any_record, check, event, full, mutated, violations};

const TABLES: &[(&str, &str, &[Rule])] = &[
    ("Microsoft-Windows-Sysmon/Operational", "", sysmon::RULES),
    ("Security", "", security::RULES),
    ("Microsoft-Windows-PowerShell/Operational", "", powershell::OPERATIONAL),
    ("Windows PowerShell", "", powershell::CLASSIC),
    ("Microsoft-Windows-TaskScheduler/Operational", "", operational::TASKS),
    ("Microsoft-Windows-WMI-Activity/Operational", "", operational::WMI),
    ("Microsoft-Windows-Windows Defender/Operational", "", defender::RULES),
    ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", "", operational::SESSIONS),
    ("Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational", "", operational::CONNECTIONS),
    ("Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", "", operational::RDP_CORE),
    ("Microsoft-Windows-TerminalServices-RDPClient/Operational", "", operational::RDP_CLIENT),
    ("Microsoft-Windows-DNS-Client/Operational", "", operational::DNS),
    ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", "", operational::FIREWALL),
    ("Microsoft-Windows-Bits-Client/Operational", "", operational::TRANSFERS),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "", operational::APP_CONTROL),
    ("Microsoft-Windows-NTLM/Operational", "", operational::NTLM),
];

fn all_tables() -> Vec<(&'static str, &'static str, &'static [Rule])> {
    let mut tables = TABLES.to_vec();
    for provider in ["Service Control Manager", "Microsoft-Windows-Eventlog", "Microsoft-Windows-DNS-Client"] {
        tables.push(("System", provider, system::system(provider)));
    }
    tables.push(("Application", "MsiInstaller", system::application("MsiInstaller")));
    tables
}

#[test]
fn tables_are_in_order_and_found() {
    for (channel, provider, table) in all_tables() {
        assert!(table.is_sorted_by(|one, next| one.id < next.id), "{channel}");
        let ids = |table: &[Rule]| table.iter().map(|rule| rule.id).collect::<Vec<_>>();
        assert_eq!(ids(rules(&channel.to_ascii_uppercase(), provider)), ids(table), "{channel}");
    }
}

#[test]
fn every_line_makes_a_valid_event_of_its_class() {
    for (channel, provider, table) in all_tables() {
        for rule in table {
            let mut record = full(W::ALL);
            record.insert("Channel".into(), channel.into());
            record.insert("EventID".into(), rule.id.into());
            record.insert("Keywords".into(), "0x8020000000000000".into());
            for (name, value) in [("Provider_Name", provider), ("SourceName", provider)] {
                record.insert(name.into(), value.into());
            }
            // A plausible object, so that the object's own class is seen too.
            record.insert("ObjectType".into(), "Process".into());
            let body = Value::Object(record).to_string();
            let (event, troubles) = event(Format::Windows, &body);
            assert_eq!(violations(&event), Vec::<String>::new(), "{channel} {}: {}", rule.id, event.to_json());
            assert_eq!(troubles, [], "{channel} {}", rule.id);
            assert!(
                event.class == rule.class || (event.class, rule.class) == (Class::REGISTRY_VALUE, Class::REGISTRY_KEY),
                "{channel} {} became {:?}",
                rule.id,
                event.class
            );
        }
    }
}

#[test]
fn an_empty_record_of_any_id_is_a_valid_event() {
    for (channel, provider, table) in all_tables() {
        for rule in table {
            let body = json!({"Channel": channel, "EventID": rule.id, "Provider_Name": provider, "TimeCreated": "2020-01-01T00:00:00Z"});
            let (event, _) = event(Format::Windows, &body.to_string());
            assert_eq!(violations(&event), Vec::<String>::new(), "{channel} {}: {}", rule.id, event.to_json());
        }
    }
}

const SYSMON_1: &str = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":1,"Level":4,
    "TimeCreated":{"#attributes":{"SystemTime":"2025-11-28T08:30:20.966901Z"}},"EventRecordID":258,
    "Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"gate.city.example"},"EventData":{"UtcTime":"2025-11-28 08:30:20.964",
    "ProcessGuid":"0197231E-5D9C-6929-4111-000000000D00","ProcessId":6336,"Image":"C:\\Windows\\System32\\cmd.exe",
    "CommandLine":"cmd /c \"x\"","User":"CITY\\ada","IntegrityLevel":"High","LogonId":"0x3b5e64",
    "Hashes":"SHA1=8AE6C0DEA8D61EA98E9F91380C2C34751BBC9FFD,SHA256=F191798F18C5B6700F3D7B266AA3AED71F4734C55685C09CA2CB1537DA9F0DC9",
    "ParentProcessId":14968,"ParentImage":"C:\\Windows\\explorer.exe","ParentCommandLine":"explorer","ParentUser":"CITY\\ada"}}}"##;

#[test]
fn a_process_has_its_parent() {
    check(
        Format::Evtx,
        SYSMON_1,
        &[
            ("/type_uid", json!(100_701)),
            ("/time", json!(1_764_318_620_964i64)),
            ("/process/name", json!("cmd.exe")),
            ("/process/pid", json!(6336)),
            ("/process/cmd_line", json!("cmd /c \"x\"")),
            ("/process/user/domain", json!("CITY")),
            ("/process/integrity_id", json!(4)),
            ("/process/file/hashes/1/algorithm_id", json!(3)),
            ("/process/parent_process/name", json!("explorer.exe")),
            ("/actor/process/pid", json!(14968)),
            ("/device/hostname", json!("gate.city.example")),
            ("/metadata/profiles", json!(["host"])),
            ("/metadata/event_code", json!("1")),
        ],
    );
}

#[test]
fn log_ons_say_who_from_where_and_why_not() {
    check(
        Format::Windows,
        r#"{"EventID":4625,"Channel":"security","Hostname":"dc","TimeCreated":"2022-08-08T12:30:09.774Z","TargetUserName":"ada",
        "TargetDomainName":"CITY","TargetUserSid":"S-1-0-0","Status":"0xc000006d","SubStatus":"0xc000006a","LogonType":"10",
        "AuthenticationPackageName":"NTLM","WorkstationName":"PC","IpAddress":"::ffff:192.0.2.7","IpPort":"50387","ProcessId":"0x0"}"#,
        &[
            ("/type_uid", json!(300_201)),
            ("/status_id", json!(2)),
            ("/status_detail", json!("wrong password")),
            ("/user/name", json!("ada")),
            ("/user/uid", Value::Null),
            ("/src_endpoint/ip", json!("192.0.2.7")),
            ("/src_endpoint/port", json!(50387)),
            ("/dst_endpoint/hostname", json!("dc")),
            ("/logon_type_id", json!(10)),
            ("/is_remote", json!(true)),
            ("/auth_protocol_id", json!(1)),
        ],
    );
    check(
        Format::Windows,
        r#"{"EventID":4769,"Channel":"Security","Computer":"dc","TimeCreated":"2022-08-08T12:30:09Z","TargetUserName":"ada@CITY.EXAMPLE",
        "ServiceName":"WEB$","Status":"0x0","IpAddress":"::1"}"#,
        &[
            ("/type_uid", json!(300_204)),
            ("/user/name", json!("ada")),
            ("/user/domain", json!("CITY.EXAMPLE")),
            ("/status_id", json!(1)),
        ],
    );
}

#[test]
fn objects_choose_their_class() {
    let class = |kind: &str, mask: &str, id: i64| {
        let body = json!({"EventID": id, "Channel": "Security", "TimeCreated": "2022-08-08T12:30:09Z", "ObjectType": kind,
            "ObjectName": "\\REGISTRY\\MACHINE\\x", "AccessMask": mask, "HandleId": "0x1", "SubjectUserName": "a"});
        let (event, _) = event(Format::Windows, &body.to_string());
        event.class.type_uid(event.activity_id)
    };
    assert_eq!(class("File", "0x1", 4663), 100_102);
    assert_eq!(class("File", "0x10000", 4663), 100_104);
    assert_eq!(class("Key", "0x2", 4656), 20_100_103);
    assert_eq!(class("Key", "0x2", 4670), 20_100_106);
    assert_eq!(class("Process", "0x1fffff", 4656), 20_100_301);
}

#[test]
fn registry_events_tell_keys_from_values() {
    let kind = |id: i64, event_type: &str| {
        let body = json!({"EventID": id, "Channel": "Microsoft-Windows-Sysmon/Operational", "UtcTime": "2022-08-08 12:30:09",
            "EventType": event_type, "TargetObject": "HKLM\\a\\b", "Image": "x"});
        let (event, troubles) = event(Format::Windows, &body.to_string());
        assert_eq!(troubles, []);
        event.class.type_uid(event.activity_id)
    };
    assert_eq!(kind(12, "CreateKey"), 20_100_101);
    assert_eq!(kind(12, "DeleteKey"), 20_100_104);
    assert_eq!(kind(12, "DeleteValue"), 20_100_204);
    assert_eq!(kind(13, "SetValue"), 20_100_202);
    // NXLog's own EventType hides Sysmon's.
    assert_eq!(kind(13, "INFO"), 20_100_202);
    assert_eq!(kind(14, "RenameKey"), 20_100_105);
}

#[test]
fn times_are_taken_from_the_best_witness() {
    let time = |fields: &str| {
        let body = format!(r#"{{"EventID":1,"Channel":"x",{fields}}}"#);
        let (event, troubles) = event(Format::Windows, &body);
        (event.time.to_string(), troubles.len())
    };
    assert_eq!(
        time(r#""TimeCreated":"2023-07-19T09:02:20.021Z","UtcTime":"2023-07-19 16:02:20.020""#),
        ("2023-07-19T16:02:20.02Z".into(), 0)
    );
    assert_eq!(
        time(r#""EventTime":"2020-06-09 22:50:54","@timestamp":"2020-06-10T02:50:57Z""#).0,
        "2020-06-10T02:50:57Z"
    );
    assert_eq!(
        time(r#""EventTime":"2020-06-09T22:50:54-04:00","@timestamp":"2020-06-10T02:50:57Z""#).0,
        "2020-06-10T02:50:54Z"
    );
    assert_eq!(time(r#""EventTime":"2020-06-09 22:50:54""#).0, "2020-06-09T22:50:54Z");
    assert_eq!(time(r#""x":1"#), ("2023-11-14T22:13:20Z".into(), 1));
}

#[test]
fn classic_powershell_is_read_from_its_words() {
    check(
        Format::Windows,
        r#"{"EventID":400,"Channel":"Windows PowerShell","Hostname":"h","TimeCreated":"2023-07-19T09:02:20Z",
        "Message":"Engine state is changed from None to Available. \r\n\r\nDetails: \r\n\tNewEngineState=Available\r\n\tHostApplication=C:\\windows\\powershell.exe -enc AAAA\r\n\tEngineVersion=5.1\r\n"}"#,
        &[
            ("/type_uid", json!(600_203)),
            ("/app/version", json!("5.1")),
            ("/actor/process/name", json!("powershell.exe")),
            ("/actor/process/cmd_line", json!("C:\\windows\\powershell.exe -enc AAAA")),
        ],
    );
    check(
        Format::Evtx,
        r##"{"Event":{"System":{"EventID":800,"Channel":"Windows PowerShell","TimeCreated":{"#attributes":{"SystemTime":"2023-07-19T09:02:20Z"}}},
        "EventData":{"Data":{"#text":["Get-Item x","\tHostApplication=pwsh.exe\r\n\tScriptName=C:\\a\\b.ps1","z"]}}}}"##,
        &[
            ("/type_uid", json!(100_901)),
            ("/script/script_content/value", json!("Get-Item x")),
            ("/script/name", json!("b.ps1")),
            ("/actor/process/name", json!("pwsh.exe")),
        ],
    );
}

#[test]
fn cleared_logs_are_named() {
    check(
        Format::Windows,
        r#"{"EventID":104,"Channel":"System","SourceName":"Microsoft-Windows-Eventlog","TimeCreated":"2023-07-19T09:02:20Z",
        "Message":"The Windows PowerShell log file was cleared."}"#,
        &[("/type_uid", json!(100_801)), ("/log_name", json!("Windows PowerShell"))],
    );
    check(
        Format::Evtx,
        r#"{"Event":{"System":{"EventID":104,"Channel":"System","Provider":{"Name":"Microsoft-Windows-Eventlog"},
        "TimeCreated":{"SystemTime":"2023-07-19T09:02:20Z"}},"UserData":{"LogFileCleared":{"SubjectUserName":"ada","Channel":"Setup"}}}}"#,
        &[("/log_name", json!("Setup")), ("/actor/user/name", json!("ada"))],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_fields_hold_the_event_is_valid(
        mut record in any_record(W::ALL),
        table in 0usize..20,
        line in 0usize..200,
    ) {
        let tables = all_tables();
        let (channel, provider, table) = tables[table % tables.len()];
        record.insert("Channel".into(), channel.into());
        record.insert("Provider_Name".into(), provider.into());
        record.insert("EventID".into(), table[line % table.len()].id.into());
        always_valid(Format::Windows, record)?;
    }

    #[test]
    fn mutations_never_panic(changes in proptest::collection::vec((0usize..4_000, any::<u8>()), 0..6)) {
        mutated(Format::Evtx, SYSMON_1, &changes);
    }
}
