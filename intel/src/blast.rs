//! What a block list would hit here: a check against past traffic, before anything on it may block (invariant 12).
//!
//! A list that names what the city uses every day would do the attacker's work. The caller counts, for each value, how many
//! internal machines talked to it, how often and on how many days; this says which values must not block, and whether the list
//! as a whole has lost its mind. Thresholds are data (`rules.toml`, `[blast]`).

use std::collections::BTreeMap;
use std::fmt;

use detect::indicators::is_broad;
use model::{Confidence, Explained, Indicator, IndicatorKind, Level, limits};
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
        in_use: usize,
        /// Values on the list.
        values: usize,
    },
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
                write!(f, "only {known} days of traffic are known, {needed} are needed to know what is normal")
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

/// Checks a list of values against `days_known` days of traffic. `uses` is what was counted for values that occurred;
/// a value that is not in it did not occur.
pub fn blast(
    values: &[(IndicatorKind, String)],
    uses: &BTreeMap<String, Use>,
    days_known: u32,
    rules: &BlastRules,
) -> BlastReport {
    let mut report = BlastReport { values: values.len(), in_use: 0, list: Vec::new(), held: BTreeMap::new() };
    if values.len() > limits::BLAST_VALUES_MAX {
        report.list.push(BlastReason::TooLong { values: values.len() });
        return report;
    }
    if days_known < rules.days {
        report.list.push(BlastReason::TooFewDays { known: days_known, needed: rules.days });
    }
    for (kind, value) in values {
        let used = uses.get(value).copied().unwrap_or_default();
        report.in_use += usize::from(used.events > 0 || used.machines > 0);
        let reasons = reasons(*kind, value, used, rules);
        if !reasons.is_empty() {
            report.held.insert(value.clone(), reasons);
        }
    }
    let share = report.in_use as f64 / values.len().max(1) as f64;
    if values.len() >= rules.list_values_min && share > rules.list_in_use_max.get() {
        report.list.push(BlastReason::ListInUse { in_use: report.in_use, values: values.len() });
    }
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

    fn uses(used: &[(&str, u64, u64, u32)]) -> BTreeMap<String, Use> {
        used.iter().map(|&(value, machines, events, days)| (value.to_owned(), Use { machines, events, days })).collect()
    }

    #[test]
    fn what_is_used_here_does_not_block() {
        let check = |value: &str, used: (u64, u64, u32), expected: &[&str]| {
            let uses = uses(&[(value, used.0, used.1, used.2)]);
            let report = blast(&list(&[value]), &uses, 30, &Rules::default().blast);
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
        let seen = |n: usize| {
            names.iter().take(n).map(|name| (name.clone(), Use { machines: 1, events: 1, days: 1 })).collect()
        };
        assert!(blast(&values, &seen(2), 30, &Rules::default().blast).may_block("h9.example").value);
        let report = blast(&values, &seen(3), 30, &Rules::default().blast);
        assert_eq!(report.in_use, 3);
        assert_eq!(report.list, [BlastReason::ListInUse { in_use: 3, values: 200 }]);
        assert!(!report.may_block("h9.example").value);
    }

    #[test]
    fn who_knows_no_traffic_cannot_say_yes() {
        let report = blast(&list(&["198.51.100.7"]), &BTreeMap::new(), 12, &Rules::default().blast);
        assert_eq!(report.list, [BlastReason::TooFewDays { known: 12, needed: 30 }]);
        let report = blast(&[(IndicatorKind::Ipv4, "Evil".into())], &BTreeMap::new(), 30, &Rules::default().blast);
        assert_eq!(report.may_block("Evil").because, [BlastReason::NoValue]);
    }

    #[test]
    fn a_list_too_long_to_check_blocks_nothing() {
        let values = vec![(IndicatorKind::Ipv4, String::new()); limits::BLAST_VALUES_MAX + 1];
        let report = blast(&values, &BTreeMap::new(), 30, &Rules::default().blast);
        assert_eq!(report.list, [BlastReason::TooLong { values: limits::BLAST_VALUES_MAX + 1 }]);
    }

    proptest! {
        #[test]
        fn more_use_never_frees(machines in 0u64..10, events in 0u64..20_000, days in 0u32..30, more in 0u64..5) {
            let check = |machines, events, days| {
                let uses = uses(&[("192.0.2.1", machines, events, days)]);
                blast(&list(&["192.0.2.1"]), &uses, 30, &Rules::default().blast).may_block("192.0.2.1").value
            };
            prop_assert!(check(machines, events, days) || !check(machines + more, events + more, days + 1));
        }
    }
}
