//! Peers: other agencies' nodes with whom this one shares; what left for them and why, what came from them, and sharing groups.
//!
//! A peer has a collection of ours that it reads (its outbox), one that it may write into (its inbox), a token of ours, and a source of
//! intelligence under which what it says is kept. What goes into an outbox is written together with its line among the departures, in one
//! transaction, and by nothing else. What is decided to leave is not decided here: see `intel::release`.

mod arrivals;
mod departures;
mod groups;
mod learned;
mod techniques;
mod told;

use std::fmt;

use model::{AgencyId, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::agency;
use super::database::{Bound, Reach, State, StateError, check_name, check_size, get, sql};
use super::intel::SourceNumber;
use super::ledger::{Deed, object_named};
use super::taxii::Collection;

pub use arrivals::{Arrived, ArrivedFrom, ArrivedSighting};
pub use departures::{Departed, DeparturesAsked, NewDeparture, Outgoing, RefusedCount, Released};
pub use groups::SharingGroup;
pub use learned::{Learned, LearnedNumber, NewLearned};
pub use techniques::{ArrivedTechnique, TechniqueReport};
pub use told::Told;
pub(super) use told::doubt;

const NEXT_NUMBER: &str = "SELECT coalesce(max(number), 0) + 1 FROM peers WHERE agency = $1";
const COUNT: &str = "SELECT COUNT(*) FROM peers WHERE agency = $1 AND removed_us = 0";
const INSERT: &str = "INSERT INTO peers (agency, number, name, config, secret, token, outbox, inbox, source, pulled, inbox_us, \
    shared, health, paused_us, created_us, changed_us, removed_us) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, '', '', NULL, $10, $10, 0) ON CONFLICT DO NOTHING";
const SELECT_ALL: &str = "SELECT p.agency, p.number, p.name, p.config, p.token, p.source, p.pulled, p.inbox_us, p.shared, p.health, \
    p.paused_us, p.created_us, p.changed_us, p.removed_us, p.secret, o.number, o.root, o.id, i.number, i.root, i.id FROM peers p \
    JOIN taxii_collections o ON o.agency = p.agency AND o.number = p.outbox \
    JOIN taxii_collections i ON i.agency = p.agency AND i.number = p.inbox \
    WHERE p.agency = $1 ORDER BY p.number";
/// Of all agencies, for whoever speaks with them.
const SELECT_EVERYWHERE: &str = "SELECT p.agency, p.number, p.name, p.config, p.token, p.source, p.pulled, p.inbox_us, p.shared, \
    p.health, p.paused_us, p.created_us, p.changed_us, p.removed_us, p.secret, o.number, o.root, o.id, i.number, i.root, i.id \
    FROM peers p JOIN taxii_collections o ON o.agency = p.agency AND o.number = p.outbox \
    JOIN taxii_collections i ON i.agency = p.agency AND i.number = p.inbox \
    WHERE p.removed_us = 0 ORDER BY p.agency, p.number";
const SET_CONFIG: &str =
    "UPDATE peers SET config = $3, secret = $4, changed_us = $5 WHERE agency = $1 AND number = $2 AND removed_us = 0";
const SET_PAUSED: &str =
    "UPDATE peers SET paused_us = $3, changed_us = $4 WHERE agency = $1 AND number = $2 AND removed_us = 0";
const SET_TOKEN: &str =
    "UPDATE peers SET token = $3, changed_us = $4 WHERE agency = $1 AND number = $2 AND removed_us = 0";
const REMOVE: &str =
    "UPDATE peers SET removed_us = $3, secret = '', pulled = '' WHERE agency = $1 AND number = $2 AND removed_us = 0";
const KEEP_HEALTH: &str = "UPDATE peers SET health = $3 WHERE agency = $1 AND number = $2 AND removed_us = 0";
const IS_PEERS: &str = "SELECT COUNT(*) FROM peers WHERE agency = $1 AND outbox = $2 AND removed_us = 0";
const SELECT_NEWS: &str = "SELECT last_added_us FROM taxii_collections WHERE agency = $1 AND number = $2";

pub(super) const STATEMENTS: &[&str] = &[
    NEXT_NUMBER,
    COUNT,
    INSERT,
    SELECT_ALL,
    SELECT_EVERYWHERE,
    SET_CONFIG,
    SET_PAUSED,
    SET_TOKEN,
    REMOVE,
    KEEP_HEALTH,
    IS_PEERS,
    SELECT_NEWS,
];

/// Those of the other files.
pub(super) fn more_statements() -> Vec<&'static str> {
    let fixed = [
        departures::STATEMENTS,
        arrivals::STATEMENTS,
        groups::STATEMENTS,
        learned::STATEMENTS,
        told::STATEMENTS,
        techniques::STATEMENTS,
    ];
    let made = [departures::bulk_statements(), learned::bulk_statements(), told::bulk_statements()];
    fixed.concat().into_iter().chain(made.concat()).collect()
}

/// The field that tokens of peers are sealed for.
const SECRET_FIELD: &str = "peers.secret";

/// A peer's number in its agency. It is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerNumber(i64);

impl fmt::Display for PeerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A peer that is to be kept.
#[derive(Clone, Copy)]
pub struct NewPeer<'a> {
    /// What people call it; one of each in an agency.
    pub name: &'a str,
    /// Who it is and what may go there, as JSON of whoever decides that.
    pub config: &'a str,
    /// Our token at its place; empty while there is none. It is sealed.
    pub secret: &'a str,
    /// The name of its token here.
    pub token: &'a str,
    /// The collection that it reads.
    pub outbox: &'a Collection,
    /// The collection that it may write into.
    pub inbox: &'a Collection,
    /// Under which source what it says is kept.
    pub source: SourceNumber,
}

/// One of the two collections of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCollection {
    number: i64,
    /// Its API root.
    pub root: String,
    /// Its id.
    pub id: String,
}

/// A peer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Whose peer it is.
    pub agency: AgencyId,
    /// Its number.
    pub number: PeerNumber,
    /// Its name.
    pub name: String,
    /// Who it is and what may go there.
    pub config: String,
    /// Its token, as the ledger and rights of collections call it.
    pub token: String,
    /// Under which source what it says is kept.
    pub source: SourceNumber,
    /// How far its own collection was pulled, as JSON of whoever pulls. Empty at first.
    pub pulled: String,
    /// Up to which moment what it wrote here was taken in.
    pub inbox_upto: Timestamp,
    /// How far what is known here was put through the gate, as JSON of whoever does that. Empty at first.
    pub shared: String,
    /// How it does, as JSON of whoever speaks with it. Empty at first.
    pub health: String,
    /// Since when nothing goes there and nothing is asked for, if so.
    pub paused: Option<Timestamp>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When something about it was changed by hand.
    pub changed: Timestamp,
    /// When it was removed.
    pub removed: Option<Timestamp>,
    /// The collection that it reads.
    pub outbox: PeerCollection,
    /// The collection that it may write into.
    pub inbox: PeerCollection,
    sealed: String,
}

impl Peer {
    /// Whether we have a token at its place.
    pub fn has_secret(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn is_named(&self, name: &str) -> bool {
        self.removed.is_none() && self.name == name
    }
}

impl State {
    /// Keeps a peer.
    ///
    /// # Errors
    /// When the name is none or taken, the configuration is too large, there are too many, or the database refuses.
    pub async fn add_peer(&self, ctx: &OpContext, new: &NewPeer<'_>) -> Result<PeerNumber, StateError> {
        let adding = sql("keeping a peer");
        let name = check_name(new.name)?;
        check_size("bytes of a peer's configuration", new.config.len(), limits::INTEL_CONFIG_BYTES_MAX)?;
        let count = self.count(ctx, "counting peers", sqlx::query(COUNT).bind(agency(ctx))).await?;
        check_size("peers", count as usize + 1, limits::PEERS_MAX)?;
        let secret = self.seal_text(ctx, SECRET_FIELD, new.secret).await?;
        let mut work = self.begin(ctx).await?;
        let next = sqlx::query(NEXT_NUMBER).bind(agency(ctx)).fetch_one(&mut *work).await;
        let number: i64 = get(&next.map_err(&adding)?, 0)?;
        let insert = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(number)
            .bind(name.clone())
            .bind(new.config.to_owned())
            .bind(secret)
            .bind(object_named("token", new.token))
            .bind(new.outbox.number)
            .bind(new.inbox.number)
            .bind(i64::from(new.source))
            .bind(ctx.now.as_micros());
        let made = insert.execute(&mut *work).await.map_err(&adding)?.rows_affected();
        if made == 0 {
            return Err(StateError::Exists { what: "peer", name });
        }
        let deed = Deed::done_to_named("peer.add", "peer", &name).saying(new.config);
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(adding)?;
        Ok(PeerNumber(number))
    }

    /// All peers of the agency, those that were removed included, by number.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn peers(&self, ctx: &OpContext) -> Result<Vec<Peer>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading peers", query).await?.iter().map(read).collect()
    }

    /// The peer of that name.
    ///
    /// # Errors
    /// When there is none, or the database refuses or holds nonsense.
    pub async fn peer(&self, ctx: &OpContext, name: &str) -> Result<Peer, StateError> {
        let found = self.peers(ctx).await?.into_iter().find(|peer| peer.is_named(name));
        found.ok_or_else(|| StateError::NotFound { what: "peer", name: name.chars().take(80).collect() })
    }

    /// The peers of all agencies, for whoever speaks with them.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn peers_everywhere(&self) -> Result<Vec<Peer>, StateError> {
        let rows = self.fetch_all(Reach::All, "reading peers", sqlx::query(SELECT_EVERYWHERE)).await?;
        rows.iter().map(read).collect()
    }

    /// Our token at a peer's place; `None` when there is none, or its key was destroyed.
    ///
    /// # Errors
    /// When the keys cannot be had.
    pub async fn peer_secret(&self, peer: &Peer) -> Result<Option<String>, StateError> {
        if peer.sealed.is_empty() {
            return Ok(None);
        }
        let opened = self.open_texts(peer.agency.as_str(), SECRET_FIELD, vec![peer.sealed.clone()]).await?;
        Ok(opened.into_iter().next().flatten())
    }

    /// Changes who a peer is and what may go there; with a secret, our token there, too.
    ///
    /// # Errors
    /// When the configuration is too large, there is no such peer, or the database refuses.
    pub async fn set_peer(
        &self,
        ctx: &OpContext,
        peer: &Peer,
        config: &str,
        secret: Option<&str>,
    ) -> Result<(), StateError> {
        check_size("bytes of a peer's configuration", config.len(), limits::INTEL_CONFIG_BYTES_MAX)?;
        let sealed = match secret {
            Some(secret) => self.seal_text(ctx, SECRET_FIELD, secret).await?,
            None => peer.sealed.clone(),
        };
        let query = of(SET_CONFIG, ctx, peer.number).bind(config.to_owned()).bind(sealed).bind(ctx.now.as_micros());
        self.change(ctx, peer, query, "peer.change", Some(config)).await?;
        match secret {
            // The old one is of no use to anybody.
            Some(_) => self.destroy_texts(ctx, std::slice::from_ref(&peer.sealed)).await,
            None => Ok(()),
        }
    }

    /// Says which token is the peer's from now on.
    ///
    /// # Errors
    /// When there is no such peer, or the database refuses.
    pub async fn set_peer_token(&self, ctx: &OpContext, peer: &Peer, token: &str) -> Result<(), StateError> {
        let query = of(SET_TOKEN, ctx, peer.number).bind(object_named("token", token)).bind(ctx.now.as_micros());
        self.change(ctx, peer, query, "peer.token", None).await
    }

    /// Has nothing go to a peer and asks it no more for now, or ends that.
    ///
    /// # Errors
    /// When there is no such peer, or the database refuses.
    pub async fn pause_peer(&self, ctx: &OpContext, peer: &Peer, paused: Option<Timestamp>) -> Result<(), StateError> {
        let query = of(SET_PAUSED, ctx, peer.number).bind(paused.map(Timestamp::as_micros)).bind(ctx.now.as_micros());
        let operation = if paused.is_some() { "peer.pause" } else { "peer.resume" };
        self.change(ctx, peer, query, operation, None).await
    }

    /// Removes a peer. What left for it stays known.
    ///
    /// # Errors
    /// When there is no such peer, or the database refuses.
    pub async fn remove_peer(&self, ctx: &OpContext, peer: &Peer) -> Result<(), StateError> {
        let query = of(REMOVE, ctx, peer.number).bind(ctx.now.as_micros());
        self.change(ctx, peer, query, "peer.remove", None).await?;
        self.destroy_texts(ctx, std::slice::from_ref(&peer.sealed)).await?;
        self.forget_told(ctx, peer.number).await?;
        self.forget_arrivals(ctx, peer.number).await
    }

    async fn change(
        &self,
        ctx: &OpContext,
        peer: &Peer,
        query: Bound,
        operation: &'static str,
        words: Option<&str>,
    ) -> Result<(), StateError> {
        let deed = Deed::done_to_named(operation, "peer", &peer.name);
        let deed = words.map_or(deed.clone(), |words| deed.saying(words));
        match self.write(ctx, "changing a peer", query, deed).await? {
            0 => Err(StateError::NotFound { what: "peer", name: peer.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Keeps how a peer does. The ledger has no line of it: it is the program's own bookkeeping.
    ///
    /// # Errors
    /// When it is too large, or the database refuses.
    pub async fn keep_peer_health(&self, ctx: &OpContext, peer: PeerNumber, health: &str) -> Result<(), StateError> {
        check_size("bytes of a peer's health", health.len(), limits::INTEL_CONFIG_BYTES_MAX)?;
        let query = of(KEEP_HEALTH, ctx, peer).bind(health.to_owned());
        self.execute(ctx, "keeping how a peer does", query).await.map(|_| ())
    }

    /// Whether a collection is what a peer reads: nobody writes there but the gate.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_outbox(&self, ctx: &OpContext, collection: &Collection) -> Result<bool, StateError> {
        let query = sqlx::query(IS_PEERS).bind(agency(ctx)).bind(collection.number);
        Ok(self.count(ctx, "looking whose a collection is", query).await? > 0)
    }

    /// When the last object was added to a collection; the beginning of time when there is none.
    ///
    /// # Errors
    /// When there is no such collection, or the database refuses.
    pub async fn news_of(&self, ctx: &OpContext, collection: &Collection) -> Result<Timestamp, StateError> {
        let query = sqlx::query(SELECT_NEWS).bind(agency(ctx)).bind(collection.number);
        let row = self.fetch_optional(ctx, "looking for news", query).await?;
        let row = row.ok_or_else(|| StateError::NotFound { what: "collection", name: collection.id.clone() })?;
        Ok(Timestamp::from_micros(get(&row, 0)?))
    }
}

fn of(statement: &'static str, ctx: &OpContext, peer: PeerNumber) -> Bound {
    sqlx::query(statement).bind(agency(ctx)).bind(peer.0)
}

fn read(row: &sqlx::any::AnyRow) -> Result<Peer, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "peer", detail };
    let owner: String = get(row, 0)?;
    let time = |column| -> Result<Timestamp, StateError> { Ok(Timestamp::from_micros(get(row, column)?)) };
    let removed: i64 = get(row, 13)?;
    let collection = |column| -> Result<PeerCollection, StateError> {
        Ok(PeerCollection { number: get(row, column)?, root: get(row, column + 1)?, id: get(row, column + 2)? })
    };
    Ok(Peer {
        agency: AgencyId::parse(&owner).map_err(|error| corrupt(error.to_string()))?,
        number: PeerNumber(get(row, 1)?),
        name: get(row, 2)?,
        config: get(row, 3)?,
        token: get(row, 4)?,
        source: SourceNumber::from(get::<i64>(row, 5)?),
        pulled: get(row, 6)?,
        inbox_upto: time(7)?,
        shared: get(row, 8)?,
        health: get(row, 9)?,
        paused: get::<Option<i64>>(row, 10)?.map(Timestamp::from_micros),
        created: time(11)?,
        changed: time(12)?,
        removed: (removed != 0).then(|| Timestamp::from_micros(removed)),
        sealed: get(row, 14)?,
        outbox: collection(15)?,
        inbox: collection(18)?,
    })
}
