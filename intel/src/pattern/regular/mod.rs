//! Regular expressions and wildcards of patterns, for the crate `regex`.
//!
//! STIX asks for PCRE (2.1, section 9.6.1). [`translate`] writes what both know in the words of `regex`: groups lose
//! their names, `$` also stands before a last line feed, classes are taken literally where `regex` knows operators.
//! What needs going back — references to groups, looking around, atomic groups, possessive quantifiers — cannot be
//! evaluated in time that follows from the length of the text, and is refused by name.
//!
//! The dot does not match a line feed and `^` and `$` are ends of the text, as PCRE and the reference have it, unless
//! flags say otherwise. Over bytes, the characters up to U+00FF are the bytes of that number.

mod class;
mod escape;
mod translate;

use std::borrow::Cow;
use std::sync::OnceLock;

use model::limits;
use regex::{Regex, RegexBuilder, bytes};

use super::fault::Why;
use translate::{Alphabet, translate};

/// How far groups may be nested.
const NESTED_MAX: u32 = 128;

/// Refuses what cannot be evaluated, with the reason.
pub(crate) fn check(source: &str) -> Result<(), String> {
    let expression = translate(&nfc(source), Alphabet::Characters)?;
    let parsed = regex_syntax::ParserBuilder::new().nest_limit(NESTED_MAX).build().parse(&expression);
    parsed.map(drop).map_err(|error| {
        // Of the expression that we wrote, the place would mislead.
        let reason = match &error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            _ => "not understood".to_owned(),
        };
        format!("cannot evaluate the regular expression: {reason}")
    })
}

/// Normal form C of a text (Unicode Annex 15).
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// An expression that is compiled when it is first needed: most of a hundred thousand never are.
#[derive(Debug)]
pub(crate) struct Expression {
    source: String,
    is_like: bool,
    text: OnceLock<Option<Regex>>,
    bytes: OnceLock<Option<bytes::Regex>>,
}

impl Expression {
    /// Of `MATCHES`; has passed [`check`].
    pub(crate) fn matches(source: &str) -> Self {
        let source = nfc(source).into_owned();
        Expression { source, is_like: false, text: OnceLock::new(), bytes: OnceLock::new() }
    }

    /// Of `LIKE`: the whole text, with `%` for any text and `_` for any character.
    pub(crate) fn like(wildcards: &str) -> Self {
        let mut source = String::from("\\A");
        for c in nfc(wildcards).chars() {
            match c {
                '%' => source.push_str("(?s:.*)"),
                '_' => source.push_str("(?s:.)"),
                _ => regex_syntax::escape_into(c.encode_utf8(&mut [0; 4]), &mut source),
            }
        }
        source.push_str("\\z");
        Expression { source, is_like: true, text: OnceLock::new(), bytes: OnceLock::new() }
    }

    /// The text has it.
    pub(crate) fn finds_in(&self, text: &str) -> Result<bool, Why> {
        let compiled = self.text.get_or_init(|| {
            let expression =
                if self.is_like { self.source.clone() } else { translate(&self.source, Alphabet::Characters).ok()? };
            let mut builder = RegexBuilder::new(&expression);
            builder.size_limit(limits::PATTERN_EXPRESSION_BYTES_MAX).nest_limit(NESTED_MAX).build().ok()
        });
        let compiled = compiled.as_ref().ok_or(Why::ExpressionTooLarge)?;
        Ok(compiled.is_match(&nfc(text)))
    }

    /// The bytes have it. An expression with characters beyond U+00FF is found in no bytes (section 9.6.1). Wildcards are
    /// held against the text that the bytes are, as in the reference, if they are UTF-8.
    pub(crate) fn finds_in_bytes(&self, value: &[u8]) -> Result<bool, Why> {
        if self.source.chars().any(|c| u32::from(c) > 0xff) {
            return Ok(false);
        }
        if self.is_like {
            let text =
                str::from_utf8(value).map_or_else(|_| value.iter().copied().map(char::from).collect(), str::to_owned);
            return self.finds_in(&text);
        }
        let compiled = self.bytes.get_or_init(|| {
            let expression = translate(&self.source, Alphabet::Bytes).ok()?;
            let mut builder = bytes::RegexBuilder::new(&expression);
            builder.unicode(false).size_limit(limits::PATTERN_EXPRESSION_BYTES_MAX).nest_limit(NESTED_MAX).build().ok()
        });
        compiled.as_ref().map(|compiled| compiled.is_match(value)).ok_or(Why::ExpressionForText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_match(source: &str, text: &str, expected: bool) {
        assert_eq!(check(source), Ok(()), "{source}");
        assert_eq!(Expression::matches(source).finds_in(text), Ok(expected), "{source} in {text:?}");
    }

    #[test]
    fn what_pcre_and_we_know() {
        for (source, text, expected) in [
            ("l+", "hello", true),
            ("^he", "hello", true),
            ("^e", "hello", false),
            ("lo$", "hello", true),
            ("lo$", "hello\n", true),
            ("lo$", "hello\n\n", false),
            ("lo\\z", "hello\n", false),
            ("lo\\Z", "hello\n", true),
            ("(?m)^b$", "a\nb\nc", true),
            ("^b$", "a\nb\nc", false),
            ("a.b", "a\nb", false),
            ("(?s)a.b", "a\nb", true),
            ("(?s:a.)b", "a\nb", true),
            ("(?i)HELLO", "hello", true),
            ("(?P<x>a)(?<y>b)(?'z'c)", "abc", true),
            ("a(?#no)b", "ab", true),
            ("\\<a\\>", "<a>", true),
            ("a\\/b\\-c\\_d\\ e\\'", "a/b-c_d e'", true),
            ("[[a]", "[", true),
            ("[a&&b]", "&", true),
            ("[a~~b]", "~", true),
            ("[a--b]", "-", false),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[]a]", "]", true),
            ("[^]a]", "]", false),
            ("[[:alpha:]]", "x", true),
            ("[[:^alpha:]]", "x", false),
            ("[\\d\\-x]", "-", true),
            ("[\\w-z]", "-", true),
            ("[\\b]", "\u{8}", true),
            ("[\\x41-\\x43]", "B", true),
            ("\\x41\\x{42}\\u0043", "ABC", true),
            ("\\Q[a]*\\E+", "[a]**", true),
            ("\\h\\R", "\t\r\n", true),
            ("a{2}", "aa", true),
            ("a{2,3}?b", "aab", true),
            ("a{,2}b", "a{,2}b", true),
            ("x{a}", "x{a}", true),
            ("a]b}", "a]b}", true),
            ("\\e\\cA\\0", "\u{1b}\u{1}\0", true),
            ("(?x) a b # [ comment\n c", "abc", true),
            ("(?x)[ ]", " ", true),
            ("(?x) [#] ", "#", true),
            ("\\bfoo\\b", "a foo b", true),
            ("é", "e\u{301}", true),
            ("", "", true),
            ("a||b", "", true),
        ] {
            if source == "[a--b]" {
                // From `a` to `-` runs no range, in PCRE neither.
                assert!(check(source).is_err());
                continue;
            }
            check_match(source, text, expected);
        }
    }

    #[test]
    fn what_needs_going_back_is_refused_by_name() {
        for (source, name) in [
            ("(a)\\1", "reference"),
            ("(?P<x>a)(?P=x)", "reference"),
            ("(?<x>a)\\k<x>", "\\k"),
            ("a(?=b)", "look"),
            ("a(?!b)", "look"),
            ("(?<=a)b", "look"),
            ("(?<!a)b", "look"),
            ("(?>a)b", "atomic"),
            ("a++", "possessive"),
            ("a{1}+", "possessive"),
            ("(?R)", "recursion"),
            ("(?1)", "recursion"),
            ("(?(1)a|b)", "condition"),
            ("a\\Kb", "\\K"),
            ("a**", "repeat"),
            ("(", "unclosed"),
            ("[", "class"),
            ("a\\", "backslash"),
            ("\\y", "\\y"),
            ("*a", "missing"),
            ("a{2,1}", "range"),
        ] {
            let reason = check(source).expect_err(source);
            assert!(reason.contains(name), "{source}: {reason}");
        }
        assert!(check(&"(".repeat(1_000)).is_err());
        assert!(check(&format!("{}{}", "(".repeat(1_000), ")".repeat(1_000))).is_err());
    }

    #[test]
    fn bytes() {
        let check = |source: &str, value: &[u8], expected| {
            assert_eq!(Expression::matches(source).finds_in_bytes(value), expected, "{source}");
        };
        check(r"\x61li[c\x01]e", b"alice", Ok(true));
        check(".*\\x03", &[1, 2, 3], Ok(true));
        check("ÿ", &[0xff], Ok(true));
        check("[à-ÿ]", &[0xe5], Ok(true));
        check("ă", &[0xc4, 0x83], Ok(false));
        check("^.$", &[0xff], Ok(true));
        check("\\p{Greek}", b"a", Err(Why::ExpressionForText));
    }

    #[test]
    fn wildcards() {
        let check = |source: &str, text: &str, expected| {
            assert_eq!(Expression::like(source).finds_in(text), Ok(expected), "{source} {text}");
        };
        check("he%", "hello", true);
        check("he__o", "hello", true);
        check("he__", "hello", false);
        check("%l%", "hello", true);
        check("a.c", "abc", false);
        check("%", "", true);
        check("_", "", false);
        check("", "", true);
        check("a%b", "a\n\nb", true);
        check("ḍ̇", "d\u{323}\u{307}", true);
        assert_eq!(Expression::like("_%").finds_in_bytes(&[0xff, 0xfe]), Ok(true));
        assert_eq!(Expression::like("_").finds_in_bytes("é".as_bytes()), Ok(true));
    }

    #[test]
    fn a_large_expression_is_doubt_not_memory() {
        let large = Expression::matches(r"(?:\w{500}){500}");
        assert_eq!(large.finds_in("a"), Err(Why::ExpressionTooLarge));
    }

    proptest! {
        #[test]
        fn never_panics(source in r"[a-c\\\[\](){}?*+|^$.:<>=!#&~\-0-9QEdwxuPk ]{0,24}", text in ".{0,12}") {
            if check(&source).is_ok() {
                let expression = Expression::matches(&source);
                prop_assert!(expression.finds_in(&text).is_ok(), "what passed compiles: {}", source);
                let _ = expression.finds_in_bytes(text.as_bytes());
            }
        }
    }
}
