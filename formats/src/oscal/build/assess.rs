//! The assessment plan and what came of it.

use super::super::{
    Activity, AssessmentPlan, AssessmentResult, AssessmentResults, AssessmentSubject, AssociatedActivity,
    ControlSelection, Document, Evidence, Finding, FindingTarget, Imported, LocalDefinitions, Observation,
    RelatedObservation, RelatedRisk, Rest, ReviewedControls, Risk, SelectedControl, State, Subject, Task,
};
use super::{About, Controlled, Looked, Referred, System, document_uuid, line, metadata, resource, words};

/// How a system is going to be assessed: `automated` are the controls at which the program looks by itself.
pub fn assessment_plan(system: &System, about: &About, (plan, automated): (&Referred, &[&str])) -> Document {
    let (href, back_matter) = resource(system, plan);
    let (by_program, by_people): (Vec<_>, Vec<_>) =
        system.controls.iter().map(|control| control.id.as_str()).partition(|id| automated.contains(id));
    let all = |words: &str| AssessmentSubject {
        r#type: "component".into(),
        description: Some(words.into()),
        include_all: Some(Rest::new()),
        ..AssessmentSubject::default()
    };
    let mut activities = Vec::new();
    let mut tasks = Vec::new();
    let sorts = [
        (
            "automated",
            "The program looks",
            "What the program sees for itself is compared with the control.",
            by_program,
        ),
        ("by-hand", "People look", "Papers are read, people asked, and settings tried.", by_people),
    ];
    for (name, title, about_it, controls) in sorts {
        if controls.is_empty() {
            continue;
        }
        let activity = Activity {
            uuid: system.uuid("activity", name),
            title: Some(title.into()),
            description: about_it.into(),
            related_controls: Some(reviewed(controls.into_iter())),
            ..Activity::default()
        };
        let associated = AssociatedActivity {
            activity_uuid: activity.uuid.clone(),
            subjects: vec![all("All parts of the system.")].into(),
            ..AssociatedActivity::default()
        };
        tasks.push(Task {
            uuid: system.uuid("task", name),
            r#type: "action".into(),
            title: title.into(),
            associated_activities: vec![associated].into(),
            ..Task::default()
        });
        activities.push(activity);
    }
    Document::AssessmentPlan(AssessmentPlan {
        uuid: document_uuid(system, "assessment-plan", about),
        metadata: metadata(system, "Assessment plan", about),
        import_ssp: Imported { href, ..Imported::default() },
        reviewed_controls: reviewed(system.controls.iter().map(|control| control.id.as_str())),
        local_definitions: (!activities.is_empty())
            .then(|| LocalDefinitions { activities: activities.into(), ..LocalDefinitions::default() }),
        assessment_subjects: vec![all("All parts of the system.")].into(),
        tasks: tasks.into(),
        back_matter: Some(back_matter),
        ..AssessmentPlan::default()
    })
}

/// What came of it. Only controls at which somebody looked are among them.
pub fn assessment_results(system: &System, about: &About, plan: &Referred) -> Document {
    let (href, back_matter) = resource(system, plan);
    let looked: Vec<&Controlled> = system.controls.iter().filter(|control| !control.looked.is_empty()).collect();
    let times = || looked.iter().flat_map(|control| &control.looked).map(|one| one.at);
    let result = AssessmentResult {
        uuid: system.uuid("result", &about.at.to_string()),
        title: "What was looked at".into(),
        description: format!("{} of {} controls were looked at.", looked.len(), system.controls.len()),
        start: times().min().unwrap_or(about.at).to_string(),
        end: Some(times().max().unwrap_or(about.at).to_string()),
        reviewed_controls: match looked.is_empty() {
            // The schema wants a selection: what was to be looked at.
            true => reviewed(system.controls.iter().map(|control| control.id.as_str())),
            false => reviewed(looked.iter().map(|control| control.id.as_str())),
        },
        observations: looked.iter().flat_map(|control| observations(system, control)).collect(),
        risks: looked.iter().filter(|control| is_wrong(control)).map(|control| risk(system, control)).collect(),
        findings: looked.iter().map(|control| finding(system, control)).collect(),
        ..AssessmentResult::default()
    };
    Document::AssessmentResults(AssessmentResults {
        uuid: document_uuid(system, "assessment-results", about),
        metadata: metadata(system, "Assessment results", about),
        import_ap: Imported { href, ..Imported::default() },
        results: vec![result],
        back_matter: Some(back_matter),
        ..AssessmentResults::default()
    })
}

fn reviewed<'c>(controls: impl Iterator<Item = &'c str>) -> ReviewedControls {
    let one = |id: &str| SelectedControl { control_id: id.to_owned(), ..SelectedControl::default() };
    let mut selection =
        ControlSelection { include_controls: controls.map(one).collect(), ..ControlSelection::default() };
    if selection.include_controls.is_empty() {
        selection.include_all = Some(Rest::new());
    }
    ReviewedControls { control_selections: vec![selection], ..ReviewedControls::default() }
}

/// Somebody looked and said that it is not met.
pub(super) fn is_wrong(control: &Controlled) -> bool {
    control.looked.iter().any(|looked| !looked.is_satisfied)
}

fn observation_uuid(system: &System, control: &Controlled, looked: &Looked) -> String {
    let automated = if looked.is_automated { "automated" } else { "by hand" };
    system.uuid("observation", &format!("{} {} {automated} {}", control.id, looked.method, looked.at))
}

pub(super) fn observations(system: &System, control: &Controlled) -> Vec<Observation> {
    let subject = |control: &Controlled| Subject {
        subject_uuid: match control.met.as_ref().map(|met| &met.by) {
            Some(super::By::Item(item)) => system.component(item),
            _ => system.component(system.service.id.as_str()),
        },
        r#type: "component".into(),
        ..Subject::default()
    };
    let one = |looked: &Looked| Observation {
        uuid: observation_uuid(system, control, looked),
        title: Some(control.id.clone()),
        description: words(&looked.words),
        methods: vec![looked.method.into()],
        collected: looked.at.to_string(),
        types: vec!["control-objective".to_owned()].into(),
        subjects: vec![subject(control)].into(),
        relevant_evidence: looked
            .evidence
            .iter()
            .map(|text| Evidence { description: words(text), ..Evidence::default() })
            .collect(),
        remarks: looked.is_automated.then(|| "The program looked by itself.".to_owned()),
        ..Observation::default()
    };
    control.looked.iter().map(one).collect()
}

fn related(system: &System, control: &Controlled) -> Vec<RelatedObservation> {
    let one = |looked: &Looked| RelatedObservation {
        observation_uuid: observation_uuid(system, control, looked),
        ..RelatedObservation::default()
    };
    control.looked.iter().map(one).collect()
}

fn reasons(control: &Controlled) -> String {
    let wrong = control.looked.iter().filter(|looked| !looked.is_satisfied);
    wrong.map(|looked| words(&looked.words)).collect::<Vec<_>>().join("\n\n")
}

pub(super) fn risk(system: &System, control: &Controlled) -> Risk {
    Risk {
        uuid: system.uuid("risk", &control.id),
        title: format!("{} is not met", control.id),
        description: reasons(control),
        statement: format!("What {} is to prevent can happen.", control.id),
        status: "open".into(),
        related_observations: related(system, control).into(),
        ..Risk::default()
    }
}

pub(super) fn finding(system: &System, control: &Controlled) -> Finding {
    let is_wrong = is_wrong(control);
    let risks = is_wrong.then(|| RelatedRisk { risk_uuid: system.uuid("risk", &control.id), ..RelatedRisk::default() });
    let state = if is_wrong { "not-satisfied" } else { "satisfied" };
    Finding {
        uuid: system.uuid("finding", &control.id),
        title: format!("{}: {}", control.id, if is_wrong { "not met" } else { "met" }),
        description: match is_wrong {
            true => reasons(control),
            false => format!("{} looks say that it is met.", control.looked.len()),
        },
        target: FindingTarget {
            r#type: "statement-id".into(),
            target_id: line(&control.statement),
            status: State { state: state.into(), ..State::default() },
            ..FindingTarget::default()
        },
        related_observations: related(system, control).into(),
        related_risks: risks.into_iter().collect(),
        ..Finding::default()
    }
}
