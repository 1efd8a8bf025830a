//! What changes: something begins, or ends.

use std::sync::Arc;

use model::detection::AnalyticKind;
use model::limits::REASONS_MAX;
use model::probe::Observation;
use model::{Analytic, Detection, Reason, Timestamp};
use serde::{Deserialize, Serialize};

use super::settings::Problem;
use super::{Judged, words};

/// What a look changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Something is wrong from now on. There is no second one until it ends.
    Began {
        /// The probe.
        probe: String,
        /// What is wrong.
        problem: Problem,
        /// For people.
        detection: Box<Detection>,
    },
    /// It is over.
    Ended(Ended),
}

/// Something is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The probe.
    pub probe: String,
    /// The service.
    pub service: String,
    /// What was wrong.
    pub problem: Problem,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// For people.
    pub words: String,
}

/// Something is wrong now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The probe.
    pub probe: String,
    /// The service.
    pub service: String,
    /// What is wrong.
    pub problem: Problem,
    /// Since when.
    pub since: Timestamp,
}

pub(super) fn began(seen: &Observation, judged: &Judged) -> Turn {
    let problem = judged.problem;
    let analytic = Analytic {
        uid: format!("probe:{}", problem.word()),
        title: problem.title().to_owned(),
        kind: AnalyticKind::Behaviour,
        level: problem.level(),
        techniques: problem.techniques().iter().map(|technique| (*technique).to_owned()).collect(),
        tactics: Vec::new(),
        path: None,
    };
    let reason = |text: &String| Reason::Behaviour { text: words(text), surprise: judged.surprise };
    let detection = Detection {
        analytic: Arc::new(analytic),
        level: judged.level,
        time: seen.time,
        events: Vec::new(),
        subject: Some(seen.service.clone()),
        because: judged.because.iter().take(REASONS_MAX).map(reason).collect(),
        suppressed_by: None,
        involved: Vec::new(),
    };
    Turn::Began { probe: seen.probe.clone(), problem, detection: Box::new(detection) }
}

pub(super) fn ended(seen: &Observation, problem: Problem, since: Timestamp) -> Turn {
    over(&seen.probe, &seen.service, problem, (since, seen.time), "it is over")
}

pub(super) fn accepted(probe: &str, service: &str, problem: Problem, since: Timestamp, now: Timestamp) -> Turn {
    over(probe, service, problem, (since, now), "somebody said that it is right so")
}

fn over(probe: &str, service: &str, problem: Problem, (since, until): (Timestamp, Timestamp), how: &str) -> Turn {
    let minutes = until.as_micros().saturating_sub(since.as_micros()) / 60_000_000;
    let lasted = model::words::counted(u64::try_from(minutes).unwrap_or(0), "minute");
    Turn::Ended(Ended {
        probe: probe.to_owned(),
        service: service.to_owned(),
        problem,
        since,
        until,
        words: format!("{}: {how} after {lasted}", problem.title()),
    })
}
