use proptest::prelude::*;

use super::*;

fn belief(low: f64, likely: f64, high: f64) -> Belief {
    Belief::new(low, likely, high).unwrap()
}

fn sure(value: f64) -> Belief {
    belief(value, value, value)
}

fn asset(own: f64, money: f64) -> Asset {
    Asset { own: sure(own), harms: vec![Harm { unit: Unit::Money, mean: money }] }
}

fn measure(place: Place, stops: f64, cost: f64) -> Measure {
    let credited = Probability::new(stops).unwrap();
    Measure { place, effect: Effect { credited, interval: Interval { low: stops, high: stops } }, cost }
}

/// Three services: one by itself, one in front of a dear register, one of which nothing is known.
fn situation() -> Situation {
    Situation {
        assets: vec![asset(0.01, 10.0), asset(0.01, 10.0), asset(0.05, 1_000.0), asset(0.0, 1.0)],
        dependencies: vec![Dependency { from: 1, to: 2, passes: belief(0.4, 0.5, 0.6) }],
        services: vec![
            Service { asset: 0, exposure: belief(0.05, 0.1, 0.2) },
            Service { asset: 1, exposure: belief(0.05, 0.1, 0.2) },
            Service { asset: 3, exposure: Belief::UNKNOWN },
        ],
        measures: vec![
            measure(Place::Dependency(0), 0.99, 50.0),
            measure(Place::Exposure(1), 0.2, 50.0),
            measure(Place::Harm(3), 0.5, 1.0),
        ],
        tolerances: BTreeMap::from([(Unit::Money, 5.0)]),
    }
}

fn ranked(situation: &Situation) -> Vec<Opening> {
    order(situation, 100, &Chance::new(1)).unwrap()
}

#[test]
fn neighbours_count() {
    let openings = ranked(&situation());
    assert_eq!(openings.iter().map(|opening| opening.service).collect::<Vec<_>>(), [2, 0, 1]);
    let by_itself = &openings[1];
    assert_eq!(by_itself.verdict, Verdict::Open);
    // Mean exposure 0.1167, of which one in a hundred is compromised anyway.
    assert!((by_itself.added[&Unit::Money].mean - 0.116_7 * 0.99 * 10.0).abs() < 0.1, "{:?}", by_itself.added);
    let in_front = &openings[2];
    assert!((in_front.added[&Unit::Money].mean - 0.116_7 * 0.99 * (10.0 + 0.5 * 0.95 * 1_000.0)).abs() < 5.0);
    assert_eq!((in_front.verdict, in_front.conditions.as_slice()), (Verdict::OpenWithConditions, [0].as_slice()));
    assert!(in_front.next_best.is_some_and(|(measure, takes)| measure == 0 && takes > 10.0));
    let said: Vec<String> = in_front.because.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|reason| reason.starts_with("asset 2 falls with it")), "{said:?}");
    assert_eq!(openings, ranked(&situation()));
}

#[test]
fn what_is_not_known_is_reckoned_as_certain() {
    let mut situation = situation();
    situation.tolerances.insert(Unit::Money, 0.9);
    let openings = ranked(&situation);
    let unknown = openings.iter().find(|opening| opening.service == 2).unwrap();
    assert_eq!(unknown.because[0], OpeningReason::ExposureUnknown);
    let added = unknown.added[&Unit::Money];
    assert_eq!((added.p90, added.interval.low), (1.0, 0.0));
    assert_eq!((unknown.verdict, unknown.conditions.as_slice()), (Verdict::OpenWithConditions, [2].as_slice()));
}

#[test]
fn nothing_suffices() {
    let mut situation = situation();
    situation.measures.remove(0);
    let openings = ranked(&situation);
    let in_front = openings.iter().find(|opening| opening.service == 1).unwrap();
    assert_eq!((in_front.verdict, in_front.conditions.as_slice()), (Verdict::NotYet, [0].as_slice()));
    // A tolerance of nothing: whatever is added is too much.
    situation.tolerances.insert(Unit::Money, 0.0);
    assert!(ranked(&situation).iter().all(|opening| opening.verdict == Verdict::NotYet));
}

#[test]
fn nonsense_is_refused() {
    let refused = |change: fn(&mut Situation)| {
        let mut situation = situation();
        change(&mut situation);
        order(&situation, 10, &Chance::new(1)).unwrap_err()
    };
    assert_eq!(refused(|s| s.tolerances.clear()), OrderError::NoTolerance);
    assert_eq!(refused(|s| s.services[1].asset = 9), OrderError::Nowhere { what: "service", at: 1 });
    assert_eq!(refused(|s| s.measures[0].place = Place::Dependency(7)), OrderError::Nowhere { what: "measure", at: 0 });
    assert!(matches!(refused(|s| s.measures[0].cost = 0.0), OrderError::Number { what: "measure", .. }));
    assert!(matches!(refused(|s| s.assets[0].harms[0].mean = f64::NAN), OrderError::Number { what: "asset", .. }));
    assert!(matches!(refused(|s| s.dependencies[0].to = 9), OrderError::Network(_)));
    assert!(matches!(refused(|s| s.measures = vec![s.measures[0]; RISK_MEASURES_MAX + 1]), OrderError::TooMany { .. }));
    assert!(matches!(refused(|s| s.services = vec![s.services[0]; RISK_SERVICES_MAX + 1]), OrderError::TooMany { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Leaving something out never makes a service look safer, and never narrows its interval.
    #[test]
    fn missing_widens_and_never_lowers(low in 0.0f64..0.3, by in 0.0f64..0.3, what in 0usize..4) {
        let mut known = situation();
        known.services[1].exposure = belief(low, low + by, low + 2.0 * by);
        known.dependencies.push(Dependency { from: 2, to: 0, passes: belief(low, low + by, low + 2.0 * by) });
        let mut missing = known.clone();
        match what {
            0 => missing.services[1].exposure = Belief::UNKNOWN,
            1 => missing.dependencies[0].passes = Belief::UNKNOWN,
            2 => missing.dependencies[1].passes = Belief::UNKNOWN,
            _ => missing.assets[2].own = Belief::UNKNOWN,
        }
        let of = |situation: &Situation| ranked(situation).into_iter().find(|opening| opening.service == 1).unwrap();
        let (known, missing) = (of(&known), of(&missing));
        let (one, other) = (known.added[&Unit::Money], missing.added[&Unit::Money]);
        prop_assert!(other.p90 >= one.p90 - 1e-9, "{one:?} {other:?}");
        prop_assert!(other.interval.low <= one.interval.low + 1e-9 && other.interval.high >= one.interval.high - 1e-9, "{one:?} {other:?}");
        prop_assert!(missing.verdict >= known.verdict);
    }
}
