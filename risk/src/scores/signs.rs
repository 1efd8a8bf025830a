//! What was found about one entity: a line for each analytic, bounded.

use std::collections::BTreeMap;

use model::{FindingId, Level, Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::interval::Probability;

/// A finding about an entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sign<'a> {
    /// Which.
    pub finding: FindingId,
    /// Of which analytic.
    pub analytic: &'a str,
    /// What people call that.
    pub title: &'a str,
    /// How bad.
    pub level: Level,
    /// The tactic that it shows; may be empty.
    pub tactic: &'a str,
    /// How sure its source is.
    pub confidence: Probability,
    /// When it happened.
    pub time: Timestamp,
}

/// What one analytic found about an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// What people call the analytic, shortened.
    pub title: String,
    /// The highest level.
    pub level: Level,
    /// The tactic that it shows; may be empty.
    pub tactic: String,
    /// The highest confidence.
    pub confidence: Probability,
    /// How often.
    pub times: u32,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// The latest finding.
    pub finding: FindingId,
}

/// What was found about one entity, at most [`limits::SCORE_FACTORS_MAX`] analytics: the one that was silent longest makes room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signs(BTreeMap<String, Factor>);

impl Signs {
    /// Takes a finding in. The same finding is to be given once: it would count as another one.
    pub fn observe(&mut self, sign: &Sign<'_>) {
        if let Some(known) = self.0.get_mut(sign.analytic) {
            known.times = known.times.saturating_add(1);
            known.level = known.level.max(sign.level);
            known.first = known.first.min(sign.time);
            if sign.confidence > known.confidence {
                known.confidence = sign.confidence;
            }
            if sign.time >= known.last {
                (known.last, known.finding) = (sign.time, sign.finding);
            }
            return;
        }
        self.0.insert(
            sign.analytic.to_owned(),
            Factor {
                title: beginning(sign.title),
                level: sign.level,
                tactic: beginning(sign.tactic),
                confidence: sign.confidence,
                times: 1,
                first: sign.time,
                last: sign.time,
                finding: sign.finding,
            },
        );
        if self.0.len() > limits::SCORE_FACTORS_MAX {
            let silent = self.0.iter().min_by_key(|(name, factor)| (factor.last, *name)).map(|(name, _)| name.clone());
            silent.and_then(|name| self.0.remove(&name));
        }
    }

    /// Takes back what an analytic found: somebody decided that it was harmless here. Says whether there was something.
    pub fn refute(&mut self, analytic: &str) -> bool {
        self.0.remove(analytic).is_some()
    }

    /// Each analytic with what it found, by name.
    pub fn factors(&self) -> impl Iterator<Item = (&String, &Factor)> {
        self.0.iter()
    }

    /// Nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn beginning(text: &str) -> String {
    let mut end = text.len().min(limits::SCORE_TITLE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
