//! What a source is worth: its grade to begin with, and then what became of what it said.
//!
//! The Admiralty reliability A–F is the mean of a Beta distribution that counts as much as some sightings; confirmed and false
//! sightings of what the source named update it, and its mean is the source's weight. A feed that cries wolf loses weight, and
//! the reasons say how it came to it.
//!
//! Feedback is an input that somebody may want to poison, so it is bounded three times (`rules.toml`, `[trust]`): what one
//! person says on one day, what one person says at all, and what all together can do against the grade.

use std::collections::BTreeMap;
use std::fmt;

use model::{Explained, Reliability, Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::rules::TrustRules;
use crate::weight::Weight;

/// What a sighting turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Harmless after all.
    FalseAlarm,
    /// Really an attack.
    Confirmed,
}

/// What one person, or one program under its own name, decided about a sighting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Feedback {
    /// When it was decided.
    pub at: Timestamp,
    /// What it turned out to be.
    pub outcome: Outcome,
    /// Who decided: a pseudonymous id will do, it only has to be the same for the same person.
    pub by: String,
}

/// Confirmed and false sightings that count. Fractions come from a person's share being cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// Confirmed.
    pub confirmed: f64,
    /// False.
    pub false_alarms: f64,
    /// Given, but not counted: too many from one person, too many altogether, or too old.
    pub not_counted: u64,
}

/// Limits on counting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) per_person_and_day: u32,
    pub(crate) per_person: u32,
    pub(crate) in_all: u32,
    pub(crate) window_days: u32,
}

/// One person's tally.
#[derive(Clone, Copy, Default)]
struct Tally {
    confirmed: f64,
    false_alarms: f64,
}

impl Tally {
    fn sum(self) -> f64 {
        self.confirmed + self.false_alarms
    }

    /// Both shrink alike, so that one more false alarm never helps and one more confirmation never hurts.
    fn at_most(self, cap: f64) -> Tally {
        let sum = self.sum();
        if sum <= cap {
            return self;
        }
        Tally { confirmed: cap * self.confirmed / sum, false_alarms: cap * self.false_alarms / sum }
    }

    fn add(&mut self, other: Tally) {
        self.confirmed += other.confirmed;
        self.false_alarms += other.false_alarms;
    }
}

/// Counts feedback under the caps; its order does not matter.
pub(crate) fn count(feedback: &[Feedback], caps: Caps, now: Timestamp) -> Counted {
    let oldest_day = i64::from(now.day()) - i64::from(caps.window_days);
    let mut days: BTreeMap<(&str, i32), Tally> = BTreeMap::new();
    for one in feedback.iter().take(limits::FEEDBACK_MAX) {
        if i64::from(one.at.day()) < oldest_day {
            continue;
        }
        let tally = days.entry((one.by.as_str(), one.at.day())).or_default();
        match one.outcome {
            Outcome::Confirmed => tally.confirmed += 1.0,
            Outcome::FalseAlarm => tally.false_alarms += 1.0,
        }
    }
    let mut people: BTreeMap<&str, Tally> = BTreeMap::new();
    for ((person, _), tally) in days {
        people.entry(person).or_default().add(tally.at_most(f64::from(caps.per_person_and_day)));
    }
    let mut all = Tally::default();
    for tally in people.into_values() {
        all.add(tally.at_most(f64::from(caps.per_person)));
    }
    let all = all.at_most(f64::from(caps.in_all));
    // The sum of whole parts that were cut is whole but for rounding.
    let counted = all.sum().round() as u64;
    let not_counted = (feedback.len() as u64).saturating_sub(counted);
    Counted { confirmed: all.confirmed, false_alarms: all.false_alarms, not_counted }
}

/// How a source stands against its grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// About as its grade says.
    AsGraded,
    /// Better than its grade, by the margin.
    BetterThanGraded,
    /// Far below its grade: too many false alarms.
    CriesWolf,
}

/// A source's weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// What each of its claims is multiplied with.
    pub weight: Weight,
    /// What its grade alone would give.
    pub by_grade: Weight,
    /// Against its grade.
    pub standing: Standing,
}

/// Why a source weighs so much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrustReason {
    /// Its grade.
    Graded {
        /// Admiralty reliability.
        reliability: Reliability,
        /// What that comes to.
        weight: Weight,
        /// How many sightings that is worth.
        sightings: u32,
    },
    /// Sightings that counted.
    Sightings {
        /// Confirmed.
        confirmed: f64,
        /// False.
        false_alarms: f64,
    },
    /// Sightings that did not count.
    NotCounted {
        /// How many.
        sightings: u64,
    },
    /// Too many false alarms.
    CriesWolf {
        /// What its grade would give.
        by_grade: Weight,
        /// What is left.
        weight: Weight,
    },
}

impl fmt::Display for TrustReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrustReason::Graded { reliability, weight, sightings } => {
                write!(f, "graded {reliability:?}: {weight} to begin with, worth {sightings} sightings")
            }
            TrustReason::Sightings { confirmed, false_alarms } => {
                write!(f, "confirmed sightings: {confirmed:.0}, false alarms: {false_alarms:.0}")
            }
            TrustReason::NotCounted { sightings } => {
                write!(f, "{sightings} more were not counted: too old, or too many from one person or altogether")
            }
            TrustReason::CriesWolf { by_grade, weight } => {
                write!(f, "cries wolf: {weight} instead of the {by_grade} of its grade")
            }
        }
    }
}

/// What a source is worth, from its grade and from what became of its claims; of more than [`limits::FEEDBACK_MAX`] sightings the
/// first.
pub fn trust(
    reliability: Reliability,
    feedback: &[Feedback],
    rules: &TrustRules,
    now: Timestamp,
) -> Explained<Trust, TrustReason> {
    let caps = Caps {
        per_person_and_day: rules.counted_per_person_and_day,
        per_person: rules.counted_per_person,
        in_all: rules.counted,
        window_days: rules.window_days,
    };
    let counted = count(feedback, caps, now);
    let graded = Weight::of_percent(reliability.percent()).get();
    let mean = graded.max(rules.prior_mean_min.get()).min(rules.prior_mean_max.get());
    let prior = f64::from(rules.prior_sightings);
    let (alpha, beta) = (mean * prior + counted.confirmed, (1.0 - mean) * prior + counted.false_alarms);
    let (weight, by_grade) = (Weight::nearest(alpha / (alpha + beta)), Weight::nearest(mean));
    let margin = rules.cries_wolf_below.get();
    let standing = match weight.get() - mean {
        change if change <= -margin => Standing::CriesWolf,
        change if change >= margin => Standing::BetterThanGraded,
        _ => Standing::AsGraded,
    };
    let mut because = Vec::new();
    if standing == Standing::CriesWolf {
        because.push(TrustReason::CriesWolf { by_grade, weight });
    }
    because.push(TrustReason::Graded { reliability, weight: by_grade, sightings: rules.prior_sightings });
    if counted.confirmed + counted.false_alarms > 0.0 {
        because.push(TrustReason::Sightings { confirmed: counted.confirmed, false_alarms: counted.false_alarms });
    }
    if counted.not_counted > 0 {
        because.push(TrustReason::NotCounted { sightings: counted.not_counted });
    }
    Explained { value: Trust { weight, by_grade, standing }, because }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rules::Rules;
    use proptest::prelude::*;

    const DAY: u64 = 86_400;

    fn at(day: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(day * DAY))
    }

    fn said(outcome: Outcome, by: &str, day: u64) -> Feedback {
        Feedback { at: at(day), outcome, by: by.to_owned() }
    }

    fn weight(reliability: Reliability, feedback: &[Feedback]) -> f64 {
        trust(reliability, feedback, &Rules::default().trust, at(100)).value.weight.get()
    }

    #[test]
    fn a_grade_is_where_it_begins() {
        let check = |reliability, expected: f64| assert_eq!(weight(reliability, &[]), expected, "{reliability:?}");
        check(Reliability::A, 0.95);
        check(Reliability::B, 0.75);
        check(Reliability::C, 0.5);
        check(Reliability::D, 0.25);
        check(Reliability::E, 0.05);
        check(Reliability::F, 0.5);
    }

    #[test]
    fn who_cries_wolf_loses_weight_and_it_shows() {
        let many: Vec<Feedback> =
            (0..30).map(|n| said(Outcome::FalseAlarm, &format!("p{}", n % 6), 90 + n % 5)).collect();
        let judged = trust(Reliability::B, &many, &Rules::default().trust, at(100));
        assert_eq!(judged.value.weight.get(), 15.0 / 50.0);
        assert_eq!(judged.value.standing, Standing::CriesWolf);
        let words = judged.because.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            words,
            [
                "cries wolf: 0.30 instead of the 0.75 of its grade",
                "graded B: 0.75 to begin with, worth 20 sightings",
                "confirmed sightings: 0, false alarms: 30",
            ]
        );
    }

    #[test]
    fn one_person_cannot_click_a_feed_away() {
        let clicks = |people: u64, each: u64, outcome| -> Vec<Feedback> {
            (0..people * each).map(|n| said(outcome, &format!("p{}", n % people), n % 90 + 10)).collect()
        };
        // Ten of a person's thousand count: (15 + 0) / (20 + 10).
        assert_eq!(weight(Reliability::B, &clicks(1, 1_000, Outcome::FalseAlarm)), 0.5);
        // Five of a day's thousand.
        let one_day: Vec<Feedback> = (0..1_000).map(|_| said(Outcome::FalseAlarm, "p", 50)).collect();
        assert_eq!(weight(Reliability::B, &one_day), 15.0 / 25.0);
        // And everybody together leaves something, and makes nobody infallible.
        assert_eq!(weight(Reliability::B, &clicks(100, 100, Outcome::FalseAlarm)), 15.0 / 80.0);
        assert_eq!(weight(Reliability::E, &clicks(100, 100, Outcome::Confirmed)), 61.0 / 80.0);
    }

    #[test]
    fn old_sightings_are_forgotten_and_those_left_out_are_told() {
        let rules = Rules::default().trust;
        let old = [said(Outcome::FalseAlarm, "p", 1), said(Outcome::FalseAlarm, "p", 500)];
        let judged = trust(Reliability::B, &old, &rules, at(600));
        assert_eq!(judged.value.weight.get(), 15.0 / 21.0);
        assert!(judged.because.contains(&TrustReason::NotCounted { sightings: 1 }));
    }

    #[test]
    fn too_many_sightings_are_not_looked_at() {
        let mut many = vec![said(Outcome::Confirmed, "p", 1_000); limits::FEEDBACK_MAX];
        many.push(said(Outcome::FalseAlarm, "q", 99));
        assert_eq!(
            count(&many, Caps { per_person_and_day: 9, per_person: 9, in_all: 9, window_days: 9 }, at(100))
                .false_alarms,
            0.0
        );
        many.remove(0);
        assert!(
            count(&many, Caps { per_person_and_day: 9, per_person: 9, in_all: 9, window_days: 9 }, at(100))
                .false_alarms
                > 0.0
        );
    }

    fn some_feedback() -> impl Strategy<Value = Vec<Feedback>> {
        let one = (any::<bool>(), 0u8..4, 80u64..100).prop_map(|(good, who, day)| {
            said(if good { Outcome::Confirmed } else { Outcome::FalseAlarm }, &format!("p{who}"), day)
        });
        proptest::collection::vec(one, 0..80)
    }

    proptest! {
        #[test]
        fn more_of_either_moves_one_way_only(mut feedback in some_feedback(), who in 0u8..5, day in 80u64..100) {
            let before = weight(Reliability::C, &feedback);
            prop_assert!((0.0..=1.0).contains(&before));
            feedback.push(said(Outcome::FalseAlarm, &format!("p{who}"), day));
            let worse = weight(Reliability::C, &feedback);
            prop_assert!(worse <= before + 1e-12);
            feedback.pop();
            feedback.push(said(Outcome::Confirmed, &format!("p{who}"), day));
            prop_assert!(weight(Reliability::C, &feedback) >= before - 1e-12);
        }

        #[test]
        fn order_does_not_matter(mut feedback in some_feedback()) {
            let before = weight(Reliability::D, &feedback);
            feedback.reverse();
            prop_assert_eq!(weight(Reliability::D, &feedback), before);
        }

        #[test]
        fn one_person_moves_little(feedback in some_feedback(), flood in 1usize..300) {
            let before = weight(Reliability::B, &feedback);
            let mut flooded = feedback;
            flooded.extend((0..flood).map(|n| said(Outcome::FalseAlarm, "the-same", (n % 100) as u64)));
            // Ten of at least thirty.
            prop_assert!(before - weight(Reliability::B, &flooded) <= 10.0 / 30.0 + 1e-12);
        }
    }
}
