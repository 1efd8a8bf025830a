//! Examples, and rules run on them.
//!
//! They come in two forms. SigmaHQ's: an `info.yml`, which names the rule and, for each test, a log file (EVTX, JSON, or lines)
//! and how many matches it must give at least (0: it must stay silent); it stands below the rules, or a rule names it in `regression_tests_path`. And case
//! files: one JSON object a line with `rule_id`, the events (`events_raw` as the source writes them, else `events_flat`), and
//! `expected_matches` or `expected_min`; 0 matches is an example that must stay silent. Events of an example are
//! in order, so that correlations can be tried, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::sigma::{Correlator, Matcher, Router, RuleSet, Seen, Source};
use formats::{Head, Mappings};
use model::{AgencyId, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::Complaint;
use crate::unpack;

/// Verdict on one example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Where it stands.
    pub place: String,
    /// Whether the rule did what the example says.
    pub passed: bool,
    /// What it did.
    pub detail: String,
}

/// Largest file of examples.
const CASES_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Largest `info.yml`.
const INFO_BYTES_MAX: u64 = model::limits::RULE_FILE_BYTES_MAX;

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

/// How many matches an example asks for.
#[derive(Clone, Copy)]
enum Wanted {
    Exactly(u64),
    AtLeast(u64),
}

impl Wanted {
    /// What a case file asks for. Where it has both, the lower bound counts, as it does where the cases come from.
    fn of_case(exactly: Option<u64>, least: Option<u64>) -> Self {
        match (exactly, least) {
            (Some(0), _) => Wanted::Exactly(0),
            (Some(exactly), None) => Wanted::Exactly(exactly),
            (_, least) => Wanted::AtLeast(least.unwrap_or(1)),
        }
    }

    /// What an `info.yml` asks for: SigmaHQ's own runner takes more matches than `match_count`, and never fewer.
    fn of_info(count: Option<u64>) -> Self {
        if count == Some(0) { Wanted::Exactly(0) } else { Wanted::AtLeast(count.unwrap_or(1)) }
    }

    fn holds(self, matches: u64) -> bool {
        match self {
            Wanted::Exactly(count) => matches == count,
            Wanted::AtLeast(count) => matches >= count,
        }
    }

    fn words(self) -> String {
        match self {
            Wanted::Exactly(0) => "none should".to_owned(),
            Wanted::Exactly(count) => format!("{count} should"),
            Wanted::AtLeast(count) => format!("at least {count} should"),
        }
    }
}

/// Whether a file is SigmaHQ's description of examples.
pub(super) fn is_info(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("info.yml") || name.eq_ignore_ascii_case("info.yaml"))
}

/// Whether a file stands in a folder that is for examples only.
pub(super) fn is_beside_examples(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "regression_data")
}

/// The descriptions below the rules and those that rules name, each once.
pub(super) fn infos(found: Vec<PathBuf>, named: &[(PathBuf, PathBuf)]) -> Vec<PathBuf> {
    let mut all: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    let named = named.iter().filter_map(|(rule, path)| beside(rule, path));
    for path in found.into_iter().chain(named) {
        all.entry(path.canonicalize().unwrap_or_else(|_| path.clone())).or_insert(path);
    }
    all.into_values().collect()
}

pub(super) struct Runner {
    rules: Arc<RuleSet>,
    matcher: Matcher,
    has_correlations: bool,
    /// What cannot be read.
    pub(super) broken: Vec<Complaint>,
    /// By the rule's id.
    pub(super) examples: BTreeMap<String, Vec<Example>>,
}

impl Runner {
    pub(super) fn new(rules: Arc<RuleSet>, router: Arc<Router>) -> Self {
        Runner {
            matcher: Matcher::new(Arc::clone(&rules), router),
            has_correlations: rules.correlations() > 0,
            rules,
            broken: Vec::new(),
            examples: BTreeMap::new(),
        }
    }

    fn broken(&mut self, path: &Path, reason: impl ToString) {
        let path = path.display().to_string();
        self.broken.push(Complaint { path, place: None, reason: reason.to_string() });
    }

    /// Runs the examples that an `info.yml` describes.
    pub(super) fn info(&mut self, path: &Path) {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(INFO_BYTES_MAX).read_to_string(&mut text));
        if let Err(error) = read {
            return self.broken(path, error);
        }
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
                let place = if test.name.is_empty() {
                    file.display().to_string()
                } else {
                    format!("{} ({})", file.display(), test.name)
                };
                self.run(&rule.id, place, &events, Wanted::of_info(test.match_count));
            }
        }
    }

    /// Runs the examples of a case file.
    pub(super) fn cases(&mut self, path: &Path) {
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
                    self.run(&case.rule_id, place, &events, Wanted::of_case(case.expected_matches, case.expected_min));
                }
                Err(error) => self.broken(Path::new(&place), error),
            }
        }
    }

    fn run(&mut self, rule: &str, place: String, events: &[String], wanted: Wanted) {
        let example = match self.rules.find(rule) {
            Some(index) => {
                let (matches, trouble) = self.count(index, events);
                let passed = wanted.holds(matches);
                let mut detail = format!("{matches} of {} matched, {}", counted(events.len()), wanted.words());
                if !passed {
                    detail.push_str(&trouble);
                }
                Example { place, passed, detail }
            }
            None => match self.correlate(rule, events) {
                Some(matches) => {
                    let detail = format!("it found {matches} in {}, {}", counted(events.len()), wanted.words());
                    Example { place, passed: wanted.holds(matches), detail }
                }
                None => Example { place, passed: false, detail: "no such rule is loaded".to_owned() },
            },
        };
        self.examples.entry(rule.to_owned()).or_default().push(example);
    }

    /// How many events match the rule, and what stood in the way of the others.
    fn count(&mut self, rule: usize, events: &[String]) -> (u64, String) {
        let mut matches = 0;
        let mut troubles = BTreeSet::new();
        let mut found = Vec::new();
        for event in events {
            let format = formats::recognise(event.as_bytes()).unwrap_or(model::Format::Json);
            match formats::fields(format, event.as_bytes()) {
                Ok(fields) => {
                    found.clear();
                    self.matcher.matches(&fields, &mut found);
                    if found.contains(&rule) {
                        matches += 1;
                        continue;
                    }
                    let sources = self.matcher.router().sources_of(&fields);
                    let Some(asked) = self.rules.source(rule) else { continue };
                    if sources.iter().any(|source| source.satisfies(asked)) {
                        troubles.insert("the log source fits, the conditions do not hold".to_owned());
                    } else {
                        let sources: Vec<String> = sources.iter().map(words).collect();
                        let is =
                            if sources.is_empty() { "of no known log source".to_owned() } else { sources.join(" or ") };
                        troubles.insert(format!("the rule is for {}, the event is {is}", words(asked)));
                    }
                }
                Err(trouble) => {
                    troubles.insert(format!("an event cannot be read: {}", trouble.detail));
                }
            }
        }
        let told = troubles.into_iter().take(3).map(|trouble| format!("; {trouble}")).collect();
        (matches, told)
    }

    /// How often a correlation fires on the events; none when no correlation goes by that id.
    fn correlate(&mut self, rule: &str, events: &[String]) -> Option<u64> {
        let uid = self.rules.correlation_uid(rule)?;
        debug_assert!(self.has_correlations);
        let mut correlator = Correlator::new(Arc::clone(&self.rules));
        let (agency, mappings) = (AgencyId::home(), Mappings::default());
        let (mut matched, mut found) = (Vec::new(), Vec::new());
        for event in events {
            let format = formats::recognise(event.as_bytes()).unwrap_or(model::Format::Json);
            let Ok(fields) = formats::fields(format, event.as_bytes()) else { continue };
            matched.clear();
            self.matcher.matches(&fields, &mut matched);
            let head = Head { id: EventId::default(), agency: &agency, received: Timestamp::EPOCH };
            let (event, _) = formats::event(&fields, &head, &mappings);
            let seen = Seen { event: event.id, time: event.time, subject: event.machine() };
            correlator.observe(&matched, &fields, &seen, &mut found);
        }
        Some(found.iter().filter(|detection| detection.analytic.uid == uid).count() as u64)
    }
}

/// A log source in words: `product windows, service sysmon`.
fn words(source: &Source) -> String {
    let parts = [("product", &source.product), ("category", &source.category), ("service", &source.service)];
    let named = parts.iter().filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}")));
    named.collect::<Vec<_>>().join(", ")
}

fn counted(events: usize) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
}

/// A path in an `info.yml` or a rule is relative to the repository's root, which is some folder above it, or to the file.
fn beside(file: &Path, path: &Path) -> Option<PathBuf> {
    // A path from a rule must not lead anywhere else.
    let is_inside =
        path.components().all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
    if !is_inside {
        return None;
    }
    let absolute = std::path::absolute(file).ok()?;
    let mut folder = absolute.parent();
    while let Some(above) = folder {
        let candidate = above.join(path);
        if candidate.is_file() {
            return Some(candidate);
        }
        folder = above.parent();
    }
    let candidate = file.parent()?.join(path.file_name()?);
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
