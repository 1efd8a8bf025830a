//! Keys for personal fields: one for each person, wrapped by a master key, apart from the state.
//!
//! A person's fields are sealed (AES-256-GCM) with a key of their own. Person keys stand in a file of their own, `vault.db`,
//! which no backup of the state contains: whoever destroys a person's key destroys their fields in every copy there is.
//! Person keys are wrapped by the newest master key, which stands in `master.key` (0600). Rotating makes a new master key and
//! wraps every person key anew; what is sealed stays as it is.
//!
//! Absent: a key service of somebody else behind the same operations; searching in what is sealed.

mod master;
mod sealed;
mod texts;

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqlitePool};

pub use master::MasterKeyError;
use master::MasterKeys;
pub use sealed::{PersonKey, SealError};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS person_keys (agency TEXT NOT NULL, person TEXT NOT NULL, \
    master TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (agency, person))";
const SELECT: &str = "SELECT master, wrapped FROM person_keys WHERE agency = $1 AND person = $2";
const INSERT: &str = "INSERT INTO person_keys (agency, person, master, wrapped) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (agency, person) DO NOTHING";
const SELECT_OTHERS: &str = "SELECT agency, person, master, wrapped FROM person_keys WHERE master <> $1";
const REWRAP: &str = "UPDATE person_keys SET master = $3, wrapped = $4 WHERE agency = $1 AND person = $2";
const COUNT_BY_MASTER: &str = "SELECT master, SUM(person LIKE 'text:%'), SUM(person LIKE 'agency:%'), COUNT(*) \
    FROM person_keys GROUP BY master";
const DELETE: &str = "DELETE FROM person_keys WHERE agency = $1 AND person = $2";

/// What stands where persons have their names, for the key of the agency itself.
const AGENCY: &str = "agency:sharing";

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The master keys.
    #[error("cannot use the master keys")]
    Master(#[from] MasterKeyError),
    /// The vault's file cannot be made.
    #[error("making the vault {}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The vault's database refuses.
    #[error("{what} in the vault")]
    Sql {
        /// What was tried.
        what: &'static str,
        /// What the database says.
        #[source]
        source: sqlx::Error,
    },
    /// The master key that a person's key was wrapped with is not there.
    #[error("the master key {0} is missing; hint: restore master.key from where it is kept")]
    NoMaster(String),
    /// A key or field does not open.
    #[error("cannot open what is sealed")]
    Seal(#[from] SealError),
}

fn sql(what: &'static str) -> impl Fn(sqlx::Error) -> VaultError {
    move |source| VaultError::Sql { what, source }
}

/// What there is in a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultStatus {
    /// The name of the newest master key.
    pub master: String,
    /// Keys of persons.
    pub persons: u64,
    /// Keys of texts.
    pub texts: u64,
    /// Keys that an older one wraps: a rotation was not finished.
    pub of_older: u64,
}

/// The keys of an installation.
#[derive(Clone, Debug)]
pub struct Vault {
    pool: SqlitePool,
    master_file: PathBuf,
}

impl Vault {
    /// Opens the vault; file and master key are made when there are none.
    ///
    /// # Errors
    /// When a file cannot be read or made.
    pub async fn open(path: &Path, master_file: &Path) -> Result<Self, VaultError> {
        MasterKeys::open_or_make(master_file)?;
        let made = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        made.map_err(|source| VaultError::File { path: path.to_owned(), source })?;
        // A deleted key is overwritten at once, in the file and in its log.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Delete)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(sql("opening a connection"))?;
        sqlx::query(CREATE).execute(&pool).await.map_err(sql("making the table"))?;
        Ok(Vault { pool, master_file: master_file.to_owned() })
    }

    fn master(&self) -> Result<MasterKeys, VaultError> {
        // Read each time: another process may have rotated them.
        Ok(MasterKeys::open_or_make(&self.master_file)?)
    }

    /// The key of a person; `None` when it was destroyed or never made.
    ///
    /// # Errors
    /// When the vault refuses, or the master key is missing.
    pub async fn key(&self, agency: &str, person: &str) -> Result<Option<PersonKey>, VaultError> {
        let row = sqlx::query(SELECT).bind(agency).bind(person).fetch_optional(&self.pool).await;
        let Some(row) = row.map_err(sql("reading a key"))? else { return Ok(None) };
        let (master, wrapped): (String, Vec<u8>) = (row.get(0), row.get(1));
        Ok(Some(self.master()?.unwrap(&master, (agency, person), &wrapped)?))
    }

    /// Makes a key for a person who has none.
    ///
    /// # Errors
    /// When the vault refuses.
    pub async fn make_key(&self, agency: &str, person: &str) -> Result<PersonKey, VaultError> {
        let key = PersonKey::random()?;
        let master = self.master()?;
        let (name, wrapped) = master.wrap((agency, person), &key)?;
        let insert = sqlx::query(INSERT).bind(agency).bind(person).bind(name).bind(wrapped);
        insert.execute(&self.pool).await.map_err(sql("writing a key"))?;
        // Somebody may have been faster.
        self.key(agency, person).await?.ok_or(VaultError::Seal(SealError))
    }

    /// A secret of an agency itself, for one purpose: 32 bytes that follow from a key of its own, made when it is first asked for. Those of
    /// different purposes say nothing about each other.
    ///
    /// # Errors
    /// When the vault refuses, or the master key is missing.
    pub async fn agency_secret(&self, agency: &str, purpose: &str) -> Result<[u8; 32], VaultError> {
        let key = match self.key(agency, AGENCY).await? {
            Some(key) => key,
            None => self.make_key(agency, AGENCY).await?,
        };
        let mut hasher = blake3::Hasher::new_derive_key("watchbell 2026 secret of an agency for a purpose");
        hasher.update(key.bytes()).update(purpose.as_bytes());
        Ok(*hasher.finalize().as_bytes())
    }

    /// How many keys of persons there are, and the name of the master key that wraps new ones.
    ///
    /// # Errors
    /// When the vault refuses.
    pub async fn status(&self) -> Result<VaultStatus, VaultError> {
        let master = self.master()?.newest().to_owned();
        let rows = sqlx::query(COUNT_BY_MASTER).fetch_all(&self.pool).await.map_err(sql("counting keys"))?;
        let (mut persons, mut texts, mut of_older) = (0, 0, 0);
        for row in &rows {
            let (name, of_texts, of_agencies, all): (String, i64, i64, i64) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            texts += of_texts.unsigned_abs();
            persons += (all - of_texts - of_agencies).unsigned_abs();
            of_older += if name == master { 0 } else { all.unsigned_abs() };
        }
        Ok(VaultStatus { persons, texts, of_older, master })
    }

    /// Destroys a person's key: nothing that was sealed with it can be read again, in no copy. Says whether there was one.
    ///
    /// # Errors
    /// When the vault refuses.
    pub async fn destroy_key(&self, agency: &str, person: &str) -> Result<bool, VaultError> {
        let done = sqlx::query(DELETE).bind(agency).bind(person).execute(&self.pool).await;
        Ok(done.map_err(sql("destroying a key"))?.rows_affected() > 0)
    }

    /// Makes a new master key, wraps every person key with it, and forgets the old ones. Says how many were wrapped.
    ///
    /// # Errors
    /// When the vault refuses; then the old master keys are kept.
    pub async fn rotate(&self) -> Result<usize, VaultError> {
        let mut master = self.master()?;
        master.add(&self.master_file)?;
        let newest = master.newest().to_owned();
        let rows = sqlx::query(SELECT_OTHERS).bind(&newest).fetch_all(&self.pool).await.map_err(sql("reading keys"))?;
        for row in &rows {
            let (agency, person): (String, String) = (row.get(0), row.get(1));
            let (old, wrapped): (String, Vec<u8>) = (row.get(2), row.get(3));
            let whose = (agency.as_str(), person.as_str());
            let key = master.unwrap(&old, whose, &wrapped)?;
            let (name, wrapped) = master.wrap(whose, &key)?;
            let rewrap = sqlx::query(REWRAP).bind(&agency).bind(&person).bind(name).bind(wrapped);
            rewrap.execute(&self.pool).await.map_err(sql("writing a key"))?;
        }
        master.forget_others(&self.master_file)?;
        Ok(rows.len())
    }

    /// Writes a copy of the vault's file as it is at one moment.
    ///
    /// # Errors
    /// When there is a file already, or the vault refuses.
    pub async fn copy_to(&self, path: &Path) -> Result<(), VaultError> {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|source| VaultError::File { path: path.to_owned(), source })?;
        let copy = sqlx::query("VACUUM INTO $1").bind(path.display().to_string());
        copy.execute(&self.pool).await.map(|_| ()).map_err(sql("copying keys"))
    }

    /// Closes the vault.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(check: impl AsyncFnOnce(&Path)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(check(folder.path()));
    }

    async fn open(folder: &Path) -> Vault {
        Vault::open(&folder.join("vault.db"), &folder.join("master.key")).await.unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_person_and_field_only() {
        run(async |folder| {
            let vault = open(folder).await;
            let anna = vault.make_key("home", "1").await.unwrap();
            let bert = vault.make_key("home", "2").await.unwrap();
            let sealed = anna.seal("people.name", "Anna").unwrap();
            assert!(!sealed.windows(4).any(|part| part == b"Anna"));
            assert_ne!(anna.seal("people.name", "Anna").unwrap(), sealed);
            assert_eq!(anna.open("people.name", &sealed).unwrap(), "Anna");
            assert!(anna.open("people.mail", &sealed).is_err());
            assert!(bert.open("people.name", &sealed).is_err());
            let mut changed = sealed.clone();
            *changed.last_mut().unwrap() ^= 1;
            assert!(anna.open("people.name", &changed).is_err());
            assert!(anna.open("people.name", &sealed[..5]).is_err());
            // The same person of another agency is another person.
            assert!(vault.key("fire", "1").await.unwrap().is_none());
            // Making it again gives the one that is there.
            assert_eq!(vault.make_key("home", "1").await.unwrap().open("people.name", &sealed).unwrap(), "Anna");
        });
    }

    #[test]
    fn a_destroyed_key_is_gone_from_the_file() {
        run(async |folder| {
            let vault = open(folder).await;
            let key = vault.make_key("home", "anna-7").await.unwrap();
            let sealed = key.seal("f", "Anna").unwrap();
            let file = || std::fs::read(folder.join("vault.db")).unwrap();
            let has = |bytes: Vec<u8>| bytes.windows(6).any(|part| part == b"anna-7");
            assert!(has(file()));
            assert!(vault.destroy_key("home", "anna-7").await.unwrap());
            assert!(!vault.destroy_key("home", "anna-7").await.unwrap());
            assert!(vault.key("home", "anna-7").await.unwrap().is_none());
            vault.close().await;
            assert!(!has(file()));
            // A new key of the same person opens nothing old.
            assert!(open(folder).await.make_key("home", "anna-7").await.unwrap().open("f", &sealed).is_err());
        });
    }

    #[test]
    fn rotation_keeps_everything_readable_and_forgets_the_old_key() {
        run(async |folder| {
            let vault = open(folder).await;
            let sealed = vault.make_key("home", "1").await.unwrap().seal("f", "Anna").unwrap();
            let old = std::fs::read_to_string(folder.join("master.key")).unwrap();
            assert_eq!(vault.rotate().await.unwrap(), 1);
            assert_eq!(vault.key("home", "1").await.unwrap().unwrap().open("f", &sealed).unwrap(), "Anna");
            let new = std::fs::read_to_string(folder.join("master.key")).unwrap();
            assert_eq!(new.lines().count(), 2);
            // Whoever has the old master key opens nothing any more.
            std::fs::write(folder.join("master.key"), old).unwrap();
            assert!(matches!(vault.key("home", "1").await, Err(VaultError::NoMaster(_))));
        });
    }
}
