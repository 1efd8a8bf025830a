//! What could not be read: counted by source and reason, the first of each kept.

use std::collections::BTreeMap;

use model::{Note, NoteReason, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{State, StateError, get, sql};

const COUNT_MORE: &str = "INSERT INTO note_counts (agency, source, reason, seen, last_us) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (agency, source, reason) DO UPDATE SET seen = note_counts.seen + excluded.seen, \
    last_us = excluded.last_us RETURNING seen";
const INSERT: &str = "INSERT INTO notes (agency, source, reason, number, note, created_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, source, reason, number) DO NOTHING";
const SELECT_COUNTS: &str =
    "SELECT source, reason, seen, last_us FROM note_counts WHERE agency = $1 ORDER BY source, reason";
const SELECT_KEPT: &str = "SELECT note FROM notes WHERE agency = $1 AND source = $2 ORDER BY reason, number LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[COUNT_MORE, INSERT, SELECT_COUNTS, SELECT_KEPT];

/// How often one thing went wrong in one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteCount {
    /// File or source.
    pub source: String,
    /// What went wrong.
    pub reason: NoteReason,
    /// How often.
    pub seen: u64,
    /// When last.
    pub last: Timestamp,
}

impl State {
    /// Counts notes, and keeps the first [`limits::NOTES_KEPT_MAX`] of each source and reason.
    ///
    /// # Errors
    /// When the database refuses; nothing is counted then.
    pub async fn add_notes(&self, ctx: &OpContext, notes: &[Note]) -> Result<(), StateError> {
        let mut work = self.begin(ctx).await?;
        insert(&mut work, ctx, notes).await?;
        work.commit().await.map_err(sql("committing notes"))
    }

    /// The agency's counts.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn note_counts(&self, ctx: &OpContext) -> Result<Vec<NoteCount>, StateError> {
        let rows = self.fetch_all(ctx, "reading note counts", sqlx::query(SELECT_COUNTS).bind(agency(ctx))).await?;
        let read = |row| {
            Ok(NoteCount {
                source: get(row, 0)?,
                reason: reason(get(row, 1)?)?,
                seen: get::<i64>(row, 2)? as u64,
                last: Timestamp::from_micros(get(row, 3)?),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The notes that were kept of one source of the agency, oldest first within each reason.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn notes(&self, ctx: &OpContext, source: &str, rows_max: usize) -> Result<Vec<Note>, StateError> {
        let rows_max = rows_max.min(limits::NOTES_KEPT_MAX) as i64;
        let query = sqlx::query(SELECT_KEPT).bind(agency(ctx)).bind(source.to_owned()).bind(rows_max);
        let rows = self.fetch_all(ctx, "reading notes", query).await?;
        rows.iter().map(|row| from_json(&get::<String>(row, 0)?)).collect()
    }
}

fn corrupt(error: &serde_json::Error) -> StateError {
    StateError::Corrupt { what: "note", detail: error.to_string() }
}

fn from_json(text: &str) -> Result<Note, StateError> {
    serde_json::from_str(text).map_err(|error| corrupt(&error))
}

fn reason(text: String) -> Result<NoteReason, StateError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| corrupt(&error))
}

fn reason_name(reason: NoteReason) -> Result<String, StateError> {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        other => Err(StateError::Corrupt { what: "note", detail: format!("{other:?} is no reason") }),
    }
}

pub(super) async fn insert(work: &mut Transaction<'_, Any>, ctx: &OpContext, notes: &[Note]) -> Result<(), StateError> {
    let mut by_kind: BTreeMap<(&str, NoteReason), Vec<&Note>> = BTreeMap::new();
    for note in notes {
        by_kind.entry((&note.source, note.reason)).or_default().push(note);
    }
    for ((source, reason), notes) in by_kind {
        let reason = reason_name(reason)?;
        let counted = sqlx::query(COUNT_MORE)
            .bind(agency(ctx))
            .bind(source.to_owned())
            .bind(reason.clone())
            .bind(notes.len() as i64)
            .bind(ctx.now.as_micros());
        let row = counted.fetch_one(&mut **work).await.map_err(sql("counting notes"))?;
        let before = get::<i64>(&row, 0)? - notes.len() as i64;
        let room = (limits::NOTES_KEPT_MAX as i64 - before).max(0) as usize;
        for (number, note) in notes.into_iter().take(room).enumerate() {
            let text = serde_json::to_string(note).map_err(|error| corrupt(&error))?;
            let query = sqlx::query(INSERT)
                .bind(agency(ctx))
                .bind(source.to_owned())
                .bind(reason.clone())
                .bind(before + number as i64)
                .bind(text)
                .bind(ctx.now.as_micros());
            query.execute(&mut **work).await.map_err(sql("writing a note"))?;
        }
    }
    Ok(())
}
