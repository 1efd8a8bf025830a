//! Sigma 2: rules, correlations and filters.
//!
//! A document is valid when it holds nothing that the specification forbids ([`specification`]) and our own reader takes it:
//! conditions, modifiers and expressions are judged by what would run them. What a correlation refers to is looked for in all
//! files of the call, the same file first. A verdict is about one file: that another file has the same id is a matter for the
//! lint of a whole repository. Files with Sigma 1's `action` (`global`, `repeat`, `reset`) are judged by the reader alone.

mod place;
mod specification;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detect::sigma::{Correlator, Placeholders, RuleFile, RuleSet};
use model::limits;
use serde::Deserialize;
use yaml_serde::{Mapping, Value};

use self::place::Document;
use self::specification::{Part, Problem};
use super::{Fault, Faults, Input, Verdict};

pub(super) fn validate(inputs: &[Input], give: &mut dyn FnMut(Verdict)) {
    let mut left = limits::RULES_TOGETHER_BYTES_MAX;
    let texts: Vec<Result<String, Fault>> = inputs.iter().map(|input| read(input, &mut left)).collect();
    let files: Vec<RuleText<'_>> =
        texts.iter().map(|text| RuleText::parse(text.as_deref().unwrap_or_default())).collect();
    let names = Names::of(&files);
    for (at, input) in inputs.iter().enumerate() {
        let faults = match &texts[at] {
            Err(fault) => Faults::of(fault.clone()),
            Ok(text) => files[at].faults(text, at, &files, &names),
        };
        let remark = (faults.total == 0).then(|| files[at].remark(at, &names)).flatten();
        give(Verdict { file: input.name(), faults, remark });
    }
}

fn read(input: &Input, left: &mut u64) -> Result<String, Fault> {
    let text = input.text(limits::RULE_FILE_BYTES_MAX)?;
    *left = left
        .checked_sub(text.len() as u64)
        .ok_or_else(|| Fault::new("not looked at: too many rules in one call").hint("check the folders one by one"))?;
    Ok(text)
}

/// A file, cut into documents.
struct RuleText<'a> {
    documents: Vec<(Document<'a>, Result<Mapping, Fault>)>,
    has_actions: bool,
}

impl<'a> RuleText<'a> {
    fn parse(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let cut = place::documents(text).into_iter().take(limits::RULE_FILE_DOCUMENTS_MAX + 1);
        let documents: Vec<_> = cut.map(|document| (document, mapping(document))).collect();
        let has_actions =
            documents.iter().any(|(_, mapping)| mapping.as_ref().is_ok_and(|map| map.contains_key("action")));
        RuleText { documents, has_actions }
    }

    /// Whether the file holds rules of its own, beside correlations of them.
    fn has_rules(&self) -> bool {
        let is_rule = |mapping: &Mapping| specification::part(mapping) == Part::Rule;
        self.documents.iter().any(|(_, mapping)| mapping.as_ref().is_ok_and(is_rule))
    }

    /// What could not be checked, though nothing is wrong: correlations of rules that stand in files which were not named.
    fn remark(&self, at: usize, names: &Names) -> Option<String> {
        let mut missing = BTreeSet::new();
        for (document, (_, mapping)) in self.documents.iter().enumerate() {
            let Ok(mapping) = mapping else { continue };
            let here = Here { file: at, document };
            let refers = specification::references(mapping);
            missing.extend(refers.into_iter().filter(|name| names.find(name, here).is_none()));
        }
        let quoted: Vec<String> = missing.into_iter().map(|name| format!("{name:?}")).collect();
        (!quoted.is_empty())
            .then(|| format!("it refers to rules that no file of this call holds: {}", quoted.join(", ")))
    }

    fn faults(&self, text: &str, at: usize, files: &[RuleText<'_>], names: &Names) -> Faults {
        let mut faults = Faults::default();
        if self.documents.len() > limits::RULE_FILE_DOCUMENTS_MAX {
            return Faults::of(Fault::new(format!("more than {} documents", limits::RULE_FILE_DOCUMENTS_MAX)));
        }
        if self.has_actions {
            let set = load(&[("self", text)]);
            faults.extend(set.errors.iter().map(|error| Fault::new(&error.reason)));
            return faults;
        }
        let mut ids = BTreeMap::new();
        for (number, (document, mapping)) in self.documents.iter().enumerate() {
            let place = (self.documents.len() > 1).then(|| format!("document {}", number + 1));
            let mapping = match mapping {
                Ok(mapping) => mapping,
                Err(fault) => {
                    faults.push(named(fault.clone(), place.as_deref()));
                    continue;
                }
            };
            let mut problems = specification::problems(mapping);
            if let Some(id) = mapping.get("id").and_then(Value::as_str)
                && let Some(first) = ids.insert(id, number + 1)
            {
                problems.push(Problem::new(["id"], format!("the id of document {first} once more")));
            }
            if problems.is_empty() {
                let here = Here { file: at, document: number };
                problems = match specification::part(mapping) {
                    Part::Rule => rule(document.text),
                    Part::Filter => filter(mapping),
                    Part::Correlation => correlation(here, files, names),
                };
            }
            faults.extend(problems.into_iter().map(|problem| named(placed(problem, document), place.as_deref())));
        }
        faults
    }
}

/// Reads a document; the fault says where the YAML breaks off, counted in the file.
fn mapping(document: Document<'_>) -> Result<Mapping, Fault> {
    let broken = |error: yaml_serde::Error| {
        let text = error.to_string();
        let problem = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let fault = Fault::new(format!("not YAML: {problem}"));
        let fault = match error.location() {
            Some(location) => {
                let line = document.line + location.line().saturating_sub(1);
                Fault { place: Some(format!("line {line}, column {}", location.column())), ..fault }
            }
            None => fault,
        };
        if problem.contains("duplicate entry") {
            fault.hint("a key may stand only once; a list holds several values")
        } else {
            fault
        }
    };
    match Value::deserialize(yaml_serde::Deserializer::from_str(document.text)) {
        Ok(Value::Mapping(mapping)) => Ok(mapping),
        Ok(Value::Null) => Err(Fault::at(format!("line {}", document.line), "the document is empty")),
        Ok(_) => Err(Fault::at(format!("line {}", document.line), "a rule is a mapping of keys to values")),
        Err(error) => Err(broken(error)),
    }
}

fn named(fault: Fault, document: Option<&str>) -> Fault {
    let place = match (document, fault.place) {
        (Some(document), Some(place)) => Some(format!("{document}, {place}")),
        (document, place) => place.or(document.map(str::to_owned)),
    };
    Fault { place, ..fault }
}

fn placed(problem: Problem, document: &Document<'_>) -> Fault {
    let line = document.line_of(problem.path.iter().map(String::as_str));
    let path = problem.path.join(".");
    let place = match (path.is_empty(), line) {
        (true, _) => None,
        (false, Some(line)) => Some(format!("line {line}, {path}")),
        (false, None) => Some(path),
    };
    Fault { place, problem: problem.words, hint: problem.hint }
}

fn load(texts: &[(&str, &str)]) -> RuleSet {
    RuleSet::load(texts.iter().map(|(path, text)| RuleFile { path, text }), &Placeholders::new())
}

fn rule(text: &str) -> Vec<Problem> {
    load(&[("self", text)]).errors.iter().map(|error| reader_problem(&error.reason, "detection")).collect()
}

/// The reader's words, with the path that they begin with taken out of them.
fn reader_problem(reason: &str, section: &str) -> Problem {
    let selection = reason.strip_prefix("selection \"").and_then(|rest| rest.split_once("\": "));
    if let Some((selection, rest)) = selection {
        return match rest.split_once(": ") {
            // A field's name may have blanks, but the words about it never come before a colon.
            Some((field, words)) if !field.contains(' ') && field != "keywords" => {
                Problem::new([section, selection, field], words)
            }
            _ => Problem::new([section, selection], rest),
        };
    }
    if let Some(rest) = reason.strip_prefix("Condition parse error at ") {
        return Problem::new([section, "condition"], condition_words(rest));
    }
    if reason.contains("condition") {
        return Problem::new([section, "condition"], reason);
    }
    Problem::new([section], reason)
}

/// The reader of conditions draws a picture over several lines: `1:8: … = expected ident`.
fn condition_words(picture: &str) -> String {
    let symbol = picture.split(':').nth(1).unwrap_or_default();
    let last = picture.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    format!("it cannot be read at symbol {symbol}: {}", last.trim_start_matches("= "))
}

/// A filter is a detection that stands elsewhere: it is read as the rule that it would be.
fn filter(mapping: &Mapping) -> Vec<Problem> {
    let mut detection = mapping.get("filter").and_then(Value::as_mapping).cloned().unwrap_or_default();
    detection.remove("rules");
    let mut rule = Mapping::new();
    rule.insert("title".into(), "filter".into());
    rule.insert("logsource".into(), mapping.get("logsource").cloned().unwrap_or_default());
    rule.insert("detection".into(), Value::Mapping(detection));
    match yaml_serde::to_string(&rule) {
        Ok(text) => {
            load(&[("self", &text)]).errors.iter().map(|error| reader_problem(&error.reason, "filter")).collect()
        }
        Err(error) => vec![Problem::new(["filter"], error.to_string())],
    }
}

/// A document, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Here {
    file: usize,
    document: usize,
}

/// What a reference may call a rule: its id, name or title.
struct Names(BTreeMap<String, Vec<Here>>);

impl Names {
    fn of(files: &[RuleText<'_>]) -> Self {
        let mut names: BTreeMap<String, Vec<Here>> = BTreeMap::new();
        for (file, text) in files.iter().enumerate() {
            for (document, (_, mapping)) in text.documents.iter().enumerate() {
                let Ok(mapping) = mapping else { continue };
                for key in ["id", "name", "title"] {
                    if let Some(name) = mapping.get(key).and_then(Value::as_str) {
                        names.entry(name.to_owned()).or_default().push(Here { file, document });
                    }
                }
            }
        }
        Names(names)
    }

    /// The document of that name, in the same file before others.
    fn find(&self, name: &str, from: Here) -> Option<Here> {
        let known = self.0.get(name)?;
        known.iter().find(|here| here.file == from.file && **here != from).or(known.first()).copied()
    }
}

fn correlation(here: Here, files: &[RuleText<'_>], names: &Names) -> Vec<Problem> {
    let text = |here: Here| files[here.file].documents[here.document].0.text;
    let refers = |here: Here| -> Vec<&str> {
        let mapping = files[here.file].documents[here.document].1.as_ref().ok();
        mapping.map(specification::references).unwrap_or_default()
    };
    let mut missing = Vec::new();
    let mut needed = BTreeSet::new();
    let mut open = vec![here];
    while let Some(from) = open.pop() {
        for name in refers(from) {
            match names.find(name, from) {
                Some(found) if found != here && needed.insert(found) => open.push(found),
                Some(_) => {}
                None if from == here => missing.push(name),
                None => {}
            }
        }
    }
    // Beside rules of its own, a name that leads nowhere is a slip; a file of nothing but correlations goes with others.
    if !missing.is_empty() && files[here.file].has_rules() {
        let problem = |name| {
            Problem::new(["correlation", "rules"], format!("it refers to {name:?}, and no rule has that id or name"))
                .hint("name the files of those rules in the same call")
        };
        return missing.into_iter().map(problem).collect();
    }
    let stand_ins: Vec<String> = missing.iter().map(|name| stand_in(name)).collect();
    let mut texts = vec![("self", text(here))];
    texts.extend(stand_ins.iter().map(|text| ("other", text.as_str())));
    texts.extend(needed.into_iter().map(|needed| ("other", text(needed))));
    let set = load(&texts);
    let of_set: Vec<String> = own(&set.errors);
    let compiled = Correlator::new(Arc::new(set));
    let reasons = of_set.into_iter().chain(own(&compiled.errors));
    let problem = |reason: String| {
        let hint = reason
            .contains("no rule has that id")
            .then_some("a rule of that name is there, but it is not valid itself");
        let problem = Problem::new(["correlation"], reason);
        match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    };
    reasons.map(problem).collect()
}

/// A rule of that name, so that the correlation itself can be compiled.
fn stand_in(name: &str) -> String {
    // A JSON string is a double-quoted scalar of YAML.
    let name = serde_json::Value::from(name);
    format!("title: {name}\nname: {name}\nlogsource:\n  product: any\ndetection:\n  s:\n    a: b\n  condition: s\n")
}

fn own(errors: &[detect::sigma::LoadError]) -> Vec<String> {
    errors.iter().filter(|error| error.path == "self").map(|error| error.reason.clone()).collect()
}
