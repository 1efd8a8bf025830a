use model::{Timestamp, limits};

use super::*;

const FIVE_MINUTES_US: i64 = 5 * 60 * 1_000_000;

fn at(reading: i64) -> Timestamp {
    Timestamp::from_micros(reading * FIVE_MINUTES_US)
}

/// Numbers that look drawn at random from 0 to 1 and are the same in every run (splitmix64).
fn noise(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

fn scores(values: impl IntoIterator<Item = f64>) -> Vec<Scored> {
    let mut scorer = Scorer::default();
    values.into_iter().enumerate().map(|(reading, value)| scorer.observe(at(reading as i64), value)).collect()
}

/// Days of 288 readings, low by night and high by day.
fn days(count: usize) -> Vec<f64> {
    let usual = |reading: usize| if (96..216).contains(&(reading % 288)) { 80.0 } else { 20.0 };
    noise(7).take(count * 288).enumerate().map(|(reading, noise)| usual(reading) + 4.0 * noise).collect()
}

#[test]
fn a_new_extreme_is_an_alarm_and_its_reason_says_so() {
    let mut values: Vec<f64> = noise(1).take(2_000).collect();
    values.push(25.0);
    let last = scores(values).pop().unwrap();
    assert!(last.score > ALARM, "{last:?}");
    let why = last.why.unwrap();
    assert_eq!(why.view, View::Level);
    assert!(why.one_in > 1_900.0, "{why:?}");
    assert!((23.9..25.0).contains(&why.distance), "{why:?}");
}

#[test]
fn a_gap_between_two_levels_is_as_new_as_an_extreme() {
    let mut values: Vec<f64> =
        noise(2).take(2_000).map(|noise| if noise < 0.5 { noise } else { 100.0 + noise }).collect();
    values.push(50.0);
    assert!(scores(values).pop().unwrap().score > ALARM);
}

#[test]
fn a_usual_value_at_an_unusual_time_is_an_alarm() {
    let mut values = days(14);
    // The last day stays as low as the nights.
    let last_day = values.len() - 288;
    for (value, noise) in values[last_day..].iter_mut().zip(noise(9)) {
        *value = 20.0 + 4.0 * noise;
    }
    let scores = scores(values);
    let alarms: Vec<usize> = (600..scores.len()).filter(|reading| scores[*reading].score > ALARM).collect();
    let first = alarms.iter().find(|reading| **reading >= last_day + 96).copied().expect("an alarm");
    assert!(first < last_day + 96 + 12, "within the first hour of the missing day: {first}");
    assert_eq!(scores[first].why.unwrap().view, View::Day);
    assert!(alarms.len() <= 4, "few others: {alarms:?}");
}

#[test]
fn sudden_calm_is_told_by_unrest() {
    let mut values: Vec<f64> = noise(3).take(3_000).map(|noise| (noise * 40.0).round()).collect();
    values.extend([20.0; 6]);
    let scores = scores(values);
    let told = scores[3_000..].iter().find(|scored| scored.score > ALARM).expect("an alarm");
    assert_eq!(told.why.unwrap().view, View::Unrest);
}

#[test]
fn a_constant_series_is_never_unusual_until_it_changes() {
    let mut values = vec![7.5; 5_000];
    values.push(7.6);
    let scores = scores(values);
    let (changed, constant) = scores.split_last().unwrap();
    assert!(constant.iter().all(|scored| scored.score == 0.0));
    assert!(changed.score > 0.6, "{changed:?}");
}

#[test]
fn rounding_is_no_news() {
    // Every ten readings 0.1, 0.7 and 0.2 above 1e6: the last five add up in ten orders, and to different last bits.
    let pattern = [0.0, 0.0, 0.1, 0.7, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0];
    let mut scorer = Scorer::default();
    for reading in 0..3_000 {
        scorer.observe(at(reading), 1e6 + pattern[reading as usize % pattern.len()]);
    }
    assert!(scorer.unrest.len() <= pattern.len(), "{} different deviations", scorer.unrest.len());
}

#[test]
fn nothing_is_said_before_enough_was_seen() {
    let scores = scores(noise(4).take(200));
    let learning = scores.iter().take_while(|scored| scored.standing == Standing::Learning).count();
    // The level speaks first: its first distance is that of the sixth reading; the unrest's too.
    assert_eq!(learning, (LEARNING_READINGS + LEVEL_NEIGHBOURS) as usize);
    assert!(scores[..learning].iter().all(|scored| scored.score == 0.0 && scored.why.is_none()));
}

#[test]
fn what_is_no_number_changes_nothing() {
    let mut clean = Scorer::default();
    let mut disturbed = Scorer::default();
    for (reading, value) in noise(5).take(500).enumerate() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(disturbed.observe(at(reading as i64), bad), Scored::without(Standing::Unusable));
        }
        let expected = clean.observe(at(reading as i64), value);
        assert_eq!(disturbed.observe(at(reading as i64), value), expected);
    }
    assert_eq!(clean, disturbed);
}

#[test]
fn any_numbers_at_any_times_give_scores_within_bounds() {
    let hostile = [
        0.0,
        -0.0,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        f64::MIN,
        1e308,
        -1e308,
        f64::EPSILON,
        f64::NAN,
        f64::INFINITY,
    ];
    let times = [0, i64::MAX, i64::MIN, -1, 1, FIVE_MINUTES_US, i64::MAX - 1];
    let mut scorer = Scorer::default();
    let mut draws = noise(6);
    for _ in 0..20_000 {
        let mut pick = |from: usize| (draws.next().unwrap() * from as f64) as usize;
        let (value, time) = (hostile[pick(hostile.len())], times[pick(times.len())]);
        let scored = scorer.observe(Timestamp::from_micros(time), value);
        assert!((0.0..1.0).contains(&scored.score), "{scored:?}");
        assert!(scored.why.is_none_or(|why| why.distance.is_finite() && why.one_in >= 1.0), "{scored:?}");
    }
}

#[test]
fn repeated_and_backward_times_are_taken_for_what_they_say() {
    let mut forward = Scorer::default();
    let mut still = Scorer::default();
    for value in noise(8).take(400) {
        // The level does not look at the time at all; a day that never ends has no other day to be held against.
        still.observe(Timestamp::EPOCH, value);
        forward.observe(Timestamp::EPOCH, value);
    }
    assert_eq!(still.observe(Timestamp::EPOCH, 9.0).score, forward.observe(at(-3), 9.0).score);
}

#[test]
fn a_scorer_from_a_snapshot_goes_on_with_the_same_bytes() {
    let values: Vec<f64> = days(12).into_iter().map(|value| value / 3.0).collect();
    let mut whole = Scorer::default();
    let mut before = Scorer::default();
    let half = values.len() / 2;
    for (reading, value) in values[..half].iter().enumerate() {
        assert_eq!(whole.observe(at(reading as i64), *value), before.observe(at(reading as i64), *value));
    }
    let snapshot = serde_json::to_vec(&before).unwrap();
    let mut after: Scorer = serde_json::from_slice(&snapshot).unwrap();
    assert_eq!(after, before);
    assert_eq!(serde_json::to_vec(&after).unwrap(), snapshot);
    for (reading, value) in values.iter().enumerate().skip(half) {
        let (expected, scored) = (whole.observe(at(reading as i64), *value), after.observe(at(reading as i64), *value));
        assert_eq!(scored.score.to_bits(), expected.score.to_bits(), "reading {reading}");
    }
    assert_eq!(serde_json::to_vec(&after).unwrap(), serde_json::to_vec(&whole).unwrap());
}

#[test]
fn no_row_sees_a_later_one() {
    let values = days(6);
    let whole = scores(values.iter().copied());
    let cut = scores(values[..1_000].iter().copied());
    assert_eq!(whole[..1_000], cut[..]);
}

#[test]
fn memory_has_a_limit_and_reaches_it() {
    let mut scorer = Scorer::default();
    let mut largest = 0;
    // All kinds of sizes, so that every table fills.
    for (reading, noise) in noise(10).take(60_000).enumerate() {
        let size = 10f64.powf(noise * 60.0 - 30.0);
        scorer.observe(at(reading as i64), size);
        largest = largest.max(scorer.bytes());
    }
    assert!(largest <= limits::SERIES_SCORER_BYTES_MAX, "{largest} bytes");
    assert!(largest * 2 > limits::SERIES_SCORER_BYTES_MAX, "the limit says something: {largest} bytes");
    assert_eq!(scorer.level.len(), limits::SERIES_VALUES_MAX);
    // The same after a snapshot, whose tables have no room to spare.
    let mut again: Scorer = serde_json::from_slice(&serde_json::to_vec(&scorer).unwrap()).unwrap();
    for (reading, noise) in noise(13).take(60_000).enumerate() {
        again.observe(at(reading as i64), 10f64.powf(noise * 60.0 - 30.0));
        assert!(again.bytes() <= limits::SERIES_SCORER_BYTES_MAX, "{} bytes", again.bytes());
    }
}

#[test]
fn closest_values_become_one_and_distant_ones_stay() {
    let mut seen = Seen::new(3);
    for (value, count) in [(1.0, 5), (2.0, 1), (100.0, 1), (2.5, 2)] {
        seen.add(value, count);
    }
    // 2.0 and 2.5 became 2.5, which was had more often.
    assert_eq!(seen.len(), 3);
    assert_eq!(distance([&seen], 2.5, 3), Some(0.0));
    assert_eq!(distance([&seen], 100.0, 1), Some(0.0));
    assert_eq!(distance([&seen], 100.0, 2), Some(97.5 / 2.0));
    assert_eq!(distance([&seen], 0.0, 9), Some((5.0 + 3.0 * 2.5 + 100.0) / 9.0));
    assert_eq!(distance([&seen], 0.0, 10), None, "there were nine");
}

#[test]
fn distances_are_those_of_all_values_as_long_as_all_are_kept() {
    let mut sets = [Seen::new(64), Seen::new(64), Seen::new(64)];
    let mut all = Vec::new();
    for (number, value) in noise(11).take(150).enumerate() {
        let value = (value * 50.0).round();
        sets[number % 3].add(value, 1);
        all.push(value);
    }
    for value in noise(12).take(100).map(|value| value * 70.0 - 10.0) {
        let mut distances: Vec<f64> = all.iter().map(|had| (had - value).abs()).collect();
        distances.sort_by(f64::total_cmp);
        for neighbours in [1, 5, 8] {
            let expected: f64 = distances[..neighbours as usize].iter().sum::<f64>() / f64::from(neighbours);
            let [a, b, c] = &sets;
            let found = distance([a, b, c], value, neighbours).unwrap();
            assert!((found - expected).abs() < 1e-9, "{value}: {found} {expected}");
        }
    }
}
