//! What came from a peer: which of its objects are about which thing, and which of its sightings were counted.
//!
//! Claims are the same however often they come. Sightings are counted, so each is counted once: by its id and version, in the transaction
//! that moves the cursor behind it.

use model::{IndicatorKind, OpContext, Timestamp};

use super::super::agency;
use super::super::database::{State, StateError, get, sql};
use super::super::intel::{NewSighting, keep_sightings_in, kind};
use super::PeerNumber;
use super::techniques::{self, ArrivedTechnique};

const KEEP_THING: &str =
    "INSERT INTO peer_things (agency, peer, id, kind, value) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
const SELECT_THINGS: &str =
    "SELECT kind, value FROM peer_things WHERE agency = $1 AND peer = $2 AND id = $3 ORDER BY kind, value LIMIT 16";
const KEEP_SIGHTING: &str = "INSERT INTO peer_sightings (agency, peer, id, version_us, seen_us) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT DO NOTHING";
const SET_PULLED: &str = "UPDATE peers SET pulled = $3 WHERE agency = $1 AND number = $2 AND removed_us = 0";
const SET_INBOX: &str = "UPDATE peers SET inbox_us = $3 WHERE agency = $1 AND number = $2 AND inbox_us < $3";
const FORGET_THINGS: &str = "DELETE FROM peer_things WHERE agency = $1 AND peer = $2";
const FORGET_SIGHTINGS: &str = "DELETE FROM peer_sightings WHERE agency = $1 AND peer = $2";
const FORGET_SIGHTINGS_BEFORE: &str = "DELETE FROM peer_sightings WHERE agency = $1 AND seen_us < $2";

pub(super) const STATEMENTS: &[&str] = &[
    KEEP_THING,
    SELECT_THINGS,
    KEEP_SIGHTING,
    SET_PULLED,
    SET_INBOX,
    FORGET_THINGS,
    FORGET_SIGHTINGS,
    FORGET_SIGHTINGS_BEFORE,
];

/// Where something came from, and how far that was gone through with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArrivedFrom {
    /// The peer's own collection: the cursor behind the page.
    Pulled(String),
    /// What the peer wrote here: up to that moment.
    Inbox(Timestamp),
}

/// A sighting with the name of the object that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedSighting {
    /// The object's id.
    pub id: String,
    /// Its version.
    pub version: Timestamp,
    /// What it says.
    pub sighting: NewSighting,
}

/// A page that came from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// From where.
    pub from: ArrivedFrom,
    /// Which indicator objects are about which things.
    pub things: Vec<(String, IndicatorKind, String)>,
    /// What was seen.
    pub sightings: Vec<ArrivedSighting>,
    /// Which techniques were seen in which month.
    pub techniques: Vec<ArrivedTechnique>,
}

impl State {
    /// Keeps what a page brought and moves behind it, all or nothing. Gives the sightings that were not counted before.
    ///
    /// # Errors
    /// When a text is too long, or the database refuses.
    pub async fn welcome(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        arrived: &Arrived,
    ) -> Result<Vec<NewSighting>, StateError> {
        let keeping = sql("keeping what a peer brought");
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        for (id, kind, value) in &arrived.things {
            let query = sqlx::query(KEEP_THING).bind(agency(ctx)).bind(peer.0).bind(id.clone());
            let query = query.bind(*kind as i64).bind(value.clone());
            query.execute(&mut *work).await.map_err(&keeping)?;
        }
        let mut fresh = Vec::new();
        for one in &arrived.sightings {
            let query = sqlx::query(KEEP_SIGHTING).bind(agency(ctx)).bind(peer.0).bind(one.id.clone());
            let query = query.bind(one.version.as_micros()).bind(ctx.now.as_micros());
            if query.execute(&mut *work).await.map_err(&keeping)?.rows_affected() > 0 {
                fresh.push(one.sighting.clone());
            }
        }
        keep_sightings_in(&mut work, ctx, &fresh).await?;
        techniques::keep(&mut work, ctx, peer, &arrived.techniques).await?;
        let query = match &arrived.from {
            ArrivedFrom::Pulled(cursor) => sqlx::query(SET_PULLED).bind(agency(ctx)).bind(peer.0).bind(cursor.clone()),
            ArrivedFrom::Inbox(upto) => sqlx::query(SET_INBOX).bind(agency(ctx)).bind(peer.0).bind(upto.as_micros()),
        };
        query.execute(&mut *work).await.map_err(&keeping)?;
        work.commit().await.map_err(keeping)?;
        Ok(fresh)
    }

    /// What an indicator object of a peer is about, if it came before.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn things_of(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        id: &str,
    ) -> Result<Vec<(IndicatorKind, String)>, StateError> {
        let query = sqlx::query(SELECT_THINGS).bind(agency(ctx)).bind(peer.0).bind(id.to_owned());
        let rows = self.fetch_all(ctx, "reading what an object is about", query).await?;
        rows.iter().map(|row| Ok((kind(get(row, 0)?)?, get(row, 1)?))).collect()
    }

    pub(super) async fn forget_arrivals(&self, ctx: &OpContext, peer: PeerNumber) -> Result<(), StateError> {
        for statement in [FORGET_THINGS, FORGET_SIGHTINGS] {
            let query = sqlx::query(statement).bind(agency(ctx)).bind(peer.0);
            self.execute(ctx, "forgetting what a peer brought", query).await?;
        }
        self.forget_techniques(ctx, peer).await
    }

    /// Forgets which sightings of peers were counted before a time; what is as old is not kept either.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_peer_sightings_before(&self, ctx: &OpContext, before: Timestamp) -> Result<u64, StateError> {
        let query = sqlx::query(FORGET_SIGHTINGS_BEFORE).bind(agency(ctx)).bind(before.as_micros());
        self.execute(ctx, "forgetting what a peer brought", query).await
    }
}
