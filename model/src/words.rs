//! Nouns beside numbers.

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
        assert_eq!((counted(1, "day").as_str(), counted(3, "day").as_str()), ("1 day", "3 days"));
    }
}
