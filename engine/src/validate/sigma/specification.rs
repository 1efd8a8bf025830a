//! What the Sigma specification 2.1.0 asks of a document, beyond what a reader needs to run it.
//!
//! Sources: the three JSON schemas of SigmaHQ/sigma-specification (detection rules, correlations, filters), and the texts
//! "Sigma Rules", "Sigma Correlation Rules", "Sigma Filters" and "Sigma Modifiers". Top-level keys that the specification does
//! not know are free for anybody. Where the texts only recommend (a version of UUID, lower case in log sources), nothing is
//! refused; where schema and texts differ (a condition that is a list, a filter for `any` rule), the milder one counts.

mod correlation;
mod detection;

use yaml_serde::{Mapping, Value};

/// Something that the specification forbids.
#[derive(Debug)]
pub(super) struct Problem {
    /// Keys that lead to it.
    pub(super) path: Vec<String>,
    pub(super) words: String,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new<'k>(path: impl IntoIterator<Item = &'k str>, words: impl Into<String>) -> Self {
        Problem { path: path.into_iter().map(str::to_owned).collect(), words: words.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What a document is: the key that it has says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Rule,
    Correlation,
    Filter,
}

pub(super) fn part(document: &Mapping) -> Part {
    if document.contains_key("correlation") {
        Part::Correlation
    } else if document.contains_key("filter") {
        Part::Filter
    } else {
        Part::Rule
    }
}

/// The names of the rules that a correlation refers to.
pub(super) fn references(document: &Mapping) -> Vec<&str> {
    document.get("correlation").and_then(Value::as_mapping).map(rule_names).unwrap_or_default()
}

fn rule_names(correlation: &Mapping) -> Vec<&str> {
    match correlation.get("rules") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Sequence(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

const LEVELS: &[&str] = &["informational", "low", "medium", "high", "critical"];
const STATUSES: &[&str] = &["stable", "test", "experimental", "deprecated", "unsupported"];
const RELATIONS: &[&str] = &["derived", "obsolete", "merged", "renamed", "similar"];
const TITLE_SYMBOLS_MAX: usize = 256;
const DESCRIPTION_SYMBOLS_MAX: usize = 65_535;

/// All that is forbidden about a document.
pub(super) fn problems(document: &Mapping) -> Vec<Problem> {
    let mut checker = Checker { problems: Vec::new() };
    for key in document.keys().filter(|key| !key.is_string()) {
        checker.wrong(&[], format!("the key {} is no text", shown(key)));
    }
    checker.metadata(document);
    match part(document) {
        Part::Rule => {
            checker.log_source(document);
            checker.detection(document);
        }
        Part::Correlation => checker.correlation(document),
        Part::Filter => {
            checker.log_source(document);
            checker.filter(document);
        }
    }
    checker.problems
}

struct Checker {
    problems: Vec<Problem>,
}

impl Checker {
    fn wrong(&mut self, path: &[&str], words: impl Into<String>) {
        self.problems.push(Problem::new(path.iter().copied(), words));
    }

    fn hinted(&mut self, path: &[&str], words: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(path.iter().copied(), words).hint(hint));
    }

    fn metadata(&mut self, document: &Mapping) {
        if document.get("title").is_none() {
            self.wrong(&["title"], "required, but absent");
        }
        self.text(document, "title", 1, TITLE_SYMBOLS_MAX);
        self.text(document, "name", 1, TITLE_SYMBOLS_MAX);
        self.text(document, "taxonomy", 1, TITLE_SYMBOLS_MAX);
        self.text(document, "description", 0, DESCRIPTION_SYMBOLS_MAX);
        self.text(document, "license", 0, usize::MAX);
        self.text(document, "author", 0, usize::MAX);
        self.member(document, "status", STATUSES);
        self.member(document, "level", LEVELS);
        if let Some(id) = document.get("id") {
            self.uuid(&["id"], id);
        }
        self.date(document, "date");
        self.date(document, "modified");
        self.list(document, "references", 0);
        self.list(document, "fields", 0);
        self.list(document, "scope", 2);
        self.list(document, "tags", 0);
        for tag in document.get("tags").and_then(Value::as_sequence).into_iter().flatten().filter_map(Value::as_str) {
            if !is_tag(tag) {
                self.hinted(
                    &["tags"],
                    format!("{tag:?} is no tag"),
                    "a tag is a namespace, a dot and a name in lower case: attack.t1059.001",
                );
            }
        }
        // A correlation may have a single text here.
        if !(part(document) == Part::Correlation && document.get("falsepositives").is_some_and(Value::is_string)) {
            self.list(document, "falsepositives", 2);
        }
        self.related(document);
    }

    fn text(&mut self, document: &Mapping, key: &str, symbols_min: usize, symbols_max: usize) {
        let Some(value) = document.get(key) else { return };
        let Some(text) = value.as_str() else { return self.kind(&[key], "a text", value) };
        let symbols = text.chars().count();
        if symbols < symbols_min {
            self.wrong(&[key], "it is empty");
        }
        if symbols > symbols_max {
            self.wrong(&[key], format!("{symbols} symbols long, at most {symbols_max} are allowed"));
        }
    }

    fn member(&mut self, document: &Mapping, key: &str, known: &[&str]) {
        let Some(value) = document.get(key) else { return };
        let Some(text) = value.as_str() else { return self.kind(&[key], "a text", value) };
        if !known.contains(&text) {
            self.hinted(&[key], format!("{text:?} is no {key}"), format!("one of {}", known.join(", ")));
        }
    }

    fn uuid(&mut self, path: &[&str], value: &Value) {
        if !value.as_str().is_some_and(is_uuid) {
            self.hinted(path, format!("{} is no UUID", shown(value)), "like 929a690e-bef0-4204-a928-ef5e620d6fcc");
        }
    }

    fn date(&mut self, document: &Mapping, key: &str) {
        let Some(value) = document.get(key) else { return };
        if !value.as_str().is_some_and(is_date) {
            self.hinted(&[key], format!("{} is no date", shown(value)), "year, month and day with dashes: 2026-01-31");
        }
    }

    /// A list of texts, each once.
    fn list(&mut self, document: &Mapping, key: &str, symbols_min: usize) {
        let Some(value) = document.get(key) else { return };
        let Some(list) = value.as_sequence() else { return self.kind(&[key], "a list", value) };
        let mut seen = std::collections::BTreeSet::new();
        for member in list {
            match member.as_str() {
                None => self.kind(&[key], "a list of texts", member),
                Some(text) if !seen.insert(text) => self.wrong(&[key], format!("{text:?} stands there twice")),
                Some(text) if text.chars().count() < symbols_min => {
                    self.wrong(&[key], format!("{text:?} is shorter than {symbols_min} symbols"));
                }
                Some(_) => {}
            }
        }
    }

    fn related(&mut self, document: &Mapping) {
        let Some(value) = document.get("related") else { return };
        let Some(list) = value.as_sequence() else { return self.kind(&["related"], "a list", value) };
        for relation in list {
            let Some(relation) = relation.as_mapping() else {
                self.kind(&["related"], "a list of mappings with id and type", relation);
                continue;
            };
            match relation.get("id") {
                Some(id) => self.uuid(&["related"], id),
                None => self.wrong(&["related"], "an entry without id"),
            }
            match relation.get("type") {
                Some(Value::String(kind)) if RELATIONS.contains(&kind.as_str()) => {}
                Some(kind) => {
                    let hint = format!("one of {}", RELATIONS.join(", "));
                    self.hinted(&["related"], format!("{} is no type of relation", shown(kind)), hint);
                }
                None => self.wrong(&["related"], "an entry without type"),
            }
        }
    }

    fn log_source(&mut self, document: &Mapping) {
        let Some(value) = document.get("logsource") else {
            return self.hinted(
                &["logsource"],
                "required, but absent",
                "say which logs it is for: product, category, service",
            );
        };
        let Some(source) = value.as_mapping() else { return self.kind(&["logsource"], "a mapping", value) };
        let mut named = 0;
        for key in ["category", "product", "service", "definition"] {
            match source.get(key) {
                None => {}
                Some(Value::String(text)) => named += usize::from(key != "definition" && !text.is_empty()),
                Some(value) => self.kind(&["logsource", key], "a text", value),
            }
        }
        if named == 0 && !self.problems.iter().any(|problem| problem.path.starts_with(&["logsource".to_owned()])) {
            self.wrong(&["logsource"], "it names neither product nor category nor service");
        }
    }

    fn kind(&mut self, path: &[&str], wanted: &str, value: &Value) {
        self.wrong(path, format!("should be {wanted}, not {}", kind_of(value)));
    }
}

/// What a value is, in words.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a value with a YAML tag",
    }
}

/// A value for people, shortened.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        Value::Number(number) => number.to_string(),
        other => kind_of(other).to_owned(),
    }
}

/// The schema's `^[a-z0-9_-]+\.[a-z0-9._-]+$`.
fn is_tag(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    text.split_once('.').is_some_and(|(namespace, name)| {
        let has_both = !namespace.is_empty() && !name.is_empty();
        has_both && namespace.chars().all(is_name) && name.chars().all(|c| is_name(c) || c == '.')
    })
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The schema's pattern, and a day that the month has.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let figure = |part: &str, digits: usize| {
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (figure(year, 4), figure(month, 2), figure(day, 2)) else {
        return false;
    };
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("attack.t1059.001", true),
            ("cve.2021-44228", true),
            ("a.b_c-d", true),
            ("attack", false),
            ("attack.", false),
            (".t1059", false),
            ("Attack.t1059", false),
            ("attack.t 1", false),
        ] {
            assert_eq!(is_tag(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("2023-04-31", false),
            ("2023-13-01", false),
            ("2023/01/01", false),
            ("23-01-01", false),
            ("2023-1-1", false),
            ("2023-01-00", false),
            ("", false),
        ] {
            assert_eq!(is_date(text), expected, "{text}");
        }
        assert!(is_uuid("929A690e-bef0-4204-a928-ef5e620d6fcc"));
        assert!(!is_uuid("929a690ebef04204a928ef5e620d6fcc"));
        assert!(!is_uuid("929a690e-bef0-4204-a928-ef5e620d6fcx"));
    }
}
