//! Doing the work that [`store::state`] keeps: jobs are taken, their leases kept up, and what failed is tried again later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::doors::{BoxFuture, Clock};
use model::{OpContext, Roles, Timestamp};
use store::state::{Job, JobStatus, Lease, NewJob, State, StateError};
use tokio::task::JoinSet;

/// How often somebody looks for jobs that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For how long a job is taken; kept up while it is done.
const LEASE: Duration = Duration::from_secs(60);
const KEEP_UP_EVERY: Duration = Duration::from_secs(20);
/// Jobs that are done at once.
const AT_ONCE: usize = 4;

/// Somebody who does jobs of a kind. A job may be done more than once: its work must bear that.
pub trait Work: Send + Sync {
    /// Does a job. The words of an error are kept beside the job, and must name no person.
    fn work<'a>(&'a self, ctx: &'a OpContext, job: &'a Job) -> BoxFuture<'a, Result<(), String>>;

    /// When the next job of the kind is due, once this one is done; `None` when there is none to follow.
    fn again(&self, now: Timestamp) -> Option<Timestamp>;
}

/// Where jobs are done.
#[derive(Clone)]
pub struct Workshop {
    state: State,
    clock: Arc<dyn Clock>,
    works: BTreeMap<&'static str, Arc<dyn Work>>,
}

impl Workshop {
    /// A workshop in which nobody works yet.
    pub fn new(state: State, clock: Arc<dyn Clock>) -> Self {
        Workshop { state, clock, works: BTreeMap::new() }
    }

    /// The same, with somebody who does jobs of that kind.
    #[must_use]
    pub fn with(mut self, kind: &'static str, work: Arc<dyn Work>) -> Self {
        self.works.insert(kind, work);
        self
    }

    /// Works until `stop` is done. What is not finished by then is taken up by the next one, when its lease has ended.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut running = JoinSet::new();
        tokio::pin!(stop);
        loop {
            while running.try_join_next().is_some() {}
            let places = AT_ONCE - running.len();
            match self.state.take_jobs(self.clock.now(), LEASE, places).await {
                Ok(leases) => {
                    for lease in leases {
                        running.spawn(self.clone().work(lease));
                    }
                }
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "jobs cannot be taken"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = &mut stop => return,
            }
        }
    }

    /// Does one job to its end, its lease kept up meanwhile.
    async fn work(self, mut lease: Lease) {
        let job = lease.job.clone();
        let ctx = OpContext::new(job.agency.clone(), "node", Roles::NODE, self.clock.now());
        let outcome = match self.works.get(job.kind.as_str()) {
            None => Err(format!("nobody here does jobs of the kind {}", job.kind)),
            Some(work) => {
                let mut doing = work.work(&ctx, &job);
                loop {
                    tokio::select! {
                        outcome = &mut doing => break outcome,
                        () = tokio::time::sleep(KEEP_UP_EVERY) => {
                            match self.state.extend_job(&mut lease, self.clock.now(), LEASE).await {
                                Ok(true) => {}
                                // Somebody else has it now.
                                Ok(false) => return,
                                Err(error) => tracing::warn!(%error, "the lease of a job cannot be kept up"),
                            }
                        }
                    }
                }
            }
        };
        if let Err(error) = self.settle(&ctx, &lease, outcome).await {
            tracing::warn!(kind = job.kind, error = &error as &dyn std::error::Error, "a job cannot be settled");
        }
    }

    async fn settle(&self, ctx: &OpContext, lease: &Lease, outcome: Result<(), String>) -> Result<(), StateError> {
        let (job, now) = (&lease.job, self.clock.now());
        if let Err(why) = outcome {
            match self.state.fail_job(lease, now, &why).await? {
                Some(JobStatus::Dead) => tracing::error!(kind = job.kind, job = %job.id, why, "a job failed for good"),
                _ => tracing::warn!(kind = job.kind, job = %job.id, why, "a job failed and is tried again"),
            }
            return Ok(());
        }
        let again = self.works.get(job.kind.as_str()).and_then(|work| work.again(now));
        if self.state.finish_job(lease).await?
            && let Some(due) = again
        {
            let next = NewJob {
                kind: &job.kind,
                subject: &job.subject,
                payload: &job.payload,
                attempts_max: job.attempts_max,
                due,
            };
            self.state.add_job(ctx, &next).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    use model::AgencyId;
    use store::state::Database;

    use super::*;

    /// A clock that is set by hand.
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    /// Fails the first times.
    struct Stubborn {
        fails: u32,
        done: AtomicU32,
    }

    impl Work for Stubborn {
        fn work<'a>(&'a self, _: &'a OpContext, job: &'a Job) -> BoxFuture<'a, Result<(), String>> {
            Box::pin(async move {
                self.done.fetch_add(1, Ordering::SeqCst);
                if job.attempts <= self.fails { Err(format!("attempt {}", job.attempts)) } else { Ok(()) }
            })
        }

        fn again(&self, now: Timestamp) -> Option<Timestamp> {
            Some(now.plus(Duration::from_secs(3_600)))
        }
    }

    #[tokio::test]
    async fn what_fails_is_tried_again_and_what_is_done_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&Database::Sqlite(folder.path().join("state.db"))).await.unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(1_700_000_000_000)));
        let work = Arc::new(Stubborn { fails: 2, done: AtomicU32::new(0) });
        let workshop = Workshop::new(state.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
        let workshop = workshop.with("stubborn", Arc::clone(&work) as Arc<dyn Work>);
        let ctx = OpContext::new(AgencyId::home(), "test", Roles::NODE, clock.now());
        let new = NewJob { kind: "stubborn", subject: "x", payload: "", attempts_max: 3, due: ctx.now };
        assert!(state.add_job(&ctx, &new).await.unwrap());
        let unknown = NewJob { kind: "unknown", attempts_max: 1, ..new };
        assert!(state.add_job(&ctx, &unknown).await.unwrap());
        for _ in 0..3 {
            for lease in state.take_jobs(clock.now(), LEASE, 10).await.unwrap() {
                workshop.clone().work(lease).await;
            }
            clock.0.fetch_add(60_000, Ordering::SeqCst);
        }
        assert_eq!(work.done.load(Ordering::SeqCst), 3);
        let jobs = state.jobs(&ctx, 10).await.unwrap();
        let seen: Vec<_> = jobs.iter().map(|job| (job.kind.as_str(), job.status, job.attempts)).collect();
        assert_eq!(seen, [("unknown", JobStatus::Dead, 1), ("stubborn", JobStatus::Waiting, 0)]);
        assert!(jobs[0].error.as_ref().unwrap().contains("nobody here does"));
        assert!(jobs[1].due > clock.now(), "it comes back in an hour");
    }
}
