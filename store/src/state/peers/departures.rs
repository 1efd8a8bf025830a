//! What left for a peer, and why; what did not, counted by reason.

use model::{IndicatorKind, Marking, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::database::{State, StateError, check_size, get, sql};
use super::super::intel::{NewSighting, keep_sightings_in, marking};
use super::super::ledger::Deed;
use super::super::taxii::{NewObject, Taken, add_objects};
use super::{Peer, PeerNumber};

const INSERT: &str = "INSERT INTO departures (agency, peer, added_us, what, object_id, about, tlp, pap, why, digest) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const COUNT_REFUSED: &str = "INSERT INTO departures_refused (agency, peer, day, what, reason, times, last_us) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (agency, peer, day, what, reason) DO UPDATE SET \
    times = departures_refused.times + excluded.times, last_us = excluded.last_us";
const SET_SHARED: &str = "UPDATE peers SET shared = $3 WHERE agency = $1 AND number = $2 AND removed_us = 0";
const KEEP_TALLY: &str = "INSERT INTO tallies_released (agency, peer, kind, value, organisations, last_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, peer, kind, value) DO UPDATE SET \
    organisations = excluded.organisations, last_us = excluded.last_us";
const SELECT_TALLY: &str =
    "SELECT organisations FROM tallies_released WHERE agency = $1 AND peer = $2 AND kind = $3 AND value = $4";
const SELECT_LATEST: &str = "SELECT peer, added_us, what, object_id, about, tlp, pap, why, digest FROM departures \
    WHERE agency = $1 AND added_us < $2 ORDER BY added_us DESC, peer LIMIT $3";
const SELECT_LATEST_TO: &str = "SELECT peer, added_us, what, object_id, about, tlp, pap, why, digest FROM departures \
    WHERE agency = $1 AND peer = $4 AND added_us < $2 ORDER BY added_us DESC LIMIT $3";
const COUNT_TO: &str = "SELECT peer, COUNT(*) FROM departures WHERE agency = $1 GROUP BY peer";
const SELECT_REFUSED: &str = "SELECT peer, what, reason, CAST(sum(times) AS BIGINT), max(last_us) FROM departures_refused \
    WHERE agency = $1 AND day >= $2 GROUP BY peer, what, reason ORDER BY peer, 4 DESC, what, reason LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    COUNT_REFUSED,
    SET_SHARED,
    KEEP_TALLY,
    SELECT_TALLY,
    SELECT_LATEST,
    SELECT_LATEST_TO,
    COUNT_TO,
    SELECT_REFUSED,
];

const DAY_US: i64 = 86_400_000_000;

/// Something that leaves for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeparture {
    /// What it is: `sighting`, `indicator`, `tally`, `group`.
    pub what: &'static str,
    /// What it is about, for people: kind and value.
    pub about: String,
    /// How far it may travel.
    pub marking: Marking,
    /// Which rules of the gate let it out, and what was changed, as JSON.
    pub why: String,
    /// A hash over the main object.
    pub digest: String,
    /// Its objects as they are written; the main one last.
    pub objects: Vec<NewObject>,
    /// For a tally: what was counted, and over how many organisations.
    pub tally: Option<(IndicatorKind, String, u32)>,
}

/// What did not leave, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCount {
    /// For whom it was.
    pub peer: PeerNumber,
    /// What it was: `sighting`, `indicator`, `tally`.
    pub what: String,
    /// Why not, in words that name no thing.
    pub reason: String,
    /// How often.
    pub times: u64,
    /// When last.
    pub last: Timestamp,
}

/// All that a moment brings for one peer.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// For whom.
    pub peer: Peer,
    /// What leaves.
    pub departures: Vec<NewDeparture>,
    /// What does not, by what and why.
    pub refused: Vec<(&'static str, String, u64)>,
    /// How far shared claims were gone through with this.
    pub shared: Option<String>,
}

impl Outgoing {
    /// Nothing yet.
    pub fn to(peer: Peer) -> Self {
        Outgoing { peer, departures: Vec::new(), refused: Vec::new(), shared: None }
    }

    /// Whether there is nothing to be written.
    pub fn is_nothing(&self) -> bool {
        self.departures.is_empty() && self.refused.is_empty() && self.shared.is_none()
    }
}

/// Something that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departed {
    /// For whom.
    pub peer: PeerNumber,
    /// When: its place in the peer's collection.
    pub added: Timestamp,
    /// What it is.
    pub what: String,
    /// Its id in the collection.
    pub object_id: String,
    /// What it is about.
    pub about: String,
    /// How far it may travel.
    pub marking: Marking,
    /// Why, as JSON.
    pub why: String,
    /// A hash over the object.
    pub digest: String,
}

/// Which departures are asked for, the latest first.
#[derive(Clone, Copy, Debug)]
pub struct DeparturesAsked {
    /// For this peer only.
    pub to: Option<PeerNumber>,
    /// Before this moment.
    pub before: Timestamp,
    /// At most so many; never more than [`limits::INTEL_PAGE_MAX`].
    pub rows_max: usize,
}

impl State {
    /// Writes what leaves into the peers' collections, each with its line among the departures, what did not leave as counts, and
    /// sightings that are to be kept with it: all or nothing. Says how many objects are new in their collections.
    ///
    /// # Errors
    /// When a text is too long, a collection is not there any more, or the database refuses.
    pub async fn depart(
        &self,
        ctx: &OpContext,
        (sightings, deeds): (&[NewSighting], &[Deed]),
        outgoing: &[Outgoing],
    ) -> Result<u64, StateError> {
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        keep_sightings_in(&mut work, ctx, sightings).await?;
        let (mut deeds, mut added) = (deeds.to_vec(), 0);
        let mut in_order: Vec<&Outgoing> = outgoing.iter().filter(|out| !out.is_nothing()).collect();
        // The same order for everybody: two that write at once wait for each other only once.
        in_order.sort_by_key(|out| out.peer.number);
        for out in in_order {
            let left = depart_to(&mut work, ctx, out).await?;
            if left > 0 {
                let words = serde_json::json!({ "peer": out.peer.name, "objects": left }).to_string();
                let object = format!("collection:{}", out.peer.outbox.id);
                deeds.push(Deed::done("share.depart", object).saying(words));
            }
            added += left;
        }
        self.append(&mut work, ctx, &deeds).await?;
        work.commit().await.map_err(sql("writing what leaves"))?;
        Ok(added)
    }

    /// Over how many organisations a count on a thing was last released to a peer.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tally_released(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        (kind, value): (IndicatorKind, &str),
    ) -> Result<u32, StateError> {
        let query = sqlx::query(SELECT_TALLY).bind(agency(ctx)).bind(peer.0).bind(kind as i64).bind(value.to_owned());
        let count = self.count(ctx, "reading counts that were released", query).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// What left, the latest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn departures(&self, ctx: &OpContext, asked: &DeparturesAsked) -> Result<Vec<Departed>, StateError> {
        let statement = if asked.to.is_some() { SELECT_LATEST_TO } else { SELECT_LATEST };
        let rows_max = asked.rows_max.min(limits::INTEL_PAGE_MAX) as i64;
        let query = sqlx::query(statement).bind(agency(ctx)).bind(asked.before.as_micros()).bind(rows_max);
        let query = asked.to.into_iter().fold(query, |query, peer| query.bind(peer.0));
        self.fetch_all(ctx, "reading what left", query).await?.iter().map(read).collect()
    }

    /// How much left for each peer.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn departure_counts(&self, ctx: &OpContext) -> Result<Vec<(PeerNumber, u64)>, StateError> {
        let query = sqlx::query(COUNT_TO).bind(agency(ctx));
        let rows = self.fetch_all(ctx, "counting what left", query).await?;
        rows.iter().map(|row| Ok((PeerNumber(get(row, 0)?), get::<i64>(row, 1)?.max(0) as u64))).collect()
    }

    /// What did not leave since a time, by peer and reason, the most frequent first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn refused_departures(&self, ctx: &OpContext, since: Timestamp) -> Result<Vec<RefusedCount>, StateError> {
        let query = sqlx::query(SELECT_REFUSED).bind(agency(ctx)).bind(since.as_micros().div_euclid(DAY_US));
        let query = query.bind(limits::INTEL_PAGE_MAX as i64);
        let rows = self.fetch_all(ctx, "reading what did not leave", query).await?;
        let count = |row: &sqlx::any::AnyRow| {
            Ok(RefusedCount {
                peer: PeerNumber(get(row, 0)?),
                what: get(row, 1)?,
                reason: get(row, 2)?,
                times: get::<i64>(row, 3)?.max(0) as u64,
                last: Timestamp::from_micros(get(row, 4)?),
            })
        };
        rows.iter().map(count).collect()
    }
}

async fn depart_to(work: &mut Transaction<'_, Any>, ctx: &OpContext, out: &Outgoing) -> Result<u64, StateError> {
    let writing = sql("writing what leaves");
    let key = (agency(ctx), out.peer.outbox.number);
    let mut left = 0;
    let objects: Vec<NewObject> = out.departures.iter().flat_map(|departure| departure.objects.clone()).collect();
    let taken = if objects.is_empty() { Vec::new() } else { add_objects(work, &key, &objects, ctx.now).await? };
    let mut taken = taken.into_iter();
    for departure in &out.departures {
        let of_this: Vec<Taken> = taken.by_ref().take(departure.objects.len()).collect();
        // What the collection has already has left before.
        let (Some(Taken::Added(at)), Some(main)) = (of_this.last(), departure.objects.last()) else { continue };
        left += 1;
        check_size("bytes of a departure's reasons", departure.why.len(), limits::LEDGER_DETAIL_BYTES_MAX)?;
        let query = sqlx::query(INSERT)
            .bind(key.0.clone())
            .bind(out.peer.number.0)
            .bind(at.as_micros())
            .bind(departure.what.to_owned())
            .bind(main.id().to_owned())
            .bind(departure.about.clone())
            .bind(departure.marking.tlp as i64)
            .bind(departure.marking.pap as i64)
            .bind(departure.why.clone())
            .bind(departure.digest.clone());
        query.execute(&mut **work).await.map_err(&writing)?;
        if let Some((kind, value, organisations)) = &departure.tally {
            let query = sqlx::query(KEEP_TALLY)
                .bind(key.0.clone())
                .bind(out.peer.number.0)
                .bind(*kind as i64)
                .bind(value.clone())
                .bind(i64::from(*organisations))
                .bind(ctx.now.as_micros());
            query.execute(&mut **work).await.map_err(&writing)?;
        }
    }
    for (what, reason, times) in &out.refused {
        let query = sqlx::query(COUNT_REFUSED)
            .bind(key.0.clone())
            .bind(out.peer.number.0)
            .bind(ctx.now.as_micros().div_euclid(DAY_US))
            .bind((*what).to_owned())
            .bind(reason.clone())
            .bind(i64::try_from(*times).unwrap_or(i64::MAX))
            .bind(ctx.now.as_micros());
        query.execute(&mut **work).await.map_err(&writing)?;
    }
    if let Some(shared) = &out.shared {
        check_size("bytes of how far claims were shared", shared.len(), limits::INTEL_MEMORY_BYTES_MAX)?;
        let query = sqlx::query(SET_SHARED).bind(key.0.clone()).bind(out.peer.number.0).bind(shared.clone());
        query.execute(&mut **work).await.map_err(&writing)?;
    }
    Ok(left)
}

fn read(row: &sqlx::any::AnyRow) -> Result<Departed, StateError> {
    Ok(Departed {
        peer: PeerNumber(get(row, 0)?),
        added: Timestamp::from_micros(get(row, 1)?),
        what: get(row, 2)?,
        object_id: get(row, 3)?,
        about: get(row, 4)?,
        marking: marking(get(row, 5)?, get(row, 6)?)?,
        why: get(row, 7)?,
        digest: get(row, 8)?,
    })
}
