//! Why a rule matched: the condition, what matched in which field, and what had to stay silent.

use std::sync::Arc;

use model::limits::{REASON_VALUE_BYTES_MAX, REASONS_MAX};
use model::{Detection, Fields, Reason};

use super::compare;
use super::detector::Seen;
use super::pattern::{Pattern, Piece};
use super::rule::{Expr, Rule};
use super::test::{TemplatePart, Test, TimePart};

/// The detection of a rule that matched this record.
pub(crate) fn detection(rule: &Rule, fields: &Fields<'_>, seen: &Seen<'_>) -> Detection {
    Detection {
        analytic: Arc::clone(&rule.analytic),
        level: rule.analytic.level,
        time: seen.time,
        events: vec![seen.event],
        subject: seen.subject.map(str::to_owned),
        because: reasons(rule, fields),
        suppressed_by: None,
        involved: Vec::new(),
    }
}

/// The reasons, the condition first.
pub(crate) fn reasons(rule: &Rule, fields: &Fields<'_>) -> Vec<Reason> {
    let mut reasons = Reasons { rule, fields, found: Vec::new() };
    reasons.found.push(Reason::Condition { text: rule.condition_text.clone() });
    reasons.walk(&rule.condition, "condition");
    reasons.found.truncate(REASONS_MAX);
    reasons.found
}

struct Reasons<'a> {
    rule: &'a Rule,
    fields: &'a Fields<'a>,
    found: Vec<Reason>,
}

impl Reasons<'_> {
    fn holds(&self, expr: &Expr) -> bool {
        compare::expr_holds(self.fields, self.rule, expr)
    }

    /// Walks the parts that hold; parts that do not are no reason.
    fn walk(&mut self, expr: &Expr, selection: &str) {
        if self.found.len() >= REASONS_MAX || !self.holds(expr) {
            return;
        }
        match expr {
            Expr::All(exprs) | Expr::Any(exprs) | Expr::AtLeast(_, exprs) => {
                exprs.iter().for_each(|expr| self.walk(expr, selection));
            }
            Expr::Selection(at) => {
                let named = &self.rule.selections[*at];
                self.walk(&named.expr, &named.name);
            }
            Expr::Not(expr) => self.silent(expr, selection),
            Expr::Test { field, test } => self.test(field.as_deref(), test, selection),
        }
    }

    /// Names the selections under a `not`.
    fn silent(&mut self, expr: &Expr, selection: &str) {
        match expr {
            Expr::Selection(at) => {
                let selection = self.rule.selections[*at].name.clone();
                self.found.push(Reason::NotMatched { selection });
            }
            Expr::All(exprs) | Expr::Any(exprs) | Expr::AtLeast(_, exprs) => {
                exprs.iter().for_each(|expr| self.silent(expr, selection));
            }
            Expr::Not(expr) => self.walk(expr, selection),
            Expr::Test { .. } => self.found.push(Reason::NotMatched { selection: selection.to_owned() }),
        }
    }

    fn test(&mut self, field: Option<&str>, test: &Test, selection: &str) {
        let matching = self.fields.iter().find(|found| {
            field.is_none_or(|name| found.name == name) && compare::value_holds(self.fields, &found.value, test)
        });
        let (comparison, pattern) = described(test);
        self.found.push(Reason::Field {
            selection: selection.to_owned(),
            // For a keyword, the field in which it stood is what people want to know.
            field: field.map(str::to_owned).or_else(|| matching.map(|found| found.name.to_string())),
            comparison: comparison.to_owned(),
            pattern,
            value: matching.and_then(|found| found.value.to_str()).map(|value| shortened(&value, test)),
        });
    }
}

/// The value, cut to the neighbourhood of what matched when it is long.
fn shortened(value: &str, test: &Test) -> String {
    if value.len() <= REASON_VALUE_BYTES_MAX {
        return value.to_owned();
    }
    let place = match test {
        Test::Text(pattern) => value.to_lowercase().find(&pattern.necessary()).unwrap_or(0),
        Test::Regex(test) => test.regex.find(value).map_or(0, |found| found.start()),
        _ => 0,
    };
    let from = value.floor_char_boundary(place.saturating_sub(REASON_VALUE_BYTES_MAX / 4).min(value.len()));
    let until = value.floor_char_boundary((from + REASON_VALUE_BYTES_MAX).min(value.len()));
    let head = if from > 0 { "…" } else { "" };
    let tail = if until < value.len() { "…" } else { "" };
    format!("{head}{}{tail}", &value[from..until])
}

/// A test in words: how it compares, and with what.
fn described(test: &Test) -> (&'static str, String) {
    match test {
        Test::Text(pattern) => (place(pattern.at_start, pattern.at_end), pattern_text(pattern)),
        Test::Regex(test) => ("matches", test.regex.as_str().to_owned()),
        Test::Cidr(cidr) => ("in", cidr.to_string()),
        Test::Number(order, bound) => (order.symbol(), bound.to_string()),
        Test::Bool(expected) => ("=", expected.to_string()),
        Test::Null => ("is", "absent".to_owned()),
        Test::Exists | Test::Present => ("is", "present".to_owned()),
        Test::Field(test) => (place(test.at_start, test.at_end), format!("field {}", test.other)),
        Test::Part(part, bound) => (part_name(*part), bound.to_string()),
        Test::Template(template) => {
            let text = |part: &TemplatePart| match part {
                TemplatePart::Text(text) => text.clone(),
                TemplatePart::Field(name) => format!("%{name}%"),
            };
            (place(template.at_start, template.at_end), template.parts.iter().map(text).collect())
        }
    }
}

fn place(at_start: bool, at_end: bool) -> &'static str {
    match (at_start, at_end) {
        (true, true) => "equals",
        (true, false) => "startswith",
        (false, true) => "endswith",
        (false, false) => "contains",
    }
}

fn part_name(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}

fn pattern_text(pattern: &Pattern) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::One => "?".to_owned(),
        Piece::Many => "*".to_owned(),
        Piece::Dash => "-".to_owned(),
    };
    pattern.pieces.iter().map(text).collect()
}
