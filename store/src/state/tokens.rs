//! Tokens of programs that bring records or ask questions. Only a hash is kept.
//!
//! A token is 256 random bits that the caller draws, so that a plain BLAKE3 hash is enough: there is nothing to guess, and
//! a slow password hash would only slow down every request. Finding a token is a look-up by its whole hash; comparing
//! hashes leaks nothing about a token, whatever the time it takes.

use std::collections::BTreeSet;

use model::{AgencyId, OpContext, Timestamp};
use serde::{Deserialize, Serialize};

use super::agency;
use super::database::{Reach, State, StateError, check_name, get};
use super::ledger::Deed;

const INSERT: &str = "INSERT INTO service_tokens (agency, name, hash, scopes, created_us, expires_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, name) DO NOTHING";
/// The one look-up without an agency: who asks is not known before it is answered.
const SELECT_BY_HASH: &str = "SELECT agency, name, scopes, created_us, expires_us, revoked_us FROM service_tokens \
    WHERE hash = $1 AND revoked_us IS NULL AND expires_us > $2";
const SELECT_ALL: &str = "SELECT agency, name, scopes, created_us, expires_us, revoked_us FROM service_tokens \
    WHERE agency = $1 ORDER BY name";
const REVOKE: &str = "UPDATE service_tokens SET revoked_us = $3 WHERE agency = $1 AND name = $2 AND revoked_us IS NULL";

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT_BY_HASH, SELECT_ALL, REVOKE];

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// Bring records.
    Ingest,
    /// Run hunts.
    Hunt,
    /// Read findings.
    Findings,
    /// Share: read and write collections, as far as each lets it.
    Share,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 4] = [Scope::Ingest, Scope::Hunt, Scope::Findings, Scope::Share];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Hunt => "hunt",
            Scope::Findings => "findings",
            Scope::Share => "share",
        }
    }
}

/// A token that is to be known from now on.
pub struct NewToken<'a> {
    /// What people call it, one in an agency, for ever.
    pub name: &'a str,
    /// The token itself; it is hashed here and not kept.
    pub secret: &'a [u8; 32],
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// When it ends.
    pub expires: Timestamp,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken {
    /// Whose token it is.
    pub agency: AgencyId,
    /// What people call it.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

impl ServiceToken {
    /// Whether it opens something.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires > now
    }
}

fn hash(secret: &[u8; 32]) -> Vec<u8> {
    blake3::hash(secret).as_bytes().to_vec()
}

impl State {
    /// Makes a token of the agency known.
    ///
    /// # Errors
    /// When the name is none or taken (a revoked token keeps its name), or the database refuses.
    pub async fn add_token(&self, ctx: &OpContext, token: &NewToken<'_>) -> Result<(), StateError> {
        let name = check_name(token.name)?;
        let scopes = serde_json::to_string(&token.scopes);
        let scopes = scopes.map_err(|error| StateError::Corrupt { what: "token", detail: error.to_string() })?;
        let query = sqlx::query(INSERT).bind(agency(ctx)).bind(name).bind(hash(token.secret)).bind(scopes);
        let query = query.bind(ctx.now.as_micros()).bind(token.expires.as_micros());
        let is_new =
            self.write(ctx, "writing a token", query, Deed::done_to_named("token.add", "token", token.name)).await? > 0;
        if is_new { Ok(()) } else { Err(StateError::Exists { what: "token", name: token.name.to_owned() }) }
    }

    /// The token that a secret is, if it is one, has not ended and was not revoked.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn token(&self, secret: &[u8; 32], now: Timestamp) -> Result<Option<ServiceToken>, StateError> {
        let query = sqlx::query(SELECT_BY_HASH).bind(hash(secret)).bind(now.as_micros());
        let row = self.fetch_optional(Reach::All, "looking a token up", query).await?;
        row.as_ref().map(read).transpose()
    }

    /// All tokens of the agency, those that ended or were revoked included.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn tokens(&self, ctx: &OpContext) -> Result<Vec<ServiceToken>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading tokens", query).await?.iter().map(read).collect()
    }

    /// Ends a token of the agency at once.
    ///
    /// # Errors
    /// When there is no such token that is not revoked, or the database refuses.
    pub async fn revoke_token(&self, ctx: &OpContext, name: &str) -> Result<(), StateError> {
        let query = sqlx::query(REVOKE).bind(agency(ctx)).bind(name.to_owned()).bind(ctx.now.as_micros());
        let was_there =
            self.write(ctx, "revoking a token", query, Deed::done_to_named("token.revoke", "token", name)).await? > 0;
        if was_there { Ok(()) } else { Err(StateError::NotFound { what: "token", name: name.to_owned() }) }
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<ServiceToken, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "token", detail };
    let agency: String = get(row, 0)?;
    let scopes: String = get(row, 2)?;
    Ok(ServiceToken {
        agency: AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?,
        name: get(row, 1)?,
        scopes: serde_json::from_str(&scopes).map_err(|error| corrupt(error.to_string()))?,
        created: Timestamp::from_micros(get(row, 3)?),
        expires: Timestamp::from_micros(get(row, 4)?),
        revoked: get::<Option<i64>>(row, 5)?.map(Timestamp::from_micros),
    })
}
