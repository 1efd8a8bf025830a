//! Texts with wildcards, compared without case unless asked otherwise.
//!
//! Sigma 2.0, "Wildcards": `*` stands for any run of characters, line breaks among them, `?` for one character. A pattern
//! is a row of [`Piece`]s between two anchors, so that `contains`, `startswith`, `endswith`, plain equality and wildcards
//! are one thing. Matching is linear in the value for plain texts and never worse than value × pieces.

use memchr::memmem;

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    /// These characters.
    Literal(String),
    /// One character, whichever.
    One,
    /// Any run of characters, also none.
    Many,
    /// A dash or slash in any of its shapes (modifier `windash`).
    Dash,
}

/// The five shapes of a dash that `windash` takes for one (Sigma 2.0, "windash").
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    /// The parts; neighbouring literals are one.
    pub(crate) pieces: Vec<Piece>,
    /// The value must begin with the pattern.
    pub(crate) at_start: bool,
    /// The value must end with the pattern.
    pub(crate) at_end: bool,
    /// Upper and lower case differ.
    pub(crate) cased: bool,
}

impl Pattern {
    /// Joins neighbouring literals, lowers them unless `cased`, and turns runs of `*` at the rims into open anchors.
    pub(crate) fn new(pieces: Vec<Piece>, at_start: bool, at_end: bool, cased: bool) -> Self {
        let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (Some(Piece::Literal(text)), Piece::Literal(more)) => text.push_str(&more),
                (Some(Piece::Many), Piece::Many) => {}
                (_, piece) => joined.push(piece),
            }
        }
        let mut pattern = Pattern { pieces: joined, at_start, at_end, cased };
        if let Some(Piece::Many) = pattern.pieces.first() {
            pattern.pieces.remove(0);
            pattern.at_start = false;
        }
        if let Some(Piece::Many) = pattern.pieces.last() {
            pattern.pieces.pop();
            pattern.at_end = false;
        }
        if !cased {
            for piece in &mut pattern.pieces {
                if let Piece::Literal(text) = piece {
                    *text = text.to_lowercase();
                }
            }
        }
        pattern
    }

    /// The pattern's only text, when it has neither wildcards nor case: then an automaton alone decides about it.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            _ if self.cased => None,
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether a value of several lines matches exactly when one of its lines does.
    pub(crate) fn is_within_a_line(&self) -> bool {
        match self.pieces.as_slice() {
            _ if self.at_start || self.at_end => false,
            [Piece::Literal(text)] => !text.is_empty() && !text.contains('\n'),
            _ => false,
        }
    }

    /// The longest text that every match holds; empty when there is none. Lowered even when the pattern has case.
    pub(crate) fn necessary(&self) -> String {
        let texts = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text),
            _ => None,
        });
        texts.max_by_key(|text| text.len()).map(|text| text.to_lowercase()).unwrap_or_default()
    }

    /// Whether `value` matches; `value` must be lowered already unless the pattern has case.
    pub(crate) fn matches(&self, value: &str) -> bool {
        if self.at_start {
            return self.matches_from(value);
        }
        if let [Piece::Literal(text)] = self.pieces.as_slice()
            && !self.at_end
        {
            return memmem::find(value.as_bytes(), text.as_bytes()).is_some();
        }
        match self.pieces.first() {
            None => !self.at_end || self.pieces.is_empty(),
            Some(Piece::Literal(first)) => {
                // Only places where the first text stands can start a match.
                let finder = memmem::Finder::new(first.as_bytes());
                finder.find_iter(value.as_bytes()).any(|at| self.matches_from(&value[at..]))
                    || overlapping(first, value).any(|at| self.matches_from(&value[at..]))
            }
            Some(_) => {
                let starts = value.char_indices().map(|(at, _)| at).chain([value.len()]);
                starts.into_iter().any(|at| self.matches_from(&value[at..]))
            }
        }
    }

    /// Matches with the pattern's start at the value's start. The usual two-pointer walk: on failure go back to the last
    /// `*` and let it take one character more.
    fn matches_from(&self, value: &str) -> bool {
        let (mut piece, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let step = match self.pieces.get(piece) {
                None if !self.at_end || at == value.len() => return true,
                None => None,
                Some(Piece::Many) => {
                    retry = Some((piece + 1, at));
                    piece += 1;
                    continue;
                }
                Some(Piece::Literal(text)) => value[at..].starts_with(text.as_str()).then_some(text.len()),
                Some(Piece::One) => value[at..].chars().next().map(char::len_utf8),
                Some(Piece::Dash) => value[at..].chars().next().filter(|c| DASHES.contains(c)).map(char::len_utf8),
            };
            match step {
                Some(length) => {
                    at += length;
                    piece += 1;
                }
                None => {
                    let Some((after, from)) = retry else { return false };
                    let Some(next) = value[from..].chars().next() else { return false };
                    at = from + next.len_utf8();
                    piece = after;
                    retry = Some((after, at));
                }
            }
        }
    }
}

/// Every place where `needle` stands, overlapping ones too; `find_iter` leaves those out.
fn overlapping<'a>(needle: &'a str, value: &'a str) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + value.get(from..)?.find(needle)?;
        let step = value[at..].chars().next().map_or(1, char::len_utf8);
        from = at + step;
        Some(at)
    })
}

/// Lowers `text` into `out`, fast for ASCII. The rest follows Unicode's simple and special lower-casing, as rules do.
pub(crate) fn lower_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let from = out.len();
        out.push_str(text);
        out[from..].make_ascii_lowercase();
    } else {
        out.push_str(&text.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Vec<Piece> {
        text.chars()
            .map(|c| match c {
                '*' => Piece::Many,
                '?' => Piece::One,
                c => Piece::Literal(c.to_string()),
            })
            .collect()
    }

    fn check(pattern: &str, value: &str, expected: bool) {
        let found = Pattern::new(parse(pattern), true, true, false).matches(&value.to_lowercase());
        assert_eq!(found, expected, "{pattern:?} on {value:?}");
    }

    #[test]
    fn wildcards() {
        check("abc", "ABC", true);
        check("abc", "abcd", false);
        check("a*c", "abbbc", true);
        check("a*c", "ac", true);
        check("a?c", "ac", false);
        check("a?c", "aßc", true);
        check("*b*", "abc", true);
        check("*", "", true);
        check("", "", true);
        check("", "x", false);
        check("a*b*c", "a-b-b-c", true);
        check("*aab", "aaab", true);
        check("a*\\x", "a\nb\\x", true);
        check("ÄÖ*", "äöü", true);
    }

    #[test]
    fn contains_with_wildcards_inside() {
        let pattern = Pattern::new(parse("a?b"), false, false, false);
        assert!(pattern.matches("xxaxbxx"));
        assert!(pattern.matches("aaxb"));
        assert!(!pattern.matches("ab"));
    }

    #[test]
    fn windash() {
        let pieces = vec![Piece::Literal(" ".into()), Piece::Dash, Piece::Literal("enc".into())];
        let pattern = Pattern::new(pieces, false, false, false);
        for dash in DASHES {
            assert!(pattern.matches(&format!("powershell {dash}enc")), "{dash}");
        }
        assert!(!pattern.matches("powershell _enc"));
    }

    proptest! {
        #[test]
        fn agrees_with_a_regular_expression(
            pattern in "[ab*?]{0,6}", value in "[ab\n]{0,8}", at_start: bool, at_end: bool,
        ) {
            let mut text = String::from("(?s)");
            text.push_str(if at_start { "^" } else { "" });
            for c in pattern.chars() {
                match c { '*' => text.push_str(".*"), '?' => text.push('.'), c => text.push(c) }
            }
            text.push_str(if at_end { "$" } else { "" });
            // A regular expression's `$` at the text's very end is what we mean.
            let expected = regex::Regex::new(&text.replace('$', r"\z")).unwrap().is_match(&value);
            prop_assert_eq!(Pattern::new(parse(&pattern), at_start, at_end, false).matches(&value), expected);
        }
    }
}
