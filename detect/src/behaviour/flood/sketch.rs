//! What can be said of many things without keeping them: how many different ones, how often the most frequent came, how evenly
//! they are spread, and whether one came before.
//!
//! HyperLogLog (Flajolet and others, AofA 2007) with linear counting for few; count-min (Cormode and Muthukrishnan, 2005); Bloom's
//! filter (1970). All take 64-bit hashes.

use model::limits::{FLOOD_CELLS, FLOOD_FILTER_BITS, FLOOD_REGISTERS, FLOOD_ROWS};

/// Counts different things; the standard error is 3 %.
pub(super) struct Distinct(Box<[u8]>);

impl Default for Distinct {
    fn default() -> Self {
        Distinct(vec![0; FLOOD_REGISTERS].into())
    }
}

impl Distinct {
    pub(super) fn add(&mut self, hash: u64) {
        let bits = FLOOD_REGISTERS.ilog2();
        let at = usize::try_from(hash >> (64 - bits)).unwrap_or(0);
        let rank = u8::try_from((hash << bits | 1 << (bits - 1)).leading_zeros() + 1).unwrap_or(u8::MAX);
        if let Some(register) = self.0.get_mut(at) {
            *register = (*register).max(rank);
        }
    }

    pub(super) fn count(&self) -> f64 {
        let registers = FLOOD_REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|rank| libm::ldexp(1.0, -i32::from(*rank))).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.0.iter().filter(|rank| **rank == 0).count();
        match empty {
            0 => estimate,
            _ if estimate > 2.5 * registers => estimate,
            _ => registers * libm::log(registers / empty as f64),
        }
    }
}

/// Counts how often each thing came: never too few, too many where cells are shared.
pub(super) struct Frequent {
    cells: Box<[u32]>,
    most: u32,
    total: u32,
}

impl Default for Frequent {
    fn default() -> Self {
        Frequent { cells: vec![0; FLOOD_CELLS * FLOOD_ROWS].into(), most: 0, total: 0 }
    }
}

impl Frequent {
    pub(super) fn add(&mut self, hash: u64) {
        let mut least = u32::MAX;
        for row in 0..FLOOD_ROWS {
            let cell = usize::try_from(hash >> (row * 24)).unwrap_or(0) % FLOOD_CELLS;
            if let Some(count) = self.cells.get_mut(row * FLOOD_CELLS + cell) {
                *count = count.saturating_add(1);
                least = least.min(*count);
            }
        }
        self.most = self.most.max(least);
        self.total = self.total.saturating_add(1);
    }

    /// How often the most frequent came.
    pub(super) fn most(&self) -> f64 {
        f64::from(self.most)
    }

    /// Shannon's entropy in bits, of cells rather than things: at most that of all cells.
    pub(super) fn entropy(&self) -> f64 {
        let total = f64::from(self.total.max(1));
        let row = self.cells.iter().take(FLOOD_CELLS).filter(|count| **count > 0);
        let part = |count: &u32| {
            let share = f64::from(*count) / total;
            -share * libm::log2(share)
        };
        row.map(part).sum()
    }
}

/// Remembers that things came, as bits.
pub(super) struct Filter {
    bits: Box<[u64]>,
    set: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Filter { bits: vec![0; FLOOD_FILTER_BITS / 64].into(), set: 0 }
    }
}

impl Filter {
    fn places(hash: u64) -> [usize; 3] {
        [0, 21, 42].map(|shift| usize::try_from(hash >> shift).unwrap_or(0) % FLOOD_FILTER_BITS)
    }

    pub(super) fn has(&self, hash: u64) -> bool {
        Filter::places(hash).iter().all(|at| self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1))
    }

    /// A filter that is half full is emptied: what is usual comes back within minutes, and a full one would know everybody.
    pub(super) fn add(&mut self, hash: u64) {
        if self.set * 2 > FLOOD_FILTER_BITS {
            *self = Filter::default();
        }
        for at in Filter::places(hash) {
            if let Some(word) = self.bits.get_mut(at / 64) {
                let bit = 1 << (at % 64);
                self.set += usize::from(*word & bit == 0);
                *word |= bit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::fingerprint::first_8_bytes;

    use super::*;

    fn hash(number: u32) -> u64 {
        first_8_bytes(&number.to_le_bytes())
    }

    #[test]
    fn different_things() {
        for expected in [0u32, 1, 10, 900, 5_000, 200_000] {
            let mut distinct = Distinct::default();
            (0..expected).for_each(|number| (0..2).for_each(|_| distinct.add(hash(number))));
            let error = (distinct.count() - f64::from(expected)).abs();
            assert!(error <= 0.1 * f64::from(expected), "{expected}: {}", distinct.count());
        }
    }

    #[test]
    fn frequent_things_and_how_evenly() {
        let mut frequent = Frequent::default();
        (0..2_000).for_each(|number| frequent.add(hash(number)));
        (0..500).for_each(|_| frequent.add(hash(7)));
        assert!((501.0..=510.0).contains(&frequent.most()), "{}", frequent.most());
        let even = |count: u32| {
            let mut frequent = Frequent::default();
            (0..count).for_each(|number| frequent.add(hash(number % 16)));
            frequent.entropy()
        };
        assert!((even(1_600) - 4.0).abs() < 0.01);
    }

    #[test]
    fn what_came_before() {
        let mut filter = Filter::default();
        (0..5_000).for_each(|number| filter.add(hash(number)));
        assert!((0..5_000).all(|number| filter.has(hash(number))));
        let wrong = (5_000..15_000).filter(|number| filter.has(hash(*number))).count();
        assert!(wrong < 100, "{wrong} of 10000");
        (0..200_000).for_each(|number| filter.add(hash(number)));
        assert!(filter.set * 2 <= FLOOD_FILTER_BITS + 6);
    }
}
