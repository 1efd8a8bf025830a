//! Where tailed files were left, so that a restart does not read them again from the beginning.
//!
//! A position that is lost or stale does no harm: the file is read again from there, and the journal drops what it has.

use model::{OpContext, SourceId};

use super::agency;
use super::database::{Reach, State, StateError, get, sql};

const UPSERT: &str = "INSERT INTO file_positions (agency, source, fingerprint, position, check_hash, changed_us) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agency, source, fingerprint) DO UPDATE SET \
    position = excluded.position, check_hash = excluded.check_hash, changed_us = excluded.changed_us";
const SELECT_ONE: &str =
    "SELECT position, check_hash FROM file_positions WHERE agency = $1 AND source = $2 AND fingerprint = $3";
const FORGET: &str = "DELETE FROM file_positions WHERE changed_us < $1";

pub(super) const STATEMENTS: &[&str] = &[UPSERT, SELECT_ONE, FORGET];

/// How far a file was read and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePosition {
    /// Which file, by its content.
    pub fingerprint: u64,
    /// Every record that starts before this offset is kept.
    pub offset: u64,
    /// Check over the bytes in front of the offset.
    pub check: u64,
}

impl State {
    /// Remembers how far a source has come in files.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_file_positions(
        &self,
        ctx: &OpContext,
        source: &SourceId,
        positions: &[FilePosition],
    ) -> Result<(), StateError> {
        let mut work = self.begin(ctx).await?;
        for position in positions {
            // SQL has no unsigned numbers; the bits are what counts.
            let query = sqlx::query(UPSERT).bind(agency(ctx)).bind(source.as_str().to_owned());
            let query = query.bind(position.fingerprint as i64).bind(position.offset as i64);
            let query = query.bind(position.check as i64).bind(ctx.now.as_micros());
            query.execute(&mut *work).await.map_err(sql("writing the position of a file"))?;
        }
        work.commit().await.map_err(sql("committing positions of files"))
    }

    /// How far a source had come in a file; `None` when that is not known.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn file_position(
        &self,
        ctx: &OpContext,
        source: &SourceId,
        fingerprint: u64,
    ) -> Result<Option<FilePosition>, StateError> {
        let query = sqlx::query(SELECT_ONE).bind(agency(ctx)).bind(source.as_str().to_owned());
        let query = query.bind(fingerprint as i64);
        let row = self.fetch_optional(ctx, "reading the position of a file", query).await?;
        let Some(row) = row else { return Ok(None) };
        let (offset, check) = (get::<i64>(&row, 0)? as u64, get::<i64>(&row, 1)? as u64);
        Ok(Some(FilePosition { fingerprint, offset, check }))
    }

    /// Forgets the positions of files, of all agencies, that have not moved since `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_file_positions(&self, before: model::Timestamp) -> Result<u64, StateError> {
        let query = sqlx::query(FORGET).bind(before.as_micros());
        self.execute(Reach::All, "forgetting positions of files", query).await
    }
}
