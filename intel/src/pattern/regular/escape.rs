//! What stands behind a backslash, inside classes and outside.

use std::fmt::Write;

use super::translate::Alphabet;

/// What an escape stands for.
pub(super) enum Escape {
    Character(char),
    /// Several characters, as text for `regex` that may stand in a class, too.
    Class(String),
}

/// A character that means itself.
pub(super) fn literal(c: char, alphabet: Alphabet, out: &mut String) {
    // Writing to a text does not fail.
    let _ = match c {
        '#' | '&' | '~' | '-' | ' ' => write!(out, "\\x{:02x}", u32::from(c)),
        // A backslash before these two would be the edge of a word.
        '<' | '>' => write!(out, "{c}"),
        _ if c.is_ascii_punctuation() => write!(out, "\\{c}"),
        // Without braces it is a byte, with them a character.
        _ if !c.is_ascii() && alphabet == Alphabet::Bytes => write!(out, "\\x{:02x}", u32::from(c)),
        _ => write!(out, "{c}"),
    };
}

/// The escape whose letter is `c`; what belongs to it is taken from `rest`.
pub(super) fn escape(c: char, rest: &mut &str, alphabet: Alphabet) -> Result<Escape, String> {
    let character = |number: u32| match char::from_u32(number) {
        Some(c) if alphabet == Alphabet::Characters || number <= 0xff => Ok(Escape::Character(c)),
        _ => Err(format!("there is no character of number {number:#x}")),
    };
    match c {
        'd' | 'D' | 'w' | 'W' | 's' | 'S' => Ok(Escape::Class(format!("\\{c}"))),
        'h' | 'H' => {
            let blanks = match alphabet {
                Alphabet::Characters => {
                    "\\t\\x20\\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}"
                }
                Alphabet::Bytes => "\\t\\x20\\xa0",
            };
            Ok(Escape::Class(format!("[{}{blanks}]", if c == 'H' { "^" } else { "" })))
        }
        'p' | 'P' => property(c, rest).map(Escape::Class),
        'n' => character(0x0a),
        'r' => character(0x0d),
        't' => character(0x09),
        'f' => character(0x0c),
        'v' => character(0x0b),
        'a' => character(0x07),
        'e' => character(0x1b),
        'c' => match rest.chars().next().filter(char::is_ascii) {
            Some(next) => {
                *rest = rest.get(1..).unwrap_or_default();
                character(u32::from(next.to_ascii_uppercase()) ^ 0x40)
            }
            None => Err("\\c without a letter".into()),
        },
        'x' => match rest.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some((digits, after)) => {
                *rest = after;
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_number);
                character(number.ok_or("no hexadecimal number in \\x{…}")?)
            }
            None => character(number(rest, 16, 1, 2).ok_or("no hexadecimal digits behind \\x")?),
        },
        'u' => character(number(rest, 16, 4, 4).ok_or("no four hexadecimal digits behind \\u")?),
        '0' => character(number(rest, 8, 0, 2).unwrap_or(0)),
        _ if c.is_ascii_alphanumeric() => Err(format!("cannot evaluate \\{c} in a regular expression")),
        _ => Ok(Escape::Character(c)),
    }
}

/// `pL`, `p{Greek}`, `p{^Greek}`.
fn property(letter: char, rest: &mut &str) -> Result<String, String> {
    let first = rest.chars().next().ok_or("\\p without a property")?;
    let (name, after) = match rest.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or("\\p{ is unclosed")?,
        None => rest.split_at(first.len_utf8()),
    };
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'^' | b'&')) {
        return Err(format!("there is no property {name:?}"));
    }
    *rest = after;
    Ok(format!("\\{letter}{{{name}}}"))
}

/// A number of `least` to `most` digits.
fn number(rest: &mut &str, radix: u32, least: usize, most: usize) -> Option<u32> {
    let length = rest.chars().take(most).take_while(|c| c.is_digit(radix)).count();
    if length < least || length == 0 {
        return None;
    }
    let digits = rest.get(..length)?;
    *rest = rest.get(length..)?;
    u32::from_str_radix(digits, radix).ok()
}

/// The character behind a backslash and up to two octal digits, which inside a class is no reference.
pub(super) fn octal(first: char, rest: &mut &str) -> Option<char> {
    let first = first.to_digit(8)?;
    let more = rest.chars().take(2).take_while(|c| c.is_digit(8)).count();
    let digits = rest.get(..more)?;
    *rest = rest.get(more..)?;
    let number = digits.chars().fold(first, |sum, c| sum * 8 + c.to_digit(8).unwrap_or(0));
    char::from_u32(number & 0xff)
}
