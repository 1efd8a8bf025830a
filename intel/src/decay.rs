//! How much of a claim is left after some time.
//!
//! MISP's polynomial model: score = base · (1 − (t/τ)^(1/δ)), τ the lifetime and δ the speed, by kind and label of the
//! indicator; the parameters and their sources stand in `decay.toml` beside this file. The clock starts when the source last
//! vouched for it, and a true sighting starts it again. Some things never decay.

use std::fmt;

use model::{Explained, IndicatorKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::rules::{RulesError, laid_over};
use crate::weight::Weight;
use crate::words::is_word_of;

const BUILT_IN: &str = include_str!("decay.toml");

/// Microseconds of a day.
const DAY_US: f64 = 86_400_000_000.0;
/// Longest lifetime, a hundred years: longer is "never decays".
const LIFETIME_DAYS_MAX: f64 = 36_500.0;

/// Lifetime and speed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Days after which nothing is left (τ).
    lifetime_days: f64,
    /// Above 1 most is lost at the beginning, below 1 at the end (δ).
    decay_speed: f64,
}

impl Curve {
    /// From lifetime and speed; `None` where they make no curve.
    pub fn new(lifetime_days: f64, decay_speed: f64) -> Option<Self> {
        let lives = lifetime_days > 0.0 && lifetime_days <= LIFETIME_DAYS_MAX;
        let falls = (0.01..=100.0).contains(&decay_speed);
        (lives && falls).then_some(Curve { lifetime_days, decay_speed })
    }

    /// What is left at an age.
    ///
    /// ```
    /// use intel::decay::Curve;
    /// let curve = Curve::new(120.0, 2.0).unwrap();
    /// assert_eq!(curve.left(0.0).get(), 1.0);
    /// assert_eq!(curve.left(30.0).get(), 0.5);
    /// assert_eq!(curve.left(120.0).get(), 0.0);
    /// ```
    pub fn left(&self, age_days: f64) -> Weight {
        let age = (age_days.max(0.0) / self.lifetime_days).min(1.0);
        Weight::nearest(1.0 - age.powf(1.0 / self.decay_speed))
    }
}

/// Why so much is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DecayReason {
    /// It grew old.
    Aged {
        /// Days since the clock started.
        age_days: f64,
        /// Days after which nothing is left.
        lifetime_days: f64,
        /// What is left.
        left: Weight,
    },
    /// It was seen here, so the clock started again.
    SeenAgain {
        /// When.
        at: Timestamp,
    },
    /// It never decays.
    Exempt {
        /// The kind or label that says so.
        by: String,
    },
}

impl fmt::Display for DecayReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecayReason::Aged { age_days, lifetime_days, left } => {
                write!(f, "{age_days:.1} days old of a life of {lifetime_days:.0}: {left} is left")
            }
            DecayReason::SeenAgain { at } => write!(f, "seen here at {at}, so the clock started again"),
            DecayReason::Exempt { by } => write!(f, "never decays: {by}"),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurveFor {
    kinds: Vec<IndicatorKind>,
    #[serde(default)]
    labels: Vec<String>,
    lifetime_days: f64,
    decay_speed: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exempt {
    #[serde(default)]
    kinds: Vec<IndicatorKind>,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    curve: Vec<CurveFor>,
    #[serde(default)]
    exempt: Exempt,
}

/// The curves of all kinds and labels, and what is exempt.
#[derive(Clone, Debug)]
pub struct DecayModel {
    /// Those with labels first, then those of kinds; of both the user's before ours.
    curves: Vec<CurveFor>,
    exempt: Exempt,
    fallback: Curve,
}

impl Default for DecayModel {
    /// The built-in curves.
    fn default() -> Self {
        match DecayModel::with_table("") {
            Ok(model) => model,
            // The table is part of the program and a test reads it.
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl DecayModel {
    /// The built-in curves with a user's before them. A user's `[exempt]` replaces ours, list by list.
    ///
    /// # Errors
    /// When the table is too long, is no TOML, has unknown keys, or curves that never fall.
    pub fn with_table(text: &str) -> Result<Self, RulesError> {
        let built_in: Table = toml::from_str(BUILT_IN)?;
        // Laid over each other, a user's curves would replace ours: they are to come before them.
        let table: Table = laid_over("[exempt]", text)?;
        let merged: Table = laid_over(BUILT_IN, text)?;
        let mut curves: Vec<CurveFor> = table.curve.into_iter().chain(built_in.curve).collect();
        let wrong = RulesError::OutOfRange {
            key: "curve",
            expected: "a lifetime of at most 36500 days and a decay_speed from 0.01 to 100",
        };
        if curves.iter().any(|curve| Curve::new(curve.lifetime_days, curve.decay_speed).is_none()) {
            return Err(wrong);
        }
        curves.sort_by_key(|curve| curve.labels.is_empty());
        // Kinds that come later decay as network things do.
        let fallback = Curve::new(120.0, 2.0).ok_or(wrong)?;
        Ok(DecayModel { curves, exempt: merged.exempt, fallback })
    }

    /// The curve for an indicator, or by what it is exempt.
    fn curve(&self, kind: IndicatorKind, label: &str) -> Result<Curve, String> {
        if let Some(by) = self.exempt.labels.iter().find(|word| is_word_of(word, label)) {
            return Err(by.clone());
        }
        if self.exempt.kinds.contains(&kind) {
            return Err(kind.name().to_owned());
        }
        let is_meant = |curve: &&CurveFor| {
            let by_label = curve.labels.is_empty() || curve.labels.iter().any(|word| is_word_of(word, label));
            by_label && curve.kinds.contains(&kind)
        };
        let found = self.curves.iter().find(is_meant);
        Ok(found.and_then(|curve| Curve::new(curve.lifetime_days, curve.decay_speed)).unwrap_or(self.fallback))
    }

    /// What is left of a claim that was last vouched for at `vouched`, of a thing last truly seen here at `sighted`.
    ///
    /// A moment after `now` counts as now: clocks differ.
    pub fn left(
        &self,
        (kind, label): (IndicatorKind, &str),
        vouched: Timestamp,
        sighted: Option<Timestamp>,
        now: Timestamp,
    ) -> Explained<Weight, DecayReason> {
        let curve = match self.curve(kind, label) {
            Ok(curve) => curve,
            Err(by) => return Explained { value: Weight::ONE, because: vec![DecayReason::Exempt { by }] },
        };
        let again = sighted.filter(|at| *at > vouched);
        let start = again.unwrap_or(vouched);
        let age_days = (now.as_micros().saturating_sub(start.as_micros()) as f64 / DAY_US).max(0.0);
        let left = curve.left(age_days);
        let mut because = vec![DecayReason::Aged { age_days, lifetime_days: curve.lifetime_days, left }];
        because.extend(again.map(|at| DecayReason::SeenAgain { at }));
        Explained { value: left, because }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use proptest::prelude::*;

    const DAY: u64 = 86_400;

    fn after(days: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(days * DAY))
    }

    #[test]
    fn by_kind_and_label() {
        let model = DecayModel::default();
        let check = |kind, label, days, expected: f64| {
            let left = model.left((kind, label), Timestamp::EPOCH, None, after(days)).value.get();
            assert!((left - expected).abs() < 0.005, "{kind} {label} after {days}: {left}");
        };
        // 1 − (30/120)^(1/2) = 0.5; MISP shows the same.
        check(IndicatorKind::Ipv4, "c2", 30, 0.5);
        check(IndicatorKind::Domain, "c2", 119, 0.004);
        check(IndicatorKind::Domain, "c2", 500, 0.0);
        check(IndicatorKind::Cidr, "c2", 120, 0.5);
        check(IndicatorKind::Url, "malicious/Phishing_kit", 1, 1.0 - (1.0f64 / 3.0).powf(1.0 / 2.3));
        check(IndicatorKind::Url, "malicious/phishing", 4, 0.0);
        check(IndicatorKind::Url, "spearphisher", 4, 1.0 - (4.0f64 / 120.0).sqrt());
        check(IndicatorKind::FileHash, "c2", 5_000, 1.0);
        check(IndicatorKind::Ipv4, "permanent", 5_000, 1.0);
        check(IndicatorKind::Ipv4, "apt/never-decays", 5_000, 1.0);
    }

    #[test]
    fn a_sighting_starts_the_clock_again() {
        let model = DecayModel::default();
        let thing = (IndicatorKind::Ipv4, "c2");
        let seen = model.left(thing, Timestamp::EPOCH, Some(after(90)), after(120));
        assert_eq!(seen.value, Weight::nearest(0.5));
        assert!(seen.because.iter().any(|reason| matches!(reason, DecayReason::SeenAgain { .. })));
        let before = model.left(thing, after(90), Some(after(10)), after(120));
        assert_eq!(before.value, seen.value, "an older sighting changes nothing");
    }

    #[test]
    fn a_users_curves_come_first() {
        let text = "[[curve]]\nkinds = [\"ipv4\"]\nlifetime_days = 10\ndecay_speed = 1\n[exempt]\nkinds = []\n";
        let model = DecayModel::with_table(text).unwrap();
        let left = |kind| model.left((kind, ""), Timestamp::EPOCH, None, after(5)).value.get();
        assert_eq!(left(IndicatorKind::Ipv4), 0.5);
        assert!(left(IndicatorKind::FileHash) < 1.0, "the user took the exemption away");
        for wrong in
            ["[[curve]]\nkinds = []\nlifetime_days = 0\ndecay_speed = 1", "[[curve]]\nkind = \"ipv4\"", "x = 1"]
        {
            assert!(DecayModel::with_table(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn only_falls(lifetime in 0.1f64..4_000.0, speed in 0.01f64..100.0, age in -10f64..5_000.0, later in 0f64..500.0) {
            let curve = Curve::new(lifetime, speed).unwrap();
            prop_assert!(curve.left(age + later) <= curve.left(age));
            prop_assert!((0.0..=1.0).contains(&curve.left(age).get()));
        }
    }
}
