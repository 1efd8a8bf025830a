//! The lake itself: opening, appending, committing.
//!
//! One writer in one process, by a lock file; any number of readers, each on a snapshot of its own. Appending waits for
//! nobody but the writer's own commit: hunts hold a snapshot and never a lock that a commit needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::doors::Clock;
use model::{AgencyId, limits};

use crate::buffer::{Buffer, Part};
use crate::error::LakeError;
use crate::files::{FileEntry, FileSet, Partition, PartitionWriter};
use crate::hunt::{HuntEngine, Pushdown};
use crate::log::{Change, ChangeKind, Log};
use crate::record::LakeRecord;
use crate::schema::EVENTS;

/// How a lake is opened.
#[derive(Clone)]
pub struct LakeOptions {
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// When hunts evaluate filters while decoding.
    pub pushdown: Pushdown,
}

/// What an append did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Rows taken.
    pub rows: usize,
    /// Rows left out because their offset was taken before.
    pub repeated: usize,
    /// Whether the append led to a commit.
    pub committed: bool,
}

/// Months of events in a folder.
pub struct Lake {
    pub(crate) shared: Arc<Shared>,
    /// One append or commit at a time.
    pub(crate) writer: tokio::sync::Mutex<Writer>,
    /// One rewriting of files at a time.
    pub(crate) upkeep: tokio::sync::Mutex<crate::upkeep::Memory>,
    pub(crate) hunts: HuntEngine,
    is_writer: bool,
}

/// What tasks of the lake share.
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    files: RwLock<Arc<FileSet>>,
    /// Files that are being written and that no commit names yet: nobody may take them for orphans.
    in_flight: Mutex<BTreeSet<String>>,
    /// Held for reading while a hunt runs, for writing while files that it might read are deleted at once.
    pub(crate) readers: Arc<tokio::sync::RwLock<()>>,
}

pub(crate) struct Writer {
    pub(crate) log: Log,
    /// Offsets that are known to be committed, so that an append need not read the log again.
    committed: BTreeMap<String, u64>,
    /// Locked by whoever changes it, on a thread that may block; a caller that goes away in between loses nothing.
    buffer: Arc<Mutex<Buffer>>,
    /// Files of a commit that ended in an error, so that nobody knows whether it took place.
    in_doubt: Option<Vec<String>>,
    /// Locked as long as the lake is open for writing.
    _lock: Option<File>,
}

impl Lake {
    /// Opens the lake in the folder `data` for appending and hunting, and makes one when there is none.
    ///
    /// Files that a crash left behind without a commit are deleted.
    ///
    /// # Errors
    /// When another process has it open for writing, when the folder cannot be used, or when its table is not ours.
    pub async fn open(data: &Path, options: LakeOptions) -> Result<Self, LakeError> {
        let data = &absolute(data)?;
        std::fs::create_dir_all(data).map_err(LakeError::io("create the folder", data))?;
        let lock = lock(data)?;
        let log = Log::open_or_create(&data.join(EVENTS)).await?;
        let lake = Lake::build(data, options, log, Some(lock))?;
        lake.delete_orphans().await?;
        Ok(lake)
    }

    /// Opens the lake in the folder `data` for hunting only, beside whoever writes to it.
    ///
    /// # Errors
    /// When there is no lake, or when its table is not ours.
    pub async fn open_to_read(data: &Path, options: LakeOptions) -> Result<Self, LakeError> {
        let data = &absolute(data)?;
        let log = Log::open(&data.join(EVENTS)).await?;
        Lake::build(data, options, log, None)
    }

    fn build(data: &Path, options: LakeOptions, log: Log, lock: Option<File>) -> Result<Self, LakeError> {
        let folder = data.join(EVENTS);
        let is_writer = lock.is_some();
        if is_writer {
            crate::hunt::empty_spill(data)?;
        }
        let hunts = HuntEngine::new(data, &folder, &log.table_id(), options.pushdown)?;
        let shared = Shared {
            folder,
            clock: options.clock,
            files: RwLock::new(Arc::new(log.files()?)),
            in_flight: Mutex::default(),
            readers: Arc::default(),
        };
        Ok(Lake {
            shared: Arc::new(shared),
            writer: tokio::sync::Mutex::new(Writer {
                log,
                committed: BTreeMap::new(),
                buffer: Arc::default(),
                in_doubt: None,
                _lock: lock,
            }),
            upkeep: tokio::sync::Mutex::default(),
            hunts,
            is_writer,
        })
    }

    /// Takes records that `consumer` has read from the journal, up to and including offset `upto`.
    ///
    /// Exactly once: what has an offset at or below the consumer's is left out, so a caller that is unsure appends again.
    /// The rows wait in memory until [`Lake::flush_if_due`] or their number brings a commit; [`Lake::committed_offset`]
    /// says what is durable here. An `upto` beyond the last record says that what lies between needs no row.
    ///
    /// # Errors
    /// When rows cannot be encoded or a due commit fails; the rows that were taken stay in memory and are tried again.
    pub async fn append(&self, consumer: &str, records: Vec<LakeRecord>, upto: u64) -> Result<Appended, LakeError> {
        self.must_write()?;
        let mut writer = self.writer.lock().await;
        let committed = writer.committed_offset(consumer).await?;
        let offered = records.len();
        let (buffer, consumer, now) = (Arc::clone(&writer.buffer), consumer.to_owned(), self.shared.clock.now());
        let added = tokio::task::spawn_blocking(move || {
            Ok::<_, LakeError>(locked(&buffer)?.add(records, &consumer, committed, upto, now))
        });
        let rows = added.await??;
        let mut appended = Appended { rows, repeated: offered - rows, committed: false };
        if locked(&writer.buffer)?.is_due(self.shared.clock.now()) {
            appended.committed = self.commit_buffer(&mut writer).await?;
        }
        Ok(appended)
    }

    /// Commits what waits when its time has come. To be called about once a second.
    ///
    /// # Errors
    /// When files or the commit cannot be written; the rows stay in memory and are tried again.
    pub async fn flush_if_due(&self) -> Result<bool, LakeError> {
        self.must_write()?;
        let mut writer = self.writer.lock().await;
        if !locked(&writer.buffer)?.is_due(self.shared.clock.now()) {
            return Ok(false);
        }
        self.commit_buffer(&mut writer).await
    }

    /// Commits what waits now, however little it is.
    ///
    /// # Errors
    /// As [`Lake::flush_if_due`].
    pub async fn flush(&self) -> Result<bool, LakeError> {
        self.must_write()?;
        let mut writer = self.writer.lock().await;
        self.commit_buffer(&mut writer).await
    }

    /// Up to which offset of the journal `consumer`'s records are durable here; the journal may be cut behind it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn committed_offset(&self, consumer: &str) -> Result<Option<u64>, LakeError> {
        let mut writer = self.writer.lock().await;
        if self.is_writer { writer.committed_offset(consumer).await } else { writer.log.offset(consumer).await }
    }

    /// Rows that wait for their commit.
    pub async fn rows_waiting(&self) -> usize {
        locked(&self.writer.lock().await.buffer).map_or(0, |buffer| buffer.rows())
    }

    /// Rows that `agency` has in the lake, as committed.
    pub fn rows_of(&self, agency: &AgencyId) -> u64 {
        self.shared.files().of(agency).map(|file| file.statistics.rows).sum()
    }

    /// Files of the table and their bytes.
    pub fn files(&self) -> (usize, u64) {
        let files = self.shared.files();
        files.iter().fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.size))
    }

    /// Paths of the table's files, for whoever reads them with another engine.
    pub fn file_paths(&self) -> Vec<PathBuf> {
        self.shared.files().iter().map(|file| self.shared.folder.join(&file.path)).collect()
    }

    pub(crate) fn must_write(&self) -> Result<(), LakeError> {
        if self.is_writer { Ok(()) } else { Err(LakeError::ReadOnly) }
    }

    /// Brings a reader up to date; the writer always is.
    pub(crate) async fn refresh(&self) -> Result<(), LakeError> {
        if self.is_writer {
            return Ok(());
        }
        let mut writer = self.writer.lock().await;
        let before = writer.log.version();
        writer.log.refresh().await?;
        if writer.log.version() != before {
            self.shared.publish(writer.log.files()?);
        }
        Ok(())
    }

    async fn commit_buffer(&self, writer: &mut Writer) -> Result<bool, LakeError> {
        self.settle(writer).await?;
        if locked(&writer.buffer)?.is_empty() {
            return Ok(false);
        }
        let (shared, buffer) = (Arc::clone(&self.shared), Arc::clone(&writer.buffer));
        // Whatever happens from here on, the rows are in memory until a commit has them.
        let written = tokio::task::spawn_blocking(move || {
            let mut buffer = locked(&buffer)?;
            Ok::<_, LakeError>((write_buffer(&shared, &mut buffer)?, buffer.offsets()))
        });
        let (added, offsets) = written.await??;
        let change = Change { added, removed: Vec::new(), offsets, kind: ChangeKind::Append };
        let offsets = change.offsets.clone();
        self.commit(writer, change).await?;
        writer.committed.extend(offsets);
        *locked(&writer.buffer)? = Buffer::default();
        if writer.log.is_checkpoint_due() {
            let cutoff = self.shared.clock.now().minus(LOG_KEPT);
            writer.log.checkpoint(cutoff).await?;
        }
        Ok(true)
    }

    /// Commits a change and shows it to hunts.
    pub(crate) async fn commit(&self, writer: &mut Writer, change: Change) -> Result<(), LakeError> {
        let now = self.shared.clock.now();
        if let Err(error) = writer.log.commit(&change, now).await {
            writer.in_doubt = Some(change.added.into_iter().map(|file| file.path).collect());
            return Err(error);
        }
        let mut files = FileSet::clone(&self.shared.files());
        for file in &change.removed {
            files.remove(&file.path);
        }
        let added: Vec<_> = change.added.iter().map(|file| file.path.clone()).collect();
        for file in change.added {
            files.insert(file);
        }
        self.shared.publish(files);
        // In this order: whoever looks for orphans must find the file in the table before it stops flying.
        added.iter().for_each(|path| self.shared.landed(path));
        Ok(())
    }

    /// After a commit that ended in an error: reads what is true, and drops what is committed after all.
    pub(crate) async fn settle(&self, writer: &mut Writer) -> Result<(), LakeError> {
        let Some(doubtful) = &writer.in_doubt else { return Ok(()) };
        writer.log.refresh().await?;
        writer.committed.clear();
        self.shared.publish(writer.log.files()?);
        // Landed or not: what no commit names is an orphan from now on.
        doubtful.iter().for_each(|path| self.shared.landed(path));
        let (is_empty, offsets) = {
            let buffer = locked(&writer.buffer)?;
            (buffer.is_empty(), buffer.offsets())
        };
        let mut is_committed = !is_empty;
        for (consumer, offset) in offsets {
            is_committed &= writer.log.offset(&consumer).await?.is_some_and(|committed| committed >= offset);
        }
        if is_committed {
            *locked(&writer.buffer)? = Buffer::default();
        }
        writer.in_doubt = None;
        Ok(())
    }

    /// Deletes files that no commit ever named: what a crash between writing and committing leaves behind.
    async fn delete_orphans(&self) -> Result<usize, LakeError> {
        let writer = self.writer.lock().await;
        let replaced = writer.log.replaced().await?;
        crate::upkeep::delete_files(&self.shared, |path| !replaced.contains_key(path))
    }
}

impl Writer {
    async fn committed_offset(&mut self, consumer: &str) -> Result<Option<u64>, LakeError> {
        if let Some(offset) = self.committed.get(consumer) {
            return Ok(Some(*offset));
        }
        let offset = self.log.offset(consumer).await?;
        self.committed.extend(offset.map(|offset| (consumer.to_owned(), offset)));
        Ok(offset)
    }
}

/// Entries of the log that a checkpoint has replaced stay this long for readers that are in the middle of it.
const LOG_KEPT: std::time::Duration = std::time::Duration::from_secs(6 * 3_600);

impl Shared {
    /// The table's files as of now.
    pub(crate) fn files(&self) -> Arc<FileSet> {
        Arc::clone(&self.files.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, files: FileSet) {
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(files);
    }

    fn flying(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `write` write files under names that were never used. The files are known as being written until a commit
    /// lands them; when `write` fails, what it began is deleted.
    pub(crate) fn write_files<T>(
        &self,
        write: impl FnOnce(&(dyn Fn(&Partition) -> String + Sync)) -> Result<T, LakeError>,
    ) -> Result<T, LakeError> {
        let begun = Mutex::new(Vec::new());
        let written = write(&|partition| {
            let path = format!("{}/part-{}.zstd.parquet", partition.folder(), uuid::Uuid::new_v4());
            self.flying().insert(path.clone());
            begun.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
            path
        });
        if written.is_err() {
            for path in begun.into_inner().unwrap_or_else(PoisonError::into_inner) {
                // It may not exist yet, and what cannot be deleted now is an orphan for the next vacuum.
                let _ = std::fs::remove_file(self.folder.join(&path));
                self.landed(&path);
            }
        }
        written
    }

    /// The file is in the table, or given up.
    pub(crate) fn landed(&self, path: &str) {
        self.flying().remove(path);
    }

    /// Whether somebody is writing the file.
    pub(crate) fn is_flying(&self, path: &str) -> bool {
        self.flying().contains(path)
    }
}

/// Writes each partition's rows, several partitions at a time: a backfill has many, and each file waits for its own sync.
fn write_buffer(shared: &Shared, buffer: &mut Buffer) -> Result<Vec<FileEntry>, LakeError> {
    shared.write_files(|name| {
        let parts = buffer.parts();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(parts.len());
        let parts = Mutex::new(parts.into_iter());
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || -> Result<Vec<FileEntry>, LakeError> {
            let mut written = Vec::new();
            while let Some(part) = next() {
                written.extend(write_part(shared, part, name)?);
            }
            Ok(written)
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut written = work()?;
            for other in others {
                written.extend(other.join().map_err(|_| LakeError::Broken)??);
            }
            written.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(written)
        })
    })
}

fn write_part(
    shared: &Shared,
    mut part: Part<'_>,
    name: &(dyn Fn(&Partition) -> String + Sync),
) -> Result<Vec<FileEntry>, LakeError> {
    let filled = part.filled();
    let mut writer = PartitionWriter::new(&shared.folder, part.partition.clone(), name).with_filled(filled);
    part.for_each_chunk(|rows| writer.write(&rows))?;
    writer.finish()
}

/// The rows that wait. A task that broke while it changed them leaves them as nobody knows: the journal has them, and
/// opening the lake again reads them from there.
fn locked(buffer: &Mutex<Buffer>) -> Result<MutexGuard<'_, Buffer>, LakeError> {
    buffer.lock().map_err(|_| LakeError::Broken)
}

fn absolute(data: &Path) -> Result<PathBuf, LakeError> {
    std::path::absolute(data).map_err(LakeError::io("find the folder", data))
}

fn lock(data: &Path) -> Result<File, LakeError> {
    let path = data.join("lake.lock");
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(&path).map_err(LakeError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LakeError::Locked(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(LakeError::io("lock", &path)(error)),
    }
}

impl LakeOptions {
    /// Options with the given clock, and otherwise as measured best.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        LakeOptions { clock, pushdown: Pushdown::default() }
    }
}

const _: () = assert!(limits::LAKE_FLUSH_SECONDS < 10 && limits::LAKE_BACKFILL_FLUSH_SECONDS < 10);
