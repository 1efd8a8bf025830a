use proptest::prelude::*;

use super::*;
use crate::Probability;

fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found} is not {expected}");
}

#[test]
fn the_numbers_of_riskquant() {
    let small = Severity::lognormal_90(Unit::Money, 1.0, 10.0).unwrap();
    near(0.1 * small.mean(), 0.404_001_282_694_571_8, 1e-12);
    let large = Severity::lognormal_90(Unit::Money, 635_000.0, 19_000_000.0).unwrap();
    near(large.mean(), 5_922_706.833_513_11, 1e-12);
    near(large.quantile(Probability::new(0.05).unwrap()), 635_000.0, 1e-12);
    near(large.quantile(Probability::new(0.95).unwrap()), 19_000_000.0, 1e-12);
}

#[test]
fn pert() {
    let pert = Severity::pert(Unit::Residents, 10.0, 30.0, 100.0).unwrap();
    near(pert.mean(), (10.0 + 4.0 * 30.0 + 100.0) / 6.0, 1e-12);
    // scipy.stats.beta(1 + 8/9, 1 + 28/9, 10, 90): var, cdf(50), ppf(.9)
    near(pert.variance(), 249.60317460317458, 1e-9);
    near(pert.below(50.0), 0.7678549201975623, 1e-9);
    near(pert.quantile(Probability::new(0.9).unwrap()), 60.64204993802898, 1e-9);
    assert_eq!((pert.below(9.0), pert.above(101.0)), (0.0, 0.0));
    // The mode at an end is allowed, and three equal points are a fixed loss.
    assert!(Severity::pert(Unit::Money, 0.0, 0.0, 1.0).is_ok());
    assert_eq!(Severity::pert(Unit::Money, 2.0, 2.0, 2.0), Severity::fixed(Unit::Money, 2.0));
}

#[test]
fn nonsense_is_refused() {
    for (low, high) in [(0.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (1e-9, 1e17)] {
        assert!(Severity::lognormal_90(Unit::Money, low, high).is_err(), "{low} {high}");
    }
    for (least, likely, most) in [(-1.0, 0.0, 1.0), (2.0, 1.0, 3.0), (1.0, 4.0, 3.0), (0.0, f64::NAN, 1.0)] {
        assert!(Severity::pert(Unit::Money, least, likely, most).is_err(), "{least} {likely} {most}");
    }
    assert!(Severity::fixed(Unit::Money, -1.0).is_err() && Severity::fixed(Unit::Money, f64::NAN).is_err());
}

fn any_severity() -> impl Strategy<Value = Severity> {
    let unit = Unit::Money;
    prop_oneof![
        (0.0f64..50.0).prop_map(move |loss| Severity::fixed(unit, loss).unwrap()),
        (0.1f64..10.0, 1.0f64..8.0).prop_map(move |(low, by)| Severity::lognormal_90(unit, low, low * by).unwrap()),
        (0.0f64..10.0, 0.0f64..20.0, 0.1f64..20.0)
            .prop_map(move |(a, b, c)| Severity::pert(unit, a, a + b, a + b + c).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A grid that reaches far enough has the mean of the loss, and all of its mass.
    #[test]
    fn the_grid_keeps_the_mean(severity in any_severity(), step in 0.05f64..0.7) {
        let points = 8_192;
        // What lies beyond the end is in neither sum.
        prop_assume!(severity.above(step * 8_191.0) < 1e-9);
        let masses = severity.on_grid(step, points);
        let mean: f64 = masses.iter().zip(0u32..).map(|(mass, at)| mass * step * f64::from(at)).sum();
        let sum: f64 = masses.iter().sum();
        prop_assert!(masses.iter().all(|mass| *mass > -1e-9));
        prop_assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        prop_assert!((mean - severity.mean()).abs() <= 1e-5 * severity.mean().max(1e-6), "{mean} {}", severity.mean());
    }

    /// A quantile has its probability below it, and both sides make one.
    #[test]
    fn quantiles_and_shares_agree(severity in any_severity(), p in 0.01f64..0.99) {
        let at = severity.quantile(Probability::new(p).unwrap());
        let is_fixed = severity.variance() == 0.0;
        prop_assert!(is_fixed || (severity.below(at) - p).abs() < 1e-9);
        prop_assert!((severity.below(at) + severity.above(at) - 1.0).abs() < 1e-9);
        prop_assert!(severity.mean_up_to(at) <= severity.mean() * (1.0 + 1e-12));
    }
}
