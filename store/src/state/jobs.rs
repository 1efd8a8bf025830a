//! Work that outlives a restart: a queue with leases, retries and a place for what failed for good.
//!
//! A job is of a kind and about a subject; there is one of each at a time, so that asking twice does the work once. Whoever takes
//! a job has it for the time of its lease; who does not come back loses it to the next one, so a job may be done more than once
//! and its work must bear that. A job that failed waits longer each time, and after its last attempt is set aside ("dead") until
//! somebody looks at it.

use std::time::Duration;

use model::{AgencyId, OpContext, Timestamp, limits};

use super::agency;
use super::database::{Bound, Reach, State, StateError, check_name, check_size, get};
use super::id::random_id;
use super::ledger::Deed;

const INSERT: &str = "INSERT INTO jobs \
    (agency, id, kind, subject, payload, status, attempts, attempts_max, due_us, error, created_us, changed_us) \
    VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $7, NULL, $8, $8) ON CONFLICT (agency, kind, subject) DO NOTHING";
const COUNT_WAITING: &str = "SELECT COUNT(*) FROM jobs WHERE agency = $1";
/// Of all agencies; a job whose lease has ended is due again.
const SELECT_DUE: &str = "SELECT agency, id, kind, subject, payload, status, attempts, attempts_max, due_us, error, created_us, \
    changed_us FROM jobs WHERE status IN ('waiting', 'taken') AND due_us <= $1 ORDER BY due_us, id LIMIT $2";
/// Taken by whoever is first: what was seen must still be so.
const TAKE: &str = "UPDATE jobs SET status = 'taken', attempts = attempts + 1, lease = $5, due_us = $4, changed_us = $6 \
    WHERE agency = $1 AND id = $2 AND status IN ('waiting', 'taken') AND due_us = $3";
const EXTEND: &str = "UPDATE jobs SET due_us = $4, changed_us = $5 WHERE agency = $1 AND id = $2 AND lease = $3";
const FINISH: &str = "DELETE FROM jobs WHERE agency = $1 AND id = $2 AND lease = $3";
const FAIL: &str = "UPDATE jobs SET status = $4, due_us = $5, error = $6, lease = NULL, changed_us = $7 \
    WHERE agency = $1 AND id = $2 AND lease = $3";
const REVIVE: &str = "UPDATE jobs SET status = 'waiting', attempts = 0, due_us = $3, changed_us = $3 \
    WHERE agency = $1 AND id = $2 AND status = 'dead'";
const DROP: &str = "DELETE FROM jobs WHERE agency = $1 AND id = $2 AND status = 'dead'";
const SELECT_ALL: &str = "SELECT agency, id, kind, subject, payload, status, attempts, attempts_max, due_us, error, created_us, \
    changed_us FROM jobs WHERE agency = $1 ORDER BY status, due_us, id LIMIT $2";

pub(super) const STATEMENTS: &[&str] =
    &[INSERT, COUNT_WAITING, SELECT_DUE, TAKE, EXTEND, FINISH, FAIL, REVIVE, DROP, SELECT_ALL];

random_id! {
    /// A job's id.
    JobId
}

/// Work to be done.
#[derive(Clone, Copy, Debug)]
pub struct NewJob<'a> {
    /// Who does it.
    pub kind: &'a str,
    /// What about; one job of a kind at a time for each.
    pub subject: &'a str,
    /// What else has to be known for it.
    pub payload: &'a str,
    /// How often it is tried before it is set aside.
    pub attempts_max: u32,
    /// Not before this time.
    pub due: Timestamp,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobStatus {
    /// It waits for its time.
    Waiting,
    /// Somebody has it, until the lease ends.
    Taken,
    /// It failed for good and waits for people.
    Dead,
}

impl JobStatus {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            JobStatus::Waiting => "waiting",
            JobStatus::Taken => "taken",
            JobStatus::Dead => "dead",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [JobStatus::Waiting, JobStatus::Taken, JobStatus::Dead].into_iter().find(|status| status.name() == name)
    }
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Whose it is.
    pub agency: AgencyId,
    /// Which.
    pub id: JobId,
    /// Who does it.
    pub kind: String,
    /// What about.
    pub subject: String,
    /// What else has to be known for it.
    pub payload: String,
    /// How far it is.
    pub status: JobStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// How often it is tried.
    pub attempts_max: u32,
    /// When it is due; when its lease ends, if somebody has it.
    pub due: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When something about it changed last.
    pub changed: Timestamp,
}

/// A job that one has until its lease ends.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The job.
    pub job: Job,
    secret: [u8; 16],
}

/// How long a job waits that has failed so often: twice as long each time, and a day at most. Jobs that failed together do not come
/// back together.
fn wait_after(attempts: u32, id: JobId) -> Duration {
    let seconds = 5_u64.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(86_400);
    let spread = u64::from(id.0[0]) * seconds / 1_024;
    Duration::from_secs(seconds) + Duration::from_secs(spread)
}

impl State {
    /// Keeps work to be done. `Ok(false)`: there is such a job already.
    ///
    /// # Errors
    /// When kind or subject are no names, the payload is too large, there are too many, or the database refuses.
    pub async fn add_job(&self, ctx: &OpContext, new: &NewJob<'_>) -> Result<bool, StateError> {
        check_size("bytes of a job", new.payload.len(), limits::JOB_BYTES_MAX)?;
        let waiting = self.count(ctx, "counting jobs", sqlx::query(COUNT_WAITING).bind(agency(ctx))).await?;
        check_size("jobs", waiting as usize + 1, limits::JOBS_MAX)?;
        let query = sqlx::query(INSERT)
            .bind(agency(ctx))
            .bind(JobId::random()?.to_string())
            .bind(check_name(new.kind)?)
            .bind(check_name(new.subject)?)
            .bind(new.payload.to_owned())
            .bind(i64::from(new.attempts_max.max(1)))
            .bind(new.due.as_micros())
            .bind(ctx.now.as_micros());
        Ok(self.execute(ctx, "keeping a job", query).await? > 0)
    }

    /// Takes jobs that are due, of any agency, until `now + lease`.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn take_jobs(&self, now: Timestamp, lease: Duration, jobs_max: usize) -> Result<Vec<Lease>, StateError> {
        let query = sqlx::query(SELECT_DUE).bind(now.as_micros()).bind(jobs_max as i64);
        let mut taken = Vec::new();
        for row in self.fetch_all(Reach::All, "looking for jobs", query).await? {
            let mut job = read(&row)?;
            let secret = JobId::random()?.0;
            let ends = now.plus(lease);
            let take = sqlx::query(TAKE)
                .bind(job.agency.as_str().to_owned())
                .bind(job.id.to_string())
                .bind(job.due.as_micros())
                .bind(ends.as_micros())
                .bind(secret.to_vec())
                .bind(now.as_micros());
            if self.execute(Reach::All, "taking a job", take).await? > 0 {
                (job.status, job.due, job.changed) = (JobStatus::Taken, ends, now);
                job.attempts += 1;
                taken.push(Lease { job, secret });
            }
        }
        Ok(taken)
    }

    /// Keeps a job for longer. `Ok(false)`: the lease has ended and somebody else has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn extend_job(&self, lease: &mut Lease, now: Timestamp, by: Duration) -> Result<bool, StateError> {
        let ends = now.plus(by);
        let query = bind_lease(EXTEND, lease).bind(ends.as_micros()).bind(now.as_micros());
        let is_ours = self.execute(Reach::All, "keeping a job for longer", query).await? > 0;
        if is_ours {
            lease.job.due = ends;
        }
        Ok(is_ours)
    }

    /// The job is done. `Ok(false)`: the lease had ended, somebody else has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn finish_job(&self, lease: &Lease) -> Result<bool, StateError> {
        Ok(self.execute(Reach::All, "finishing a job", bind_lease(FINISH, lease)).await? > 0)
    }

    /// The job failed: it waits for its next attempt, or is set aside when that was its last. Says which; `None` when the lease had ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fail_job(&self, lease: &Lease, now: Timestamp, error: &str) -> Result<Option<JobStatus>, StateError> {
        let job = &lease.job;
        let is_last = job.attempts >= job.attempts_max;
        let status = if is_last { JobStatus::Dead } else { JobStatus::Waiting };
        let due = if is_last { now } else { now.plus(wait_after(job.attempts, job.id)) };
        let error: String = error.chars().take(limits::JOB_ERROR_CHARS_MAX).collect();
        let query = bind_lease(FAIL, lease).bind(status.name()).bind(due.as_micros()).bind(error);
        let rows = self.execute(Reach::All, "failing a job", query.bind(now.as_micros())).await?;
        Ok((rows > 0).then_some(status))
    }

    /// The agency's jobs: dead ones first, then by when they are due.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn jobs(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<Job>, StateError> {
        let query = sqlx::query(SELECT_ALL).bind(agency(ctx)).bind(rows_max as i64);
        self.fetch_all(ctx, "reading jobs", query).await?.iter().map(read).collect()
    }

    /// Has a job tried again that was set aside.
    ///
    /// # Errors
    /// When there is no such job, or the database refuses.
    pub async fn revive_job(&self, ctx: &OpContext, id: JobId) -> Result<(), StateError> {
        let query = sqlx::query(REVIVE).bind(agency(ctx)).bind(id.to_string()).bind(ctx.now.as_micros());
        self.change_dead_job(ctx, id, query, "job.retry").await
    }

    /// Forgets a job that was set aside.
    ///
    /// # Errors
    /// When there is no such job, or the database refuses.
    pub async fn drop_job(&self, ctx: &OpContext, id: JobId) -> Result<(), StateError> {
        let query = sqlx::query(DROP).bind(agency(ctx)).bind(id.to_string());
        self.change_dead_job(ctx, id, query, "job.drop").await
    }

    async fn change_dead_job(
        &self,
        ctx: &OpContext,
        id: JobId,
        query: Bound,
        operation: &'static str,
    ) -> Result<(), StateError> {
        match self.write(ctx, "changing a job", query, Deed::done(operation, format!("job:{id}"))).await? {
            0 => Err(StateError::NotFound { what: "job that was set aside", name: id.to_string() }),
            _ => Ok(()),
        }
    }
}

fn bind_lease(statement: &'static str, lease: &Lease) -> Bound {
    let job = &lease.job;
    sqlx::query(statement).bind(job.agency.as_str().to_owned()).bind(job.id.to_string()).bind(lease.secret.to_vec())
}

fn read(row: &sqlx::any::AnyRow) -> Result<Job, StateError> {
    let corrupt = |detail: String| StateError::Corrupt { what: "job", detail };
    let (agency, id, status): (String, String, String) = (get(row, 0)?, get(row, 1)?, get(row, 5)?);
    let count = |column| -> Result<u32, StateError> {
        u32::try_from(get::<i64>(row, column)?).map_err(|error| corrupt(error.to_string()))
    };
    Ok(Job {
        agency: AgencyId::parse(&agency).map_err(|error| corrupt(error.to_string()))?,
        id: JobId::parse(&id).ok_or_else(|| corrupt(format!("{id:?} is no id")))?,
        kind: get(row, 2)?,
        subject: get(row, 3)?,
        payload: get(row, 4)?,
        status: JobStatus::from_name(&status).ok_or_else(|| corrupt(format!("{status:?} is no status")))?,
        attempts: count(6)?,
        attempts_max: count(7)?,
        due: Timestamp::from_micros(get(row, 8)?),
        error: get(row, 9)?,
        created: Timestamp::from_micros(get(row, 10)?),
        changed: Timestamp::from_micros(get(row, 11)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_has_an_end() {
        let id = JobId([0; 16]);
        let seconds = |attempts| wait_after(attempts, id).as_secs();
        assert_eq!([1, 2, 3, 10].map(seconds), [5, 10, 20, 2_560]);
        assert_eq!(seconds(1_000), 86_400);
        assert!(wait_after(5, JobId([255; 16])) > wait_after(5, id));
    }
}
