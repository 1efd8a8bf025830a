//! The `correlation` section.

use yaml_serde::{Mapping, Value};

use super::{Checker, kind_of, shown};

/// The seven of the specification, and the median, which younger readers have.
const TYPES: &[&str] = &[
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
];
const OPERATORS: &[&str] = &["gt", "gte", "lt", "lte", "eq", "neq"];

impl Checker {
    pub(super) fn correlation(&mut self, document: &Mapping) {
        if let Some(generate) = document.get("generate")
            && !generate.is_bool()
        {
            self.kind(&["generate"], "true or false", generate);
        }
        let Some(value) = document.get("correlation") else { return };
        let Some(correlation) = value.as_mapping() else { return self.kind(&["correlation"], "a mapping", value) };
        let kind = self.correlation_type(correlation);
        match correlation.get("rules") {
            None => self.hinted(
                &["correlation", "rules"],
                "required, but absent",
                "the ids or names of the rules that it counts",
            ),
            Some(Value::String(name)) if !name.is_empty() => {}
            Some(rules) => self.names(&["correlation", "rules"], rules),
        }
        self.timespan(correlation);
        self.group_by(correlation);
        self.aliases(correlation);
        if let Some(generate) = correlation.get("generate")
            && !generate.is_bool()
        {
            self.kind(&["correlation", "generate"], "true or false", generate);
        }
        if let Some(kind) = kind {
            self.correlation_condition(kind, correlation);
        }
    }

    fn correlation_type<'c>(&mut self, correlation: &'c Mapping) -> Option<&'c str> {
        let path = ["correlation", "type"];
        let Some(value) = correlation.get("type") else {
            self.hinted(&path, "required, but absent", format!("one of {}", TYPES.join(", ")));
            return None;
        };
        let kind = value.as_str().filter(|kind| TYPES.contains(kind));
        if kind.is_none() {
            self.hinted(
                &path,
                format!("{} is no type of correlation", shown(value)),
                format!("one of {}", TYPES.join(", ")),
            );
        }
        kind
    }

    /// A list of names, not empty, each once.
    pub(super) fn names(&mut self, path: &[&str], value: &Value) {
        let Some(list) = value.as_sequence() else { return self.kind(path, "a list of ids or names", value) };
        if list.is_empty() {
            self.wrong(path, "it is empty");
        }
        let mut seen = std::collections::BTreeSet::new();
        for name in list {
            match name.as_str() {
                None => self.kind(path, "a list of ids or names", name),
                Some("") => self.wrong(path, "an empty name"),
                Some(name) if !seen.insert(name) => self.wrong(path, format!("{name:?} stands there twice")),
                Some(_) => {}
            }
        }
    }

    fn timespan(&mut self, correlation: &Mapping) {
        let path = ["correlation", "timespan"];
        let hint = "a number and s, m, h or d: 90m";
        let Some(value) = correlation.get("timespan") else {
            let hint = if correlation.contains_key("timeframe") { "`timeframe` is called `timespan`" } else { hint };
            return self.hinted(&path, "required, but absent", hint);
        };
        let is_span = value.as_str().is_some_and(|text| {
            let number = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or_default();
            text.len() <= 10 && number.bytes().all(|b| b.is_ascii_digit()) && number.bytes().any(|b| b != b'0')
        });
        if !is_span {
            self.hinted(&path, format!("{} is no timespan", shown(value)), hint);
        }
    }

    fn group_by(&mut self, correlation: &Mapping) {
        let path = ["correlation", "group-by"];
        match correlation.get("group-by") {
            None => self.hinted(&path, "required, but absent", "the fields whose values are counted apart"),
            Some(Value::String(field)) if !field.is_empty() => {}
            Some(fields) => self.names(&path, fields),
        }
    }

    fn aliases(&mut self, correlation: &Mapping) {
        let path = ["correlation", "aliases"];
        let Some(value) = correlation.get("aliases") else { return };
        let Some(aliases) = value.as_mapping() else { return self.kind(&path, "a mapping", value) };
        for (alias, fields) in aliases {
            let Some(alias) = alias.as_str() else {
                self.wrong(&path, format!("the alias {} is no text", shown(alias)));
                continue;
            };
            let path = [path[0], path[1], alias];
            let Some(fields) = fields.as_mapping() else {
                self.hinted(
                    &path,
                    format!("should be a mapping, not {}", kind_of(fields)),
                    "the name of a rule, and the field that it has there",
                );
                continue;
            };
            let named = super::rule_names(correlation);
            for (rule, field) in fields {
                match (rule.as_str(), field.as_str()) {
                    (Some(rule), Some(_)) if named.contains(&rule) => {}
                    (Some(rule), Some(_)) => self.wrong(&path, format!("{rule:?} is not among its rules")),
                    _ => self.wrong(&path, "should map names of rules to names of fields"),
                }
            }
        }
    }

    fn correlation_condition(&mut self, kind: &str, correlation: &Mapping) {
        let path = ["correlation", "condition"];
        let is_temporal = kind.starts_with("temporal");
        match correlation.get("condition") {
            None if is_temporal => {}
            None => self.hinted(&path, format!("`{kind}` needs one"), "such as gte: 10"),
            Some(Value::String(_)) if is_temporal => {}
            Some(Value::Mapping(condition)) => self.thresholds(kind, condition),
            Some(other) => self.kind(&path, "a mapping of a comparison to a number", other),
        }
    }

    fn thresholds(&mut self, kind: &str, condition: &Mapping) {
        let path = ["correlation", "condition"];
        let mut comparisons = 0;
        for (key, value) in condition {
            match (key.as_str(), value) {
                (Some("field"), Value::String(name)) if !name.is_empty() => {}
                (Some("field"), fields @ Value::Sequence(_)) => {
                    self.names(&["correlation", "condition", "field"], fields)
                }
                (Some("field"), other) => {
                    self.kind(&["correlation", "condition", "field"], "the name of a field", other)
                }
                (Some("percentile"), value) if value.as_u64().is_some_and(|rank| rank <= 100) => {}
                (Some("percentile"), value) => {
                    self.wrong(
                        &["correlation", "condition", "percentile"],
                        format!("a percentile is 0 to 100, not {}", shown(value)),
                    );
                }
                (Some(operator), value) if OPERATORS.contains(&operator) => {
                    comparisons += 1;
                    if !value.is_u64() && !value.is_i64() {
                        self.wrong(
                            &["correlation", "condition", operator],
                            format!("should be a whole number, not {}", shown(value)),
                        );
                    }
                }
                _ => self.hinted(
                    &path,
                    format!("{} is no comparison", shown(key)),
                    format!("one of {}", OPERATORS.join(", ")),
                ),
            }
        }
        if comparisons == 0 {
            self.hinted(&path, "it compares nothing", "such as gte: 10");
        }
        if kind.starts_with("value_") && condition.get("field").is_none() {
            self.hinted(
                &["correlation", "condition", "field"],
                format!("`{kind}` needs one"),
                "the field whose values are counted",
            );
        }
    }
}
