//! What was seen of a thing, and what turned out to be none: here, and by others.

use std::time::Duration;

use model::{IndicatorKind, Marking, OpContext, Timestamp, limits};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::database::{State, StateError, check_size, get, sql};
use super::claims::{kind, marking};
use super::sources::SourceNumber;

/// One row for each day and origin, so that a thing that is seen a million times a day costs one row.
pub(super) const KEEP: &str = "INSERT INTO indicator_sightings \
    (agency, kind, value, origin, day, is_false, times, first_us, last_us, tlp, pap) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (agency, kind, value, origin, day, is_false) DO UPDATE SET times = indicator_sightings.times + excluded.times, \
    first_us = CASE WHEN excluded.first_us < indicator_sightings.first_us THEN excluded.first_us \
    ELSE indicator_sightings.first_us END, \
    last_us = CASE WHEN excluded.last_us > indicator_sightings.last_us THEN excluded.last_us \
    ELSE indicator_sightings.last_us END, \
    tlp = CASE WHEN excluded.tlp > indicator_sightings.tlp THEN excluded.tlp ELSE indicator_sightings.tlp END, \
    pap = CASE WHEN excluded.pap > indicator_sightings.pap THEN excluded.pap ELSE indicator_sightings.pap END";
pub(super) const SELECT_ON: &str = "SELECT kind, value, origin, is_false, times, first_us, last_us, tlp, pap FROM indicator_sightings \
    WHERE agency = $1 AND kind = $2 AND value = $3 ORDER BY day DESC, origin, is_false LIMIT $4";
pub(super) const SELECT_LATEST: &str = "SELECT kind, value, origin, is_false, times, first_us, last_us, tlp, pap FROM indicator_sightings \
    WHERE agency = $1 AND last_us >= $2 ORDER BY last_us DESC, kind, value, origin, is_false LIMIT $3";
/// With the sources that claim the thing: what became of their word.
pub(super) const SELECT_CLAIMED: &str = "SELECT s.kind, s.value, s.origin, s.is_false, s.times, s.first_us, s.last_us, s.tlp, s.pap, \
    c.source \
    FROM indicator_sightings s CROSS JOIN intel_sources i CROSS JOIN claims c \
    WHERE s.agency = $1 AND s.last_us >= $2 AND i.agency = s.agency \
    AND c.agency = s.agency AND c.source = i.number AND c.kind = s.kind AND c.value = s.value \
    ORDER BY s.last_us DESC, s.kind, s.value, s.origin, s.is_false, c.source LIMIT $3";
/// What changes whenever something more is said: rows, times, and the latest moment.
pub(super) const SELECT_MARK: &str = "SELECT COUNT(*), CAST(coalesce(sum(times), 0) AS BIGINT), coalesce(max(last_us), 0) \
    FROM indicator_sightings WHERE agency = $1";
/// Things that were seen since a time, in the order of kind and value.
pub(super) const SELECT_SEEN: &str = "SELECT kind, value FROM indicator_sightings \
    WHERE agency = $1 AND (kind, value) > ($2, $3) AND last_us >= $4 AND is_false = 0 GROUP BY kind, value ORDER BY kind, value LIMIT $5";
pub(super) const DELETE_BEFORE: &str = "DELETE FROM indicator_sightings WHERE agency = $1 AND last_us < $2";

const DAY: Duration = Duration::from_secs(86_400);

/// Something was seen, or turned out to be harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSighting {
    /// What.
    pub kind: IndicatorKind,
    /// Its value in normal form.
    pub value: String,
    /// Who says so: `watch` for the detectors, a person's or token's id, a peer.
    pub origin: String,
    /// It was no threat.
    pub is_false: bool,
    /// How often.
    pub times: u64,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// How far it may travel: the strictest of what is kept together.
    pub marking: Marking,
}

/// What is kept of sightings: those of one day by one origin.
pub type Sightings = NewSighting;

impl State {
    /// What was seen of one thing, by day and origin, the latest day first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn sightings_on(
        &self,
        ctx: &OpContext,
        kind: IndicatorKind,
        value: &str,
    ) -> Result<Vec<Sightings>, StateError> {
        let query = sqlx::query(SELECT_ON)
            .bind(agency(ctx))
            .bind(kind as i64)
            .bind(value.to_owned())
            .bind(limits::INTEL_PAGE_MAX as i64);
        self.fetch_all(ctx, "reading sightings", query).await?.iter().map(read).collect()
    }

    /// What was seen since a time, the latest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn sightings_since(
        &self,
        ctx: &OpContext,
        since: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<Sightings>, StateError> {
        let query = sqlx::query(SELECT_LATEST).bind(agency(ctx)).bind(since.as_micros()).bind(rows_max as i64);
        self.fetch_all(ctx, "reading sightings", query).await?.iter().map(read).collect()
    }

    /// The same, once for each source that claims the thing, with that source.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn claimed_sightings_since(
        &self,
        ctx: &OpContext,
        since: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(SourceNumber, Sightings)>, StateError> {
        let query = sqlx::query(SELECT_CLAIMED).bind(agency(ctx)).bind(since.as_micros()).bind(rows_max as i64);
        let rows = self.fetch_all(ctx, "reading sightings", query).await?;
        rows.iter().map(|row| Ok((SourceNumber(get(row, 9)?), read(row)?))).collect()
    }

    /// Things that were seen since a time, behind one, in the order of kind and value.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn things_seen(
        &self,
        ctx: &OpContext,
        after: Option<(IndicatorKind, &str)>,
        since: Timestamp,
        rows_max: usize,
    ) -> Result<Vec<(IndicatorKind, String)>, StateError> {
        let (first, value) = after.map_or((0, ""), |(kind, value)| (kind as i64, value));
        let query = sqlx::query(SELECT_SEEN).bind(agency(ctx)).bind(first).bind(value.to_owned());
        let query = query.bind(since.as_micros()).bind(rows_max as i64);
        let rows = self.fetch_all(ctx, "reading what was seen", query).await?;
        rows.iter().map(|row| Ok((kind(get(row, 0)?)?, get(row, 1)?))).collect()
    }

    /// What tells one state of the agency's sightings from the next: it changes whenever somebody says more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sightings_mark(&self, ctx: &OpContext) -> Result<[i64; 3], StateError> {
        let query = sqlx::query(SELECT_MARK).bind(agency(ctx));
        let row = self.fetch_optional(ctx, "looking at sightings", query).await?;
        row.map_or(Ok([0; 3]), |row| Ok([get(&row, 0)?, get(&row, 1)?, get(&row, 2)?]))
    }

    /// Forgets what was seen last before a time. Says how many rows there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_sightings_before(&self, ctx: &OpContext, before: Timestamp) -> Result<u64, StateError> {
        let query = sqlx::query(DELETE_BEFORE).bind(agency(ctx)).bind(before.as_micros());
        self.execute(ctx, "forgetting sightings", query).await
    }
}

/// Keeps sightings in the transaction of what belongs to them.
pub(in super::super) async fn keep(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    sightings: &[NewSighting],
) -> Result<(), StateError> {
    for sighting in sightings {
        check_size("bytes of a value", sighting.value.len(), limits::INDICATOR_VALUE_BYTES_MAX)?;
        check_size("bytes of an origin", sighting.origin.len(), limits::INTEL_REFERENCE_BYTES_MAX)?;
        let query = sqlx::query(KEEP)
            .bind(agency(ctx))
            .bind(sighting.kind as i64)
            .bind(sighting.value.clone())
            .bind(sighting.origin.clone())
            .bind(sighting.first.as_micros().div_euclid(DAY.as_micros() as i64))
            .bind(i64::from(sighting.is_false))
            .bind(i64::try_from(sighting.times).unwrap_or(i64::MAX))
            .bind(sighting.first.as_micros())
            .bind(sighting.last.as_micros())
            .bind(sighting.marking.tlp as i64)
            .bind(sighting.marking.pap as i64);
        query.execute(&mut **work).await.map_err(sql("keeping sightings"))?;
    }
    Ok(())
}

fn read(row: &AnyRow) -> Result<Sightings, StateError> {
    Ok(NewSighting {
        kind: kind(get(row, 0)?)?,
        value: get(row, 1)?,
        origin: get(row, 2)?,
        is_false: get::<i64>(row, 3)? == 1,
        times: get::<i64>(row, 4)?.max(0) as u64,
        first: Timestamp::from_micros(get(row, 5)?),
        last: Timestamp::from_micros(get(row, 6)?),
        marking: marking(get(row, 7)?, get(row, 8)?)?,
    })
}
