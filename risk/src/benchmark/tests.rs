//! Noise as the formula says it, what a gift tells at most, and what many say together.

use std::collections::BTreeMap;

use model::limits;
use proptest::prelude::*;

use super::draw::{Bits, Rate};
use super::*;
use crate::chance::Chance;
use crate::csf::Function;

fn standing(levels: [f64; 6]) -> Standing {
    Standing::new(&Function::ALL.into_iter().zip(levels).collect()).unwrap()
}

fn terms(epsilon: &str) -> Terms {
    Terms { year: 2026, level_max: 7, epsilon: epsilon.parse().unwrap() }
}

fn drawn(levels: [f64; 6], terms: &Terms, chance: &mut Chance) -> Gift {
    Gift::draw(&standing(levels), terms, None, &mut || chance.bits()).unwrap()
}

/// Pearson's statistic of draws against the closed form, over the values from -`reach` to `reach` and the two tails.
fn chi_square(rate: Rate, draws: usize, reach: i64) -> (f64, usize) {
    let mut chance = Chance::new(17).of(rate.numerator).of(rate.denominator);
    let mut next = || chance.bits();
    let mut counts: BTreeMap<i64, f64> = BTreeMap::new();
    for _ in 0..draws {
        let z = Bits::new(&mut next).two_sided(rate).unwrap();
        *counts.entry(z.clamp(-reach - 1, reach + 1)).or_default() += 1.0;
    }
    let r = rate.get();
    let expected = |z: i64| match z.abs() > reach {
        // The tail from reach + 1 on: e^-r(reach+1) / (1 + e^-r).
        true => (-r * (reach + 1) as f64).exp() / (1.0 + (-r).exp()),
        false => (r / 2.0).tanh() * (-r * z.abs() as f64).exp(),
    };
    let cells = -reach - 1..=reach + 1;
    let whole: f64 = cells.clone().map(expected).sum();
    assert!((whole - 1.0).abs() < 1e-12, "{whole}");
    let statistic = cells.clone().map(|z| {
        let expected = expected(z) * draws as f64;
        assert!(expected > 5.0, "{z}: a cell that is too small says nothing");
        (counts.get(&z).copied().unwrap_or(0.0) - expected).powi(2) / expected
    });
    (statistic.sum(), cells.count() - 1)
}

#[test]
fn noise_is_as_the_closed_form_says() {
    for (numerator, denominator, reach) in [(1, 1, 5), (1, 3, 12), (2, 3, 8), (7, 2, 1), (1, 10, 30)] {
        let (statistic, freedom) = chi_square(Rate { numerator, denominator }, 200_000, reach);
        let k = freedom as f64;
        // The bound of one in a hundred thousand (Wilson and Hilferty); the seed is fixed.
        let bound = k * (1.0 - 2.0 / (9.0 * k) + 4.26 * (2.0 / (9.0 * k)).sqrt()).powi(3);
        assert!(statistic < bound, "{numerator}/{denominator}: {statistic} of {freedom}, bound {bound}");
    }
}

#[test]
fn variance_is_that_of_the_draws() {
    let rate = terms("6").epsilon.rate(7);
    assert_eq!((rate.numerator, rate.denominator), (6, 360));
    let mut chance = Chance::new(5);
    let mut next = || chance.bits();
    let n = 100_000;
    let draws: Vec<f64> = (0..n).map(|_| Bits::new(&mut next).two_sided(rate).unwrap() as f64).collect();
    let mean = draws.iter().sum::<f64>() / f64::from(n);
    let variance = draws.iter().map(|draw| draw * draw).sum::<f64>() / f64::from(n);
    assert!(mean.abs() < 4.0 * (rate.variance() / f64::from(n)).sqrt(), "{mean}");
    assert!((variance / rate.variance() - 1.0).abs() < 0.03, "{variance} {}", rate.variance());
}

#[test]
fn bits_that_are_not_random_end() {
    for constant in [0, u64::MAX, 1] {
        let refused = Gift::draw(&standing([4.0; 6]), &terms("1"), None, &mut || constant);
        match refused {
            Err(BenchmarkError::Draw(_)) => {}
            // Some constants end a draw; what comes out then is no error of the sampler.
            Ok(gift) => assert_eq!(gift.values.len(), 6),
            Err(error) => panic!("{error}"),
        }
    }
    let mut stuck = || u64::MAX;
    assert!(Bits::new(&mut stuck).two_sided(Rate { numerator: 1, denominator: 3 }).is_err());
}

#[test]
fn fractions_are_read_and_written() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(text.parse::<Epsilon>().ok().map(|epsilon| epsilon.to_string()).as_deref(), expected, "{text}");
    };
    check("6", Some("6"));
    check("6/4", Some("3/2"));
    check("1000/1000", Some("1"));
    for text in ["", "0", "1/0", "1.5", "-1", "1001", "1/2/3", "+1", " 1", "00001", "1/"] {
        check(text, None);
    }
}

proptest! {
    /// What a gift tells: no answer makes any gift more than e^ε times as likely as another.
    #[test]
    fn a_gift_tells_at_most_epsilon(
        one in prop::array::uniform6(1.0..7.0f64),
        other in prop::array::uniform6(1.0..7.0f64),
        (numerator, denominator) in (1..=1000u32, 1..=1000u32),
        seed: u64,
    ) {
        let terms = Terms { epsilon: Epsilon::new(numerator, denominator).unwrap(), ..terms("1") };
        let gift = drawn(one, &terms, &mut Chance::new(seed));
        let told = gift.log_probability(&standing(one)) - gift.log_probability(&standing(other));
        prop_assert!(told.abs() <= terms.epsilon.get() * (1.0 + 1e-9), "{told} {}", terms.epsilon);
    }

    /// The worst case reaches the bound: ε is what is used, not less and not more.
    #[test]
    fn the_whole_of_epsilon_is_used(numerator in 1..=1000u32, denominator in 1..=1000u32, level_max in 2..=10u8) {
        let terms = Terms { epsilon: Epsilon::new(numerator, denominator).unwrap(), level_max, ..terms("1") };
        let (low, high) = (standing([1.0; 6]), standing([f64::from(level_max); 6]));
        let mut gift = Gift::draw(&low, &terms, None, &mut { let mut chance = Chance::new(1); move || chance.bits() }).unwrap();
        gift.values.values_mut().for_each(|value| *value = 10);
        let told = gift.log_probability(&low) - gift.log_probability(&high);
        prop_assert!((told / terms.epsilon.get() - 1.0).abs() < 1e-9, "{told} {}", terms.epsilon);
    }

    /// No bytes make reading panic.
    #[test]
    fn anything_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_gifts(&bytes);
    }
}

#[test]
fn what_is_beyond_the_scale_is_held_to_it() {
    let terms = terms("1");
    let (inside, beyond) = (standing([7.0; 6]), standing([70.0; 6]));
    let gift = drawn([7.0; 6], &terms, &mut Chance::new(1));
    assert!((gift.log_probability(&inside) - gift.log_probability(&beyond)).abs() < 1e-12);
    let missing: BTreeMap<_, _> = [(Function::Govern, 3.0)].into();
    assert_eq!(Standing::new(&missing), Err(BenchmarkError::NothingApplies(Function::Identify)));
}

#[test]
fn a_gift_names_nobody_and_is_read_again() {
    let mut gift = drawn([3.4; 6], &terms("3/2"), &mut Chance::new(2));
    gift.size = Some(SizeClass::Small);
    let bytes = gift.written().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["epsilon", "format", "level_max", "size", "values", "year"]);
    assert_eq!(read_gifts(&bytes).unwrap(), (vec![gift.clone()], Vec::new()));
    // One bad gift of a list leaves the others.
    let mut named = value.clone();
    named["agency"] = "Springfield".into();
    let mut half = value.clone();
    half["values"].as_object_mut().unwrap().remove("RC");
    let mut far = value.clone();
    far["values"]["GV"] = 10_000_000.into();
    let mut scale = value.clone();
    scale["level_max"] = 1.into();
    let mut form = value.clone();
    form["format"] = "watchbell-benchmark-9".into();
    let list = serde_json::to_vec(&serde_json::json!([named, half, value, far, scale, form, 7])).unwrap();
    let (gifts, notes) = read_gifts(&list).unwrap();
    assert_eq!(gifts, [gift]);
    let said: Vec<_> = notes.iter().map(|note| (note.number, note.reason.as_str())).collect();
    let expected = [(1, "agency"), (2, "RC is missing"), (4, "GV lies so far out"), (5, "scale"), (6, "form"), (7, "")];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for ((number, reason), (at, part)) in said.iter().zip(expected) {
        assert!(*number == at && reason.contains(part), "{number} {reason:?} {part:?}");
    }
    assert!(matches!(read_gifts(b"7"), Err(BenchmarkError::Form(_))));
    let large = vec![b' '; limits::BENCHMARK_BYTES_MAX + 1];
    assert!(matches!(read_gifts(&large), Err(BenchmarkError::TooLarge { .. })));
    let many = format!("[{}0]", "0,".repeat(limits::BENCHMARK_GIFTS_MAX));
    assert!(matches!(read_gifts(many.as_bytes()), Err(BenchmarkError::TooLarge { .. })));
}

#[test]
fn gifts_on_other_terms_and_twice_do_not_count() {
    let wanted = terms("6");
    let mut chance = Chance::new(3);
    let gift = drawn([4.0; 6], &wanted, &mut chance);
    let others = [
        Terms { year: 2025, ..wanted },
        Terms { level_max: 4, ..wanted },
        Terms { epsilon: "3".parse().unwrap(), ..wanted },
    ];
    let mut gifts = vec![gift.clone(), gift];
    gifts.extend(others.iter().map(|terms| drawn([4.0; 6], terms, &mut chance)));
    let comparison = combine(&gifts, &wanted, &Useful::default());
    assert_eq!(comparison.agencies, 1);
    let said: Vec<_> = comparison.refused.iter().map(|note| (note.number, note.reason.as_str())).collect();
    assert_eq!(
        said,
        [(2, "the same gift is there already"), (3, "it is of 2025"), (4, "its scale has 4 steps"), (5, "its ε is 3")]
    );
    let first = &comparison.cells[0];
    assert!(matches!(first.too_few, Some(TooFew::Agencies { .. })) && first.estimate.is_none());
    assert!(first.words().starts_with("too few: 1 gave, and it takes about"), "{}", first.words());
}

/// Comparisons of so many agencies, over and over.
fn rounds(rounds: u64, agencies: usize, epsilon: &str) -> (f64, f64, f64) {
    let terms = terms(epsilon);
    let everything = Useful { agencies_min: 2, half_width_max: 10.0 };
    let (mut sum, mut of_these, mut of_all) = (0.0, 0.0, 0.0);
    for round in 0..rounds {
        let mut chance = Chance::new(11).of(round);
        let levels: Vec<f64> =
            (0..agencies).map(|_| (2.5 + 3.0 * chance.unit()) * 10.0).map(|x| x.round() / 10.0).collect();
        let gifts: Vec<Gift> = levels.iter().map(|level| drawn([*level; 6], &terms, &mut chance)).collect();
        let true_mean = levels.iter().sum::<f64>() / agencies as f64;
        let comparison = combine(&gifts, &terms, &everything);
        for cell in &comparison.cells {
            let estimate = cell.estimate.unwrap();
            sum += estimate.mean - true_mean;
            of_these += f64::from(u8::from(estimate.of_these.contains(true_mean)));
            of_all += f64::from(u8::from(estimate.of_all.contains(4.0)));
        }
    }
    let cells = rounds as f64 * 6.0;
    (sum / cells, of_these / cells, of_all / cells)
}

#[test]
fn the_mean_is_unbiased_and_intervals_cover() {
    for (agencies, epsilon) in [(30, "120"), (100, "60"), (8, "600")] {
        let (bias, of_these, of_all) = rounds(150, agencies, epsilon);
        let noise = terms(epsilon).noise() / (agencies as f64 * 900.0).sqrt();
        assert!(bias.abs() < 4.0 * noise, "{agencies}: bias {bias}, error {noise}");
        assert!((0.87..=0.95).contains(&of_these), "{agencies}: noise covers {of_these}");
        assert!(of_all > 0.84, "{agencies}: all covers {of_all}");
    }
}

#[test]
fn enough_agencies_are_shown_and_too_few_say_how_many_it_takes() {
    let wanted = terms("6");
    assert!((wanted.noise() - 8.4848).abs() < 0.01, "{}", wanted.noise());
    let mut chance = Chance::new(4);
    let mut gifts: Vec<Gift> = (0..1_000).map(|_| drawn([4.0; 6], &wanted, &mut chance)).collect();
    for gift in gifts.iter_mut().take(40) {
        gift.size = Some(SizeClass::Large);
    }
    let comparison = combine(&gifts, &wanted, &Useful::default());
    assert_eq!((comparison.agencies, comparison.cells.len()), (1_000, 12));
    let (all, large) = comparison.cells.split_at(6);
    for cell in all {
        let estimate = cell.estimate.unwrap();
        assert!(
            (estimate.mean - 4.0).abs() < 4.0 * cell.error && estimate.of_all.covers(&estimate.of_these),
            "{cell:?}"
        );
        assert!(cell.error >= cell.noise_error);
    }
    for cell in large {
        let Some(TooFew::Wide { needed }) = cell.too_few else { panic!("{cell:?}") };
        assert!((400..2_000).contains(&needed) && cell.estimate.is_none(), "{cell:?}");
        assert_eq!((cell.size, cell.agencies), (Some(SizeClass::Large), 40));
    }
    assert_eq!(combine(&[], &wanted, &Useful::default()).cells[0].agencies, 0);
    for wrong in [(1, 0.5), (5, 0.0), (5, f64::NAN), (usize::MAX, 0.5)] {
        assert!(Useful { agencies_min: wrong.0, half_width_max: wrong.1 }.check().is_err(), "{wrong:?}");
    }
}
