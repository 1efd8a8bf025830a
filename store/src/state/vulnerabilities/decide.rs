//! What people decide about vulnerabilities: to carry a risk, to carry it no longer, and what holds. Each is a change of its own.

use model::vulnerability::{Acceptance, Word};
use model::{OpContext, limits};
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::database::{State, StateError, check_size, get, sql};
use super::super::ledger::Deed;
use super::{Decision, corrupt, take_head};

pub(in crate::state) const COUNT: &str = "SELECT COUNT(*) FROM vulnerability_decisions WHERE agency = $1";
pub(in crate::state) const SELECT: &str = "SELECT body FROM vulnerability_decisions WHERE agency = $1 AND number = $2";
pub(in crate::state) const INSERT: &str =
    "INSERT INTO vulnerability_decisions (agency, number, body) VALUES ($1, $2, $3)";
pub(in crate::state) const REWRITE: &str =
    "UPDATE vulnerability_decisions SET body = $3 WHERE agency = $1 AND number = $2";

impl State {
    /// Keeps that a risk is carried, with its line in the ledger. It gets its number here.
    ///
    /// # Errors
    /// When there are too many, or the database refuses.
    pub async fn accept_risk(
        &self,
        ctx: &OpContext,
        acceptance: Acceptance,
        deed: Deed,
    ) -> Result<Acceptance, StateError> {
        let number = self.decide_vulnerability(
            ctx,
            |number| Decision::Acceptance(Acceptance { number, ..acceptance.clone() }),
            deed,
        );
        Ok(Acceptance { number: number.await?, ..acceptance })
    }

    /// Keeps what a person says, with its line in the ledger. It gets its number here.
    ///
    /// # Errors
    /// When there are too many, or the database refuses.
    pub async fn say_vulnerability(&self, ctx: &OpContext, word: Word, deed: Deed) -> Result<Word, StateError> {
        let number = self.decide_vulnerability(ctx, |number| Decision::Word(Word { number, ..word.clone() }), deed);
        Ok(Word { number: number.await?, ..word })
    }

    /// Takes an acceptance back, with its line in the ledger.
    ///
    /// # Errors
    /// When there is none of that number, it was lifted already, or the database refuses.
    pub async fn lift_acceptance(&self, ctx: &OpContext, number: u64, deed: Deed) -> Result<Acceptance, StateError> {
        let lifting = sql("lifting an acceptance");
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        take_head(&mut work, ctx).await?;
        let query = sqlx::query(SELECT).bind(agency(ctx)).bind(number as i64);
        let row = query.fetch_optional(&mut *work).await.map_err(&lifting)?;
        let no_such = || StateError::NotFound { what: "acceptance", name: number.to_string() };
        let body: String = get(&row.ok_or_else(no_such)?, 0)?;
        let Decision::Acceptance(mut acceptance) = serde_json::from_str(&body).map_err(corrupt)? else {
            return Err(no_such());
        };
        if acceptance.lifted.is_some() {
            return Err(StateError::Changed { what: "acceptance", name: number.to_string() });
        }
        acceptance.lifted = Some((ctx.now, ctx.actor.clone()));
        rewrite(&mut work, ctx, number, &Decision::Acceptance(acceptance.clone())).await?;
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(lifting)?;
        Ok(acceptance)
    }

    async fn decide_vulnerability(
        &self,
        ctx: &OpContext,
        decision: impl FnOnce(u64) -> Decision,
        deed: Deed,
    ) -> Result<u64, StateError> {
        let keeping = sql("keeping a decision about a vulnerability");
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let number = take_head(&mut work, ctx).await?.number;
        let count = sqlx::query(COUNT).bind(agency(ctx)).fetch_one(&mut *work).await.map_err(&keeping)?;
        let count = get::<i64>(&count, 0)?.max(0) as usize;
        check_size("decisions about vulnerabilities", count + 1, limits::ACCEPTANCES_MAX)?;
        let insert = sqlx::query(INSERT).bind(agency(ctx)).bind(number as i64).bind(body(&decision(number))?);
        insert.execute(&mut *work).await.map_err(&keeping)?;
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(keeping)?;
        Ok(number)
    }
}

fn body(decision: &Decision) -> Result<String, StateError> {
    let body = serde_json::to_string(decision).map_err(corrupt)?;
    check_size("bytes of a decision", body.len(), limits::INSTANCE_BODY_BYTES_MAX)?;
    Ok(body)
}

/// Writes a decision anew under its number.
pub(super) async fn rewrite(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    number: u64,
    decision: &Decision,
) -> Result<(), StateError> {
    let query = sqlx::query(REWRITE).bind(agency(ctx)).bind(number as i64).bind(body(decision)?);
    query.execute(&mut **work).await.map_err(sql("writing a decision anew"))?;
    Ok(())
}
