use proptest::prelude::*;

use super::*;

fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found} is not {expected}");
}

fn sure(p: f64) -> Probability {
    Probability::new(p).unwrap()
}

fn watch(events: u64, years: f64) -> Watch {
    Watch { events, years, noticed: Probability::ONE }
}

#[test]
fn watching_moves_the_belief() {
    // 2 events in 10 years believed, 5 seen in 20: 7 in 30.
    let rate = Rate::from_mean(0.2, 10.0).unwrap().after(watch(5, 20.0)).unwrap();
    near(rate.mean(), 7.0 / 30.0, 1e-12);
    near(rate.sd(), 7.0_f64.sqrt() / 30.0, 1e-12);
    // scipy.stats.gamma(7, scale=1/30).ppf([.05, .95])
    let interval = rate.interval(sure(0.9));
    near(interval.low, 0.109_510_528_0, 1e-6);
    near(interval.high, 0.394_746_535_3, 1e-6);
    near(rate.is_below(interval.high).get(), 0.95, 1e-9);
}

#[test]
fn what_is_not_noticed_is_not_absent() {
    let first = Rate::from_mean(1.0, 2.0).unwrap();
    let half = first.after(Watch { events: 0, years: 8.0, noticed: sure(0.5) }).unwrap();
    let all = first.after(watch(0, 8.0)).unwrap();
    assert!(all.mean() < half.mean() && half.mean() < first.mean());
    let none = first.after(Watch { events: 0, years: 8.0, noticed: Probability::ZERO }).unwrap();
    assert_eq!(none, first);
}

#[test]
fn an_interval_is_kept() {
    for (low, high) in [(0.01, 0.1), (0.1, 12.0), (3.0, 3.5), (1e-4, 1.0)] {
        let interval = Rate::from_interval_90(low, high).unwrap().interval(sure(0.9));
        near(interval.low, low, 1e-6);
        near(interval.high, high, 1e-6);
    }
    for (low, high) in [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (-1.0, 1.0)] {
        assert!(Rate::from_interval_90(low, high).is_err(), "{low} {high}");
    }
}

#[test]
fn nonsense_is_refused() {
    let rate = Rate::from_mean(1.0, 1.0).unwrap();
    assert!(rate.after(watch(0, -1.0)).is_err());
    assert!(rate.after(watch(0, f64::NAN)).is_err());
    assert!(rate.after(watch(u64::MAX, 1.0)).is_err());
    assert!(rate.events_in(f64::INFINITY).is_err());
    assert!(Rate::from_mean(0.0, 1.0).is_err());
}

#[test]
fn written_and_read() {
    let rate = Rate::from_mean(0.2, 10.0).unwrap();
    let text = serde_json::to_string(&rate).unwrap();
    assert_eq!(text, r#"{"mean":0.2,"years":10.0}"#);
    assert_eq!(serde_json::from_str::<Rate>(&text).unwrap(), rate);
    assert!(serde_json::from_str::<Rate>(r#"{"mean":-0.2,"years":10.0}"#).is_err());
}

#[test]
fn coming_events() {
    let count = Rate::from_mean(0.2, 10.0).unwrap().after(watch(5, 20.0)).unwrap().events_in(5.0).unwrap();
    // scipy.stats.nbinom(7, 30/35): pmf(0), cdf(2), mean, var
    near(count.is_none().get(), 0.339_916_8, 1e-6);
    near(count.is_at_most(2).get(), 0.874_071_46, 1e-6);
    near(count.mean(), 7.0 * 5.0 / 30.0, 1e-12);
    near(count.variance(), 1.361_111_111, 1e-9);
    assert_eq!(count.quantile(sure(0.87)), 2);
    assert_eq!(count.quantile(sure(0.88)), 3);
    let poisson = Count::Poisson { mean: 3.0 };
    near(poisson.is_at_most(4).get(), 0.815_263_244_5, 1e-9);
    assert_eq!(poisson.quantile(sure(0.5)), 3);
}

#[test]
fn shares() {
    let interval = share_interval(8.0, 10.0, sure(0.95));
    near(interval.low, 0.490_162_5, 1e-5);
    near(interval.high, 0.943_317_8, 1e-5);
    assert_eq!(share_interval(0.0, 0.0, sure(0.9)), Interval { low: 0.0, high: 1.0 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// An event more never lowers the rate, time without one never raises it, and less watching never narrows the belief.
    #[test]
    fn events_raise_and_quiet_lowers(mean in 0.01f64..50.0, years in 0.1f64..50.0, events in 0u64..40, quiet in 0.1f64..50.0) {
        let first = Rate::from_mean(mean, years).unwrap();
        let after = first.after(watch(events, quiet)).unwrap();
        let more = first.after(watch(events + 1, quiet)).unwrap();
        let longer = first.after(watch(events, quiet + 1.0)).unwrap();
        for p in [0.05, 0.5, 0.95] {
            prop_assert!(after.quantile(sure(p)) <= more.quantile(sure(p)));
            prop_assert!(longer.quantile(sure(p)) <= after.quantile(sure(p)));
        }
        prop_assert!(after.interval(sure(0.9)).contains(after.quantile(sure(0.5))));
        prop_assert!(longer.interval(sure(0.9)).width() <= after.interval(sure(0.9)).width());
    }
}
