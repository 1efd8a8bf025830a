//! The lake's Parquet files: how they are written, and what the log says about each.
//!
//! Apache Parquet 2.x files without anything that only one reader understands: no embedded Arrow schema, page headers
//! version 1, zstd. Rows of a file are of one agency and one day, sorted by class, then time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use deltalake::arrow::datatypes::DataType;
use deltalake::parquet::arrow::arrow_writer::ArrowWriterOptions;
use deltalake::parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use deltalake::parquet::basic::{Compression, Encoding, ZstdLevel};
use deltalake::parquet::file::metadata::SortingColumn;
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;
use model::{AgencyId, limits};

use crate::error::LakeError;
use crate::record::day_text;
use crate::schema::{WIDE_COLUMNS, file_schema};
use crate::statistics::Statistics;

/// 100,000 real Windows records (281 MB) take 0.21 s and 6.6 MB at level 1, 0.25 s and 6.0 MB at level 3, 0.54 s and 5.3 MB
/// at level 5, and are read equally fast; the bench's own events are as small at level 1 as at level 5.
const ZSTD_LEVEL: i32 = 3;

/// The partition that a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Partition {
    pub(crate) agency: AgencyId,
    pub(crate) day: i32,
}

impl Partition {
    /// Its folder below the table's, as Hive writes it.
    pub(crate) fn folder(&self) -> String {
        format!("agency={}/day={}", self.agency, day_text(self.day))
    }
}

/// A file that is in the table, or is about to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileEntry {
    /// Path below the table's folder.
    pub(crate) path: String,
    pub(crate) partition: Partition,
    pub(crate) size: u64,
    /// BLAKE3 over the file as it was written, in hexadecimal digits: Parquet's own checksums are optional, and nobody writes them.
    pub(crate) hash: Option<String>,
    pub(crate) statistics: Statistics,
}

/// Writes sorted rows of one partition into as many files as their size asks for.
pub(crate) struct PartitionWriter<'a> {
    table: &'a Path,
    partition: Partition,
    open: Option<OpenFile>,
    done: Vec<FileEntry>,
    name: &'a dyn Fn(&Partition) -> String,
    filled: Option<Filled>,
}

struct OpenFile {
    path: String,
    full_path: PathBuf,
    writer: ArrowWriter<File>,
    statistics: Statistics,
}

impl<'a> PartitionWriter<'a> {
    /// A writer below the folder `table`; `name` gives a path that was never used.
    pub(crate) fn new(table: &'a Path, partition: Partition, name: &'a (dyn Fn(&Partition) -> String + Sync)) -> Self {
        PartitionWriter { table, partition, open: None, done: Vec::new(), name, filled: None }
    }

    /// Says which columns have values at all.
    pub(crate) fn with_filled(self, filled: Filled) -> Self {
        PartitionWriter { filled: Some(filled), ..self }
    }
    /// Appends rows, which must not sort before what was appended already.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if self.open.is_none() {
            self.open = Some(self.create(rows)?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.writer.write(rows).map_err(LakeError::parquet("write", &open.full_path))?;
        open.statistics.add(rows);
        let bytes = open.writer.bytes_written() + open.writer.in_progress_size();
        if bytes as u64 >= limits::LAKE_FILE_BYTES {
            self.close()?;
        }
        Ok(())
    }

    fn create(&self, rows: &RecordBatch) -> Result<OpenFile, LakeError> {
        let path = (self.name)(&self.partition);
        let full_path = self.table.join(&path);
        if let Some(folder) = full_path.parent().filter(|folder| !folder.is_dir()) {
            std::fs::create_dir_all(folder).map_err(LakeError::io("create the folder", folder))?;
            let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(self.table));
            above.into_iter().try_for_each(sync_folder)?;
        }
        let file = File::create_new(&full_path).map_err(LakeError::io("create", &full_path))?;
        let options =
            ArrowWriterOptions::new().with_properties(properties(self.filled.as_ref())).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, rows.schema(), options)
            .map_err(LakeError::parquet("begin", &full_path))?;
        Ok(OpenFile { path, full_path, writer, statistics: Statistics::default() })
    }

    fn close(&mut self) -> Result<(), LakeError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.writer.finish().map_err(LakeError::parquet("finish", &open.full_path))?;
        let file = open.writer.inner();
        // The journal is cut behind what the lake has, so the lake must be as durable as the journal was.
        file.sync_all().map_err(LakeError::io("flush", &open.full_path))?;
        let size = file.metadata().map_err(LakeError::io("measure", &open.full_path))?.len();
        let hash = Some(hash_of(&open.full_path).map_err(LakeError::io("read back", &open.full_path))?);
        if let Some(folder) = open.full_path.parent() {
            sync_folder(folder)?;
        }
        let partition = self.partition.clone();
        self.done.push(FileEntry { path: open.path, partition, size, hash, statistics: open.statistics });
        Ok(())
    }

    /// Closes what is open and says what was written.
    pub(crate) fn finish(mut self) -> Result<Vec<FileEntry>, LakeError> {
        self.close()?;
        Ok(self.done)
    }
}

/// BLAKE3 over a whole file, in hexadecimal digits.
pub(crate) fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Makes a folder's entries durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LakeError::io("flush the folder", folder))
}

/// Numbers with least and greatest value in the footer, besides the columns that rows are sorted by.
const BOUNDED_COLUMNS: &[&str] =
    &["received", "category_uid", "activity_id", "type_uid", "severity_id", "status_id", "journal_offset"];

/// Attributes that hunts ask for most. How many rows lack them stands in the footer: hunts skip row groups that all do.
const COUNTED_COLUMNS: &[&[&str]] = &[
    &["src_endpoint", "ip"],
    &["src_endpoint", "port"],
    &["src_endpoint", "hostname"],
    &["dst_endpoint", "ip"],
    &["dst_endpoint", "port"],
    &["dst_endpoint", "hostname"],
    &["device", "hostname"],
    &["device", "ip"],
    &["user", "name"],
    &["actor", "user", "name"],
    &["actor", "process", "name"],
    &["process", "name"],
    &["file", "name"],
    &["query", "hostname"],
    &["http_request", "http_method"],
];

/// Letters of a least or greatest text that may stand in a footer.
const BOUND_LETTERS_MAX: usize = 1;

/// How columns are stored.
///
/// No least and greatest value of any text, but for one letter that comes with counting: footers are copied into caches and by
/// other engines, and would name people.
/// It costs nothing, as texts are not what rows are sorted by: nearly every row group spans nearly all of them. No Bloom
/// filters, for a similar reason: machines and addresses recur in nearly every row group, and DataFusion asks neither about
/// attributes inside of objects. The page index covers what rows are sorted by: it narrows a time range to a few pages.
fn properties(filled: Option<&Filled>) -> WriterProperties {
    let schema = file_schema();
    let position = |name: &str| schema.index_of(name).ok().and_then(|at| i32::try_from(leaf_index(at)).ok());
    let sorted = ["class_uid", "time"].into_iter().filter_map(position);
    let sorting: Vec<_> =
        sorted.map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true }).collect();
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(limits::LAKE_ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(limits::LAKE_ROW_GROUP_BYTES))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_statistics_truncate_length(Some(BOUND_LETTERS_MAX))
        .set_sorting_columns(Some(sorting))
        .set_created_by("watchbell".to_owned());
    for name in BOUNDED_COLUMNS {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(*name), EnabledStatistics::Chunk);
    }
    for path in COUNTED_COLUMNS {
        let path = path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        properties = properties.set_column_statistics_enabled(ColumnPath::from(path), EnabledStatistics::Chunk);
    }
    for name in ["class_uid", "time"] {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    for name in WIDE_COLUMNS.iter().chain(&["id"]) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*name), false);
    }
    for name in ["time", "received", "journal_offset"] {
        let column = ColumnPath::from(name);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    for column in filled.into_iter().flat_map(Filled::empty) {
        properties = properties
            .set_column_compression(column.clone(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(column.clone(), false);
    }
    properties.build()
}

/// Which columns have a value in some row, leaf by leaf, in Parquet's order.
///
/// Nine of ten have none. To prepare compression and a dictionary for those takes longer than to write a small file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled(Vec<bool>);

impl Filled {
    /// Takes the columns of more rows into account.
    pub(crate) fn add(&mut self, rows: &RecordBatch) {
        let mut leaf = 0;
        rows.columns().iter().for_each(|column| self.mark(column, true, &mut leaf));
    }

    fn mark(&mut self, column: &ArrayRef, is_above: bool, leaf: &mut usize) {
        let is_filled = is_above && column.null_count() < column.len();
        match column.data_type() {
            DataType::Struct(_) => {
                column.as_struct().columns().iter().for_each(|part| self.mark(part, is_filled, leaf));
            }
            DataType::List(_) => self.mark(column.as_list::<i32>().values(), is_filled, leaf),
            _ => {
                self.0.resize(self.0.len().max(*leaf + 1), false);
                self.0[*leaf] |= is_filled;
                *leaf += 1;
            }
        }
    }

    /// The columns without any value, as Parquet names them.
    fn empty(&self) -> impl Iterator<Item = &'static ColumnPath> {
        static LEAVES: LazyLock<Vec<ColumnPath>> = LazyLock::new(|| {
            let schema = ArrowSchemaConverter::new().convert(&file_schema());
            schema.map(|schema| schema.columns().iter().map(|leaf| leaf.path().clone()).collect()).unwrap_or_default()
        });
        LEAVES.iter().zip(&self.0).filter(|(_, is_filled)| !**is_filled).map(|(path, _)| path)
    }
}

/// Parquet counts leaves; the columns that rows are sorted by stand before the first struct, so the counts agree.
fn leaf_index(field: usize) -> usize {
    debug_assert!(file_schema().fields().iter().take(field + 1).all(|field| !field.data_type().is_nested()));
    field
}

/// A set of files, as hunts see it: never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileSet {
    files: std::collections::BTreeMap<String, Arc<FileEntry>>,
}

impl FileSet {
    pub(crate) fn insert(&mut self, file: FileEntry) {
        self.files.insert(file.path.clone(), Arc::new(file));
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<FileEntry>> {
        self.files.values()
    }

    /// The files of one agency, by day.
    pub(crate) fn of<'a>(&'a self, agency: &'a AgencyId) -> impl Iterator<Item = &'a Arc<FileEntry>> {
        self.files.values().filter(move |file| file.partition.agency == *agency)
    }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::{StringArray, new_null_array};
    use deltalake::arrow::datatypes::{Fields, Schema, SchemaRef};

    use super::*;

    #[test]
    fn what_has_values_is_told_leaf_by_leaf() {
        let schema = file_schema();
        let blank = |schema: &SchemaRef| {
            let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), 2)).collect();
            RecordBatch::try_new(Arc::clone(schema), columns)
        };
        // The schema lets no null into some columns; here all are blank but one.
        let nullable: Fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let rows = blank(&Arc::new(Schema::new(nullable))).unwrap();
        let at = schema.index_of("raw").unwrap();
        let mut columns = rows.columns().to_vec();
        columns[at] = Arc::new(StringArray::from(vec![None, Some("x")]));
        let mut filled = Filled::default();
        filled.add(&rows);
        filled.add(&RecordBatch::try_new(rows.schema(), columns).unwrap());
        let empty: Vec<_> = filled.empty().map(|path| path.string()).collect();
        assert!(!empty.contains(&"raw".to_owned()));
        for path in ["raw_bytes", "file.hashes.list.element.value", "actor.process.file.name", "journal_offset"] {
            assert!(empty.contains(&path.to_owned()), "{path} in {empty:?}");
        }
        assert_eq!(empty.len() + 1, filled.0.len());
    }
}
