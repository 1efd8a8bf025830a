//! Rules with their own examples, and a lint: what the CI of a rule repository runs.
//!
//! A rule that does not load, or an example in which it does something else than the example says, is a failure. What the lint
//! remarks is advice, unless the caller wants it obeyed. Where examples stand and what they look like: [`examples`]; what the
//! lint looks at: [`lint`].

mod examples;
mod lint;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use detect::sigma::RuleSet;
use serde::Serialize;

use crate::content::{Complaint, ContentPaths, ContentReader};

pub use examples::Example;
pub use lint::{Remark, Severity};

/// What a rule test found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleTestReport {
    /// Detection rules that loaded.
    pub rules: usize,
    /// Correlation rules that loaded.
    pub correlations: usize,
    /// What did not load, rules and examples.
    pub broken: Vec<Complaint>,
    /// What the lint has to say, by file.
    pub remarks: Vec<Remark>,
    /// Every rule that loaded or that an example names; those that failed first, then by file.
    pub verdicts: Vec<RuleVerdict>,
}

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleVerdict {
    /// Its id, or its title where it has none.
    pub rule: String,
    /// Its title; none when no such rule is loaded.
    pub title: Option<String>,
    /// Its file.
    pub file: Option<String>,
    /// What the examples say about it.
    pub outcome: Outcome,
    /// The examples.
    pub examples: Vec<Example>,
}

/// What examples say about a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did something else than an example says.
    Failed,
    /// It did what all examples say.
    Passed,
    /// There is no example.
    Untested,
}

impl RuleTestReport {
    /// How many rules came out so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.outcome == outcome).count()
    }

    /// Examples in which the rule did what it should, and those in which it did not.
    pub fn examples(&self) -> (usize, usize) {
        let all = || self.verdicts.iter().flat_map(|verdict| &verdict.examples);
        let passed = all().filter(|example| example.passed).count();
        (passed, all().count() - passed)
    }
}

/// Loads the rules below `paths.rules`, lints them, and runs the examples that belong to them and those in `cases`.
/// `progress` is told what is being done.
pub fn test_rules(paths: &ContentPaths, cases: &[PathBuf], progress: &mut dyn FnMut(&str)) -> RuleTestReport {
    let mut reader = ContentReader { complaints: Vec::new() };
    progress("reading rules");
    let placeholders = reader.placeholders(paths.placeholders.as_deref());
    let (infos, files): (Vec<PathBuf>, Vec<PathBuf>) =
        reader.files(&paths.rules, &[".yml", ".yaml"]).into_iter().partition(|path| examples::is_info(path));
    // What belongs to regression data besides `info.yml` (pipelines of other engines) is no rule.
    let files: Vec<PathBuf> = files.into_iter().filter(|path| !examples::is_beside_examples(path)).collect();
    let rules = reader.rules(&files, &placeholders);
    let router = Arc::new(reader.router(paths.routing.as_deref()));
    progress("looking at style");
    let linted = lint::files(&files, progress);
    let mut runner = examples::Runner::new(Arc::clone(&rules), router);
    for info in examples::infos(infos, &linted.infos) {
        progress(&format!("examples of {}", info.display()));
        runner.info(&info);
    }
    for path in cases {
        progress(&format!("examples in {}", path.display()));
        runner.cases(path);
    }
    reader.complaints.append(&mut runner.broken);
    RuleTestReport {
        rules: rules.len(),
        correlations: rules.correlations(),
        broken: reader.complaints,
        remarks: linted.remarks,
        verdicts: verdicts(&rules, runner.examples),
    }
}

fn verdicts(rules: &RuleSet, mut examples: BTreeMap<String, Vec<Example>>) -> Vec<RuleVerdict> {
    let mut verdicts = Vec::with_capacity(rules.len());
    let mut judge = |rule: String, title: Option<String>, file: Option<String>, examples: Vec<Example>| {
        let outcome = match examples.as_slice() {
            [] => Outcome::Untested,
            all if all.iter().all(|example| example.passed) => Outcome::Passed,
            _ => Outcome::Failed,
        };
        verdicts.push(RuleVerdict { rule, title, file, outcome, examples });
    };
    for analytic in rules.analytics() {
        let own = examples.remove(&analytic.uid).unwrap_or_default();
        judge(analytic.uid.clone(), Some(analytic.title.clone()), analytic.path.clone(), own);
    }
    for (rule, examples) in examples {
        judge(rule, None, None, examples);
    }
    verdicts.sort_by(|a, b| (a.outcome, &a.file, &a.rule).cmp(&(b.outcome, &b.file, &b.rule)));
    verdicts
}
