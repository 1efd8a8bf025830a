//! The functions behind the distributions: normal, gamma and beta, and the places where they reach a probability.
//!
//! The incomplete gamma function by its series and its continued fraction, the incomplete beta function by its continued
//! fraction, with the coefficients of the NIST Digital Library of Mathematical Functions (8.11.4, 8.9.2, 8.17.22). Quantiles
//! are found by halving: slower than a clever start, and right for every shape.

/// Steps after which a series or fraction counts as converged. Enough for shapes up to [`SHAPE_MAX`].
const STEPS_MAX: u32 = 50_000;
/// Greatest shape of a gamma or beta distribution that callers may ask about.
pub(crate) const SHAPE_MAX: f64 = 1e7;
/// Where a series or fraction ends.
const EPSILON: f64 = 1e-16;
/// Stands for zero where a fraction would divide by it.
const TINY: f64 = 1e-300;

/// The standard normal's probability below `x`.
pub(crate) fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Where the standard normal has the probability `p` below it.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let (mut low, mut high) = (-40.0, 0.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if normal_below(middle) < p { low = middle } else { high = middle }
    }
}

/// The gamma distribution's probability below `x`, shape `shape`, scale 1: the regularised incomplete gamma function.
pub(crate) fn gamma_below(shape: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return 0.0;
    }
    if x.is_infinite() {
        return 1.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut at) = (1.0 / shape, 1.0 / shape, shape);
        for _ in 0..STEPS_MAX {
            at += 1.0;
            term *= x / at;
            sum += term;
            if term < sum * EPSILON {
                break;
            }
        }
        return (front * sum).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - shape;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let mut fraction = d;
    for step in 1..STEPS_MAX {
        let step = f64::from(step);
        let a = step * (shape - step);
        b += 2.0;
        d = 1.0 / not_zero(a * d + b);
        c = not_zero(b + a / c);
        let change = c * d;
        fraction *= change;
        if (change - 1.0).abs() < EPSILON {
            break;
        }
    }
    (1.0 - front * fraction).clamp(0.0, 1.0)
}

/// The beta distribution's probability below `x`: the regularised incomplete beta function.
pub(crate) fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front =
        libm::exp(libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x));
    let is_left = x < (a + 1.0) / (a + b + 2.0);
    let value =
        if is_left { front * beta_fraction(a, b, x) / a } else { 1.0 - front * beta_fraction(b, a, 1.0 - x) / b };
    value.clamp(0.0, 1.0)
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..STEPS_MAX {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / not_zero(1.0 + even * d);
        c = not_zero(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / not_zero(1.0 + odd * d);
        c = not_zero(1.0 + odd / c);
        let change = c * d;
        fraction *= change;
        if (change - 1.0).abs() < EPSILON {
            break;
        }
    }
    fraction
}

fn not_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

/// The least `x` from 0 to `end` where a rising function reaches `p`, to the last bit.
///
/// Positive floats are ordered as their bits are, so halving the bits finds the place in 64 steps, at any scale.
pub(crate) fn quantile(p: f64, end: f64, below: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0u64, end.to_bits());
    while low < high {
        let middle = low + (high - low) / 2;
        if below(f64::from_bits(middle)) < p { low = middle + 1 } else { high = middle }
    }
    f64::from_bits(low)
}

/// Where the gamma distribution with scale 1 has the probability `p` below it.
pub(crate) fn gamma_quantile(shape: f64, p: f64) -> f64 {
    quantile(p, f64::MAX, |x| gamma_below(shape, x))
}

/// Where the beta distribution has the probability `p` below it.
pub(crate) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    quantile(p, 1.0, |x| beta_below(a, b, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-10 * expected.abs().max(1e-3), "{found} is not {expected}");
    }

    // Expected values from SciPy 1.17 (`stats.norm`, `stats.gamma`, `stats.beta`).

    #[test]
    fn normal() {
        near(normal_quantile(0.95), 1.644_853_626_951_472_2);
        near(normal_quantile(1e-9), -5.997_807_015_007_686_5);
        near(normal_below(1.5), 0.933_192_798_731_141_9);
        near(normal_quantile(0.5) + 1.0, 1.0);
    }

    #[test]
    fn gamma() {
        near(gamma_below(2.5, 3.0), GAMMA[0]);
        near(gamma_below(0.01, 1e-9), GAMMA[1]);
        near(gamma_below(1e5, 100_300.0), GAMMA[2]);
        near(gamma_quantile(0.5, 0.05), GAMMA[3]);
        near(gamma_quantile(12.5, 0.95), GAMMA[4]);
        near(gamma_quantile(0.01, 0.5), GAMMA[5]);
    }

    #[test]
    fn beta() {
        near(beta_below(2.0, 5.0, 0.3), BETA[0]);
        near(beta_below(0.5, 0.5, 0.999), BETA[1]);
        near(beta_below(900.0, 101.0, 0.9), BETA[2]);
        near(beta_quantile(1.0, 21.0, 0.05), BETA[3]);
        near(beta_quantile(12.0, 3.0, 0.95), BETA[4]);
    }

    const GAMMA: [f64; 6] = [
        0.6937810815867212,
        0.8174689566624785,
        0.8286363112512075,
        0.001966070000009761,
        18.826242066741386,
        4.465535018910562e-31,
    ];
    const BETA: [f64; 5] =
        [0.5798250000000003, 0.9798649583666235, 0.5265990812951663, 0.0024395572596688573, 0.9388970711410224];
}
