//! Hunting: questions in SQL about what was kept, through the door that the lake stands behind.

use std::time::Duration;

use model::doors::BoxFuture;
use model::{OpContext, Purpose, Timestamp};
use serde_json::{Value, json};
use store::state::{Deed, FindingId, SavedHunt};

use super::{Office, OfficeError};
use crate::access::Operation;

/// What a hunt gave.
#[derive(Clone, Debug, Default)]
pub struct HuntAnswer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<Value>>,
    /// Whether there was more.
    pub cut: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// Events that were read for it.
    pub events_read: u64,
    /// Bytes that were read for it.
    pub bytes_read: u64,
}

/// Why a hunt gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HuntRefused {
    /// The question makes no sense, or asks for too much; in words that whoever asked can act on.
    #[error("{0}")]
    Question(String),
    /// The lake cannot be read now.
    #[error("the lake cannot be read now: {0}")]
    Lake(String),
}

/// Where questions are answered. A context without a purpose sees no personal data.
pub trait Hunter: Send + Sync {
    /// Answers one question about the events of the context's agency, with at most so many rows.
    fn hunt<'a>(
        &'a self,
        ctx: &'a OpContext,
        sql: &'a str,
        rows_max: usize,
    ) -> BoxFuture<'a, Result<HuntAnswer, HuntRefused>>;

    /// The columns that can be asked for, by their dotted paths.
    fn columns(&self) -> Vec<String>;
}

impl From<HuntRefused> for OfficeError {
    fn from(refused: HuntRefused) -> Self {
        OfficeError::Refused(refused.to_string())
    }
}

impl Office {
    fn hunter(&self) -> Result<&dyn Hunter, OfficeError> {
        match &self.hunter {
            Some(hunter) => Ok(hunter.as_ref()),
            None => Err(OfficeError::Refused("there is no lake here to hunt in".to_owned())),
        }
    }

    /// Answers a question, in which `now()` is `as_of`. With a purpose in the context personal data is shown, and the question is in
    /// the ledger before it is asked; without one, accounts are pseudonyms.
    ///
    /// # Errors
    /// When the context may not, or the question is refused.
    pub async fn hunt(
        &self,
        ctx: &OpContext,
        sql: &str,
        as_of: Timestamp,
        rows_max: usize,
    ) -> Result<HuntAnswer, OfficeError> {
        match &ctx.purpose {
            Some(purpose) => {
                self.may(ctx, Operation::HuntPersonal).await?;
                let words = json!({ "purpose": purpose, "sql": sql }).to_string();
                self.reads.record(ctx, Deed::done("hunt.run", "events").saying(words)).await?;
            }
            None => self.may(ctx, Operation::HuntRun).await?,
        }
        Ok(self.hunter()?.hunt(&OpContext { now: as_of, ..ctx.clone() }, sql, rows_max).await?)
    }

    /// The columns that can be asked for.
    ///
    /// # Errors
    /// When the context may not, or there is no lake.
    pub async fn hunt_columns(&self, ctx: &OpContext) -> Result<Vec<String>, OfficeError> {
        self.may(ctx, Operation::HuntRun).await?;
        Ok(self.hunter()?.columns())
    }

    /// The untouched records in which a finding was found: time, source and text. The purpose is the finding itself.
    ///
    /// # Errors
    /// When the context may not, or the lake cannot be read.
    pub async fn records_of(&self, ctx: &OpContext, id: FindingId) -> Result<HuntAnswer, OfficeError> {
        self.may(ctx, Operation::FindingRead).await?;
        let finding = self.state.finding(ctx, id).await?;
        let finding = finding.ok_or_else(|| OfficeError::NotFound { what: "finding", name: id.to_string() })?;
        let events = &finding.detection.events;
        // Ids are hexadecimal digits; nothing of them comes from outside.
        let ids: Vec<String> = events.iter().rev().take(RECORDS_MAX).map(|event| format!("'{event}'")).collect();
        if ids.is_empty() {
            return Ok(HuntAnswer::default());
        }
        let ctx = OpContext { purpose: Purpose::new(&format!("to judge finding {id}")), ..ctx.clone() };
        // Ids are spread over all files, times are not: what happened when the finding says is found without looking at the rest.
        let before = if events.len() == 1 { Duration::ZERO } else { RECORDS_BEFORE };
        let (from, upto) = (finding.detection.time.minus(before), finding.detection.time);
        let near = self.records_in(&ctx, &ids, &format!(" AND time >= '{from}' AND time <= '{upto}'")).await?;
        if near.rows.len() >= ids.len() {
            return Ok(near);
        }
        self.records_in(&ctx, &ids, "").await
    }

    async fn records_in(&self, ctx: &OpContext, ids: &[String], when: &str) -> Result<HuntAnswer, OfficeError> {
        let ids = ids.join(", ");
        let sql = format!(
            "SELECT time, source, raw FROM events WHERE id IN ({ids}){when} ORDER BY time DESC LIMIT {RECORDS_MAX}"
        );
        Ok(self.hunter()?.hunt(ctx, &sql, RECORDS_MAX).await?)
    }

    /// The agency's saved hunts, by name.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn saved_hunts(&self, ctx: &OpContext) -> Result<Vec<SavedHunt>, OfficeError> {
        self.may(ctx, Operation::HuntRun).await?;
        Ok(self.state.saved_hunts(ctx).await?)
    }

    /// Saves a hunt under a name.
    ///
    /// # Errors
    /// When the context may not, name or text are none, or the state refuses.
    pub async fn save_hunt(&self, ctx: &OpContext, name: &str, sql: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::HuntSave).await?;
        Ok(self.state.save_hunt(ctx, name, sql).await?)
    }

    /// Removes a saved hunt.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn remove_hunt(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::HuntSave).await?;
        Ok(self.state.remove_hunt(ctx, name).await?)
    }
}

/// Records that are shown of a finding.
const RECORDS_MAX: usize = 20;
/// How long before the last of several events the others are looked for first.
const RECORDS_BEFORE: Duration = Duration::from_secs(86_400);
