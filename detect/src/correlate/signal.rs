//! A finding as correlation sees it: what, how bad, how sure, and everything that may tie it to others.

use std::net::IpAddr;

use model::detection::AnalyticKind;
use model::entity::{Entity, EntityKind, Involved, Part};
use model::{Detection, EventId, FindingId, Level, Reason, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::tactics::{KillChain, Tactics};

/// A finding as correlation sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name.
    pub finding: FindingId,
    /// When it happened.
    pub time: Timestamp,
    /// How bad, after suppression.
    pub level: Level,
    /// How sure, in percent.
    pub confidence: u8,
    /// The analytic's id.
    pub analytic: Box<str>,
    /// What people call the analytic.
    pub title: Box<str>,
    /// Which sort of detector.
    pub kind: AnalyticKind,
    /// ATT&CK techniques, as the analytic states them.
    pub techniques: Vec<Box<str>>,
    /// The tactics that it states, or that its techniques serve.
    pub tactics: Tactics,
    /// The event that completed it: what several rules say of one event is one piece of evidence.
    pub event: Option<EventId>,
    /// Who and what took part, at most [`limits::SIGNAL_TIES_MAX`]. The subject is among them.
    pub involved: Vec<Involved>,
    /// What indicators call what they belong to.
    pub campaigns: Vec<Box<str>>,
}

/// Labels that say nothing about who is behind something.
const EMPTY_LABELS: &[&str] = &["", "unlabelled", "bad", "malicious", "malware", "unknown", "suspicious"];

impl Signal {
    /// The signal of a detection.
    pub fn of(detection: &Detection) -> Self {
        Signal::with(detection, KillChain::built_in())
    }

    /// The signal of a detection, with a table of tactics of the caller's own.
    pub fn with(detection: &Detection, chain: &KillChain) -> Self {
        let analytic = &detection.analytic;
        let mut involved = detection.involved.clone();
        if !involved.iter().any(|involved| involved.part == Part::Place)
            && let Some(place) = detection.subject.as_deref().and_then(place)
            && !involved.iter().any(|involved| involved.entity == place)
        {
            involved.insert(0, Involved { entity: place, part: Part::Place });
        }
        involved.truncate(limits::SIGNAL_TIES_MAX);
        Signal {
            finding: FindingId::of(detection),
            time: detection.time,
            level: detection.level,
            confidence: confidence(detection),
            analytic: analytic.uid.as_str().into(),
            title: analytic.title.as_str().into(),
            kind: analytic.kind,
            techniques: analytic.techniques.iter().map(|technique| technique.as_str().into()).collect(),
            tactics: chain.of(analytic),
            event: detection.events.last().copied(),
            involved,
            campaigns: campaigns(detection),
        }
    }

    /// Where it happened: the machine if one is named, else who did it, else the first that took part.
    pub fn subject(&self) -> Option<&Entity> {
        let with = |part: Part| self.involved.iter().find(|involved| involved.part == part);
        let chosen = with(Part::Place).or_else(|| with(Part::Actor)).or_else(|| with(Part::Source));
        chosen.or_else(|| self.involved.first()).map(|involved| &involved.entity)
    }
}

/// What a subject without an event names: an address, or a machine by its short name.
fn place(subject: &str) -> Option<Entity> {
    match subject.parse::<IpAddr>() {
        Ok(address) => Entity::new(EntityKind::Address, &address.to_string()).ok(),
        Err(_) => Entity::new(EntityKind::Machine, subject.split('.').next().unwrap_or(subject)).ok(),
    }
}

/// How sure a detection is: what its sources say of an indicator, how unusual behaviour was; a rule as sure as its author
/// was when giving it a level. What a list of harmless things lowered is half as sure.
fn confidence(detection: &Detection) -> u8 {
    let stated = detection.because.iter().filter_map(|reason| match reason {
        Reason::Indicator { confidence, .. } | Reason::Pattern { confidence, .. } => Some(confidence.percent()),
        Reason::Behaviour { surprise, .. } => Some((*surprise).min(100)),
        _ => None,
    });
    let of_level = match detection.analytic.level {
        Level::Critical => 90,
        Level::High => 80,
        Level::Medium => 70,
        Level::Low => 60,
        Level::Informational => 50,
    };
    let sure = stated.max().unwrap_or(of_level);
    if detection.suppressed_by.is_some() { sure / 2 } else { sure }
}

/// The labels of a detection's indicators, in small letters, each once.
fn campaigns(detection: &Detection) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    for reason in &detection.because {
        let (Reason::Indicator { label, .. } | Reason::Pattern { label, .. }) = reason else { continue };
        let label = label.trim().to_lowercase();
        let says_something = !EMPTY_LABELS.contains(&label.as_str()) && label.len() <= limits::ENTITY_NAME_BYTES_MAX;
        let has_room = found.len() < limits::SIGNAL_CAMPAIGNS_MAX;
        if says_something && has_room && !found.iter().any(|known| **known == *label) {
            found.push(label.into());
        }
    }
    found.sort();
    found
}
