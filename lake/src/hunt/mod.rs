//! Bounded, read-only SQL over the events of one agency.
//!
//! Bounded by time, memory, rows and bytes; read-only twice over (`statement`). A hunt's session knows two tables, `events`
//! and `findings`, made of the files of the context's own agency: no SQL reaches another agency's, because they are not
//! there. Without a purpose in the context, personal columns are masked (`mask`).
//!
//! Hunts run on threads of their own, so that a heavy one slows the intake only through the processor's own sharing.

mod error;
mod functions;
mod mask;
mod page;
mod provider;
mod pushdown;
mod session;
mod skip;
mod statement;
mod stream;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::object_store::local::LocalFileSystem;
use model::{AgencyId, OpContext, limits};

pub use error::HuntError;
pub use page::{HuntColumn, HuntPage, HuntSummary, Scanned, write_csv_header, write_csv_row, write_json_row};
pub use pushdown::Pushdown;
pub use stream::HuntStream;

use crate::error::LakeError;
use crate::lake::Lake;

/// How far a hunt may go. Nothing above the limits of `model::limits` has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HuntLimits {
    /// From the call to the last row.
    pub time: Duration,
    /// Memory of the engine's operators.
    pub memory_bytes: usize,
    /// Rows of the answer.
    pub rows: usize,
}

impl Default for HuntLimits {
    fn default() -> Self {
        HuntLimits {
            time: Duration::from_secs(limits::HUNT_SECONDS_MAX),
            memory_bytes: limits::HUNT_MEMORY_BYTES_MAX,
            rows: limits::HUNT_ROWS_MAX,
        }
    }
}

impl HuntLimits {
    fn bounded(self) -> Self {
        let most = HuntLimits::default();
        HuntLimits {
            time: self.time.min(most.time),
            memory_bytes: self.memory_bytes.min(most.memory_bytes),
            rows: self.rows.min(most.rows),
        }
    }
}

/// Whether personal columns are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// Everything is shown: the context names its purpose.
    Off,
    /// Accounts are pseudonyms, and free text that could hold anything is not shown.
    Personal,
}

impl Masking {
    /// What the context allows.
    pub fn of(context: &OpContext) -> Self {
        if context.purpose.is_some() { Masking::Off } else { Masking::Personal }
    }
}

/// What hunts share.
pub(crate) struct HuntEngine {
    folder: PathBuf,
    spill: PathBuf,
    pseudonym_key: [u8; 32],
    /// Footers of files that hunts have opened.
    base: RwLock<Arc<RuntimeEnv>>,
    running: Arc<tokio::sync::Semaphore>,
    threads: Option<tokio::runtime::Runtime>,
    pushdown: Pushdown,
}

impl Drop for HuntEngine {
    fn drop(&mut self) {
        // Only when nothing is in it: another lake of this process may be hunting.
        let _ = std::fs::remove_dir(&self.spill);
        // A runtime must not be waited for inside of another one; whoever still reads a stream sees it end.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// Where hunts park what their memory cannot hold: a folder for each process below this one, because a hunt may begin in one
/// process while another opens the lake.
const SPILL: &str = "hunt-spill";

/// Deletes what hunts of crashed processes have parked: it is personal data like any other. For the writer, before it
/// hunts itself.
pub(crate) fn empty_spill(data: &Path) -> Result<(), LakeError> {
    let spill = data.join(SPILL);
    let entries = match std::fs::read_dir(&spill) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(LakeError::io("list the folder", &spill))?,
    };
    for entry in entries.flatten() {
        let process = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        let is_running = process.is_some_and(|id| Path::new("/proc").join(id.to_string()).exists());
        if is_running {
            continue;
        }
        let path = entry.path();
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(LakeError::io("empty the folder", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

impl HuntEngine {
    pub(crate) fn new(data: &Path, folder: &Path, table_id: &str, pushdown: Pushdown) -> Result<Self, LakeError> {
        let spill = data.join(SPILL).join(std::process::id().to_string());
        std::fs::create_dir_all(&spill).map_err(LakeError::io("create the folder", &spill))?;
        let threads = tokio::runtime::Builder::new_multi_thread()
            .thread_name("hunt")
            .enable_time()
            .build()
            .map_err(LakeError::io("start the threads of hunts for", folder))?;
        Ok(HuntEngine {
            base: RwLock::new(base_runtime(folder)?),
            folder: folder.to_owned(),
            spill,
            pseudonym_key: blake3::derive_key("watchbell lake 2025 pseudonyms of hunts", table_id.as_bytes()),
            running: Arc::new(tokio::sync::Semaphore::new(limits::HUNTS_AT_ONCE_MAX)),
            threads: Some(threads),
            pushdown,
        })
    }

    fn base(&self) -> Arc<RuntimeEnv> {
        Arc::clone(&self.base.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets the footers of files: they name least and greatest values.
    pub(crate) fn forget(&self) {
        if let Ok(fresh) = base_runtime(&self.folder) {
            *self.base.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
}

fn base_runtime(folder: &Path) -> Result<Arc<RuntimeEnv>, LakeError> {
    let failed = |error: &dyn std::fmt::Display| LakeError::Io {
        doing: "prepare hunts in",
        path: folder.to_owned(),
        source: std::io::Error::other(error.to_string()),
    };
    let runtime = RuntimeEnvBuilder::new().with_metadata_cache_limit(limits::HUNT_FOOTERS_BYTES_MAX).build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
    runtime.register_object_store(provider::store_url().as_ref(), Arc::new(store));
    Ok(Arc::new(runtime))
}

impl Lake {
    /// Answers a hunt as a whole.
    ///
    /// # Errors
    /// See [`HuntError`].
    pub async fn hunt(&self, context: &OpContext, sql: &str, limits: HuntLimits) -> Result<HuntPage, HuntError> {
        let mut stream = self.hunt_stream(context, sql, limits).await?;
        let mut rows = Vec::new();
        while let Some(more) = stream.next().await? {
            rows.extend(more);
        }
        let HuntSummary { cut, elapsed, scanned, .. } = stream.summary();
        Ok(HuntPage { columns: stream.into_columns(), rows, cut, elapsed, scanned })
    }

    /// Answers a hunt in batches of rows, as they are found. Dropping the stream ends the hunt.
    ///
    /// # Errors
    /// See [`HuntError`]; what goes wrong later comes out of the stream.
    pub async fn hunt_stream(
        &self,
        context: &OpContext,
        sql: &str,
        limits: HuntLimits,
    ) -> Result<HuntStream, HuntError> {
        let started = Instant::now();
        let limits = limits.bounded();
        let statement = statement::parse(sql)?;
        self.refresh().await?;
        let waiting = async {
            let permit = Arc::clone(&self.hunts.running).acquire_owned().await;
            (permit, Arc::clone(&self.shared.readers).read_owned().await)
        };
        let waited = tokio::time::timeout(limits.time, waiting).await;
        let (permit, reader) = waited.map_err(|_| HuntError::TooLong(limits.time))?;
        let job = stream::Job {
            session: self.hunts.session(&context.agency, &self.shared.files(), Masking::of(context), limits)?,
            statement,
            limits,
            started,
            now: context.now,
            files: self.count_files(&context.agency),
            _held: (permit.ok(), reader),
        };
        let threads = self.hunts.threads.as_ref().ok_or(HuntError::Failed("the lake is closing".to_owned()))?;
        HuntStream::start(job, threads.handle()).await
    }

    /// Hunts that run now.
    pub fn hunts_running(&self) -> usize {
        limits::HUNTS_AT_ONCE_MAX.saturating_sub(self.hunts.running.available_permits())
    }

    fn count_files(&self, agency: &AgencyId) -> u64 {
        self.shared.files().of(agency).count() as u64
    }
}
