//! Numbered, forward-only migrations. Each runs in a transaction of its own with the line that says it ran.

use sqlx::{AssertSqlSafe, Row};

use super::database::{Engine, State, StateError, sql};

struct Migration {
    version: i64,
    text: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../../migrations/0001_begin.sql") },
    Migration { version: 2, text: include_str!("../../migrations/0002_legal_holds.sql") },
    Migration { version: 3, text: include_str!("../../migrations/0003_findings_in_order.sql") },
];

pub(super) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations \
    (version BIGINT NOT NULL PRIMARY KEY, hash TEXT NOT NULL)";
const SELECT_APPLIED: &str = "SELECT version, hash FROM migrations ORDER BY version";
const INSERT_APPLIED: &str = "INSERT INTO migrations (version, hash) VALUES ($1, $2)";
/// Two programs that start together on one server wait for each other. The number is ours and means nothing.
const LOCK_POSTGRES: &str = "SELECT pg_advisory_xact_lock(7733901)";

impl Migration {
    fn hash(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex().to_string()
    }

    /// The statements, with the one type that the engines name differently.
    fn statements(&self, engine: Engine) -> Vec<String> {
        let bytes = match engine {
            Engine::Sqlite => " BLOB ",
            Engine::Postgres => " BYTEA ",
        };
        let text: String = self.text.lines().filter(|line| !line.starts_with("--")).flat_map(|l| [l, "\n"]).collect();
        let text = text.replace(" BYTES ", bytes);
        text.split(";\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

pub(super) async fn run(state: &State, upto: i64) -> Result<(), StateError> {
    let migrating = sql("migrating");
    let mut work = state.begin().await?;
    if state.engine() == Engine::Postgres {
        sqlx::query(LOCK_POSTGRES).execute(&mut *work).await.map_err(&migrating)?;
    }
    sqlx::query(CREATE_TABLE).execute(&mut *work).await.map_err(&migrating)?;
    work.commit().await.map_err(&migrating)?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= upto) {
        apply(state, migration).await?;
    }
    Ok(())
}

async fn apply(state: &State, migration: &Migration) -> Result<(), StateError> {
    let migrating = sql("migrating");
    let mut work = state.begin().await?;
    if state.engine() == Engine::Postgres {
        sqlx::query(LOCK_POSTGRES).execute(&mut *work).await.map_err(&migrating)?;
    }
    let rows = sqlx::query(SELECT_APPLIED).fetch_all(&mut *work).await.map_err(&migrating)?;
    let mut is_applied = false;
    for row in rows {
        let version: i64 = row.try_get(0).map_err(&migrating)?;
        let hash: String = row.try_get(1).map_err(&migrating)?;
        if version > NEWEST {
            return Err(StateError::TooNew { found: version, known: NEWEST });
        }
        if version == migration.version {
            is_applied = true;
            if hash != migration.hash() {
                return Err(StateError::MigrationChanged { version });
            }
        }
    }
    if is_applied {
        return Ok(());
    }
    for statement in migration.statements(state.engine()) {
        // Our own text, compiled in; nothing of it comes from outside.
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *work).await.map_err(&migrating)?;
    }
    let applied = sqlx::query(INSERT_APPLIED).bind(migration.version).bind(migration.hash());
    applied.execute(&mut *work).await.map_err(&migrating)?;
    work.commit().await.map_err(migrating)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_statements_whole() {
        assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.version));
        for migration in MIGRATIONS {
            for engine in [Engine::Sqlite, Engine::Postgres] {
                for statement in migration.statements(engine) {
                    let is_known = ["CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ", "ALTER TABLE "];
                    assert!(is_known.iter().any(|start| statement.starts_with(start)), "{statement}");
                    assert!(!statement.contains("BYTES"), "{statement}");
                }
            }
        }
    }
}
