//! The gate of an app for telephones: before its service opens, the app is looked at by itself.
//!
//! The controls are those of the OWASP Mobile Application Security Verification Standard, version 2.1 ([`Profile`]); which of them an app
//! needs follows from what it holds and whether lives hang on it. Beside them the gate asks for each permission and each flow of data by name,
//! and holds both against the register: an app that reads where people are belongs to an item that says so.
//!
//! What nobody has said counts as missing. Evidence counts for [`MOBILE_EVIDENCE_DAYS_MAX`] days and for the version that runs. What a manifest
//! shows against a control stands until somebody says why it is all right, also where the control is not needed.
//!
//! Deliberately absent: testing apps, and the texts of the standard.

mod assessment;
mod profile;
mod reason;
#[cfg(test)]
mod tests;
mod wiring;

use std::collections::BTreeSet;

use model::Day;
use model::limits::MOBILE_EVIDENCE_DAYS_MAX;
use model::register::{DataCategory, Item, Link};
use serde::Serialize;

pub use assessment::{
    Collected, Finding, Flow, FlowEnd, Manifest, MobileAssessment, Objection, Permission, Tracker, Untidy, Verdict,
};
pub use profile::{Control, Needs, Profile, ProfileError};
pub use reason::{GateReason, Lack};
pub use wiring::Wiring;

/// Whether an app may open, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Nothing is missing.
    pub is_passed: bool,
    /// How much it needs.
    pub needs: Needs,
    /// Controls that it needs.
    pub controls_needed: usize,
    /// Those of them to which nothing is missing.
    pub controls_met: usize,
    /// What is missing, in order: the whole, controls, permissions, flows, trackers.
    pub missing: Vec<GateReason>,
}

/// Holds what was found about an app against the profile and the register.
pub fn gate(
    profile: &Profile,
    (item, wiring): (&Item, &Wiring<'_>),
    assessment: Option<&MobileAssessment>,
    today: Day,
) -> Gate {
    let needs = Needs::of(item);
    let asked: Vec<&Control> = profile.controls.iter().filter(|control| control.needs <= needs).collect();
    let Some(assessment) = assessment else {
        let missing = vec![GateReason::NotAssessed];
        return Gate { is_passed: false, needs, controls_needed: asked.len(), controls_met: 0, missing };
    };
    let mut missing = Vec::new();
    whole(item, assessment, &mut missing);
    let mut met = 0;
    for control in &profile.controls {
        let before = missing.len();
        let is_needed = control.needs <= needs;
        controlled(assessment, (control, is_needed), today, &mut missing);
        met += usize::from(is_needed && missing.len() == before);
    }
    permissions(item, assessment, &mut missing);
    flows(item, &wiring.flows(&item.id), assessment, &mut missing);
    reported(item, assessment, &mut missing);
    Gate { is_passed: missing.is_empty(), needs, controls_needed: asked.len(), controls_met: met, missing }
}

/// What the assessment and the register say of the app as a whole.
fn whole(item: &Item, assessment: &MobileAssessment, missing: &mut Vec<GateReason>) {
    let runs = &assessment.version;
    let unsaid = [
        (runs.is_empty(), "which version runs"),
        (assessment.platforms.is_empty(), "on which platforms it runs"),
        (item.data.is_none(), "in the register which personal data it holds"),
        (assessment.trackers.is_none(), "which trackers and reporting parts of others are in it"),
    ];
    let unsaid = unsaid.into_iter().filter(|(is_unsaid, _)| *is_unsaid);
    missing.extend(unsaid.map(|(_, what)| GateReason::Unsaid { what }));
    for platform in assessment.platforms.iter().copied() {
        match assessment.manifests.get(&platform) {
            None => missing.push(GateReason::NoManifest { platform }),
            Some(manifest) if manifest.version != *runs && !runs.is_empty() => {
                let version = manifest.version.clone();
                missing.push(GateReason::ManifestOf { platform, version, runs: runs.clone() });
            }
            Some(_) => {}
        }
    }
}

/// What is missing to a control.
fn controlled(
    assessment: &MobileAssessment,
    (control, is_needed): (&Control, bool),
    today: Day,
    missing: &mut Vec<GateReason>,
) {
    let id = || control.id.clone();
    let finding = assessment.findings.get(&control.id);
    // A reason that somebody gave for this version answers what manifests show.
    let is_answered = finding.is_some_and(|found| {
        found.verdict != Verdict::NotSatisfied && !found.why.trim().is_empty() && found.version == assessment.version
    });
    let against = assessment.objections.iter().filter(|one| one.control == control.id);
    let objections: BTreeSet<&str> = against.filter(|_| !is_answered).map(|one| one.what.as_str()).collect();
    missing.extend(objections.iter().map(|what| GateReason::Objection { control: id(), what: (*what).to_owned() }));
    let Some(finding) = finding else {
        if is_needed && objections.is_empty() {
            missing.push(GateReason::ControlUnsaid { control: id() });
        }
        return;
    };
    if !is_needed {
        return;
    }
    match finding.verdict {
        Verdict::NotSatisfied => return missing.push(GateReason::NotSatisfied { control: id() }),
        Verdict::Satisfied if finding.evidence.trim().is_empty() => {
            missing.push(GateReason::NoEvidence { control: id() });
        }
        Verdict::NotApplicable if finding.why.trim().is_empty() => missing.push(GateReason::NoReason { control: id() }),
        Verdict::Satisfied | Verdict::NotApplicable => {}
    }
    if !(0..=MOBILE_EVIDENCE_DAYS_MAX).contains(&today.days_since(finding.day)) {
        missing.push(GateReason::Dated { control: id(), day: finding.day });
    }
    if finding.version != assessment.version {
        let (version, runs) = (finding.version.clone(), assessment.version.clone());
        missing.push(GateReason::OtherVersion { control: id(), version, runs });
    }
}

/// Which of these the register does not know the item to hold.
fn not_held(item: &Item, data: &[DataCategory]) -> impl Iterator<Item = Lack> {
    let held: BTreeSet<DataCategory> = item.data.iter().flatten().map(|held| held.category).collect();
    let lacking: BTreeSet<DataCategory> = data.iter().copied().filter(|category| !held.contains(category)).collect();
    lacking.into_iter().map(|category| Lack::NotHeld { category })
}

fn permissions(item: &Item, assessment: &MobileAssessment, missing: &mut Vec<GateReason>) {
    for permission in assessment.permissions.iter().filter(|permission| permission.is_asked) {
        let mut lacks = Vec::new();
        if permission.why.trim().is_empty() {
            lacks.push(Lack::Why);
        }
        match &permission.data {
            None => lacks.push(Lack::Data),
            Some(data) if data.is_empty() && permission.is_dangerous => lacks.push(Lack::NoData),
            Some(data) => lacks.extend(not_held(item, data)),
        }
        missing.extend(lacks.into_iter().map(|lack| GateReason::Permission {
            platform: permission.platform,
            name: permission.name.clone(),
            lack,
        }));
    }
}

fn flows(item: &Item, registered: &[&Link], assessment: &MobileAssessment, missing: &mut Vec<GateReason>) {
    for flow in &assessment.flows {
        let mut lacks = Vec::new();
        if flow.purpose.trim().is_empty() {
            lacks.push(Lack::Why);
        }
        match &flow.data {
            None => lacks.push(Lack::Data),
            Some(data) => lacks.extend(not_held(item, data)),
        }
        if flow.is_third_party.is_none() {
            lacks.push(Lack::ThirdParty);
        }
        let is_outside = match &flow.to {
            FlowEnd::Outside(_) => true,
            FlowEnd::Item(id) => {
                if !registered.iter().any(|link| link.to == *id) {
                    lacks.push(Lack::NotRegistered);
                }
                // Whoever has not said that it stays with us may mean somebody else.
                flow.is_third_party != Some(false)
            }
        };
        match flow.is_encrypted {
            Some(true) => {}
            Some(false) if is_outside => lacks.push(Lack::InTheClear),
            None => lacks.push(Lack::Encryption),
            Some(false) => {}
        }
        let to = flow.to.to_string();
        missing.extend(lacks.into_iter().map(|lack| GateReason::Flow { from: String::new(), to: to.clone(), lack }));
    }
    for link in registered {
        let lack = |lack| {
            let from = if link.from == item.id { String::new() } else { link.from.to_string() };
            GateReason::Flow { from, to: link.to.to_string(), lack }
        };
        let named = assessment.flows.iter().find(|flow| matches!(&flow.to, FlowEnd::Item(id) if *id == link.to));
        let Some(named) = named else {
            missing.push(lack(Lack::NotNamed));
            continue;
        };
        let said = named.data.as_deref().unwrap_or_default();
        let carried: BTreeSet<DataCategory> = link.data.iter().flatten().copied().collect();
        let untold = carried.into_iter().filter(|category| named.data.is_some() && !said.contains(category));
        missing.extend(untold.map(|category| lack(Lack::Carries { category })));
    }
}

/// Trackers, and what the app says it collects.
fn reported(item: &Item, assessment: &MobileAssessment, missing: &mut Vec<GateReason>) {
    let trackers = assessment.trackers.iter().flatten().filter(|tracker| tracker.purpose.trim().is_empty());
    missing.extend(trackers.map(|one| GateReason::Tracker { name: one.name.clone(), lack: Lack::Why }));
    for collected in &assessment.collected {
        let lacks: Vec<Lack> = match &collected.data {
            None => vec![Lack::Data],
            Some(data) => not_held(item, data).collect(),
        };
        let name = || collected.name.clone();
        missing.extend(lacks.into_iter().map(|lack| GateReason::Collected { name: name(), lack }));
    }
}
