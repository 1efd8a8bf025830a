//! From single looks to one episode with a beginning and an end, without flapping.
//!
//! An episode begins when enough of the last looks were bad, and ends when enough in a row are good again. Between the two nothing
//! is told a second time.

use model::Timestamp;
use model::limits::PROBE_WINDOW_MAX;
use serde::{Deserialize, Serialize};

/// What a look says about one problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::behaviour) enum Look {
    /// It is not there.
    Good,
    /// It is.
    Bad,
    /// This look cannot tell.
    Unknown,
}

/// How many looks begin and end an episode.
#[derive(Clone, Copy, Debug)]
pub(in crate::behaviour) struct Patience {
    /// So many bad ones …
    pub(in crate::behaviour) bad: u32,
    /// … of the last so many begin it.
    pub(in crate::behaviour) of: u32,
    /// So many good ones in a row end it.
    pub(in crate::behaviour) good: u32,
}

/// One problem of one probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::behaviour) struct Episode {
    /// The last looks, the newest in the lowest bit; 1 is bad.
    looks: u16,
    /// How many of them there are.
    count: u32,
    /// Since when it has been so.
    pub(in crate::behaviour) since: Option<Timestamp>,
}

/// What changed by a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::behaviour) enum Step {
    /// Nothing.
    None,
    /// It begins.
    Begins,
    /// It ends; it had begun then.
    Ends(Timestamp),
}

impl Episode {
    /// Takes a look into account.
    pub(in crate::behaviour) fn look(&mut self, look: Look, patience: Patience, now: Timestamp) -> Step {
        if look == Look::Unknown {
            return Step::None;
        }
        self.looks = self.looks << 1 | u16::from(look == Look::Bad);
        self.count = (self.count + 1).min(PROBE_WINDOW_MAX as u32);
        match self.since {
            None if self.bad_of(patience.of) >= patience.bad => {
                self.since = Some(now);
                Step::Begins
            }
            Some(since) if self.good_in_a_row() >= patience.good => {
                self.since = None;
                self.looks = 0;
                Step::Ends(since)
            }
            _ => Step::None,
        }
    }

    /// Bad ones among the last so many looks.
    pub(in crate::behaviour) fn bad_of(&self, of: u32) -> u32 {
        let mask = if of >= 16 { u16::MAX } else { (1 << of) - 1 };
        (self.looks & mask).count_ones()
    }

    /// Whether the last look was bad.
    pub(in crate::behaviour) fn is_last_bad(&self) -> bool {
        self.count > 0 && self.looks & 1 == 1
    }

    fn good_in_a_row(&self) -> u32 {
        self.looks.trailing_zeros().min(self.count)
    }

    /// Somebody says that it is as it should be: the looks so far count no more. Since when it had been otherwise.
    pub(in crate::behaviour) fn settle(&mut self) -> Option<Timestamp> {
        std::mem::take(self).since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { bad: 3, of: 4, good: 2 };

    fn check(looks: &str, expected: &str) {
        let mut episode = Episode::default();
        let steps: String = looks
            .chars()
            .enumerate()
            .map(|(at, look)| {
                let look = match look {
                    'x' => Look::Bad,
                    '.' => Look::Good,
                    _ => Look::Unknown,
                };
                match episode.look(look, PATIENCE, Timestamp::from_millis(at as i64)) {
                    Step::None => '-',
                    Step::Begins => 'B',
                    Step::Ends(_) => 'E',
                }
            })
            .collect();
        assert_eq!(steps, expected, "{looks}");
    }

    #[test]
    fn one_beginning_and_one_end() {
        check("..x..x..", "--------");
        check("xxx..", "--B-E");
        check("xx?x??.?.", "---B----E");
        check("xx.x.x.x..", "---B-----E");
        check("xxxxxxxxxxxxxxxxxxxxxxxx", "--B---------------------");
        check("xxx..xxx", "--B-E--B");
        check("xxx..xx.", "--B-E---");
    }
}
