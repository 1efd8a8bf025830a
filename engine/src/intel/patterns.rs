//! The patterns of STIX that an agency's sources stand by, as detectors hold them against each event.

use std::collections::BTreeMap;

use intel::pattern::{Pattern, Wanted, Watched, lower};
use intel::weight::Weight;
use model::{Confidence, Level, OpContext, SourceId, Timestamp, limits};
use serde::Deserialize;
use store::state::{IntelObject, IntelSource, SourceNumber, State, StateError};

use super::judge::Judge;
use super::objects::PATTERN;

/// What is looked for, and what became of the rest.
#[derive(Debug)]
pub struct PatternsKnown {
    /// The patterns, ready.
    pub watched: Watched,
    /// Patterns of sources that are not sure enough.
    pub unsure: usize,
    /// Patterns that cannot be read; they may be valid for others.
    pub unreadable: usize,
    /// Patterns for which there was no room.
    pub left_out: usize,
}

/// What is kept of a pattern that is asked for here: see `objects::of_pattern`.
#[derive(Deserialize)]
struct Kept {
    pattern_type: String,
    pattern: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    techniques: Vec<String>,
    valid_until: Option<String>,
    confidence: Option<Confidence>,
    severity: Option<String>,
    #[serde(default)]
    revoked: bool,
}

/// Reads what is kept.
///
/// # Errors
/// When the state refuses or holds nonsense.
pub(crate) async fn known(
    state: &State,
    ctx: &OpContext,
    sources: &[IntelSource],
    judge: &Judge,
) -> Result<PatternsKnown, StateError> {
    let names: BTreeMap<SourceNumber, SourceId> =
        sources.iter().filter_map(|source| Some((source.number, SourceId::parse(&source.name).ok()?))).collect();
    let mut reader = Reader { names, judge, now: ctx.now, wanted: Vec::new(), unsure: 0, unreadable: 0 };
    let mut after = (String::new(), String::new());
    loop {
        let page = state.intel_objects(ctx, PATTERN, (&after.0, &after.1), limits::INTEL_PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after = (last.object.name.clone(), last.object.id.clone());
        page.into_iter().for_each(|kept| reader.take(kept));
    }
    let Reader { mut wanted, unsure, unreadable, .. } = reader;
    // The worst and surest have room first.
    wanted.sort_by(|a, b| (b.level, b.confidence, &a.id).cmp(&(a.level, a.confidence, &b.id)));
    let (watched, left_out) = Watched::new(wanted);
    Ok(PatternsKnown { watched, unsure, unreadable, left_out: left_out.len() })
}

struct Reader<'a> {
    names: BTreeMap<SourceNumber, SourceId>,
    judge: &'a Judge,
    now: Timestamp,
    wanted: Vec<Wanted>,
    unsure: usize,
    unreadable: usize,
}

impl Reader<'_> {
    fn take(&mut self, kept: IntelObject) {
        let Some(source) = self.names.get(&kept.source) else { return };
        let Ok(body) = serde_json::from_str::<Kept>(&kept.object.body) else {
            self.unreadable += 1;
            return;
        };
        let until = body.valid_until.as_deref().and_then(Timestamp::parse);
        if body.revoked || body.pattern_type != "stix" || until.is_some_and(|until| until < self.now) {
            return;
        }
        let Ok(pattern) = Pattern::parse(&body.pattern) else {
            self.unreadable += 1;
            return;
        };
        // What a look-up can do is among the claims.
        if lower(&pattern).is_some() {
            return;
        }
        let stated = Weight::from(body.confidence.unwrap_or(Confidence::UNSTATED));
        let confidence = match self.judge.trust_in(source) {
            Some(trust) => stated.times(trust.value.weight).confidence(),
            None => stated.confidence(),
        };
        if confidence.percent() < self.judge.detect_percent() {
            self.unsure += 1;
            return;
        }
        self.wanted.push(Wanted {
            id: kept.object.id,
            label: body.name,
            source: source.to_string(),
            confidence,
            level: body.severity.and_then(|name| name.parse::<Level>().ok()).unwrap_or(Level::Medium),
            techniques: body.techniques,
            until,
            pattern,
        });
    }
}
