use super::*;
use crate::network::How;

fn p(value: f64) -> Probability {
    Probability::new(value).unwrap()
}

fn asset(own: f64, money: f64) -> Asset {
    Asset { own: p(own), harms: vec![Harm { unit: Unit::Money, mean: money }] }
}

fn edge(from: usize, to: usize, passes: f64) -> Edge {
    Edge { from, to, passes: p(passes) }
}

#[test]
fn findings_make_causes_and_dependencies_pass_them_on() {
    let assets = [asset(0.1, 0.0), asset(0.0, 100.0), asset(0.0, 0.0)];
    let finding = |tried, passes| Finding { asset: 0, tried: p(tried), passes: p(passes) };
    let findings = [finding(0.5, 0.4), finding(1.0, 0.5)];
    let posture = posture(&assets, &findings, &[edge(0, 1, 0.5)], 6_400, &Chance::new(1)).unwrap();
    let own = 1.0 - 0.9 * 0.8 * 0.5;
    assert!((posture.assets[0].probability.get() - own).abs() < 1e-12);
    assert!((posture.assets[1].probability.get() - own * 0.5).abs() < 1e-12);
    assert_eq!((posture.assets[2].probability, posture.assets[1].how), (Probability::ZERO, How::Exact));
    let harm = posture.harms[&Unit::Money];
    assert!((harm.mean - 100.0 * own * 0.5).abs() < 1e-9);
    assert_eq!((harm.p50, harm.p90, harm.var99), (0.0, 100.0, 100.0));
}

#[test]
fn harms_that_come_together_are_counted_together() {
    // One database under nine services: rare, and all at once.
    let mut assets = vec![asset(0.04, 0.0)];
    assets.extend((0..9).map(|_| asset(0.0, 10.0)));
    let edges: Vec<Edge> = (1..10).map(|to| edge(0, to, 1.0)).collect();
    let found = posture(&assets, &[], &edges, 64_000, &Chance::new(1)).unwrap().harms[&Unit::Money];
    assert!((found.mean - 0.04 * 90.0).abs() < 1e-9);
    assert_eq!((found.var95, found.var99), (0.0, 90.0));
}

#[test]
fn what_falls_with_an_asset() {
    let assets = [asset(0.0, 1.0), asset(0.0, 100.0), asset(0.25, 10.0)];
    let edges = [edge(0, 1, 0.5), edge(1, 2, 1.0)];
    let found = falls((&assets, &[], &edges), &[0, 2], 64_000, &Chance::new(1)).unwrap();
    // Itself, half of the time the second, and with it the third where that would have stood.
    assert!((found[0][&Unit::Money] - (1.0 + 50.0 + 0.5 * 0.75 * 10.0)).abs() < 1.0, "{found:?}");
    assert!((found[1][&Unit::Money] - 7.5).abs() < 0.1, "{found:?}");
    assert_eq!(falls((&assets, &[], &edges), &[3], 64, &Chance::new(1)), Err(CityError::Unknown(3)));
}

#[test]
fn nonsense_is_refused() {
    let chance = Chance::new(1);
    let finding = Finding { asset: 7, tried: p(1.0), passes: p(1.0) };
    let found = posture(&[asset(0.1, 1.0)], &[finding], &[], 64, &chance);
    assert_eq!(found, Err(CityError::NoAsset { finding: 0, asset: 7 }));
    assert!(matches!(posture(&[asset(0.1, f64::NAN)], &[], &[], 64, &chance), Err(CityError::Harm { .. })));
    assert!(matches!(posture(&[asset(0.1, -1.0)], &[], &[], 64, &chance), Err(CityError::Harm { .. })));
    let far = posture(&[asset(0.1, 1.0)], &[], &[edge(0, 3, 0.5)], 64, &chance);
    assert!(matches!(far, Err(CityError::Network(_))));
    let many = vec![Finding { asset: 0, ..finding }; RISK_FINDINGS_MAX + 1];
    assert_eq!(posture(&[asset(0.1, 1.0)], &many, &[], 64, &chance), Err(CityError::Findings(RISK_FINDINGS_MAX + 1)));
    let empty = posture(&[], &[], &[], 64, &chance).unwrap();
    assert!(empty.assets.is_empty() && empty.harms.is_empty());
}
