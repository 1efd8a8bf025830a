//! What Watchbell finds, as OCSF Detection Findings (class 2004) on one line each.
//!
//! OCSF 1.8.0, class `detection_finding`, with the profile `host` where the machine is known. The finding's id is a UUIDv5 of
//! what found it and in which events, so that the same finding made twice is one. Why it was made and where the record stood
//! go to `unmapped` (`reasons`, `source`), which OCSF keeps for what it has no words for. Deliberately absent: names of
//! ATT&CK techniques, which rules do not bring.

use model::detection::AnalyticKind;
use model::ocsf::{Class, Observable, VERSION};
use model::{Detection, Event, Level, Reason};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Where the record that completed a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourcePlace<'a> {
    /// The file.
    pub file: &'a str,
    /// The line, from 1; of a binary log the record's number.
    pub line: u64,
}

/// Most observables that one finding lists.
const OBSERVABLES_MAX: usize = 64;

/// The name space of finding ids: UUIDv5 of `watchbell:finding` in the name space of URLs (RFC 9562, 6.6).
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"watchbell:finding")
}

/// The id of a finding, which follows from what found it and in which events.
pub fn uid(detection: &Detection) -> String {
    let mut name = detection.analytic.uid.as_bytes().to_vec();
    // What was found in no event is told apart by what it is about.
    if let ([], Some(subject)) = (detection.events.as_slice(), &detection.subject) {
        name.push(1);
        name.extend_from_slice(subject.as_bytes());
    }
    for event in &detection.events {
        name.push(0);
        name.extend_from_slice(event.as_bytes());
    }
    Uuid::new_v5(&namespace(), &name).to_string()
}

/// The finding as OCSF JSON, on one line. `event` is the event that completed it.
pub fn to_json(detection: &Detection, event: Option<&Event>, source: Option<&SourcePlace<'_>>) -> String {
    let uid = uid(detection);
    let analytic = &detection.analytic;
    let is_suppressed = detection.suppressed_by.is_some();
    let mut finding = json!({
        "class_uid": Class::DETECTION_FINDING.uid(),
        "class_name": Class::DETECTION_FINDING.caption(),
        "category_uid": Class::DETECTION_FINDING.category_uid(),
        "category_name": "Findings",
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": Class::DETECTION_FINDING.type_uid(1),
        "severity_id": detection.level.severity_id(),
        "severity": severity(detection.level),
        "status_id": if is_suppressed { 3 } else { 1 },
        "status": if is_suppressed { "Suppressed" } else { "New" },
        "time": detection.time.as_millis(),
        "message": analytic.title,
        "metadata": metadata(&uid, event),
        "finding_info": info(detection, &uid),
        "unmapped": unmapped(detection, source),
    });
    if let Value::Object(map) = &mut finding {
        map.insert("evidences".into(), Value::Array(evidences(detection, event)));
        let observables = event.map(observables).unwrap_or_default();
        if !observables.is_empty() {
            map.insert("observables".into(), Value::Array(observables));
        }
        let device = event.and_then(|event| event.attributes.device.as_ref());
        if let Some(device) = device.and_then(|device| serde_json::to_value(device).ok()) {
            map.insert("device".into(), device);
        }
    }
    finding.to_string()
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Informational => "Informational",
        Level::Low => "Low",
        Level::Medium => "Medium",
        Level::High => "High",
        Level::Critical => "Critical",
    }
}

fn metadata(uid: &str, event: Option<&Event>) -> Value {
    let mut metadata = json!({
        "version": VERSION,
        "uid": uid,
        "product": { "name": "Watchbell", "vendor_name": "Watchbell", "version": env!("CARGO_PKG_VERSION") },
    });
    if let (Some(event), Value::Object(map)) = (event, &mut metadata) {
        map.insert("tenant_uid".into(), event.agency.as_str().into());
        if event.attributes.device.is_some() {
            map.insert("profiles".into(), json!(["host"]));
        }
    }
    metadata
}

fn info(detection: &Detection, uid: &str) -> Value {
    let analytic = &detection.analytic;
    let (type_id, type_name, category) = match analytic.kind {
        AnalyticKind::Rule => (1, "Rule", "Sigma rule"),
        AnalyticKind::Correlation => (1, "Rule", "Sigma correlation rule"),
        AnalyticKind::Indicator => (99, "Indicator", "Indicator"),
        AnalyticKind::Pattern => (99, "Indicator", "STIX pattern"),
        AnalyticKind::Behaviour => (2, "Behavioral", "Behaviour"),
        AnalyticKind::Targeted => (99, "Intelligence", "Targeted intelligence"),
    };
    let related: Vec<Value> = detection.events.iter().map(|event| json!({ "uid": event.to_string() })).collect();
    let mut info = json!({
        "uid": uid,
        "title": analytic.title,
        "created_time": detection.time.as_millis(),
        "analytic": {
            "uid": analytic.uid,
            "name": analytic.title,
            "type_id": type_id,
            "type": type_name,
            "category": category,
        },
        "related_events": related,
        "related_events_count": detection.events.len(),
    });
    let attacks = attacks(&analytic.techniques, &analytic.tactics);
    if let Value::Object(map) = &mut info
        && !attacks.is_empty()
    {
        map.insert("attacks".into(), Value::Array(attacks));
    }
    info
}

/// Tactics of ATT&CK (Enterprise, Mobile, ICS) by the short names that rules use.
const TACTICS: &[(&str, &str, &str)] = &[
    ("reconnaissance", "TA0043", "Reconnaissance"),
    ("resource-development", "TA0042", "Resource Development"),
    ("initial-access", "TA0001", "Initial Access"),
    ("execution", "TA0002", "Execution"),
    ("persistence", "TA0003", "Persistence"),
    ("privilege-escalation", "TA0004", "Privilege Escalation"),
    ("defense-evasion", "TA0005", "Defense Evasion"),
    ("stealth", "TA0005", "Stealth"),
    ("defense-impairment", "TA0112", "Defense Impairment"),
    ("credential-access", "TA0006", "Credential Access"),
    ("discovery", "TA0007", "Discovery"),
    ("lateral-movement", "TA0008", "Lateral Movement"),
    ("collection", "TA0009", "Collection"),
    ("command-and-control", "TA0011", "Command and Control"),
    ("exfiltration", "TA0010", "Exfiltration"),
    ("impact", "TA0040", "Impact"),
    ("inhibit-response-function", "TA0107", "Inhibit Response Function"),
    ("impair-process-control", "TA0106", "Impair Process Control"),
];

fn tactic(short: &str) -> Value {
    let plain = short.replace('_', "-").to_ascii_lowercase();
    match TACTICS.iter().find(|(known, uid, _)| *known == plain || uid.eq_ignore_ascii_case(short)) {
        Some((_, uid, name)) => json!({ "uid": uid, "name": name }),
        None => json!({ "name": short }),
    }
}

/// One entry for each technique. Which tactic a technique serves, the tags do not say: only a lone tactic goes with every
/// technique, several stand on their own.
fn attacks(techniques: &[String], tactics: &[String]) -> Vec<Value> {
    let lone = match tactics {
        [one] if !techniques.is_empty() => Some(tactic(one)),
        _ => None,
    };
    let mut attacks: Vec<Value> = techniques
        .iter()
        .map(|technique| {
            let uid = technique.to_ascii_uppercase();
            let parent = uid.split('.').next().unwrap_or(&uid).to_owned();
            let mut attack = json!({ "technique": { "uid": parent } });
            if let Value::Object(map) = &mut attack {
                if uid.contains('.') {
                    map.insert("sub_technique".into(), json!({ "uid": uid }));
                }
                if let Some(tactic) = &lone {
                    map.insert("tactic".into(), tactic.clone());
                }
            }
            attack
        })
        .collect();
    if lone.is_none() {
        attacks.extend(tactics.iter().map(|short| json!({ "tactic": tactic(short) })));
    }
    attacks
}

/// Attributes of an event that the evidence of a finding may have.
const EVIDENCE: &[&str] = &[
    "actor",
    "api",
    "connection_info",
    "device",
    "dst_endpoint",
    "email",
    "file",
    "http_request",
    "http_response",
    "job",
    "process",
    "query",
    "reg_key",
    "reg_value",
    "resources",
    "script",
    "src_endpoint",
    "tls",
    "url",
    "user",
    "win_service",
];

fn evidences(detection: &Detection, event: Option<&Event>) -> Vec<Value> {
    let mut evidence = Map::new();
    let mut list = Vec::new();
    if let Some(Value::Object(mut attributes)) = event.and_then(|event| serde_json::to_value(&event.attributes).ok()) {
        for name in EVIDENCE {
            if let Some(value) = attributes.remove(*name) {
                evidence.insert((*name).to_owned(), value);
            }
        }
        // Somebody else's finding has its own.
        if let Some(Value::Array(theirs)) = attributes.remove("evidences") {
            list.extend(theirs);
        }
    }
    let matched = matched(&detection.because);
    if !matched.is_empty() {
        evidence.insert("data".into(), Value::Object(matched));
    }
    if !evidence.is_empty() {
        list.insert(0, Value::Object(evidence));
    }
    list
}

/// The fields and values that matched, by the record's own names.
fn matched(because: &[Reason]) -> Map<String, Value> {
    let mut matched = Map::new();
    for reason in because {
        match reason {
            Reason::Field { field, value: Some(value), .. } => {
                matched.insert(field.clone().unwrap_or_else(|| "any field".into()), value.clone().into());
            }
            Reason::Indicator { attribute, observed, .. } => {
                matched.insert(attribute.clone(), observed.clone().into());
            }
            Reason::Concern { ours, .. } => {
                matched.insert("ours".into(), ours.clone().into());
            }
            Reason::Correlation { group, .. } => {
                matched.extend(group.iter().map(|(name, value)| (name.clone(), value.clone().into())));
            }
            _ => {}
        }
    }
    matched
}

fn observables(event: &Event) -> Vec<Value> {
    let mut list: Vec<Value> = Vec::new();
    event.for_each_observable(|observable: Observable<'_>| {
        let value = json!({
            "name": observable.attribute,
            "type_id": observable.kind as u8,
            "value": observable.value,
        });
        if list.len() < OBSERVABLES_MAX && !list.contains(&value) {
            list.push(value);
        }
    });
    list
}

fn unmapped(detection: &Detection, source: Option<&SourcePlace<'_>>) -> Value {
    let reason = |reason: &Reason| {
        let mut value = serde_json::to_value(reason).unwrap_or_default();
        if let Value::Object(map) = &mut value {
            map.insert("words".into(), reason.to_string().into());
        }
        value
    };
    let mut unmapped = json!({ "reasons": detection.because.iter().map(reason).collect::<Vec<_>>() });
    if let Value::Object(map) = &mut unmapped {
        if let Some(place) = source {
            map.insert("source".into(), json!({ "file": place.file, "line": place.line }));
        }
        if let Some(subject) = &detection.subject {
            map.insert("subject".into(), subject.clone().into());
        }
        if let Some(list) = &detection.suppressed_by {
            map.insert("suppressed_by".into(), list.clone().into());
        }
        if let Some(path) = &detection.analytic.path {
            map.insert("rule_file".into(), path.clone().into());
        }
    }
    unmapped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use model::{AgencyId, Analytic, EventId, Timestamp};

    fn detection() -> Detection {
        Detection {
            analytic: Arc::new(Analytic {
                uid: "rule-1".into(),
                title: "A rule".into(),
                kind: AnalyticKind::Rule,
                level: Level::High,
                techniques: vec!["T1059.001".into(), "t1021".into()],
                tactics: vec!["execution".into()],
                path: None,
            }),
            level: Level::High,
            time: Timestamp::from_millis(1_600_000_000_000),
            events: vec![EventId::default()],
            subject: Some("host".into()),
            because: vec![Reason::Condition { text: "selection".into() }],
            suppressed_by: None,
            involved: Vec::new(),
        }
    }

    #[test]
    fn a_finding_is_a_detection_finding() {
        let event = Event::new(EventId::default(), AgencyId::home(), Timestamp::EPOCH, Class::PROCESS, 1);
        let line = to_json(&detection(), Some(&event), Some(&SourcePlace { file: "a.jsonl", line: 7 }));
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["type_uid"], 200_401);
        assert_eq!(value["severity_id"], 4);
        assert_eq!(value["finding_info"]["analytic"]["uid"], "rule-1");
        assert_eq!(value["unmapped"]["source"], json!({"file": "a.jsonl", "line": 7}));
        assert_eq!(
            value["finding_info"]["attacks"][0],
            json!({"technique": {"uid": "T1059"}, "sub_technique": {"uid": "T1059.001"},
                "tactic": {"uid": "TA0002", "name": "Execution"}})
        );
        assert_eq!(value["finding_info"]["attacks"][1]["technique"]["uid"], "T1021");
    }

    #[test]
    fn the_same_finding_has_the_same_id() {
        let one = detection();
        let mut other = detection();
        assert_eq!(uid(&one), uid(&other));
        other.events.push(EventId::default());
        assert_ne!(uid(&one), uid(&other));
        assert_eq!(uid(&one).as_bytes()[14], b'5', "version 5");
    }

    #[test]
    fn suppressed_says_so() {
        let mut found = detection();
        found.suppressed_by = Some("cdn ranges".into());
        let value: Value = serde_json::from_str(&to_json(&found, None, None)).unwrap();
        assert_eq!(value["status_id"], 3);
        assert_eq!(value["unmapped"]["suppressed_by"], "cdn ranges");
        assert_eq!(value["evidences"], json!([]));
    }
}
