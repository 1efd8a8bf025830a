//! The lake as the watch's shelf. Opened when it is first needed and again while it cannot be: detection starts without.

use std::path::PathBuf;
use std::sync::Arc;

use engine::ingest::{Shelf, ShelfError, ShelfRow};
use lake::{Lake, LakeError, LakeOptions, LakeRecord};
use model::doors::BoxFuture;
use tokio::sync::OnceCell;

/// A lake in a folder.
pub(crate) struct LakeShelf {
    folder: PathBuf,
    options: LakeOptions,
    lake: OnceCell<Arc<Lake>>,
}

impl LakeShelf {
    /// The lake in this folder; it is made when there is none.
    pub(crate) fn new(folder: PathBuf, options: LakeOptions) -> Self {
        LakeShelf { folder, options, lake: OnceCell::new() }
    }

    /// The lake, opened if it is not yet.
    pub(crate) async fn lake(&self) -> Result<&Arc<Lake>, ShelfError> {
        let open = async || Lake::open(&self.folder, self.options.clone()).await.map(Arc::new);
        self.lake.get_or_try_init(open).await.map_err(refused)
    }

    /// The lake, if it is open.
    pub(super) fn opened(&self) -> Option<&Arc<Lake>> {
        self.lake.get()
    }
}

/// An error with its causes, in one line.
pub(super) fn refused(error: LakeError) -> ShelfError {
    ShelfError { reason: format!("{:#}", anyhow::Error::from(error)) }
}

impl Shelf for LakeShelf {
    fn committed<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Option<u64>, ShelfError>> {
        Box::pin(async move { self.lake().await?.committed_offset(consumer).await.map_err(refused) })
    }

    fn append<'a>(
        &'a self,
        consumer: &'a str,
        rows: Vec<ShelfRow>,
        upto: u64,
    ) -> BoxFuture<'a, Result<(), ShelfError>> {
        Box::pin(async move {
            let records = rows.into_iter().map(record).collect();
            self.lake().await?.append(consumer, records, upto).await.map(|_| ()).map_err(refused)
        })
    }

    fn flush_if_due(&self) -> BoxFuture<'_, Result<(), ShelfError>> {
        Box::pin(async move { self.lake().await?.flush_if_due().await.map(|_| ()).map_err(refused) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), ShelfError>> {
        Box::pin(async move { self.lake().await?.flush().await.map(|_| ()).map_err(refused) })
    }
}

fn record(row: ShelfRow) -> LakeRecord {
    let ShelfRow { event, raw, source, received, number } = row;
    LakeRecord { event, raw, source, received, journal_offset: number }
}
