//! A rule as the engine keeps it: named selections, and a condition over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::detection::AnalyticKind;
use model::{Analytic, Level};
use rsigma_parser::{ConditionExpr, Detection, Detections, LogSource, Quantifier, SelectorPattern, SigmaRule};

use super::Placeholders;
use super::modifiers;
use super::routing::Source;
use super::test::Test;

/// A loaded detection rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) analytic: Arc<Analytic>,
    pub(crate) source: Source,
    pub(crate) selections: Vec<Selection>,
    pub(crate) condition: Expr,
    /// As its author wrote it.
    pub(crate) condition_text: String,
    /// Names by which correlations and filters may call it: id, name, title.
    pub(crate) names: Vec<String>,
    /// Its author gave it an id.
    pub(crate) has_id: bool,
    /// It only feeds correlations.
    pub(crate) is_silent: bool,
}

/// A named part of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) name: String,
    pub(crate) expr: Expr,
}

/// A boolean expression.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// At least that many.
    AtLeast(usize, Vec<Expr>),
    /// One comparison with one field, or with any value of the record.
    Test {
        field: Option<Box<str>>,
        test: Arc<Test>,
    },
    /// A selection, by its index.
    Selection(usize),
}

/// Builds a rule; the error says what is wrong with it.
pub(crate) fn build(rule: &SigmaRule, path: Option<&str>, placeholders: &Placeholders) -> Result<Rule, String> {
    let source = source_of(&rule.logsource);
    if source == Source::default() {
        return Err("its log source names neither product nor category nor service".into());
    }
    let (selections, condition) = body(&rule.detection, placeholders)?;
    let uid = rule.id.clone().unwrap_or_else(|| rule.name.clone().unwrap_or_else(|| rule.title.clone()));
    let analytic = Analytic {
        uid,
        title: rule.title.clone(),
        kind: AnalyticKind::Rule,
        level: level_of(rule.level),
        techniques: techniques(&rule.tags),
        tactics: tactics(&rule.tags),
        path: path.map(Into::into),
    };
    let names = [rule.id.clone(), rule.name.clone(), Some(rule.title.clone())];
    Ok(Rule {
        analytic: Arc::new(analytic),
        source,
        selections,
        condition,
        condition_text: rule.detection.condition_strings.join(" | "),
        names: names.into_iter().flatten().collect(),
        has_id: rule.id.is_some(),
        is_silent: false,
    })
}

/// Selections and condition of a `detection` section.
pub(crate) fn body(detections: &Detections, placeholders: &Placeholders) -> Result<(Vec<Selection>, Expr), String> {
    if detections.timeframe.is_some() {
        return Err("`timeframe` is gone from Sigma 2; write a correlation rule".into());
    }
    let mut selections = Vec::new();
    // Sorted, so that the same rule gives the same reasons in the same order.
    let named: BTreeMap<_, _> = detections.named.iter().collect();
    for (name, detection) in named {
        let expr = detection_expr(detection, placeholders).map_err(|error| format!("selection {name:?}: {error}"))?;
        selections.push(Selection { name: name.clone(), expr });
    }
    let conditions: Result<Vec<Expr>, String> =
        detections.conditions.iter().map(|condition| condition_expr(condition, &selections)).collect();
    let condition = any(conditions?);
    Ok((selections, condition))
}

/// Sigma's level; a rule without one is as good as medium, which is where people look.
pub(crate) fn level_of(level: Option<rsigma_parser::Level>) -> Level {
    match level {
        Some(rsigma_parser::Level::Informational) => Level::Informational,
        Some(rsigma_parser::Level::Low) => Level::Low,
        Some(rsigma_parser::Level::Medium) | None => Level::Medium,
        Some(rsigma_parser::Level::High) => Level::High,
        Some(rsigma_parser::Level::Critical) => Level::Critical,
    }
}

pub(crate) fn source_of(source: &LogSource) -> Source {
    let part = |part: &Option<String>| part.as_ref().map(|text| text.to_lowercase());
    Source { product: part(&source.product), category: part(&source.category), service: part(&source.service) }
}

/// `attack.t1059.001` → `T1059.001`.
pub(crate) fn techniques(tags: &[String]) -> Vec<String> {
    let technique = |tag: &String| {
        let rest = tag.to_lowercase().strip_prefix("attack.t")?.to_owned();
        rest.starts_with(|c: char| c.is_ascii_digit()).then(|| format!("T{rest}"))
    };
    tags.iter().filter_map(technique).collect()
}

/// The fourteen tactics of ATT&CK for enterprise and the three that only ICS and mobile have, with their ids.
pub const TACTICS: &[(&str, &str)] = &[
    ("reconnaissance", "TA0043"),
    ("resource-development", "TA0042"),
    ("initial-access", "TA0001"),
    ("execution", "TA0002"),
    ("persistence", "TA0003"),
    ("privilege-escalation", "TA0004"),
    ("defense-evasion", "TA0005"),
    ("credential-access", "TA0006"),
    ("discovery", "TA0007"),
    ("lateral-movement", "TA0008"),
    ("collection", "TA0009"),
    ("command-and-control", "TA0011"),
    ("exfiltration", "TA0010"),
    ("impact", "TA0040"),
    ("evasion", "TA0103"),
    ("inhibit-response-function", "TA0107"),
    ("impair-process-control", "TA0106"),
];

pub(crate) fn tactics(tags: &[String]) -> Vec<String> {
    let tactic = |tag: &String| {
        let name = tag.to_lowercase().strip_prefix("attack.")?.replace('_', "-");
        TACTICS.iter().any(|(known, _)| *known == name).then_some(name)
    };
    tags.iter().filter_map(tactic).collect()
}

fn all(mut exprs: Vec<Expr>) -> Expr {
    if exprs.len() == 1 { exprs.remove(0) } else { Expr::All(exprs) }
}

fn any(mut exprs: Vec<Expr>) -> Expr {
    if exprs.len() == 1 { exprs.remove(0) } else { Expr::Any(exprs) }
}

fn detection_expr(detection: &Detection, placeholders: &Placeholders) -> Result<Expr, String> {
    let many = |parts: &[Detection]| -> Result<Vec<Expr>, String> {
        if parts.is_empty() {
            return Err("it is empty".into());
        }
        parts.iter().map(|part| detection_expr(part, placeholders)).collect()
    };
    match detection {
        Detection::AllOf(items) if items.is_empty() => Err("it is empty".into()),
        Detection::AllOf(items) => {
            let exprs: Result<Vec<Expr>, String> = items.iter().map(|item| item_expr(item, placeholders)).collect();
            Ok(all(exprs?))
        }
        Detection::AnyOf(parts) => Ok(any(many(parts)?)),
        Detection::And(parts) => Ok(all(many(parts)?)),
        Detection::Keywords(values) => {
            let field = rsigma_parser::FieldSpec::new(None, Vec::new());
            item_expr(&rsigma_parser::DetectionItem { field, values: values.clone() }, placeholders)
        }
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } => {
            Err("array matching is a proposal and no part of Sigma 2".into())
        }
    }
}

fn item_expr(item: &rsigma_parser::DetectionItem, placeholders: &Placeholders) -> Result<Expr, String> {
    let field: Option<Box<str>> = item.field.name.as_deref().map(Into::into);
    let shown = field.as_deref().unwrap_or("keywords").to_owned();
    let asked = modifiers::apply(item, placeholders).map_err(|error| format!("{shown}: {error}"))?;
    let test = |test: Test| Expr::Test { field: field.clone(), test: Arc::new(test) };
    let tests: Vec<Expr> = asked.tests.into_iter().map(test).collect();
    if tests.is_empty() {
        return Err(format!("{shown}: it has no value"));
    }
    let positive = if asked.all { all(tests) } else { any(tests) };
    if !asked.negated {
        return Ok(positive);
    }
    let present = Expr::Test { field, test: Arc::new(Test::Present) };
    Ok(Expr::All(vec![present, Expr::Not(Box::new(positive))]))
}

fn condition_expr(condition: &ConditionExpr, selections: &[Selection]) -> Result<Expr, String> {
    let many = |parts: &[ConditionExpr]| -> Result<Vec<Expr>, String> {
        parts.iter().map(|part| condition_expr(part, selections)).collect()
    };
    match condition {
        ConditionExpr::And(parts) => Ok(all(many(parts)?)),
        ConditionExpr::Or(parts) => Ok(any(many(parts)?)),
        ConditionExpr::Not(part) => Ok(Expr::Not(Box::new(condition_expr(part, selections)?))),
        ConditionExpr::Identifier(name) => {
            let at = selections.iter().position(|selection| selection.name == *name);
            at.map(Expr::Selection).ok_or_else(|| format!("the condition names {name:?}, which does not exist"))
        }
        ConditionExpr::Selector { quantifier, pattern } => selector_expr(quantifier, pattern, selections),
    }
}

fn selector_expr(quantifier: &Quantifier, pattern: &SelectorPattern, selections: &[Selection]) -> Result<Expr, String> {
    let is_named = |(_, selection): &(usize, &Selection)| pattern.matches_detection_name(&selection.name);
    let named: Vec<Expr> = selections.iter().enumerate().filter(is_named).map(|(at, _)| Expr::Selection(at)).collect();
    if named.is_empty() {
        return Err(format!("the condition says `{quantifier} of {pattern}`, but no selection has such a name"));
    }
    Ok(match quantifier {
        Quantifier::Any | Quantifier::Count(1) => any(named),
        Quantifier::All => all(named),
        Quantifier::Count(count) => Expr::AtLeast(usize::try_from(*count).unwrap_or(usize::MAX), named),
    })
}
