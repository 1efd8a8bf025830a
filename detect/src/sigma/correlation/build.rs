//! From parsed correlation rules to compiled ones.

use std::sync::Arc;

use model::Analytic;
use model::detection::AnalyticKind;
use rsigma_parser::{
    ConditionExpr, ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, Quantifier,
    SelectorPattern, WindowMode,
};
use rustc_hash::FxHashMap;

use super::{Bounds, Correlation, Correlator, GroupField, Kind, Losses, Wanted, Window};
use crate::sigma::load::{LoadError, RuleSet};
use crate::sigma::rule;

/// Where a name of a correlation's `rules` leads.
#[derive(Clone, Copy)]
enum Feeder {
    Rule(usize),
    Correlation(usize),
}

pub(super) fn correlator(rules: Arc<RuleSet>) -> Correlator {
    let mut built = Correlator {
        correlations: Vec::new(),
        fed_by_rule: FxHashMap::default(),
        fed_by_correlation: FxHashMap::default(),
        groups: Vec::new(),
        losses: Losses::default(),
        errors: Vec::new(),
    };
    for_each_compiled(&rules, |at, compiled| {
        let (parsed, path) = &rules.correlations[at];
        match compiled {
            Ok((correlation, feeders)) => {
                let number = built.correlations.len();
                for (position, feeder) in feeders.into_iter().enumerate() {
                    match feeder {
                        Feeder::Rule(rule) => built.fed_by_rule.entry(rule).or_default().push((number, position)),
                        Feeder::Correlation(fed) => {
                            built.correlations[fed].is_silent |= !parsed.generate;
                            built.fed_by_correlation.entry(fed).or_default().push((number, position));
                        }
                    }
                }
                built.correlations.push(correlation);
                built.groups.push(FxHashMap::default());
            }
            Err(reason) => {
                let rule = Some(parsed.id.clone().unwrap_or_else(|| parsed.title.clone()));
                built.errors.push(LoadError { path: path.clone(), rule, reason });
            }
        }
    });
    built
}

/// Which of the set's correlations compile, by their position.
pub(in crate::sigma) fn sound(rules: &RuleSet) -> Vec<bool> {
    let mut sound = vec![false; rules.correlations.len()];
    for_each_compiled(rules, |at, compiled| sound[at] = compiled.is_ok());
    sound
}

/// Compiles the correlations of a set in an order in which each finds those that it refers to. Gives their positions in
/// `rules.correlations`; those that compile are numbered as they come.
fn for_each_compiled(rules: &RuleSet, mut give: impl FnMut(usize, Result<(Correlation, Vec<Feeder>), String>)) {
    let mut numbers: FxHashMap<usize, usize> = FxHashMap::default();
    for at in in_order(&rules.correlations) {
        let (parsed, path) = &rules.correlations[at];
        let compiled = compile(parsed, path, rules, &numbers);
        if compiled.is_ok() {
            numbers.insert(at, numbers.len());
        }
        give(at, compiled);
    }
}

/// Correlations that others refer to come first; those in a circle come last, and fail there.
fn in_order(correlations: &[(CorrelationRule, String)]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut left: Vec<usize> = (0..correlations.len()).collect();
    loop {
        let is_ready = |at: &usize| {
            let refers =
                |other: &usize| correlations[*at].0.rules.iter().any(|name| goes_by(&correlations[*other].0, name));
            !left.iter().any(refers)
        };
        let ready: Vec<usize> = left.iter().copied().filter(is_ready).collect();
        if ready.is_empty() {
            order.extend(left);
            return order;
        }
        left.retain(|at| !ready.contains(at));
        order.extend(ready);
    }
}

/// The id under which its detections come.
pub(in crate::sigma) fn uid(rule: &CorrelationRule) -> String {
    rule.id.clone().or_else(|| rule.name.clone()).unwrap_or_else(|| rule.title.clone())
}

fn goes_by(rule: &CorrelationRule, name: &str) -> bool {
    rule.id.as_deref() == Some(name) || rule.name.as_deref() == Some(name) || rule.title == name
}

fn compile(
    parsed: &CorrelationRule,
    path: &str,
    rules: &RuleSet,
    numbers: &FxHashMap<usize, usize>,
) -> Result<(Correlation, Vec<Feeder>), String> {
    let feeders: Result<Vec<Feeder>, String> = parsed.rules.iter().map(|name| find(name, rules, numbers)).collect();
    let feeders = feeders?;
    if feeders.is_empty() {
        return Err("it refers to no rule".into());
    }
    let span_us = i64::try_from(parsed.timespan.seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
    let span_us = span_us.filter(|span| *span > 0).ok_or("its timespan is no usable length of time")?;
    let kind = kind(parsed)?;
    let window = match parsed.window {
        WindowMode::Sliding => Window::Sliding,
        WindowMode::Tumbling => Window::Tumbling,
        WindowMode::Session => {
            let gap = parsed.gap.as_ref().ok_or("a session window needs a gap")?;
            Window::Session(i64::try_from(gap.seconds).unwrap_or(i64::MAX / 1_000_000).saturating_mul(1_000_000))
        }
    };
    let analytic = Analytic {
        uid: uid(parsed),
        title: parsed.title.clone(),
        kind: AnalyticKind::Correlation,
        level: rule::level_of(parsed.level),
        techniques: rule::techniques(&parsed.tags),
        tactics: rule::tactics(&parsed.tags),
        path: Some(path.to_owned()),
    };
    let correlation = Correlation {
        analytic: Arc::new(analytic),
        text: text(parsed),
        kind,
        feeders: feeders.len(),
        group_by: group_fields(parsed),
        span_us,
        window,
        is_silent: false,
    };
    Ok((correlation, feeders))
}

fn find(name: &str, rules: &RuleSet, numbers: &FxHashMap<usize, usize>) -> Result<Feeder, String> {
    if let Some(rule) = rules.find(name) {
        return Ok(Feeder::Rule(rule));
    }
    let correlation = rules.correlations.iter().position(|(rule, _)| goes_by(rule, name));
    let number = correlation.and_then(|at| numbers.get(&at));
    number.copied().map(Feeder::Correlation).ok_or_else(|| match correlation {
        Some(_) => format!("it refers to the correlation {name:?}, which did not load or refers back to it"),
        None => format!("it refers to {name:?}, and no rule has that id, name or title"),
    })
}

fn group_fields(parsed: &CorrelationRule) -> Vec<GroupField> {
    let field = |name: &String| {
        let alias = parsed.aliases.iter().find(|alias| alias.alias == *name);
        let of_rule = |rule: &String| {
            let mapped = alias.and_then(|alias| alias.mapping.get(rule));
            mapped.unwrap_or(name).clone()
        };
        GroupField { name: name.clone(), fields: parsed.rules.iter().map(of_rule).collect() }
    };
    parsed.group_by.iter().map(field).collect()
}

fn kind(parsed: &CorrelationRule) -> Result<Kind, String> {
    use CorrelationType as T;
    let is_temporal = matches!(parsed.correlation_type, T::Temporal | T::TemporalOrdered);
    if is_temporal {
        return temporal(parsed);
    }
    let CorrelationCondition::Threshold { predicates, field, percentile } = &parsed.condition else {
        return Err("its condition must compare a figure".into());
    };
    let bounds = Bounds(predicates.iter().map(|(operator, bound)| (*operator, *bound as f64)).collect());
    let fields = || field.clone().ok_or_else(|| format!("`{}` needs a field", parsed.correlation_type.as_str()));
    let one = || match fields()?.as_slice() {
        [field] => Ok(field.clone()),
        _ => Err(format!("`{}` takes one field", parsed.correlation_type.as_str())),
    };
    Ok(match parsed.correlation_type {
        T::EventCount => Kind::Events(bounds),
        T::ValueCount => Kind::Values(fields()?, bounds),
        T::ValueSum => Kind::Sum(one()?, bounds),
        T::ValueAvg => Kind::Average(one()?, bounds),
        T::ValueMedian => Kind::Percentile(one()?, 0.5, bounds),
        T::ValuePercentile => {
            let rank = percentile.unwrap_or(50);
            if rank > 100 {
                return Err(format!("a percentile is 0 to 100, not {rank}"));
            }
            Kind::Percentile(one()?, rank as f64 / 100.0, bounds)
        }
        T::Temporal | T::TemporalOrdered => return temporal(parsed),
    })
}

fn temporal(parsed: &CorrelationRule) -> Result<Kind, String> {
    let is_ordered = parsed.correlation_type == CorrelationType::TemporalOrdered;
    match &parsed.condition {
        CorrelationCondition::Threshold { .. } if is_ordered => Ok(Kind::InOrder),
        CorrelationCondition::Extended(_) if is_ordered => Err("`temporal_ordered` takes no boolean condition".into()),
        CorrelationCondition::Threshold { predicates, .. } => Ok(Kind::Together(threshold(parsed, predicates))),
        CorrelationCondition::Extended(expr) => Ok(Kind::Together(wanted(expr, parsed)?)),
    }
}

/// Without a condition of its own, `temporal` wants all rules; with a lower bound, that many of them.
fn threshold(parsed: &CorrelationRule, predicates: &[(ConditionOperator, u64)]) -> Wanted {
    let all: Vec<Wanted> = (0..parsed.rules.len()).map(Wanted::Feeder).collect();
    match predicates {
        [(ConditionOperator::Gte, count)] if *count > 1 => {
            Wanted::AtLeast(usize::try_from(*count).unwrap_or(usize::MAX), all)
        }
        [(ConditionOperator::Gt, count)] => {
            Wanted::AtLeast(usize::try_from(*count).unwrap_or(usize::MAX).saturating_add(1), all)
        }
        _ => Wanted::All(all),
    }
}

fn wanted(expr: &ConditionExpr, parsed: &CorrelationRule) -> Result<Wanted, String> {
    let many = |exprs: &[ConditionExpr]| exprs.iter().map(|expr| wanted(expr, parsed)).collect::<Result<Vec<_>, _>>();
    match expr {
        ConditionExpr::And(exprs) => Ok(Wanted::All(many(exprs)?)),
        ConditionExpr::Or(exprs) => Ok(Wanted::Any(many(exprs)?)),
        ConditionExpr::Not(expr) => Ok(Wanted::Not(Box::new(wanted(expr, parsed)?))),
        ConditionExpr::Identifier(name) => {
            let at = parsed.rules.iter().position(|rule| rule == name);
            at.map(Wanted::Feeder).ok_or_else(|| format!("the condition names {name:?}, which is not among its rules"))
        }
        ConditionExpr::Selector { quantifier, pattern } => {
            let is_named = |(_, name): &(usize, &String)| match pattern {
                SelectorPattern::Them => true,
                pattern => pattern.matches_detection_name(name),
            };
            let named = parsed.rules.iter().enumerate().filter(is_named).map(|(at, _)| Wanted::Feeder(at)).collect();
            Ok(match quantifier {
                Quantifier::Any => Wanted::Any(named),
                Quantifier::All => Wanted::All(named),
                Quantifier::Count(count) => Wanted::AtLeast(usize::try_from(*count).unwrap_or(usize::MAX), named),
            })
        }
    }
}

/// The condition in words; `{}` stands where the figure goes.
fn text(parsed: &CorrelationRule) -> String {
    let span = &parsed.timespan.original;
    let CorrelationCondition::Threshold { predicates, field, .. } = &parsed.condition else {
        return format!("{{}} within {span}");
    };
    let symbol = |operator: &ConditionOperator| match operator {
        ConditionOperator::Lt => "<",
        ConditionOperator::Lte => "≤",
        ConditionOperator::Gt => ">",
        ConditionOperator::Gte => "≥",
        ConditionOperator::Eq => "=",
        ConditionOperator::Neq => "≠",
    };
    let bounds: Vec<String> =
        predicates.iter().map(|(operator, bound)| format!("{} {bound}", symbol(operator))).collect();
    let fields = field.as_ref().map(|fields| fields.join(", ")).unwrap_or_default();
    let bounds = bounds.join(" and ");
    match parsed.correlation_type {
        CorrelationType::EventCount => format!("{{}} events {bounds} within {span}"),
        CorrelationType::ValueCount => format!("{{}} different values of {fields} {bounds} within {span}"),
        CorrelationType::Temporal | CorrelationType::TemporalOrdered => format!("{{}} within {span}"),
        CorrelationType::ValueSum => format!("sum of {fields} {{}} {bounds} within {span}"),
        CorrelationType::ValueAvg => format!("average of {fields} {{}} {bounds} within {span}"),
        CorrelationType::ValuePercentile => format!("percentile of {fields} {{}} {bounds} within {span}"),
        CorrelationType::ValueMedian => format!("median of {fields} {{}} {bounds} within {span}"),
    }
}
