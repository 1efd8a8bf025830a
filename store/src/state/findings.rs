//! What was detected, ranked.

use std::fmt;

use model::{Detection, Level, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{State, StateError, check_size, get, sql};

const INSERT: &str = "INSERT INTO findings (agency, id, analytic_uid, title, level, time_us, subject, suppressed_by, \
    event_ids, detection, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (agency, id) DO NOTHING";
const SELECT_RANKED: &str = "SELECT id, detection, created_us FROM findings \
    WHERE agency = $1 AND time_us >= $2 AND time_us < $3 AND level >= $4 AND (suppressed_by IS NULL OR $5 = 1) \
    ORDER BY level DESC, time_us DESC, id LIMIT $6";
const SELECT_ONE: &str = "SELECT id, detection, created_us FROM findings WHERE agency = $1 AND id = $2";
const COUNT: &str = "SELECT COUNT(*) FROM findings WHERE agency = $1";
const DELETE: &str = "DELETE FROM findings WHERE agency = $1 AND id = $2";

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT_RANKED, SELECT_ONE, COUNT, DELETE];

/// A finding's name: the first 16 bytes of BLAKE3 over analytic, subject and events, so that finding it again does not
/// double it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId([u8; 16]);

impl FindingId {
    /// The id of a detection.
    pub fn of(detection: &Detection) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(detection.analytic.uid.as_bytes());
        part(&[u8::from(detection.subject.is_some())]);
        part(detection.subject.as_deref().unwrap_or_default().as_bytes());
        for event in &detection.events {
            part(event.as_bytes());
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        FindingId(id)
    }

    /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok().map(|number| FindingId(number.to_be_bytes())))?
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FindingId({self})")
    }
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
        let rows = query.fetch_all(self.pool()).await.map_err(sql("reading findings"))?;
        rows.iter().map(read).collect()
    }

    /// One finding of the agency.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn finding(&self, ctx: &OpContext, id: FindingId) -> Result<Option<Finding>, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(id.to_string());
        let row = query.fetch_optional(self.pool()).await.map_err(sql("reading a finding"))?;
        row.as_ref().map(read).transpose()
    }

    /// How many findings the agency has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn findings_count(&self, ctx: &OpContext) -> Result<u64, StateError> {
        let query = sqlx::query(COUNT).bind(agency(ctx));
        let row = query.fetch_one(self.pool()).await.map_err(sql("counting findings"))?;
        get::<i64>(&row, 0).map(|count| count as u64)
    }

    /// Removes a finding of the agency, for the erasure of a person's data. Says whether it was there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_finding(&self, ctx: &OpContext, id: FindingId) -> Result<bool, StateError> {
        let query = sqlx::query(DELETE).bind(agency(ctx)).bind(id.to_string());
        let done = query.execute(self.pool()).await.map_err(sql("removing a finding"))?;
        Ok(done.rows_affected() > 0)
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Finding, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "finding", detail };
    let id: String = get(row, 0)?;
    let id = FindingId::parse(&id).ok_or_else(|| corrupt(format!("{id:?} is no id")))?;
    let detection: String = get(row, 1)?;
    let detection = serde_json::from_str(&detection).map_err(|error| corrupt(error.to_string()))?;
    Ok(Finding { id, detection, created: Timestamp::from_micros(get(row, 2)?) })
}

/// Keeps the detections that are not kept yet; says how many.
pub(super) async fn insert(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    detections: &[Detection],
) -> Result<usize, StateError> {
    let mut added = 0;
    for detection in detections {
        let unwritable = |error: serde_json::Error| StateError::Corrupt { what: "finding", detail: error.to_string() };
        let text = serde_json::to_string(detection).map_err(unwritable)?;
        check_size("bytes of a finding", text.len(), limits::FINDING_BYTES_MAX)?;
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
            .bind(ctx.now.as_micros());
        let done = query.execute(&mut **work).await.map_err(sql("writing a finding"))?;
        added += usize::from(done.rows_affected() > 0);
    }
    Ok(added)
}
