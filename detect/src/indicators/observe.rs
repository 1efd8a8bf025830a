//! From an event to detections: every indicator that names something in it, judged by the lists of harmless things.

use std::sync::Arc;

use model::detection::AnalyticKind;
use model::ocsf::Event;
use model::{Analytic, Detection, Level, Reason, Timestamp, limits};

use super::find::Hit;
use super::set::IndicatorSet;
use crate::suppress::{Effect, Judgement, Suppression};

/// One indicator and where in the event it was seen.
struct Sighted {
    hit: Hit,
    /// Attribute, and what stood there.
    places: Vec<(&'static str, String)>,
    judgement: Judgement,
}

/// Puts a detection for every indicator that names something in `event` behind `found`, and gives how many indicators
/// were left out because the event has more than [`limits::INDICATOR_HITS_PER_EVENT_MAX`].
///
/// The age of an indicator is counted to the time of the event, not to now: a replay says what was known then. A list of
/// harmless things silences or caps a detection only when it names every place where the indicator was seen.
pub fn observe(set: &IndicatorSet, event: &Event, suppression: &Suppression, found: &mut Vec<Detection>) -> usize {
    let mut sighted: Vec<Sighted> = Vec::new();
    let mut hits = Vec::new();
    let mut left_out = 0;
    event.for_each_observable(|observable| {
        set.find(&observable, &mut hits);
        for hit in hits.drain(..) {
            let judgement = suppression.judge(hit.kind, &hit.value, &hit.observed);
            let place = (observable.attribute, hit.observed.clone());
            let has_room = sighted.len() < limits::INDICATOR_HITS_PER_EVENT_MAX;
            let known = sighted.iter().position(|known| known.hit.kind == hit.kind && known.hit.value == hit.value);
            match known.and_then(|at| sighted.get_mut(at)) {
                Some(known) if known.places.contains(&place) => {}
                Some(known) => {
                    known.places.push(place);
                    known.judgement.and(judgement);
                }
                None if has_room => sighted.push(Sighted { hit, places: vec![place], judgement }),
                None => left_out += 1,
            }
        }
    });
    for sighted in sighted {
        suppression.count(&sighted.judgement);
        if sighted.judgement.effect() != Some(Effect::Silence) {
            found.push(detection(event, &sighted, suppression));
        }
    }
    left_out
}

fn detection(event: &Event, sighted: &Sighted, suppression: &Suppression) -> Detection {
    let Sighted { hit, places, judgement } = sighted;
    let id = hit.id();
    let label = hit.claims.first().map_or("", |claim| claim.label.as_str());
    let analytic = Analytic {
        uid: id.to_string(),
        title: format!("{label}: {} {}", hit.kind, shortened(&hit.value)),
        kind: AnalyticKind::Indicator,
        level: hit.level(),
        techniques: Vec::new(),
        tactics: Vec::new(),
        path: None,
    };
    let suppressions = suppression.reasons(judgement);
    let room = limits::REASONS_MAX.saturating_sub(suppressions.len());
    let sightings = places.iter().flat_map(|place| hit.claims.iter().map(move |claim| (place, claim)));
    let sightings = sightings.map(|((attribute, observed), claim)| Reason::Indicator {
        id,
        indicator: hit.kind,
        value: shortened(&hit.value),
        observed: shortened(observed),
        attribute: (*attribute).to_owned(),
        label: claim.label.clone(),
        source: claim.source.clone(),
        confidence: claim.confidence,
        age_days: claim.seen.map(|seen| age_days(seen, event.time)),
    });
    let is_capped = judgement.effect() == Some(Effect::Cap);
    let attribute = places.first().map_or("", |(attribute, _)| attribute);
    Detection {
        level: if is_capped { Level::Informational } else { analytic.level },
        analytic: Arc::new(analytic),
        time: event.time,
        events: vec![event.id],
        subject: subject(event, attribute).map(str::to_owned),
        because: sightings.take(room).chain(suppressions).collect(),
        suppressed_by: if is_capped { suppression.decisive(judgement).map(str::to_owned) } else { None },
        involved: Vec::new(),
    }
}

/// The machine; where the record names none (network sensors), the end of the connection that the indicator is not.
pub fn subject<'e>(event: &'e Event, attribute: &str) -> Option<&'e str> {
    if let Some(machine) = event.machine() {
        return Some(machine);
    }
    let (src, dst) = (event.attributes.src_endpoint.as_ref(), event.attributes.dst_endpoint.as_ref());
    let end = if attribute.starts_with("src_endpoint") { dst.or(src) } else { src.or(dst) }?;
    end.hostname.as_deref().or(end.name.as_deref()).or(end.ip.as_deref())
}

pub(crate) fn age_days(seen: Timestamp, at: Timestamp) -> u32 {
    u32::try_from(i64::from(at.day()) - i64::from(seen.day())).unwrap_or(0)
}

/// A text as long as a reason shows it.
pub fn shortened(text: &str) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > limits::REASON_VALUE_BYTES_MAX) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}
