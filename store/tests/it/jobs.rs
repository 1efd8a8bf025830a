//! Work that outlives a restart, and accounts of an identity provider.

use std::time::Duration;

use model::{Role, Roles};
use store::state::{IdentityHash, JobStatus, NewJob, PersonId, State, StateError};

use crate::state::{ctx, on_both};

const SECOND: i64 = 1_000_000;
const LEASE: Duration = Duration::from_secs(60);

#[test]
fn a_job_is_done_by_one_and_comes_back_when_it_fails() {
    on_both("jobs", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", SECOND), ctx("fire", SECOND));
        let new = NewJob { kind: "feed.run", subject: "ipsum", payload: "{}", attempts_max: 2, due: home.now };
        assert!(state.add_job(&home, &new).await.unwrap());
        assert!(!state.add_job(&home, &new).await.unwrap(), "one of a kind and subject at a time");
        assert!(state.add_job(&fire, &new).await.unwrap(), "another agency's is another");
        let later = NewJob { subject: "later", due: home.now.plus(Duration::from_secs(3_600)), ..new };
        assert!(state.add_job(&home, &later).await.unwrap());
        // Two workers at once: each job goes to one of them.
        let other = State::open(&database).await.unwrap();
        let (mine, theirs) = tokio::join!(state.take_jobs(home.now, LEASE, 10), other.take_jobs(home.now, LEASE, 10));
        let mut leases = mine.unwrap();
        leases.extend(theirs.unwrap());
        let mut whose: Vec<String> = leases.iter().map(|lease| lease.job.agency.to_string()).collect();
        whose.sort();
        assert_eq!(whose, ["fire", "home"]);
        assert!(state.take_jobs(home.now, LEASE, 10).await.unwrap().is_empty());
        // Whoever does not come back loses it; what they bring then is too late.
        let after = home.now.plus(Duration::from_secs(61));
        let mut again = state.take_jobs(after, LEASE, 10).await.unwrap();
        assert_eq!((again.len(), again[0].job.attempts), (2, 2));
        let old = leases.iter().find(|lease| lease.job.agency == home.agency).unwrap();
        assert!(!state.finish_job(old).await.unwrap());
        assert_eq!(state.fail_job(old, after, "late").await.unwrap(), None);
        // A lease is kept up.
        let at = again.iter().position(|lease| lease.job.agency == home.agency).unwrap();
        let mut lease = again.swap_remove(at);
        let soon = after.plus(Duration::from_secs(50));
        assert!(state.extend_job(&mut lease, soon, LEASE).await.unwrap());
        assert_eq!(state.take_jobs(after.plus(Duration::from_secs(70)), LEASE, 10).await.unwrap().len(), 1, "fire's");
        // Its last attempt: set aside, until somebody looks.
        assert_eq!(state.fail_job(&lease, soon, &"x".repeat(5_000)).await.unwrap(), Some(JobStatus::Dead));
        let jobs = state.jobs(&home, 10).await.unwrap();
        assert_eq!((jobs[0].status, jobs[0].error.as_ref().map(String::len)), (JobStatus::Dead, Some(1_000)));
        assert_eq!(jobs.len(), 2, "nothing of another agency");
        assert!(!state.add_job(&home, &new).await.unwrap(), "a dead job keeps its place");
        let id = jobs[0].id;
        assert!(matches!(state.revive_job(&fire, id).await, Err(StateError::NotFound { .. })));
        state.revive_job(&home, id).await.unwrap();
        assert!(matches!(state.drop_job(&home, id).await, Err(StateError::NotFound { .. })), "it is not dead any more");
        let lease = state.take_jobs(home.now, LEASE, 10).await.unwrap().pop().unwrap();
        assert_eq!((lease.job.id, lease.job.attempts, lease.job.payload.as_str()), (id, 1, "{}"));
        // It fails before its last attempt: it waits.
        assert_eq!(state.fail_job(&lease, home.now, "no answer").await.unwrap(), Some(JobStatus::Waiting));
        let waiting = state.jobs(&home, 10).await.unwrap().into_iter().find(|job| job.id == id).unwrap();
        assert!(waiting.due > home.now && waiting.error.as_deref() == Some("no answer"));
        let lease = state.take_jobs(waiting.due, LEASE, 10).await.unwrap();
        let lease = lease.into_iter().find(|lease| lease.job.id == id).unwrap();
        assert!(state.finish_job(&lease).await.unwrap());
        assert!(!state.finish_job(&lease).await.unwrap());
        assert_eq!(state.jobs(&home, 10).await.unwrap().len(), 1);
        other.close().await;
        state.close().await;
    });
}

#[test]
fn an_account_is_one_persons() {
    on_both("identities", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", SECOND), ctx("fire", SECOND));
        let somebody = async |ctx: &model::OpContext| {
            let id = PersonId::random().unwrap();
            state.add_person(ctx, id, b"sealed".to_vec(), Roles::of(Role::Analyst)).await.unwrap();
            id
        };
        let (ada, eve) = (somebody(&home).await, somebody(&fire).await);
        let account = IdentityHash::of("https://id.example", "7");
        assert_eq!(state.owner_of_identity(account).await.unwrap(), None);
        assert!(state.add_identity(&home, ada, account, None).await.unwrap());
        assert!(!state.add_identity(&fire, eve, account, None).await.unwrap(), "somebody has it already");
        assert_eq!(state.owner_of_identity(account).await.unwrap(), Some((home.agency.clone(), ada)));
        state.identity_used(&home, account).await.unwrap();
        // With a link: both or neither.
        let ends = fire.now.plus(Duration::from_secs(900));
        state.add_setup_link(&fire, eve, &[1; 32], ends).await.unwrap();
        assert!(!state.add_identity(&fire, eve, account, Some(&[1; 32])).await.unwrap());
        assert!(state.setup_link(&[1; 32], fire.now).await.unwrap().is_some(), "the link is still good");
        let other = IdentityHash::of("https://id.example", "8");
        assert!(!state.add_identity(&fire, eve, other, Some(&[2; 32])).await.unwrap(), "there is no such link");
        assert!(state.add_identity(&fire, eve, other, Some(&[1; 32])).await.unwrap());
        assert_eq!(state.setup_link(&[1; 32], fire.now).await.unwrap(), None);
        assert_eq!(state.identity_count(&fire, eve).await.unwrap(), 1);
        assert_eq!(
            (state.identity_total(&home).await.unwrap(), state.identity_count(&home, eve).await.unwrap()),
            (1, 0)
        );
        state.close().await;
    });
}
