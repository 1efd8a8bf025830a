//! How far each consumer of the journal has come, and what it found on the way: one transaction for both.

use model::{AgencyId, Note, OpContext};
use sqlx::{Any, Transaction};

use super::database::{Reach, State, StateError, get, sql};
use super::findings::NewFinding;
use super::{agency, findings, notes};
use crate::journal::Offset;

const ADVANCE: &str = "INSERT INTO consumers (agency, name, upto, changed_us) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (agency, name) DO UPDATE SET upto = excluded.upto, changed_us = excluded.changed_us \
    WHERE consumers.upto < excluded.upto";
const SELECT_ONE: &str = "SELECT upto FROM consumers WHERE agency = $1 AND name = $2";
const SELECT_ALL: &str = "SELECT name, upto FROM consumers WHERE agency = $1 ORDER BY name";

pub(super) const STATEMENTS: &[&str] = &[ADVANCE, SELECT_ONE, SELECT_ALL];

/// A consumer and the offset up to which it has dealt with everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its name, for example `detect`.
    pub consumer: String,
    /// The first offset that it has not dealt with.
    pub upto: Offset,
}

/// What a consumer found in the records of one agency.
#[derive(Clone, Debug, PartialEq)]
pub struct Harvest {
    /// Whose records they were.
    pub agency: AgencyId,
    /// What was detected.
    pub findings: Vec<NewFinding>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

impl State {
    /// Keeps the findings of the context's agency and the consumer's offset, both or neither. Says how many findings
    /// are new: a finding that is kept already (same analytic, subject and events) is not doubled.
    ///
    /// # Errors
    /// When the database refuses; nothing is kept then.
    pub async fn commit_findings(
        &self,
        ctx: &OpContext,
        consumer: &str,
        upto: Offset,
        findings: &[NewFinding],
    ) -> Result<usize, StateError> {
        let progress = Progress { consumer: consumer.to_owned(), upto };
        let harvest = Harvest { agency: ctx.agency.clone(), findings: findings.to_vec(), notes: Vec::new() };
        self.commit_harvest(ctx, &progress, &[harvest]).await
    }

    /// As [`State::commit_findings`], for records of several agencies and with notes. The context is the node's own: the
    /// consumer belongs to its agency, each harvest goes to the agency that it names.
    ///
    /// An offset never goes back. When the consumer is past `progress.upto` already this is a replay: findings that are
    /// kept stay, notes are not counted again.
    ///
    /// # Errors
    /// When the database refuses; nothing is kept then.
    pub async fn commit_harvest(
        &self,
        ctx: &OpContext,
        progress: &Progress,
        harvests: &[Harvest],
    ) -> Result<usize, StateError> {
        let mut work = self.begin(Reach::All).await?;
        let has_advanced = advance(&mut work, ctx, progress).await?;
        let has_findings = harvests.iter().any(|harvest| !harvest.findings.is_empty());
        let first = if has_findings { findings::last_seq(&mut work).await? } else { 0 };
        let mut added = 0;
        for harvest in harvests {
            let theirs = OpContext { agency: harvest.agency.clone(), ..ctx.clone() };
            added += findings::insert(&mut work, &theirs, first + added as i64, &harvest.findings).await?;
            if has_advanced {
                notes::insert(&mut work, &theirs, &harvest.notes).await?;
            }
        }
        if added > 0 {
            findings::set_last_seq(&mut work, first + added as i64).await?;
        }
        work.commit().await.map_err(sql("committing findings"))?;
        Ok(added)
    }

    /// Keeps findings of the context's agency that were found in no record: what is known about the city itself. Says how many are new.
    ///
    /// # Errors
    /// When the database refuses; nothing is kept then.
    pub async fn keep_findings(&self, ctx: &OpContext, findings: &[NewFinding]) -> Result<usize, StateError> {
        if findings.is_empty() {
            return Ok(0);
        }
        let mut work = self.begin(ctx).await?;
        let first = findings::last_seq(&mut work).await?;
        let added = findings::insert(&mut work, ctx, first, findings).await?;
        findings::set_last_seq(&mut work, first + added as i64).await?;
        work.commit().await.map_err(sql("keeping findings"))?;
        Ok(added)
    }

    /// How far a consumer has come; 0 when it never committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn progress(&self, ctx: &OpContext, consumer: &str) -> Result<Offset, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(consumer.to_owned());
        let row = self.fetch_optional(ctx, "reading an offset", query).await?;
        row.map_or(Ok(Offset(0)), |row| get::<i64>(&row, 0).map(offset))
    }

    /// How far every consumer has come. The journal may be cut at the least of them and of the lake's own offset.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn progress_of_all(&self, ctx: &OpContext) -> Result<Vec<Progress>, StateError> {
        let rows = self.fetch_all(ctx, "reading offsets", sqlx::query(SELECT_ALL).bind(agency(ctx))).await?;
        rows.iter().map(|row| Ok(Progress { consumer: get(row, 0)?, upto: offset(get(row, 1)?) })).collect()
    }
}

fn offset(stored: i64) -> Offset {
    Offset(stored as u64)
}

async fn advance(work: &mut Transaction<'_, Any>, ctx: &OpContext, to: &Progress) -> Result<bool, StateError> {
    let query = sqlx::query(ADVANCE).bind(agency(ctx)).bind(to.consumer.clone()).bind(to.upto.0 as i64);
    let done = query.bind(ctx.now.as_micros()).execute(&mut **work).await.map_err(sql("writing an offset"))?;
    Ok(done.rows_affected() > 0)
}
