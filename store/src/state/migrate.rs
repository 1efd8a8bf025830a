//! Numbered, forward-only migrations. Each runs in a transaction of its own with the line that says it ran.
//!
//! On PostgreSQL, statements run as a role that owns nothing, and every table with an agency gets a policy by which the server
//! shows that role the rows of one agency only. Which tables those are is asked of the server, so that none is forgotten.

use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::database::{Engine, State, StateError, sql};

struct Migration {
    version: i64,
    text: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../../migrations/0001_begin.sql") },
    Migration { version: 2, text: include_str!("../../migrations/0002_legal_holds.sql") },
    Migration { version: 3, text: include_str!("../../migrations/0003_findings_in_order.sql") },
    Migration { version: 4, text: include_str!("../../migrations/0004_ledger.sql") },
    Migration { version: 5, text: include_str!("../../migrations/0005_people.sql") },
    Migration { version: 6, text: include_str!("../../migrations/0006_identities_and_jobs.sql") },
    Migration { version: 7, text: include_str!("../../migrations/0007_taxii.sql") },
    Migration { version: 8, text: include_str!("../../migrations/0008_intelligence.sql") },
    Migration { version: 9, text: include_str!("../../migrations/0009_inbox.sql") },
    Migration { version: 10, text: include_str!("../../migrations/0010_outlets.sql") },
    Migration { version: 11, text: include_str!("../../migrations/0011_peers.sql") },
    Migration { version: 12, text: include_str!("../../migrations/0012_reports.sql") },
    Migration { version: 13, text: include_str!("../../migrations/0013_sharing_again.sql") },
    Migration { version: 14, text: include_str!("../../migrations/0014_risk_register.sql") },
    Migration { version: 15, text: include_str!("../../migrations/0015_risk_documents.sql") },
    Migration { version: 16, text: include_str!("../../migrations/0016_vulnerabilities.sql") },
    Migration { version: 17, text: include_str!("../../migrations/0017_probes.sql") },
];

pub(super) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations \
    (version BIGINT NOT NULL PRIMARY KEY, hash TEXT NOT NULL)";
const SELECT_APPLIED: &str = "SELECT version, hash FROM migrations ORDER BY version";
const INSERT_APPLIED: &str = "INSERT INTO migrations (version, hash) VALUES ($1, $2)";
/// Two programs that start together on one server wait for each other. The number is ours and means nothing.
const LOCK_POSTGRES: &str = "SELECT pg_advisory_xact_lock(7733901)";
const SEE_ALL: &str = "SELECT set_config('watchbell.agency', '*', true)";

/// The role that statements run as. Roles are the server's, not the database's: another program may be making it right now.
const CREATE_ROLE: &str = "DO $$ BEGIN \
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'watchbell_app') THEN CREATE ROLE watchbell_app NOLOGIN; END IF; \
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
const JOIN_ROLE: &str = "DO $$ BEGIN \
    IF NOT pg_has_role(current_user, 'watchbell_app', 'member') THEN \
    EXECUTE format('GRANT watchbell_app TO %I', current_user); END IF; END $$";
const GRANT: &str = "DO $$ BEGIN \
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO watchbell_app', current_schema()); \
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO watchbell_app', current_schema()); \
    END $$";
const LIMIT_TO_AGENCY: &str = "DO $$ DECLARE name text; BEGIN \
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attname = 'agency' \
        AND NOT c.relforcerowsecurity LOOP \
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name); \
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name); \
        EXECUTE format('CREATE POLICY of_agency ON %I USING (agency = current_setting(''watchbell.agency'', true) \
            OR current_setting(''watchbell.agency'', true) = ''*'')', name); \
    END LOOP; END $$";
/// Entries of the ledger are added; only their words can be taken away again.
const PROTECT_LEDGER: [&str; 2] = [
    "REVOKE UPDATE, DELETE ON ledger_entries FROM watchbell_app",
    "GRANT UPDATE (salt, detail) ON ledger_entries TO watchbell_app",
];

impl Migration {
    fn hash(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex().to_string()
    }

    /// The statements, with the types that the engines name differently: bytes, and text whose order is that of its bytes.
    fn statements(&self, engine: Engine) -> Vec<String> {
        let (bytes, ordered) = match engine {
            Engine::Sqlite => (" BLOB ", " TEXT "),
            Engine::Postgres => (" BYTEA ", " TEXT COLLATE \"C\" "),
        };
        let text: String = self.text.lines().filter(|line| !line.starts_with("--")).flat_map(|l| [l, "\n"]).collect();
        let text = text.replace(" BYTES ", bytes).replace(" ORDERED_TEXT ", ordered);
        let parts = text.split(";\n").map(str::trim).filter(|part| !part.is_empty());
        // An entry of PostgreSQL's indexes is a third of a page at most, and texts may be longer.
        let of_engine = parts.filter_map(|part| match (part.strip_prefix("ONLY_SQLITE "), engine) {
            (Some(_), Engine::Postgres) => None,
            (Some(part), Engine::Sqlite) => Some(part),
            (None, _) => Some(part),
        });
        of_engine.map(str::to_owned).collect()
    }
}

/// The names of all tables.
pub(super) fn tables() -> Vec<String> {
    let statements = MIGRATIONS.iter().flat_map(|migration| migration.statements(Engine::Sqlite));
    let made = statements.chain([CREATE_TABLE.to_owned()]).filter_map(|statement| {
        let name = statement.strip_prefix("CREATE TABLE ")?;
        let name = name.strip_prefix("IF NOT EXISTS ").unwrap_or(name);
        Some(name.split([' ', '(']).next()?.to_owned())
    });
    made.collect()
}

pub(super) async fn run(state: &State, upto: i64) -> Result<(), StateError> {
    let migrating = sql("migrating");
    let mut work = begin(state).await?;
    sqlx::query(CREATE_TABLE).execute(&mut *work).await.map_err(&migrating)?;
    work.commit().await.map_err(&migrating)?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= upto) {
        apply(state, migration).await?;
    }
    if state.engine() == Engine::Postgres {
        let mut work = begin(state).await?;
        let ledger: &[&'static str] = if upto >= 4 { &PROTECT_LEDGER } else { &[] };
        for statement in [CREATE_ROLE, JOIN_ROLE, GRANT, LIMIT_TO_AGENCY].iter().chain(ledger) {
            sqlx::query(*statement).execute(&mut *work).await.map_err(sql("limiting tables to agencies"))?;
        }
        work.commit().await.map_err(&migrating)?;
    }
    Ok(())
}

/// A transaction that nobody else migrates beside.
async fn begin(state: &State) -> Result<Transaction<'static, Any>, StateError> {
    let mut work = state.begin_as_owner().await?;
    if state.engine() == Engine::Postgres {
        let locking = sql("waiting for another migration");
        sqlx::query(LOCK_POSTGRES).execute(&mut *work).await.map_err(&locking)?;
        // Tables limit their owner, too.
        sqlx::query(SEE_ALL).execute(&mut *work).await.map_err(&locking)?;
    }
    Ok(work)
}

async fn apply(state: &State, migration: &Migration) -> Result<(), StateError> {
    let migrating = sql("migrating");
    let mut work = begin(state).await?;
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
                    let is_known =
                        ["CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ", "ALTER TABLE ", "UPDATE "];
                    assert!(is_known.iter().any(|start| statement.starts_with(start)), "{statement}");
                    assert!(!statement.contains("BYTES") && !statement.contains("ORDERED"), "{statement}");
                }
            }
        }
    }
}
