//! Jobs of the installation itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use engine::jobs::{Work, Workshop};
use engine::ledger::Ledger;
use model::doors::BoxFuture;
use model::{OpContext, Timestamp};
use store::state::{Job, NewJob, State};

use crate::node::SystemClock;

const VERIFY: &str = "ledger.verify";
/// The hour of the day, in UTC, at which the ledger is verified.
const VERIFY_HOUR: u64 = 3;

/// The workshop, with a first job of everything that comes back.
///
/// # Errors
/// When the jobs cannot be kept.
pub(super) async fn workshop(state: &State, ledger: Ledger, ctx: &OpContext) -> Result<Workshop> {
    let verify = Verify { state: state.clone(), ledger };
    // There from an earlier start, most of the time.
    let first =
        NewJob { kind: VERIFY, subject: "daily", payload: "", attempts_max: 3, due: next(ctx.now, VERIFY_HOUR) };
    state.add_job(ctx, &first).await.context("cannot keep jobs")?;
    Ok(Workshop::new(state.clone(), Arc::new(SystemClock)).with(VERIFY, Arc::new(verify)))
}

/// The next time that it is this hour of a day, in UTC.
fn next(now: Timestamp, hour: u64) -> Timestamp {
    let day = 86_400_000_000;
    let midnight = now.as_micros().div_euclid(day) * day;
    let today = Timestamp::from_micros(midnight).plus(Duration::from_secs(hour * 3_600));
    if today > now { today } else { today.plus(Duration::from_secs(86_400)) }
}

/// Verifies the whole ledger once a day: whoever changed it is found without anybody asking.
struct Verify {
    state: State,
    ledger: Ledger,
}

impl Work for Verify {
    fn work<'a>(&'a self, _: &'a OpContext, _: &'a Job) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let verdict = self.ledger.verify(&self.state, &[], |_| {}).await.map_err(|error| error.to_string())?;
            match verdict.fault {
                Some(fault) => Err(format!("the ledger was changed: {fault}")),
                None => Ok(()),
            }
        })
    }

    fn again(&self, now: Timestamp) -> Option<Timestamp> {
        Some(next(now, VERIFY_HOUR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_ahead() {
        let check = |now: &str, expected: &str| {
            let time = |text| Timestamp::parse(text).unwrap();
            assert_eq!(next(time(now), 3), time(expected), "{now}");
        };
        check("2026-11-26T02:59:59Z", "2026-11-26T03:00:00Z");
        check("2026-11-26T03:00:00Z", "2026-11-27T03:00:00Z");
        check("2026-12-31T23:00:00Z", "2027-01-01T03:00:00Z");
    }
}
