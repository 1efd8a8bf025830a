//! Who brings intelligence: feeds, peers, people.

use std::fmt;

use model::{AgencyId, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::super::agency;
use super::super::database::{Bound, Reach, State, StateError, check_name, check_size, get, sql};
use super::super::ledger::Deed;

pub(super) const INSERT: &str = "INSERT INTO intel_sources \
    (agency, number, name, kind, config, memory, health, paused_us, created_us, changed_us, removed_us) \
    VALUES ($1, $2, $3, $4, $5, '', '', NULL, $6, $6, NULL) ON CONFLICT (agency, name) DO NOTHING";
pub(super) const NEXT_NUMBER: &str = "SELECT coalesce(max(number), 0) + 1 FROM intel_sources WHERE agency = $1";
pub(super) const SELECT_ALL: &str = "SELECT agency, number, name, kind, config, memory, health, paused_us, created_us, changed_us, \
    removed_us FROM intel_sources WHERE agency = $1 ORDER BY name";
pub(super) const SELECT_NAMED: &str = "SELECT agency, number, name, kind, config, memory, health, paused_us, created_us, changed_us, \
    removed_us FROM intel_sources WHERE agency = $1 AND name = $2";
/// Of all agencies, for the one who runs what is due.
pub(super) const SELECT_EVERYWHERE: &str = "SELECT agency, number, name, kind, config, memory, health, paused_us, created_us, \
    changed_us, removed_us FROM intel_sources WHERE removed_us IS NULL ORDER BY agency, number";
pub(super) const SET_CONFIG: &str = "UPDATE intel_sources SET kind = $3, config = $4, changed_us = $5, removed_us = NULL \
    WHERE agency = $1 AND number = $2";
pub(super) const SET_PAUSED: &str = "UPDATE intel_sources SET paused_us = $3, changed_us = $4 \
    WHERE agency = $1 AND number = $2 AND removed_us IS NULL";
pub(super) const REMOVE: &str = "UPDATE intel_sources SET removed_us = $3, memory = '', health = '' \
    WHERE agency = $1 AND number = $2 AND removed_us IS NULL";
pub(super) const KEEP_RUN: &str =
    "UPDATE intel_sources SET memory = $3, health = $4 WHERE agency = $1 AND number = $2 AND removed_us IS NULL";

/// A source's number in its agency. It is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceNumber(pub(super) i64);

impl fmt::Display for SourceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<i64> for SourceNumber {
    fn from(number: i64) -> Self {
        SourceNumber(number)
    }
}

impl From<SourceNumber> for i64 {
    fn from(number: SourceNumber) -> Self {
        number.0
    }
}

/// A source that is to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewIntelSource<'a> {
    /// What people call it; one of each in an agency.
    pub name: &'a str,
    /// What it is, for example `list` or `taxii`.
    pub kind: &'a str,
    /// How it is asked, as JSON of whoever asks it.
    pub config: &'a str,
}

/// A source as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntelSource {
    /// Whose it is.
    pub agency: AgencyId,
    /// Its number.
    pub number: SourceNumber,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// How it is asked.
    pub config: String,
    /// What the last run left for the next one: cursors, marks. Empty at first.
    pub memory: String,
    /// How it does, as JSON of whoever runs it. Empty at first.
    pub health: String,
    /// Since when it is not asked, if it is not.
    pub paused: Option<Timestamp>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When its configuration changed.
    pub changed: Timestamp,
    /// When it was removed; its claims went with it, its name stays for what was said of it.
    pub removed: Option<Timestamp>,
}

impl State {
    /// Keeps a source. One that was removed comes back under its old number.
    ///
    /// # Errors
    /// When the name is none or taken, the configuration is too large, there are too many, or the database refuses.
    pub async fn add_intel_source(
        &self,
        ctx: &OpContext,
        new: &NewIntelSource<'_>,
    ) -> Result<SourceNumber, StateError> {
        let name = check_name(new.name)?;
        check_size("bytes of a source's configuration", new.config.len(), limits::INTEL_CONFIG_BYTES_MAX)?;
        if let Some(old) = self.intel_source(ctx, &name).await? {
            if old.removed.is_none() {
                return Err(StateError::Exists { what: "source of intelligence", name });
            }
            self.set_intel_source(ctx, &old, new).await?;
            return Ok(old.number);
        }
        let mut work = self.begin(ctx).await?;
        let next = sqlx::query(NEXT_NUMBER).bind(agency(ctx)).fetch_one(&mut *work).await;
        let number: i64 = get(&next.map_err(sql("numbering a source"))?, 0)?;
        check_size("sources of intelligence", number as usize, limits::INTEL_SOURCES_MAX)?;
        let insert = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(number)
            .bind(name.clone())
            .bind(new.kind.to_owned())
            .bind(new.config.to_owned())
            .bind(ctx.now.as_micros());
        let made = insert.execute(&mut *work).await.map_err(sql("keeping a source"))?.rows_affected();
        if made == 0 {
            return Err(StateError::Exists { what: "source of intelligence", name });
        }
        self.append(&mut work, ctx, &[Deed::done_to_named("intel.source.add", "source", &name)]).await?;
        work.commit().await.map_err(sql("keeping a source"))?;
        Ok(SourceNumber(number))
    }

    /// Changes how a source is asked.
    ///
    /// # Errors
    /// When the configuration is too large, or the database refuses.
    pub async fn set_intel_source(
        &self,
        ctx: &OpContext,
        source: &IntelSource,
        new: &NewIntelSource<'_>,
    ) -> Result<(), StateError> {
        check_size("bytes of a source's configuration", new.config.len(), limits::INTEL_CONFIG_BYTES_MAX)?;
        let query = of(SET_CONFIG, ctx, source.number).bind(new.kind.to_owned()).bind(new.config.to_owned());
        let deed = Deed::done_to_named("intel.source.change", "source", &source.name);
        self.write(ctx, "changing a source", query.bind(ctx.now.as_micros()), deed).await.map(|_| ())
    }

    /// All sources of the agency, those that were removed included, by name.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn intel_sources(&self, ctx: &OpContext) -> Result<Vec<IntelSource>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading sources", query).await?.iter().map(read).collect()
    }

    /// The source of that name, one that was removed, too.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn intel_source(&self, ctx: &OpContext, name: &str) -> Result<Option<IntelSource>, StateError> {
        let query = sqlx::query(SELECT_NAMED).bind(agency(ctx)).bind(name.to_owned());
        self.fetch_optional(ctx, "reading a source", query).await?.as_ref().map(read).transpose()
    }

    /// The sources of all agencies, for whoever runs what is due.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn intel_sources_everywhere(&self) -> Result<Vec<IntelSource>, StateError> {
        let rows = self.fetch_all(Reach::All, "reading sources", sqlx::query(SELECT_EVERYWHERE)).await?;
        rows.iter().map(read).collect()
    }

    /// Has a source asked no more for now, or again.
    ///
    /// # Errors
    /// When there is no such source, or the database refuses.
    pub async fn pause_intel_source(
        &self,
        ctx: &OpContext,
        source: &IntelSource,
        paused: Option<Timestamp>,
    ) -> Result<(), StateError> {
        let query = of(SET_PAUSED, ctx, source.number).bind(paused.map(Timestamp::as_micros));
        let operation = if paused.is_some() { "intel.source.pause" } else { "intel.source.resume" };
        let deed = Deed::done_to_named(operation, "source", &source.name);
        match self.write(ctx, "pausing a source", query.bind(ctx.now.as_micros()), deed).await? {
            0 => Err(StateError::NotFound { what: "source of intelligence", name: source.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Marks a source as removed. What it claims has to go first, see [`State::drop_claims_of`].
    ///
    /// # Errors
    /// When there is no such source, or the database refuses.
    pub async fn remove_intel_source(&self, ctx: &OpContext, source: &IntelSource) -> Result<(), StateError> {
        let query = of(REMOVE, ctx, source.number).bind(ctx.now.as_micros());
        let deed = Deed::done_to_named("intel.source.remove", "source", &source.name);
        match self.write(ctx, "removing a source", query, deed).await? {
            0 => Err(StateError::NotFound { what: "source of intelligence", name: source.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Keeps what a run left for the next one, and how the source does. The ledger has no line of it: it is the program's own bookkeeping.
    ///
    /// # Errors
    /// When they are too large, or the database refuses.
    pub async fn keep_intel_run(
        &self,
        ctx: &OpContext,
        source: SourceNumber,
        memory: &str,
        health: &str,
    ) -> Result<(), StateError> {
        check_size("bytes of a source's memory", memory.len(), limits::INTEL_MEMORY_BYTES_MAX)?;
        check_size("bytes of a source's health", health.len(), limits::INTEL_CONFIG_BYTES_MAX)?;
        let query = of(KEEP_RUN, ctx, source).bind(memory.to_owned()).bind(health.to_owned());
        self.execute(ctx, "keeping how a source does", query).await.map(|_| ())
    }
}

fn of(statement: &'static str, ctx: &OpContext, source: SourceNumber) -> Bound {
    sqlx::query(statement).bind(agency(ctx)).bind(source.0)
}

fn read(row: &sqlx::any::AnyRow) -> Result<IntelSource, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "source of intelligence", detail };
    let agency: String = get(row, 0)?;
    let time = |column| -> Result<Option<Timestamp>, StateError> {
        Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_micros))
    };
    Ok(IntelSource {
        agency: AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?,
        number: SourceNumber(get(row, 1)?),
        name: get(row, 2)?,
        kind: get(row, 3)?,
        config: get(row, 4)?,
        memory: get(row, 5)?,
        health: get(row, 6)?,
        paused: time(7)?,
        created: Timestamp::from_micros(get(row, 8)?),
        changed: Timestamp::from_micros(get(row, 9)?),
        removed: time(10)?,
    })
}
