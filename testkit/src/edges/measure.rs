//! How well scores tell two kinds apart.

/// The area under the curve of true over false positives: how probable it is that an attack's score is above that of something else, ties
/// counting half. Exact: the rank statistic of Mann and Whitney with middle ranks. `None` when there is only one kind, or a score is no number.
pub fn auc(scored: impl IntoIterator<Item = (f64, bool)>) -> Option<f64> {
    let mut scored: Vec<(f64, bool)> = scored.into_iter().collect();
    if scored.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    scored.sort_by(|one, other| one.0.total_cmp(&other.0));
    // Twice the sum of ranks, so that middle ranks are whole numbers.
    let (mut twice_ranks, mut attacks, mut others) = (0u128, 0u128, 0u128);
    for tied in scored.chunk_by(|one, other| one.0 == other.0) {
        let hits = tied.iter().filter(|(_, is_attack)| *is_attack).count() as u128;
        let below = attacks + others;
        twice_ranks += hits * (2 * below + tied.len() as u128 + 1);
        attacks += hits;
        others += tied.len() as u128 - hits;
    }
    if attacks == 0 || others == 0 {
        return None;
    }
    let twice_wins = twice_ranks - attacks * (attacks + 1);
    Some(twice_wins as f64 / (2 * attacks * others) as f64)
}
