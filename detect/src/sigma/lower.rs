//! Values as rules compare them: decoded and lowered, behind one another in one buffer.
//!
//! Bytes and not `String`, because nearly all of them are only looked over for texts; whoever compares a value as text checks
//! it then. Deliberately absent: cutting values off, which is the caller's business.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use model::native::unescape_bytes;
use model::{Scalar, Text};

/// Lowers a value behind `out`; null, objects and arrays have no text.
pub(crate) fn scalar(value: &Scalar<'_>, out: &mut Vec<u8>) {
    let from = out.len();
    match value {
        Scalar::Text(Text::Plain(text)) | Scalar::Number(text) => out.extend_from_slice(text.as_bytes()),
        Scalar::Text(Text::Escaped(raw)) => unescape_bytes(raw, out),
        Scalar::Bool(true) => out.extend_from_slice(b"true"),
        Scalar::Bool(false) => out.extend_from_slice(b"false"),
        Scalar::Null | Scalar::Object | Scalar::Array => {}
    }
    let written = &mut out[from..];
    if written.is_ascii() {
        written.make_ascii_lowercase();
    } else {
        let lowered = String::from_utf8_lossy(written).to_lowercase();
        out.truncate(from);
        out.extend_from_slice(lowered.as_bytes());
    }
}

/// The most bytes up to `limit` that end with a whole symbol.
pub(crate) fn whole_symbols(text: &[u8], limit: usize) -> usize {
    let continues = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let limit = limit.min(text.len());
    limit - (0..limit).take_while(|back| continues(&(limit - back))).count()
}

/// Whether a `\uXXXX` stands in the text; an escaped backslash before a `u` is none.
pub(crate) fn has_unicode_escape(raw: &str) -> bool {
    static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u"));
    escapes(raw, &ESCAPE).next().is_some()
}

/// Whether a letter beyond ASCII stands in the text that is lowered to letters within: the Kelvin sign and the dotted capital I,
/// no others (Unicode 17, SpecialCasing.txt and UnicodeData.txt).
pub(crate) fn lowers_into_ascii(text: &str) -> bool {
    static LETTERS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["\u{212a}", "\u{130}"].map(Finder::new));
    !text.is_ascii() && LETTERS.iter().any(|letter| letter.find(text.as_bytes()).is_some())
}

/// Where the escapes `\n` stand in the text.
pub(crate) fn line_breaks(raw: &str) -> impl Iterator<Item = usize> {
    static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\n"));
    escapes(raw, &ESCAPE)
}

fn escapes<'a>(raw: &'a str, escape: &'a Finder<'static>) -> impl Iterator<Item = usize> + 'a {
    let bytes = raw.as_bytes();
    escape.find_iter(bytes).filter(|at| {
        let backslashes = bytes[..=*at].iter().rev().take_while(|byte| **byte == b'\\').count();
        backslashes % 2 == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_lowered() {
        let check = |value: Scalar<'_>, expected: &str| {
            let mut out = b"before".to_vec();
            scalar(&value, &mut out);
            assert_eq!(out, format!("before{expected}").into_bytes(), "{value:?}");
        };
        check(Scalar::Text(Text::plain("C:\\Windows")), "c:\\windows");
        check(Scalar::Text(Text::Escaped(r"C:\\Windows\u0041\n")), "c:\\windowsa\n");
        check(Scalar::Text(Text::Escaped(r"\u00c4RGER")), "ärger");
        check(Scalar::Text(Text::plain("ÄRGER")), "ärger");
        check(Scalar::Number("1E3".into()), "1e3");
        check(Scalar::Bool(true), "true");
        check(Scalar::Null, "");
    }

    #[test]
    fn symbols_stay_whole() {
        let check = |text: &str, limit, expected| assert_eq!(whole_symbols(text.as_bytes(), limit), expected, "{text}");
        check("abc", 2, 2);
        check("abc", 9, 3);
        check("aß", 2, 1);
        check("a😀", 4, 1);
        check("a😀", 5, 5);
        check("", 0, 0);
    }

    #[test]
    fn unicode_escapes_are_seen() {
        let check = |raw: &str, expected: bool| assert_eq!(has_unicode_escape(raw), expected, "{raw}");
        check(r"a\u0041", true);
        check(r"C:\\users", false);
        check(r"C:\\\u0041", true);
        check(r"u", false);
    }

    #[test]
    fn letters_that_lower_into_ascii_are_known() {
        for symbol in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            let is_ascii_then = symbol.to_lowercase().any(|lowered| lowered.is_ascii());
            assert_eq!(lowers_into_ascii(symbol.encode_utf8(&mut [0; 4])), is_ascii_then, "{symbol}");
        }
    }

    #[test]
    fn line_breaks_are_seen() {
        let check = |raw: &str, expected: &[usize]| assert_eq!(line_breaks(raw).collect::<Vec<_>>(), expected, "{raw}");
        check(r"a\r\nb", &[3]);
        check(r"\n\n", &[0, 2]);
        check(r"C:\\new\\\n", &[9]);
        check("n", &[]);
    }
}
