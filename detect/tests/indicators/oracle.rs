//! Equality with a map under any order of additions, removals, segments and merges; and images that are damaged.

use std::collections::{BTreeMap, BTreeSet};

use detect::indicators::{Builder, IndicatorSet, Indicators, Segment, merge};
use model::ocsf::ObservableKind;
use model::{Indicator, IndicatorKind};
use proptest::prelude::*;

use crate::support::{self, find, indicator};

/// What the world holds: value to sources.
type Oracle = BTreeMap<(IndicatorKind, String), BTreeSet<String>>;

#[derive(Clone, Debug)]
enum Step {
    Add(String, usize),
    Remove(String),
    Withdraw(String, usize),
    /// The changes so far become a segment of their own beside the others.
    Segment(Vec<(String, usize)>),
    Merge,
}

const SOURCES: [&str; 3] = ["a", "b", "c"];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "([ab]\\.){0,3}[ab]\\.(x|co\\.uk)",
        "10\\.0\\.[0-3]\\.[0-3]",
        "10\\.[0-3]\\.[0-3]\\.0/(8|9|1[0-9]|2[0-9]|3[0-2])",
        "10\\.0\\.0\\.[0-3]:[12]",
        "2001:db8::[0-3]",
        "2001:db8::[0-3]/(32|6[0-9]|12[0-8])",
        "http://[ab]\\.x/[ab]?",
        "[ab]\\.x/[ab]",
        "/[ab]/[ab]?",
        "[ab]@[ab]\\.x",
        "[0-3]{32}",
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (value(), 0usize..3).prop_map(|(value, source)| Step::Add(value, source)),
        2 => value().prop_map(Step::Remove),
        2 => (value(), 0usize..3).prop_map(|(value, source)| Step::Withdraw(value, source)),
        2 => prop::collection::vec((value(), 0usize..3), 1..40).prop_map(Step::Segment),
        1 => Just(Step::Merge),
    ];
    prop::collection::vec(step, 1..40)
}

fn of(value: &str, source: usize) -> Indicator {
    indicator(SOURCES[source], value)
}

fn take(oracle: &mut Oracle, indicators: &Indicators, step: &Step) {
    match step {
        Step::Add(value, source) => {
            let indicator = of(value, *source);
            indicators.change(|delta| delta.add(&indicator)).unwrap();
            oracle.entry((indicator.kind, indicator.value)).or_default().insert(indicator.source);
        }
        Step::Remove(value) => {
            let indicator = of(value, 0);
            indicators.change(|delta| delta.remove(indicator.kind, &indicator.value)).unwrap();
            oracle.remove(&(indicator.kind, indicator.value));
        }
        Step::Withdraw(value, source) => {
            let Indicator { kind, value, source, .. } = of(value, *source);
            indicators.change(|delta| delta.withdraw(kind, &value, &source)).unwrap();
            if let Some(sources) = oracle.get_mut(&(kind, value)) {
                sources.remove(&source);
            }
        }
        Step::Segment(values) => {
            // A removal that still waits would remove from the new segment too, so it is merged in first.
            take(oracle, indicators, &Step::Merge);
            let mut builder = Builder::new();
            for (value, source) in values {
                let indicator = of(value, *source);
                builder.push(&indicator).unwrap();
                oracle.entry((indicator.kind, indicator.value)).or_default().insert(indicator.source);
            }
            let mut image = Vec::new();
            builder.finish(&mut image).unwrap();
            indicators.add_segment(Segment::open(image).unwrap()).unwrap();
        }
        Step::Merge => {
            let set = indicators.load();
            let mut image = Vec::new();
            merge(&set, &mut image).unwrap();
            indicators.install(Segment::open(image).unwrap(), &set);
            assert!(indicators.load().delta().is_empty());
        }
    }
    oracle.retain(|_, sources| !sources.is_empty());
}

/// Whether an indicator names a name or an address, by the shortest code that can say it.
fn names_it(kind: IndicatorKind, value: &str, asked: &str) -> bool {
    match kind {
        IndicatorKind::Domain => asked == value || asked.ends_with(&format!(".{value}")),
        IndicatorKind::Ipv4 | IndicatorKind::Ipv6 => asked.parse() == value.parse::<std::net::IpAddr>(),
        IndicatorKind::Cidr => {
            let (start, length) = value.split_once('/').unwrap();
            let length: u32 = length.parse().unwrap();
            match (start.parse().unwrap(), asked.parse()) {
                (std::net::IpAddr::V4(start), Ok(std::net::IpAddr::V4(asked))) => {
                    (start.to_bits() ^ asked.to_bits()).leading_zeros() >= length
                }
                (std::net::IpAddr::V6(start), Ok(std::net::IpAddr::V6(asked))) => {
                    (start.to_bits() ^ asked.to_bits()).leading_zeros() >= length
                }
                _ => false,
            }
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_set_finds_what_a_map_finds(steps in steps(), asked in prop::collection::vec("([ab]\\.){0,4}[ab]\\.(x|co\\.uk)|10\\.[0-3]\\.[0-3]\\.[0-3]|2001:db8::[0-4]", 30)) {
        let (mut oracle, indicators) = (Oracle::new(), Indicators::default());
        for step in &steps {
            take(&mut oracle, &indicators, step);
        }
        let set = indicators.load();
        for asked in &asked {
            let found: BTreeMap<_, BTreeSet<_>> = find(&set, ObservableKind::Hostname, asked, None)
                .into_iter()
                .map(|hit| ((hit.kind, hit.value), hit.claims.into_iter().map(|claim| claim.source).collect()))
                .collect();
            let expected: Oracle =
                oracle.iter().filter(|((kind, value), _)| names_it(*kind, value, asked)).map(|(k, v)| (k.clone(), v.clone())).collect();
            prop_assert_eq!(found, expected, "{}", asked);
        }
        // Everything else is its own observable.
        for ((kind, value), sources) in &oracle {
            let (asked, text, port) = support::observable_of(*kind, value);
            let hits = find(&set, asked, &text, port);
            let hit = hits.iter().find(|hit| hit.kind == *kind && hit.value == *value);
            let found: BTreeSet<_> = hit.into_iter().flat_map(|hit| &hit.claims).map(|claim| claim.source.clone()).collect();
            prop_assert_eq!(&found, sources, "{} {}", kind, value);
        }
    }

    #[test]
    fn a_damaged_image_does_not_open(values in prop::collection::vec(value(), 1..30), at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<bool>()) {
        let mut image = support::image(&values);
        let at = at.index(image.len());
        if cut { image.truncate(at) } else { image[at] ^= 1 << bit }
        prop_assert!(Segment::open(image).is_err());
    }

    #[test]
    fn an_image_that_changes_under_us_never_panics(values in prop::collection::vec(value(), 1..30), writes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let image = support::Changing::new(support::image(&values));
        let set = IndicatorSet::of(Segment::open(image.clone()).unwrap());
        for (at, byte) in writes {
            image.write(at.index(image.len()), byte);
            for value in &values {
                for kind in [ObservableKind::Hostname, ObservableKind::Ip, ObservableKind::Url, ObservableKind::Hash, ObservableKind::Email] {
                    find(&set, kind, value, Some(1));
                }
            }
            let _ = set.segments()[0].for_each(|_| ());
            let _ = merge(&set, &mut std::io::sink());
        }
    }
}
