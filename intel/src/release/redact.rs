//! Taking names out of words.

use model::limits;
use regex::{Captures, Regex, RegexBuilder};

use super::item::Account;
use super::refusal::Refusal;

/// Names up to this length are looked for as whole words: inside others they mean nothing.
const SHORT_CHARS_MAX: usize = 3;
/// Automaton of all names together.
const NAMES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Names, each with what stands in its place.
#[derive(Default)]
pub(super) struct Names {
    /// What is looked for, in whatever case, and what replaces it.
    names: Vec<(String, String)>,
}

impl Names {
    /// Adds a name.
    pub(super) fn add(&mut self, name: &str, instead: &str) {
        let name = name.trim();
        if !name.is_empty() {
            self.names.push((name.to_owned(), instead.to_owned()));
        }
    }

    /// Adds an account in all spellings: whole, without its domain in front, and without what follows the `@`.
    pub(super) fn add_account(&mut self, account: &Account, instead: &str) {
        let name = account.0.as_str();
        self.add(name, instead);
        let bare = name.rsplit('\\').next().unwrap_or(name);
        let bare = bare.split('@').next().unwrap_or(bare);
        if bare.chars().count() >= SHORT_CHARS_MAX {
            self.add(bare, instead);
        }
    }

    /// Whether one of them may stand in the text. Only `false` is sure: making what finds names takes longer than looking at a label, and
    /// lists have millions of those.
    pub(super) fn may_stand_in(&self, text: &str) -> bool {
        // Beyond ASCII one letter in another case can be several.
        let is_in = |name: &[u8]| text.as_bytes().windows(name.len()).any(|part| part.eq_ignore_ascii_case(name));
        !text.is_ascii() || self.names.iter().any(|(name, _)| !name.is_ascii() || is_in(name.as_bytes()))
    }

    /// Makes what finds them; the longest name at a place wins.
    ///
    /// # Errors
    /// When there are too many or they are too long.
    pub(super) fn compile(mut self) -> Result<Redactor, Refusal> {
        self.names.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.names.dedup_by(|(a, _), (b, _)| a == b);
        if self.names.is_empty() {
            return Ok(Redactor { pattern: None, names: self.names });
        }
        let word = |name: &str| {
            let escaped = regex::escape(name);
            let is_short = name.chars().count() <= SHORT_CHARS_MAX;
            if is_short { format!(r"\b{{start-half}}({escaped})\b{{end-half}}") } else { format!("({escaped})") }
        };
        let pattern = self.names.iter().map(|(name, _)| word(name)).collect::<Vec<_>>().join("|");
        let built = RegexBuilder::new(&pattern).case_insensitive(true).size_limit(NAMES_BYTES_MAX).build();
        Ok(Redactor { pattern: Some(built.map_err(|_| Refusal::CannotRedact)?), names: self.names })
    }
}

/// Finds names in words.
pub(super) struct Redactor {
    pattern: Option<Regex>,
    names: Vec<(String, String)>,
}

impl Redactor {
    /// The text with every name replaced.
    ///
    /// # Errors
    /// When it is longer than what may be shared.
    pub(super) fn redact(&self, text: &str) -> Result<String, Refusal> {
        if text.len() > limits::SHARED_TEXT_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        let Some(pattern) = &self.pattern else { return Ok(text.to_owned()) };
        let instead = |found: &Captures<'_>| {
            let at = (1..found.len()).find(|group| found.get(*group).is_some());
            let name = at.and_then(|group| self.names.get(group - 1));
            name.map_or_else(|| "[removed]".to_owned(), |(_, instead)| instead.clone())
        };
        Ok(pattern.replace_all(text, instead).into_owned())
    }

    /// Whether a name stands in the text.
    pub(super) fn finds(&self, text: &str) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accounts: &[&str], text: &str, expected: &str) {
        let mut names = Names::default();
        accounts.iter().enumerate().for_each(|(n, name)| names.add_account(&Account::new(name), &format!("<{n}>")));
        assert_eq!(names.compile().unwrap().redact(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn every_spelling_goes() {
        check(&["h.brandt"], "H.Brandt logged in as CITY\\h.brandt", "<0> logged in as CITY\\<0>");
        check(&["CITY\\h.brandt"], "city\\h.brandt, h.brandt and h-brandt", "<0>, <0> and h-brandt");
        check(&["h.brandt@stadt.example"], "mail to h.brandt@stadt.example or H.BRANDT", "mail to <0> or <0>");
        check(&["ann", "annabel"], "annabel and Ann in the channel", "<1> and <0> in the channel");
        check(&["jo"], "jo, join, JO!", "<0>, join, <0>!");
        check(&["müller"], "MÜLLER", "<0>");
        check(&[""], "nobody", "nobody");
        check(&["a.*(b"], "a.*(b and aXXb", "<0> and aXXb");
    }

    #[test]
    fn what_is_passed_over_has_no_name_in_it() {
        let may = |name: &str, text: &str, expected: bool| {
            let mut names = Names::default();
            names.add(name, "<>");
            assert_eq!(names.may_stand_in(text), expected, "{name} {text}");
            assert!(expected || names.compile().unwrap().redact(text).unwrap() == text, "{name} {text}");
        };
        may("ipsum", "malware/emotet", false);
        may("ipsum", "seen by IPsum", true);
        may("k", "malware", false);
        // The sign of Kelvin is a K.
        may("k", "\u{212a}", true);
        may("müller", "muller", true);
        may("ipsum", "", false);
    }

    #[test]
    fn too_long_is_refused() {
        let redactor = Names::default().compile().unwrap();
        assert!(redactor.redact(&"x".repeat(limits::SHARED_TEXT_BYTES_MAX)).is_ok());
        assert_eq!(redactor.redact(&"x".repeat(limits::SHARED_TEXT_BYTES_MAX + 1)), Err(Refusal::TooLong));
    }
}
