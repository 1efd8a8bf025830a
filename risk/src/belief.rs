//! A share that is believed to lie somewhere, or of which nothing is known.

use serde::{Deserialize, Serialize};

use crate::controls::{Effect, Passing};
use crate::interval::{Interval, Probability};

/// What is believed of a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Belief(Option<Known>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    low: f64,
    likely: f64,
    high: f64,
}

/// How a belief is written: three numbers in order, or nothing.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Form(Option<[f64; 3]>);

/// Why three numbers are no belief.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{low}, {likely}, {high}: a belief has three probabilities in order")]
pub struct NoBelief {
    low: f64,
    likely: f64,
    high: f64,
}

impl Belief {
    /// Nothing is known: it may be anything from 0 to 1.
    pub const UNKNOWN: Belief = Belief(None);

    /// Between `low` and `high`, most likely at `likely`: a triangular distribution.
    ///
    /// # Errors
    /// When they are not probabilities in order.
    pub fn new(low: f64, likely: f64, high: f64) -> Result<Self, NoBelief> {
        let fits = 0.0 <= low && low <= likely && likely <= high && high <= 1.0;
        if fits { Ok(Belief(Some(Known { low, likely, high }))) } else { Err(NoBelief { low, likely, high }) }
    }

    /// Just that.
    pub fn certain(value: Probability) -> Self {
        let value = value.get();
        Belief(Some(Known { low: value, likely: value, high: value }))
    }

    /// What a control stops, as far as it is credited: a control that is not credited stops nothing.
    pub fn of_effect(effect: &Effect) -> Self {
        let likely = effect.credited.get();
        let is_credited = likely > 0.0;
        let within = |value: f64| value.clamp(0.0, 1.0);
        let (low, high) = (within(effect.interval.low).min(likely), within(effect.interval.high).max(likely));
        Belief(Some(if is_credited { Known { low, likely, high } } else { Known { low: 0.0, likely: 0.0, high: 0.0 } }))
    }

    /// That one or the other happens, each by itself.
    #[must_use]
    pub fn either(self, other: Belief) -> Self {
        let (Some(one), Some(other)) = (self.0, other.0) else { return Belief::UNKNOWN };
        let either = |one: f64, other: f64| one + other - one * other;
        Belief(Some(Known {
            low: either(one.low, other.low),
            likely: either(one.likely, other.likely),
            high: either(one.high, other.high),
        }))
    }

    /// That it happens and gets past controls.
    #[must_use]
    pub fn past(self, passing: &Passing) -> Self {
        // Of what is not known, all that controls are known to stop is still stopped.
        let known = self.0.unwrap_or(Known { low: 0.0, likely: 1.0, high: 1.0 });
        let (low, high) = (known.low * passing.interval.low, known.high * passing.interval.high);
        Belief(Some(Known { low, likely: (known.likely * passing.reckoned.get()).clamp(low, high), high }))
    }

    /// The same, but it may be anything above what is most likely: something that bears on it was not looked at.
    #[must_use]
    pub fn or_worse(self) -> Self {
        Belief(self.0.map(|known| Known { high: 1.0, ..known }))
    }

    /// Its mean; what is not known counts as certain.
    pub fn mean(&self) -> Probability {
        Probability::nearest(self.0.map_or(1.0, |known| (known.low + known.likely + known.high) / 3.0))
    }

    /// Whether something is known.
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Where it certainly lies.
    pub fn interval(&self) -> Interval {
        self.0.map_or(Interval { low: 0.0, high: 1.0 }, |known| Interval { low: known.low, high: known.high })
    }

    /// The value that is reached with probability `share`. What is not known is taken as certain.
    pub fn at(&self, share: f64) -> f64 {
        let Some(Known { low, likely, high }) = self.0 else { return 1.0 };
        let span = high - low;
        if span <= 0.0 {
            return likely;
        }
        let turn = (likely - low) / span;
        let value = if share < turn {
            low + libm::sqrt(share * span * (likely - low))
        } else {
            high - libm::sqrt((1.0 - share) * span * (high - likely))
        };
        value.clamp(low, high)
    }
}

impl TryFrom<Form> for Belief {
    type Error = NoBelief;

    fn try_from(form: Form) -> Result<Self, NoBelief> {
        form.0.map_or(Ok(Belief::UNKNOWN), |[low, likely, high]| Belief::new(low, likely, high))
    }
}

impl From<Belief> for Form {
    fn from(belief: Belief) -> Form {
        Form(belief.0.map(|known| [known.low, known.likely, known.high]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_order() {
        for (low, likely, high) in [(0.2, 0.1, 0.3), (-0.1, 0.1, 0.3), (0.1, 0.2, 1.1), (0.0, f64::NAN, 1.0)] {
            assert!(Belief::new(low, likely, high).is_err());
        }
        let belief = Belief::new(0.1, 0.2, 0.6).unwrap();
        let mean: f64 = (0..1_000).map(|at| belief.at((f64::from(at) + 0.5) / 1_000.0)).sum::<f64>() / 1e3;
        assert!((mean - 0.3).abs() < 1e-3);
        assert_eq!((belief.at(0.0), belief.at(1.0)), (0.1, 0.6));
        assert_eq!(serde_json::to_string(&belief).unwrap(), "[0.1,0.2,0.6]");
        assert_eq!(serde_json::from_str::<Belief>("null").unwrap(), Belief::UNKNOWN);
        assert!(serde_json::from_str::<Belief>("[1,0,0]").is_err());
    }

    #[test]
    fn what_is_not_known() {
        assert_eq!(Belief::UNKNOWN.at(0.5), 1.0);
        assert_eq!(Belief::UNKNOWN.interval(), Interval { low: 0.0, high: 1.0 });
        let nothing = Effect { credited: Probability::ZERO, interval: Interval { low: 0.0, high: 0.9 } };
        assert_eq!(Belief::of_effect(&nothing).at(0.99), 0.0);
        assert_eq!(Belief::certain(Probability::ONE).at(0.3), 1.0);
        assert_eq!(Belief::UNKNOWN.mean(), Probability::ONE);
        assert_eq!(Belief::UNKNOWN.either(Belief::certain(Probability::ZERO)), Belief::UNKNOWN);
    }

    #[test]
    fn together() {
        let belief = Belief::new(0.1, 0.2, 0.6).unwrap();
        assert!((belief.mean().get() - 0.3).abs() < 1e-12);
        let both = belief.either(Belief::new(0.0, 0.5, 1.0).unwrap());
        assert_eq!((both.at(0.0), both.at(1.0)), (0.1, 1.0));
        assert_eq!(belief.or_worse().interval(), Interval { low: 0.1, high: 1.0 });
        let nothing = crate::controls::passes(&[]);
        assert_eq!(belief.past(&nothing), belief);
        let half = Passing { reckoned: Probability::nearest(0.5), interval: Interval { low: 0.25, high: 1.0 } };
        let (low, high) = (belief.past(&half).at(0.0), belief.past(&half).at(1.0));
        assert_eq!((low, high), (0.025, 0.6));
        assert_eq!(Belief::UNKNOWN.past(&half).interval(), Interval { low: 0.0, high: 1.0 });
    }
}
