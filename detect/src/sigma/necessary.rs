//! A text that every match of a regular expression holds, so that an automaton can look for it first.
//!
//! Walks the parsed expression and takes the longest run of characters that stands outside alternatives and optional
//! parts. A class of two letters that differ in case counts as the letter. Empty means that none is known, never that the
//! empty text is needed.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The longest such text, lowered; empty when there is none.
pub(crate) fn text_of(expression: &str, case_insensitive: bool) -> String {
    let parsed = regex_syntax::ParserBuilder::new().case_insensitive(case_insensitive).build().parse(expression);
    let Ok(hir) = parsed else { return String::new() };
    let mut runs = Runs::default();
    runs.walk(&hir);
    runs.end_run();
    runs.longest
}

#[derive(Default)]
struct Runs {
    run: String,
    longest: String,
}

impl Runs {
    fn end_run(&mut self) {
        if self.run.len() > self.longest.len() {
            self.longest = self.run.clone();
        }
        self.run.clear();
    }

    fn walk(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                // Only ASCII: lower-casing other letters may change their number, and a run must stay a run.
                Ok(text) if text.is_ascii() => self.run.push_str(&text.to_ascii_lowercase()),
                _ => self.end_run(),
            },
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.end_run(),
            },
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                // What is repeated stands there at least once, but what follows need not touch its first copy.
                self.end_run();
                self.walk(&repetition.sub);
                self.end_run();
            }
            HirKind::Look(_) | HirKind::Empty => {}
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.end_run(),
        }
    }
}

/// The letter of a class like `[Aa]`.
fn one_letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let mut letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    let first = letters.next().filter(char::is_ascii)?.to_ascii_lowercase();
    // `k` and `s` have third shapes (the Kelvin sign, the long s) that lower to other characters or none; a value with
    // those lowers to the same ASCII letter only for some, so such a class ends the run.
    let same = letters.take(3).all(|letter| letter.is_ascii() && letter.to_ascii_lowercase() == first);
    same.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_longest_run() {
        let check = |expression: &str, insensitive, expected: &str| {
            assert_eq!(text_of(expression, insensitive), expected, "{expression}");
        };
        check("abc", false, "abc");
        check("ABC", false, "abc");
        check("a.*bcd", false, "bcd");
        check("(?:abc|def)gh", false, "gh");
        check("x?yz", false, "yz");
        check("(ab)+c", false, "ab");
        check("abc", true, "abc");
        check(r"\bwmic\b", false, "wmic");
        check("a|b", false, "");
        check(".*", false, "");
        check(r"%[a-z]+%", false, "%");
    }

    proptest! {
        #[test]
        fn every_match_holds_it(expression in r"[a-c.?+*()|A-C]{1,8}", value in "[a-cA-C]{0,8}", insensitive: bool) {
            let built = regex::RegexBuilder::new(&expression).case_insensitive(insensitive).build();
            if let Ok(regex) = built && regex.is_match(&value) {
                prop_assert!(value.to_lowercase().contains(&text_of(&expression, insensitive)));
            }
        }
    }
}
