//! Every record of the reference data becomes an event that OCSF's own schema has nothing against.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot read its data has failed; counts are printed"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use formats::schema::Schema;
use formats::{Head, Mappings};
use model::{AgencyId, Cursor, EventId, Format, SourceId, Timestamp};

fn unpack(path: &Path) -> impl BufRead {
    BufReader::new(zstd::stream::read::Decoder::new(File::open(path).unwrap()).unwrap())
}

fn schema(data: &Path) -> Schema {
    let packed = std::fs::read(data.join("ocsf/ocsf-1.8.0-compiled.json.zst")).unwrap();
    Schema::load(&zstd::decode_all(packed.as_slice()).unwrap()).unwrap()
}

/// What came of one file.
#[derive(Default)]
struct Tally {
    records: u64,
    classes: BTreeMap<u32, u64>,
    /// Violations, and constraints, with how often and an example.
    violations: BTreeMap<String, (u64, String)>,
    constraints: BTreeMap<String, u64>,
    /// Notes by what the record is, as log name and event code, and their words.
    notes: BTreeMap<String, u64>,
}

fn judge(schema: &Schema, path: &Path, format: Format) -> Tally {
    let (agency, source) = (AgencyId::home(), SourceId::parse("test").unwrap());
    let mappings = Mappings::default();
    let mut tally = Tally::default();
    for (line, body) in unpack(path).lines().enumerate() {
        let body = body.unwrap();
        assert_eq!(formats::recognise(body.as_bytes()), Some(format), "line {}: {body:.200}", line + 1);
        let fields = formats::fields(format, body.as_bytes()).unwrap();
        let id = EventId::of(&agency, &source, &Cursor::Journal { offset: line as u64 });
        let head = Head { id, agency: &agency, received: Timestamp::from_millis(1_700_000_000_000) };
        let (event, troubles) = formats::event(&fields, &head, &mappings);
        let json = event.to_json();
        let report = schema.validate_json(&json);
        tally.records += 1;
        *tally.classes.entry(event.class.uid()).or_default() += 1;
        for violation in report.violations {
            let entry = tally.violations.entry(format!("{} {violation}", event.class.uid())).or_default();
            entry.0 += 1;
            if entry.1.is_empty() {
                entry.1 = json.clone();
            }
        }
        for constraint in report.constraints {
            *tally.constraints.entry(format!("{} {constraint}", event.class.uid())).or_default() += 1;
        }
        let metadata = event.attributes.metadata.unwrap_or_default();
        for trouble in troubles {
            let name = metadata.log_name.clone().unwrap_or_default();
            let code = metadata.event_code.clone().unwrap_or_default();
            *tally.notes.entry(format!("{name} {code}: {}", trouble.detail)).or_default() += 1;
        }
    }
    tally
}

#[track_caller]
fn check(name: &str, format: Format, records: u64, explained: &[(&str, u64)]) {
    let Some(data) = testkit::reference_data() else { return };
    let tally = judge(&schema(&data), &data.join("logs").join(name), format);
    println!("{name}: {} records", tally.records);
    for (class, count) in &tally.classes {
        println!("  class {class:>6}  {count}");
    }
    for (constraint, count) in &tally.constraints {
        println!("  constraint {constraint}  {count}");
    }
    let violations: Vec<_> =
        tally.violations.iter().map(|(what, (count, json))| format!("{count} × {what}\n    {json:.900}")).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    let unmet: Vec<_> = tally.constraints.keys().collect();
    assert!(unmet.is_empty(), "{unmet:?}");
    let notes: Vec<_> = tally.notes.iter().map(|(note, count)| (note.as_str(), *count)).collect();
    assert_eq!(notes, explained);
    assert_eq!(tally.records, records);
}

#[test]
fn windows() {
    check("windows_otrf_100k.jsonl.zst", Format::Windows, 100_000, &[]);
}

#[test]
fn zeek() {
    // Zeek lists the scripts that it has loaded without saying when: those records have no time at all.
    check("zeek_80k.jsonl.zst", Format::Zeek, 80_000, &[("loaded_scripts : no ts", 512)]);
}

#[test]
fn cloudtrail() {
    check("cloudtrail_2000.jsonl.zst", Format::CloudTrail, 2_000, &[]);
}

#[test]
fn suricata() {
    check("suricata_alerts.jsonl.zst", Format::Suricata, 548, &[]);
}

/// The fields of the rule authors' own events, by the names that rules use: our view of the nested event has each of them
/// with the same value.
#[test]
fn the_sigma_view_has_what_rule_authors_expect() {
    let Some(data) = testkit::reference_data() else { return };
    let cases = BufReader::new(File::open(data.join("sigma/regression.jsonl")).unwrap());
    let mut events = 0;
    for case in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(&case.unwrap()).unwrap();
        let pairs = case["events_raw"].as_array().unwrap().iter().zip(case["events_flat"].as_array().unwrap());
        for (raw, flat) in pairs {
            let body = raw.to_string();
            let fields = formats::fields(Format::Evtx, body.as_bytes()).unwrap();
            for (name, expected) in flat.as_object().unwrap() {
                let expected = expected.as_str().map_or_else(|| expected.to_string(), str::to_owned);
                let found = fields.text(name).map(|value| value.into_owned());
                assert_eq!(found.as_deref().unwrap_or("null"), expected, "{name} of {body}");
            }
            events += 1;
        }
    }
    assert_eq!(events, 116);
}

/// What we find is in the schema too.
#[test]
fn findings() {
    let Some(data) = testkit::reference_data() else { return };
    let schema = schema(&data);
    let body = unpack(&data.join("logs/suricata_alerts.jsonl.zst")).lines().next().unwrap().unwrap();
    let (agency, id) = (AgencyId::home(), EventId::default());
    let head = Head { id, agency: &agency, received: Timestamp::EPOCH };
    let fields = formats::fields(Format::Suricata, body.as_bytes()).unwrap();
    let (event, _) = formats::event(&fields, &head, &Mappings::default());
    let analytic = model::Analytic {
        uid: "u".into(),
        title: "t".into(),
        kind: model::detection::AnalyticKind::Indicator,
        level: model::Level::Medium,
        techniques: vec!["T1059.001".into(), "T1021".into()],
        tactics: vec!["execution".into(), "defense_evasion".into(), "novel".into()],
        path: Some("rules/x.yml".into()),
    };
    let detection = model::Detection {
        analytic: analytic.into(),
        level: model::Level::Medium,
        time: event.time,
        events: vec![id],
        subject: Some("s".into()),
        because: vec![model::Reason::Field {
            selection: "selection".into(),
            field: Some("src_ip".into()),
            comparison: "equals".into(),
            pattern: "x".into(),
            value: Some("x".into()),
        }],
        suppressed_by: Some("list".into()),
        involved: Vec::new(),
    };
    let place = formats::finding::SourcePlace { file: "f", line: 1 };
    for event in [None, Some(&event)] {
        let json = formats::finding::to_json(&detection, event, Some(&place));
        assert_eq!(schema.validate_json(&json).violations, [], "{json}");
    }
}
