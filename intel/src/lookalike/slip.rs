//! Slips of the fingers: what makes one label out of another.

use super::Technique;

/// How one label comes out of another by one edit, or `None` when it takes more.
///
/// Both are ASCII, and different.
pub(super) fn one_slip(meant: &[u8], typed: &[u8]) -> Option<Technique> {
    let start = meant.iter().zip(typed).take_while(|(a, b)| a == b).count();
    let (meant_rest, typed_rest) = (meant.get(start..)?, typed.get(start..)?);
    let end = meant_rest.iter().rev().zip(typed_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let left = meant_rest.get(..meant_rest.len() - end)?;
    let right = typed_rest.get(..typed_rest.len() - end)?;
    match (left, right) {
        ([], []) => None,
        ([_], []) => Some(Technique::Omission),
        ([], [added]) => Some(addition(meant, start, *added)),
        ([a], [b]) => Some(replacement(*a, *b)),
        ([a, b], [c, d]) if a == d && b == c => Some(Technique::Transposition),
        _ => None,
    }
}

fn addition(meant: &[u8], at: usize, added: u8) -> Technique {
    let beside = [at.checked_sub(1).and_then(|before| meant.get(before)), meant.get(at)];
    let mut beside = beside.into_iter().flatten();
    if added == b'-' {
        return Technique::Hyphenation;
    }
    if beside.clone().any(|b| *b == added) {
        return Technique::Doubling;
    }
    if beside.any(|b| are_neighbours(*b, added)) { Technique::KeyboardSlip } else { Technique::Addition }
}

fn replacement(meant: u8, typed: u8) -> Technique {
    if are_neighbours(meant, typed) {
        return Technique::KeyboardSlip;
    }
    if (meant ^ typed).is_power_of_two() {
        return Technique::BitFlip;
    }
    let is_vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    if is_vowel(meant) && is_vowel(typed) { Technique::VowelSwap } else { Technique::Replacement }
}

/// Rows of a keyboard, each a little to the right of the one above; `y` and `z` change places on German ones.
const KEYBOARDS: [[&[u8]; 4]; 2] = [
    [b"1234567890-", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"],
    [b"1234567890", b"qwertzuiop", b"asdfghjkl", b"yxcvbnm-"],
];

/// Whether two keys touch each other on one of the keyboards.
fn are_neighbours(a: u8, b: u8) -> bool {
    let place = |keyboard: &[&[u8]; 4], key: u8| {
        keyboard.iter().enumerate().find_map(|(row, keys)| {
            keys.iter().position(|known| *known == key).map(|column| (row as i32, column as i32))
        })
    };
    KEYBOARDS.iter().any(|keyboard| {
        let (Some((row_a, column_a)), Some((row_b, column_b))) = (place(keyboard, a), place(keyboard, b)) else {
            return false;
        };
        // A key touches those at its column and at the next one in the row above.
        match row_b - row_a {
            0 => (column_a - column_b).abs() == 1,
            -1 => column_b == column_a || column_b == column_a + 1,
            1 => column_b == column_a || column_b + 1 == column_a,
            _ => false,
        }
    })
}

/// Whether two edits (a letter more, less, other, or two neighbours swapped) are enough, by optimal string alignment.
pub(super) fn within_two(meant: &[u8], typed: &[u8]) -> bool {
    if meant.len().abs_diff(typed.len()) > 2 {
        return false;
    }
    let width = typed.len() + 1;
    let mut before_last: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for (i, a) in meant.iter().enumerate() {
        let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
        let mut least = i + 1;
        for (j, b) in typed.iter().enumerate() {
            let left = if j == 0 { i + 1 } else { at(&row, j) };
            let mut best = (at(&last, j) + usize::from(a != b)).min(at(&last, j + 1) + 1).min(left + 1);
            let swapped = i > 0 && j > 0 && meant.get(i - 1) == Some(b) && typed.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = best;
            }
            least = least.min(best);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        if least > 2 {
            return false;
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last.last().is_some_and(|distance| *distance <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(meant: &str, typed: &str, expected: Option<Technique>) {
        assert_eq!(one_slip(meant.as_bytes(), typed.as_bytes()), expected, "{meant} {typed}");
    }

    #[test]
    fn each_slip_has_a_name() {
        check("musterstadt", "musterstdt", Some(Technique::Omission));
        check("musterstadt", "mustersadt", Some(Technique::Omission));
        check("musterstadt", "mussterstadt", Some(Technique::Doubling));
        check("musterstadt", "mustertsadt", Some(Technique::Transposition));
        check("musterstadt", "umsterstadt", Some(Technique::Transposition));
        check("musterstadt", "nusterstadt", Some(Technique::KeyboardSlip));
        check("musterstadt", "mustersradt", Some(Technique::KeyboardSlip));
        check("musterstadt", "musterstadtz", Some(Technique::KeyboardSlip));
        check("muenchen", "muenchex", Some(Technique::Replacement));
        check("musterstadt", "eusterstadt", Some(Technique::BitFlip));
        check("musterstadt", "mostersladt", None);
        check("leipzig", "laipzig", Some(Technique::BitFlip));
        check("leipzig", "leipzog", Some(Technique::KeyboardSlip));
        check("springfield", "sprungfield", Some(Technique::KeyboardSlip));
        check("springfield", "springfiald", Some(Technique::BitFlip));
        check("hamburg", "homburg", Some(Technique::VowelSwap));
        check("musterstadt", "musterstadts", Some(Technique::Addition));
        check("musterstadt", "muster-stadt", Some(Technique::Hyphenation));
        check("musterstadt", "mustervilla", None);
    }

    #[test]
    fn two_slips() {
        let check =
            |a: &str, b: &str, expected| assert_eq!(within_two(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        check("musterstadt", "mustrestad", true);
        check("musterstadt", "umsterstatd", true);
        check("musterstadt", "musterdorf", false);
        check("musterstadt", "musterstadt", true);
        check("", "ab", true);
        check("", "abc", false);
    }

    /// The textbook form of the same distance, over the whole table.
    fn alignment(a: &[u8], b: &[u8]) -> usize {
        let mut table = vec![vec![0usize; b.len() + 1]; a.len() + 1];
        (0..=a.len()).for_each(|i| table[i][0] = i);
        (0..=b.len()).for_each(|j| table[0][j] = j);
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                let same = usize::from(a[i - 1] != b[j - 1]);
                table[i][j] = (table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(table[i - 1][j - 1] + same);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    table[i][j] = table[i][j].min(table[i - 2][j - 2] + 1);
                }
            }
        }
        table[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn agrees_with_the_textbook(a in "[abc]{0,7}", b in "[abc]{0,7}") {
            let distance = alignment(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(within_two(a.as_bytes(), b.as_bytes()), distance <= 2);
            prop_assert_eq!(one_slip(a.as_bytes(), b.as_bytes()).is_some(), distance == 1);
        }
    }
}
