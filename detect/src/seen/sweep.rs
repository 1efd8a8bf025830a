//! Which indicators name what was seen.

use std::collections::BTreeMap;

use model::{IndicatorKind, Timestamp};

use super::merge::next;
use super::run::{Run, RunError};
use super::{Example, Machines};
use crate::indicators::{Claim, IndicatorSet};

/// What the past knows of one indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Days on which it was seen, in their order.
    pub days: Vec<i32>,
    /// Times that it was seen.
    pub events: u64,
    /// Machines that had to do with it.
    pub machines: Machines,
    /// When it was seen first.
    pub first: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
    /// Where it was seen first: the value, and the event.
    pub example: (String, Example),
    /// Who lists it.
    pub claims: Vec<Claim>,
}

/// What the past knows, by indicator.
pub type Pasts = BTreeMap<(IndicatorKind, String), Past>;

/// Asks the indicators of `set` of all values of a day's run, and puts what they name into `found`, up to `most` indicators; gives how many
/// sightings were of others. `damaged` hears of parts that cannot be read.
pub fn sweep(
    (day, mut run): (i32, Run<'_>),
    set: &IndicatorSet,
    (found, most): (&mut Pasts, usize),
    mut damaged: impl FnMut(RunError),
) -> u64 {
    let mut hits = Vec::new();
    let mut left_out = 0;
    while let Some(seen) = next(&mut run, &mut damaged) {
        let Some(observable) = seen.observable() else { continue };
        set.find(&observable, &mut hits);
        for hit in hits.drain(..) {
            let place = (hit.kind, hit.value);
            if let Some(past) = found.get_mut(&place) {
                if past.days.last() != Some(&day) {
                    past.days.push(day);
                }
                past.events = past.events.saturating_add(seen.events);
                past.machines.join(&seen.machines);
                past.last = past.last.max(seen.last);
                if seen.first < past.first {
                    past.first = seen.first;
                    past.example = (hit.observed, seen.example.clone());
                }
            } else if found.len() < most {
                let past = Past {
                    days: vec![day],
                    events: seen.events,
                    machines: seen.machines.clone(),
                    first: seen.first,
                    last: seen.last,
                    example: (hit.observed, seen.example.clone()),
                    claims: hit.claims,
                };
                found.insert(place, past);
            } else {
                left_out += 1;
            }
        }
    }
    left_out
}
