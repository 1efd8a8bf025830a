//! NAB's scoring rule, written anew from its description (Lavin, Ahmad, "Evaluating real-time anomaly detection algorithms", ICMLA 2015) and its
//! standard profile: a window found counts up to 1, the earlier the more; one missed costs 1; each false alarm up to 0.11, the less the
//! closer behind a window. One threshold for all series, the best. 0 is a detector that never speaks, 100 one that finds all at once.

use std::collections::BTreeMap;

use crate::series::Series;

/// What a false alarm far from any window costs.
const FALSE_ALARM: f64 = 0.11;

/// What an alarm at one row is worth, and in which window.
struct Row {
    worth: f64,
    window: Option<usize>,
}

/// What became of one series at a threshold.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// First row that was told in each window, and where the window begins and ends.
    pub(crate) windows: Vec<(Option<usize>, (usize, usize))>,
    /// Rows that were told outside all windows.
    pub(crate) false_alarms: Vec<usize>,
}

/// Rows that NAB does not judge: what a detector may learn from.
pub(crate) fn probation(rows: usize) -> usize {
    (rows * 15 / 100).min(750)
}

/// From about 1 at the beginning of a window (-1) over 0 at its end to -1 far behind it.
fn sigmoid(place: f64) -> f64 {
    if place > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * place).exp()) - 1.0 }
}

fn rows(series: &Series) -> Vec<Row> {
    let mut behind: Option<(usize, usize)> = None;
    let rows = 0..series.values.len();
    let worth = |row: usize| {
        let inside = series.windows.iter().position(|(from, to)| (*from..=*to).contains(&row));
        if let Some(window) = inside {
            let (from, to) = series.windows[window];
            let width = (to - from + 1) as f64;
            behind = Some((from, to));
            let worth = sigmoid(-((to + 1 - row) as f64) / width) / sigmoid(-1.0);
            return Row { worth, window: Some(window) };
        }
        let away = behind.map_or(-1.0, |(from, to)| sigmoid((row - to) as f64 / (to - from) as f64));
        Row { worth: FALSE_ALARM * away, window: None }
    };
    rows.map(worth).collect()
}

/// The best score that one threshold gives, and that threshold.
pub(crate) fn best(judged: &[(&Series, &[f64])]) -> (f64, f64) {
    let worth: Vec<Vec<Row>> = judged.iter().map(|(series, _)| rows(series)).collect();
    let mut alarms: Vec<(f64, usize, usize)> = Vec::new();
    for (number, (series, scores)) in judged.iter().enumerate() {
        let from = probation(series.values.len());
        // A score of nought is none: nobody would set the threshold so low.
        let told = scores.iter().enumerate().skip(from).filter(|(_, score)| **score > 0.0);
        alarms.extend(told.map(|(row, score)| (*score, number, row)));
    }
    alarms.sort_by(|a, b| b.0.total_cmp(&a.0));
    let windows: usize = judged.iter().map(|(series, _)| series.windows.len()).sum();
    let mut found: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut total = -(windows as f64);
    let (mut most, mut threshold) = (total, f64::INFINITY);
    for (place, (score, number, row)) in alarms.iter().enumerate() {
        let Row { worth, window } = worth[*number][*row];
        match window {
            None => total += worth,
            Some(window) => {
                let had = found.entry((*number, window)).or_insert(-1.0);
                total += (worth - *had).max(0.0);
                *had = had.max(worth);
            }
        }
        let is_last_of_its_score = alarms.get(place + 1).is_none_or(|next| next.0 < *score);
        if is_last_of_its_score && total > most {
            (most, threshold) = (total, *score);
        }
    }
    let windows = windows as f64;
    (100.0 * (most + windows) / (2.0 * windows), threshold)
}

/// What an alarm at `threshold` finds, and what it raises for nothing.
pub(crate) fn outcome(series: &Series, scores: &[f64], threshold: f64) -> Outcome {
    let told = |row: &usize| scores[*row] >= threshold;
    let judged = probation(series.values.len())..series.values.len();
    let first = |(from, to): &(usize, usize)| (*from..=*to).filter(|row| judged.contains(row)).find(|row| told(row));
    let windows: Vec<_> = series.windows.iter().map(|window| (first(window), *window)).collect();
    let is_outside = |row: &usize| !series.windows.iter().any(|(from, to)| (*from..=*to).contains(row));
    Outcome { windows, false_alarms: judged.clone().filter(told).filter(is_outside).collect() }
}
