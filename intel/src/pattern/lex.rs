//! The words of a pattern (STIX 2.1, section 9, and its grammar).
//!
//! Keywords are in capitals, `true` and `false` in small letters; all else in letters is a name. Names of object types
//! may have hyphens, names of properties have to be quoted then. Constants are read here, so that a fault has its place.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};
use model::Timestamp;

use super::ast::{Literal, Relation};
use super::fault::{PatternFault, Place};

/// One word and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) at: usize,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Keyword(Keyword),
    /// A name; with hyphens only types may have it.
    Name(String),
    Literal(Literal),
    /// A number without a sign or with `+` in front: the digits, for counts and spans.
    Positive {
        digits: String,
        literal: Literal,
    },
    Relation(Relation),
    /// One of `[ ] ( ) : . , *`.
    Mark(char),
    End,
}

/// A word of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    And,
    Or,
    Not,
    FollowedBy,
    Like,
    Matches,
    IsSuperset,
    IsSubset,
    Exists,
    In,
    Start,
    Stop,
    Seconds,
    Within,
    Repeats,
    Times,
    /// Reserved, and used nowhere.
    Last,
}

pub(crate) const KEYWORDS: [(&str, Keyword); 17] = [
    ("AND", Keyword::And),
    ("OR", Keyword::Or),
    ("NOT", Keyword::Not),
    ("FOLLOWEDBY", Keyword::FollowedBy),
    ("LIKE", Keyword::Like),
    ("MATCHES", Keyword::Matches),
    ("ISSUPERSET", Keyword::IsSuperset),
    ("ISSUBSET", Keyword::IsSubset),
    ("EXISTS", Keyword::Exists),
    ("IN", Keyword::In),
    ("START", Keyword::Start),
    ("STOP", Keyword::Stop),
    ("SECONDS", Keyword::Seconds),
    ("WITHIN", Keyword::Within),
    ("REPEATS", Keyword::Repeats),
    ("TIMES", Keyword::Times),
    ("LAST", Keyword::Last),
];

/// Base 64 as the grammar has it: padded. Stray bits at the end are no fault, as in the reference.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// A name that needs no quotes in a path.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    is_name && !matches!(name, "true" | "false") && KEYWORDS.iter().all(|(word, _)| *word != name)
}

/// All words of a pattern, `End` last.
pub(crate) fn words(text: &str) -> Result<Vec<Token>, PatternFault> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip();
        let at = lexer.at;
        let kind = lexer.next()?;
        let is_end = kind == Kind::End;
        tokens.push(Token { kind, at });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(is_blank);
            self.at += rest.len() - trimmed.len();
            let length = if let Some(comment) = trimmed.strip_prefix("/*") {
                // One that does not end is no comment; its first character will be refused.
                comment.find("*/").map(|end| end + 4)
            } else if trimmed.starts_with("//") {
                Some(trimmed.find(['\r', '\n']).unwrap_or(trimmed.len()))
            } else {
                None
            };
            match length {
                Some(length) => self.at += length,
                None => return,
            }
        }
    }

    fn fault(&self, at: usize, reason: impl Into<String>) -> PatternFault {
        PatternFault::new(Place::of(self.text, at), reason)
    }

    fn next(&mut self) -> Result<Kind, PatternFault> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Kind::End) };
        let second = rest.as_bytes().get(1).copied();
        match first {
            '\'' => self.quoted().map(|text| Kind::Literal(Literal::Text(text))),
            'h' | 'b' | 't' if second == Some(b'\'') => self.marked_literal(first),
            'a'..='z' | 'A'..='Z' | '_' => Ok(self.name()),
            '0'..='9' | '+' | '-' => self.number(),
            '.' if second.is_some_and(|b| b.is_ascii_digit()) => self.number(),
            '=' | '!' | '<' | '>' => self.relation(),
            '[' | ']' | '(' | ')' | ':' | '.' | ',' | '*' => {
                self.at += 1;
                Ok(Kind::Mark(first))
            }
            _ => Err(self.fault(self.at, format!("{first:?} begins no word"))),
        }
    }

    fn relation(&mut self) -> Result<Kind, PatternFault> {
        const SIGNS: [(&str, Relation); 8] = [
            ("==", Relation::Equal),
            ("!=", Relation::NotEqual),
            ("<>", Relation::NotEqual),
            ("<=", Relation::LessOrEqual),
            (">=", Relation::GreaterOrEqual),
            ("=", Relation::Equal),
            ("<", Relation::Less),
            (">", Relation::Greater),
        ];
        let found = SIGNS.iter().find(|(sign, _)| self.rest().starts_with(sign));
        let Some((sign, relation)) = found else { return Err(self.fault(self.at, "expected `!=`")) };
        self.at += sign.len();
        Ok(Kind::Relation(*relation))
    }

    fn name(&mut self) -> Kind {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let name = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len())).unwrap_or_default();
        self.at += name.len();
        match name {
            "true" => Kind::Literal(Literal::Bool(true)),
            "false" => Kind::Literal(Literal::Bool(false)),
            _ => match KEYWORDS.iter().find(|(word, _)| *word == name) {
                Some((_, keyword)) => Kind::Keyword(*keyword),
                None => Kind::Name(name.to_owned()),
            },
        }
    }

    /// A text in quotes, without them.
    fn quoted(&mut self) -> Result<String, PatternFault> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at = start + at + 1;
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                    _ => {
                        let reason = "a backslash in a text stands before `'` or `\\` only; hint: write it twice";
                        return Err(self.fault(start + at, reason));
                    }
                },
                _ => text.push(c),
            }
        }
        Err(self.fault(start, "the text does not end"))
    }

    /// `h'…'`, `b'…'` or `t'…'`.
    fn marked_literal(&mut self, mark: char) -> Result<Kind, PatternFault> {
        let start = self.at;
        let body = self.rest().get(2..).unwrap_or_default();
        let Some(length) = body.find('\'') else { return Err(self.fault(start, "the constant does not end")) };
        let body = body.get(..length).unwrap_or_default();
        let (literal, form) = match mark {
            'h' => (hex(body).map(Literal::Hex), "pairs of hexadecimal digits"),
            'b' => (binary(body).map(Literal::Binary), "base 64 with padding, and not empty"),
            _ => (timestamp(body).map(Literal::Timestamp), "`YYYY-MM-DDTHH:MM:SS[.fraction]Z` of a day that there is"),
        };
        self.at = start + 2 + length + 1;
        match literal {
            Some(literal) => Ok(Kind::Literal(literal)),
            None => Err(self.fault(start, format!("between the quotes of {mark}'…' stand {form}"))),
        }
    }

    /// `[+-]? digits`, without needless zeros in front, or `[+-]? digits? . digits`.
    fn number(&mut self) -> Result<Kind, PatternFault> {
        let start = self.at;
        let rest = self.rest();
        let sign = rest.len() - rest.trim_start_matches(['+', '-']).len();
        if sign > 1 {
            return Err(self.fault(start, "two signs"));
        }
        let is_negative = rest.starts_with('-');
        let unsigned = rest.get(sign..).unwrap_or_default();
        let digits_of = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits_of(unsigned);
        let after = unsigned.get(whole..).unwrap_or_default();
        let fraction = after.strip_prefix('.').map_or(0, digits_of);
        let length = if fraction > 0 { whole + 1 + fraction } else { whole };
        let digits = unsigned.get(..length).unwrap_or_default();
        if digits.is_empty() {
            return Err(self.fault(start, "a sign without a number"));
        }
        if fraction == 0 && whole > 1 && digits.starts_with('0') {
            return Err(self.fault(start, "a whole number does not begin with 0"));
        }
        self.at = start + sign + length;
        let value: f64 = digits.parse().unwrap_or(f64::INFINITY);
        let literal = match digits.parse::<i128>() {
            Ok(number) if fraction == 0 => Literal::Integer(if is_negative { -number } else { number }),
            _ if value.is_finite() => Literal::Float(if is_negative { -value } else { value }),
            _ => return Err(self.fault(start, "the number is too large")),
        };
        if is_negative {
            return Ok(Kind::Literal(literal));
        }
        Ok(Kind::Positive { digits: digits.to_owned(), literal })
    }
}

/// The blanks of the grammar.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Bytes from pairs of hexadecimal digits.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    for [high, low] in pairs {
        bytes.push(digit(*high)? * 16 + digit(*low)?);
    }
    rest.is_empty().then_some(bytes)
}

fn binary(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

/// A time as STIX writes it (2.1, section 2.16): RFC 3339 in UTC, with capitals. Digits after the sixth are dropped, as in
/// the reference; a leap second counts as the one after it.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let ends_well =
        bytes.last() == Some(&b'Z') && bytes.get(10) == Some(&b'T') && matches!(bytes.get(19), Some(b'Z' | b'.'));
    let is_plain = bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T' | b'Z' | b'.'));
    let has_year = !text.starts_with("0000");
    if ends_well && is_plain && has_year { Timestamp::parse(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        words(text).unwrap().into_iter().map(|token| token.kind).collect()
    }

    fn literal(text: &str) -> Option<Literal> {
        match &*words(text).ok()? {
            [Token { kind: Kind::Literal(literal) | Kind::Positive { literal, .. }, .. }, _] => Some(literal.clone()),
            _ => None,
        }
    }

    #[test]
    fn constants() {
        let check = |text: &str, expected: Option<Literal>| assert_eq!(literal(text), expected, "{text}");
        check("5", Some(Literal::Integer(5)));
        check("+5", Some(Literal::Integer(5)));
        check("-0", Some(Literal::Integer(0)));
        check("-17", Some(Literal::Integer(-17)));
        check(".5", Some(Literal::Float(0.5)));
        check("-007.5", Some(Literal::Float(-7.5)));
        check("05", None);
        check("5.", None);
        check("--5", None);
        check("1e5", None);
        check(&"9".repeat(39), Some(Literal::Float(1e39)));
        check(&"9".repeat(400), None);
        check(r"'a\'b\\c'", Some(Literal::Text(r"a'b\c".into())));
        check(r"'\d'", None);
        check("'a", None);
        check("h''", Some(Literal::Hex(vec![])));
        check("h'00fF'", Some(Literal::Hex(vec![0, 255])));
        check("h'0'", None);
        check("h'0g'", None);
        check("b'AP8='", Some(Literal::Binary(vec![0, 255])));
        check("b'YWxpY2V='", Some(Literal::Binary(b"alice".to_vec())));
        check("b''", None);
        check("b'AP8'", None);
        check("b'A P8='", None);
        check("t'1970-01-01T00:00:01.5Z'", Some(Literal::Timestamp(Timestamp::from_micros(1_500_000))));
        check("t'2010-02-29T00:00:00Z'", None);
        check("t'1970-01-01t00:00:01Z'", None);
        check("t'1970-01-01T00:00:01z'", None);
        check("t'1970-01-01T00:00:01'", None);
        check("t'1970-01-01T00:00:01+00:00'", None);
        check("t'1970-01-01T00:00:01.Z'", None);
        check("t'1970-01-01T00:00:61Z'", None);
        check("true", Some(Literal::Bool(true)));
        check("TRUE", None);
    }

    #[test]
    fn words_end_where_the_grammar_ends_them() {
        assert_eq!(kinds("5AND").len(), 3);
        assert_eq!(kinds("a-b_c"), [Kind::Name("a-b_c".into()), Kind::End]);
        assert_eq!(kinds("and"), [Kind::Name("and".into()), Kind::End]);
        assert_eq!(kinds("<>=="), [Kind::Relation(Relation::NotEqual), Kind::Relation(Relation::Equal), Kind::End]);
        assert_eq!(kinds(" /* [ */ // ]\n\u{3000}*"), [Kind::Mark('*'), Kind::End]);
        assert!(words("5 /* 6").is_err(), "an open comment is none");
    }

    #[test]
    fn a_fault_has_its_place() {
        let fault = words("[a:b =\n 'x\\y']").unwrap_err();
        assert_eq!((fault.place().line, fault.place().column), (2, 4), "{fault}");
    }
}
