//! Chance that can be repeated: whoever asks brings the seed, and the same seed gives the same draws.
//!
//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). A stream can be split by a
//! number, so that each thing has draws of its own: a change elsewhere does not shuffle them, and two states of a city can be
//! compared draw by draw. Good for sampling; not for anything secret.

/// A stream of numbers that follows from its seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Chance {
    /// The stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Chance(seed)
    }

    /// The stream of its own that belongs to `number`; this one does not move.
    pub fn of(&self, number: u64) -> Self {
        Chance(mixed(self.0.wrapping_add(STEP) ^ mixed(number.wrapping_add(STEP))))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number from 0 up to, but not, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `end`; 0 when there is none. The bias is below `end` / 2⁶⁴.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// 64 independent draws at once, a bit each, set with the given probability to the last of its 53 bits.
    ///
    /// The binary digits of the probability are compared with random ones from the highest down, in all 64 draws at once;
    /// about eight steps decide all of them.
    pub fn draws(&mut self, probability: f64) -> u64 {
        if probability >= 1.0 {
            return u64::MAX;
        }
        let mut digits = (probability.max(0.0) * (1u64 << 53) as f64) as u64;
        let mut undecided = u64::MAX;
        let mut set = 0;
        while undecided != 0 && digits != 0 {
            let random = self.bits();
            let is_one = digits >> 52 & 1 == 1;
            if is_one {
                set |= undecided & !random;
                undecided &= random;
            } else {
                undecided &= !random;
            }
            digits = digits << 1 & ((1 << 53) - 1);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_from_the_seed() {
        // The first numbers of seed 1234567, from the algorithm's reference implementation.
        let mut chance = Chance::new(1_234_567);
        let first: Vec<_> = (0..3).map(|_| chance.bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        let whole = Chance::new(7);
        assert_eq!(whole.of(1), whole.of(1));
        assert_ne!(whole.of(1), whole.of(2));
        assert_ne!(whole.of(1), Chance::new(8).of(1));
    }

    #[test]
    fn draws_are_as_frequent_as_asked() {
        for (number, probability) in (0u64..).zip([0.0, 1e-3, 0.25, 0.3, 0.5, 0.977, 1.0]) {
            let rounds = 4_000u32;
            let streams = (0..rounds).map(|round| Chance::new(1).of(number).of(u64::from(round)));
            let set: u32 = streams.map(|mut chance| chance.draws(probability).count_ones()).sum();
            let share = f64::from(set) / f64::from(rounds * 64);
            assert!((share - probability).abs() < 0.005, "{probability}: {share}");
        }
        assert_eq!(Chance::new(1).draws(f64::NAN), 0);
    }

    #[test]
    fn numbers_stay_inside() {
        let mut chance = Chance::new(3);
        assert!((0..1_000).all(|_| chance.below(9) < 9 && (0.0..1.0).contains(&chance.unit())));
        assert_eq!(chance.below(0), 0);
    }
}
