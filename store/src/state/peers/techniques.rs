//! Which techniques of ATT&CK peers say that they have seen, by month, and over how many organisations that was told on.

use model::{Marking, Month, OpContext, Timestamp, limits};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::database::{State, StateError, get, sql};
use super::super::intel::marking;
use super::PeerNumber;

/// One that says more techniques of a month than there are is not listened to any further.
const KEEP: &str = "INSERT INTO technique_reports (agency, month, technique, peer, is_count, organisations, tlp, pap, told_us) \
    SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), \
    CAST($7 AS BIGINT), CAST($8 AS BIGINT), CAST($9 AS BIGINT) \
    WHERE (SELECT COUNT(*) FROM technique_reports WHERE agency = $1 AND month = $2 AND peer = $4) < $10 \
    ON CONFLICT (agency, month, technique, peer, is_count) DO UPDATE SET organisations = excluded.organisations, tlp = excluded.tlp, \
    pap = excluded.pap, told_us = excluded.told_us";
const SELECT_OF: &str = "SELECT technique, peer, is_count, organisations, tlp, pap FROM technique_reports \
    WHERE agency = $1 AND month = $2 ORDER BY technique, peer, is_count LIMIT $3";
const FORGET: &str = "DELETE FROM technique_reports WHERE agency = $1 AND peer = $2";
const FORGET_BEFORE: &str = "DELETE FROM technique_reports WHERE agency = $1 AND told_us < $2";
const KEEP_RELEASED: &str = "INSERT INTO techniques_released (agency, peer, month, technique, organisations, last_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, peer, month, technique) DO UPDATE SET \
    organisations = excluded.organisations, last_us = excluded.last_us";
const SELECT_RELEASED: &str =
    "SELECT organisations FROM techniques_released WHERE agency = $1 AND peer = $2 AND month = $3 AND technique = $4";

pub(super) const STATEMENTS: &[&str] = &[KEEP, SELECT_OF, FORGET, FORGET_BEFORE, KEEP_RELEASED, SELECT_RELEASED];

/// What a peer says of a technique in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TechniqueReport {
    /// ATT&CK's id.
    pub technique: String,
    /// The peer that says it.
    pub peer: PeerNumber,
    /// In how many organisations it was seen, where the peer counts others; `None`: the peer has seen it itself.
    pub counted: Option<u32>,
    /// How far it may travel.
    pub marking: Marking,
}

/// The same as it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedTechnique {
    /// In which month.
    pub month: Month,
    /// ATT&CK's id.
    pub technique: String,
    /// As in [`TechniqueReport`].
    pub counted: Option<u32>,
    /// How far it may travel.
    pub marking: Marking,
}

impl State {
    /// What peers say of the techniques of a month, by technique.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn technique_reports(&self, ctx: &OpContext, month: Month) -> Result<Vec<TechniqueReport>, StateError> {
        let query = sqlx::query(SELECT_OF).bind(agency(ctx)).bind(month.to_string());
        let query = query.bind(limits::TECHNIQUE_REPORTS_MAX as i64);
        self.fetch_all(ctx, "reading techniques of peers", query).await?.iter().map(read).collect()
    }

    /// Over how many organisations a technique of a month was last told to a peer.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn technique_released(
        &self,
        ctx: &OpContext,
        peer: PeerNumber,
        (month, technique): (Month, &str),
    ) -> Result<u32, StateError> {
        let query = sqlx::query(SELECT_RELEASED).bind(agency(ctx)).bind(peer.0);
        let query = query.bind(month.to_string()).bind(technique.to_owned());
        let count = self.count(ctx, "reading counts that were released", query).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Forgets what peers said of techniques before a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_technique_reports_before(&self, ctx: &OpContext, before: Timestamp) -> Result<u64, StateError> {
        let query = sqlx::query(FORGET_BEFORE).bind(agency(ctx)).bind(before.as_micros());
        self.execute(ctx, "forgetting techniques of peers", query).await
    }

    pub(super) async fn forget_techniques(&self, ctx: &OpContext, peer: PeerNumber) -> Result<(), StateError> {
        let query = sqlx::query(FORGET).bind(agency(ctx)).bind(peer.0);
        self.execute(ctx, "forgetting techniques of a peer", query).await.map(|_| ())
    }
}

/// Keeps what a peer says in the transaction of what came with it.
pub(super) async fn keep(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    peer: PeerNumber,
    arrived: &[ArrivedTechnique],
) -> Result<(), StateError> {
    for one in arrived {
        let query = sqlx::query(KEEP)
            .bind(agency(ctx))
            .bind(one.month.to_string())
            .bind(one.technique.clone())
            .bind(peer.0)
            .bind(i64::from(one.counted.is_some()))
            .bind(i64::from(one.counted.unwrap_or(1)))
            .bind(one.marking.tlp as i64)
            .bind(one.marking.pap as i64)
            .bind(ctx.now.as_micros())
            .bind(limits::TECHNIQUES_OF_PEER_MAX as i64);
        query.execute(&mut **work).await.map_err(sql("keeping techniques of a peer"))?;
    }
    Ok(())
}

/// Keeps over how many organisations a technique was told.
pub(super) async fn keep_released(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    peer: PeerNumber,
    (month, technique, organisations): (Month, &str, u32),
) -> Result<(), StateError> {
    let query = sqlx::query(KEEP_RELEASED)
        .bind(agency(ctx))
        .bind(peer.0)
        .bind(month.to_string())
        .bind(technique.to_owned())
        .bind(i64::from(organisations))
        .bind(ctx.now.as_micros());
    query.execute(&mut **work).await.map(|_| ()).map_err(sql("keeping counts that were released"))
}

fn read(row: &AnyRow) -> Result<TechniqueReport, StateError> {
    let organisations = u32::try_from(get::<i64>(row, 3)?).unwrap_or(u32::MAX);
    Ok(TechniqueReport {
        technique: get(row, 0)?,
        peer: PeerNumber(get(row, 1)?),
        counted: (get::<i64>(row, 2)? == 1).then_some(organisations),
        marking: marking(get(row, 4)?, get(row, 5)?)?,
    })
}
