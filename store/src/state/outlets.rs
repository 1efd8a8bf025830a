//! Outlets: what leaves for the blocklists and detectors of others, who may fetch it, and what was fetched last.
//!
//! Of an outlet's token only a hash is kept, as of every token. The secret of a transfer key has to be known again when a resolver asks,
//! so it is sealed like the texts that people write; without a vault there is none.

use model::{AgencyId, OpContext, Timestamp, limits};

use super::agency;
use super::database::{Reach, State, StateError, check_name, check_size, get, sql};
use super::ledger::Deed;

const INSERT: &str = "INSERT INTO outlets (agency, id, name, config, hash, expires_us, transfer_key, made, paused_us, told, told_us, \
    asked_by, asked_us, created_us, changed_us) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, '', NULL, '', 0, NULL, NULL, $8, $8) ON CONFLICT (agency, name) DO NOTHING";
const COUNT: &str = "SELECT COUNT(*) FROM outlets WHERE agency = $1";
const SELECT_ALL: &str = "SELECT agency, id, name, config, expires_us, transfer_key, made, paused_us, told, told_us, asked_by, asked_us, \
    created_us, changed_us FROM outlets WHERE agency = $1 ORDER BY name";
const SELECT_NAMED: &str = "SELECT agency, id, name, config, expires_us, transfer_key, made, paused_us, told, told_us, asked_by, asked_us, \
    created_us, changed_us FROM outlets WHERE agency = $1 AND name = $2";
/// Of all agencies, for whoever makes what is served.
const SELECT_EVERYWHERE: &str = "SELECT agency, id, name, config, expires_us, transfer_key, made, paused_us, told, told_us, asked_by, \
    asked_us, created_us, changed_us FROM outlets ORDER BY agency, name";
/// Without an agency: who asks is not known before it is answered.
const SELECT_BY_HASH: &str = "SELECT agency, id, name, config, expires_us, transfer_key, made, paused_us, told, told_us, asked_by, asked_us, \
    created_us, changed_us FROM outlets WHERE hash = $1";
const SET_PAUSED: &str = "UPDATE outlets SET paused_us = $3, changed_us = $4 WHERE agency = $1 AND name = $2";
const SET_TOKEN: &str =
    "UPDATE outlets SET hash = $3, expires_us = $4, changed_us = $5 WHERE agency = $1 AND name = $2";
const KEEP_MADE: &str = "UPDATE outlets SET made = $3 WHERE agency = $1 AND id = $2";
/// A version is told once a day: fetching again what was fetched already says nothing new.
const TELL: &str = "UPDATE outlets SET told = $3, told_us = $4 \
    WHERE agency = $1 AND id = $2 AND (told <> $3 OR told_us < $5)";
const KEEP_ASKED: &str = "UPDATE outlets SET asked_by = $3, asked_us = $4 \
    WHERE agency = $1 AND id = $2 AND (asked_us IS NULL OR asked_us < $5)";
const DELETE: &str = "DELETE FROM outlets WHERE agency = $1 AND id = $2";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    COUNT,
    SELECT_ALL,
    SELECT_NAMED,
    SELECT_EVERYWHERE,
    SELECT_BY_HASH,
    SET_PAUSED,
    SET_TOKEN,
    KEEP_MADE,
    TELL,
    KEEP_ASKED,
    DELETE,
];

/// The field that secrets of transfer keys are sealed for.
const KEY_FIELD: &str = "outlets.transfer_key";

/// Microseconds between two notes of who asked last: whoever asks without end does not make us write without end.
const ASKED_EVERY_US: i64 = 10_000_000;

/// An outlet that is to be known from now on.
pub struct NewOutlet<'a> {
    /// What its files are kept under; never given twice.
    pub id: &'a str,
    /// What people call it, one in an agency; a part of its address.
    pub name: &'a str,
    /// What it gives and in which form, as JSON of whoever makes it.
    pub config: &'a str,
    /// Its token; it is hashed here and not kept.
    pub secret: &'a [u8; 32],
    /// When the token ends.
    pub expires: Timestamp,
    /// The secret of its transfer key, if it has one; it is sealed.
    pub transfer_key: Option<&'a str>,
}

/// An outlet, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// Whose it is.
    pub agency: AgencyId,
    /// What its files are kept under.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it gives and in which form.
    pub config: String,
    /// When its token ends, and its transfer key with it.
    pub expires: Timestamp,
    /// The sealed secret of its transfer key; empty when it has none.
    sealed_key: String,
    /// What was made for it last, as JSON of whoever makes it. Empty at first.
    pub made: String,
    /// Since when it gives nothing, if it does not.
    pub paused: Option<Timestamp>,
    /// The version that was fetched last and stands in the ledger; empty at first.
    pub told: String,
    /// When that was.
    pub told_at: Option<Timestamp>,
    /// Who asked last, and when.
    pub asked: Option<(String, Timestamp)>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When somebody changed it.
    pub changed: Timestamp,
}

impl Outlet {
    /// Whether its token, and its transfer key, have ended.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires <= now
    }

    /// Whether it has a transfer key.
    pub fn has_transfer_key(&self) -> bool {
        !self.sealed_key.is_empty()
    }
}

fn hash(secret: &[u8; 32]) -> Vec<u8> {
    blake3::hash(secret).as_bytes().to_vec()
}

/// A part of an address that needs no escaping.
fn check_outlet_name(name: &str) -> Result<String, StateError> {
    let name = check_name(name)?;
    let is_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    // One label of a domain: the transfer key is named after it.
    if name.len() <= limits::OUTLET_NAME_BYTES_MAX && name.bytes().all(is_byte) {
        Ok(name)
    } else {
        let detail = format!(
            "{name:?} is an address: small letters, digits, - and _ only, {} at most",
            limits::OUTLET_NAME_BYTES_MAX
        );
        Err(StateError::Corrupt { what: "name of an outlet", detail })
    }
}

fn no_outlet(name: &str) -> StateError {
    StateError::NotFound { what: "outlet", name: name.chars().take(80).collect() }
}

impl State {
    /// Makes an outlet known.
    ///
    /// # Errors
    /// When the name is none or taken, the configuration is too large, there are too many, a transfer key cannot be sealed, or the
    /// database refuses.
    pub async fn add_outlet(&self, ctx: &OpContext, new: &NewOutlet<'_>) -> Result<(), StateError> {
        let name = check_outlet_name(new.name)?;
        check_size("bytes of an outlet's configuration", new.config.len(), limits::OUTLET_CONFIG_BYTES_MAX)?;
        let sealed = match new.transfer_key {
            Some(_) if self.vault.is_none() => {
                let detail = "there is no vault to seal its secret".to_owned();
                return Err(StateError::Corrupt { what: "transfer key", detail });
            }
            Some(secret) => self.seal_text(ctx, KEY_FIELD, secret).await?,
            None => String::new(),
        };
        let done = self.insert_outlet(ctx, new, &name, &sealed).await;
        if done.is_err() {
            self.destroy_texts(ctx, &[sealed]).await?;
        }
        done
    }

    async fn insert_outlet(
        &self,
        ctx: &OpContext,
        new: &NewOutlet<'_>,
        name: &str,
        sealed: &str,
    ) -> Result<(), StateError> {
        let adding = sql("adding an outlet");
        let mut work = self.begin(ctx).await?;
        let count = sqlx::query(COUNT).bind(agency(ctx)).fetch_one(&mut *work).await.map_err(&adding)?;
        check_size("outlets", get::<i64>(&count, 0)? as usize + 1, limits::OUTLETS_MAX)?;
        let insert = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(new.id.to_owned())
            .bind(name.to_owned())
            .bind(new.config.to_owned())
            .bind(hash(new.secret))
            .bind(new.expires.as_micros())
            .bind(sealed.to_owned())
            .bind(ctx.now.as_micros());
        if insert.execute(&mut *work).await.map_err(&adding)?.rows_affected() == 0 {
            return Err(StateError::Exists { what: "outlet", name: name.to_owned() });
        }
        let deed =
            Deed::done("outlet.add", super::object_named("outlet", name)).saying(format!("{name} {}", new.config));
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(adding)
    }

    /// The agency's outlets, by name.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn outlets(&self, ctx: &OpContext) -> Result<Vec<Outlet>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading outlets", query).await?.iter().map(read).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When there is none of that name, or the database refuses or holds nonsense.
    pub async fn outlet(&self, ctx: &OpContext, name: &str) -> Result<Outlet, StateError> {
        let query = sqlx::query(SELECT_NAMED).bind(agency(ctx)).bind(name.to_owned());
        let row = self.fetch_optional(ctx, "reading an outlet", query).await?;
        row.as_ref().map_or_else(|| Err(no_outlet(name)), read)
    }

    /// The outlets of all agencies, for whoever makes what they serve.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn outlets_everywhere(&self) -> Result<Vec<Outlet>, StateError> {
        let rows = self.fetch_all(Reach::All, "reading outlets", sqlx::query(SELECT_EVERYWHERE)).await?;
        rows.iter().map(read).collect()
    }

    /// The outlet that a token opens, one that is paused or has ended, too: whoever asks is told so.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn outlet_of_token(&self, secret: &[u8; 32]) -> Result<Option<Outlet>, StateError> {
        let query = sqlx::query(SELECT_BY_HASH).bind(hash(secret));
        self.fetch_optional(Reach::All, "looking a token up", query).await?.as_ref().map(read).transpose()
    }

    /// The secret of an outlet's transfer key; nothing when it has none, or the key that seals it is not there.
    ///
    /// # Errors
    /// When the vault refuses.
    pub async fn transfer_key(&self, outlet: &Outlet) -> Result<Option<String>, StateError> {
        if outlet.sealed_key.is_empty() {
            return Ok(None);
        }
        let sealed = vec![outlet.sealed_key.clone()];
        Ok(self.open_texts(outlet.agency.as_str(), KEY_FIELD, sealed).await?.into_iter().next().flatten())
    }

    /// Has an outlet give nothing for now, or give again.
    ///
    /// # Errors
    /// When there is no such outlet, or the database refuses.
    pub async fn pause_outlet(&self, ctx: &OpContext, name: &str, paused: Option<Timestamp>) -> Result<(), StateError> {
        let query = sqlx::query(SET_PAUSED).bind(agency(ctx)).bind(name.to_owned());
        let query = query.bind(paused.map(Timestamp::as_micros)).bind(ctx.now.as_micros());
        let operation = if paused.is_some() { "outlet.pause" } else { "outlet.resume" };
        let deed = Deed::done_to_named(operation, "outlet", name);
        match self.write(ctx, "pausing an outlet", query, deed).await? {
            0 => Err(no_outlet(name)),
            _ => Ok(()),
        }
    }

    /// Gives an outlet another token; the old one opens nothing any more.
    ///
    /// # Errors
    /// When there is no such outlet, or the database refuses.
    pub async fn renew_outlet(
        &self,
        ctx: &OpContext,
        name: &str,
        secret: &[u8; 32],
        expires: Timestamp,
    ) -> Result<(), StateError> {
        let query = sqlx::query(SET_TOKEN).bind(agency(ctx)).bind(name.to_owned()).bind(hash(secret));
        let query = query.bind(expires.as_micros()).bind(ctx.now.as_micros());
        match self.write(ctx, "renewing a token", query, Deed::done_to_named("outlet.renew", "outlet", name)).await? {
            0 => Err(no_outlet(name)),
            _ => Ok(()),
        }
    }

    /// Removes an outlet, and makes the secret of its transfer key unreadable in every copy.
    ///
    /// # Errors
    /// When there is no such outlet, or the database refuses.
    pub async fn remove_outlet(&self, ctx: &OpContext, name: &str) -> Result<Outlet, StateError> {
        let outlet = self.outlet(ctx, name).await?;
        let query = sqlx::query(DELETE).bind(agency(ctx)).bind(outlet.id.clone());
        let deed = Deed::done_to_named("outlet.remove", "outlet", name);
        if self.write(ctx, "removing an outlet", query, deed).await? == 0 {
            return Err(no_outlet(name));
        }
        self.destroy_texts(ctx, std::slice::from_ref(&outlet.sealed_key)).await?;
        Ok(outlet)
    }

    /// Keeps what was made for an outlet. The ledger has no line of it: it is the program's own bookkeeping, until somebody fetches it.
    ///
    /// # Errors
    /// When it is too large, or the database refuses.
    pub async fn keep_outlet_made(&self, ctx: &OpContext, id: &str, made: &str) -> Result<(), StateError> {
        check_size("bytes of what is said about a release", made.len(), limits::OUTLET_MADE_BYTES_MAX)?;
        let query = sqlx::query(KEEP_MADE).bind(agency(ctx)).bind(id.to_owned()).bind(made.to_owned());
        self.execute(ctx, "keeping what was made", query).await.map(|_| ())
    }

    /// Writes into the ledger that a version left by an outlet, unless the same one was written down since `since`. It has to come back before
    /// anything leaves.
    ///
    /// # Errors
    /// When the database refuses; nothing must leave then.
    pub async fn tell_outlet(
        &self,
        ctx: &OpContext,
        id: &str,
        (version, since): (&str, Timestamp),
        deed: Deed,
    ) -> Result<(), StateError> {
        let query = sqlx::query(TELL).bind(agency(ctx)).bind(id.to_owned()).bind(version.to_owned());
        let query = query.bind(ctx.now.as_micros()).bind(since.as_micros());
        self.write(ctx, "writing down what leaves", query, deed).await.map(|_| ())
    }

    /// Keeps who asked last, to ten seconds.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn outlet_asked(&self, ctx: &OpContext, id: &str, by: &str) -> Result<(), StateError> {
        let now = ctx.now.as_micros();
        let query = sqlx::query(KEEP_ASKED).bind(agency(ctx)).bind(id.to_owned()).bind(by.to_owned());
        let query = query.bind(now).bind(now - ASKED_EVERY_US);
        self.execute(ctx, "keeping who asked", query).await.map(|_| ())
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Outlet, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "outlet", detail };
    let agency: String = get(row, 0)?;
    let time = |column| -> Result<Option<Timestamp>, StateError> {
        Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_micros))
    };
    let by: Option<String> = get(row, 10)?;
    Ok(Outlet {
        agency: AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?,
        id: get(row, 1)?,
        name: get(row, 2)?,
        config: get(row, 3)?,
        expires: Timestamp::from_micros(get(row, 4)?),
        sealed_key: get(row, 5)?,
        made: get(row, 6)?,
        paused: time(7)?,
        told: get(row, 8)?,
        told_at: time(9)?.filter(|at| *at != Timestamp::EPOCH),
        asked: by.zip(time(11)?),
        created: Timestamp::from_micros(get(row, 12)?),
        changed: Timestamp::from_micros(get(row, 13)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_of_addresses() {
        for good in ["resolvers", "fw-east_2", "7"] {
            assert!(check_outlet_name(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a/b", "a.b", "..", "ä", "a b", &"x".repeat(limits::OUTLET_NAME_BYTES_MAX + 1)] {
            assert!(check_outlet_name(bad).is_err(), "{bad}");
        }
    }
}
