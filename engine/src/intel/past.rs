//! Looking back: what past traffic says of the agency's indicators. Who was seen before anybody knew them becomes a finding, and what is used
//! here every day will not be blocked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use detect::indicators::{Builder, IndicatorSet, Segment};
use detect::seen::{Past, Pasts};
use intel::blast::{ListUse, Traffic, Use};
use intel::rules::BlastRules;
use model::{AgencyId, Confidence, Indicator, IndicatorKind, Level, Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::seen::{SeenError, SeenFiles};

/// What a look back left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedBack {
    /// When it was.
    pub at: Timestamp,
    /// Everything that was known here by then was looked for.
    pub known: Timestamp,
    /// What listed values are used for here.
    pub traffic: Traffic,
}

/// What came of a look back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackReport {
    /// Days that were looked through.
    pub days: u32,
    /// Indicators that were seen on them.
    pub seen: usize,
    /// Of them, those that nobody knew when they were seen first.
    pub new: usize,
    /// Findings that were made of these.
    pub findings: usize,
    /// New ones that were one too many for findings at once.
    pub left_out: usize,
}

/// Before this much nobody can say which of index and claim came first.
pub(crate) const SLACK: Duration = Duration::from_secs(600);

/// What all of an agency's files say of an index.
pub(crate) struct Swept {
    pub(crate) traffic: Traffic,
    pub(crate) pasts: Pasts,
    pub(crate) days: u32,
}

/// Goes through what the agency saw, the newest day first. Takes seconds of a processor.
pub(crate) fn sweep(
    files: &SeenFiles,
    (agency, today): (&AgencyId, i32),
    index: Arc<Segment>,
    rules: &BlastRules,
) -> Result<Swept, SeenError> {
    let set = IndicatorSet::new(vec![index]);
    let mut pasts = Pasts::new();
    let window = i32::try_from(rules.days).unwrap_or(i32::MAX);
    let first = today.saturating_sub(window.saturating_sub(1));
    let most = limits::SEEN_INDICATORS_MAX;
    let recent = files.sweep(agency, first..=today.saturating_add(1), &set, (&mut pasts, most))?;
    let mut uses: BTreeMap<IndicatorKind, BTreeMap<String, Use>> = BTreeMap::new();
    for ((kind, value), past) in &pasts {
        uses.entry(*kind).or_default().insert(value.clone(), used(past));
    }
    // A day of which a part cannot be read is not known.
    let days = recent.days.saturating_sub(u32::try_from(recent.damaged).unwrap_or(u32::MAX));
    let traffic = Traffic { days, uses, lists: BTreeMap::new(), is_cut: recent.left_out > 0 };
    let oldest = today.saturating_sub(limits::SEEN_DAYS as i32 - 1);
    let older = files.sweep(agency, oldest..=first.saturating_sub(1), &set, (&mut pasts, most))?;
    Ok(Swept { traffic, pasts, days: recent.days + older.days })
}

fn used(past: &Past) -> Use {
    Use {
        machines: past.machines.count() as u64,
        events: past.events,
        days: u32::try_from(past.days.len()).unwrap_or(u32::MAX),
    }
}

/// Adds that a list names something that is in use.
pub(crate) fn in_use(lists: &mut BTreeMap<model::SourceId, ListUse>, source: &model::SourceId, values: u64) {
    let list = lists.entry(source.clone()).or_default();
    list.values = values;
    list.in_use += 1;
}

/// A list as an index, to look back with; `None` for one that names nothing.
pub(crate) fn index_of(list: &[(IndicatorKind, String)]) -> Result<Option<Arc<Segment>>, String> {
    let mut builder = Builder::new();
    for (kind, value) in list {
        let indicator = Indicator {
            kind: *kind,
            value: value.clone(),
            label: String::new(),
            confidence: Confidence::UNSTATED,
            level: Level::Informational,
            source: String::new(),
            seen: None,
        };
        // What cannot be indexed is no value of its kind, which the check says itself.
        builder.push(&indicator).ok();
    }
    if builder.is_empty() {
        return Ok(None);
    }
    let mut image = Vec::new();
    builder.finish(&mut image).map_err(|error| error.to_string())?;
    Segment::open(image).map(|segment| Some(Arc::new(segment))).map_err(|error| error.to_string())
}
