//! Lines of logs, from bytes to OCSF: one line of every kind that the text readers know, and what must come out.
//!
//! Hosts, people and addresses are invented; the shapes are those of the programs.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::sync::LazyLock;

use formats::schema::Schema;
use formats::text::{event, fields, recognise};
use formats::{Head, Trouble};
use model::{AgencyId, Event, EventId, Fields, Format, NoteReason, Timestamp};
use proptest::prelude::*;

mod text_lines;

use text_lines::{LINES, Line};

fn received() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
}

fn read<'a>(format: Format, line: &'a [u8]) -> (Fields<'a>, Event, Vec<Trouble>) {
    let agency = AgencyId::home();
    let fields = fields(format, line).unwrap();
    let head = Head { id: EventId::default(), agency: &agency, received: received() };
    let (event, troubles) = event(&fields, &head);
    (fields, event, troubles)
}

/// OCSF's own schema, where the reference data is.
static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| {
    let packed = std::fs::read(testkit::reference_data()?.join("ocsf/ocsf-1.8.0-compiled.json.zst")).unwrap();
    Some(Schema::load(&zstd::decode_all(packed.as_slice()).unwrap()).unwrap())
});

/// What the schema has against an event; nothing where there is no schema.
fn violations(event: &Event) -> Vec<String> {
    let Some(schema) = &*SCHEMA else { return Vec::new() };
    schema.validate_json(&event.to_json()).violations.iter().map(ToString::to_string).collect()
}

#[test]
fn the_schema_has_nothing_against_the_events() {
    for Line { format, line, .. } in LINES {
        let (_, event, _) = read(*format, line.as_bytes());
        assert_eq!(violations(&event), Vec::<String>::new(), "{line}: {}", event.to_json());
    }
}

#[test]
fn flows_are_events_of_the_schema_too() {
    let body = br#"{"exporter":"192.0.2.1","flowVersion":10,"observationDomainId":1,"exportTime":1714979289,
        "sourceIPv4Address":"192.0.2.10","destinationIPv4Address":"198.51.100.20","sourceTransportPort":40000,
        "destinationTransportPort":443,"protocolIdentifier":6,"octetDeltaCount":1234,"packetDeltaCount":3,
        "flowStartMilliseconds":1714979280000,"flowEndMilliseconds":1714979285000,"firewallEvent":3,
        "sourceMacAddress":"00:00:5e:00:53:01","bgpSourceAsNumber":64500,"vlanId":7,"tcpControlBits":2}"#;
    let (fields, event, troubles) = read(Format::Netflow, body);
    assert_eq!(fields.text("dst_port").as_deref(), Some("443"));
    assert_eq!(fields.text("_service").as_deref(), Some("netflow"));
    assert_eq!(troubles, []);
    assert_eq!(violations(&event), Vec::<String>::new());
    let json = serde_json::to_value(&event).unwrap();
    assert_eq!(at(&json, "action_id"), "2");
    assert_eq!(at(&json, "time"), "1714979285000");
    assert_eq!(at(&json, "duration"), "5000");
}

/// The value at a dotted path, as text.
fn at(event: &serde_json::Value, path: &str) -> String {
    let found = path.split('.').try_fold(event, |value, name| match name.parse::<usize>() {
        Ok(number) => value.get(number),
        Err(_) => value.get(name),
    });
    match found {
        None => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[test]
fn every_kind_of_line() {
    for Line { format, line, expected_fields, expected_event, .. } in LINES {
        let (fields, event, troubles) = read(*format, line.as_bytes());
        for (name, value) in *expected_fields {
            let found =
                fields.iter().any(|field| field.name == *name && field.value.to_str().as_deref() == Some(value));
            assert!(found, "{name} is no {value} in {line}: {fields:#?}");
        }
        let json = serde_json::to_value(&event).unwrap();
        for (path, value) in *expected_event {
            assert_eq!(at(&json, path), *value, "{path} of {line}: {json:#}");
        }
        let unexpected: Vec<_> = troubles.iter().filter(|trouble| trouble.reason != NoteReason::NoTime).collect();
        assert!(unexpected.is_empty(), "{line}: {unexpected:?}");
    }
}

#[test]
fn every_line_is_recognised() {
    for Line { format, line, .. } in LINES {
        assert_eq!(recognise(line.as_bytes()), Some(*format), "{line}");
    }
    for line in [
        "",
        "{\"a\":1}",
        "Hello, world",
        "2024-03-01",
        "a,b,c,d",
        "<html><body>",
        "key=value other=thing",
        "# comment: x",
        "192.0.2.1 evil",
        "type=SYSCALL",
        "\u{fffd}\u{0}\u{1}",
    ] {
        assert_eq!(recognise(line.as_bytes()), None, "{line}");
    }
}

/// The attributes that OCSF 1.8.0 requires of every event, and of the classes that these readers emit.
#[test]
fn required_attributes_are_there() {
    for Line { format, line, .. } in LINES {
        let (_, event, _) = read(*format, line.as_bytes());
        let json = serde_json::to_value(&event).unwrap();
        let mut required = vec!["metadata.version", "metadata.product.name"];
        required.extend(match event.class.uid() {
            0 | 1008 | 4001..=4008 | 4014 => &[][..],
            1001 => &["actor", "device.type_id", "file.name", "file.type_id"],
            1003 => &["actor", "device.type_id", "kernel.name", "kernel.type_id"],
            1006 => &["device.type_id", "job.name"],
            1007 => &["actor", "device.type_id", "process"],
            2004 => &["finding_info.uid"],
            3001 => &["user"],
            3002 => &["user", "service.name"],
            3004 => &["entity"],
            3006 => &["group"],
            4009 => &["direction_id", "email"],
            6002 => &["app.name"],
            other => panic!("class {other} of {line} is not in this test"),
        });
        for path in required {
            assert_ne!(at(&json, path), "", "{path} of {line}: {json:#}");
        }
        if matches!(event.class.uid(), 4001..=4014 if event.class.uid() != 4009) {
            let has_end = !at(&json, "src_endpoint").is_empty() || !at(&json, "dst_endpoint").is_empty();
            assert!(has_end, "{line}: {json:#}");
        }
        if event.class.uid() == 4003 {
            assert_ne!(at(&json, "query.hostname"), "", "{line}");
        }
    }
}

/// A record's own words are never lost on the way to the rules: the message, whole, is among the fields.
#[test]
fn the_message_is_kept() {
    for Line { format, line, .. } in LINES {
        let (fields, _, _) = read(*format, line.as_bytes());
        let message = fields.text("message").unwrap_or_default().into_owned();
        assert!(line.ends_with(&message) && !message.is_empty(), "{line}: {message}");
    }
}

#[test]
fn a_time_that_is_missing_is_noted() {
    let (_, event, troubles) = read(Format::Syslog, b"<34>su: hello");
    assert_eq!(event.time, received());
    assert_eq!(troubles.iter().map(|trouble| trouble.reason).collect::<Vec<_>>(), [NoteReason::NoTime]);
}

#[test]
fn broken_structured_data_is_noted() {
    let (fields, _, troubles) = read(Format::Syslog, br#"<13>1 2024-01-01T00:00:00Z h a - - [x a="b hello"#);
    assert_eq!(troubles[0].reason, NoteReason::PartLost);
    assert_eq!(fields.text("message").as_deref(), Some(r#"[x a="b hello"#));
}

#[test]
fn bytes_that_are_no_text_do_not_lose_the_line() {
    let (fields, event, _) = read(Format::Syslog, b"<13>Mar  1 02:14:07 gw app: caf\xe9 open\r\n");
    assert_eq!(fields.text("message").as_deref(), Some("caf\u{fffd} open"));
    assert_eq!(event.machine(), Some("gw"));
}

#[test]
fn other_formats_are_refused() {
    for format in [Format::Windows, Format::Json, Format::Zeek] {
        assert_eq!(fields(format, b"x").unwrap_err().reason, NoteReason::Malformed);
    }
    assert!(fields(Format::Cef, b"nothing").is_err());
    assert!(fields(Format::Auditd, b"nothing").is_err());
    assert!(fields(Format::Netflow, b"nothing").is_err());
}

#[test]
fn a_flood_of_fields_meets_the_limit() {
    let many = "a=1 ".repeat(10_000);
    for line in [
        format!("date=2024-01-01 time=00:00:00 logid=1 type=\"event\" {many}"),
        format!("CEF:0|a|b|c|d|e|5|{many}"),
        format!("type=SYSCALL msg=audit(1.0:1): {many}"),
    ] {
        let format = recognise(line.as_bytes()).unwrap();
        assert!(fields(format, line.as_bytes()).unwrap().len() <= model::limits::RECORD_FIELDS_MAX + 64, "{line:.40}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..300)) {
        recognise(&body);
        for format in [Format::Syslog, Format::Cef, Format::Auditd, Format::Netflow] {
            if let Ok(found) = fields(format, &body) {
                let agency = AgencyId::home();
                event(&found, &Head { id: EventId::default(), agency: &agency, received: received() });
            }
        }
    }

    /// Real lines with a piece cut out, doubled or changed reach deeper than noise does.
    #[test]
    fn damaged_lines_are_survived(
        which in 0..LINES.len(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        piece in "[ -~\\x00-\\x1f\"\\\\|=\\[\\]äß😀]{0,6}",
    ) {
        let Line { format, line, .. } = &LINES[which];
        let cut = |index: prop::sample::Index| (0..=index.index(line.len() + 1)).rev().find(|at| line.is_char_boundary(*at)).unwrap();
        let (from, to) = (cut(from).min(cut(to)), cut(from).max(cut(to)));
        for damaged in [
            format!("{}{piece}{}", &line[..from], &line[to..]),
            format!("{}{piece}{}", &line[..to], &line[from..]),
        ] {
            recognise(damaged.as_bytes());
            if let Ok(found) = fields(*format, damaged.as_bytes()) {
                let agency = AgencyId::home();
                let head = Head { id: EventId::default(), agency: &agency, received: received() };
                let (event, _) = event(&found, &head);
                prop_assert_eq!(violations(&event), Vec::<String>::new(), "{}", damaged);
            }
        }
    }

    /// RFC 5424: what is written is read again.
    #[test]
    fn envelopes_round_trip(
        priority in 0u8..192,
        host in "[a-z][a-z0-9.-]{0,20}",
        program in "[a-zA-Z][a-zA-Z0-9_/-]{0,20}",
        pid in 1u32..99_999,
        value in "[ -~äß]{0,20}",
        message in "[!-~]([ -~äß]{0,40}[!-~])?",
    ) {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        let line = format!("<{priority}>1 2024-01-02T03:04:05.678Z {host} {program} {pid} ID1 [x@1 k=\"{escaped}\"] {message}");
        let (fields, event, _) = read(Format::Syslog, line.as_bytes());
        prop_assert_eq!(fields.text("host").unwrap(), host);
        prop_assert_eq!(fields.text("program").unwrap(), program);
        prop_assert_eq!(fields.text("pid").unwrap(), pid.to_string());
        prop_assert_eq!(fields.text("x@1.k").unwrap(), value);
        prop_assert_eq!(fields.text("message").unwrap(), message);
        prop_assert_eq!(event.time, Timestamp::parse("2024-01-02T03:04:05.678Z").unwrap());
    }
}
