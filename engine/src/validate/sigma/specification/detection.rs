//! The `detection` section, and the `filter` section, which is one that stands elsewhere.

use yaml_serde::{Mapping, Value};

use super::{Checker, kind_of, shown};

/// For hints; the reader itself decides.
const MODIFIERS: &str = "all, startswith, endswith, contains, exists, cased, neq, windash, re with i, m and s, base64, base64offset, \
                         utf16, utf16le, utf16be, wide, lt, lte, gt, gte, minute, hour, day, week, month, year, cidr, expand, \
                         fieldref";
/// Modifiers that the specification allows for texts only.
const FOR_TEXTS: &[&str] =
    &["windash", "base64", "base64offset", "wide", "utf16", "utf16le", "utf16be", "expand", "fieldref", "cidr"];
/// Modifiers that the specification allows for numbers only, with the range that the value may have.
const FOR_NUMBERS: &[(&str, f64, f64)] = &[
    ("lt", f64::MIN, f64::MAX),
    ("lte", f64::MIN, f64::MAX),
    ("gt", f64::MIN, f64::MAX),
    ("gte", f64::MIN, f64::MAX),
    ("minute", 0.0, 59.0),
    ("hour", 0.0, 23.0),
    ("day", 1.0, 31.0),
    // Years with 53 weeks exist; the specification's text says 52.
    ("week", 1.0, 53.0),
    ("month", 1.0, 12.0),
    ("year", 0.0, 9_999.0),
];

impl Checker {
    pub(super) fn detection(&mut self, document: &Mapping) {
        let Some(value) = document.get("detection") else {
            return self.hinted(
                &["detection"],
                "required, but absent",
                "a document is a rule (detection), a correlation or a filter",
            );
        };
        let Some(detection) = value.as_mapping() else { return self.kind(&["detection"], "a mapping", value) };
        self.condition("detection", detection, true);
        if detection.contains_key("timeframe") {
            self.hinted(
                &["detection", "timeframe"],
                "`timeframe` is gone from Sigma 2",
                "write a correlation rule with a timespan",
            );
        }
        self.selections("detection", detection, &["condition", "timeframe"]);
    }

    pub(super) fn filter(&mut self, document: &Mapping) {
        let Some(value) = document.get("filter") else { return };
        let Some(filter) = value.as_mapping() else { return self.kind(&["filter"], "a mapping", value) };
        match filter.get("rules") {
            None => self.hinted(&["filter", "rules"], "required, but absent", "the ids or names of the rules, or any"),
            // Younger readers take the word `any` or one name, too.
            Some(Value::String(name)) if !name.is_empty() => {}
            Some(rules) => self.names(&["filter", "rules"], rules),
        }
        self.condition("filter", filter, false);
        self.selections("filter", filter, &["condition", "rules"]);
    }

    fn condition(&mut self, section: &str, detection: &Mapping, may_be_list: bool) {
        let path = [section, "condition"];
        let Some(condition) = detection.get("condition") else {
            return self.hinted(
                &path,
                "required, but absent",
                "it says how the selections go together: selection and not filter",
            );
        };
        let conditions: Vec<&Value> = match condition {
            Value::Sequence(list) if may_be_list && !list.is_empty() => list.iter().collect(),
            one => vec![one],
        };
        for condition in conditions {
            let Some(text) = condition.as_str() else {
                self.kind(&path, "a text", condition);
                continue;
            };
            if text.trim().is_empty() {
                self.wrong(&path, "it is empty");
            } else if text.contains('|') {
                self.hinted(
                    &path,
                    "aggregations behind a pipe are gone from Sigma 2",
                    "write a correlation rule: event_count, value_count, temporal",
                );
            }
        }
    }

    fn selections(&mut self, section: &str, detection: &Mapping, others: &[&str]) {
        let mut count = 0;
        for (name, selection) in detection {
            let Some(name) = name.as_str() else {
                self.wrong(&[section], format!("the name {} is no text", shown(name)));
                continue;
            };
            if others.contains(&name) {
                continue;
            }
            count += 1;
            match selection {
                Value::Mapping(fields) => self.fields(&[section, name], fields),
                Value::Sequence(list) => self.selection_list(&[section, name], list),
                other => {
                    let words = format!("should be a mapping of fields or a list, not {}", kind_of(other));
                    self.hinted(&[section, name], words, "a keyword is a list with one member");
                }
            }
        }
        if count == 0 {
            self.hinted(&[section], "it has no selection", "a selection is a name with fields and values below it");
        }
    }

    fn selection_list(&mut self, path: &[&str], list: &[Value]) {
        if list.is_empty() {
            self.wrong(path, "it is empty");
        }
        for member in list {
            match member {
                Value::Mapping(fields) => self.fields(path, fields),
                Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
                other => self
                    .wrong(path, format!("should be a list of texts, numbers or mappings, not of {}", kind_of(other))),
            }
        }
    }

    fn fields(&mut self, path: &[&str], fields: &Mapping) {
        if fields.is_empty() {
            self.wrong(path, "it is empty");
        }
        for (field, value) in fields {
            let Some(field) = field.as_str() else {
                self.wrong(path, format!("the field {} is no text", shown(field)));
                continue;
            };
            let path = [path, &[field]].concat();
            if let Err(error) = rsigma_parser::parse_field_spec(field) {
                self.hinted(&path, error.to_string(), format!("known are {MODIFIERS}"));
                continue;
            }
            match value {
                Value::Sequence(values) if values.is_empty() => self.wrong(&path, "it has no value"),
                Value::Sequence(values) => {
                    for value in values {
                        if value.is_null() {
                            self.hinted(
                                &path,
                                "null cannot be part of a list of values",
                                "ask for null in a selection of its own",
                            );
                        } else {
                            self.value(&path, field, value);
                        }
                    }
                }
                value => self.value(&path, field, value),
            }
        }
    }

    fn value(&mut self, path: &[&str], field: &str, value: &Value) {
        if matches!(value, Value::Mapping(_) | Value::Sequence(_) | Value::Tagged(_)) {
            return self
                .wrong(path, format!("a value is a text, a number, true, false or null, not {}", kind_of(value)));
        }
        for modifier in field.split('|').skip(1) {
            if modifier == "exists" && !value.is_bool() {
                self.wrong(path, format!("`exists` takes true or false, not {}", kind_of(value)));
            }
            if FOR_TEXTS.contains(&modifier) && !value.is_string() {
                self.wrong(path, format!("`{modifier}` is for texts, not for {}", kind_of(value)));
            }
            if let Some((_, least, most)) = FOR_NUMBERS.iter().find(|(name, ..)| *name == modifier) {
                match value.as_f64() {
                    None => self.wrong(path, format!("`{modifier}` is for numbers, not for {}", kind_of(value))),
                    Some(number) if number < *least || number > *most => {
                        self.wrong(path, format!("`{modifier}` is {least} to {most}, not {number}"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
