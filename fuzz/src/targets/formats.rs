//! Records of every format, files that hold records, and mapping files.

use ::formats::split::records;
use ::formats::{Container, Mappings, container, json as scanner};
use model::Format;
use model::limits::{JSON_DEPTH_MAX, RECORD_BYTES_MAX, RECORD_FIELDS_MAX};
use serde_json::Value;

use crate::event::check_record;

macro_rules! records_of {
    ($($(#[$doc:meta])* $name:ident: $format:ident;)+) => {
        $($(#[$doc])*
        pub fn $name(bytes: &[u8]) {
            check_record(Format::$format, bytes, &Mappings::default());
        })+
    };
}

records_of! {
    /// A Windows event as JSON, from a collector and from an EVTX reader.
    windows: Windows;
    /// A Zeek record.
    zeek: Zeek;
    /// A Suricata record.
    suricata: Suricata;
    /// A CloudTrail record.
    cloudtrail: CloudTrail;
    /// A record of Microsoft 365 or Entra.
    m365: M365;
    /// An event that is OCSF already.
    ocsf: Ocsf;
    /// A flow that the decoder wrote.
    netflow_flow: Netflow;
    /// A bare CEF line.
    cef: Cef;
    /// A line of the audit daemon.
    auditd: Auditd;
}

/// A syslog line, with whatever speaks inside.
pub fn syslog(bytes: &[u8]) {
    let event = check_record(Format::Syslog, bytes, &Mappings::default());
    assert!(event.is_some() || bytes.len() > RECORD_BYTES_MAX, "every line is an event");
}

/// The JSON scanner: it takes what `serde_json` takes, within its limits, and loses nothing of it.
pub fn json(bytes: &[u8]) {
    let scanned = scanner::scan(bytes, Format::Json, scanner::no_lift);
    // `Value` stops at 128 levels and at numbers beyond f64; where it says no for those reasons, the other one judges.
    let is_valid = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    match &scanned {
        Ok(fields) => {
            assert!(fields.len() <= RECORD_FIELDS_MAX);
            assert!(is_valid, "what the scanner takes is JSON");
            if let Ok(Value::Object(object)) = serde_json::from_slice(bytes) {
                let tops = object.iter().filter(|(name, _)| !name.contains('.') && !name.is_empty());
                tops.for_each(|(name, value)| same(name, value, fields));
            }
        }
        Err(trouble) if trouble.reason == model::NoteReason::TooLarge => {}
        Err(trouble) => {
            let is_object = bytes.trim_ascii_start().starts_with(b"{");
            let is_utf8 = std::str::from_utf8(bytes).is_ok();
            assert!(!(is_valid && is_object && is_utf8) || depth(bytes) > JSON_DEPTH_MAX, "{trouble:?}");
        }
    }
}

/// A member that stands in the record once has the value that it has there.
fn same(name: &str, value: &Value, fields: &model::Fields<'_>) {
    let mut found = fields.iter().filter(|field| field.name == name);
    let (Some(first), None) = (found.next(), found.next()) else { return };
    if let Value::String(text) = value {
        assert_eq!(first.value.to_str().as_deref(), Some(text.as_str()), "{name}");
    }
}

/// Levels of brackets, those inside strings counted too: an upper bound.
fn depth(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count()
}

/// Any JSON, read by mappings that use every feature.
pub fn json_mapped(bytes: &[u8]) {
    thread_local! {
        static MAPPINGS: Mappings = Mappings::parse(MAPPING).unwrap_or_else(|error| panic!("{error}"));
    }
    MAPPINGS.with(|mappings| check_record(Format::Json, bytes, mappings));
}

/// A mapping file, and a record that it reads: two parts with a zero byte between.
pub fn mapping_file(bytes: &[u8]) {
    let (file, record) = parts(bytes);
    let file = String::from_utf8_lossy(file);
    match (Mappings::parse(&file), Mappings::parse(&file)) {
        (Ok(mappings), Ok(_)) => {
            check_record(Format::Json, record, &mappings);
        }
        (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
        _ => panic!("the same file is taken and refused"),
    }
}

/// What stands in front of the first zero byte, and behind it.
pub(super) fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default())
}

/// Which format, which container; and what was recognised is read as that.
pub fn recognise(bytes: &[u8]) {
    let container = container(bytes);
    if let Some(format) = ::formats::recognise(bytes) {
        check_record(format, bytes, &Mappings::default());
        assert!(container != Container::Evtx || format != Format::Evtx, "records are not containers");
    }
}

/// A file into records: none is lost, none stands twice, each says where it stood.
pub fn split(bytes: &[u8]) {
    let pieces: Vec<_> = records(bytes).collect();
    assert_eq!(pieces, records(bytes).collect::<Vec<_>>());
    let (mut end, mut line) = (0, 1);
    for piece in &pieces {
        let start = usize::try_from(piece.offset).unwrap_or(usize::MAX);
        assert!(start >= end, "pieces stand behind one another");
        line += newlines(bytes.get(end..start).unwrap_or_default());
        assert_eq!(piece.line, line, "at {start}");
        end = start;
        if let Ok(body) = &piece.body {
            assert!(!body.is_empty() && body.len() <= RECORD_BYTES_MAX);
            assert_eq!(bytes.get(start..start + body.len()), Some(*body));
            line += newlines(body);
            end = start + body.len();
        }
    }
    if !records(bytes).is_document() {
        lines_are_whole(bytes, pieces.len());
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn lines_are_whole(bytes: &[u8], found: usize) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert_eq!(found, lines, "each line is a piece");
}

/// Mappings that use every feature.
const MAPPING: &str = r#"
[[mapping]]
name = "door"
class = "Authentication"
activity = { field = "action", map = { open = 1, close = 2 }, default = 99 }
severity = { field = "level", map = { low = 2, high = 4 }, default = 1 }
product = { vendor = "Acme", name = "Door" }
match = { "device.kind" = "door", action = ["open", "close", "jam"], "test" = { exists = false } }
time = { field = "at", format = "%d/%b/%Y:%H:%M:%S %z" }
[mapping.set]
"service.name" = "door"
is_remote = false
[mapping.fields]
"user.name" = "badge.holder"
"src_endpoint.ip" = "reader.address"
"src_endpoint.port" = "port"
"status_id" = { field = "result", map = { ok = 1, refused = 2 }, default = 0 }
"unmapped.temperature" = "t"

[[mapping]]
name = "seconds"
class = 1001
match = { kind = "file" }
time = { field = "at", format = "seconds" }
fields = { "file.path" = "path", "file.size" = "size", "unmapped.all" = "all" }

[[mapping]]
name = "anything"
class = 4001
time = { field = "at", format = "nanoseconds" }
fields = { "dst_endpoint.port" = "port", "message" = "m" }
"#;

/// Records that use them.
const MAPPED: &[&str] = &[
    r#"{"device":{"kind":"door"},"action":"open","level":"high","at":"02/Mar/2026:02:14:07 +0100","badge":{"holder":"ada"},"reader":{"address":"192.0.2.7"},"port":"443","result":"ok","t":21.5}"#,
    r#"{"kind":"file","at":1772409600.25,"path":"/etc/passwd","size":"12","all":{"a":[1,2]}}"#,
    r#"{"at":1772409600000000000,"port":[1,2],"m":"x"}"#,
];

pub(super) mod seeds {
    use testkit::city::Log;

    use super::{MAPPED, MAPPING};
    use crate::seeds::{city, lines, texts};

    pub(in super::super) fn windows() -> Vec<Vec<u8>> {
        let nested = texts(&[
            r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":{"#attributes":{"Qualifiers":"0"},"#text":1},"TimeCreated":{"#attributes":{"SystemTime":"2025-11-28T08:30:20.966901Z"}},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"gate.city.example"},"EventData":{"Image":"C:\\Windows\\a.exe","Hashes":"SHA1=67C25C8F28B5FA7F5BAA85BF1D2726AED48E9CF0","Data":[{"a":1}]}}}"#,
            r#"{"@timestamp":"2020-06-10T12:00:00Z","winlog":{"event_id":4624,"channel":"Security","computer_name":"gate","event_data":{"TargetUserName":"ada","LogonType":"10","IpAddress":"::ffff:192.0.2.7"}}}"##,
            r#"{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational","ScriptBlockText":"iex","Message":"a\r\nb: c","EventTime":"2020-06-10 12:00:00"}"#,
        ]);
        [city(Log::Windows), nested].concat()
    }

    pub(in super::super) fn zeek() -> Vec<Vec<u8>> {
        city(Log::Zeek)
    }

    pub(in super::super) fn suricata() -> Vec<Vec<u8>> {
        city(Log::Suricata)
    }

    pub(in super::super) fn cloudtrail() -> Vec<Vec<u8>> {
        city(Log::CloudTrail)
    }

    pub(in super::super) fn m365() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"id":"i","createdDateTime":"2023-01-01T00:00:00Z","userDisplayName":"Ada","userPrincipalName":"ada@city.example","userId":"u","appDisplayName":"Portal","appId":"p","ipAddress":"192.0.2.7","clientAppUsed":"Browser","isInteractive":true,"authenticationRequirement":"multiFactorAuthentication","status":{"errorCode":50126,"failureReason":"Invalid password"},"deviceDetail":{"displayName":"PC"},"location":{"city":"Town","countryOrRegion":"DE"}}"#,
            r#"{"CreationTime":"2023-01-01T00:00:00","Id":"i","Operation":"UserLoggedIn","RecordType":15,"ResultStatus":"Succeeded","UserId":"ada@city.example","UserKey":"k","Workload":"AzureActiveDirectory","ClientIP":"[2001:db8::1]:443","OrganizationId":"o","ExtendedProperties":[{"Name":"UserAgent","Value":"x"}],"Actor":[{"ID":"a","Type":5}]}"#,
            r#"{"CreationTime":"2023-01-01T00:00:00","Id":"i","Operation":"New-InboxRule","RecordType":1,"Workload":"Exchange","UserId":"ada@city.example","Parameters":[{"Name":"ForwardTo","Value":"x@b.example"}],"ObjectId":"o"}"#,
            r#"{"CreationTime":"2023-01-01T00:00:00","Id":"i","Operation":"FileDownloaded","RecordType":6,"Workload":"SharePoint","UserId":"ada@city.example","ObjectId":"https://a.example/b.docx","SourceFileName":"b.docx","ClientIP":"192.0.2.7"}"#,
            r#"{"activityDisplayName":"Add user","activityDateTime":"2023-01-01T00:00:00Z","initiatedBy":{"user":{"userPrincipalName":"ada@city.example","ipAddress":"192.0.2.7"}},"targetResources":[{"displayName":"bob","type":"User","modifiedProperties":[{"displayName":"a","newValue":"b"}]}],"result":"success"}"#,
            r#"{"time":"2023-01-01T00:00:00Z","resourceId":"/t","operationName":"Sign-in activity","category":"SignInLogs","tenantId":"T","properties":{"id":"i","createdDateTime":"2023-01-01T00:00:00Z","userPrincipalName":"ada@city.example"}}"#,
        ])
    }

    /// What the others' records become.
    pub(in super::super) fn ocsf() -> Vec<Vec<u8>> {
        use formats::Mappings;
        let of = |format, records: Vec<Vec<u8>>| {
            let event = |record: &Vec<u8>| crate::event::check_record(format, record, &Mappings::default());
            records.iter().step_by(7).filter_map(event).map(|event| event.to_json().into_bytes()).collect::<Vec<_>>()
        };
        [of(model::Format::Windows, windows()), of(model::Format::Zeek, zeek()), of(model::Format::Syslog, syslog())]
            .concat()
    }

    pub(in super::super) fn netflow_flow() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"exporter":"192.0.2.1","flowVersion":10,"observationDomainId":1,"exportTime":1714979289,"sourceIPv4Address":"192.0.2.10","destinationIPv4Address":"198.51.100.20","sourceTransportPort":40000,"destinationTransportPort":443,"protocolIdentifier":6,"octetDeltaCount":1234,"packetDeltaCount":3,"flowStartMilliseconds":1714979280000,"flowEndMilliseconds":1714979285000,"firewallEvent":3,"sourceMacAddress":"00:00:5e:00:53:01","bgpSourceAsNumber":64500,"vlanId":7,"tcpControlBits":2}"#,
            r#"{"exporter":"192.0.2.1","flowVersion":9,"observationDomainId":7,"exportTime":1714979289,"systemInitTimeMilliseconds":1714979279000,"sourceIPv6Address":"2001:db8::1","destinationIPv6Address":"2001:db8::2","flowStartSysUpTime":1000,"flowEndSysUpTime":4000,"protocolIdentifier":58,"icmpTypeCodeIPv6":128,"octetDeltaCount":18446744073709551615}"#,
        ])
    }

    pub(in super::super) fn syslog() -> Vec<Vec<u8>> {
        let inner = r#"<134>1 2026-03-01T02:14:07.003Z fw01 app 12 ID47 [ex@32473 a="1" b="\]\"x"] "#;
        let wrapped = lines(model::Format::Cef).into_iter().chain(lines(model::Format::Auditd));
        let wrapped = wrapped.map(|line| [inner.as_bytes(), &line].concat());
        city(Log::Syslog).into_iter().chain(lines(model::Format::Syslog)).chain(wrapped).collect()
    }

    pub(in super::super) fn cef() -> Vec<Vec<u8>> {
        let more = texts(&[
            r"CEF:0|security|threat\|manager|1.0|100|detected a \| in message|10|src=192.0.2.1 act=blocked a | dst=198.51.100.2",
            r"CEF:1|v|p|1|2|n|3|msg=a\=b c\\d C:\temp e\nf cs1Label=Rule Name cs1=block all  duser=bob rt=Mar 01 2026 02:14:07 end=1772409600000",
        ]);
        [lines(model::Format::Cef), more].concat()
    }

    pub(in super::super) fn auditd() -> Vec<Vec<u8>> {
        [city(Log::Auditd), lines(model::Format::Auditd)].concat()
    }

    pub(in super::super) fn json() -> Vec<Vec<u8>> {
        let more = texts(&[r#"{"a":{"b":[1,-2.5e+3,{"c":null}],"d":"\u00e4\ud83d\ude00\n"},"e":true,"":0}"#, " {} "]);
        [city(Log::CloudTrail), more].concat()
    }

    pub(in super::super) fn json_mapped() -> Vec<Vec<u8>> {
        texts(MAPPED)
    }

    pub(in super::super) fn mapping_file() -> Vec<Vec<u8>> {
        MAPPED.iter().map(|record| [MAPPING.as_bytes(), b"\0", record.as_bytes()].concat()).collect()
    }

    pub(in super::super) fn recognise() -> Vec<Vec<u8>> {
        let all = [windows(), zeek(), suricata(), cloudtrail(), m365(), syslog(), cef(), auditd()];
        all.into_iter().flat_map(|records| records.into_iter().step_by(4)).collect()
    }

    pub(in super::super) fn split() -> Vec<Vec<u8>> {
        let lines = [city(Log::Zeek), city(Log::Syslog)].map(|lines| lines.join(&b'\n'));
        let array = [b"[".to_vec(), city(Log::CloudTrail).join(&b','), b"]".to_vec()].concat();
        let small = texts(&[
            "{\"Records\":[{\"a\":1},\n{\"a\":\"]}\\\"\"}]}",
            "{\"@odata.context\":\"x\",\"n\":1,\"o\":{\"q\":[]},\"value\":[{\"a\":1}, 7]}",
            "{\n\"a\":1}\n{\n\"a\":2}\n",
            "\u{feff}a\r\n\r\n[12:00] b\n",
        ]);
        lines.into_iter().chain([array]).chain(small).collect()
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const windows: Words = &[
        "EventID",
        "Channel",
        "Security",
        "4688",
        "4624",
        "EventData",
        "System",
        "#attributes",
        "#text",
        "Data",
        "Hashes",
        "SHA1=",
        "UserData",
        "TimeCreated",
        "SystemTime",
        "Execution",
        "ProcessID",
        "Provider",
        "S-1-5-21-1-2-3-500",
        "HKLM\\",
        "\\\\",
        "%%1842",
    ];
    pub(in super::super) const zeek: Words =
        &["_path", "conn", "http", "ssl", "files", "x509", "modbus", "ts", "uid", "id.orig_h", "notice", "smb_files"];
    pub(in super::super) const suricata: Words =
        &["event_type", "alert", "dns", "http", "tls", "fileinfo", "flow", "stats", "anomaly", "smb", "krb5"];
    pub(in super::super) const cloudtrail: Words = &[
        "eventSource",
        "userIdentity",
        "sourceIPAddress",
        "requestParameters",
        "eventName",
        "errorCode",
        "AssumedRole",
    ];
    pub(in super::super) const m365: Words =
        &["Operation", "Workload", "CreationTime", "ExtendedProperties", "properties", "status", "Parameters"];
    pub(in super::super) const ocsf: Words =
        &["class_uid", "metadata", "time", "type_uid", "activity_id", "severity_id", "observables", "unmapped"];
    pub(in super::super) const netflow_flow: Words =
        &["flowStartSysUpTime", "exportTime", "systemInitTimeMilliseconds", "protocolIdentifier", "flowEndReason"];
    pub(in super::super) const syslog: Words = &[
        "<0>",
        "<191>",
        "<192>",
        "<13>1 ",
        "[ex@1 a=\"",
        "\\\"]",
        "CEF:0|",
        "type=SYSCALL msg=audit(1:2): ",
        "kernel: ",
        "sshd[1]: ",
        "sudo: ",
        "%ASA-6-302013: ",
        "devname=",
        "logid=",
        "filterlog[1]: ",
        "TRAFFIC",
        "named: client ",
        "postfix/smtpd[1]: ",
        "<Event>",
        "audit: type=1400 audit(1.2:3): ",
        "from 192.0.2.7 port ",
        "Accepted password for ",
        "IN=eth0 OUT= SRC=",
        "date=2026-03-01",
    ];
    pub(in super::super) const cef: Words =
        &["CEF:0|", "CEF:1|", "\\|", "\\=", "cs1Label=", "rt=", "src=", "msg=", "\\n", "|"];
    pub(in super::super) const auditd: Words = &[
        "type=EXECVE msg=audit(1.2:3): ",
        "argc=",
        "a0=",
        "a1[0]=",
        "proctitle=",
        "saddr=",
        "02000050C0000207",
        "exe=",
        "msg='",
        "'",
        "\u{1d}",
        "UID=\"root\"",
        "arch=c000003e syscall=59",
        "node=a ",
        "key=(null)",
        "avc:  denied  { read }",
    ];
    pub(in super::super) const json: Words =
        &["\\u12", "\\uD800\\uDC00", "1e", "-", "01", "1.", "tru", "{\"\":", "\u{1}", "\\x"];
    pub(in super::super) const json_mapped: Words = &["door", "open", "at", "badge", "port", "file", "size"];
    pub(in super::super) const mapping_file: Words = &[
        "[[mapping]]",
        "class = ",
        "fields = { ",
        "format = \"",
        "%",
        "%9999Y",
        "%:z",
        "%s",
        "%N",
        "exists",
        "default",
        "unmapped.",
        "match",
        "observables",
        "metadata.version",
        "user.name",
        "src_endpoint",
        "time",
    ];
    pub(in super::super) const recognise: Words =
        &["\"EventID\":", "\"_path\":", "ElfFile\0", "\x1f", "CEF:0|", "type=", "<13>", "\"class_uid\" :"];
    pub(in super::super) const split: Words = &["\"Records\":[", "\"value\":[{", "]}", "[{", "},{", "\n{", "\\\""];
}
