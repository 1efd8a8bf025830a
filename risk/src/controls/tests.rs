use proptest::prelude::*;

use super::*;
use crate::chance::Chance;

fn evidence(satisfied: f64, not_satisfied: f64) -> Evidence {
    Evidence::new(satisfied, not_satisfied).unwrap()
}

fn assessed(efficacy: Evidence, coverage: Evidence, reliability: Evidence) -> Assessed {
    Assessed { efficacy: Some(efficacy), coverage: Some(coverage), reliability: Some(reliability) }
}

#[test]
fn the_mean_is_the_product_of_means() {
    let effect = assessed(evidence(8.0, 0.0), evidence(17.0, 1.0), evidence(3.0, 1.0)).effect();
    let expected = 9.0 / 10.0 * 18.0 / 20.0 * 4.0 / 6.0;
    assert!((effect.value.credited.get() - expected).abs() < 1e-15);
    assert!(effect.value.interval.contains(expected));
    assert_eq!(effect.because.len(), 3);
}

#[test]
fn the_interval_is_that_of_sampling() {
    for shares in [
        [(9.0, 1.0), (18.0, 2.0), (4.0, 2.0)],
        [(1.0, 1.0), (2.0, 1.0), (1.0, 3.0)],
        [(90.0, 12.0), (1.0, 1.0), (30.0, 1.0)],
    ] {
        let [a, b, c] = shares.map(|(a, b)| evidence(a, b));
        let found = assessed(a, b, c).effect().value.interval;
        // Quantiles of each at equal steps, shuffled against each other.
        let mut chance = Chance::new(11);
        let steps = 4_000usize;
        let mut product = vec![1.0; steps];
        for share in [a, b, c] {
            let (a, b) = share.beta();
            let mut values: Vec<f64> =
                (0..steps).map(|at| beta_quantile(a, b, (at as f64 + 0.5) / steps as f64)).collect();
            for at in (1..steps).rev() {
                values.swap(at, chance.below(at + 1));
            }
            for (product, value) in product.iter_mut().zip(values) {
                *product *= value;
            }
        }
        product.sort_by(f64::total_cmp);
        assert!((product[steps / 20] - found.low).abs() < 0.02, "{} {found}", product[steps / 20]);
        assert!((product[steps - steps / 20] - found.high).abs() < 0.02, "{} {found}", product[steps - steps / 20]);
    }
}

#[test]
fn what_was_not_assessed_is_not_credited() {
    let effect = Assessed { efficacy: Some(evidence(50.0, 0.0)), ..Assessed::default() }.effect();
    assert_eq!((effect.value.credited, effect.value.interval.low), (Probability::ZERO, 0.0));
    assert!(effect.value.interval.high > 0.99);
    assert_eq!(effect.because[0].to_string(), "reliability was not assessed, so nothing is credited");
    assert!(
        Evidence::new(0.0, 0.0).is_err() && Evidence::new(f64::NAN, 1.0).is_err() && Evidence::new(-1.0, 3.0).is_err()
    );
}

#[test]
fn old_praise_fades_and_old_blame_does_not() {
    let old = evidence(10.0, 2.0).aged(365.0, 365.0);
    assert_eq!(old, evidence(5.0, 2.0));
    assert!(old.mean() < evidence(10.0, 2.0).mean());
    assert_eq!(evidence(10.0, 2.0).aged(1.0, 0.0), evidence(0.0, 2.0));
}

#[test]
fn controls_in_a_row() {
    let half = Effect { credited: Probability::new(0.5).unwrap(), interval: Interval { low: 0.4, high: 0.6 } };
    let both = passes(&[half, half]);
    assert_eq!(both.reckoned.get(), 0.25);
    assert_eq!(both.interval, Interval { low: 0.0, high: 0.6 });
    assert_eq!(passes(&[]).reckoned, Probability::ONE);
    // Whoever makes up an interval gets no panic for it.
    let made_up = Effect { interval: Interval { low: 1.5, high: f64::NAN }, ..half };
    assert_eq!(passes(&[made_up]).interval.high, 0.0);
    assert_eq!(serde_json::to_string(&evidence(3.0, 1.0)).unwrap(), "[3.0,1.0]");
    assert!(serde_json::from_str::<Evidence>("[0,0]").is_err());
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    (0u32..60, 0u32..60).prop_filter_map("none", |(s, n)| Evidence::new(f64::from(s), f64::from(n)).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is left out, the interval only grows and nothing more is credited.
    #[test]
    fn missing_widens_and_never_lowers_the_risk(a in any_evidence(), b in any_evidence(), c in any_evidence()) {
        let all = [Some(a), Some(b), Some(c)];
        let effect = |present: u8| {
            let share = |at: usize| all[at].filter(|_| present >> at & 1 == 1);
            Assessed { efficacy: share(0), coverage: share(1), reliability: share(2) }.effect().value
        };
        for present in 0..8u8 {
            for left_out in (0..3).filter(|at| present >> at & 1 == 1) {
                let (more, less) = (effect(present), effect(present & !(1 << left_out)));
                prop_assert!(less.interval.covers(&more.interval), "{less:?} {more:?}");
                prop_assert!(less.credited <= more.credited);
                prop_assert!(passes(&[less]).reckoned >= passes(&[more]).reckoned);
                prop_assert!(passes(&[less, more]).interval.covers(&passes(&[more, more]).interval));
            }
        }
    }

    /// A satisfied finding more never lowers the effect, an unsatisfied one never raises it.
    #[test]
    fn findings_count(a in any_evidence(), b in any_evidence(), c in any_evidence()) {
        let plain = assessed(a, b, c).effect().value.credited;
        let praise = assessed(a.and(evidence(1.0, 0.0)), b, c).effect().value.credited;
        let blame = assessed(a, b.and(evidence(0.0, 1.0)), c).effect().value.credited;
        prop_assert!(blame <= plain && plain <= praise);
    }
}
