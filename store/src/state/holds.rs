//! Legal holds: times whose data must not be deleted. The lake asks before it expires, compacts away or vacuums anything.

use model::{OpContext, Timestamp, limits};

use super::agency;
use super::database::{State, StateError, check_name, check_size, get};
use super::ledger::{Deed, object_named};

const INSERT: &str = "INSERT INTO legal_holds (agency, name, reason, from_us, upto_us, placed_by, placed_us) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (agency, name) DO NOTHING";
const SELECT_ALL: &str = "SELECT name, reason, from_us, upto_us, placed_by, placed_us, lifted_by, lifted_us \
    FROM legal_holds WHERE agency = $1 ORDER BY name";
const COUNT_ACTIVE: &str = "SELECT COUNT(*) FROM legal_holds \
    WHERE agency = $1 AND lifted_us IS NULL AND from_us < $3 AND upto_us > $2";
const LIFT: &str = "UPDATE legal_holds SET lifted_by = $3, lifted_us = $4 \
    WHERE agency = $1 AND name = $2 AND lifted_us IS NULL";

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT_ALL, COUNT_ACTIVE, LIFT];

/// A time whose data must not be deleted, whatever retention or an erasure request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalHold {
    /// Its name, one in an agency, for ever.
    pub name: String,
    /// Why, with the reference of the case.
    pub reason: String,
    /// From this time of the event on.
    pub from: Timestamp,
    /// Before this time.
    pub upto: Timestamp,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed: Timestamp,
    /// Who lifted it and when, if somebody did.
    pub lifted: Option<(String, Timestamp)>,
}

impl State {
    /// Places a hold on the agency's data of `from..upto`.
    ///
    /// # Errors
    /// When the name is none or taken (a lifted hold keeps its name), the time is empty, or the database refuses.
    pub async fn place_hold(
        &self,
        ctx: &OpContext,
        (name, reason): (&str, &str),
        (from, upto): (Timestamp, Timestamp),
    ) -> Result<(), StateError> {
        let name = check_name(name)?;
        check_size("bytes of a reason", reason.len(), limits::HOLD_REASON_BYTES_MAX)?;
        if from >= upto {
            return Err(StateError::Corrupt {
                what: "legal hold",
                detail: format!("nothing is from {from} to {upto}"),
            });
        }
        let query = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(name.clone())
            .bind(reason.to_owned())
            .bind(from.as_micros())
            .bind(upto.as_micros())
            .bind(ctx.actor.clone())
            .bind(ctx.now.as_micros());
        let words = serde_json::json!({ "name": name, "reason": reason }).to_string();
        let deed = Deed::done("hold.place", object_named("hold", &name)).saying(words);
        let is_new = self.write(ctx, "placing a hold", query, deed).await? > 0;
        if is_new { Ok(()) } else { Err(StateError::Exists { what: "legal hold", name }) }
    }

    /// Lifts a hold of the agency.
    ///
    /// # Errors
    /// When there is no such hold in force, or the database refuses.
    pub async fn lift_hold(&self, ctx: &OpContext, name: &str) -> Result<(), StateError> {
        let query = sqlx::query(LIFT).bind(agency(ctx)).bind(name.to_owned()).bind(ctx.actor.clone());
        let deed = Deed::done_to_named("hold.lift", "hold", name);
        let was_there = self.write(ctx, "lifting a hold", query.bind(ctx.now.as_micros()), deed).await? > 0;
        if was_there { Ok(()) } else { Err(StateError::NotFound { what: "legal hold", name: name.to_owned() }) }
    }

    /// All holds of the agency, lifted ones included, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn holds(&self, ctx: &OpContext) -> Result<Vec<LegalHold>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading holds", query).await?.iter().map(read).collect()
    }

    /// Whether a hold in force touches the agency's data of `from..upto`.
    ///
    /// # Errors
    /// When the database refuses; nothing may be deleted then either.
    pub async fn is_held(&self, ctx: &OpContext, from: Timestamp, upto: Timestamp) -> Result<bool, StateError> {
        let query = sqlx::query(COUNT_ACTIVE).bind(agency(ctx)).bind(from.as_micros()).bind(upto.as_micros());
        Ok(self.count(ctx, "reading holds", query).await? > 0)
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<LegalHold, StateError> {
    let lifted_by: Option<String> = get(row, 6)?;
    let lifted: Option<i64> = get(row, 7)?;
    Ok(LegalHold {
        name: get(row, 0)?,
        reason: get(row, 1)?,
        from: Timestamp::from_micros(get(row, 2)?),
        upto: Timestamp::from_micros(get(row, 3)?),
        placed_by: get(row, 4)?,
        placed: Timestamp::from_micros(get(row, 5)?),
        lifted: lifted_by.zip(lifted.map(Timestamp::from_micros)),
    })
}
