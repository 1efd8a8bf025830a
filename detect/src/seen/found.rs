//! From what the past knows of an indicator to a detection.

use std::sync::Arc;

use model::detection::AnalyticKind;
use model::{Analytic, Detection, IndicatorId, IndicatorKind, Level, Reason, limits};

use super::Past;
use crate::indicators::{age_days, shortened};
use crate::suppress::{Effect, Suppression};

impl Past {
    /// The detection of an indicator that was seen before it was known; at the time of the first sighting, with that event. Nothing, where a
    /// list of harmless things silences it.
    pub fn detection(&self, kind: IndicatorKind, value: &str, suppression: &Suppression) -> Option<Detection> {
        let (observed, example) = &self.example;
        let judgement = suppression.judge(kind, value, observed);
        suppression.count(&judgement);
        if judgement.effect() == Some(Effect::Silence) {
            return None;
        }
        let is_capped = judgement.effect() == Some(Effect::Cap);
        let level = self.claims.iter().map(|claim| claim.level).max().unwrap_or(Level::Informational);
        let id = IndicatorId::of(kind, value);
        let label = self.claims.first().map_or("", |claim| claim.label.as_str());
        let past = Reason::Past {
            days: u32::try_from(self.days.len()).unwrap_or(u32::MAX),
            events: self.events,
            machines: self.machines.count() as u32,
            is_more: self.machines.is_full(),
            first: self.first,
            last: self.last,
        };
        let claims = self.claims.iter().map(|claim| Reason::Indicator {
            id,
            indicator: kind,
            value: shortened(value),
            observed: shortened(observed),
            attribute: example.attribute.clone().into_owned(),
            label: claim.label.clone(),
            source: claim.source.clone(),
            confidence: claim.confidence,
            age_days: claim.seen.map(|seen| age_days(seen, self.first)),
        });
        let suppressions = suppression.reasons(&judgement);
        let room = limits::REASONS_MAX.saturating_sub(suppressions.len() + 1);
        Some(Detection {
            analytic: Arc::new(Analytic {
                uid: id.to_string(),
                title: format!("{label}: {kind} {}", shortened(value)),
                kind: AnalyticKind::Indicator,
                level,
                techniques: Vec::new(),
                tactics: Vec::new(),
                path: None,
            }),
            level: if is_capped { Level::Informational } else { level },
            time: self.first,
            events: vec![example.event],
            subject: example.subject.as_deref().map(str::to_owned),
            because: std::iter::once(past).chain(claims.take(room)).chain(suppressions).collect(),
            suppressed_by: if is_capped { suppression.decisive(&judgement).map(str::to_owned) } else { None },
            involved: Vec::new(),
        })
    }
}
