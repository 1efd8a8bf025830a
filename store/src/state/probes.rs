//! Services that are looked at from outside: what is looked at, what was seen, and what was wrong from when to when.
//!
//! Settings, results and what was learnt are JSON of whoever makes them (`engine::office`). What a round of looks gives is kept in one
//! transaction: results, episodes, findings and what was learnt, so that a restart neither doubles nor loses one. No personal data: a
//! page's text is not kept, and visitors are nobody's business here.

use model::{AgencyId, Level, OpContext, Timestamp, limits};
use sqlx::{Any, Transaction};

use super::agency;
use super::database::{Reach, State, StateError, check_name, check_size, get, sql};
use super::findings::{self, NewFinding};
use super::ledger::{Deed, object_named};

const INSERT: &str = "INSERT INTO probes (agency, name, service, config, paused_us, wanted_us, created_us, changed_us) \
    VALUES ($1, $2, $3, $4, NULL, NULL, $5, $5) ON CONFLICT (agency, name) DO NOTHING";
const CHANGE: &str = "UPDATE probes SET service = $3, config = $4, changed_us = $5 WHERE agency = $1 AND name = $2";
const COUNT: &str = "SELECT COUNT(*) FROM probes WHERE agency = $1";
const SELECT_ALL: &str = "SELECT agency, name, service, config, paused_us, wanted_us, created_us, changed_us FROM probes \
    WHERE agency = $1 ORDER BY name";
const SELECT_NAMED: &str = "SELECT agency, name, service, config, paused_us, wanted_us, created_us, changed_us FROM probes \
    WHERE agency = $1 AND name = $2";
/// Of all agencies, for whoever looks.
const SELECT_EVERYWHERE: &str = "SELECT agency, name, service, config, paused_us, wanted_us, created_us, changed_us FROM probes \
    ORDER BY agency, name";
const SET_PAUSED: &str = "UPDATE probes SET paused_us = $3, changed_us = $4 WHERE agency = $1 AND name = $2";
const SET_WANTED: &str = "UPDATE probes SET wanted_us = $3 WHERE agency = $1 AND name = $2";
const TOUCH: &str = "UPDATE probes SET changed_us = $3 WHERE agency = $1 AND name = $2";
const DELETE: &str = "DELETE FROM probes WHERE agency = $1 AND name = $2";
const DELETE_RESULTS: &str = "DELETE FROM probe_results WHERE agency = $1 AND name = $2";
const DELETE_EPISODES: &str = "DELETE FROM probe_episodes WHERE agency = $1 AND name = $2";
const DELETE_MEMORY: &str = "DELETE FROM probe_memories WHERE agency = $1 AND name = $2";
const KEEP_RESULT: &str = "INSERT INTO probe_results (agency, name, at_us, vantage, body) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (agency, name, at_us, vantage) DO UPDATE SET body = excluded.body";
const FORGET_RESULTS: &str = "DELETE FROM probe_results WHERE agency = $1 AND name = $2 AND at_us < $3";
/// The oldest of the newest so many: what is before it goes.
const OLDEST_KEPT: &str =
    "SELECT at_us FROM probe_results WHERE agency = $1 AND name = $2 ORDER BY at_us DESC LIMIT 1 OFFSET $3";
const SELECT_RESULTS: &str = "SELECT name, at_us, vantage, body FROM probe_results WHERE agency = $1 AND name = $2 \
    ORDER BY at_us DESC, vantage LIMIT $3";
const BEGIN_EPISODE: &str = "INSERT INTO probe_episodes (agency, name, problem, since_us, until_us, level, words) \
    VALUES ($1, $2, $3, $4, NULL, $5, $6) ON CONFLICT (agency, name, problem, since_us) DO NOTHING";
const END_EPISODE: &str = "UPDATE probe_episodes SET until_us = $5 \
    WHERE agency = $1 AND name = $2 AND problem = $3 AND since_us = $4 AND until_us IS NULL";
const SELECT_EPISODES: &str = "SELECT name, problem, since_us, until_us, level, words FROM probe_episodes WHERE agency = $1 \
    ORDER BY since_us DESC, name, problem LIMIT $2";
const SELECT_OPEN: &str = "SELECT name, problem, since_us, until_us, level, words FROM probe_episodes \
    WHERE agency = $1 AND until_us IS NULL ORDER BY level DESC, name, problem";
const KEEP_MEMORY: &str = "INSERT INTO probe_memories (agency, name, body) VALUES ($1, $2, $3) \
    ON CONFLICT (agency, name) DO UPDATE SET body = excluded.body";
const SELECT_MEMORIES: &str = "SELECT name, body FROM probe_memories WHERE agency = $1 ORDER BY name";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    CHANGE,
    COUNT,
    SELECT_ALL,
    SELECT_NAMED,
    SELECT_EVERYWHERE,
    SET_PAUSED,
    SET_WANTED,
    TOUCH,
    DELETE,
    DELETE_RESULTS,
    DELETE_EPISODES,
    DELETE_MEMORY,
    KEEP_RESULT,
    FORGET_RESULTS,
    OLDEST_KEPT,
    SELECT_RESULTS,
    BEGIN_EPISODE,
    END_EPISODE,
    SELECT_EPISODES,
    SELECT_OPEN,
    KEEP_MEMORY,
    SELECT_MEMORIES,
];

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// A probe as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whose it is.
    pub agency: AgencyId,
    /// Its name, one in an agency.
    pub name: String,
    /// The service, by its name in the register.
    pub service: String,
    /// What is looked at, how often, and what is expected, as JSON of whoever looks.
    pub config: String,
    /// Since when nobody looks, if nobody does.
    pub paused: Option<Timestamp>,
    /// When somebody wanted a look at once.
    pub wanted: Option<Timestamp>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When somebody changed it.
    pub changed: Timestamp,
}

/// What one look saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeResult {
    /// The probe.
    pub probe: String,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub vantage: String,
    /// What, as JSON of whoever looks.
    pub body: String,
}

/// Something that was wrong, or still is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeEpisode {
    /// The probe.
    pub probe: String,
    /// What, in one word.
    pub problem: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None` while it is so.
    pub until: Option<Timestamp>,
    /// How bad.
    pub level: Level,
    /// Why we think so.
    pub words: String,
}

/// What a round of looks gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeRound {
    /// What was seen.
    pub results: Vec<ProbeResult>,
    /// What begins.
    pub began: Vec<ProbeEpisode>,
    /// What ends: `until` says when.
    pub ended: Vec<ProbeEpisode>,
    /// What begins, for people.
    pub findings: Vec<NewFinding>,
    /// What was learnt, by probe.
    pub memories: Vec<(String, String)>,
}

fn check_probe_name(name: &str) -> Result<String, StateError> {
    let name = check_name(name)?;
    let is_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if name.len() <= limits::PROBE_NAME_BYTES_MAX && name.bytes().all(is_byte) {
        return Ok(name);
    }
    let most = limits::PROBE_NAME_BYTES_MAX;
    let detail = format!("{name:?}: small letters, digits, -, _ and . only, {most} at most");
    Err(StateError::Corrupt { what: "name of a probe", detail })
}

fn no_probe(name: &str) -> StateError {
    StateError::NotFound { what: "probe", name: name.chars().take(80).collect() }
}

impl State {
    /// Adds a probe.
    ///
    /// # Errors
    /// When the name is none or taken, the settings are too large, there are too many, or the database refuses.
    pub async fn add_probe(&self, ctx: &OpContext, name: &str, service: &str, config: &str) -> Result<(), StateError> {
        let name = check_probe_name(name)?;
        check_size("bytes of a probe's settings", config.len(), limits::PROBE_CONFIG_BYTES_MAX)?;
        let adding = sql("adding a probe");
        let mut work = self.begin(ctx).await?;
        let count = sqlx::query(COUNT).bind(agency(ctx)).fetch_one(&mut *work).await.map_err(&adding)?;
        check_size("probes", get::<i64>(&count, 0)? as usize + 1, limits::PROBES_MAX)?;
        let insert = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(name.clone())
            .bind(service.to_owned())
            .bind(config.to_owned())
            .bind(ctx.now.as_micros());
        if insert.execute(&mut *work).await.map_err(&adding)?.rows_affected() == 0 {
            return Err(StateError::Exists { what: "probe", name });
        }
        let deed = Deed::done("probe.add", object_named("probe", &name)).saying(format!("{name} {config}"));
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(adding)
    }

    /// Changes what a probe looks at.
    ///
    /// # Errors
    /// When there is none, the settings are too large, or the database refuses.
    pub async fn change_probe(
        &self,
        ctx: &OpContext,
        name: &str,
        service: &str,
        config: &str,
    ) -> Result<(), StateError> {
        check_size("bytes of a probe's settings", config.len(), limits::PROBE_CONFIG_BYTES_MAX)?;
        let query = sqlx::query(CHANGE).bind(agency(ctx)).bind(name.to_owned()).bind(service.to_owned());
        let query = query.bind(config.to_owned()).bind(ctx.now.as_micros());
        let deed = Deed::done("probe.change", object_named("probe", name)).saying(format!("{name} {config}"));
        match self.write(ctx, "changing a probe", query, deed).await? {
            0 => Err(no_probe(name)),
            _ => Ok(()),
        }
    }

    /// The agency's probes, by name.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn probes(&self, ctx: &OpContext) -> Result<Vec<Probe>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx));
        self.fetch_all(ctx, "reading probes", query).await?.iter().map(read).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When there is none of that name, or the database refuses or holds nonsense.
    pub async fn probe(&self, ctx: &OpContext, name: &str) -> Result<Probe, StateError> {
        let query = sqlx::query(SELECT_NAMED).bind(agency(ctx)).bind(name.to_owned());
        let row = self.fetch_optional(ctx, "reading a probe", query).await?;
        row.as_ref().map_or_else(|| Err(no_probe(name)), read)
    }

    /// The probes of all agencies, for whoever looks.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn probes_everywhere(&self) -> Result<Vec<Probe>, StateError> {
        let rows = self.fetch_all(Reach::All, "reading probes", sqlx::query(SELECT_EVERYWHERE)).await?;
        rows.iter().map(read).collect()
    }

    /// Has nobody look for now, or has somebody look again.
    ///
    /// # Errors
    /// When there is no such probe, or the database refuses.
    pub async fn pause_probe(&self, ctx: &OpContext, name: &str, paused: Option<Timestamp>) -> Result<(), StateError> {
        let query = sqlx::query(SET_PAUSED).bind(agency(ctx)).bind(name.to_owned());
        let query = query.bind(paused.map(Timestamp::as_micros)).bind(ctx.now.as_micros());
        let operation = if paused.is_some() { "probe.pause" } else { "probe.resume" };
        match self.write(ctx, "pausing a probe", query, Deed::done_to_named(operation, "probe", name)).await? {
            0 => Err(no_probe(name)),
            _ => Ok(()),
        }
    }

    /// Wants a look at once.
    ///
    /// # Errors
    /// When there is no such probe, or the database refuses.
    pub async fn want_probe(&self, ctx: &OpContext, name: &str) -> Result<(), StateError> {
        let query = sqlx::query(SET_WANTED).bind(agency(ctx)).bind(name.to_owned()).bind(ctx.now.as_micros());
        match self.write(ctx, "wanting a look", query, Deed::done_to_named("probe.run", "probe", name)).await? {
            0 => Err(no_probe(name)),
            _ => Ok(()),
        }
    }

    /// Removes a probe with all that was seen and learnt.
    ///
    /// # Errors
    /// When there is no such probe, or the database refuses.
    pub async fn remove_probe(&self, ctx: &OpContext, name: &str) -> Result<(), StateError> {
        let removing = sql("removing a probe");
        let mut work = self.begin(ctx).await?;
        for delete in [DELETE_RESULTS, DELETE_EPISODES, DELETE_MEMORY] {
            let query = sqlx::query(delete).bind(agency(ctx)).bind(name.to_owned());
            query.execute(&mut *work).await.map_err(&removing)?;
        }
        let query = sqlx::query(DELETE).bind(agency(ctx)).bind(name.to_owned());
        if query.execute(&mut *work).await.map_err(&removing)?.rows_affected() == 0 {
            return Err(no_probe(name));
        }
        self.append(&mut work, ctx, &[Deed::done_to_named("probe.remove", "probe", name)]).await?;
        work.commit().await.map_err(removing)
    }

    /// Keeps what a round of looks gave; says how many findings are new.
    ///
    /// # Errors
    /// When something is too large, or the database refuses.
    pub async fn keep_probe_round(&self, ctx: &OpContext, round: &ProbeRound) -> Result<usize, StateError> {
        let mut work = self.begin(ctx).await?;
        let added = keep_round(&mut work, ctx, round).await?;
        work.commit().await.map_err(sql("keeping what probes saw"))?;
        Ok(added)
    }

    /// Keeps that somebody said of a problem that it is right so, with what follows; whoever looks takes up what is kept then.
    ///
    /// # Errors
    /// When there is no such probe, something is too large, or the database refuses.
    pub async fn accept_probe(
        &self,
        ctx: &OpContext,
        name: &str,
        problem: &str,
        round: &ProbeRound,
    ) -> Result<(), StateError> {
        let accepting = sql("accepting what a probe saw");
        let mut work = self.begin(ctx).await?;
        let touch = sqlx::query(TOUCH).bind(agency(ctx)).bind(name.to_owned()).bind(ctx.now.as_micros());
        if touch.execute(&mut *work).await.map_err(&accepting)?.rows_affected() == 0 {
            return Err(no_probe(name));
        }
        keep_round(&mut work, ctx, round).await?;
        let deed = Deed::done("probe.accept", object_named("probe", name)).saying(format!("{name} {problem}"));
        self.append(&mut work, ctx, &[deed]).await?;
        work.commit().await.map_err(accepting)
    }

    /// What the last looks of a probe saw, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn probe_results(
        &self,
        ctx: &OpContext,
        name: &str,
        rows_max: usize,
    ) -> Result<Vec<ProbeResult>, StateError> {
        let query = sqlx::query(SELECT_RESULTS).bind(agency(ctx)).bind(name.to_owned());
        let query = query.bind(rows_max.min(limits::PROBE_RESULTS_MAX) as i64);
        let rows = self.fetch_all(ctx, "reading what probes saw", query).await?;
        let result = |row: &sqlx::any::AnyRow| {
            let at = Timestamp::from_micros(get(row, 1)?);
            Ok(ProbeResult { probe: get(row, 0)?, at, vantage: get(row, 2)?, body: get(row, 3)? })
        };
        rows.iter().map(result).collect()
    }

    /// What was wrong last, newest first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn probe_episodes(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<ProbeEpisode>, StateError> {
        let query = sqlx::query(SELECT_EPISODES).bind(agency(ctx));
        let query = query.bind(rows_max.min(limits::PROBE_RESULTS_MAX) as i64);
        self.fetch_all(ctx, "reading what was wrong", query).await?.iter().map(episode).collect()
    }

    /// What is wrong now, worst first.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn probe_episodes_open(&self, ctx: &OpContext) -> Result<Vec<ProbeEpisode>, StateError> {
        let query = sqlx::query(SELECT_OPEN).bind(agency(ctx));
        self.fetch_all(ctx, "reading what is wrong", query).await?.iter().map(episode).collect()
    }

    /// What was learnt of each probe of the agency.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn probe_memories(&self, ctx: &OpContext) -> Result<Vec<(String, String)>, StateError> {
        let query = sqlx::query(SELECT_MEMORIES).bind(agency(ctx));
        let rows = self.fetch_all(ctx, "reading what was learnt of probes", query).await?;
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }
}

async fn keep_round(work: &mut Transaction<'_, Any>, ctx: &OpContext, round: &ProbeRound) -> Result<usize, StateError> {
    let keeping = sql("keeping what probes saw");
    for result in &round.results {
        keep_result(work, ctx, result).await?;
    }
    for episode in &round.began {
        let query = sqlx::query(BEGIN_EPISODE)
            .bind(agency(ctx))
            .bind(episode.probe.clone())
            .bind(episode.problem.clone())
            .bind(episode.since.as_micros())
            .bind(i64::from(episode.level.severity_id()))
            .bind(episode.words.clone());
        query.execute(&mut **work).await.map_err(&keeping)?;
    }
    for episode in &round.ended {
        let query = sqlx::query(END_EPISODE)
            .bind(agency(ctx))
            .bind(episode.probe.clone())
            .bind(episode.problem.clone())
            .bind(episode.since.as_micros())
            .bind(episode.until.unwrap_or(ctx.now).as_micros());
        query.execute(&mut **work).await.map_err(&keeping)?;
    }
    for (probe, body) in &round.memories {
        check_size("bytes of what was learnt of a probe", body.len(), limits::PROBE_MEMORY_BYTES_MAX)?;
        let query = sqlx::query(KEEP_MEMORY).bind(agency(ctx)).bind(probe.clone()).bind(body.clone());
        query.execute(&mut **work).await.map_err(&keeping)?;
    }
    let mut added = 0;
    if !round.findings.is_empty() {
        let first = findings::last_seq(work).await?;
        added = findings::insert(work, ctx, first, &round.findings).await?;
        findings::set_last_seq(work, first + added as i64).await?;
    }
    Ok(added)
}

async fn keep_result(work: &mut Transaction<'_, Any>, ctx: &OpContext, result: &ProbeResult) -> Result<(), StateError> {
    let keeping = sql("keeping what a probe saw");
    check_size("bytes of what a probe saw", result.body.len(), limits::PROBE_RESULT_BYTES_MAX)?;
    let query = sqlx::query(KEEP_RESULT)
        .bind(agency(ctx))
        .bind(result.probe.clone())
        .bind(result.at.as_micros())
        .bind(result.vantage.clone())
        .bind(result.body.clone());
    query.execute(&mut **work).await.map_err(&keeping)?;
    let query = sqlx::query(OLDEST_KEPT).bind(agency(ctx)).bind(result.probe.clone());
    let query = query.bind(limits::PROBE_RESULTS_MAX as i64 - 1);
    let oldest = query.fetch_optional(&mut **work).await.map_err(&keeping)?;
    let oldest = oldest.map(|row| get::<i64>(&row, 0)).transpose()?.unwrap_or(i64::MIN);
    let days = i64::from(limits::PROBE_RESULTS_DAYS) * DAY_US;
    let before = oldest.max(ctx.now.as_micros().saturating_sub(days));
    let query = sqlx::query(FORGET_RESULTS).bind(agency(ctx)).bind(result.probe.clone()).bind(before);
    query.execute(&mut **work).await.map_err(&keeping)?;
    Ok(())
}

fn corrupt(detail: impl ToString) -> StateError {
    StateError::Corrupt { what: "probe", detail: detail.to_string() }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Probe, StateError> {
    let owner: String = get(row, 0)?;
    let time = |column| Ok::<_, StateError>(get::<Option<i64>>(row, column)?.map(Timestamp::from_micros));
    Ok(Probe {
        agency: AgencyId::parse(&owner).map_err(corrupt)?,
        name: get(row, 1)?,
        service: get(row, 2)?,
        config: get(row, 3)?,
        paused: time(4)?,
        wanted: time(5)?,
        created: Timestamp::from_micros(get(row, 6)?),
        changed: Timestamp::from_micros(get(row, 7)?),
    })
}

fn episode(row: &sqlx::any::AnyRow) -> Result<ProbeEpisode, StateError> {
    let level: i64 = get(row, 4)?;
    let level = u8::try_from(level).ok().and_then(Level::from_severity_id);
    Ok(ProbeEpisode {
        probe: get(row, 0)?,
        problem: get(row, 1)?,
        since: Timestamp::from_micros(get(row, 2)?),
        until: get::<Option<i64>>(row, 3)?.map(Timestamp::from_micros),
        level: level.ok_or_else(|| corrupt("a level that is none"))?,
        words: get(row, 5)?,
    })
}
