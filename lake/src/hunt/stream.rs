//! A running hunt, and its rows as they are found.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use model::{Timestamp, limits};
use serde_json::Value;
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use super::HuntLimits;
use super::error::HuntError;
use super::page::{HuntColumn, HuntSummary, Scanned, columns_of, rows_of};

/// Everything that a hunt needs to run.
pub(super) struct Job {
    pub(super) session: SessionContext,
    pub(super) statement: Statement,
    pub(super) limits: HuntLimits,
    pub(super) started: Instant,
    /// What `now()` is.
    pub(super) now: Timestamp,
    pub(super) files: u64,
    /// The hunt's place among those that run at once, and its claim on the files.
    pub(super) _held: (Option<OwnedSemaphorePermit>, OwnedRwLockReadGuard<()>),
}

enum Message {
    Columns(Vec<HuntColumn>),
    Rows(Vec<Vec<Value>>),
    End(HuntSummary),
}

/// A running hunt.
pub struct HuntStream {
    columns: Vec<HuntColumn>,
    messages: mpsc::Receiver<Result<Message, HuntError>>,
    summary: HuntSummary,
    task: JoinHandle<()>,
    /// The hunt's own clock stands still while the engine plans or sorts without a pause; this one does not.
    ends: tokio::time::Instant,
    limit: Duration,
}

impl Drop for HuntStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HuntStream {
    pub(super) async fn start(job: Job, threads: &tokio::runtime::Handle) -> Result<Self, HuntError> {
        let (sender, messages) = mpsc::channel(limits::HUNT_BATCHES_AHEAD_MAX);
        let limit = job.limits.time;
        let left = limit.saturating_sub(job.started.elapsed());
        let task = threads.spawn(async move {
            let answered = tokio::time::timeout(left, Box::pin(run(job, &sender))).await;
            let end = match answered {
                Ok(Ok(summary)) => Ok(Message::End(summary)),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(HuntError::TooLong(limit)),
            };
            // Nobody may be listening any more.
            let _ = sender.send(end).await;
        });
        let ends = tokio::time::Instant::now() + left;
        let mut stream =
            HuntStream { columns: Vec::new(), messages, summary: HuntSummary::default(), task, ends, limit };
        match stream.message().await? {
            Some(Message::Columns(columns)) => stream.columns = columns,
            _ => return Err(HuntError::Failed("the hunt ended before it began".to_owned())),
        }
        Ok(stream)
    }

    async fn message(&mut self) -> Result<Option<Message>, HuntError> {
        match tokio::time::timeout_at(self.ends, self.messages.recv()).await {
            Ok(message) => message.transpose(),
            Err(_) => Err(HuntError::TooLong(self.limit)),
        }
    }

    /// The columns of the answer.
    pub fn columns(&self) -> &[HuntColumn] {
        &self.columns
    }

    pub(super) fn into_columns(mut self) -> Vec<HuntColumn> {
        std::mem::take(&mut self.columns)
    }

    /// The next rows; `None` after the last ones. Cancel-safe.
    ///
    /// # Errors
    /// When the hunt failed or met a limit other than that of rows; the rows given so far are right, but not all.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, HuntError> {
        match self.message().await? {
            Some(Message::Rows(rows)) => Ok(Some(rows)),
            Some(Message::End(summary)) => {
                self.summary = summary;
                Ok(None)
            }
            Some(Message::Columns(_)) | None => Ok(None),
        }
    }

    /// How it ended; nothing but zeros before [`HuntStream::next`] has given `None`.
    pub fn summary(&self) -> HuntSummary {
        self.summary
    }
}

async fn run(job: Job, sender: &mpsc::Sender<Result<Message, HuntError>>) -> Result<HuntSummary, HuntError> {
    let memory = job.limits.memory_bytes;
    let failed = |error| HuntError::from_engine(error, memory);
    let plan = job.session.state().statement_to_plan(job.statement).await.map_err(failed)?;
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(&plan).map_err(failed)?;
    let explains = matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_));
    // `now()` is when the context says that it is: an address that was kept asks the same question for ever.
    let (mut state, plan) = job.session.execute_logical_plan(plan).await.map_err(failed)?.into_parts();
    state.execution_props_mut().query_execution_start_time = DateTime::from_timestamp_micros(job.now.as_micros());
    let mut frame = DataFrame::new(state, plan);
    if !explains {
        // One more than is given says whether there was more, and the engine may stop when it has them.
        frame = frame.limit(0, Some(job.limits.rows.saturating_add(1))).map_err(failed)?;
    }
    let task = Arc::new(frame.task_ctx());
    let plan = cooperative(frame.create_physical_plan().await.map_err(failed)?).map_err(failed)?;
    let mut batches = execute_stream(Arc::clone(&plan), task).map_err(failed)?;
    // Whoever dropped the stream has aborted this task too; a failed send ends it a little earlier.
    let gone = |_| HuntError::Failed("nobody reads the hunt any more".to_owned());
    sender.send(Ok(Message::Columns(columns_of(&plan.schema())))).await.map_err(gone)?;
    let mut summary = HuntSummary::default();
    let (mut left, mut bytes) = (job.limits.rows, 0);
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(failed)?;
        let mut rows = Vec::new();
        for row in rows_of(&batch) {
            bytes += row.iter().map(cell_bytes).sum::<usize>();
            summary.cut = left == 0 || bytes > limits::HUNT_RESULT_BYTES_MAX;
            if summary.cut {
                break;
            }
            left -= 1;
            rows.push(row);
        }
        summary.rows += rows.len() as u64;
        if !rows.is_empty() {
            sender.send(Ok(Message::Rows(rows))).await.map_err(gone)?;
        }
        if summary.cut {
            break;
        }
    }
    drop(batches);
    summary.scanned = scanned(plan.as_ref());
    summary.scanned.files = job.files;
    summary.elapsed = job.started.elapsed();
    Ok(summary)
}

/// Lets operators that make many rows out of few pause now and then. The engine's own do so where data is read, which is
/// too seldom for joins: one of them could keep a thread for hours, and no limit of time would reach it.
fn cooperative(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let wrapped = plan.transform_up(|node| {
        let multiplies = node.name().ends_with("JoinExec") || node.name() == "UnnestExec";
        Ok(if multiplies { Transformed::yes(Arc::new(CooperativeExec::new(node)) as _) } else { Transformed::no(node) })
    });
    Ok(wrapped?.data)
}

/// About how many bytes a cell has in memory.
fn cell_bytes(cell: &Value) -> usize {
    let inside = match cell {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(cell_bytes).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + cell_bytes(value)).sum(),
        _ => 0,
    };
    std::mem::size_of::<Value>() + inside
}

/// Adds up what the leaves of a plan have read.
fn scanned(plan: &dyn ExecutionPlan) -> Scanned {
    let mut total = Scanned::default();
    let children = plan.children();
    if children.is_empty()
        && let Some(metrics) = plan.metrics()
    {
        total.rows += metrics.output_rows().unwrap_or_default() as u64;
        total.bytes += metrics.sum_by_name("bytes_scanned").map_or(0, |bytes| bytes.as_usize() as u64);
    }
    for child in children {
        let below = scanned(child.as_ref());
        total.rows += below.rows;
        total.bytes += below.bytes;
    }
    total
}
