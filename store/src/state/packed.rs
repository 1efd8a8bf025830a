//! Reading rows that the database has put into one text: each row on its own costs a hand-over between threads.
//!
//! A row begins with words, each with a blank behind it; texts follow, of the lengths in bytes that words have said.

use super::database::StateError;

/// What is left of the text.
pub(super) struct Packed<'t> {
    what: &'static str,
    text: &'t str,
}

impl<'t> Packed<'t> {
    /// Over a text of rows; errors name `what` they are.
    pub(super) fn new(what: &'static str, text: &'t str) -> Self {
        Packed { what, text }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn corrupt(&self, detail: impl Into<String>) -> StateError {
        StateError::Corrupt { what: self.what, detail: detail.into() }
    }

    /// The next word.
    pub(super) fn word(&mut self) -> Result<&'t str, StateError> {
        let (word, rest) = self.text.split_once(' ').ok_or_else(|| self.corrupt("a row breaks off"))?;
        self.text = rest;
        Ok(word)
    }

    /// The next word as a number.
    pub(super) fn number(&mut self) -> Result<i64, StateError> {
        let word = self.word()?;
        word.parse().map_err(|_| self.corrupt(format!("{word:?} is no number")))
    }

    /// The next word as a number, when there is one: `-` stands for none.
    pub(super) fn optional(&mut self) -> Result<Option<i64>, StateError> {
        if let Some(rest) = self.text.strip_prefix("- ") {
            self.text = rest;
            return Ok(None);
        }
        self.number().map(Some)
    }

    /// The next text, so long.
    pub(super) fn text(&mut self, length: i64) -> Result<&'t str, StateError> {
        let length = usize::try_from(length).unwrap_or(0);
        let (part, rest) = self.text.split_at_checked(length).ok_or_else(|| self.corrupt("a row breaks off"))?;
        self.text = rest;
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_texts() {
        let mut packed = Packed::new("row", "a -3 - 5 xä y-");
        assert_eq!(packed.word().unwrap(), "a");
        assert_eq!((packed.optional().unwrap(), packed.optional().unwrap()), (Some(-3), None));
        let length = packed.number().unwrap();
        assert_eq!(packed.text(length).unwrap(), "xä y");
        assert!(packed.word().is_err() && !packed.is_empty());
        assert!(Packed::new("row", "ä").text(1).is_err(), "not within a letter");
        assert!(Packed::new("row", "x ").number().is_err());
        assert_eq!(packed.text(1).unwrap(), "-");
        assert!(packed.is_empty());
    }
}
