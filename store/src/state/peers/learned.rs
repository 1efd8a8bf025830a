//! What people here said was seen or is harmless, in the order in which they said it: whoever may hear it later hears it from here.
//!
//! `indicator_sightings` counts by day and forgets how each may be told; here each stands alone, with the finding that it was decided about
//! by its id only, so that no word of it is kept twice.

use model::{FindingId, IndicatorKind, Marking, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::bulk::Bulk;
use super::super::database::{State, StateError, check_size, get, sql};
use super::super::findings::{SET_SEQUENCE, TAKE_SEQUENCE};
use super::super::intel::{NewSighting, keep_sightings_in, kind, marking};
use super::super::ledger::Deed;

const INSERT: &str = "INSERT INTO learned (agency, number, kind, value, is_false, times, first_us, last_us, tlp, pap, only_groups, \
    finding, learned_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const SELECT_AFTER: &str = "SELECT number, kind, value, is_false, times, first_us, last_us, tlp, pap, only_groups, finding, learned_us \
    FROM learned WHERE agency = $1 AND number > $2 ORDER BY number LIMIT $3";
const SELECT_ON: &str = "SELECT number, kind, value, is_false, times, first_us, last_us, tlp, pap, only_groups, finding, learned_us \
    FROM learned WHERE agency = $1 AND kind = $2 AND value = $3 ORDER BY number DESC LIMIT $4";
const DELETE_BEFORE: &str = "DELETE FROM learned WHERE agency = $1 AND learned_us < $2";
/// Things that the last word here called harmless.
static HARMLESS: Bulk = Bulk::new(
    "looking for what is harmless",
    (
        "WITH listed (kind, value) AS (VALUES",
        "(CAST(? AS BIGINT), ?)",
        ") SELECT l.kind, l.value FROM listed CROSS JOIN learned l WHERE l.agency = $1 AND l.kind = listed.kind AND l.value = listed.value \
     AND l.is_false = 1 AND NOT EXISTS (SELECT 1 FROM learned n WHERE n.agency = l.agency AND n.kind = l.kind AND n.value = l.value \
     AND n.number > l.number)",
    ),
    1,
);

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT_AFTER, SELECT_ON, DELETE_BEFORE];

pub(super) fn bulk_statements() -> Vec<&'static str> {
    HARMLESS.statements()
}

/// Name of the sequence that numbers what is learned.
const SEQUENCE: &str = "learned";

/// A number in the order in which things were learned; 0 stands before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LearnedNumber(i64);

impl std::fmt::Display for LearnedNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that is learned from people here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLearned {
    /// As it is counted; its marking may be stricter than how it is told.
    pub sighting: NewSighting,
    /// How far it itself may be told.
    pub told: Marking,
    /// Names of the sharing groups that it is for alone; none: for all whom the marking allows.
    pub groups: Vec<String>,
    /// The finding that it was decided about.
    pub finding: Option<FindingId>,
}

/// The same as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Its number.
    pub number: LearnedNumber,
    /// What was seen.
    pub kind: IndicatorKind,
    /// Its value in normal form.
    pub value: String,
    /// It turned out to be harmless.
    pub is_false: bool,
    /// How often.
    pub times: u64,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// How far it may be told.
    pub told: Marking,
    /// The sharing groups that it is for alone.
    pub groups: Vec<String>,
    /// The finding that it was decided about.
    pub finding: Option<FindingId>,
    /// When somebody said it.
    pub at: Timestamp,
}

impl State {
    /// Keeps what people say, with its lines in the ledger: all or nothing.
    ///
    /// # Errors
    /// When a text is too long, or the database refuses.
    pub async fn learn(&self, ctx: &OpContext, learned: &[NewLearned], deeds: &[Deed]) -> Result<(), StateError> {
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let sightings: Vec<NewSighting> = learned.iter().map(|one| one.sighting.clone()).collect();
        keep_sightings_in(&mut work, ctx, &sightings).await?;
        keep(&mut work, ctx, learned).await?;
        self.append(&mut work, ctx, deeds).await?;
        work.commit().await.map_err(sql("keeping what was learned"))
    }

    /// What was learned behind a number, in its order.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn learned_after(
        &self,
        ctx: &OpContext,
        after: LearnedNumber,
        rows_max: usize,
    ) -> Result<Vec<Learned>, StateError> {
        let query = sqlx::query(SELECT_AFTER).bind(agency(ctx)).bind(after.0).bind(rows_max as i64);
        self.fetch_all(ctx, "reading what was learned", query).await?.iter().map(read).collect()
    }

    /// What was learned about a thing, the latest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn learned_on(
        &self,
        ctx: &OpContext,
        kind: IndicatorKind,
        value: &str,
    ) -> Result<Vec<Learned>, StateError> {
        let query = sqlx::query(SELECT_ON).bind(agency(ctx)).bind(kind as i64).bind(value.to_owned());
        let query = query.bind(limits::LEARNED_ON_MAX as i64);
        self.fetch_all(ctx, "reading what was learned", query).await?.iter().map(read).collect()
    }

    /// Those of the things that the last word here called harmless.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn harmless_among(
        &self,
        ctx: &OpContext,
        things: &[(IndicatorKind, String)],
    ) -> Result<Vec<(IndicatorKind, String)>, StateError> {
        let mut found = Vec::new();
        for question in HARMLESS.questions(|query| query.bind(agency(ctx)), things) {
            for row in &self.fetch_all(ctx, "looking for what is harmless", question).await? {
                found.push((kind(get(row, 0)?)?, get(row, 1)?));
            }
        }
        Ok(found)
    }

    /// Forgets what was learned before a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_learned_before(&self, ctx: &OpContext, before: Timestamp) -> Result<u64, StateError> {
        let query = sqlx::query(DELETE_BEFORE).bind(agency(ctx)).bind(before.as_micros());
        self.execute(ctx, "forgetting what was learned", query).await
    }
}

async fn keep(work: &mut Transaction<'_, Any>, ctx: &OpContext, learned: &[NewLearned]) -> Result<(), StateError> {
    if learned.is_empty() {
        return Ok(());
    }
    let keeping = sql("keeping what was learned");
    // Numbers are given in the order in which transactions end: whoever reads behind a number misses none below it.
    let row = sqlx::query(TAKE_SEQUENCE).bind(SEQUENCE).fetch_one(&mut **work).await.map_err(&keeping)?;
    let mut number: i64 = get(&row, 0)?;
    for one in learned {
        number += 1;
        let (sighting, groups) = (&one.sighting, one.groups.join(" "));
        check_size("bytes of names of groups", groups.len(), limits::LEARNED_GROUPS_BYTES_MAX)?;
        let query = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(number)
            .bind(sighting.kind as i64)
            .bind(sighting.value.clone())
            .bind(i64::from(sighting.is_false))
            .bind(i64::try_from(sighting.times).unwrap_or(i64::MAX))
            .bind(sighting.first.as_micros())
            .bind(sighting.last.as_micros())
            .bind(one.told.tlp as i64)
            .bind(one.told.pap as i64)
            .bind(groups)
            .bind(one.finding.map(|finding| finding.to_string()))
            .bind(ctx.now.as_micros());
        query.execute(&mut **work).await.map_err(&keeping)?;
    }
    let set = sqlx::query(SET_SEQUENCE).bind(SEQUENCE).bind(number).execute(&mut **work).await;
    set.map(|_| ()).map_err(keeping)
}

fn read(row: &AnyRow) -> Result<Learned, StateError> {
    let time = |column| -> Result<Timestamp, StateError> { Ok(Timestamp::from_micros(get(row, column)?)) };
    let (groups, finding): (String, Option<String>) = (get(row, 9)?, get(row, 10)?);
    Ok(Learned {
        number: LearnedNumber(get(row, 0)?),
        kind: kind(get(row, 1)?)?,
        value: get(row, 2)?,
        is_false: get::<i64>(row, 3)? == 1,
        times: get::<i64>(row, 4)?.max(0) as u64,
        first: time(5)?,
        last: time(6)?,
        told: marking(get(row, 7)?, get(row, 8)?)?,
        groups: groups.split_whitespace().map(str::to_owned).collect(),
        finding: finding.as_deref().and_then(FindingId::parse),
        at: time(11)?,
    })
}
