//! The plan of action.

use super::super::{
    Document, Imported, OnDate, PlanOfActionAndMilestones, PoamItem, RelatedFinding, RelatedRisk, Remediation, Risk,
    Task, Timing,
};
use super::assess::{finding, is_wrong, observations, risk};
use super::{About, Controlled, Referred, System, ToDo, document_uuid, metadata, resource, words};

/// What is done about controls that are not met. Each of them has a risk, and each risk an item, also where nothing is planned yet.
pub fn plan_of_action(system: &System, about: &About, plan: &Referred) -> Document {
    let (href, back_matter) = resource(system, plan);
    let wrong: Vec<&Controlled> = system.controls.iter().filter(|control| is_wrong(control)).collect();
    let is_wrong_one = |id: &str| wrong.iter().any(|control| control.id == id);
    let mut items: Vec<PoamItem> =
        system.to_do.iter().map(|to_do| planned(system, to_do, is_wrong_one(&to_do.control))).collect();
    for control in &wrong {
        if !system.to_do.iter().any(|to_do| to_do.control == control.id) {
            items.push(item(system, (&control.id, &control.id, "Nothing is planned for it yet."), true));
        }
    }
    if items.is_empty() {
        // The schema wants one.
        items.push(PoamItem {
            uuid: Some(system.uuid("item", "")),
            title: "Nothing is open".into(),
            description: "No control was found not to be met, and nothing is planned.".into(),
            ..PoamItem::default()
        });
    }
    Document::PlanOfActionAndMilestones(PlanOfActionAndMilestones {
        uuid: document_uuid(system, "plan-of-action", about),
        metadata: metadata(system, "Plan of action", about),
        import_ssp: Some(Imported { href, ..Imported::default() }),
        observations: wrong.iter().flat_map(|control| observations(system, control)).collect(),
        risks: wrong.iter().map(|control| risk_with_plan(system, control)).collect(),
        findings: wrong.iter().map(|control| finding(system, control)).collect(),
        poam_items: items,
        back_matter: Some(back_matter),
        ..PlanOfActionAndMilestones::default()
    })
}

fn item(system: &System, (name, control, text): (&str, &str, &str), is_wrong: bool) -> PoamItem {
    let finding = RelatedFinding { finding_uuid: system.uuid("finding", control), ..RelatedFinding::default() };
    let risk = RelatedRisk { risk_uuid: system.uuid("risk", control), ..RelatedRisk::default() };
    PoamItem {
        uuid: Some(system.uuid("item", name)),
        title: format!("{control}: {name}"),
        description: words(text),
        related_findings: is_wrong.then_some(finding).into_iter().collect(),
        related_risks: is_wrong.then_some(risk).into_iter().collect(),
        ..PoamItem::default()
    }
}

fn planned(system: &System, to_do: &ToDo, is_wrong: bool) -> PoamItem {
    let mut item = item(system, (&format!("to do {}", to_do.id), &to_do.control, &to_do.words), is_wrong);
    item.title = format!("{}: {}", to_do.control, to_do.id);
    item.remarks = Some(format!("{}, due {}", to_do.status, to_do.due));
    item
}

/// A risk with what is planned about it. While the control is not met it stays open, whatever was done.
fn risk_with_plan(system: &System, control: &Controlled) -> Risk {
    let mut risk = risk(system, control);
    let about: Vec<&ToDo> = system.to_do.iter().filter(|to_do| to_do.control == control.id).collect();
    let left = || about.iter().filter(|to_do| to_do.status != "closed");
    if left().any(|to_do| to_do.status == "remediating") {
        risk.status = "remediating".into();
    }
    risk.deadline = left().map(|to_do| to_do.due).min().map(|due| due.to_string());
    let one = |to_do: &&ToDo| {
        let timing =
            Timing { on_date: Some(OnDate { date: to_do.due.to_string(), ..OnDate::default() }), ..Timing::default() };
        let task = Task {
            uuid: system.uuid("milestone", &to_do.id),
            r#type: "milestone".into(),
            title: format!("{}: done", to_do.id),
            timing: Some(timing),
            ..Task::default()
        };
        Remediation {
            uuid: system.uuid("remediation", &to_do.id),
            lifecycle: if to_do.status == "closed" { "completed" } else { "planned" }.into(),
            title: to_do.id.clone(),
            description: words(&to_do.words),
            tasks: vec![task].into(),
            ..Remediation::default()
        }
    };
    risk.remediations = about.iter().map(one).collect();
    risk
}
