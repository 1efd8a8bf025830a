//! Which things a peer was told of, and whether that still stands: what may be there no more has to be taken back.
//!
//! A row is written by what leaves, in its transaction. It becomes doubtful when a ground for it may be gone; whoever decides whether another one
//! is left settles it, or takes the thing back.

use std::collections::BTreeMap;

use model::{IndicatorKind, Marking, OpContext};
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, get};
use super::super::intel::{kind, marking};
use super::PeerNumber;

const SELECT_DOUBTFUL: &str = "SELECT kind, value, tlp, pap FROM told WHERE agency = $1 AND peer = $2 AND is_doubtful = 1 \
    ORDER BY kind, value LIMIT $3";
const SELECT_AFTER: &str = "SELECT kind, value, tlp, pap FROM told WHERE agency = $1 AND peer = $2 AND is_taken_back = 0 \
    AND (kind, value) > ($3, $4) ORDER BY kind, value LIMIT $5";
const FORGET: &str = "DELETE FROM told WHERE agency = $1 AND peer = $2";
static TELL: Bulk = Bulk::new(
    "keeping what a peer was told of",
    (
        "INSERT INTO told (agency, peer, kind, value, tlp, pap, is_taken_back, is_doubtful, told_us) VALUES",
        "($1, $2, ?, ?, ?, ?, ?, 0, $3)",
        "ON CONFLICT (agency, peer, kind, value) DO UPDATE SET tlp = excluded.tlp, pap = excluded.pap, \
     is_taken_back = excluded.is_taken_back, is_doubtful = 0, told_us = excluded.told_us",
    ),
    3,
);
/// What is in the collection already, and is perhaps not known as told: it left before that was kept.
static KNOW: Bulk = Bulk::new(
    "keeping what a peer was told of",
    (
        "INSERT INTO told (agency, peer, kind, value, tlp, pap, is_taken_back, is_doubtful, told_us) VALUES",
        "($1, $2, ?, ?, ?, ?, ?, 0, $3)",
        "ON CONFLICT DO NOTHING",
    ),
    3,
);
static DOUBT: Bulk = Bulk::any_of(
    "doubting what peers were told of",
    ("UPDATE told SET is_doubtful = 1 WHERE", "(agency = $1 AND kind = ? AND value = ? AND is_taken_back = 0)", ""),
    1,
);
static DOUBT_OF: Bulk = Bulk::new(
    "doubting what a peer was told of",
    (
        "WITH listed (kind, value) AS (VALUES",
        "(CAST(? AS BIGINT), ?)",
        ") UPDATE told SET is_doubtful = 1 FROM listed WHERE told.agency = $1 AND told.peer = $2 AND told.is_taken_back = 0 \
     AND told.kind = listed.kind AND told.value = listed.value",
    ),
    2,
);
static SETTLE: Bulk = Bulk::new(
    "settling what a peer was told of",
    (
        "WITH listed (kind, value) AS (VALUES",
        "(CAST(? AS BIGINT), ?)",
        ") UPDATE told SET is_doubtful = 0 FROM listed WHERE told.agency = $1 AND told.peer = $2 \
     AND told.kind = listed.kind AND told.value = listed.value",
    ),
    2,
);
static TAKEN_BACK: Bulk = Bulk::new(
    "looking for what was taken back",
    (
        "WITH listed (kind, value) AS (VALUES",
        "(CAST(? AS BIGINT), ?)",
        ") SELECT t.kind, t.value FROM listed CROSS JOIN told t WHERE t.agency = $1 AND t.peer = $2 AND t.is_taken_back = 1 \
     AND t.kind = listed.kind AND t.value = listed.value",
    ),
    2,
);

pub(super) const STATEMENTS: &[&str] = &[SELECT_DOUBTFUL, SELECT_AFTER, FORGET];

pub(super) fn bulk_statements() -> Vec<&'static str> {
    [&TELL, &KNOW, &DOUBT, &DOUBT_OF, &SETTLE, &TAKEN_BACK].into_iter().flat_map(Bulk::statements).collect()
}

/// A thing: kind and value in normal form.
pub(super) type Thing = (IndicatorKind, String);

/// Something that a peer was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub kind: IndicatorKind,
    /// Its value.
    pub value: String,
    /// Under which marking it was told last.
    pub marking: Marking,
}

/// What is told of things by one moment's departures, the last word on each.
#[derive(Default)]
pub(super) struct Telling {
    told: BTreeMap<Thing, Word>,
    known: BTreeMap<Thing, Word>,
}

#[derive(Clone, Copy)]
struct Word {
    marking: Marking,
    is_taken_back: bool,
}

impl Telling {
    /// A thing left, or is in the collection already.
    pub(super) fn add(&mut self, thing: Thing, marking: Marking, is_taken_back: bool, is_new: bool) {
        let into = if is_new { &mut self.told } else { &mut self.known };
        into.insert(thing, Word { marking, is_taken_back });
    }

    pub(super) async fn keep(
        self,
        work: &mut Transaction<'_, Any>,
        ctx: &OpContext,
        peer: PeerNumber,
    ) -> Result<(), StateError> {
        let share = |query: Bound| query.bind(agency(ctx)).bind(peer.0).bind(ctx.now.as_micros());
        for (bulk, rows) in [(&KNOW, self.known), (&TELL, self.told)] {
            let rows: Vec<(Thing, Word)> = rows.into_iter().collect();
            bulk.run(work, share, &rows).await?;
        }
        Ok(())
    }
}

impl Row for (Thing, Word) {
    fn bind(&self, query: Bound) -> Bound {
        let ((kind, value), word) = self;
        query
            .bind(*kind as i64)
            .bind(value.clone())
            .bind(word.marking.tlp as i64)
            .bind(word.marking.pap as i64)
            .bind(i64::from(word.is_taken_back))
    }
}

/// What all peers were told of these things has to be looked at again.
pub(in super::super) async fn doubt(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    things: &[Thing],
) -> Result<(), StateError> {
    DOUBT.run(work, |query| query.bind(agency(ctx)), things).await.map(|_| ())
}

/// The same for one peer; and what was looked at and stands.
pub(super) async fn judge(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    peer: PeerNumber,
    (doubted, settled): (&[Thing], &[Thing]),
) -> Result<(), StateError> {
    let share = |query: Bound| query.bind(agency(ctx)).bind(peer.0);
    SETTLE.run(work, share, settled).await?;
    DOUBT_OF.run(work, share, doubted).await.map(|_| ())
}

impl State {
    /// What a peer was told of and may have to be taken back, in the order of kind and value.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn doubtful(&self, ctx: &OpContext, peer: PeerNumber, rows_max: usize) -> Result<Vec<Told>, StateError> {
        let query = sqlx::query(SELECT_DOUBTFUL).bind(agency(ctx)).bind(peer.0).bind(rows_max as i64);
        self.fetch_all(ctx, "reading what is doubtful", query).await?.iter().map(read).collect()
    }

    /// What a peer was told of and was not taken back, behind a thing.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn told_after(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        after: Option<(IndicatorKind, &str)>,
        rows_max: usize,
    ) -> Result<Vec<Told>, StateError> {
        let (kind, value) = after.map_or((0, ""), |(kind, value)| (kind as i64, value));
        let query = sqlx::query(SELECT_AFTER).bind(agency(ctx)).bind(peer.0).bind(kind).bind(value.to_owned());
        let query = query.bind(rows_max as i64);
        self.fetch_all(ctx, "reading what a peer was told of", query).await?.iter().map(read).collect()
    }

    /// Those of the things that a peer was told of and that were taken back since.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn taken_back_among(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        things: &[(IndicatorKind, String)],
    ) -> Result<Vec<(IndicatorKind, String)>, StateError> {
        let mut found = Vec::new();
        for question in TAKEN_BACK.questions(|query| query.bind(agency(ctx)).bind(peer.0), things) {
            for row in &self.fetch_all(ctx, "looking for what was taken back", question).await? {
                found.push((kind(get(row, 0)?)?, get(row, 1)?));
            }
        }
        Ok(found)
    }

    pub(super) async fn forget_told(&self, ctx: &OpContext, peer: PeerNumber) -> Result<(), StateError> {
        let query = sqlx::query(FORGET).bind(agency(ctx)).bind(peer.0);
        self.execute(ctx, "forgetting what a peer was told of", query).await.map(|_| ())
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Told, StateError> {
    Ok(Told { kind: kind(get(row, 0)?)?, value: get(row, 1)?, marking: marking(get(row, 2)?, get(row, 3)?)? })
}
