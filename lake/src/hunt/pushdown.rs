//! Whether a query's filters are evaluated while files are decoded ("late materialisation") or afterwards.
//!
//! Evaluating while decoding reads the filter's columns first and decodes the others only where a row is left. For a needle
//! (`src_endpoint.ip = '…'` with `SELECT raw`) that saves nearly all the work; for a filter that keeps most rows, or that
//! reads the wide columns itself (`raw LIKE '%x%'`), the columns are cut to pieces or decoded twice for nothing. Measured
//! with `examples/hunt_speed.rs … always | never` on 400,000 events, in milliseconds (DataFusion not optimised, busy machine):
//!
//! | hunt | never | always | the rule takes |
//! |---|---|---|---|
//! | `raw` where `src_endpoint.ip` is a needle | 806 | 163 | always |
//! | `time` where `src_endpoint.ip` is a needle | 98 | 86 | never |
//! | `raw` of one class (rows are clustered by class) | 196 | 262 | never |
//! | `raw` where `device.hostname <> …` | 794 | 811 | never |
//! | `raw` where `raw LIKE` a needle | 470 | 800 | never |
//! | `raw` where `raw LIKE` something common | 788 | 984 | never |

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;

use crate::schema::WIDE_COLUMNS;

/// When filters are evaluated while decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pushdown {
    /// When the rule says that it pays off.
    #[default]
    Chosen,
    /// In every hunt: for the bench.
    Always,
    /// In no hunt: for the bench.
    Never,
}

impl Pushdown {
    /// Whether it applies to `filters` over the columns of `projection`.
    pub(crate) fn applies<'a>(self, filters: &[Expr], projection: impl IntoIterator<Item = &'a str>) -> bool {
        match self {
            Pushdown::Chosen => pays_off(filters, projection),
            Pushdown::Always => true,
            Pushdown::Never => false,
        }
    }
}

/// Columns of few values: an equality on them keeps many rows, and rows are clustered by them anyway.
const COARSE_COLUMNS: &[&str] =
    &["agency", "day", "class_uid", "category_uid", "activity_id", "type_uid", "severity_id", "status_id", "source"];

/// Whether to evaluate `filters` while decoding the columns of `projection`.
fn pays_off<'a>(filters: &[Expr], projection: impl IntoIterator<Item = &'a str>) -> bool {
    let reads_wide = projection.into_iter().any(|column| WIDE_COLUMNS.contains(&column));
    let all_cheap = filters.iter().all(is_cheap);
    reads_wide && all_cheap && filters.iter().any(is_needle)
}

/// A comparison with constants that does not touch a wide column.
fn is_cheap(filter: &Expr) -> bool {
    let mut is_cheap = true;
    let visited = filter.apply(|part| {
        is_cheap &= match part {
            Expr::Column(column) => !WIDE_COLUMNS.contains(&column.name()),
            Expr::Literal(..) | Expr::Alias(_) | Expr::Cast(_) | Expr::TryCast(_) | Expr::Not(_) => true,
            Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::InList(_) | Expr::Between(Between { .. }) => true,
            Expr::BinaryExpr(BinaryExpr { op, .. }) => is_comparison(*op),
            Expr::ScalarFunction(function) => function.name() == "get_field",
            _ => false,
        };
        Ok(if is_cheap { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    visited.is_ok() && is_cheap
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
    matches!(op, And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// An equality that few rows meet.
fn is_needle(filter: &Expr) -> bool {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            (is_fine(left) && is_constant(right)) || (is_constant(left) && is_fine(right))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => is_needle(left) || is_needle(right),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => is_needle(left) && is_needle(right),
        Expr::InList(list) => !list.negated && list.list.len() <= 16 && is_fine(&list.expr),
        _ => false,
    }
}

fn is_constant(side: &Expr) -> bool {
    matches!(side, Expr::Literal(value, _) if !matches!(value, ScalarValue::Null))
}

/// A text, or a number other than the coarse ones.
fn is_fine(side: &Expr) -> bool {
    match side {
        Expr::Column(column) => !COARSE_COLUMNS.contains(&column.name()),
        Expr::ScalarFunction(function) => function.name() == "get_field",
        Expr::Cast(cast) => is_fine(&cast.expr),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    fn check(filters: &[Expr], projection: &[&str], pays: bool) {
        assert_eq!(pays_off(filters, projection.iter().copied()), pays, "{filters:?}");
    }

    fn ip() -> Expr {
        datafusion::functions::core::expr_fn::get_field(col("src_endpoint"), "ip")
    }

    #[test]
    fn needles_in_narrow_columns_pay_off() {
        check(&[ip().eq(lit("192.0.2.7"))], &["raw"], true);
        check(&[col("id").eq(lit("00ff")), col("class_uid").eq(lit(4003))], &["raw", "time"], true);
        check(&[ip().in_list(vec![lit("192.0.2.7"), lit("192.0.2.8")], false)], &["ocsf"], true);
    }

    #[test]
    fn what_keeps_many_rows_does_not() {
        check(&[col("class_uid").eq(lit(4003))], &["raw"], false);
        check(&[ip().not_eq(lit("192.0.2.7"))], &["raw"], false);
        check(&[ip().eq(lit("192.0.2.7")).or(col("class_uid").eq(lit(1)))], &["raw"], false);
        check(&[col("time").gt(lit(1))], &["raw"], false);
    }

    #[test]
    fn wide_columns_are_not_read_twice() {
        check(&[col("raw").like(lit("%x%"))], &["raw"], false);
        check(&[ip().eq(lit("192.0.2.7")), col("raw").like(lit("%x%"))], &["raw"], false);
        check(&[ip().eq(lit("192.0.2.7"))], &["time"], false);
        check(&[], &["raw"], false);
    }
}
