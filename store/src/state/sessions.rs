//! Who is in. A session is 256 random bits that only the browser has; the database has their hash.

use std::time::Duration;

use model::{AgencyId, OpContext, Timestamp, limits};

use super::agency;
use super::database::{Reach, State, StateError, get};
use super::ledger::Deed;
use super::people::{PersonId, whose};

const INSERT: &str = "INSERT INTO sessions (hash, agency, person, created_us, seen_us, ends_us, stepped_up_us) \
    VALUES ($1, $2, $3, $4, $4, $5, $6)";
/// Without an agency: the session says who asks.
const SELECT: &str = "SELECT agency, person, created_us, seen_us, ends_us, stepped_up_us FROM sessions \
    WHERE hash = $1 AND ends_us > $2 AND seen_us > $3";
const SEE: &str = "UPDATE sessions SET seen_us = $3 WHERE agency = $1 AND hash = $2";
const REPLACE: &str = "UPDATE sessions SET hash = $3, stepped_up_us = $4 WHERE agency = $1 AND hash = $2";
const DELETE: &str = "DELETE FROM sessions WHERE agency = $1 AND hash = $2";
const DELETE_OTHERS: &str = "DELETE FROM sessions WHERE agency = $1 AND person = $2 AND hash <> $3";
const COUNT: &str = "SELECT COUNT(*) FROM sessions WHERE agency = $1 AND person = $2 AND ends_us > $3 AND seen_us > $4";
const DELETE_ENDED: &str = "DELETE FROM sessions WHERE ends_us <= $1 OR seen_us <= $2";

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT, SEE, REPLACE, DELETE, DELETE_OTHERS, COUNT, DELETE_ENDED];

/// How much older than it is the last request of a session may be in the database: not every request writes.
const SEEN_STEP: Duration = Duration::from_secs(60);

/// Somebody who is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where they work.
    pub agency: AgencyId,
    /// Who it is.
    pub person: PersonId,
    /// Since when they are in.
    pub created: Timestamp,
    /// When they asked for something last.
    pub seen: Timestamp,
    /// When it ends, whatever they do.
    pub ends: Timestamp,
    /// When they last proved again who they are.
    pub stepped_up: Option<Timestamp>,
}

impl Session {
    /// Whether they proved again who they are, a short while ago.
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        let since = now.minus(Duration::from_secs(limits::STEP_UP_SECONDS));
        self.stepped_up.is_some_and(|at| at > since && at <= now)
    }
}

fn hash(secret: &[u8; 32]) -> Vec<u8> {
    blake3::hash(secret).as_bytes().to_vec()
}

/// Whoever was seen before this is out.
fn idle_since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_secs(limits::SESSION_IDLE_SECONDS))
}

impl State {
    /// Lets a person in, who has proved at `proven` who they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_session(
        &self,
        ctx: &OpContext,
        person: PersonId,
        secret: &[u8; 32],
        proven: Option<Timestamp>,
    ) -> Result<(), StateError> {
        let ends = ctx.now.plus(Duration::from_secs(limits::SESSION_SECONDS_MAX));
        let query = sqlx::query(INSERT)
            .bind(hash(secret))
            .bind(agency(ctx))
            .bind(person.to_string())
            .bind(ctx.now.as_micros())
            .bind(ends.as_micros())
            .bind(proven.map(Timestamp::as_micros));
        let deed = Deed::done("session.begin", format!("person:{person}"));
        self.write(ctx, "beginning a session", query, deed).await?;
        Ok(())
    }

    /// Whose session a secret is, if it has not ended and was used lately; remembers that it was used now.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn session(&self, secret: &[u8; 32], now: Timestamp) -> Result<Option<Session>, StateError> {
        let session = self.peek_at_session(secret, now).await?;
        if let Some(session) = &session
            && session.seen.plus(SEEN_STEP) <= now
        {
            let see = sqlx::query(SEE).bind(session.agency.as_str().to_owned()).bind(hash(secret));
            self.execute(Reach::All, "using a session", see.bind(now.as_micros())).await?;
        }
        Ok(session)
    }

    /// The same without using it: what a page does by itself keeps nobody in.
    ///
    /// # Errors
    /// As [`State::session`].
    pub async fn peek_at_session(&self, secret: &[u8; 32], now: Timestamp) -> Result<Option<Session>, StateError> {
        let query = sqlx::query(SELECT).bind(hash(secret)).bind(now.as_micros()).bind(idle_since(now).as_micros());
        let Some(row) = self.fetch_optional(Reach::All, "looking a session up", query).await? else {
            return Ok(None);
        };
        let (agency, person) = whose(&row)?;
        Ok(Some(Session {
            agency,
            person,
            created: Timestamp::from_micros(get(&row, 2)?),
            seen: Timestamp::from_micros(get(&row, 3)?),
            ends: Timestamp::from_micros(get(&row, 4)?),
            stepped_up: get::<Option<i64>>(&row, 5)?.map(Timestamp::from_micros),
        }))
    }

    /// Puts another secret in a session's place, since its owner has proved again who they are: whoever knew the old one is out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn step_up(&self, ctx: &OpContext, old: &[u8; 32], new: &[u8; 32]) -> Result<bool, StateError> {
        let query = sqlx::query(REPLACE).bind(agency(ctx)).bind(hash(old)).bind(hash(new));
        let deed = Deed::done("session.step_up", ctx.actor.clone());
        Ok(self.write(ctx, "stepping a session up", query.bind(ctx.now.as_micros()), deed).await? > 0)
    }

    /// Lets somebody out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_session(&self, ctx: &OpContext, secret: &[u8; 32]) -> Result<(), StateError> {
        let query = sqlx::query(DELETE).bind(agency(ctx)).bind(hash(secret));
        self.write(ctx, "ending a session", query, Deed::done("session.end", ctx.actor.clone())).await?;
        Ok(())
    }

    /// Ends every session of a person but this one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_other_sessions(
        &self,
        ctx: &OpContext,
        person: PersonId,
        secret: &[u8; 32],
    ) -> Result<u64, StateError> {
        let query = sqlx::query(DELETE_OTHERS).bind(agency(ctx)).bind(person.to_string()).bind(hash(secret));
        let deed = Deed::done("session.end_others", ctx.actor.clone());
        self.write(ctx, "ending sessions", query, deed).await
    }

    /// In how many sessions a person is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn session_count(&self, ctx: &OpContext, person: PersonId) -> Result<u64, StateError> {
        let query = sqlx::query(COUNT).bind(agency(ctx)).bind(person.to_string()).bind(ctx.now.as_micros());
        self.count(ctx, "counting sessions", query.bind(idle_since(ctx.now).as_micros())).await
    }

    /// Forgets sessions, of all agencies, that have ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_ended_sessions(&self, now: Timestamp) -> Result<u64, StateError> {
        let query = sqlx::query(DELETE_ENDED).bind(now.as_micros()).bind(idle_since(now).as_micros());
        self.execute(Reach::All, "forgetting sessions", query).await
    }
}
