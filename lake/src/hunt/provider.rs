//! The table of one agency: its files and no others.
//!
//! Our own provider instead of Delta's: it is made from the files of one agency, so that another's are out of reach by
//! construction; it gives the engine the log's row counts and bounds, so that files are skipped unopened; and it chooses
//! for each query whether filters are evaluated while decoding.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::scalar::ScalarValue;
use deltalake::arrow::datatypes::{DataType, SchemaRef};

use super::pushdown::Pushdown;
use super::skip;
use crate::files::FileEntry;
use crate::schema::{WIDE_COLUMNS, partition_fields, view_schema};

/// Rows that are decoded at a time when a wide column is among them. A batch of records should still be in the processor's
/// cache when it is searched: `raw LIKE` over 1.8 million real records (3.2 GB) took 0.54 s of processor time with 1,024 rows,
/// 0.82 s with the engine's usual 8,192; 512 and 2,048 are like 1,024.
const WIDE_BATCH_ROWS: usize = 1_024;

/// Under which name the engine knows the table's folder.
pub(super) fn store_url() -> ObjectStoreUrl {
    // A constant that parses; the fallback is never used.
    ObjectStoreUrl::parse("lake://events").unwrap_or_else(|_| ObjectStoreUrl::local_filesystem())
}

/// The events of one agency.
pub(super) struct AgencyEvents {
    files: Vec<Arc<FileEntry>>,
    table: TableSchema,
    pushdown: Pushdown,
}

impl fmt::Debug for AgencyEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgencyEvents").field("files", &self.files.len()).finish()
    }
}

impl AgencyEvents {
    pub(super) fn new(files: Vec<Arc<FileEntry>>, pushdown: Pushdown) -> Self {
        let table = TableSchema::builder(view_schema()).with_table_partition_cols(partition_fields()).build();
        AgencyEvents { files, table, pushdown }
    }

    fn plan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let schema = self.schema();
        if self.files.is_empty() {
            let projected = match projection {
                Some(columns) => Arc::new(schema.project(columns)?),
                None => schema,
            };
            return Ok(Arc::new(EmptyExec::new(projected)));
        }
        let all: Vec<usize> = (0..schema.fields().len()).collect();
        let columns = || projection.unwrap_or(&all).iter().map(|at| schema.field(*at).name().as_str());
        let source = self.source(state)?.with_pushdown_filters(self.pushdown.applies(filters, columns()));
        let reads_wide = columns().any(|column| WIDE_COLUMNS.contains(&column));
        let (needed, footers) = (skip::needed(filters), state.runtime_env().cache_manager.get_file_metadata_cache());
        let narrowed = |file: &Arc<FileEntry>| {
            let file = self.file(file);
            match skip::row_groups(footers.as_ref(), &file.object_meta.location, &needed) {
                Some(row_groups) => file.with_extension(row_groups),
                None => file,
            }
        };
        let files: Vec<_> = self.files.iter().map(narrowed).collect();
        let known = files.iter().filter_map(|file| file.statistics.as_deref());
        let statistics = Statistics::try_merge_iter(known, &schema)?;
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(store_url(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_batch_size(reads_wide.then_some(WIDE_BATCH_ROWS))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn source(&self, state: &dyn Session) -> Result<ParquetSource, DataFusionError> {
        let runtime = state.runtime_env();
        let store = runtime.object_store(store_url())?;
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let options =
            TableParquetOptions { global: state.config_options().execution.parquet.clone(), ..Default::default() };
        Ok(ParquetSource::new(self.table.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, footers))))
    }

    /// A file with what the log knows of it.
    fn file(&self, file: &FileEntry) -> PartitionedFile {
        let agency = ScalarValue::Utf8View(Some(file.partition.agency.to_string()));
        let partition = vec![agency, ScalarValue::Date32(Some(file.partition.day))];
        PartitionedFile::new(file.path.clone(), file.size)
            .with_partition_values(partition)
            .with_statistics(Arc::new(self.statistics(file)))
    }

    fn statistics(&self, file: &FileEntry) -> Statistics {
        let known = &file.statistics;
        let columns = self.table.file_schema().fields().iter().map(|field| {
            let Some((low, high)) = known.bounds.get(field.name().as_str()) else { return ColumnStatistics::default() };
            ColumnStatistics {
                null_count: Precision::Exact(0),
                min_value: exact(field.data_type(), *low),
                max_value: exact(field.data_type(), *high),
                ..ColumnStatistics::default()
            }
        });
        Statistics {
            num_rows: Precision::Exact(usize::try_from(known.rows).unwrap_or(usize::MAX)),
            total_byte_size: Precision::Inexact(usize::try_from(file.size).unwrap_or(usize::MAX)),
            column_statistics: columns.collect(),
        }
    }
}

fn exact(data_type: &DataType, value: i64) -> Precision<ScalarValue> {
    match data_type {
        DataType::Int32 => {
            i32::try_from(value).map_or(Precision::Absent, |value| Precision::Exact(ScalarValue::Int32(Some(value))))
        }
        DataType::Int64 => Precision::Exact(ScalarValue::Int64(Some(value))),
        DataType::Timestamp(_, zone) => Precision::Exact(ScalarValue::TimestampMicrosecond(Some(value), zone.clone())),
        _ => Precision::Absent,
    }
}

impl TableProvider for AgencyEvents {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.table.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        // Every filter may skip files and row groups; none is promised, so the engine checks each row again.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    // What `#[async_trait]` would write: nothing in here waits.
    fn scan<'a, 'b, 'c, 'd, 'e>(
        &'a self,
        state: &'b dyn Session,
        projection: Option<&'c Vec<usize>>,
        filters: &'d [Expr],
        limit: Option<usize>,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>, DataFusionError>> + Send + 'e>>
    where
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
        Self: 'e,
    {
        let plan = self.plan(state, projection, filters, limit);
        Box::pin(std::future::ready(plan))
    }
}
