//! Which sources are one voice: found out by whoever goes through all claims, and asked by whoever weighs one.

use model::OpContext;

use super::super::agency;
use super::super::database::{State, StateError, get, sql};
use super::sources::SourceNumber;

pub(super) const DELETE: &str = "DELETE FROM source_voices WHERE agency = $1";
pub(super) const INSERT: &str =
    "INSERT INTO source_voices (agency, source, spokesman, why, changed_us) VALUES ($1, $2, $3, $4, $5)";
pub(super) const SELECT: &str = "SELECT source, spokesman, why FROM source_voices WHERE agency = $1 ORDER BY source";

/// A source that is no voice of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceVoice {
    /// Which.
    pub source: SourceNumber,
    /// With whom it is one.
    pub spokesman: SourceNumber,
    /// Why, in words.
    pub why: String,
}

impl State {
    /// Keeps which sources are one voice, in place of what was kept. Each source once. Says whether anything changed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_voices(&self, ctx: &OpContext, voices: &[SourceVoice]) -> Result<bool, StateError> {
        let before = self.voices(ctx).await?;
        let pairs = |voices: &[SourceVoice]| voices.iter().map(|one| (one.source, one.spokesman)).collect::<Vec<_>>();
        if pairs(&before) == pairs(voices) {
            return Ok(false);
        }
        let keeping = sql("keeping voices");
        let mut work = self.begin(ctx).await?;
        sqlx::query(DELETE).bind(agency(ctx)).execute(&mut *work).await.map_err(&keeping)?;
        for voice in voices {
            let query = sqlx::query(INSERT).bind(agency(ctx)).bind(i64::from(voice.source));
            let query = query.bind(i64::from(voice.spokesman)).bind(voice.why.clone()).bind(ctx.now.as_micros());
            query.execute(&mut *work).await.map_err(&keeping)?;
        }
        work.commit().await.map_err(keeping)?;
        Ok(true)
    }

    /// Sources that are no voices of their own, by number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn voices(&self, ctx: &OpContext) -> Result<Vec<SourceVoice>, StateError> {
        let rows = self.fetch_all(ctx, "reading voices", sqlx::query(SELECT).bind(agency(ctx))).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(SourceVoice {
                source: SourceNumber::from(get::<i64>(row, 0)?),
                spokesman: SourceNumber::from(get::<i64>(row, 1)?),
                why: get(row, 2)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
