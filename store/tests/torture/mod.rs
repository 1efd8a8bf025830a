//! The torture harness of the journal, for the faults that docs/track-record.md calls T1, T2, T3 and T6. Short forms run as tests, long ones through the
//! example `torture`. A round prints its seed, and the same seed makes the same round (up to the scheduler's mood where
//! real processes are killed).

pub(crate) mod child;
pub(crate) mod kill;
pub(crate) mod lost_pages;

/// A small generator (splitmix64): the same seed, the same numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below.max(1)
    }
}

/// What a run of rounds came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Rounds that were run.
    pub(crate) rounds: u64,
    /// Rounds in which the fault struck.
    pub(crate) struck: u64,
    /// Records that were acknowledged and looked for.
    pub(crate) acknowledged: u64,
    /// The slowest start after a fault, in milliseconds.
    pub(crate) start_ms_max: u128,
}
