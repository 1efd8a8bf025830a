//! What a detector found, and why it thinks so.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::words::counted;
use crate::{Confidence, EventId, IndicatorId, IndicatorKind, Level, Timestamp};

/// A value together with the reasons for it. Every score and every prescription comes as one (invariant 6).
///
/// Reasons are those of detections unless a crate has its own; each prints as a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explained<T, R = Reason> {
    /// The value.
    pub value: T,
    /// Why it is what it is, most important first.
    pub because: Vec<R>,
}

/// A finding of one detector in one event, or in several that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// What found it.
    #[serde(with = "shared")]
    pub analytic: Arc<Analytic>,
    /// How bad it is, after suppression.
    pub level: Level,
    /// When it happened: the time of the event that completed it.
    pub time: Timestamp,
    /// The events in which it was found; the completing one last.
    pub events: Vec<EventId>,
    /// The machine, account or service that it happened on, as the record names it.
    pub subject: Option<String>,
    /// Why: the condition, the fields and values that matched, the indicator with its source.
    pub because: Vec<Reason>,
    /// The list of harmless things that lowered or silenced it.
    pub suppressed_by: Option<String>,
}

/// Writes and reads a shared value as if it were owned.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(deserializer).map(Arc::new)
    }
}

/// A rule or an indicator: what can find something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analytic {
    /// The rule's own id, or the indicator's UUIDv5.
    pub uid: String,
    /// What people call it.
    pub title: String,
    /// Which sort of detector.
    pub kind: AnalyticKind,
    /// How bad the author thinks it is.
    pub level: Level,
    /// ATT&CK technique ids (`T1059`, `T1059.001`), as the rule is tagged.
    pub techniques: Vec<String>,
    /// ATT&CK tactics in short form (`defense-evasion`), as the rule is tagged.
    pub tactics: Vec<String>,
    /// File that it came from, where there is one.
    pub path: Option<String>,
}

/// The sorts of detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnalyticKind {
    /// A Sigma detection rule.
    Rule,
    /// A Sigma correlation rule.
    Correlation,
    /// An indicator.
    Indicator,
    /// A STIX pattern that needs more than a look-up.
    Pattern,
    /// Intelligence that concerns what is the city's own: a look-alike of its name, a leak that names it, a hole in what it runs.
    Targeted,
    /// Something unlike what the subject did before.
    Behaviour,
}

impl Analytic {
    /// What the ids of [`AnalyticKind::Targeted`] begin with, so that lists can put them first.
    pub const TARGETED_PREFIX: &str = "city:";
}

/// One reason, in a form that a page can lay out and a person can read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The rule's condition, as its author wrote it.
    Condition {
        /// For example `selection and not 1 of filter_*`.
        text: String,
    },
    /// A field whose value matched.
    Field {
        /// The named part of the rule.
        selection: String,
        /// The field; `None` for a keyword that may stand anywhere.
        field: Option<String>,
        /// How it was compared, for example `endswith`.
        comparison: String,
        /// What it was compared with.
        pattern: String,
        /// What stood there, shortened.
        value: Option<String>,
    },
    /// A named part of the rule that had to stay silent, and did.
    NotMatched {
        /// The named part.
        selection: String,
    },
    /// An indicator that was seen.
    Indicator {
        /// Its id.
        id: IndicatorId,
        /// What it names.
        indicator: IndicatorKind,
        /// Its value.
        value: String,
        /// What stood in the event, where that is more than the value (a subdomain, an address in a range).
        observed: String,
        /// The OCSF attribute in which it stood.
        attribute: String,
        /// What the source calls it.
        label: String,
        /// Who says so.
        source: String,
        /// How sure they are.
        confidence: Confidence,
        /// Days since the source last vouched for it, if it said when.
        age_days: Option<u32>,
    },
    /// A pattern of observations that was seen.
    Pattern {
        /// Its id as its source has it.
        id: String,
        /// The pattern, shortened.
        text: String,
        /// What the source calls it; may be empty.
        label: String,
        /// Who says so.
        source: String,
        /// How sure they are.
        confidence: Confidence,
    },
    /// It was seen before anybody here knew it.
    Past {
        /// On how many days.
        days: u32,
        /// How often.
        events: u64,
        /// On how many machines.
        machines: u32,
        /// There may be more machines than are counted.
        is_more: bool,
        /// When first.
        first: Timestamp,
        /// When last.
        last: Timestamp,
    },
    /// A correlation that was completed.
    Correlation {
        /// For example `12 events ≥ 10 within 5m`.
        text: String,
        /// What the events had in common, name and value.
        group: Vec<(String, String)>,
    },
    /// What a source says concerns what is ours.
    Concern {
        /// What of ours: a name, domain, address or product.
        ours: String,
        /// What is said about it.
        text: String,
        /// Who says so.
        source: String,
    },
    /// Something unlike what the subject did before.
    Behaviour {
        /// What was unlike, and unlike what.
        text: String,
        /// How surprising it is, 0 to 100.
        surprise: u8,
    },
    /// A list of harmless things that names what was found.
    Suppression {
        /// The list.
        list: String,
        /// What was done about it.
        effect: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Condition { text } => write!(f, "condition: {text}"),
            Reason::Field { selection, field, comparison, pattern, value } => {
                let field = field.as_deref().unwrap_or("any field");
                write!(f, "{selection}: {field} {comparison} {pattern:?}")?;
                match value {
                    Some(value) => write!(f, " (was {value:?})"),
                    None => Ok(()),
                }
            }
            Reason::NotMatched { selection } => write!(f, "{selection}: did not match, as required"),
            Reason::Indicator {
                indicator, value, observed, attribute, label, source, confidence, age_days, ..
            } => {
                write!(
                    f,
                    "{attribute} {observed:?} is {indicator} {value:?}: {label}, says {source}, confidence {}",
                    confidence.percent()
                )?;
                match age_days {
                    Some(days) => write!(f, ", {} old", counted((*days).into(), "day")),
                    None => write!(f, ", age not stated"),
                }
            }
            Reason::Pattern { id, text, label, source, confidence } => {
                let label = if label.is_empty() { id } else { label };
                write!(f, "pattern {text}: {label}, says {source}, confidence {}", confidence.percent())
            }
            Reason::Past { days, events, machines, is_more, first, last } => {
                let more = if *is_more { "at least " } else { "" };
                write!(
                    f,
                    "seen before it was known here: {} on {}, from {first} to {last}, by {more}{}",
                    counted(*events, "time"),
                    counted(u64::from(*days), "day"),
                    counted(u64::from(*machines), "machine"),
                )
            }
            Reason::Correlation { text, group } => {
                f.write_str(text)?;
                group.iter().try_for_each(|(name, value)| write!(f, ", {name} = {value:?}"))
            }
            Reason::Concern { ours, text, source } => write!(f, "{ours}: {text}, says {source}"),
            Reason::Behaviour { text, .. } => f.write_str(text),
            Reason::Suppression { list, effect } => write!(f, "{list}: {effect}"),
        }
    }
}
