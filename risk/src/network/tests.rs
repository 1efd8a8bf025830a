use proptest::prelude::*;

use super::*;

fn p(value: f64) -> Probability {
    Probability::new(value).unwrap()
}

fn network(own: &[f64], edges: &[(usize, usize, f64)]) -> Network {
    let own: Vec<Probability> = own.iter().map(|own| p(*own)).collect();
    let edges: Vec<Edge> =
        edges.iter().map(|(from, to, passes)| Edge { from: *from, to: *to, passes: p(*passes) }).collect();
    Network::new(&own, &edges).unwrap()
}

/// Every node's probability in a network without circles whose edges go from lower to higher nodes, by all states of all nodes.
fn enumerated(own: &[f64], edges: &[(usize, usize, f64)]) -> Vec<f64> {
    let nodes = own.len();
    let mut sums = vec![0.0; nodes];
    for states in 0u32..1 << nodes {
        let is_on = |node: usize| states >> node & 1 == 1;
        let mut joint = 1.0;
        for (node, own) in own.iter().enumerate() {
            let through = edges.iter().filter(|(from, to, _)| *to == node && is_on(*from));
            let off = (1.0 - own) * through.map(|(_, _, passes)| 1.0 - passes).product::<f64>();
            joint *= if is_on(node) { 1.0 - off } else { off };
        }
        for (node, sum) in sums.iter_mut().enumerate().filter(|(node, _)| is_on(*node)) {
            let _ = node;
            *sum += joint;
        }
    }
    sums
}

/// Every node's probability in any network, by all combinations of what is live.
fn enumerated_live(own: &[f64], edges: &[(usize, usize, f64)]) -> Vec<f64> {
    let (nodes, count) = (own.len(), own.len() + edges.len());
    let mut sums = vec![0.0; nodes];
    for live in 0u32..1 << count {
        let probabilities = own.iter().copied().chain(edges.iter().map(|(_, _, passes)| *passes));
        let joint: f64 =
            probabilities.enumerate().map(|(at, p)| if live >> at & 1 == 1 { p } else { 1.0 - p }).product();
        let mut reached: Vec<bool> = (0..nodes).map(|node| live >> node & 1 == 1).collect();
        for _ in 0..nodes {
            for (at, (from, to, _)) in edges.iter().enumerate() {
                reached[*to] |= reached[*from] && live >> (nodes + at) & 1 == 1;
            }
        }
        for (sum, _) in sums.iter_mut().zip(reached).filter(|(_, reached)| *reached) {
            *sum += joint;
        }
    }
    sums
}

#[test]
fn a_diamond() {
    // Both ways share their beginning, so that they are not independent.
    let edges = [(0, 1, 0.5), (0, 2, 0.5), (1, 3, 1.0), (2, 3, 1.0)];
    let net = network(&[0.2, 0.0, 0.0, 0.0], &edges);
    assert!((net.exact(3).unwrap().get() - 0.2 * 0.75).abs() < 1e-15);
    let bounds = net.bounds()[3];
    assert!(bounds.low <= 0.15 && bounds.high > 0.15 && bounds.high <= 0.19 + 1e-9, "{bounds}");
}

#[test]
fn a_circle_does_not_feed_itself() {
    let edges = [(0, 1, 0.9), (1, 2, 0.9), (2, 0, 0.9)];
    let net = network(&[0.1, 0.0, 0.0], &edges);
    for (node, expected) in [0.1, 0.09, 0.081].into_iter().enumerate() {
        assert!((net.exact(node).unwrap().get() - expected).abs() < 1e-12);
        let bounds = net.bounds()[node];
        assert!(bounds.low <= expected + 1e-12 && expected <= bounds.high + 1e-12, "{bounds}");
    }
    // Without any cause nothing happens, however strong the circle.
    let quiet = network(&[0.0; 3], &[(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)]);
    assert_eq!(quiet.exact(0).unwrap(), Probability::ZERO);
    assert_eq!(quiet.bounds()[0], Interval { low: 0.0, high: 0.0 });
    assert_eq!(quiet.sampled(64, &Chance::new(1)).hits, [0, 0, 0]);
    // A circle that passes everything on: the bound is still above the truth, and no more than 1.
    let sure = network(&[0.01, 0.01], &[(0, 1, 1.0), (1, 0, 1.0)]);
    let truth = 1.0 - 0.99 * 0.99;
    assert!((sure.exact(0).unwrap().get() - truth).abs() < 1e-12);
    assert!(sure.bounds()[0].contains(truth) && sure.bounds()[0].high <= 1.0);
}

#[test]
fn what_is_too_much_is_drawn() {
    // 80 nodes in a row of which each also feeds the second next.
    let nodes = 80;
    let edges: Vec<(usize, usize, f64)> = (1..nodes)
        .flat_map(|to: usize| [Some((to - 1, to, 0.8)), to.checked_sub(2).map(|from| (from, to, 0.5))])
        .flatten()
        .collect();
    let net = network(&vec![0.01; nodes], &edges);
    assert_eq!(net.exact(nodes - 1), Err(ExactError::TooLarge));
    let marginals = net.marginals(20_000, &Chance::new(1));
    assert_eq!(marginals[5].how, How::Exact);
    let last = marginals[nodes - 1];
    assert_eq!(last.how, How::Sampled { draws: 20_032 });
    assert!(last.interval.contains(last.probability.get()) && last.interval.width() < 0.03);
    assert_eq!(marginals, net.marginals(20_000, &Chance::new(1)));
    // Nothing drawn: only the bounds are known, and the cautious end is taken.
    let none = net.marginals(0, &Chance::new(1))[nodes - 1];
    assert_eq!((none.interval, none.probability.get()), (net.bounds()[nodes - 1], net.bounds()[nodes - 1].high));
    let long = network(&[0.1; 8], &(0..8).map(|at| (at, (at + 1) % 8, 0.5)).collect::<Vec<_>>());
    assert_eq!(long.exact(0), Err(ExactError::Circle(8)));
}

#[test]
fn a_wide_network_says_so_and_is_drawn() {
    // 24 causes, each pair of which feeds a node of its own, all of which feed the last one.
    let causes = 24;
    let mut own = vec![0.05; causes];
    let mut edges = Vec::new();
    for one in 0..causes {
        for other in 0..one {
            if (one * 7 + other * 3) % 8 == 0 && own.len() < 63 {
                edges.extend([(one, own.len(), 0.4), (other, own.len(), 0.6), (own.len(), 63, 0.3)]);
                own.push(0.0);
            }
        }
    }
    own.resize(64, 0.0);
    let net = network(&own, &edges);
    let marginal = net.marginals(50_000, &Chance::new(2))[63];
    match net.exact(63) {
        Ok(exact) => assert!((exact.get() - net.sampled(50_000, &Chance::new(2)).share(63).get()).abs() < 0.01),
        Err(error) => assert!(matches!((error, marginal.how), (ExactError::TooWide(_), How::Sampled { .. }))),
    }
}

#[test]
fn as_many_as_are_allowed() {
    // 64 nodes, each under three of the eight before it: within the bounds, and against 200,000 draws.
    let mut chance = Chance::new(9);
    let edges: Vec<(usize, usize, f64)> =
        (8..64).flat_map(|to| (0..3).map(move |_| to)).map(|to| (to - 1 - chance.below(8), to, 0.4)).collect();
    let net = network(&[0.03; 64], &edges);
    let exact = net.exact(63).unwrap().get();
    let sample = net.sampled(200_000, &Chance::new(3));
    assert!(sample.interval(63, p(1.0 - 1e-6)).contains(exact), "{exact} {:?}", sample.share(63));
}

#[test]
fn nonsense_is_refused() {
    let edge = Edge { from: 0, to: 2, passes: Probability::ONE };
    assert_eq!(Network::new(&[Probability::ONE; 2], &[edge]), Err(NetworkError::NoNode { edge: 0, node: 2, nodes: 2 }));
    assert!(matches!(network(&[0.1], &[]).exact(1), Err(ExactError::NoNode(1))));
    let many = vec![Probability::ZERO; RISK_NODES_MAX + 1];
    assert!(matches!(Network::new(&many, &[]), Err(NetworkError::TooLarge { .. })));
    let many = vec![edge; RISK_EDGES_MAX + 1];
    assert!(matches!(Network::new(&[], &many), Err(NetworkError::TooLarge { .. })));
}

type Given = (Vec<f64>, Vec<(usize, usize, f64)>);

/// Networks whose edges go from lower to higher nodes.
fn acyclic(nodes_max: usize, edges_max: usize) -> impl Strategy<Value = Given> {
    let pair = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0.0f64..=1.0);
    (prop::collection::vec(0.0f64..0.6, 2..=nodes_max), prop::collection::vec(pair, 0..=edges_max)).prop_map(
        |(own, pairs)| {
            let edges = pairs.into_iter().map(|(from, to, passes)| {
                let (from, to) = (from.index(own.len()), to.index(own.len()));
                (from.min(to), from.max(to), passes)
            });
            let edges = edges.filter(|(from, to, _)| from != to).collect();
            (own, edges)
        },
    )
}

/// Small networks with edges in any direction.
fn circular() -> impl Strategy<Value = Given> {
    (prop::collection::vec(0.0f64..0.6, 2..=6), prop::collection::vec((0usize..6, 0usize..6, 0.0f64..=1.0), 0..=8))
        .prop_map(|(own, edges)| {
            let count = own.len();
            let edges = edges.into_iter().map(|(from, to, passes)| (from % count, to % count, passes)).collect();
            (own, edges)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Exact reckoning and enumeration agree to 10⁻⁹ on networks of up to 15 nodes, and the bounds hold.
    #[test]
    fn agrees_with_enumeration((own, edges) in acyclic(15, 34)) {
        let net = network(&own, &edges);
        let bounds = net.bounds();
        for (node, expected) in enumerated(&own, &edges).into_iter().enumerate() {
            let found = net.exact(node).unwrap().get();
            prop_assert!((found - expected).abs() < 1e-9, "{node}: {found} is not {expected}");
            prop_assert!(bounds[node].low <= expected + 1e-12 && expected <= bounds[node].high + 1e-12);
        }
    }

    /// The same with circles.
    #[test]
    fn circles_agree_with_enumeration((own, edges) in circular()) {
        let net = network(&own, &edges);
        let bounds = net.bounds();
        for (node, expected) in enumerated_live(&own, &edges).into_iter().enumerate() {
            let found = net.exact(node).unwrap().get();
            prop_assert!((found - expected).abs() < 1e-9, "{node}: {found} is not {expected}");
            prop_assert!(bounds[node].low <= expected + 1e-12 && expected <= bounds[node].high + 1e-12, "{} {expected}", bounds[node]);
        }
    }

    /// Drawing agrees with reckoning, within an interval that is missed once in a hundred million times.
    #[test]
    fn drawing_agrees((own, edges) in acyclic(10, 24), seed in any::<u64>()) {
        let net = network(&own, &edges);
        let sample = net.sampled(6_400, &Chance::new(seed));
        for node in 0..own.len() {
            let exact = net.exact(node).unwrap().get();
            prop_assert!(sample.interval(node, p(1.0 - 1e-8)).contains(exact));
        }
    }

    /// A greater probability anywhere never lowers one elsewhere: exactly, and draw by draw.
    #[test]
    fn more_never_lowers((own, edges) in acyclic(9, 20), more in 0.0f64..0.4, at in any::<prop::sample::Index>()) {
        let less = network(&own, &edges);
        let mut raised = own.clone();
        let at = at.index(own.len());
        raised[at] = (raised[at] + more).min(1.0);
        let greater = network(&raised, &edges);
        let (one, other) = (less.sampled(640, &Chance::new(4)), greater.sampled(640, &Chance::new(4)));
        for node in 0..own.len() {
            prop_assert!(less.exact(node).unwrap().get() <= greater.exact(node).unwrap().get() + 1e-12);
            prop_assert!(one.hits[node] <= other.hits[node]);
        }
    }
}
