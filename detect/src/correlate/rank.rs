//! How much an incident weighs, from 0 to 100, and why.
//!
//! Each line weighs by its level, how sure it is, how rare it is here, what its subject leads to, and what people said of such
//! findings before. Lines are put together as independent chances of being real (noisy or), except that what several rules say of
//! one event counts as one opinion and a quarter of each further one. Tactics in the order of an attack, and different sorts of
//! detectors that agree, raise what is left. The figure orders work; it is no probability, and nobody should read it as one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::detection::AnalyticKind;
use model::words::counted;
use model::{EventId, Level, Timestamp};
use serde::{Deserialize, Serialize};

use super::habits::{Habits, Ordinary};
use super::incident::{Incident, Line};
use super::tactics::{KillChain, Tactics};

/// From this rank on an incident is told at once; below, it stands in the digest of the day. A rule of level high that never
/// spoke here before reaches it alone.
pub const TELL: u8 = 35;
/// From this rank on somebody is woken.
pub const PAGE: u8 = 75;
/// What a line must weigh for its tactics and its sort of detector to count.
const WEIGHTY: f64 = 0.04;
/// What is left of a line about an event that a heavier line is about too.
const SAME_EVENT: f64 = 0.25;
/// Reasons that a rank carries at most.
const REASONS: usize = 8;

/// A rank, and why it is so high and no higher.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// From 0 to 100.
    pub rank: u8,
    /// Why, the weightiest first.
    pub because: Vec<RankReason>,
}

/// One reason for a rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RankReason {
    /// A line, and what it weighs alone.
    Line {
        /// What people call the analytic.
        title: Box<str>,
        /// On what.
        subject: Box<str>,
        /// The worst level.
        level: Level,
        /// In percent.
        confidence: u8,
        /// How many findings.
        count: u64,
        /// What the subject leads to, in percent.
        worth: Option<u8>,
        /// From 0 to 100.
        points: u8,
    },
    /// A line that weighs less because such findings are ordinary here.
    Ordinary {
        /// What people call the analytic.
        title: Box<str>,
        /// Days of the last four weeks on which it came on this subject.
        here: u32,
        /// Days on which it came anywhere.
        anywhere: u32,
    },
    /// A line whose weight people's verdicts changed.
    Verdicts {
        /// What people call the analytic.
        title: Box<str>,
        /// Where they hold.
        group: Box<str>,
        /// What they make of a weight, in percent.
        percent: u8,
    },
    /// Tactics that came in the order of an attack.
    Progress {
        /// Their names, the first one first.
        tactics: Vec<Box<str>>,
    },
    /// Different sorts of detectors that agree.
    Agree {
        /// How many.
        sorts: u32,
    },
}

impl fmt::Display for RankReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RankReason::Line { title, subject, level, confidence, count, worth, points } => {
                let place = if subject.is_empty() { String::new() } else { format!(" on {subject}") };
                write!(f, "{title}{place}: level {level}, confidence {confidence}, {}", counted(*count, "finding"))?;
                if let Some(worth) = worth {
                    write!(f, ", worth {worth} of 100")?;
                }
                write!(f, ": {points} alone")
            }
            RankReason::Ordinary { title, here, anywhere } => {
                write!(f, "{title} weighs less: of the last 28 days it came here on {here} and anywhere on {anywhere}")
            }
            RankReason::Verdicts { title, group, percent } => {
                write!(f, "{title}: verdicts on {group} make its weight {percent} %")
            }
            RankReason::Progress { tactics } => write!(f, "tactic {}", tactics.join(" followed by ")),
            RankReason::Agree { sorts } => write!(f, "{sorts} sorts of detectors agree"),
        }
    }
}

/// The rank of an incident as it stands.
pub(super) fn rank(incident: &Incident, habits: &Habits, chain: &KillChain) -> Ranked {
    let mut weighed: Vec<Weighed<'_>> = incident
        .lines
        .iter()
        .map(|(key, line)| {
            let verdicts = habits.verdicts(&key.analytic, &line.group);
            Weighed { subject: &key.subject, line, weight: weight(line) * verdicts, verdicts }
        })
        .collect();
    // The key decides among equals: the order in which lines stand is sorted already, and the sort is stable.
    weighed.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut harmless = 1.0;
    let mut events: BTreeSet<EventId> = BTreeSet::new();
    for one in &weighed {
        let is_known = one.line.event.is_some_and(|event| !events.insert(event));
        harmless *= 1.0 - if is_known { one.weight * SAME_EVENT } else { one.weight };
    }
    let mut chance = 1.0 - harmless;
    let tactics = progress(&weighed, chain);
    let steps = tactics.len().saturating_sub(1).min(5);
    chance += (1.0 - chance) * 0.08 * f64::from(u8::try_from(steps).unwrap_or(5));
    let sorts = sorts(&weighed);
    chance += (1.0 - chance) * 0.1 * f64::from(sorts.saturating_sub(1));
    Ranked { rank: percent(chance), because: reasons(&weighed, tactics, sorts) }
}

struct Weighed<'a> {
    subject: &'a str,
    line: &'a Line,
    weight: f64,
    verdicts: f64,
}

/// What a line weighs alone, verdicts aside.
fn weight(line: &Line) -> f64 {
    let severity = match line.level {
        Level::Critical => 0.9,
        Level::High => 0.6,
        Level::Medium => 0.3,
        Level::Low => 0.08,
        Level::Informational => 0.02,
    };
    let (here, anywhere) = line.days_before;
    let rarity = Ordinary { here, anywhere }.rarity();
    // Half, where nobody said what the subject is worth.
    let worth = line.worth.map_or(0.5, |worth| f64::from(worth.min(100)) / 100.0);
    severity * (f64::from(line.confidence.min(100)) / 100.0) * rarity * (0.7 + 0.3 * worth)
}

/// The tactics that came one after the other in the order of an attack, each from an event of its own.
fn progress(weighed: &[Weighed<'_>], chain: &KillChain) -> Vec<Tactics> {
    let mut lines: Vec<&Line> = weighed.iter().filter(|one| one.weight >= WEIGHTY).map(|one| one.line).collect();
    lines.sort_by_key(|line| (line.first, line.event));
    let (mut found, mut seen, mut reached) = (Vec::new(), Tactics::default(), 0);
    let mut last: Option<(Timestamp, Option<EventId>)> = None;
    for line in lines {
        let at = (line.first, line.event);
        let next = line.tactics.without(seen).each().filter_map(|tactic| Some((chain.stages(tactic)?.0, tactic)));
        let next = next.filter(|(stage, _)| *stage >= reached).min();
        if let Some((stage, tactic)) = next
            && last != Some(at)
        {
            (reached, last) = (stage, Some(at));
            found.push(tactic);
        }
        seen = seen.with(line.tactics);
    }
    found
}

fn sorts(weighed: &[Weighed<'_>]) -> u32 {
    let sort = |kind: AnalyticKind| match kind {
        AnalyticKind::Rule | AnalyticKind::Correlation => 0u8,
        AnalyticKind::Indicator | AnalyticKind::Pattern | AnalyticKind::Targeted => 1,
        AnalyticKind::Behaviour => 2,
    };
    let found: BTreeSet<u8> =
        weighed.iter().filter(|one| one.weight >= WEIGHTY).map(|one| sort(one.line.kind)).collect();
    u32::try_from(found.len()).unwrap_or(0)
}

/// From a share to whole percent; the share lies between 0 and 1.
pub(super) fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u8
}

fn reasons(weighed: &[Weighed<'_>], tactics: Vec<Tactics>, sorts: u32) -> Vec<RankReason> {
    let mut reasons = Vec::new();
    if tactics.len() > 1 {
        let names = tactics.iter().flat_map(|tactic| tactic.names()).map(Into::into).collect();
        reasons.push(RankReason::Progress { tactics: names });
    }
    if sorts > 1 {
        reasons.push(RankReason::Agree { sorts });
    }
    // One analytic that speaks on fifty machines is one reason.
    let mut by_title: BTreeMap<&str, ()> = BTreeMap::new();
    for one in weighed {
        if reasons.len() >= REASONS {
            break;
        }
        let line = one.line;
        if by_title.insert(&line.title, ()).is_some() {
            continue;
        }
        reasons.push(RankReason::Line {
            title: line.title.clone(),
            subject: one.subject.into(),
            level: line.level,
            confidence: line.confidence,
            count: line.count,
            worth: line.worth,
            points: percent(one.weight),
        });
        let (here, anywhere) = line.days_before;
        if here + anywhere > 0 {
            reasons.push(RankReason::Ordinary { title: line.title.clone(), here, anywhere });
        }
        if one.verdicts != 1.0 {
            let percent = (one.verdicts * 100.0).round() as u8;
            reasons.push(RankReason::Verdicts { title: line.title.clone(), group: line.group.clone(), percent });
        }
    }
    reasons.truncate(REASONS);
    reasons
}
