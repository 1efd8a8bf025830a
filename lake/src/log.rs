//! The table's log: which files are in the table, and how far each consumer of the journal has come.
//!
//! Delta Lake protocol: `add`, `remove` and `txn` actions of one commit take effect together or not at all. The offset of
//! a consumer is an application transaction (`txn`) in the very commit that adds its rows; that is what makes appending
//! exactly once. Deliberately absent: concurrent writers, schema changes, deletion vectors.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Remove, StructType, Transaction};
use deltalake::logstore::LogStoreRef;
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::DeltaOperation;
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableBuilder, checkpoints};
use futures::TryStreamExt;
use model::{AgencyId, Timestamp, limits};

use crate::error::LakeError;
use crate::files::{FileEntry, FileSet, Partition, sync_folder};
use crate::record::{day_of_text, day_text};
use crate::schema::{EVENTS, STATISTICS_COLUMNS, table_schema};
use crate::statistics::Statistics;

/// What one commit changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) added: Vec<FileEntry>,
    pub(crate) removed: Vec<std::sync::Arc<FileEntry>>,
    /// Offsets up to which consumers have come.
    pub(crate) offsets: BTreeMap<String, u64>,
    pub(crate) kind: ChangeKind,
}

/// Why files change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// New rows.
    #[default]
    Append,
    /// The same rows in fewer files.
    Merge,
    /// Fewer rows: retention or erasure. The log does not say whose.
    Delete,
}

/// The log, as of the last commit that we know.
pub(crate) struct Log {
    folder: PathBuf,
    store: LogStoreRef,
    state: DeltaTableState,
    commits_since_checkpoint: u64,
}

impl Log {
    /// Opens the log in `folder`; makes an empty table first when there is none.
    pub(crate) async fn open_or_create(folder: &Path) -> Result<Self, LakeError> {
        std::fs::create_dir_all(folder).map_err(LakeError::io("create the folder", folder))?;
        if !folder.join("_delta_log").is_dir() {
            create(folder).await?;
        }
        Log::open(folder).await
    }

    /// Opens the log in `folder`.
    pub(crate) async fn open(folder: &Path) -> Result<Self, LakeError> {
        if !folder.join("_delta_log").is_dir() {
            return Err(LakeError::Missing(folder.to_owned()));
        }
        let table = builder(folder)?.load().await.map_err(LakeError::log("open"))?;
        let store = table.log_store();
        let state = table.state.ok_or_else(|| LakeError::Missing(folder.to_owned()))?;
        let log = Log { folder: folder.to_owned(), store, state, commits_since_checkpoint: 0 };
        log.check_schema()?;
        Ok(log)
    }

    /// A table with other columns is left alone rather than guessed at.
    fn check_schema(&self) -> Result<(), LakeError> {
        let expected = kernel_schema()?;
        let found = self.state.schema();
        let names = |schema: &StructType| schema.fields().map(|field| field.name().clone()).collect::<Vec<_>>();
        if *found != expected {
            let (found, expected) = (names(&found), names(&expected));
            let missing: Vec<_> = expected.iter().filter(|name| !found.contains(name)).cloned().collect();
            let what = if missing.is_empty() { "types of columns".to_owned() } else { missing.join(", ") };
            return Err(LakeError::Foreign { folder: self.folder.clone(), what });
        }
        Ok(())
    }

    /// The table's own id: random, made once, in no file but the log.
    pub(crate) fn table_id(&self) -> String {
        self.state.metadata().id().to_owned()
    }

    /// Version of the last commit.
    pub(crate) fn version(&self) -> u64 {
        self.state.version()
    }

    /// Every file of the table.
    pub(crate) fn files(&self) -> Result<FileSet, LakeError> {
        let mut set = FileSet::default();
        for view in self.state.log_data().iter() {
            let values = view.partition_values_map();
            let value = |name: &str| values.get(name).cloned().flatten();
            let agency = value("agency").and_then(|agency| AgencyId::parse(&agency).ok());
            let day = value("day").and_then(|day| day_of_text(&day));
            let statistics = view.stats().and_then(|stats| Statistics::from_json(&stats));
            let (Some(agency), Some(day), Some(statistics)) = (agency, day, statistics) else {
                let what = format!("the file {} has no agency, day or statistics", view.path());
                return Err(LakeError::Foreign { folder: self.folder.clone(), what });
            };
            if view.deletion_vector_descriptor().is_some() {
                let what = format!("the file {} has a deletion vector", view.path());
                return Err(LakeError::Foreign { folder: self.folder.clone(), what });
            }
            let size = u64::try_from(view.size()).unwrap_or_default();
            #[expect(deprecated, reason = "the library shows tags nowhere else")]
            let tags = view.add_action().tags.unwrap_or_default();
            set.insert(FileEntry {
                path: view.path().into_owned(),
                partition: Partition { agency, day },
                size,
                hash: tags.get(HASH_TAG).cloned().flatten(),
                statistics,
            });
        }
        Ok(set)
    }

    /// Paths of files that were replaced, with the time of it in milliseconds.
    pub(crate) async fn replaced(&self) -> Result<BTreeMap<String, i64>, LakeError> {
        let tombstones = self.state.all_tombstones(self.store.as_ref());
        tombstones
            .map_ok(|tombstone| (tombstone.path().into_owned(), tombstone.deletion_timestamp().unwrap_or_default()))
            .try_collect()
            .await
            .map_err(LakeError::log("list replaced files from"))
    }

    /// How far `consumer` has come.
    pub(crate) async fn offset(&self, consumer: &str) -> Result<Option<u64>, LakeError> {
        let version = self.state.transaction_version(self.store.as_ref(), consumer).await;
        Ok(version.map_err(LakeError::log("read an offset from"))?.and_then(|offset| u64::try_from(offset).ok()))
    }

    /// Reads what others have committed since.
    pub(crate) async fn refresh(&mut self) -> Result<(), LakeError> {
        self.state.update(&self.store, None).await.map_err(LakeError::log("refresh"))
    }

    /// Commits a change, and returns once it is durable.
    ///
    /// # Errors
    /// After an error nobody knows whether the commit took place: the caller reloads before it tries again.
    pub(crate) async fn commit(&mut self, change: &Change, now: Timestamp) -> Result<(), LakeError> {
        let transactions: Vec<_> = change
            .offsets
            .iter()
            .map(|(consumer, offset)| Transaction::new(consumer, i64::try_from(*offset).unwrap_or(i64::MAX)))
            .collect();
        // Checkpoints and clean-up are steps of their own: a failure there must not look like a failed commit.
        let properties = CommitProperties::default()
            .with_application_transactions(transactions)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false));
        let operation = match change.kind {
            ChangeKind::Append => DeltaOperation::Write {
                mode: deltalake::protocol::SaveMode::Append,
                partition_by: Some(vec!["agency".into(), "day".into()]),
                predicate: None,
            },
            ChangeKind::Merge => DeltaOperation::Optimize {
                predicate: None,
                target_size: i64::try_from(limits::LAKE_FILE_BYTES).unwrap_or(i64::MAX),
            },
            ChangeKind::Delete => DeltaOperation::Delete { predicate: None },
        };
        let data_change = change.kind != ChangeKind::Merge;
        let removed = change.removed.iter().map(|file| Action::Remove(remove(file, data_change, now)));
        let added = change.added.iter().map(|file| Action::Add(add(file, data_change, now)));
        let commit = CommitBuilder::from(properties)
            .with_actions(removed.chain(added).collect())
            .build(Some(&self.state), self.store.clone(), operation)
            .await
            .map_err(LakeError::log("commit to"))?;
        let log_folder = self.folder.join("_delta_log");
        let entry = log_folder.join(format!("{:020}.json", commit.version()));
        std::fs::File::open(&entry).and_then(|file| file.sync_all()).map_err(LakeError::io("flush", &entry))?;
        sync_folder(&log_folder)?;
        self.state = commit.snapshot();
        self.commits_since_checkpoint += 1;
        Ok(())
    }

    /// Whether it is time for a checkpoint.
    pub(crate) fn is_checkpoint_due(&self) -> bool {
        self.commits_since_checkpoint >= limits::LAKE_CHECKPOINT_COMMITS
    }

    /// Writes the log's state as one file and deletes the entries that it replaces, from before `cutoff`.
    pub(crate) async fn checkpoint(&mut self, cutoff: Timestamp) -> Result<usize, LakeError> {
        let version = self.state.version();
        let url = self.store.root_url().clone();
        checkpoints::create_checkpoint_from_table_url_and_cleanup(url, version, Some(false), None)
            .await
            .map_err(LakeError::log("write a checkpoint of"))?;
        self.commits_since_checkpoint = 0;
        checkpoints::cleanup_expired_logs_for(version, self.store.as_ref(), cutoff.as_millis(), None)
            .await
            .map_err(LakeError::log("delete old entries of"))
    }
}

fn builder(folder: &Path) -> Result<DeltaTableBuilder, LakeError> {
    let bad = || LakeError::BadFolder(folder.to_owned());
    // `deltalake` decodes the folder's URL twice: it would find another folder than the one with a `%` in its name.
    let text = folder.to_str().filter(|text| folder.is_absolute() && !text.contains('%')).ok_or_else(bad)?;
    let url = deltalake::ensure_table_uri(text).map_err(|_| bad())?;
    DeltaTableBuilder::from_url(url).map_err(|_| bad())
}

fn kernel_schema() -> Result<StructType, LakeError> {
    let schema = table_schema();
    let converted: Result<StructType, _> = (&schema).try_into_kernel();
    Ok(converted?)
}

async fn create(folder: &Path) -> Result<DeltaTable, LakeError> {
    let store = builder(folder)?.build_storage().map_err(LakeError::log("create"))?;
    let schema = kernel_schema()?;
    let properties = [
        ("delta.dataSkippingStatsColumns", STATISTICS_COLUMNS.join(",")),
        // Old versions of the table hold what retention and erasure have taken out: they are not kept for travelling.
        ("delta.logRetentionDuration", "interval 6 hours".to_owned()),
        ("delta.deletedFileRetentionDuration", "interval 1 hours".to_owned()),
    ];
    CreateBuilder::new()
        .with_log_store(store)
        .with_table_name(EVENTS)
        .with_columns(schema.fields().cloned())
        .with_partition_columns(["agency", "day"])
        .with_configuration(properties.map(|(name, value)| (name.to_owned(), Some(value))))
        .await
        .map_err(LakeError::log("create"))
}

/// The tag of an added file that has its hash.
const HASH_TAG: &str = "watchbell.blake3";

fn partition_values(partition: &Partition) -> HashMap<String, Option<String>> {
    let day = ("day".to_owned(), Some(day_text(partition.day)));
    HashMap::from([("agency".to_owned(), Some(partition.agency.to_string())), day])
}

fn add(file: &FileEntry, data_change: bool, now: Timestamp) -> Add {
    Add {
        path: file.path.clone(),
        partition_values: partition_values(&file.partition),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        modification_time: now.as_millis(),
        data_change,
        stats: Some(file.statistics.to_json()),
        tags: file.hash.as_ref().map(|hash| HashMap::from([(HASH_TAG.to_owned(), Some(hash.clone()))])),
        ..Add::default()
    }
}

fn remove(file: &FileEntry, data_change: bool, now: Timestamp) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(now.as_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values(&file.partition)),
        size: Some(i64::try_from(file.size).unwrap_or(i64::MAX)),
        ..Remove::default()
    }
}
