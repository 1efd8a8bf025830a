//! Parts of files that a query need not open, because an attribute that it asks for never occurs in them.
//!
//! Rows are clustered by class, and a class fills the same few attributes: for `src_endpoint.ip IS NOT NULL`, four of ten row
//! groups have nothing to say. The engine skips row groups by statistics of whole columns only, not of attributes inside of
//! objects; so the footers are asked here, those that are in the cache already. Measured with ten million events, of which 38 %
//! were skipped: a needle with its record took 30 ms instead of 37, top talkers 48 instead of 52.

use std::collections::BTreeSet;

use datafusion::datasource::physical_plan::parquet::metadata::CachedParquetMetaData;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Like, Operator};
use datafusion::object_store::path::Path;
use datafusion::scalar::ScalarValue;
use deltalake::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

/// Attributes that no row can lack that passes all of `filters`, by their dotted paths.
pub(super) fn needed(filters: &[Expr]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    filters.iter().for_each(|filter| collect(filter, &mut paths));
    paths
}

fn collect(filter: &Expr, paths: &mut BTreeSet<String>) {
    use Operator::{And, Eq, Gt, GtEq, LikeMatch, Lt, LtEq, NotEq};
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: And, right }) => {
            collect(left, paths);
            collect(right, paths);
        }
        // With a null on either side, none of these is true.
        Expr::BinaryExpr(BinaryExpr { left, op: Eq | NotEq | Lt | LtEq | Gt | GtEq | LikeMatch, right }) => {
            paths.extend([left, right].into_iter().filter_map(|side| attribute(side)));
        }
        Expr::IsNotNull(inner) | Expr::Between(Between { expr: inner, .. }) | Expr::Like(Like { expr: inner, .. }) => {
            paths.extend(attribute(inner));
        }
        Expr::InList(list) => paths.extend(attribute(&list.expr)),
        _ => {}
    }
}

/// The path of an attribute inside of an object.
fn attribute(side: &Expr) -> Option<String> {
    match side {
        Expr::ScalarFunction(function) if function.name() == "get_field" => {
            let (first, names) = function.args.split_first()?;
            let mut path = match first {
                Expr::Column(column) => column.name().to_owned(),
                inner => attribute(inner)?,
            };
            for name in names {
                let Expr::Literal(ScalarValue::Utf8(Some(name)) | ScalarValue::Utf8View(Some(name)), _) = name else {
                    return None;
                };
                path.push('.');
                path.push_str(name);
            }
            Some(path)
        }
        Expr::Cast(cast) => attribute(&cast.expr),
        _ => None,
    }
}

/// Which row groups of a file can hold such rows, as far as its footer is known and says so.
pub(super) fn row_groups(
    footers: &FileMetadataCache,
    file: &Path,
    needed: &BTreeSet<String>,
) -> Option<ParquetAccessPlan> {
    if needed.is_empty() {
        return None;
    }
    let entry = footers.get(file)?;
    let footer = entry.file_metadata.as_any().downcast_ref::<CachedParquetMetaData>()?.parquet_metadata();
    let leaves = leaves(footer, needed);
    let access = footer.row_groups().iter().map(|group| {
        let lacks = leaves.iter().any(|leaf| has_none(group, *leaf));
        if lacks { RowGroupAccess::Skip } else { RowGroupAccess::Scan }
    });
    Some(ParquetAccessPlan::new(access.collect()))
}

/// Where the attributes stand among the file's columns. Inside of lists, values are not rows: those are left alone.
fn leaves(footer: &ParquetMetaData, needed: &BTreeSet<String>) -> Vec<usize> {
    let columns = footer.file_metadata().schema_descr().columns().iter().enumerate();
    let named = columns.filter(|(_, column)| column.max_rep_level() == 0 && needed.contains(&column.path().string()));
    named.map(|(at, _)| at).collect()
}

fn has_none(group: &RowGroupMetaData, leaf: usize) -> bool {
    let nulls = group.column(leaf).statistics().and_then(|statistics| statistics.null_count_opt());
    nulls.is_some_and(|nulls| i64::try_from(nulls).is_ok_and(|nulls| nulls == group.num_rows()))
}

#[cfg(test)]
mod tests {
    use datafusion::functions::core::expr_fn::get_field;
    use datafusion::prelude::{col, lit};

    use super::*;

    #[test]
    fn what_rows_cannot_lack() {
        let check = |filter: Expr, paths: &[&str]| {
            assert_eq!(needed(std::slice::from_ref(&filter)).into_iter().collect::<Vec<_>>(), paths, "{filter}");
        };
        let ip = || get_field(col("src_endpoint"), "ip");
        let name = || get_field(get_field(col("actor"), "user"), "name");
        check(ip().is_not_null(), &["src_endpoint.ip"]);
        check(ip().eq(lit("192.0.2.7")).and(name().like(lit("a%"))), &["actor.user.name", "src_endpoint.ip"]);
        check(lit(7).lt(get_field(col("dst_endpoint"), "port")), &["dst_endpoint.port"]);
        check(ip().in_list(vec![lit("a")], false), &["src_endpoint.ip"]);
        // Rows without one may pass these.
        check(ip().is_null(), &[]);
        check(ip().eq(lit("x")).or(name().eq(lit("y"))), &[]);
        check(!ip().is_not_null(), &[]);
        check(col("class_uid").eq(lit(1)), &[]);
    }
}
