//! Looking through the whole lake for damage: every page of every file that the log names is decoded, rows are counted, and
//! the bytes are held against the hash that the log has of them, because a flipped bit may decode all the same.

use std::path::Path;
use std::sync::Arc;

use crate::error::LakeError;
use crate::files::{FileEntry, hash_of};
use crate::lake::Lake;

use super::read;

/// What was found in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedFile {
    /// Its path below the table's folder.
    pub path: String,
    /// Rows that can be read.
    pub rows: u64,
    /// What is wrong with it.
    pub problem: Option<String>,
}

impl Lake {
    /// Looks through every file of the table, of all agencies, and changes nothing.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn check(&self) -> Result<Vec<CheckedFile>, LakeError> {
        self.refresh().await?;
        let held = Arc::clone(&self.shared.readers).read_owned().await;
        let (files, folder) = (self.shared.files(), self.shared.folder.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let _held = held;
            files.iter().map(|file| check(&folder, file)).collect()
        });
        Ok(checked.await?)
    }
}

fn check(folder: &Path, file: &FileEntry) -> CheckedFile {
    let mut checked = CheckedFile { path: file.path.clone(), rows: 0, problem: None };
    let count = |rows: &mut u64| -> Result<(), LakeError> {
        for batch in read(&folder.join(&file.path), None)? {
            *rows += batch?.num_rows() as u64;
        }
        Ok(())
    };
    if let Err(error) = count(&mut checked.rows) {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        checked.problem = Some(format!("{error}{cause}"));
    } else if let Some(problem) = changed(&folder.join(&file.path), file) {
        checked.problem = Some(problem);
    } else if checked.rows != file.statistics.rows {
        checked.problem = Some(format!("has {} rows, the log says {}", checked.rows, file.statistics.rows));
    }
    checked
}

/// What is wrong with the bytes of a file that can be decoded.
fn changed(path: &Path, file: &FileEntry) -> Option<String> {
    let expected = file.hash.as_deref()?;
    match hash_of(path) {
        Ok(found) if found == expected => None,
        Ok(_) => Some("its bytes are not those that were written".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}
