//! Observed data: bundles with `observed-data`, as STIX 2.1 writes them (section 4.14) and as 2.0 did.
//!
//! An observation has the objects that its `object_refs` name among all objects of all bundles, and those that it holds
//! itself in the deprecated `objects`. References between objects are followed inside the observation only. Objects that no
//! observation names were not observed. Of two objects with one id the later counts.
//!
//! A record that cannot be read is a note. An observation that lacks times, number or objects stays, as one that might match
//! anything: whoever asks gets "cannot be evaluated" rather than "no match".

use std::collections::BTreeMap;

use model::{Timestamp, limits};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::fault::ObservedFault;
use super::lex;

/// Observations and their objects.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Objects that observations name.
    objects: Vec<Value>,
    observations: Vec<Observation>,
    notes: Vec<ObservedNote>,
    notes_dropped: usize,
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedNote {
    /// Its id, or its place.
    pub record: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// One `observed-data`.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) id: String,
    /// First and last moment, and how often; `None` when it lacks something.
    pub(crate) frame: Option<Frame>,
    /// Place of each object, by its id, in order.
    pub(crate) objects: BTreeMap<String, usize>,
}

/// When and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) count: u64,
}

impl Observed {
    /// Reads a bundle, an `observed-data`, or a list of them, as JSON.
    ///
    /// # Errors
    /// Not JSON, nothing of the kind, or beyond `OBSERVED_BYTES_MAX`, `OBSERVED_OBSERVATIONS_MAX` or
    /// `OBSERVED_REFERENCES_MAX`. Single records that are wrong are no error: see [`Observed::notes`].
    pub fn read(bytes: &[u8]) -> Result<Self, ObservedFault> {
        if bytes.len() > limits::OBSERVED_BYTES_MAX {
            return Err(ObservedFault::TooLarge { bytes: bytes.len() });
        }
        let value = serde_json::from_slice(bytes).map_err(ObservedFault::Json)?;
        let mut reader = Reader::default();
        match value {
            Value::Array(items) => items.into_iter().enumerate().for_each(|(at, item)| reader.item(item, at)),
            item => reader.item(item, 0),
        }
        reader.finish()
    }

    /// Observations of these objects.
    pub(crate) fn of_parts(objects: Vec<Value>, observations: Vec<Observation>) -> Self {
        Observed { objects, observations, ..Observed::default() }
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.observations.len()
    }

    /// There is nothing to match.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }

    /// The id of the observation of that number, in the order of the file.
    pub fn id(&self, observation: usize) -> Option<&str> {
        self.observations.get(observation).map(|observation| observation.id.as_str())
    }

    /// Records that could not be read; at most `OBSERVED_NOTES_KEPT_MAX`.
    pub fn notes(&self) -> &[ObservedNote] {
        &self.notes
    }

    /// How many more there were.
    pub const fn notes_dropped(&self) -> usize {
        self.notes_dropped
    }

    pub(crate) fn observations(&self) -> &[Observation] {
        &self.observations
    }

    pub(crate) fn object(&self, place: usize) -> Option<&Value> {
        self.objects.get(place)
    }
}

#[derive(Default)]
struct Reader {
    observed: Observed,
    /// The latest object of each id.
    by_id: FxHashMap<String, usize>,
    /// `observed-data`, to be read when all objects are known.
    waiting: Vec<Map<String, Value>>,
    has_objects: bool,
}

impl Reader {
    fn note(&mut self, record: impl Into<String>, reason: &'static str) {
        if self.observed.notes.len() < limits::OBSERVED_NOTES_KEPT_MAX {
            let record: String = record.into();
            self.observed.notes.push(ObservedNote { record: record.chars().take(200).collect(), reason });
        } else {
            self.observed.notes_dropped += 1;
        }
    }

    /// A bundle, or an object that stands outside of one.
    fn item(&mut self, item: Value, at: usize) {
        let Value::Object(mut item) = item else { return self.note(format!("item {at}"), "no JSON object") };
        let is_object = item.get("type").and_then(Value::as_str).is_some_and(|name| name != "bundle");
        if is_object {
            return self.object(item, at, 0);
        }
        match item.remove("objects") {
            Some(Value::Array(objects)) => {
                self.has_objects = true;
                for (place, object) in objects.into_iter().enumerate() {
                    match object {
                        Value::Object(object) => self.object(object, at, place),
                        _ => self.note(format!("item {at}, object {place}"), "no JSON object"),
                    }
                }
            }
            Some(_) => self.note(format!("item {at}"), "`objects` of a bundle is no list"),
            None => self.note(format!("item {at}"), "a bundle without `objects`"),
        }
    }

    fn object(&mut self, object: Map<String, Value>, item: usize, place: usize) {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        match (text("type"), text("id")) {
            (Some("observed-data"), _) => {
                self.has_objects = true;
                self.waiting.push(object);
            }
            (Some(_), Some(id)) => {
                self.by_id.insert(id.to_owned(), self.observed.objects.len());
                self.observed.objects.push(Value::Object(object));
            }
            (Some(_), None) => self.note(format!("item {item}, object {place}"), "an object without `id`"),
            (None, _) => self.note(format!("item {item}, object {place}"), "an object without `type`"),
        }
    }

    fn finish(mut self) -> Result<Observed, ObservedFault> {
        if !self.has_objects {
            return Err(ObservedFault::NoBundle);
        }
        if self.waiting.len() > limits::OBSERVED_OBSERVATIONS_MAX {
            let most = limits::OBSERVED_OBSERVATIONS_MAX;
            return Err(ObservedFault::TooMany { what: "observations", most });
        }
        let mut references = 0;
        for (at, record) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            let observation = self.observation(record, at);
            references += observation.objects.len();
            if references > limits::OBSERVED_REFERENCES_MAX {
                return Err(ObservedFault::TooMany { what: "references", most: limits::OBSERVED_REFERENCES_MAX });
            }
            self.observed.observations.push(observation);
        }
        Ok(self.observed)
    }

    fn observation(&mut self, mut record: Map<String, Value>, at: usize) -> Observation {
        let id = record.get("id").and_then(Value::as_str).map_or_else(|| format!("observation {at}"), str::to_owned);
        let mut frame = match frame(&record) {
            Ok(frame) => Some(frame),
            Err(reason) => {
                self.note(&id, reason);
                None
            }
        };
        let mut objects = BTreeMap::new();
        let (own, named) = (record.remove("objects"), record.remove("object_refs"));
        let is_readable = matches!(
            (&own, &named),
            (None | Some(Value::Object(_)), Some(Value::Array(_))) | (Some(Value::Object(_)), None)
        );
        if !is_readable {
            self.note(&id, "neither `object_refs`, a list, nor `objects`, a map");
            frame = None;
        }
        if let Some(Value::Object(own)) = own {
            for (key, object) in own {
                objects.insert(key, self.observed.objects.len());
                self.observed.objects.push(object);
            }
        }
        if let Some(Value::Array(named)) = named {
            for name in named {
                let Value::String(name) = name else {
                    self.note(&id, "an element of `object_refs` is no text");
                    continue;
                };
                // What is named and is not there was not sent along, which is allowed.
                if let Some(&place) = self.by_id.get(&name) {
                    objects.insert(name, place);
                }
            }
        }
        Observation { id, frame, objects }
    }
}

fn frame(record: &Map<String, Value>) -> Result<Frame, &'static str> {
    let moment = |name: &str| record.get(name).and_then(Value::as_str).and_then(lex::timestamp);
    let first = moment("first_observed").ok_or("`first_observed` is no time")?;
    let last = moment("last_observed").ok_or("`last_observed` is no time")?;
    let count = record.get("number_observed").and_then(Value::as_u64).filter(|count| *count > 0);
    let count = count.ok_or("`number_observed` is no whole number from 1 on")?;
    Ok(Frame { first, last, count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(value: &Value) -> Observed {
        Observed::read(value.to_string().as_bytes()).unwrap()
    }

    fn observation(fields: Value) -> Value {
        let mut all = json!({
            "type": "observed-data", "id": "observed-data--1", "number_observed": 2,
            "first_observed": "2020-01-01T00:00:00Z", "last_observed": "2020-01-01T00:00:01.5Z",
        });
        for (name, value) in fields.as_object().unwrap() {
            if value.is_null() {
                all.as_object_mut().unwrap().remove(name);
            } else {
                all[name] = value.clone();
            }
        }
        all
    }

    #[test]
    fn both_ways_to_hold_objects() {
        let bundle = json!([
            {"type": "bundle", "objects": [
                observation(json!({"object_refs": ["file--1", "file--gone"], "objects": {"0": {"type": "file"}}})),
                {"type": "file", "id": "file--1", "name": "old"},
            ]},
            {"type": "bundle", "objects": [{"type": "file", "id": "file--1", "name": "new"}, {"type": "file"}, 5]},
        ]);
        let observed = read(&bundle);
        let only = &observed.observations()[0];
        assert_eq!(only.objects.keys().collect::<Vec<_>>(), ["0", "file--1"]);
        assert_eq!(observed.object(only.objects["file--1"]).unwrap()["name"], "new");
        let frame = only.frame.unwrap();
        assert_eq!((frame.count, frame.last.as_micros() - frame.first.as_micros()), (2, 1_500_000));
        let notes: Vec<_> = observed.notes().iter().map(|note| note.record.as_str()).collect();
        assert_eq!(notes, ["item 1, object 1", "item 1, object 2"]);
    }

    #[test]
    fn an_observation_that_lacks_something_stays_and_is_named() {
        for (fields, reason) in [
            (json!({"object_refs": []}), None),
            (json!({"objects": {}}), None),
            (json!({}), Some("neither")),
            (json!({"object_refs": {}}), Some("neither")),
            (json!({"objects": []}), Some("neither")),
            (json!({"object_refs": [], "number_observed": 0}), Some("number_observed")),
            (json!({"object_refs": [], "number_observed": 1.5}), Some("number_observed")),
            (json!({"object_refs": [], "number_observed": "1"}), Some("number_observed")),
            (json!({"object_refs": [], "first_observed": null}), Some("first_observed")),
            (json!({"object_refs": [], "last_observed": "2020-01-01"}), Some("last_observed")),
        ] {
            let observed = read(&observation(fields.clone()));
            assert_eq!(observed.len(), 1);
            assert_eq!(observed.observations()[0].frame.is_none(), reason.is_some(), "{fields}");
            let note = observed.notes().first().map_or("", |note| note.reason);
            assert!(note.contains(reason.unwrap_or_default()), "{fields}: {note}");
        }
    }

    #[test]
    fn what_is_no_observed_data_at_all() {
        for text in ["[]", "{}", "5", "[5]", r#"{"type":"bundle"}"#, r#"{"type":"bundle","objects":{}}"#] {
            assert!(matches!(Observed::read(text.as_bytes()), Err(ObservedFault::NoBundle)), "{text}");
        }
        for text in ["", "{", &"[".repeat(100_000)] {
            assert!(matches!(Observed::read(text.as_bytes()), Err(ObservedFault::Json(_))));
        }
        let large = vec![b' '; limits::OBSERVED_BYTES_MAX + 1];
        assert!(matches!(Observed::read(&large), Err(ObservedFault::TooLarge { .. })));
        assert!(Observed::read(br#"{"type":"bundle","objects":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn notes_are_bounded() {
        let bundle = json!({"type": "bundle", "objects": vec![json!(1); limits::OBSERVED_NOTES_KEPT_MAX + 3]});
        let observed = read(&bundle);
        assert_eq!((observed.notes().len(), observed.notes_dropped()), (limits::OBSERVED_NOTES_KEPT_MAX, 3));
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[\[\]{}:,"a-z0-9_-]{0,60}"#) {
            let _ = Observed::read(text.as_bytes());
        }
    }
}
