//! From year to year.

use std::collections::BTreeMap;

use serde::Serialize;

use super::posture::{said_current, score_of};
use super::{Assessment, Function, QuestionSet};

/// A year beside the one before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendYear {
    /// Which year.
    pub year: i16,
    /// The year that it is compared with: the one before it that is kept.
    pub before: Option<i16>,
    /// Each function, in the framework's order.
    pub functions: BTreeMap<Function, Change>,
}

/// How a function changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Change {
    /// The mean of all questions, those without an answer as the lowest step; `None` when none applies.
    pub mean: Option<f64>,
    /// By how much that rose.
    pub rose: Option<f64>,
    /// By how much the mean of those rose that are answered in both years: like for like.
    pub rose_alike: Option<f64>,
    /// How many questions that is.
    pub alike: usize,
}

/// How each function changed, the earliest year first. Of one year, the last one counts.
pub fn trend(assessments: &[Assessment], questions: &QuestionSet) -> Vec<TrendYear> {
    let years: BTreeMap<i16, &Assessment> = assessments.iter().map(|one| (one.year, one)).collect();
    let mut before: Option<(&Assessment, BTreeMap<Function, Change>)> = None;
    let mut found = Vec::new();
    for (year, now) in years {
        let functions: BTreeMap<_, _> = Function::ALL
            .into_iter()
            .map(|function| {
                let mut change = Change { mean: mean(now, function, questions), ..Change::default() };
                if let Some((earlier, changes)) = &before {
                    let then = changes.get(&function).and_then(|change| change.mean);
                    change.rose = change.mean.zip(then).map(|(now, then)| now - then);
                    (change.rose_alike, change.alike) = alike((earlier, now), function, questions);
                }
                (function, change)
            })
            .collect();
        let year = TrendYear { year, before: before.as_ref().map(|(one, _)| one.year), functions };
        before = Some((now, year.functions.clone()));
        found.push(year);
    }
    found
}

fn mean(assessment: &Assessment, function: Function, questions: &QuestionSet) -> Option<f64> {
    let asked = questions.questions().iter().filter(|question| question.function() == Some(function));
    score_of(assessment, asked, questions).means.map(|means| means.current)
}

fn alike((then, now): (&Assessment, &Assessment), function: Function, questions: &QuestionSet) -> (Option<f64>, usize) {
    let (mut sum, mut weights, mut count) = (0.0, 0.0, 0);
    for question in questions.questions().iter().filter(|question| question.function() == Some(function)) {
        let both = said_current(then, question, questions).zip(said_current(now, question, questions));
        let Some((then, now)) = both else { continue };
        let weight = f64::from(question.weight);
        sum += weight * (f64::from(now) - f64::from(then));
        weights += weight;
        count += 1;
    }
    ((count > 0).then(|| sum / weights), count)
}
