//! Several runs of a day become one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Seen;
use super::run::{Run, RunError, Writer};

/// A value, and the run that it came from; ordered by key, then run.
struct Head(Seen, usize);

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.0.key, self.1).cmp(&(&other.0.key, other.1))
    }
}

/// Brings runs together into one, behind `out`: each value once, without those that `keep` does not want. `damaged` hears of parts that cannot
/// be read; they are left out.
pub fn merge(
    mut runs: Vec<Run<'_>>,
    out: &mut Vec<u8>,
    mut keep: impl FnMut(&Seen) -> bool,
    mut damaged: impl FnMut(RunError),
) {
    let mut heads = BinaryHeap::new();
    for (at, run) in runs.iter_mut().enumerate() {
        heads.extend(next(run, &mut damaged).map(|seen| Reverse(Head(seen, at))));
    }
    let mut writer = Writer::new(out);
    let mut current: Option<Seen> = None;
    while let Some(Reverse(Head(seen, at))) = heads.pop() {
        match &mut current {
            Some(known) if known.key == seen.key => known.join(seen),
            _ => {
                if let Some(known) = current.replace(seen)
                    && keep(&known)
                {
                    writer.push(&known);
                }
            }
        }
        if let Some(run) = runs.get_mut(at) {
            heads.extend(next(run, &mut damaged).map(|seen| Reverse(Head(seen, at))));
        }
    }
    if let Some(known) = current
        && keep(&known)
    {
        writer.push(&known);
    }
    writer.finish();
}

/// The next value that can be read.
pub(super) fn next(run: &mut Run<'_>, damaged: &mut impl FnMut(RunError)) -> Option<Seen> {
    loop {
        match run.next_value() {
            Ok(seen) => return seen,
            Err(error) => damaged(error),
        }
    }
}
