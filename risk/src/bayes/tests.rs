use proptest::prelude::*;

use super::*;

fn near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() < within, "{found} is not {expected}");
}

/// The network "Asia" of Lauritzen and Spiegelhalter, 1988. Returns either, x-ray, dyspnoea, and smoking.
fn asia() -> (Bayes, [Variable; 4]) {
    let mut net = Bayes::new();
    let asia = net.yes_no(&[], &[0.01]).unwrap();
    let tuberculosis = net.yes_no(&[asia], &[0.01, 0.05]).unwrap();
    let smoking = net.yes_no(&[], &[0.5]).unwrap();
    let lung = net.yes_no(&[smoking], &[0.01, 0.1]).unwrap();
    let bronchitis = net.yes_no(&[smoking], &[0.3, 0.6]).unwrap();
    let either = net.yes_no(&[tuberculosis, lung], &[0.0, 1.0, 1.0, 1.0]).unwrap();
    let xray = net.yes_no(&[either], &[0.05, 0.98]).unwrap();
    let dyspnoea = net.yes_no(&[either, bronchitis], &[0.1, 0.8, 0.7, 0.9]).unwrap();
    (net, [either, xray, dyspnoea, smoking])
}

#[test]
fn the_asia_network() {
    let (net, [either, xray, dyspnoea, smoking]) = asia();
    let yes = |variable, observed: &[(Variable, usize)]| net.ask(variable, observed).unwrap()[1];
    near(yes(either, &[]), 0.064_828, 1e-9);
    near(yes(xray, &[]), 0.110_290_04, 1e-9);
    near(yes(dyspnoea, &[]), 0.435_970_6, 1e-9);
    // Bayes' rule by hand: either given a smoker is 1 − (1 − 0.0104)(1 − 0.1).
    near(yes(either, &[(smoking, 1)]), 1.0 - 0.9896 * 0.9, 1e-12);
    near(yes(smoking, &[(either, 1)]), 0.5 * (1.0 - 0.9896 * 0.9) / 0.064_828, 1e-12);
    assert_eq!(net.ask(smoking, &[(smoking, 1), (xray, 1)]).unwrap(), [0.0, 1.0]);
}

#[test]
fn nonsense_is_refused() {
    let mut net = Bayes::new();
    assert_eq!(net.variable(0, &[], &[]), Err(BayesError::States(0)));
    assert_eq!(net.yes_no(&[], &[1.5]), Err(BayesError::Row(0)));
    assert_eq!(net.variable(2, &[], &[0.5, 0.4]), Err(BayesError::Row(0)));
    assert_eq!(net.variable(2, &[], &[f64::NAN, 0.4]), Err(BayesError::Row(0)));
    let a = net.yes_no(&[], &[0.0]).unwrap();
    assert_eq!(net.yes_no(&[a, a], &[0.1; 4]), Err(BayesError::Parent(a)));
    assert_eq!(net.yes_no(&[a], &[0.1]), Err(BayesError::Table { found: 2, expected: 4 }));
    assert_eq!(net.ask(a, &[(a, 1)]), Err(BayesError::Impossible));
    assert_eq!(net.ask(a, &[(a, 2)]), Err(BayesError::Unknown { variable: a, state: 2 }));
    assert!(net.ask(Variable(9), &[]).is_err());
}

#[test]
fn too_wide_says_so() {
    // A variable whose parents' parents are all coupled with each other: pairs among 30 share a child, and all are asked about.
    let mut net = Bayes::new();
    let roots: Vec<Variable> = (0..30).map(|_| net.yes_no(&[], &[0.5]).unwrap()).collect();
    let mut last = roots[0];
    for (at, one) in roots.iter().enumerate() {
        for other in &roots[..at] {
            last = net
                .yes_no(
                    &[*one, *other, last].into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
                    &vec![0.5; if [*one, *other].contains(&last) { 4 } else { 8 }],
                )
                .unwrap();
        }
    }
    assert!(matches!(net.ask(last, &[]), Err(BayesError::TooWide { .. })));
}

/// A random network of variables with two or three states.
fn any_net() -> impl Strategy<Value = (Bayes, Vec<Variable>)> {
    let node = (
        2usize..4,
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        prop::collection::vec(0.01f64..1.0, 81 * 3),
    );
    prop::collection::vec(node, 1..8).prop_map(|nodes| {
        let mut net = Bayes::new();
        let mut made: Vec<Variable> = Vec::new();
        for (states, parents, numbers) in nodes {
            let chosen: BTreeSet<usize> =
                parents.iter().filter(|_| !made.is_empty()).map(|at| at.index(made.len())).collect();
            // Not in order, so that tables are written in another order than they are kept.
            let chosen: Vec<Variable> = chosen.into_iter().rev().map(|at| made[at]).collect();
            let rows: usize = chosen.iter().map(|parent| net.nodes[parent.0].states).product();
            let mut table = Vec::new();
            for row in 0..rows {
                let entries = &numbers[row * 3..row * 3 + states];
                let sum: f64 = entries.iter().sum();
                table.extend(entries.iter().map(|entry| entry / sum));
            }
            made.push(net.variable(states, &chosen, &table).unwrap());
        }
        (net, made)
    })
}

/// The probability of a whole assignment.
fn joint(net: &Bayes, states: &[usize]) -> f64 {
    let mut product = 1.0;
    for (at, node) in net.nodes.iter().enumerate() {
        let row = node.parents.iter().fold(0, |row, parent| row * net.nodes[parent.0].states + states[parent.0]);
        product *= node.table[row * node.states + states[at]];
    }
    product
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Elimination and enumeration agree, with and without something observed.
    #[test]
    fn agrees_with_enumeration((net, made) in any_net(), about in any::<prop::sample::Index>(), seen in any::<prop::sample::Index>()) {
        let (about, seen) = (made[about.index(made.len())], made[seen.index(made.len())]);
        for observed in [vec![], vec![(seen, 1)]] {
            let found = net.ask(about, &observed).unwrap();
            let mut sums = vec![0.0; found.len()];
            let mut states = vec![0; made.len()];
            'all: loop {
                if observed.iter().all(|(variable, state)| states[variable.0] == *state) {
                    sums[states[about.0]] += joint(&net, &states);
                }
                let mut digit = 0;
                loop {
                    if digit == states.len() {
                        break 'all;
                    }
                    states[digit] += 1;
                    if states[digit] < net.nodes[digit].states {
                        break;
                    }
                    states[digit] = 0;
                    digit += 1;
                }
            }
            let total: f64 = sums.iter().sum();
            for (found, sum) in found.iter().zip(&sums) {
                prop_assert!((found - sum / total).abs() < 1e-12);
            }
        }
    }
}
