//! Reading one JSON object by property, where any property may be of a wrong type.
//!
//! A property of a wrong type is left out and remembered; the rest of the object is read. What was left out becomes one note.

use model::limits::{INTEL_LIST_MAX, INTEL_NAME_BYTES_MAX, INTEL_TEXT_BYTES_MAX};
use model::{Confidence, Timestamp};
use serde_json::{Map, Value};

use crate::Trouble;

/// One object while it is read.
pub(crate) struct Object<'m> {
    map: &'m Map<String, Value>,
    lost: Vec<String>,
}

/// Most properties that one note names.
const LOST_NAMED_MAX: usize = 8;

impl<'m> Object<'m> {
    pub(crate) fn new(map: &'m Map<String, Value>) -> Self {
        Object { map, lost: Vec::new() }
    }

    /// Remembers that a property could not be read. `what` says what it should be.
    pub(crate) fn lose(&mut self, name: &str, what: &str) {
        if self.lost.len() < LOST_NAMED_MAX {
            self.lost.push(format!("{name} should be {what}"));
        }
    }

    /// The note about all that was left out.
    pub(crate) fn trouble(self) -> Option<Trouble> {
        let is_whole = self.lost.is_empty();
        (!is_whole).then(|| Trouble::part_lost(format!("left out: {}", self.lost.join("; "))))
    }

    /// A property that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'m Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// A text, without blanks round it; `None` when it is empty.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'m str> {
        let Some(text) = self.get(name)?.as_str() else {
            self.lose(name, "a text");
            return None;
        };
        Some(text.trim()).filter(|text| !text.is_empty())
    }

    /// A text as a name: cut at [`INTEL_NAME_BYTES_MAX`].
    pub(crate) fn name(&mut self, name: &str) -> String {
        self.text(name).map(|text| cut(text, INTEL_NAME_BYTES_MAX).to_owned()).unwrap_or_default()
    }

    /// The beginning of a longer text, [`INTEL_TEXT_BYTES_MAX`] at most.
    pub(crate) fn prose(&mut self, name: &str) -> String {
        self.text(name).map(|text| cut(text, INTEL_TEXT_BYTES_MAX).to_owned()).unwrap_or_default()
    }

    /// A list of texts. A single text is a list of one; more than [`INTEL_LIST_MAX`] are cut off, and that is said.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        let short = |text: &str| cut(text.trim(), INTEL_NAME_BYTES_MAX).to_owned();
        let list = match self.get(name) {
            None => return Vec::new(),
            Some(Value::String(text)) => return vec![short(text)],
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.lose(name, "a list of texts");
                return Vec::new();
            }
        };
        let texts: Vec<String> = list.iter().filter_map(Value::as_str).take(INTEL_LIST_MAX).map(short).collect();
        if list.iter().any(|member| !member.is_string()) {
            self.lose(name, "a list of texts only");
        } else if list.len() > texts.len() {
            self.lose(name, "a shorter list");
        }
        texts
    }

    /// The members of a list that are objects.
    pub(crate) fn objects(&mut self, name: &str) -> impl Iterator<Item = &'m Map<String, Value>> + use<'m> {
        let list = match self.get(name) {
            None => &[][..],
            Some(Value::Array(list)) => list.as_slice(),
            Some(_) => {
                self.lose(name, "a list of objects");
                &[]
            }
        };
        if list.iter().any(|member| !member.is_object()) {
            self.lose(name, "a list of objects only");
        }
        list.iter().filter_map(Value::as_object)
    }

    /// An object inside.
    pub(crate) fn object(&mut self, name: &str) -> Option<&'m Map<String, Value>> {
        let value = self.get(name)?;
        if !value.is_object() {
            self.lose(name, "an object");
        }
        value.as_object()
    }

    /// Yes or no; `0`, `1` and texts of them count, as MISP writes them.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let truth = match self.get(name)? {
            Value::Bool(truth) => Some(*truth),
            Value::Number(number) => number.as_u64().filter(|number| *number <= 1).map(|number| number == 1),
            Value::String(text) => match text.as_str() {
                "1" | "true" => Some(true),
                "0" | "false" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if truth.is_none() {
            self.lose(name, "true or false");
        }
        truth
    }

    /// A whole number that is not negative; a text of digits counts.
    pub(crate) fn whole(&mut self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        let whole = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        if whole.is_none() {
            self.lose(name, "a whole number");
        }
        whole
    }

    /// A moment: RFC 3339 and its relatives, a date alone, or seconds since 1970.
    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let value = self.get(name)?;
        let at = match value {
            Value::Number(number) => number.as_f64().and_then(Timestamp::from_seconds_f64),
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => moment(text),
            _ => None,
        };
        if at.is_none() {
            self.lose(name, "a time");
        }
        at
    }

    /// A percentage.
    pub(crate) fn confidence(&mut self, name: &str) -> Option<Confidence> {
        let percent = self.whole(name)?;
        let confidence = u8::try_from(percent).ok().and_then(Confidence::new);
        if confidence.is_none() {
            self.lose(name, "0 to 100");
        }
        confidence
    }
}

/// Reads a moment as feeds write it.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches(" UTC");
    if !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = text.parse().ok()?;
        return seconds.checked_mul(1_000_000).map(Timestamp::from_micros);
    }
    if text.len() == 10 {
        return Timestamp::parse(&format!("{text}T00:00:00Z"));
    }
    Timestamp::parse(text)
}

/// The beginning of a text, at most so many bytes, whole letters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_wrong_type_costs_its_property() {
        let value = json!({"a": 7, "b": " x ", "c": ["y", 1], "d": "soon", "e": 101, "f": "yes", "g": -1});
        let mut object = Object::new(value.as_object().unwrap());
        assert_eq!((object.text("a"), object.text("b")), (None, Some("x")));
        assert_eq!(object.texts("c"), ["y"]);
        assert_eq!((object.time("d"), object.confidence("e")), (None, None));
        assert_eq!((object.flag("f"), object.whole("g"), object.text("absent")), (None, None, None));
        let detail = object.trouble().unwrap().detail;
        for name in ["a should", "c should", "d should", "e should", "f should", "g should"] {
            assert!(detail.contains(name), "{detail}");
        }
        assert!(!detail.contains('7'), "no content in a note: {detail}");
    }

    #[test]
    fn moments() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        };
        check("2024-10-24", Some("2024-10-24T00:00:00Z"));
        check("1502459000", Some("2017-08-11T13:43:20Z"));
        check("2021-09-09 23:46:53.997398", Some("2021-09-09T23:46:53.997398Z"));
        check("2016-05-12T08:17:27.000Z", Some("2016-05-12T08:17:27Z"));
        check("yesterday", None);
        check("", None);
    }

    #[test]
    fn lists_have_a_limit() {
        let value = json!({"a": vec!["x"; INTEL_LIST_MAX + 1], "b": vec!["x"; INTEL_LIST_MAX]});
        let mut object = Object::new(value.as_object().unwrap());
        assert_eq!((object.texts("a").len(), object.texts("b").len()), (INTEL_LIST_MAX, INTEL_LIST_MAX));
        assert_eq!(object.trouble().unwrap().detail, "left out: a should be a shorter list");
    }

    proptest! {
        #[test]
        fn a_cut_is_a_beginning(text in ".{0,40}", length in 0usize..60) {
            let short = cut(&text, length);
            prop_assert!(text.starts_with(short) && short.len() <= length);
            prop_assert!(text.len() <= length || short.len() + 4 > length);
        }
    }
}
