//! What became of objects that were brought.

use std::time::Duration;

use model::{OpContext, limits};
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::database::{State, StateError, get, sql};

const INSERT: &str = "INSERT INTO taxii_statuses (agency, id, root, holder, created_us, body) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const SELECT: &str = "SELECT body FROM taxii_statuses WHERE agency = $1 AND id = $2 AND root = $3 AND holder = $4";
const SWEEP: &str = "DELETE FROM taxii_statuses WHERE agency = $1 AND (created_us < $2 OR created_us < \
    (SELECT created_us FROM taxii_statuses WHERE agency = $1 ORDER BY created_us DESC LIMIT 1 OFFSET $3))";

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT, SWEEP];

/// One of so many requests sweeps what is too old, or too much.
const SWEEPS_ONE_IN: u8 = 64;

impl State {
    /// What was written down about a request of that holder, if it is still known.
    ///
    /// # Errors
    /// When it is not, or the database refuses.
    pub async fn share_status(
        &self,
        ctx: &OpContext,
        root: &str,
        id: &str,
        holder: &str,
    ) -> Result<String, StateError> {
        let query = sqlx::query(SELECT).bind(agency(ctx)).bind(id.to_owned());
        let query = query.bind(root.to_owned()).bind(holder.to_owned());
        let row = self.fetch_optional(ctx, "reading a status", query).await?;
        let missing = || StateError::NotFound { what: "status", name: id.chars().take(80).collect() };
        row.as_ref().map_or_else(|| Err(missing()), |row| get(row, 0))
    }

    /// Writes down what became of a request.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_share_status(
        &self,
        ctx: &OpContext,
        root: &str,
        (id, body): (&str, &str),
    ) -> Result<(), StateError> {
        let mut work = self.begin(ctx).await?;
        keep(&mut work, ctx, root, (id, body)).await?;
        work.commit().await.map_err(sql("writing a status"))
    }
}

/// The same in the transaction of the objects themselves. The id is random, so it tells whose turn it is to sweep.
pub(super) async fn keep(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    root: &str,
    (id, body): (&str, &str),
) -> Result<(), StateError> {
    let writing = sql("writing a status");
    let query = sqlx::query(INSERT).bind(agency(ctx)).bind(id.to_owned()).bind(root.to_owned());
    let query = query.bind(ctx.actor.clone()).bind(ctx.now.as_micros()).bind(body.to_owned());
    query.execute(&mut **work).await.map_err(&writing)?;
    let is_its_turn = id.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    if is_its_turn.is_some_and(|digit| digit % SWEEPS_ONE_IN == 0) {
        let oldest = ctx.now.minus(Duration::from_secs(limits::TAXII_STATUS_SECONDS));
        let sweep = sqlx::query(SWEEP).bind(agency(ctx)).bind(oldest.as_micros());
        let sweep = sweep.bind(limits::TAXII_STATUSES_MAX as i64);
        sweep.execute(&mut **work).await.map_err(&writing)?;
    }
    Ok(())
}
