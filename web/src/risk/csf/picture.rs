//! The functions as bars: how far each is, how far it is to be, and where it was the year before. A pure function; the table beside it says
//! the same.

use engine::office::csf::{CsfView, Function};

/// Where bars begin and how long they may be.
const LEFT: f64 = 130.0;
const LENGTH: f64 = 520.0;
const TOP: f64 = 34.0;
const ROW: f64 = 38.0;

/// One function.
pub(super) struct Bar {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) y: String,
    pub(super) text_y: String,
    pub(super) is_width: String,
    pub(super) to_be_width: String,
    /// Where it was in the year before, if one is kept.
    pub(super) before_x: Option<String>,
    pub(super) value: String,
    pub(super) value_x: String,
}

/// A step of the scale.
pub(super) struct Step {
    pub(super) x: String,
    pub(super) label: u8,
}

/// The picture.
pub(super) struct Bars {
    pub(super) height: String,
    pub(super) line_end: String,
    pub(super) left: String,
    pub(super) steps: Vec<Step>,
    pub(super) bars: Vec<Bar>,
    /// What it shows, in words.
    pub(super) words: String,
}

/// How far a step lies from the first.
fn reach(level: f64, level_max: u8) -> f64 {
    let span = f64::from(level_max.saturating_sub(1)).max(1.0);
    ((level - 1.0) / span).clamp(0.0, 1.0) * LENGTH
}

fn at(value: f64) -> String {
    format!("{value:.1}")
}

impl Bars {
    /// Draws the posture of a year.
    pub(super) fn of(view: &CsfView) -> Self {
        let max = view.questions.set.level_max();
        let before = view.trend.iter().rev().find(|year| year.year < view.posture.year);
        let (mut bars, mut words) = (Vec::new(), Vec::new());
        let mut y = TOP;
        for function in Function::ALL {
            let found = view.posture.functions.iter().find(|one| one.function == function);
            let means = found.and_then(|one| one.score.means);
            let (is, to_be) = means.map_or((1.0, 1.0), |means| (means.current, means.target));
            let earlier = before.and_then(|year| year.functions.get(&function)?.mean);
            let value = means.map_or_else(
                || "nothing applies".to_owned(),
                |means| format!("{:.1} of {:.1}", means.current, means.target),
            );
            let then = earlier.map(|mean| format!(", {mean:.1} before")).unwrap_or_default();
            words.push(format!("{}: {value}{then}", function.name()));
            bars.push(Bar {
                id: function.id(),
                name: function.name(),
                y: at(y),
                text_y: at(y + 16.0),
                is_width: at(reach(is, max)),
                to_be_width: at(reach(to_be, max)),
                before_x: earlier.map(|mean| at(LEFT + reach(mean, max))),
                value,
                value_x: at(LEFT + LENGTH + 12.0),
            });
            y += ROW;
        }
        let steps = (1..=max).map(|label| Step { x: at(LEFT + reach(f64::from(label), max)), label });
        Bars {
            height: at(y + 6.0),
            line_end: at(y),
            left: at(LEFT),
            steps: steps.collect(),
            bars,
            words: format!("Steps 1 to {max}. {}. The table below says the same.", words.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lie_evenly() {
        assert_eq!((reach(1.0, 7), reach(7.0, 7), reach(4.0, 7)), (0.0, LENGTH, LENGTH / 2.0));
        assert_eq!((reach(0.0, 7), reach(9.0, 7), reach(1.0, 1)), (0.0, LENGTH, 0.0));
    }
}
