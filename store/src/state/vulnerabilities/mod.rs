//! Vulnerabilities on items of the register: what checkers found, what people decided, which items were looked at.
//!
//! A check replaces what the same checker found before on the items that it looked at, in one transaction with one number. What people
//! decide stays for ever; an acceptance that was lifted says so.

mod decide;
mod erase;
mod whole;
mod write;

use model::Timestamp;
use model::vulnerability::{Acceptance, Instance, Word};
use serde::{Deserialize, Serialize};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{StateError, get, sql};
use super::register::Revision;

pub use whole::VulnerabilitiesWhole;

pub(super) const STATEMENTS: &[&str] = &[
    TAKE_HEAD,
    write::COUNT_INSTANCES,
    whole::SELECT_HEAD,
    whole::INSTANCES,
    whole::DECISIONS,
    whole::CHECKS,
    decide::COUNT,
    decide::SELECT,
    decide::INSERT,
    decide::REWRITE,
];

/// The statements that are made for many rows at once, for the test that prepares all of them.
pub(super) fn bulk_statements() -> Vec<&'static str> {
    [
        write::KEEP_INSTANCES.statements(),
        write::FORGET_OLD.statements(),
        write::FORGET_INSTANCES.statements(),
        write::FORGET_CHECKS.statements(),
        write::KEEP_CHECKS.statements(),
    ]
    .concat()
}

/// Takes the head for this transaction, so that changes come one after another.
const TAKE_HEAD: &str = "INSERT INTO vulnerability_heads (agency, revision, changed_us) VALUES ($1, 1, $2) \
    ON CONFLICT (agency) DO UPDATE SET revision = vulnerability_heads.revision + 1, \
    changed_us = CASE WHEN vulnerability_heads.changed_us < excluded.changed_us THEN excluded.changed_us \
    ELSE vulnerability_heads.changed_us + 1 END RETURNING revision, changed_us";

/// What a checker found, as it is kept.
#[derive(Serialize, Deserialize)]
struct Found {
    by: String,
    found: Instance,
}

/// What people decided, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Acceptance(Acceptance),
    Word(Word),
}

async fn take_head(work: &mut Transaction<'_, Any>, ctx: &model::OpContext) -> Result<Revision, StateError> {
    let query = sqlx::query(TAKE_HEAD).bind(agency(ctx)).bind(ctx.now.as_micros());
    let row = query.fetch_one(&mut **work).await.map_err(sql("taking the vulnerabilities' head"))?;
    Ok(Revision { number: get::<i64>(&row, 0)?.max(0) as u64, at: Timestamp::from_micros(get(&row, 1)?) })
}

fn corrupt(detail: impl ToString) -> StateError {
    StateError::Corrupt { what: "vulnerability", detail: detail.to_string() }
}
