//! What is known of those behind the things: actors, campaigns, malware, techniques, vulnerabilities, and what connects them.

use model::{OpContext, Timestamp, limits};
use sqlx::any::AnyRow;

use super::super::agency;
use super::super::bulk::{Bulk, Row};
use super::super::database::{Bound, State, StateError, check_size, get, sql};
use super::merge::share;
use super::sources::SourceNumber;

/// The newer version stays.
pub(super) static UPSERT: Bulk = Bulk::new(
    "keeping what is known",
    (
        "INSERT INTO intel_objects (agency, source, id, type, name, modified_us, body, changed_us) VALUES",
        "($1, $2, ?, ?, ?, ?, ?, $3)",
        "ON CONFLICT (agency, source, id) DO UPDATE SET type = excluded.type, name = excluded.name, \
     modified_us = excluded.modified_us, body = excluded.body, changed_us = excluded.changed_us \
     WHERE excluded.modified_us >= intel_objects.modified_us AND excluded.body <> intel_objects.body",
    ),
    3,
);
pub(super) const SELECT: &str = "SELECT source, id, type, name, modified_us, body FROM intel_objects \
    WHERE agency = $1 AND type = $2 AND (name, id) > ($3, $4) ORDER BY name, id LIMIT $5";
pub(super) const SELECT_ONE: &str = "SELECT source, id, type, name, modified_us, body FROM intel_objects \
    WHERE agency = $1 AND id = $2 ORDER BY modified_us DESC, source LIMIT 1";
pub(super) const COUNT_BY_TYPE: &str =
    "SELECT type, COUNT(*) FROM intel_objects WHERE agency = $1 GROUP BY type ORDER BY type";
pub(super) const DELETE_SOURCE: &str = "DELETE FROM intel_objects WHERE agency = $1 AND source = $2";

/// Something that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntelObject {
    /// Its id as its source has it, for example `intrusion-set--…`.
    pub id: String,
    /// What it is, in STIX's words.
    pub kind: String,
    /// Its name; empty for what has none.
    pub name: String,
    /// When its source changed it last.
    pub modified: Timestamp,
    /// The object as JSON.
    pub body: String,
}

/// The same, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntelObject {
    /// Who brought it.
    pub source: SourceNumber,
    /// What it is.
    pub object: NewIntelObject,
}

impl Row for NewIntelObject {
    fn bind(&self, query: Bound) -> Bound {
        let object = self;
        query
            .bind(object.id.clone())
            .bind(object.kind.clone())
            .bind(object.name.clone())
            .bind(object.modified.as_micros())
            .bind(object.body.clone())
    }
}

impl State {
    /// Keeps what a source knows; an older version of what is kept changes nothing. Says how many are new or differ. Each id once.
    ///
    /// # Errors
    /// When an object is too large, or the database refuses.
    pub async fn keep_intel_objects(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        objects: &[NewIntelObject],
    ) -> Result<u64, StateError> {
        for object in objects {
            check_size("bytes of an object", object.body.len(), limits::KNOWN_OBJECT_BYTES_MAX)?;
            let names = object.id.len().max(object.kind.len()).max(object.name.len());
            check_size("bytes of an object's name", names, limits::INDICATOR_VALUE_BYTES_MAX)?;
        }
        let mut kept = 0;
        for objects in objects.chunks(limits::INTEL_PAGE_MAX) {
            let mut work = self.begin(ctx).await?;
            kept += UPSERT.run(&mut work, share(ctx, source), objects).await?;
            work.commit().await.map_err(sql("keeping what is known"))?;
        }
        Ok(kept)
    }

    /// Objects of a type, by name and id, behind the one with those.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn intel_objects(
        &self,
        ctx: &OpContext,
        kind: &str,
        (name, id): (&str, &str),
        rows_max: usize,
    ) -> Result<Vec<IntelObject>, StateError> {
        let query = sqlx::query(SELECT)
            .bind(agency(ctx))
            .bind(kind.to_owned())
            .bind(name.to_owned())
            .bind(id.to_owned())
            .bind(rows_max as i64);
        self.fetch_all(ctx, "reading what is known", query).await?.iter().map(read).collect()
    }

    /// The newest version of an object, whoever brought it.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn intel_object(&self, ctx: &OpContext, id: &str) -> Result<Option<IntelObject>, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(id.to_owned());
        self.fetch_optional(ctx, "reading what is known", query).await?.as_ref().map(read).transpose()
    }

    /// How many objects there are of each type.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn intel_object_counts(&self, ctx: &OpContext) -> Result<Vec<(String, u64)>, StateError> {
        let query = sqlx::query(COUNT_BY_TYPE).bind(agency(ctx));
        let rows = self.fetch_all(ctx, "counting what is known", query).await?;
        rows.iter().map(|row| Ok((get(row, 0)?, get::<i64>(row, 1)?.max(0) as u64))).collect()
    }

    /// Forgets what a source knows. Says how many objects there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_intel_objects_of(&self, ctx: &OpContext, source: SourceNumber) -> Result<u64, StateError> {
        let query = sqlx::query(DELETE_SOURCE).bind(agency(ctx)).bind(source.0);
        self.execute(ctx, "forgetting what is known", query).await
    }
}

fn read(row: &AnyRow) -> Result<IntelObject, StateError> {
    Ok(IntelObject {
        source: SourceNumber(get(row, 0)?),
        object: NewIntelObject {
            id: get(row, 1)?,
            kind: get(row, 2)?,
            name: get(row, 3)?,
            modified: Timestamp::from_micros(get(row, 4)?),
            body: get(row, 5)?,
        },
    })
}
