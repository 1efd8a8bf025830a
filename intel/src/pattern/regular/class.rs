//! Classes in brackets: in PCRE a list and nothing more, where `regex` knows sets inside sets and operators between them.

use super::escape::{self, Escape};
use super::translate::Alphabet;

/// Names of POSIX classes that both sides know.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Writes the class whose bracket has been read.
pub(super) fn translate(rest: &mut &str, out: &mut String, alphabet: Alphabet) -> Result<(), String> {
    out.push('[');
    if let Some(after) = rest.strip_prefix('^') {
        *rest = after;
        out.push('^');
    }
    let mut is_first = true;
    loop {
        let item = item(rest, is_first, alphabet)?;
        is_first = false;
        let low = match item {
            Item::End => {
                out.push(']');
                return Ok(());
            }
            Item::Set(set) => {
                out.push_str(&set);
                continue;
            }
            Item::Nothing => continue,
            Item::Character(low) => low,
        };
        escape::literal(low, alphabet, out);
        // A range, unless the hyphen is the last of the class or stands before a set.
        let Some(mut after) = rest.strip_prefix('-').filter(|after| !after.starts_with(']')) else { continue };
        if let Item::Character(high) = self::item(&mut after, false, alphabet)? {
            *rest = after;
            out.push('-');
            escape::literal(high, alphabet, out);
        }
    }
}

enum Item {
    End,
    Nothing,
    Character(char),
    Set(String),
}

fn item(rest: &mut &str, is_first: bool, alphabet: Alphabet) -> Result<Item, String> {
    let mut chars = rest.chars();
    let Some(c) = chars.next() else { return Err("a class of the regular expression is unclosed".into()) };
    let before = *rest;
    *rest = chars.as_str();
    match c {
        ']' if !is_first => Ok(Item::End),
        '[' => match posix(rest)? {
            Some(set) => Ok(Item::Set(set)),
            None => Ok(Item::Character('[')),
        },
        '\\' => {
            let Some(c) = chars.next() else { return Err("the regular expression ends in a backslash".into()) };
            *rest = chars.as_str();
            match c {
                'b' => Ok(Item::Character('\u{8}')),
                'E' => Ok(Item::Nothing),
                'Q' => Err("cannot evaluate \\Q inside a class".into()),
                '0'..='7' => {
                    escape::octal(c, rest).map(Item::Character).ok_or_else(|| format!("no character {before:?}"))
                }
                _ => match escape::escape(c, rest, alphabet)? {
                    Escape::Character(c) => Ok(Item::Character(c)),
                    Escape::Class(set) => Ok(Item::Set(set)),
                },
            }
        }
        _ => Ok(Item::Character(c)),
    }
}

/// `:name:]` or `:^name:]` behind a bracket inside a class.
fn posix(rest: &mut &str) -> Result<Option<String>, String> {
    for mark in ['.', '='] {
        let named = rest.strip_prefix(mark).and_then(|text| text.split_once(']'));
        if named.is_some_and(|(name, _)| name.ends_with(mark)) {
            return Err("cannot evaluate collating elements in a class".into());
        }
    }
    let Some((name, after)) = rest.strip_prefix(':').and_then(|text| text.split_once(":]")) else { return Ok(None) };
    let plain = name.strip_prefix('^').unwrap_or(name);
    if !plain.bytes().all(|b| b.is_ascii_lowercase()) {
        return Ok(None);
    }
    if !POSIX.contains(&plain) {
        return Err(format!("there is no class [:{name}:]"));
    }
    *rest = after;
    Ok(Some(format!("[:{name}:]")))
}
