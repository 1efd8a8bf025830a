//! Words inside texts.

/// Whether `word` stands in a text as a word, whatever its case: `phishing` in `malicious/Phishing-kit`.
pub fn is_word_of(word: &str, text: &str) -> bool {
    let (word, text) = (word.to_lowercase(), text.to_lowercase());
    !word.is_empty() && text.match_indices(&word).any(|(at, found)| stands_alone(&text, at, found.len()))
}

/// Whether the text at that place is not part of a longer word.
pub(crate) fn stands_alone(text: &str, at: usize, length: usize) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text.get(at + length..).and_then(|text| text.chars().next());
    ends(before) && ends(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_only() {
        let check = |word: &str, text: &str, expected| assert_eq!(is_word_of(word, text), expected, "{word} in {text}");
        check("phishing", "malicious/Phishing-kit", true);
        check("phishing", "spearphishing", false);
        check("DE", "de-by", true);
        check("siemens s7", "Siemens S7 1500", true);
        check("ü", "x ü", true);
        check("", "x", false);
    }
}
