//! What left for a peer, and why; what did not, counted by reason.

use model::{IndicatorKind, Marking, Month, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, check_size, get, sql};
use super::super::intel::marking;
use super::super::ledger::Deed;
use super::super::taxii::{NewObject, Taken, add_objects};
use super::told::Telling;
use super::{Peer, PeerNumber, techniques, told};

static INSERT: Bulk = Bulk::new(
    "writing what leaves",
    (
        "INSERT INTO departures (agency, peer, added_us, what, object_id, about, tlp, pap, why, digest) VALUES",
        "($1, $2, ?, ?, ?, ?, ?, ?, ?, ?)",
        "",
    ),
    2,
);
/// Takes the peer for this transaction, where anything goes there at all, and says how far things were gone through for it.
const TAKE: &str = "UPDATE peers SET shared = shared WHERE agency = $1 AND number = $2 AND removed_us = 0 AND paused_us IS NULL \
    RETURNING shared";
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
    TAKE,
    COUNT_REFUSED,
    SET_SHARED,
    KEEP_TALLY,
    SELECT_TALLY,
    SELECT_LATEST,
    SELECT_LATEST_TO,
    COUNT_TO,
    SELECT_REFUSED,
];

pub(super) fn bulk_statements() -> Vec<&'static str> {
    INSERT.statements()
}

const DAY_US: i64 = 86_400_000_000;

/// A count that is released, so that it is not released again before it has grown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// In how many organisations a thing was seen.
    Thing(IndicatorKind, String, u32),
    /// In how many organisations a technique of ATT&CK was seen in a month.
    Technique(Month, String, u32),
}

/// Something that leaves for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeparture {
    /// What it is: `sighting`, `indicator`, `revocation`, `tally`, `technique`, `group`.
    pub what: &'static str,
    /// What it is about, for people: kind and value.
    pub about: String,
    /// How far it may travel.
    pub marking: Marking,
    /// Which rules of the gate let it out, and what was changed, as JSON.
    pub why: String,
    /// Its objects as they are written; the main one last.
    pub objects: Vec<NewObject>,
    /// The thing that the peer knows of by it.
    pub thing: Option<(IndicatorKind, String)>,
    /// The thing is taken back by it.
    pub is_taken_back: bool,
    /// For a count: what was counted.
    pub released: Option<Released>,
}

/// What did not leave, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCount {
    /// For whom it was.
    pub peer: PeerNumber,
    /// What it was: `sighting`, `indicator`, `tally`, `technique`, `group`.
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
    /// Things of which the peer was perhaps told and that may not be there any more: they have to be looked at.
    pub doubted: Vec<(IndicatorKind, String)>,
    /// Things that were looked at and stand.
    pub settled: Vec<(IndicatorKind, String)>,
    /// How far things were gone through with this. Nothing of all this is written when somebody else has gone further since `peer` was read.
    pub shared: Option<String>,
}

impl Outgoing {
    /// Nothing yet.
    pub fn to(peer: Peer) -> Self {
        let (doubted, settled) = (Vec::new(), Vec::new());
        Outgoing { peer, departures: Vec::new(), refused: Vec::new(), doubted, settled, shared: None }
    }

    /// Whether there is nothing to be written.
    pub fn is_nothing(&self) -> bool {
        let is_unjudged = self.doubted.is_empty() && self.settled.is_empty();
        self.departures.is_empty() && self.refused.is_empty() && is_unjudged && self.shared.is_none()
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
    /// Writes what leaves into the peers' collections, each with its line among the departures, and what did not leave as counts: all or nothing.
    /// Nothing is written for a peer that is paused, or that somebody else has told meanwhile. Says how many objects are new in their collections.
    ///
    /// # Errors
    /// When a text is too long, a collection is not there any more, or the database refuses.
    pub async fn depart(&self, ctx: &OpContext, outgoing: &[Outgoing]) -> Result<u64, StateError> {
        let mut in_order: Vec<&Outgoing> = outgoing.iter().filter(|out| !out.is_nothing()).collect();
        if in_order.is_empty() {
            return Ok(0);
        }
        // The same order for everybody: two that write at once wait for each other only once.
        in_order.sort_by_key(|out| out.peer.number);
        let _turn = self.turn().await;
        let mut work = self.begin(ctx).await?;
        let (mut deeds, mut added) = (Vec::new(), 0);
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
    let number = out.peer.number;
    let take = sqlx::query(TAKE).bind(agency(ctx)).bind(number.0);
    let taken = take.fetch_optional(&mut **work).await.map_err(sql("writing what leaves"))?;
    let Some(row) = taken else { return Ok(0) };
    if out.shared.is_some() && get::<String>(&row, 0)? != out.peer.shared {
        return Ok(0);
    }
    let left = write(work, ctx, out).await?;
    told::judge(work, ctx, number, (&out.doubted, &out.settled)).await?;
    for refused in &out.refused {
        count_refused(work, ctx, number, refused).await?;
    }
    if let Some(shared) = &out.shared {
        check_size("bytes of how far things were shared", shared.len(), limits::INTEL_MEMORY_BYTES_MAX)?;
        let query = sqlx::query(SET_SHARED).bind(agency(ctx)).bind(number.0).bind(shared.clone());
        query.execute(&mut **work).await.map_err(sql("writing what leaves"))?;
    }
    Ok(left)
}

/// A line among the departures: of what, which object stands for it, and when it was added.
struct Line<'d> {
    of: &'d NewDeparture,
    what: &'static str,
    main: &'d NewObject,
    added: Timestamp,
}

impl Row for Line<'_> {
    fn bind(&self, query: Bound) -> Bound {
        query
            .bind(self.added.as_micros())
            .bind(self.what.to_owned())
            .bind(self.main.id().to_owned())
            .bind(self.of.about.clone())
            .bind(self.of.marking.tlp as i64)
            .bind(self.of.marking.pap as i64)
            .bind(self.of.why.clone())
            .bind(blake3::hash(self.main.body().as_bytes()).to_hex().to_string())
    }
}

/// Objects and their lines. What the collection has already has left before.
async fn write(work: &mut Transaction<'_, Any>, ctx: &OpContext, out: &Outgoing) -> Result<u64, StateError> {
    if out.departures.is_empty() {
        return Ok(0);
    }
    let objects: Vec<NewObject> = out.departures.iter().flat_map(|departure| departure.objects.clone()).collect();
    let mut taken = add_objects(work, &(agency(ctx), out.peer.outbox.number), &objects, ctx.now).await?.into_iter();
    let (mut lines, mut telling) = (Vec::new(), Telling::default());
    for departure in &out.departures {
        check_size("bytes of a departure's reasons", departure.why.len(), limits::LEDGER_DETAIL_BYTES_MAX)?;
        let of_this: Vec<Taken> = taken.by_ref().take(departure.objects.len()).collect();
        let line = line(departure, &of_this);
        if let Some(thing) = &departure.thing {
            telling.add(thing.clone(), departure.marking, departure.is_taken_back, line.is_some());
        }
        let Some(line) = line else { continue };
        lines.push(line);
        if let Some(released) = &departure.released {
            keep_released(work, ctx, out.peer.number, released).await?;
        }
    }
    let share = |query: Bound| query.bind(agency(ctx)).bind(out.peer.number.0);
    INSERT.run(work, share, &lines).await?;
    telling.keep(work, ctx, out.peer.number).await?;
    Ok(lines.len() as u64)
}

/// The line of a departure: of its main object, and where that has left before, of the indicator that is told anew with it.
fn line<'d>(departure: &'d NewDeparture, taken: &[Taken]) -> Option<Line<'d>> {
    let placed = || departure.objects.iter().zip(taken);
    if let Some((main, Taken::Added(added))) = placed().next_back() {
        return Some(Line { of: departure, what: departure.what, main, added: *added });
    }
    placed().rev().find_map(|(object, taken)| match taken {
        Taken::Added(added) if object.kind() == "indicator" => {
            Some(Line { of: departure, what: "indicator", main: object, added: *added })
        }
        _ => None,
    })
}

async fn keep_released(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    peer: PeerNumber,
    released: &Released,
) -> Result<(), StateError> {
    match released {
        Released::Thing(kind, value, organisations) => {
            let query = sqlx::query(KEEP_TALLY)
                .bind(agency(ctx))
                .bind(peer.0)
                .bind(*kind as i64)
                .bind(value.clone())
                .bind(i64::from(*organisations))
                .bind(ctx.now.as_micros());
            query.execute(&mut **work).await.map(|_| ()).map_err(sql("writing what leaves"))
        }
        Released::Technique(month, technique, organisations) => {
            techniques::keep_released(work, ctx, peer, (*month, technique, *organisations)).await
        }
    }
}

async fn count_refused(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    peer: PeerNumber,
    (what, reason, times): &(&'static str, String, u64),
) -> Result<(), StateError> {
    let query = sqlx::query(COUNT_REFUSED)
        .bind(agency(ctx))
        .bind(peer.0)
        .bind(ctx.now.as_micros().div_euclid(DAY_US))
        .bind((*what).to_owned())
        .bind(reason.clone())
        .bind(i64::try_from(*times).unwrap_or(i64::MAX))
        .bind(ctx.now.as_micros());
    query.execute(&mut **work).await.map(|_| ()).map_err(sql("writing what leaves"))
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
