//! The picture of how often a year is worse: harm from left to right, how often from bottom to top, both by decades. The table beside it says the
//! same.

use engine::office::Exceedance;

use super::amount::short;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;
/// Once in so many years is the least that is drawn.
const YEARS_MAX: f64 = 10_000.0;

/// A curve as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plot {
    /// The curve as a path of SVG; empty when there is nothing to draw.
    pub(crate) path: String,
    /// Decades of harm: where, and what it says.
    pub(crate) across: Vec<(f64, String)>,
    /// Decades of how often.
    pub(crate) up: Vec<(f64, String)>,
}

impl Plot {
    /// Of a curve from the smallest harm.
    pub(crate) fn of(curve: &[Exceedance]) -> Self {
        let shown: Vec<(f64, f64)> = curve
            .iter()
            .map(|point| (point.loss, point.probability.get()))
            .filter(|(loss, probability)| *loss > 0.0 && *probability >= 1.0 / YEARS_MAX)
            .collect();
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return Plot::default() };
        let (from, to) = (first.0.log10().floor(), last.0.log10().ceil().max(first.0.log10().floor() + 1.0));
        let x = |loss: f64| LEFT + (loss.log10() - from) / (to - from) * (WIDTH - LEFT - RIGHT);
        let y = |probability: f64| TOP - probability.log10() / YEARS_MAX.log10() * (HEIGHT - TOP - BOTTOM);
        let points = shown.iter().enumerate().map(|(at, (loss, probability))| {
            format!("{}{:.1} {:.1}", if at == 0 { "M" } else { "L" }, x(*loss), y(*probability))
        });
        let decades = (from as i32)..=(to as i32);
        let across = decades.map(|power| 10_f64.powi(power)).map(|loss| (x(loss), short(loss)));
        let often = ["every year", "1 in 10", "1 in 100", "1 in 1,000", "1 in 10,000"];
        let up = often.iter().enumerate().map(|(power, words)| (y(10_f64.powi(-(power as i32))), (*words).to_owned()));
        Plot { path: points.collect::<Vec<_>>().join(" "), across: across.collect(), up: up.collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.path.is_empty()
    }

    pub(crate) fn width(&self) -> f64 {
        WIDTH
    }

    pub(crate) fn height(&self) -> f64 {
        HEIGHT
    }

    pub(crate) fn left(&self) -> f64 {
        LEFT
    }

    pub(crate) fn right(&self) -> f64 {
        WIDTH - RIGHT
    }

    pub(crate) fn top(&self) -> f64 {
        TOP
    }

    pub(crate) fn bottom(&self) -> f64 {
        HEIGHT - BOTTOM
    }

    pub(crate) fn under(&self) -> f64 {
        HEIGHT - BOTTOM + 18.0
    }

    pub(crate) fn foot(&self) -> f64 {
        HEIGHT - 6.0
    }

    pub(crate) fn beside(&self) -> f64 {
        LEFT - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::office::Probability;

    fn point(loss: f64, probability: f64) -> Exceedance {
        Exceedance { loss, probability: Probability::new(probability).unwrap() }
    }

    #[test]
    fn by_decades() {
        let plot = Plot::of(&[point(100.0, 0.5), point(5_000.0, 0.1), point(90_000.0, 0.001), point(1e6, 1e-6)]);
        assert!(plot.path.starts_with("M70.0 ") && plot.path.matches('L').count() == 2, "{}", plot.path);
        let words: Vec<&str> = plot.across.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words, ["100", "1,000", "10,000", "100,000"]);
        assert_eq!((plot.up[0].0, plot.up[4].0), (TOP, HEIGHT - BOTTOM));
    }

    #[test]
    fn nothing_to_draw() {
        assert!(Plot::of(&[]).is_empty());
        assert!(Plot::of(&[point(0.0, 0.5), point(10.0, 1e-9)]).is_empty());
        assert!(!Plot::of(&[point(10.0, 0.2)]).is_empty());
    }
}
