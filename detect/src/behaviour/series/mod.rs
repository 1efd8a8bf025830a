//! How unusual each value of one series is: of a sensor, or of counts for each interval. Streaming: a value is scored by those before it, then
//! remembered; memory has a limit, nothing is drawn at random, and a scorer that goes on from a snapshot gives the same bytes.
//!
//! Three views look at each value:
//! - **level**: has the series had such a value at all?
//! - **day**: has it had such a value about this time of the day?
//! - **unrest**: has it ever varied as it does over the last five values?
//!
//! Each asks for the mean distance to the nearest values that it remembers (novelty as contextOSE has it: Smirnov, 2016, though without its
//! contexts; distance to neighbours and its rank after the conformal KNN-CAD: Burnaev, Ishimtsev, 2016) and how rare so large a distance is
//! among those before, which is a probability that needs no scale and no form of distribution: so a siren's battery and a
//! portal's requests are measured with one measure. The rarest view counts; its `log10(one in so many)` is the surprise. [`peaks`] makes one alarm of
//! one event. What the parameters were chosen on, and what is missed, stands in `docs/guide/behaviour.md`.
//!
//! Deliberately absent: forecasts and their models, the week, trends (a slow drift is news at each new extreme), and filling of gaps. The order of
//! readings is what counts: a time that repeats or goes back is taken for what it says, and only the view of the day looks at it.

mod bits;
mod day;
mod peaks;
mod seen;
mod tail;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use day::Day;
use peaks::Peaks;
use seen::{Seen, distance};
use tail::Tail;

/// The score from which a reading is worth a person's look: one in twenty readings was as unusual, and no event before it; or one in two hundred, and
/// nine were.
pub const ALARM: f64 = 0.39;

/// A surprise that gives the score 0.5: one in a hundred.
const HALF_WAY: f64 = 2.0;
/// Nearest values that the level is held against.
const LEVEL_NEIGHBOURS: u32 = 5;
/// Nearest values of other days. At least that many days of one reading a half-hour, or fewer of more.
const DAY_NEIGHBOURS: u32 = 8;
/// Nearest unrest: values of it are few of a kind, as each overlaps the one before.
const UNREST_NEIGHBOURS: u32 = 1;
/// Values whose variation is looked at.
const UNREST_VALUES: usize = 5;
/// What the unrest's surprise counts for: it follows the level's, and follows it late.
const UNREST_WEIGHT: f64 = 0.85;
/// Distances that a view must have had before it says anything.
const LEARNING_READINGS: u32 = 50;
/// One more than the mantissa bits that a deviation loses.
const ROUNDING: u64 = 1 << 24;
/// Values further out are taken for this one, so that no difference and no sum of a few overflows.
const VALUE_LARGEST: f64 = 1e300;

/// Which view of a series found a reading unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The series never had such a value, or seldom.
    Level,
    /// Not about this time of the day.
    Day,
    /// The last values vary as they never did, or seldom: too much or too little.
    Unrest,
}

/// What can be said about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Too little was seen before to say anything: the score is nought.
    Learning,
    /// At least one view has seen enough.
    Scored,
    /// Not a number, or infinite: the score is nought, and nothing is learned from it.
    Unusable,
}

/// Why a reading has its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Which view it is.
    pub view: View,
    /// One in so many readings before was as far from what was known then.
    pub one_in: f64,
    /// Mean distance to the nearest values that the view remembers, in the series' own unit.
    pub distance: f64,
}

/// A reading's score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// From 0, usual, to less than 1. See [`ALARM`].
    pub score: f64,
    /// Whether anything can be said.
    pub standing: Standing,
    /// The view that found it most unusual, whether or not it stands out from the readings before.
    pub why: Option<Why>,
}

impl Scored {
    fn without(standing: Standing) -> Self {
        Scored { score: 0.0, standing, why: None }
    }
}

/// Scores one series. At most [`model::limits::SERIES_SCORER_BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scorer {
    level: Seen,
    day: Day,
    unrest: Seen,
    #[serde(with = "last_values")]
    last: VecDeque<f64>,
    level_tail: Tail,
    day_tail: Tail,
    unrest_tail: Tail,
    peaks: Peaks,
}

impl Default for Scorer {
    fn default() -> Self {
        Scorer {
            level: Seen::of_series(),
            day: Day::new(),
            unrest: Seen::of_series(),
            last: VecDeque::with_capacity(UNREST_VALUES + 1),
            level_tail: Tail::default(),
            day_tail: Tail::default(),
            unrest_tail: Tail::default(),
            peaks: Peaks::new(),
        }
    }
}

impl Scorer {
    /// Scores the series' next reading by those before it, and learns it. `at` is when the value held; the view of the day takes it in UTC.
    pub fn observe(&mut self, at: Timestamp, value: f64) -> Scored {
        if !value.is_finite() {
            return Scored::without(Standing::Unusable);
        }
        // Nought has two forms, which differ in their bits only.
        let value = value.clamp(-VALUE_LARGEST, VALUE_LARGEST) + 0.0;
        let level = distance([&self.level], value, LEVEL_NEIGHBOURS);
        self.level.add(value, 1);
        let day = self.day.distance(at, value, DAY_NEIGHBOURS);
        let unrest = self.vary(value).and_then(|varied| {
            let away = distance([&self.unrest], varied, UNREST_NEIGHBOURS);
            self.unrest.add(varied, 1);
            away
        });
        let views = [
            look(View::Level, level, &mut self.level_tail),
            look(View::Day, day, &mut self.day_tail),
            look(View::Unrest, unrest, &mut self.unrest_tail),
        ];
        let mut rarest: Option<(f64, Why)> = None;
        for why in views.into_iter().flatten() {
            let surprise = why.surprise();
            if rarest.is_none_or(|(most, _)| surprise > most) {
                rarest = Some((surprise, why));
            }
        }
        let stands_out = self.peaks.stands_out(rarest.map_or(0.0, |(surprise, _)| surprise));
        let Some((_, why)) = rarest else { return Scored::without(Standing::Learning) };
        Scored { score: stands_out / (stands_out + HALF_WAY), standing: Standing::Scored, why: Some(why) }
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        let sets = self.level.bytes() + self.unrest.bytes() + self.day.bytes();
        let tails = self.level_tail.bytes() + self.day_tail.bytes() + self.unrest_tail.bytes();
        size_of::<Self>() + sets + tails + self.peaks.bytes() + self.last.capacity() * size_of::<f64>()
    }

    /// Standard deviation of the last values, this one among them, to 28 bits: what adding in another order makes of the rest would be news
    /// where nothing ever varies but by rounding. `None` for the first few.
    fn vary(&mut self, value: f64) -> Option<f64> {
        self.last.push_back(value);
        if self.last.len() > UNREST_VALUES {
            self.last.pop_front();
        }
        if self.last.len() < UNREST_VALUES {
            return None;
        }
        // From the oldest, so that equal values deviate by nothing at all.
        let oldest = self.last.front().copied().unwrap_or_default();
        let count = self.last.len() as f64;
        let mean = self.last.iter().map(|value| value - oldest).sum::<f64>() / count;
        let deviations = self.last.iter().map(|value| value - oldest - mean);
        // In units of the furthest, so that no square overflows or vanishes.
        let furthest = deviations.clone().map(f64::abs).fold(0.0, f64::max);
        if furthest <= 0.0 {
            return Some(0.0);
        }
        let squares: f64 = deviations.map(|deviation| (deviation / furthest).powi(2)).sum();
        let exact = (furthest * (squares / count).sqrt()).to_bits();
        Some(f64::from_bits((exact + ROUNDING / 2) & !(ROUNDING - 1)))
    }
}

/// Asks how rare a distance is, and counts it. Nothing when there is none, or too few were before.
fn look(view: View, distance: Option<f64>, tail: &mut Tail) -> Option<Why> {
    let distance = distance?;
    let is_ready = tail.total() >= LEARNING_READINGS;
    let one_in = tail.one_in(distance);
    tail.learn(distance);
    is_ready.then_some(Why { view, one_in, distance })
}

impl Why {
    /// How much of a surprise it is, in powers of ten.
    fn surprise(&self) -> f64 {
        let weight = if self.view == View::Unrest { UNREST_WEIGHT } else { 1.0 };
        weight * self.one_in.log10()
    }
}

/// The last values in a snapshot as bits: see `bits`.
mod last_values {
    use std::collections::VecDeque;

    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &VecDeque<f64>, to: S) -> Result<S::Ok, S::Error> {
        let values: Vec<f64> = values.iter().copied().collect();
        super::bits::serialize(&values, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<VecDeque<f64>, D::Error> {
        Ok(super::bits::deserialize(from)?.into())
    }
}
