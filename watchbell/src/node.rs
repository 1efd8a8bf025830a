//! The parts of an installation that commands open: its state and its lake, and in whose name.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use engine::ledger::Ledger;
use engine::office::Office;
use engine::seen::SeenFiles;
use lake::{Lake, LakeOptions, Pushdown};
use model::doors::Clock;
use model::{AgencyId, OpContext, Purpose, Roles, Timestamp};
use store::state::State;
use store::vault::Vault;

use crate::config::Config;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// Who acts: the account of the operating system, by its number. The ledger holds no names.
pub(crate) fn actor() -> String {
    use std::os::unix::fs::MetadataExt;
    // Whoever runs this owns its entry among the processes.
    let owner = std::fs::metadata("/proc/self").map(|entry| entry.uid());
    owner.map_or_else(|_| "account:unknown".to_owned(), |uid| format!("account:{uid}"))
}

/// A context of somebody at the command line.
///
/// # Errors
/// When a purpose was given that says nothing.
pub(crate) fn context(agency: &AgencyId, purpose: Option<&str>) -> Result<OpContext> {
    let purpose = purpose
        .map(|text| {
            Purpose::new(text).with_context(|| {
                format!("a purpose has at least {} letters, and at most {}", Purpose::CHARS_MIN, Purpose::CHARS_MAX)
            })
        })
        .transpose()?;
    Ok(OpContext { purpose, ..OpContext::new(agency.clone(), actor(), Roles::OPERATOR, SystemClock.now()) })
}

/// How lakes are opened.
pub(crate) fn lake_options() -> LakeOptions {
    LakeOptions { clock: Arc::new(SystemClock), pushdown: Pushdown::default() }
}

/// The state, opened.
///
/// # Errors
/// When there is no data folder, or the database refuses.
pub(crate) async fn state(config: &Config) -> Result<State> {
    config.must_have_data()?;
    let state = State::open(&config.database()).await.context("cannot open the state database")?;
    Ok(state.with_vault(vault(config).await?))
}

/// The keys of names and texts.
///
/// # Errors
/// When they cannot be read or made.
pub(crate) async fn vault(config: &Config) -> Result<Vault> {
    Vault::open(&config.vault_file(), &config.master_key_file()).await.context("cannot open the vault")
}

/// The lake, opened for hunting beside whoever writes to it.
///
/// # Errors
/// When there is none.
pub(crate) async fn lake_to_read(config: &Config) -> Result<Lake> {
    config.must_have_data()?;
    let hint = "cannot open the lake; hint: `watchbell serve` makes one and fills it";
    Lake::open_to_read(&config.lake_dir(), lake_options()).await.context(hint)
}

/// Where people work, over an opened state.
///
/// # Errors
/// When vault or ledger cannot be opened.
pub(crate) async fn office(config: &Config, state: &State) -> Result<Office> {
    let vault = match state.vault() {
        Some(vault) => vault.clone(),
        None => vault(config).await?,
    };
    let ledger = Arc::new(ledger(config)?);
    let office = Office::open(state.clone(), vault, ledger, Arc::new(SystemClock))?;
    let office = office.with_outlets(config.outlets_dir()).with_seen(SeenFiles::at(config.seen_dir()));
    Ok(office.with_cities(config.known_cities()?))
}

/// The ledger.
///
/// # Errors
/// When its key cannot be read or made.
pub(crate) fn ledger(config: &Config) -> Result<Ledger> {
    Ok(Ledger::open(&config.ledger_key_file(), &config.ledger_dir())?)
}

/// Signs what a command has added to the ledger.
///
/// # Errors
/// When the ledger and what was signed of it before do not fit to each other.
pub(crate) async fn sign(config: &Config, state: &State) -> Result<()> {
    ledger(config)?.publish(state).await.context("what was done is in the ledger, but cannot be signed")?;
    Ok(())
}

/// What the watch on this machine answers to anybody, by its own plain door.
///
/// # Errors
/// When nobody answers, or not with 200.
pub(crate) fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, ASK_TIME_MAX)?;
    stream.set_read_timeout(Some(ASK_TIME_MAX))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: watchbell\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    let body = answer.strip_prefix("HTTP/1.1 200 ").and_then(|answer| answer.split_once("\r\n\r\n"));
    body.map(|(_, body)| body.to_owned()).ok_or_else(|| std::io::Error::other("this is no answer of the watch"))
}

const ASK_TIME_MAX: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// A runtime for a command that needs one.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}
