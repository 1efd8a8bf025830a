//! API roots, their collections, and who may read and write them.

use model::{OpContext, limits};

use super::super::agency;
use super::super::database::{State, StateError, check_name, check_size, get, sql};
use super::super::ledger::{Deed, object_named};

const INSERT_ROOT: &str = "INSERT INTO taxii_roots (agency, name, number, title, description, created_us) \
    SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5 FROM taxii_roots WHERE agency = $1 \
    ON CONFLICT (agency, name) DO NOTHING";
const SELECT_ROOTS: &str =
    "SELECT name, title, description FROM taxii_roots WHERE agency = $1 ORDER BY number, name LIMIT $2";
const SELECT_ROOT: &str = "SELECT name, title, description FROM taxii_roots WHERE agency = $1 AND name = $2";
const COUNT_ROOTS: &str = "SELECT COUNT(*) FROM taxii_roots WHERE agency = $1";
const COUNT_COLLECTIONS: &str = "SELECT COUNT(*) FROM taxii_collections WHERE agency = $1";
const INSERT_COLLECTION: &str = "INSERT INTO taxii_collections (agency, number, root, id, alias, title, description, \
    spec_versions, can_read, can_write, last_added_us, created_us) \
    SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10 FROM taxii_collections \
    WHERE agency = $1 ON CONFLICT DO NOTHING";
/// Only what the holder has a right of, or everybody has: of others they learn not even that they are there.
const SELECT_COLLECTIONS: &str = "SELECT c.number, c.root, c.id, c.alias, c.title, c.description, c.spec_versions, \
    coalesce(r.can_read, c.can_read), coalesce(r.can_write, c.can_write) FROM taxii_collections c \
    LEFT JOIN taxii_rights r ON r.agency = c.agency AND r.collection = c.number AND r.holder = $3 \
    WHERE c.agency = $1 AND c.root = $2 AND ($3 = '*' OR r.holder IS NOT NULL OR c.can_read = 1 OR c.can_write = 1) \
    ORDER BY c.number LIMIT $4";
const SELECT_COLLECTION: &str = "SELECT c.number, c.root, c.id, c.alias, c.title, c.description, c.spec_versions, \
    coalesce(r.can_read, c.can_read), coalesce(r.can_write, c.can_write) FROM taxii_collections c \
    LEFT JOIN taxii_rights r ON r.agency = c.agency AND r.collection = c.number AND r.holder = $3 \
    WHERE c.agency = $1 AND c.root = $2 AND (c.id = $4 OR c.alias = $4) \
    AND ($3 = '*' OR r.holder IS NOT NULL OR c.can_read = 1 OR c.can_write = 1)";
const SELECT_NUMBER: &str = "SELECT number FROM taxii_collections WHERE agency = $1 AND root = $2 AND id = $3";
const SET_RIGHTS: &str = "INSERT INTO taxii_rights (agency, collection, holder, can_read, can_write, changed_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, collection, holder) DO UPDATE SET \
    can_read = excluded.can_read, can_write = excluded.can_write, changed_us = excluded.changed_us";
const REMOVE_RIGHTS: &str = "DELETE FROM taxii_rights WHERE agency = $1 AND collection = $2 AND holder = $3";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT_ROOT,
    SELECT_ROOTS,
    SELECT_ROOT,
    COUNT_ROOTS,
    COUNT_COLLECTIONS,
    INSERT_COLLECTION,
    SELECT_COLLECTIONS,
    SELECT_COLLECTION,
    SELECT_NUMBER,
    SET_RIGHTS,
    REMOVE_RIGHTS,
];

/// Holds every right to every collection of the agency: its own people, and the program itself.
pub const EVERYTHING: &str = "*";

/// A group of collections with an address of its own (TAXII 2.1, section 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRoot {
    /// Its part of the address: small letters, digits, `-` and `_`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
}

/// What may be done with a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectionRights {
    /// Its objects may be read.
    pub can_read: bool,
    /// Objects may be brought.
    pub can_write: bool,
}

/// A collection that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCollection {
    /// Its id, a UUID.
    pub id: String,
    /// Another name for it in addresses.
    pub alias: Option<String>,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// The versions of STIX that it is announced with; those of objects that come are added.
    pub spec_versions: Vec<String>,
    /// What everybody who shares with this agency may do with it. With neither, nobody sees it who was not named.
    pub everybody: CollectionRights,
}

/// A collection as one holder of rights sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its number in its agency.
    pub(in super::super) number: i64,
    /// The root that it is in.
    pub root: String,
    /// Its id, a UUID.
    pub id: String,
    /// Another name for it in addresses.
    pub alias: Option<String>,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// The versions of STIX that its objects are written in, and that it was announced with.
    pub spec_versions: Vec<String>,
    /// What its holder may do with it.
    pub rights: CollectionRights,
}

impl State {
    /// Makes an API root of the agency.
    ///
    /// # Errors
    /// When the name is none or taken, there are too many, or the database refuses.
    pub async fn add_api_root(&self, ctx: &OpContext, root: &ApiRoot) -> Result<(), StateError> {
        let name = check_address(&root.name)?;
        check_words(&root.title, root.description.as_deref())?;
        let count = self.count(ctx, "counting API roots", sqlx::query(COUNT_ROOTS).bind(agency(ctx))).await?;
        check_size("API roots", count as usize + 1, limits::TAXII_ROOTS_MAX)?;
        let query = sqlx::query(INSERT_ROOT).bind(agency(ctx)).bind(name).bind(root.title.clone());
        let query = query.bind(root.description.clone()).bind(ctx.now.as_micros());
        let deed = Deed::done_to_named("share.root", "root", &root.name);
        let is_new = self.write(ctx, "writing an API root", query, deed).await? > 0;
        if is_new { Ok(()) } else { Err(StateError::Exists { what: "API root", name: root.name.clone() }) }
    }

    /// The agency's API roots, in the order in which they were made.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn api_roots(&self, ctx: &OpContext) -> Result<Vec<ApiRoot>, StateError> {
        let query = sqlx::query(SELECT_ROOTS).bind(agency(ctx)).bind(limits::TAXII_ROOTS_MAX as i64);
        self.fetch_all(ctx, "reading API roots", query).await?.iter().map(read_root).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When there is none of that name, or the database refuses.
    pub async fn api_root(&self, ctx: &OpContext, name: &str) -> Result<ApiRoot, StateError> {
        let query = sqlx::query(SELECT_ROOT).bind(agency(ctx)).bind(name.to_owned());
        let row = self.fetch_optional(ctx, "reading an API root", query).await?;
        row.as_ref().map_or_else(|| Err(no_root(name)), read_root)
    }

    /// Makes a collection in a root of the agency.
    ///
    /// # Errors
    /// When there is no such root, id or alias are none or taken, there are too many, or the database refuses.
    pub async fn add_collection(&self, ctx: &OpContext, root: &str, new: &NewCollection) -> Result<(), StateError> {
        check_id(&new.id)?;
        let alias = new.alias.as_deref().map(check_address).transpose()?;
        check_words(&new.title, new.description.as_deref())?;
        self.api_root(ctx, root).await?;
        let count = sqlx::query(COUNT_COLLECTIONS).bind(agency(ctx));
        let count = self.count(ctx, "counting collections", count).await?;
        check_size("collections", count as usize + 1, limits::TAXII_COLLECTIONS_MAX)?;
        let query = sqlx::query(INSERT_COLLECTION)
            .bind(agency(ctx))
            .bind(root.to_owned())
            .bind(new.id.clone())
            .bind(alias)
            .bind(new.title.clone())
            .bind(new.description.clone())
            .bind(new.spec_versions.join(" "))
            .bind(i64::from(new.everybody.can_read))
            .bind(i64::from(new.everybody.can_write))
            .bind(ctx.now.as_micros());
        let deed = Deed::done("share.collection", format!("collection:{}", new.id)).saying(new.title.clone());
        let is_new = self.write(ctx, "writing a collection", query, deed).await? > 0;
        if is_new { Ok(()) } else { Err(StateError::Exists { what: "collection", name: new.id.clone() }) }
    }

    /// The collections of a root that a holder of rights may see, in the order in which they were made.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn collections(&self, ctx: &OpContext, root: &str, holder: &str) -> Result<Vec<Collection>, StateError> {
        let query = sqlx::query(SELECT_COLLECTIONS).bind(agency(ctx)).bind(root.to_owned());
        let query = query.bind(holder.to_owned()).bind(limits::TAXII_COLLECTIONS_MAX as i64);
        let rows = self.fetch_all(ctx, "reading collections", query).await?;
        rows.iter().map(|row| read_collection(row, holder)).collect()
    }

    /// One of them, by its id or its alias.
    ///
    /// # Errors
    /// When there is none that the holder may see, or the database refuses.
    pub async fn collection(
        &self,
        ctx: &OpContext,
        root: &str,
        id: &str,
        holder: &str,
    ) -> Result<Collection, StateError> {
        let query = sqlx::query(SELECT_COLLECTION).bind(agency(ctx)).bind(root.to_owned());
        let query = query.bind(holder.to_owned()).bind(id.to_owned());
        let row = self.fetch_optional(ctx, "reading a collection", query).await?;
        row.as_ref().map_or_else(|| Err(no_collection(id)), |row| read_collection(row, holder))
    }

    /// Says what the program with that token may do with a collection; `None`: what everybody may.
    ///
    /// # Errors
    /// When there is no such collection, or the database refuses.
    pub async fn set_collection_rights(
        &self,
        ctx: &OpContext,
        (root, id): (&str, &str),
        token: &str,
        rights: Option<CollectionRights>,
    ) -> Result<(), StateError> {
        let setting = sql("setting rights of a collection");
        let holder = object_named("token", &check_name(token)?);
        let number = sqlx::query(SELECT_NUMBER).bind(agency(ctx)).bind(root.to_owned()).bind(id.to_owned());
        let mut work = self.begin(ctx).await?;
        let row = number.fetch_optional(&mut *work).await.map_err(&setting)?;
        let number: i64 = row.as_ref().map_or_else(|| Err(no_collection(id)), |row| get(row, 0))?;
        let query = match rights {
            Some(rights) => sqlx::query(SET_RIGHTS)
                .bind(agency(ctx))
                .bind(number)
                .bind(holder)
                .bind(i64::from(rights.can_read))
                .bind(i64::from(rights.can_write))
                .bind(ctx.now.as_micros()),
            None => sqlx::query(REMOVE_RIGHTS).bind(agency(ctx)).bind(number).bind(holder),
        };
        query.execute(&mut *work).await.map_err(&setting)?;
        let words = serde_json::json!({
            "token": token,
            "can_read": rights.map(|rights| rights.can_read),
            "can_write": rights.map(|rights| rights.can_write),
        });
        let deed = Deed::done("share.rights", format!("collection:{id}")).saying(words.to_string());
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(setting)
    }
}

fn no_root(name: &str) -> StateError {
    StateError::NotFound { what: "API root", name: name.chars().take(80).collect() }
}

fn no_collection(id: &str) -> StateError {
    StateError::NotFound { what: "collection", name: id.chars().take(80).collect() }
}

/// A part of an address that needs no escaping.
fn check_address(name: &str) -> Result<String, StateError> {
    let name = check_name(name)?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    if is_plain { Ok(name) } else { Err(corrupt("address", "small letters, digits, - and _ only".to_owned())) }
}

fn check_id(id: &str) -> Result<(), StateError> {
    match uuid::Uuid::try_parse(id) {
        Ok(uuid) if uuid.to_string() == id => Ok(()),
        _ => Err(corrupt("id of a collection", "it is a UUID in small letters".to_owned())),
    }
}

fn check_words(title: &str, description: Option<&str>) -> Result<(), StateError> {
    if title.trim().is_empty() {
        return Err(corrupt("title", "it has no letters".to_owned()));
    }
    check_size("bytes of a title", title.len(), limits::TAXII_TITLE_BYTES_MAX)?;
    let description = description.unwrap_or_default();
    check_size("bytes of a description", description.len(), limits::TAXII_DESCRIPTION_BYTES_MAX)?;
    if title.contains('\0') || description.contains('\0') {
        return Err(corrupt("title", "it holds the letter zero".to_owned()));
    }
    Ok(())
}

fn corrupt(what: &'static str, detail: String) -> StateError {
    StateError::Corrupt { what, detail }
}

fn read_root(row: &sqlx::any::AnyRow) -> Result<ApiRoot, StateError> {
    Ok(ApiRoot { name: get(row, 0)?, title: get(row, 1)?, description: get(row, 2)? })
}

fn read_collection(row: &sqlx::any::AnyRow, holder: &str) -> Result<Collection, StateError> {
    let spec_versions: String = get(row, 6)?;
    let has_all = holder == EVERYTHING;
    Ok(Collection {
        number: get(row, 0)?,
        root: get(row, 1)?,
        id: get(row, 2)?,
        alias: get(row, 3)?,
        title: get(row, 4)?,
        description: get(row, 5)?,
        spec_versions: spec_versions.split_whitespace().map(str::to_owned).collect(),
        rights: CollectionRights {
            can_read: has_all || get::<i64>(row, 7)? == 1,
            can_write: has_all || get::<i64>(row, 8)? == 1,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_addresses() {
        let good = |name: &str, is_good: bool| assert_eq!(check_address(name).is_ok(), is_good, "{name:?}");
        good("trustgroup1", true);
        good("a-b_c", true);
        for name in ["", "A", "a/b", "a b", "ä", "a.b", &"x".repeat(200)] {
            good(name, false);
        }
        assert!(check_id("91a7b528-80eb-42ed-a74d-c6fbd5a26116").is_ok());
        for id in ["", "91A7B528-80eb-42ed-a74d-c6fbd5a26116", "91a7b52880eb42eda74dc6fbd5a26116", "x"] {
            assert!(check_id(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn titles_say_something() {
        assert!(check_words("t", None).is_ok());
        let long = "x".repeat(limits::TAXII_DESCRIPTION_BYTES_MAX + 1);
        for (title, description) in [(" ", None), ("a\0", None), ("a", Some(long.as_str()))] {
            assert!(check_words(title, description).is_err());
        }
    }
}
