//! Opening either engine, transactions, and errors.

use std::fmt;
use std::future::Future;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use model::{OpContext, limits};
use sqlx::any::{AnyArguments, AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::query::Query;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyPool, ConnectOptions, Row, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::migrate;
use crate::vault::{Vault, VaultError};

/// Where the state lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file of our own.
    Sqlite(PathBuf),
    /// A server, as `postgres://user:password@host:port/database?options`.
    Postgres(String),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            // The address may hold a password.
            Database::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// Whose rows a statement may see. On PostgreSQL the server itself shows no others, whatever the statement says.
#[derive(Clone, Copy)]
pub(super) enum Reach<'c> {
    /// Those of the context's agency.
    Agency(&'c OpContext),
    /// Those of all agencies: for the program's own bookkeeping.
    All,
}

impl Reach<'_> {
    fn setting(self) -> String {
        match self {
            Reach::Agency(ctx) => ctx.agency.as_str().to_owned(),
            Reach::All => ALL_AGENCIES.to_owned(),
        }
    }
}

impl<'c> From<&'c OpContext> for Reach<'c> {
    fn from(ctx: &'c OpContext) -> Self {
        Reach::Agency(ctx)
    }
}

/// What no agency is called, as an agency's id has no such letter.
const ALL_AGENCIES: &str = "*";

/// For this transaction: a role that owns nothing, and whose rows it may see.
const SET_REACH: &str = "SELECT set_config('role', 'watchbell_app', true), set_config('watchbell.agency', $1, true)";

/// SQLite's own way: the copy is whole and without what was deleted.
const COPY: &str = "VACUUM INTO $1";

/// A statement with what is bound to it.
pub(super) type Bound = Query<'static, Any, AnyArguments>;

/// The state database, open. Clones share its connections.
#[derive(Clone, Debug)]
pub struct State {
    pool: AnyPool,
    engine: Engine,
    /// Where the keys of texts are.
    pub(super) vault: Option<Vault>,
    /// Whose turn it is to write shared objects.
    turns: Arc<Mutex<()>>,
}

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file cannot be made.
    #[error("making the state database {}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The database refuses.
    #[error("{what} in the state database")]
    Sql {
        /// What was tried.
        what: &'static str,
        /// What the database says.
        #[source]
        source: sqlx::Error,
    },
    /// A migration that was applied is no longer what it was.
    #[error("migration {version} was changed after it had been applied")]
    MigrationChanged {
        /// Its number.
        version: i64,
    },
    /// The database was written by a newer version.
    #[error("the state database is at version {found}, this program knows {known}; use a newer program")]
    TooNew {
        /// Where the database is.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// A stored value makes no sense.
    #[error("the stored {what} makes no sense: {detail}")]
    Corrupt {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        detail: String,
    },
    /// A limit is met.
    #[error("{what}: {size}, at most {limit} are kept")]
    TooLarge {
        /// Which.
        what: &'static str,
        /// What was brought.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Nothing has this name in this agency.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The name is taken in this agency.
    #[error("there is a {what} {name:?} already")]
    Exists {
        /// What was to be made.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Somebody else changed it since it was read.
    #[error("the {what} {name:?} was changed meanwhile; look at it again")]
    Changed {
        /// What was to be changed.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The keys of texts.
    #[error("the keys of what is kept")]
    Vault(#[from] VaultError),
    /// The text is no name.
    #[error("{name:?} is no name: use 1 to {limit} bytes without control characters")]
    BadName {
        /// The text, shortened.
        name: String,
        /// The longest name.
        limit: usize,
    },
}

/// Attaches what was tried to what the database says.
pub(super) fn sql(what: &'static str) -> impl Fn(sqlx::Error) -> StateError {
    move |source| StateError::Sql { what, source }
}

/// Longest name of a hunt, token or hold.
const NAME_BYTES_MAX: usize = 128;

pub(super) fn check_name(name: &str) -> Result<String, StateError> {
    let is_name = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(StateError::BadName { name: name.chars().take(80).collect(), limit: NAME_BYTES_MAX })
    }
}

pub(super) fn check_size(what: &'static str, size: usize, limit: usize) -> Result<(), StateError> {
    if size > limit { Err(StateError::TooLarge { what, size, limit }) } else { Ok(()) }
}

/// A column of a row.
pub(super) fn get<'r, T>(row: &'r AnyRow, column: usize) -> Result<T, StateError>
where
    T: sqlx::Decode<'r, Any> + sqlx::Type<Any>,
{
    row.try_get(column).map_err(sql("reading a column"))
}

impl State {
    /// Opens the database and brings it to the newest version.
    ///
    /// # Errors
    /// When it cannot be opened, or was written by a newer program.
    pub async fn open(database: &Database) -> Result<State, StateError> {
        let state = State::connect(database).await?;
        migrate::run(&state, migrate::NEWEST).await?;
        Ok(state)
    }

    /// As [`State::open`], but stops at an older version: how a test makes the database of an older program.
    ///
    /// # Errors
    /// As [`State::open`].
    pub async fn open_at(database: &Database, version: i64) -> Result<State, StateError> {
        let state = State::connect(database).await?;
        migrate::run(&state, version).await?;
        Ok(state)
    }

    async fn connect(database: &Database) -> Result<State, StateError> {
        sqlx::any::install_default_drivers();
        let opening = sql("opening a connection");
        let (engine, url) = match database {
            Database::Sqlite(path) => {
                // Nobody but the owner reads it; SQLite gives its side files the same mode.
                let made = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
                made.map_err(|source| StateError::File { path: path.clone(), source })?;
                let url = SqliteConnectOptions::new().filename(path).to_url_lossy();
                (Engine::Sqlite, url.to_string())
            }
            Database::Postgres(url) => (Engine::Postgres, url.clone()),
        };
        let options = AnyConnectOptions::from_str(&url).map_err(&opening)?;
        let pool = AnyPoolOptions::new()
            .max_connections(limits::STATE_CONNECTIONS_MAX)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let settings: &[&'static str] = match engine {
                        // The file is mapped: a list of a hundred findings is read without copying pages.
                        Engine::Sqlite => &[
                            "PRAGMA journal_mode = WAL",
                            "PRAGMA synchronous = FULL",
                            "PRAGMA mmap_size = 1073741824",
                            "PRAGMA cache_size = -16384",
                        ],
                        Engine::Postgres => &[],
                    };
                    for setting in settings {
                        sqlx::query(*setting).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(opening)?;
        Ok(State { pool, engine, vault: None, turns: Arc::default() })
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    /// Waits for one's turn where all write one after the other anyhow: SQLite lets those who wait look again after a while, so that many
    /// who write much keep each other waiting for longer than the writing takes. PostgreSQL has its own order.
    pub(super) async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        match self.engine {
            Engine::Sqlite => Some(Arc::clone(&self.turns).lock_owned().await),
            Engine::Postgres => None,
        }
    }

    /// A transaction of the program itself, as the owner of the tables.
    pub(super) async fn begin_as_owner(&self) -> Result<Transaction<'static, Any>, StateError> {
        // SQLite takes its write lock at once, since a reader that turns writer in the middle is refused instead of made to wait.
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        self.pool.begin_with(begin).await.map_err(sql("beginning a transaction"))
    }

    /// A transaction that is going to write.
    pub(super) async fn begin(&self, reach: impl Into<Reach<'_>>) -> Result<Transaction<'static, Any>, StateError> {
        let reach = reach.into();
        let mut work = self.begin_as_owner().await?;
        if self.engine == Engine::Postgres {
            let limit = sqlx::query(SET_REACH).bind(reach.setting());
            limit.execute(&mut *work).await.map_err(sql("limiting a transaction to an agency"))?;
        }
        Ok(work)
    }

    /// All rows of a statement. On SQLite, one statement needs no transaction.
    pub(super) async fn fetch_all(
        &self,
        reach: impl Into<Reach<'_>>,
        what: &'static str,
        query: Bound,
    ) -> Result<Vec<AnyRow>, StateError> {
        if self.engine == Engine::Sqlite {
            return query.fetch_all(&self.pool).await.map_err(sql(what));
        }
        let mut work = self.begin(reach).await?;
        let rows = query.fetch_all(&mut *work).await.map_err(sql(what))?;
        work.commit().await.map_err(sql(what))?;
        Ok(rows)
    }

    /// The row of a statement that has one at most.
    pub(super) async fn fetch_optional(
        &self,
        reach: impl Into<Reach<'_>>,
        what: &'static str,
        query: Bound,
    ) -> Result<Option<AnyRow>, StateError> {
        Ok(self.fetch_all(reach, what, query).await?.into_iter().next())
    }

    /// The number that a statement counts.
    pub(super) async fn count(
        &self,
        reach: impl Into<Reach<'_>>,
        what: &'static str,
        query: Bound,
    ) -> Result<u64, StateError> {
        match self.fetch_optional(reach, what, query).await? {
            Some(row) => get::<i64>(&row, 0).map(|count| count.max(0) as u64),
            None => Ok(0),
        }
    }

    /// Runs a statement that writes, and says how many rows it touched.
    pub(super) async fn execute(
        &self,
        reach: impl Into<Reach<'_>>,
        what: &'static str,
        query: Bound,
    ) -> Result<u64, StateError> {
        if self.engine == Engine::Sqlite {
            return Ok(query.execute(&self.pool).await.map_err(sql(what))?.rows_affected());
        }
        let mut work = self.begin(reach).await?;
        let done = query.execute(&mut *work).await.map_err(sql(what))?;
        work.commit().await.map_err(sql(what))?;
        Ok(done.rows_affected())
    }

    /// Prepares a statement without running it.
    ///
    /// # Errors
    /// When the engine does not understand it.
    pub async fn prepare(&self, statement: &'static str) -> Result<(), StateError> {
        use sqlx::Executor;
        let mut connection = self.pool.acquire().await.map_err(sql("opening a connection"))?;
        let prepared = (*connection).prepare(sqlx::SqlSafeStr::into_sql_str(statement)).await;
        prepared.map(|_| ()).map_err(sql("preparing a statement"))
    }

    /// Writes SQLite's file anew, without what was deleted, and empties its log. PostgreSQL looks after itself.
    pub(super) async fn rewrite(&self) -> Result<(), StateError> {
        if self.engine == Engine::Sqlite {
            for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                sqlx::query(statement).execute(&self.pool).await.map_err(sql("writing the database anew"))?;
            }
        }
        Ok(())
    }

    /// Writes a copy of SQLite's file as it is at one moment, while others go on writing. `Ok(false)`: the database is a server's, which
    /// has its own way to be copied.
    ///
    /// # Errors
    /// When there is a file already, or the database refuses.
    pub async fn copy_to(&self, path: &std::path::Path) -> Result<bool, StateError> {
        if self.engine == Engine::Postgres {
            return Ok(false);
        }
        // Made before, since SQLite would let others read it; it fills an empty file.
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|source| StateError::File { path: path.to_owned(), source })?;
        let copy = sqlx::query(COPY).bind(path.display().to_string());
        copy.execute(&self.pool).await.map_err(sql("copying the database"))?;
        Ok(true)
    }

    /// Whether everything in the database is as it should be; what is not, in SQLite's words. PostgreSQL checks itself.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn integrity(&self) -> Result<Vec<String>, StateError> {
        if self.engine == Engine::Postgres {
            return Ok(Vec::new());
        }
        let rows = sqlx::query("PRAGMA integrity_check").fetch_all(&self.pool).await;
        let rows = rows.map_err(sql("checking"))?;
        let texts: Result<Vec<String>, _> = rows.iter().map(|row| get(row, 0)).collect();
        Ok(texts?.into_iter().filter(|text| text != "ok").collect())
    }

    /// Closes all connections.
    pub fn close(&self) -> impl Future<Output = ()> + '_ {
        self.pool.close()
    }
}
