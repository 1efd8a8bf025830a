//! What goes into a weight: claims, sources, lists, sightings, and what the city is.

use std::collections::BTreeMap;

use model::{Confidence, Credibility, Explained, IndicatorKind, Level, Marking, SourceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::blast::BlastReason;
use crate::trust::Feedback;
use crate::weight::Weight;

/// What one source says about a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Who says it.
    pub source: SourceId,
    /// What it is called there, for example `malware/emotet`.
    pub label: String,
    /// How sure the source is.
    pub stated: Confidence,
    /// How credible an analyst found it; `None` where nobody graded it, which takes nothing away.
    pub credibility: Option<Credibility>,
    /// How bad a sighting would be.
    pub level: Level,
    /// When the source last vouched for it; where it says nothing, when it first came here.
    pub vouched: Timestamp,
    /// When the source wants it to end.
    pub until: Option<Timestamp>,
    /// When the source took it back.
    pub withdrawn: Option<Timestamp>,
    /// How far it may travel and what may be done with it.
    pub marking: Marking,
    /// What it is about, where the source says so.
    #[serde(default)]
    pub about: About,
}

/// Sectors, regions and technologies: of a claim those that it concerns, of a city its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// For example `government`, `water`.
    #[serde(default)]
    pub sectors: Vec<String>,
    /// For example `DE`, `europe`.
    #[serde(default)]
    pub regions: Vec<String>,
    /// For example `fortios`, `siemens s7`.
    #[serde(default)]
    pub technologies: Vec<String>,
}

/// What sort of source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A feed, a peer or a person that can be asked, and loses weight for what turns out wrong.
    Known,
    /// The same, and somebody decided that it may make us block alone.
    Trusted,
    /// Somebody whom nobody knows. Blocks nothing (invariant 12).
    Anonymous,
}

/// What is known about a source.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its weight: see [`crate::trust::trust`].
    pub weight: Weight,
    /// What sort it is.
    pub origin: Origin,
}

/// What a list of harmless things does to what it names, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListEffect {
    /// Says so. Detections stay as they are; nothing is blocked.
    Label,
    /// Lowers confidence and level.
    Cap,
    /// Raises nothing; sightings are counted.
    Count,
    /// It is never an indicator.
    Refuse,
}

/// A list that names the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// What it does.
    pub effect: ListEffect,
    /// Its name.
    pub list: String,
}

/// Everything that is known about one value.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// What it names.
    pub kind: IndicatorKind,
    /// The value in its normal form.
    pub value: &'a str,
    /// What sources say.
    pub claims: &'a [Claim],
    /// What became of sightings of this value.
    pub feedback: &'a [Feedback],
    /// Lists of harmless things that name it.
    pub listed: &'a [Listed],
    /// The own asset that it names: see [`crate::watch::OwnAssets::covers`].
    pub own_asset: Option<&'a str>,
    /// What the blast check said; `None` where none was made yet.
    pub blast: Option<&'a Explained<bool, BlastReason>>,
}

/// What is the same for all values.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// All sources. A claim of one that is not here counts as anonymous.
    pub sources: &'a BTreeMap<SourceId, Source>,
    /// Which of them are one voice.
    pub voices: &'a crate::voices::Voices,
    /// How claims grow old.
    pub decay: &'a crate::decay::DecayModel,
    /// What the city is.
    pub city: &'a About,
    /// The numbers.
    pub rules: &'a crate::rules::WeighRules,
}
