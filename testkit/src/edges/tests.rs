use super::peers::{Midas, MidasF, MidasR, Peer};
use super::*;

fn area(stream: &[LabelledEdge], peer: &mut dyn Peer) -> f64 {
    let scores =
        stream.iter().map(|edge| (f64::from(peer.score(edge.source, edge.destination, edge.time + 1)), edge.is_attack));
    auc(scores).expect("both kinds")
}

#[test]
fn a_stream_follows_from_its_plan() {
    for family in Family::ALL {
        let plan = Plan { minutes: 400, ..Plan::of(family, 5) };
        let stream = plan.stream();
        assert_eq!(stream, plan.stream());
        assert_ne!(stream, Plan { seed: 6, ..plan }.stream());
        assert!(stream.is_sorted_by_key(|edge| edge.time), "{}", family.name());
        assert!(stream.last().is_some_and(|edge| edge.time < plan.minutes));
        let attacks = stream.iter().filter(|edge| edge.is_attack).count();
        assert!(attacks > 50 && attacks < stream.len(), "{}: {attacks}", family.name());
        let finer = Plan { units_a_minute: 60, ..plan }.stream();
        assert!(finer.iter().any(|edge| edge.time >= plan.minutes));
    }
}

#[test]
fn the_area_is_exact() {
    let check = |scored: &[(f64, bool)], expected: Option<f64>| assert_eq!(auc(scored.iter().copied()), expected);
    check(&[(1.0, false), (2.0, true)], Some(1.0));
    check(&[(2.0, false), (1.0, true)], Some(0.0));
    check(&[(1.0, false), (1.0, true)], Some(0.5));
    // Of nine pairs six are won and one is a tie.
    check(&[(1.0, false), (2.0, true), (2.0, false), (3.0, true), (0.5, false), (0.7, true)], Some(6.5 / 9.0));
    check(&[(1.0, true)], None);
    check(&[(f64::NAN, true), (1.0, false)], None);
}

/// The figures by hand: two ticks before with two edges each, then five.
#[test]
fn the_peers_are_what_their_papers_say() {
    let talk = |peer: &mut dyn Peer| {
        let mut last = 0.0;
        for (tick, edges) in [(1, 2), (2, 2), (3, 5)] {
            (0..edges).for_each(|_| last = peer.score(1, 2, tick));
        }
        last
    };
    // a = 5, s = 9, t = 3: (5 - 3)^2 9 / (9 2).
    assert_eq!(talk(&mut Midas::new(1)), 2.0);
    // Decayed by half: a = 5 + (2 + 2/2)/2 = 6.5, s = 9: (6.5 - 3)^2 9 / (9 2).
    assert_eq!(talk(&mut MidasR::new(1)), 6.125);
    // The totals hold the decayed counts of the ticks before, 2 and 3: (6.5 + 5 - 19.5)^2 / (5 2).
    assert_eq!(talk(&mut MidasF::new(1)), 6.4);
}

#[test]
fn the_peers_stand_in_the_order_of_their_papers() {
    let stream = Plan { minutes: 600, edges_a_minute: 25, ..Plan::of(Family::Mixed, 3) }.stream();
    let [midas, relational, filtering] =
        [area(&stream, &mut Midas::new(1)), area(&stream, &mut MidasR::new(1)), area(&stream, &mut MidasF::new(1))];
    assert!(midas < relational && relational < filtering, "{midas} {relational} {filtering}");
}
