//! Reading sorted files and writing their rows again, in order, without some.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use deltalake::arrow::array::{AsArray, BooleanArray, RecordBatch};
use deltalake::arrow::compute::{filter_record_batch, interleave_record_batch, not};
use deltalake::arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use deltalake::parquet::errors::ParquetError;

use crate::error::LakeError;
use crate::files::{FileEntry, Partition, PartitionWriter};
use crate::lake::Shared;
use crate::schema::view_schema;

/// Rows that are read at a time. Text comes as views into whole pages, so wide rows cost no more.
const READ_ROWS: usize = 1_024;
/// Rows that are written at a time.
const WRITE_ROWS: usize = 8_192;

/// Says which rows of a batch are left out.
pub(super) type DropRows = Arc<dyn Fn(&RecordBatch) -> BooleanArray + Send + Sync>;

/// What a rewriting did.
pub(super) struct Rewritten {
    pub(super) files: Vec<FileEntry>,
    pub(super) rows_dropped: u64,
}

/// Writes the rows of `inputs`, which are all of `partition`, again.
pub(super) fn rewrite(
    shared: &Shared,
    partition: &Partition,
    inputs: &[Arc<FileEntry>],
    drop_rows: Option<&(dyn Fn(&RecordBatch) -> BooleanArray + Send + Sync)>,
) -> Result<Rewritten, LakeError> {
    shared.write_files(|name| {
        let mut writer = PartitionWriter::new(&shared.folder, partition.clone(), name);
        let mut rows_dropped = 0;
        merge(&shared.folder, inputs, &mut |rows| {
            let Some(drop_rows) = drop_rows else { return writer.write(&rows) };
            let kept = filter_record_batch(&rows, &not(&drop_rows(&rows))?)?;
            rows_dropped += (rows.num_rows() - kept.num_rows()) as u64;
            writer.write(&kept)
        })?;
        Ok(Rewritten { files: writer.finish()?, rows_dropped })
    })
}

/// Opens a file of the lake for reading, all columns or the named ones.
pub(crate) fn read(path: &Path, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let open = |file: File| -> Result<ParquetRecordBatchReader, ParquetError> {
        let options = ArrowReaderOptions::new().with_schema(view_schema());
        let metadata = ArrowReaderMetadata::load(&file, options)?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_batch_size(READ_ROWS);
        if let Some(columns) = columns {
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
        }
        builder.build()
    };
    open(file).map_err(LakeError::parquet("open", path))
}

/// One file of a merge, at the row that comes next.
struct Cursor {
    reader: ParquetRecordBatchReader,
    rows: RecordBatch,
    row: usize,
    /// Where `rows` stands among the batches that the next chunk is taken from.
    slot: usize,
}

impl Cursor {
    fn open(path: &Path) -> Result<Option<Self>, LakeError> {
        let mut reader = read(path, None)?;
        let first = reader.next().transpose()?;
        Ok(first.map(|rows| Cursor { reader, rows, row: 0, slot: 0 }))
    }

    /// Class and time of the row.
    fn key(&self) -> (i32, i64) {
        let class = self.rows.column_by_name("class_uid").and_then(|column| column.as_primitive_opt::<Int32Type>());
        let time =
            self.rows.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        // Both columns are in the schema that the file was opened with.
        (class.map_or(0, |column| column.value(self.row)), time.map_or(0, |column| column.value(self.row)))
    }
}

/// Gives the rows of all files in order of class and time.
fn merge(
    folder: &Path,
    inputs: &[Arc<FileEntry>],
    give: &mut dyn FnMut(RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let mut cursors = Vec::new();
    for input in inputs {
        cursors.extend(Cursor::open(&folder.join(&input.path))?);
    }
    if let [only] = cursors.as_mut_slice() {
        give(only.rows.clone())?;
        return only.reader.by_ref().try_for_each(|rows| give(rows?));
    }
    let mut next: BinaryHeap<_> = cursors.iter().enumerate().map(|(at, cursor)| Reverse((cursor.key(), at))).collect();
    let mut pool = pool_of(&mut cursors);
    let mut taken = Vec::with_capacity(WRITE_ROWS);
    while let Some(Reverse((_, at))) = next.pop() {
        let cursor = &mut cursors[at];
        taken.push((cursor.slot, cursor.row));
        cursor.row += 1;
        if cursor.row == cursor.rows.num_rows() {
            if let Some(rows) = cursor.reader.next().transpose()? {
                (cursor.rows, cursor.row, cursor.slot) = (rows, 0, pool.len());
                pool.push(cursor.rows.clone());
                next.push(Reverse((cursor.key(), at)));
            }
        } else {
            next.push(Reverse((cursor.key(), at)));
        }
        if taken.len() == WRITE_ROWS || next.is_empty() {
            let batches: Vec<_> = pool.iter().collect();
            give(interleave_record_batch(&batches, &taken)?)?;
            taken.clear();
            pool = pool_of(&mut cursors);
        }
    }
    Ok(())
}

/// The batches at which cursors stand; what was read to its end is let go.
fn pool_of(cursors: &mut [Cursor]) -> Vec<RecordBatch> {
    let assign = |(slot, cursor): (usize, &mut Cursor)| {
        cursor.slot = slot;
        cursor.rows.clone()
    };
    cursors.iter_mut().enumerate().map(assign).collect()
}
