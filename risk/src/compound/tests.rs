use proptest::prelude::*;

use super::*;
use crate::frequency::{Rate, Watch};

fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found} is not {expected}");
}

fn p(value: f64) -> Probability {
    Probability::new(value).unwrap()
}

fn poisson(mean: f64, severity: Severity) -> Part {
    Part { count: Count::Poisson { mean }, severity }
}

fn lognormal(low: f64, high: f64) -> Severity {
    Severity::lognormal_90(Unit::Money, low, high).unwrap()
}

#[test]
fn three_events_a_year_from_1_to_10() {
    let summary = Losses::of(&[poisson(3.0, lognormal(1.0, 10.0))]).unwrap().summary();
    near(summary.mean, 12.120_04, 1e-6);
    near(summary.sd, 8.939_77, 1e-6);
    near(summary.var95, 29.04, 2e-4);
    near(summary.var99, 40.08, 2e-4);
    // Sixteen times the points move it by less than the bar of 10⁻⁴.
    let finer = Losses::with_points(&[poisson(3.0, lognormal(1.0, 10.0))], 20).unwrap().summary();
    for (found, expected) in [
        (summary.p10, finer.p10),
        (summary.p50, finer.p50),
        (summary.p90, finer.p90),
        (summary.var95, finer.var95),
        (summary.var99, finer.var99),
    ] {
        near(found, expected, 1e-6);
    }
}

#[test]
fn agrees_with_another_implementation() {
    // NumPy's FFT over four million points of 0.0004, masses by rounding: both counts, both to a hundred-thousandth.
    let check = |count: Count, expected: [f64; 6]| {
        let found = Losses::of(&[Part { count, severity: lognormal(1.0, 10.0) }]).unwrap().summary();
        let found = [found.p10, found.p50, found.p90, found.var95, found.var99, found.sd];
        for (found, expected) in found.into_iter().zip(expected) {
            near(found, expected, 1e-5);
        }
    };
    let poisson = [2.265_538_16, 10.450_598_32, 24.041_251_83, 29.038_642_99, 40.078_542_55, 8.939_765_26];
    check(Count::Poisson { mean: 3.0 }, poisson);
    let heaps = [0.0, 8.119_224_94, 29.820_058_81, 38.742_182_88, 59.032_775_82, 13.336_027_33];
    check(Count::NegativeBinomial { mean: 3.0, size: 1.5 }, heaps);
}

#[test]
fn fixed_losses_are_counts() {
    let losses = Losses::of(&[poisson(3.0, Severity::fixed(Unit::Residents, 1.0).unwrap())]).unwrap();
    let count = Count::Poisson { mean: 3.0 };
    for events in 0..12u32 {
        let found = losses.exceeds(f64::from(events) + 0.5).get();
        near(1.0 - found, count.is_at_most(u64::from(events)).get(), 1e-8);
    }
    near(losses.is_none().get(), (-3.0f64).exp(), 1e-12);
}

#[test]
fn rare_losses_leave_most_years_at_nothing() {
    let losses = Losses::of(&[poisson(0.1, lognormal(1.0, 10.0))]).unwrap();
    let summary = losses.summary();
    assert_eq!((summary.p10, summary.p50, summary.p90), (0.0, 0.0, 0.0));
    near(summary.mean, 0.404_001_282_694_571_8, 1e-12);
    assert!(summary.var95 > 1.0 && summary.var99 > summary.var95);
    near(losses.exceeds(0.0).get(), 1.0 - (-0.1f64).exp(), 1e-6);
    assert_eq!(losses.exceeds(-1.0), Probability::ONE);
    assert!(losses.exceeds(1e12).get() < 1e-9);
}

#[test]
fn heavy_tails_and_small_losses_at_once() {
    // From 10 to 10 million: the median is a ten-millionth of the greatest loss that is reckoned with.
    let losses = Losses::of(&[poisson(1.0, lognormal(10.0, 1e7))]).unwrap();
    assert!(losses.grids.len() > 2);
    let one = lognormal(10.0, 1e7);
    // With one event a year, P(S > x) is close to P(N > 0) P(X > x) far out (subexponential).
    near(losses.exceeds(1e9).get(), one.above(1e9), 0.05);
    // Below everything that two events could make, P(S ≤ x) ≈ P(N = 0) + P(N = 1) P(X ≤ x).
    let e = (-1.0f64).exp();
    let low = one.below(1.0);
    near(1.0 - losses.exceeds(1.0).get(), e + e * low, 1e-4);
    // Two grids agree where both know the answer.
    for at in [p(0.7), p(0.9), p(0.99)] {
        let x = losses.quantile(at);
        near(1.0 - losses.exceeds(x).get(), at.get(), 1e-6);
    }
}

#[test]
fn a_rate_that_is_doubted_has_a_heavier_tail() {
    let severity = lognormal(1.0, 10.0);
    let rate = Rate::from_mean(3.0, 0.5).unwrap();
    let count = rate.events_in(1.0).unwrap();
    let doubted = Losses::of(&[Part { count, severity }]).unwrap();
    let known = Losses::of(&[poisson(3.0, severity)]).unwrap();
    near(doubted.mean(), known.mean(), 1e-12);
    assert!(doubted.summary().var99 > known.summary().var99 && doubted.sd() > known.sd());
    near(doubted.is_none().get(), count.is_none().get(), 1e-12);
    let after = rate.after(Watch { events: 3, years: 1.0, noticed: Probability::ONE }).unwrap();
    let narrower = Losses::of(&[Part { count: after.events_in(1.0).unwrap(), severity }]).unwrap();
    assert!(narrower.sd() < doubted.sd());
    // The mean that the grid has is that of the formula.
    for losses in [&doubted, &known] {
        near(grid_mean(losses), losses.mean(), 1e-5);
    }
}

/// The mean from the coarsest grid: the sum of what is exceeded.
fn grid_mean(losses: &Losses) -> f64 {
    let grid = &losses.grids[0];
    grid.step * grid.below.iter().map(|below| 1.0 - below).sum::<f64>()
}

#[test]
fn sorts_of_losses_add_up() {
    let severity = lognormal(2.0, 30.0);
    let whole = Losses::of(&[poisson(2.0, severity)]).unwrap().summary();
    let parts = Losses::of(&[poisson(0.5, severity), poisson(1.5, severity)]).unwrap().summary();
    for (found, expected) in [(parts.p50, whole.p50), (parts.var99, whole.var99), (parts.sd, whole.sd)] {
        near(found, expected, 1e-6);
    }
}

#[test]
fn the_curve_falls() {
    let curve = Losses::of(&[poisson(0.5, lognormal(1.0, 100.0))]).unwrap().curve(50);
    assert_eq!(curve.len(), 50);
    assert!(curve.windows(2).all(|two| two[0].loss < two[1].loss && two[0].probability >= two[1].probability));
    assert!((curve[49].probability.get() - 1e-4).abs() < 1e-6);
}

#[test]
fn many_events() {
    // The most that is allowed: nearly normal.
    let count = Count::Poisson { mean: EVENTS_A_YEAR_MAX };
    let losses = Losses::of(&[Part { count, severity: Severity::fixed(Unit::Money, 7.0).unwrap() }]).unwrap();
    let sd = 7.0 * EVENTS_A_YEAR_MAX.sqrt();
    near(losses.sd(), sd, 1e-12);
    let summary = losses.summary();
    assert!((summary.p50 - 70_000.0).abs() < 0.02 * sd, "{}", summary.p50);
    assert!((summary.var95 - 70_000.0 - 1.645 * sd).abs() < 0.1 * sd, "{}", (summary.var95 - 70_000.0) / sd);
}

#[test]
fn nonsense_is_refused() {
    let money = poisson(1.0, lognormal(1.0, 2.0));
    let people = poisson(1.0, Severity::fixed(Unit::Residents, 5.0).unwrap());
    assert_eq!(Losses::of(&[]), Err(CompoundError::NoParts));
    assert!(matches!(Losses::of(&[money, people]), Err(CompoundError::Units { .. })));
    assert!(matches!(Losses::of(&[poisson(f64::NAN, lognormal(1.0, 2.0))]), Err(CompoundError::Count(_))));
    assert!(matches!(Losses::of(&[poisson(10_001.0, lognormal(1.0, 2.0))]), Err(CompoundError::Count(_))));
    assert!(matches!(Losses::of(&vec![money; PARTS_MAX + 1]), Err(CompoundError::TooMany(_))));
    let never = Losses::of(&[poisson(0.0, lognormal(1.0, 2.0))]).unwrap();
    assert_eq!(
        (never.summary().var99, never.is_none(), never.exceeds(0.0)),
        (0.0, Probability::ONE, Probability::ZERO)
    );
    assert!(never.curve(5).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// More events never make a smaller loss, and the same input gives the same numbers.
    #[test]
    fn more_events_more_loss(mean in 0.01f64..20.0, more in 0.0f64..5.0, low in 0.5f64..5.0, by in 1.1f64..50.0) {
        let severity = lognormal(low, low * by);
        let one = Losses::with_points(&[poisson(mean, severity)], 12).unwrap();
        let other = Losses::with_points(&[poisson(mean + more, severity)], 12).unwrap();
        prop_assert_eq!(&one, &Losses::with_points(&[poisson(mean, severity)], 12).unwrap());
        for at in [0.1, 0.5, 0.9, 0.99] {
            // Grids differ, so that equal quantiles may differ by their coarseness.
            prop_assert!(one.quantile(p(at)) <= other.quantile(p(at)) * 1.001 + 1e-3 * low);
        }
    }
}
