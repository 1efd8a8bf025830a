//! What a block list would hit here: a check against past traffic, before anything on it may block (invariant 12).
//!
//! A list that names what the city uses every day would do the attacker's work. The caller counts, for each value, how many
//! internal machines talked to it, how often and on how many days; this says which values must not block, and whether the list
//! as a whole has lost its mind. Thresholds are data (`rules.toml`, `[blast]`).

use std::collections::BTreeMap;
use std::fmt;

use detect::indicators::is_broad;
use model::{Confidence, Explained, Indicator, IndicatorKind, Level, SourceId, limits};
use serde::{Deserialize, Serialize};

use crate::rules::BlastRules;

/// What past traffic says about one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Different internal machines that had to do with it.
    pub machines: u64,
    /// Events in which it stood.
    pub events: u64,
    /// Days on which it stood somewhere.
    pub days: u32,
}

/// How much of a list is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUse {
    /// Values on it.
    pub values: u64,
    /// Values of it that past traffic knows.
    pub in_use: u64,
}

impl ListUse {
    /// Why nothing of the list may block, if so.
    fn reason(self, rules: &BlastRules) -> Option<BlastReason> {
        let ListUse { values, in_use } = self;
        let share = in_use as f64 / values.max(1) as f64;
        let is_bad = values >= rules.list_values_min && share > rules.list_in_use_max.get();
        is_bad.then_some(BlastReason::ListInUse { in_use, values })
    }
}

/// What past traffic says about everything that is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Days of it that are known.
    pub days: u32,
    /// How listed values were used; what is not in it did not occur.
    pub uses: BTreeMap<IndicatorKind, BTreeMap<String, Use>>,
    /// How much of what each source lists is in use.
    pub lists: BTreeMap<SourceId, ListUse>,
    /// More listed values are in use than are told apart here.
    pub is_cut: bool,
}

impl Traffic {
    /// How a value was used.
    pub fn used(&self, kind: IndicatorKind, value: &str) -> Use {
        self.uses.get(&kind).and_then(|uses| uses.get(value)).copied().unwrap_or_default()
    }

    /// Why nothing at all may block yet.
    fn unknown(&self, rules: &BlastRules) -> Vec<BlastReason> {
        let too_few = self.days < rules.days;
        let too_few = too_few.then_some(BlastReason::TooFewDays { known: self.days, needed: rules.days });
        too_few.into_iter().chain(self.is_cut.then_some(BlastReason::TooMuchInUse)).collect()
    }

    /// Whether a value that these sources list may block; a refusal says why. One list that knows good from bad is enough.
    pub fn may_block(
        &self,
        (kind, value): (IndicatorKind, &str),
        sources: &[SourceId],
        rules: &BlastRules,
    ) -> Explained<bool, BlastReason> {
        let mut because = self.unknown(rules);
        because.extend(reasons(kind, value, self.used(kind, value), rules));
        let of_list = |source: &SourceId| self.lists.get(source).and_then(|list| list.reason(rules));
        let lists: Option<Vec<BlastReason>> = sources.iter().map(of_list).collect();
        because.extend(lists.into_iter().flatten().next());
        Explained { value: because.is_empty(), because }
    }
}

/// Why something must not block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BlastReason {
    /// Too little is known about what is normal.
    TooFewDays {
        /// Days of traffic that are known.
        known: u32,
        /// Days that have to be.
        needed: u32,
    },
    /// It names far too much.
    TooBroad,
    /// It is no value of its kind, so nobody knows what it would hit.
    NoValue,
    /// Many machines here use it.
    ManyMachines {
        /// How many.
        machines: u64,
        /// How many may.
        most: u64,
    },
    /// It is used day after day.
    ManyDays {
        /// On how many days.
        days: u32,
        /// On how many it may be.
        most: u32,
    },
    /// It is used very often.
    ManyEvents {
        /// How often.
        events: u64,
        /// How often it may be.
        most: u64,
    },
    /// The whole list names too much that is in use here.
    ListInUse {
        /// Values in use.
        in_use: u64,
        /// Values on the list.
        values: u64,
    },
    /// More of what is listed is in use than can be told apart.
    TooMuchInUse,
    /// The list is longer than can be checked.
    TooLong {
        /// Values on it.
        values: usize,
    },
}

impl fmt::Display for BlastReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlastReason::TooFewDays { known, needed } => {
                let (days, are) = if *known == 1 { ("day", "is") } else { ("days", "are") };
                write!(f, "only {known} {days} of traffic {are} known, {needed} are needed to know what is normal")
            }
            BlastReason::TooBroad => f.write_str("names so much that it is rather a mistake"),
            BlastReason::NoValue => f.write_str("is no value of its kind"),
            BlastReason::ManyMachines { machines, most } => {
                write!(f, "{machines} machines here had to do with it, more than {most}")
            }
            BlastReason::ManyDays { days, most } => write!(f, "seen here on {days} days, more than {most}"),
            BlastReason::ManyEvents { events, most } => write!(f, "seen here {events} times, more than {most}"),
            BlastReason::ListInUse { in_use, values } => {
                write!(f, "{in_use} of the list's {values} values are in use here: the list cannot be trusted to block")
            }
            BlastReason::TooMuchInUse => f.write_str("more of what is listed is in use here than can be told apart"),
            BlastReason::TooLong { values } => write!(f, "a list of {values} values is longer than can be checked"),
        }
    }
}

/// What the check says about a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlastReport {
    /// Values looked at.
    pub values: usize,
    /// Values that past traffic knows at all.
    pub in_use: usize,
    /// Why nothing of the list may block; empty when single values decide.
    pub list: Vec<BlastReason>,
    /// Values that must not block, each with every reason. All others may, unless `list` says no.
    pub held: BTreeMap<String, Vec<BlastReason>>,
}

impl BlastReport {
    /// Whether this value of the list may block; a refusal says why.
    pub fn may_block(&self, value: &str) -> Explained<bool, BlastReason> {
        let because: Vec<BlastReason> =
            self.list.iter().chain(self.held.get(value).into_iter().flatten()).cloned().collect();
        Explained { value: because.is_empty(), because }
    }
}

/// Checks a list of values against what past traffic says of them.
pub fn blast(values: &[(IndicatorKind, String)], traffic: &Traffic, rules: &BlastRules) -> BlastReport {
    let mut report = BlastReport { values: values.len(), in_use: 0, list: Vec::new(), held: BTreeMap::new() };
    if values.len() > limits::BLAST_VALUES_MAX {
        report.list.push(BlastReason::TooLong { values: values.len() });
        return report;
    }
    report.list = traffic.unknown(rules);
    for (kind, value) in values {
        let used = traffic.used(*kind, value);
        report.in_use += usize::from(used.events > 0 || used.machines > 0);
        let reasons = reasons(*kind, value, used, rules);
        if !reasons.is_empty() {
            report.held.insert(value.clone(), reasons);
        }
    }
    let list = ListUse { values: values.len() as u64, in_use: report.in_use as u64 };
    report.list.extend(list.reason(rules));
    report
}

fn reasons(kind: IndicatorKind, value: &str, used: Use, rules: &BlastRules) -> Vec<BlastReason> {
    let mut because = Vec::new();
    // Blocking goes by the normal form: what has none, or is written otherwise, would hit something that nobody counted.
    if detect::indicators::normal(kind, value).as_deref() != Some(value) {
        because.push(BlastReason::NoValue);
    } else if names_too_much(kind, value) {
        because.push(BlastReason::TooBroad);
    }
    if used.machines > rules.machines_max {
        because.push(BlastReason::ManyMachines { machines: used.machines, most: rules.machines_max });
    }
    if used.days > rules.days_seen_max {
        because.push(BlastReason::ManyDays { days: used.days, most: rules.days_seen_max });
    }
    if used.events > rules.events_max {
        because.push(BlastReason::ManyEvents { events: used.events, most: rules.events_max });
    }
    because
}

fn names_too_much(kind: IndicatorKind, value: &str) -> bool {
    is_broad(&Indicator {
        kind,
        value: value.to_owned(),
        label: String::new(),
        confidence: Confidence::UNSTATED,
        level: Level::Informational,
        source: String::new(),
        seen: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use proptest::prelude::*;

    fn list(values: &[&str]) -> Vec<(IndicatorKind, String)> {
        values.iter().filter_map(|value| detect::indicators::infer(value)).collect()
    }

    /// Thirty days, in which each of these was used by so many machines, so often, on so many days.
    fn traffic(used: &[(&str, u64, u64, u32)]) -> Traffic {
        let mut traffic = Traffic { days: 30, ..Traffic::default() };
        for &(value, machines, events, days) in used {
            let Some((kind, value)) = detect::indicators::infer(value) else { continue };
            traffic.uses.entry(kind).or_default().insert(value, Use { machines, events, days });
        }
        traffic
    }

    #[test]
    fn what_is_used_here_does_not_block() {
        let check = |value: &str, used: (u64, u64, u32), expected: &[&str]| {
            let traffic = traffic(&[(value, used.0, used.1, used.2)]);
            let report = blast(&list(&[value]), &traffic, &Rules::default().blast);
            let said = report.may_block(value);
            assert_eq!(said.because.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{value} {used:?}");
            assert_eq!(said.value, expected.is_empty());
        };
        check("198.51.100.7", (0, 0, 0), &[]);
        check("198.51.100.7", (3, 200, 10), &[]);
        check("198.51.100.7", (40, 200, 3), &["40 machines here had to do with it, more than 3"]);
        check("198.51.100.7", (1, 200, 28), &["seen here on 28 days, more than 10"]);
        check("198.51.100.7", (1, 20_000, 3), &["seen here 20000 times, more than 10000"]);
        check("co.uk", (0, 0, 0), &["names so much that it is rather a mistake"]);
        check("10.0.0.0/7", (0, 0, 0), &["names so much that it is rather a mistake"]);
        check(
            "evil.example",
            (9, 1, 11),
            &["9 machines here had to do with it, more than 3", "seen here on 11 days, more than 10"],
        );
    }

    #[test]
    fn a_list_that_knows_no_good_from_bad_blocks_nothing() {
        let names: Vec<String> = (0..200).map(|n| format!("h{n}.example")).collect();
        let values = list(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let seen = |n: usize| traffic(&names.iter().take(n).map(|name| (name.as_str(), 1, 1, 1)).collect::<Vec<_>>());
        assert!(blast(&values, &seen(2), &Rules::default().blast).may_block("h9.example").value);
        let report = blast(&values, &seen(3), &Rules::default().blast);
        assert_eq!(report.in_use, 3);
        assert_eq!(report.list, [BlastReason::ListInUse { in_use: 3, values: 200 }]);
        assert!(!report.may_block("h9.example").value);
    }

    #[test]
    fn who_knows_no_traffic_cannot_say_yes() {
        let rules = Rules::default().blast;
        let report = blast(&list(&["198.51.100.7"]), &Traffic { days: 12, ..Traffic::default() }, &rules);
        assert_eq!(report.list, [BlastReason::TooFewDays { known: 12, needed: 30 }]);
        let report = blast(&[(IndicatorKind::Ipv4, "Evil".into())], &traffic(&[]), &rules);
        assert_eq!(report.may_block("Evil").because, [BlastReason::NoValue]);
    }

    #[test]
    fn a_list_too_long_to_check_blocks_nothing() {
        let values = vec![(IndicatorKind::Ipv4, String::new()); limits::BLAST_VALUES_MAX + 1];
        let report = blast(&values, &traffic(&[]), &Rules::default().blast);
        assert_eq!(report.list, [BlastReason::TooLong { values: limits::BLAST_VALUES_MAX + 1 }]);
    }

    #[test]
    fn one_list_that_knows_good_from_bad_is_enough() {
        let source = |name: &str| SourceId::parse(name).expect("a label");
        let (good, bad) = (source("good"), source("bad"));
        let mut known = traffic(&[]);
        known.lists.insert(good.clone(), ListUse { values: 1_000, in_use: 2 });
        known.lists.insert(bad.clone(), ListUse { values: 1_000, in_use: 90 });
        let rules = Rules::default().blast;
        let ask = |traffic: &Traffic, sources: &[SourceId]| {
            traffic.may_block((IndicatorKind::Ipv4, "198.51.100.7"), sources, &rules).because
        };
        assert_eq!(ask(&known, std::slice::from_ref(&good)), []);
        assert_eq!(ask(&known, &[bad.clone(), good]), []);
        assert_eq!(ask(&known, &[bad]), [BlastReason::ListInUse { in_use: 90, values: 1_000 }]);
        assert_eq!(ask(&Traffic { is_cut: true, ..known }, &[]), [BlastReason::TooMuchInUse]);
        let used = traffic(&[("198.51.100.7", 9, 9, 9)]);
        assert_eq!(ask(&used, &[]), [BlastReason::ManyMachines { machines: 9, most: 3 }]);
        let few = Traffic { days: 3, ..Traffic::default() };
        assert_eq!(ask(&few, &[]), [BlastReason::TooFewDays { known: 3, needed: 30 }]);
    }

    proptest! {
        #[test]
        fn more_use_never_frees(machines in 0u64..10, events in 0u64..20_000, days in 0u32..30, more in 0u64..5) {
            let check = |machines, events, days| {
                let traffic = traffic(&[("192.0.2.1", machines, events, days)]);
                blast(&list(&["192.0.2.1"]), &traffic, &Rules::default().blast).may_block("192.0.2.1").value
            };
            prop_assert!(check(machines, events, days) || !check(machines + more, events + more, days + 1));
        }
    }
}
