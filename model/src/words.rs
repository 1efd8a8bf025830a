//! Numbers as people read them, and nouns beside them.

/// The noun as it stands behind a number: `finding` behind 1, else `findings`; `entries`, `days`.
pub fn noun_of(number: u64, noun: &str) -> String {
    // A day is no entry.
    let stem = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match (number, stem) {
        (1, _) => noun.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) => format!("{noun}s"),
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 finding`, `2 findings`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{number} {}", noun_of(number, noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        let check = |number, noun, expected: &str| assert_eq!(noun_of(number, noun), expected);
        check(1, "finding", "finding");
        check(0, "finding", "findings");
        check(2, "entry", "entries");
        check(90, "day", "days");
        check(1, "entry", "entry");
        let marks = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        marks.iter().for_each(|(number, expected)| assert_eq!(grouped(*number), *expected));
        assert_eq!((counted(1, "day").as_str(), counted(3, "day").as_str()), ("1 day", "3 days"));
    }
}
