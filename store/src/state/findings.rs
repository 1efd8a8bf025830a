//! What was detected, ranked.

use model::detection::AnalyticKind;
use model::{AgencyId, Detection, FindingId, Level, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{Reach, State, StateError, check_size, get, sql};
use super::ledger::Deed;

const INSERT: &str = "INSERT INTO findings (agency, id, analytic_uid, title, level, time_us, subject, suppressed_by, \
    event_ids, detection, created_us, seq, ocsf, targeted, verdict) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
    CASE WHEN CAST($8 AS TEXT) IS NOT NULL OR EXISTS (SELECT 1 FROM suppressions s WHERE s.agency = $1 AND s.analytic_uid = $3 \
    AND (s.subject IS NULL OR s.subject = $7) AND s.lifted_us IS NULL AND s.ends_us > $11) \
    THEN 'suppressed' ELSE 'open' END) \
    ON CONFLICT (agency, id) DO NOTHING";
const SELECT_RANKED: &str = "SELECT id, detection, created_us FROM findings \
    WHERE agency = $1 AND time_us >= $2 AND time_us < $3 AND level >= $4 AND (suppressed_by IS NULL OR $5 = 1) \
    ORDER BY level DESC, time_us DESC, id LIMIT $6";
const SELECT_ONE: &str = "SELECT id, detection, created_us FROM findings WHERE agency = $1 AND id = $2";
const SELECT_WHOLE: &str = "SELECT id, detection, created_us, ocsf FROM findings WHERE agency = $1 AND id = $2";
const COUNT: &str = "SELECT COUNT(*) FROM findings WHERE agency = $1";
const DELETE: &str = "DELETE FROM findings WHERE agency = $1 AND id = $2";

/// Takes the sequence for this transaction: another one that numbers findings waits for its end.
pub(super) const TAKE_SEQUENCE: &str = "INSERT INTO sequences (name, last) VALUES ($1, 0) \
    ON CONFLICT (name) DO UPDATE SET last = sequences.last RETURNING last";
pub(super) const SET_SEQUENCE: &str = "UPDATE sequences SET last = $2 WHERE name = $1";
/// The one read of findings over all agencies: each row says whose it is, and goes to that agency's part of the lake.
const SELECT_AFTER: &str =
    "SELECT seq, agency, id, time_us, created_us, ocsf FROM findings WHERE seq > $1 ORDER BY seq LIMIT $2";
const SELECT_TEXTS: &str =
    "SELECT id, detection, ocsf FROM findings WHERE agency = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    SELECT_RANKED,
    SELECT_ONE,
    SELECT_WHOLE,
    COUNT,
    DELETE,
    TAKE_SEQUENCE,
    SET_SEQUENCE,
    SELECT_AFTER,
    SELECT_TEXTS,
];

/// Name of the sequence that numbers findings.
const SEQUENCE: &str = "findings";

/// A detection that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFinding {
    /// What was found, and why.
    pub detection: Detection,
    /// The same as an OCSF Detection Finding in JSON, as it is shown; the lake keeps a copy.
    pub ocsf: String,
}

/// A kept finding on its way into the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingCopy {
    /// Its number in the order in which findings were kept, from 1.
    pub seq: u64,
    /// Whose it is.
    pub agency: AgencyId,
    /// Its id.
    pub id: FindingId,
    /// When it happened.
    pub time: Timestamp,
    /// When it was kept.
    pub created: Timestamp,
    /// The finding as OCSF JSON.
    pub ocsf: String,
}

/// A detection that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its name.
    pub id: FindingId,
    /// What was detected, with the reasons.
    pub detection: Detection,
    /// When it was kept.
    pub created: Timestamp,
}

/// Which findings are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingsAsked {
    /// From this time of the event on.
    pub since: Timestamp,
    /// Before this time.
    pub before: Timestamp,
    /// At least as bad as this.
    pub level_min: Level,
    /// What to do with those that a list of harmless things silenced.
    pub suppressed: Suppressed,
    /// At most so many; never more than [`limits::FINDINGS_PAGE_MAX`].
    pub rows_max: usize,
}

/// What to do with suppressed findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// Leave them out.
    Hidden,
    /// Show them too.
    Shown,
}

impl Default for FindingsAsked {
    fn default() -> Self {
        FindingsAsked {
            since: Timestamp::from_micros(i64::MIN),
            before: Timestamp::from_micros(i64::MAX),
            level_min: Level::Informational,
            suppressed: Suppressed::Hidden,
            rows_max: limits::FINDINGS_PAGE_MAX,
        }
    }
}

impl State {
    /// The agency's findings, worst first, then newest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn findings(&self, ctx: &OpContext, asked: &FindingsAsked) -> Result<Vec<Finding>, StateError> {
        let query = sqlx::query(SELECT_RANKED)
            .bind(agency(ctx))
            .bind(asked.since.as_micros())
            .bind(asked.before.as_micros())
            .bind(i64::from(asked.level_min.severity_id()))
            .bind(i64::from(asked.suppressed == Suppressed::Shown))
            .bind(asked.rows_max.min(limits::FINDINGS_PAGE_MAX) as i64);
        let rows = self.fetch_all(ctx, "reading findings", query).await?;
        rows.iter().map(read).collect()
    }

    /// One finding of the agency.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn finding(&self, ctx: &OpContext, id: FindingId) -> Result<Option<Finding>, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(id.to_string());
        let row = self.fetch_optional(ctx, "reading a finding", query).await?;
        row.as_ref().map(read).transpose()
    }

    /// One finding of the agency, and the same as OCSF JSON, as it is shown.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn finding_whole(&self, ctx: &OpContext, id: FindingId) -> Result<Option<(Finding, String)>, StateError> {
        let query = sqlx::query(SELECT_WHOLE).bind(agency(ctx)).bind(id.to_string());
        let row = self.fetch_optional(ctx, "reading a finding", query).await?;
        row.map(|row| Ok((read(&row)?, get(&row, 3)?))).transpose()
    }

    /// How many findings the agency has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn findings_count(&self, ctx: &OpContext) -> Result<u64, StateError> {
        self.count(ctx, "counting findings", sqlx::query(COUNT).bind(agency(ctx))).await
    }

    /// Removes a finding of the agency, for the erasure of a person's data. Says whether it was there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_finding(&self, ctx: &OpContext, id: FindingId) -> Result<bool, StateError> {
        let query = sqlx::query(DELETE).bind(agency(ctx)).bind(id.to_string());
        Ok(self.write(ctx, "removing a finding", query, Deed::done("finding.erase", format!("finding:{id}"))).await?
            > 0)
    }
}

impl State {
    /// Findings of all agencies that were kept after number `seq`, in order: for the copies in the lake.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn findings_after(&self, seq: u64, rows_max: usize) -> Result<Vec<FindingCopy>, StateError> {
        let rows_max = rows_max.min(limits::FINDINGS_PAGE_MAX) as i64;
        let query = sqlx::query(SELECT_AFTER).bind(i64::try_from(seq).unwrap_or(i64::MAX)).bind(rows_max);
        let rows = self.fetch_all(Reach::All, "reading findings in order", query).await?;
        rows.iter().map(read_copy).collect()
    }

    /// Findings of the agency in whose text `names` finds what it looks for, by id: for the erasure of a person's data.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn findings_naming(
        &self,
        ctx: &OpContext,
        names: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<FindingId>, StateError> {
        let mut found = Vec::new();
        let mut after = String::new();
        loop {
            let query = sqlx::query(SELECT_TEXTS).bind(agency(ctx)).bind(after.clone());
            let query = query.bind(limits::FINDINGS_PAGE_MAX as i64);
            let rows = self.fetch_all(ctx, "searching findings", query).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = get(last, 0)?;
            for row in &rows {
                let (detection, ocsf): (String, String) = (get(row, 1)?, get(row, 2)?);
                if names(detection.as_bytes()) || names(ocsf.as_bytes()) {
                    found.push(id_of(row)?);
                }
            }
        }
    }
}

impl State {
    /// Removes findings of the agency so that nothing of them is left in the database's own files.
    ///
    /// SQLite is made to write itself anew; on PostgreSQL dead rows go with the server's own vacuum, and backups of the server
    /// are erased by those who keep them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn erase_findings(&self, ctx: &OpContext, ids: &[FindingId]) -> Result<usize, StateError> {
        let mut erased = 0;
        for id in ids {
            erased += usize::from(self.remove_finding(ctx, *id).await?);
        }
        self.rewrite().await?;
        Ok(erased)
    }
}

fn id_of(row: &sqlx::any::AnyRow) -> Result<FindingId, StateError> {
    let id: String = get(row, 0)?;
    FindingId::parse(&id).ok_or_else(|| StateError::Corrupt { what: "finding", detail: format!("{id:?} is no id") })
}

fn read_copy(row: &sqlx::any::AnyRow) -> Result<FindingCopy, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "finding", detail };
    let (agency, id): (String, String) = (get(row, 1)?, get(row, 2)?);
    Ok(FindingCopy {
        seq: get::<i64>(row, 0)? as u64,
        agency: AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?,
        id: FindingId::parse(&id).ok_or_else(|| corrupt(format!("{id:?} is no id")))?,
        time: Timestamp::from_micros(get(row, 3)?),
        created: Timestamp::from_micros(get(row, 4)?),
        ocsf: get(row, 5)?,
    })
}

/// Takes the numbering of findings for this transaction and says the last number that was given.
pub(super) async fn last_seq(work: &mut Transaction<'_, Any>) -> Result<i64, StateError> {
    let row = sqlx::query(TAKE_SEQUENCE).bind(SEQUENCE).fetch_one(&mut **work).await;
    get(&row.map_err(sql("numbering findings"))?, 0)
}

/// Says the last number that was given.
pub(super) async fn set_last_seq(work: &mut Transaction<'_, Any>, last: i64) -> Result<(), StateError> {
    let set = sqlx::query(SET_SEQUENCE).bind(SEQUENCE).bind(last).execute(&mut **work).await;
    set.map(|_| ()).map_err(sql("numbering findings"))
}

fn read(row: &sqlx::any::AnyRow) -> Result<Finding, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "finding", detail };
    let id = id_of(row)?;
    let detection: String = get(row, 1)?;
    let detection = serde_json::from_str(&detection).map_err(|error| corrupt(error.to_string()))?;
    Ok(Finding { id, detection, created: Timestamp::from_micros(get(row, 2)?) })
}

/// Keeps the findings that are not kept yet, numbered behind `last_seq`; says how many.
pub(super) async fn insert(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    last_seq: i64,
    findings: &[NewFinding],
) -> Result<usize, StateError> {
    let mut added = 0;
    for NewFinding { detection, ocsf } in findings {
        let unwritable = |error: serde_json::Error| StateError::Corrupt { what: "finding", detail: error.to_string() };
        let text = serde_json::to_string(detection).map_err(unwritable)?;
        check_size("bytes of a finding", text.len().max(ocsf.len()), limits::FINDING_BYTES_MAX)?;
        let query = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(FindingId::of(detection).to_string())
            .bind(detection.analytic.uid.clone())
            .bind(detection.analytic.title.clone())
            .bind(i64::from(detection.level.severity_id()))
            .bind(detection.time.as_micros())
            .bind(detection.subject.clone())
            .bind(detection.suppressed_by.clone())
            .bind(serde_json::to_string(&detection.events).map_err(unwritable)?)
            .bind(text)
            .bind(ctx.now.as_micros())
            .bind(last_seq + added as i64 + 1)
            .bind(ocsf.clone())
            .bind(i64::from(detection.analytic.kind == AnalyticKind::Targeted));
        let done = query.execute(&mut **work).await.map_err(sql("writing a finding"))?;
        added += usize::from(done.rows_affected() > 0);
    }
    Ok(added)
}
