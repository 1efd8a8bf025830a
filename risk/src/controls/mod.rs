//! What controls hold back, from what assessments found.
//!
//! A control stops an attempt when it works against it (efficacy), is where the attempt happens (coverage), and is in force at
//! that time (reliability). Each of the three is a share that is believed in as a beta distribution: a uniform first belief,
//! then what assessments found satisfied and not satisfied (SP 800-53A results). The effect is their product.
//!
//! A share that nobody assessed may be anything: nothing is credited for it, and the interval reaches down to nothing. So
//! what is missing widens the interval and never lowers the risk, whatever it would have been. What was found satisfied long
//! ago counts less; what was found not satisfied counts until it is found mended.
//!
//! The product of independent beta distributions has known moments. Its quantiles are those of the beta distribution with the
//! same mean and variance, which is close (Fan, "The distribution of the product of independent beta variables", 1991); the
//! tests hold it against sampling.

use std::fmt;

use model::Explained;
use serde::{Deserialize, Serialize};

use crate::interval::{Interval, Probability};
use crate::special::beta_quantile;

/// Most findings of one kind that one share may rest on.
const FINDINGS_MAX: f64 = 1e6;
/// How sure intervals of effects are.
const SURE: Probability = Probability::NINETY_PERCENT;

/// What assessments found about one share of a control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub struct Evidence {
    /// Findings that were satisfied; old ones may count in part.
    satisfied: f64,
    /// Findings that were not.
    not_satisfied: f64,
}

/// The findings of the three shares, where there are any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assessed {
    /// Of the attempts that it sees while in force, the share that it stops.
    pub efficacy: Option<Evidence>,
    /// Of the places where attempts happen, the share where it is.
    pub coverage: Option<Evidence>,
    /// Of the time, the share in which it is in force.
    pub reliability: Option<Evidence>,
}

/// One of the three shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// It works.
    Efficacy,
    /// It is there.
    Coverage,
    /// It is in force.
    Reliability,
}

/// Which part of the attempts is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What is reckoned with: the mean, or nothing where a share is missing.
    pub credited: Probability,
    /// Where it lies with 90 %, and whatever is possible where a share is missing.
    pub interval: Interval,
}

/// Which part of the attempts gets past controls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passing {
    /// What is reckoned with: all but what is credited.
    pub reckoned: Probability,
    /// Where it lies, however the controls' failures hang together.
    pub interval: Interval,
}

/// Why an effect is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EffectReason {
    /// Nobody assessed that share.
    Missing {
        /// Which.
        share: Share,
    },
    /// What was found.
    Found {
        /// Which share.
        share: Share,
        /// Mean of the belief.
        mean: Probability,
        /// Findings satisfied, as far as they still count.
        satisfied: f64,
        /// Findings not satisfied.
        not_satisfied: f64,
    },
}

/// Why findings cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{satisfied} satisfied and {not_satisfied} not satisfied: from 0 to {FINDINGS_MAX} of each, and one at least")]
pub struct EvidenceError {
    satisfied: f64,
    not_satisfied: f64,
}

impl TryFrom<[f64; 2]> for Evidence {
    type Error = EvidenceError;

    fn try_from([satisfied, not_satisfied]: [f64; 2]) -> Result<Self, EvidenceError> {
        Evidence::new(satisfied, not_satisfied)
    }
}

impl From<Evidence> for [f64; 2] {
    fn from(evidence: Evidence) -> [f64; 2] {
        [evidence.satisfied, evidence.not_satisfied]
    }
}

impl Evidence {
    /// From the numbers of findings.
    ///
    /// # Errors
    /// When there are none: that is missing, not a share of a half.
    pub fn new(satisfied: f64, not_satisfied: f64) -> Result<Self, EvidenceError> {
        let possible = 0.0..=FINDINGS_MAX;
        let fits =
            possible.contains(&satisfied) && possible.contains(&not_satisfied) && satisfied + not_satisfied > 0.0;
        if fits { Ok(Evidence { satisfied, not_satisfied }) } else { Err(EvidenceError { satisfied, not_satisfied }) }
    }

    /// What is left of it after some days, when trust in a satisfied finding halves in `half_life_days`.
    pub fn aged(self, age_days: f64, half_life_days: f64) -> Self {
        let lives = half_life_days > 0.0 && age_days >= 0.0;
        let left = if lives { libm::exp2(-age_days / half_life_days) } else { 0.0 };
        Evidence { satisfied: self.satisfied * left, ..self }
    }

    /// Both together.
    pub fn and(self, other: Evidence) -> Self {
        Evidence {
            satisfied: (self.satisfied + other.satisfied).min(FINDINGS_MAX),
            not_satisfied: (self.not_satisfied + other.not_satisfied).min(FINDINGS_MAX),
        }
    }

    /// Parameters of the belief; the first belief is uniform.
    fn beta(self) -> (f64, f64) {
        (1.0 + self.satisfied, 1.0 + self.not_satisfied)
    }

    /// Mean of the belief.
    pub fn mean(self) -> Probability {
        let (a, b) = self.beta();
        Probability::nearest(a / (a + b))
    }

    /// The interval in which the share lies with the given probability.
    pub fn interval(self, sure: Probability) -> Interval {
        let (a, b) = self.beta();
        central(a, b, sure)
    }
}

impl Assessed {
    /// Which part of the attempts the control stops, with the reasons.
    pub fn effect(&self) -> Explained<Effect, EffectReason> {
        let shares = [
            (Share::Efficacy, self.efficacy),
            (Share::Coverage, self.coverage),
            (Share::Reliability, self.reliability),
        ];
        let mut because = Vec::new();
        let mut known = Vec::new();
        for (share, evidence) in shares {
            match evidence {
                Some(evidence) => {
                    known.push(evidence.beta());
                    let Evidence { satisfied, not_satisfied } = evidence;
                    because.push(EffectReason::Found { share, mean: evidence.mean(), satisfied, not_satisfied });
                }
                None => because.insert(0, EffectReason::Missing { share }),
            }
        }
        let is_complete = known.len() == shares.len();
        let product = product_of(&known);
        let interval =
            Interval { low: if is_complete { product.interval.low } else { 0.0 }, high: product.interval.high };
        let credited = if is_complete { product.credited } else { Probability::ZERO };
        Explained { value: Effect { credited, interval }, because }
    }
}

/// The product of independent shares; that of none is all.
fn product_of(shares: &[(f64, f64)]) -> Effect {
    let (mut mean, mut square, mut high) = (1.0, 1.0, 1.0f64);
    for (a, b) in shares {
        let sum = a + b;
        mean *= a / sum;
        square *= a * (a + 1.0) / (sum * (sum + 1.0));
        // A product is below each of its factors, which the matched distribution only nearly knows.
        high = high.min(central(*a, *b, SURE).high);
    }
    let credited = Probability::nearest(mean);
    let variance = square - mean * mean;
    if variance <= 0.0 {
        return Effect { credited, interval: Interval { low: mean, high: mean } };
    }
    let weight = mean * (1.0 - mean) / variance - 1.0;
    let matched = central(mean * weight, (1.0 - mean) * weight, SURE);
    // With less known the upper end may only rise: it is never above that of a part of the factors.
    let part = |left_out: usize| {
        let others: Vec<_> = shares.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, s)| *s).collect();
        product_of(&others).interval.high
    };
    if shares.len() > 1 {
        high = (0..shares.len()).map(part).fold(high, f64::min);
    }
    Effect { credited, interval: Interval::between(matched.low, matched.high.min(high)) }
}

fn central(a: f64, b: f64, sure: Probability) -> Interval {
    let out = 0.5 * (1.0 - sure.get());
    Interval::between(beta_quantile(a, b, out), beta_quantile(a, b, 1.0 - out))
}

/// Which part of the attempts gets past several controls that stand one behind the other.
///
/// What is reckoned with takes them as independent. The interval does not: they may fail together, so that the worst is the
/// best single one, and at best they fail apart (Fréchet's bounds over the intervals' ends). No controls let all pass.
pub fn passes(effects: &[Effect]) -> Passing {
    let reckoned = effects.iter().map(|effect| 1.0 - effect.credited.get()).product();
    let worst = effects.iter().map(|effect| 1.0 - effect.interval.low).fold(1.0, f64::min).max(0.0);
    let stopped: f64 = effects.iter().map(|effect| effect.interval.high).sum();
    let best = (1.0 - stopped).clamp(0.0, worst);
    Passing { reckoned: Probability::nearest(reckoned), interval: Interval { low: best, high: worst } }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Share::Efficacy => "efficacy",
            Share::Coverage => "coverage",
            Share::Reliability => "reliability",
        })
    }
}

impl fmt::Display for EffectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EffectReason::Missing { share } => write!(f, "{share} was not assessed, so nothing is credited"),
            EffectReason::Found { share, mean, satisfied, not_satisfied } => {
                write!(f, "{share} {mean}: {satisfied:.1} findings satisfied, {not_satisfied:.1} not")
            }
        }
    }
}

#[cfg(test)]
mod tests;
