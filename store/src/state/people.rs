//! People who work here, their passkeys, and the links by which they are let in the first time.
//!
//! A person is an id; the name is sealed with a key of their own (see [`crate::vault`]) and only shown.

use std::collections::HashMap;

use model::{AgencyId, OpContext, Roles, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{Bound, Reach, State, StateError, check_name, check_size, get, sql};
use super::id::random_id;
use super::ledger::Deed;

const INSERT: &str = "INSERT INTO people (agency, id, name, roles, created_us) VALUES ($1, $2, $3, $4, $5)";
const SELECT_ONE: &str =
    "SELECT agency, id, name, roles, created_us, disabled_us FROM people WHERE agency = $1 AND id = $2";
const SELECT_ALL: &str =
    "SELECT agency, id, name, roles, created_us, disabled_us FROM people WHERE agency = $1 ORDER BY created_us, id";
const COUNT: &str = "SELECT COUNT(*) FROM people WHERE agency = $1";
const SET_NAME: &str = "UPDATE people SET name = $3 WHERE agency = $1 AND id = $2";
const SET_ROLES: &str = "UPDATE people SET roles = $3 WHERE agency = $1 AND id = $2 AND roles <> $3";
const DISABLE: &str = "UPDATE people SET disabled_us = $3 WHERE agency = $1 AND id = $2 AND disabled_us IS NULL";

const INSERT_LINK: &str =
    "INSERT INTO setup_links (hash, agency, person, created_us, ends_us) VALUES ($1, $2, $3, $4, $5)";
/// Without an agency: who comes is not known before the link has said it.
const SELECT_LINK: &str = "SELECT agency, person FROM setup_links WHERE hash = $1 AND used_us IS NULL AND ends_us > $2";
const USE_LINK: &str =
    "UPDATE setup_links SET used_us = $3 WHERE agency = $1 AND hash = $2 AND used_us IS NULL AND ends_us > $3";

const INSERT_PASSKEY: &str =
    "INSERT INTO passkeys (agency, credential, person, passkey, label, created_us) VALUES ($1, $2, $3, $4, $5, $6)";
const SELECT_PASSKEYS: &str = "SELECT credential, person, passkey, label, created_us, used_us FROM passkeys \
    WHERE agency = $1 AND person = $2 ORDER BY created_us, credential";
const COUNT_PASSKEYS: &str = "SELECT COUNT(*) FROM passkeys WHERE agency = $1 AND person = $2";
const COUNT_ALL_PASSKEYS: &str = "SELECT person, COUNT(*) FROM passkeys WHERE agency = $1 GROUP BY person";
/// Without an agency: the passkey says who comes.
const SELECT_BY_CREDENTIAL: &str = "SELECT agency, person FROM passkeys WHERE credential = $1";
const USE_PASSKEY: &str = "UPDATE passkeys SET passkey = $3, used_us = $4 WHERE agency = $1 AND credential = $2";
const DELETE_PASSKEY: &str = "DELETE FROM passkeys WHERE agency = $1 AND person = $2 AND credential = $3";
const DELETE_PASSKEYS: &str = "DELETE FROM passkeys WHERE agency = $1 AND person = $2";
const DELETE_IDENTITIES: &str = "DELETE FROM identities WHERE agency = $1 AND person = $2";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE agency = $1 AND person = $2";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    SELECT_ONE,
    SELECT_ALL,
    COUNT,
    SET_NAME,
    SET_ROLES,
    DISABLE,
    INSERT_LINK,
    SELECT_LINK,
    USE_LINK,
    INSERT_PASSKEY,
    SELECT_PASSKEYS,
    COUNT_PASSKEYS,
    COUNT_ALL_PASSKEYS,
    SELECT_BY_CREDENTIAL,
    USE_PASSKEY,
    DELETE_PASSKEY,
    DELETE_PASSKEYS,
    DELETE_IDENTITIES,
    END_SESSIONS,
];

random_id! {
    /// A person's id.
    PersonId
}

impl PersonId {
    /// What contexts and the ledger call this person.
    pub fn actor(&self) -> String {
        format!("person:{self}")
    }
}

/// Somebody who works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Where.
    pub agency: AgencyId,
    /// Who.
    pub id: PersonId,
    /// The name, sealed for the field `people.name`.
    pub name: Vec<u8>,
    /// What they are here for.
    pub roles: Roles,
    /// Since when they are known.
    pub created: Timestamp,
    /// Since when they are not let in any more.
    pub disabled: Option<Timestamp>,
}

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The credential's id.
    pub credential: Vec<u8>,
    /// Whose it is.
    pub person: PersonId,
    /// Public key and counter, as the reader of passkeys writes them: JSON.
    pub passkey: String,
    /// What its owner calls it.
    pub label: String,
    /// When it was made known.
    pub created: Timestamp,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

fn hash(secret: &[u8; 32]) -> Vec<u8> {
    blake3::hash(secret).as_bytes().to_vec()
}

fn object(person: PersonId) -> String {
    format!("person:{person}")
}

impl State {
    /// Makes a person known to the agency. The name comes sealed.
    ///
    /// # Errors
    /// When there are too many, or the database refuses.
    pub async fn add_person(
        &self,
        ctx: &OpContext,
        id: PersonId,
        name: Vec<u8>,
        roles: Roles,
    ) -> Result<(), StateError> {
        let count = self.count(ctx, "counting people", sqlx::query(COUNT).bind(agency(ctx))).await?;
        check_size("people of an agency", count as usize + 1, limits::PEOPLE_MAX)?;
        let query = sqlx::query(INSERT).bind(agency(ctx)).bind(id.to_string()).bind(name);
        let query = query.bind(roles.to_string()).bind(ctx.now.as_micros());
        let deed = Deed::done("person.add", object(id)).saying(format!("roles: {roles}"));
        self.write(ctx, "adding a person", query, deed).await?;
        Ok(())
    }

    /// A person of the agency.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn person(&self, ctx: &OpContext, id: PersonId) -> Result<Option<Person>, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(id.to_string());
        self.fetch_optional(ctx, "reading a person", query).await?.as_ref().map(read).transpose()
    }

    /// Everybody of the agency, those who are let in no more included.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn people(&self, ctx: &OpContext) -> Result<Vec<Person>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading people", query).await?.iter().map(read).collect()
    }

    /// Gives a person another name, which comes sealed.
    ///
    /// # Errors
    /// When there is no such person, or the database refuses.
    pub async fn set_name(&self, ctx: &OpContext, id: PersonId, name: Vec<u8>) -> Result<(), StateError> {
        let query = sqlx::query(SET_NAME).bind(agency(ctx)).bind(id.to_string()).bind(name);
        match self.write(ctx, "naming a person", query, Deed::done("person.name", object(id))).await? {
            0 => Err(StateError::NotFound { what: "person", name: id.to_string() }),
            _ => Ok(()),
        }
    }

    /// Gives a person other roles, and ends their sessions: what they may do is settled when they come in.
    ///
    /// # Errors
    /// When there is no such person or nothing changes, or the database refuses.
    pub async fn set_roles(&self, ctx: &OpContext, id: PersonId, roles: Roles) -> Result<(), StateError> {
        let set = sqlx::query(SET_ROLES).bind(agency(ctx)).bind(id.to_string()).bind(roles.to_string());
        let deed = Deed::done("person.roles", object(id)).saying(format!("roles: {roles}"));
        self.change_person(ctx, id, set, deed).await
    }

    /// Lets a person in no more, and ends their sessions.
    ///
    /// # Errors
    /// When there is no such person who is let in, or the database refuses.
    pub async fn disable_person(&self, ctx: &OpContext, id: PersonId) -> Result<(), StateError> {
        let disable = sqlx::query(DISABLE).bind(agency(ctx)).bind(id.to_string()).bind(ctx.now.as_micros());
        self.change_person(ctx, id, disable, Deed::done("person.disable", object(id))).await
    }

    async fn change_person(&self, ctx: &OpContext, id: PersonId, change: Bound, deed: Deed) -> Result<(), StateError> {
        let changing = sql("changing a person");
        let mut work = self.begin(ctx).await?;
        let done = change.execute(&mut *work).await.map_err(&changing)?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound { what: "person to change", name: id.to_string() });
        }
        let end = sqlx::query(END_SESSIONS).bind(agency(ctx)).bind(id.to_string());
        end.execute(&mut *work).await.map_err(&changing)?;
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(changing)
    }

    /// Forgets every passkey and account of a person, and ends their sessions: what they had is lost.
    ///
    /// # Errors
    /// When there is no such person who is let in, or the database refuses.
    pub async fn forget_keys(&self, ctx: &OpContext, id: PersonId) -> Result<(), StateError> {
        let forgetting = sql("forgetting passkeys");
        let mut work = self.begin(ctx).await?;
        for statement in [DELETE_PASSKEYS, DELETE_IDENTITIES, END_SESSIONS] {
            let delete = sqlx::query(statement).bind(agency(ctx)).bind(id.to_string());
            delete.execute(&mut *work).await.map_err(&forgetting)?;
        }
        self.append(&mut work, ctx, &[Deed::done("passkey.forget_all", object(id))]).await?;
        work.commit().await.map_err(forgetting)
    }

    /// Makes a link known by which a person is let in once, until `ends`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_setup_link(
        &self,
        ctx: &OpContext,
        person: PersonId,
        secret: &[u8; 32],
        ends: Timestamp,
    ) -> Result<(), StateError> {
        let query = sqlx::query(INSERT_LINK).bind(hash(secret)).bind(agency(ctx)).bind(person.to_string());
        let query = query.bind(ctx.now.as_micros()).bind(ends.as_micros());
        self.write(ctx, "making a setup link", query, Deed::done("person.link", object(person))).await?;
        Ok(())
    }

    /// Whom a link lets in, if it was not used and has not ended.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn setup_link(
        &self,
        secret: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<(AgencyId, PersonId)>, StateError> {
        let query = sqlx::query(SELECT_LINK).bind(hash(secret)).bind(now.as_micros());
        self.fetch_optional(Reach::All, "looking a setup link up", query).await?.as_ref().map(whose).transpose()
    }

    /// Keeps a passkey for whom the link lets in, and uses the link up: both or neither. `Ok(false)`: somebody was faster.
    ///
    /// # Errors
    /// When there are too many, the label is none, or the database refuses.
    pub async fn enrol(&self, ctx: &OpContext, link: &[u8; 32], passkey: &NewPasskey<'_>) -> Result<bool, StateError> {
        let mut work = self.begin(ctx).await?;
        if !use_link(&mut work, ctx, link).await? {
            return Ok(false);
        }
        insert_passkey(&mut work, ctx, passkey).await?;
        self.append(&mut work, ctx, &[Deed::done("passkey.add", object(passkey.person))]).await?;
        work.commit().await.map_err(sql("keeping a passkey"))?;
        Ok(true)
    }

    /// Keeps another passkey of a person who is in already.
    ///
    /// # Errors
    /// When there are too many, the label is none, or the database refuses.
    pub async fn add_passkey(&self, ctx: &OpContext, passkey: &NewPasskey<'_>) -> Result<(), StateError> {
        let mut work = self.begin(ctx).await?;
        insert_passkey(&mut work, ctx, passkey).await?;
        self.append(&mut work, ctx, &[Deed::done("passkey.add", object(passkey.person))]).await?;
        work.commit().await.map_err(sql("keeping a passkey"))
    }

    /// How many passkeys everybody of the agency has; who has none is not in it.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn passkey_counts(&self, ctx: &OpContext) -> Result<HashMap<PersonId, u64>, StateError> {
        let query = sqlx::query(COUNT_ALL_PASSKEYS).bind(agency(ctx));
        let rows = self.fetch_all(ctx, "counting passkeys", query).await?;
        rows.iter().map(|row| Ok((person_id(&get::<String>(row, 0)?)?, get::<i64>(row, 1)?.unsigned_abs()))).collect()
    }

    /// A person's passkeys.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn passkeys(&self, ctx: &OpContext, person: PersonId) -> Result<Vec<Passkey>, StateError> {
        let query = sqlx::query(SELECT_PASSKEYS).bind(agency(ctx)).bind(person.to_string());
        self.fetch_all(ctx, "reading passkeys", query).await?.iter().map(read_passkey).collect()
    }

    /// Whose passkey a credential is.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn owner_of_credential(&self, credential: &[u8]) -> Result<Option<(AgencyId, PersonId)>, StateError> {
        let query = sqlx::query(SELECT_BY_CREDENTIAL).bind(credential.to_vec());
        self.fetch_optional(Reach::All, "looking a passkey up", query).await?.as_ref().map(whose).transpose()
    }

    /// Remembers that a passkey was used, with its new counter.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn passkey_used(&self, ctx: &OpContext, credential: &[u8], passkey: &str) -> Result<(), StateError> {
        let query = sqlx::query(USE_PASSKEY).bind(agency(ctx)).bind(credential.to_vec()).bind(passkey.to_owned());
        self.execute(ctx, "using a passkey", query.bind(ctx.now.as_micros())).await?;
        Ok(())
    }

    /// Forgets a passkey of a person. The last one stays: without it, nobody gets in.
    ///
    /// # Errors
    /// When it is the last one, there is none, or the database refuses.
    pub async fn remove_passkey(&self, ctx: &OpContext, person: PersonId, credential: &[u8]) -> Result<(), StateError> {
        let removing = sql("removing a passkey");
        let mut work = self.begin(ctx).await?;
        let count = sqlx::query(COUNT_PASSKEYS).bind(agency(ctx)).bind(person.to_string());
        let count = count.fetch_one(&mut *work).await.map_err(&removing)?;
        let delete = sqlx::query(DELETE_PASSKEY).bind(agency(ctx)).bind(person.to_string()).bind(credential.to_vec());
        let done = delete.execute(&mut *work).await.map_err(&removing)?;
        if done.rows_affected() == 0 || get::<i64>(&count, 0)? < 2 {
            return Err(StateError::NotFound { what: "passkey beside the last one of", name: person.to_string() });
        }
        self.append(&mut work, ctx, &[Deed::done("passkey.remove", object(person))]).await?;
        work.commit().await.map_err(removing)
    }
}

/// A passkey that is to be known from now on.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// Whose it is.
    pub person: PersonId,
    /// The credential's id.
    pub credential: &'a [u8],
    /// Public key and counter: JSON.
    pub passkey: &'a str,
    /// What its owner calls it.
    pub label: &'a str,
}

/// Uses a link up. `Ok(false)`: it lets nobody in any more.
pub(super) async fn use_link(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    link: &[u8; 32],
) -> Result<bool, StateError> {
    let used = sqlx::query(USE_LINK).bind(agency(ctx)).bind(hash(link)).bind(ctx.now.as_micros());
    let used = used.execute(&mut **work).await.map_err(sql("using a setup link"))?;
    Ok(used.rows_affected() > 0)
}

async fn insert_passkey(
    work: &mut Transaction<'_, Any>,
    ctx: &OpContext,
    new: &NewPasskey<'_>,
) -> Result<(), StateError> {
    let keeping = sql("keeping a passkey");
    let label = check_name(new.label)?;
    let count = sqlx::query(COUNT_PASSKEYS).bind(agency(ctx)).bind(new.person.to_string());
    let count = count.fetch_one(&mut **work).await.map_err(&keeping)?;
    check_size("passkeys of a person", get::<i64>(&count, 0)? as usize + 1, limits::PASSKEYS_MAX)?;
    let insert = sqlx::query(INSERT_PASSKEY)
        .bind(agency(ctx))
        .bind(new.credential.to_vec())
        .bind(new.person.to_string())
        .bind(new.passkey.to_owned())
        .bind(label)
        .bind(ctx.now.as_micros());
    insert.execute(&mut **work).await.map(|_| ()).map_err(keeping)
}

fn corrupt(detail: impl Into<String>) -> StateError {
    StateError::Corrupt { what: "person", detail: detail.into() }
}

fn person_id(text: &str) -> Result<PersonId, StateError> {
    PersonId::parse(text).ok_or_else(|| corrupt(format!("{text:?} is no id")))
}

/// Agency and person of a row that starts with them.
pub(super) fn whose(row: &sqlx::any::AnyRow) -> Result<(AgencyId, PersonId), StateError> {
    let (agency, person): (String, String) = (get(row, 0)?, get(row, 1)?);
    Ok((AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?, person_id(&person)?))
}

fn read(row: &sqlx::any::AnyRow) -> Result<Person, StateError> {
    let (agency, id) = whose(row)?;
    let roles: String = get(row, 3)?;
    Ok(Person {
        agency,
        id,
        name: get(row, 2)?,
        roles: roles.parse().map_err(|error: model::NoRole| corrupt(error.to_string()))?,
        created: Timestamp::from_micros(get(row, 4)?),
        disabled: get::<Option<i64>>(row, 5)?.map(Timestamp::from_micros),
    })
}

fn read_passkey(row: &sqlx::any::AnyRow) -> Result<Passkey, StateError> {
    let person: String = get(row, 1)?;
    Ok(Passkey {
        credential: get(row, 0)?,
        person: person_id(&person)?,
        passkey: get(row, 2)?,
        label: get(row, 3)?,
        created: Timestamp::from_micros(get(row, 4)?),
        used: get::<Option<i64>>(row, 5)?.map(Timestamp::from_micros),
    })
}
