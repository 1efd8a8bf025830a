//! From rule files to rules. What does not load is named with its reason and stops nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Analytic;
use rsigma_parser::{ConditionExpr, CorrelationRule, FilterRule, FilterRuleTarget, SelectorPattern, SigmaRule};

use super::Placeholders;
use super::correlation;
use super::hostile;
use super::routing::Source;
use super::rule::{self, Expr, Rule, Selection};

/// A rule file that the caller has read.
#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    /// Its name, for messages and for `Analytic::path`.
    pub path: &'a str,
    /// Its text: YAML, one or more documents.
    pub text: &'a str,
}

/// A document that did not load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The file.
    pub path: String,
    /// Title or id of the rule, where it could be read.
    pub rule: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// Rules, ready to be compiled for the records that come.
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) correlations: Vec<(CorrelationRule, String)>,
    /// What did not load.
    pub errors: Vec<LoadError>,
    /// Correlation rules that loaded.
    correlation_count: usize,
}

impl RuleSet {
    /// Loads rules from files that the caller has read; filters are applied to the rules that they name.
    pub fn load<'a>(files: impl IntoIterator<Item = RuleFile<'a>>, placeholders: &Placeholders) -> Self {
        let mut loader = Loader { set: RuleSet::default(), filters: Vec::new(), placeholders };
        for file in files {
            loader.file(file);
        }
        loader.finish()
    }

    /// How many detection rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// No detection rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many correlation rules there are.
    pub fn correlations(&self) -> usize {
        self.correlation_count
    }

    /// What is known about the rule at `index`, as [`super::Matcher::matches`] gives it.
    pub fn analytic(&self, index: usize) -> Option<&Arc<Analytic>> {
        self.rules.get(index).map(|rule| &rule.analytic)
    }

    /// What is known about each detection rule, in order.
    pub fn analytics(&self) -> impl Iterator<Item = &Arc<Analytic>> {
        self.rules.iter().map(|rule| &rule.analytic)
    }

    /// The id under which a correlation's detections come, by its id, name or title.
    pub fn correlation_uid(&self, name: &str) -> Option<String> {
        let goes_by = |rule: &&CorrelationRule| {
            [&rule.id, &rule.name, &Some(rule.title.clone())].contains(&&Some(name.to_owned()))
        };
        let rule = self.correlations.iter().map(|(rule, _)| rule).find(goes_by)?;
        Some(correlation::uid(rule))
    }

    /// The log source that the rule at `index` asks for.
    pub fn source(&self, index: usize) -> Option<&Source> {
        self.rules.get(index).map(|rule| &rule.source)
    }

    /// The rule that goes by this id, name or title.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.names.iter().any(|known| known == name))
    }
}

struct Loader<'p> {
    set: RuleSet,
    filters: Vec<(FilterRule, String)>,
    placeholders: &'p Placeholders,
}

impl Loader<'_> {
    fn file(&mut self, file: RuleFile<'_>) {
        let too_large = file.text.len() as u64 > model::limits::RULE_FILE_BYTES_MAX;
        if too_large {
            return self.error(file.path, None, format!("larger than {} bytes", model::limits::RULE_FILE_BYTES_MAX));
        }
        if let Some(reason) = hostile::refusal(file.text) {
            return self.error(file.path, None, reason);
        }
        match rsigma_parser::parse_sigma_yaml(file.text) {
            Err(error) => self.error(file.path, None, error.to_string()),
            Ok(collection) => {
                for error in collection.errors {
                    self.error(file.path, None, error);
                }
                for rule in &collection.rules {
                    self.rule(rule, file.path);
                }
                let path = || file.path.to_owned();
                self.set.correlations.extend(collection.correlations.into_iter().map(|rule| (rule, path())));
                self.filters.extend(collection.filters.into_iter().map(|filter| (filter, path())));
            }
        }
    }

    fn rule(&mut self, rule: &SigmaRule, path: &str) {
        match rule::build(rule, Some(path), self.placeholders) {
            Ok(built) => self.set.rules.push(built),
            Err(reason) => self.error(path, Some(rule.id.clone().unwrap_or_else(|| rule.title.clone())), reason),
        }
    }

    fn error(&mut self, path: &str, rule: Option<String>, reason: String) {
        self.set.errors.push(LoadError { path: path.to_owned(), rule, reason });
    }

    fn finish(mut self) -> RuleSet {
        for (filter, path) in std::mem::take(&mut self.filters) {
            if let Err(reason) = self.filter(&filter) {
                self.error(&path, Some(filter.id.clone().unwrap_or_else(|| filter.title.clone())), reason);
            }
        }
        self.duplicates();
        self.silence();
        self.set.correlation_count = self.set.correlations.len();
        self.set
    }

    /// Two rules with one id would make every reference to it a guess; the first one stays.
    fn duplicates(&mut self) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        let mut errors = Vec::new();
        self.set.rules.retain(|rule| {
            let path = rule.analytic.path.clone().unwrap_or_default();
            if !rule.has_id {
                return true;
            }
            match seen.get(&rule.analytic.uid) {
                Some(first) => {
                    let reason = format!("its id stands in {first} already");
                    errors.push(LoadError { path, rule: Some(rule.analytic.uid.clone()), reason });
                    false
                }
                None => {
                    seen.insert(rule.analytic.uid.clone(), path);
                    true
                }
            }
        });
        self.set.errors.append(&mut errors);
    }

    /// Rules that correlations refer to do not alert themselves, unless one of those says `generate: true`. A correlation that
    /// does not compile has no say: nobody would speak for the rules that it names.
    fn silence(&mut self) {
        let sound = correlation::sound(&self.set);
        let correlations = self.set.correlations.iter().zip(sound).filter(|(_, is_sound)| *is_sound);
        let correlations: Vec<&CorrelationRule> = correlations.map(|((rule, _), _)| rule).collect();
        for rule in &mut self.set.rules {
            let refers =
                |correlation: &&&CorrelationRule| correlation.rules.iter().any(|name| rule.names.contains(name));
            let mut referring = correlations.iter().filter(refers).peekable();
            rule.is_silent = referring.peek().is_some() && !referring.any(|correlation| correlation.generate);
        }
    }

    /// A filter's condition becomes one more part that must hold, in every rule that it names and whose log source agrees.
    /// Sigma 2.0, "Filters".
    fn filter(&mut self, filter: &FilterRule) -> Result<(), String> {
        let mut detection = filter.detection.clone();
        // `1 of selection*` of a filter must not reach into the rule's selections, nor the other way round: the
        // filter's expressions are built over its own selections and then moved behind the rule's.
        if detection.conditions.is_empty() {
            detection.conditions = vec![ConditionExpr::Selector {
                quantifier: rsigma_parser::Quantifier::All,
                pattern: SelectorPattern::Them,
            }];
        }
        let (selections, condition) = rule::body(&detection, self.placeholders)?;
        let source = filter.logsource.as_ref().map(rule::source_of).unwrap_or_default();
        let mut applied = 0usize;
        for rule in &mut self.set.rules {
            let is_named = match &filter.rules {
                FilterRuleTarget::Any => true,
                FilterRuleTarget::Specific(names) => rule.names.iter().any(|name| names.contains(name)),
            };
            if is_named && agrees(&rule.source, &source) {
                add_filter(rule, &filter.title, &selections, &condition);
                applied += 1;
            }
        }
        if applied == 0 { Err("it names no rule that is loaded and has its log source".into()) } else { Ok(()) }
    }
}

/// A filter for `product: windows` applies to every rule of that product; one for a category only to rules that state it.
fn agrees(rule: &Source, filter: &Source) -> bool {
    rule.satisfies(filter)
}

fn add_filter(rule: &mut Rule, title: &str, selections: &[Selection], condition: &Expr) {
    let offset = rule.selections.len();
    for selection in selections {
        let name = format!("{} (filter {title:?})", selection.name);
        rule.selections.push(Selection { name, expr: selection.expr.clone() });
    }
    let moved = moved(condition, offset);
    let old = std::mem::replace(&mut rule.condition, Expr::All(Vec::new()));
    rule.condition = Expr::All(vec![old, moved]);
    rule.condition_text = format!("({}) and filter {title:?}", rule.condition_text);
}

fn moved(expr: &Expr, offset: usize) -> Expr {
    let many = |exprs: &[Expr]| exprs.iter().map(|expr| moved(expr, offset)).collect();
    match expr {
        Expr::All(exprs) => Expr::All(many(exprs)),
        Expr::Any(exprs) => Expr::Any(many(exprs)),
        Expr::AtLeast(count, exprs) => Expr::AtLeast(*count, many(exprs)),
        Expr::Not(expr) => Expr::Not(Box::new(moved(expr, offset))),
        Expr::Selection(at) => Expr::Selection(at + offset),
        Expr::Test { .. } => expr.clone(),
    }
}
