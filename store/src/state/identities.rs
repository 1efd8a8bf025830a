//! Accounts at the staff's identity provider. What is kept of one is the hash of who issued it and what it is called there.

use model::{AgencyId, OpContext};

use super::agency;
use super::database::{Reach, State, StateError, sql};
use super::ledger::Deed;
use super::people::{PersonId, use_link, whose};

const INSERT: &str = "INSERT INTO identities (hash, agency, person, created_us, used_us) VALUES ($1, $2, $3, $4, $4) \
    ON CONFLICT (hash) DO NOTHING";
/// Without an agency: the account says who comes.
const SELECT: &str = "SELECT agency, person FROM identities WHERE hash = $1";
const USE: &str = "UPDATE identities SET used_us = $3 WHERE agency = $1 AND hash = $2";
const COUNT: &str = "SELECT COUNT(*) FROM identities WHERE agency = $1 AND person = $2";
const COUNT_ALL: &str = "SELECT COUNT(*) FROM identities WHERE agency = $1";

pub(super) const STATEMENTS: &[&str] = &[INSERT, SELECT, USE, COUNT, COUNT_ALL];

/// The hash of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityHash([u8; 32]);

impl IdentityHash {
    /// Of the account that `issuer` calls `subject`.
    pub fn of(issuer: &str, subject: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("watchbell state 2026 accounts of an identity provider");
        // The length first: no other pair gives the same bytes.
        hasher.update(&(issuer.len() as u64).to_be_bytes());
        hasher.update(issuer.as_bytes()).update(subject.as_bytes());
        IdentityHash(*hasher.finalize().as_bytes())
    }

    fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl State {
    /// Whose account it is, if it is somebody's.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn owner_of_identity(&self, identity: IdentityHash) -> Result<Option<(AgencyId, PersonId)>, StateError> {
        let query = sqlx::query(SELECT).bind(identity.bytes());
        self.fetch_optional(Reach::All, "looking an account up", query).await?.as_ref().map(whose).transpose()
    }

    /// Remembers that an account was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn identity_used(&self, ctx: &OpContext, identity: IdentityHash) -> Result<(), StateError> {
        let query = sqlx::query(USE).bind(agency(ctx)).bind(identity.bytes()).bind(ctx.now.as_micros());
        self.execute(ctx, "using an account", query).await?;
        Ok(())
    }

    /// Makes an account a person's. With a link, the link is used up: both or neither. `Ok(false)`: the link lets nobody in any more, or
    /// the account is somebody's already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_identity(
        &self,
        ctx: &OpContext,
        person: PersonId,
        identity: IdentityHash,
        link: Option<&[u8; 32]>,
    ) -> Result<bool, StateError> {
        let keeping = sql("keeping an account");
        let mut work = self.begin(ctx).await?;
        if let Some(link) = link
            && !use_link(&mut work, ctx, link).await?
        {
            return Ok(false);
        }
        let insert = sqlx::query(INSERT).bind(identity.bytes()).bind(agency(ctx)).bind(person.to_string());
        let done = insert.bind(ctx.now.as_micros()).execute(&mut *work).await.map_err(&keeping)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.append(&mut work, ctx, &[Deed::done("identity.add", person.actor())]).await?;
        work.commit().await.map_err(keeping)?;
        Ok(true)
    }

    /// How many accounts a person has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn identity_count(&self, ctx: &OpContext, person: PersonId) -> Result<u64, StateError> {
        let query = sqlx::query(COUNT).bind(agency(ctx)).bind(person.to_string());
        self.count(ctx, "counting accounts", query).await
    }

    /// How many accounts people of the agency have.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn identity_total(&self, ctx: &OpContext) -> Result<u64, StateError> {
        self.count(ctx, "counting accounts", sqlx::query(COUNT_ALL).bind(agency(ctx))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_of_its_issuer() {
        let one = IdentityHash::of("https://id.example", "7");
        assert_eq!(one, IdentityHash::of("https://id.example", "7"));
        for (issuer, subject) in [("https://id.example7", ""), ("https://id.exampl", "e7"), ("https://id.example", "8")]
        {
            assert_ne!(one, IdentityHash::of(issuer, subject));
        }
    }
}
