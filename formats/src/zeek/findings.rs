//! What Zeek itself takes for worth a notice: detection findings of somebody else, with what they were seen in.

use model::ocsf::{AnalyticObject, Event, Evidence, FindingInfo};

use super::names::Z;
use crate::parts;
use crate::row::Row;

/// Moves the ends of the connection into the evidence, where the class has them.
fn evidence(event: &mut Event) {
    let a = &mut event.attributes;
    let evidence = Evidence {
        src_endpoint: a.src_endpoint.take(),
        dst_endpoint: a.dst_endpoint.take(),
        connection_info: a.connection_info.take(),
        ..Evidence::default()
    };
    if evidence.src_endpoint.is_some() || evidence.dst_endpoint.is_some() {
        a.evidences = Some(vec![evidence]);
    }
}

fn finding(event: &mut Event, analytic: String, title: String, desc: Option<String>) {
    event.severity_id = 2;
    event.attributes.message = desc.clone().or_else(|| Some(title.clone()));
    event.attributes.finding_info = Some(Box::new(FindingInfo {
        uid: Some(event.id.to_string()),
        title: Some(title),
        desc,
        analytic: Some(AnalyticObject { uid: Some(analytic), type_id: Some(1), ..AnalyticObject::default() }),
        ..FindingInfo::default()
    }));
}

/// `notice`.
pub(super) fn notice(row: &Row<'_, Z>, event: &mut Event) {
    let a = &mut event.attributes;
    if a.src_endpoint.is_none() {
        a.src_endpoint = parts::endpoint(row.ip(Z::Src), None, None);
    }
    if a.dst_endpoint.is_none() {
        a.dst_endpoint = parts::endpoint(row.ip(Z::Dst), row.port(Z::Port), None);
    }
    a.status_detail = row.text(Z::Sub);
    evidence(event);
    let note = row.text(Z::Note).unwrap_or_else(|| "notice".into());
    finding(event, note.clone(), note, row.text(Z::Msg));
}

/// `intel`: Zeek's own indicator match.
pub(super) fn intel(row: &Row<'_, Z>, event: &mut Event) {
    evidence(event);
    let indicator = row.text(Z::SeenIndicator).unwrap_or_else(|| "indicator".into());
    event.attributes.status_detail = row.text(Z::SeenWhere);
    let kind = row.text(Z::SeenType).unwrap_or_else(|| "Intel".into());
    finding(event, kind, format!("known indicator {indicator}"), None);
}

/// `signatures`.
pub(super) fn signature(row: &Row<'_, Z>, event: &mut Event) {
    let a = &mut event.attributes;
    a.src_endpoint = parts::endpoint(row.ip(Z::SrcAddr), row.port(Z::SrcPort), None);
    a.dst_endpoint = parts::endpoint(row.ip(Z::DstAddr), row.port(Z::DstPort), None);
    evidence(event);
    let id = row.text(Z::SigId).unwrap_or_else(|| "signature".into());
    finding(event, id.clone(), id, row.text(Z::EventMsg));
}
