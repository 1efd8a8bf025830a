//! When rare becomes an alarm: one for one event, and the less for each the more there are.
//!
//! A reading stands out only when nothing in the readings just before was as rare: an event is told at its beginning, and again only when it gets
//! worse (the rest period of contextOSE, without its fixed threshold). And what stands out is lowered by how often the series had that: one in a
//! thousand, for the tenth time, is one in a hundred. Where strange things happen every hour, one more of them says little (the thought behind
//! Numenta's anomaly likelihood: Ahmad, Lavin, Purdy, Agha, Neurocomputing 262, 2017).

use std::collections::VecDeque;

use model::limits;
use serde::{Deserialize, Serialize};

/// Readings over which an event is told once.
const REST_READINGS: u64 = 120;
/// Surprise below which nothing stands out: one in three.
const SURPRISE_MIN: f64 = 0.5;
/// Surprises are counted in steps of this.
const STEPS_IN_ONE: f64 = 10.0;
/// Steps: up to a surprise of 6.4, more than [`limits::SERIES_TAIL_READINGS_MAX`] allows.
const STEPS: usize = 64;

/// Surprises of the last readings, and the peaks of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Peaks {
    readings: u64,
    /// Number and surprise of those of the last readings that no later one reached, so falling.
    #[serde(with = "falling")]
    falling: VecDeque<(u64, f64)>,
    counts: Vec<u32>,
    total: u32,
}

impl Peaks {
    pub(super) fn new() -> Self {
        Peaks { readings: 0, falling: VecDeque::new(), counts: vec![0; STEPS], total: 0 }
    }

    /// Bytes beside the struct itself.
    pub(super) fn bytes(&self) -> usize {
        self.falling.capacity() * size_of::<(u64, f64)>() + self.counts.capacity() * size_of::<u32>()
    }

    /// What is left of a reading's surprise; nought when it does not stand out.
    pub(super) fn stands_out(&mut self, surprise: f64) -> f64 {
        let number = self.readings;
        self.readings += 1;
        while self.falling.front().is_some_and(|(at, _)| at + REST_READINGS < number) {
            self.falling.pop_front();
        }
        let before = self.falling.front().map_or(0.0, |(_, surprise)| *surprise);
        while self.falling.back().is_some_and(|(_, earlier)| *earlier <= surprise) {
            self.falling.pop_back();
        }
        self.falling.push_back((number, surprise));
        if surprise <= before || surprise <= SURPRISE_MIN {
            return 0.0;
        }
        let step = ((surprise * STEPS_IN_ONE) as usize).min(STEPS - 1);
        let as_much: u32 = self.counts.iter().skip(step).sum();
        self.learn(step);
        (surprise - (1.0 + f64::from(as_much)).log10()).max(0.0)
    }

    /// Counts a peak.
    fn learn(&mut self, step: usize) {
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
            self.total += 1;
        }
        if self.total >= limits::SERIES_PEAKS_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
    }
}

/// Surprises in a snapshot as bits: see `bits`.
mod falling {
    use std::collections::VecDeque;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(falling: &VecDeque<(u64, f64)>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(falling.iter().map(|(number, surprise)| (number, surprise.to_bits())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<VecDeque<(u64, f64)>, D::Error> {
        let kept = Vec::<(u64, u64)>::deserialize(from)?;
        Ok(kept.into_iter().map(|(number, bits)| (number, f64::from_bits(bits))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_once_and_again_when_it_gets_worse() {
        let mut peaks = Peaks::new();
        assert!(peaks.stands_out(2.0) > 1.9);
        for _ in 0..REST_READINGS {
            assert!(peaks.stands_out(2.0) < 1e-9, "it goes on");
        }
        assert!(peaks.stands_out(3.0) > 2.9, "it got worse");
        for _ in 0..REST_READINGS {
            assert!(peaks.stands_out(1.0) < 1e-9, "it ends");
        }
        assert!(peaks.stands_out(1.5) > 1.0, "something else");
    }

    #[test]
    fn what_comes_often_says_little() {
        let mut peaks = Peaks::new();
        let mut first = 0.0;
        let mut last = 0.0;
        for event in 0..20 {
            last = peaks.stands_out(2.0);
            if event == 0 {
                first = last;
            }
            for _ in 0..=REST_READINGS {
                peaks.stands_out(0.0);
            }
        }
        assert!(first - last > 0.7, "{first} {last}");
        assert!(peaks.stands_out(3.0) > 2.9, "more than ever");
    }

    #[test]
    fn memory_has_a_limit() {
        let mut peaks = Peaks::new();
        // Falling all the time is the longest that one can remember.
        for reading in 0..u32::from(u16::MAX) {
            peaks.stands_out(6.0 - f64::from(reading) * 1e-6);
            assert!(peaks.falling.len() <= 122, "{}", peaks.falling.len());
        }
        for _ in 0..limits::SERIES_PEAKS_MAX * 2 {
            for _ in 0..=REST_READINGS {
                peaks.stands_out(0.0);
            }
            peaks.stands_out(1.0);
            assert!(peaks.total < limits::SERIES_PEAKS_MAX);
        }
    }
}
