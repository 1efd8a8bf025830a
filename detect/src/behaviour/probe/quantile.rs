//! How a number is usually spread, in a few bytes: counts in bins whose width grows with the value.
//!
//! Eight bins for each doubling, so a quantile is right to an eighth of its value. The idea is that of relative-error sketches
//! (Masson, Rim and Lee, "DDSketch", VLDB 2019), with powers of two so that only whole numbers are reckoned with and every processor
//! gives the same bits. Old values fade: when a sketch is full, all counts are halved.

use model::limits::PROBE_SKETCH_BINS_MAX;
use serde::{Deserialize, Serialize};

/// Values that a sketch holds before its counts are halved.
const FULL: u32 = 4_096;

/// A spread of whole numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spread {
    /// Bin and count, by bin.
    bins: Vec<(u8, u16)>,
    count: u32,
}

/// The bin of a value: its doubling, and its next three bits. What is beyond 2³² is in the last bin.
fn bin_of(value: u64) -> u8 {
    let value = value.max(1);
    let doubling = u64::from(value.ilog2());
    let next = if doubling >= 3 { value >> (doubling - 3) & 7 } else { value << (3 - doubling) & 7 };
    let bin = (doubling * 8 + next).min(PROBE_SKETCH_BINS_MAX as u64 - 1);
    u8::try_from(bin).unwrap_or(u8::MAX)
}

/// The greatest value of a bin.
fn end_of(bin: u8) -> u64 {
    let (doubling, next) = (u64::from(bin / 8), u64::from(bin % 8));
    ((8 + next + 1) << doubling).div_ceil(8) - 1
}

impl Spread {
    pub(super) fn add(&mut self, value: u64) {
        let bin = bin_of(value);
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(at) => {
                if let Some((_, count)) = self.bins.get_mut(at) {
                    *count = count.saturating_add(1);
                }
            }
            Err(at) => self.bins.insert(at, (bin, 1)),
        }
        self.count += 1;
        if self.count >= FULL {
            self.bins.iter_mut().for_each(|(_, count)| *count /= 2);
            self.bins.retain(|(_, count)| *count > 0);
            self.count = self.bins.iter().map(|(_, count)| u32::from(*count)).sum();
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The value below which so many of a thousand lie; `None` when there are none.
    pub(super) fn quantile(&self, per_mille: u32) -> Option<u64> {
        Spread::quantile_of(&[self], per_mille)
    }

    /// The same over several spreads together.
    pub(super) fn quantile_of(spreads: &[&Spread], per_mille: u32) -> Option<u64> {
        let mut counts = [0u64; PROBE_SKETCH_BINS_MAX];
        for (bin, count) in spreads.iter().flat_map(|spread| &spread.bins) {
            if let Some(sum) = counts.get_mut(usize::from(*bin)) {
                *sum += u64::from(*count);
            }
        }
        let total: u64 = counts.iter().sum();
        let wanted = (total * u64::from(per_mille)).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (bin, count) in counts.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= wanted {
                return u8::try_from(bin).ok().map(end_of);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_an_eighth() {
        let mut spread = Spread::default();
        (1..=1_000u64).for_each(|value| spread.add(value * 997));
        for per_mille in [1, 10, 500, 900, 990, 1_000] {
            let exact = u64::from(per_mille) * 997;
            let found = spread.quantile(per_mille).unwrap();
            assert!(found >= exact && found <= exact + exact / 7 + 1, "{per_mille}: {found}, exactly {exact}");
        }
        assert_eq!(Spread::default().quantile(500), None);
    }

    #[test]
    fn a_bin_ends_where_the_next_begins() {
        for bin in 24..u8::MAX {
            assert_eq!(bin_of(end_of(bin)), bin);
            assert_eq!(bin_of(end_of(bin) + 1), bin + 1);
        }
        assert_eq!(usize::from(bin_of(u64::MAX)), PROBE_SKETCH_BINS_MAX - 1);
        assert_eq!(bin_of(0), bin_of(1));
    }

    #[test]
    fn old_values_fade() {
        let mut spread = Spread::default();
        (0..FULL * 3).for_each(|_| spread.add(100));
        assert!(spread.count() < FULL);
        (0..FULL * 3).for_each(|_| spread.add(10_000));
        assert!(spread.quantile(500).unwrap() >= 10_000);
    }
}
