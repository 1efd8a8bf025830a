//! What can go wrong with the lake's own files. Errors of a hunt are in [`crate::hunt`].

use std::path::PathBuf;

use deltalake::DeltaTableError;
use deltalake::arrow::error::ArrowError;
use deltalake::parquet::errors::ParquetError;

/// Why an operation on the lake failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// Another process has the lake open for writing.
    #[error("the lake in {} is open for writing elsewhere; hint: one `watchbell serve` for one data folder", .0.display())]
    Locked(PathBuf),
    /// The lake was opened for reading.
    #[error("the lake is open for reading only")]
    ReadOnly,
    /// There is no lake yet.
    #[error("there is no lake in {}; hint: nothing has been kept yet, or the data folder is another one", .0.display())]
    Missing(PathBuf),
    /// The folder's name cannot be written as a URL.
    #[error("the lake's folder {} must be a path in UTF-8 without a `%`", .0.display())]
    BadFolder(PathBuf),
    /// The table in the folder is not the one that this version writes.
    #[error("the table in {} has other columns or features than this version writes: {what}", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        what: String,
    },
    /// Reading or writing a file failed.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A Parquet file could not be read or written.
    #[error("cannot {doing} the lake file {}", path.display())]
    Parquet {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What Parquet says.
        #[source]
        source: ParquetError,
    },
    /// Columns could not be made or rearranged.
    #[error("cannot arrange the columns of a batch")]
    Columns(#[from] ArrowError),
    /// The table's log could not be read or written.
    #[error("cannot {doing} the lake's log")]
    Log {
        /// What was tried.
        doing: &'static str,
        /// What Delta Lake says.
        #[source]
        source: DeltaTableError,
    },
    /// A task of ours was cancelled or panicked.
    #[error("a task of the lake did not finish")]
    Task(#[from] tokio::task::JoinError),
    /// A task of ours panicked while it changed the rows in memory; they are still in the journal.
    #[error("the rows that wait for the lake are broken; hint: open the lake again, the journal has them")]
    Broken,
    /// The terms of an erasure are too many, too few or too short.
    #[error("an erasure takes 1 to {max} terms of at least {min} bytes; got {got}")]
    Terms {
        /// Most terms.
        max: usize,
        /// Fewest bytes of a term.
        min: usize,
        /// What was given.
        got: String,
    },
}

impl LakeError {
    pub(crate) fn log(doing: &'static str) -> impl FnOnce(DeltaTableError) -> LakeError {
        move |source| LakeError::Log { doing, source }
    }

    pub(crate) fn io(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> LakeError {
        move |source| LakeError::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn parquet(doing: &'static str, path: &std::path::Path) -> impl FnOnce(ParquetError) -> LakeError {
        move |source| LakeError::Parquet { doing, path: path.to_owned(), source }
    }
}
