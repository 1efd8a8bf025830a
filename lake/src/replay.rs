//! Reading kept records back, untouched, to try a new rule on what was.
//!
//! Unlike a hunt it has no end at so many rows; it is bounded by what it holds in memory at a time. The caller authorises
//! it and writes it down, as it shows everything.

use std::ops::Range;
use std::sync::Arc;

use deltalake::arrow::array::{Array, AsArray, RecordBatch};
use deltalake::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use model::{EventId, OpContext, SourceId, Timestamp, limits};
use tokio::sync::mpsc;

use crate::error::LakeError;
use crate::files::FileEntry;
use crate::lake::Lake;
use crate::upkeep::read;

/// A record as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRecord {
    /// The event's id.
    pub id: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// When it reached us.
    pub received: Timestamp,
    /// Which source brought it.
    pub source: SourceId,
    /// The untouched record.
    pub raw: Vec<u8>,
    /// Where it stood in the journal.
    pub journal_offset: u64,
}

/// Kept records, batch by batch.
pub struct Replay {
    batches: mpsc::Receiver<Result<Vec<KeptRecord>, LakeError>>,
}

impl Replay {
    /// The next records; `None` after the last ones. Cancel-safe.
    ///
    /// # Errors
    /// When a file cannot be read; nothing comes after it.
    pub async fn next(&mut self) -> Result<Option<Vec<KeptRecord>>, LakeError> {
        self.batches.recv().await.transpose()
    }
}

impl Lake {
    /// Every record of the context's agency with an event in `span`, as committed now. Days come in order; inside of a day,
    /// records come file by file, each by class and time.
    ///
    /// # Errors
    /// When the log cannot be read; what goes wrong later comes out of the stream.
    pub async fn replay(&self, context: &OpContext, span: Range<Timestamp>) -> Result<Replay, LakeError> {
        self.refresh().await?;
        let held = Arc::clone(&self.shared.readers).read_owned().await;
        let mut files: Vec<_> =
            self.shared.files().of(&context.agency).filter(|file| touches(file, &span)).cloned().collect();
        files.sort_by_key(|file| file.partition.day);
        let (sender, batches) = mpsc::channel(limits::HUNT_BATCHES_AHEAD_MAX);
        let folder = self.shared.folder.clone();
        tokio::task::spawn_blocking(move || {
            let _held = held;
            for file in files {
                let sent = send_file(&folder.join(&file.path), &span, &sender);
                match sent {
                    Ok(true) => {}
                    // Nobody reads any more.
                    Ok(false) => return,
                    Err(error) => {
                        let _ = sender.blocking_send(Err(error));
                        return;
                    }
                }
            }
        });
        Ok(Replay { batches })
    }
}

fn touches(file: &FileEntry, span: &Range<Timestamp>) -> bool {
    let bounds = file.statistics.bounds.get("time");
    bounds.is_none_or(|(first, last)| *first < span.end.as_micros() && *last >= span.start.as_micros())
}

const COLUMNS: &[&str] = &["id", "time", "received", "raw", "raw_bytes", "source", "journal_offset"];

fn send_file(
    path: &std::path::Path,
    span: &Range<Timestamp>,
    sender: &mpsc::Sender<Result<Vec<KeptRecord>, LakeError>>,
) -> Result<bool, LakeError> {
    for rows in read(path, Some(COLUMNS))? {
        let mut records = records(&rows?).unwrap_or_default();
        records.retain(|record| span.contains(&record.time));
        if !records.is_empty() && sender.blocking_send(Ok(records)).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The rows of a batch; `None` when a column is missing or of another type, which the schema rules out.
fn records(rows: &RecordBatch) -> Option<Vec<KeptRecord>> {
    let text = |name: &str| rows.column_by_name(name)?.as_string_view_opt();
    let time = |name: &str| rows.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>();
    let (id, source, raw) = (text("id")?, text("source")?, text("raw")?);
    let (happened, received) = (time("time")?, time("received")?);
    let bytes = rows.column_by_name("raw_bytes")?.as_binary_view_opt()?;
    let offset = rows.column_by_name("journal_offset")?.as_primitive_opt::<Int64Type>()?;
    let record = |row: usize| {
        let raw = if bytes.is_valid(row) { bytes.value(row) } else { raw.value(row).as_bytes() };
        Some(KeptRecord {
            id: EventId::parse(id.value(row))?,
            time: Timestamp::from_micros(happened.value(row)),
            received: Timestamp::from_micros(received.value(row)),
            source: SourceId::parse(source.value(row)).ok()?,
            raw: raw.to_vec(),
            journal_offset: u64::try_from(offset.value(row)).ok()?,
        })
    };
    (0..rows.num_rows()).map(record).collect()
}
