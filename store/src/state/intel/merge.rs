//! Bringing what a source says now together with what it said before: a comparison of two sorted sequences, of which only what differs
//! is written.
//!
//! Pages are compared and written one after another, so that others write in between, and a run that is cut off has done a part of its
//! work that the next run finds done.

use std::cmp::Ordering;

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, check_size, get, sql};
use super::super::packed::Packed;
use super::super::peers::doubt;
use super::claims::{NewClaim, kind};
use super::sources::SourceNumber;
use model::{IndicatorKind, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};

pub(super) const SELECT_DIGESTS: &str = "SELECT string_agg(kind || ' ' || digest || ' ' \
    || CASE WHEN gone_us IS NULL THEN 0 ELSE 1 END || ' ' || octet_length(value) || ' ' || value, '' ORDER BY kind, value) \
    FROM (SELECT kind, digest, gone_us, value FROM claims WHERE agency = $1 AND source = $2 AND (kind, value) >= ($3, $4) \
    ORDER BY kind, value LIMIT $5) AS page";
pub(super) static UPSERT: Bulk = Bulk::new(
    "keeping claims",
    (
        "INSERT INTO claims (agency, source, kind, value, digest, label, confidence, credibility, level, tlp, pap, reference, seen_us, \
     until_us, first_us, changed_us, gone_us) VALUES",
        "($1, $2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, $3, $3, NULL)",
        "ON CONFLICT (agency, source, kind, value) DO UPDATE SET digest = excluded.digest, label = excluded.label, \
     confidence = excluded.confidence, credibility = excluded.credibility, level = excluded.level, tlp = excluded.tlp, \
     pap = excluded.pap, reference = excluded.reference, seen_us = excluded.seen_us, until_us = excluded.until_us, \
     changed_us = excluded.changed_us, gone_us = NULL WHERE claims.digest <> excluded.digest OR claims.gone_us IS NOT NULL",
    ),
    3,
);
pub(super) static GONE: Bulk = Bulk::new(
    "marking claims as gone",
    (
        "WITH listed (kind, value) AS (VALUES",
        "(CAST(? AS BIGINT), ?)",
        ") UPDATE claims SET gone_us = $3, changed_us = $3 FROM listed WHERE claims.agency = $1 AND claims.source = $2 \
     AND claims.gone_us IS NULL AND claims.kind = listed.kind AND claims.value = listed.value",
    ),
    3,
);
pub(super) static REMOVE: Bulk = Bulk::any_of(
    "taking claims back",
    (
        "DELETE FROM claims WHERE",
        // `$3` is the time, as for the others, which share their values with this one.
        "(agency = $1 AND source = $2 AND kind = ? AND value = ? AND first_us <= $3)",
        "",
    ),
    3,
);
pub(super) const DELETE_SOURCE: &str = "DELETE FROM claims WHERE agency = $1 AND source = $2 AND (kind, value) IN \
    (SELECT kind, value FROM claims WHERE agency = $1 AND source = $2 ORDER BY kind, value LIMIT $3)";
pub(super) const DELETE_GONE: &str = "DELETE FROM claims WHERE agency = $1 AND source = $2 AND gone_us < $3";

/// What claims are that a source does not bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeKind {
    /// Gone: it brought all that it says.
    Whole,
    /// As they were: it brought what is new.
    Part,
}

/// What became of what a source brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeCounts {
    /// Claims that were new.
    pub added: u64,
    /// Claims that say something else now, or are there again.
    pub changed: u64,
    /// Claims as they were.
    pub unchanged: u64,
    /// Claims that the source lists no more, or took back.
    pub gone: u64,
}

impl MergeCounts {
    /// Both together.
    pub fn add(&mut self, more: MergeCounts) {
        self.added += more.added;
        self.changed += more.changed;
        self.unchanged += more.unchanged;
        self.gone += more.gone;
    }

    /// Whether nothing at all was written.
    pub fn is_nothing(&self) -> bool {
        self.added + self.changed + self.gone == 0
    }
}

/// Rows that are read at least, to compare a part with.
const PART_PAGE_MIN: usize = 64;

/// A claim's place in the order of claims.
type Place = (IndicatorKind, String);

/// What is kept of a claim, as far as comparing needs it.
struct Digested {
    place: Place,
    digest: i64,
    is_gone: bool,
}

/// What has to be written.
#[derive(Default)]
struct Changes<'c> {
    upserts: Vec<&'c NewClaim>,
    gone: Vec<Place>,
}

impl Row for &NewClaim {
    fn bind(&self, query: Bound) -> Bound {
        let claim = self;
        query
            .bind(claim.kind as i64)
            .bind(claim.value.clone())
            .bind(claim.digest())
            .bind(claim.label.clone())
            .bind(i64::from(claim.confidence.percent()))
            .bind(i64::from(claim.credibility.number()))
            .bind(i64::from(claim.level.severity_id()))
            .bind(claim.marking.tlp as i64)
            .bind(claim.marking.pap as i64)
            .bind(claim.reference.clone())
            .bind(claim.seen.map(Timestamp::as_micros))
            .bind(claim.until.map(Timestamp::as_micros))
    }
}

impl Row for Place {
    fn bind(&self, query: Bound) -> Bound {
        query.bind(self.0 as i64).bind(self.1.clone())
    }
}

fn place_of(claim: &NewClaim) -> (IndicatorKind, &str) {
    (claim.kind, &claim.value)
}

impl State {
    /// Brings what a source says now together with what it said before. `claims` is in the order of kind and value, each once;
    /// `progress` hears how many of them are dealt with.
    ///
    /// # Errors
    /// When the order is wrong, texts are too long, there are too many, or the database refuses. What was written by then stays, and
    /// the next run finds it.
    pub async fn merge_claims(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        (merge, claims): (MergeKind, &[NewClaim]),
        mut progress: impl FnMut(usize),
    ) -> Result<MergeCounts, StateError> {
        check(claims)?;
        let (mut counts, mut rest, mut from) = (MergeCounts::default(), claims, None::<Place>);
        loop {
            // Of a source that brought only a part, what lies between its claims is of no interest.
            let rows_max = match (merge, rest.first()) {
                (MergeKind::Part, None) => return Ok(counts),
                (MergeKind::Part, Some(first)) => {
                    from = Some((first.kind, first.value.clone()));
                    rest.len().clamp(PART_PAGE_MIN, limits::CLAIMS_PAGE_MAX)
                }
                (MergeKind::Whole, _) => limits::CLAIMS_PAGE_MAX,
            };
            let page = self.digests(ctx, source, from.as_ref(), rows_max).await?;
            // As far as this page says what is kept.
            let last = page.last().filter(|_| page.len() == rows_max);
            let upto = last.map_or(rest.len(), |last| {
                rest.partition_point(|claim| place_of(claim) <= (last.place.0, last.place.1.as_str()))
            });
            let (now, later) = rest.split_at(upto);
            let (changes, found) = compare(merge, &page, now);
            counts.add(found);
            from = last.map(just_behind);
            self.write_changes(ctx, source, &changes).await?;
            rest = later;
            progress(claims.len() - rest.len());
            if from.is_none() {
                return Ok(counts);
            }
        }
    }

    /// Takes claims of a source back, because it said so itself. Says how many were there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_back_claims(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        places: &[(IndicatorKind, String)],
    ) -> Result<u64, StateError> {
        let mut taken = 0;
        for places in places.chunks(limits::CLAIMS_PAGE_MAX) {
            let mut work = self.begin(ctx).await?;
            taken += REMOVE.run(&mut work, share(ctx, source), places).await?;
            // What peers were told of them has to be looked at again.
            doubt(&mut work, ctx, places).await?;
            work.commit().await.map_err(sql("taking claims back"))?;
        }
        Ok(taken)
    }

    /// Forgets all claims of a source. Says how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_claims_of(&self, ctx: &OpContext, source: SourceNumber) -> Result<u64, StateError> {
        let mut dropped = 0;
        loop {
            let query = sqlx::query(DELETE_SOURCE).bind(agency(ctx)).bind(source.0);
            let query = query.bind(limits::CLAIMS_PAGE_MAX as i64);
            match self.execute(ctx, "forgetting claims", query).await? {
                0 => return Ok(dropped),
                some => dropped += some,
            }
        }
    }

    /// Forgets claims that a source has not listed since before a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_claims_gone(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        before: Timestamp,
    ) -> Result<u64, StateError> {
        let query = sqlx::query(DELETE_GONE).bind(agency(ctx)).bind(source.0).bind(before.as_micros());
        self.execute(ctx, "forgetting claims", query).await
    }

    async fn digests(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        from: Option<&Place>,
        rows_max: usize,
    ) -> Result<Vec<Digested>, StateError> {
        let (first, value) = from.map_or((0, String::new()), |(kind, value)| (*kind as i64, value.clone()));
        let query =
            sqlx::query(SELECT_DIGESTS).bind(agency(ctx)).bind(source.0).bind(first).bind(value).bind(rows_max as i64);
        let row = self.fetch_optional(ctx, "comparing claims", query).await?;
        let text = row.map(|row| get::<Option<String>>(&row, 0)).transpose()?.flatten().unwrap_or_default();
        let mut packed = Packed::new("claim", &text);
        let mut page = Vec::new();
        while !packed.is_empty() {
            let (number, digest, is_gone, length) =
                (packed.number()?, packed.number()?, packed.number()? == 1, packed.number()?);
            page.push(Digested { place: (kind(number)?, packed.text(length)?.to_owned()), digest, is_gone });
        }
        Ok(page)
    }

    async fn write_changes(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        changes: &Changes<'_>,
    ) -> Result<(), StateError> {
        let writing = sql("keeping claims");
        for claims in changes.upserts.chunks(limits::CLAIMS_PAGE_MAX) {
            let mut work = self.begin(ctx).await?;
            UPSERT.run(&mut work, share(ctx, source), claims).await?;
            work.commit().await.map_err(&writing)?;
        }
        if !changes.gone.is_empty() {
            let mut work = self.begin(ctx).await?;
            GONE.run(&mut work, share(ctx, source), &changes.gone).await?;
            work.commit().await.map_err(&writing)?;
        }
        Ok(())
    }
}

/// What all rows of a source's claims or objects share: agency, source and time.
pub(super) fn share(ctx: &OpContext, source: SourceNumber) -> impl Fn(Bound) -> Bound {
    move |query| query.bind(agency(ctx)).bind(source.0).bind(ctx.now.as_micros())
}

/// The place behind one: no value has a sign as small as this.
fn just_behind(digested: &Digested) -> Place {
    let (kind, value) = &digested.place;
    (*kind, format!("{value}\u{1}"))
}

fn corrupt(detail: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "list of claims", detail: detail.into() }
}

fn check(claims: &[NewClaim]) -> Result<(), StateError> {
    check_size("claims of one source", claims.len(), limits::CLAIMS_OF_SOURCE_MAX)?;
    for claim in claims {
        check_size("bytes of a value", claim.value.len(), limits::INDICATOR_VALUE_BYTES_MAX)?;
        check_size("bytes of a label", claim.label.len(), limits::INDICATOR_LABEL_BYTES_MAX)?;
        let reference = claim.reference.as_ref().map_or(0, String::len);
        check_size("bytes of a reference", reference, limits::INTEL_REFERENCE_BYTES_MAX)?;
        if claim.value.chars().any(char::is_control) {
            return Err(corrupt(format!("{:?} has signs that no value has", claim.value)));
        }
    }
    if claims.is_sorted_by(|a, b| place_of(a) < place_of(b)) {
        return Ok(());
    }
    Err(corrupt("it is out of order, or has a thing twice"))
}

/// What differs between a page of what is kept and the claims that fall into it.
fn compare<'c>(merge: MergeKind, page: &[Digested], claims: &'c [NewClaim]) -> (Changes<'c>, MergeCounts) {
    let (mut changes, mut counts) = (Changes::default(), MergeCounts::default());
    let (mut kept, mut brought) = (page.iter().peekable(), claims.iter().peekable());
    loop {
        let order = match (kept.peek(), brought.peek()) {
            (None, None) => return (changes, counts),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => (old.place.0, old.place.1.as_str()).cmp(&place_of(new)),
        };
        let old = if order == Ordering::Greater { None } else { kept.next() };
        let new = if order == Ordering::Less { None } else { brought.next() };
        match (old, new) {
            (Some(old), None) if merge == MergeKind::Whole && !old.is_gone => {
                counts.gone += 1;
                changes.gone.push(old.place.clone());
            }
            (Some(old), Some(new)) if old.digest != new.digest() || old.is_gone => {
                counts.changed += 1;
                changes.upserts.push(new);
            }
            (Some(_), Some(_)) => counts.unchanged += 1,
            (None, Some(new)) => {
                counts.added += 1;
                changes.upserts.push(new);
            }
            _ => {}
        }
    }
}
