//! What is known and said of one app: the document that is kept.

use std::collections::BTreeMap;

use model::Day;
use model::limits::{MOBILE_FLOWS_MAX, MOBILE_PERMISSIONS_MAX, MOBILE_TEXT_BYTES_MAX};
use model::mobile::MobilePlatform;
use model::register::{DataCategory, ItemId};
use serde::{Deserialize, Serialize};

/// What was found about a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as asked.
    Satisfied,
    /// It is not.
    NotSatisfied,
    /// The app has nothing that is asked about.
    NotApplicable,
}

impl Verdict {
    /// All of them.
    pub const ALL: &[Verdict] = &[Verdict::Satisfied, Verdict::NotSatisfied, Verdict::NotApplicable];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Satisfied => "satisfied",
            Verdict::NotSatisfied => "not-satisfied",
            Verdict::NotApplicable => "not-applicable",
        }
    }
}

/// What was found about a control, in which version, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub verdict: Verdict,
    /// Why; needed where it does not apply, and where a manifest speaks against it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Where the proof is: a report, a run of tests. Needed where it is satisfied.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// When it was looked at.
    pub day: Day,
    /// Which version was looked at.
    pub version: String,
}

/// What a manifest shows against a control.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Objection {
    /// Of which platform.
    pub platform: MobilePlatform,
    /// Against which control.
    pub control: String,
    /// What, in plain words.
    pub what: String,
}

/// A manifest that was brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the package is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Its version, as far as it says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// When it was brought.
    pub day: Day,
}

/// A permission that an app asks for, or that somebody named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// On which platform.
    pub platform: MobilePlatform,
    /// Its name there.
    pub name: String,
    /// The manifest asks for it.
    #[serde(default)]
    pub is_asked: bool,
    /// The platform guards it: people are asked, or it opens data about them.
    #[serde(default)]
    pub is_dangerous: bool,
    /// What such a permission can tell of people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<DataCategory>,
    /// Why the app needs it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Which personal data it gets by it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<DataCategory>>,
    /// The app works without it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_optional: Option<bool>,
}

/// Where data goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowEnd {
    /// To an item of the register.
    Item(ItemId),
    /// To somebody who stands in no register.
    Outside(String),
}

impl std::fmt::Display for FlowEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FlowEnd::Item(id) => write!(f, "{id}"),
            FlowEnd::Outside(name) => write!(f, "{name} (outside)"),
        }
    }
}

/// A flow of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Where to.
    pub to: FlowEnd,
    /// Which personal data; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<DataCategory>>,
    /// It is encrypted; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_encrypted: Option<bool>,
    /// What for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// Somebody else than the city gets it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_third_party: Option<bool>,
}

/// A part of the app that follows people or reports to its maker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracker {
    /// What it is called, or the domain that it reports to.
    pub name: String,
    /// What for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
}

/// Data that the app says it collects, in the words of its platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Collected {
    /// The platform's name for it.
    pub name: String,
    /// What of that is personal data; `None` when the name is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<DataCategory>>,
}

/// What is known and said of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MobileAssessment {
    /// Which item of the register it is.
    pub item: ItemId,
    /// The version that runs; empty while nobody has said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<MobilePlatform>,
    /// Manifests that were brought: the last of each platform.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub manifests: BTreeMap<MobilePlatform, Manifest>,
    /// What was found, by control.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub findings: BTreeMap<String, Finding>,
    /// What manifests show against controls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<Objection>,
    /// Permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// Where data goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<Flow>,
    /// Trackers and parts of others that report home; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trackers: Option<Vec<Tracker>>,
    /// What the app says it collects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collected: Vec<Collected>,
}

/// Why an assessment cannot be kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Untidy {
    /// What of it.
    pub field: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl MobileAssessment {
    /// An assessment in which nothing is said yet.
    pub fn new(item: ItemId) -> Self {
        MobileAssessment {
            item,
            version: String::new(),
            platforms: Vec::new(),
            manifests: BTreeMap::new(),
            findings: BTreeMap::new(),
            objections: Vec::new(),
            permissions: Vec::new(),
            flows: Vec::new(),
            trackers: None,
            collected: Vec::new(),
        }
    }

    /// The permission of that name, if it is there.
    pub fn permission(&mut self, platform: MobilePlatform, name: &str) -> Option<&mut Permission> {
        self.permissions.iter_mut().find(|one| one.platform == platform && one.name == name)
    }

    /// Says what is wrong with it: too many, too long, an empty name.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Untidy> {
        let wrong = |field, reason: String| Err(Untidy { field, reason });
        let trackers = self.trackers.as_ref().map_or(0, Vec::len);
        let lists = [
            ("permissions", self.permissions.len(), MOBILE_PERMISSIONS_MAX),
            ("trackers", trackers, MOBILE_PERMISSIONS_MAX),
            ("collected", self.collected.len(), MOBILE_PERMISSIONS_MAX),
            ("flows", self.flows.len(), MOBILE_FLOWS_MAX),
        ];
        for (field, length, most) in lists {
            if length > most {
                return wrong(field, format!("more than {most} of them"));
            }
        }
        for (field, text) in self.texts() {
            if text.len() > MOBILE_TEXT_BYTES_MAX {
                return wrong(field, format!("longer than {MOBILE_TEXT_BYTES_MAX} bytes"));
            }
            if text.chars().any(|letter| letter.is_control() && letter != '\n') {
                return wrong(field, "a control character".to_owned());
            }
        }
        let names = self.permissions.iter().map(|one| ("permissions", &one.name));
        let trackers = self.trackers.iter().flatten().map(|one| ("trackers", &one.name));
        let outside = self.flows.iter().filter_map(|flow| match &flow.to {
            FlowEnd::Outside(name) => Some(("flows", name)),
            FlowEnd::Item(_) => None,
        });
        match names.chain(trackers).chain(outside).find(|(_, name)| name.trim().is_empty()) {
            Some((field, _)) => wrong(field, "one without a name".to_owned()),
            None => Ok(()),
        }
    }

    /// All texts in it that people wrote.
    fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let findings = self.findings.values();
        let findings = findings.flat_map(|one| [one.why.as_str(), &one.evidence, &one.version]);
        let permissions = self.permissions.iter().flat_map(|one| [one.name.as_str(), &one.why]);
        let flows = self.flows.iter().flat_map(|flow| {
            let to = match &flow.to {
                FlowEnd::Item(id) => id.as_str(),
                FlowEnd::Outside(name) => name,
            };
            [to, &flow.purpose]
        });
        let trackers = self.trackers.iter().flatten().flat_map(|one| [one.name.as_str(), &one.purpose]);
        std::iter::once(("version", self.version.as_str()))
            .chain(findings.map(|text| ("findings", text)))
            .chain(permissions.map(|text| ("permissions", text)))
            .chain(flows.map(|text| ("flows", text)))
            .chain(trackers.map(|text| ("trackers", text)))
    }
}
