//! Whether a test holds for a record, the plain way: value by value, without an automaton.
//!
//! The engine asks here about what its automata cannot decide, the explainer about everything, and the tests hold the
//! engine against it.

use model::{Fields, Scalar};

use super::pattern::lower_into;
use super::rule::{Expr, Rule};
use super::test::{self, FieldTest, Template, TemplatePart, Test};

/// Whether a test holds for a field of the record, or for any value when no field is named.
pub(crate) fn holds(fields: &Fields<'_>, field: Option<&str>, test: &Test) -> bool {
    let Some(name) = field else {
        return fields.iter().any(|field| value_holds(fields, &field.value, test));
    };
    let mut values = fields.iter().filter(|field| field.name == name).map(|field| &field.value);
    match test {
        Test::Null => values.all(|value| *value == Scalar::Null),
        Test::Exists => values.any(|value| *value != Scalar::Null),
        Test::Present => values.next().is_some(),
        test => values.any(|value| value_holds(fields, value, test)),
    }
}

/// Whether a test holds for one value.
pub(crate) fn value_holds(fields: &Fields<'_>, value: &Scalar<'_>, test: &Test) -> bool {
    let text = || value.to_str();
    match test {
        Test::Text(pattern) if pattern.cased => text().is_some_and(|text| pattern.matches(&text)),
        Test::Text(pattern) => text().is_some_and(|text| pattern.matches(&lowered(&text))),
        Test::Regex(test) => text().is_some_and(|text| test.regex.is_match(&text)),
        Test::Cidr(cidr) => text().is_some_and(|text| text.trim().parse().is_ok_and(|address| cidr.holds(address))),
        Test::Number(order, bound) => {
            let number = text().and_then(|text| test::number(&text));
            number.is_some_and(|number| order.holds(number, *bound))
        }
        Test::Bool(expected) => test::boolean(value, *expected),
        Test::Null => *value == Scalar::Null,
        Test::Exists => *value != Scalar::Null,
        Test::Present => true,
        Test::Field(test) => text().is_some_and(|text| other_field(fields, &text, test)),
        Test::Part(part, bound) => {
            let found = text().and_then(|text| test::time_part(&text, *part));
            found.is_some_and(|found| found == *bound)
        }
        Test::Template(template) => text().is_some_and(|text| template_holds(fields, &text, template)),
    }
}

fn lowered(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    lower_into(text, &mut out);
    out
}

fn placed(text: &str, part: &str, at_start: bool, at_end: bool) -> bool {
    match (at_start, at_end) {
        (true, true) => text == part,
        (true, false) => text.starts_with(part),
        (false, true) => text.ends_with(part),
        (false, false) => text.contains(part),
    }
}

fn other_field(fields: &Fields<'_>, text: &str, test: &FieldTest) -> bool {
    let mut others = fields.iter().filter(|field| *field.name == *test.other);
    others.any(|other| {
        let Some(other) = other.value.to_str() else { return false };
        if test.cased {
            placed(text, &other, test.at_start, test.at_end)
        } else {
            placed(&lowered(text), &lowered(&other), test.at_start, test.at_end)
        }
    })
}

fn template_holds(fields: &Fields<'_>, text: &str, template: &Template) -> bool {
    let mut filled = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => filled.push_str(text),
            // A name that neither a list nor the record knows stands for nothing at all, so the test cannot hold.
            TemplatePart::Field(name) => match fields.text(name) {
                Some(value) => filled.push_str(&value),
                None => return false,
            },
        }
    }
    if template.cased {
        placed(text, &filled, template.at_start, template.at_end)
    } else {
        placed(&lowered(text), &lowered(&filled), template.at_start, template.at_end)
    }
}

/// Whether a whole expression holds.
pub(crate) fn expr_holds(fields: &Fields<'_>, rule: &Rule, expr: &Expr) -> bool {
    let one = |expr: &Expr| expr_holds(fields, rule, expr);
    match expr {
        Expr::All(exprs) => exprs.iter().all(one),
        Expr::Any(exprs) => exprs.iter().any(one),
        Expr::Not(expr) => !one(expr),
        Expr::AtLeast(count, exprs) => exprs.iter().filter(|expr| one(expr)).count() >= *count,
        Expr::Selection(at) => one(&rule.selections[*at].expr),
        Expr::Test { field, test } => holds(fields, field.as_deref(), test),
    }
}
