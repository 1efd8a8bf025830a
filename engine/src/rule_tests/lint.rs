//! Advice on rules: what loads and is still doubtful.
//!
//! The catalogue of `rsigma-parser` covers the fields of the specification. Ours adds what only the whole rule or the whole
//! repository shows: selections that no condition asks for, conditions that cannot hold, tags that name nothing in ATT&CK,
//! missing ids, and one id in several files. Files are looked at on all cores.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use detect::sigma::TACTICS;
use rsigma_parser::{ConditionExpr, SelectorPattern, SigmaRule};
use serde::Serialize;

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The file.
    pub file: String,
    /// Line, where it is known.
    pub line: Option<usize>,
    /// The rule, by id or title, where it is known.
    pub rule: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What is remarked on, in one word.
    pub about: String,
    /// In a sentence.
    pub message: String,
}

/// How bad a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The specification forbids it, or the rule cannot do what it says.
    Error,
    /// Probably a mistake.
    Warning,
    /// Something that would help readers.
    Info,
}

/// What was found in the files.
pub(super) struct Linted {
    /// By file and line.
    pub(super) remarks: Vec<Remark>,
    /// Descriptions of examples that rules name: the rule's file, and the path as it stands there.
    pub(super) infos: Vec<(PathBuf, PathBuf)>,
}

/// One file's share.
#[derive(Default)]
struct OfFile {
    remarks: Vec<Remark>,
    infos: Vec<PathBuf>,
    /// Ids of its documents.
    ids: Vec<String>,
}

/// Looks at all files.
pub(super) fn files(paths: &[PathBuf], progress: &mut dyn FnMut(&str)) -> Linted {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let mut all: Vec<(usize, OfFile)> = Vec::with_capacity(paths.len());
    thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel(threads * 4);
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(at) else { return };
                    if sender.send((at, file(path))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for found in receiver {
            all.push(found);
            if all.len().is_multiple_of(100) {
                progress(&format!("looking at style: {} of {}", all.len(), paths.len()));
            }
        }
    });
    all.sort_by_key(|(at, _)| *at);
    let mut linted = Linted { remarks: Vec::new(), infos: Vec::new() };
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for (at, mut of_file) in all {
        let path = &paths[at];
        linted.remarks.append(&mut of_file.remarks);
        linted.infos.extend(of_file.infos.into_iter().map(|info| (path.clone(), info)));
        for id in of_file.ids {
            let shown = path.display().to_string();
            if let Some(first) = ids.get(&id) {
                let message = format!("its id stands in {first} already");
                linted.remarks.push(remark(&shown, Some(id), Severity::Error, "duplicate_id", message));
            } else {
                ids.insert(id, shown);
            }
        }
    }
    linted
}

fn remark(file: &str, rule: Option<String>, severity: Severity, about: &str, message: String) -> Remark {
    Remark { file: file.to_owned(), line: None, rule, severity, about: about.to_owned(), message }
}

fn file(path: &Path) -> OfFile {
    // What cannot be read is told by whoever loads the rules.
    let too_large = path.metadata().map_or(true, |data| data.len() > model::limits::RULE_FILE_BYTES_MAX);
    let Some(text) = (!too_large).then(|| std::fs::read_to_string(path).ok()).flatten() else {
        return OfFile::default();
    };
    let shown = path.display().to_string();
    let mut of_file = OfFile::default();
    for warning in rsigma_parser::lint_yaml_str(&text) {
        let severity = match warning.severity {
            rsigma_parser::Severity::Error => Severity::Error,
            rsigma_parser::Severity::Warning => Severity::Warning,
            _ => Severity::Info,
        };
        let line = warning.span.map(|span| span.start_line as usize + 1);
        let about = warning.rule.to_string();
        of_file.remarks.push(Remark {
            file: shown.clone(),
            line,
            rule: None,
            severity,
            about,
            message: warning.message,
        });
    }
    let Ok(parsed) = rsigma_parser::parse_sigma_yaml(&text) else { return of_file };
    let mut lines = Lines { text: &text, file: &shown, of_file: &mut of_file };
    for rule in &parsed.rules {
        lines.rule(rule);
    }
    for correlation in &parsed.correlations {
        lines.id(correlation.id.as_deref(), &correlation.title);
        lines.tags(&correlation.tags, correlation.id.as_deref().unwrap_or(&correlation.title));
    }
    of_file.remarks.sort_by_key(|remark| (remark.line, remark.severity));
    of_file
}

struct Lines<'t> {
    text: &'t str,
    file: &'t str,
    of_file: &'t mut OfFile,
}

impl Lines<'_> {
    fn remark(&mut self, at: &str, rule: &str, severity: Severity, about: &str, message: String) {
        let begins = |line: &str| {
            let rest = line.trim_start().trim_start_matches("- ").strip_prefix(at);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '.'))
        };
        let line = self.text.lines().position(begins);
        let remark = Remark {
            line: line.map(|line| line + 1),
            ..remark(self.file, Some(rule.to_owned()), severity, about, message)
        };
        self.of_file.remarks.push(remark);
    }

    fn id(&mut self, id: Option<&str>, title: &str) {
        match id {
            Some(id) => self.of_file.ids.push(id.to_owned()),
            None => {
                let message =
                    "without an id, examples, correlations and filters can name it by its title only".to_owned();
                self.remark("title:", title, Severity::Warning, "missing_id", message);
            }
        }
    }

    fn rule(&mut self, rule: &SigmaRule) {
        let name = rule.id.as_deref().unwrap_or(&rule.title);
        self.id(rule.id.as_deref(), &rule.title);
        self.tags(&rule.tags, name);
        if rule.status.is_none() {
            let message = "nothing says how mature it is (stable, test, experimental …)".to_owned();
            self.remark("title:", name, Severity::Info, "missing_status", message);
        }
        if let Some(path) = rule.custom_attributes.get("regression_tests_path").and_then(|path| path.as_str()) {
            self.of_file.infos.push(path.into());
        }
        self.unasked(rule, name);
        if rule.detection.conditions.iter().any(cannot_hold) {
            let message = "the condition asks for a selection and for its opposite: it can never hold".to_owned();
            self.remark("condition:", name, Severity::Error, "contradictory_condition", message);
        }
    }

    /// Selections that no condition asks for.
    fn unasked(&mut self, rule: &SigmaRule, name: &str) {
        let mut unasked: Vec<&String> = rule.detection.named.keys().collect();
        unasked.retain(|selection| !rule.detection.conditions.iter().any(|condition| asks_for(condition, selection)));
        unasked.sort();
        for selection in unasked {
            let message = format!("no condition asks for the selection {selection:?}");
            self.remark(&format!("{selection}:"), name, Severity::Warning, "unreachable_selection", message);
        }
    }

    fn tags(&mut self, tags: &[String], rule: &str) {
        for tag in tags {
            let lowered = tag.to_lowercase();
            if let Some(rest) = lowered.strip_prefix("attack.")
                && !is_attack(rest)
            {
                let message =
                    format!("{tag:?} is neither a tactic of ATT&CK nor an id such as t1059.001, g0016 or s0002");
                self.remark(tag, rule, Severity::Warning, "unknown_attack_tag", message);
            }
        }
    }
}

fn asks_for(condition: &ConditionExpr, selection: &str) -> bool {
    match condition {
        ConditionExpr::And(parts) | ConditionExpr::Or(parts) => parts.iter().any(|part| asks_for(part, selection)),
        ConditionExpr::Not(part) => asks_for(part, selection),
        ConditionExpr::Identifier(name) => name == selection,
        ConditionExpr::Selector { pattern: SelectorPattern::Them, .. } => !selection.starts_with('_'),
        ConditionExpr::Selector { pattern, .. } => pattern.matches_detection_name(selection),
    }
}

/// Whether a condition has an `and` with some name and the same name negated. Deeper contradictions are not looked for.
fn cannot_hold(condition: &ConditionExpr) -> bool {
    match condition {
        ConditionExpr::And(parts) => {
            let negated: Vec<&ConditionExpr> = parts.iter().filter_map(opposite).collect();
            parts.iter().any(|part| negated.contains(&part)) || parts.iter().any(cannot_hold)
        }
        ConditionExpr::Or(parts) => !parts.is_empty() && parts.iter().all(cannot_hold),
        _ => false,
    }
}

fn opposite(condition: &ConditionExpr) -> Option<&ConditionExpr> {
    match condition {
        ConditionExpr::Not(part) => Some(part),
        _ => None,
    }
}

/// Tactics that ATT&CK has beside those that OCSF findings carry: those of its later versions.
const LATER_TACTICS: &[&str] = &["stealth", "defense-impairment"];

/// What may stand behind `attack.`: a tactic, or an id of the kinds that the tags appendix of the specification lists.
fn is_attack(rest: &str) -> bool {
    let tactic = rest.replace('_', "-");
    if TACTICS.iter().any(|(known, _)| *known == tactic) || LATER_TACTICS.contains(&tactic.as_str()) {
        return true;
    }
    let (id, sub) = rest.split_once('.').map_or((rest, None), |(id, sub)| (id, Some(sub)));
    let is_number = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = id.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_kind = matches!(letters, "t" | "g" | "s" | "ds" | "m" | "a" | "ta" | "c" | "dc" | "det");
    let is_id = is_kind && is_number(&id[letters.len()..], 4);
    is_id && sub.is_none_or(|sub| letters == "t" && is_number(sub, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remarks(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rule.yml");
        std::fs::write(&path, text).unwrap();
        let linted = files(&[path], &mut |_| ());
        let ours =
            ["missing_id", "duplicate_id", "unreachable_selection", "contradictory_condition", "unknown_attack_tag"];
        let shown = |remark: Remark| format!("{} {}", remark.line.unwrap_or_default(), remark.about);
        linted.remarks.into_iter().filter(|remark| ours.contains(&remark.about.as_str())).map(shown).collect()
    }

    const GOOD: &str = "title: x\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\nlogsource:\n    product: windows\ndetection:\n    sel:\n        \
                        A: b\n    filter:\n        B: c\n    condition: sel and not filter\n";

    #[test]
    fn what_is_remarked_on() {
        let check = |line: &str, other: &str, expected: &[&str]| {
            assert!(GOOD.contains(line), "{line}");
            assert_eq!(remarks(&GOOD.replace(line, other)), expected, "{other}");
        };
        check("title: x", "title: x", &[]);
        check("id: 929a690e-bef0-4204-a928-ef5e620d6fcc\n", "", &["1 missing_id"]);
        check("sel and not filter", "sel", &["8 unreachable_selection"]);
        check("sel and not filter", "1 of them", &[]);
        check("sel and not filter", "all of s* or 1 of f*", &[]);
        check("sel and not filter", "sel and filter and not sel", &["10 contradictory_condition"]);
        check("sel and not filter", "filter or (sel and not sel)", &[]);
        check("title: x", "title: x\ntags:\n    - attack.t1059\n    - attack.t105", &["4 unknown_attack_tag"]);
        let twice = remarks(&format!("{GOOD}---\n{GOOD}"));
        assert_eq!(twice, ["0 duplicate_id"]);
    }

    #[test]
    fn tags_of_attack() {
        for tag in [
            "t1059",
            "t1059.001",
            "g0016",
            "s0002",
            "ds0029",
            "execution",
            "defense_evasion",
            "defense-evasion",
            "ta0001",
        ] {
            assert!(is_attack(tag), "{tag}");
        }
        for tag in ["", "t", "t105", "t10590", "t1059.1", "g0016.001", "x1234", "hacking", "1059"] {
            assert!(!is_attack(tag), "{tag}");
        }
    }
}
