//! Keeping the lake small and lawful: merging small files, retention, legal holds, erasure, deleting what is replaced.
//!
//! All of it is one operation on files: read some, leave out some rows, write the rest in order, and replace the old by
//! the new in one commit. Appending goes on meanwhile; only the short commit itself takes its turn with it.

mod check;
mod erase;
mod merge;
mod retention;
mod rewrite;
mod search;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::{Timestamp, limits};

use crate::error::LakeError;
use crate::files::{FileEntry, Partition};
use crate::lake::{Lake, Shared};
use crate::log::{Change, ChangeKind};

pub(crate) use rewrite::read;

pub use check::CheckedFile;
pub use erase::ErasureReport;
pub use retention::{LegalHold, Retention, RetentionRule};
pub use search::{ErasureTerm, Matcher, PersonalHit, SearchReport};

/// What upkeep remembers between its rounds, so that it need not read files again in which nothing can have changed.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    rules: Option<(Retention, Vec<LegalHold>)>,
    /// When the next row of a file expires at the earliest.
    due: BTreeMap<String, Timestamp>,
}

/// What one round of upkeep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceReport {
    /// Small files that were merged.
    pub files_merged: usize,
    /// Files that were written instead.
    pub files_written: usize,
    /// Rows whose retention was over.
    pub rows_expired: u64,
    /// Rows whose retention is over and that a legal hold keeps, by the hold's id.
    pub rows_held: BTreeMap<String, u64>,
    /// Replaced and orphaned files that were deleted.
    pub files_deleted: usize,
    /// Entries of the log that a checkpoint replaced.
    pub log_entries_deleted: usize,
}

/// Merges of one round, so that a round ends in reasonable time.
const MERGES_A_ROUND: usize = 16;

impl Lake {
    /// One round of upkeep: retention under `policy` and `holds`, merging of small files, deletion of what is replaced.
    ///
    /// To be called every minute or so, by one task.
    ///
    /// # Errors
    /// When a file or the log cannot be read or written; what was done until then stays done, and the next round goes on.
    pub async fn maintain(
        &self,
        now: Timestamp,
        policy: &Retention,
        holds: &[LegalHold],
    ) -> Result<MaintenanceReport, LakeError> {
        self.must_write()?;
        let mut memory = self.upkeep.lock().await;
        let mut report = MaintenanceReport::default();
        self.expire(&mut memory, now, (policy, holds), &mut report).await?;
        for _ in 0..MERGES_A_ROUND {
            let files = self.shared.files();
            let Some((partition, inputs)) = merge::next_merge(files.iter(), now.day()) else { break };
            let written = self.replace(partition, inputs.clone(), ChangeKind::Merge, None).await?;
            report.files_merged += inputs.len();
            report.files_written += written.files;
        }
        report.files_deleted = self.delete_replaced(now).await?;
        let mut writer = self.writer.lock().await;
        if writer.log.is_checkpoint_due() {
            report.log_entries_deleted =
                writer.log.checkpoint(now.minus(std::time::Duration::from_secs(3_600))).await?;
        }
        Ok(report)
    }

    /// Replaces `inputs` by the same rows in order, without those that `drop_rows` names, in one commit.
    async fn replace(
        &self,
        partition: Partition,
        inputs: Vec<Arc<FileEntry>>,
        kind: ChangeKind,
        drop_rows: Option<rewrite::DropRows>,
    ) -> Result<Replaced, LakeError> {
        let shared = Arc::clone(&self.shared);
        let sources = inputs.clone();
        let rewritten =
            tokio::task::spawn_blocking(move || rewrite::rewrite(&shared, &partition, &sources, drop_rows.as_deref()))
                .await??;
        let replaced = Replaced { files: rewritten.files.len(), rows_dropped: rewritten.rows_dropped };
        let change = Change { added: rewritten.files, removed: inputs, offsets: BTreeMap::new(), kind };
        let mut writer = self.writer.lock().await;
        self.settle(&mut writer).await?;
        self.commit(&mut writer, change).await?;
        Ok(replaced)
    }

    /// Deletes files that were replaced long enough ago for every hunt on them to have ended, and old orphans.
    async fn delete_replaced(&self, now: Timestamp) -> Result<usize, LakeError> {
        let replaced = self.writer.lock().await.log.replaced().await?;
        let kept = std::time::Duration::from_secs(limits::LAKE_REPLACED_SECONDS);
        let is_over = |at: &i64| Timestamp::from_millis(*at).plus(kept) <= now;
        delete_files(&self.shared, |path| replaced.get(path).is_none_or(is_over))
    }
}

struct Replaced {
    files: usize,
    rows_dropped: u64,
}

/// Deletes the table's files that are neither in the table nor being written and that `is_wanted_gone` names.
pub(crate) fn delete_files(shared: &Shared, is_wanted_gone: impl Fn(&str) -> bool) -> Result<usize, LakeError> {
    // The order matters: a file lands in the table before it stops flying, so the files are asked last.
    let mut found = Vec::new();
    list(&shared.folder, &shared.folder, &mut found)?;
    found.retain(|path| path.ends_with(".parquet") && !path.starts_with("_delta_log/") && !shared.is_flying(path));
    let files = shared.files();
    let mut deleted = 0;
    for path in found {
        if !files.contains(&path) && is_wanted_gone(&path) {
            let full_path = shared.folder.join(&path);
            std::fs::remove_file(&full_path).map_err(LakeError::io("delete", &full_path))?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Every file below `folder`, as paths relative to `root` with `/` between the parts.
fn list(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<(), LakeError> {
    let entries = std::fs::read_dir(folder).map_err(LakeError::io("list", folder))?;
    for entry in entries {
        let path = entry.map_err(LakeError::io("list", folder))?.path();
        if path.is_dir() {
            list(root, &path, found)?;
        } else if let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            found.push(relative.replace(std::path::MAIN_SEPARATOR, "/"));
        }
    }
    Ok(())
}
