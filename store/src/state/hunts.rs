//! Hunts that were saved under a name.

use model::{OpContext, Timestamp, limits};

use sqlx::{Any, Transaction};

use super::agency;
use super::database::{State, StateError, check_name, check_size, get, sql};
use super::ledger::{Deed, object_named};

const SAVE: &str = "INSERT INTO saved_hunts (agency, name, query, changed_by, changed_us) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (agency, name) DO UPDATE SET query = excluded.query, changed_by = excluded.changed_by, \
    changed_us = excluded.changed_us";
const COUNT_OTHERS: &str = "SELECT COUNT(*) FROM saved_hunts WHERE agency = $1 AND name <> $2";
const SELECT_ONE: &str = "SELECT name, query, changed_by, changed_us FROM saved_hunts WHERE agency = $1 AND name = $2";
const SELECT_ALL: &str = "SELECT name, query, changed_by, changed_us FROM saved_hunts WHERE agency = $1 ORDER BY name";
const DELETE: &str = "DELETE FROM saved_hunts WHERE agency = $1 AND name = $2";

pub(super) const STATEMENTS: &[&str] = &[SAVE, COUNT_OTHERS, SELECT_ONE, SELECT_ALL, DELETE];

/// The field that questions are sealed for.
pub(super) const QUERY_FIELD: &str = "saved_hunts.query";

/// A hunt with a name. Its text is kept, not judged: the lake says whether it is one when it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedHunt {
    /// Its name, one in an agency.
    pub name: String,
    /// The SQL.
    pub query: String,
    /// Who saved it last.
    pub changed_by: String,
    /// When.
    pub changed: Timestamp,
}

impl State {
    /// Saves a hunt of the agency, in place of the one that has the name.
    ///
    /// # Errors
    /// When the name is none, the text is too long, there are too many, or the database refuses.
    pub async fn save_hunt(&self, ctx: &OpContext, name: &str, query: &str) -> Result<(), StateError> {
        let name = check_name(name)?;
        check_size("bytes of a saved hunt", query.len(), limits::SAVED_HUNT_BYTES_MAX)?;
        let saving = sql("saving a hunt");
        let mut work = self.begin(ctx).await?;
        let others = sqlx::query(COUNT_OTHERS).bind(agency(ctx)).bind(name.clone());
        let others = others.fetch_one(&mut *work).await.map_err(&saving)?;
        check_size("saved hunts", get::<i64>(&others, 0)? as usize + 1, limits::SAVED_HUNTS_MAX)?;
        let words = serde_json::json!({ "name": name, "query": query }).to_string();
        let deed = Deed::done("hunt.save", object_named("hunt", &name)).saying(words);
        let kept = self.seal_text(ctx, QUERY_FIELD, query).await?;
        let replaced = kept_query(&mut work, ctx, &name).await?;
        let save = sqlx::query(SAVE).bind(agency(ctx)).bind(name).bind(kept);
        let save = save.bind(ctx.actor.clone()).bind(ctx.now.as_micros());
        save.execute(&mut *work).await.map_err(&saving)?;
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(saving)?;
        self.destroy_texts(ctx, &replaced).await
    }

    /// A saved hunt of the agency.
    ///
    /// # Errors
    /// When there is none, or the database refuses.
    pub async fn saved_hunt(&self, ctx: &OpContext, name: &str) -> Result<SavedHunt, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(name.to_owned());
        let row = self.fetch_optional(ctx, "reading a saved hunt", query).await?;
        let row = row.ok_or_else(|| StateError::NotFound { what: "saved hunt", name: name.to_owned() })?;
        let mut hunts = self.open_hunts(ctx, vec![read(&row)?]).await?;
        hunts.pop().ok_or_else(|| StateError::NotFound { what: "saved hunt", name: name.to_owned() })
    }

    /// All saved hunts of the agency, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn saved_hunts(&self, ctx: &OpContext) -> Result<Vec<SavedHunt>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        let rows = self.fetch_all(ctx, "reading saved hunts", query).await?;
        self.open_hunts(ctx, rows.iter().map(read).collect::<Result<_, _>>()?).await
    }

    async fn open_hunts(&self, ctx: &OpContext, mut hunts: Vec<SavedHunt>) -> Result<Vec<SavedHunt>, StateError> {
        let kept = hunts.iter_mut().map(|hunt| std::mem::take(&mut hunt.query)).collect();
        for (hunt, query) in hunts.iter_mut().zip(self.show_texts(ctx, QUERY_FIELD, kept).await?) {
            hunt.query = query;
        }
        Ok(hunts)
    }

    /// Removes a saved hunt of the agency.
    ///
    /// # Errors
    /// When there is none, or the database refuses.
    pub async fn remove_hunt(&self, ctx: &OpContext, name: &str) -> Result<(), StateError> {
        let removing = sql("removing a saved hunt");
        let mut work = self.begin(ctx).await?;
        let removed = kept_query(&mut work, ctx, name).await?;
        if removed.is_empty() {
            return Err(StateError::NotFound { what: "saved hunt", name: name.to_owned() });
        }
        let delete = sqlx::query(DELETE).bind(agency(ctx)).bind(name.to_owned());
        delete.execute(&mut *work).await.map_err(&removing)?;
        self.append(&mut work, ctx, &[Deed::done_to_named("hunt.remove", "hunt", name)]).await?;
        work.commit().await.map_err(removing)?;
        self.destroy_texts(ctx, &removed).await
    }
}

/// The question of that name as it is kept, if there is one.
async fn kept_query(work: &mut Transaction<'_, Any>, ctx: &OpContext, name: &str) -> Result<Vec<String>, StateError> {
    let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(name.to_owned());
    let row = query.fetch_optional(&mut **work).await.map_err(sql("reading a saved hunt"))?;
    row.iter().map(|row| get(row, 1)).collect()
}

fn read(row: &sqlx::any::AnyRow) -> Result<SavedHunt, StateError> {
    Ok(SavedHunt {
        name: get(row, 0)?,
        query: get(row, 1)?,
        changed_by: get(row, 2)?,
        changed: Timestamp::from_micros(get(row, 3)?),
    })
}
