//! The fast Fourier transform of complex numbers, for lengths that are powers of two.
//!
//! Radix 2 after Cooley and Tukey (1965). Forward it leaves the result in bit-reversed order and backward it takes it so: what
//! is done between is done to each number alone. A library would be faster; it would pick instructions by the processor, and
//! sums would differ in their last bits from machine to machine.

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Complex {
    pub(crate) re: f64,
    pub(crate) im: f64,
}

impl Complex {
    pub(crate) fn plus(self, other: Complex) -> Complex {
        Complex { re: self.re + other.re, im: self.im + other.im }
    }

    pub(crate) fn minus(self, other: Complex) -> Complex {
        Complex { re: self.re - other.re, im: self.im - other.im }
    }

    pub(crate) fn times(self, other: Complex) -> Complex {
        Complex { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    pub(crate) fn scaled(self, by: f64) -> Complex {
        Complex { re: self.re * by, im: self.im * by }
    }

    pub(crate) fn exp(self) -> Complex {
        let (sin, cos) = libm::sincos(self.im);
        Complex { re: cos, im: sin }.scaled(libm::exp(self.re))
    }

    /// The principal logarithm.
    pub(crate) fn log(self) -> Complex {
        Complex { re: libm::log(libm::hypot(self.re, self.im)), im: libm::atan2(self.im, self.re) }
    }
}

/// The factors for one length.
pub(crate) struct Plan {
    turns: Vec<Complex>,
}

impl Plan {
    /// For 2 to the power `log2` numbers.
    pub(crate) fn new(log2: u32) -> Self {
        let half = 1usize << log2.saturating_sub(1);
        let angle = -std::f64::consts::PI / half as f64;
        Plan { turns: (0..half).map(|at| Complex { re: 0.0, im: angle * at as f64 }.exp()).collect() }
    }

    /// How many numbers it is for.
    pub(crate) fn len(&self) -> usize {
        2 * self.turns.len()
    }

    /// Transforms in place; the result is in bit-reversed order.
    pub(crate) fn forward(&self, numbers: &mut [Complex]) {
        debug_assert_eq!(numbers.len(), self.len());
        let mut block = numbers.len();
        while block > 1 {
            let stride = self.len() / block;
            for part in numbers.chunks_exact_mut(block) {
                let (left, right) = part.split_at_mut(block / 2);
                for ((a, b), turn) in left.iter_mut().zip(right).zip(self.turns.iter().step_by(stride)) {
                    (*a, *b) = (a.plus(*b), a.minus(*b).times(*turn));
                }
            }
            block /= 2;
        }
    }

    /// Transforms back in place, from bit-reversed order, divided by the length.
    pub(crate) fn backward(&self, numbers: &mut [Complex]) {
        debug_assert_eq!(numbers.len(), self.len());
        let mut block = 2;
        while block <= numbers.len() {
            let stride = self.len() / block;
            for part in numbers.chunks_exact_mut(block) {
                let (left, right) = part.split_at_mut(block / 2);
                for ((a, b), turn) in left.iter_mut().zip(right).zip(self.turns.iter().step_by(stride)) {
                    let turned = b.times(Complex { re: turn.re, im: -turn.im });
                    (*a, *b) = (a.plus(turned), a.minus(turned));
                }
            }
            block *= 2;
        }
        let share = 1.0 / numbers.len() as f64;
        for number in numbers {
            *number = number.scaled(share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    fn some(count: usize) -> Vec<Complex> {
        let mut chance = Chance::new(5);
        (0..count).map(|_| Complex { re: chance.unit(), im: chance.unit() - 0.5 }).collect()
    }

    #[test]
    fn agrees_with_the_definition() {
        let numbers = some(64);
        let mut found = numbers.clone();
        Plan::new(6).forward(&mut found);
        for (at, found) in found.iter().enumerate() {
            let frequency = at.reverse_bits() >> (usize::BITS - 6);
            let turn = |n: usize| {
                let angle = -2.0 * std::f64::consts::PI * (frequency * n % 64) as f64 / 64.0;
                Complex { re: 0.0, im: angle }.exp()
            };
            let sum = numbers.iter().enumerate().fold(Complex::default(), |sum, (n, x)| sum.plus(x.times(turn(n))));
            assert!((sum.re - found.re).abs() < 1e-12 && (sum.im - found.im).abs() < 1e-12, "{frequency}");
        }
    }

    #[test]
    fn there_and_back() {
        for log2 in 1..13 {
            let numbers = some(1 << log2);
            let plan = Plan::new(log2);
            let mut found = numbers.clone();
            plan.forward(&mut found);
            plan.backward(&mut found);
            let off = found.iter().zip(&numbers).map(|(a, b)| (a.re - b.re).abs() + (a.im - b.im).abs());
            assert!(off.fold(0.0, f64::max) < 1e-13);
        }
    }

    #[test]
    fn logarithm_and_back() {
        let number = Complex { re: 1.3, im: -0.4 };
        let back = number.log().exp();
        assert!((back.re - number.re).abs() < 1e-15 && (back.im - number.im).abs() < 1e-15);
    }
}
