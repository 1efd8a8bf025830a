//! Erasing one person's data for good.
//!
//! GDPR Art. 17. A row that names the person is deleted whole: the untouched record would name her again, and a record
//! with holes is no record. Files are rewritten, the old ones deleted at once instead of after their hour, and the log is
//! cut to its checkpoint. The proof is a search that trusts nothing of this, run before (the control: it must find her)
//! and after. Journal, findings and backups are erased by those who keep them.

use std::collections::BTreeMap;
use std::sync::Arc;

use deltalake::arrow::array::{BooleanArray, RecordBatch};
use model::{OpContext, Timestamp};

use super::retention::keys;
use super::search::Matcher;
use super::{ErasureTerm, LegalHold, SearchReport, delete_files, rewrite};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::log::ChangeKind;

/// Later than any file: the whole log up to the checkpoint goes. 9999-12-30, the last day that the log's code can write.
const FOREVER: Timestamp = Timestamp::from_millis(253_402_214_400_000);

/// What an erasure did, with its proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasureReport {
    /// The control search: where the person was.
    pub before: SearchReport,
    /// Rows that were deleted.
    pub rows_erased: u64,
    /// Rows that name the person and that a legal hold keeps, by the hold's id.
    pub rows_held: BTreeMap<String, u64>,
    /// Files that were rewritten.
    pub files_rewritten: usize,
    /// Files that were deleted for good.
    pub files_deleted: usize,
    /// Entries of the log that were deleted.
    pub log_entries_deleted: usize,
    /// The same search afterwards: what legal holds keep, and nothing else.
    pub after: SearchReport,
}

impl ErasureReport {
    /// Whether nothing of the person is left but what a legal hold keeps.
    pub fn is_complete(&self) -> bool {
        self.after.hits_free() == 0
    }
}

impl Lake {
    /// Deletes every row of the context's agency that names the person, and proves it.
    ///
    /// Covers what was appended before the call. Hunts that are running end first; new ones wait meanwhile.
    ///
    /// # Errors
    /// When the terms are out of bounds or a file cannot be read, written or deleted; run again, it goes on.
    pub async fn erase(
        &self,
        context: &OpContext,
        terms: &[ErasureTerm],
        holds: &[LegalHold],
    ) -> Result<ErasureReport, LakeError> {
        self.must_write()?;
        let matcher = Arc::new(Matcher::new(terms)?);
        self.flush().await?;
        let mut memory = self.upkeep.lock().await;
        let agency = &context.agency;
        let mut report =
            ErasureReport { before: self.search_personal(agency, terms, holds).await?, ..ErasureReport::default() };
        let affected: std::collections::BTreeSet<_> = report.before.hits.iter().map(|hit| hit.file.clone()).collect();
        let is_cut = report.before.hits_total > report.before.hits.len() as u64;
        let files = self.shared.files();
        let holds: Arc<Vec<_>> = Arc::new(holds.iter().filter(|hold| hold.agency == *agency).cloned().collect());
        for file in files.of(agency).filter(|file| is_cut || affected.contains(&file.path)) {
            let (matcher, holds) = (Arc::clone(&matcher), Arc::clone(&holds));
            let drop_rows: rewrite::DropRows = Arc::new(move |rows| erased(rows, &matcher, &holds));
            let inputs = vec![Arc::clone(file)];
            let replaced = self.replace(file.partition.clone(), inputs, ChangeKind::Delete, Some(drop_rows)).await?;
            report.rows_erased += replaced.rows_dropped;
            report.files_rewritten += 1;
        }
        memory.due.clear();
        {
            let _alone = self.shared.readers.write().await;
            report.files_deleted = delete_files(&self.shared, |_| true)?;
            self.hunts.forget();
        }
        report.log_entries_deleted = self.writer.lock().await.log.checkpoint(FOREVER).await?;
        report.after = self.search_personal(agency, terms, &holds).await?;
        report.rows_held = report.after.hits_held.clone();
        Ok(report)
    }
}

fn erased(rows: &RecordBatch, matcher: &Matcher, holds: &[LegalHold]) -> BooleanArray {
    let found = matcher.rows(rows);
    let is_held: Vec<bool> = match keys(rows) {
        // The holds given are the agency's own, and so is the file.
        Some(keys) => keys
            .map(|(class, time)| holds.iter().any(|hold| hold.keeps(&hold.agency, class, Timestamp::from_micros(time))))
            .collect(),
        None => vec![false; rows.num_rows()],
    };
    found.iter().zip(is_held).map(|(found, is_held)| Some(found.is_some() && !is_held)).collect()
}
