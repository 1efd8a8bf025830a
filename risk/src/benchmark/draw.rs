//! Whole random numbers of the two-sided geometric distribution, exactly (Canonne, Kamath and Steinke 2020, algorithms 1 and 2): only whole
//! numbers are compared, so that the probabilities are those of the formula and not of their nearest floats.

use model::limits;

/// How fast probability falls off from step to step: P(z) is in proportion to exp(-rate · |z|).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) numerator: u64,
    pub(crate) denominator: u64,
}

/// Why nothing was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("random bits do not look random: {max} numbers were not enough for one draw", max = limits::BENCHMARK_DRAWS_MAX)]
pub struct DrawError;

impl Rate {
    pub(crate) fn get(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// Variance of a draw: 2 e^-r / (1 - e^-r)².
    pub(crate) fn variance(self) -> f64 {
        let rest = -libm::expm1(-self.get());
        2.0 * (1.0 - rest) / (rest * rest)
    }

    /// The logarithm of the probability of a draw.
    #[cfg(test)]
    pub(crate) fn log_probability(self, z: i64) -> f64 {
        let rate = self.get();
        libm::log(libm::tanh(0.5 * rate)) - rate * z.unsigned_abs() as f64
    }
}

/// A source of random bits that ends at some point.
pub(crate) struct Bits<'a, F> {
    next: &'a mut F,
    left: u32,
}

impl<'a, F: FnMut() -> u64> Bits<'a, F> {
    /// Draws from `next`, for one number.
    pub(crate) fn new(next: &'a mut F) -> Self {
        Bits { next, left: limits::BENCHMARK_DRAWS_MAX }
    }

    fn number(&mut self) -> Result<u64, DrawError> {
        self.left = self.left.checked_sub(1).ok_or(DrawError)?;
        Ok((self.next)())
    }

    /// A number from 0 up to, but not, `end`; each as likely as the other.
    fn below(&mut self, end: u64) -> Result<u64, DrawError> {
        let end = end.max(1);
        // What lies above the last whole multiple of `end` would make small numbers likelier: it is drawn again.
        let too_many = (u64::MAX % end + 1) % end;
        loop {
            let number = self.number()?;
            if number <= u64::MAX - too_many {
                return Ok(number % end);
            }
        }
    }

    /// Yes with probability exp(-a/b), for a from 0 to b.
    fn is_exp(&mut self, a: u64, b: u64) -> Result<bool, DrawError> {
        let mut round: u64 = 1;
        while self.below(b.saturating_mul(round))? < a {
            round += 1;
        }
        Ok(!round.is_multiple_of(2))
    }

    /// A draw of the two-sided geometric distribution.
    pub(crate) fn two_sided(&mut self, rate: Rate) -> Result<i64, DrawError> {
        let Rate { numerator, denominator } = rate;
        loop {
            let part = self.below(denominator)?;
            if !self.is_exp(part, denominator)? {
                continue;
            }
            let mut wholes: u64 = 0;
            while self.is_exp(1, 1)? {
                wholes += 1;
            }
            let size = (part + denominator.saturating_mul(wholes)) / numerator.max(1);
            let is_negative = self.below(2)? == 1;
            // Zero has one sign, or it would come twice as often.
            if is_negative && size == 0 {
                continue;
            }
            let size = i64::try_from(size).map_err(|_| DrawError)?;
            return Ok(if is_negative { -size } else { size });
        }
    }
}
