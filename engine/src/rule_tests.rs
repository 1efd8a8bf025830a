//! Rules with their own examples: what the CI of a rule repository runs.
//!
//! Examples come in two forms. SigmaHQ's: a folder with an `info.yml` that names the rule and, for each test, a log file
//! (EVTX or JSON lines) and how many matches it must give. And case files: one JSON object a line with `rule_id`, the events
//! (`events_raw` as the source writes them, else `events_flat`), and `expected_matches` or `expected_min`; 0 matches is an
//! example that must stay silent.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::sigma::{Matcher, RuleSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::{Complaint, ContentPaths, ContentReader};
use crate::unpack;

/// Verdict on one example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// The rule's id.
    pub rule: String,
    /// The rule's title, where it is loaded.
    pub title: Option<String>,
    /// Where the example stands.
    pub case: String,
    /// Whether the rule did what the example says.
    pub passed: bool,
    /// What it did.
    pub detail: String,
}

/// What a rule test found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleTestReport {
    /// Rules that loaded.
    pub rules: usize,
    /// Correlation rules that loaded.
    pub correlations: usize,
    /// What did not load.
    pub broken: Vec<Complaint>,
    /// What the lint has to say: file, place, words.
    pub lint: Vec<Complaint>,
    /// Verdicts on examples.
    pub cases: Vec<CaseResult>,
    /// Rules without an example.
    pub untested: usize,
}

/// Largest file of examples.
const CASES_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// A line of a case file.
#[derive(Deserialize)]
struct Case {
    rule_id: String,
    #[serde(default)]
    events_raw: Vec<Value>,
    #[serde(default)]
    events_flat: Vec<Value>,
    expected_matches: Option<u64>,
    expected_min: Option<u64>,
}

/// SigmaHQ's `info.yml`.
#[derive(Deserialize)]
struct Info {
    rule_metadata: Vec<InfoRule>,
    #[serde(default)]
    regression_tests_info: Vec<InfoTest>,
}

#[derive(Deserialize)]
struct InfoRule {
    id: String,
}

#[derive(Deserialize)]
struct InfoTest {
    #[serde(default)]
    name: String,
    #[serde(default)]
    match_count: Option<u64>,
    path: PathBuf,
}

/// Loads the rules below `paths.rules`, lints them, and runs the examples beside them and in `cases`.
pub fn test_rules(paths: &ContentPaths, cases: &[PathBuf]) -> RuleTestReport {
    let mut reader = ContentReader { complaints: Vec::new() };
    let placeholders = reader.placeholders(paths.placeholders.as_deref());
    let infos = reader.files(&paths.rules, &["info.yml"]);
    let files: Vec<PathBuf> =
        reader.files(&paths.rules, &[".yml", ".yaml"]).into_iter().filter(|path| !infos.contains(path)).collect();
    let rules = Arc::new(reader.rules(&files, &placeholders));
    let router = Arc::new(reader.router(paths.routing.as_deref()));
    let mut tester = Tester {
        matcher: Matcher::new(Arc::clone(&rules), router),
        rules: Arc::clone(&rules),
        report: RuleTestReport {
            rules: rules.len(),
            correlations: rules.correlations(),
            lint: files.iter().flat_map(|path| lint(path)).collect(),
            ..RuleTestReport::default()
        },
    };
    for info in &infos {
        tester.info(info);
    }
    for path in cases {
        tester.cases(path);
    }
    let mut report = tester.report;
    let tested = |at: usize| {
        rules.analytic(at).is_some_and(|analytic| report.cases.iter().any(|case| case.rule == analytic.uid))
    };
    report.untested = (0..rules.len()).filter(|at| !tested(*at)).count();
    report.broken.splice(0..0, reader.complaints);
    report
}

/// The words of the specification's own linter on one file.
fn lint(path: &Path) -> Vec<Complaint> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let warnings = rsigma_parser::lint_yaml_str(&text);
    let complaint = |warning: rsigma_parser::LintWarning| Complaint {
        path: path.display().to_string(),
        place: Some(warning.path.clone()),
        reason: format!("{}: {}", warning.rule, warning.message),
    };
    warnings.into_iter().map(complaint).collect()
}

struct Tester {
    rules: Arc<RuleSet>,
    matcher: Matcher,
    report: RuleTestReport,
}

impl Tester {
    fn broken(&mut self, path: &Path, reason: impl ToString) {
        let path = path.display().to_string();
        self.report.broken.push(Complaint { path, place: None, reason: reason.to_string() });
    }

    fn info(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.broken(path, error),
        };
        let info: Info = match yaml_serde::from_str(&text) {
            Ok(info) => info,
            Err(error) => return self.broken(path, error),
        };
        for test in &info.regression_tests_info {
            let Some(file) = beside(path, &test.path) else {
                self.broken(path, format!("its log {} does not exist", test.path.display()));
                continue;
            };
            let events = match events_of(&file) {
                Ok(events) => events,
                Err(reason) => {
                    self.broken(&file, reason);
                    continue;
                }
            };
            for rule in &info.rule_metadata {
                let case = format!("{} {}", file.display(), test.name);
                self.judge(&rule.id, case, &events, test.match_count, None);
            }
        }
    }

    fn cases(&mut self, path: &Path) {
        let mut text = String::new();
        let read = unpack::open(path).and_then(|reader| reader.take(CASES_BYTES_MAX).read_to_string(&mut text));
        if let Err(error) = read {
            return self.broken(path, error);
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = format!("{}:{}", path.display(), number + 1);
            match serde_json::from_str::<Case>(line) {
                Ok(case) => {
                    let events = if case.events_raw.is_empty() { &case.events_flat } else { &case.events_raw };
                    let events: Vec<String> = events.iter().map(Value::to_string).collect();
                    self.judge(&case.rule_id, place, &events, case.expected_matches, case.expected_min);
                }
                Err(error) => self.broken(Path::new(&place), error),
            }
        }
    }

    fn judge(&mut self, rule: &str, case: String, events: &[String], exactly: Option<u64>, least: Option<u64>) {
        let index = self.rules.find(rule);
        let title = index.and_then(|at| self.rules.analytic(at)).map(|analytic| analytic.title.clone());
        let mut verdict = CaseResult { rule: rule.to_owned(), title, case, passed: false, detail: String::new() };
        match index {
            None => verdict.detail = "the rule is not loaded".to_owned(),
            Some(index) => {
                let (matches, troubles) = self.count(index, events);
                let wanted = match (exactly, least) {
                    (Some(exactly), _) => matches == exactly,
                    (None, least) => matches >= least.unwrap_or(1),
                };
                let asked = match (exactly, least) {
                    (Some(exactly), _) => format!("{exactly}"),
                    (None, least) => format!("at least {}", least.unwrap_or(1)),
                };
                verdict.passed = wanted;
                verdict.detail = format!("{matches} of {} events matched, {asked} should", events.len());
                if !wanted {
                    verdict.detail.push_str(&troubles);
                }
            }
        }
        self.report.cases.push(verdict);
    }

    /// How many events match the rule, and what stood in the way of the others.
    fn count(&mut self, rule: usize, events: &[String]) -> (u64, String) {
        let mut matches = 0;
        let mut troubles = String::new();
        let mut found = Vec::new();
        for event in events {
            let format = formats::recognise(event.as_bytes()).unwrap_or(model::Format::Json);
            match formats::fields(format, event.as_bytes()) {
                Ok(fields) => {
                    found.clear();
                    self.matcher.matches(&fields, &mut found);
                    matches += u64::from(found.contains(&rule));
                    if !found.contains(&rule) && troubles.is_empty() {
                        let sources = self.matcher.router().sources_of(&fields);
                        let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
                        let asked = self.rules.source(rule).map(ToString::to_string).unwrap_or_default();
                        troubles = format!("; the rule is for {asked}, the event is {}", sources.join(", "));
                    }
                }
                Err(trouble) => troubles = format!("; an event cannot be read: {}", trouble.detail),
            }
        }
        (matches, troubles)
    }
}

/// A path in an `info.yml` is relative to the repository's root, which is some folder above it, or to the file itself.
fn beside(info: &Path, path: &Path) -> Option<PathBuf> {
    let mut folder = info.parent();
    while let Some(above) = folder {
        let candidate = above.join(path);
        if candidate.is_file() {
            return Some(candidate);
        }
        folder = above.parent();
    }
    let name = path.file_name()?;
    let candidate = info.parent()?.join(name);
    candidate.is_file().then_some(candidate)
}

/// The events of a log file as JSON.
fn events_of(path: &Path) -> Result<Vec<String>, String> {
    let is_evtx = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("evtx"));
    if is_evtx {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let records = formats::evtx::records(file).map_err(|trouble| trouble.detail)?;
        return records.map(|record| record.map(|(_, json)| json).map_err(|trouble| trouble.detail)).collect();
    }
    let mut bytes = Vec::new();
    let reader = unpack::open(path).map_err(|error| error.to_string())?;
    reader.take(CASES_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    formats::split::records(&bytes).map(|piece| piece.body.map(text).map_err(|trouble| trouble.detail)).collect()
}
