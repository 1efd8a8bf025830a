//! How likely an account, application, machine, device or service is in wrong hands, and how much that matters: one score from 0 to 100.
//!
//! Findings speak for or against as weights of evidence (I. J. Good: logarithms of likelihood ratios that add up). They fade by halves, the same
//! finding again adds little, and analytics of one tactic share their weight, as they often see the same thing. The sum moves the odds from
//! a prior; what is above the prior, times what a loss of the entity leads to, is an expected loss. The score is its logarithm, so that a number
//! means the same loss for whatever it stands beside: 80 is [`ScorePolicy::loss_at_80`].
//!
//! Deliberately absent: residents. Addresses, domains and files are refused ([`ScoreError::NoSubject`]).

mod policy;
mod signs;

use std::collections::BTreeMap;
use std::fmt;

use model::words::{counted, grouped};
use model::{Entity, EntityKind, Explained, FindingId, Level, Timestamp};

use crate::interval::Probability;

pub use policy::{Damping, Fading, ScorePolicy, ScorePolicyError};
pub use signs::{Factor, Sign, Signs};

/// Parts of the loss at 80 below which a score is near nothing.
const PARTS: f64 = 1_000.0;
/// The score of that loss.
const ANCHOR: f64 = 80.0;

/// A score from 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u8);

impl Score {
    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The score of an expected loss.
    pub fn of_loss(loss: f64, policy: &ScorePolicy) -> Self {
        let share = libm::log1p(loss.max(0.0) * PARTS / policy.loss_at_80) / libm::log1p(PARTS);
        let number = (ANCHOR * share).round().clamp(0.0, 100.0);
        Score(if number.is_nan() { 100 } else { number as u8 })
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a loss of an entity leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stake {
    /// The register says so: the sum in money, and in words what it is.
    Known {
        /// How much.
        money: f64,
        /// What: for example `sirens, welfare portal`.
        leads_to: String,
    },
    /// Nobody has said: the policy's guess for such entities counts.
    #[default]
    Unsaid,
}

/// What people decided about findings of an analytic, over all entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// They were what they seemed.
    pub confirmed: u32,
    /// They were harmless.
    pub refuted: u32,
}

/// Why a score is what it is.
#[derive(Clone, Debug, PartialEq)]
pub enum ScoreReason {
    /// A finding speaks for it.
    Sign {
        /// Of which analytic.
        analytic: String,
        /// Its title.
        title: String,
        /// Its level.
        level: Level,
        /// How often.
        times: u32,
        /// When last.
        last: Timestamp,
        /// The latest finding.
        finding: FindingId,
        /// Its part of all that speaks for it.
        share: Probability,
    },
    /// What a loss leads to.
    Stake {
        /// In money.
        money: f64,
        /// In words; empty where nobody has said.
        leads_to: String,
    },
}

impl fmt::Display for ScoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScoreReason::Sign { title, level, times, last, share, .. } => {
                let times = counted(u64::from(*times), "time");
                write!(f, "{title} ({level}), {times}, last {last}: {:.0} % of what speaks for it", share.get() * 100.0)
            }
            ScoreReason::Stake { money, leads_to } => {
                let sum = grouped(money.clamp(0.0, 1e18) as u64);
                match leads_to.as_str() {
                    "" => write!(f, "nobody has said what its loss leads to; {sum} counts"),
                    leads_to => write!(f, "its loss leads to {sum}: {leads_to}"),
                }
            }
        }
    }
}

/// An entity's risk at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// The probability that it is in wrong hands.
    pub probability: Probability,
    /// The loss that is expected because of what was found, in money.
    pub loss: f64,
    /// The score.
    pub score: Score,
}

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// Such entities have no score: somebody whom the city protects may stand behind them.
    #[error("{0} has no score: only accounts, applications, machines, devices and services have one")]
    NoSubject(Entity),
}

/// The risk of an entity at a moment, most important reasons first.
///
/// # Errors
/// When the entity is none that may have a score.
pub fn risk(
    (entity, signs): (&Entity, &Signs),
    stake: &Stake,
    decided: &BTreeMap<String, Decided>,
    policy: &ScorePolicy,
    now: Timestamp,
) -> Result<Explained<Risk, ScoreReason>, ScoreError> {
    if !entity.kind().is_subject() {
        return Err(ScoreError::NoSubject(entity.clone()));
    }
    let prior = policy.prior_of(entity.kind());
    let weighed = weigh(signs, decided, policy, now);
    let sum: f64 = weighed.iter().map(|(_, weight)| weight).sum();
    // The logarithm and back would not give the same last bit.
    let probability = Probability::nearest(if sum > 0.0 { moved(prior, sum) } else { prior });
    let (money, leads_to) = match stake {
        Stake::Known { money, leads_to } => (money.max(0.0), leads_to.clone()),
        Stake::Unsaid => (policy.stake_of(entity.kind()), String::new()),
    };
    let loss = (probability.get() - prior).max(0.0) * money;
    let mut because: Vec<ScoreReason> = weighed
        .into_iter()
        .filter(|(_, weight)| *weight > 0.0)
        .map(|((analytic, factor), weight)| ScoreReason::Sign {
            analytic: analytic.clone(),
            title: factor.title.clone(),
            level: factor.level,
            times: factor.times,
            last: factor.last,
            finding: factor.finding,
            share: Probability::nearest(weight / sum),
        })
        .collect();
    because.push(ScoreReason::Stake { money, leads_to });
    Ok(Explained { value: Risk { probability, loss, score: Score::of_loss(loss, policy) }, because })
}

/// A factor with the analytic that it is of.
type Named<'s> = (&'s String, &'s Factor);

/// What each factor weighs now, the heaviest first.
fn weigh<'s>(
    signs: &'s Signs,
    decided: &BTreeMap<String, Decided>,
    policy: &ScorePolicy,
    now: Timestamp,
) -> Vec<(Named<'s>, f64)> {
    let alone = |(analytic, factor): Named<'s>| {
        let fading = policy.level(factor.level);
        let said = decided.get(analytic).copied().unwrap_or_default();
        let moved = shift(said).clamp(-policy.damping.decided_max, policy.damping.decided_max);
        let weight = (fading.weight * factor.confidence.get() + moved.min(fading.weight)).max(0.0);
        let again = (1.0 + policy.damping.repeated * libm::log2(f64::from(factor.times.max(1))))
            .min(policy.damping.repeated_max);
        let hours = hours_between(factor.last, now);
        ((analytic, factor), weight * again * libm::exp2(-hours / fading.half_life_hours))
    };
    let mut all: Vec<(Named<'s>, f64)> = signs.factors().map(alone).collect();
    // Equal weights stand by the analytic's name, so that the same signs give the same order.
    all.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.0.cmp(other.0.0)));
    let mut of_tactic: BTreeMap<&str, i32> = BTreeMap::new();
    for ((_, factor), weight) in &mut all {
        let before = of_tactic.entry(factor.tactic.as_str()).or_default();
        *weight *= libm::pow(policy.damping.same_tactic, f64::from(*before));
        *before += 1;
    }
    all.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.0.cmp(other.0.0)));
    all
}

/// What decisions say of an analytic: the logarithm of confirmed against refuted, two of each supposed before anybody decided.
fn shift(decided: Decided) -> f64 {
    let supposed = |count: u32| f64::from(count) + 2.0;
    libm::log(supposed(decided.confirmed) / supposed(decided.refuted))
}

/// A probability after so much evidence.
fn moved(prior: f64, weight: f64) -> f64 {
    let odds = libm::log(prior / (1.0 - prior)) + weight;
    1.0 / (1.0 + libm::exp(-odds))
}

fn hours_between(earlier: Timestamp, later: Timestamp) -> f64 {
    let micros = later.as_micros().saturating_sub(earlier.as_micros()).max(0);
    micros as f64 / 3_600_000_000.0
}

/// The sorts of entities that have a score.
pub fn subjects() -> impl Iterator<Item = EntityKind> {
    model::entity::ENTITY_KINDS.iter().map(|(kind, _)| *kind).filter(|kind| kind.is_subject())
}

#[cfg(test)]
mod tests;
