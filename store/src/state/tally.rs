//! Findings counted by what found them.

use model::{Detection, FindingId, OpContext, Timestamp};
use sqlx::any::AnyRow;

use super::agency;
use super::database::{State, StateError, get};

/// What turned out to be none, and what is not to be shown, does not count.
const TALLY: &str = "SELECT t.n, t.last_us, f.id, f.detection FROM (SELECT analytic_uid, COUNT(*) AS n, MAX(time_us) AS last_us, \
    MIN(id) AS id FROM findings WHERE agency = $1 AND time_us >= $2 AND time_us < $3 \
    AND verdict <> 'false_positive' AND verdict <> 'suppressed' GROUP BY analytic_uid ORDER BY n DESC, analytic_uid LIMIT $4) t \
    JOIN findings f ON f.agency = $1 AND f.id = t.id ORDER BY t.n DESC, f.analytic_uid";

pub(super) const STATEMENTS: &[&str] = &[TALLY];

/// How often an analytic found something.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalyticTally {
    /// One of the findings.
    pub example: FindingId,
    /// The same, with the reasons.
    pub detection: Detection,
    /// How many there are.
    pub count: u64,
    /// When the last of them happened.
    pub last: Timestamp,
}

impl State {
    /// What was found in a span, by analytic, the most first; at most `rows_max` analytics.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn tally(
        &self,
        ctx: &OpContext,
        span: &std::ops::Range<Timestamp>,
        rows_max: usize,
    ) -> Result<Vec<AnalyticTally>, StateError> {
        let query = sqlx::query(TALLY)
            .bind(agency(ctx))
            .bind(span.start.as_micros())
            .bind(span.end.as_micros())
            .bind(rows_max as i64);
        self.fetch_all(ctx, "counting findings", query).await?.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<AnalyticTally, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "finding", detail };
    let id: String = get(row, 2)?;
    let detection: String = get(row, 3)?;
    Ok(AnalyticTally {
        example: FindingId::parse(&id).ok_or_else(|| corrupt(format!("{id} is no id")))?,
        detection: serde_json::from_str(&detection).map_err(|error| corrupt(error.to_string()))?,
        count: get::<i64>(row, 0)?.max(0) as u64,
        last: Timestamp::from_micros(get(row, 1)?),
    })
}
