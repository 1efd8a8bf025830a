//! Why a gate is closed, in plain words.

use std::fmt;

use model::Day;
use model::mobile::MobilePlatform;
use model::register::DataCategory;
use serde::Serialize;

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateReason {
    /// Nobody has looked at the app at all.
    NotAssessed,
    /// Something about the app as a whole that nobody has said.
    Unsaid {
        /// What.
        what: &'static str,
    },
    /// No manifest of a platform was brought.
    NoManifest {
        /// Of which.
        platform: MobilePlatform,
    },
    /// The manifest is of another version than the one that runs.
    ManifestOf {
        /// Of which platform.
        platform: MobilePlatform,
        /// Which version it is of; empty when it does not say.
        version: String,
        /// Which runs.
        runs: String,
    },
    /// Nobody has said whether a control is satisfied.
    ControlUnsaid {
        /// Which.
        control: String,
    },
    /// A control is not satisfied.
    NotSatisfied {
        /// Which.
        control: String,
    },
    /// A control is said to be satisfied, without evidence.
    NoEvidence {
        /// Which.
        control: String,
    },
    /// A control is said not to apply, without a reason.
    NoReason {
        /// Which.
        control: String,
    },
    /// What was found is too old, or dated in the future.
    Dated {
        /// Which control.
        control: String,
        /// Of which day.
        day: Day,
    },
    /// What was found is about another version.
    OtherVersion {
        /// Which control.
        control: String,
        /// Which version was looked at.
        version: String,
        /// Which runs.
        runs: String,
    },
    /// A manifest speaks against a control, and nobody has answered.
    Objection {
        /// Against which.
        control: String,
        /// What it shows.
        what: String,
    },
    /// Something about a permission.
    Permission {
        /// Of which platform.
        platform: MobilePlatform,
        /// Its name.
        name: String,
        /// What is missing.
        lack: Lack,
    },
    /// Something about a flow of data.
    Flow {
        /// From whom, when it is not the app; empty else.
        from: String,
        /// Where to.
        to: String,
        /// What is missing.
        lack: Lack,
    },
    /// Something about a tracker.
    Tracker {
        /// Its name.
        name: String,
        /// What is missing.
        lack: Lack,
    },
    /// Something about data that the app says it collects.
    Collected {
        /// The platform's name for it.
        name: String,
        /// What is missing.
        lack: Lack,
    },
}

/// What is missing about a permission, a flow, a tracker or what is collected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "lack", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lack {
    /// Why it is needed, or what for.
    Why,
    /// Which personal data it is about.
    Data,
    /// It opens personal data, and none is named.
    NoData,
    /// The register does not say that the app's item holds this.
    NotHeld {
        /// Which category.
        category: DataCategory,
    },
    /// Whether it is encrypted.
    Encryption,
    /// It goes in the clear.
    InTheClear,
    /// Whether somebody else gets it.
    ThirdParty,
    /// The register has no such flow.
    NotRegistered,
    /// The register has the flow, and the assessment does not name it.
    NotNamed,
    /// The register says that it carries this, and the assessment does not.
    Carries {
        /// Which category.
        category: DataCategory,
    },
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Why => f.write_str("nobody has said what for"),
            Lack::Data => f.write_str("nobody has said which personal data it is about"),
            Lack::NoData => f.write_str("it opens personal data, and none is named"),
            Lack::NotHeld { category } => write!(f, "the register does not say that the app holds {category} data"),
            Lack::Encryption => f.write_str("nobody has said whether it is encrypted"),
            Lack::InTheClear => f.write_str("it goes in the clear"),
            Lack::ThirdParty => f.write_str("nobody has said whether somebody else gets it"),
            Lack::NotRegistered => f.write_str("the register has no such flow"),
            Lack::NotNamed => f.write_str("the register has it, and the assessment does not name it"),
            Lack::Carries { category } => {
                write!(f, "the register says that it carries {category} data, the assessment does not")
            }
        }
    }
}

impl fmt::Display for GateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GateReason::NotAssessed => f.write_str("nobody has looked at the app"),
            GateReason::Unsaid { what } => write!(f, "nobody has said {what}"),
            GateReason::NoManifest { platform } => write!(f, "no manifest for {platform} was brought"),
            GateReason::ManifestOf { platform, version, runs } if version.is_empty() => {
                write!(f, "the manifest for {platform} does not say of which version it is, and {runs} runs")
            }
            GateReason::ManifestOf { platform, version, runs } => {
                write!(f, "the manifest for {platform} is of version {version}, and {runs} runs")
            }
            GateReason::ControlUnsaid { control } => write!(f, "{control}: nobody has said whether it is satisfied"),
            GateReason::NotSatisfied { control } => write!(f, "{control}: not satisfied"),
            GateReason::NoEvidence { control } => write!(f, "{control}: said to be satisfied, without evidence"),
            GateReason::NoReason { control } => write!(f, "{control}: said not to apply, without a reason"),
            GateReason::Dated { control, day } => {
                write!(f, "{control}: what was found on {day} is too old, or lies in the future")
            }
            GateReason::OtherVersion { control, version, runs } if version.is_empty() => {
                write!(f, "{control}: nobody has said in which version it was found, and {runs} runs")
            }
            GateReason::OtherVersion { control, version, runs } => {
                write!(f, "{control}: it was found in version {version}, and {runs} runs")
            }
            GateReason::Objection { control, what } => write!(f, "{control}: {what}, and nobody has said why"),
            GateReason::Permission { platform, name, lack } => write!(f, "permission {name} ({platform}): {lack}"),
            GateReason::Flow { from, to, lack } if from.is_empty() => write!(f, "flow to {to}: {lack}"),
            GateReason::Flow { from, to, lack } => write!(f, "flow from {from} to {to}: {lack}"),
            GateReason::Tracker { name, lack } => write!(f, "tracker {name}: {lack}"),
            GateReason::Collected { name, lack } => write!(f, "collects {name}: {lack}"),
        }
    }
}
