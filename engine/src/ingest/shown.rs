//! Findings as they are kept: within the limits, with the OCSF text that people and programs are shown.

use formats::finding;
use model::{Detection, Event, limits};
use store::state::NewFinding;

/// Events and reasons that a finding keeps when it is over its limit in bytes.
const KEPT_WHEN_CUT: usize = 64;

/// The finding that is kept for a detection. One that would be over [`limits::FINDING_BYTES_MAX`] is cut to its last events and
/// first reasons; what cannot be cut to fit is `None`.
pub(crate) fn finding(mut detection: Detection, event: Option<&Event>) -> Option<NewFinding> {
    if let Some(event) = event
        && detection.involved.is_empty()
    {
        detection.involved = model::entity::involved(event);
    }
    let ocsf = finding::to_json(&detection, event, None);
    if fits(&detection, &ocsf) {
        return Some(NewFinding { detection, ocsf });
    }
    let surplus = detection.events.len().saturating_sub(KEPT_WHEN_CUT);
    detection.events.drain(..surplus);
    detection.because.truncate(KEPT_WHEN_CUT);
    let ocsf = finding::to_json(&detection, None, None);
    fits(&detection, &ocsf).then_some(NewFinding { detection, ocsf })
}

fn fits(detection: &Detection, ocsf: &str) -> bool {
    let text = serde_json::to_string(detection).map_or(usize::MAX, |text| text.len());
    text.max(ocsf.len()) <= limits::FINDING_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::detection::AnalyticKind;
    use model::{Analytic, EventId, Level, Timestamp};

    use super::*;

    fn detection(events: usize, subject: &str) -> Detection {
        let analytic = Analytic {
            uid: "u".into(),
            title: "t".into(),
            kind: AnalyticKind::Correlation,
            level: Level::High,
            techniques: Vec::new(),
            tactics: Vec::new(),
            path: None,
        };
        Detection {
            analytic: Arc::new(analytic),
            level: Level::High,
            time: Timestamp::EPOCH,
            events: (0..events as u128).map(|number| EventId::from_bytes(number.to_be_bytes())).collect(),
            subject: Some(subject.into()),
            because: Vec::new(),
            suppressed_by: None,
            involved: Vec::new(),
        }
    }

    #[test]
    fn a_finding_over_its_limit_keeps_its_last_events() {
        assert_eq!(finding(detection(10, "m"), None).unwrap().detection.events.len(), 10);
        let many = detection(40_000, "m");
        let last = many.events.last().copied();
        let cut = finding(many, None).unwrap();
        assert_eq!(cut.detection.events.len(), KEPT_WHEN_CUT);
        assert_eq!(cut.detection.events.last().copied(), last);
        assert!(finding(detection(1, &"x".repeat(limits::FINDING_BYTES_MAX)), None).is_none());
    }
}
