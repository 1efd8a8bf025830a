//! What stands in one cell.

/// Letters at which a spreadsheet starts a formula, and the apostrophe that guards against it.
const GUARDED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// A text that no spreadsheet takes for a formula.
pub(super) fn guarded(text: &str) -> String {
    if text.starts_with(GUARDED) { format!("'{text}") } else { text.to_owned() }
}

/// The text behind the guard.
pub(super) fn unguarded(text: &str) -> String {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(GUARDED)).unwrap_or(text).to_owned()
}

/// The parts between separators, without blanks round them; a backslash takes the meaning from what stands behind it.
pub(super) fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), Vec::new());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            // The other separator keeps its backslash: it is split again, one level deeper.
            match letters.next() {
                Some(next) if next == separator || next == '\\' || next.is_whitespace() => part.push((next, true)),
                Some(next) => part.extend([(letter, true), (next, true)]),
                None => part.push((letter, true)),
            }
        } else if letter == separator {
            parts.push(trimmed(&std::mem::take(&mut part)));
        } else {
            part.push((letter, false));
        }
    }
    parts.push(trimmed(&part));
    parts
}

fn trimmed(part: &[(char, bool)]) -> String {
    let is_blank = |(letter, is_escaped): &&(char, bool)| letter.is_whitespace() && !is_escaped;
    let from = part.iter().take_while(is_blank).count();
    let rest = part.get(from..).unwrap_or_default();
    let to = rest.len() - rest.iter().rev().take_while(is_blank).count();
    rest.get(..to).unwrap_or_default().iter().map(|(letter, _)| letter).collect()
}

/// Writes a part so that [`split`] gives it back.
pub(super) fn escaped(part: &str, separator: char) -> String {
    let count = part.chars().count();
    let mut text = String::with_capacity(part.len());
    for (place, letter) in part.chars().enumerate() {
        let is_at_end = place == 0 || place + 1 == count;
        if letter == separator || letter == '\\' || (letter.is_whitespace() && is_at_end) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts() {
        assert_eq!(split("a; b ;;c", ';'), ["a", "b", "", "c"]);
        assert_eq!(split(r"a\;b;\ c;d\\;e\|f", ';'), ["a;b", " c", r"d\", r"e\|f"]);
        assert_eq!(unguarded("'=1+1"), "=1+1");
        assert_eq!(unguarded("'s Graven"), "'s Graven");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(parts in proptest::collection::vec("[a;| \\\\\u{a0}]{1,6}", 1..4), text in "['=+@a-]{0,3}") {
            let written: Vec<String> = parts.iter().map(|part| escaped(part, ';')).collect();
            prop_assert_eq!(split(&written.join(";"), ';'), parts);
            prop_assert_eq!(unguarded(&guarded(&text)), text);
        }
    }
}
