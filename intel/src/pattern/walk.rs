//! From an object along a path to the values that stand there.
//!
//! Section 9.7: a name steps into a map, `[n]` and `[*]` into a list. What ends in `_ref` or `_refs` names other objects of
//! the observation, and the path goes on in them; a reference to what was not sent along leads nowhere. What ends in `_hex`
//! or `_bin` is bytes. Objects that are reached in several ways are looked at once, so that references in circles cost no
//! more than there are objects.

use rustc_hash::FxHashSet;
use serde_json::Value as Json;

use super::ast::Step;
use super::fault::Why;
use super::lex::{self, BASE64};
use super::observed::{Observation, Observed};

/// What stands somewhere.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Json(&'a Json),
    /// Of a property that is bytes by its name.
    Bytes(Vec<u8>),
    /// Where a list of references leads, in its order; `None` where nowhere.
    Objects(Vec<Option<&'a Json>>),
}

/// All values at the end of a path, and what was in the way, if anything.
#[derive(Debug, Default)]
pub(crate) struct Values<'a> {
    pub(crate) values: Vec<Value<'a>>,
    pub(crate) doubt: Option<Why>,
}

/// Follows `steps` from `root`, an object of `observation`.
pub(crate) fn walk<'a>(
    root: &'a Json,
    steps: &[Step],
    observation: &Observation,
    observed: &'a Observed,
) -> Values<'a> {
    let mut at = Values { values: vec![Value::Json(root)], doubt: None };
    for step in steps {
        if at.values.is_empty() {
            break;
        }
        let from = std::mem::take(&mut at.values);
        for value in from {
            match step {
                Step::Key(name) => {
                    let Value::Json(Json::Object(map)) = value else { continue };
                    let Some(value) = map.get(name) else { continue };
                    match named(name, value, observation, observed) {
                        Ok(Some(value)) => at.values.push(value),
                        Ok(None) => {}
                        Err(why) => at.doubt = at.doubt.or(Some(why)),
                    }
                }
                Step::Index(index) => at.values.extend(element(value, *index)),
                Step::Each => match value {
                    Value::Json(Json::Array(list)) => at.values.extend(list.iter().map(Value::Json)),
                    Value::Objects(list) => at.values.extend(list.into_iter().flatten().map(Value::Json)),
                    _ => {}
                },
            }
        }
        once_each(&mut at.values);
    }
    at
}

/// The value of a property, by what its name says about it.
fn named<'a>(
    name: &str,
    value: &'a Json,
    observation: &Observation,
    observed: &'a Observed,
) -> Result<Option<Value<'a>>, Why> {
    let object = |id: &str| observation.objects.get(id).and_then(|place| observed.object(*place));
    if name.ends_with("_ref") {
        let id = value.as_str().ok_or(Why::NotAReference)?;
        return Ok(object(id).map(Value::Json));
    }
    if name.ends_with("_refs") {
        let ids = value.as_array().ok_or(Why::NotAReference)?;
        let objects: Option<Vec<_>> = ids.iter().map(|id| id.as_str().map(&object)).collect();
        let objects = objects.ok_or(Why::NotAReference)?;
        return Ok(objects.iter().any(Option::is_some).then_some(Value::Objects(objects)));
    }
    let bytes = match value {
        Json::String(text) if name.ends_with("_hex") => Some(lex::hex(text)),
        Json::String(text) if name.ends_with("_bin") => Some(base64::Engine::decode(&BASE64, text).ok()),
        _ => None,
    };
    match bytes {
        Some(Some(bytes)) => Ok(Some(Value::Bytes(bytes))),
        Some(None) => Err(Why::NotEncoded),
        None => Ok(Some(Value::Json(value))),
    }
}

fn element(value: Value<'_>, index: i64) -> Option<Value<'_>> {
    let index = usize::try_from(index).ok()?;
    match value {
        Value::Json(Json::Array(list)) => list.get(index).map(Value::Json),
        Value::Objects(list) => list.get(index).copied().flatten().map(Value::Json),
        _ => None,
    }
}

fn once_each(values: &mut Vec<Value<'_>>) {
    if values.len() < 2 {
        return;
    }
    let mut seen = FxHashSet::default();
    values.retain(|value| match value {
        Value::Json(json) => seen.insert(std::ptr::from_ref::<Json>(json)),
        _ => true,
    });
}
