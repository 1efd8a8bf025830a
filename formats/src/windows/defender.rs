//! Microsoft Defender Antivirus (`Microsoft-Windows-Windows Defender/Operational`): detections and its own settings.

use model::ocsf::{AnalyticObject, Class, Event, Evidence, FindingInfo, ManagedEntity};

use super::fill::{failure, success};
use super::names::W;
use super::table::{Rule, rule};
use crate::parts;
use crate::row::Row;

/// What each event id becomes.
pub(super) const RULES: &[Rule] = &[
    rule(1006, Class::DETECTION_FINDING, 1, "Malware found", &[threat]),
    rule(1007, Class::DETECTION_FINDING, 2, "Action against malware taken", &[threat]),
    rule(1008, Class::DETECTION_FINDING, 2, "Action against malware failed", &[threat]),
    rule(1015, Class::DETECTION_FINDING, 1, "Suspicious behaviour found", &[threat]),
    rule(1116, Class::DETECTION_FINDING, 1, "Malware found", &[threat]),
    rule(1117, Class::DETECTION_FINDING, 2, "Action against malware taken", &[threat]),
    rule(1118, Class::DETECTION_FINDING, 2, "Action against malware failed", &[threat]),
    rule(1119, Class::DETECTION_FINDING, 2, "Action against malware failed", &[threat]),
    rule(1121, Class::DETECTION_FINDING, 1, "Attack surface reduction blocked", &[surface]),
    rule(1122, Class::DETECTION_FINDING, 1, "Attack surface reduction would have blocked", &[surface]),
    rule(5001, Class::ENTITY_MANAGEMENT, 9, "Real-time protection disabled", &[setting, success]),
    rule(5004, Class::ENTITY_MANAGEMENT, 3, "Real-time protection changed", &[setting, success]),
    rule(5007, Class::ENTITY_MANAGEMENT, 3, "Antivirus settings changed", &[setting, success]),
    rule(5008, Class::ENTITY_MANAGEMENT, 9, "Antivirus engine failed", &[setting, failure]),
    rule(5010, Class::ENTITY_MANAGEMENT, 9, "Scanning for malware disabled", &[setting, success]),
    rule(5012, Class::ENTITY_MANAGEMENT, 9, "Scanning for viruses disabled", &[setting, success]),
    rule(5013, Class::ENTITY_MANAGEMENT, 99, "Tampering with settings blocked", &[setting, failure]),
];

/// Defender's own words for how bad it is.
fn severity(name: &str) -> u32 {
    match name {
        "Low" => 2,
        "Moderate" | "Medium" => 3,
        "High" => 4,
        "Severe" => 5,
        _ => 1,
    }
}

/// `file:_C:\x.exe` or `containerfile:_…; file:_…->…`: the first file.
fn path(text: &str) -> Option<String> {
    let start = text.find("file:_").map(|at| at + "file:_".len()).unwrap_or(0);
    let end = text[start..]
        .find(['-', ';'])
        .filter(|at| text[start + at..].starts_with("->") || text[start + at..].starts_with(';'));
    let path = text[start..end.map_or(text.len(), |end| start + end)].trim();
    if path.is_empty() { None } else { Some(path.to_owned()) }
}

fn threat(row: &Row<'_, W>, event: &mut Event) {
    let title = row.text(W::ThreatName).unwrap_or_else(|| "malware".into());
    let uid = row.text(W::DetectionId).or_else(|| row.text(W::RecordId)).unwrap_or_else(|| title.clone());
    event.severity_id = row.str(W::SeverityName).map_or(4, |name| severity(&name));
    event.attributes.finding_info = Some(Box::new(FindingInfo {
        uid: Some(uid),
        title: Some(title),
        analytic: row.text(W::ThreatId).map(|uid| AnalyticObject {
            uid: Some(uid),
            type_id: Some(1),
            category: row.text(W::CategoryName),
            ..AnalyticObject::default()
        }),
        ..FindingInfo::default()
    }));
    event.attributes.status_detail = row.text(W::DefenderAction);
    event.attributes.evidences = evidence(row);
}

fn evidence(row: &Row<'_, W>) -> Option<Vec<Evidence>> {
    let file = row.str(W::Path).and_then(|text| path(&text)).map(parts::file);
    let name = row.text(W::DefenderProcess).or_else(|| row.text(W::ProcessName)).filter(|name| name != "Unknown");
    let process = parts::process(name, None, None);
    let user = row.text(W::DetectionUser).or_else(|| row.text(W::User)).map(parts::account);
    if file.is_none() && process.is_none() && user.is_none() {
        return None;
    }
    Some(vec![Evidence { file, process, user, ..Evidence::default() }])
}

fn surface(row: &Row<'_, W>, event: &mut Event) {
    let uid = row.text(W::AsrId).unwrap_or_else(|| "attack surface reduction".into());
    event.severity_id = 3;
    event.attributes.finding_info = Some(Box::new(FindingInfo {
        uid: Some(row.text(W::RecordId).unwrap_or_else(|| uid.clone())),
        title: event.attributes.message.clone(),
        analytic: Some(AnalyticObject { uid: Some(uid), type_id: Some(1), ..AnalyticObject::default() }),
        ..FindingInfo::default()
    }));
    event.attributes.evidences = evidence(row);
}

fn setting(row: &Row<'_, W>, event: &mut Event) {
    let value = row.text(W::DefenderNew).or_else(|| row.text(W::DefenderOld)).or_else(|| row.text(W::WmiType));
    event.attributes.entity = Some(Box::new(ManagedEntity {
        name: Some("Microsoft Defender Antivirus".into()),
        type_name: Some("Antivirus settings".into()),
        ..ManagedEntity::default()
    }));
    event.attributes.status_detail = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_threats() {
        let check = |text: &str, expected: &str| assert_eq!(path(text).as_deref(), Some(expected), "{text}");
        check(r"file:_C:\x\a-b.exe", r"C:\x\a-b.exe");
        check(r"containerfile:_C:\x.zip; file:_C:\x.zip->a.exe", r"C:\x.zip");
        check(r"C:\x.exe", r"C:\x.exe");
    }
}
