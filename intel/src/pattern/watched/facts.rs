//! What stood where a pattern asked: the reasons of its detection, and what lists of harmless things say of them.

use detect::indicators::{infer, shortened};
use detect::suppress::{Effect, Suppression};
use model::{IndicatorKind, Reason};
use serde_json::Value as Json;

use super::super::ast::{Comparison, Step, Test};
use super::super::check::{Check, Truth};
use super::super::observed::{Observation, Observed};
use super::super::walk::{Value, walk};
use super::Judged;

/// Reasons that one comparison gives.
const FACTS_MAX: usize = 16;

/// Where something stands.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) object: &'a Json,
    pub(super) observation: &'a Observation,
    pub(super) observed: &'a Observed,
}

/// What a test asked and what stood there.
pub(super) struct Fact {
    pub(super) reason: Reason,
    /// What stood there, where it is something that lists can name.
    named: Option<(IndicatorKind, String)>,
    /// It only says what must not stand there.
    is_negated: bool,
}

/// Puts what satisfies a comparison behind `found`.
pub(super) fn collect(comparison: &Comparison, check: &Check, seen: &Seen<'_>, found: &mut Vec<Fact>) {
    if check.ask(seen.object, seen.observation, seen.observed) != Truth::Yes {
        return;
    }
    match (comparison, check) {
        (Comparison::Test(test), _) if found.len() < FACTS_MAX => found.push(fact(test, seen)),
        (Comparison::All(children), Check::All(checks)) | (Comparison::Any(children), Check::Any(checks)) => {
            children.iter().zip(checks).for_each(|(child, check)| collect(child, check, seen, found));
        }
        _ => {}
    }
}

fn fact(test: &Test, seen: &Seen<'_>) -> Fact {
    let values = walk(seen.object, &test.path.steps, seen.observation, seen.observed).values;
    let value = values.iter().find_map(|value| match value {
        Value::Json(Json::String(text)) => Some(text.clone()),
        Value::Json(scalar @ (Json::Number(_) | Json::Bool(_))) => Some(scalar.to_string()),
        _ => None,
    });
    let sign = test.operation.sign();
    let is_value = matches!(test.path.steps.last(), Some(Step::Key(last)) if last == "value");
    let named = value.as_deref().filter(|_| is_value).and_then(infer);
    let reason = Reason::Field {
        selection: "pattern".to_owned(),
        field: Some(test.path.to_string()),
        comparison: if test.negated { format!("NOT {sign}") } else { sign.to_owned() },
        pattern: shortened(&test.operation.constant()),
        value: value.as_deref().map(shortened),
    };
    Fact { reason, named, is_negated: test.negated }
}

/// What lists say of all that was named. A pattern that asked for anything else says more than they know of.
pub(super) fn judged(facts: &[Fact], suppression: &Suppression) -> Judged {
    let asked = facts.iter().filter(|fact| !fact.is_negated);
    let named: Option<Vec<_>> = asked.map(|fact| fact.named.as_ref()).collect();
    let Some(judgement) = named.as_deref().and_then(|named| suppression.judge_all(named)) else {
        return Judged::default();
    };
    suppression.count(&judgement);
    let is_capped = judgement.effect() == Some(Effect::Cap);
    Judged {
        is_silent: judgement.effect() == Some(Effect::Silence),
        capped_by: suppression.decisive(&judgement).filter(|_| is_capped).map(str::to_owned),
        reasons: suppression.reasons(&judgement),
    }
}
