//! Which statements are a hunt.
//!
//! Judged twice: by the kind of the parsed statement, where everything is refused that is not listed, and by the planner's
//! own options, which refuse whatever changes something should a listed kind ever hide it.

use datafusion::logical_expr::sqlparser::ast::Statement as Sql;
use datafusion::logical_expr::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use model::limits;

use super::error::HuntError;

/// Reads one statement, in DuckDB's dialect: it is what analysts know, and `user` is an ordinary word in it (in the
/// generic dialect it is a function, and `user.name` would be none of ours).
pub(crate) fn parse(sql: &str) -> Result<Statement, HuntError> {
    if sql.len() > limits::HUNT_SQL_BYTES_MAX {
        return Err(HuntError::Syntax(format!("longer than {} bytes", limits::HUNT_SQL_BYTES_MAX)));
    }
    let failed = |error| HuntError::from_engine(error, 0);
    let mut parser = DFParserBuilder::new(sql)
        .with_dialect(&DuckDbDialect {})
        .with_recursion_limit(limits::HUNT_SQL_DEPTH_MAX)
        .build()
        .map_err(failed)?;
    let mut statements = parser.parse_statements().map_err(failed)?;
    let statement = statements.pop_front().ok_or_else(|| HuntError::Syntax("there is no statement".to_owned()))?;
    if !statements.is_empty() {
        return Err(HuntError::NotReading { what: "a second statement".to_owned() });
    }
    check(&statement)?;
    Ok(statement)
}

fn check(statement: &Statement) -> Result<(), HuntError> {
    match statement {
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(_) | Sql::ExplainTable { .. } => Ok(()),
            Sql::Explain { statement, .. } => check(&Statement::Statement(statement.clone())),
            Sql::ShowTables { .. } | Sql::ShowColumns { .. } | Sql::ShowFunctions { .. } => Ok(()),
            other => Err(HuntError::NotReading { what: first_word(&other.to_string()) }),
        },
        Statement::Explain(explain) => check(&explain.statement),
        other => Err(HuntError::NotReading { what: first_word(&other.to_string()) }),
    }
}

fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or("nothing").to_uppercase()
}

/// Functions that a single small row lets grow beyond every limit, because the engine does not count what they build.
pub(crate) const UNBOUNDED_FUNCTIONS: &[&str] = &[
    "repeat",
    "lpad",
    "rpad",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "range",
    "generate_series",
    "gen_series",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, refused: Option<&str>) {
        let found = parse(sql).err().map(|error| error.to_string());
        match (&found, refused) {
            (None, None) => {}
            (Some(error), Some(part)) if error.contains(part) => {}
            _ => panic!("{sql}: {found:?}"),
        }
    }

    #[test]
    fn only_reading_is_a_hunt() {
        check("SELECT user.name FROM events", None);
        check("with x as (select 1) select * from x;", None);
        check("EXPLAIN SELECT 1", None);
        check("EXPLAIN ANALYZE SELECT 1", None);
        check("DESCRIBE events", None);
        check("SHOW TABLES", None);
        check("SHOW COLUMNS FROM events", None);
        for sql in [
            "CREATE TABLE x AS SELECT 1",
            "CREATE VIEW x AS SELECT 1",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "COPY events TO '/tmp/x.csv'",
            "COPY (SELECT 1) TO '/tmp/x.parquet'",
            "INSERT INTO events VALUES (1)",
            "UPDATE events SET raw = ''",
            "DELETE FROM events",
            "DROP TABLE events",
            "SET datafusion.execution.batch_size = 1",
            "RESET datafusion.execution.batch_size",
            "PREPARE p AS SELECT 1",
            "EXECUTE p",
            "EXPLAIN DELETE FROM events",
            "TRUNCATE TABLE events",
            "ATTACH 'x.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "PRAGMA x",
            "CREATE FUNCTION f() AS 1",
        ] {
            check(sql, Some("a hunt only reads"));
        }
        check("SELECT 1; SELECT 2", Some("a second statement"));
        check("SELECT 1; DROP TABLE events", Some("a second statement"));
    }

    #[test]
    fn errors_say_where() {
        check("SELEC 1", Some("Line: 1, Column: 1"));
        check("SELECT FROM\nWHERE x = ", Some("Line: "));
        check("", Some("there is no statement"));
        check(&format!("SELECT {}", "1+".repeat(limits::HUNT_SQL_BYTES_MAX)), Some("longer than"));
        check(&format!("SELECT {}1{}", "(".repeat(200), ")".repeat(200)), Some("recursion"));
    }
}
